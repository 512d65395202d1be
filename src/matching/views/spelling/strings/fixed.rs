//! Strings of one width side by side, as arrays hold them: one that fills its width has nothing
//! between itself and the next.
//!
//! Where others are shorter, zeros fill them up, and the places at which text begins behind zeros
//! are whole widths apart. Where none is, a width that is told must do.

use std::ops::Range;

/// Shorter strings hold no identity.
const WIDTH_MIN: usize = 6;

/// Places at which text begins that must agree on a width that nobody told.
const STARTS_MIN: usize = 3;

/// The same where a part of what they agree on is tried too.
const STARTS_OF_PARTS_MIN: usize = 5;

/// Strings that are cut out of one window: where many widths are told, each of them is tried.
const FIELDS_MAX: usize = 1 << 16;

/// Strings of one width that are an array.
const FIELDS_MIN: usize = 2;

/// Parts of what the places agree on that are tried.
const PARTS_MAX: u64 = 4;

/// The strings of one width, each with text before or behind it.
///
/// Units are bytes, or characters where all have the same number of bytes; `padding_end` tells
/// where the zeros end that begin at a place, and `told` is the widths that are told of.
pub fn fields(
    runs: &[Range<usize>],
    told: &[usize],
    padding_end: &dyn Fn(usize) -> usize,
) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    let mut from = 0;
    while from < runs.len() && fields.len() < FIELDS_MAX {
        let (len, apart) = array(&runs[from..], padding_end);
        let part = &runs[from..from + len];
        let longest = part.iter().map(Range::len).max().unwrap_or(0);
        for width in widths(part, apart, told).into_iter().filter(|width| *width < longest) {
            for phase in phases(part, width, padding_end) {
                let mut cut_out = Vec::new();
                part.iter().for_each(|run| cut(run, width, phase, &mut cut_out));
                // Of one alone nothing says that it is as wide as another.
                let is_whole = |field: &&Range<usize>| {
                    field.len() == width || padding_end(field.end) >= field.start + width
                };
                if cut_out.iter().filter(is_whole).count() >= FIELDS_MIN {
                    fields.extend(cut_out);
                }
            }
        }
        // The first of the next array may begin in what was the last of this one.
        let is_cut = runs
            .get(from + len)
            .is_some_and(|next| padding_end(runs[from + len - 1].end) == next.start);
        from += if is_cut && len > 1 { len - 1 } else { len };
    }
    fields
}

/// How many runs may be of one array, and what all their starts are apart, but for the first, which
/// may begin before it.
fn array(runs: &[Range<usize>], padding_end: &dyn Fn(usize) -> usize) -> (usize, usize) {
    let mut apart = 0;
    for at in 1..runs.len() {
        if padding_end(runs[at - 1].end) != runs[at].start {
            return (at, apart);
        }
        let more = common(apart, runs[at].start - runs[1].start);
        if at > 1 && more < WIDTH_MIN {
            return (at, apart);
        }
        apart = more;
    }
    (runs.len(), apart)
}

fn widths(part: &[Range<usize>], apart: usize, told: &[usize]) -> Vec<usize> {
    let is_apart = |width: &usize| apart.is_multiple_of(*width);
    let mut widths: Vec<usize> = told.iter().copied().filter(is_apart).collect();
    if widths.is_empty() && part.len() > STARTS_MIN {
        let parts = if part.len() > STARTS_OF_PARTS_MIN { 1..=PARTS_MAX } else { 1..=1 };
        let parts = parts.filter_map(|by| apart.checked_div(by as usize));
        widths.extend(parts.filter(|width| *width >= WIDTH_MIN && is_apart(width)));
    }
    widths
}

/// Where in a width the strings may begin.
fn phases(part: &[Range<usize>], width: usize, padding_end: &dyn Fn(usize) -> usize) -> Vec<usize> {
    if let [_, second, ..] = part {
        return vec![second.start % width];
    }
    // All are full, but for the last: they begin where the array does, or end where it ends.
    let (start, end) = (part[0].start, padding_end(part[0].end));
    if (end - start).is_multiple_of(width) {
        return vec![start % width];
    }
    let mut phases = vec![start % width, end % width, part[0].end % width];
    phases.sort_unstable();
    phases.dedup();
    phases
}

/// Cuts a run at its borders; what stands before the first of them is of something else.
fn cut(run: &Range<usize>, width: usize, phase: usize, fields: &mut Vec<Range<usize>>) {
    let first = run.start + (phase + width - run.start % width) % width;
    let starts = (first..run.end).step_by(width);
    if first > run.start || run.len() > width {
        fields.extend(starts.map(|start| start..run.end.min(start + width)));
    }
}

fn common(one: usize, other: usize) -> usize {
    if other == 0 { one } else { common(other, one % other) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::views::spelling::strings::runs::runs;

    fn cut_up(bytes: &[u8], told: &[usize]) -> Vec<String> {
        let padding_end =
            |at: usize| at + bytes[at..].iter().take_while(|byte| **byte == 0).count();
        let fields = fields(&runs(bytes), told, &padding_end);
        fields.into_iter().map(|field| String::from_utf8_lossy(&bytes[field]).into()).collect()
    }

    #[test]
    fn full_strings_are_cut_apart() {
        for (bytes, told, expected) in [
            (&b"head\nadelebertacarlo"[..], &[5][..], &["head\n", "adele", "berta", "carlo"][..]),
            (b"\x01adeleberta\x02", &[5], &["adele", "berta"]),
            (b"\x01carl\0adeleberta", &[5], &["adele", "berta"]),
            (b"\x01adelebert\0\x01", &[5], &["adele", "bert"]),
            (b"\x01jo.ann@contoso.com\x0cE\0\0\x01", &[18], &[]),
            (b"carl--\0\0adeleliabertalandbob\0\0\0\0\0", &[], &[]),
            (
                b"bob\0\0\0\0\0carl\0\0\0\0adelelia\0\0\0bertalandbob\0\0\0\0\0ann\0\0\0\0\0",
                &[],
                &[],
            ),
            (
                b"bob\0\0\0\0\0carl\0\0\0\0adeleliabertalanbob\0\0\0\0\0ann\0\0\0\0\0",
                &[],
                &["adelelia", "bertalan", "bob"],
            ),
        ] {
            assert_eq!(cut_up(bytes, told), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
