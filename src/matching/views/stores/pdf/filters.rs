//! What a stream went through before it was stored, undone.

use std::io::{self, Read};

use crate::matching::views::stores::pdf::objects::{Dict, Object, from_hex, is_space};
use crate::matching::views::stores::spool::too_large;

/// Bytes of a stream that is taken into memory, packed or not.
pub const STREAM_BYTES_MAX: usize = 24 << 20;

/// What a stream was before; what comes before the first fault, if there is one.
///
/// # Errors
/// A filter is not known; it is too large.
pub fn undo(mut bytes: Vec<u8>, dict: &Dict) -> io::Result<Vec<u8>> {
    let of = |long: &str, short: &str| dict.get(long).or_else(|| dict.get(short));
    let filters = of("Filter", "F").map_or(&[][..], Object::list);
    let parameters = of("DecodeParms", "DP").map_or(&[][..], Object::list);
    for (index, filter) in filters.iter().enumerate() {
        bytes = match filter.name().unwrap_or_default() {
            "FlateDecode" | "Fl" => inflated(&bytes)?,
            "LZWDecode" | "LZW" => {
                let early = parameters.get(index).and_then(|of| of.dict()?.get("EarlyChange"));
                lzw(&bytes, early.and_then(Object::count).unwrap_or(1))?
            }
            "ASCII85Decode" | "A85" => ascii85(&bytes),
            "ASCIIHexDecode" | "AHx" => {
                from_hex(bytes.split(|byte| *byte == b'>').next().unwrap_or_default())
            }
            "RunLengthDecode" | "RL" => run_lengths(&bytes)?,
            _ => return Err(io::ErrorKind::Unsupported.into()),
        };
        if let Some(parameters) = parameters.get(index).and_then(Object::dict) {
            bytes = unpredicted(bytes, parameters);
        }
    }
    Ok(bytes)
}

fn inflated(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let decoder = flate2::read::ZlibDecoder::new(bytes);
    let ended = decoder.take(STREAM_BYTES_MAX as u64 + 1).read_to_end(&mut all);
    if all.len() > STREAM_BYTES_MAX {
        return Err(too_large());
    }
    // Programs read what came before a fault; some writers leave the check sum out.
    if all.is_empty() { ended.map(|_| all) } else { Ok(all) }
}

fn ascii85(bytes: &[u8]) -> Vec<u8> {
    let (mut all, mut group) = (Vec::new(), Vec::new());
    for byte in bytes.iter().copied().filter(|byte| !is_space(*byte)) {
        match byte {
            b'z' if group.is_empty() => all.extend([0; 4]),
            b'!'..=b'u' => group.push(u32::from(byte - b'!')),
            _ => break,
        }
        if group.len() == 5 {
            all.extend(of_group(&group));
            group.clear();
        }
    }
    if group.len() > 1 {
        let len = group.len() - 1;
        group.resize(5, 84);
        all.extend(&of_group(&group)[..len]);
    }
    all
}

fn of_group(group: &[u32]) -> [u8; 4] {
    group.iter().fold(0u32, |all, digit| all.wrapping_mul(85).wrapping_add(*digit)).to_be_bytes()
}

fn run_lengths(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let (mut all, mut at) = (Vec::new(), 0);
    while let Some(&len) = bytes.get(at) {
        let count = usize::from(len);
        match len {
            0..=127 => {
                all.extend_from_slice(bytes.get(at + 1..at + 2 + count).unwrap_or_default());
                at += 2 + count;
            }
            128 => break,
            129.. => {
                let byte = bytes.get(at + 1).copied().into_iter();
                all.extend(byte.flat_map(|byte| std::iter::repeat_n(byte, 257 - count)));
                at += 2;
            }
        }
        if all.len() > STREAM_BYTES_MAX {
            return Err(too_large());
        }
    }
    Ok(all)
}

