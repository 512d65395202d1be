//! Spellings that a reader takes for the same: what stands in the midst of words and is no part of
//! them, and letters that differ only to a machine.

use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::matching::limits::{ItemLimits, PeopleLimits};
use dsrd::matching::matcher::Matcher;
use dsrd::matching::people::census::census;
use dsrd::matching::people::crowd::Crowd;
use dsrd::matching::redact::looks::{Erasing, Masking};
use dsrd::matching::redact::rewriting::redact;
use dsrd::matching::scan::scan;

use crate::matching::item;

fn subject(kind: IdentityType, value: &str) -> Subject {
    Subject { identities: vec![Identity::new(kind, IdentityFormat::Raw, value.to_owned())] }
}

/// Whether a person of this one identity is found.
fn finds(kind: IdentityType, value: &str, content: &[u8]) -> bool {
    let subject = subject(kind, value);
    let (matcher, limits) = (Matcher::new(&[&subject]), ItemLimits::default());
    !scan(&item("x"), &mut &*content, &matcher, &limits).unwrap().hits.is_empty()
}

/// What is left when they are erased.
fn erased(kind: IdentityType, value: &str, content: &str) -> String {
    let subject = subject(kind, value);
    let matcher = Matcher::new(&[&subject]);
    let mut out = Vec::new();
    let limits = ItemLimits::default();
    redact(&mut Erasing(&matcher), &mut content.as_bytes(), &mut out, &limits).unwrap();
    String::from_utf8(out).unwrap()
}

/// What they are given of an item.
fn given(kind: IdentityType, value: &str, content: &str) -> String {
    let (limits, people) = (ItemLimits::default(), PeopleLimits::default());
    let mut crowd = Crowd::new(&subject(kind, value), &people);
    crowd.add(&census(&item("x"), &mut content.as_bytes(), &limits, &people).unwrap());
    let mask = crowd.mask().unwrap();
    let mut out = Vec::new();
    redact(&mut Masking(&mask), &mut content.as_bytes(), &mut out, &limits).unwrap();
    String::from_utf8(out).unwrap()
}

use IdentityType::{ControllerCustomerId, Email, Name, ObjectId, Username};

const GUID: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";

/// Ways to write the escape that begins a sequence.
const ESCAPES: [&str; 16] = [
    "\u{1b}",
    "\\x1b",
    "\\x1B",
    "\\033",
    "\\33",
    "\\e",
    "\\u001b",
    "\\\\u001b",
    "\\u{1b}",
    "#033",
    "^[",
    "␛",
    "←",
    "%1B",
    "&#27;",
    "&#x1b;",
];

#[test]
fn what_colours_letters_is_no_part_of_a_word() {
    for escape in ESCAPES {
        for (kind, value, written) in [
            (Email, "ann@contoso.com", "by ~[32mann@contoso.com~[0m to"),
            (Email, "ann@contoso.com", "by~[0m ~[38;5;120mann~[K@conto~[1mso.com~[m"),
            (Email, "ann@contoso.com", "~[2K~[1Gann@contoso.com"),
            (Email, "ann@contoso.com", "~]8;;mailto:ann@contoso.com~\\here~]8;;~\\"),
            (Name, "Ann Lee", "by ~[1mAnn~[0m ~[1;33mLee~[0m"),
            (Name, "Ann Lee", "by ~[1mAn~[0mn~[1CLe~[31me~[0m"),
            (ObjectId, GUID, "~[36m6f9619ff-8b86-~[0md011-b42d-00cf4fc964ff~[0m"),
            (Username, "ann", "mlflow.user=~[33mann~[0m run=x"),
            (ControllerCustomerId, "C-1029384", "id ~[7mC-1029384~[27m"),
        ] {
            let written = written.replace('~', escape);
            assert!(finds(kind, value, written.as_bytes()), "{written}");
        }
        for written in
            ["~[0mjo~[31mann@contoso.com", "ann@contoso.com~[1mx", "jo~[Kann@contoso.com"]
        {
            let written = written.replace('~', escape);
            assert!(!finds(Email, "ann@contoso.com", written.as_bytes()), "{written}");
        }
    }
    for (kind, value, written) in [
        (Email, "ann@contoso.com", "by [32mann@contoso.com[0m to"),
        (Email, "ann@contoso.com", "\u{9b}32mann@contoso.com\u{9b}0m"),
        (Email, "ann@contoso.com", "\\x9b32mann@contoso.com\\x9b0m"),
        (Email, "ann@contoso.com", "\u{1b}(B\u{1b}[mann@contoso.com\u{1b}[m\u{f}"),
        (Name, "Ann Lee", "A\u{8}An\u{8}nn\u{8}n L\u{8}Le\u{8}ee\u{8}e"),
        (Name, "Ann Lee", "_\u{8}A_\u{8}n_\u{8}n L\u{8}_e\u{8}_e\u{8}_"),
        (Name, "Ann Lee", r"A\bAn\bnn\bn Lee"),
        (Name, "Ann Lee", "A^HAn^Hnn^Hn Lee"),
        (Name, "Ann Lee", "\u{1b}[32m\u{1b}Ann Lee\u{1b}[0m"),
    ] {
        assert!(finds(kind, value, written.as_bytes()), "{written}");
    }
    let raw = b"\x9b32mann@contoso.com\x9b0m \xe9";
    assert!(finds(Email, "ann@contoso.com", raw));
}

#[test]
fn what_colours_letters_stays() {
    for escape in ESCAPES {
        let written = "by ~[32mann@contoso.com~[0m, ~[1mbob@contoso.com~[0m!".replace('~', escape);
        let left = written.replace("ann@contoso.com", "[erased]");
        assert_eq!(erased(Email, "ann@contoso.com", &written), left);
        let seen = written.replace("bob@contoso.com", "Person 2");
        assert_eq!(given(Email, "ann@contoso.com", &written), seen);
    }
    assert_eq!(erased(Name, "Ann Lee", "\u{1b}[1mAnn\u{1b}[0m Lee!"), "\u{1b}[1m[erased]!");
}
