//! Who is named in a text, and by what.
//!
//! Three things name a person for certain enough to be masked in an export: an address, the folder
//! of a user, and the members of a user object in a run document (`userName`, `userObjectId`, `upn`
//! …). A name in running text is not recognised: that would be guessing. The members of one user
//! object name one person.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::{memchr_iter, memmem};

use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType};
use crate::matching::blocks::many::Many;
use crate::matching::identity::addresses::{
    address_at, address_end, invited_address, local_run_start, may_be_respelled, respelled_at,
};
use crate::matching::identity::patterns::canonical;
use crate::matching::identity::weakness::{COMMON, weakness};
use crate::matching::people::ranges::Ranges;
use crate::matching::put::stands_at;
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::escapes::{ROUNDS_MAX, escape_around, unescape};
use crate::matching::views::spelling::fold::fold;
use crate::matching::views::spelling::reading::Reading;
use crate::matching::views::spelling::spaceless::continues_word;
use crate::matching::work;

/// One way in which a person is named. `Debug` is not implemented: it names somebody.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier {
    /// What sort of name it is.
    pub kind: IdentityType,
    /// The name, folded.
    pub value: String,
}

/// Identifiers that belong to one person.
pub type Group = Vec<Identifier>;

/// An identifier with where in a text it stands.
pub type Named = (Identifier, Range<usize>);

impl Identifier {
    /// As an identity to be searched for.
    pub fn identity(&self) -> Identity {
        Identity::new(self.kind, IdentityFormat::Raw, self.value.clone())
    }

    /// Whether it is too short or too common to be looked for wherever it may stand. Two characters
    /// of a script without capitals are a whole name, however they are parted.
    pub fn is_weak(&self, chars_min: usize) -> bool {
        let value = match self.kind {
            IdentityType::Name if !self.value.contains(is_cased) => {
                self.value.split_whitespace().collect()
            }
            _ => self.value.clone(),
        };
        let bare = Self { kind: self.kind, value };
        weakness(&bare.identity(), chars_min).is_some()
    }

    /// What two identifiers of one person have in common, however they are written.
    pub fn canonical(&self) -> String {
        canonical(&self.identity())
    }
}

/// Whether a sign is of a script whose names have words with blanks between them.
pub(super) fn is_cased(c: char) -> bool {
    c.is_ascii() && !c.is_whitespace() || c.is_lowercase()
}

/// Everyone named in a text, each with all that names them together.
pub fn named_in(text: &str, found: &mut dyn FnMut(Vec<Named>)) {
    named_in_folded(text, &fold(text), found);
}

/// The same of a text that was folded.
pub(super) fn named_in_folded(text: &str, reading: &Reading, found: &mut dyn FnMut(Vec<Named>)) {
    work::charge(text.len());
    let folded = reading.text.as_str();
    let mut taken: Vec<Range<usize>> = Vec::new();
    let mut tell = |named: Vec<Named>| {
        let whole = |(identifier, range): Named| {
            let range = reading.origin(range.start)..reading.origin_end(range.end, text.len());
            let cuts = |at| escape_around(text, at).is_some();
            let is_put = stands_at(text, range.start) || text[..range.start].ends_with("Person ");
            let is_own = !cuts(range.start) && !cuts(range.end) && !is_put;
            is_own.then_some((identifier, range))
        };
        let named: Vec<Named> = named.into_iter().filter_map(whole).collect();
        if !named.is_empty() {
            found(named);
        }
    };
    for group in groups(members(folded)) {
        taken.extend(group.iter().map(|(_, range)| range.clone()));
        tell(group);
    }
    let taken = Ranges::new(taken);
    let mut single = |kind, value: String, range: Range<usize>| {
        if !taken.hold(&range) {
            tell(vec![(Identifier { kind, value }, range)]);
        }
    };
    // Of addresses written right behind each other all are one.
    let mut glued_to = 0;
    for at in memchr_iter(b'@', folded.as_bytes()) {
        if let Some((address, range)) = respelled(folded, at) {
            single(IdentityType::Email, address, range);
        } else if let Some(range) =
            address_at(folded, at).filter(|range| is_address(&folded[range.clone()]))
        {
            match user_of_url(folded, &(range.start..at)) {
                _ if MACHINES.contains(&&folded[range.start..at]) => {}
                Url::None => single(IdentityType::Email, folded[range.clone()].to_owned(), range),
                Url::User(alias) => {
                    single(IdentityType::Username, folded[alias.clone()].to_owned(), alias);
                }
                Url::Nobody => {}
            }
        } else if let Some((address, range)) = guest(folded, at) {
            single(IdentityType::Email, address, range);
        } else if let Some(range) = (at >= glued_to).then(|| glued(folded, at)).flatten() {
            glued_to = range.end;
            single(IdentityType::Email, folded[range.clone()].to_owned(), range);
        }
    }
    for folder in ["users", "home"] {
        for at in memmem::find_iter(folded.as_bytes(), folder) {
            if let Some(range) = alias_after(folded, at, folder.len()) {
                single(IdentityType::Username, folded[range.clone()].to_owned(), range);
            }
        }
    }
}

