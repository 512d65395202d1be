//! What a pickle makes: lists, dictionaries and objects with what they are made of. Texts stay
//! where they lie and are told by their place.

use std::io;

use crate::matching::views::stores::pickles::aside::Aside;
use crate::matching::views::stores::pickles::opcodes::{Opcode, Step, opcode};
use crate::matching::views::stores::spool::{Spool, broken, too_large};

/// What is held, all together, by what it takes in memory; a cell is put onto the stack and into a
/// list, so that tables of a million texts are the largest.
const VALUES_MAX: usize = 1 << 21;

/// What something with parts takes beside them.
const NODE_VALUES: usize = 4;

/// The longest name of a class.
const NAME_BYTES_MAX: usize = 200;

/// Pickles within a pickle, as joblib has one for each array of objects.
const NESTED_MAX: usize = 4;

/// What makes an object that says itself what it holds.
const RECONSTRUCTOR: &str = " _reconstructor";

/// Digits of a number in a line.
const NUMBER_BYTES_MAX: u64 = 20;

/// Bytes that are read at a time.
const PART_BYTES: usize = 64 << 10;

/// Something on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// What nobody asks about: floats, nothing, false.
    Other,
    /// True.
    True,
    /// A whole number.
    Number(i64),
    /// A text, or bytes: where they begin and how many there are.
    Text(u64, u32),
    /// A class or function.
    Global(u32),
    /// What has parts.
    Node(u32),
}

/// What has parts.
#[derive(Debug)]
pub enum Node {
    /// Of a list, a tuple or a set, in order.
    List(Vec<Value>),
    /// Keys and values, one after the other.
    Dict(Vec<Value>),
    /// An object: what made it, of what, and what it was then told.
    Made([Value; 3]),
}

/// A pickle that is undone.
pub struct Machine<'s, 'a> {
    pub(super) spool: &'s mut Spool<'a>,
    /// What has parts, in the order in which it was met.
    pub nodes: Vec<Node>,
    /// Classes and functions: module and name with a blank between them.
    globals: Vec<String>,
    /// Texts that do not lie in the pickle as they are.
    pub(super) aside: Aside,
    values: usize,
    at: u64,
    part: Vec<u8>,
    part_at: u64,
}

/// What one pickle of them has at hand.
#[derive(Default)]
struct Hand {
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: Vec<Value>,
}

impl<'s, 'a> Machine<'s, 'a> {
    /// That has undone nothing yet.
    pub fn new(spool: &'s mut Spool<'a>) -> Self {
        Self::at(spool, 0)
    }

    /// The same, of a pickle that stands behind something else.
    pub fn at(spool: &'s mut Spool<'a>, at: u64) -> Self {
        let (nodes, globals, part) = (Vec::new(), Vec::new(), Vec::new());
        let aside = Aside::default();
        Self { spool, nodes, globals, aside, values: 0, at, part, part_at: 0 }
    }

    /// Undoes the pickle, and those within, and tells what it is.
    ///
    /// # Errors
    /// It is broken or too large, or the spool's.
    pub fn run(&mut self) -> io::Result<Value> {
        self.undone(NESTED_MAX)
    }

    /// Whether anything of pandas is in it.
    pub fn is_of_pandas(&self) -> bool {
        self.globals.iter().any(|global| global.starts_with("pandas"))
    }

    /// The class or function that a value is.
    pub fn global(&self, value: Value) -> &str {
        match value {
            Value::Global(number) => self.globals.get(number as usize).map_or("", String::as_str),
            _ => "",
        }
    }

    /// What made an object, of what, and what it was told.
    pub fn made(&self, value: Value) -> Option<[Value; 3]> {
        match (value, self.node(value)) {
            (_, Some(Node::Made(made))) => Some(*made),
            _ => None,
        }
    }

    /// The parts of a list or tuple.
    pub fn list(&self, value: Value) -> &[Value] {
        match self.node(value) {
            Some(Node::List(parts)) => parts,
            _ => &[],
        }
    }

