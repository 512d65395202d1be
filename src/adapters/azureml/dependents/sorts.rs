//! The sorts of dependents: who keeps each, and by what it is known that it is still the same one.

use crate::domain::dependents::dependent::{
    ACCOUNT, COMPONENT, CONTAINER, LOGS, REGISTRY, RULE, SHARE, VAULT,
};

/// A sort.
#[derive(Debug, PartialEq, Eq)]
pub struct Sort {
    /// The first segment of its items' names.
    pub word: &'static str,
    /// Its provider and type, as they stand in ids.
    pub type_name: &'static str,
    /// Where it is in one of that type, if it is not that itself.
    pub inside: Option<&'static str>,
    /// The version of its service's interface that we speak.
    pub version: &'static str,
    /// Which property of a workspace names it.
    pub property: Option<&'static str>,
    /// What its document says that no other of the same name does; of what is in something, the
    /// document of that: it has no time of its own.
    pub marks: &'static [&'static str],
}

const STORAGE: &str = "Microsoft.Storage/storageAccounts";
/// The version of the storage services' interface that we speak.
pub const STORAGE_VERSION: &str = "2023-05-01";

const PLAIN: Sort =
    Sort { word: "", type_name: "", inside: None, version: "", property: None, marks: &[] };

/// All of them.
pub const SORTS: [Sort; 8] = [
    Sort {
        word: ACCOUNT,
        type_name: STORAGE,
        version: STORAGE_VERSION,
        property: Some("storageAccount"),
        marks: &["/properties/creationTime"],
        ..PLAIN
    },
    Sort {
        word: CONTAINER,
        type_name: STORAGE,
        inside: Some("blobServices/default/containers"),
        version: STORAGE_VERSION,
        marks: &["/properties/creationTime"],
        ..PLAIN
    },
    Sort {
        word: SHARE,
        type_name: STORAGE,
        inside: Some("fileServices/default/shares"),
        version: STORAGE_VERSION,
        marks: &["/properties/creationTime"],
        ..PLAIN
    },
    Sort {
        word: VAULT,
        type_name: "Microsoft.KeyVault/vaults",
        version: "2023-07-01",
        property: Some("keyVault"),
        marks: &["/systemData/createdAt"],
        ..PLAIN
    },
    Sort {
        word: REGISTRY,
        type_name: "Microsoft.ContainerRegistry/registries",
        version: "2023-07-01",
        property: Some("containerRegistry"),
        marks: &["/properties/creationDate"],
        ..PLAIN
    },
    Sort {
        word: COMPONENT,
        type_name: "Microsoft.Insights/components",
        version: "2020-02-02",
        property: Some("applicationInsights"),
        marks: &["/properties/AppId", "/properties/CreationDate"],
        ..PLAIN
    },
    Sort {
        word: RULE,
        type_name: "Microsoft.AlertsManagement/smartDetectorAlertRules",
        version: "2021-04-01",
        // It tells no time; one that is about more than before is another.
        marks: &["/properties/scope"],
        ..PLAIN
    },
    Sort {
        word: LOGS,
        type_name: "Microsoft.OperationalInsights/workspaces",
        version: "2023-09-01",
        marks: &["/properties/customerId", "/properties/createdDate"],
        ..PLAIN
    },
];

impl Sort {
    /// That of a word.
    pub fn named(word: &str) -> Option<&'static Self> {
        SORTS.iter().find(|sort| sort.word == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dependents::dependent::waits_for;

    #[test]
    fn a_plan_knows_every_sort() {
        for sort in &SORTS {
            let name = format!("{}/s/g/n", sort.word);
            assert!(crate::domain::dependents::dependent::is_one(&name), "{name}");
            assert_eq!(waits_for(&name) == 0, sort.property.is_none() && sort.word != LOGS);
        }
    }
}
