//! Whose the folders of users are, by all who can say it: directories, workspaces, and what the
//! services of these say of runs.
//!
//! A blob that calls itself the document of a run says nothing here: anybody can have written it.
//! Nor does the path of a notebook: people run each other's.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::domain::asked::subject::Subject;
use crate::domain::failure::Failure;
use crate::domain::homes::claim::Claim;
use crate::domain::item::Item;
use crate::domain::layout::account_name;
use crate::ports::sources::{Directory, Source};
use crate::stages::plan::document::author;

/// Records of runs that are read for it, once more than by the sweep, and at the same time: whoever
/// made many is called the same in each.
pub const RECORDS_MAX: usize = 16;
const AT_ONCE: usize = 4;

/// Who is asked what there is, and whose it is.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// What is searched.
    pub sources: &'a [Arc<dyn Source>],
    /// Who knows people, beside these.
    pub directories: &'a [Arc<dyn Directory>],
}

impl Around<'_> {
    /// Whether anybody knows whose folders are.
    pub fn knows(&self) -> bool {
        !self.directories.is_empty()
            || self.sources.iter().any(|source| source.directory().is_some())
    }

    /// What is said of whose folders are; `records` are what services say of runs. Whatever a
    /// workspace says is of its own account.
    ///
    /// # Errors
    /// Somebody who may know does not answer: what belongs to the person is not known then.
    pub async fn claims(
        &self,
        people: &[Subject],
        records: &[Item],
    ) -> Result<Vec<Claim>, Failure> {
        let mut claims = Vec::new();
        for directory in self.directories {
            claims.extend(directory.claims(people).await?);
        }
        for source in self.sources {
            let Some(directory) = source.directory() else { continue };
            let said = async {
                let account = account_of(&**source).await?;
                let said = directory.claims(people).await?.into_iter();
                Ok(said.map(|claim| claim.within(&account)).collect::<Vec<_>>())
            };
            claims.extend(said.await.map_err(|it: Failure| it.of_source(source.name()))?);
        }
        claims.extend(self.said_in(records).await?);
        Ok(claims)
    }

    async fn said_in(&self, records: &[Item]) -> Result<Vec<Claim>, Failure> {
        let reading = records.iter().filter_map(|item| {
            let source = self.sources.iter().find(|source| source.name() == item.source)?;
            let walked = source.finds().walked()?;
            Some(async move {
                let said = async {
                    let Some(claim) = author(walked, item).await? else { return Ok(None) };
                    Ok(Some(claim.within(&account_of(&**source).await?)))
                };
                said.await.map_err(|failure: Failure| failure.of_source(&item.source))
            })
        });
        let reading: Vec<_> = reading.collect();
        let said: Vec<_> = stream::iter(reading).buffered(AT_ONCE).try_collect().await?;
        Ok(said.into_iter().flatten().collect())
    }
}

/// The account in which a source is, or keeps what is in containers; nobody's where it has none.
async fn account_of(source: &dyn Source) -> Result<String, Failure> {
    let Some(walked) = source.finds().walked() else { return Ok(String::new()) };
    Ok(account_name(&walked.containers().await?.account).to_lowercase())
}
