//! Where a dependent is: from an id, as services write them, to an item's name and back.
//!
//! Ids come in any case, in other groups and in other subscriptions; the names of items are in
//! lower case, and two ids of one thing give one name.

use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::adapters::azure::wire::address::encoded;
use crate::adapters::azureml::dependents::sorts::{SORTS, Sort};
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::dependents::dependent::{PARENT, UNKNOWN};
use crate::domain::item::{Item, Kind, Version};
use crate::domain::layout::Container;

const ESCAPED: &AsciiSet = &AsciiSet::EMPTY.add(b'/').add(b'%');

/// A place. Its name may be a person's, so that it cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Spot {
    /// What is there.
    pub sort: &'static Sort,
    /// In lower case, as all that follows.
    pub subscription: String,
    /// The resource group.
    pub group: String,
    /// The name.
    pub name: String,
    /// The name of what is in it, where that is meant.
    pub inside: Option<String>,
}

impl Spot {
    /// That of an id, where it is one of a resource of that sort and can stand in a URL.
    pub fn of_id(sort: &'static Sort, id: &str) -> Option<Self> {
        let [subscription, group, type_name, name] = parts(id)?;
        let is_it = type_name.eq_ignore_ascii_case(sort.type_name) && sort.inside.is_none();
        let [subscription, group, name] = [subscription, group, name].map(|it| it.to_lowercase());
        is_it.then_some(Self { sort, subscription, group, name, inside: None })
    }

    /// That of an item's name.
    pub fn of(item_name: &str) -> Option<Self> {
        let mut segments = item_name.split('/');
        let sort = SORTS.iter().find(|sort| Some(sort.word) == segments.clone().next())?;
        let names: Vec<String> = segments.by_ref().skip(1).map(decoded).collect::<Option<_>>()?;
        let (names, inside) = match (sort.inside, &names[..]) {
            (None, [..]) => (&names[..], None),
            (Some(_), [names @ .., inside]) => (names, Some(inside.clone())),
            (Some(_), []) => return None,
        };
        let [subscription, group, name] = names else { return None };
        let all = names.iter().chain(&inside);
        if !all.into_iter().all(|name| is_segment(name)) {
            return None;
        }
        let [subscription, group, name] = [subscription, group, name].map(Clone::clone);
        Some(Self { sort, subscription, group, name, inside })
    }

    /// That of what it is in, where it is in something.
    pub fn around(&self) -> Option<Self> {
        self.inside.as_ref()?;
        let is_it = |sort: &&Sort| sort.type_name == self.sort.type_name && sort.inside.is_none();
        let sort = SORTS.iter().find(is_it)?;
        Some(Self { sort, inside: None, ..self.clone() })
    }

    /// That of something in it.
    pub fn with(&self, sort: &'static Sort, inside: &str) -> Self {
        let inside = Some(inside.to_lowercase()).filter(|name| is_segment(name));
        Self { sort, inside, ..self.clone() }
    }

    /// The name as an item.
    pub fn item_name(&self) -> String {
        let Self { sort, subscription, group, name, inside } = self;
        let names = [subscription, group, name].into_iter().chain(inside);
        let names = names.map(|name| format!("/{}", utf8_percent_encode(name, ESCAPED)));
        format!("{}{}", sort.word, names.collect::<String>())
    }

    /// Its id, as it is compared.
    pub fn id(&self) -> String {
        let Self { sort, subscription, group, name, inside } = self;
        let inside = match (sort.inside, inside) {
            (Some(path), Some(inside)) => format!("/{path}/{inside}"),
            _ => String::new(),
        };
        let type_name = sort.type_name;
        let id = format!(
            "/subscriptions/{subscription}/resourcegroups/{group}/providers/{type_name}/{name}\
             {inside}"
        );
        id.to_lowercase()
    }

    /// Where its document is.
    pub fn url(&self, entry: &Entry) -> Url {
        let [subscription, group, name] =
            [&self.subscription, &self.group, &self.name].map(|name| encoded(name).to_string());
        let inside = match (self.sort.inside, &self.inside) {
            (Some(path), Some(inside)) => format!("/{path}/{}", encoded(inside)),
            _ => String::new(),
        };
        let type_name = self.sort.type_name;
        let path = format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/{type_name}/{name}\
             {inside}"
        );
        entry.at(&path, self.sort.version)
    }

    /// Where something about it is asked for, in the version of its own interface.
    pub fn url_below(&self, entry: &Entry, path: &str) -> Url {
        let mut url = self.url(entry);
        url.set_path(&format!("{}/{path}", url.path()));
        url
    }

    /// It as an item of a source, a part of that other one.
    pub fn item(&self, source: &str, print: &str, parent: &str) -> Item {
        let mut item = bare(source, &self.item_name());
        print.clone_into(&mut item.etag);
        item.properties.insert(PARENT.to_owned(), parent.to_owned());
        item
    }
}

