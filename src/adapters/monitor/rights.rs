//! Which rights the work with telemetry needs, and which of them the caller lacks: as for
//! workspaces, what is needed stands in the roles that are published.

use crate::adapters::azureml::rights::{AUTHORIZATION_VERSION, Grants, Published, actions};
use crate::adapters::monitor::stores::found::Stores;
use crate::adapters::monitor::wire::way::{Service, Way};
use crate::config::settings::Of;
use crate::domain::failure::Failure;
use crate::ports::sources::Lack;

const ASKING: &str = "asking what we may do with telemetry";

const PUBLISHED: [Published; 2] = [
    Published {
        file: "deploy/roles/telemetry.json",
        definition: include_str!("../../../deploy/roles/telemetry.json"),
        purpose: "find and export telemetry",
        is_needed: true,
    },
    Published {
        file: "deploy/roles/purge.json",
        definition: include_str!("../../../deploy/roles/purge.json"),
        purpose: "erase telemetry",
        is_needed: true,
    },
];

/// What actions of resources of these sorts begin with.
const LOGS: &str = "Microsoft.OperationalInsights/";
const COMPONENTS: &str = "Microsoft.Insights/components/";
const SETTINGS: &str = "Microsoft.Insights/diagnosticSettings/";

/// What the caller lacks.
///
/// # Errors
/// The service does not say.
pub async fn lacks(way: &Way, of: &Of, stores: &Stores) -> Result<Vec<Lack>, Failure> {
    let mut asked: Vec<(&str, &str)> = Vec::new();
    if let Of::Workspace { id } = of {
        asked.push((id, SETTINGS));
    }
    for store in &stores.each {
        let sort = if store.address.service == Service::Logs { LOGS } else { COMPONENTS };
        asked.push((&store.id, sort));
    }
    let mut lacks: Vec<Lack> = Vec::new();
    for (id, sort) in asked {
        let grants = grants(way, id).await?;
        for Published { file, definition, purpose, is_needed } in PUBLISHED {
            let meant = actions(definition).into_iter().filter(|action| action.starts_with(sort));
            for action in meant.filter(|action| !grants.admit(action)) {
                let lack = Lack { action, purpose, role: file, is_needed };
                if !lacks.contains(&lack) {
                    lacks.push(lack);
                }
            }
        }
    }
    Ok(lacks)
}

async fn grants(way: &Way, id: &str) -> Result<Grants, Failure> {
    let path = "providers/Microsoft.Authorization/permissions";
    let first = way.get(ASKING, way.url(id, path, AUTHORIZATION_VERSION)).await?;
    let next = async |link: String| match way.own(&link) {
        Some(url) => way.get(ASKING, url).await.map(Some),
        None => Ok(None),
    };
    Grants::from(first, ASKING, next).await
}
