//! What names the subject of a request, and whether another name is theirs too.

use std::collections::HashSet;

use crate::domain::asked::subject::{IdentityType, Subject};
use crate::matching::identity::patterns::canonical;
use crate::matching::people::kin::words::{are_one, words};
use crate::matching::people::named::{Group, Identifier};
use crate::matching::views::spelling::fold::folded;

/// Names of the subject that are held: whoever has more is masked rather than shown.
const NAMES_MAX: usize = 256;

/// What names the subject, as far as the item and the request tell.
pub struct Own {
    canonical: HashSet<String>,
    has_object_id: bool,
    /// The words of each name, alias and local part.
    words: Vec<Vec<String>>,
}

impl Own {
    /// Of what they asked by.
    pub fn of(subject: &Subject) -> Self {
        let mut own = Self { canonical: HashSet::new(), has_object_id: false, words: Vec::new() };
        for identity in &subject.identities {
            own.canonical.insert(canonical(identity));
            own.learn(identity.kind, &folded(identity.expose()));
        }
        own
    }

    /// Adds what else names them.
    pub fn add<'a>(&mut self, identifiers: impl Iterator<Item = &'a Identifier>) {
        for identifier in identifiers {
            self.canonical.insert(identifier.canonical());
            self.learn(identifier.kind, &identifier.value);
        }
    }

    fn learn(&mut self, kind: IdentityType, value: &str) {
        self.has_object_id |= kind == IdentityType::ObjectId;
        let words = match kind {
            IdentityType::Name | IdentityType::Username => words(value),
            IdentityType::Email | IdentityType::Upn => {
                words(value.split('@').next().unwrap_or_default())
            }
            IdentityType::ObjectId | IdentityType::Puid | IdentityType::ControllerCustomerId => {
                return;
            }
        };
        let has_room = self.words.len() < NAMES_MAX;
        if !words.is_empty() && has_room && !self.words.contains(&words) {
            self.words.push(words);
        }
    }

    /// Whether a group that shares no identifier of its own with the subject may be the subject all
    /// the same: by a name, where nothing that only one person has says otherwise.
    pub fn may_be(&self, group: &Group) -> bool {
        let says_otherwise = |identifier: &Identifier| match identifier.kind {
            IdentityType::Email | IdentityType::Upn => has_domain(&identifier.value),
            IdentityType::ObjectId => self.has_object_id,
            _ => false,
        };
        !group.iter().any(says_otherwise) && group.iter().any(|identifier| self.has(identifier))
    }

    /// Whether this names the subject too. A name or an alias may be spelled in their address:
    /// `mira.osei@…` and `mosei` are Mira Osei.
    pub fn has(&self, identifier: &Identifier) -> bool {
        let is_loose = matches!(identifier.kind, IdentityType::Name | IdentityType::Username);
        let of_host = || {
            // `mosei@gpu-01`: whoever is logged in there.
            let (local, host) = identifier.value.split_once('@')?;
            (!host.contains('.')).then(|| words(local))
        };
        let spelled = if is_loose { Some(words(&identifier.value)) } else { of_host() };
        let are_theirs = |words: Vec<String>| {
            // Maria Osei may be `mosei` too; she is not if a full name of the subject is known.
            let is_full = words.len() > 1 && self.words.iter().any(|own| own.len() > 1);
            let mut own = self.words.iter().filter(|own| !is_full || own.len() > 1);
            own.any(|own| are_one(own, &words))
        };
        self.canonical.contains(&identifier.canonical()) || spelled.is_some_and(are_theirs)
    }

    /// Whether an address may be the subject's by its local part.
    pub fn has_local(&self, address: &str) -> bool {
        let words = words(address.split('@').next().unwrap_or_default());
        self.words.iter().any(|own| are_one(own, &words))
    }
}

/// Whether an address is more than a user of a machine: `mosei@gpu-01` is whoever is logged in
/// there.
pub fn has_domain(address: &str) -> bool {
    address.split_once('@').is_some_and(|(_, host)| host.contains(['.', '[']))
}
