//! What may name somebody, though not surely enough to be masked in an export.
//!
//! Before a document is deleted as being about one person alone, every doubt counts: a value of a
//! key that speaks of people, an address of a form that few have. Words of prose do not: what is
//! named beside the person there is told by `beside`.

use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter};

use crate::domain::asked::subject::IdentityType;
use crate::matching::identity::addresses::{address_at, local_run_start};
use crate::matching::identity::names::neighbours::{is_joint, is_name_like, word_after};
use crate::matching::identity::weakness::COMMON;
use crate::matching::keys::people::{Speaks, speaks_of_people};
use crate::matching::keys::words::Words;
use crate::matching::people::named::{Identifier, NOBODY, SERVICES, is_hexadecimal};
use crate::matching::people::ranges::Ranges;
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::fold::folded;

/// Longest key, in bytes.
pub(super) const KEY_BYTES_MAX: usize = 64;

/// Longest value of one.
const VALUE_BYTES_MAX: usize = 240;

/// Most elements of a list that is the value of a key.
const ELEMENTS_MAX: usize = 16;

/// Longest name, in words and bytes.
const NAME_WORDS_MAX: usize = 5;
const NAME_BYTES_MAX: usize = 120;

/// Everything in a text that may name somebody; `own` are the places that name the subject.
pub fn doubts_in(
    text: &str,
    own: &[Range<usize>],
    found: &mut dyn FnMut(Identifier, Range<usize>),
) {
    let own = Ranges::new(own.to_vec());
    for at in memchr_iter(b'@', text.as_bytes()) {
        if let Some(range) = unusual_address(text, at)
            && !own.meet(&range)
        {
            found(identifier(IdentityType::Email, &text[range.clone()]), range);
        }
    }
    for at in memchr3_iter(b':', b'=', b'>', text.as_bytes()) {
        let Some(key) = key_before(text, at).map(|key| &text[key]) else { continue };
        let Some(speaks) = speaks_of_people(key) else { continue };
        for range in values_after(text, at + 1) {
            // The name of a column may be told of it as what it holds.
            let is_key = trimmed(&text[range.clone()]).eq_ignore_ascii_case(key);
            if !own.meet(&range)
                && !is_key
                && let Some(identifier) = named_by(&text[range.clone()], speaks)
            {
                found(identifier, range);
            }
        }
    }
}

/// What a value, or a part of a row, names.
pub(super) fn named_by(value: &str, speaks: Speaks) -> Option<Identifier> {
    let value = trimmed(value);
    let digits = value.trim_matches(['{', '}']);
    if is_hexadecimal(digits, 32) {
        let is_blank = digits.bytes().all(|byte| matches!(byte, b'0' | b'-'));
        return (!is_blank).then(|| identifier(IdentityType::ObjectId, digits));
    }
    if is_hexadecimal(value.rsplit(':').next().unwrap_or_default(), 16) {
        return Some(identifier(IdentityType::Puid, value));
    }
    if let Some(at) = value.find('@') {
        let range = address_at(value, at).or_else(|| unusual_address(value, at))?;
        return Some(identifier(IdentityType::Email, &value[range]));
    }
    if full_name(value) {
        return Some(identifier(IdentityType::Name, value));
    }
    (speaks == Speaks::Surely && may_be_alias(value))
        .then(|| identifier(IdentityType::Username, value))
}

/// Whether all of a text is a name of two words or more, by its capitals; or by its length, in the
/// scripts that have none.
pub(super) fn full_name(text: &str) -> bool {
    let text = trimmed(text);
    let words =
        || text.split([' ', '\u{a0}', '\u{3000}', ',', '・']).filter(|word| !word.is_empty());
    let shouts = !text.contains(char::is_lowercase);
    let is_part = |word: &str| is_name_like(word, shouts) || is_small_part(word);
    let is_cased = words().count() <= NAME_WORDS_MAX
        && words().filter(|word| is_name_like(word, shouts)).count() >= 2
        && words().all(is_part);
    let is_uncased = || {
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        text.chars().all(|c| {
            c.is_alphabetic() && !c.is_uppercase() && !c.is_lowercase()
                || c.is_whitespace()
                || unicode_normalization::char::is_combining_mark(c)
        }) && (2..=12).contains(&letters)
            && (words().count() == 2 || letters <= 6 && words().count() == 1)
    };
    text.len() <= NAME_BYTES_MAX && !is_technical(text) && (is_cased || is_uncased())
}

