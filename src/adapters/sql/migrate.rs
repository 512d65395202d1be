//! Brings the tables to this program's version.
//!
//! The version is one number in one row. Migrations run in one transaction behind a lock, so that
//! of two daemons started at once the second finds the work done, and a crash leaves the tables as
//! they were. A ledger of a later program is refused rather than misread.

use sqlx::AnyConnection;

use crate::adapters::sql::connecting::connect::{Connections, Dialect};
use crate::adapters::sql::refusal::while_doing;
use crate::domain::failure::Failure;

/// In order; the version of a ledger is how many of them it has seen. Never changed once released.
const MIGRATIONS: &[Migration] = &[
    Migration {
        shared: include_str!("migrations/0001_ledger.sql"),
        sqlite: include_str!("migrations/0001_append_only.sqlite.sql"),
        postgres: include_str!("migrations/0001_append_only.postgres.sql"),
    },
    Migration { shared: include_str!("migrations/0002_tasks.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0003_arrivals.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0004_callbacks.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0005_archives.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0006_evidence.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0007_inventories.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0008_parts.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0009_tombstones.sql"), sqlite: "", postgres: "" },
    Migration {
        shared: include_str!("migrations/0011_archive_names.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration { shared: include_str!("migrations/0012_claims.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0013_own_clock.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0014_retention.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0016_obstacles.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0018_follow_ups.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0019_checkpoints.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0022_tickets.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0020_turns.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0023_sealed_form.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0024_budgets.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0025_purges.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0026_people.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0027_catalogue.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0028_register.sql"), sqlite: "", postgres: "" },
    Migration {
        shared: include_str!("migrations/0029_signing_keys.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration { shared: include_str!("migrations/0030_daemons.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0031_things.sql"), sqlite: "", postgres: "" },
    Migration { shared: include_str!("migrations/0032_grounds.sql"), sqlite: "", postgres: "" },
];

/// Any number, as long as it is ours: PostgreSQL's advisory locks are known by number alone.
const LOCK: &str = "DO $$ BEGIN PERFORM pg_advisory_xact_lock(7239018451); END $$";

/// One step, as scripts of several statements.
struct Migration {
    shared: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// The ledger was written by a later program.
#[derive(Debug, thiserror::Error)]
#[error("the ledger has version {found}, and this program knows versions up to {known}")]
struct LaterVersion {
    found: usize,
    known: usize,
}

/// A ledger that another program must bring up to date, or that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "it has version {found}, and this program reads version {known}; start the daemon on it once"
)]
struct OtherVersion {
    found: usize,
    known: usize,
}

/// Asks whether there are tables at all.
///
/// # Errors
/// Whatever the database refuses.
pub async fn is_begun(connections: &Connections) -> Result<bool, Failure> {
    let statement = match connections.dialect {
        Dialect::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE name = 'ledger_version'",
        Dialect::Postgres => {
            "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('ledger_version')"
        }
    };
    let count: i64 = sqlx::query_scalar(statement)
        .fetch_one(&mut *connections.read().await?)
        .await
        .map_err(while_doing("looking for the ledger's tables"))?;
    Ok(count > 0)
}

/// Asks whether the first start may make them.
///
/// # Errors
/// It may not; whatever the database refuses.
pub async fn assert_may_begin(connections: &Connections) -> Result<(), Failure> {
    const MAKING: &str = "there is no ledger in this database, and this user may make none";
    if connections.dialect == Dialect::Sqlite {
        return Ok(());
    }
    let statement = "SELECT COUNT(*) FROM pg_namespace \
                     WHERE nspname = current_schema() AND has_schema_privilege(oid, 'CREATE')";
    let count: i64 = sqlx::query_scalar(statement)
        .fetch_one(&mut *connections.read().await?)
        .await
        .map_err(while_doing("asking whether tables can be made"))?;
    if count == 0 {
        let text = "let it own the database, or grant it CREATE and USAGE on its schema";
        return Err(Failure::needs_person(MAKING).because(text));
    }
    Ok(())
}

/// Asks whether the tables are those of this program.
///
/// # Errors
/// They are not; whatever the database refuses.
pub async fn assert_current(connections: &Connections) -> Result<(), Failure> {
    let doing = "reading the version of the ledger";
    let version: Option<(i64,)> = sqlx::query_as("SELECT version FROM ledger_version")
        .fetch_optional(&mut *connections.read().await?)
        .await
        .map_err(while_doing(doing))?;
    let found = version.map_or(0, |(version,)| usize::try_from(version).unwrap_or(usize::MAX));
    let known = MIGRATIONS.len();
    if found == known {
        return Ok(());
    }
    Err(Failure::needs_person(doing).because(OtherVersion { found, known }))
}

/// Runs what is missing.
///
/// # Errors
/// A ledger of a later version; whatever the database refuses.
pub async fn migrate(connections: &Connections) -> Result<(), Failure> {
    let doing = "bringing the ledger's tables up to date";
    let mut transaction = connections.begin().await?;
    let found = version(&mut transaction, connections.dialect).await.map_err(while_doing(doing))?;
    let known = MIGRATIONS.len();
    if found > known {
        return Err(Failure::needs_person(doing).because(LaterVersion { found, known }));
    }
    for migration in &MIGRATIONS[found..] {
        run(&mut transaction, connections.dialect, migration).await.map_err(while_doing(doing))?;
    }
    transaction.commit().await.map_err(while_doing(doing))
}

async fn version(connection: &mut AnyConnection, dialect: Dialect) -> Result<usize, sqlx::Error> {
    if dialect == Dialect::Postgres {
        sqlx::raw_sql(LOCK).execute(&mut *connection).await?;
    }
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS ledger_version (version BIGINT NOT NULL)")
        .execute(&mut *connection)
        .await?;
    let version: Option<(i64,)> =
        sqlx::query_as("SELECT version FROM ledger_version").fetch_optional(connection).await?;
    Ok(version.map_or(0, |(version,)| usize::try_from(version).unwrap_or(usize::MAX)))
}

async fn run(
    connection: &mut AnyConnection,
    dialect: Dialect,
    migration: &Migration,
) -> Result<(), sqlx::Error> {
    let (bytes, own) = match dialect {
        Dialect::Sqlite => ("BLOB", migration.sqlite),
        Dialect::Postgres => ("BYTEA", migration.postgres),
    };
    let shared = migration.shared.replace("{bytes}", bytes);
    sqlx::raw_sql(sqlx::AssertSqlSafe(shared)).execute(&mut *connection).await?;
    sqlx::raw_sql(own).execute(&mut *connection).await?;
    let counted = sqlx::query("UPDATE ledger_version SET version = version + 1")
        .execute(&mut *connection)
        .await?;
    if counted.rows_affected() == 0 {
        sqlx::query("INSERT INTO ledger_version (version) VALUES (1)").execute(connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ledgers in which earlier versions gave two archives one name.
    #[tokio::test]
    async fn archives_that_share_a_name_stay_and_no_more_come() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}/ledger.db", folder.path().display());
        let connections = Connections::open(&url).await.unwrap();
        let mut transaction = connections.begin().await.unwrap();
        version(&mut transaction, Dialect::Sqlite).await.unwrap();
        let is_it = |one: &Migration| one.shared.contains("archives_by_name");
        let at = MIGRATIONS.iter().position(is_it).unwrap();
        for migration in &MIGRATIONS[..at] {
            run(&mut transaction, Dialect::Sqlite, migration).await.unwrap();
        }
        for (id, name) in [("t:1", "t_1.zip"), ("t_1", "t_1.zip"), ("u", "u.zip")] {
            let request = "INSERT INTO requests (id, digest, state, sequence, head, changed, done, \
                           total) VALUES ($1, '', 'failed', 1, '', 0, 0, 0)";
            sqlx::query(request).bind(id).execute(&mut *transaction).await.unwrap();
            let archive = "INSERT INTO archives (request, name) VALUES ($1, $2)";
            let archive = sqlx::query(archive).bind(id).bind(name);
            archive.execute(&mut *transaction).await.unwrap();
        }
        transaction.commit().await.unwrap();
        migrate(&connections).await.unwrap();
        assert_current(&connections).await.unwrap();

        let mut transaction = connections.begin().await.unwrap();
        let shared: Vec<(String,)> =
            sqlx::query_as("SELECT request FROM archives WHERE shared = 1 ORDER BY request")
                .fetch_all(&mut *transaction)
                .await
                .unwrap();
        assert_eq!(shared, [("t:1".to_owned(),), ("t_1".to_owned(),)]);
        let another = "UPDATE archives SET name = 'u.zip', shared = 0 WHERE request = 't_1'";
        assert!(sqlx::query(another).execute(&mut *transaction).await.is_err());
    }
}
