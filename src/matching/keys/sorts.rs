//! What a key says of its value: which sort of name it is, and of whom: `reviewer_email` and
//! `reviewer` are of one person, `mail` and `oid` of another.

use crate::matching::keys::parts::{Part, part_of};
use crate::matching::keys::people::{Speaks, plain, speaks_of_people};

/// What sort of name the value of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// An address.
    Mail,
    /// An address whose key says nothing.
    Address,
    /// An object id.
    ObjectId,
    /// A passport id.
    Puid,
    /// A number that an employer, a shop or a state gives.
    Number,
    /// What somebody is called up by.
    Phone,
    /// What somebody logs in by.
    Alias,
    /// A full name.
    Name,
    /// What things are called by too: `name`.
    Label,
    /// A part of a name.
    Part(Part),
    /// An id, of whatever form.
    Id,
    /// Whoever did it, by whatever name.
    Role,
}

/// A key that may speak of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Of whom, in one word; nothing if the key does not say.
    pub whose: String,
    /// Which sort of name.
    pub sort: Sort,
    /// Whether it speaks of a person wherever it stands.
    pub surely: bool,
    /// Whether it does if its value looks like one.
    pub perhaps: bool,
}

/// How keys end, the longer ones first.
const ENDS: [(&str, Sort); 61] = [
    ("useraltsecid", Sort::Puid),
    ("userobjectid", Sort::ObjectId),
    ("aadobjectid", Sort::ObjectId),
    ("objectidentifier", Sort::ObjectId),
    ("objectguid", Sort::ObjectId),
    ("objectid", Sort::ObjectId),
    ("altsecid", Sort::Puid),
    ("passportid", Sort::Puid),
    ("userpuid", Sort::Puid),
    ("puid", Sort::Puid),
    ("oid", Sort::ObjectId),
    ("userprincipalname", Sort::Mail),
    ("preferredusername", Sort::Mail),
    ("principalname", Sort::Mail),
    ("emailaddress", Sort::Mail),
    ("mailaddress", Sort::Mail),
    ("uniquename", Sort::Mail),
    ("upn", Sort::Mail),
    ("email", Sort::Mail),
    ("mail", Sort::Mail),
    ("samaccountname", Sort::Alias),
    ("loginname", Sort::Alias),
    ("logname", Sort::Alias),
    ("nickname", Sort::Alias),
    ("shortname", Sort::Alias),
    ("login", Sort::Alias),
    ("alias", Sort::Alias),
    ("employeenumber", Sort::Number),
    ("employeeid", Sort::Number),
    ("personnelnumber", Sort::Number),
    ("staffid", Sort::Number),
    ("personid", Sort::Number),
    ("customerid", Sort::Number),
    ("memberid", Sort::Number),
    ("passportnumber", Sort::Number),
    ("passportno", Sort::Number),
    ("passport", Sort::Number),
    ("nationalid", Sort::Number),
    ("identitycard", Sort::Number),
    ("socialsecuritynumber", Sort::Number),
    ("ssn", Sort::Number),
    ("taxid", Sort::Number),
    ("iban", Sort::Number),
    ("phonenumber", Sort::Phone),
    ("phoneno", Sort::Phone),
    ("telephone", Sort::Phone),
    ("telefon", Sort::Phone),
    ("phone", Sort::Phone),
    ("mobile", Sort::Phone),
    ("tel", Sort::Phone),
    ("displayname", Sort::Name),
    ("fullname", Sort::Name),
    ("realname", Sort::Name),
    ("commonname", Sort::Name),
    ("name", Sort::Label),
    ("guid", Sort::Id),
    ("uid", Sort::Alias),
    ("id", Sort::Id),
    ("氏名", Sort::Name),
    ("メール", Sort::Mail),
    ("姓名", Sort::Name),
];

/// Words that say no more than that it is a person.
const NOBODY_ELSE: [&str; 22] = [
    "user", "users", "account", "aad", "azuread", "person", "profile", "identity", "employee",
    "contact", "member", "primary", "azure", "work", "home", "office", "business", "private",
    "personal", "mobile", "cell", "e",
];

