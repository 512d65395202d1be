//! Bytes in lines of letters as mail had them before base64: uuencode.

use std::ops::Range;

/// What lines of uuencode begin with.
pub const SIGNS: &[&[u8]] = &[b"begin "];

/// What is read of one.
const BYTES_MAX: usize = 1 << 20;

/// Every such text, with what it spells; `signs`: where one of lines may begin.
pub fn texts(bytes: &[u8], signs: &[Range<usize>], found: &mut dyn FnMut(Range<usize>, Vec<u8>)) {
    for at in signs.iter().map(|sign| sign.start) {
        let is_mode =
            bytes.get(at + 6..at + 9).is_some_and(|mode| mode.iter().all(u8::is_ascii_digit));
        let starts_line = at == 0 || bytes[at - 1] == b'\n';
        if is_mode
            && starts_line
            && let Some((end, spelled)) = uuencoded(bytes, at)
        {
            found(at..end, spelled);
        }
    }
}

/// The lines behind the first, each with its length before it.
fn uuencoded(bytes: &[u8], at: usize) -> Option<(usize, Vec<u8>)> {
    let mut end = at + memchr::memchr(b'\n', &bytes[at..])? + 1;
    let mut spelled = Vec::new();
    for line in bytes[end..].split_inclusive(|byte| *byte == b'\n') {
        let Some((len, digits)) = line.trim_ascii_end().split_first() else { break };
        let value = |byte: u8| u32::from(byte.wrapping_sub(b' ') & 63);
        let len = value(*len) as usize;
        let is_line = (b' '..=b'`').contains(&line[0]) && digits.len() + 3 >= len.div_ceil(3) * 4;
        if len == 0 || !is_line || spelled.len() > BYTES_MAX {
            break;
        }
        let mut bytes = Vec::new();
        for four in digits.chunks(4) {
            let digit = |at: usize| value(four.get(at).copied().unwrap_or(b' '));
            let group = digit(0) << 18 | digit(1) << 12 | digit(2) << 6 | digit(3);
            bytes.extend_from_slice(&group.to_be_bytes()[1..]);
        }
        bytes.truncate(len);
        spelled.extend(bytes);
        end += line.len();
    }
    (!spelled.is_empty()).then_some((end, spelled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::blocks::few::Few;

    #[test]
    fn texts_spell_bytes() {
        let text = "by mira.osei@nordlicht.example now";
        let armoured =
            "x\nbegin 644 owners.csv\nB8GD@;6ER82YO<V5I0&YO<F1L:6-H=\"YE>&%M<&QE(&YO=P  \n`\nend\n";
        let mut all = Vec::new();
        let signs = Few::new(SIGNS).all(armoured.as_bytes());
        texts(armoured.as_bytes(), &signs, &mut |_, bytes| all.push(bytes));
        assert_eq!(all.len(), 1, "{armoured}");
        assert_eq!(String::from_utf8_lossy(&all[0]), text);
        for empty in ["begin 644 x", "begin 644 x\n", "begin 644 x\n`\nend", "begin"] {
            let mut all = Vec::new();
            let signs = Few::new(SIGNS).all(empty.as_bytes());
            texts(empty.as_bytes(), &signs, &mut |_, bytes| all.push(bytes));
            assert!(all.iter().all(Vec::is_empty), "{empty}: {all:?}");
        }
    }
}
