//! The matcher against an oracle that is slow and obviously right, on generated texts in generated
//! encodings, read in pieces of any size.

use std::collections::BTreeSet;
use std::io::{self, Read};

use dsrd::domain::asked::subject::IdentityType;
use dsrd::matching::limits::ItemLimits;
use dsrd::matching::matcher::Matcher;
use dsrd::matching::scan::scan;
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use crate::matching::{ann, gzip, item, stored, tar, zip};
use crate::terms::scanned;

/// Words that speak of the subject, nearly do, or do not; none holds white space.
pub const WORDS: [&str; 62] = [
    "ann@contoso.com",
    "ANN@Contoso.com,",
    "<ann@contoso.com>",
    "(ann@contoso.com).",
    "joann@contoso.com",
    "ann@contoso.comx",
    "ann@contoso.com.evil.org",
    "ann+x@contoso.com",
    "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
    "{6F9619FF-8B86-D011-B42D-00CF4FC964FF}",
    "6f9619ff8b86d011b42d00cf4fc964ff,",
    "6f9619ff-8b86-d011-b42d-00cf4fc964fe",
    "06f9619ff8b86d011b42d00cf4fc964ff",
    "1:live.com:10037FFE80A1B2C3",
    "10037ffe80a1b2c3;",
    "10037FFE80A1B2C3D",
    "Ann",
    "ANN",
    "Joann",
    "Lefèvre",
    "LEFÈVRE,",
    "Lefe\u{300}vre.",
    "Lefèvre,",
    "Lefèvres",
    "Lefevre",
    "Juan",
    "García",
    "López",
    "López,",
    "López.",
    "/home/ann/x",
    "Users/ann/train.py",
    "/home/joann/x",
    "/home/bob/ann/",
    "models/ann/x",
    "C:\\Users\\ANN",
    "c-1029384",
    "(C-1029384)",
    "C-10293845",
    "XC-1029384",
    "山田",
    "太郎",
    "山田太郎",
    "太郎山田",
    "山田次郎",
    "the",
    "run",
    "of",
    "2026-11-23T09:00:00Z",
    "loss=0.515",
    "100%",
    "a&b",
    "R&D;",
    "x=y",
    "[INFO]",
    "naïve",
    "日本",
    "ｶﾅ",
    "ß",
    "İ",
    "-",
    "…",
];

/// The kinds of identities that a text speaks of, by the rules as a lawyer would state them.
fn oracle(words: &[&str]) -> BTreeSet<IdentityType> {
    let fold =
        |word: &str| word.nfkc().collect::<String>().to_lowercase().nfkc().collect::<String>();
    let bare = |word: &str| fold(word).trim_matches(|c| "<>(){},;.".contains(c)).to_owned();
    let mut kinds = BTreeSet::new();
    for word in words {
        let word = bare(word);
        if word == "ann@contoso.com" {
            kinds.insert(IdentityType::Email);
        }
        if word.replace('-', "") == "6f9619ff8b86d011b42d00cf4fc964ff" {
            kinds.insert(IdentityType::ObjectId);
        }
        if word.trim_start_matches("1:live.com:") == "10037ffe80a1b2c3" {
            kinds.insert(IdentityType::Puid);
        }
        if word == "c-1029384" {
            kinds.insert(IdentityType::ControllerCustomerId);
        }
        let folders: Vec<&str> = word.split(['/', '\\']).collect();
        if folders.windows(2).any(|two| ["home", "users"].contains(&two[0]) && two[1] == "ann") {
            kinds.insert(IdentityType::Username);
        }
        if ["山田太郎", "太郎山田"].contains(&word.as_str()) {
            kinds.insert(IdentityType::Name);
        }
    }
    let is_name = |words: &[&str], names: &[&[&str]]| {
        let words: Vec<String> = words.iter().map(|word| fold(word)).collect();
        names.iter().any(|name| {
            let last = name.len() - 1;
            words.len() > last
                && words[..last].iter().zip(*name).all(|(word, name)| word == name)
                // What follows the last word may adjoin it, but no letter.
                && words[last].strip_prefix(name[last]).is_some_and(|rest| ["", ",", "."].contains(&rest))
        })
    };
    let western: [&[&str]; 4] = [
        &["ann", "lefèvre"],
        &["lefèvre,", "ann"],
        &["juan", "garcía", "lópez"],
        &["garcía", "lópez,", "juan"],
    ];
    let eastern: [&[&str]; 2] = [&["山田", "太郎"], &["太郎", "山田"]];
    for at in 0..words.len() {
        let family_last = is_name(&words[at..], &[&["lópez,", "juan", "garcía"]]);
        if is_name(&words[at..], &western) || is_name(&words[at..], &eastern) || family_last {
            kinds.insert(IdentityType::Name);
        }
    }
    kinds
}

