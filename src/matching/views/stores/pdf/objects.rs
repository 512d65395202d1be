//! Objects, as they are written.

use std::collections::BTreeMap;

/// Nesting of lists and dictionaries that is followed.
const NESTING_MAX: usize = 64;

/// Objects in one: each takes more memory than it may have bytes.
const PARTS_MAX: usize = 1 << 18;

/// Keys with objects.
pub type Dict = BTreeMap<String, Object>;

/// An object.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// A number.
    Number(f64),
    /// A name.
    Name(String),
    /// A string, in no encoding yet.
    Text(Vec<u8>),
    /// Objects in a row.
    List(Vec<Object>),
    /// Objects by keys.
    Dict(Dict),
    /// The object of this number.
    Reference(u32),
    /// A word: an operator, `true`, `obj`, `null`.
    Word(String),
}

impl Object {
    /// A number that counts something.
    pub fn count(&self) -> Option<usize> {
        match self {
            Self::Number(number) if *number >= 0.0 && *number < 1e15 => Some(*number as usize),
            _ => None,
        }
    }

    /// A name.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    /// Keys with objects.
    pub fn dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            _ => None,
        }
    }

    /// Objects in a row; one alone is a row of one.
    pub fn list(&self) -> &[Object] {
        match self {
            Self::List(list) => list,
            one => std::slice::from_ref(one),
        }
    }
}

/// Reads objects one by one.
pub struct Reader<'b> {
    bytes: &'b [u8],
    /// Where the next one begins.
    pub at: usize,
    /// Whether the bytes ended in the midst of one.
    pub is_short: bool,
    /// How many more objects there may be in the one that is read.
    left: usize,
}

impl<'b> Reader<'b> {
    /// Of bytes, from a place on.
    pub fn new(bytes: &'b [u8], at: usize) -> Self {
        Self { bytes, at, is_short: false, left: PARTS_MAX }
    }

    /// The next object; `None` at the end, or where a list ends.
    pub fn read(&mut self) -> Option<Object> {
        self.left = PARTS_MAX;
        self.object(0)
    }

