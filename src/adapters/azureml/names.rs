//! From an item's name to the place of its document, and back.
//!
//! | name | document |
//! | --- | --- |
//! | `TYPE/NAME` | `COLLECTION/NAME` |
//! | `TYPE/NAME/VERSION`, of what has versions | `COLLECTION/NAME/versions/VERSION` |
//! | `TYPE/NAME/deployments/DEPLOYMENT`, of endpoints | `COLLECTION/NAME/deployments/DEPLOYMENT` |
//!
//! The service lets no name have a slash; should one have it, it is `%2F`, and `%` is `%25`. Names
//! that a URL would resolve (`..`) are items, and nothing is asked about them.

use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};

use crate::adapters::azure::wire::address::encoded;
use crate::adapters::azureml::kinds::{Below, SORTS, Sort};
use crate::domain::asked::thing::Thing;

const ESCAPED: &AsciiSet = &AsciiSet::EMPTY.add(b'/').add(b'%');

/// Where a resource is. Its name may be a person's, so that it cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// What it is, or is below.
    pub sort: &'static Sort,
    /// Its name, or that of what it is below.
    pub name: String,
    /// Its version, or its own name below that.
    pub below: Option<String>,
}

impl Address {
    /// That of an item's name.
    pub fn of(item_name: &str) -> Option<Self> {
        let mut segments = item_name.split('/');
        let word = segments.next()?;
        let sort = SORTS.iter().find(|sort| sort.kind.word() == word)?;
        let name = decoded(segments.next()?)?;
        let below = match sort.below {
            Below::Versions => segments.next().map(decoded),
            Below::Deployments => match segments.next() {
                None => None,
                Some("deployments") => Some(decoded(segments.next()?)),
                Some(_) => return None,
            },
            Below::Nothing => None,
        };
        let below = match below {
            Some(below) => Some(below?),
            None => None,
        };
        segments.next().is_none().then_some(Self { sort, name, below })
    }

    /// That of what is directly in the workspace.
    pub fn whole(sort: &'static Sort, name: &str) -> Self {
        Self { sort, name: name.to_owned(), below: None }
    }

    /// That of something below it.
    pub fn with(&self, below: &str) -> Self {
        Self { below: Some(below.to_owned()), ..self.clone() }
    }

    /// The same, its name as the service writes it: it compares without case.
    pub fn written(&self, name: Option<&str>) -> Self {
        let mut address = self.clone();
        let own = address.below.as_mut().unwrap_or(&mut address.name);
        if let Some(name) = name.filter(|name| name.eq_ignore_ascii_case(own)) {
            name.clone_into(own);
        }
        address
    }

    /// The name as an item.
    pub fn item_name(&self) -> String {
        let name = format!("{}/{}", self.sort.kind.word(), escaped(&self.name));
        match (&self.below, self.sort.below) {
            (None, _) => name,
            (Some(below), Below::Deployments) => format!("{name}/deployments/{}", escaped(below)),
            (Some(below), _) => format!("{name}/{}", escaped(below)),
        }
    }

    /// The path of its document below the workspace; `None` where no URL addresses exactly that.
    pub fn path(&self) -> Option<String> {
        let segment = |text: &str| {
            let is_dots = text.is_empty() || text == "." || text == "..";
            (!is_dots).then(|| encoded(text).to_string())
        };
        let path = format!("{}/{}", self.sort.collection, segment(&self.name)?);
        match &self.below {
            None => Some(path),
            Some(below) => {
                Some(format!("{path}/{}/{}", self.sort.below.collection(), segment(below)?))
            }
        }
    }

    /// The path under which all that is below it is.
    pub fn path_below(&self) -> Option<String> {
        Some(format!("{}/{}", self.path()?, self.sort.below.collection()))
    }
}

