//! Everything a person or another system could see, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed, as it should")]

mod support; // what the tests start and share
mod source_contract; // the Source suite: memory, folder
mod source_on_azure; // the Source suite: Azurite; broken wires, refusals
mod exports_contract; // the Exports suite: memory, folder, Azurite
