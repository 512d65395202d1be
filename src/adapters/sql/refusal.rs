//! What a database refused, as the kind of failure that a caller branches on.
//!
//! Nearly all of it says nothing about what was asked: a statement is cancelled, a disk fills up, a
//! server restarts, a proxy answers in its place. There is no list of all that. So whatever is not
//! plainly a fault of what was asked is a failure of the ledger, and passes; a few can be mended by
//! a person alone, and pass then.

use crate::domain::failure::{Failure, FailureKind};

/// Turns an error met while `doing` into a failure; for `map_err`.
pub fn while_doing(doing: &'static str) -> impl Fn(sqlx::Error) -> Failure {
    move |error| refusal(doing, error)
}

/// The failure of what was done, by what the database said.
pub fn refusal(doing: impl Into<String>, error: sqlx::Error) -> Failure {
    let kind = kind(&error);
    let failure = match told(&error) {
        Some(told) => Failure::new(kind, doing).because_told(told),
        None => Failure::new(kind, doing).because_told(error),
    };
    if kind == FailureKind::Permanent { failure } else { failure.of_the_ledger() }
}

fn kind(error: &sqlx::Error) -> FailureKind {
    match error {
        sqlx::Error::Configuration(_) => FailureKind::NeedsPerson,
        // What was to be written or is written there has no place in a column.
        sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
            FailureKind::Permanent
        }
        sqlx::Error::Database(error) => error.code().map_or(FailureKind::Transient, |code| {
            // An SQLSTATE has five characters, an SQLite code at most four digits.
            if code.len() == 5 { postgres_kind(&code) } else { sqlite_kind(&code) }
        }),
        _ => FailureKind::Transient,
    }
}

/// What a database said, by its code. The driver's own text adds the line of the server's source.
fn told(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?;
    let code = error.code()?;
    let hint = match &*code {
        // What was prepared on one connection is asked for on another.
        "26000" | "42P05" => {
            "; a pooler in front of the database must pool by session, not by transaction"
        }
        _ => "",
    };
    Some(format!("{} (code {code}){hint}", error.message()))
}

/// By <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn postgres_kind(code: &str) -> FailureKind {
    match code {
        // No privilege; no such database or schema; corrupted data or index.
        "42501" | "3D000" | "3F000" | "XX001" | "XX002" => FailureKind::NeedsPerson,
        // Locks: in this class, but they pass.
        "42P05" | "42P03" => FailureKind::Transient,
        _ => match code.get(..2).unwrap_or_default() {
            // What was asked cannot be stored: bytes, numbers, lengths.
            "22" | "54" => FailureKind::Permanent,
            // Login refused; tables that are not this program's; a configuration that is wrong.
            "28" | "42" | "F0" => FailureKind::NeedsPerson,
            _ => FailureKind::Transient,
        },
    }
}

/// By <https://www.sqlite.org/rescode.html>; the low byte of an extended code is the primary code.
fn sqlite_kind(code: &str) -> FailureKind {
    match code.parse::<u32>().map(|code| code & 0xff) {
        // TOOBIG, MISMATCH, RANGE
        Ok(18 | 20 | 25) => FailureKind::Permanent,
        // ERROR (tables that are not this program's), PERM, CORRUPT, NOLFS, AUTH, FORMAT, NOTADB
        Ok(1 | 3 | 11 | 22 | 23 | 24 | 26) => FailureKind::NeedsPerson,
        _ => FailureKind::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::FailureKind::{NeedsPerson, Permanent, Transient};
    use super::*;

    /// All primary result codes of SQLite, and some extended ones.
    #[test]
    fn sqlite_by_code() {
        let transient = [
            2, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 19, 21, 27, 28, 100, 101, 517, 261,
            262, 266, 522, 778, 1032, 1288, 1555, 1811, 2067, 4618, 9999,
        ];
        let needs_person = [1, 3, 11, 22, 23, 24, 26, 257, 267, 779];
        let permanent = [18, 20, 25];
        for code in 1..=28 {
            let tables = [&transient[..], &needs_person, &permanent];
            assert!(tables.iter().any(|table| table.contains(&code)), "{code} is in no table");
        }
        for (codes, kind) in
            [(&transient[..], Transient), (&needs_person, NeedsPerson), (&permanent, Permanent)]
        {
            for code in codes {
                assert_eq!(sqlite_kind(&code.to_string()), kind, "{code}");
            }
        }
        assert_eq!(sqlite_kind(""), Transient);
    }

    /// Every class of the appendix, and the codes that are not as their class is.
    #[test]
    fn postgres_by_code() {
        let table = [
            ("03000", Transient),
            ("08000 08001 08003 08004 08006 08007 08P01", Transient),
            ("09000 0A000 0B000 0F000 0L000 0P000 0Z000 20000 21000", Transient),
            ("22000 22001 22003 22021 22026 22P02 22P05", Permanent),
            ("23000 23502 23503 23505 23514 24000", Transient),
            ("25000 25001 25006 25P01 25P02 25P03 25P04", Transient),
            ("26000 27000 2B000 2D000 2F000", Transient),
            ("28000 28P01", NeedsPerson),
            ("34000 38000 39000 3B000", Transient),
            ("3D000 3F000", NeedsPerson),
            ("40000 40001 40002 40003 40P01", Transient),
            ("42000 42501 42601 42703 42883 42P01 42P02", NeedsPerson),
            ("42P03 42P05 44000", Transient),
            ("53000 53100 53200 53300 53400", Transient),
            ("54000 54001 54011 54023", Permanent),
            ("55000 55006 55P02 55P03 55P04", Transient),
            ("57000 57014 57P01 57P02 57P03 57P04 57P05", Transient),
            ("58000 58030 58P01 58P02 72000", Transient),
            ("F0000 F0001", NeedsPerson),
            ("HV000 P0000 P0001", Transient),
            ("XX000 ZZZZZ 99999", Transient),
            ("XX001 XX002", NeedsPerson),
        ];
        for (codes, kind) in table {
            for code in codes.split(' ') {
                assert_eq!(postgres_kind(code), kind, "{code}");
            }
        }
    }

    #[test]
    fn what_the_database_did_not_say_passes() {
        let io = || std::io::Error::other("reset by peer");
        let table = [
            (sqlx::Error::Io(io()), Transient),
            (sqlx::Error::Tls(Box::new(io())), Transient),
            (sqlx::Error::Protocol("unexpected response from SSLRequest: 0x00".into()), Transient),
            (sqlx::Error::PoolTimedOut, Transient),
            (sqlx::Error::PoolClosed, Transient),
            (sqlx::Error::WorkerCrashed, Transient),
            (sqlx::Error::BeginFailed, Transient),
            (sqlx::Error::InvalidSavePointStatement, Transient),
            (sqlx::Error::AnyDriverError(Box::new(io())), Transient),
            (sqlx::Error::Configuration(Box::new(io())), NeedsPerson),
            (sqlx::Error::Encode(Box::new(io())), Permanent),
            (sqlx::Error::Decode(Box::new(io())), Permanent),
        ];
        for (error, kind) in table {
            let text = error.to_string();
            let failure = while_doing("doing")(error);
            assert_eq!(failure.kind, kind, "{text}");
            assert_eq!(failure.is_of_the_ledger(), kind != Permanent, "{text}");
            assert_eq!(failure.chain(), format!("doing: {text}"), "nothing is said twice");
        }
    }
}