    /// What a dictionary has for a key.
    pub fn entry(&mut self, value: Value, key: &str) -> Option<Value> {
        let Some(Node::Dict(parts)) = self.node(value) else { return None };
        let pairs: Vec<[Value; 2]> = parts
            .as_chunks::<2>()
            .0
            .iter()
            .filter(|[at, _]| is_text_of(*at, key))
            .copied()
            .collect();
        pairs.into_iter().find(|[at, _]| self.name(*at) == key).map(|[_, found]| found)
    }

    /// A short text; nothing for anything else.
    pub fn name(&mut self, value: Value) -> String {
        match value {
            Value::Text(at, len) if len as usize <= NAME_BYTES_MAX => {
                let bytes = self.some(at, len as usize).unwrap_or_default();
                String::from_utf8_lossy(&bytes).into_owned()
            }
            _ => String::new(),
        }
    }

    /// So many bytes of a text from a place on, or as many as there are.
    ///
    /// # Errors
    /// As those of a spool.
    pub(super) fn some(&mut self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        match self.aside.some(at, len) {
            Some(bytes) => Ok(bytes),
            None => self.spool.some(at, len),
        }
    }

    fn node(&self, value: Value) -> Option<&Node> {
        match value {
            Value::Node(number) => self.nodes.get(number as usize),
            _ => None,
        }
    }

    /// Undoes one pickle from here on, and tells what it is.
    pub(super) fn undone(&mut self, nested: usize) -> io::Result<Value> {
        let mut hand = Hand::default();
        loop {
            let opcode = opcode(self.byte()?).ok_or_else(broken)?;
            if opcode == Opcode::Stop {
                return hand.stack.pop().ok_or_else(broken);
            }
            self.step(opcode, &mut hand, nested)?;
        }
    }

    fn step(&mut self, opcode: Opcode, hand: &mut Hand, nested: usize) -> io::Result<()> {
        let pushed = match opcode {
            Opcode::Stop => return Ok(()),
            Opcode::Skip(len) => return self.skip(len),
            Opcode::Other(len) => {
                self.skip(len)?;
                Value::Other
            }
            Opcode::True => Value::True,
            Opcode::NumberLine => self.number_in_line()?,
            Opcode::OtherLine => {
                self.line()?;
                Value::Other
            }
            Opcode::OtherSized(width) => {
                let (len, at) = (self.number(width)?, self.at);
                self.skip(len)?;
                // A number of so many bytes is a GUID.
                if matches!(len, 16 | 17) { Value::Text(at, len as u32) } else { Value::Other }
            }
            Opcode::Number(width) => {
                let number = self.number(width)?;
                Value::Number(if width == 4 { i64::from(number as i32) } else { number as i64 })
            }
            Opcode::Sized(width) => {
                let len = self.number(width)?;
                let at = self.at;
                self.skip(len)?;
                Value::Text(at, u32::try_from(len).map_err(|_| too_large())?)
            }
            Opcode::Line(spelling) => {
                let (at, len) = self.line()?;
                let line = Value::Text(at, u32::try_from(len).map_err(|_| too_large())?);
                self.spelled(line, spelling)?
            }
            Opcode::Global => {
                let [module, name] = [self.line()?, self.line()?]
                    .map(|(at, len)| Value::Text(at, len.min(1 << 20) as u32));
                self.class(module, name)?
            }
            Opcode::Put(width) => {
                let number = self.number(width)?;
                return hand.remember(number);
            }
            Opcode::PutLine => {
                let number = self.line_number()?;
                return hand.remember(number);
            }
            Opcode::Memoize => return hand.remember(hand.memo.len() as u64),
            Opcode::Get(width) => hand.remembered(self.number(width)?)?,
            Opcode::GetLine => hand.remembered(self.line_number()?)?,
            Opcode::Step(step) => return self.on_stack(step, hand, nested),
        };
        self.push(hand, pushed)
    }

