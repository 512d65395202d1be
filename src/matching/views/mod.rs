//! Every reading of stored bytes that is searched, listed here and nowhere else.
//!
//! | reading | file |
//! | --- | --- |
//! | zlib, zstd, bzip2, xz, lzma; one in the other | `containers` |
//! | streams one behind the other, and whatever stands behind the last | `packing::streams` |
//! | gzip, zip, tar | `packing` |
//! | what stands in a zip beside the members of its directory | `packing::beside` |
//! | packed streams in the midst of an unknown binary | `packing::embedded` |
//! | strings of Avro and Parquet tables | `columns` |
//! | tables in text: cells after the heads of their columns | `columns::tables` |
//! | UTF-16 and UTF-32, by byte order mark or by shape | `spelling::charset` |
//! | UTF-8; where bytes are not UTF-8 also Windows-1252 and legacy charsets | `spelling::charset` |
//! | ISO-2022-JP, by its escapes | `spelling::charset` |
//! | binary: runs of text of one and of two bytes a character | `spelling::charset` |
//! | binary: text of four bytes a character | `spelling::strings::wide` |
//! | binary: strings with their length before them | `spelling::strings::frames` |
//! | binary: strings side by side, with nothing between them | `spelling::strings::beside` |
//! | JSON and backslash escapes, percent-encoding, HTML entities, nested | `spelling::escapes` |
//! | quoted-printable, `=?utf-8?…?=` words | `spelling::mail` |
//! | the text between tags of HTML, XML and office documents | `markup::tags` |
//! | what RTF says | `markup::rtf` |
//! | base64, plain and for URLs, and whatever was packed in it | `spelling::base64_runs` |
//! | NFKC and case folding; invisible characters dropped | `spelling::fold` |
//!
//! JSON, JSON lines and notebooks are read as text with their escapes undone, and `places` finds
//! out at which JSON Pointer a hit stands. CSV is text: a quote is a boundary. To
//! add a reading: a file here, a line in this table, and a call in `windows` (text) or `containers`
//! (bytes).

pub mod spelling;
pub mod markup;
pub mod json;
pub mod places;
pub mod meter;
pub mod known;
pub mod forms;
pub mod tour;
pub mod regions;
pub mod windows;
pub mod packing;
pub mod containers;
pub mod columns;