/// A particle or an initial.
fn is_small_part(word: &str) -> bool {
    let letters = word.trim_end_matches('.');
    letters.chars().count() == 1
        || letters.len() <= 4 && letters.chars().all(char::is_lowercase) && !is_joint(letters)
}

/// Whether a text has words of machines, methods and organisations, which are written like names.
pub(super) fn is_technical(text: &str) -> bool {
    static WORDS: Words = Words::of(
        "\
        accuracy agent ai analysis analyst api app architect artifact auto azure batch \
        bayes boost boosting bot classifier cloud cluster co community company compute \
        corp data dataset deep default department dev developer developers director \
        engineer engineering error experiment factory forest foundation gmbh google \
        gradient group head inc industries job lab labs layer lead learning limited \
        linear llc local logistic ltd machine matrix mean microsoft ml model network neural \
        nvidia officer ops pipeline platform production project random regression \
        research run scientist score server service services software square staging \
        studio support system systems team test tree university upload validation \
        vector windows",
    );
    let is_such = |word: &str| !word.is_empty() && WORDS.has(&word.to_lowercase());
    text.split(|c: char| !c.is_alphanumeric()).any(is_such)
}

/// Whether a value in one word is an alias.
pub(super) fn may_be_alias(value: &str) -> bool {
    static TYPES: Words = Words::of(
        "\
        any application array bool boolean char dict email false float guid id int \
        integer key list managedidentity name number object optional required str string \
        text type uuid varchar",
    );
    let lower = value.to_lowercase();
    let word = lower.rsplit('\\').next().unwrap_or_default();
    let letters = word.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 2
        && word.len() <= 64
        && word.starts_with(char::is_alphabetic)
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'))
        && !["self.", "args.", "os.", "cls.", "config."].iter().any(|code| word.starts_with(code))
        && !TYPES.has(word)
        && ![&NOBODY[..], &SERVICES, &COMMON].iter().any(|list| list.contains(&word))
        && !is_technical(word)
}

/// An address of an unusual form that may be somebody's: `ann@intranet`, `ann@[10.0.0.4]`.
pub(super) fn unusual_address(text: &str, at: usize) -> Option<Range<usize>> {
    const MEASURES: [&str; 9] =
        ["precision", "recall", "map", "ndcg", "hits", "hit", "accuracy", "top", "mrr"];
    const REFERENCES: [&str; 7] = ["latest", "main", "master", "head", "stable", "sha256", "dev"];
    let start = local_run_start(text, at);
    let local = text[start..at].to_lowercase();
    let before = &text[..start];
    let rest = &text[at + 1..];
    let len =
        rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':')));
    let host = rest[..len.unwrap_or(rest.len())].trim_end_matches(['.', '-', ':']);
    let host = if host.starts_with('[') { host } else { host.split([':', '[', ']']).next()? };
    let lower = host.to_lowercase();
    let is_version = lower.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    let is_somebody = is_wordy(&local)
        && (host.starts_with('[') || is_wordy(host))
        && !is_version
        && !is_hash(&lower)
        && !before.ends_with('/')
        && ![&NOBODY[..], &SERVICES, &COMMON, &MEASURES, &["git", "noreply", "no-reply"]]
            .iter()
            .any(|list| list.contains(&local.as_str()))
        && !REFERENCES.contains(&lower.as_str());
    is_somebody.then(|| start..at + 1 + host.len())
}

/// Whether something has three letters, and two of them side by side: bytes that are none have them
/// by turns with others.
fn is_wordy(text: &str) -> bool {
    let letters = || text.chars().map(char::is_alphabetic);
    letters().filter(|is_letter| *is_letter).count() >= 3
        && letters().zip(letters().skip(1)).any(|(one, next)| one && next)
}

