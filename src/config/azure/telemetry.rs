//! `[[telemetry]]`: Log Analytics workspaces and components of Application Insights as sources; and
//! the sources that workspaces bring where nobody wrote any.

use std::collections::BTreeMap;

use crate::config::azure::workspaces::{Entered, Entry, host, segments};
use crate::config::faults::Faults;
use crate::config::file::{self, File};
use crate::config::settings::{Of, Telemetry, Workspace};

/// What follows the name of a workspace in the name of the source that it brings.
const SUFFIX: &str = "-telemetry";

const LOGS: [&str; 2] = ["Microsoft.OperationalInsights", "workspaces"];
const COMPONENTS: [&str; 2] = ["Microsoft.Insights", "components"];

/// Those that are written, under the names that `name` finds to be some; without any, those of
/// these workspaces.
pub fn all(
    file: &File,
    workspaces: &[Workspace],
    name: impl Fn(&str, Option<&str>, &mut Faults) -> Option<String>,
    faults: &mut Faults,
) -> Vec<Telemetry> {
    let mut all = Vec::new();
    for (index, written) in file.telemetry.iter().enumerate() {
        let key = format!("telemetry[{index}]");
        let named = name(&key, written.name.as_deref(), faults);
        all.extend(named.and_then(|name| one(&key, name, written, faults)));
    }
    let mut known = BTreeMap::new();
    for one in &all {
        if let Some(twin) = known.insert(one.of.id().to_lowercase(), &one.name) {
            faults.add(format!("telemetry {twin} and {} are the same store", one.name));
        }
    }
    if file.telemetry.is_empty() {
        let wanted = file.workspaces.iter().filter(|it| it.telemetry != Some(false));
        let wanted: Vec<&str> = wanted.filter_map(|it| it.name.as_deref()).collect();
        let wanted = workspaces.iter().filter(|it| wanted.contains(&it.name.as_str()));
        all.extend(wanted.map(of_workspace));
    }
    all
}

fn of_workspace(workspace: &Workspace) -> Telemetry {
    Telemetry {
        name: format!("{}{SUFFIX}", workspace.name),
        of: Of::Workspace { id: workspace.id.clone() },
        endpoint: workspace.endpoint.clone(),
        cloud: workspace.cloud,
        query_endpoint: None,
        credential: workspace.credential.clone(),
    }
}

fn one(
    key: &str,
    name: String,
    written: &file::Telemetry,
    faults: &mut Faults,
) -> Option<Telemetry> {
    let of = of(key, written, faults);
    let query_endpoint = match &written.query_endpoint {
        Some(url) => Some(host(&format!("{key}.query_endpoint"), url, faults)?),
        None => None,
    };
    let entry = Entry {
        cloud: written.cloud.as_deref(),
        endpoint: written.endpoint.as_deref(),
        credential: written.credential.as_deref(),
        tenant_id: written.tenant_id.as_ref(),
        client_id: written.client_id.as_ref(),
        secret: written.client_secret.as_ref(),
        secret_file: written.client_secret_file.as_ref(),
    };
    let Entered { cloud, endpoint, credential } = entry.read(key, faults)?;
    Some(Telemetry { name, of: of?, endpoint, cloud, query_endpoint, credential })
}

fn of(key: &str, written: &file::Telemetry, faults: &mut Faults) -> Option<Of> {
    let id = written.id.as_deref().unwrap_or_default().trim_end_matches('/');
    let [_, _, _, _, _, provider, kind, _] = &segments(id)[..] else {
        faults.add(format!(
            "{key}.id must be the id of a Log Analytics workspace (…/Microsoft.OperationalInsights/\
             workspaces/NAME) or of a component of Application Insights (…/Microsoft.Insights/\
             components/NAME)"
        ));
        return None;
    };
    let is =
        |of: [&str; 2]| provider.eq_ignore_ascii_case(of[0]) && kind.eq_ignore_ascii_case(of[1]);
    let id = id.to_owned();
    if is(LOGS) {
        for (number, resource) in written.resources.iter().enumerate() {
            if !is_resource(resource) {
                faults.add(format!("{key}.resources[{number}] is no id of a resource"));
            }
        }
        return Some(Of::Logs { id, resources: written.resources.clone() });
    }
    if !is(COMPONENTS) {
        faults.add(format!("{key}.id is of something that holds no telemetry"));
        return None;
    }
    if !written.resources.is_empty() {
        faults.add(format!("{key}.resources: a component has rows of its own alone"));
    }
    Some(Of::Component { id })
}