/// What of things is called like that of people.
const OF_THINGS: &str = "\
    run experiment model job workspace subscription tenant session trace span request correlation \
    operation activity client app application group resource parent root compute cluster node \
    environment deployment endpoint dataset datastore file class service display step pipeline \
    batch device image container pod task build commit project policy role event message thread";

impl Key {
    /// What a key says; `None` if it says nothing of people.
    pub fn of(key: &str) -> Option<Self> {
        let plain = plain(key);
        let one = plain.strip_suffix('s').filter(|one| !one.ends_with('s')).unwrap_or(&plain);
        let speaks = speaks_of_people(key);
        if let Some(part) = part_of(&key.to_lowercase()).filter(|part| *part != Part::Either) {
            return Some(Self {
                whose: String::new(),
                sort: Sort::Part(part),
                surely: false,
                perhaps: false,
            });
        }
        if speaks.is_some() && ["username", "userid"].contains(&one) {
            return Some(Self {
                whose: String::new(),
                sort: Sort::Role,
                surely: true,
                perhaps: true,
            });
        }
        let Some((stem, sort)) =
            ENDS.iter().find_map(|(end, sort)| Some((one.strip_suffix(end)?, *sort)))
        else {
            let surely = speaks? == Speaks::Surely;
            return Some(Self { whose: whose(one), sort: Sort::Role, surely, perhaps: true });
        };
        let is_of_thing = OF_THINGS.split(' ').any(|word| !stem.is_empty() && stem.ends_with(word))
            && speaks != Some(Speaks::Surely);
        // A hotel has no number of its own.
        let is_general = matches!(sort, Sort::Label | Sort::Id | Sort::Phone) && speaks.is_none();
        if is_of_thing || is_general && !whose(stem).is_empty() {
            return None;
        }
        let surely = speaks == Some(Speaks::Surely);
        Some(Self { whose: whose(stem), sort, surely, perhaps: speaks.is_some() })
    }

    /// A key that says nothing, of a value that is an address.
    pub fn of_address() -> Self {
        Self { whose: String::new(), sort: Sort::Address, surely: false, perhaps: false }
    }

    /// Whether it is a key that says nothing, of an address.
    pub fn is_of_address(&self) -> bool {
        self.sort == Sort::Address
    }

    /// Whether its value names a person by itself, so that what stands beside it is theirs.
    pub fn is_personal(&self) -> bool {
        matches!(self.sort, Sort::Mail | Sort::Puid | Sort::Alias)
            || self.sort == Sort::ObjectId && self.surely
    }
}

fn whose(stem: &str) -> String {
    let mut rest = stem;
    while let Some(less) = NOBODY_ELSE.iter().find_map(|word| rest.strip_suffix(word)) {
        rest = less;
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_keys_say() {
        for (key, expected) in [
            ("mail", Some(("", Sort::Mail))),
            ("user_email", Some(("", Sort::Mail))),
            ("userPrincipalName", Some(("", Sort::Mail))),
            ("oid", Some(("", Sort::ObjectId))),
            ("user_object_id", Some(("", Sort::ObjectId))),
            ("name", Some(("", Sort::Label))),
            ("displayName", Some(("", Sort::Name))),
            ("userName", Some(("", Sort::Role))),
            ("user", Some(("", Sort::Role))),
            ("reviewer", Some(("reviewer", Sort::Role))),
            ("reviewer-email", Some(("reviewer", Sort::Mail))),
            ("reviewer_name", Some(("reviewer", Sort::Label))),
            ("created_by", Some(("createdby", Sort::Role))),
            ("lastModifiedBy", Some(("lastmodifiedby", Sort::Role))),
            ("assignedUser", Some(("assigned", Sort::Role))),
            ("notification_emails", Some(("notification", Sort::Mail))),
            ("passport_no", Some(("", Sort::Number))),
            ("Mobile Phone", Some(("", Sort::Phone))),
            ("hotel", None),
            ("runId", None),
            ("experiment_name", None),
            ("tenantId", None),
            ("display", None),
            ("filename", None),
            ("status", None),
        ] {
            let told = Key::of(key);
            let told = told.as_ref().map(|key| (key.whose.as_str(), key.sort));
            assert_eq!(told, expected, "{key}");
        }
    }
}