/// How a key speaks of a person.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    /// A member of a user object, whose members name one person.
    Member(IdentityType),
    /// The same; but a run has one beside its own members.
    Id,
    /// A member of a user object only if others are: runs and models have one too.
    Maybe,
    /// A value that names a person by itself.
    Alone(IdentityType),
}

/// Keys whose values name persons, folded: of run documents and their user objects (`createdBy`,
/// `lastModifiedBy`, `systemData`, compute instances) and of claims.
const KEYS: [(&str, Key); 18] = [
    ("userobjectid", Key::Member(IdentityType::ObjectId)),
    ("userpuid", Key::Member(IdentityType::Puid)),
    ("useraltsecid", Key::Member(IdentityType::Puid)),
    ("username", Key::Member(IdentityType::Name)),
    ("userid", Key::Id),
    ("upn", Key::Member(IdentityType::Upn)),
    ("userprincipalname", Key::Member(IdentityType::Upn)),
    ("useremail", Key::Member(IdentityType::Email)),
    ("unique_name", Key::Member(IdentityType::Upn)),
    ("preferred_username", Key::Member(IdentityType::Upn)),
    ("displayname", Key::Maybe),
    ("objectid", Key::Maybe),
    ("createdby", Key::Alone(IdentityType::Name)),
    ("lastmodifiedby", Key::Alone(IdentityType::Name)),
    ("mlflow.user", Key::Alone(IdentityType::Username)),
    ("useralias", Key::Alone(IdentityType::Username)),
    ("adminusername", Key::Alone(IdentityType::Username)),
    ("submittedby", Key::Alone(IdentityType::Name)),
];

/// Signs that stand around keys.
const QUOTES: [char; 2] = ['"', '\''];

/// Each of the keys after each of the quotes: in a text without quotes none is looked at.
static QUOTED_KEYS: LazyLock<Many> = LazyLock::new(|| {
    let keys = KEYS.iter().flat_map(|(word, _)| QUOTES.map(|quote| format!("{quote}{word}")));
    Many::new(keys.collect::<Vec<_>>().iter().map(String::as_str))
});

/// A key with a value that may name somebody.
struct Member {
    key: Key,
    end: usize,
    identifier: Option<Identifier>,
    range: Range<usize>,
    /// Whether a bracket stands between it and the one before.
    parted: bool,
}

fn members(text: &str) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    QUOTED_KEYS.each(text, &mut |quoted, Range { start, end }| {
        let (at, quote) = (start + 1, QUOTES[quoted % QUOTES.len()]);
        let is_whole = text[end..].starts_with(quote);
        let Some(range) = is_whole.then(|| value_after(text, end + 1)).flatten() else { return };
        let (_, key) = KEYS[quoted / QUOTES.len()];
        let is_service =
            matches!(key, Key::Alone(_)) && is_of_service(text, &text[at..end], range.end);
        let identifier = if is_service { None } else { identifier(key, &text[range.clone()]) };
        let parted = members
            .last()
            .is_none_or(|last| last.end > at || text[last.end..at].contains(['{', '}']));
        members.push(Member { key, end: range.end, identifier, range, parted });
    });
    members
}

/// The members that name one person together, and each that does alone.
fn groups(members: Vec<Member>) -> Vec<Vec<Named>> {
    let mut groups: Vec<Vec<Named>> = Vec::new();
    let mut object: Vec<Member> = Vec::new();
    for member in members {
        if member.parted {
            close(&mut object, &mut groups);
        }
        match (member.key, member.identifier) {
            (Key::Alone(_), Some(identifier)) => groups.push(vec![(identifier, member.range)]),
            (Key::Alone(_), None) => {}
            (_, identifier) => object.push(Member { identifier, ..member }),
        }
    }
    close(&mut object, &mut groups);
    groups
}

