//! Every reading of stored bytes that is searched, listed here and nowhere else.
//!
//! | reading | file |
//! | --- | --- |
//! | zlib, zstd, bzip2, xz, lzma, lz4, snappy; one in the other | `containers` |
//! | streams one behind the other, and whatever stands behind the last | `packing::streams` |
//! | gzip, zip, tar | `packing` |
//! | what stands in a zip beside the members of its directory | `packing::beside` |
//! | packed streams in the midst of an unknown binary | `packing::embedded` |
//! | strings of Avro and Parquet tables | `columns` |
//! | parts of names in columns that lie apart | `keys::lone` |
//! | databases of `SQLite`, their logs and journals, deleted rows | `stores::sqlite` |
//! | texts of Arrow's files and streams, Feather among them | `stores::arrow` |
//! | pages, forms and properties of PDF | `stores::pdf` |
//! | string columns of ORC | `stores::orc` |
//! | texts beside pictures of PNG | `stores::png` |
//! | documents, sheets and mails of older Microsoft programs | `stores::ole` |
//! | objects of git's packs, told by others or not | `stores::git` |
//! | archives of 7-Zip | `stores::sevenzip` |
//! | texts of HDF5's arrays and attributes | `stores::hdf5` |
//! | rows of workbooks, whose strings lie apart | `stores::workbook` |
//! | records of arrays of `NumPy` | `stores::numpy` |
//! | frames of pandas, columns and rows in pickles | `stores::pickles` |
//! | rows of Stata and of SAS's transport files | `stores::statistics` |
//! | tables in text: cells after the heads of their columns | `written::tables` |
//! | tables in markup, and in JSON by column | `written::marked`, `written::frames` |
//! | UTF-16 and UTF-32, by byte order mark or by shape | `spelling::charset` |
//! | EBCDIC, where all is plausible as such | `charsets::ebcdic` |
//! | UTF-8; where bytes are none, Windows-1252 and East Asian charsets | `spelling::charset` |
//! | lines in forty legacy charsets, where they may spell a name that is sought | `charsets` |
//! | without control of terminals, folds of lines, misread UTF-8 | `as_read` |
//! | addresses spelled for people alone: `ann (at) contoso (dot) com` | `as_read::spoken` |
//! | apostrophes, hyphens and letters that a reader takes for each other | `as_read::alike` |
//! | ISO-2022-JP, by its escapes | `spelling::charset` |
//! | binary: runs of text of one and of two bytes a character | `spelling::charset` |
//! | binary: text of four bytes a character | `spelling::strings::wide` |
//! | binary: strings with their length before them | `spelling::strings::frames` |
//! | binary: strings side by side, with nothing between them | `spelling::strings::beside` |
//! | binary: GUIDs in sixteen bytes | `unsure` |
//! | binary: values behind the keys of maps | `spelling::maps::pairs` |
//! | JSON and backslash escapes, percent-encoding, HTML entities, nested | `spelling::escapes` |
//! | quoted-printable, `=?utf-8?…?=` words | `spelling::mail` |
//! | the text between tags of HTML, XML and office documents | `markup::tags` |
//! | what RTF says | `markup::rtf` |
//! | base64, plain and for URLs, and whatever was packed in it | `spelling::digits::base64_runs` |
//! | short base64, told by what stands around it; hexadecimal, base32 | `spelling::digits` |
//! | Base85, dumps of bytes and lists of numbers | `spelling::digits` |
//! | strings counted in digits, fields of objects of Java | `spelling::maps` |
//! | short streams of deflate and Brotli, which have no sign | `packing::unsigned::streams` |
//! | blocks of Snappy and LZ4 without a frame | `packing::unsigned::blocks` |
//! | NFKC and case folding; invisible characters dropped | `spelling::fold` |
//!
//! JSON, JSON lines and notebooks are read as text with their escapes undone, and `places` finds
//! out at which JSON Pointer a hit stands. CSV is text: a quote is a boundary. To
//! add a reading: a file here, a line in this table, and a call in `windows` (text) or `containers`
//! (bytes).

pub mod spelling;
pub mod as_read;
pub mod charsets;
pub mod markup;
pub mod written;
pub mod json;
pub mod places;
pub mod meter;
pub mod known;
pub mod forms;
pub mod hinting;
pub mod tour;
pub mod regions;
pub mod windows;
pub mod unsure;
pub mod packing;
pub mod containers;
pub mod columns;
pub mod stores;
