//! What changes paths, and what is not atomic in it.
//!
//! **Erasing** is one request under the `ETag` that was seen. A directory is never deleted with
//! what is in it: the service refuses one that is not empty, and that is told
//! (`DirectoryNotEmpty`). Nor does a directory go because it is empty: it is an item, and goes if
//! it names the person or is the person's, after what is in it. Whether a directory has another
//! `ETag` once something in it was deleted is not published; if so it ends as `changed`, and the
//! second look meets it.
//!
//! **Rewriting.** The new bytes go into a draft beside the file, which has its owner, rights,
//! properties and media type from the first moment on. Then the draft takes the path of the file by
//! a rename under the `ETag`s of both: readers see the old bytes or the new ones, and whatever was
//! written or leased meanwhile stays. A draft that is written piece by piece may be seen by others
//! who list the directory, with the rights of its file and no more. A process that ends in between
//! leaves the old file as it was and a draft ([`crate::adapters::azure_lake::drafted`]). What is
//! lost with the old file: when it was created; what soft delete keeps of it, if it does, is not
//! ours to remove and counts as deleted at that time.
//!
//! **Rights and properties of a directory** are two requests, each under the `ETag` that the one
//! before it left. A process that ends between them has done the first, and whoever comes next
//! finds what is left of the second.
//!
//! **A race that is lost** ends as `changed` or `already_absent`, and the second look meets what
//! stands there then. A lost answer to a rename is made up for: the draft's `ETag` stays with it
//! under the new path. Leases, holds and policies are `blocked` with the service's code; nothing of
//! that is lifted by us.

pub mod eraser;
pub mod unwritten;
pub mod directory;
pub mod rewriter;
