//! What the items that are read at the same time may be together.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::domain::item::Item;

/// Keeps many large items from being decoded at once: each takes buffers of its own.
pub struct Budget {
    units: Semaphore,
    units_max: u32,
}

/// What the budget is counted in.
const BUDGET_UNIT_BYTES: u64 = 64 * 1024;
/// What an item counts as at most: items are streamed, and their buffers are bounded.
const COUNTED_BYTES_MAX: u64 = 8 * 1024 * 1024;

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes: u64) -> Self {
        let units_max = u32::try_from((bytes / BUDGET_UNIT_BYTES).max(1)).unwrap_or(u32::MAX);
        let units_max = units_max.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self { units: Semaphore::new(units_max as usize), units_max }
    }

    /// Waits until the item may be read; it may until what is returned is dropped.
    pub async fn enter(&self, item: &Item) -> SemaphorePermit<'_> {
        let units = item.size.min(COUNTED_BYTES_MAX).div_ceil(BUDGET_UNIT_BYTES).max(1);
        // One that is larger than the whole budget waits to be alone.
        let units = u32::try_from(units).unwrap_or(u32::MAX).min(self.units_max);
        self.units.acquire_many(units).await.expect("the budget is never closed")
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::domain::item::Version;

    fn sized(size: u64) -> Item {
        Item { size, ..Item::bare("azureml", "a", Version::Current) }
    }

    #[test]
    fn large_items_wait_for_each_other_and_none_for_ever() {
        let (large, small) = (sized(20_000_000_000), sized(0));
        let budget = Budget::new(2 * COUNTED_BYTES_MAX);
        let first = budget.enter(&large).now_or_never();
        let second = budget.enter(&large).now_or_never();
        assert!(first.is_some() && second.is_some());
        assert!(budget.enter(&small).now_or_never().is_none());
        drop(first);
        assert!(budget.enter(&large).now_or_never().is_some());
        let tiny = Budget::new(1);
        assert!(tiny.enter(&large).now_or_never().is_some(), "alone it may");
    }
}
