//! Where a domain ends that something was glued to: the extension of a file, a date, `-backup`.
//!
//! What follows a domain is asked whether it can be more of one. A top-level domain has letters
//! alone or is written in Punycode, and all of them are known; so `contoso.com.au` and
//! `contoso.com.evil.org` are other domains, and `contoso.com.npy`, `contoso.com.log.1` and
//! `contoso.com-2026` are not. Some top-level domains are called like files (`zip`, `pt`): the
//! commonest of those files are taken for files wherever they stand, the rest after a slash only.

use crate::matching::views::spelling::top_level::is_top_level;

/// Things glued to a domain that are taken off, at most.
const GLUED_MAX: usize = 12;

/// Files first of all, though a domain may end so too.
const FILES: [&str; 8] = ["data", "java", "md", "mov", "pt", "py", "sh", "zip"];

/// As often a domain as a file: taken for a file in a path.
const FILES_IN_PATHS: [&str; 18] = [
    "cab", "cu", "one", "pub", "xyz", "ai", "app", "bz", "cc", "map", "ml", "pl", "ps", "rs", "so",
    "st", "tf", "mk",
];

/// The lengths that this domain, or a domain with something behind it, may have; longest first.
/// `in_path`: whether it stands in a path.
pub fn domain_lens(domain: &str, in_path: bool) -> Vec<usize> {
    let mut lens = vec![domain.len()];
    let mut rest = domain;
    while let Some((before, last)) = rest.rsplit_once('.').filter(|_| lens.len() <= GLUED_MAX) {
        let shorter = match last.rsplit_once('-') {
            _ if is_whole(last) && !is_file(last, in_path) => break,
            _ if before.contains('.') && has_opcode(last) => &rest[..rest.len() - 1],
            Some((head, _)) => &rest[..before.len() + 1 + head.len()],
            None => before,
        };
        rest = shorter.trim_end_matches(['.', '-']);
        if !rest.contains('.') {
            break;
        }
        lens.push(rest.len());
    }
    lens
}

/// Whether what follows a domain in a binary is more of it, with what stands next glued on.
///
/// `.orgKofi` is the end of `contoso.com.org`. Words that merely begin so are none: in doubt an
/// address ends where it may.
pub fn goes_on(after: &str) -> bool {
    const TOPS: [&str; 3] = ["org", "com", "net"];
    const WORDS: [&str; 6] = ["organ", "comm", "comp", "comb", "comes", "netw"];
    let label = after.strip_prefix('.').unwrap_or_default();
    let end = label.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(label.len());
    let label = label[..end].to_ascii_lowercase();
    TOPS.iter().any(|top| label.starts_with(top) && label.len() > top.len())
        && !WORDS.iter().any(|word| label.starts_with(word))
}

/// The one of these lengths at which a reader sees the domain end: the longest that ends in a
/// top-level domain, or all of it.
pub fn seen_len(domain: &str, lens: &[usize]) -> usize {
    let ends_well = |len: &&usize| {
        let last = domain[..**len].rsplit('.').next().unwrap_or_default();
        is_top_level(last) && (!FILES.contains(&last) || lens.last() == Some(*len))
    };
    lens.iter().find(ends_well).copied().unwrap_or(domain.len())
}

/// Whether nothing of a label can have been glued to a domain's end. Punycode has its own dashes.
fn is_whole(label: &str) -> bool {
    label.strip_prefix("xn--").map_or_else(|| is_top_level(label), |code| !code.contains('-'))
}

/// Whether what ends a label is none of it: pickles have `q` or `r` behind each text, and a number
/// that is no text. No file is called so.
fn has_opcode(label: &str) -> bool {
    let long = |rest: &&str| rest.len() > 2;
    let domain = label.strip_suffix('q').or_else(|| label.strip_suffix('r').filter(long));
    domain.is_some_and(is_top_level)
}

fn is_file(label: &str, in_path: bool) -> bool {
    FILES.contains(&label) || in_path && FILES_IN_PATHS.contains(&label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_follow_a_domain() {
        for (domain, in_path, expected) in [
            ("contoso.com", false, vec!["contoso.com"]),
            ("sub.contoso.com", true, vec!["sub.contoso.com"]),
            ("contoso.com.au", true, vec!["contoso.com.au"]),
            ("contoso.com.evil.org", true, vec!["contoso.com.evil.org"]),
            ("contoso.com-x.org", false, vec!["contoso.com-x.org"]),
            ("contoso.xn--p1ai", false, vec!["contoso.xn--p1ai"]),
            ("contoso.comx", false, vec!["contoso.comx"]),
            ("a.contoso.local", false, vec!["a.contoso.local"]),
            ("a.contoso.adroot", false, vec!["a.contoso.adroot", "a.contoso"]),
            ("contoso.com.auq", false, vec!["contoso.com.auq", "contoso.com.au"]),
            ("contoso.com.orgr", false, vec!["contoso.com.orgr", "contoso.com.org"]),
            ("contoso.com.der", false, vec!["contoso.com.der", "contoso.com"]),
            ("contoso.comq", false, vec!["contoso.comq"]),
            ("contoso.com.npy", false, vec!["contoso.com.npy", "contoso.com"]),
            (
                "contoso.com.log.1",
                false,
                vec!["contoso.com.log.1", "contoso.com.log", "contoso.com"],
            ),
            ("contoso.com.zip", false, vec!["contoso.com.zip", "contoso.com"]),
            ("contoso.com.rs", false, vec!["contoso.com.rs"]),
            ("contoso.com.rs", true, vec!["contoso.com.rs", "contoso.com"]),
            (
                "contoso.com-backup.csv",
                false,
                vec!["contoso.com-backup.csv", "contoso.com-backup", "contoso.com"],
            ),
            (
                "contoso.com-2026-11",
                false,
                vec!["contoso.com-2026-11", "contoso.com-2026", "contoso.com"],
            ),
            ("contoso.xn--p1ai-old", false, vec!["contoso.xn--p1ai-old", "contoso.xn--p1ai"]),
            ("localhost.csv", false, vec!["localhost.csv"]),
        ] {
            let lens = domain_lens(domain, in_path);
            let told: Vec<&str> = lens.iter().map(|len| &domain[..*len]).collect();
            assert_eq!(told, expected, "{domain}");
        }
    }

    #[test]
    fn what_may_be_more_of_a_domain() {
        for (after, expected) in [
            (".orgamosei", true),
            (".orgeegivendkofi\u{e9}", true),
            (".comkofi\0", true),
            (".auKofi", false),
            (".com.auq", false),
            (".Please", false),
            (".backup", false),
            (".metadata", false),
            (".organization", false),
            (".commit", false),
            (".network", false),
            (".joblib", false),
            (".log.1", false),
            ("-2026.csv", false),
            ("\0.orgx", false),
            ("", false),
        ] {
            assert_eq!(goes_on(after), expected, "{after}");
        }
    }

    #[test]
    fn where_a_reader_sees_it_end() {
        for (domain, expected) in [
            ("contoso.com.log.1", "contoso.com"),
            ("contoso.pt", "contoso.pt"),
            ("contoso.com.pt", "contoso.com"),
            ("contoso.adroot.npy", "contoso.adroot.npy"),
            ("contoso.example-2026", "contoso.example"),
        ] {
            let len = seen_len(domain, &domain_lens(domain, false));
            assert_eq!(&domain[..len], expected);
        }
    }

    #[test]
    fn files_are_called_like_domains() {
        assert!(FILES.iter().chain(&FILES_IN_PATHS).all(|label| is_top_level(label)));
    }
}
