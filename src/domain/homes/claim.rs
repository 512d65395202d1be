//! What somebody says of a user folder: whose it is.
//!
//! Identities are compared by what only one person has: addresses, object ids, passport ids. A name
//! tells nobody from another.

use std::collections::BTreeSet;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};

/// An object id that stands for none.
const NOBODY: &str = "00000000000000000000000000000000";

/// That the folder of this alias is that of this person. It names both, so `Debug` shows neither.
#[derive(Clone)]
pub struct Claim {
    /// What the folder is called, in any case.
    pub alias: String,
    /// Who is said to have it.
    pub who: Subject,
    /// The storage account, in lower case, in which that is so: what one workspace says is nothing
    /// of the folders of another. `None` where it is so in all.
    pub account: Option<String>,
}

/// What one person is known by, and no other: hashed addresses and ids.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Marks {
    all: BTreeSet<String>,
    /// Object ids alone: of these a person has one in a tenant.
    ids: BTreeSet<String>,
}

impl Claim {
    /// The claim that a person has the folder which is called as the address by which they sign in
    /// begins; `None` where that is no address.
    pub fn by_address(address: &str, who: Subject) -> Option<Self> {
        Some(Self { alias: alias_of(address)?.to_owned(), who, account: None })
    }

    /// The same of whoever signs in by that address, and is known by that object id if there is
    /// one.
    pub fn of_sign_in(address: &str, object_id: Option<&str>) -> Option<Self> {
        let identity = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.into());
        let mut identities = vec![identity(IdentityType::Upn, address)];
        identities.extend(object_id.map(|id| identity(IdentityType::ObjectId, id)));
        Self::by_address(address, Subject { identities })
    }

    /// The same, of folders in that account alone.
    #[must_use]
    pub fn within(self, account: &str) -> Self {
        Self { account: Some(account.to_lowercase()), ..self }
    }

    /// Whether it is about folders that are in this account.
    pub fn is_about(&self, account: &str) -> bool {
        self.account.as_deref().is_none_or(|own| own == account)
    }
}

/// What an address begins with, as folders are called by it; `None` where it is none.
pub fn alias_of(address: &str) -> Option<&str> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    let is_one = !local.is_empty() && !domain.is_empty() && !local.contains(['/', '@', '#']);
    is_one.then_some(local)
}

/// An alias as it is compared: file shares do not tell cases apart.
pub fn folded(alias: &str) -> String {
    alias.to_lowercase()
}

impl Marks {
    /// Those of all these identities.
    pub fn of<'a>(identities: impl IntoIterator<Item = &'a Identity>) -> Self {
        let mut marks = Self::default();
        for identity in identities {
            match (identity.kind, mark(identity)) {
                (IdentityType::ObjectId, Some(mark)) => {
                    marks.ids.insert(mark.clone());
                    marks.all.insert(mark);
                }
                (_, Some(mark)) => drop(marks.all.insert(mark)),
                (_, None) => {}
            }
        }
        marks
    }

    /// Whether both have one in common.
    pub fn meet(&self, other: &Self) -> bool {
        !self.all.is_disjoint(&other.all)
    }

    /// Whether they cannot be one person's: an address may have been given to another since.
    pub fn contradict(&self, other: &Self) -> bool {
        !self.ids.is_empty() && !other.ids.is_empty() && self.ids.is_disjoint(&other.ids)
    }

    /// Whether an object id is among them.
    pub fn have_id(&self) -> bool {
        !self.ids.is_empty()
    }

    /// Takes those of the same person in.
    pub fn extend(&mut self, other: &Self) {
        self.all.extend(other.all.iter().cloned());
        self.ids.extend(other.ids.iter().cloned());
    }
}

/// What tells the person of an identity from all others, if anything does.
fn mark(identity: &Identity) -> Option<String> {
    let value = identity.expose().trim().to_lowercase();
    match (identity.kind, identity.format) {
        (IdentityType::Email | IdentityType::Upn, IdentityFormat::Raw) => {
            Some(format!("address {}", hex::encode(Sha256::digest(value.as_bytes()))))
        }
        (IdentityType::Email | IdentityType::Upn, IdentityFormat::Sha256) => {
            Some(format!("address {value}"))
        }
        (IdentityType::ObjectId, _) => {
            let digits: String = value.chars().filter(char::is_ascii_hexdigit).collect();
            (digits.len() == NOBODY.len() && digits != NOBODY).then(|| format!("id {digits}"))
        }
        (IdentityType::Puid, _) => Some(format!("puid {value}")),
        (IdentityType::Name | IdentityType::Username | IdentityType::ControllerCustomerId, _) => {
            None
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claim(not shown)")
    }
}
