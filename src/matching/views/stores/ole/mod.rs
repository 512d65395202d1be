//! Compound files of Microsoft's older programs: documents, sheets, mails
//! ([MS-CFB], [MS-DOC], [MS-XLS], [MS-OXMSG]).

pub mod compound;
pub mod document;
pub mod sheet;
pub mod rich;
pub mod streams;
