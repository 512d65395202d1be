//! Makes the sample, serves it, asks for one person's data and for another's erasure, and tells
//! what happened. All of it is the real thing: the same daemon, on the embedded default.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Value, json};

use crate::app::verifying::{self, KeyFiles};
use crate::app::{self, Beside, Daemon};
use crate::cli::demo::sample;
use crate::cli::ledger::status;
use crate::cli::output::{self, CliError, End, input, line};
use crate::config::build;
use crate::config::reading::layers;
use crate::config::settings::Settings;
use crate::domain::plan::Planned;
use crate::domain::request::RequestId;
use crate::domain::state::State;

/// Everything the demo makes is in here, below the current folder.
const ROOT: &str = "dsrd-demo";

/// Written into the folder, so that a folder of another's making is never removed.
const MARK: &str = "made-by-dsrd-demo";

/// The settings by which other verbs go on with what the demo made.
const CONFIG: &str = "dsrd-demo/dsrd.toml";

/// Jiro's request, for whoever wants to send one.
const REQUEST: &str = "dsrd-demo/request.json";

/// The source that stands for the service of the workspace.
const WORKSPACE: &str = "workspace";

/// Runs the demo.
///
/// # Errors
/// The folder cannot be written, or a request did not end as it should.
pub async fn run() -> Result<End, CliError> {
    let root = PathBuf::from(ROOT);
    prepare(&root)?;
    let made = sample::write(&root.join("azureml")).map_err(|error| writing(&root, error))?;
    line(format!(
        "A sample workspace of {made} items is in {ROOT}/azureml: run documents, driver"
    ))?;
    line("logs, a csv, a gzipped log, a pickle, a notebook and a zip, of several people.")?;
    let documents = sample::documents();
    line(format!(
        "The workspace's service has {} run documents more, held in memory.",
        documents.len()
    ))?;
    let workspace = Beside::workspace(WORKSPACE, documents);
    let settings = settings()?;
    let daemon = Daemon::open(&settings, workspace.clone()).await?;
    let stopper = daemon.stopper();
    let asking = async {
        let asked = ask(&Sample { settings: &settings, workspace }, &root).await;
        stopper.stop();
        asked
    };
    let (served, asked) = tokio::join!(daemon.run(), asking);
    served?;
    let ended = asked?;
    events(&root)?;
    go_on()?;
    Ok(ended)
}

/// What can be typed next.
fn go_on() -> Result<(), CliError> {
    let program = env::args().next().unwrap_or_else(|| "dsrd".to_owned());
    line("")?;
    line(format!("All of it is in {ROOT}, with a configuration to go on by, and a request:"))?;
    for words in ["status", "verify ledger", "run &"] {
        line(format!("   {program} --config {CONFIG} {words}"))?;
    }
    line(format!("   {program} --config {CONFIG} submit {REQUEST} --wait"))
}

/// Where it is asked.
struct Sample<'a> {
    settings: &'a Settings,
    workspace: Beside,
}

async fn ask(sample: &Sample<'_>, root: &Path) -> Result<End, CliError> {
    let settings = sample.settings;
    line("")?;
    line("1. Hanako asks what is held about her (access). Found:")?;
    look(sample, &sample::hanako(), true).await?;
    let access = request(sample::HANAKO_REQUEST, "access", &sample::hanako());
    let (state, told) = follow(settings, &access).await?;
    ended(state, &told)?;
    let id = told["subject_request_id"].as_str().unwrap_or_default();
    let archive = root.join("exports").join(format!("{id}.zip"));
    let holds = verifying::archive(&archive, &KeyFiles::default())?;
    let (path, files) = (archive.display(), holds.files);
    line(format!("   archive      {path} ({files} files), read back whole"))?;
    line("                report.html in it is for her to read; others are masked in all of it")?;

    line("")?;
    line("2. Taro asks to be erased (erasure). Found:")?;
    look(sample, &sample::taro(), true).await?;
    let erasure = request(sample::TARO_REQUEST, "erasure", &sample::taro());
    let (state, told) = follow(settings, &erasure).await?;
    ended(state, &told)?;
    // By a preview, which shares nothing with the daemon but the source.
    let left = look(sample, &sample::taro(), false).await?;
    line(format!("   second look  {left} items still speak of Taro"))?;
    let untouched = &told["untouched"];
    let (unchanged, others) = (&untouched["unchanged"], &untouched["items"]);
    line(format!(
        "   untouched    {unchanged} of {others} other items have the ETag that they had"
    ))?;
    let id = told["subject_request_id"].as_str().unwrap_or_default();
    let certificate = root.join("exports").join(format!("{id}.certificate.json"));
    verifying::certificate(&input(&certificate)?, None, None)?;
    line(format!("   certificate  {}, signed; for people: .html", certificate.display()))?;
    Ok(if left == 0 && state == State::Completed { End::Done } else { End::Failed })
}

