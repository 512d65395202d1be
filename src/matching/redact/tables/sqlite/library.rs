//! The library, with a file that may be hostile.
//!
//! What its schema says is not run: no triggers, no views, no functions that do more than compute.
//! Nothing else is attached but what `VACUUM` writes to, and the work ends when its time does.
//!
//! The library opens files by their names alone. So a file has one until it is open, while it is
//! empty, and whoever is killed leaves nothing of anybody on the disk. No log is kept beside it,
//! and what the library itself puts aside it treats in the same way.

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags};
use tempfile::NamedTempFile;

use crate::matching::redact::refusal::Stop;
use crate::matching::views::meter::{CALLED_OFF, TOO_LONG};
use crate::matching::work;

/// Steps of the library's machine between two looks at the clock.
const STEPS: i32 = 1000;

/// What they count as.
const STEPS_BYTES: usize = 16 << 10;

/// Bytes of a value, or of a row.
const ROW_BYTES_MAX: i32 = 64 << 20;

/// A database to be: a file without a name, to be filled, and what opens it then.
pub struct Nameless {
    /// Empty so far.
    pub file: File,
    connection: Connection,
}

impl Nameless {
    /// An empty one.
    pub fn new() -> Result<Self, Stop> {
        let (file, path) = NamedTempFile::new().map_err(Stop::Write)?.into_parts();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)?;
        path.close().map_err(Stop::Write)?;
        Ok(Self { file, connection })
    }

    /// Opens what is in it now. Work on it ends after `time_left`.
    pub fn open(self, time_left: Duration) -> Result<(File, Connection), Stop> {
        guard(&self.connection, time_left)?;
        Ok((self.file, self.connection))
    }
}

fn guard(database: &Connection, time_left: Duration) -> Result<(), Stop> {
    let began = Instant::now();
    let is_over = move || {
        work::charge(STEPS_BYTES);
        work::is_called_off() || began.elapsed() > time_left
    };
    database.progress_handler(STEPS, Some(is_over))?;
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, ROW_BYTES_MAX),
        // `VACUUM` attaches what it writes.
        (Limit::SQLITE_LIMIT_ATTACHED, 1),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        database.set_limit(limit, most)?;
    }
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        // A column that is not there would be a string.
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    ] {
        database.set_db_config(setting, value)?;
    }
    // Of what fails nothing is kept, so that nothing need be noted to undo it. Before the defence:
    // it forbids that.
    for pragma in ["journal_mode = OFF", "synchronous = OFF", "cell_size_check = ON"] {
        let mut set = database.prepare(&format!("PRAGMA {pragma}"))?;
        let mut told = set.query([])?;
        while told.next()?.is_some() {}
    }
    database.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(())
}

/// Whether the whole of a database is sound.
pub fn is_sound(database: &Connection) -> Result<bool, Stop> {
    let said: String = database.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok(said == "ok")
}

/// Writes all that a database holds anew, without a page that was freed: in those, and in the gaps
/// of others, what was replaced may still stand.
///
/// Rows keep their numbers. Those of a table without an index or a key would be counted anew, so
/// these tables have an index meanwhile. (`VACUUM INTO` keeps them, and needs a file with a name.)
pub fn write_anew(database: &Connection, unkeyed: &[&str]) -> Result<(), Stop> {
    let index = |number: usize| quoted(&format!("dsrd_rows_{number}"));
    for (number, table) in unkeyed.iter().enumerate() {
        let (index, table) = (index(number), quoted(table));
        database.execute(&format!("CREATE INDEX {index} ON {table}(0)"), [])?;
    }
    database.execute("VACUUM", [])?;
    for number in 0..unkeyed.len() {
        database.execute(&format!("DROP INDEX {}", index(number)), [])?;
    }
    if is_sound(database)? { Ok(()) } else { Err(broken()) }
}

/// A name as it stands in a statement.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub fn broken() -> Stop {
    Stop::not("sqlite: broken")
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) if work::is_called_off() => {
                Self::Read(CALLED_OFF.into())
            }
            Some(ErrorCode::OperationInterrupted) => Self::Read(TOO_LONG.into()),
            Some(ErrorCode::ConstraintViolation) => Self::not("sqlite: a constraint forbids it"),
            Some(ErrorCode::TypeMismatch) => Self::not("sqlite: key of a row"),
            Some(ErrorCode::TooBig) => Self::not("sqlite: row too large"),
            // Our own disk says so.
            Some(ErrorCode::DiskFull) => Self::Write(io::ErrorKind::StorageFull.into()),
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
                Self::Write(io::Error::other("the spool of a database failed"))
            }
            _ => broken(),
        }
    }
}
