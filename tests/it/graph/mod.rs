//! The tenant's logs, which Microsoft Graph copies: lives in memory, the adapter over a simulator
//! and a blob emulator, and the program itself.

mod lives; // whole lives: how a copy goes, and what is told of it
mod service; // what the service answers, what it is given, what lies there
mod program; // the program over its folder queue, killed on the way
mod people; // what people are called: whose folders go by that, and whose do not
