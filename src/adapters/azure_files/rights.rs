//! Which rights our work needs in a share and our credential has not, found out by asking for what
//! is not there: who may do it is told that, and nothing is changed.

use azure_core::http::Method;

use crate::adapters::azure::drafts;
use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure_files::lister::Lister;
use crate::adapters::azure_files::listing::Open;
use crate::adapters::azure_files::share::Share;
use crate::adapters::azure_files::snapshots::{Snapshots, Told};
use crate::domain::failure::Failure;
use crate::ports::sources::Lack;

const ASKING: &str = "asking for rights in a share";

/// What a token needs beside an action on files, and what the others call it.
const WRITE: &str = "Microsoft.Storage/storageAccounts/fileServices/fileshares/files/write, with \
                     fileServices/writeFileBackupSemantics/action (w of a signature)";
const DELETE: &str = "Microsoft.Storage/storageAccounts/fileServices/fileshares/files/delete, with \
                      fileServices/writeFileBackupSemantics/action (d of a signature)";
const LIST_SHARES: &str = "Microsoft.Storage/storageAccounts/fileServices/shares/read (l of a \
                           signature for the account)";
const LIST_HANDLES: &str = "List Handles, with what listing and reading files needs (rl of a \
                            signature)";

/// The rights that are missing.
///
/// # Errors
/// Where the share does not answer.
pub async fn lacks(
    share: &Share,
    lister: &Lister,
    snapshots: &Snapshots,
) -> Result<Vec<Lack>, Failure> {
    let mut lacks = Vec::new();
    let mut lack = |action: &str, purpose, is_needed| {
        let action = action.to_owned();
        lacks.push(Lack { action, purpose, role: "file-shares.json", is_needed });
    };
    // Nothing is ever called so: it is another name each time.
    let path = drafts::beside("rights", "");
    let url = share.file_url(&path, None).expect("a draft's path has a URL");
    let mut leased = url.clone();
    add_query(&mut leased, "comp", "lease");
    let acquire = [("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "-1")];
    let written = share.call(ASKING, Method::Put, leased, &acquire).await?;
    if matches!(written.status, 401 | 403) {
        lack(WRITE, "lease and rewrite files", true);
    }
    let deleted = share.call(ASKING, Method::Delete, url, &[]).await?;
    if matches!(deleted.status, 401 | 403) {
        lack(DELETE, "delete files", true);
    }
    if let Told::Nothing(_) = *snapshots.lately().await? {
        lack(LIST_SHARES, "know of snapshots and deleted shares", false);
    }
    let mut open = Open::default();
    lister.add_open(&mut open).await?;
    if !open.is_told() {
        lack(LIST_HANDLES, "know which files are open, and read no others twice", false);
    }
    Ok(lacks)
}
