//! Pickles, as a machine of Python's would undo them, though nothing in them is run: what is read
//! are the tables that they hold, whose columns lie one behind the other.

pub mod aside;
pub mod machine;
pub mod opcodes;
pub mod older;
pub mod arrays;
pub mod tables;
