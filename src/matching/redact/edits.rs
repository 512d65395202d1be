//! From what was seen in a window to what is replaced in it: apart, in order, and nothing that
//! could be told no better than to a line.

use std::ops::Range;

use crate::matching::put::Put;
use crate::matching::redact::refusal::Stop;
use crate::matching::views::places::Found;
use crate::matching::views::spelling::reading::Hold;

/// A replacement.
#[derive(Clone)]
pub struct Edit {
    /// What of the window is replaced.
    pub range: Range<usize>,
    /// What is put there.
    pub put: Put,
    /// Whether it is a run of base64, to be rewritten within.
    pub packed: bool,
    /// Whether tags stand in the midst of it, which stay.
    pub marked: bool,
}

/// What is written in the place of a range.
pub struct Piece {
    /// At least the range of the edit.
    pub range: Range<usize>,
    /// What is written.
    pub bytes: Vec<u8>,
}

/// The edits of the window that begin in `answered`. The window was written up to `done`, which
/// lies beyond its start where an edit reached over the end of the part before.
///
/// # Errors
/// Something was seen that cannot be replaced.
pub fn edits(
    mut seen: Vec<Found<Put>>,
    answered: &Range<usize>,
    done: usize,
) -> Result<Vec<Edit>, Stop> {
    seen.retain(|found| !found.span.is_empty() && found.span.end > done);
    let of_part = |found: &Found<Put>| answered.contains(&found.start);
    if seen.iter().any(|found| found.hold == Hold::Framed && of_part(found)) {
        return Err(Stop::not("binary: strings with their length"));
    }
    let (sure, vague): (Vec<_>, Vec<_>) =
        seen.into_iter().partition(|found| found.hold <= Hold::Packed);
    let known = Known::of(&sure);
    let is_known = |found: &Found<Put>| known.has_within(found.what, &found.span);
    if vague.iter().any(|found| of_part(found) && !is_known(found)) {
        return Err(Stop::not("charset: not rewritten"));
    }
    let mut edits: Vec<Edit> = Vec::new();
    for found in sure {
        if found.span.start >= answered.end {
            continue;
        }
        if found.span.start < answered.start {
            // Of what begins before the part, the part before was to answer; but it saw only the
            // beginning of a long run.
            if found.hold == Hold::Packed && of_part(&found) {
                return Err(Stop::not("base64: too long"));
            }
            continue;
        }
        let (packed, marked) = (found.hold == Hold::Packed, found.hold == Hold::Marked);
        edits.push(Edit { range: found.span, put: found.what, packed, marked });
    }
    Ok(joined(edits))
}

/// What is replaced where, to be asked for by range.
struct Known {
    /// What, where it starts, and where the earliest ends of those that start there or later; in
    /// order.
    ends: Vec<(Put, usize, usize)>,
}

impl Known {
    fn of(sure: &[Found<Put>]) -> Self {
        let mut ends: Vec<_> =
            sure.iter().map(|found| (found.what, found.span.start, found.span.end)).collect();
        ends.sort_unstable();
        for index in (1..ends.len()).rev() {
            let (next, this) = (ends[index], &mut ends[index - 1]);
            if this.0 == next.0 {
                this.2 = this.2.min(next.2);
            }
        }
        Self { ends }
    }

    fn has_within(&self, what: Put, span: &Range<usize>) -> bool {
        let first =
            self.ends.partition_point(|(put, start, _)| (*put, *start) < (what, span.start));
        self.ends.get(first).is_some_and(|(put, _, end)| *put == what && *end <= span.end)
    }
}

/// Edits that overlap become one; what is put is that of the longest.
fn joined(mut edits: Vec<Edit>) -> Vec<Edit> {
    edits.sort_by(|one, other| {
        let key = |edit: &Edit| (edit.range.start, usize::MAX - edit.range.end, edit.put);
        key(one).cmp(&key(other)).then(one.packed.cmp(&other.packed))
    });
    let mut all: Vec<Edit> = Vec::with_capacity(edits.len());
    let mut longest = 0;
    for edit in edits {
        match all.last_mut() {
            // Of a run in two alphabets, the part in one of them.
            Some(last) if last.packed && edit.packed && edit.range.end == last.range.end => {
                last.range = edit.range;
            }
            // One of its lines, which is a run by itself where its breaks are not told.
            Some(last) if last.packed && edit.packed && edit.range.end < last.range.end => {}
            Some(last) if edit.range.start < last.range.end => {
                let same = edit.range == last.range;
                last.packed &= same && edit.packed;
                last.marked |= edit.marked;
                if edit.range.len() > longest {
                    (longest, last.put) = (edit.range.len(), edit.put);
                }
                last.range.end = last.range.end.max(edit.range.end);
            }
            _ => {
                longest = edit.range.len();
                all.push(edit);
            }
        }
    }
    all
}
