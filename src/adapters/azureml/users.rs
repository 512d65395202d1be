//! Who works in a workspace, as far as its compute instances tell: by which address somebody signed
//! in who made one. What that begins with is what the service calls their folder.
//!
//! To whom an instance is assigned that somebody else made is told by an id alone, which no folder
//! is called by.

use serde_json::Value;

use crate::adapters::azureml::pages;
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::failure::Failure;
use crate::domain::homes::claim::Claim;

/// What Azure calls a machine that one person works on.
const INSTANCE: &str = "ComputeInstance";

/// All of them.
///
/// # Errors
/// Where the service does not answer.
pub async fn claims(entry: &Entry) -> Result<Vec<Claim>, Failure> {
    let (mut found, mut marker) = (Vec::new(), None);
    loop {
        let page = pages::page(entry, "compute/", marker.as_deref()).await?;
        found.extend(page.documents.iter().filter_map(|document| claim(&document.value)));
        marker = page.next;
        if marker.is_none() {
            return Ok(found);
        }
    }
}

fn claim(compute: &Value) -> Option<Claim> {
    let properties = &compute["properties"];
    if properties["computeType"] != INSTANCE {
        return None;
    }
    let by = &properties["properties"]["createdBy"];
    Claim::of_sign_in(by["userName"].as_str()?, by["userId"].as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_made_an_instance_is_told_by_address_and_id() {
        let made = |kind: &str, by: &Value| {
            let instance = json!({ "properties": { "computeType": kind,
                "properties": { "createdBy": by } } });
            claim(&instance).map(|claim| (claim.alias, claim.who.identities.len()))
        };
        let by = json!({ "userName": "ann@contoso.com", "userId": "6f9619ff" });
        assert_eq!(made(INSTANCE, &by), Some(("ann".to_owned(), 2)));
        assert_eq!(made("AmlCompute", &by), None);
        assert_eq!(made(INSTANCE, &json!({ "userName": "ann" })), None);
        assert_eq!(made(INSTANCE, &Value::Null), None);
    }
}
