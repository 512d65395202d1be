//! Bytes to characters: which charset a stream is in, and the readings of bytes in an unsure one.

use std::cell::LazyCell;
use std::io::{self, Read};
use std::ops::Range;

use encoding_rs::{
    BIG5, CoderResult, Decoder, EUC_JP, EUC_KR, Encoding, GB18030, ISO_2022_JP, SHIFT_JIS,
    UTF_16BE, UTF_16LE, WINDOWS_1252,
};

use memchr::{memchr, memmem};

use crate::matching::blocks::signs::Signs;
use crate::matching::views::spelling::lengths::counted;
use crate::matching::views::spelling::lengths::headers::beside_headers;
use crate::matching::views::spelling::maps::pairs::pairs;
use crate::matching::views::spelling::noise::may_be_wide;
use crate::matching::views::spelling::reading::{Hold, Reading};
use crate::matching::views::spelling::spaceless::is_spaceless;
use crate::matching::views::spelling::stretches::{Stretches, is_mixed, shifted};
use crate::matching::views::spelling::strings::beside::side_by_side;
use crate::matching::views::spelling::strings::frames::{Frames, pickled_lines};
use crate::matching::views::spelling::strings::wide::four_bytes_each;

/// How a stream of bytes spells text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// One byte a character, or UTF-8.
    Bytes,
    /// Two bytes a character, low byte first if `true`.
    Utf16(bool),
    /// Four bytes a character, low byte first if `true`.
    Utf32(bool),
    /// One byte a character, as mainframes have them.
    Ebcdic,
    /// No text: zeros and control characters.
    Binary,
}

/// The charset of a stream that starts like this.
pub fn guess(head: &[u8]) -> Charset {
    if head.starts_with(&[0xff, 0xfe, 0, 0]) {
        return Charset::Utf32(true);
    }
    if head.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Charset::Utf32(false);
    }
    if head.starts_with(&[0xff, 0xfe]) {
        return Charset::Utf16(true);
    }
    if head.starts_with(&[0xfe, 0xff]) {
        return Charset::Utf16(false);
    }
    if memchr(0, head).is_none() && !has_strange(head) {
        return Charset::Bytes;
    }
    let by_shape =
        [Charset::Utf16(true), Charset::Utf16(false), Charset::Utf32(true), Charset::Utf32(false)];
    let zeros = head.iter().filter(|byte| **byte == 0).count();
    let strange = head.iter().map(|byte| usize::from(is_strange(*byte))).sum::<usize>();
    // Text with a zero here and there: in two bytes a character it would hardly be UTF-8 as well,
    // unless there is little of it. Binary is read both ways.
    if zeros * 8 < head.len() && is_utf8_so_far(head) {
        let is_text = strange * 10 <= head.len() && (zeros == 0 || head.len() >= SURE_BYTES);
        return if is_text { Charset::Bytes } else { Charset::Binary };
    }
    // Read the wrong way round, Latin letters are Chinese ones: more ASCII decides.
    let ascii = |charset| ascii_if_clean(head, zeros, charset);
    let best = by_shape.into_iter().filter_map(|charset| Some((ascii(charset)?, charset)));
    if zeros > 0
        && let Some((_, charset)) = best.max_by_key(|(ascii, _)| *ascii)
    {
        // Bytes among characters of two bytes: both are read, and any offset may be the right one.
        return if is_mixed(head) { Charset::Binary } else { charset };
    }
    if zeros > 0 || strange * 10 > head.len() { Charset::Binary } else { Charset::Bytes }
}

/// So many bytes are no UTF-8 by chance.
const SURE_BYTES: usize = 64;

/// Whether bytes are UTF-8, but for a character that their end may cut.
fn is_utf8_so_far(head: &[u8]) -> bool {
    std::str::from_utf8(head).map_or_else(|error| error.error_len().is_none(), |_| true)
}

/// Control characters that text does not have; escape and bell occur in logs of terminals.
#[inline(always)]
fn is_strange(byte: u8) -> bool {
    // Bell, back space, tab, line feed; form feed and return; escape.
    (byte < 0x20) & (byte.wrapping_sub(7) > 3) & (byte & 0xfe != 0x0c) & (byte != 0x1b)
}

