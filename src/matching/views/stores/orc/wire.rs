//! Messages of protobuf, in which the feet of a file are written.

/// A field.
pub struct Field<'b> {
    /// Its number.
    pub number: u64,
    /// A number, or the length of bytes.
    pub value: u64,
    /// Bytes; none where it is a number.
    pub bytes: &'b [u8],
}

/// The fields of a message, as far as they are sound.
pub fn fields(mut rest: &[u8]) -> impl Iterator<Item = Field<'_>> {
    std::iter::from_fn(move || field(&mut rest))
}

fn field<'b>(rest: &mut &'b [u8]) -> Option<Field<'b>> {
    let key = varint(rest)?;
    let (mut value, mut bytes) = (0, &[][..]);
    match key & 7 {
        0 => value = varint(rest)?,
        1 => *rest = rest.get(8..)?,
        2 => {
            value = varint(rest)?;
            (bytes, *rest) = rest.split_at_checked(usize::try_from(value).ok()?)?;
        }
        5 => *rest = rest.get(4..)?,
        _ => return None,
    }
    Some(Field { number: key >> 3, value, bytes })
}

/// A number of seven bits a byte, the low ones first.
pub fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, left) = rest.split_first()?;
        *rest = left;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}
