//! `dsrd diagnostics`: a zip for whoever looks for a bug. It holds what can be told without naming
//! a request or a person: what of the settings people wrote in their own words is left out as well.

use std::fs::OpenOptions;
use std::io::{self, Cursor, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::app;
use crate::cli::output::{CliError, End, line};
use crate::config::file::File;
use crate::config::masked::masked;
use crate::config::settings::Settings;

/// Stands where somebody's own words were.
const LEFT_OUT: &str = "(left out)";

/// Writes it to `path`, where nothing may be.
///
/// # Errors
/// The file is there already, or cannot be written. What cannot be asked is told in the zip.
pub async fn diagnostics(file: File, settings: &Settings, path: &Path) -> Result<End, CliError> {
    let parts = [
        ("about.txt", ABOUT.to_owned()),
        ("versions.json", pretty(&versions())),
        ("settings.toml", written(file, settings)?),
        ("ledger.json", pretty(&ledger(settings).await)),
        ("check.json", pretty(&checked(settings).await)),
        ("metrics.txt", metrics(settings).await),
    ];
    write(path, &parts).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            CliError::Failed(format!("{} is there already: name another file", path.display()))
        }
        kind => CliError::Failed(format!("writing {}: {kind}", path.display())),
    })?;
    line(format!("{}: look at it before you pass it on", path.display()))?;
    Ok(End::Done)
}

const ABOUT: &str = "\
What `dsrd diagnostics` found out, for whoever looks for a bug.

versions.json   the program and the system it runs on
settings.toml   the settings in force; no secret, and nothing that people wrote in their own words
ledger.json     how many requests stand where, and what keeps them
check.json      what of the outside answers, and what does not
metrics.txt     what the running daemon counts

No request and no person is named in it. Hosts, accounts and paths of the deployment are.
";

fn write(path: &Path, parts: &[(&str, String)]) -> io::Result<()> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(*name, SimpleFileOptions::default())?;
        zip.write_all(text.as_bytes())?;
    }
    let bytes = zip.finish()?.into_inner();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&bytes)?;
    file.sync_all()
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn versions() -> Value {
    let text = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let release = text("/etc/os-release");
    let name = release.as_deref().and_then(|all| {
        let line = all.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(line.trim_matches('"').to_owned())
    });
    json!({
        "dsrd": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "processor": std::env::consts::ARCH,
        "processors": std::thread::available_parallelism().map_or(0, usize::from),
        "release": name,
        "kernel": text("/proc/sys/kernel/osrelease"),
    })
}

/// Rules name paths, which may name people; reasons and contacts are people's own.
fn written(file: File, settings: &Settings) -> Result<String, CliError> {
    let mut file = masked(file, settings);
    for words in [&mut file.deployment.controller_name, &mut file.deployment.contact] {
        if !words.is_empty() {
            LEFT_OUT.clone_into(words);
        }
    }
    // Who may decide: ids of a directory, or addresses.
    let operators = &mut file.http.operators;
    let who = operators.actors.iter_mut().chain(&mut operators.groups);
    who.for_each(|word| LEFT_OUT.clone_into(word));
    let rules = file.policy.iter_mut().flat_map(|rule| [&mut rule.path, &mut rule.reason]);
    let declared = file.declared.iter_mut();
    let declared = declared.flat_map(|it| [&mut it.path, &mut it.reason, &mut it.by]);
    rules.chain(declared).flatten().for_each(|words| LEFT_OUT.clone_into(words));
    toml::to_string(&file).map_err(|error| CliError::Usage(error.to_string()))
}

async fn ledger(settings: &Settings) -> Value {
    let asked = async {
        let status = app::status(settings).await?;
        let told = json!({
            "standing": status.overview().await?,
            "catalogue": status.catalogue().await?,
        });
        Ok::<_, CliError>(told)
    };
    asked.await.unwrap_or_else(|error| json!({ "error": error.to_string() }))
}

async fn checked(settings: &Settings) -> Value {
    let (settings, _) = app::storage::told(settings).await;
    let parts = match app::checking::check(&settings).await {
        Ok(parts) => parts,
        Err(error) => return json!({ "error": CliError::from(error).to_string() }),
    };
    let told = parts.into_iter().map(|reached| {
        let lacks = reached.lacks.iter().filter(|lack| lack.is_needed);
        let lacks: Vec<&str> = lacks.map(|lack| lack.action.as_str()).collect();
        json!({ "part": reached.part, "error": reached.trouble, "lacks": lacks })
    });
    told.collect()
}

async fn metrics(settings: &Settings) -> String {
    match app::metrics(settings).await {
        Ok(text) => text,
        Err(error) => format!("# {}\n", CliError::from(error)),
    }
}
