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

/// Every run of the text that may hold text or something packed, in order, decoded from the start
/// of the run and from each of the three places after it: other words may stand before it.
///
/// Line breaks within a run are skipped, as mail and PEM files have them. A run of one case alone
/// is a number or a path: text of twelve bytes gives letters of both.
pub fn runs(text: &str, found: &mut dyn FnMut(Run)) {
    let bytes = text.as_bytes();
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    let mut last = [0; BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    let mut done = 0;
    let mut before = Marks::default();
    for (number, block) in blocks.iter().chain([&last]).enumerate() {
        let now = Marks::of(block);
        let digits = u128::from(before.digits) | u128::from(now.digits) << BLOCK_BYTES;
        let upper = u128::from(before.upper) | u128::from(now.upper) << BLOCK_BYTES;
        let mut starts = starts_of_sixteen(digits);
        while starts != 0 {
            let from = starts.trailing_zeros();
            let len = (digits >> from).trailing_ones();
            // The first block before the text is all zeros, so no run starts in it.
            let at = (number * BLOCK_BYTES + from as usize).saturating_sub(BLOCK_BYTES);
            let is_whole = from > 0 && from + len < 128 && len < LINE_CHARS_MIN as u32;
            let run = if len == 128 { u128::MAX } else { ((1 << len) - 1) << from };
            if !is_whole || upper & run != 0 {
                run_around(bytes, at, &mut done, found);
            }
            starts &= !run;
        }
        before = now;
    }
}

/// Bytes that are judged together.
const BLOCK_BYTES: usize = 64;

/// Lines of base64 are at least so long if another follows: mail breaks at 76, PEM at 64.
const LINE_CHARS_MIN: usize = 60;

/// One bit for each byte of a block.
#[derive(Default)]
struct Marks {
    /// Of the alphabets.
    digits: u64,
    /// Of them, capital letters.
    upper: u64,
}

impl Marks {
    /// No branches and no tables, so that the compiler judges sixteen bytes at once.
    fn of(block: &[u8; BLOCK_BYTES]) -> Self {
        let digits = block.map(|byte| {
            let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
            let number = byte.wrapping_sub(b'/') < 11;
            let sign = (byte == b'+') | (byte == b'-') | (byte == b'_');
            u8::from(letter | number | sign)
        });
        let upper = block.map(|byte| u8::from(byte.wrapping_sub(b'A') < 26));
        Self { digits: bits(&digits), upper: bits(&upper) }
    }
}

/// Bytes that are one or zero as bits.
fn bits(bytes: &[u8; BLOCK_BYTES]) -> u64 {
    // The product brings the lowest bit of each byte into the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let words = bytes.as_chunks::<8>().0.iter().enumerate();
    words.fold(0, |all, (number, word)| {
        all | (u64::from_le_bytes(*word).wrapping_mul(GATHER) >> 56) << (number * 8)
    })
}

/// The bits from which on sixteen in a row are set.
fn starts_of_sixteen(bits: u128) -> u128 {
    let two = bits & bits >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    eight & eight >> 8
}

/// The run around an offset; nothing before `done` is looked at again.
fn run_around(bytes: &[u8], at: usize, done: &mut usize, found: &mut dyn FnMut(Run)) {
    if at < *done {
        return;
    }
    let back = bytes[*done..at].iter().rev().take_while(|byte| is_digit(**byte)).count();
    let start = at - back;
    *done = run_end(bytes, start);
    let run = &bytes[start..*done];
    if run.len() >= RUN_CHARS_MIN && is_mixed(run) {
        alphabets(run, start, found);
    }
}

fn is_digit(byte: u8) -> bool {
    VALUES[usize::from(byte)] < OTHER
}

/// The runs of each of the two alphabets in a run of both.
fn alphabets(run: &[u8], start: usize, found: &mut dyn FnMut(Run)) {
    let of_urls = |byte: &u8| matches!(byte, b'-' | b'_');
    let plain = |byte: &u8| matches!(byte, b'+' | b'/');
    each_part(run, start, of_urls, |_| true, found);
    // What both alphabets have was decoded as plain.
    if run.iter().any(of_urls) {
        each_part(run, start, plain, |part| part.iter().any(of_urls), found);
    }
}

fn each_part(
    run: &[u8],
    start: usize,
    is_strange: impl Fn(&u8) -> bool,
    is_own: impl Fn(&[u8]) -> bool,
    found: &mut dyn FnMut(Run),
) {
    let mut at = start;
    for part in run.split(is_strange) {
        if part.len() >= RUN_CHARS_MIN && is_mixed(part) && is_own(part) {
            decode_run(part, at, found);
        }
        at += part.len() + 1;
    }
}

fn is_mixed(run: &[u8]) -> bool {
    run.iter().any(u8::is_ascii_lowercase) && run.iter().any(u8::is_ascii_uppercase)
}

fn run_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let len = bytes[at..].iter().position(|byte| !is_digit(*byte));
        let end = len.map_or(bytes.len(), |len| at + len);
        let line = end - at;
        let gap = line_break(&bytes[end..]);
        if gap == 0
            || line < LINE_CHARS_MIN
            || bytes.get(end + gap).is_none_or(|byte| !is_digit(*byte))
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
    let mut decoded = Vec::new();
    for skip in 0..4 {
        decode(&run[skip..], &mut decoded);
        if is_promising(&decoded) {
            let bytes = std::mem::take(&mut decoded);
            found(Run { start: start + skip, end: start + run.len(), bytes });
        }
    }
}

fn decode(run: &[u8], bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.reserve(run.len() / 4 * 3 + 3);
    let mut group = 0u32;
    let mut count = 0;
    let mut rest = run;
    while let [a, b, c, d, tail @ ..] = rest {
        let values = [*a, *b, *c, *d].map(|byte| u32::from(VALUES[usize::from(byte)]));
        if values.iter().any(|value| *value >= 64) || *a == b'\\' {
            break;
        }
        let four = values[0] << 18 | values[1] << 12 | values[2] << 6 | values[3];
        bytes.extend_from_slice(&four.to_be_bytes()[1..]);
        rest = tail;
    }
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
}

/// Whether bytes could be text or something packed: random bytes seldom look so.
fn is_promising(bytes: &[u8]) -> bool {
    const PACKED: [&[u8]; 6] =
        [b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh", b"\x78"];
    holds_text(bytes) || PACKED.iter().any(|magic| bytes.starts_with(magic))
}

/// A stretch of printable characters, or mostly such and Latin-1 letters, or UTF-8 or UTF-16 of
/// letters beyond ASCII.
fn holds_text(bytes: &[u8]) -> bool {
    let (mut stretch, mut texty, mut zeros, mut pairs) = (0, 0, 0, 0);
    let mut before = 0;
    for &byte in bytes {
        let plain = matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
        stretch = if plain { stretch + 1 } else { 0 };
        if stretch >= 7 {
            return true;
        }
        texty += usize::from(plain | (byte >= 0xc0) | (byte == 0));
        zeros += usize::from(byte == 0);
        pairs += usize::from((before >= 0xc2) & (byte & 0xc0 == 0x80));
        before = byte;
    }
    texty * 10 > bytes.len() * 9
        || zeros * 3 > bytes.len()
        || pairs >= 1 && std::str::from_utf8(bytes).is_ok()
        || pairs >= 3 && bytes.utf8_chunks().any(|chunk| has_words(chunk.valid()))
}

/// Three characters beyond ASCII: random bytes seldom spell UTF-8.
fn has_words(text: &str) -> bool {
    text.chars().filter(|c| !c.is_ascii() && !c.is_control()).count() >= 3
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
