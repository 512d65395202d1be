//! What the master key seals, row by row, and how another key takes its place.

use async_trait::async_trait;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::adapters::sql::connecting::connect::Dialect;
use crate::adapters::sql::key;
use crate::adapters::sql::refusal::while_doing;
use crate::adapters::sql::rows::{self, Columns, RowError, get, read, request_id, stored};
use crate::adapters::sql::store::{SqlLedger, commit};
use crate::domain::failure::Failure;
use crate::ports::sealings::{Replaced, Sealing, Sealings, SigningKey, Successor};

const REPLACING: &str = "replacing the master key of the ledger";

/// No daemon writes before this ends: each has read the table in its own transaction.
const LOCK: &str = "LOCK TABLE master_key IN ACCESS EXCLUSIVE MODE";

/// Rows that are held in memory at once.
const ROWS_MAX: i64 = 5_000;

#[async_trait]
impl Sealings for SqlLedger {
    async fn replace_key(&self, successor: &Successor<'_>) -> Result<Replaced, Failure> {
        let mut transaction = self.begin_anyway().await?;
        if self.dialect() == Dialect::Postgres {
            let lock = sqlx::query(LOCK).execute(&mut *transaction).await;
            lock.map_err(while_doing(REPLACING))?;
        }
        let known = key::keyed_by(&mut transaction).await?;
        let is_keyed_by = |digest: &str| known.iter().all(|known| known == digest);
        if known.is_empty() {
            return Ok(Replaced::Unkeyed);
        }
        if is_keyed_by(successor.digest) {
            return Ok(Replaced::Before);
        }
        if !is_keyed_by(successor.former) {
            return Ok(Replaced::Other);
        }
        let mut sealed = 0;
        for table in TABLES {
            sealed += table.seal_anew(&mut transaction, successor).await?;
        }
        let forget = sqlx::query("DELETE FROM master_key").execute(&mut *transaction).await;
        forget.map_err(while_doing(REPLACING))?;
        key::agrees_on_key(&mut transaction, successor.digest).await?;
        commit(transaction).await?;
        // What was sealed under the former key is still in the traces of the file.
        self.shred().await;
        Ok(Replaced::Now { sealed })
    }

    async fn note_signing_key(&self, id: &str, pem: &str) -> Result<(), Failure> {
        let mut transaction = self.begin().await?;
        let note = format!(
            "INSERT INTO signing_keys (id, public_key, since) VALUES ($1, $2, {}) \
             ON CONFLICT (id) DO NOTHING",
            self.clock.now(3)
        );
        let note = sqlx::query(AssertSqlSafe(note)).bind(id).bind(pem);
        let note = note.bind(self.clock.value()).execute(&mut *transaction).await;
        note.map_err(while_doing("noting the key that this deployment signs with"))?;
        commit(transaction).await
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKey>, Failure> {
        let rows = sqlx::query("SELECT id, public_key, since FROM signing_keys ORDER BY since, id");
        read(rows.fetch_all(&mut *self.read().await?).await, SIGNING_KEY)
    }
}

const SIGNING_KEY: Columns<SigningKey> =
    Columns::new("reading the keys that this deployment signed with", |row| {
        Ok(SigningKey {
            id: get(row, "id")?,
            pem: get(row, "public_key")?,
            since: rows::time(get(row, "since")?)?,
        })
    });

/// A table with a column that the master key seals.
struct Table {
    name: &'static str,
    column: &'static str,
    /// What tells its rows apart.
    key: [&'static str; 2],
    of: fn(&AnyRow) -> Result<Sealing, RowError>,
}

const TABLES: [Table; 5] = [
    Table {
        name: "requests",
        column: "wrapped_key",
        key: ["id", "id"],
        of: |row| Ok(Sealing::RequestKey(request_id(row, "id")?)),
    },
    Table {
        name: "follow_ups",
        column: "wrapped_key",
        key: ["request", "part"],
        of: |row| {
            let (id, part) = (request_id(row, "request")?, rows::counted(get(row, "part")?));
            Ok(Sealing::LeftKey { id, part })
        },
    },
    Table {
        name: "shards",
        column: "marker",
        key: ["sweep", "number"],
        of: |row| {
            let sweep = rows::counted(get(row, "sweep")?);
            Ok(Sealing::Marker { sweep, number: rows::counted(get(row, "number")?) })
        },
    },
    Table {
        name: "purges",
        column: "sealed",
        key: ["id", "id"],
        of: |row| Ok(Sealing::Purge(get(row, "id")?)),
    },
    Table {
        name: "people",
        column: "sealed",
        key: ["sweep", "mark"],
        of: |row| {
            let sweep = rows::counted(get(row, "sweep")?);
            Ok(Sealing::Person { sweep, mark: get(row, "mark")? })
        },
    },
];

impl Table {
    /// Seals the column of each row anew, and says of how many.
    async fn seal_anew(
        &self,
        connection: &mut AnyConnection,
        successor: &Successor<'_>,
    ) -> Result<u64, Failure> {
        let Self { name, column, key: [one, other], .. } = self;
        let columns = if one == other { (*one).to_owned() } else { format!("{one}, {other}") };
        let mut after: Option<Sealing> = None;
        let mut sealed = 0;
        loop {
            let beyond = if after.is_some() {
                format!("AND ({one}, {other}) > ($2, $3)")
            } else {
                String::new()
            };
            let page = format!(
                "SELECT {columns}, {column} FROM {name} WHERE {column} IS NOT NULL {beyond} \
                 ORDER BY {columns} LIMIT 0 + $1"
            );
            let mut page = sqlx::query(AssertSqlSafe(page)).bind(ROWS_MAX);
            if let Some(after) = &after {
                page = bound(page, after);
            }
            let rows = page.fetch_all(&mut *connection).await.map_err(while_doing(REPLACING))?;
            if rows.is_empty() {
                return Ok(sealed);
            }
            for row in &rows {
                let sealing = self.read(row)?;
                let former: Vec<u8> = get(row, column).map_err(unread)?;
                let update =
                    format!("UPDATE {name} SET {column} = $1 WHERE {one} = $2 AND {other} = $3");
                let anew = (successor.anew)(&sealing, &former)?;
                let update = sqlx::query(AssertSqlSafe(update)).bind(anew);
                let update = bound(update, &sealing).execute(&mut *connection).await;
                update.map_err(while_doing(REPLACING))?;
                sealed += 1;
                after = Some(sealing);
            }
        }
    }

    fn read(&self, row: &AnyRow) -> Result<Sealing, Failure> {
        (self.of)(row).map_err(unread)
    }
}

fn unread(error: RowError) -> Failure {
    Failure::permanent(REPLACING).because(error)
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments>;

/// What tells the row apart, in the order of its table's key.
fn bound<'q>(query: Query<'q>, sealing: &Sealing) -> Query<'q> {
    match sealing {
        Sealing::RequestKey(id) => query.bind(id.to_string()).bind(id.to_string()),
        Sealing::LeftKey { id, part } => query.bind(id.to_string()).bind(stored(*part)),
        Sealing::Marker { sweep, number } => query.bind(stored(*sweep)).bind(stored(*number)),
        Sealing::Purge(id) => query.bind(id.clone()).bind(id.clone()),
        Sealing::Person { sweep, mark } => query.bind(stored(*sweep)).bind(mark.clone()),
    }
}
