//! Address-shaped tokens: what around an `@` is one e-mail address, and where it ends.
//!
//! Works on folded text. Letters of scripts that are written without spaces (Han, kana, Hangul,
//! Thai) end an address: `連絡先はann@contoso.comです` names `ann@contoso.com`.

use std::ops::Range;

/// Longest local part or domain that is looked at, in bytes; RFC 5321 allows 64 and 255.
const PART_BYTES_MAX: usize = 320;

/// The address whose `@` stands at `at`, as a range of the text.
pub fn address_at(text: &str, at: usize) -> Option<Range<usize>> {
    let domain = domain_len(&text[at + 1..])?;
    let end = at + 1 + domain;
    if text[end..].starts_with('@') {
        return None;
    }
    let start = local_start(text, at, end)?;
    (!text[..start].ends_with('@')).then_some(start..end)
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
    for (at, c) in text[..end].char_indices().rev() {
        if !is_local(c) || end - at > PART_BYTES_MAX || text[at..end].starts_with("..") {
            break;
        }
        start = at;
    }
    // A dot, a dash or a plus cannot open an address: they belong to the text before it.
    start + (text[start..end].len() - text[start..end].trim_start_matches(['.', '-', '+']).len())
}

/// Whether a letter or digit would make an adjoining word longer.
pub fn continues_word(c: char) -> bool {
    c.is_alphanumeric() && !is_spaceless(c)
}

fn local_start(text: &str, at: usize, end: usize) -> Option<usize> {
    let start = local_run_start(text, at);
    if start == at {
        return None;
    }
    // `o'ann@…` is a longer address; `f'ann@…'` is a quoted one.
    if let Some(before) = text[..start].strip_suffix('\'')
        && before.ends_with(continues_word)
        && !text[end..].starts_with('\'')
    {
        let longer = local_run_start(text, before.len());
        return Some(longer);
    }
    Some(start)
}

fn domain_len(text: &str) -> Option<usize> {
    let run = text
        .char_indices()
        .find(|(at, c)| *at > PART_BYTES_MAX || !(continues_word(*c) || matches!(c, '.' | '-')))
        .map_or(text.len(), |(at, _)| at);
    let domain = &text[..run];
    let domain = domain.find("..").map_or(domain, |double| &domain[..double]);
    let domain = without_extensions(domain.trim_end_matches(['.', '-']));
    (!domain.is_empty()).then_some(domain.len())
}

/// A file named after a person: `ann@contoso.com.csv.gz` holds `ann@contoso.com`. No top-level
/// domain is called like any of these (IANA's root zone, 2026).
fn without_extensions(mut domain: &str) -> &str {
    const EXTENSIONS: [&str; 34] = [
        "csv", "tsv", "json", "jsonl", "ndjson", "txt", "log", "xml", "yaml", "yml", "html", "htm",
        "pdf", "parquet", "avro", "pkl", "pickle", "gz", "bz2", "xz", "zst", "tar", "tgz", "ipynb",
        "png", "jpg", "jpeg", "xlsx", "docx", "pptx", "eml", "bak", "tmp", "out",
    ];
    while let Some((rest, last)) = domain.rsplit_once('.')
        && rest.contains('.')
        && EXTENSIONS.contains(&last)
    {
        domain = rest;
    }
    domain
}

/// Whether a character may stand in the local part of an address, or in a dotted word.
pub fn is_local(c: char) -> bool {
    continues_word(c) || matches!(c, '.' | '_' | '-' | '+')
}

/// Scripts written without spaces between words.
pub fn is_spaceless(c: char) -> bool {
    matches!(c as u32,
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1100..=0x11ff | 0x1780..=0x17ff
        | 0x2e80..=0x312f | 0x3130..=0x9fff | 0xa960..=0xa97f | 0xac00..=0xd7ff
        | 0xf900..=0xfaff | 0x20000..=0x3ffff)
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
            ("x.ann@contoso.com-x", "x.ann@contoso.com-x"),
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
        for text in ["ann@contoso.com@evil.org", "ann@", "@contoso.com"] {
            let at = text.find('@').unwrap();
            assert_eq!(address_at(text, at), None, "{text}");
        }
    }

    #[test]
    fn guests() {
        assert_eq!(invited_address("ann_contoso.com").as_deref(), Some("ann@contoso.com"));
        assert_eq!(invited_address("a_b_contoso.com").as_deref(), Some("a_b@contoso.com"));
        assert_eq!(invited_address("nobody"), None);
    }
}