/// Whether control characters are among these bytes that text does not have.
pub fn has_strange(bytes: &[u8]) -> bool {
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let (blocks, rest) = bytes.as_chunks::<1024>();
            let of = |bytes: &[u8]| bytes.iter().fold(false, |any, byte| any | is_strange(*byte));
            blocks.iter().any(|block| of(block)) || of(rest)
        },
    )
}

/// How many ASCII characters these bytes hold, if all of them are such as texts are made of; so
/// many of them are zeros.
fn ascii_if_clean(head: &[u8], zeros: usize, charset: Charset) -> Option<usize> {
    match charset {
        Charset::Utf16(little) => {
            let units = head.chunks_exact(2).map(|pair| unit(pair, little));
            let (ascii, latin) = counted_if_clean(char::decode_utf16(units).map(Result::ok))?;
            // Most zeros are the high bytes of Latin letters; few letters have a zero below.
            (latin * 2 >= zeros).then_some(ascii)
        }
        Charset::Utf32(little) => {
            let chars = head.chunks_exact(4).map(|four| scalar(four, little));
            counted_if_clean(chars).map(|(ascii, _)| ascii)
        }
        _ => None,
    }
}

/// How many of these are ASCII, and how many Latin, if all are characters of texts.
fn counted_if_clean(chars: impl Iterator<Item = Option<char>>) -> Option<(usize, usize)> {
    let (mut all, mut ascii, mut latin) = (0, 0, 0);
    let mut chars = chars.peekable();
    while let Some(c) = chars.next() {
        match c {
            Some(c) if is_texty(c) => {
                all += 1;
                ascii += usize::from(c.is_ascii());
                latin += usize::from((c as u32) < 0x100);
            }
            // The head may cut a surrogate pair.
            None if chars.peek().is_none() => {}
            _ => return None,
        }
    }
    (all > 0).then_some((ascii, latin))
}