/// Codes of nine to twelve bits, the high bit first, each for a stretch that was met before.
fn lzw(bytes: &[u8], early: usize) -> io::Result<Vec<u8>> {
    const CLEAR: usize = 256;
    const END: usize = 257;
    let mut all: Vec<u8> = Vec::new();
    // Where in the output each stretch beyond single bytes stands.
    let mut known: Vec<(usize, usize)> = Vec::new();
    let (mut width, mut bits, mut held) = (9, 0u32, 0u32);
    let mut before: Option<(usize, usize)> = None;
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        if bits < width {
            continue;
        }
        bits -= width;
        let code = (held >> bits) as usize & ((1 << width) - 1);
        held &= (1 << bits) - 1;
        match code {
            CLEAR => {
                known.clear();
                (width, before) = (9, None);
                continue;
            }
            END => break,
            _ => {}
        }
        let start = all.len();
        if code < CLEAR {
            all.push(code as u8);
        } else if let Some((from, len)) = known.get(code - 258).copied() {
            all.extend_from_within(from..from + len);
        } else if let Some((from, len)) = before {
            all.extend_from_within(from..from + len);
            all.push(all[from]);
        } else {
            break;
        }
        if let Some((from, len)) = before.filter(|_| known.len() < 4096 - 258) {
            // The stretch before, and the first byte of this one, which stands behind it.
            known.push((from, len + 1));
        }
        before = Some((start, all.len() - start));
        width = match 258 + known.len() + 1 + early {
            ..=512 => 9,
            513..=1024 => 10,
            1025..=2048 => 11,
            _ => 12,
        };
        if all.len() > STREAM_BYTES_MAX {
            return Err(too_large());
        }
    }
    Ok(all)
}

/// Rows that were told by what differs from the row above or the byte before.
fn unpredicted(bytes: Vec<u8>, parameters: &Dict) -> Vec<u8> {
    let number = |key, usual| parameters.get(key).and_then(Object::count).unwrap_or(usual);
    let (predictor, columns) = (number("Predictor", 1), number("Columns", 1).min(1 << 24));
    let bits = number("Colors", 1).min(64) * number("BitsPerComponent", 8).min(64);
    let (pixel, row) = (bits.div_ceil(8).max(1), (bits * columns).div_ceil(8));
    if predictor < 10 || row == 0 {
        return bytes;
    }
    let (mut all, mut above) = (Vec::with_capacity(bytes.len()), vec![0u8; row]);
    for coded in bytes.chunks(row + 1) {
        let Some((kind, coded)) = coded.split_first() else { break };
        let mut now = vec![0u8; row];
        for (index, byte) in coded.iter().enumerate() {
            let left = index.checked_sub(pixel).map_or(0, |at| now[at]);
            let corner = index.checked_sub(pixel).map_or(0, |at| above[at]);
            let guess = match kind {
                1 => left,
                2 => above[index],
                3 => ((u16::from(left) + u16::from(above[index])) / 2) as u8,
                4 => paeth(left, above[index], corner),
                _ => 0,
            };
            now[index] = byte.wrapping_add(guess);
        }
        all.extend_from_slice(&now[..coded.len()]);
        above = now;
    }
    all
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(above) - i16::from(corner);
    let off = |byte: u8| (guess - i16::from(byte)).abs();
    if off(left) <= off(above) && off(left) <= off(corner) {
        left
    } else if off(above) <= off(corner) {
        above
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_undone() {
        assert_eq!(ascii85(b"87cUR\nD]i,\"Ebo7~>"), b"Hello World");
        assert_eq!(run_lengths(&[2, b'a', b'b', b'c', 254, b'x', 128, 9]).unwrap(), b"abcxxx");
        // The example of ISO 32000, 7.4.4.2.
        let packed = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        assert_eq!(lzw(&packed, 1).unwrap(), [45, 45, 45, 45, 45, 65, 45, 45, 45, 66]);
        let mut parameters = Dict::new();
        parameters.insert("Predictor".into(), Object::Number(12.0));
        parameters.insert("Columns".into(), Object::Number(3.0));
        let rows = vec![0, 1, 2, 3, 2, 1, 1, 1, 1, 5, 1, 1];
        assert_eq!(unpredicted(rows, &parameters), [1, 2, 3, 2, 3, 4, 5, 6, 7]);
    }
}
