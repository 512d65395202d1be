//! What of bytes that are no text may be text nevertheless, as one text that leads back.
//!
//! Whatever speaks of somebody is some characters long, and each of them is one that texts have.
//! Noise and numbers have few such stretches. What is ASCII alone is looked for in the bytes as
//! they stand; here are the stretches that must be decoded, folded or unescaped first, each once
//! for each width of its characters.

use std::cell::LazyCell;
use std::ops::Range;
use std::str::Utf8Chunk;
use std::sync::LazyLock;

use crate::matching::blocks::bits::{any, count, next_clear, next_set, runs};
use crate::matching::blocks::masks::{Set, WORD_BYTES, masks};
use crate::matching::bytes::spelled::Spelled;
use crate::matching::bytes::units::{Units, Width};
use crate::matching::identity::candidates::Foreign;
use crate::matching::views::hinting::Sifted;
use crate::matching::views::spelling::charset::{mix, western, wide_into};
use crate::matching::views::spelling::digits::base64_runs::{DIGITS, may_be_digit};
use crate::matching::views::spelling::fold::folded_char;

/// Leaves out of bytes what cannot be text that matters.
pub struct Sift {
    /// ASCII, and what is a letter that matters in Windows-1252.
    texty: Set,
    /// Of these the letters, and what begins an escape.
    signs: Set,
    characters: Characters,
    units: Units,
    /// The shortest stretch that matters, in characters.
    least: usize,
    /// What is sought, without digits in it and with some.
    sought: [Letters; 2],
    facts: Box<[Facts; 256]>,
    /// Bytes that are letters of it, and those of these that fold to several.
    letters: [Set; 2],
    spelled: Option<Spelled>,
}

/// The letters and digits of some texts.
struct Letters {
    /// Those of ASCII.
    set: Set,
    /// How many the text has that has the fewest.
    least: usize,
}

/// What every way to write something in other letters has in it: escapes, mail, tags, terminals,
/// broken lines, strings in pieces.
const SIGNS: &[u8] = b"\\%&=<][:,\"'`\x1b\x07\x08\r\n";

/// A stretch so long may be all digits that spell something, or numbers that do.
const RUN_BYTES: usize = 16;

/// Longer stretches need not be asked for: those that matter have one so long in them.
const LEAST_MAX: usize = 16;

/// Characters by which stretches of two or four bytes a character are known.
const WIDE_CHARS: usize = 4;

