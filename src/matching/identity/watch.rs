//! People who are known by keyed hashes alone: every address, GUID and passport id that is met is
//! hashed and looked up. Other names have no shape by which they could be met.
//!
//! Stands in a matcher beside the subjects, and costs nothing where nobody is watched for.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::asked::subject::Identity;
use crate::matching::identity::patterns::{Shape, recognisable};

/// HMAC-SHA-256 of an identity that can be met.
pub type Mark = [u8; 32];

/// Makes marks.
#[derive(Clone)]
pub struct MarkKey(Hmac<Sha256>);

/// Those who are watched for, by number.
pub struct Watch {
    key: MarkKey,
    marks: HashMap<Mark, Vec<usize>>,
    persons: usize,
    strangers: Strangers,
}

/// What was looked up of late and is nobody's: logs name the same few runs and users in every line,
/// and a mark takes long to make. Two that are hashed alike, once in 2^64, are taken for one.
struct Strangers {
    hasher: RandomState,
    hashes: Vec<AtomicU64>,
}

/// How many of them are known at a time.
const STRANGERS_MAX: usize = 1 << 12;

/// A stride that has a position in each group of digits that is looked for; the shortest are the
/// twelve that a GUID ends with.
const STRIDE: usize = 8;

/// Digits of the groups of a GUID before its last, and their dashes.
const GUID_LEAD: [usize; 4] = [8, 4, 4, 4];
const GUID_LEAD_BYTES: usize = 24;

impl MarkKey {
    /// With a key that is used for nothing else.
    pub fn new(key: &Zeroizing<[u8; 32]>) -> Self {
        Self(Hmac::new_from_slice(&key[..]).expect("HMAC takes keys of any length"))
    }

    /// The mark of an identity; `None` for one that has no shape of its own.
    pub fn mark(&self, identity: &Identity) -> Option<Mark> {
        recognisable(identity).map(|(_, canonical)| self.of(&canonical))
    }

