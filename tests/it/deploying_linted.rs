//! Every file of `deploy` before a program that knows its kind, and the chart for each case before
//! Helm and the schemas of Kubernetes.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::Stdio;

use dsrd::config::build;
use dsrd::config::reading::layers;
use serde_json::{Value, json};

use crate::support::linters::{files, linter, passes, root, script, yaml};

const CHART: &str = "deploy/helm/dsrd";

/// What somebody got wrong in good values.
type Slip = fn(&mut Value);

/// The oldest that the chart is for, and the newest whose schemas we have.
const KUBERNETES: [&str; 2] = ["1.28", "1.37"];

#[test]
fn yaml_files_say_what_they_seem_to_say() {
    let files = files(".yaml");
    // A template is YAML once it is rendered.
    let plain = files.iter().filter(|path| !path.to_str().unwrap().contains("/templates/"));
    passes(
        linter("yamllint").args(["--strict", "-c", "tests/emulators/yamllint.yaml"]).args(plain),
    );
}

#[test]
fn json_files_are_json() {
    for path in files(".json") {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    }
}

#[test]
fn scripts_do_what_they_seem_to_do() {
    passes(linter("shellcheck").args(["deploy/build", "tests/run"]));
}

#[test]
fn the_image_is_built_as_images_should_be() {
    passes(linter("hadolint").args(["--failure-threshold", "info", "deploy/Dockerfile"]));
    let compose = ["--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml"];
    passes(linter("check-jsonschema").args(compose));
}

/// The daemon of the first look starts, and finds the others by their names.
#[test]
fn settings_of_the_first_look_are_accepted() {
    let compose = &yaml("deploy/compose.yaml")[0];
    let variables = compose["services"]["dsrd"]["environment"].as_object().unwrap();
    let variables: Vec<(String, String)> = variables
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    let services = compose["services"].as_object().unwrap();
    for (name, url) in variables.iter().filter(|(name, _)| name.ends_with("URL")) {
        let host = url::Url::parse(url).unwrap().host_str().unwrap().to_owned();
        assert!(services.contains_key(&host), "{name}: there is no service {host}");
    }
    let read = layers::read(None, variables).unwrap();
    build::settings(&read).unwrap();
}

/// What the collector's pipelines name is there, and nothing else.
#[test]
fn the_collector_is_wired() {
    let collector = &yaml("deploy/collector.yaml")[0];
    let named = |kind: &str| -> BTreeSet<&str> {
        let pipelines = collector["service"]["pipelines"].as_object().unwrap();
        let lists = pipelines.values().map(|pipeline| pipeline[kind].as_array().unwrap());
        lists.flatten().map(|name| name.as_str().unwrap()).collect()
    };
    for kind in ["receivers", "processors", "exporters"] {
        let there = collector[kind].as_object().unwrap();
        assert_eq!(named(kind), there.keys().map(String::as_str).collect(), "{kind}");
    }
}

/// Nothing here compiles templates of Azure: this much is looked at.
#[test]
fn the_template_of_azure_names_what_it_has() {
    let text = fs::read_to_string(root().join("deploy/azure/dsrd.json")).unwrap();
    let template: Value = serde_json::from_str(&text).unwrap();
    for kind in ["parameters", "variables"] {
        let marks: Vec<&str> = text.split(&format!("{kind}('")).skip(1).collect();
        let used: BTreeSet<&str> =
            marks.iter().map(|rest| rest.split('\'').next().unwrap()).collect();
        let there = template[kind].as_object().unwrap();
        assert_eq!(used, there.keys().map(String::as_str).collect(), "{kind}");
    }
    let resources = template["resources"].as_array().unwrap();
    let types: BTreeSet<&str> = resources.iter().map(|one| one["type"].as_str().unwrap()).collect();
    for resource in resources {
        assert!(resource["apiVersion"].is_string(), "{resource}");
        for needed in resource["dependsOn"].as_array().into_iter().flatten() {
            let kind = needed.as_str().unwrap().split('\'').nth(1).unwrap();
            assert!(types.contains(kind), "{needed} is not made here");
        }
    }
}