/// Gives its bytes in pieces of these sizes, over and over.
pub struct Pieces<'a> {
    pub bytes: &'a [u8],
    pub sizes: Vec<usize>,
    pub turn: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.turn += 1;
        let size = self.sizes[self.turn % self.sizes.len()].min(buffer.len()).max(1);
        let buffer = &mut buffer[..size];
        self.bytes.read(buffer)
    }
}

/// What a reader cannot tell either: East Asian words may adjoin others of their kind, a folder of
/// a user may have a full name (`C:\\Users\\Ann Lefèvre`), words of a name may end one row and
/// begin the next, and a comma may part two names.
fn has_doubt(words: &[&str], gaps: &[&str]) -> bool {
    let is_part = |word: &str| word.starts_with(['A', 'L', 'J', 'G', '山', '太']);
    let is_row =
        |(two, gap): (&[&str], &&str)| gap.contains('\n') && two.iter().all(|word| is_part(word));
    let is_listed = |at: usize| {
        let beside = [at.checked_sub(1), Some(at + 2)].map(|at| words.get(at?));
        words[at].ends_with(',') && beside.into_iter().flatten().any(|word| is_part(word))
    };
    if words.windows(2).zip(gaps).any(is_row) || (0..words.len()).any(is_listed) {
        return true;
    }
    let is_eastern =
        |word: &&str| ["山田", "太郎", "山田太郎", "太郎山田", "山田次郎", "日本"].contains(word);
    let is_folder = |two: &[&str]| two[0].ends_with("\\ANN") && two[1].starts_with(['L', 'l']);
    words.windows(2).any(|two| two.iter().all(is_eastern) || is_folder(two))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_matcher_agrees(
        words in proptest::collection::vec(proptest::sample::select(WORDS.to_vec()), 1..30),
        gaps in proptest::collection::vec(proptest::sample::select(vec![" ", "\n", "  ", "\t", "\r\n"]), 30),
        way in proptest::sample::select(stored()),
        container in 0usize..5,
        padding in 0usize..6000,
        sizes in proptest::collection::vec(1usize..5000, 1..5),
    ) {
        prop_assume!(!has_doubt(&words, &gaps));
        let text: String = words.iter().zip(&gaps).flat_map(|(word, gap)| [*word, *gap]).collect();
        // A binary that goes on as UTF-16 for pages is UTF-16.
        let padding = if way.0 == "binary with utf-16" { 0 } else { padding };
        let text = format!("{}{text}", "lorem ipsum\n".repeat(padding / 12));
        let bytes = way.1(&text);
        let bytes = match container {
            0 => gzip(&bytes),
            1 => zip(&[("a", &bytes)]),
            2 => tar(&bytes),
            _ => bytes,
        };
        let mut content = Pieces { bytes: &bytes, sizes, turn: 0 };
        let subject = ann();
        let scan = scan(&item("x"), &mut content, &Matcher::new(&[&subject]), &ItemLimits::default()).unwrap();
        scanned(&item("x"), &mut &*bytes, &subject);
        let found: BTreeSet<_> =
            scan.hits.iter().map(|hit| subject.identities[hit.hit.identity].kind).collect();
        prop_assert_eq!(found, oracle(&words), "{} {:?} {:?}", way.0, text, scan.unreadable);
        prop_assert!(scan.unreadable.is_empty(), "{:?}", scan.unreadable);
    }
}
