//! How much was asked and answered, and for whom: what one person's name brings up is no reason to
//! give up another's.
//!
//! What is too much for one answer is asked for each person apart in the end, so that only what is
//! asked for one person alone is counted as that person's.

use std::collections::BTreeMap;

/// Queries of a table for one person, and for several together.
const QUERIES_MAX: u32 = 2_000;
/// Values of a column for one person: beyond them what was asked says too little to look through
/// all that has it.
const VALUES_MAX: usize = 20_000;
/// Bytes of them.
const BYTES_MAX: usize = 32 << 20;
/// Bytes of an answer for several people.
const SHARED_BYTES_MAX: usize = 8 << 20;

/// What was asked of a table.
#[derive(Default)]
pub struct Volume {
    queries: BTreeMap<Option<usize>, u32>,
    answered: BTreeMap<(usize, String), (usize, usize)>,
}

impl Volume {
    /// A query was sent, for one person or for several.
    pub fn ask(&mut self, whom: Option<usize>) {
        *self.queries.entry(whom).or_default() += 1;
    }

    /// Whether no more are.
    pub fn is_spent(&self, whom: Option<usize>) -> bool {
        self.queries.get(&whom).is_some_and(|queries| *queries >= QUERIES_MAX)
    }

    /// A value was answered.
    pub fn add(&mut self, whom: Option<usize>, column: &str, bytes: usize) {
        let Some(person) = whom else { return };
        let (values, sum) = self.answered.entry((person, column.to_owned())).or_default();
        *values += 1;
        *sum = sum.saturating_add(bytes);
    }

    /// Whether a column has too much for a person.
    pub fn is_too_much(&self, whom: Option<usize>, column: &str) -> bool {
        let answered = whom.and_then(|person| self.answered.get(&(person, column.to_owned())));
        answered.is_some_and(|(values, bytes)| *values > VALUES_MAX || *bytes > BYTES_MAX)
    }

    /// Whether an answer for several is more than is kept for them together.
    pub fn is_too_large(whom: Option<usize>, bytes: usize) -> bool {
        whom.is_none() && bytes > SHARED_BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_persons_volume_is_no_others() {
        let (ann, bob) = (Some(0), Some(1));
        for (values, bytes) in [(VALUES_MAX + 1, 10), (BYTES_MAX / 32_768 + 1, 32_768)] {
            let mut volume = Volume::default();
            (0..values).for_each(|_| volume.add(ann, "Message", bytes));
            (0..QUERIES_MAX).for_each(|_| volume.ask(ann));
            assert!(volume.is_too_much(ann, "Message") && volume.is_spent(ann));
            assert!(!volume.is_too_much(bob, "Message") && !volume.is_spent(bob));
            assert!(!volume.is_too_much(ann, "UserId"));
            assert!(!volume.is_too_much(None, "Message") && !volume.is_spent(None));
        }
    }
}
