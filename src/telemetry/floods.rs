//! Keeps a log readable while one cause hits thousands of requests.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How often the same is told within [`WHILE`].
const SINGLY_MAX: u64 = 10;

/// For how long what was told counts.
const WHILE: Duration = Duration::from_secs(60);

/// Different things that are remembered; beyond, all are told anew.
const KNOWN_MAX: usize = 512;

/// What was told lately.
#[derive(Debug, Default)]
pub struct Floods(Mutex<HashMap<String, Told>>);

/// How often something was told since a time.
#[derive(Debug)]
struct Told {
    since: Instant,
    times: u64,
}

impl Floods {
    /// Whether to tell of this once more; the last time that it is told the rest of a while is
    /// [`Tell::Last`].
    pub fn tell(&self, what: String, now: Instant) -> Tell {
        let mut known = self.0.lock().expect("nobody panics while this is held");
        if known.len() > KNOWN_MAX {
            known.clear();
        }
        let told = known.entry(what).or_insert(Told { since: now, times: 0 });
        if now.duration_since(told.since) > WHILE {
            *told = Told { since: now, times: 0 };
        }
        told.times += 1;
        match told.times {
            times if times < SINGLY_MAX => Tell::Singly,
            SINGLY_MAX => Tell::Last,
            _ => Tell::Never,
        }
    }
}

/// How something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tell {
    /// As it is.
    Singly,
    /// For the last time for a while, which is said.
    Last,
    /// Not now.
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_told_so_often_in_a_while_and_then_anew() {
        let (floods, begun) = (Floods::default(), Instant::now());
        let tell = |what: &str, after: u64| {
            floods.tell(what.to_owned(), begun + Duration::from_secs(after))
        };
        let told: Vec<Tell> = (0..100).map(|n| tell("a", n / 10)).collect();
        assert!(told[..9].iter().all(|told| *told == Tell::Singly));
        assert_eq!(told[9], Tell::Last);
        assert!(told[10..].iter().all(|told| *told == Tell::Never));
        assert_eq!(tell("b", 1), Tell::Singly);
        assert_eq!(tell("a", 61), Tell::Singly);
    }
}
