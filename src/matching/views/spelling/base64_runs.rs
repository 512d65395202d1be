//! Runs of base64 in a text, decoded.

/// Shortest run that is decoded: shorter ones hold fewer than twelve bytes.
const RUN_CHARS_MIN: usize = 16;

/// A run of base64 in a text.
pub struct Run {
    /// Where it starts in the text.
    pub start: usize,
    /// What it decodes to.
    pub bytes: Vec<u8>,
}

/// Every run of the text, in order, decoded from the start of the run and, where that gives nothing
/// that could hold text, from each of the three places after it: words may stand before it.
///
/// Line breaks within a run are skipped, as mail and PEM files have them.
pub fn runs(text: &str, found: &mut dyn FnMut(Run)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let Some(start) = bytes[at..].iter().position(|byte| value(*byte) < 64) else { return };
        let start = at + start;
        let end = run_end(bytes, start);
        if end - start >= RUN_CHARS_MIN {
            decode_run(&bytes[start..end], start, found);
        }
        at = end;
    }
}

fn run_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let len = bytes[at..].iter().position(|byte| value(*byte) >= 64);
        let end = len.map_or(bytes.len(), |len| at + len);
        let line = end - at;
        let gap = line_break(&bytes[end..]);
        // Only full lines are continued: mail breaks at 76, PEM at 64.
        if gap == 0 || line < 60 || bytes.get(end + gap).is_none_or(|byte| value(*byte) >= 64) {
            return end;
        }
        at = end + gap;
    }
}

fn line_break(rest: &[u8]) -> usize {
    ["\r\n", "\n", "\\r\\n", "\\n"]
        .iter()
        .find(|gap| rest.starts_with(gap.as_bytes()))
        .map_or(0, |gap| gap.len())
}

fn decode_run(run: &[u8], start: usize, found: &mut dyn FnMut(Run)) {
    for skip in 0..4 {
        let decoded = decode(&run[skip..]);
        if is_promising(&decoded) {
            found(Run { start: start + skip, bytes: decoded });
        }
    }
}

fn decode(run: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(run.len() / 4 * 3 + 3);
    let mut group = 0u32;
    let mut count = 0;
    let mut rest = run;
    while let [first, tail @ ..] = rest {
        let gap = line_break(rest);
        if gap > 0 {
            rest = &rest[gap..];
            continue;
        }
        rest = tail;
        group = group << 6 | u32::from(value(*first) & 63);
        count += 1;
        if count == 4 {
            bytes.extend_from_slice(&group.to_be_bytes()[1..]);
            (group, count) = (0, 0);
        }
    }
    match count {
        2 => bytes.push((group >> 4) as u8),
        3 => bytes.extend_from_slice(&(group >> 2).to_be_bytes()[2..]),
        _ => {}
    }
    bytes
}

/// Whether bytes could be text or something packed: random bytes seldom look so.
fn is_promising(bytes: &[u8]) -> bool {
    const PACKED: [&[u8]; 6] =
        [b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh", b"\x78"];
    PACKED.iter().any(|magic| bytes.starts_with(magic)) || holds_text(bytes)
}

/// A stretch of eight bytes that are printable, or a part of longer UTF-8 characters, or UTF-16.
fn holds_text(bytes: &[u8]) -> bool {
    let mut stretch = 0;
    bytes.iter().any(|byte| {
        let plain = matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..);
        stretch = if plain { stretch + 1 } else { 0 };
        stretch >= 8
    }) || bytes.windows(8).any(|pairs| {
        let zero = |odd: usize| pairs.iter().skip(odd).step_by(2).all(|byte| *byte == 0);
        zero(0) != zero(1)
    })
}

fn value(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        runs(text, &mut |run| all.push(String::from_utf8_lossy(&run.bytes).into_owned()));
        all
    }

    #[test]
    fn runs_are_found_wherever_they_start() {
        for text in [
            "\"YW5uQGNvbnRvc28uY29tIHNhaWQ=\"",
            "key=YW5uQGNvbnRvc28uY29tIHNhaWQ",
            "path/to/YW5uQGNvbnRvc28uY29tIHNhaWQ=",
        ] {
            let found = texts(text);
            assert!(found.iter().any(|text| text.contains("ann@contoso.com said")), "{text}");
        }
        let long =
            "bWFpbCBhbm5AY29udG9zby5jb20gZm9yIG1vcmUgb2YgdGhpcyB0ZXh0LCB0aGF0IGlz\r\nIGxvbmc=";
        assert!(texts(long).iter().any(|text| text.ends_with("that is long")));
    }
}
