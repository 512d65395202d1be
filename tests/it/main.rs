//! All integration tests in one binary.
#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed, and says where")]

mod archive; // bytes, names and manifest, opened by other people's programs
mod http; // health, metrics and the page, asked over a socket
mod schema; // what is published of our contracts takes what we write