fn close(object: &mut Vec<Member>, groups: &mut Vec<Vec<Named>>) {
    let object = std::mem::take(object);
    let is_user = object.iter().any(|member| matches!(member.key, Key::Member(_)));
    let names = |member: Member| Some((member.key, (member.identifier?, member.range)));
    let named = object.into_iter().filter_map(names);
    if is_user {
        let named: Vec<Named> = named.map(|(_, named)| named).collect();
        groups.extend((!named.is_empty()).then_some(named));
    } else {
        groups.extend(named.filter(|(key, _)| *key == Key::Id).map(|(_, named)| vec![named]));
    }
}

/// Whether the object says beside a name that it is of no user: `"createdByType": "Application"`.
fn is_of_service(text: &str, key: &str, end: usize) -> bool {
    const BESIDE_BYTES: usize = 400;
    let object = &text[end..floor(text, end + BESIDE_BYTES)];
    let object = object.split(['{', '}']).next().unwrap_or_default();
    let Some(at) = object.find(&format!("{key}type")) else { return false };
    let rest = &object[at + key.len() + 4..];
    let value = rest.trim_start_matches(|c: char| c.is_whitespace() || "\\\"':".contains(c));
    ["application", "managedidentity", "key"].iter().any(|kind| value.starts_with(kind))
}

/// The identifier that the value of a key is, if it names anybody.
fn identifier(key: Key, value: &str) -> Option<Identifier> {
    let value = plain(value.trim());
    let value = value.trim();
    let kind = match key {
        Key::Member(kind) | Key::Alone(kind) => kind,
        Key::Id | Key::Maybe => IdentityType::Name,
    };
    let digits = value.rsplit(':').next().unwrap_or(value);
    let kind = if is_address(value) || value.contains("#ext#@") {
        IdentityType::Email
    } else if is_hexadecimal(value.trim_matches(['{', '}']), 32) {
        IdentityType::ObjectId
    } else if kind == IdentityType::Puid && is_hexadecimal(digits, 16) {
        kind
    } else {
        match kind {
            IdentityType::Email | IdentityType::Upn => IdentityType::Username,
            // Not of their form: whatever it is, it names.
            IdentityType::ObjectId => IdentityType::Name,
            IdentityType::Puid => IdentityType::ControllerCustomerId,
            other => other,
        }
    };
    let identifier = Identifier { kind, value: value.to_owned() };
    let is_blank = matches!(kind, IdentityType::ObjectId | IdentityType::Puid)
        && weakness(&identifier.identity(), 1).is_some_and(|(code, _)| code == "too_common");
    let names = value.contains(char::is_alphanumeric) && !SERVICES.contains(&value) && !is_blank;
    names.then_some(identifier)
}

/// A value with its escapes undone, however deep they are; a backslash that is none stays
/// (`CONTOSO\bob`).
fn plain(value: &str) -> String {
    let mut plain = value.to_owned();
    for _ in 0..ROUNDS_MAX {
        match unescape(&plain) {
            Some(reading) if !reading.text.contains(char::is_control) => plain = reading.text,
            _ => break,
        }
    }
    fold(&plain).text
}

pub(super) fn is_hexadecimal(value: &str, digits: usize) -> bool {
    let is_such = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    value.len() >= digits
        && value.bytes().all(is_such)
        && value.bytes().filter(|byte| *byte != b'-').count() == digits
}

/// What documents have where no person is to be named.
pub(super) const SERVICES: [&str; 18] = [
    "anonymous",
    "azure machine learning",
    "azureml",
    "azureuser",
    "false",
    "n/a",
    "nobody",
    "none",
    "null",
    "root",
    "service",
    "service principal",
    "serviceprincipal",
    "system",
    "true",
    "undefined",
    "unknown",
    "user",
];

/// Folders under `Users` that belong to nobody, and what is put in the place of somebody.
pub(super) const NOBODY: [&str; 9] =
    ["public", "default", "shared", "all", "azureuser", "runner", "jovyan", "vsts", "person"];

/// Words that services have in that place of a URL.
const ROUTES: [&str; 16] = [
    "me", "self", "guide", "guides", "docs", "login", "logout", "signin", "signup", "profile",
    "list", "search", "count", "current", "new", "api",
];

/// `user@host` of a shell prompt or a package version (`x@1.2`) is no address.
fn is_address(token: &str) -> bool {
    let Some(at) = token.find('@') else { return false };
    let is_whole = address_at(token, at) == Some(0..token.len());
    is_whole
        && token[at..].rsplit_once('.').is_some_and(|(_, top)| {
            top.starts_with("xn--")
                || top.chars().count() >= 2 && top.chars().all(char::is_alphabetic)
        })
}

