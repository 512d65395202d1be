//! `[people]`: who has which user folder, by a table of the operator's; and whether Microsoft Graph
//! is asked.
//!
//! The table is CSV, as a directory exports it. Its first line names the columns: `alias`, and one
//! or more of `email`, `upn`, `object_id` and `puid`, in any order. Each further line is one person
//! and what their folder is called; where a person has several of something, `;` stands between. A
//! fault is told by its line and never quotes what stands there.

use std::path::Path;

use csv::{Position, ReaderBuilder, StringRecord, Trim};

use crate::config::azure::workspaces::{Entered, Entry};
use crate::config::faults::Faults;
use crate::config::file;
use crate::config::settings::{Cloud, NamesAt, People};
use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use crate::domain::homes::claim::Claim;

/// The column of aliases.
const ALIAS: &str = "alias";

/// The columns that say whose an alias is.
const IDENTITIES: [IdentityType; 4] =
    [IdentityType::Email, IdentityType::Upn, IdentityType::ObjectId, IdentityType::Puid];

/// Faults of a table that are told; whoever has more has mixed something up.
const FAULTS_MAX: usize = 20;

/// Longest alias, in characters: a folder's name has no more.
const ALIAS_CHARS_MAX: usize = 255;

/// Builds it.
pub fn people(written: &file::People, faults: &mut Faults) -> People {
    let aliases = match written.aliases.as_str() {
        "" => Vec::new(),
        path => table(Path::new(path), faults),
    };
    let graph = if written.graph { names_at(written, faults) } else { None };
    People { aliases, graph }
}

fn names_at(written: &file::People, faults: &mut Faults) -> Option<NamesAt> {
    let word = written.cloud.as_deref();
    let cloud = word.and_then(|word| Cloud::ALL.into_iter().find(|it| it.word() == word));
    let known = cloud.unwrap_or(Cloud::Public).graph();
    let entry = Entry {
        cloud: word,
        endpoint: Some(written.endpoint.as_deref().unwrap_or(known)),
        credential: written.credential.as_deref(),
        tenant_id: written.tenant_id.as_ref(),
        client_id: written.client_id.as_ref(),
        secret: written.client_secret.as_ref(),
        secret_file: written.client_secret_file.as_ref(),
    };
    let Entered { endpoint, credential, .. } = entry.read("people", faults)?;
    Some(NamesAt { endpoint, credential })
}

fn table(path: &Path, faults: &mut Faults) -> Vec<Claim> {
    match std::fs::read(path) {
        Ok(bytes) => rows(&bytes, faults),
        Err(error) => {
            faults.add(format!("people.aliases cannot be read: {error}"));
            Vec::new()
        }
    }
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Alias,
    Of(IdentityType),
}

fn rows(bytes: &[u8], faults: &mut Faults) -> Vec<Claim> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().trim(Trim::All).flexible(true).from_reader(bytes);
    let columns = match reader.headers().map(columns) {
        Ok(Ok(columns)) => columns,
        Ok(Err(fault)) => {
            faults.add(format!("people.aliases line 1: {fault}"));
            return Vec::new();
        }
        Err(_) => {
            faults.add("people.aliases line 1: it is no CSV in UTF-8".to_owned());
            return Vec::new();
        }
    };
    let (mut claims, mut told) = (Vec::new(), 0);
    for record in reader.records() {
        let (position, row) = match &record {
            Ok(record) => (record.position(), row(&columns, record)),
            // Its own words quote nothing of it, but the line is all that helps.
            Err(error) => (error.position(), Err("it is no CSV in UTF-8".to_owned())),
        };
        let line = position.map_or(0, |position| line_of(bytes, position));
        match row {
            Ok(claim) => claims.push(claim),
            Err(fault) if told < FAULTS_MAX => {
                faults.add(format!("people.aliases line {line}: {fault}"));
                told += 1;
            }
            Err(_) => {}
        }
    }
    claims
}

