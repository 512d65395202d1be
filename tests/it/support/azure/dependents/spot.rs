//! What a path names, which right it takes, and what a fault is planned for.

use crate::support::azure::operations::{Course, Shape};

/// Parts that faults are planned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Account,
    BlobService,
    Container,
    FileService,
    Share,
    DeletedAccount,
    Vault,
    DeletedVault,
    Registry,
    Rule,
    Lock,
}

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// All of a sort in a subscription, of one group where it is named, or in something.
    All {
        part: Part,
        /// What ids of them begin with, in lower case.
        within: String,
    },
    /// One, by its id as it was written.
    One { part: Part, id: String },
    /// A vault that was deleted.
    DeletedVault { subscription: String, name: String, is_purge: bool },
}

const TYPES: [(Part, &str); 4] = [
    (Part::Account, "Microsoft.Storage/storageAccounts"),
    (Part::Vault, "Microsoft.KeyVault/vaults"),
    (Part::Registry, "Microsoft.ContainerRegistry/registries"),
    (Part::Rule, "Microsoft.AlertsManagement/smartDetectorAlertRules"),
];

/// What is in accounts: the services, and what they hold.
const INSIDE: [(Part, Part, &str, &str); 2] = [
    (Part::BlobService, Part::Container, "blobServices", "containers"),
    (Part::FileService, Part::Share, "fileServices", "shares"),
];

impl Part {
    pub fn type_name(self) -> &'static str {
        match self {
            Self::BlobService => "Microsoft.Storage/storageAccounts/blobServices",
            Self::Container => "Microsoft.Storage/storageAccounts/blobServices/containers",
            Self::FileService => "Microsoft.Storage/storageAccounts/fileServices",
            Self::Share => "Microsoft.Storage/storageAccounts/fileServices/shares",
            Self::DeletedAccount => "Microsoft.Storage/deletedAccounts",
            Self::DeletedVault => "Microsoft.KeyVault/deletedVaults",
            Self::Lock => "Microsoft.Authorization/locks",
            part => TYPES.iter().find(|(own, _)| *own == part).map_or("", |(_, name)| name),
        }
    }

    /// How its end goes, where nothing else is planned.
    pub fn course(self) -> Course {
        let shape = match self {
            Self::Registry | Self::DeletedVault => Shape::Location,
            _ => Shape::AtOnce,
        };
        Course { shape, ..Course::default() }
    }

    pub fn provider(self) -> &'static str {
        self.type_name().split('/').next().unwrap_or_default()
    }
}

impl Spot {
    /// What the words of a path name; `None` where it is nothing of this.
    pub fn of(words: &[String]) -> Option<Self> {
        if words.len() < 5 || !words[0].eq_ignore_ascii_case("subscriptions") {
            return None;
        }
        let is = |index: usize, word: &str| {
            words.get(index).is_some_and(|found| found.eq_ignore_ascii_case(word))
        };
        let from_end = |count: usize| words.len().checked_sub(count);
        for (count, is_list) in [(3, true), (4, false)] {
            let Some(at) = from_end(count) else { continue };
            let authorization = is(at, "providers") && is(at + 1, "Microsoft.Authorization");
            if authorization && is(at + 2, "locks") {
                let part = Part::Lock;
                return Some(match is_list {
                    true => Self::All { part, within: joined(&words[..at]).to_lowercase() },
                    false => Self::One { part, id: joined(words) },
                });
            }
        }
        let at = if is(2, "resourceGroups") { 4 } else { 2 };
        if !is(at, "providers") {
            return None;
        }
        if let (2, Some(spot)) = (at, deleted_vault(words)) {
            return Some(spot);
        }
        if is(at + 1, "Microsoft.Storage") && is(at + 2, "deletedAccounts") {
            let within = joined(&words[..at]).to_lowercase();
            return Some(Self::All { part: Part::DeletedAccount, within });
        }
        let type_name = format!("{}/{}", words.get(at + 1)?, words.get(at + 2)?);
        let mut types = TYPES.into_iter();
        let (part, _) = types.find(|(_, name)| name.eq_ignore_ascii_case(&type_name))?;
        match words.get(at + 3..)? {
            [] => Some(Self::All { part, within: joined(&words[..at]).to_lowercase() }),
            [_] if at == 4 => Some(Self::One { part, id: joined(words) }),
            [_, rest @ ..] if at == 4 && part == Part::Account => inside(words, rest),
            _ => None,
        }
    }

    pub fn part(&self) -> Part {
        match self {
            Self::All { part, .. } | Self::One { part, .. } => *part,
            Self::DeletedVault { .. } => Part::DeletedVault,
        }
    }

    pub fn is_list(&self) -> bool {
        matches!(self, Self::All { .. })
    }

    pub fn subscription(&self) -> &str {
        let id = match self {
            Self::All { within, .. } => within,
            Self::One { id, .. } => id,
            Self::DeletedVault { subscription, .. } => return subscription,
        };
        id.split('/').nth(2).unwrap_or_default()
    }

    /// The right that it takes.
    pub fn action(&self, method: &str) -> String {
        if let Self::DeletedVault { is_purge: true, .. } = self {
            return "Microsoft.KeyVault/locations/deletedVaults/purge/action".to_owned();
        }
        if let Self::DeletedVault { .. } = self {
            return "Microsoft.KeyVault/locations/deletedVaults/read".to_owned();
        }
        let verb = match method {
            "DELETE" => "delete",
            "PUT" | "PATCH" => "write",
            _ => "read",
        };
        format!("{}/{verb}", self.part().type_name())
    }
}

fn deleted_vault(words: &[String]) -> Option<Spot> {
    let is = |index: usize, word: &str| {
        words.get(index).is_some_and(|found| found.eq_ignore_ascii_case(word))
    };
    let subscription = words[1].clone();
    if !is(3, "Microsoft.KeyVault") {
        return None;
    }
    if is(4, "deletedVaults") && words.len() == 5 {
        let within = joined(&words[..2]).to_lowercase();
        return Some(Spot::All { part: Part::DeletedVault, within });
    }
    let is_one = is(4, "locations") && is(6, "deletedVaults");
    let is_purge = is(8, "purge") && words.len() == 9;
    let name = words.get(7).filter(|_| is_one && (is_purge || words.len() == 8))?.clone();
    Some(Spot::DeletedVault { subscription, name, is_purge })
}

fn inside(words: &[String], rest: &[String]) -> Option<Spot> {
    let mut all = INSIDE.into_iter();
    let (service, part, _, collection) =
        all.find(|(_, _, word, _)| rest[0].eq_ignore_ascii_case(word))?;
    match rest {
        [_, _] => Some(Spot::One { part: service, id: joined(words) }),
        [_, _, word] if word.eq_ignore_ascii_case(collection) => {
            let account = &words[..words.len() - rest.len()];
            Some(Spot::All { part, within: joined(account).to_lowercase() })
        }
        [_, _, word, _] if word.eq_ignore_ascii_case(collection) => {
            Some(Spot::One { part, id: joined(words) })
        }
        _ => None,
    }
}

fn joined(words: &[String]) -> String {
    format!("/{}", words.join("/"))
}