    /// What has not been read.
    pub fn rest(&self) -> &'b [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn object(&mut self, nesting: usize) -> Option<Object> {
        self.left = self.left.checked_sub(1)?;
        self.skip();
        let Some(first) = self.peek(0) else {
            self.is_short = true;
            return None;
        };
        match (first, self.peek(1)) {
            (b'/', _) => Some(Object::Name(self.name())),
            (b'(', _) => Some(Object::Text(self.text())),
            (b'<', Some(b'<')) => self.dict(nesting),
            (b'<', _) => Some(Object::Text(self.hex())),
            (b'[', _) => {
                self.at += 1;
                Some(Object::List(self.list(nesting, b']')?))
            }
            (b'>' | b']', _) => None,
            (b'{' | b'}' | b')', _) => {
                self.at += 1;
                Some(Object::Word(char::from(first).to_string()))
            }
            (b'0'..=b'9' | b'+' | b'-' | b'.', _) => Some(self.number()),
            _ => Some(Object::Word(self.word())),
        }
    }

    fn peek(&self, by: usize) -> Option<u8> {
        self.bytes.get(self.at + by).copied()
    }

    /// Passes over white space and comments.
    fn skip(&mut self) {
        while let Some(byte) = self.peek(0) {
            if byte == b'%' {
                let end = self.rest().iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                self.at = end.map_or(self.bytes.len(), |end| self.at + end);
            } else if is_space(byte) {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    fn word(&mut self) -> String {
        let rest = self.rest();
        let len = rest.iter().position(|byte| is_space(*byte) || is_sign(*byte));
        let len = len.unwrap_or(rest.len()).max(1);
        self.at += len;
        String::from_utf8_lossy(&rest[..len]).into_owned()
    }

    fn name(&mut self) -> String {
        self.at += 1;
        let rest = self.rest();
        let len = rest.iter().position(|byte| is_space(*byte) || is_sign(*byte));
        let raw = &rest[..len.unwrap_or(rest.len())];
        self.at += raw.len();
        let (mut bytes, mut at) = (Vec::new(), 0);
        while let Some(&byte) = raw.get(at) {
            let coded = raw.get(at + 1..at + 3).and_then(|two| hex::decode(two).ok());
            match coded.filter(|_| byte == b'#') {
                Some(coded) => {
                    bytes.extend(coded);
                    at += 3;
                }
                None => {
                    bytes.push(byte);
                    at += 1;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A number, or a reference, which is two of them and a word.
    fn number(&mut self) -> Object {
        let word = self.word();
        let Ok(number) = word.parse::<f64>() else { return Object::Word(word) };
        if let Ok(id) = word.parse::<u32>() {
            let before = self.at;
            self.skip();
            let is_generation = self.peek(0).is_some_and(|byte| byte.is_ascii_digit());
            if is_generation && self.word().parse::<u32>().is_ok() {
                self.skip();
                let ends = self.peek(1).is_none_or(|byte| is_space(byte) || is_sign(byte));
                if self.peek(0) == Some(b'R') && ends {
                    self.at += 1;
                    return Object::Reference(id);
                }
            }
            self.at = before;
        }
        Object::Number(number)
    }

    fn text(&mut self) -> Vec<u8> {
        self.at += 1;
        let (mut text, mut open) = (Vec::new(), 1);
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                b'\\' => {
                    text.extend(self.escape());
                    continue;
                }
                _ => {}
            }
            if open == 0 {
                return text;
            }
            text.push(byte);
        }
        self.is_short = true;
        text
    }

    fn escape(&mut self) -> Option<u8> {
        let byte = self.peek(0)?;
        self.at += 1;
        match byte {
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'b' => Some(8),
            b'f' => Some(12),
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek(0) else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                Some(code as u8)
            }
            b'\r' => {
                self.at += usize::from(self.peek(0) == Some(b'\n'));
                None
            }
            b'\n' => None,
            other => Some(other),
        }
    }

    fn hex(&mut self) -> Vec<u8> {
        self.at += 1;
        let rest = self.rest();
        let end = rest.iter().position(|byte| *byte == b'>');
        self.is_short |= end.is_none();
        let len = end.unwrap_or(rest.len());
        self.at += (len + 1).min(rest.len());
        from_hex(&rest[..len])
    }

    fn list(&mut self, nesting: usize, end: u8) -> Option<Vec<Object>> {
        if nesting > NESTING_MAX {
            return None;
        }
        let mut list = Vec::new();
        loop {
            match self.object(nesting + 1) {
                Some(object) => list.push(object),
                None if self.peek(0) == Some(end) => break,
                None => {
                    self.is_short |= self.peek(0).is_none();
                    return None;
                }
            }
        }
        self.at += 1;
        Some(list)
    }

    fn dict(&mut self, nesting: usize) -> Option<Object> {
        self.at += 2;
        let list = self.list(nesting, b'>')?;
        self.at += usize::from(self.peek(0) == Some(b'>'));
        let mut dict = Dict::new();
        let mut list = list.into_iter();
        while let Some(key) = list.next() {
            if let (Object::Name(key), Some(value)) = (key, list.next()) {
                dict.insert(key, value);
            }
        }
        Some(Object::Dict(dict))
    }
}

/// Bytes of hexadecimal digits, a missing last one being 0.
pub fn from_hex(digits: &[u8]) -> Vec<u8> {
    let mut digits: Vec<u8> = digits
        .iter()
        .filter_map(|byte| char::from(*byte).to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    if digits.len() % 2 == 1 {
        digits.push(0);
    }
    digits.chunks_exact(2).map(|two| two[0] << 4 | two[1]).collect()
}

/// White space.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_sign(byte: u8) -> bool {
    b"()<>[]{}/%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_read_as_they_are_written() {
        let text = b"<</A 1 0 R/B[(a\\(b\\051(c)\\101\\\n) <4a4>]% c\n/C#20D -1.5/E<</F true>>>> q";
        let mut reader = Reader::new(text, 0);
        let object = reader.read().unwrap();
        let dict = object.dict().unwrap();
        assert_eq!(dict["A"], Object::Reference(1));
        let list = vec![Object::Text(b"a(b)(c)A".to_vec()), Object::Text(b"J@".to_vec())];
        assert_eq!(dict["B"], Object::List(list));
        assert_eq!(dict["C D"], Object::Number(-1.5));
        assert_eq!(dict["E"].dict().unwrap()["F"], Object::Word("true".into()));
        assert_eq!(reader.read(), Some(Object::Word("q".into())));
        assert_eq!((reader.read(), reader.is_short), (None, true));
    }
}
