//! Values after keys that speak of people, joined where they are of one record and of one person:
//! `mail`, `oid` and `displayName` of an object, `reviewer` and `reviewer_email` of a line.

use std::collections::HashMap;
use std::ops::Range;

use memchr::memchr3_iter;

use crate::domain::asked::subject::IdentityType;
use crate::matching::identity::names::neighbours::is_joint;
use crate::matching::identity::users::aliases::BESIDE_BYTES;
use crate::matching::identity::users::sections::is_in_section;
use crate::matching::keys::parts::Part;
use crate::matching::keys::people::{Speaks, plain, speaks_of_people};
use crate::matching::keys::sorts::{Key, Sort};
use crate::matching::people::doubts::{
    KEY_BYTES_MAX, full_name, identifier, key_before, may_be_alias, named_by, trimmed, values_after,
};
use crate::matching::people::named::Named;
use crate::matching::people::records::bounds::{Bounds, Lines, Record, are_of_one_block};
use crate::matching::people::records::elements::Elements;
use crate::matching::people::records::values::{range_of, value_of};
use crate::matching::put::stands_at;
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::fold::folded;

/// Keys that are remembered while a text is gone over: a text has many keys, and few of a kind.
const KEYS_MAX: usize = 4096;

/// Values of one record that are held together.
const FIELDS_MAX: usize = 64;

/// Longest address, in bytes.
const ADDRESS_BYTES_MAX: usize = 320;

/// A value with its key, in its record.
struct Field<'a> {
    /// The key as it stands there.
    word: &'a str,
    key: Key,
    record: Record,
    value: Range<usize>,
}

/// Everyone who is named by values of keys. Each group is of one person.
pub fn fields_in(text: &str, found: &mut dyn FnMut(Vec<Named>)) {
    let fields = fields(text, found);
    let mut open: HashMap<(Record, String), Vec<Field<'_>>> = HashMap::new();
    let mut order: Vec<(Record, String)> = Vec::new();
    for field in blocks(text, fields) {
        let place = (field.record, field.key.whose.clone());
        let held = open.entry(place.clone()).or_insert_with(|| {
            order.push(place);
            Vec::new()
        });
        // What has the same key twice is two records, and two addresses are not one user's.
        let differ = |one: &str, other: &str| {
            one.contains('@') && other.contains('@') && !one.eq_ignore_ascii_case(other)
        };
        let is_again = |earlier: &Field<'_>| {
            let is_of_address = [earlier, &field].iter().any(|one| one.key.is_of_address());
            let is_anothers = || differ(&text[earlier.value.clone()], &text[field.value.clone()]);
            is_of_address && is_anothers()
                || earlier.key.sort == field.key.sort
                    && (!matches!(field.key.sort, Sort::Role | Sort::Number | Sort::Phone)
                        || earlier.word == field.word
                        || is_anothers())
        };
        if held.len() >= FIELDS_MAX || held.iter().any(is_again) {
            close(text, std::mem::take(held), found);
        }
        held.push(field);
    }
    for place in order {
        close(text, open.remove(&place).unwrap_or_default(), found);
    }
}

/// Single values, in order; those of lists are told at once, each by itself.
fn fields<'a>(text: &'a str, found: &mut dyn FnMut(Vec<Named>)) -> Vec<Field<'a>> {
    let mut known: HashMap<&str, Option<Key>> = HashMap::new();
    let mut records: Option<(Bounds<'_>, Elements)> = None;
    let mut fields = Vec::new();
    let signs = memchr3_iter(b':', b'=', b'>', text.as_bytes());
    for at in signs.filter(|at| may_be_key(&text.as_bytes()[..*at])) {
        let Some(word) = key_before(text, at) else { continue };
        // The time of a line has colons too.
        let is_word = text[word.clone()].starts_with(|c: char| c.is_alphabetic() || c == '_');
        if !is_word || text[..word.start].ends_with("</") {
            continue;
        }
        if known.len() > KEYS_MAX {
            known.clear();
        }
        let key = known.entry(&text[word.clone()]).or_insert_with_key(|key| Key::of(key));
        // Whatever a key is called: parts of a name beside an address are of whoever has it.
        let key = key.clone().or_else(|| begins_with_address(text, at + 1).then(Key::of_address));
        let Some(key) = key else { continue };
        if is_of_service(text, &text[word.clone()], at) {
            continue;
        }
        let (bounds, elements) =
            records.get_or_insert_with(|| (Bounds::of(text), Elements::of(text)));
        let element = elements.record(word.start).map(Record::Element);
        let record = element.unwrap_or_else(|| bounds.record(word.start));
        match values(text, at + 1).as_slice() {
            // The name of a column, told of it as what it holds.
            [value] if trimmed(&text[value.clone()]).eq_ignore_ascii_case(&text[word.clone()]) => {}
            [value] => {
                let word = &text[word];
                fields.push(Field { word, key, record, value: value.clone() });
            }
            values => {
                for value in values {
                    let named = value_of(text, &key, value).filter(|_| tells(&key));
                    found(named.into_iter().collect());
                }
            }
        }
    }
    fields
}

