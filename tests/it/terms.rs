//! The terms of an item, and what the catalogue may conclude of them: whatever is found in any test
//! of the reader is asked of the filter too.

use std::collections::BTreeSet;
use std::io::Read;
use std::iter::{empty, once};

use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::item::Item;
use dsrd::matching::identity::watch::MarkKey;
use dsrd::matching::limits::ItemLimits;
use dsrd::matching::matcher::Matcher;
use dsrd::matching::scan::{Scan, scan, scan_and_collect};
use dsrd::matching::terms::filter::{Question, Salt, TermKey, Terms};
use sha2::Digest;
use zeroize::Zeroizing;

use crate::matching::{gzip, item, zip};
use crate::spelled::subject;
use crate::support::sample::is_everything_tried;

fn secret() -> Zeroizing<[u8; 32]> {
    Zeroizing::new([7; 32])
}

pub fn key() -> TermKey {
    TermKey::new(&secret(), MarkKey::new(&secret()))
}

/// Scans an item. Of one in three each identity that stands in it is asked of the filter too.
pub fn scanned(item: &Item, content: &mut dyn Read, subject: &Subject) -> Scan {
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).unwrap();
    let digest = bytes.iter().fold(7u32, |all, byte| all.wrapping_mul(31) ^ u32::from(*byte));
    if digest % 3 == 0 || is_everything_tried() {
        return scanned_and_asked(item, &bytes, subject);
    }
    scan(item, &mut &*bytes, &Matcher::new(&[subject]), &ItemLimits::default()).unwrap()
}

/// Scans an item. Of each identity that stands in it the filter says so, which was made while
/// somebody else was sought.
fn scanned_and_asked(item: &Item, bytes: &[u8], subject: &Subject) -> Scan {
    let limits = ItemLimits::default();
    let found = scan(item, &mut &*bytes, &Matcher::new(&[subject]), &limits).unwrap();
    let identities: BTreeSet<usize> = found.hits.iter().map(|hit| hit.hit.identity).collect();
    if identities.is_empty() {
        return found;
    }
    let (key, salt) = (key(), key().salt(1));
    let terms = collected(item, bytes, &Matcher::new(&[&stranger()]), &key, salt);
    for identity in identities {
        let identity = &subject.identities[identity];
        let said = String::from_utf8_lossy(&bytes[..bytes.len().min(400)]);
        let alone = Subject { identities: vec![identity.clone()] };
        let question = Question::new(once(&alone), empty(), &key);
        assert!(question.is_admitted_by(&terms, salt), "{}: {said}", identity.expose());
    }
    found
}

fn collected(item: &Item, bytes: &[u8], with: &Matcher, key: &TermKey, salt: Salt) -> Terms {
    let limits = ItemLimits::default();
    scan_and_collect(item, &mut &*bytes, with, &limits, key, salt).unwrap().1
}

fn stranger() -> Subject {
    let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
    Subject {
        identities: vec![
            raw(IdentityType::Email, "quentin.vasseur@fabrikam.example"),
            raw(IdentityType::Name, "Quentin Vasseur"),
        ],
    }
}

/// Whoever is known by a mark alone, or by a hash, is admitted where their address or id stands;
/// others are not, but by chance.
#[test]
fn marks_and_hashes_are_asked_of_the_filter() {
    let raw = |kind, value: &str| Identity::new(kind, IdentityFormat::Raw, value.to_owned());
    let hash = hex::encode(sha2::Sha256::digest("ann@contoso.com"));
    let table = [
        (raw(IdentityType::Email, "ann@contoso.com"), "to Ann@Contoso.com, and"),
        (raw(IdentityType::Email, "ann@contoso.com"), "ann_contoso.com#EXT#@fabrikam.example"),
        (raw(IdentityType::Email, "ann@contoso.com"), "to ann@con\n toso.com, and"),
        (raw(IdentityType::Email, "mira@bücher.example"), "to mira@xn--bcher-kva.example."),
        (Identity::new(IdentityType::Email, IdentityFormat::Sha256, hash), "<ann@contoso.com>"),
        (raw(IdentityType::ObjectId, GUID), "6F9619FF8B86D011B42D00CF4FC964FF"),
        (raw(IdentityType::Puid, "10037FFE80A1B2C3"), "puid=10037ffe80a1b2c3"),
    ];
    let (key, salt) = (key(), key().salt(7));
    let marks = MarkKey::new(&secret());
    for (identity, text) in table {
        let about = item("x");
        let terms = collected(&about, text.as_bytes(), &Matcher::new(&[]), &key, salt);
        let by_mark = |identity: &Identity| {
            Question::new(empty(), marks.mark(identity).into_iter(), &key)
                .is_admitted_by(&terms, salt)
        };
        assert!(by_mark(&identity), "{} in {text}", identity.expose());
        let strangers = (0..200)
            .map(|n| raw(IdentityType::Email, &format!("kofi.{n}@fabrikam.example")))
            .filter(|stranger| by_mark(stranger));
        let whom = "a mark is two terms, and such filters are small";
        assert_eq!(strangers.count(), 0, "{text}: {whom}");
    }
}

const GUID: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";

