//! The catalogue, a row a leaf.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe};

use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{Columns, RowError, counted, get, millis, read, stored, time};
use crate::adapters::sql::statement::{blocks, places};
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::ports::kept::catalogue::{Catalogue, Catalogued, Leaf, Shelf};
use crate::ports::tasks::Lease;

const KEEPING: &str = "keeping what was learned of items";
const WEEDING: &str = "forgetting what was learned of items that are gone";

const OF_SHELF: &str = "source = $1 AND parts = $2 AND part = $3";

/// Parameters of one leaf.
const COLUMNS: usize = 9;

#[async_trait]
impl Catalogue for SqlLedger {
    async fn leaves(&self, shelf: &Shelf, ids: &[u64]) -> Result<Vec<Leaf>, Failure> {
        let mut connection = self.read().await?;
        let mut all = Vec::new();
        for block in blocks(ids) {
            let of = places(3, 1, block.len());
            let statement = format!("SELECT * FROM catalogue WHERE {OF_SHELF} AND leaf IN {of}");
            let query = of_shelf(sqlx::query(AssertSqlSafe(statement)), shelf);
            let query = block.iter().fold(query, |query, id| query.bind(column(*id)));
            all.extend(read(query.fetch_all(&mut *connection).await, LEAF)?);
        }
        Ok(all)
    }

    async fn keep_leaves(
        &self,
        lease: &Lease,
        shelf: &Shelf,
        leaves: &[Leaf],
    ) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        for block in blocks(leaves) {
            let statement = format!(
                "INSERT INTO catalogue \
                 (source, parts, part, leaf, terms, items, open, oldest, entries) VALUES {} \
                 ON CONFLICT (source, parts, part, leaf) DO UPDATE SET terms = excluded.terms, \
                 items = excluded.items, open = excluded.open, oldest = excluded.oldest, \
                 entries = excluded.entries",
                places(0, block.len(), COLUMNS)
            );
            let mut query = sqlx::query(AssertSqlSafe(statement));
            for leaf in block {
                query = of_shelf(query, shelf)
                    .bind(column(leaf.id))
                    .bind(leaf.terms.as_str())
                    .bind(stored(leaf.items))
                    .bind(stored(leaf.open))
                    .bind(millis(leaf.oldest))
                    .bind(leaf.entries.as_slice());
            }
            query.execute(&mut *transaction).await.map_err(while_doing(KEEPING))?;
        }
        commit(transaction).await
    }

    async fn weed(&self, lease: &Lease, shelf: &Shelf, ids: &BTreeSet<u64>) -> Result<(), Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let others = "DELETE FROM catalogue WHERE source = $1 AND parts <> $2";
        sqlx::query(others)
            .bind(shelf.source.as_str())
            .bind(stored(shelf.part.of))
            .execute(&mut *transaction)
            .await
            .map_err(while_doing(WEEDING))?;
        let kept = kept(&mut transaction, shelf).await?;
        let gone: Vec<u64> = kept.into_iter().filter(|id| !ids.contains(id)).collect();
        for block in blocks(&gone) {
            let of = places(3, 1, block.len());
            let statement = format!("DELETE FROM catalogue WHERE {OF_SHELF} AND leaf IN {of}");
            let query = of_shelf(sqlx::query(AssertSqlSafe(statement)), shelf);
            let query = block.iter().fold(query, |query, id| query.bind(column(*id)));
            query.execute(&mut *transaction).await.map_err(while_doing(WEEDING))?;
        }
        commit(transaction).await
    }

    async fn forget_sources(
        &self,
        lease: &Lease,
        others_than: &[String],
        before: Timestamp,
    ) -> Result<Vec<String>, Failure> {
        let mut transaction = self.begin_under(lease).await?;
        let old = "SELECT source FROM catalogue GROUP BY source HAVING MAX(oldest) < $1";
        let old = sqlx::query(old).bind(millis(before)).fetch_all(&mut *transaction).await;
        let mut old = read(old, SOURCE)?;
        old.retain(|source| !others_than.contains(source));
        for source in &old {
            sqlx::query("DELETE FROM catalogue WHERE source = $1")
                .bind(source.as_str())
                .execute(&mut *transaction)
                .await
                .map_err(while_doing(WEEDING))?;
        }
        commit(transaction).await?;
        Ok(old)
    }

    async fn catalogued(&self) -> Result<Vec<Catalogued>, Failure> {
        let statement = "SELECT source, CAST(SUM(items) AS BIGINT) AS items, \
             CAST(SUM(open) AS BIGINT) AS open, \
             CAST(SUM(LENGTH(entries)) AS BIGINT) AS bytes, MIN(oldest) AS oldest \
             FROM catalogue GROUP BY source ORDER BY source";
        let rows = sqlx::query(statement).fetch_all(&mut *self.read().await?).await;
        read(rows, CATALOGUED)
    }
}

async fn kept(connection: &mut AnyConnection, shelf: &Shelf) -> Result<Vec<u64>, Failure> {
    let statement = format!("SELECT leaf FROM catalogue WHERE {OF_SHELF}");
    let query = of_shelf(sqlx::query(AssertSqlSafe(statement)), shelf);
    read(query.fetch_all(connection).await, LEAF_ID)
}

const LEAF: Columns<Leaf> = Columns::new("reading what was learned of items", leaf);

const LEAF_ID: Columns<u64> = Columns::new("reading of which items anything was learned", leaf_id);

const SOURCE: Columns<String> =
    Columns::new("reading of which sources anything was learned", |row| get(row, "source"));

const CATALOGUED: Columns<Catalogued> =
    Columns::new("counting what was learned of items", catalogued);

fn leaf(row: &AnyRow) -> Result<Leaf, RowError> {
    Ok(Leaf {
        id: leaf_id(row)?,
        terms: get(row, "terms")?,
        entries: get(row, "entries")?,
        items: counted(get(row, "items")?),
        open: counted(get(row, "open")?),
        oldest: time(get(row, "oldest")?)?,
    })
}

fn leaf_id(row: &AnyRow) -> Result<u64, RowError> {
    Ok(u64::from_be_bytes(get::<i64>(row, "leaf")?.to_be_bytes()))
}

fn catalogued(row: &AnyRow) -> Result<Catalogued, RowError> {
    Ok(Catalogued {
        source: get(row, "source")?,
        items: counted(get(row, "items")?),
        open: counted(get(row, "open")?),
        bytes: counted(get(row, "bytes")?),
        oldest: time(get(row, "oldest")?)?,
    })
}

type Asked<'q> = Query<'q, Any, AnyArguments>;

fn of_shelf<'q>(query: Asked<'q>, shelf: &'q Shelf) -> Asked<'q> {
    let Shelf { source, part } = shelf;
    query.bind(source.as_str()).bind(stored(part.of)).bind(stored(part.number))
}

/// A print as a column holds it, which has a sign.
fn column(id: u64) -> i64 {
    i64::from_be_bytes(id.to_be_bytes())
}
