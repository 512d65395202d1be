//! The person a request is about: a list of identities, each one way to name that person.
//!
//! Values can be reached only through [`Identity::expose`]; neither type implements `Display` or
//! `Serialize`, and `Debug` prints the kind alone, so that no log line can hold a person by
//! accident.

use std::fmt;

use zeroize::Zeroizing;

/// The subject of a request.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// In the order of the request; hits refer to them by index.
    pub identities: Vec<Identity>,
}

/// One way to name the subject.
#[derive(Clone)]
pub struct Identity {
    /// What sort of name this is; it decides the boundaries of a hit.
    pub kind: IdentityType,
    /// Whether the value is the name itself or its hash.
    pub format: IdentityFormat,
    value: Zeroizing<String>,
}

/// The identity types that requests may use (DESIGN 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IdentityType {
    /// An e-mail address.
    Email,
    /// An Entra user principal name; has the shape of an e-mail address.
    Upn,
    /// An Entra object id: a GUID.
    ObjectId,
    /// A Microsoft account's passport id: sixteen hexadecimal digits.
    Puid,
    /// The person's name as written.
    Name,
    /// An operating-system or workspace alias.
    Username,
    /// The key under which the controller knows the person.
    ControllerCustomerId,
}

/// How an identity's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityFormat {
    /// The value itself.
    Raw,
    /// Lower-case hexadecimal SHA-256 of the lower-cased value; e-mail and upn only.
    Sha256,
}

impl Identity {
    /// An identity of this type and format; the value must already be trimmed and checked.
    pub fn new(kind: IdentityType, format: IdentityFormat, value: String) -> Self {
        Self { kind, format, value: Zeroizing::new(value) }
    }

    /// The value. Called where it is searched for, where it is sealed, and where the person's own
    /// archive says whom it is about; nowhere else.
    pub fn expose(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({}, not shown)", self.kind.as_str())
    }
}

impl IdentityType {
    /// Every type, in the order of the design.
    pub const ALL: [Self; 7] = [
        Self::Email,
        Self::Upn,
        Self::ObjectId,
        Self::Puid,
        Self::Name,
        Self::Username,
        Self::ControllerCustomerId,
    ];

    /// The word used in requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Upn => "upn",
            Self::ObjectId => "object_id",
            Self::Puid => "puid",
            Self::Name => "name",
            Self::Username => "username",
            Self::ControllerCustomerId => "controller_customer_id",
        }
    }

    /// The type of that word, if it is one of ours.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}