    /// What is done with what is on the stack.
    fn on_stack(&mut self, step: Step, hand: &mut Hand, nested: usize) -> io::Result<()> {
        let made = match step {
            Step::Mark => {
                self.count(1)?;
                hand.marks.push(hand.stack.len());
                return Ok(());
            }
            Step::Pop => {
                // It may take a mark.
                if hand.marks.last() == Some(&hand.stack.len()) {
                    hand.marks.pop();
                } else {
                    hand.pop()?;
                }
                return Ok(());
            }
            Step::PopMark => return hand.since_mark().map(drop),
            Step::Dup => *hand.stack.last().ok_or_else(broken)?,
            Step::List(len) => self.node_of(Node::List(hand.last(len)?)),
            Step::ListOfMark => self.node_of(Node::List(hand.since_mark()?)),
            Step::Dict => self.node_of(Node::Dict(Vec::new())),
            Step::DictOfMark => self.node_of(Node::Dict(hand.since_mark()?)),
            Step::Add(len) => {
                let parts = hand.last(len)?;
                return self.add(*hand.stack.last().ok_or_else(broken)?, &parts);
            }
            Step::AddMarked => {
                let parts = hand.since_mark()?;
                return self.add(*hand.stack.last().ok_or_else(broken)?, &parts);
            }
            Step::Class => {
                let [module, name] = hand.last(2)?[..] else { return Err(broken()) };
                self.class(module, name)?
            }
            Step::Make => {
                let [of, with] = hand.last(2)?[..] else { return Err(broken()) };
                match (self.encoded(of, with)?, self.list(with).first()) {
                    (Some(bytes), _) => bytes,
                    // As the first protocols make objects: of a class, which is told first.
                    (None, Some(class)) if self.global(of).ends_with(RECONSTRUCTOR) => {
                        self.node_of(Node::Made([*class, Value::Other, Value::Other]))
                    }
                    _ => self.node_of(Node::Made([of, with, Value::Other])),
                }
            }
            Step::MakeWith => {
                let [of, with, _] = hand.last(3)?[..] else { return Err(broken()) };
                self.node_of(Node::Made([of, with, Value::Other]))
            }
            Step::MakeOfMark => {
                let parts = hand.since_mark()?;
                let of = parts.first().copied().unwrap_or(Value::Other);
                self.node_of(Node::Made([of, Value::Other, Value::Other]))
            }
            Step::Tell => {
                let [object, state] = hand.last(2)?[..] else { return Err(broken()) };
                if let Value::Node(number) = object
                    && let Some(Node::Made(made)) = self.nodes.get_mut(number as usize)
                {
                    made[2] = state;
                }
                self.behind(object, nested)?
            }
            Step::Lost(len) => {
                hand.last(len)?;
                Value::Other
            }
        };
        self.push(hand, made)
    }

    fn add(&mut self, to: Value, parts: &[Value]) -> io::Result<()> {
        if let Value::Node(number) = to
            && let Some(Node::List(all) | Node::Dict(all)) = self.nodes.get_mut(number as usize)
        {
            all.extend_from_slice(parts);
        }
        self.count(parts.len())
    }

    fn node_of(&mut self, node: Node) -> Value {
        self.nodes.push(node);
        self.values += NODE_VALUES;
        Value::Node((self.nodes.len() - 1) as u32)
    }

    /// A list of these.
    pub(super) fn held(&mut self, values: Vec<Value>) -> io::Result<Value> {
        self.count(values.len())?;
        Ok(self.node_of(Node::List(values)))
    }

    fn class(&mut self, module: Value, name: Value) -> io::Result<Value> {
        let named = format!("{} {}", self.name(module), self.name(name));
        self.count(1 + named.len() / 16)?;
        let known = self.globals.iter().rev().take(32).position(|global| *global == named);
        let number = known.map_or(self.globals.len(), |back| self.globals.len() - 1 - back);
        if known.is_none() {
            self.globals.push(named);
        }
        Ok(Value::Global(number as u32))
    }

    fn push(&mut self, hand: &mut Hand, value: Value) -> io::Result<()> {
        hand.stack.push(value);
        self.count(1)
    }