fn is_texty(c: char) -> bool {
    !matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{ffff}')
        && (!c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{1b}'))
}

fn unit(pair: &[u8], little: bool) -> u16 {
    let pair = [pair[0], pair[1]];
    if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
}

fn scalar(four: &[u8], little: bool) -> Option<char> {
    let four = [four[0], four[1], four[2], four[3]];
    char::from_u32(if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
}

/// A stream in UTF-16 or UTF-32, read as UTF-8.
pub struct Wide<R> {
    inner: R,
    charset: Charset,
    decoder: Decoder,
    bytes: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    ended: bool,
    stretches: Stretches,
}

impl<R: Read> Wide<R> {
    /// Reads `inner` in this charset.
    pub fn new(inner: R, charset: Charset) -> Self {
        let encoding = if charset == Charset::Utf16(false) { UTF_16BE } else { UTF_16LE };
        let decoder = encoding.new_decoder_with_bom_removal();
        Self {
            inner,
            charset,
            decoder,
            bytes: Vec::new(),
            text: Vec::new(),
            given: 0,
            ended: false,
            stretches: Stretches::default(),
        }
    }

    fn refill(&mut self) -> io::Result<()> {
        let kept = self.bytes.len();
        self.bytes.resize(kept + 16 * 1024, 0);
        let read = self.inner.read(&mut self.bytes[kept..]);
        self.bytes.truncate(kept + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        let read = kept.min(self.bytes.len())..;
        (self.given, self.text) = (0, std::mem::take(&mut self.text));
        self.text.clear();
        if let Charset::Utf32(little) = self.charset {
            let whole = self.bytes.len() / 4 * 4;
            for four in self.bytes[..whole].chunks_exact(4) {
                let c = scalar(four, little).unwrap_or(char::REPLACEMENT_CHARACTER);
                self.text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            self.stretches.pass(&self.bytes[read], self.ended, &mut self.text);
            self.bytes.drain(..whole);
            return Ok(());
        }
        let little = self.charset == Charset::Utf16(true);
        let whole = if self.ended { self.bytes.len() } else { self.bytes.len() / 2 * 2 };
        let (mut at, mut shift) = (0, shifted(&self.bytes[..whole], little));
        while let Some(end) = shift.map(|by| at + by) {
            self.decode(at..end, true);
            self.decoder = if little { UTF_16LE } else { UTF_16BE }.new_decoder_with_bom_removal();
            at = end;
            shift = shifted(&self.bytes[at..whole], little);
        }
        let end = if self.ended { whole } else { at + (whole - at) / 2 * 2 };
        self.decode(at..end, self.ended);
        self.stretches.pass(&self.bytes[read], self.ended, &mut self.text);
        self.bytes.drain(..end);
        Ok(())
    }

    /// Decodes some of the bytes; with `last`, those that are no whole character too.
    fn decode(&mut self, range: Range<usize>, last: bool) {
        let room = self.decoder.max_utf8_buffer_length(range.len()).unwrap_or(1 << 17);
        let from = self.text.len();
        self.text.resize(from + room, 0);
        let (result, _, written, _) =
            self.decoder.decode_to_utf8(&self.bytes[range], &mut self.text[from..], last);
        debug_assert_eq!(result, CoderResult::InputEmpty);
        self.text.truncate(from + written);
    }
}

impl<R: Read> Read for Wide<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            self.refill()?;
        }
        let len = buffer.len().min(self.text.len() - self.given);
        buffer[..len].copy_from_slice(&self.text[self.given..self.given + len]);
        self.given += len;
        Ok(len)
    }
}

/// A reading with what it is called and how well it leads back.
pub type Labelled = (&'static str, Hold, Reading);

/// The readings of bytes that are not all UTF-8, one byte a character: what is UTF-8 as such, the
/// rest as Windows-1252 (which has Latin-1 within), and where there is no text also as nothing.
pub fn mixed_readings(bytes: &[u8], binary: bool) -> Vec<Labelled> {
    let mut readings = vec![("", Hold::Exact, mixed(bytes, western))];
    if binary || has_strange(bytes) {
        readings.push(("", Hold::Exact, mixed(bytes, unknown)));
    }
    readings
}

/// The readings of some of the bytes for which what is around them tells where their strings begin
/// and end.
pub fn framed_readings(around: &[u8], part: Range<usize>, binary: bool) -> Vec<Labelled> {
    let bytes = &around[part.clone()];
    let frames = Frames::new(bytes);
    let framed = cut_out(bytes, &frames.cuts(), unknown);
    let pickled = cut_out(bytes, &pickled_lines(bytes), western);
    let cut = [framed, pickled].into_iter().flatten();
    let mut readings: Vec<_> = cut.map(|reading| ("", Hold::Framed, reading)).collect();
    // No text begins in the midst of a character; a list of CBOR or MessagePack does.
    let begins_oddly = bytes.first().is_some_and(|byte| matches!(byte, 0x80..=0xbf));
    if binary || begins_oddly || has_strange(bytes) {
        let strings = side_by_side(&frames, around, part.start);
        readings.extend(strings.map(|reading| ("", Hold::Framed, reading)));
        readings.extend(pairs(&frames).map(|reading| ("", Hold::Framed, reading)));
    }
    readings
}

/// The readings of binary as text of four bytes a character.
pub fn wide_readings(bytes: &[u8]) -> Vec<Labelled> {
    let reading = four_bytes_each(bytes);
    reading.map(|reading| ("utf-32 > ", Hold::Vague, reading)).into_iter().collect()
}

/// The readings of bytes in charsets that they may not be in: binary as two bytes a character, both
/// ways and from both ends; text in each charset in which names beyond ASCII are still stored.
pub fn unlikely_readings(bytes: &[u8], binary: bool) -> Vec<Labelled> {
    if binary {
        let ways = [(0, true), (1, true), (0, false), (1, false)];
        let wide = |(skip, little)| ("utf-16 > ", Hold::Vague, wide(bytes, skip, little));
        return ways.map(wide).into_iter().collect();
    }
    let charsets: [(&str, &'static Encoding); 5] = [
        ("shift_jis > ", SHIFT_JIS),
        ("euc-jp > ", EUC_JP),
        ("gb18030 > ", GB18030),
        ("big5 > ", BIG5),
        ("euc-kr > ", EUC_KR),
    ];
    let lines = |(name, charset)| (name, Hold::Vague, lines_in(charset, bytes));
    let mut readings: Vec<_> = charsets.map(lines).into_iter().collect();
    // East Asian text in UTF-16 may hold no zero to be known by.
    let skips = if bytes.contains(&0) { 0..2 } else { 0..1 };
    for (skip, little) in skips.flat_map(|skip| [(skip, true), (skip, false)]) {
        readings.push(("utf-16 > ", Hold::Vague, wide(bytes, skip, little)));
    }
    readings
}

/// More readings of what is UTF-8 by its bytes: ISO-2022-JP switches to Japanese by escapes, and
/// control characters may be the lengths of strings.
pub fn odd_readings(text: &str) -> Vec<Labelled> {
    let mut readings = Vec::new();
    let has_control = Signs::of(text.as_bytes()).has(Signs::CONTROL);
    let has = |escape: &[u8]| memmem::find(text.as_bytes(), escape).is_some();
    if has_control && (has(b"\x1b$") || has(b"\x1b(I")) {
        let reading = lines_in(ISO_2022_JP, text.as_bytes());
        readings.push(("iso-2022-jp > ", Hold::Vague, reading));
    }
    let bytes = text.as_bytes();
    let is_strange = has_control && has_strange(bytes);
    let frames = LazyCell::new(|| Frames::new(bytes));
    if is_strange {
        let strings = side_by_side(&frames, bytes, 0);
        readings.extend(strings.map(|reading| ("", Hold::Framed, reading)));
    }
    // Some programs append in two or four bytes a character, whatever stands there.
    if is_strange && bytes.contains(&0) && may_be_wide(bytes) {
        let wide_text = four_bytes_each(bytes);
        readings.extend(wide_text.map(|reading| ("utf-32 > ", Hold::Vague, reading)));
        for (skip, little) in [(0, true), (1, true), (0, false), (1, false)] {
            readings.push(("utf-16 > ", Hold::Vague, wide(bytes, skip, little)));
        }
    }
    let has_frames = is_strange || !counted::strings(bytes).is_empty();
    let cuts = if has_frames { frames.cuts() } else { pickled_lines(bytes) };
    if is_strange || !cuts.is_empty() {
        readings.extend(pairs(&frames).map(|reading| ("", Hold::Framed, reading)));
    }
    let framed = cut_out(bytes, &cuts, unknown);
    readings.extend(framed.map(|reading| ("", Hold::Framed, reading)));
    readings
}

/// The reading of bytes cut at these places, if there are any.
pub fn cut_out(bytes: &[u8], cuts: &[usize], other: fn(u8) -> char) -> Option<Reading> {
    if cuts.is_empty() {
        return None;
    }
    let mut reading = Reading::with_capacity(bytes.len() + bytes.len() / 8 + 3 * cuts.len());
    let mut from = 0;
    for cut in cuts.iter().copied().chain([bytes.len()]) {
        mix(&bytes[from..cut], from, other, &mut reading);
        reading.replace_char(char::REPLACEMENT_CHARACTER, cut);
        from = cut;
    }
    Some(reading)
}

/// UTF-8 where it is UTF-8; other bytes one by one.
fn mixed(bytes: &[u8], other: impl Fn(u8) -> char) -> Reading {
    let mut reading = Reading::with_capacity(bytes.len() + bytes.len() / 8);
    mix(bytes, 0, other, &mut reading);
    reading
}

/// Adds such a reading of bytes that stand at `at`.
pub fn mix(bytes: &[u8], mut at: usize, other: impl Fn(u8) -> char, reading: &mut Reading) {
    for chunk in bytes.utf8_chunks() {
        reading.copy(chunk.valid(), at);
        at += chunk.valid().len();
        for byte in chunk.invalid() {
            reading.replace_char(other(*byte), at);
            at += 1;
        }
    }
}

fn wide(bytes: &[u8], skip: usize, little: bool) -> Reading {
    let mut reading = Reading::with_capacity(bytes.len() / 2);
    wide_into(bytes.get(skip..).unwrap_or_default(), skip, 2, little, &mut reading);
    reading
}

/// Adds the reading of bytes that stand at `at`, of two or four bytes a character.
pub fn wide_into(bytes: &[u8], mut at: usize, width: usize, little: bool, reading: &mut Reading) {
    if width == 4 {
        for four in bytes.chunks_exact(4) {
            reading.replace_char(scalar(four, little).unwrap_or(char::REPLACEMENT_CHARACTER), at);
            at += 4;
        }
        return;
    }
    let decoded = char::decode_utf16(bytes.chunks_exact(2).map(|pair| unit(pair, little)));
    let (mut chars, mut places) = (Vec::new(), Vec::new());
    for decoded in decoded {
        let c = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
        reading.replace_char(c, at);
        chars.push(c);
        places.push(at);
        at += c.len_utf16() * 2;
    }
    for string in beside_headers(&chars) {
        reading.replace_char(char::REPLACEMENT_CHARACTER, places[string.start]);
        for (c, place) in chars[string.clone()].iter().zip(&places[string]) {
            reading.replace_char(*c, *place);
        }
    }
}

/// Line by line, so that offsets lead back at least to the line, and one bad line spoils no other.
/// A line that makes no sense in this charset is left out: its letters may have been eaten.
fn lines_in(charset: &'static Encoding, bytes: &[u8]) -> Reading {
    let mut reading = Reading::with_capacity(bytes.len() * 2);
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.is_ascii() && !line.contains(&0x1b) {
            reading.copy(&String::from_utf8_lossy(line), at);
        } else {
            let text = charset.decode_without_bom_handling(line).0;
            let is_plausible = line.contains(&0x1b) || is_east_asian(&text);
            reading.replace(if is_plausible { &text } else { "\n" }, at);
        }
        at += line.len();
    }
    reading
}

/// Whether a decoded line has East Asian letters, some in a row, and beside them only what their
/// charsets have: in a Western charset, letters with accents stand alone among others.
fn is_east_asian(text: &str) -> bool {
    const LETTERS_MIN: usize = 3;
    let is_natural =
        |c: char| is_spaceless(c) || matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}');
    // Arrows, units, numbers in circles, quotes, Greek and Cyrillic letters.
    let is_sign = |c: char| {
        matches!(c, '\u{a1}'..='\u{f7}' | '\u{391}'..='\u{451}' | '\u{2010}'..='\u{27bf}'
            | '\u{3200}'..='\u{33ff}' | '\u{fe30}'..='\u{fe4f}')
    };
    let beyond: Vec<char> = text.chars().filter(|c| !c.is_ascii()).collect();
    let in_row = |c: &[char]| is_natural(c[0]) && is_natural(c[1]);
    beyond.iter().all(|c| is_natural(*c) || is_sign(*c))
        && beyond.iter().filter(|c| is_natural(**c)).count() >= LETTERS_MIN
        && text.chars().collect::<Vec<_>>().windows(2).any(in_row)
}

/// Bytes as UTF-8 if they are, else as Windows-1252.
pub fn utf8_or_western(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// A byte of no meaning.
pub fn unknown(_: u8) -> char {
    char::REPLACEMENT_CHARACTER
}

/// A byte in Windows-1252.
pub fn western(byte: u8) -> char {
    byte.checked_sub(0x80).map_or(char::from(byte), |high| WESTERN[usize::from(high)])
}

/// Windows-1252 from 0x80 on; from 0xa0 it is Latin-1.
const WESTERN: [char; 128] = {
    let low = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let mut all = ['\0'; 128];
    let mut at = 0;
    while at < 128 {
        all[at] = if at < 32 { low[at] } else { (0x80 + at as u8) as char };
        at += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn charsets_are_guessed() {
        for text in ["ann@contoso.com", "山田花子、経理部\n", "Lefèvre, 😀"] {
            for little in [true, false] {
                let bytes = utf16(text, little);
                assert_eq!(guess(&bytes), Charset::Utf16(little), "{text}");
                let mut read = String::new();
                Wide::new(&*bytes, guess(&bytes)).read_to_string(&mut read).unwrap();
                assert_eq!(read, text);
                let marked = utf16(&format!("\u{feff}{text}"), little);
                let mut read = String::new();
                Wide::new(&*marked, guess(&marked)).read_to_string(&mut read).unwrap();
                assert_eq!(read, text);
            }
        }
        assert_eq!(guess(b"plain"), Charset::Bytes);
        assert_eq!(guess(b"Lef\xe8vre"), Charset::Bytes);
        assert_eq!(
            guess(b"\x80\x04\x95\x0f\0\0\0\0\0\0\0\x8c\x0fann@contoso.com\x94."),
            Charset::Binary
        );
    }

    #[test]
    fn western_and_utf8_may_be_mixed() {
        let readings = mixed_readings(&["è".as_bytes(), b"Lef\xe8vre \x80"].concat(), false);
        assert_eq!(readings[0].2.text, "èLefèvre €");
    }
}