/// The line of a record, counted from 1. The reader has it begin where the one before ended, so
/// that blank lines lie between.
fn line_of(bytes: &[u8], position: &Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let ahead = bytes.get(start..).unwrap_or_default().iter();
    let blank = ahead.take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

fn columns(header: &StringRecord) -> Result<Vec<Column>, String> {
    let known = || {
        let identities = IDENTITIES.map(IdentityType::as_str).join(", ");
        format!("the columns are {ALIAS} and one or more of {identities}")
    };
    let column = |name: &str| match name {
        ALIAS => Some(Column::Alias),
        name => {
            let kind = IDENTITIES.into_iter().find(|kind| kind.as_str() == name);
            kind.map(Column::Of)
        }
    };
    let columns: Option<Vec<Column>> = header.iter().map(column).collect();
    let columns = columns.ok_or_else(known)?;
    let aliases = columns.iter().filter(|it| **it == Column::Alias).count();
    if aliases == 1 && columns.len() > 1 { Ok(columns) } else { Err(known()) }
}

fn row(columns: &[Column], record: &StringRecord) -> Result<Claim, String> {
    if record.len() != columns.len() {
        let (has, wanted) = (record.len(), columns.len());
        return Err(format!("it has {has} fields, and the first line {wanted}"));
    }
    let (mut alias, mut identities) = (String::new(), Vec::new());
    for (column, field) in columns.iter().zip(record) {
        match column {
            Column::Alias => field.clone_into(&mut alias),
            Column::Of(kind) => {
                for value in field.split(';').map(str::trim).filter(|value| !value.is_empty()) {
                    if !is_one(*kind, value) {
                        return Err(format!("its {} has another form", kind.as_str()));
                    }
                    let (format, value) = (IdentityFormat::Raw, value.to_owned());
                    identities.push(Identity::new(*kind, format, value));
                }
            }
        }
    }
    if !is_alias(&alias) {
        return Err(format!("its {ALIAS} is missing, or no folder can be called so"));
    }
    if identities.is_empty() {
        return Err("it does not say whose the alias is".to_owned());
    }
    Ok(Claim { alias, who: Subject { identities }, account: None })
}

fn is_alias(alias: &str) -> bool {
    let is_name = !alias.contains(['/', '\\']) && !alias.contains(char::is_control);
    is_name && !matches!(alias, "" | "." | "..") && alias.chars().count() <= ALIAS_CHARS_MAX
}

fn is_one(kind: IdentityType, value: &str) -> bool {
    let digits = |count: usize| {
        let bare: String = value.chars().filter(|c| !matches!(c, '-' | '{' | '}')).collect();
        bare.len() == count && bare.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    match kind {
        IdentityType::Email | IdentityType::Upn => {
            let parts = value.rsplit_once('@');
            parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
                && !value.contains(char::is_whitespace)
        }
        IdentityType::ObjectId => digits(32),
        IdentityType::Puid => digits(16),
        IdentityType::Name | IdentityType::Username | IdentityType::ControllerCustomerId => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";

    fn told(text: &str) -> (Vec<Claim>, Vec<String>) {
        let mut faults = Faults::default();
        (rows(text.as_bytes(), &mut faults), faults.0)
    }

    #[test]
    fn a_line_is_a_person_and_what_their_folder_is_called() {
        let text = format!(
            "\u{feff}alias, object_id ,email\r\n\
             ann,{ID},ann@contoso.com; a.lef@contoso.com\r\n\
             \"b.ob\",,bob@contoso.com\r\n"
        );
        let (claims, faults) = told(&text);
        assert_eq!(faults, [""; 0]);
        let shown: Vec<(&str, Vec<(&str, &str)>)> = claims
            .iter()
            .map(|claim| {
                let of = claim.who.identities.iter();
                (claim.alias.as_str(), of.map(|it| (it.kind.as_str(), it.expose())).collect())
            })
            .collect();
        let ann = [("object_id", ID), ("email", "ann@contoso.com"), ("email", "a.lef@contoso.com")];
        assert_eq!(shown[0], ("ann", ann.to_vec()));
        assert_eq!(shown[1], ("b.ob", vec![("email", "bob@contoso.com")]));
    }

    #[test]
    fn faults_are_told_by_their_lines_and_quote_nobody() {
        let table = [
            ("", "line 1: the columns are alias and one or more of email, upn, object_id, puid"),
            ("alias\nann\n", "line 1: the columns are"),
            ("alias,mail\nann,x\n", "line 1: the columns are"),
            ("email,upn\n", "line 1: the columns are"),
            ("alias,alias,email\n", "line 1: the columns are"),
            ("alias,email\nsecretann\n", "line 2: it has 1 fields, and the first line 2"),
            ("alias,email\nann,a@b.cd\n\n,a@b.cd\n", "line 4: its alias is missing"),
            ("alias,email\nUsers/secretann,a@b.cd\n", "line 2: its alias is missing"),
            ("alias,email\r\nann,a@b.cd\r\n\r\nsecretann\r\n", "line 4: it has 1 fields"),
            ("alias,email\nsecretann,\n", "line 2: it does not say whose the alias is"),
            ("alias,email\nann,secretann\n", "line 2: its email has another form"),
            ("alias,email\nann,a@b.cd;secretann\n", "line 2: its email has another form"),
            ("alias,object_id\nann,secretann\n", "line 2: its object_id has another form"),
            ("alias,puid\nann,1003\n", "line 2: its puid has another form"),
        ];
        for (text, expected) in table {
            let (_, faults) = told(text);
            assert!(faults[0].starts_with(&format!("people.aliases {expected}")), "{faults:?}");
            assert!(!faults[0].contains("secretann"), "{faults:?}");
        }
        let (claims, faults) = told("alias,email\nann,a@b.cd\nbroken\nbob,b@b.cd\n");
        assert_eq!((claims.len(), faults.len()), (2, 1));
        let many = format!("alias,email\n{}", "x\n".repeat(1_000));
        assert_eq!(told(&many).1.len(), FAULTS_MAX);
        let mut faults = Faults::default();
        rows(b"alias,email\nann,\xff\xfe\n", &mut faults);
        assert_eq!(faults.0, ["people.aliases line 2: it is no CSV in UTF-8"]);
    }
}