    /// Counts what takes memory.
    pub(super) fn count(&mut self, values: usize) -> io::Result<()> {
        self.values += values;
        if self.values <= VALUES_MAX { Ok(()) } else { Err(too_large()) }
    }

    pub(super) fn byte(&mut self) -> io::Result<u8> {
        let inside = self.at.checked_sub(self.part_at).map(|inside| inside as usize);
        let known = inside.and_then(|inside| self.part.get(inside).copied());
        let byte = match known {
            Some(byte) => byte,
            None => {
                (self.part, self.part_at) = (self.spool.some(self.at, PART_BYTES)?, self.at);
                *self.part.first().ok_or_else(broken)?
            }
        };
        self.at += 1;
        Ok(byte)
    }

    /// A number of so many bytes, the low one first.
    fn number(&mut self, width: usize) -> io::Result<u64> {
        let mut number = 0;
        for byte in 0..width {
            number |= u64::from(self.byte()?) << (8 * byte);
        }
        Ok(number)
    }

    pub(super) fn skip(&mut self, len: u64) -> io::Result<()> {
        let end = self.at.checked_add(len).filter(|end| *end <= self.spool.size());
        self.at = end.ok_or_else(broken)?;
        Ok(())
    }

    /// Where it is.
    pub(super) fn place(&self) -> u64 {
        self.at
    }

    /// Puts the elements of an array where its making stands.
    pub(super) fn holds(&mut self, object: Value, elements: Value) {
        if let Value::Node(number) = object
            && let Some(Node::Made(made)) = self.nodes.get_mut(number as usize)
        {
            made[1] = elements;
        }
    }

    /// A line without its end.
    fn line(&mut self) -> io::Result<(u64, u64)> {
        let at = self.at;
        while self.byte()? != b'\n' {}
        Ok((at, self.at - 1 - at))
    }

    /// A whole number in a line, or whether something is true: `5`, `5L`, `01`.
    fn number_in_line(&mut self) -> io::Result<Value> {
        let (at, len) = self.line()?;
        let line = self.spool.some(at, len.min(NUMBER_BYTES_MAX) as usize)?;
        let digits = std::str::from_utf8(&line).unwrap_or_default().trim_end_matches('L');
        Ok(match digits {
            "01" => Value::True,
            digits => digits.parse().map_or(Value::Other, Value::Number),
        })
    }

    fn line_number(&mut self) -> io::Result<u64> {
        let (at, len) = self.line()?;
        let line = self.spool.some(at, len.min(NUMBER_BYTES_MAX) as usize)?;
        std::str::from_utf8(&line).ok().and_then(|line| line.parse().ok()).ok_or_else(broken)
    }
}

/// Whether a text is as long as this one.
fn is_text_of(value: Value, text: &str) -> bool {
    matches!(value, Value::Text(_, len) if len as usize == text.len())
}

impl Hand {
    fn pop(&mut self) -> io::Result<Value> {
        self.stack.pop().ok_or_else(broken)
    }

    /// The last so many, in order.
    fn last(&mut self, len: usize) -> io::Result<Vec<Value>> {
        let from = self.stack.len().checked_sub(len).ok_or_else(broken)?;
        Ok(self.stack.split_off(from))
    }

    fn since_mark(&mut self) -> io::Result<Vec<Value>> {
        let from = self.marks.pop().filter(|from| *from <= self.stack.len());
        Ok(self.stack.split_off(from.ok_or_else(broken)?))
    }

    fn remember(&mut self, number: u64) -> io::Result<()> {
        let last = *self.stack.last().ok_or_else(broken)?;
        let number = usize::try_from(number).ok().filter(|number| *number < VALUES_MAX);
        let number = number.ok_or_else(too_large)?;
        if number >= self.memo.len() {
            self.memo.resize(number + 1, Value::Other);
        }
        self.memo[number] = last;
        Ok(())
    }

    fn remembered(&self, number: u64) -> io::Result<Value> {
        let number = usize::try_from(number).map_err(|_| broken())?;
        self.memo.get(number).copied().ok_or_else(broken)
    }
}
