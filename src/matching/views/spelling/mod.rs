//! How characters are spelled: charsets, escapes, mail encodings, base64, case and form.

pub mod spaceless;
pub mod cut;
pub mod reading;
pub mod fold;
pub mod escapes;
pub mod top_level;
pub mod lengths;
pub mod strings;
pub mod maps;
pub mod stretches;
pub mod charset;
pub mod mail;
pub mod noise;
pub mod digits;
