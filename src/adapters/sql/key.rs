//! Which master key a ledger was begun with: its digest, in a row.

use sqlx::AnyConnection;

use crate::adapters::sql::refusal::while_doing;
use crate::domain::failure::Failure;

const COMPARING: &str = "comparing the master key with the ledger's";

/// See `Tasks::agrees_on_key`; the caller commits. Two that ask an empty ledger at once may both
/// leave a digest: then both are asked of everybody, and two that differ agree with nobody.
///
/// # Errors
/// Whatever the database refuses.
pub async fn agrees_on_key(connection: &mut AnyConnection, digest: &str) -> Result<bool, Failure> {
    let insert = "INSERT INTO master_key (digest) \
         SELECT $1 WHERE NOT EXISTS (SELECT 1 FROM master_key)";
    let inserted = sqlx::query(insert).bind(digest).execute(&mut *connection).await;
    inserted.map_err(while_doing(COMPARING))?;
    Ok(keyed_by(connection).await?.iter().all(|known| known == digest))
}

/// The digests of the master keys that the ledger was begun with: one, or none.
///
/// # Errors
/// Whatever the database refuses.
pub async fn keyed_by(connection: &mut AnyConnection) -> Result<Vec<String>, Failure> {
    let known = sqlx::query_scalar("SELECT digest FROM master_key").fetch_all(connection).await;
    known.map_err(while_doing(COMPARING))
}