    /// The mark of what an identity comes down to.
    pub fn of(&self, canonical: &str) -> Mark {
        let mut mac = self.0.clone();
        mac.update(canonical.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl Watch {
    /// Watches for the people whose marks these are.
    pub fn new(key: MarkKey, marks: impl IntoIterator<Item = (Mark, usize)>) -> Self {
        let mut watch =
            Self { key, marks: HashMap::new(), persons: 0, strangers: Strangers::new() };
        for (mark, person) in marks {
            watch.marks.entry(mark).or_default().push(person);
            watch.persons = watch.persons.max(person + 1);
        }
        watch
    }

    /// The marks of those who are watched for.
    pub fn marks(&self) -> impl Iterator<Item = Mark> {
        self.marks.keys().copied()
    }

    /// How many people, at most.
    pub fn persons(&self) -> usize {
        self.persons
    }

    /// Those whom this folded address names.
    pub fn address(&self, address: &str) -> &[usize] {
        self.known(address, || hex::encode(Sha256::digest(address)))
    }

    /// Where GUIDs and passport ids of theirs stand; in a text that need not be folded, or in
    /// bytes.
    pub fn digits(&self, bytes: &[u8], found: &mut dyn FnMut(usize, Range<usize>)) {
        each_id(bytes, &mut |shape, digits, range| {
            for person in self.known(digits, || shape.canonical(digits)) {
                found(*person, range.clone());
            }
        });
    }

    fn known(&self, token: &str, canonical: impl FnOnce() -> String) -> &[usize] {
        if self.strangers.knows(token) {
            return &[];
        }
        let Some(persons) = self.marks.get(&self.key.of(&canonical())) else {
            self.strangers.meet(token);
            return &[];
        };
        persons
    }
}

impl Strangers {
    fn new() -> Self {
        let hashes = std::iter::repeat_with(AtomicU64::default).take(STRANGERS_MAX).collect();
        Self { hasher: RandomState::new(), hashes }
    }

    fn knows(&self, token: &str) -> bool {
        let (place, hash) = self.place(token);
        place.load(Ordering::Relaxed) == hash
    }

    fn meet(&self, token: &str) {
        let (place, hash) = self.place(token);
        place.store(hash, Ordering::Relaxed);
    }

    fn place(&self, token: &str) -> (&AtomicU64, u64) {
        // An empty place holds 0, which must be nobody's.
        let hash = self.hasher.hash_one(token).max(1);
        (&self.hashes[hash as usize % STRANGERS_MAX], hash)
    }
}

/// Everything in such bytes that has the shape of a GUID or of a passport id: its digits alone, in
/// lower case, and where it stands.
pub fn each_id(bytes: &[u8], found: &mut dyn FnMut(Shape, &str, Range<usize>)) {
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut at = 0;
    while at < bytes.len() {
        if !is_hex(at) {
            at += STRIDE;
            continue;
        }
        let start = bytes[..at].iter().rposition(|byte| !byte.is_ascii_hexdigit());
        let start = start.map_or(0, |before| before + 1);
        let mut end = at + 1;
        while is_hex(end) {
            end += 1;
        }
        if let Some((range, shape)) = shaped(bytes, start..end) {
            let digits = bytes[range.clone()].iter().filter(|byte| **byte != b'-');
            let digits: String = digits.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
            found(shape, &digits, range);
        }
        at = end.next_multiple_of(STRIDE).max(at + STRIDE);
    }
}

/// What a whole run of hexadecimal digits may be, with what stands before it.
fn shaped(bytes: &[u8], run: Range<usize>) -> Option<(Range<usize>, Shape)> {
    match run.len() {
        16 => Some((run, Shape::Puid)),
        32 => Some((run, Shape::ObjectId)),
        12 => {
            let start = run.start.checked_sub(GUID_LEAD_BYTES)?;
            let mut at = start;
            for group in GUID_LEAD {
                let digits = &bytes[at..at + group];
                if !digits.iter().all(u8::is_ascii_hexdigit) || bytes[at + group] != b'-' {
                    return None;
                }
                at += group + 1;
            }
            Some((start..run.end, Shape::ObjectId))
        }
        _ => None,
    }
}

impl fmt::Debug for MarkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MarkKey(not shown)")
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({} people, not shown)", self.persons)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::asked::subject::{IdentityFormat, IdentityType, Subject};
    use crate::domain::item::Item;
    use crate::matching::limits::ItemLimits;
    use crate::matching::matcher::Matcher;
    use crate::matching::scan::scan;

    const GUID: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";

    fn watch(kind: IdentityType, value: &str) -> Watch {
        let key = MarkKey::new(&Zeroizing::new([7; 32]));
        let identity = Identity::new(kind, IdentityFormat::Raw, value.to_owned());
        let mark = key.mark(&identity).unwrap();
        Watch::new(key, [(mark, 0)])
    }

    /// Whether it is met in an item of this content, beside a subject who is not.
    fn meets(watch: Watch, content: &str) -> bool {
        let name = Identity::new(IdentityType::Name, IdentityFormat::Raw, "Bob Bobson".to_owned());
        let subject = Subject { identities: vec![name] };
        let mut matcher = Matcher::new(&[&subject]);
        matcher.watch(watch);
        let item = Item::bare("s", "a", crate::domain::item::Version::Current);
        let scan = scan(&item, &mut content.as_bytes(), &matcher, &ItemLimits::default()).unwrap();
        assert!(scan.hits.iter().all(|hit| hit.subject == 1), "the subject stands nowhere");
        assert!(scan.hits.len() <= 1, "once is enough");
        !scan.hits.is_empty()
    }

    #[test]
    fn whoever_has_a_shape_is_met_wherever_they_stand() {
        use IdentityType::{Email, ObjectId, Puid};
        let bare = GUID.replace('-', "");
        let table = [
            (Email, "ann@contoso.com", "see Ann@Contoso.com.", true),
            (Email, "ann@contoso.com", "by=ann%40contoso.com&x", true),
            (Email, "ann@contoso.com", "YW5uQGNvbnRvc28uY29tIQ==", true),
            (Email, "ann@contoso.com", "joann@contoso.com ann@contoso.com.evil.org", false),
            (ObjectId, GUID, &format!("{{\"oid\":\"{}\"}}", GUID.to_uppercase()), true),
            (ObjectId, GUID, &format!("/{bare}/x"), true),
            (ObjectId, bare.as_str(), &format!("({GUID})"), true),
            (ObjectId, GUID, &format!("x{GUID} {GUID}0 {bare}0"), false),
            (ObjectId, GUID, "6f9619ff-8b86-d011-b42d-00cf4fc964fe", false),
            (Puid, "1:live.com:0006BFFD8A123456", "puid 0006bffd8a123456;", true),
            (Puid, "0006BFFD8A123456", "0006bffd8a1234560 a0006bffd8a123456", false),
        ];
        for (kind, value, content, expected) in table {
            for lead in 0..9 {
                let content = format!("{}{content}", "-".repeat(lead));
                assert_eq!(meets(watch(kind, value), &content), expected, "{content}");
            }
        }
    }

    #[test]
    fn whoever_has_no_shape_has_no_mark() {
        use IdentityType::{ControllerCustomerId, Email, Name, ObjectId, Puid, Username};
        let key = MarkKey::new(&Zeroizing::new([7; 32]));
        for (kind, value) in [
            (Name, "Ann Lefèvre"),
            (Username, "ann"),
            (ControllerCustomerId, "C-1029384"),
            (ObjectId, "not a guid"),
            (Puid, "12345"),
            (Email, "no address"),
        ] {
            let identity = Identity::new(kind, IdentityFormat::Raw, value.to_owned());
            assert!(key.mark(&identity).is_none(), "{value}");
        }
        let hash = hex::encode(Sha256::digest("ann@contoso.com"));
        let mark = |format, value: &str| key.mark(&Identity::new(Email, format, value.to_owned()));
        let (raw, hashed) = (mark(IdentityFormat::Raw, "Ann@contoso.com"), IdentityFormat::Sha256);
        assert!(raw.is_some() && raw == mark(hashed, &hash));
    }
}