/// Addresses that nothing parts from one another, or from what follows them in a binary: whose they
/// are cannot be told, and that they are somebody's can.
fn glued(text: &str, at: usize) -> Option<Range<usize>> {
    const TOP_LETTERS_MIN: usize = 3;
    let start = local_run_start(text, at);
    let local = &text[start..at];
    let is_domain = |c: char| continues_word(c) || matches!(c, '.' | '-');
    let run = |from: usize| {
        let rest = &text[from..];
        from + rest.len() - rest.trim_start_matches(is_domain).len()
    };
    let first = run(at + 1);
    let domain = text[at + 1..first].trim_end_matches(['.', '-']);
    let (name, top) = domain.rsplit_once('.')?;
    let letters = |label: &str| label.chars().take_while(|c| c.is_alphabetic()).count();
    let is_version = name.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    let is_address = local.contains(char::is_alphabetic)
        && !MACHINES.contains(&local)
        && !is_version
        && letters(top) >= TOP_LETTERS_MIN
        && !text[..start].ends_with(['@', '/']);
    if !is_address {
        return None;
    }
    let mut end = at + 1 + domain.len();
    while end < text.len() && text[end..].starts_with('@') {
        let next = run(end + 1);
        end += 1 + text[end + 1..next].trim_end_matches(['.', '-']).len();
    }
    Some(start..end)
}

/// Bytes before a forwarded address in which it says that it is one.
const LEAD_BYTES: usize = 40;

/// Local parts of addresses that are of no person.
const MACHINES: [&str; 6] =
    ["git", "noreply", "no-reply", "donotreply", "postmaster", "mailer-daemon"];

/// What stands before the sign of a URL.
enum Url {
    /// It is none.
    None,
    /// The alias of a user, here.
    User(Range<usize>),
    /// A container of a storage account, or a user who is nobody.
    Nobody,
}

/// Who a URL is opened by, if `local` is its user: `https://bob@dev.azure.com` is no address.
fn user_of_url(text: &str, local: &Range<usize>) -> Url {
    let before = &text[ceil(text, local.start.saturating_sub(LEAD_BYTES))..local.start];
    let domain =
        text[local.end + 1..].trim_start_matches(|c| continues_word(c) || ".-".contains(c));
    let Some(scheme) = before.strip_suffix("://").filter(|_| !domain.starts_with('@')) else {
        return Url::None;
    };
    let alias = &text[local.clone()];
    let is_nobody = NOBODY.contains(&alias) || SERVICES.contains(&alias) || COMMON.contains(&alias);
    match scheme {
        _ if scheme.ends_with("mailto") => Url::None,
        _ if is_nobody
            || ["abfs", "abfss", "wasb", "wasbs"].iter().any(|s| scheme.ends_with(s)) =>
        {
            Url::Nobody
        }
        _ => Url::User(local.clone()),
    }
}

/// The address that another one spells: one that bounced, was forwarded or is quoted.
fn respelled(text: &str, at: usize) -> Option<(String, Range<usize>)> {
    if !may_be_respelled(text, at) {
        return None;
    }
    let is_spelled = |(address, range): &(String, Range<usize>)| {
        let before = &text[ceil(text, range.start.saturating_sub(LEAD_BYTES))..range.start];
        let host = address.rsplit('@').next().unwrap_or_default();
        if text[range.clone()].ends_with(']') {
            // The number of a machine.
            return address.split('@').next().is_some_and(|local| local.len() > 2);
        }
        is_address(&format!("x@{host}"))
            && (before.ends_with('+')
                || text[range.clone()].starts_with('"')
                || before.contains("srs0=")
                || before.contains("srs1="))
    };
    respelled_at(text, at).into_iter().find(is_spelled)
}

/// A guest account whose sign stands at `at`, with the address that was invited.
fn guest(text: &str, at: usize) -> Option<(String, Range<usize>)> {
    let before = text[..at].strip_suffix("#ext#")?;
    let start = local_run_start(before, before.len());
    Some((invited_address(&before[start..])?, start..address_end(text, at)))
}

fn alias_after(text: &str, at: usize, len: usize) -> Option<Range<usize>> {
    let starts = at == 0 || text[..at].ends_with(['/', '\\', '"', '\'', ' ', '=', '(']);
    let rest = &text[at + len..];
    let alias = rest.trim_start_matches(['/', '\\']);
    let start = text.len() - alias.len();
    if !starts || start == at + len {
        return None;
    }
    let end = alias
        .find(|c: char| !(continues_word(c) || matches!(c, '.' | '_' | '-' | '@' | '+')))
        .unwrap_or(alias.len());
    let alias = alias[..end].trim_end_matches(['.', '-']);
    // An address is told as such.
    let names = alias.contains(continues_word)
        && !alias.contains('@')
        && !NOBODY.contains(&alias)
        && !ROUTES.contains(&alias)
        && !SERVICES.contains(&alias)
        && !COMMON.contains(&alias);
    names.then(|| start..start + alias.len())
}

