//! What changes files, and what is not atomic in it.
//!
//! **Erasing.** The service deletes whatever stands under a path. So a file is leased first: while
//! the lease holds, nobody writes or deletes it by REST without knowing it, and no program on a
//! mounted share opens it to do so. Then it is looked at once more, and only if `ETag`, size and
//! time are those that were seen it is deleted under the lease. What is left open: a program that
//! had the file open before may hold writes back in its cache, which the service does not know of
//! when it is asked; they are lost with the file, as they would be a moment later. If the file was
//! renamed and another took its path meanwhile, the lease is not that one's and the deletion fails.
//! If the lease was broken, it fails too. Drafts for the file go before it; as long as one of them
//! stays, so does the file.
//!
//! **Rewriting.** The new bytes go into a draft beside the file, with its media type, metadata,
//! attributes, times and security descriptor. Then the file is leased and looked at once more, and
//! the draft takes its path by a rename that replaces it, under the lease: readers see the old
//! bytes or the new ones. The service gives the file another id; who has the old one open keeps
//! that. A process that ends in between leaves the old file as it was, a draft, which no listing
//! shows, and perhaps the lease.
//!
//! **Leases are endless**: the service knows no others for files. Each of ours has an id that
//! follows from share, path and `ETag`, so that whoever of us comes next takes it over and gives it
//! back: an erasure, a rewrite, or a read that meets a lease. Two of us at one state of a file have
//! it together; the second to end finds another file or none, is told so, and looks again. Who saw
//! an older state has no part in the lease of a newer one.
//!
//! **A race that is lost** ends as `changed`, and the second look meets what stands there then.
//! Read-only files, files that others have open or leased, and those that are deleted and open
//! still are `blocked` with the service's code; nothing of that is lifted by us.

pub mod lease;
pub mod draft;
pub mod eraser;
pub mod rewriter;
