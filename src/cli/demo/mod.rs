//! `dsrd demo`: the whole of it on a small sample workspace, with nothing installed.

pub mod run;
pub mod sample;
