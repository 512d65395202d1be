//! Address-shaped tokens: what around an `@` is one e-mail address, and where it ends.
//!
//! Works on folded text. Letters of scripts that are written without spaces (Han, kana, Hangul,
//! Thai) end an address: `連絡先はann@contoso.comです` names `ann@contoso.com`.

use std::ops::Range;

use memchr::memchr_iter;

use crate::matching::identity::domains::{domain_lens, seen_len};
use crate::matching::views::spelling::spaceless::{continues_word, is_local};
use crate::matching::views::spelling::top_level::is_top_level;

/// Longest local part or domain that is looked at, in bytes; RFC 5321 allows 64 and 255.
const PART_BYTES_MAX: usize = 320;

/// Addresses that may be spelled in the local part of one other address, at most.
const RESPELLED_MAX: usize = 8;

/// How a text spells an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelled {
    /// As it is.
    Plainly,
    /// In the local part of another, or in quotes.
    Within,
    /// As that of a guest of another tenant.
    AsGuest,
}

/// Every address that a folded text may spell, however it does, with what of the text does.
pub fn each_address(text: &str, found: &mut dyn FnMut(&str, Range<usize>, Spelled)) {
    for at in memchr_iter(b'@', text.as_bytes()) {
        for range in addresses_at(text, at) {
            found(&text[range.clone()], range, Spelled::Plainly);
        }
        if may_be_respelled(text, at) {
            for (address, range) in respelled_at(text, at) {
                found(&address, range, Spelled::Within);
            }
        }
        if let Some(before) = text[..at].strip_suffix("#ext#") {
            let start = local_run_start(before, before.len());
            let end = address_end(text, at);
            if let Some(address) = invited_address(&before[start..]) {
                found(&address, start..end, Spelled::AsGuest);
            }
        }
    }
}

/// End of the domain that follows the sign at `at`.
pub fn address_end(text: &str, at: usize) -> usize {
    let domain = text[at + 1..]
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
        .map_or(text.len(), |len| at + 1 + len);
    at + text[at..domain].trim_end_matches(['.', '-']).len()
}

/// The address whose `@` stands at `at`, as a range of the text: what a reader takes for it.
pub fn address_at(text: &str, at: usize) -> Option<Range<usize>> {
    let (start, domain, lens) = parts_at(text, at)?;
    Some(start..at + 1 + seen_len(domain, &lens))
}

/// Every range that may be the address whose `@` stands at `at`, longest first: whoever knows an
/// address tells whether what follows it was glued to it.
pub fn addresses_at(text: &str, at: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = parts_at(text, at);
    parts
        .into_iter()
        .flat_map(move |(start, _, lens)| lens.into_iter().map(move |len| start..at + 1 + len))
}

/// Addresses that the address with its `@` at `at` spells in another way, with what of the text
/// does.
///
/// Bounces go to `list+ann=contoso.com@…`, what is forwarded comes from
/// `SRS0=x=y=contoso.com=ann@…`, and a local part may be quoted.
pub fn respelled_at(text: &str, at: usize) -> Vec<(String, Range<usize>)> {
    if let Some(quoted) = text[..at].strip_suffix('"') {
        return quoted_at(text, quoted, at);
    }
    if let Some(len) = literal_len(&text.as_bytes()[at + 1..]) {
        let (start, host) = (local_run_start(text, at), &text[at + 2..at + len]);
        return vec![(format!("{}@{host}", &text[start..at]), start..at + 1 + len)];
    }
    let Some((left, right)) = joined_before(text, at) else { return Vec::new() };
    let (user, host) = (&text[left.clone()], &text[right.clone()]);
    let mut all = Vec::new();
    if user.contains('.') {
        all.push((format!("{host}@{user}"), left.start..right.end));
    }
    if host.contains('.') {
        let cuts = user.match_indices(['+', '-']).map(|(cut, _)| cut + 1);
        let starts = cuts.rev().take(RESPELLED_MAX).chain([0]);
        let spelled = starts.filter(|start| *start < user.len());
        all.extend(
            spelled
                .map(|start| (format!("{}@{host}", &user[start..]), left.start + start..right.end)),
        );
    }
    all
}

/// Whether [`respelled_at`] may have anything to tell; cheaper than asking it.
pub fn may_be_respelled(text: &str, at: usize) -> bool {
    text[..at].ends_with('"')
        || literal_len(&text.as_bytes()[at + 1..]).is_some()
        || joined_before(text, at)
            .is_some_and(|(left, right)| text[left].contains('.') || text[right].contains('.'))
}

/// The length of a machine's number in brackets at the start: `[10.0.0.4]`.
pub fn literal_len(domain: &[u8]) -> Option<usize> {
    let inner = domain.strip_prefix(b"[")?;
    let end = inner.iter().take(48).position(|byte| *byte == b']').filter(|end| *end >= 3)?;
    let is_number =
        inner[..end].iter().all(|byte| byte.is_ascii_hexdigit() || b".:v".contains(byte));
    is_number.then_some(end + 2)
}

