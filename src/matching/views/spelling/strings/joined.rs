//! Addresses and GUIDs one behind the other with nothing between: their own shapes tell where one
//! ends. A domain ends with a label that domains end in, and the next address begins.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

use crate::matching::views::spelling::top_level::is_top_level;

/// Ends of a domain, or starts of what follows it, that are tried.
const CUTS_MAX: usize = 4;

/// The longest label that a domain may end in.
const TOP_LEVEL_BYTES_MAX: usize = 24;

const GUID_BYTES: usize = 36;

/// The addresses and GUIDs that adjoin one another in a run of text, in every way in which they
/// may be told apart.
pub fn fields(bytes: &[u8], run: &Range<usize>) -> Vec<Range<usize>> {
    let mut fields = addresses(bytes, run);
    fields.extend(guids(bytes, run));
    fields
}

fn addresses(bytes: &[u8], run: &Range<usize>) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    let text = &bytes[run.clone()];
    let mut starts: Vec<usize> = Vec::new();
    let mut signs = memchr_iter(b'@', text).peekable();
    while let Some(sign) = signs.next() {
        let Some(next) = signs.peek().copied() else {
            // The last of a row ends where the row does.
            let end = sign + 1 + text[sign + 1..].iter().take_while(|byte| is_part(**byte)).count();
            fields.extend(starts.iter().map(|start| *start..end));
            break;
        };
        let ends = match text[sign + 1..next].iter().all(|byte| is_part(*byte)) {
            true => cuts(&text[sign + 1..next]).iter().map(|cut| sign + 1 + cut).collect(),
            false => Vec::new(),
        };
        if starts.is_empty() && !ends.is_empty() {
            let before = text[..sign].iter().rev().take_while(|byte| is_part(**byte)).count();
            starts.push(sign - before);
        }
        let domain = text[sign + 1..next].iter().take_while(|byte| is_part(**byte)).count();
        for start in &starts {
            let ends = ends.iter().copied().chain(ends.is_empty().then_some(sign + 1 + domain));
            fields.extend(ends.map(|end| *start..end));
        }
        starts = ends;
    }
    fields.iter_mut().for_each(|field| *field = field.start + run.start..field.end + run.start);
    fields
}

/// Where in the text between two signs a domain may end and the next address begin, the longest
/// domain first.
fn cuts(between: &[u8]) -> Vec<usize> {
    let mut cuts = Vec::new();
    let dots = memchr_iter(b'.', between);
    for dot in dots {
        let label = between[dot + 1..].iter().take_while(|byte| byte.is_ascii_alphabetic());
        let len = label.count().min(TOP_LEVEL_BYTES_MAX);
        let label = between[dot + 1..dot + 1 + len].to_ascii_lowercase();
        let label = String::from_utf8_lossy(&label);
        let lens = (2..=len).rev().filter(|len| is_top_level(&label[..*len]));
        let is_rest = |cut: &usize| between.get(*cut).is_some_and(u8::is_ascii_alphanumeric);
        cuts.extend(lens.map(|len| dot + 1 + len).filter(is_rest));
    }
    cuts.truncate(CUTS_MAX);
    cuts
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+') || byte >= 0x80
}

fn guids(bytes: &[u8], run: &Range<usize>) -> Vec<Range<usize>> {
    const DASH: usize = 8;
    let mut fields = Vec::new();
    let mut from = run.start;
    while let Some(dash) = memchr(b'-', &bytes[from..run.end]) {
        from += dash + 1;
        let Some(start) = (from - 1).checked_sub(DASH).filter(|start| *start >= run.start) else {
            continue;
        };
        let row = bytes[start..run.end].chunks_exact(GUID_BYTES);
        let count = row.take_while(|chunk| is_guid(chunk)).count();
        let end = start + count * GUID_BYTES;
        if count > 1 {
            let before = start.checked_sub(1).filter(|at| *at >= run.start);
            let adjoins = |at: Option<usize>| {
                at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric)
            };
            let behind = Some(end).filter(|end| *end < run.end);
            // What is cut by no other of its kind may be part of something longer.
            let first = usize::from(adjoins(before));
            let last = count - usize::from(adjoins(behind));
            fields.extend(
                (first..last)
                    .map(|number| start + number * GUID_BYTES..start + (number + 1) * GUID_BYTES),
            );
            from = end;
        }
    }
    fields
}

fn is_guid(bytes: &[u8]) -> bool {
    let is_dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    bytes.iter().enumerate().all(
        |(at, byte)| {
            if is_dash(at) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_up(text: &str) -> Vec<&str> {
        fields(text.as_bytes(), &(0..text.len())).into_iter().map(|field| &text[field]).collect()
    }

    #[test]
    fn addresses_in_a_row() {
        let row = "ann@contoso.comben.x@contoso.com.aucarl@contoso.com";
        let told = cut_up(row);
        for address in ["ann@contoso.com", "ben.x@contoso.com.au", "carl@contoso.com"] {
            assert!(told.contains(&address), "{address} in {told:?}");
        }
        for text in ["joann@contoso.combob@contoso.com", "bob@contoso.comjoann@contoso.com"] {
            assert!(!cut_up(text).contains(&"ann@contoso.com"), "{text}");
        }
        for text in ["ann@contoso.com", "ann@contoso.com bob@contoso.com", "ann@bob@contoso.com"] {
            assert_eq!(cut_up(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn guids_in_a_row() {
        let one = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
        assert_eq!(cut_up(&format!("{one}{one}")), [one, one]);
        assert_eq!(cut_up(&format!("a{one}{one}")), [one]);
        assert_eq!(cut_up(&format!("{one}{one}{one}0")), [one, one]);
        assert_eq!(cut_up(&format!("a{one}")), [""; 0]);
    }
}
