//! The opcodes of pickles, of all protocols.

/// What a byte asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// The end.
    Stop,
    /// So many bytes that mean nothing here.
    Skip(u64),
    /// Something of so many bytes.
    Other(u64),
    /// True.
    True,
    /// A whole number in a line.
    NumberLine,
    /// Something in a line.
    OtherLine,
    /// Something with its length before it, in so many bytes.
    OtherSized(usize),
    /// A whole number in so many bytes.
    Number(usize),
    /// A text with its length before it, in so many bytes.
    Sized(usize),
    /// A text in a line.
    Line(Spelling),
    /// A class in two lines.
    Global,
    /// Remembers by a number of so many bytes.
    Put(usize),
    /// Remembers by a number in a line.
    PutLine,
    /// Remembers by the next number.
    Memoize,
    /// Recalls by a number of so many bytes.
    Get(usize),
    /// Recalls by a number in a line.
    GetLine,
    /// Does something with what is on the stack.
    Step(Step),
}

/// How a text is spelled in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// Between quotes, as Python's source has it.
    Quoted,
    /// A byte a character, and escapes for all that are beyond.
    Raw,
}

/// What is done with what is on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Marks the place.
    Mark,
    /// Drops the last.
    Pop,
    /// Drops all since the mark.
    PopMark,
    /// The last once more.
    Dup,
    /// A list or tuple of the last so many.
    List(usize),
    /// One of all since the mark.
    ListOfMark,
    /// A dictionary without anything.
    Dict,
    /// One of all since the mark.
    DictOfMark,
    /// Adds the last so many to what is before them.
    Add(usize),
    /// Adds all since the mark.
    AddMarked,
    /// A class, by its module and name.
    Class,
    /// An object of a class or function, and of what is given to it.
    Make,
    /// The same, with names for some of that.
    MakeWith,
    /// The same, of all since the mark.
    MakeOfMark,
    /// Tells an object what it holds.
    Tell,
    /// Something of the last so many.
    Lost(usize),
}

/// What a byte asks for, if it is an opcode.
pub fn opcode(byte: u8) -> Option<Opcode> {
    Some(match byte {
        b'.' => Opcode::Stop,
        0x80 => Opcode::Skip(1),
        0x95 => Opcode::Skip(8),
        0x98 => Opcode::Skip(0),
        0x88 => Opcode::True,
        b'N' | 0x89 | 0x97 => Opcode::Other(0),
        b'G' => Opcode::Other(8),
        0x82 => Opcode::Other(1),
        0x83 => Opcode::Other(2),
        0x84 => Opcode::Other(4),
        b'I' | b'L' => Opcode::NumberLine,
        b'F' | b'P' => Opcode::OtherLine,
        0x8a => Opcode::OtherSized(1),
        0x8b => Opcode::OtherSized(4),
        b'K' => Opcode::Number(1),
        b'M' => Opcode::Number(2),
        b'J' => Opcode::Number(4),
        b'U' | b'C' | 0x8c => Opcode::Sized(1),
        b'T' | b'X' | b'B' => Opcode::Sized(4),
        0x8d | 0x8e | 0x96 => Opcode::Sized(8),
        b'S' => Opcode::Line(Spelling::Quoted),
        b'V' => Opcode::Line(Spelling::Raw),
        b'c' => Opcode::Global,
        b'q' => Opcode::Put(1),
        b'r' => Opcode::Put(4),
        b'p' => Opcode::PutLine,
        0x94 => Opcode::Memoize,
        b'h' => Opcode::Get(1),
        b'j' => Opcode::Get(4),
        b'g' => Opcode::GetLine,
        _ => Opcode::Step(step(byte)?),
    })
}

fn step(byte: u8) -> Option<Step> {
    Some(match byte {
        b'(' => Step::Mark,
        b'0' => Step::Pop,
        b'1' => Step::PopMark,
        b'2' => Step::Dup,
        b']' | b')' | 0x8f => Step::List(0),
        0x85 => Step::List(1),
        0x86 => Step::List(2),
        0x87 => Step::List(3),
        b'l' | b't' | 0x91 => Step::ListOfMark,
        b'}' => Step::Dict,
        b'd' => Step::DictOfMark,
        b'a' => Step::Add(1),
        b's' => Step::Add(2),
        b'e' | b'u' | 0x90 => Step::AddMarked,
        0x93 => Step::Class,
        b'R' | 0x81 => Step::Make,
        0x92 => Step::MakeWith,
        b'o' => Step::MakeOfMark,
        b'b' => Step::Tell,
        b'Q' => Step::Lost(1),
        _ => return None,
    })
}
