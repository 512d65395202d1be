//! Whole numbers and bits in runs, in both versions of the format.

use std::collections::VecDeque;
use std::io;

use crate::matching::views::stores::orc::tape::Tape;
use crate::matching::views::stores::spool::{Spool, broken};

/// Numbers that are not negative: lengths, and places in a list.
#[derive(Default)]
pub struct Numbers {
    tape: Tape,
    is_second: bool,
    held: VecDeque<u64>,
}

impl Numbers {
    /// Of a stream, in the first or second version.
    pub fn new(tape: Tape, is_second: bool) -> Self {
        Self { tape, is_second, held: VecDeque::new() }
    }

    /// The next one.
    pub fn next(&mut self, spool: &mut Spool<'_>) -> io::Result<u64> {
        if self.held.is_empty() {
            if self.is_second { self.second(spool)? } else { self.first(spool)? }
        }
        self.held.pop_front().ok_or_else(broken)
    }

    fn first(&mut self, spool: &mut Spool<'_>) -> io::Result<()> {
        let control = self.tape.byte(spool)?;
        if control < 128 {
            let step = i64::from(self.tape.byte(spool)? as i8);
            let base = self.tape.varint(spool)?;
            let of = |index: i64| base.wrapping_add_signed(step.wrapping_mul(index));
            self.held.extend((0..i64::from(control) + 3).map(of));
            return Ok(());
        }
        for _ in 0..256 - usize::from(control) {
            self.held.push_back(self.tape.varint(spool)?);
        }
        Ok(())
    }

    fn second(&mut self, spool: &mut Spool<'_>) -> io::Result<()> {
        let first = self.tape.byte(spool)?;
        if first >> 6 == 0 {
            let value = self.tape.big(spool, usize::from(first >> 3 & 7) + 1)?;
            self.held.extend(std::iter::repeat_n(value, usize::from(first & 7) + 3));
            return Ok(());
        }
        let len = (usize::from(first & 1) << 8 | usize::from(self.tape.byte(spool)?)) + 1;
        let code = first >> 1 & 31;
        match first >> 6 {
            1 => {
                let values = self.packed(spool, width(code), len)?;
                self.held.extend(values);
                Ok(())
            }
            2 => self.patched(spool, width(code), len),
            _ => self.deltas(spool, if code == 0 { 0 } else { width(code) }, len),
        }
    }

    /// Numbers of so many bits, the high one first.
    fn packed(&mut self, spool: &mut Spool<'_>, bits: u32, len: usize) -> io::Result<Vec<u64>> {
        let (mut held, mut left) = (0u128, 0);
        let mut values = Vec::with_capacity(len);
        for _ in 0..len {
            while left < bits {
                held = held << 8 | u128::from(self.tape.byte(spool)?);
                left += 8;
            }
            left -= bits;
            values.push((held >> left & ((1 << bits) - 1)) as u64);
            held &= (1 << left) - 1;
        }
        Ok(values)
    }

    /// Numbers above a base, of which some have more bits than the others.
    fn patched(&mut self, spool: &mut Spool<'_>, bits: u32, len: usize) -> io::Result<()> {
        let (third, fourth) = (self.tape.byte(spool)?, self.tape.byte(spool)?);
        let base_width = usize::from(third >> 5) + 1;
        let (patch_bits, gap_bits) = (width(third & 31), u32::from(fourth >> 5) + 1);
        let sign = 1u64 << (8 * base_width - 1);
        let base = self.tape.big(spool, base_width)?;
        let base =
            if base & sign != 0 { ((base & !sign) as i64).wrapping_neg() } else { base as i64 };
        let mut values = self.packed(spool, bits, len)?;
        let entry = fixed(patch_bits + gap_bits);
        let patches = self.packed(spool, entry, usize::from(fourth & 31))?;
        let mut at = 0;
        for patch in patches {
            at += (patch >> patch_bits) as usize;
            let high = patch & (1u64 << (patch_bits - 1)).wrapping_mul(2).wrapping_sub(1);
            if let Some(value) = values.get_mut(at) {
                *value |= high.checked_shl(bits).unwrap_or(0);
            }
        }
        self.held.extend(values.into_iter().map(|value| base.wrapping_add(value as i64) as u64));
        Ok(())
    }

    /// A number, and how far each is from the one before it.
    fn deltas(&mut self, spool: &mut Spool<'_>, bits: u32, len: usize) -> io::Result<()> {
        let mut value = self.tape.varint(spool)?;
        let zigzag = self.tape.varint(spool)?;
        let step = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        self.held.push_back(value);
        let more = match bits {
            0 => vec![step.unsigned_abs(); len - 1],
            _ => {
                let mut steps = vec![step.unsigned_abs()];
                steps.extend(self.packed(spool, bits, len.saturating_sub(2))?);
                steps
            }
        };
        for by in more.into_iter().take(len - 1) {
            value = if step < 0 { value.wrapping_sub(by) } else { value.wrapping_add(by) };
            self.held.push_back(value);
        }
        Ok(())
    }
}

/// How many bits a code stands for.
fn width(code: u8) -> u32 {
    match code {
        0..=23 => u32::from(code) + 1,
        24..=27 => 26 + 2 * (u32::from(code) - 24),
        _ => 40 + 8 * (u32::from(code) - 28),
    }
}

/// The next width that there is a code for.
fn fixed(bits: u32) -> u32 {
    (0..32).map(width).find(|width| *width >= bits).unwrap_or(64)
}

/// Bits: whether there is a value.
pub struct Bits {
    tape: Option<Tape>,
    bits: VecDeque<bool>,
    /// A byte that comes again, and how often, or how many others come.
    run: Option<u8>,
    left: usize,
}

impl Bits {
    /// Of a stream; where there is none, all of them are set.
    pub fn new(tape: Option<Tape>) -> Self {
        Self { tape, bits: VecDeque::new(), run: None, left: 0 }
    }

    /// The next one.
    pub fn next(&mut self, spool: &mut Spool<'_>) -> io::Result<bool> {
        let Some(tape) = &mut self.tape else { return Ok(true) };
        if let Some(bit) = self.bits.pop_front() {
            return Ok(bit);
        }
        if self.left == 0 {
            let control = tape.byte(spool)?;
            (self.run, self.left) = match control {
                0..=127 => (Some(tape.byte(spool)?), usize::from(control) + 3),
                _ => (None, 256 - usize::from(control)),
            };
        }
        self.left -= 1;
        let byte = match self.run {
            Some(byte) => byte,
            None => tape.byte(spool)?,
        };
        self.bits.extend((0..8).rev().map(|bit| byte >> bit & 1 != 0));
        self.bits.pop_front().ok_or_else(broken)
    }
}