/// The value of a key that ended at `at`: a string, or a bare number.
fn value_after(text: &str, at: usize) -> Option<Range<usize>> {
    let value = text[at..].trim_start().strip_prefix(':')?.trim_start();
    let start = text.len() - value.len();
    let quote = value.bytes().next().filter(|byte| matches!(byte, b'"' | b'\''));
    let Some(quote) = quote else {
        let end = value.bytes().take_while(u8::is_ascii_digit).count();
        return (end > 0).then(|| start..start + end);
    };
    let bytes = value.as_bytes();
    let mut end = 1;
    while *bytes.get(end)? != quote {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end > 1).then(|| start + 1..start + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        named_in(text, &mut |named| {
            let one = |(identifier, range): &Named| {
                assert!(text.get(range.clone()).is_some());
                format!("{} {}", identifier.kind.as_str(), identifier.value)
            };
            all.push(named.iter().map(one).collect::<Vec<_>>().join(", "));
        });
        all
    }

    #[test]
    fn who_is_named() {
        for (text, expected) in [
            ("mail Bob@Contoso.com, x@1.2, git@host", vec!["email bob@contoso.com"]),
            (
                "/mnt/Users/bob.b/train.py C:\\Users\\eve\\x /home/azureuser/ /home/user/",
                vec!["username bob.b", "username eve"],
            ),
            (r#"{"createdBy": {"userName": "Bob B", "userPuId": null}}"#, vec!["name bob b"]),
            (
                r#"{"createdBy": "Hanako", "createdByType": "User", "lastModifiedBy": "x@y.de"}"#,
                vec!["name hanako", "email x@y.de"],
            ),
            (r#"{"createdBy": "abc app", "createdByType": "Application"}"#, vec![]),
            (r#"{"displayName": "quiet river", "createdBy": "system"}"#, vec![]),
            (
                r#"{"a": {"displayName": "Bob B", "upn": "bob@x.org"}, "displayName": "quiet"}"#,
                vec!["name bob b, email bob@x.org"],
            ),
            (
                r#"{"userId": "1", "by": {"userObjectId": "11111111-2222-3333-4444-555555555555",
                    "userPuId": 1003200112345678, "userAltSecId": "1:live.com:0003000012345678",
                    "userName": "CONTOSO\\bob"}}"#,
                vec![
                    "name 1",
                    "object_id 11111111-2222-3333-4444-555555555555, puid 1003200112345678, \
                     puid 1:live.com:0003000012345678, name contoso\\bob",
                ],
            ),
            (r#"{"userObjectId": "00000000-0000-0000-0000-000000000000", "userName": ""}"#, vec![]),
            ("by bob_contoso.com#EXT#@tenant.onmicrosoft.com.", vec!["email bob@contoso.com"]),
            (r"a\nbob@contoso.com", vec![]),
            ("https://bob@dev.azure.com/x", vec!["username bob"]),
            ("https://bob@contoso.com@dev.azure.com/x", vec!["email bob@contoso.com"]),
            ("abfss://raw@contoso.dfs.core.windows.net/x, git@github.com:x/y", vec![]),
            ("<b+bob=contoso.com@lists.org>", vec!["email bob@contoso.com"]),
            ("srs0=x=y=contoso.com=bob@relay.org", vec!["email bob@contoso.com"]),
            ("\"bob b\"@contoso.com", vec!["email bob b@contoso.com"]),
            ("user=bob.b@contoso.com", vec!["email bob.b@contoso.com"]),
            (
                "see bob@contoso.com.npy, bob@xn--80a1acny.xn--p1ai",
                vec!["email bob@contoso.com", "email bob@xn--80a1acny.xn--p1ai"],
            ),
            ("kofi@contoso.comines@contoso.com", vec!["email kofi@contoso.comines@contoso.com"]),
            ("9f3akofi@contoso.comfinished8e2a", vec!["email 9f3akofi@contoso.comfinished8e2a"]),
            ("x@v1.rc2, pkg@1.2.3-beta, @app.route, a@b.c1", vec![]),
            ("kofi@[10.0.0.4]", vec!["email kofi@10.0.0.4"]),
            ("/homework/users", vec![]),
            ("GET /users/me?x, https://docs.example/users/guide", vec![]),
            (r#""userName": "Person 2", in /Users/Person 2/x or [erased]"#, vec![]),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