impl Sift {
    /// For these texts, and what is spelled with these characters beyond ASCII. `least`: characters
    /// of the shortest stretch that matters.
    pub fn new<'a>(
        texts: impl Iterator<Item = &'a String>,
        foreign: &Foreign,
        least: usize,
    ) -> Self {
        let texts: Vec<&String> = texts.collect();
        let spelled = Spelled::new(&texts, foreign.has_high());
        let (numbered, worded): (Vec<_>, Vec<_>) =
            texts.into_iter().partition(|text| text.contains(|c: char| c.is_ascii_digit()));
        let sought = [Letters::of_texts(&worded), Letters::of_texts(&numbered)];
        let facts = Facts::of_all(&sought);
        let folds_to = |byte: u8| facts[usize::from(byte)].letters.into_iter().max();
        let letters = [1, 2].map(|many| Set::new(|byte| folds_to(byte) >= Some(many)));
        let is_foreign = |byte: u8| byte >= 0x80 && foreign.has(western(byte));
        let is_plain =
            |byte: u8| matches!(byte, b'\t'..=b'\r' | b' '..=b'~') || SIGNS.contains(&byte);
        Self {
            texty: Set::new(|byte| is_plain(byte) || is_foreign(byte)),
            signs: Set::new(|byte| is_foreign(byte) || SIGNS.contains(&byte)),
            characters: Characters::default(),
            units: Units::new(foreign),
            least: least.clamp(1, LEAST_MAX),
            facts,
            letters,
            spelled,
            sought,
        }
    }

    /// Takes in what is so short.
    pub fn admit(&mut self, least: usize) {
        self.least = self.least.min(least.max(1));
        self.spelled = None;
        self.sought.iter_mut().for_each(|letters| letters.least = 0);
    }

    /// Whether a text may have something that is sought once it is folded.
    pub fn may_fold_to_any(&self, text: &str) -> bool {
        self.spelled.as_ref().is_none_or(|spelled| spelled.may_fold_to_one(text))
    }

    /// The stretches, apart from each other.
    pub fn sifted(&self, bytes: &[u8]) -> Sifted {
        let mut sifted = Sifted::default();
        self.stretches(bytes, &mut |range| {
            mix(&bytes[range.clone()], range.start, western, &mut sifted.narrow);
            sifted.narrow.replace_char(char::REPLACEMENT_CHARACTER, range.end);
        });
        self.units.stretches(bytes, self.least.min(WIDE_CHARS), &mut |range, width: Width| {
            let reading = if width.bytes == 2 { &mut sifted.two } else { &mut sifted.four };
            wide_into(&bytes[range.clone()], range.start, width.bytes, width.little, reading);
            reading.replace_char(char::REPLACEMENT_CHARACTER, range.end);
        });
        sifted
    }

    /// Stretches of one byte a character, or UTF-8.
    fn stretches(&self, bytes: &[u8], found: &mut dyn FnMut(Range<usize>)) {
        let [mut texts] = masks(bytes, [&self.texty]);
        let letters = self.characters.of(bytes);
        texts.iter_mut().zip(&letters).for_each(|(word, letters)| *word |= letters);
        let long = runs(&texts, self.least);
        if long.iter().all(|word| *word == 0) {
            return;
        }
        let [signs, one, many, escapes, digits] =
            masks(bytes, [&self.signs, &self.letters[0], &self.letters[1], &ESCAPES, &DIGITS]);
        let least = self.sought.iter().map(|letters| letters.least).min().unwrap_or(0);
        // Noise is told by counting alone that it cannot spell anything that is sought.
        let is_poor = |range: &Range<usize>, spelled: usize| {
            let letters = count(&one, range.clone()) + LETTERS_MORE * count(&many, range.clone());
            letters + spelled < least && count(&digits, range.clone()) * 3 / 4 < least
        };
        // Noise has hardly a stretch that is long enough to be asked for one.
        let rows = LazyCell::new(|| Rows::of(bytes));
        let mut at = 0;
        while let Some(start) = next_set(&long, at) {
            let end = next_clear(&texts, start).unwrap_or(bytes.len()).min(bytes.len());
            let has_letters = any(&letters, start..end);
            let stretch = &bytes[start..end];
            let has_row = || rows.may_have(start..end) && has_run(stretch);
            let matters = match has_letters || any(&signs, start..end) {
                true => match spelled_by_escapes(bytes, &escapes, start..end) {
                    Some(spelled) if stretch.len() < SURE_BYTES => {
                        let is_poor = !has_letters && is_poor(&(start..end), spelled);
                        let may_be_in = |known: &Spelled| spelled > 0 || known.may_be_in(stretch);
                        !is_poor
                            && self.may_spell(stretch, has_letters, spelled)
                            && self.spelled.as_ref().is_none_or(may_be_in)
                            || stretch.len() >= PAIRS_BYTES && has_row()
                    }
                    _ => true,
                },
                false => stretch.len() >= RUN_BYTES && has_row(),
            };
            if matters {
                found(start..end);
            }
            at = end;
        }
    }

    /// Whether a stretch has as many letters as what is sought, or may spell them by other signs.
    /// Noise does not. `has_letters`: characters of several bytes are in it; `spelled`: so many
    /// letters may be spelled by escapes.
    fn may_spell(&self, stretch: &[u8], has_letters: bool, spelled: usize) -> bool {
        let mut letters = [0; 2];
        let (mut digits, mut digits_most) = (0, 0);
        for byte in stretch {
            let facts = &self.facts[usize::from(*byte)];
            letters[0] += usize::from(facts.letters[0]);
            letters[1] += usize::from(facts.letters[1]);
            digits = if facts.is_digit { digits + 1 } else { 0 };
            digits_most = digits_most.max(digits);
        }
        if has_letters {
            let more = folded_max(stretch);
            let may_have = |index: usize| letters[index] + more >= self.sought[index].least;
            letters = match self.spelled {
                // Which letters stand in a row says more than how many, and is asked next.
                Some(_) => letters.map(|letters| letters + more),
                None if may_have(0) || may_have(1) => {
                    [0, 1].map(|index| self.sought[index].count(stretch))
                }
                None => letters,
            };
        }
        let is_any = |(letters, sought): (usize, &Letters)| {
            letters + spelled >= sought.least || digits_most * 3 / 4 >= sought.least
        };
        letters.into_iter().zip(&self.sought).any(is_any)
    }
}

