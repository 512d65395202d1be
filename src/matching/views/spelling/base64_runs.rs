//! Runs of base64 in a text, decoded.

/// Shortest run that is decoded: shorter ones hold fewer than twelve bytes.
const RUN_CHARS_MIN: usize = 16;

/// A run of base64 in a text.
pub struct Run {
    /// Where it starts in the text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it decodes to.
    pub bytes: Vec<u8>,
}

/// Every run of the text that may hold text or something packed, in order, decoded from the start of
/// the run and from each of the three places after it: other words may stand before it.
///
/// Line breaks within a run are skipped, as mail and PEM files have them. A run of one case alone is
/// a number or a path: text of twelve bytes gives letters of both.
pub fn runs(text: &str, found: &mut dyn FnMut(Run)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // Only every sixteenth byte is looked at while no run is near.
    while let Some(byte) = bytes.get(at + RUN_CHARS_MIN - 1) {
        if VALUES[usize::from(*byte)] >= OTHER {
            at += RUN_CHARS_MIN;
            continue;
        }
        let last = at + RUN_CHARS_MIN - 1;
        let back =
            bytes[at..last].iter().rev().take_while(|byte| VALUES[usize::from(**byte)] < OTHER);
        let start = last - back.count();
        if start > at {
            at = start;
            continue;
        }
        let end = run_end(bytes, start);
        alphabets(&bytes[start..end], start, found);
        at = end + 1;
    }
}

/// The runs of each of the two alphabets in a run of both.
fn alphabets(run: &[u8], start: usize, found: &mut dyn FnMut(Run)) {
    for strange in [b"-_", b"+/"] {
        let mut at = start;
        for part in run.split(|byte| strange.contains(byte)) {
            // What both alphabets have is decoded once.
            let own = strange == b"-_" || part.iter().any(|byte| b"-_".contains(byte));
            if own && part.len() >= RUN_CHARS_MIN && is_mixed(part) {
                decode_run(part, at, found);
            }
            at += part.len() + 1;
        }
    }
}

fn is_mixed(run: &[u8]) -> bool {
    run.iter().any(u8::is_ascii_lowercase) && run.iter().any(u8::is_ascii_uppercase)
}

fn run_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let len = bytes[at..].iter().position(|byte| VALUES[usize::from(*byte)] >= OTHER);
        let end = len.map_or(bytes.len(), |len| at + len);
        let line = end - at;
        let gap = line_break(&bytes[end..]);
        // Only full lines are continued: mail breaks at 76, PEM at 64.
        if gap == 0
            || line < 60
            || bytes.get(end + gap).is_none_or(|byte| VALUES[usize::from(*byte)] >= OTHER)
        {
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
            found(Run { start: start + skip, end: start + run.len(), bytes: decoded });
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
        group = group << 6 | u32::from(VALUES[usize::from(*first)] & 63);
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
    holds_text(bytes) || PACKED.iter().any(|magic| bytes.starts_with(magic))
}

/// A stretch of printable characters, mostly such or Latin-1 letters, or every other byte zero.
fn holds_text(bytes: &[u8]) -> bool {
    let mut stretch = 0;
    let mut texty = 0;
    for byte in bytes {
        let plain = matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
        stretch = if plain { stretch + 1 } else { 0 };
        texty += usize::from(plain || *byte >= 0xc0);
        if stretch >= 7 {
            return true;
        }
    }
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    texty * 5 > bytes.len() * 4
        || zeros * 3 > bytes.len()
        || std::str::from_utf8(bytes).is_ok()
        || bytes.utf8_chunks().any(|chunk| {
            chunk.valid().chars().filter(|c| !c.is_control()).count() >= 4
                && !chunk.valid().is_ascii()
        })
}

/// Values beyond the sixty-four.
const OTHER: u8 = 64;

/// What each byte stands for, in both alphabets.
const VALUES: [u8; 256] = {
    let mut values = [OTHER; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0;
    while at < 64 {
        values[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
};

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