/// What stands for dependents of which nobody can say more.
pub fn unknown(source: &str, what: &str, parent: &str) -> Item {
    let mut item = bare(source, &format!("{UNKNOWN}/{what}"));
    item.properties.insert(PARENT.to_owned(), parent.to_owned());
    item
}

fn bare(source: &str, name: &str) -> Item {
    let (kind, container) = (Kind::Thing, Container::Resources);
    Item { kind, container, ..Item::bare(source, name, Version::Current) }
}

/// Whether two ids are of one thing. Names may have letters of any language.
pub fn same_id(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

/// An id as it is compared.
pub fn folded(id: &str) -> String {
    id.trim_end_matches('/').to_lowercase()
}

/// Subscription, group, provider with type, and name of what an id names.
pub fn parts(id: &str) -> Option<[&str; 4]> {
    let words: Vec<&str> = id.trim_end_matches('/').split('/').collect();
    let ["", subscriptions, subscription, groups, group, providers, _, _, name] = words[..] else {
        return None;
    };
    let fixed = [subscriptions, groups, providers];
    let expected = ["subscriptions", "resourceGroups", "providers"];
    let fits = fixed.iter().zip(expected).all(|(word, name)| word.eq_ignore_ascii_case(name));
    let (_, tail) = id.split_at(words[..6].iter().map(|word| word.len() + 1).sum());
    let type_name = tail.trim_end_matches('/').rsplit_once('/')?.0;
    let names = [subscription, group, name];
    (fits && names.into_iter().all(is_segment)).then_some([subscription, group, type_name, name])
}

/// Whether a name is a segment of a URL as it is: others would lead somewhere else.
fn is_segment(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && !name.contains(['/', '\\'])
        && !name.contains(char::is_control)
}

fn decoded(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_any_case_come_to_one_name() {
        let vault = Sort::named("key_vault").unwrap();
        let table = [
            (
                "/subscriptions/S1/resourceGroups/G 1/providers/Microsoft.KeyVault/vaults/KV",
                Some("key_vault/s1/g 1/kv"),
            ),
            (
                "/SUBSCRIPTIONS/s1/resourcegroups/g 1/Providers/Microsoft.Keyvault/Vaults/kv/",
                Some("key_vault/s1/g 1/kv"),
            ),
            ("/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/vaults/kv", None),
            ("/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/..", None),
            ("/subscriptions/s/resourceGroups//providers/Microsoft.KeyVault/vaults/kv", None),
            ("/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv/a/b", None),
            ("/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults", None),
            ("subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv", None),
            ("kv", None),
            ("", None),
        ];
        for (id, name) in table {
            let spot = Spot::of_id(vault, id);
            assert_eq!(spot.as_ref().map(Spot::item_name).as_deref(), name, "{id}");
            if let Some(spot) = spot {
                assert!(Spot::of(&spot.item_name()) == Some(spot));
            }
        }
    }

    #[test]
    fn ids_are_one_in_any_case_of_any_language() {
        for (one, other, expected) in [
            (
                "/subscriptions/S/resourceGroups/Größe-ÄÖ",
                "/SUBSCRIPTIONS/s/resourcegroups/gröSSe-äö",
                false,
            ),
            (
                "/subscriptions/S/resourceGroups/Größe-ÄÖ",
                "/SUBSCRIPTIONS/s/resourcegroups/größe-äö/",
                true,
            ),
            ("/g/БЮРО", "/G/бюро", true),
            ("/g/a", "/g/ab", false),
            ("", "/", true),
        ] {
            assert_eq!(same_id(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn what_is_in_something_has_its_name() {
        let account = Spot::of("storage_account/s/g/a").unwrap();
        let container = account.with(Sort::named("storage_container").unwrap(), "$web");
        assert_eq!(container.item_name(), "storage_container/s/g/a/$web");
        assert!(Spot::of(&container.item_name()) == Some(container.clone()));
        assert!(container.id().starts_with(&format!("{}/", account.id())));
        for strange in [
            "storage_account/s/g",
            "storage_account/s/g/a/b",
            "storage_container/s/g/a",
            "storage_container/s/g/a/..",
            "dependents/key_vault",
            "run/a/b/c",
            "",
        ] {
            assert!(Spot::of(strange).is_none(), "{strange}");
        }
        assert!(Spot::of("alert_rule/s/g/a%2Fb").is_none(), "no URL leads there");
    }
}
