//! Writes anew what stands beside a directory. How far that is safe is said in
//! [`crate::adapters::azure_lake::changing`].

use bytes::Bytes;

use crate::adapters::azure::changing::unwritten::refused;
use crate::adapters::azure_lake::changing::eraser::quoted;
use crate::adapters::azure_lake::changing::unwritten::{DOING, not_written};
use crate::adapters::azure_lake::file_system::FileSystem;
use crate::adapters::azure_lake::path::{Said, Standing, is_absence, look, said_of};
use crate::domain::failure::Failure;
use crate::domain::item::Item;
use crate::ports::sources::{NewForm, Rewritten};

/// Gives a directory the rights and properties of a form, provided that it is as it was seen.
///
/// # Errors
/// Where the file system does not answer.
pub async fn rewrite(
    lake: &FileSystem,
    item: &Item,
    form: NewForm,
    said: Said,
) -> Result<Rewritten, Failure> {
    let rights = said.rights.but_for(|name| form.properties.get(name).cloned());
    let mut etag = item.etag.clone();
    for (action, headers) in [
        ("setAccessControl", (rights != said.rights).then(|| rights.headers())),
        ("setProperties", (form.metadata != said.metadata).then(|| properties(&form))),
    ] {
        let Some(mut headers) = headers else { continue };
        headers.push(("if-match".to_owned(), quoted(&etag)));
        let Some(url) = lake.url(&item.name) else {
            return Ok(refused("name"));
        };
        let answer = lake.act(DOING, (url, action), headers, Bytes::new()).await?;
        match answer.status {
            200 => etag = answer.etag().unwrap_or_default(),
            _ if is_absence(&answer) => return Ok(Rewritten::AlreadyAbsent),
            412 if !answer.code.starts_with("Lease") => return overtaken(lake, item).await,
            _ => return not_written(&answer),
        }
    }
    Ok(Rewritten::Done { etag })
}

fn properties(form: &NewForm) -> Vec<(String, String)> {
    vec![("x-ms-properties".to_owned(), said_of(&form.metadata))]
}

/// Somebody was first, or our own answer was lost.
async fn overtaken(lake: &FileSystem, item: &Item) -> Result<Rewritten, Failure> {
    Ok(match look(lake, &item.name).await? {
        Standing::Absent => Rewritten::AlreadyAbsent,
        Standing::There(_) | Standing::Closed(..) => Rewritten::Changed,
    })
}