/// Whether bytes may end with a key, told by a look at a few of them: most signs stand in times,
/// numbers and code.
fn may_be_key(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(KEY_BYTES_MAX)..];
    let trimmed = |bytes: &[u8], signs: &[u8]| {
        bytes.iter().rposition(|byte| !signs.contains(byte)).map_or(0, |last| last + 1)
    };
    let key = &near[..trimmed(near, b" \t")];
    let key = &key[..trimmed(key, b"\"'`\\")];
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let word = &key[key.iter().rposition(|byte| !is_part(byte)).map_or(0, |last| last + 1)..];
    // Beyond ASCII a letter or a sign may stand before it.
    let is_cut = key.len() > word.len() && !key[key.len() - word.len() - 1].is_ascii();
    is_cut || word.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
}

/// Whether the value after a sign that ended at `at` is an address.
fn begins_with_address(text: &str, at: usize) -> bool {
    let near = &text.as_bytes()[at..text.len().min(at + ADDRESS_BYTES_MAX)];
    let is_open = |byte: &u8| b" \t\"'".contains(byte);
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-+@".contains(byte);
    let value = near.iter().skip_while(|byte| is_open(byte)).take_while(|byte| is_part(byte));
    value.filter(|byte| **byte == b'@').count() == 1
}

/// The values after a sign that ended at `at`. An address without quotes ends at the first blank.
fn values(text: &str, at: usize) -> Vec<Range<usize>> {
    // The last one parts strings of a binary.
    const ENDS: &[char] =
        &[',', ';', '&', '|', '"', '\'', '<', '>', '(', ')', '{', '}', char::REPLACEMENT_CHARACTER];
    let near = &text[at..floor(text, at + ADDRESS_BYTES_MAX)];
    let rest = near.trim_start_matches([' ', '\t']);
    let end = rest.find(|c: char| c.is_whitespace() || ENDS.contains(&c)).unwrap_or(rest.len());
    if rest[..end].contains('@') {
        return vec![range_of(text, &rest[..end])];
    }
    let mut values = values_after(text, at);
    if values.len() > 1 {
        // A comma may part a number from the next key.
        values.retain(|value| !text[value.clone()].trim().is_empty());
    }
    whole(text, values)
}

/// One name that a comma parts is one value; what comes after more than a comma is none.
fn whole(text: &str, mut values: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let goes_on = |pair: &[Range<usize>]| {
        let between = text.get(pair[0].end..pair[1].start).unwrap_or_default();
        let sign = between.trim_matches(|c: char| c.is_whitespace() || "\"'`-".contains(c));
        let is_key = text[pair[1].clone()].contains([':', '=']);
        !is_key && (sign.is_empty() || [",", "&", "/", ";"].contains(&sign) || is_joint(sign))
    };
    let end = values.windows(2).position(|pair| !goes_on(pair));
    values.truncate(end.map_or(values.len(), |end| end + 1));
    match values.as_slice() {
        [family, given] if !full_name(&text[family.clone()]) => {
            let both = family.start..given.end;
            let is_one = full_name(&text[both.clone()]) && text[both.clone()].contains(',');
            if is_one { vec![both] } else { values }
        }
        _ => values,
    }
}

/// Whether a value of this key alone names somebody.
fn tells(key: &Key) -> bool {
    key.surely || matches!(key.sort, Sort::Role | Sort::Mail | Sort::Puid)
}

/// Lines with one value each, as blocks.
fn blocks<'a>(text: &str, mut fields: Vec<Field<'a>>) -> Vec<Field<'a>> {
    let mut block: Option<usize> = None;
    let mut lines = Lines::of(text);
    let starts: Vec<usize> = fields.iter().map(|field| lines.start(field.value.start)).collect();
    for index in 0..fields.len() {
        let Record::Line(line) = fields[index].record else {
            block = None;
            continue;
        };
        let is_beside = |other: usize| {
            let other = fields.get(other).zip(starts.get(other));
            other.is_some_and(|(other, start)| {
                matches!(other.record, Record::Line(_)) && *start == line
            })
        };
        let before = index.checked_sub(1);
        if before.is_some_and(is_beside) || is_beside(index + 1) {
            block = None;
            continue;
        }
        let above = before.map(|before| starts[before]);
        match (block, above) {
            (Some(first), Some(above)) if are_of_one_block(text, above, line) => {
                fields[index].record = Record::Line(first);
            }
            _ => block = Some(line),
        }
    }
    fields
}