/// Where digits stand in a row as [`has_run`] asks for them, told of many bytes at a time.
struct Rows {
    digits: Vec<u64>,
    capitals: Vec<u64>,
    hexes: Vec<u64>,
    words: Vec<u64>,
}

impl Rows {
    fn of(bytes: &[u8]) -> Self {
        let [digits, capitals, hexes] = masks(bytes, [&DIGITS, &CAPITALS, &PAIRED]);
        let [mut words, six, four] = masks(bytes, [&BEFORE, &SIX, &FOUR]);
        for at in 0..words.len() {
            let behind = |bits: &[u64], by: u32| {
                let next = bits.get(at + 1).copied().unwrap_or(0);
                bits[at] >> by | next << (WORD_BYTES as u32 - by)
            };
            words[at] &= behind(&six, 1) & behind(&four, 2);
        }
        let [digits, hexes] = [digits, hexes].map(|bits| runs(&bits, RUN_BYTES));
        Self { digits, capitals, hexes, words }
    }

    /// Whether there may be such a row in a range.
    fn may_have(&self, range: Range<usize>) -> bool {
        let has = |bits: &[u64]| any(bits, range.clone());
        has(&self.hexes) || has(&self.words) || has(&self.digits) && has(&self.capitals)
    }
}

static CAPITALS: LazyLock<Set> = LazyLock::new(|| Set::new(|byte| byte.is_ascii_uppercase()));

static PAIRED: LazyLock<Set> =
    LazyLock::new(|| Set::new(|byte| byte.is_ascii_hexdigit() || matches!(byte, b' ' | b':')));

/// What words that speak of base64 have before their number.
static BEFORE: LazyLock<Set> = LazyLock::new(|| Set::new(|byte| b"beE".contains(&byte)));

static SIX: LazyLock<Set> = LazyLock::new(|| Set::new(|byte| byte == b'6'));

static FOUR: LazyLock<Set> = LazyLock::new(|| Set::new(|byte| byte == b'4'));

/// Whether plain text has digits in a row that may spell other text, or speaks of some.
fn has_run(text: &[u8]) -> bool {
    let (mut digits, mut hexes, mut has_capital, mut last) = (0, 0, false, [0; 2]);
    // Of a word that hexadecimal digits have between their blanks or colons.
    let mut word = 0;
    for byte in text {
        if !may_be_digit(*byte) {
            (digits, has_capital) = (0, false);
        } else {
            digits += 1;
            has_capital |= byte.is_ascii_uppercase();
        }
        (hexes, word) = match byte {
            _ if byte.is_ascii_hexdigit() => (hexes + 1, word + 1),
            b' ' | b':' if matches!(word, 2 | 4) => (hexes, 0),
            _ => (0, 0),
        };
        let is_word = matches!((last, *byte), ([b'b' | b'e' | b'E', b'6'], b'4'));
        if hexes >= RUN_BYTES || digits >= RUN_BYTES && has_capital || is_word {
            return true;
        }
        last = [last[1], *byte];
    }
    false
}

static ESCAPES: LazyLock<Set> = LazyLock::new(|| Set::new(begins_escape));

/// Whether a byte may begin what spells a letter by several, or text in an armour.
fn begins_escape(byte: u8) -> bool {
    b"\\%&=<".contains(&byte)
}

/// Letters that one byte may fold to beyond the first.
const LETTERS_MORE: usize = 2;

/// A stretch so long may be pairs of digits that spell something.
const PAIRS_BYTES: usize = 23;

/// A stretch so long is not noise.
const SURE_BYTES: usize = 32;

/// Letters that one escape may spell: that of a ligature.
const ESCAPED_MAX: usize = 3;

/// What a byte may be in one of Windows-1252.
#[derive(Clone, Copy)]
struct Facts {
    /// Letters of what is sought that it is or folds to.
    letters: [u8; 2],
    is_digit: bool,
}

impl Facts {
    fn of_all(sought: &[Letters; 2]) -> Box<[Self; 256]> {
        Box::new(std::array::from_fn(|byte| Self::of(byte as u8, sought)))
    }

