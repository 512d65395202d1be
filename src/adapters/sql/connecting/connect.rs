//! From a ledger URL to open connections.
//!
//! SQLite has one writer at a time. Ours is one connection that begins every write with
//! `BEGIN IMMEDIATE`: a transaction that read first and wants to write later would be refused when
//! another process wrote in between, however long it was willing to wait. Readers have connections
//! of their own, and a WAL to read beside the writer. PostgreSQL sorts this out itself.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions, install_default_drivers};
use sqlx::{AnyConnection, AnyPool, ConnectOptions, Connection, Executor};
use tokio::time::timeout;

use crate::adapters::sql::connecting::hands::{Hands, InHand};
use crate::adapters::sql::connecting::writing::Writing;
use crate::adapters::sql::refusal::{refusal, while_doing};
use crate::domain::failure::Failure;

/// Open connections to one ledger.
pub struct Connections {
    /// Which database it is.
    pub dialect: Dialect,
    /// For statements that change nothing.
    read: Hands,
    write: Write,
    server: Server,
}

/// By which connections is written.
enum Write {
    /// The one to a file.
    File(Hands),
    /// Those to a server, which read too.
    Server(AnyPool),
}

/// Where a ledger is, and how to get there.
#[derive(Clone)]
struct Server {
    options: AnyConnectOptions,
    /// As people may see it: host, port and database, or a file.
    place: String,
}

/// The databases we speak to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A file of ours.
    Sqlite,
    /// A server.
    Postgres,
}

/// A ledger URL that cannot be used. The URL itself is not shown: it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum LedgerUrlError {
    /// Neither of ours.
    #[error("the ledger URL begins with neither sqlite: nor postgres://")]
    Scheme,
    /// A database that ends with its connection, and connections come and go.
    #[error("the ledger URL names no file")]
    NoFile,
    /// Settings of the driver that would undo ours.
    #[error("the ledger URL has a query, which an sqlite: URL must not have")]
    Query,
    /// Not a URL at all.
    #[error("the ledger URL is malformed")]
    Malformed(#[source] sqlx::Error),
    /// A connection that is another at each transaction.
    #[error(
        "the ledger URL leads to a pooler that gives a server connection to others at the end of \
         each transaction; make it pool by session, or name the server itself"
    )]
    Pooled,
}

/// How long a statement waits for another process's write.
const BUSY_MS_MAX: u64 = 10_000;

/// How long a caller waits for a free connection, and for a server that is away. Longer than a
/// statement waits, so that the nearer reason is the one reported.
const ACQUIRE: Duration = Duration::from_secs(15);

/// How long a new connection may take. A server far away, or one that is busy, takes a second.
const CONNECT: Duration = Duration::from_secs(10);

/// Connections that read SQLite at the same time.
const SQLITE_READERS_MAX: u32 = 4;

/// Connections to PostgreSQL, of which a small server has a hundred for all its daemons.
const POSTGRES_CONNECTIONS_MAX: u32 = 8;

impl Connections {
    /// Connects; makes the file and its folder where SQLite's are missing.
    ///
    /// # Errors
    /// A URL that is not ours, a folder that cannot be made, a server that cannot be reached.
    pub async fn open(url: &str) -> Result<Self, Failure> {
        install_default_drivers();
        if let Some(path) = url.strip_prefix("sqlite:") {
            return open_sqlite(path).await;
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return open_postgres(url).await;
        }
        Err(refused(LedgerUrlError::Scheme))
    }

