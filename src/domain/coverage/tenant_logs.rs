//! What is told of the logs that Microsoft's services write about a tenant's users.
//!
//! Nobody can look at them but a tenant's administrator, and for a request for access Microsoft
//! Graph, where the operator has it asked: it copies them to a container that is that request's.

use crate::domain::coverage::covered::{Covered, sorted};
use crate::domain::coverage::place::{Looked, PlaceSort};
use crate::domain::coverage::portal::PORTAL;

/// Who copies them, as it is named everywhere.
pub const GRAPH: &str = "Microsoft Graph";

/// Why nobody looks into what a tenant's administrator has to ask for.
pub const ADMINISTRATOR: &str = "tenant_administrator";

/// Why Microsoft Graph is not asked about a person.
pub const NO_OBJECT_ID: &str = "no_object_id";

/// That nobody looked, and why.
pub fn not_looked_at(why: &str) -> Covered {
    told(PORTAL, Looked::CannotBeLookedAt, None, why)
}

/// That Microsoft Graph copied them to this place: `ACCOUNT/CONTAINER`.
pub fn copied(at: String) -> Covered {
    told(GRAPH, Looked::Looked, Some(at), "")
}

/// That Microsoft Graph was to copy them and did not, or not all; and where it may have put some.
pub fn not_copied(at: Option<String>, why: &str) -> Covered {
    told(GRAPH, Looked::Refused, at, why)
}

fn told(name: &str, looked: Looked, at: Option<String>, why: &str) -> Covered {
    Covered {
        at,
        looked,
        name: Some(name.to_owned()),
        places: None,
        sort: PlaceSort::TenantLogs,
        source: None,
        why: why.to_owned(),
    }
}

/// What a list tells of them.
pub fn of(list: &[Covered]) -> Option<&Covered> {
    list.iter().find(|one| one.sort == PlaceSort::TenantLogs)
}

/// A list that tells this of them instead.
pub fn retold(mut list: Vec<Covered>, line: Option<Covered>) -> Vec<Covered> {
    let Some(line) = line else { return list };
    list.retain(|one| one.sort != PlaceSort::TenantLogs);
    list.push(line);
    sorted(list)
}
