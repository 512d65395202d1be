//! Everything a person or another system could see, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed, as it should")]

mod matching; // what is found in an item, in every reading, and what is not