#[test]
fn the_chart_is_valid_for_each_case() {
    let schema = format!("{CHART}/values.schema.json");
    passes(linter("check-jsonschema").args(["--check-metaschema", &schema]));
    let cases: Vec<_> =
        files(".yaml").into_iter().filter(|path| path.starts_with(format!("{CHART}/ci"))).collect();
    let values: Vec<Value> = cases.iter().flat_map(|path| yaml(path.to_str().unwrap())).collect();
    let mut kinds = BTreeSet::new();
    for (case, told) in cases.iter().zip(render(&values)) {
        assert_eq!(told["faults"], json!([]), "{case:?}");
        let documents = told["documents"].as_array().unwrap();
        kinds.extend(documents.iter().map(|one| one["kind"].as_str().unwrap().to_owned()));
        assert_settings(documents);
        // The schemas of what others add to Kubernetes are not to be had here.
        let native = documents.iter().filter(|one| {
            !one["apiVersion"].as_str().unwrap().contains('.')
                || one["apiVersion"].as_str().unwrap().contains(".k8s.io/v1")
        });
        let native: Vec<&Value> =
            native.filter(|one| one["kind"] != "SecretProviderClass").collect();
        let list = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        let text: Vec<String> = native.iter().map(|one| format!("---\n{one}\n")).collect();
        fs::write(list.path(), text.concat()).unwrap();
        for version in KUBERNETES {
            let mut check = linter("kubernetes-validate");
            let told = passes(check.args(["--strict", "-k", version]).arg(list.path()));
            assert_eq!(told.matches("passed").count(), native.len(), "{told}");
        }
    }
    let all = [
        "ConfigMap",
        "Deployment",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "PrometheusRule",
        "ScaledObject",
        "SecretProviderClass",
        "Service",
        "ServiceAccount",
        "ServiceMonitor",
        "TriggerAuthentication",
    ];
    assert_eq!(kinds, all.map(str::to_owned).into());
}

/// What the daemon reads there is what it takes.
fn assert_settings(documents: &[Value]) {
    let settings = documents.iter().find(|one| one["kind"] == "ConfigMap").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), settings["data"]["dsrd.toml"].as_str().unwrap()).unwrap();
    let read = layers::read(Some(file.path()), []).unwrap();
    if let Err(error) = build::settings(&read) {
        // What only a deployment has is missing here.
        let elsewhere = |fault: &&String| {
            !fault.contains("_file cannot be read") && !fault.ends_with("_file is missing")
        };
        assert_eq!(error.0.iter().find(elsewhere), None);
    }
    // Each file that they name is one that is mounted.
    let text = settings["data"]["dsrd.toml"].as_str().unwrap();
    let classes = documents.iter().find(|one| one["kind"] == "SecretProviderClass");
    if let Some(class) = classes {
        let objects = class["spec"]["parameters"]["objects"].as_str().unwrap();
        for name in text.split("/run/secrets/").skip(1).map(|rest| rest.split('"').next().unwrap())
        {
            assert!(objects.contains(&format!("objectAlias: {name}\n")), "{name} in {objects}");
        }
    }
}

/// A slip is told, not deployed.
#[test]
fn values_that_mean_nothing_are_refused() {
    let good = yaml(&format!("{CHART}/ci/key-vault.yaml")).remove(0);
    let slips: [(&str, Slip); 9] = [
        ("additional properties 'replica' not allowed", |values| values["replica"] = json!(3)),
        ("/replicas", |values| values["replicas"] = json!("two")),
        ("/image", |values| values["image"] = json!({ "repository": "dsrd" })),
        ("/image/tag", |values| values["image"] = json!({ "repository": "x", "tag": "latest" })),
        ("/image/digest", |values| values["image"]["digest"] = json!("sha256:12")),
        ("/secrets", |values| values["secrets"]["existing"] = json!("both")),
        ("/secrets/keyVault/files", |values| values["secrets"]["keyVault"]["files"] = json!([])),
        ("/scratch/size", |values| values["scratch"] = json!({ "size": "much" })),
        ("has no file broker", |values| {
            values["autoscaling"] = json!({ "enabled": true, "urlFile": "broker" });
        }),
    ];
    let values = slips.map(|(_, slip)| {
        let mut values = good.clone();
        slip(&mut values);
        values
    });
    for ((fault, _), told) in slips.iter().zip(render(&values)) {
        assert!(told["faults"].to_string().contains(fault), "{fault} is not in {told}");
    }
}

/// What Helm makes of each of these values.
fn render(values: &[Value]) -> Vec<Value> {
    let mut command = script("chart.py");
    command.arg(CHART).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut helm = command.spawn().unwrap();
    let mut input = helm.stdin.take().unwrap();
    values.iter().for_each(|one| writeln!(input, "{one}").unwrap());
    drop(input);
    let output = helm.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?} failed; run it by hand");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