/// Whether a word is digits of a hash. Twelve are what a container calls its machine.
fn is_hash(word: &str) -> bool {
    word.len() > 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// The key whose sign stands at `at`: quoted or not, of an option or an element.
pub(super) fn key_before(text: &str, at: usize) -> Option<Range<usize>> {
    let near = &text[ceil(text, at.saturating_sub(KEY_BYTES_MAX))..at];
    let key = near.trim_end_matches([' ', '\t']);
    let key = key.trim_end_matches(['"', '\'', '`', '\\']);
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let word = key.rsplit(|c| !is_part(c)).next()?;
    let end = at - near.len() + key.len();
    (!word.is_empty()).then(|| end - word.len()..end)
}

/// The values of a key whose sign ended at `at`: a string, a list, or the rest of a line.
pub(super) fn values_after(text: &str, at: usize) -> Vec<Range<usize>> {
    let near = at..floor(text, at + VALUE_BYTES_MAX);
    let gap = |at: usize, end: usize| {
        let rest = &text[at..end];
        at + rest.len() - rest.trim_start_matches([' ', '\t', '>', '=']).len()
    };
    let start = gap(near.start, near.end);
    let rest = &text[start..near.end];
    if let Some(list) = rest.strip_prefix('[') {
        let end = start + 1 + list.find(']').unwrap_or(list.len());
        return parted(text, start + 1..end, &[',']);
    }
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`' | '\\'));
    let (start, ends): (usize, &[char]) = match quote {
        Some('\\') => (start + rest.len().min(2), &['\\', '"', '\n']),
        Some('"') => (start + 1, &['"', '\n']),
        Some('\'') => (start + 1, &['\'', '\n']),
        Some(_) => (start + 1, &['`', '\n']),
        None if rest.starts_with(['\n', '\r']) => return below(text, near.end, start),
        // In a line of assignments a blank ends a value; a name has one.
        None => (start, &['\n', '\r', ';', '|', '{', '}', '<', '"', '&', '(', '\t', '\u{fffd}']),
    };
    let rest = &text[start.min(near.end)..near.end];
    let end = start + rest.find(ends).unwrap_or(rest.len());
    let whole = start..end.max(start);
    if quote.is_none() && text[end..].starts_with('(') && !text[whole.clone()].ends_with(' ') {
        // A call.
        return Vec::new();
    }
    let mut values = parted(text, whole.clone(), &[',', '&', '/']);
    if quote.is_none() {
        values.iter_mut().for_each(|value| value.end = value.start + phrase(&text[value.clone()]));
    }
    values
}

/// A list of YAML below its key.
fn below(text: &str, end: usize, start: usize) -> Vec<Range<usize>> {
    let mut values = Vec::new();
    let mut at = start;
    for line in text[start..end].split_inclusive('\n').skip_while(|line| line.trim().is_empty()) {
        let lead = text[at..end].len() - text[at..end].trim_start().len();
        let begin = at + lead;
        at = begin + line.trim().len();
        let Some(item) = line.trim().strip_prefix("- ") else { break };
        if values.len() == ELEMENTS_MAX {
            break;
        }
        values.push(at - item.len()..at);
    }
    values
}

/// A value in parts, by signs and by words that join.
fn parted(text: &str, whole: Range<usize>, signs: &[char]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    for piece in text[whole.clone()].split(signs).take(ELEMENTS_MAX) {
        let from = piece.as_ptr() as usize - text.as_ptr() as usize;
        let mut start = from;
        for (gap, _) in piece.match_indices(' ') {
            if word_after(&piece[gap..]).is_some_and(|(word, _)| is_joint(word)) {
                parts.push(start..from + gap);
                let word = piece[gap + 1..].find(' ').unwrap_or(piece.len() - gap - 1);
                start = from + gap + 1 + word;
            }
        }
        parts.push(start.min(from + piece.len())..from + piece.len());
    }
    parts
}

/// How far a value without quotes reaches: over the words of a name, else to the first blank. What
/// goes on as prose is no value.
fn phrase(value: &str) -> usize {
    let lead = value.len() - value.trim_start().len();
    let rest = &value[lead..];
    let mut end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    if rest.starts_with(char::is_uppercase) || !rest.is_ascii() {
        while let Some((word, _)) = word_after(&rest[end..]) {
            if !is_name_like(word, false) && !is_small_part(word) && word.is_ascii() {
                break;
            }
            end += 1 + word.len();
            end = floor(rest, end);
        }
    } else if let Some((word, further)) = word_after(&rest[end..])
        && !word.contains('@')
        && !further.starts_with(['=', ':'])
    {
        return 0;
    }
    lead + end
}