    /// Connects to read alone. A file must be there.
    ///
    /// # Errors
    /// As [`Connections::open`].
    pub async fn inspect(url: &str) -> Result<Self, Failure> {
        install_default_drivers();
        let Some(path) = url.strip_prefix("sqlite:") else { return Self::open(url).await };
        let path = sqlite_path(path)?;
        fs::metadata(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Failure::needs_person(format!(
                "there is no ledger at {path}; the first `dsrd run` makes one"
            )),
            _ => Failure::needs_person(format!("opening the ledger {path}")).because(error),
        })?;
        let url = format!("sqlite:{}?mode=ro", utf8_percent_encode(&path, NON_ALPHANUMERIC));
        let server = Server::new(&url, path)?;
        server.connect().await?.close().await.map_err(while_doing("closing the ledger"))?;
        let pool = server.pool(of_a_file().max_connections(1));
        let (read, write) = (Hands::of_a_file(pool.clone()), Write::File(Hands::of_a_file(pool)));
        Ok(Self { dialect: Dialect::Sqlite, write, read, server })
    }

    /// A connection for statements that change nothing.
    ///
    /// # Errors
    /// None became free in time, or none can be made; the failure says why.
    pub async fn read(&self) -> Result<InHand, Failure> {
        match self.read.take().await {
            Ok(connection) => Ok(connection),
            Err(error) => Err(self.unreached("reading", error).await),
        }
    }

    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// Whatever the database says; no connection became free in time.
    pub async fn begin(&self) -> Result<Writing, Failure> {
        let begun = match &self.write {
            Write::File(hands) => Writing::on_a_file(hands).await,
            Write::Server(pool) => Writing::on_a_server(pool).await,
        };
        match begun {
            Ok(writing) => Ok(writing),
            Err(error) => Err(self.unreached("beginning a write to", error).await),
        }
    }

    /// A pool tells only that it waited in vain; a connection of its own finds out for what.
    async fn unreached(&self, doing: &str, error: sqlx::Error) -> Failure {
        if let sqlx::Error::PoolTimedOut = error
            && let Err(failure) = self.server.connect().await
        {
            return failure;
        }
        refusal(format!("{doing} the ledger at {}", self.server.place), error)
    }

    /// Moves what the WAL still holds into the file and empties it, so that what was overwritten is
    /// in neither. Returns whether it is empty: a reader may stand in the way.
    ///
    /// A server offers nothing like it: PostgreSQL keeps old row versions until it vacuums and its
    /// own WAL and backups for as long as it is told to. What is left there is sealed still.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn empty_wal(&self) -> Result<bool, sqlx::Error> {
        let Write::File(hands) = &self.write else { return Ok(true) };
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut *hands.take().await?)
            .await?;
        Ok(busy == 0)
    }
}

/// The file of an `sqlite:` URL.
fn sqlite_path(path: &str) -> Result<String, Failure> {
    if path.contains('?') {
        return Err(refused(LedgerUrlError::Query));
    }
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = percent_decode_str(path).decode_utf8_lossy();
    if path.is_empty() || path.ends_with('/') || path == ":memory:" {
        return Err(refused(LedgerUrlError::NoFile));
    }
    Ok(path.into_owned())
}

async fn open_sqlite(path: &str) -> Result<Connections, Failure> {
    let path = sqlite_path(path)?;
    make_private_file(Path::new(&path)).map_err(|error| {
        Failure::needs_person("making the ledger's file and folder").because(error)
    })?;
    let url = format!("sqlite:{}", utf8_percent_encode(&path, NON_ALPHANUMERIC));
    let server = Server::new(&url, path)?;
    // The first may turn the journal into a WAL, and tells what is wrong, where a pool would wait.
    let mut first = server.connect().await?;
    prepare_sqlite(&mut first).await.map_err(while_doing("opening the ledger"))?;
    let write = of_a_file()
        .max_connections(1)
        .after_connect(|connection, _| Box::pin(async move { prepare_sqlite(connection).await }));
    let read = of_a_file().max_connections(SQLITE_READERS_MAX).after_connect(|connection, _| {
        Box::pin(async move {
            prepare_sqlite(connection).await?;
            connection.execute("PRAGMA query_only = ON").await.map(drop)
        })
    });
    let write = Write::File(Hands::of_a_file(server.pool(write)));
    let read = Hands::of_a_file(server.pool(read));
    first.close().await.map_err(while_doing("opening the ledger"))?;
    Ok(Connections { dialect: Dialect::Sqlite, read, write, server })
}

async fn open_postgres(url: &str) -> Result<Connections, Failure> {
    let server = Server::new(url, postgres_place(url))?;
    let mut first = server.connect().await?;
    assert_own_session(&server, &mut first).await?;
    prepare_postgres(&mut first).await.map_err(while_doing("opening the ledger"))?;
    first.close().await.map_err(while_doing("opening the ledger"))?;
    let pool = sound(AnyPoolOptions::new())
        .max_connections(POSTGRES_CONNECTIONS_MAX)
        .after_connect(|connection, _| Box::pin(async move { prepare_postgres(connection).await }));
    let pool = server.pool(pool);
    let (read, write) = (Hands::of_a_server(pool.clone()), Write::Server(pool));
    Ok(Connections { dialect: Dialect::Postgres, read, write, server })
}

/// A pool of connections to a file, which no server ends: to ask each whether it is still there
/// before it is used takes as long as most of our questions take.
fn of_a_file() -> AnyPoolOptions {
    AnyPoolOptions::new().test_before_acquire(false)
}

/// Host, port and database of a URL, without user and password.
fn postgres_place(url: &str) -> String {
    let Ok(url) = url::Url::parse(url) else { return "an unreadable URL".to_owned() };
    let of_query = |name| url.query_pairs().find(|(key, _)| key == name).map(|pair| pair.1);
    let host = of_query("host").unwrap_or_else(|| url.host_str().unwrap_or("localhost").into());
    let port = of_query("port").map_or_else(|| url.port().unwrap_or(5432).to_string(), Into::into);
    format!("{host}:{port}{}", url.path())
}

