//! What the operator declares to hold no person, although nobody can look through it: the weights
//! of models, checkpoints, pictures of charts. Said by path and by form, with a reason and a name.
//!
//! It is a statement about what could not be looked through, and about nothing else. Names,
//! metadata and whatever can be read of such an item are searched as ever, and what is found there
//! is a finding as ever; what could not be read for another reason stays unreadable.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::item::Item;
use crate::domain::policy::pattern::Pattern;

/// One declaration of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// Which sources; all where absent.
    pub source: Option<Pattern>,
    /// Which names in them; all where absent.
    pub path: Option<Pattern>,
    /// Which forms, of [`FORMS`].
    pub forms: Vec<String>,
    /// What is declared of them.
    pub declared: Declared,
}

/// Who declared it, when and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// The person or office that answers for it.
    pub by: String,
    /// On which day.
    pub on: Date,
    /// Why such items hold no person.
    pub reason: String,
}

/// Items of one source that were not looked through because of one declaration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredItems {
    /// Who declared it, when and why.
    #[serde(flatten)]
    pub declared: Declared,
    /// Which form.
    pub form: String,
    /// How many.
    pub items: u64,
    /// Configured name of the source.
    pub source: String,
}

/// The forms that may be declared: what an item *is* when nothing of it can be decoded. What
/// failed, was refused, is damaged or too large is not among them: it might be read another time.
pub const FORMS: [&str; 45] = [
    "binary: compressed or encrypted content",
    "7z: encrypted",
    "7z: compression not supported",
    "rar: not supported",
    "compress: not supported",
    "lzip: not supported",
    "pdf: encrypted",
    "pdf: characters not known",
    "age: encrypted",
    "openssl: encrypted",
    "pgp: encrypted",
    "ansible-vault: encrypted",
    "git-crypt: encrypted",
    "keepass: encrypted",
    "luks: encrypted",
    "pem: encrypted",
    "sops: encrypted",
    "vim: encrypted",
    "parquet: encrypted",
    "hdf5: filter not supported",
    "feather: not supported",
    "duckdb: not supported",
    "blosc2: not supported",
    "ole: encrypted",
    "cab: not supported",
    "lzop: not supported",
    "lrzip: not supported",
    "zstd: old format not supported",
    "zpaq: not supported",
    "zip: encrypted member",
    "zip: compression not supported",
    "parquet: compression not supported",
    "ace: not supported",
    "arj: not supported",
    "xar: not supported",
    "wim: not supported",
    "lzfse: not supported",
    "aescrypt: encrypted",
    "axcrypt: encrypted",
    "cms: encrypted",
    "fernet: encrypted",
    "jwe: encrypted",
    "spring: encrypted",
    "spss: not supported",
    "sas7bdat: not supported",
];

/// The form that a reason names: what stands before the place.
pub fn form(reason: &str) -> &str {
    reason.split_once(" in ").map_or(reason, |(form, _)| form)
}

impl Declaration {
    /// Whether it speaks of this form of this item.
    pub fn covers(&self, item: &Item, form: &str) -> bool {
        self.source.as_ref().is_none_or(|pattern| pattern.matches(&item.source))
            && self.path.as_ref().is_none_or(|pattern| pattern.fits(item))
            && self.forms.iter().any(|declared| declared == form)
    }

    /// What counts in a policy's digest.
    pub fn parts(&self) -> Vec<String> {
        let pattern = |pattern: &Option<Pattern>| {
            pattern.as_ref().map_or(String::new(), |pattern| pattern.as_str().to_owned())
        };
        let Declared { by, on, reason } = &self.declared;
        let mut parts = vec!["declared".to_owned(), pattern(&self.source), pattern(&self.path)];
        parts.extend([by.clone(), on.to_string(), reason.clone()]);
        parts.extend(self.forms.iter().cloned());
        parts
    }
}

impl fmt::Display for DeclaredItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { declared: Declared { by, on, reason }, form, items, source } = self;
        let (noun, was, they, hold) = match items {
            1 => ("item", "was", "it", "holds"),
            _ => ("items", "were", "they", "hold"),
        };
        write!(
            f,
            "{items} {noun} of the form \"{form}\" in {source} {was} not looked through: {by} \
             declared on {on} that {they} {hold} no person ({reason})"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::item::Version;

    #[test]
    fn a_declaration_covers_its_forms_at_its_paths() {
        let declaration = Declaration {
            source: Some(Pattern::new("run-*").unwrap()),
            path: Some(Pattern::new("**/*.pt").unwrap()),
            forms: vec![FORMS[0].to_owned()],
            declared: Declared {
                by: "DPO".into(),
                on: "2026-11-01".parse().unwrap(),
                reason: "weights".into(),
            },
        };
        for (source, name, reason, covers) in [
            ("run-history", "models/a.pt", FORMS[0], true),
            ("run-history", "models/a.pt", "binary: compressed or encrypted content in x", true),
            ("other", "models/a.pt", FORMS[0], false),
            ("run-history", "models/a.rar", FORMS[0], false),
            ("run-history", "models/a.pt", "rar: not supported", false),
            ("run-history", "models/a.pt", "gzip: broken", false),
        ] {
            let item = Item::bare(source, name, Version::Current);
            assert_eq!(declaration.covers(&item, form(reason)), covers, "{name} {reason}");
        }
    }
}