pub(super) fn identifier(kind: IdentityType, value: &str) -> Identifier {
    Identifier { kind, value: folded(trimmed(value)) }
}

/// Without what may stand around a cell, an element or a bullet.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '"' | '\'' | '`' | '*' | '<' | '>' | '(' | ')' | '\\' | ',' | ';')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        doubts_in(text, &[], &mut |identifier, range| {
            assert!(text.get(range).is_some());
            all.push(format!("{} {}", identifier.kind.as_str(), identifier.value));
        });
        all
    }

    #[test]
    fn what_may_name_somebody() {
        for (text, expected) in [
            (
                r#"{"created_by": "Kofi Brandt", "created_by_type": "User"}"#,
                vec!["name kofi brandt"],
            ),
            (r#""last-modified-by": "Ines Falk""#, vec!["name ines falk"]),
            ("created_by: Lars Weber\ncreated_by_type: User\n", vec!["name lars weber"]),
            ("  createdBy: Tom Adler\n", vec!["name tom adler"]),
            ("user_id: kofib\n", vec!["username kofib"]),
            (
                "maintainers:\n  - Kofi Brandt\n  - ines\nname: x\n",
                vec!["name kofi brandt", "username ines"],
            ),
            (
                "\"authors\": [\"Kofi Brandt\", \"Ines Falk\"]",
                vec!["name kofi brandt", "name ines falk"],
            ),
            ("author: Kofi Brandt and Ines Falk\n", vec!["name kofi brandt", "name ines falk"]),
            ("Author: Kofi Brandt <kofi@x.de>", vec!["name kofi brandt"]),
            ("<owner>Kofi Brandt</owner>", vec!["name kofi brandt"]),
            (
                "owner_oid: 11111111-2222-3333-4444-555555555555",
                vec!["object_id 11111111-2222-3333-4444-555555555555"],
            ),
            (
                "mail kofi.brandt@nordlicht and kofi@[10.0.0.4]",
                vec!["email kofi.brandt@nordlicht", "email kofi@[10.0.0.4]"],
            ),
            ("u003ckofi@nordlicht.exampleu003e", vec!["email u003ckofi@nordlicht.exampleu003e"]),
            ("user=kofib action=login", vec!["username kofib"]),
            ("reviewedBy: 山田太郎", vec!["name 山田太郎"]),
        ] {
            let told = told(text);
            for expected in expected {
                assert!(told.contains(&expected.to_owned()), "{text}: {told:?}");
            }
        }
    }

    #[test]
    fn what_names_nobody() {
        for text in [
            r#"{"createdBy": null, "createdByType": "Application", "userTenantId": "1"}"#,
            r#"{"user": {"userName": "x"}, "displayName": "Quiet River", "name": "churn"}"#,
            "created_by: created_by\nowner: \"owner\"",
            "user = get_user()\nowner=args.owner\nauthor=None\nuser: str\n",
            "owner: data-platform-team\nauthor: scikit-learn developers\nmaintainer: Microsoft\n",
            "owner: azureml\nuser=root\nusername: azureuser\nlogin: true\n",
            "uses: actions/checkout@v4\nimage: x@sha256:abc\ngit@github.com:a/b\n",
            "precision@k recall@topk @property x@1.2 root@gpu-01",
            "from: 2024-01-01\nto: /data/out\nemail: \"\"\ncontact: see below",
            "sorted_by: date\norder_by: name\nuser_agent: Mozilla Firefox\n",
            "userManagedDependencies: false\nuser_logs: std_log.txt\nteam: Data Science",
        ] {
            assert_eq!(told(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn full_names() {
        for text in [
            "Kofi Brandt",
            "Kofi van der Brandt",
            "KOFI BRANDT",
            "Brandt, Kofi",
            "山田 太郎",
            "Kofi A. Brandt",
        ] {
            assert!(full_name(text), "{text}");
        }
        for text in
            ["kofi", "Random Forest", "Kofi", "the Run", "Data Scientist", "a b", "Run 7", "x"]
        {
            assert!(!full_name(text), "{text}");
        }
    }
}