fn is_resource(id: &str) -> bool {
    let segments = segments(id.trim_end_matches('/'));
    segments.len() >= 8 && segments.len().is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::build;
    use crate::config::reading::layers;
    use crate::config::settings::Settings;

    const GROUP: &str = "/subscriptions/0-1/resourceGroups/g/providers";

    fn built(written: &[(&str, &str)]) -> Result<Settings, String> {
        let named = |(key, value): &(&str, &str)| (format!("DSRD__{key}"), (*value).to_owned());
        let file = layers::read(None, written.iter().map(named)).map_err(|it| it.to_string())?;
        build::settings(&file).map_err(|it| it.to_string())
    }

    fn logs(name: &str) -> String {
        format!("{GROUP}/Microsoft.OperationalInsights/workspaces/{name}")
    }

    #[test]
    fn a_store_is_its_id() {
        let id = logs("la");
        let settings = built(&[("TELEMETRY__0__NAME", "t"), ("TELEMETRY__0__ID", &id)]).unwrap();
        let one = &settings.telemetry[0];
        assert!(one.of == Of::Logs { id, resources: Vec::new() } && settings.sources.is_empty());
        assert_eq!(one.query_host(false).as_str(), "https://api.loganalytics.io/");
        assert_eq!(one.query_host(true).as_str(), "https://api.applicationinsights.io/");
        let id = format!("{GROUP}/microsoft.insights/Components/ai");
        let of = [("TELEMETRY__0__NAME", "t"), ("TELEMETRY__0__ID", id.as_str())];
        let elsewhere = ("TELEMETRY__0__QUERY_ENDPOINT", "https://q.example");
        let settings = built(&[of[0], of[1], elsewhere]).unwrap();
        assert!(settings.telemetry[0].of == Of::Component { id: id.clone() });
        assert_eq!(settings.telemetry[0].query_host(true).as_str(), "https://q.example/");
        assert_eq!(
            settings.telemetry[0].query_audience(true).as_str(),
            "https://api.applicationinsights.io/"
        );
    }

    #[test]
    fn what_is_no_store_is_told_by_its_key() {
        let la = logs("la");
        let table: [(&[(&str, &str)], &str); 8] = [
            (&[("ID", "la")], "telemetry[0].id must be the id of a Log Analytics workspace"),
            (&[("ID", &logs("../x"))], "telemetry[0].id must be the id"),
            (&[("ID", &format!("{GROUP}/Microsoft.Storage/storageAccounts/a"))], "no telemetry"),
            (&[("ID", &la), ("QUERY_ENDPOINT", "http://a")], "query_endpoint must be https://HOST"),
            (&[("ID", &la), ("RESOURCES__0", "ws")], "telemetry[0].resources[0] is no id"),
            (&[("ID", &la), ("CREDENTIAL", "sas")], "telemetry[0].credential is none of"),
            (&[("ID", &la), ("CLOUD", "germany")], "telemetry[0].cloud is none of"),
            (&[("ID", &la), ("QUERY", "x")], "telemetry[0].query"),
        ];
        for (written, expected) in table {
            let written: Vec<(String, &str)> =
                written.iter().map(|(key, it)| (format!("TELEMETRY__0__{key}"), *it)).collect();
            let mut all: Vec<(&str, &str)> =
                written.iter().map(|(key, it)| (key.as_str(), *it)).collect();
            all.push(("TELEMETRY__0__NAME", "t"));
            let fault = built(&all).err().unwrap();
            assert!(fault.contains(expected), "{fault}");
        }
        let twice = [
            ("TELEMETRY__0__NAME", "t"),
            ("TELEMETRY__0__ID", la.as_str()),
            ("TELEMETRY__1__NAME", "u"),
            ("TELEMETRY__1__ID", &la.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions")),
        ];
        assert!(built(&twice).err().unwrap().contains("t and u are the same store"));
    }

    #[test]
    fn a_workspace_brings_its_own_unless_it_is_told_otherwise() {
        let id = format!("{GROUP}/Microsoft.MachineLearningServices/workspaces/w");
        let workspace = [("WORKSPACES__0__NAME", "ws"), ("WORKSPACES__0__ID", id.as_str())];
        let names = |settings: &Settings| -> Vec<String> {
            settings.telemetry.iter().map(|it| it.name.clone()).collect()
        };
        let settings = built(&workspace).unwrap();
        assert_eq!(names(&settings), ["ws-telemetry"]);
        assert!(settings.telemetry[0].of == Of::Workspace { id: id.clone() });
        let off = [workspace[0], workspace[1], ("WORKSPACES__0__TELEMETRY", "false")];
        assert!(built(&off).unwrap().telemetry.is_empty());
        let la = logs("la");
        let own = [("TELEMETRY__0__NAME", "t"), ("TELEMETRY__0__ID", la.as_str())];
        let both = [workspace[0], workspace[1], own[0], own[1]];
        assert_eq!(names(&built(&both).unwrap()), ["t"]);
        let same = [workspace[0], workspace[1], ("TELEMETRY__0__NAME", "ws"), own[1]];
        assert!(built(&same).err().unwrap().contains("two sources are named ws"));
    }
}
