//! How much of what could be tried is tried.

/// Whether everything is tried that a test otherwise takes a sample of: `DSRD_TEST_EVERYTHING`.
pub fn is_everything_tried() -> bool {
    std::env::var_os("DSRD_TEST_EVERYTHING").is_some()
}