/// The two runs with an equals sign between them that stand before a sign.
fn joined_before(text: &str, at: usize) -> Option<(Range<usize>, Range<usize>)> {
    let right = local_run_start(text, at)..at;
    let before = text[..right.start].strip_suffix('=')?;
    let left = local_run_start(before, before.len())..before.len();
    (!left.is_empty() && !right.is_empty()).then_some((left, right))
}

fn quoted_at(text: &str, quoted: &str, at: usize) -> Vec<(String, Range<usize>)> {
    let Some(open) = quoted.rfind('"') else { return Vec::new() };
    let (local, domain) = (&quoted[open + 1..], domain_run(&text[at + 1..]));
    let is_local = !local.is_empty()
        && local.len() <= PART_BYTES_MAX
        && !local.contains(|c: char| c.is_control() || matches!(c, '@' | ':' | ','));
    if !is_local || !domain.contains('.') {
        return Vec::new();
    }
    let spelled = |len| (format!("{local}@{}", &domain[..len]), open..at + 1 + len);
    domain_lens(domain, false).into_iter().map(spelled).collect()
}

/// The address a guest account was made of: `ann_contoso.com#ext#@tenant…` is `ann@contoso.com`.
/// `local` is what stands before `#ext#`.
pub fn invited_address(local: &str) -> Option<String> {
    let (name, domain) = local.rsplit_once('_')?;
    (!name.is_empty() && domain.contains('.')).then(|| format!("{name}@{domain}"))
}

/// Start of the run of local-part characters that ends at `end`; equal to `end` if there is none.
pub fn local_run_start(text: &str, end: usize) -> usize {
    let mut start = end;
    let bytes = text.as_bytes();
    while let Some(last) = start.checked_sub(1) {
        let byte = bytes[last];
        let (at, is_part) = match byte {
            _ if byte.is_ascii() => (last, is_local(char::from(byte))),
            _ => {
                let c = text[..start].chars().next_back().unwrap_or_default();
                (start - c.len_utf8(), is_local(c))
            }
        };
        let is_second_dot = byte == b'.' && bytes[start..end].first() == Some(&b'.');
        if !is_part || end - at > PART_BYTES_MAX || is_second_dot {
            break;
        }
        start = at;
    }
    // A dot, a dash or a plus cannot open an address: they belong to the text before it.
    start + (text[start..end].len() - text[start..end].trim_start_matches(['.', '-', '+']).len())
}

/// Where the local part begins, the run of the domain, and the lengths it may have.
fn parts_at(text: &str, at: usize) -> Option<(usize, &str, Vec<usize>)> {
    let domain = domain_run(&text[at + 1..]);
    let after = &text[at + 1 + domain.len()..];
    let domain = domain.trim_end_matches(['.', '-']);
    let start = local_start(text, at, after)?;
    let (start, domain) = match unwrapped(&text[start..at], domain) {
        Some((open, inner)) => (start + open, inner),
        None => (start, domain),
    };
    let before = &text[..start];
    // Two signs are nobody's, unless the first one is in the user of a URL.
    let is_user = before.ends_with("://") && after.starts_with('@');
    let is_second = before.strip_suffix('@').is_some_and(|before| before.ends_with(is_local));
    if domain.is_empty() || is_second || after.starts_with('@') && !is_user {
        return None;
    }
    let lens = domain_lens(domain, before.ends_with(['/', '\\']) && !is_user);
    Some((start, domain, lens))
}

/// What stands around an address where escapes lost their sign, as the length of what opens and the
/// domain without what closes: `u003cann@contoso.comu003e`.
fn unwrapped<'d>(local: &str, domain: &'d str) -> Option<(usize, &'d str)> {
    const AROUND: [(&str, &str); 9] = [
        ("u003c", "u003e"),
        ("u0022", "u0022"),
        ("u0027", "u0027"),
        ("x3c", "x3e"),
        ("x22", "x22"),
        ("x27", "x27"),
        ("3c", "3e"),
        ("22", "22"),
        ("lt", "gt"),
    ];
    AROUND.iter().find_map(|(open, close)| {
        let inner = domain.strip_suffix(close)?;
        let ends_well = is_top_level(inner.rsplit('.').next().unwrap_or_default());
        (local.len() > open.len() && local.starts_with(open) && ends_well)
            .then_some((open.len(), inner))
    })
}

/// `after`: what follows the domain.
fn local_start(text: &str, at: usize, after: &str) -> Option<usize> {
    let start = local_run_start(text, at);
    if start == at {
        return None;
    }
    // `o'ann@…` is a longer address; `f'ann@…'` is a quoted one.
    if let Some(before) = text[..start].strip_suffix('\'')
        && before.ends_with(continues_word)
        && !after.starts_with('\'')
    {
        let longer = local_run_start(text, before.len());
        return Some(longer);
    }
    Some(start + emphasis(&text[start..at], after))
}

/// The length of the signs of Markdown around an address: `_ann@contoso.com_`.
fn emphasis(local: &str, after: &str) -> usize {
    let len = local.len() - local.trim_start_matches('_').len();
    let closes = |rest: &str| !rest.starts_with(|c: char| continues_word(c) || c == '_');
    let is_emphasis = len > 0 && len < local.len();
    match after.strip_prefix(&local[..len]) {
        Some(rest) if is_emphasis && closes(rest) => len,
        _ => 0,
    }
}

