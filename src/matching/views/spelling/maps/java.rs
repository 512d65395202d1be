//! Fields of objects that Java serialised: their names stand together in the description of a
//! class, far from their values (Java Object Serialization Specification, chapter 6).

use std::ops::Range;

/// What a stream begins with.
const SIGN: &[u8] = b"\xac\xed\0\x05";

/// Objects within objects.
const DEPTH_MAX: usize = 32;

/// What is stepped over, all together.
const STEPS_MAX: usize = 1 << 20;

/// Of each object as far as they can be told its fields: names and texts, one after the other.
pub fn fields(bytes: &[u8]) -> Vec<Vec<Range<usize>>> {
    if !bytes.starts_with(SIGN) {
        return Vec::new();
    }
    let mut stream = Stream { bytes, at: SIGN.len(), ..Stream::default() };
    while stream.at < bytes.len() && stream.content(DEPTH_MAX).is_some() {}
    stream.all
}

/// What a later reference may mean.
#[derive(Clone)]
enum Known {
    Text(Range<usize>),
    /// The number of its layer.
    Class(usize),
    Other,
}

/// A class without what it is derived from: as many may be derived from each other as there are,
/// and with copies of those above them they would take memory without bound.
struct Layer {
    /// The number of the layer of what it is derived from.
    above: Option<usize>,
    flags: u8,
    /// Its type, and where its name stands.
    fields: Vec<(u8, Range<usize>)>,
    /// What arrays of it hold.
    holds: u8,
}

#[derive(Default)]
struct Stream<'b> {
    bytes: &'b [u8],
    at: usize,
    known: Vec<Known>,
    layers: Vec<Layer>,
    all: Vec<Vec<Range<usize>>>,
    steps: usize,
}

/// The first number of what is known.
const FIRST_KNOWN: usize = 0x7e_0000;

/// A class that writes more than its fields, and one that writes nothing else.
const WRITES: u8 = 1;
const EXTERNAL: u8 = 4;

