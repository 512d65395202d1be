//! Whose a path is and who may do what with it.

use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure_lake::listing::Listed;
use crate::domain::item::{ACL, GROUP, OWNER};

/// Nobody: what the service itself makes the owner of what has none.
pub const NOBODY: &str = "$superuser";

/// Whose a path is, and who may do what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// An id of Entra, or [`NOBODY`].
    pub owner: Option<String>,
    /// The same.
    pub group: Option<String>,
    /// Everybody's rights, as they are written: `user::rw-,user:ID:r--,group::r--,…`.
    pub acl: Option<String>,
}

impl Rights {
    /// Those in the headers of an answer.
    pub fn of(answer: &Answer) -> Self {
        let text = |name| answer.header(name).map(str::to_owned);
        let (owner, group, acl) = (text("x-ms-owner"), text("x-ms-group"), text("x-ms-acl"));
        Self { owner, group, acl }
    }

    /// Those that a listing shows.
    pub fn listed(listed: &Listed) -> Self {
        Self { owner: listed.owner.clone(), group: listed.group.clone(), acl: None }
    }

    /// Whether all of it is known.
    pub fn is_whole(&self) -> bool {
        self.owner.is_some() && self.group.is_some() && self.acl.is_some()
    }

    /// What of it names somebody, as properties of an item.
    pub fn properties(&self) -> Vec<(String, String)> {
        let somebody = |id: &Option<String>| id.clone().filter(|id| !id.is_empty() && id != NOBODY);
        let named: Vec<&str> = self.entries().filter(|entry| is_by_name(entry)).collect();
        let named = Some(named.join(",")).filter(|named| !named.is_empty());
        [(OWNER, somebody(&self.owner)), (GROUP, somebody(&self.group)), (ACL, named)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect()
    }

    /// The same rights without those whom an item does not name any more: what was somebody's is
    /// nobody's, and who had rights by name has none.
    pub fn but_for(&self, left: impl Fn(&str) -> Option<String>) -> Self {
        let [owner, group] = [(OWNER, &self.owner), (GROUP, &self.group)].map(|(name, id)| {
            let id = id.clone()?;
            let is_left = id == NOBODY || left(name).as_ref() == Some(&id);
            Some(if is_left { id } else { NOBODY.to_owned() })
        });
        let named = left(ACL).unwrap_or_default();
        let stays = |entry: &&str| !is_by_name(entry) || named.split(',').any(|it| it == *entry);
        let acl = self.acl.as_ref().map(|_| {
            let entries: Vec<&str> = self.entries().filter(stays).collect();
            entries.join(",")
        });
        Self { owner, group, acl }
    }

    /// Headers of a write that say them.
    pub fn headers(&self) -> Vec<(String, String)> {
        [("x-ms-owner", &self.owner), ("x-ms-group", &self.group), ("x-ms-acl", &self.acl)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
            .collect()
    }

    fn entries(&self) -> impl Iterator<Item = &str> {
        let entries = self.acl.as_deref().unwrap_or_default().split(',');
        entries.filter(|entry| !entry.is_empty())
    }
}

/// Whether an entry names somebody: `default:user:ID:rwx`.
fn is_by_name(entry: &str) -> bool {
    let entry = entry.strip_prefix("default:").unwrap_or(entry);
    entry.split(':').nth(1).is_some_and(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";

    #[test]
    fn who_is_named_is_told_and_nobody_else() {
        let acl = format!(
            "user::rwx,user:{ANN}:r-x,group::r-x,group:g:r--,mask::r-x,other::---,\
             default:user::rwx,default:user:{ANN}:rwx"
        );
        let rights = Rights {
            owner: Some(ANN.to_owned()),
            group: Some(NOBODY.to_owned()),
            acl: Some(acl.clone()),
        };
        let named = format!("user:{ANN}:r-x,group:g:r--,default:user:{ANN}:rwx");
        let expected = [(OWNER.to_owned(), ANN.to_owned()), (ACL.to_owned(), named.clone())];
        assert_eq!(rights.properties(), expected);
        let same = |name: &str| match name {
            OWNER => Some(ANN.to_owned()),
            ACL => Some(named.clone()),
            _ => None,
        };
        assert_eq!(rights.but_for(same), rights);
        let masked = |name: &str| same(name).map(|text| text.replace(ANN, "[erased]"));
        let left = rights.but_for(masked);
        assert_eq!(left.owner.as_deref(), Some(NOBODY));
        let expected = "user::rwx,group::r-x,group:g:r--,mask::r-x,other::---,default:user::rwx";
        assert_eq!(left.acl.as_deref(), Some(expected));
        assert!(Rights::default().properties().is_empty() && !Rights::default().is_whole());
        assert!(rights.is_whole() && rights.headers().len() == 3);
    }
}
