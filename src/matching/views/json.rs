//! A parser of JSON that is fed in parts and says at any byte where in the document it stands.

/// Nesting that is followed; a deeper document is searched as text.
const NESTING_MAX: usize = 512;

/// Bytes of a key that are kept: a stream may be one key without an end.
const KEY_BYTES_MAX: usize = 8 << 10;

/// Bytes of a key, and of a whole pointer, that are told: a pointer is made for each hit.
const SEGMENT_BYTES_MAX: usize = 200;
const POINTER_BYTES_MAX: usize = 4 << 10;

/// The longest number that is followed.
const WORD_BYTES_MAX: usize = 400;

/// Where a parser of JSON stands.
#[derive(Clone, Default)]
pub struct Json {
    /// Open objects and arrays, outermost first.
    open: Vec<Frame>,
    /// Top-level values that have ended.
    values: u64,
    expecting: Expecting,
    /// Bytes of the string or bare word being read; of keys only.
    key: Vec<u8>,
    escaped: bool,
    /// Whether a line ended since the last top-level value.
    fresh_line: bool,
    /// Strings and bare words that have begun.
    tokens: u64,
    /// Objects that have begun.
    objects: u64,
}

/// What a whole document turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// No JSON.
    Text,
    /// One JSON value.
    Json,
    /// JSON values in a row.
    JsonLines,
}

/// Where in a document a byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Between values, or at the start of one.
    Between,
    /// In the key of an object, which is known by its number.
    Key(u64),
    /// In a string that is a value.
    Text,
    /// In a number or another bare word.
    Word,
}

#[derive(Clone)]
enum Frame {
    /// The key being read, and the number of the object.
    Object(Vec<u8>, u64),
    Array(u64),
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Expecting {
    #[default]
    Value,
    FirstValueOrEnd,
    FirstKeyOrEnd,
    Key,
    KeyEnd,
    Colon,
    StringEnd,
    WordEnd,
    CommaOrEnd,
}

impl Json {
    /// Follows more of the document; `None` if it is no JSON.
    pub fn follow(&mut self, mut part: &[u8]) -> Option<()> {
        while !part.is_empty() {
            part = &part[self.passed(part)..];
            let [byte, rest @ ..] = part else { break };
            self.step(*byte)?;
            part = rest;
        }
        Some(())
    }

    /// Goes over what changes nothing: most of a string, and blanks between values.
    fn passed(&mut self, part: &[u8]) -> usize {
        match self.expecting {
            Expecting::StringEnd | Expecting::KeyEnd if !self.escaped => {
                let len = memchr::memchr2(b'"', b'\\', part).unwrap_or(part.len());
                if self.expecting == Expecting::KeyEnd {
                    let room = KEY_BYTES_MAX.saturating_sub(self.key.len());
                    self.key.extend_from_slice(&part[..len.min(room)]);
                }
                len
            }
            Expecting::StringEnd | Expecting::KeyEnd | Expecting::WordEnd => 0,
            _ => {
                let blanks = part.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                self.fresh_line |= part[..blanks].contains(&b'\n');
                blanks
            }
        }
    }

    /// What the document was, once all of it has passed; `None` if it was no JSON.
    pub fn end(&mut self) -> Option<Shape> {
        if self.expecting == Expecting::WordEnd {
            self.word_ended()?;
        }
        let whole = self.open.is_empty() && !matches!(self.expecting, Expecting::StringEnd);
        match self.values {
            _ if !whole => None,
            0 => None,
            1 => Some(Shape::Json),
            _ => Some(Shape::JsonLines),
        }
    }

    fn step(&mut self, byte: u8) -> Option<()> {
        match self.expecting {
            Expecting::StringEnd | Expecting::KeyEnd => {
                self.in_string(byte);
                Some(())
            }
            Expecting::WordEnd if byte.is_ascii_alphanumeric() || b".+-".contains(&byte) => {
                self.key.push(byte);
                (self.key.len() <= WORD_BYTES_MAX).then_some(())
            }
            Expecting::WordEnd => {
                self.word_ended()?;
                self.step(byte)
            }
            _ if byte.is_ascii_whitespace() => {
                self.fresh_line |= byte == b'\n';
                Some(())
            }
            // A byte order mark stands before the first value and nowhere else.
            Expecting::Value
                if self.values == 0
                    && self.open.is_empty()
                    && matches!(byte, 0xef | 0xbb | 0xbf) =>
            {
                Some(())
            }
            Expecting::Value => self.value(byte),
            Expecting::FirstValueOrEnd if byte == b']' => self.close(),
            Expecting::FirstValueOrEnd => self.value(byte),
            Expecting::FirstKeyOrEnd if byte == b'}' => self.close(),
            Expecting::FirstKeyOrEnd | Expecting::Key => {
                self.key.clear();
                self.tokens += 1;
                self.expecting = Expecting::KeyEnd;
                (byte == b'"').then_some(())
            }
            Expecting::Colon => {
                self.expecting = Expecting::Value;
                (byte == b':').then_some(())
            }
            Expecting::CommaOrEnd => self.comma_or_end(byte),
        }
    }

    fn value(&mut self, byte: u8) -> Option<()> {
        if self.open.is_empty() && self.values > 0 && !self.fresh_line {
            return None;
        }
        self.expecting = match byte {
            b'{' => {
                self.objects += 1;
                self.open.push(Frame::Object(Vec::new(), self.objects));
                Expecting::FirstKeyOrEnd
            }
            b'[' => {
                self.open.push(Frame::Array(0));
                Expecting::FirstValueOrEnd
            }
            b'"' => {
                self.tokens += 1;
                Expecting::StringEnd
            }
            _ if byte.is_ascii_alphanumeric() || byte == b'-' => {
                self.tokens += 1;
                self.key.clear();
                self.key.push(byte);
                Expecting::WordEnd
            }
            _ => return None,
        };
        (self.open.len() <= NESTING_MAX).then_some(())
    }