/// Tells who the values of one record are, that are of one person as their keys say.
fn close(text: &str, fields: Vec<Field<'_>>, found: &mut dyn FnMut(Vec<Named>)) {
    let is_label = |field: &&Field<'_>| field.key.sort == Sort::Label;
    let labels: Vec<Range<usize>> =
        fields.iter().filter(is_label).map(|field| field.value.clone()).collect();
    let told: Vec<(Field<'_>, Named)> = fields
        .into_iter()
        .filter_map(|field| {
            let named = value_of(text, &field.key, &field.value)?;
            Some((field, named))
        })
        .collect();
    let is_own = |(field, (named, _)): &(Field<'_>, Named)| {
        let has_sign = matches!(
            named.kind,
            IdentityType::Email | IdentityType::Upn | IdentityType::ObjectId | IdentityType::Puid
        );
        let is_plain = matches!(field.key.sort, Sort::ObjectId | Sort::Role);
        field.key.is_personal() || is_plain && has_sign && field.key.whose.is_empty()
    };
    let is_of_person = told.iter().any(is_own);
    let of_address = told.iter().find(|(field, _)| field.key.is_of_address());
    let of_address = of_address.map(|(_, address)| address.clone()).filter(|_| !is_of_person);
    let mut group: Vec<Named> = Vec::new();
    let called = aliases_of(text, &labels, &told);
    let mut parts: Vec<(Part, Range<usize>)> = Vec::new();
    let local = told
        .iter()
        .find_map(|(_, (named, _))| named.value.split_once('@').map(|(l, _)| l.to_owned()));
    for (field, (named, range)) in told {
        let is_theirs = || field.key.sort == Sort::Label && is_of_users(text, &range);
        let looks_so =
            || field.key.perhaps && named_by(&text[range.clone()], Speaks::Perhaps).is_some();
        let is_role = field.key.sort == Sort::Role || field.key.surely || looks_so();
        let is_spelled = local.as_deref().is_some_and(|local| is_spelled(&named.value, local));
        match field.key.sort {
            Sort::Part(part) if is_of_person || of_address.is_some() => parts.push((part, range)),
            // Beside an address whose key says nothing it may be somebody else's: of a customer,
            // and not of who is in charge.
            Sort::Number | Sort::Phone if of_address.is_some() => found(vec![(named, range)]),
            Sort::Part(_) | Sort::Address => {}
            _ if is_of_person || is_role || is_spelled || is_theirs() => group.push((named, range)),
            _ => {}
        }
    }
    let given = parts.iter().find(|(part, _)| *part == Part::Given);
    let family = parts.iter().find(|(part, _)| *part == Part::Family);
    if let (Some((_, given)), Some((_, family))) = (given, family) {
        let both = [given, family].map(|part| trimmed(&text[part.clone()]));
        let name = identifier(IdentityType::Name, &both.join(" "));
        group.extend([given, family].map(|part| (name.clone(), part.clone())));
    }
    if !group.is_empty() {
        group.extend(called);
        group.extend(of_address);
        found(group);
    }
}

/// Values of `name` that are aliases of whoever the record gives a full name: things have neither a
/// `real_name` nor a name that spells theirs.
fn aliases_of(text: &str, labels: &[Range<usize>], told: &[(Field<'_>, Named)]) -> Vec<Named> {
    let is_real = |word: &str| {
        let plain = plain(word);
        matches!(plain.strip_prefix("user").unwrap_or(&plain), "realname" | "fullname")
    };
    let is_theirs = |alias: &str| {
        told.iter().any(|(field, (named, _))| {
            field.key.sort == Sort::Name && (is_real(field.word) || is_made_of(alias, &named.value))
        })
    };
    let values = labels.iter().map(|value| trimmed(&text[value.clone()]));
    let aliases: Vec<&str> = values.filter(|value| may_be_alias(value)).collect();
    // Of two nobody knows which it is.
    let [alias] = aliases.as_slice() else { return Vec::new() };
    let named = (identifier(IdentityType::Username, alias), range_of(text, alias));
    if is_theirs(alias) && !stands_at(text, named.1.start) { vec![named] } else { Vec::new() }
}

/// Whether an alias has a whole word of a name, and beside it nothing but the beginning of another:
/// `kofi.m`, `kmensa`, `mensa-k`.
fn is_made_of(alias: &str, name: &str) -> bool {
    let alias = plain(alias);
    let words: Vec<&str> = name.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let is_long = |word: &&&str| word.chars().count() > 2;
    words.iter().filter(is_long).any(|word| {
        let rest = alias.strip_prefix(word).or_else(|| alias.strip_suffix(word));
        let is_begun = |rest: &str| words.iter().any(|other| other.starts_with(rest));
        rest.is_some_and(is_begun)
    })
}

/// Whether a name stands in an object of somebody: `"authors": [{"name": …`.
fn is_of_users(text: &str, value: &Range<usize>) -> bool {
    let before = &text[ceil(text, value.start.saturating_sub(BESIDE_BYTES))..value.start];
    is_in_section(before.to_lowercase().trim_end_matches(['"', '\'', ' '])) || lists_people(before)
}

/// Whether what is open here is a list of people, or one of them: `maintainers = [{name = `.
fn lists_people(before: &str) -> bool {
    let mut depth = 0;
    for (at, c) in before.char_indices().rev() {
        match c {
            '}' | ']' => depth += 1,
            '{' | '[' if depth > 0 => depth -= 1,
            '{' | '[' => {
                let signed = before[..at].trim_end();
                if let Some(key) = signed.strip_suffix([':', '=']) {
                    let key = key.trim_end_matches([' ', '"', '\'', '\\']);
                    let word = key.rsplit(|c: char| !c.is_alphanumeric() && !"_-".contains(c));
                    let word = word.into_iter().next().unwrap_or_default();
                    return speaks_of_people(word) == Some(Speaks::Surely);
                }
            }
            _ => {}
        }
    }
    false
}

/// Whether the words of a name are those of a local part.
fn is_spelled(name: &str, local: &str) -> bool {
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1);
    words.clone().count() > 1 && words.all(|word| local.contains(word))
}

/// Whether another key says that no person did it: `"createdByType": "Application"`.
fn is_of_service(text: &str, key: &str, sign: usize) -> bool {
    const BESIDE_BYTES: usize = 300;
    if !key.ends_with(['y', 'Y']) {
        return false;
    }
    let beside = &text[sign..floor(text, sign + BESIDE_BYTES)];
    let plain: String =
        folded(beside).chars().filter(|c| c.is_alphanumeric() || "{}".contains(*c)).collect();
    let key: String = folded(key).chars().filter(|c| c.is_alphanumeric()).collect();
    let object = plain.split(['{', '}']).next().unwrap_or_default();
    let Some((_, kind)) = object.split_once(&format!("{key}type")) else { return false };
    ["application", "managedidentity", "key"].iter().any(|other| kind.starts_with(other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_key_is_passed_over(text in "([a-zA-Zé名0-9_.\"' \\\\:=>-]|[a-z]{3,9}[: =]){0,90}:") {
            for (at, _) in text.match_indices([':', '=', '>']) {
                let word = key_before(&text, at).map(|word| &text[word]);
                let is_key = word.is_some_and(|word| {
                    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
                });
                prop_assert!(!is_key || may_be_key(&text.as_bytes()[..at]), "{:?}", word);
            }
        }
    }

    fn told(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        fields_in(text, &mut |named| {
            let one = |(identifier, range): &Named| {
                assert!(text.get(range.clone()).is_some());
                identifier.value.clone()
            };
            if !named.is_empty() {
                all.push(named.iter().map(one).collect::<Vec<_>>().join(", "));
            }
        });
        all.sort();
        all
    }

    const OID: &str = "22222222-3333-4444-5555-666666666666";

    fn assert_told(text: &str, expected: &[&str]) {
        let text = text.replace("OID", OID);
        let expected: Vec<String> = expected.iter().map(|one| one.replace("OID", OID)).collect();
        assert_eq!(told(&text), expected, "{text}");
    }

    #[test]
    fn who_is_one_person() {
        for (text, expected) in [
            (
                r#"{"mail": "k@x.org", "oid": "OID", "displayName": "Kofi Brandt"}"#,
                vec!["k@x.org, OID, kofi brandt"],
            ),
            (
                "mail: k@x.org\noid: OID\nname: Kofi Brandt\n\nname: Quiet River\n",
                vec!["k@x.org, OID, kofi brandt"],
            ),
            ("user=k@x.org oid=OID puid=1003200298765432", vec!["k@x.org, OID, 1003200298765432"]),
            (
                "reviewer: Kofi Brandt, reviewer_email: k@x.org, owner_email: i@x.org",
                vec!["i@x.org", "kofi brandt, k@x.org"],
            ),
            (
                "- mail: k@x.org\n  oid: OID\n- mail: i@x.org\n  name: Ines Falk\n",
                vec!["i@x.org, ines falk", "k@x.org, OID"],
            ),
            (
                "user=k@x.org oid=OID\nuser=i@x.org name=\"Ines Falk\"\n",
                vec!["i@x.org, ines falk", "k@x.org, OID"],
            ),
            (
                r#"[{"mail": "k@x.org", "givenName": "Kofi", "sn": "Brandt"},{"mail":"i@x.org"}]"#,
                vec!["i@x.org", "k@x.org, kofi brandt, kofi brandt"],
            ),
            (
                r#"{"displayName": "quiet river", "owner": "k@x.org", "runId": "OID"}"#,
                vec!["k@x.org"],
            ),
            (
                "<user><mail>k@x.org</mail><name>Kofi Brandt</name></user>",
                vec!["k@x.org, kofi brandt"],
            ),
        ] {
            assert_told(text, &expected);
        }
    }

    #[test]
    fn who_is_named_by_keys_and_lists() {
        for (text, expected) in [
            (r#"{"createdBy": "x app", "createdByType": "Application"}"#, vec![]),
            ("created_by: created_by\nowner: owner\nowner: kofib", vec!["kofib"]),
            (
                "created_by: Kofi Brandt\nlast_modified_by: Ines Falk\n",
                vec!["ines falk", "kofi brandt"],
            ),
            ("https://x/u?user=k%40x.org&oid=OID", vec!["OID"]),
            (
                "user.email=k@x.org user.name=\"Kofi Brandt\" phone=+49 30 123456 \
                 passport=C01X00T47 id=7\n",
                vec!["k@x.org, kofi brandt, +49 30 123456, c01x00t47"],
            ),
            (
                r#"{"e": "k@x.org", "customer_id": 38449609, "score": 1200000, "name": "Churn"}"#,
                vec!["38449609"],
            ),
            (
                r#"{"name": "kofi.m", "real_name": "Kofi Mensa", "profile": {"email": "k@x.org"}}"#,
                vec!["k@x.org", "kofi mensa, kofi.m"],
            ),
            (
                r#"{"mail": "k@x.org", "displayName": "Kofi Mensa", "name": "kmensa"}"#,
                vec!["k@x.org, kofi mensa, kmensa"],
            ),
            (
                r#"{"mail": "k@x.org", "displayName": "Kofi Mensa", "name": "churn-model"}"#,
                vec!["k@x.org, kofi mensa"],
            ),
            (r#"{"name": "churn", "created_by": "Kofi Mensa"}"#, vec!["kofi mensa"]),
            (
                "UPDATE users SET phone = '+49 30 123456' WHERE mail = 'k@x.org';",
                vec!["+49 30 123456, k@x.org"],
            ),
            ("user=k@x.org action=login path=/mnt/azureml/x\n", vec!["k@x.org"]),
            ("user=kofib action=login path=/mnt/azureml/x\n", vec!["kofib"]),
            ("owners: [kofib, inesf]\n", vec!["inesf", "kofib"]),
            ("authors: Kofi Brandt and Ines Falk\n", vec!["ines falk", "kofi brandt"]),
            (
                "EMAIL:i@x.org\nVERSION:3\nEMAIL;TYPE=work:k@x.org\nTEL:+49 30 123456\n",
                vec!["+49 30 123456", "i@x.org"],
            ),
            ("contact: Kofi Brandt\nfrom: src\nto: production\n", vec!["kofi brandt"]),
            (r#"{"fullName": "Kofi Brandt", "displayName": "Quiet River"}"#, vec!["kofi brandt"]),
            (
                r#"{"authors": [{"name": "Kofi Brandt"}], "x": [{"name": "Ines"}]}"#,
                vec!["kofi brandt"],
            ),
            (r#"{"assignedUser": {"objectId": "OID"}}"#, vec!["OID"]),
            (
                "maintainers = [{name = \"Kofi Brandt\", x = 1}, {name = \"Ines Falk\"}]",
                vec!["ines falk", "kofi brandt"],
            ),
            (
                "<all><who mail='i@x.org'><name>Ines Falk</name></who><who>\
                 <givenName>Kofi</givenName><sn>Brandt</sn><mail>k@x.org</mail></who></all>",
                vec!["i@x.org, ines falk", "k@x.org, kofi brandt, kofi brandt"],
            ),
            (r#"{"tenantId": "OID", "objectId": "OID", "name": "Churn Model"}"#, vec!["OID"]),
        ] {
            assert_told(text, &expected);
        }
    }
}