/// Which items are known, and which are read for everybody.
#[test]
fn what_depends_on_who_is_sought_is_read_for_everybody() {
    let text = b"by Kofi Mensa <kofi@fabrikam.example>".as_slice();
    let latin = b"step 1\nby Ren\xe9e Dubois\nstep 2\n".as_slice();
    let noise: Vec<u8> =
        (0..4096u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let table: [(&str, &[u8], bool); 8] = [
        ("text", text, true),
        ("empty", b"", true),
        ("json", br#"{"owner": "kofi"}"#, true),
        ("packed", &gzip(text), true),
        ("zipped", &zip(&[("a.txt", text), ("b.txt", b"two")]), true),
        ("another charset", latin, false),
        ("noise", &noise, false),
        ("packed noise", &gzip(&noise), false),
    ];
    let (key, salt) = (key(), key().salt(7));
    for (name, content, is_known) in table {
        let about = item("x");
        let terms = collected(&about, content, &Matcher::new(&[&stranger()]), &key, salt);
        assert_eq!(matches!(terms, Terms::Filter(_)), is_known, "{name}");
    }
}

/// A word may be broken, be written with other letters than are sought, or both.
#[test]
fn words_are_asked_for_in_pieces_however_they_are_written() {
    let people = [
        "Пётр Артёменко",
        "Ελένη Σταύρου",
        "Ștefan Țuțea-Popescu",
        "Semën O\u{2019}Brien",
        "Renée Dubois",
        "Mira Brandt",
    ];
    let mut found = 0;
    for name in people {
        let subject = subject(IdentityType::Name, name);
        let cuts: Vec<usize> = name.char_indices().map(|(at, _)| at).skip(1).collect();
        let breaks = ["\n", "-\n", "\r\n ", "\" \"", "\n# ", "\\\n  ", "=\n"];
        for (cut, parted) in cuts.iter().flat_map(|cut| breaks.map(|parted| (cut, parted))) {
            let (before, after) = name.split_at(*cut);
            for text in
                [format!("# by {before}{parted}{after}, of x"), format!("{before}{parted}{after}")]
            {
                let scan = scanned_and_asked(&item("x"), text.as_bytes(), &subject);
                found += usize::from(!scan.hits.is_empty());
            }
        }
    }
    assert!(found > 100, "{found} of them are found");
}

/// An address may be broken once and again, within its words and between them.
#[test]
fn addresses_are_asked_for_wherever_they_are_broken() {
    let breaks = ["\n", "-\n", "\r\n ", "\" \"", "\n# ", "\\\n  ", "=\n"];
    let mut found = 0;
    for address in ["mira@contoso.com", "m.brandt@labs.contoso.example", "renée@bücher.example"] {
        let subject = subject(IdentityType::Email, address);
        let cuts: Vec<usize> = address.char_indices().map(|(at, _)| at).skip(1).collect();
        let pairs = cuts.iter().flat_map(|one| cuts.iter().map(move |other| (*one, *other)));
        for (number, (one, other)) in pairs.filter(|(one, other)| one <= other).enumerate() {
            let kind = |number: usize| breaks[number % breaks.len()];
            let middle = &address[one..other];
            let (before, after) = (&address[..one], &address[other..]);
            for (first, second) in
                [(kind(number), kind(number)), (kind(number), kind(number / breaks.len()))]
            {
                let second = if middle.is_empty() { "" } else { second };
                let text = format!("# by <{before}{first}{middle}{second}{after}>, of x");
                let scan = scanned_and_asked(&item("x"), text.as_bytes(), &subject);
                found += usize::from(!scan.hits.is_empty());
            }
        }
    }
    assert!(found > 200, "{found} of them are found");
}

/// The words of an address are in many items that do not speak of it.
#[test]
fn words_of_an_address_apart_do_not_make_it() {
    let text = "ben of contoso, com port\nstarted by kofi@contoso.com\nstep 1: loss 0.5\n";
    let (key, salt) = (key(), key().salt(7));
    let terms = collected(&item("x"), text.as_bytes(), &Matcher::new(&[]), &key, salt);
    for (address, expected) in [("ben@contoso.com", false), ("kofi@contoso.com", true)] {
        let subject = subject(IdentityType::Email, address);
        let question = Question::new(once(&subject), empty(), &key);
        assert_eq!(question.is_admitted_by(&terms, salt), expected, "{address}");
    }
}

/// What stands between the words of a name may be glued to one of them.
#[test]
fn names_of_directories_and_titles_are_asked_for() {
    for (name, text, is_found) in [
        ("Ines Brandt", "CN=Brandt\\2CInes,OU=x", true),
        ("Ines Brandt", "CN=Brandt\\2C Ines,OU=x", true),
        ("Mira Osei", "{\"w\":\"Mira\",\"e\":\"B-PER\"},{\"w\":\"McOsei\",\"e\":\"I-PER\"}", false),
    ] {
        let subject = subject(IdentityType::Name, name);
        let scan = scanned_and_asked(&item("x"), text.as_bytes(), &subject);
        assert_eq!(!scan.hits.is_empty(), is_found, "{name} in {text}");
    }
}