    fn of(byte: u8, sought: &[Letters; 2]) -> Self {
        let letters = [0, 1].map(|index: usize| sought[index].of(western(byte)) as u8);
        Self { letters, is_digit: may_be_digit(byte) }
    }
}

impl Letters {
    fn of_texts(texts: &[&String]) -> Self {
        let count = |text: &&String| text.chars().filter(|c| c.is_alphanumeric()).count();
        let has = |byte: u8| {
            let is_in = |text: &&String| text.bytes().any(|one| one.eq_ignore_ascii_case(&byte));
            byte.is_ascii_alphanumeric() && texts.iter().any(is_in)
        };
        let least = texts.iter().map(count).min().unwrap_or(usize::MAX);
        Self { set: Set::new(has), least }
    }

    /// How many of them a character is or folds to, at most.
    fn of(&self, c: char) -> usize {
        let is_in = |c: char| match c.is_ascii() {
            true => self.set.has(c as u8),
            false => c.is_alphanumeric(),
        };
        match c {
            '\0'..='\x7f' => usize::from(is_in(c)),
            // It may also be half of a letter that was misread.
            _ => folded_char(c).map_or(1, |text| text.chars().filter(|c| is_in(*c)).count()),
        }
    }

    fn count(&self, stretch: &[u8]) -> usize {
        let of_chunk = |chunk: Utf8Chunk<'_>| {
            let valid = chunk.valid().chars().map(|c| self.of(c)).sum::<usize>();
            valid + chunk.invalid().iter().map(|byte| self.of(western(*byte))).sum::<usize>()
        };
        stretch.utf8_chunks().map(of_chunk).sum()
    }
}

/// How many letters and digits the characters beyond ASCII fold to at most.
fn folded_max(stretch: &[u8]) -> usize {
    let of = |two: &[u8]| usize::from(FOLDED[usize::from(two[0])][usize::from(two[1] & 0x3f)]);
    stretch.windows(2).map(of).sum()
}

/// The same of one, by the byte that begins it and six bits of the next.
static FOLDED: LazyLock<Box<[[u8; 64]; 256]>> = LazyLock::new(|| {
    let mut most = Box::new([[0; 64]; 256]);
    // Few beyond the first plane fold at all.
    most[0xf0..=0xf4].fill([4; 64]);
    for c in '\u{80}'..='\u{ffff}' {
        let alnum = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count() as u8;
        let letters = folded_char(c).map_or(1, alnum);
        let mut bytes = [0; 4];
        let bytes = c.encode_utf8(&mut bytes).as_bytes();
        let most = &mut most[usize::from(bytes[0])][usize::from(bytes[1] & 0x3f)];
        *most = letters.max(*most);
    }
    most
});

/// How many letters the escapes in a range spell at most, which may begin where these bits are;
/// `None` if something may spell any number.
fn spelled_by_escapes(bytes: &[u8], begin: &[u64], range: Range<usize>) -> Option<usize> {
    let mut spelled = 0;
    let mut from = range.start;
    while let Some(at) = next_set(begin, from).filter(|at| *at < range.end) {
        let rest = &bytes[at..range.end];
        if rest.get(..2).is_some_and(is_armour) {
            return None;
        }
        spelled += rest.get(..3).filter(is_escape).map_or(0, |_| ESCAPED_MAX);
        from = at + 1;
    }
    Some(spelled)
}

