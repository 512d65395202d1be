//! What is left of whole items.

use std::io::Write;

use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use crate::matching::limits::ItemLimits;
use crate::matching::matcher::Matcher;
use crate::matching::redact::looks::Erasing;
use crate::matching::redact::refusal::Unredacted;
use crate::matching::redact::rewriting::{is_clean, redact_named};

/// Ann, with her name, her user's name and numbers.
pub fn ann() -> Subject {
    let identity = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.into());
    Subject {
        identities: vec![
            identity(IdentityType::Email, "ann@contoso.com"),
            identity(IdentityType::Name, "Ann Lefèvre"),
            identity(IdentityType::Username, "ann"),
            identity(IdentityType::ControllerCustomerId, "70042917"),
            identity(IdentityType::ControllerCustomerId, "C-1029384"),
        ],
    }
}

/// What is left of a content without her, or why it is not.
pub fn erased(content: &[u8]) -> Result<Vec<u8>, String> {
    let (subject, limits, mut out) = (ann(), ItemLimits::default(), Vec::new());
    let matcher = Matcher::new(&[&subject]);
    match redact_named(&mut Erasing(&matcher), "x", &mut &*content, &mut out, &limits) {
        Ok(_) => Ok(out),
        Err(Unredacted::NotRewritable(reason)) => Err(reason),
        Err(Unredacted::Failed(error)) => panic!("{error}"),
    }
}

/// Whether nothing of her is seen in a content.
pub fn is_gone(content: &[u8]) -> bool {
    let (subject, limits) = (ann(), ItemLimits::default());
    let matcher = Matcher::new(&[&subject]);
    is_clean(&mut Erasing(&matcher), "x", &mut &*content, &limits).unwrap()
}

#[test]
fn structure_stays() {
    for (before, after) in [
        // Quotes in strings that they would end.
        ("INSERT INTO t VALUES ('UPDATE u SET a = 1 WHERE id = 70042917;');\n", {
            "INSERT INTO t VALUES ('UPDATE u SET a = 1 WHERE id = ''[erased]'';');\n"
        }),
        ("import os\nQ = 'SELECT a FROM t WHERE id = 70042917'\n", {
            "import os\nQ = 'SELECT a FROM t WHERE id = \\'[erased]\\''\n"
        }),
        ("INSERT INTO t VALUES ('it''s', 'by C-1029384''s', 70042917);\n", {
            "INSERT INTO t VALUES ('it''s', 'by [erased]''s', '[erased]');\n"
        }),
        // A backslash that escapes, and one that does not.
        ("INSERT INTO t VALUES ('it\\'s', 70042917, 'a');\n", {
            "INSERT INTO t VALUES ('it\\'s', '[erased]', 'a');\n"
        }),
        ("INSERT INTO t VALUES ('C:\\', 70042917, 'a');\n", {
            "INSERT INTO t VALUES ('C:\\', '[erased]', 'a');\n"
        }),
        ("PRAGMA foreign_keys=OFF;\nINSERT INTO t VALUES(70042917);\n", {
            "PRAGMA foreign_keys=OFF;\nINSERT INTO t VALUES('[erased]');\n"
        }),
        // Keys that are no ASCII are keys of their own.
        ("\u{e9}: 1\n\u{fc}: ann@contoso.com\n", "\u{e9}: 1\n\u{fc}: '[erased]'\n"),
        ("\"\u{e9}\" = 1\n\"\u{fc}\" = 70042917\n", {
            "\"\u{e9}\" = 1\n\"\u{fc}\" = \"[erased]\"\n"
        }),
        // Names of values stay apart.
        ("a: &ann@contoso.com b\nc: &C-1029384 d\ne: [*ann@contoso.com, *C-1029384]\n", {
            "a: &erased b\nc: &erased_2 d\ne: [*erased, *erased_2]\n"
        }),
        ("a: &erased b\nc: &C-1029384 d\ne: *C-1029384\n", {
            "a: &erased b\nc: &erased_2 d\ne: *erased_2\n"
        }),
        // Cells of sheets.
        ("<c r=\"A1\"><v xml:space=\"preserve\">70042917</v></c>", {
            "<c r=\"A1\" t=\"str\"><v xml:space=\"preserve\">[erased]</v></c>"
        }),
        ("<c r=\"A1\"><v>70042917<b/></v></c><c><v>1</v></c>", {
            "<c r=\"A1\"><v>[erased]<b/></v></c><c><v>1</v></c>"
        }),
    ] {
        let out = erased(before.as_bytes()).unwrap_or_else(|why| panic!("{why}: {before}"));
        assert_eq!(String::from_utf8_lossy(&out), after, "{before}");
    }
}

#[test]
fn a_name_says_what_the_content_does_not() {
    let subject = ann();
    let matcher = Matcher::new(&[&subject]);
    let mut packed = Vec::new();
    let mut encoder = brotli::CompressorWriter::new(&mut packed, 4096, 5, 20);
    encoder.write_all(b"by ann@contoso.com, by ann@contoso.com").unwrap();
    drop(encoder);
    for (name, content, clean) in [
        ("tags/model", b"ann\n".to_vec(), true),
        ("tags/mlflow.user", b"ann\n".to_vec(), false),
        ("a.txt.br", packed, false),
    ] {
        let mut look = Erasing(&matcher);
        let limits = ItemLimits::default();
        let told = is_clean(&mut look, name, &mut content.as_slice(), &limits).unwrap();
        assert_eq!(told, clean, "{name}");
    }
}