/// Previews for a person: how many items speak of them, each printed with its first place.
async fn look(
    sample: &Sample<'_>,
    identities: &[(&str, &str)],
    print: bool,
) -> Result<u64, CliError> {
    let preview = app::preview(sample.settings, sample.workspace.clone()).await?;
    let body = request("preview", "access", identities).to_string();
    let mut places = Vec::new();
    let found = |Planned { finding, .. }| {
        if let Some(hit) = finding.hits.first() {
            places.push(format!("   {}  {} {}", finding.item.name, hit.view, hit.place));
        }
    };
    let looked = preview.run(body.as_bytes(), Default::default(), found, |_| {}).await?;
    for place in places.iter().filter(|_| print) {
        line(place)?;
    }
    Ok(looked.map_or(u64::MAX, |summary| summary.found))
}

/// Submits and waits.
async fn follow(settings: &Settings, request: &Value) -> Result<(State, Value), CliError> {
    let id = request["subject_request_id"].as_str().unwrap_or_default();
    let id = RequestId::new(id).map_err(|error| CliError::Usage(error.to_string()))?;
    app::submit(settings, request.to_string().into(), id.as_str()).await?;
    let bar = output::bar();
    let state = status::follow(settings, &id, &bar).await?;
    bar.finish_and_clear();
    let told = app::status(settings).await?.describe(&id).await?.unwrap_or_default();
    Ok((state, told.into()))
}

fn ended(state: State, told: &Value) -> Result<(), CliError> {
    let counts = &told["counts"];
    let (seen, found) = (&counts["seen"], &counts["found"]);
    line(format!("   looked at    {seen} items, of which {found} speak of the person"))?;
    line(format!("   outcome      {} {}", state.word(), counts["outcomes"]))
}

fn request(id: &str, kind: &str, identities: &[(&str, &str)]) -> Value {
    let identities: Vec<Value> = identities
        .iter()
        .map(|(kind, value)| {
            json!({ "identity_type": kind, "identity_value": value, "identity_format": "raw" })
        })
        .collect();
    json!({
        "regulation": "gdpr",
        "api_version": "2.0",
        "subject_request_id": id,
        "subject_request_type": kind,
        "submitted_time": "2026-11-23T09:00:00Z",
        "subject_identities": identities,
    })
}

fn events(root: &Path) -> Result<(), CliError> {
    let folder = root.join("queue/events");
    let entries = fs::read_dir(&folder).map_err(|error| writing(&folder, error))?;
    let mut events = Vec::new();
    for entry in entries.flatten() {
        let event: Value =
            serde_json::from_slice(&fs::read(entry.path()).unwrap_or_default()).unwrap_or_default();
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        events.push((text("subject"), text("sequence"), text("type")));
    }
    events.sort();
    line("")?;
    line(format!("Events, as CloudEvents in {}:", folder.display()))?;
    for (subject, sequence, kind) in events {
        line(format!("   {subject}  {sequence}  {kind}"))?;
    }
    Ok(())
}

/// What others go on by, with the workspace in memory beside it, and no page: a demo should not
/// fail because a port is taken.
fn settings() -> Result<Settings, CliError> {
    let variables = [
        // After those that are built in, which are about no things.
        ("DSRD__POLICY__2__SOURCE", WORKSPACE),
        ("DSRD__POLICY__2__ACTION", "delete"),
        ("DSRD__POLICY__2__REASON", "runs are whose they are"),
        ("DSRD__HTTP__LISTEN", ""),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let file = layers::read(Some(Path::new(CONFIG)), variables);
    let file = file.map_err(|error| CliError::Usage(error.to_string()))?;
    build::settings(&file).map_err(|error| CliError::Usage(error.to_string()))
}

/// An empty folder of ours.
fn prepare(root: &Path) -> Result<(), CliError> {
    if root.exists() {
        if !root.join(MARK).exists() {
            let text =
                format!("{} exists and is not of a demo's making; move it away", root.display());
            return Err(CliError::Usage(text));
        }
        fs::remove_dir_all(root).map_err(|error| writing(root, error))?;
    }
    fs::create_dir_all(root).map_err(|error| writing(root, error))?;
    let jiro = request(sample::JIRO_REQUEST, "access", &sample::jiro());
    let files = [
        (root.join(MARK), "This folder can be removed.\n".to_owned()),
        (PathBuf::from(CONFIG), include_str!("dsrd.toml").to_owned()),
        (PathBuf::from(REQUEST), format!("{jiro:#}\n")),
    ];
    for (path, text) in files {
        fs::write(&path, text).map_err(|error| writing(&path, error))?;
    }
    Ok(())
}

fn writing(path: &Path, error: std::io::Error) -> CliError {
    CliError::Input(path.display().to_string(), error)
}