/// Whether these begin something that spells one character by several.
fn is_escape(three: &&[u8]) -> bool {
    let is_octal = |byte: &u8| matches!(byte, b'0'..=b'7');
    let is_upper = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    match three {
        [b'\\', next, after] => {
            b"uUx".contains(next) || matches!(next, b'0'..=b'3') && is_octal(after)
        }
        [b'%', b'u', _] => true,
        [b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        [b'=', high, low] => is_upper(high) && is_upper(low),
        [b'&', b'#', _] => true,
        [b'&', next, after] => next.is_ascii_alphabetic() && after.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Whether these begin a word of mail, or text in an armour.
fn is_armour(two: &[u8]) -> bool {
    matches!(two, b"=?" | b"<~")
}

/// The bytes of whole characters of UTF-8 beyond ASCII.
pub struct Characters {
    /// What a character goes on with.
    follows: Set,
    /// What begins one of two, three and four bytes.
    leads: [Set; 3],
}

impl Default for Characters {
    fn default() -> Self {
        let leads = [0xc2..=0xdf, 0xe0..=0xef, 0xf0..=0xf4];
        Self {
            follows: Set::new(|byte| byte & 0xc0 == 0x80),
            leads: leads.map(|leads| Set::new(|byte| leads.contains(&byte))),
        }
    }
}

impl Characters {
    /// Those of some bytes, as bits.
    pub fn of(&self, bytes: &[u8]) -> Vec<u64> {
        let [two, three, four] = &self.leads;
        let [follows, two, three, four] = masks(bytes, [&self.follows, two, three, four]);
        characters(&follows, [&two, &three, &four])
    }
}

fn characters(follows: &[u64], leads: [&[u64]; 3]) -> Vec<u64> {
    const LAST: u32 = WORD_BYTES as u32;
    let mut before = [0; 3];
    let mut all = Vec::with_capacity(follows.len());
    for (at, now) in follows.iter().enumerate() {
        let next = follows.get(at + 1).copied().unwrap_or(0);
        let after = |by: u32| now >> by | next << (LAST - by);
        let two = after(1);
        let three = two & after(2);
        let begun = [leads[0][at] & two, leads[1][at] & three, leads[2][at] & three & after(3)];
        // A character of so many bytes begins here, or before.
        let spread = |of: u64, before: u64, by: u32| of << by | before >> (LAST - by);
        let longer = [begun[0] | begun[1] | begun[2], begun[1] | begun[2], begun[2]];
        all.push(
            longer[0]
                | spread(longer[0], before[0], 1)
                | spread(longer[1], before[1], 2)
                | spread(longer[2], before[2], 3),
        );
        before = longer;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretches(sift: &Sift, bytes: &[u8]) -> Vec<String> {
        let sifted = sift.sifted(bytes);
        let texts = [sifted.narrow, sifted.two, sifted.four].map(|reading| reading.text);
        let all = texts.iter().flat_map(|text| text.split_terminator(char::REPLACEMENT_CHARACTER));
        all.map(str::to_owned).collect()
    }

    #[test]
    fn stretches_stand_wherever_they_begin() {
        let texts = ["lefèvre", "ann@c", "ann l"].map(str::to_owned);
        let sift = Sift::new(texts.iter(), &Foreign::new(texts.iter()), 6);
        let wide = |text: &str, little: bool| -> Vec<u8> {
            let bytes = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
            text.encode_utf16().flat_map(bytes).collect()
        };
        let four = |text: &str, little: bool| -> Vec<u8> {
            let bytes = |c: u32| if little { c.to_le_bytes() } else { c.to_be_bytes() };
            text.chars().map(u32::from).flat_map(bytes).collect()
        };
        for (spelled, text) in [
            ("Lefèvre".as_bytes().to_vec(), "Lefèvre"),
            (b"Lef\xe8vre".to_vec(), "Lefèvre"),
            (b"ann%40c".to_vec(), "ann%40c"),
            ("Ａｎｎ Ｌ".as_bytes().to_vec(), "Ａｎｎ Ｌ"),
            (wide("Lefèvre", true), "Lefèvre"),
            (wide("Ａｎｎ 𝐋", false), "Ａｎｎ 𝐋"),
            (four("Lefèvre 𝐋", true), "Lefèvre 𝐋"),
            (four("Lefèvre", false), "Lefèvre"),
        ] {
            for before in 0..130 {
                for after in [0, 1, 70] {
                    let bytes = [&vec![0xff; before], &spelled[..], &vec![0xff; after]].concat();
                    let all = stretches(&sift, &bytes);
                    assert!(all.iter().any(|one| one == text), "{text} {before} {all:?}");
                }
            }
        }
        for digits in ["61 6e 6e 40 63 2e 64 65", "61:6e:6e:40:63:2e:64:65", "616e 6e40 632e 6465"]
        {
            let bytes = [b"\xff", digits.as_bytes(), b"\xff"].concat();
            assert_eq!(stretches(&sift, &bytes), [digits]);
        }
        assert!(stretches(&sift, b"\xffplain text\xff\0\x01\xe8\0\0\0\0\0").is_empty());
    }
}
