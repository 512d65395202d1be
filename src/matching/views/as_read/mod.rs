//! What a reader takes a text for, where that is not what its characters say.

pub mod colours;
pub mod typeset;
pub mod terminal;
pub mod folds;
pub mod mojibake;
pub mod pieces;
pub mod alike;
pub mod domains;
pub mod spoken;
pub mod spellings;