/// What after a sign may belong to a domain.
fn domain_run(text: &str) -> &str {
    let run = text
        .char_indices()
        .find(|(at, c)| *at > PART_BYTES_MAX || !(continues_word(*c) || matches!(c, '.' | '-')))
        .map_or(text.len(), |(at, _)| at);
    let domain = &text[..run];
    domain.find("..").map_or(domain, |double| &domain[..double])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_where_a_reader_sees_it() {
        for (text, expected) in [
            ("<ann@contoso.com>", "ann@contoso.com"),
            ("mailto:ann@contoso.com?x", "ann@contoso.com"),
            ("see ann@contoso.com.", "ann@contoso.com"),
            ("joann@contoso.com", "joann@contoso.com"),
            ("ann+x@contoso.com", "ann+x@contoso.com"),
            ("x.ann@contoso.com-x", "x.ann@contoso.com"),
            ("ann@contoso.com-x.org", "ann@contoso.com-x.org"),
            ("_ann@contoso.com_", "ann@contoso.com"),
            ("__ann@contoso.com__, x", "ann@contoso.com"),
            ("_ann@contoso.com_2026", "_ann@contoso.com"),
            ("_ann@contoso.com__", "_ann@contoso.com"),
            ("https://ann@contoso.com@dev.azure.com/x", "ann@contoso.com"),
            ("f'ann@contoso.com.csv'", "ann@contoso.com"),
            ("data/ann@contoso.com.safetensors", "ann@contoso.com"),
            ("ann@contoso.com.log.1", "ann@contoso.com"),
            ("ann@contoso.com-backup", "ann@contoso.com"),
            ("u003cann@contoso.comu003e", "ann@contoso.com"),
            ("u0022ann@contoso.comu0022", "ann@contoso.com"),
            ("x3cann@contoso.comx3e", "ann@contoso.com"),
            ("ltann@contoso.comgt", "ann@contoso.com"),
            ("22ann@contoso.com", "22ann@contoso.com"),
            ("ann@xn--80a1acny.xn--p1ai.npy", "ann@xn--80a1acny.xn--p1ai"),
            ("_ann@contoso.com.evil.org", "_ann@contoso.com.evil.org"),
            ("wait...ann@contoso.com - hi", "ann@contoso.com"),
            ("-ann@contoso.com", "ann@contoso.com"),
            ("'ann@contoso.com'", "ann@contoso.com"),
            ("b'ann@contoso.com'", "ann@contoso.com"),
            ("o'ann@contoso.com", "o'ann@contoso.com"),
            ("連絡先はann@contoso.comです", "ann@contoso.com"),
            ("éann@contoso.com", "éann@contoso.com"),
            ("https://ann@dev.azure.com/x", "ann@dev.azure.com"),
            ("data/ann@contoso.com.csv.gz", "ann@contoso.com"),
            ("data/ann@contoso.com_2026.csv", "ann@contoso.com"),
            ("ann@localhost.csv", "ann@localhost.csv"),
        ] {
            let at = text.find('@').unwrap();
            assert_eq!(address_at(text, at).map(|range| &text[range]), Some(expected), "{text}");
        }
        let mentioned = "hi @ann@contoso.com";
        assert_eq!(address_at(mentioned, 7), Some(4..mentioned.len()));
        for text in ["ann@contoso.com@evil.org", "ann@", "@contoso.com"] {
            let at = text.find('@').unwrap();
            assert_eq!(address_at(text, at), None, "{text}");
        }
    }

    #[test]
    fn addresses_within_addresses() {
        for (text, expected) in [
            ("<l-bounce+ann.x=contoso.com@lists.org>", "ann.x@contoso.com"),
            ("list-return-12-ann=contoso.com@lists.org", "ann@contoso.com"),
            ("SRS0=HHH4=TT=contoso.com=ann@relay.org", "ann@contoso.com"),
            ("\"ann\"@contoso.com", "ann@contoso.com"),
            ("ann@[10.0.0.4]", "ann@10.0.0.4"),
            ("\"ann x\"@contoso.com.csv", "ann x@contoso.com"),
        ] {
            let at = text.find('@').unwrap();
            assert!(may_be_respelled(text, at));
            let all = respelled_at(text, at);
            assert!(all.iter().any(|(address, _)| address == expected), "{text}");
            assert!(all.iter().all(|(_, range)| text.get(range.clone()).is_some()));
        }
        for text in ["user=ann@contoso.com", "ann@contoso.com", "=ann.x@contoso.com"] {
            let at = text.find('@').unwrap();
            assert!(!may_be_respelled(text, at) && respelled_at(text, at).is_empty(), "{text}");
        }
    }

    #[test]
    fn guests() {
        assert_eq!(invited_address("ann_contoso.com").as_deref(), Some("ann@contoso.com"));
        assert_eq!(invited_address("a_b_contoso.com").as_deref(), Some("a_b@contoso.com"));
        assert_eq!(invited_address("nobody"), None);
    }
}