/// What a request names: a name, `NAME:VERSION`, or an id of this workspace; `None` where that is
/// nothing of this sort and workspace.
pub fn asked(sort: &'static Sort, thing: &Thing, workspace: &str) -> Option<Address> {
    if !thing.name.starts_with('/') {
        let versioned = thing.name.split_once(':').filter(|_| sort.below == Below::Versions);
        return Some(match versioned {
            Some((name, version)) => Address::whole(sort, name).with(version),
            None => Address::whole(sort, &thing.name),
        });
    }
    let (head, tail) = thing.name.split_at_checked(workspace.len())?;
    if !head.eq_ignore_ascii_case(workspace) {
        return None;
    }
    let segments: Vec<&str> = tail.strip_prefix('/')?.trim_end_matches('/').split('/').collect();
    let (collection, rest) = segments.split_first()?;
    if !collection.eq_ignore_ascii_case(sort.collection) {
        return None;
    }
    match rest {
        [name] => Some(Address::whole(sort, name)),
        [name, word, below]
            if sort.below != Below::Nothing
                && word.eq_ignore_ascii_case(sort.below.collection()) =>
        {
            Some(Address::whole(sort, name).with(below))
        }
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::asked::thing::ThingKind;

    #[test]
    fn names_lead_to_documents_and_back() {
        let table = [
            ("compute/ann-ci", Some("computes/ann-ci")),
            ("model/m", Some("models/m")),
            ("model/m/1", Some("models/m/versions/1")),
            ("dataset/d/2024-01", Some("data/d/versions/2024-01")),
            ("online_endpoint/e", Some("onlineEndpoints/e")),
            ("online_endpoint/e/deployments/blue", Some("onlineEndpoints/e/deployments/blue")),
            ("run/a%2Fb%25", Some("jobs/a%2Fb%25")),
            ("run/a b?c", Some("jobs/a%20b%3Fc")),
            ("run/..", None),
            ("model/m/.", None),
            ("run/", None),
        ];
        for (name, path) in table {
            let address = Address::of(name).unwrap();
            assert_eq!(address.item_name(), name);
            assert_eq!(address.path().as_deref(), path, "{name}");
        }
        let strange = [
            "",
            "run",
            "runs/a",
            "run/a/1",
            "model/m/1/2",
            "online_endpoint/e/blue",
            "online_endpoint/e/deployments",
            "workspace/w",
            "ExperimentRun/dcid.a",
        ];
        for name in strange {
            assert!(Address::of(name).is_none(), "{name}");
        }
    }

    #[test]
    fn requests_name_what_is_in_this_workspace() {
        let id = "/subscriptions/S-1/resourceGroups/g/providers/\
                  Microsoft.MachineLearningServices/workspaces/ws";
        let low = id.to_lowercase();
        let cases: [(ThingKind, String, Option<&str>); 15] = [
            (ThingKind::Model, "m".into(), Some("model/m")),
            (ThingKind::Model, "m:1".into(), Some("model/m/1")),
            (ThingKind::Compute, "c:1".into(), Some("compute/c:1")),
            (ThingKind::Model, format!("{id}/models/m"), Some("model/m")),
            (ThingKind::Model, format!("{low}/MODELS/m/Versions/2/"), Some("model/m/2")),
            (ThingKind::Dataset, format!("{id}/data/d/versions/2"), Some("dataset/d/2")),
            (
                ThingKind::OnlineEndpoint,
                format!("{id}/onlineEndpoints/e/deployments/blue"),
                Some("online_endpoint/e/deployments/blue"),
            ),
            (ThingKind::Model, format!("{id}/data/m"), None),
            (ThingKind::Model, format!("{id}/models"), None),
            (ThingKind::Model, id.into(), None),
            (ThingKind::Model, format!("{id}2/models/m"), None),
            (ThingKind::Model, format!("{}/models/m", id.replace("S-1", "S-2")), None),
            (ThingKind::Compute, format!("{id}/computes/c/versions/1"), None),
            (ThingKind::Model, format!("{id}/models/m/versions/1/x"), None),
            (ThingKind::Model, "/subscriptions".into(), None),
        ];
        for (kind, name, expected) in cases {
            let thing =
                Thing { kind, name, output: None, with_dependents: false, permanently: true };
            let found = asked(Sort::of(kind).unwrap(), &thing, id);
            let found = found.map(|address| address.item_name());
            assert_eq!(found.as_deref(), expected, "{}", thing.name);
        }
    }
}