/// Refuses a pooler that pools by transaction: what is prepared or set on a connection is then gone
/// at the next statement, or another's. It is known by this: while somebody else is in a
/// transaction, our server process is another than before, or theirs is ours.
async fn assert_own_session(server: &Server, first: &mut AnyConnection) -> Result<(), Failure> {
    let doing = "asking for a session of our own";
    // A server that has but one connection left has no pooler before it.
    let Ok(mut other) = server.connect().await else { return Ok(()) };
    let before = process(first).await.map_err(while_doing(doing))?;
    other.execute("BEGIN").await.map_err(while_doing(doing))?;
    let theirs = process(&mut other).await.map_err(while_doing(doing))?;
    let after = process(first).await.map_err(while_doing(doing))?;
    other.execute("ROLLBACK").await.map_err(while_doing(doing))?;
    other.close().await.map_err(while_doing(doing))?;
    match before == after && theirs != before {
        true => Ok(()),
        false => Err(refused(LedgerUrlError::Pooled)),
    }
}

/// The number of the server's process. Prepares nothing.
async fn process(connection: &mut AnyConnection) -> Result<i32, sqlx::Error> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?;
    sqlx::Row::try_get(&row, 0)
}

/// Replaces a connection whose transaction did not end when it was let go of: where the driver's
/// own rollback fails, it believes for ever to be in a transaction, in which no other can begin.
fn sound(pool: AnyPoolOptions) -> AnyPoolOptions {
    pool.before_acquire(|connection, _| {
        Box::pin(async move { Ok(!connection.is_in_transaction()) })
    })
}

impl Server {
    fn new(url: &str, place: String) -> Result<Self, Failure> {
        let options: AnyConnectOptions =
            url.parse().map_err(|error| refused(LedgerUrlError::Malformed(error)))?;
        Ok(Self { options: options.disable_statement_logging(), place })
    }

    fn pool(&self, pool: AnyPoolOptions) -> AnyPool {
        pool.acquire_timeout(ACQUIRE).connect_lazy_with(self.options.clone())
    }

    /// A connection by itself, which says at once what is wrong.
    async fn connect(&self) -> Result<AnyConnection, Failure> {
        let doing = format!("connecting to the ledger at {}", self.place);
        match timeout(CONNECT, self.options.connect()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(refusal(doing, error)),
            Err(_) => {
                let text = format!("no answer within {} s", CONNECT.as_secs());
                Err(Failure::transient(doing).because(text).of_the_ledger())
            }
        }
    }
}

/// Waits for locks before anything that takes one. An acknowledged request is on disk
/// (`synchronous`), and what is deleted is overwritten (`secure_delete`).
async fn prepare_sqlite(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let busy = format!("PRAGMA busy_timeout = {BUSY_MS_MAX}");
    connection.execute(sqlx::AssertSqlSafe(busy)).await?;
    for pragma in [
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON",
    ] {
        connection.execute(pragma).await?;
    }
    Ok(())
}

/// A daemon that stands still in the midst of a write keeps its locks, and all others would wait
/// for it: the server ends such a write, and no statement waits for a lock for ever.
async fn prepare_postgres(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    for (setting, millis) in
        [("idle_in_transaction_session_timeout", BUSY_MS_MAX), ("lock_timeout", 2 * BUSY_MS_MAX)]
    {
        let statement = format!("SET {setting} = {millis}");
        connection.execute(sqlx::AssertSqlSafe(statement)).await?;
    }
    // Each statement sees what was committed before it, whatever the database has as its default:
    // so whoever waited for a lock sees what the other did.
    connection.execute("SET default_transaction_isolation = 'read committed'").await.map(drop)
}

/// Only the daemon's own user may read the ledger; SQLite gives the files beside it the same mode.
fn make_private_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn refused(error: LedgerUrlError) -> Failure {
    Failure::needs_person("reading the ledger URL").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_without_its_password() {
        let table = [
            ("postgres://u:hunter2@db.example/dsrd", "db.example:5432/dsrd"),
            ("postgres://u:hunter2@db.example:6432/dsrd?sslmode=require", "db.example:6432/dsrd"),
            ("postgres://db.example", "db.example:5432"),
            ("postgres:///dsrd?host=/run/postgresql&password=hunter2", "/run/postgresql:5432/dsrd"),
            ("postgres://u:hun/ter2@h:x/d", "an unreadable URL"),
        ];
        for (url, place) in table {
            assert_eq!(postgres_place(url), place, "{url}");
        }
    }
}