    fn in_string(&mut self, byte: u8) {
        let is_key = self.expecting == Expecting::KeyEnd;
        if !self.escaped && byte == b'"' {
            if is_key {
                if let Some(Frame::Object(key, _)) = self.open.last_mut() {
                    std::mem::swap(key, &mut self.key);
                }
                self.expecting = Expecting::Colon;
            } else {
                self.value_ended();
            }
            return;
        }
        self.escaped = !self.escaped && byte == b'\\';
        if is_key && self.key.len() < KEY_BYTES_MAX {
            self.key.push(byte);
        }
    }

    fn comma_or_end(&mut self, byte: u8) -> Option<()> {
        match (byte, self.open.last_mut()?) {
            (b',', Frame::Object(..)) => self.expecting = Expecting::Key,
            (b',', Frame::Array(index)) => {
                *index += 1;
                self.expecting = Expecting::Value;
            }
            (b'}', Frame::Object(..)) | (b']', Frame::Array(_)) => return self.close(),
            _ => return None,
        }
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        self.open.pop()?;
        self.value_ended();
        Some(())
    }

    /// A bare word must be a number or one of those that writers of JSON use.
    fn word_ended(&mut self) -> Option<()> {
        let word = std::str::from_utf8(&self.key).ok()?;
        let known = matches!(word, "true" | "false" | "null" | "NaN" | "Infinity" | "-Infinity");
        (known || word.parse::<f64>().is_ok()).then(|| self.value_ended())
    }

    fn value_ended(&mut self) {
        if self.open.is_empty() {
            self.values += 1;
            self.fresh_line = false;
            self.expecting = Expecting::Value;
        } else {
            self.expecting = Expecting::CommaOrEnd;
        }
    }

    /// Top-level values that have ended.
    pub fn values(&self) -> u64 {
        self.values
    }

    /// Where the next byte stands, and the number of the string or word that it may belong to.
    pub fn standing(&self) -> (Standing, u64) {
        let standing = match (self.expecting, self.open.last()) {
            (Expecting::KeyEnd, Some(Frame::Object(_, number))) => Standing::Key(*number),
            (Expecting::StringEnd, _) => Standing::Text,
            (Expecting::WordEnd, _) => Standing::Word,
            _ => Standing::Between,
        };
        (standing, self.tokens)
    }

    /// What has been read of the key being read.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Whether more of the key being read may have come than was kept.
    pub fn is_key_cut(&self) -> bool {
        self.key.len() >= KEY_BYTES_MAX
    }

    /// Whether the next byte is escaped by a backslash.
    pub fn is_escaped(&self) -> bool {
        self.escaped
    }

    /// Whether the object of this number is still open.
    pub fn is_open(&self, object: u64) -> bool {
        self.open.iter().any(|frame| matches!(frame, Frame::Object(_, own) if *own == object))
    }

    /// Whether the document may go on with these bytes. Looks at as many open values as they can
    /// close, and changes nothing.
    pub fn admits(&self, bytes: &[u8]) -> bool {
        let inner = &self.open[self.open.len().saturating_sub(bytes.len() + 1)..];
        let bare = |frame: &Frame| match frame {
            Frame::Object(_, number) => Frame::Object(Vec::new(), *number),
            Frame::Array(index) => Frame::Array(*index),
        };
        let mut ahead = Self {
            open: inner.iter().map(bare).collect(),
            key: self.key.clone(),
            ..Self::default()
        };
        (ahead.values, ahead.expecting) = (self.values, self.expecting);
        (ahead.escaped, ahead.fresh_line) = (self.escaped, self.fresh_line);
        ahead.follow(bytes).is_some()
    }

    /// The pointer of the member being read; `rest` completes a key that is being read. Of one that
    /// is longer than a person reads, the beginning.
    pub fn pointer(&self, rest: &[u8]) -> String {
        let mut pointer = String::new();
        let told = |key: &[u8]| unquoted(&key[..key.len().min(SEGMENT_BYTES_MAX)]);
        for (depth, frame) in self.open.iter().enumerate() {
            let innermost = depth + 1 == self.open.len();
            let segment = match frame {
                Frame::Array(index) => index.to_string(),
                Frame::Object(..) if innermost && self.expecting == Expecting::KeyEnd => {
                    let rest = &rest[..rest.len().min(SEGMENT_BYTES_MAX)];
                    told(&[&self.key, &rest[..string_end(rest, self.escaped)]].concat())
                }
                Frame::Object(key, _) => told(key),
            };
            if pointer.len() > POINTER_BYTES_MAX {
                pointer.push_str("/…");
                return pointer;
            }
            pointer.push('/');
            pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
        }
        pointer
    }
}

/// Bytes to the closing quote of a string.
pub fn string_end(rest: &[u8], mut escaped: bool) -> usize {
    rest.iter()
        .position(|byte| {
            let ends = !escaped && *byte == b'"';
            escaped = !escaped && *byte == b'\\';
            ends
        })
        .unwrap_or(rest.len())
}

/// What the raw text of a string means.
pub fn unquoted(key: &[u8]) -> String {
    let text = String::from_utf8_lossy(key);
    serde_json::from_str(&format!("\"{text}\"")).unwrap_or_else(|_| text.into_owned())
}
