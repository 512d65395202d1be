//! How much was done on a thread, in bytes looked at, and a way to end it from outside.
//!
//! Whoever goes over bytes charges for them: each reading of a window, each decoder that is tried
//! in vain, each value that is stepped over. The count is the same on every machine, so that a test
//! can tell linear from worse by it; and it is what ends an item that asks for too much. It belongs
//! to the thread, since an item is looked through on one: functions from text to facts need not be
//! handed a meter to be counted.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
    static LEASH: RefCell<Option<Leash>> = const { RefCell::new(None) };
}

/// Counts bytes that are looked at.
pub fn charge(bytes: usize) {
    DONE.set(DONE.get().saturating_add(bytes as u64));
}

/// Bytes looked at on this thread since it began.
pub fn done() -> u64 {
    DONE.get()
}

/// Whether what is done on this thread now is wanted no more, or is more than was to be done here.
pub fn is_called_off() -> bool {
    LEASH.with_borrow(|leash| leash.as_ref().is_some_and(Leash::is_at_its_end))
}

/// Held by whoever waits for work on another thread: dropped before it has ended, it calls it off.
/// Without, a decoder would go on after a stop, for nobody.
#[derive(Clone)]
pub struct Leash {
    let_go: Arc<AtomicBool>,
    /// What may be done of it, by the count of this thread.
    until: u64,
}

/// Calls off when it is dropped.
pub struct Holder(Arc<AtomicBool>);

impl Leash {
    /// A leash and its end.
    pub fn new() -> (Self, Holder) {
        let let_go = Arc::<AtomicBool>::default();
        (Self { let_go: Arc::clone(&let_go), until: u64::MAX }, Holder(let_go))
    }

    /// Does work on this thread that is to be short, up to so many bytes looked at, give or take
    /// what is charged between two questions whether to go on; `None` if it is longer. It is to be
    /// done anew then.
    pub fn run_if_short<T>(bytes: u64, work: impl FnOnce() -> T) -> Option<T> {
        let leash = Self { let_go: Arc::default(), until: done().saturating_add(bytes) };
        leash.run(|| {
            let result = work();
            (!is_called_off()).then_some(result)
        })
    }

    /// Does work that can be called off.
    pub fn run<T>(self, work: impl FnOnce() -> T) -> T {
        // Put back even if the work panics: the thread goes on to other work.
        let _before = Before(LEASH.replace(Some(self)));
        work()
    }

    fn is_at_its_end(&self) -> bool {
        self.let_go.load(Ordering::Relaxed) || done() > self.until
    }
}

struct Before(Option<Leash>);

impl Drop for Before {
    fn drop(&mut self) {
        LEASH.set(self.0.take());
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lets_go_calls_off() {
        let (leash, holder) = Leash::new();
        leash.run(|| {
            assert!(!is_called_off());
            drop(holder);
            assert!(is_called_off());
        });
        assert!(!is_called_off());
    }

    #[test]
    fn what_is_short_is_done_here_and_nothing_else() {
        charge(1_000);
        assert_eq!(Leash::run_if_short(10, || charge(10)), Some(()));
        let charged = |bytes| move || [(); 3].map(|()| (!is_called_off()).then(|| charge(bytes)));
        assert_eq!(Leash::run_if_short(10, charged(6)), None);
        assert!(!is_called_off());
    }
}
