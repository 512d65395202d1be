//! What a database refused, as the kind of failure that a caller branches on.

use crate::domain::failure::{Failure, FailureKind};

/// Turns an error met while `doing` into a failure; for `map_err`.
pub fn while_doing(doing: &'static str) -> impl Fn(sqlx::Error) -> Failure {
    move |error| Failure::new(kind(&error), doing).because(error)
}

fn kind(error: &sqlx::Error) -> FailureKind {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => FailureKind::Transient,
        sqlx::Error::Tls(_) | sqlx::Error::Configuration(_) => FailureKind::NeedsPerson,
        sqlx::Error::Database(error) => error.code().map_or(FailureKind::Permanent, |code| {
            // An SQLSTATE has five characters, an SQLite code at most four digits.
            if code.len() == 5 { postgres_kind(&code) } else { sqlite_kind(&code) }
        }),
        _ => FailureKind::Permanent,
    }
}

/// By <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn postgres_kind(code: &str) -> FailureKind {
    match code {
        // Serialisation, deadlock, lock timeout, shutdown, start-up; a standby that took over; a
        // transaction or session that stood still for too long.
        "40001" | "40P01" | "55P03" | "57P01" | "57P02" | "57P03" | "25006" | "25P03" | "57P05" => {
            FailureKind::Transient
        }
        // No disk space, no privilege, no such database.
        "53100" | "42501" | "3D000" => FailureKind::NeedsPerson,
        // Connection lost, out of resources.
        _ if code.starts_with("08") || code.starts_with("53") => FailureKind::Transient,
        // Login refused.
        _ if code.starts_with("28") => FailureKind::NeedsPerson,
        _ => FailureKind::Permanent,
    }
}

/// By <https://www.sqlite.org/rescode.html>; the low byte of an extended code is the primary code.
fn sqlite_kind(code: &str) -> FailureKind {
    match code.parse::<u32>().map(|code| code & 0xff) {
        // BUSY, LOCKED, IOERR, PROTOCOL
        Ok(5 | 6 | 10 | 15) => FailureKind::Transient,
        // PERM, READONLY, FULL, CANTOPEN, AUTH
        Ok(3 | 8 | 13 | 14 | 23) => FailureKind::NeedsPerson,
        _ => FailureKind::Permanent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_code() {
        use FailureKind::{NeedsPerson, Permanent, Transient};
        let table = [
            ("5", Transient),    // SQLITE_BUSY
            ("517", Transient),  // SQLITE_BUSY_SNAPSHOT
            ("13", NeedsPerson), // SQLITE_FULL
            ("11", Permanent),   // SQLITE_CORRUPT
            ("2067", Permanent), // SQLITE_CONSTRAINT_UNIQUE
            ("", Permanent),
        ];
        for (code, expected) in table {
            assert_eq!(sqlite_kind(code), expected, "{code}");
        }
        let table = [
            ("40P01", Transient),
            ("08006", Transient),
            ("53300", Transient),
            ("25P03", Transient),
            ("53100", NeedsPerson),
            ("28P01", NeedsPerson),
            ("23505", Permanent),
            ("42P01", Permanent),
        ];
        for (code, expected) in table {
            assert_eq!(postgres_kind(code), expected, "{code}");
        }
    }
}