impl Stream<'_> {
    fn number(&mut self, width: usize) -> Option<usize> {
        let bytes = self.bytes.get(self.at..self.at.checked_add(width)?)?;
        self.at += width;
        self.step()?;
        Some(bytes.iter().fold(0, |all, byte| all << 8 | usize::from(*byte)))
    }

    fn step(&mut self) -> Option<()> {
        self.steps += 1;
        (self.steps < STEPS_MAX).then_some(())
    }

    fn skip(&mut self, len: usize) -> Option<()> {
        self.at = self.at.checked_add(len).filter(|end| *end <= self.bytes.len())?;
        Some(())
    }

    fn text(&mut self, width: usize) -> Option<Range<usize>> {
        let len = self.number(width)?;
        let start = self.at;
        self.skip(len)?;
        Some(start..self.at)
    }

    /// What stands here, if it is a text where it stands.
    fn content(&mut self, depth: usize) -> Option<Known> {
        let depth = depth.checked_sub(1)?;
        match self.number(1)? as u8 {
            sign @ (b't' | b'|') => {
                let text = self.text(if sign == b't' { 2 } else { 8 })?;
                self.known.push(Known::Text(text.clone()));
                Some(Known::Text(text))
            }
            b'q' => {
                let number = self.number(4)?.checked_sub(FIRST_KNOWN)?;
                self.known.get(number).cloned()
            }
            b'p' => Some(Known::Other),
            b'r' => self.class(depth).map(Known::Class),
            b's' => self.object(depth),
            b'u' => self.array(depth),
            b'~' => {
                self.content(depth)?;
                self.known.push(Known::Other);
                self.content(depth)?;
                Some(Known::Other)
            }
            sign @ (b'w' | b'z') => {
                let len = self.number(if sign == b'w' { 1 } else { 4 })?;
                self.skip(len)?;
                Some(Known::Other)
            }
            b'v' => {
                self.content(depth)?;
                self.known.push(Known::Other);
                Some(Known::Other)
            }
            _ => None,
        }
    }

    /// The number of the layer of the class that is told here.
    fn class(&mut self, depth: usize) -> Option<usize> {
        let name = self.text(2)?;
        self.skip(8)?;
        let number = self.known.len();
        self.known.push(Known::Other);
        let flags = self.number(1)? as u8;
        let mut fields = Vec::new();
        for _ in 0..self.number(2)? {
            let kind = self.number(1)? as u8;
            fields.push((kind, self.text(2)?));
            if matches!(kind, b'L' | b'[') {
                self.content(depth)?;
            }
        }
        self.annotations(depth)?;
        let above = match self.content(depth)? {
            Known::Class(above) => Some(above),
            _ => None,
        };
        let holds = self.bytes[name].get(1).copied().unwrap_or(b'L');
        let layer = self.layers.len();
        self.layers.push(Layer { above, flags, fields, holds });
        self.known[number] = Known::Class(layer);
        Some(layer)
    }

    /// What is written beside fields, up to its end.
    fn annotations(&mut self, depth: usize) -> Option<()> {
        while self.bytes.get(self.at) != Some(&b'x') {
            self.content(depth)?;
        }
        self.skip(1)
    }

    fn object(&mut self, depth: usize) -> Option<Known> {
        let Known::Class(last) = self.content(depth)? else { return None };
        self.known.push(Known::Other);
        let mut own = Vec::new();
        for layer in self.derived(last)? {
            let flags = self.layers[layer].flags;
            if flags & EXTERNAL == 0 {
                for field in 0..self.layers[layer].fields.len() {
                    let (kind, name) = self.layers[layer].fields[field].clone();
                    if let Known::Text(text) = self.value(kind, depth)? {
                        own.extend([name, text]);
                    }
                }
            }
            if flags & (WRITES | EXTERNAL) != 0 {
                self.annotations(depth)?;
            }
        }
        self.all.push(own);
        Some(Known::Other)
    }

    /// A layer and those that it is derived from, the first of all first.
    fn derived(&mut self, last: usize) -> Option<Vec<usize>> {
        let (mut all, mut next) = (Vec::new(), Some(last));
        while let Some(layer) = next {
            self.step()?;
            all.push(layer);
            next = self.layers[layer].above;
        }
        all.reverse();
        Some(all)
    }

    fn array(&mut self, depth: usize) -> Option<Known> {
        let Known::Class(layer) = self.content(depth)? else { return None };
        self.known.push(Known::Other);
        let kind = self.layers[layer].holds;
        for _ in 0..self.number(4)? {
            self.value(kind, depth)?;
        }
        Some(Known::Other)
    }

    fn value(&mut self, kind: u8, depth: usize) -> Option<Known> {
        let len = match kind {
            b'B' | b'Z' => 1,
            b'C' | b'S' => 2,
            b'I' | b'F' => 4,
            b'J' | b'D' => 8,
            _ => return self.content(depth),
        };
        self.step()?;
        self.skip(len)?;
        Some(Known::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_by_their_class() {
        let head =
            b"\xac\xed\0\x05sr\0\x01U\0\0\0\0\0\0\0\x01\x02\0\x03I\0\x02idL\0\x05firstt\0\x01S\
            L\0\x04lastq\0~\0\x01xp\0\0\0\x07t\0\x04Mirat\0\x04Osei";
        let second = b"sq\0~\0\0\0\0\0\x08t\0\x04Kofiq\0~\0\x04";
        let bytes = [&head[..], second].concat();
        let all = fields(&bytes).concat().into_iter().map(|field| &bytes[field]);
        let expected = ["first", "Mira", "last", "Osei", "first", "Kofi", "last", "Osei"];
        assert_eq!(all.collect::<Vec<_>>(), expected.map(str::as_bytes));
        for len in 0..bytes.len() {
            fields(&bytes[..len]);
        }
        assert!(fields(b"sr\0\x01U").is_empty());
    }

    #[test]
    fn classes_derived_from_each_other_are_held_once_and_counted() {
        const CLASSES: u32 = 5000;
        let known = |number: u32| [&b"q"[..], &(0x7e_0000 + number).to_be_bytes()].concat();
        let mut bytes = SIGN.to_vec();
        for number in 0..CLASSES {
            let fields: &[u8] = if number == 0 { b"\0\x01L\0\x04nameq\0~\0\0" } else { b"\0\0" };
            bytes.extend(b"r\0\x01U\0\0\0\0\0\0\0\x01\x02");
            bytes.extend(fields);
            bytes.push(b'x');
            bytes.extend(number.checked_sub(1).map_or(b"p".to_vec(), known));
        }
        for _ in 0..1000 {
            bytes.push(b's');
            bytes.extend(known(CLASSES - 1));
            bytes.extend(b"t\0\x04Mira");
        }
        let mut stream = Stream { bytes: &bytes, at: SIGN.len(), ..Stream::default() };
        while stream.content(DEPTH_MAX).is_some() {}
        assert_eq!(stream.layers.len(), CLASSES as usize);
        let said = |object: &Vec<Range<usize>>| -> Vec<&[u8]> {
            object.iter().map(|field| &bytes[field.clone()]).collect()
        };
        assert_eq!(said(&stream.all[0]), [&b"name"[..], b"Mira"]);
        let counted = STEPS_MAX / CLASSES as usize;
        assert!((counted / 2..=counted).contains(&stream.all.len()), "{}", stream.all.len());
    }
}
