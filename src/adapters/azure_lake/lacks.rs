//! Which rights our work needs in a file system and our credential has not.

use azure_core::http::Method;
use bytes::Bytes;

use crate::adapters::azure::drafts;
use crate::adapters::azure::wire::address::add_query;
use crate::adapters::azure::wire::answer::Answer;
use crate::adapters::azure_lake::file_system::FileSystem;
use crate::adapters::azure_lake::rights::NOBODY;
use crate::domain::failure::Failure;
use crate::ports::sources::Lack;

const TRYING: &str = "asking for rights in a file system";

/// What a token needs, of `Microsoft.Storage/storageAccounts/blobServices/containers/blobs`.
const WRITE: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write (w of a \
                     signature)";
const OWN: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/\
                   manageOwnership/action and modifyPermissions/action (o and p of a signature)";
const DELETE: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete (d of \
                      a signature)";
const KNOW: &str = "Microsoft.Storage/storageAccounts/blobServices/read (no signature for one \
                    container has it)";

/// The rights that are missing, found out by asking for what is not there: who may do it is told
/// that, and nothing is changed.
///
/// # Errors
/// Where the file system does not answer.
pub async fn lacks(lake: &FileSystem, is_policy_known: bool) -> Result<Vec<Lack>, Failure> {
    // Nothing is ever called so: it is another name each time.
    let path = drafts::beside("rights", "");
    let url = lake.url(&path).expect("a draft's path has a URL");
    let mut appended = url.clone();
    add_query(&mut appended, "position", "0");
    let one = Bytes::from_static(b"-");
    let written = lake.act(TRYING, (appended, "append"), Vec::new(), one).await?;
    let nobody = vec![("x-ms-owner".to_owned(), NOBODY.to_owned())];
    let owned = lake.act(TRYING, (url.clone(), "setAccessControl"), nobody, Bytes::new()).await?;
    let deleted = lake.call(TRYING, Method::Delete, url, &[]).await?;
    let is_lacking = |answer: &Answer| matches!(answer.status, 401 | 403);
    let lack = |action: &str, purpose, is_needed| Lack {
        action: action.to_owned(),
        purpose,
        role: "data-lake.json",
        is_needed,
    };
    let all = [
        (is_lacking(&written), lack(WRITE, "rewrite files", true)),
        (is_lacking(&owned), lack(OWN, "keep owners and rights of what is rewritten", true)),
        (is_lacking(&deleted), lack(DELETE, "delete files and directories", true)),
        (!is_policy_known, lack(KNOW, "know for how long deleted paths are kept", false)),
    ];
    Ok(all.into_iter().filter(|(is_lacking, _)| *is_lacking).map(|(_, lack)| lack).collect())
}
