//! When: what every loop works by, whatever it does.

pub mod stopper;
pub mod retry;
pub mod lease;
pub mod shift;
