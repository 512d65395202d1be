//! From the parsed arguments to the exit code.

use std::io::IsTerminal;
use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::app::verifying::KeyFiles;
use crate::cli::args::{Args, CatalogueWork, Deciding, Evidence, Lengthening, LogFormat, Verb};
use crate::cli::ledger::catalogue;
use crate::cli::ledger::keys;
use crate::cli::ledger::register::{self, Form};
use crate::cli::ledger::status::{self, Shown};
use crate::cli::output::{CliError, End, complain};
use crate::cli::{check, contract, demo, diagnostics, preview, run, show, submit, verify};
use crate::config::build;
use crate::config::file::File;
use crate::config::reading::layers;
use crate::config::settings::Settings;
use crate::domain::failure::chain;
use crate::telemetry::logging::{self, Format};

/// Runs the verb and says how it ended.
pub fn dispatch(args: Args) -> ExitCode {
    let ended = logging::init(log_format(&args), &log_filter(&args.verb), has_colours())
        .map_err(|error| CliError::Usage(chain(&error)))
        .and_then(|()| Runtime::new().map_err(|error| CliError::Usage(chain(&error))))
        .and_then(|runtime| {
            let is_daemon = matches!(args.verb, Verb::Run);
            let ended = runtime.block_on(verb(args));
            end(runtime, is_daemon);
            ended
        });
    ended.unwrap_or_else(|error| complain(&error)).into()
}

/// What threads get to notice that their work was called off.
const THREADS_GRACE: Duration = Duration::from_secs(2);

/// Ends the threads. One that does not heed a stop ends with the process: waiting for it could take
/// for ever, and everything that counts is ledgered.
fn end(runtime: Runtime, is_daemon: bool) {
    let asked = Instant::now();
    runtime.shutdown_timeout(THREADS_GRACE);
    let all_ended = asked.elapsed() < THREADS_GRACE;
    if is_daemon && all_ended {
        tracing::info!("stopped");
    } else if is_daemon {
        tracing::warn!("stopped; what a thread was still busy with is given up");
    }
}

async fn verb(args: Args) -> Result<End, CliError> {
    let settings = || Ok::<_, CliError>(read(&args)?.1);
    match &args.verb {
        // Boxed, or every verb would take the stack of these two.
        Verb::Run => Box::pin(run::run(settings)).await,
        Verb::Demo => Box::pin(demo::run::run()).await,
        Verb::Submit { file, wait, json } => submit::submit(&settings()?, file, *wait, *json).await,
        Verb::Status { id, plan, left, listing, json } => {
            let of_request = match (plan, left) {
                (true, _) => Shown::Plan,
                (false, true) => Shown::Left,
                (false, false) => Shown::Standing,
            };
            status::status(&settings()?, id.as_deref(), of_request, listing, *json).await
        }
        Verb::Register { from, to, csv, json } => {
            let form = match (csv, json) {
                (true, _) => Form::Csv,
                (false, true) => Form::Json,
                (false, false) => Form::Lines,
            };
            register::register(&settings()?, (*from, *to), form).await
        }
        Verb::Preview { request, file: None, json } => {
            preview::plan::preview(&settings()?, request, *json).await
        }
        Verb::Preview { request, file: Some(file), json } => {
            preview::file::explain(&settings()?, request, file, *json).await
        }
        Verb::Approve(decision) => decide(&settings()?, "approve", decision).await,
        Verb::Reject(decision) => decide(&settings()?, "reject", decision).await,
        Verb::Cancel(decision) => decide(&settings()?, "cancel", decision).await,
        Verb::Retry(decision) => decide(&settings()?, "retry", decision).await,
        Verb::Extend(Lengthening { id, actor, reason, wait }) => {
            let (id, actor, reason, wait) = (id.clone(), actor.clone(), reason.clone(), *wait);
            decide(&settings()?, "extend", &Deciding { id, actor, reason, wait }).await
        }
        Verb::Verify { what: Evidence::Archive { path, identity, passphrase_file } } => {
            let (identities, passphrase) = (identity.as_deref(), passphrase_file.as_deref());
            verify::archive(path, &KeyFiles { identities, passphrase })
        }
        Verb::Verify { what: Evidence::Certificate { path, public_key, identity } } => {
            let asked_for = identity.as_deref().map(|text| Ok::<_, CliError>((text, settings()?)));
            verify::certificate(path, public_key.as_deref(), asked_for.transpose()?)
        }
        Verb::Verify { what: Evidence::Ledger { path } } => {
            verify::ledger(&settings()?, path.as_deref()).await
        }
        Verb::Check { json } => check::check(&settings()?, *json).await,
        Verb::Catalogue { work: None, json } => catalogue::catalogue(&settings()?, *json).await,
        Verb::Catalogue { work: Some(CatalogueWork::Learn), json } => {
            Box::pin(catalogue::learn(&settings()?, *json)).await
        }
        Verb::Config { public_key: true } => show::public_key(&settings()?),
        Verb::Config { public_key: false } => {
            let (file, settings) = read(&args)?;
            show::config(file, &settings).await
        }
        Verb::Keys { work } => keys::keys(&settings()?, work).await,
        Verb::Diagnostics { path } => {
            let (file, settings) = read(&args)?;
            diagnostics::diagnostics(file, &settings, path).await
        }
        Verb::Schema { which } => contract::schema(*which),
        Verb::Completions { shell } => show::completions(*shell),
        Verb::Man { verb } => show::man(verb),
    }
}

async fn decide(settings: &Settings, control: &str, decision: &Deciding) -> Result<End, CliError> {
    let known = || variable("USER").or_else(|| variable("LOGNAME"));
    let actor = decision.actor.clone().or_else(known).unwrap_or_else(user_id);
    submit::decide(settings, control, decision, &actor).await
}

/// Who runs this, where nothing names him, as in a container.
fn user_id() -> String {
    let uid = std::fs::metadata("/proc/self").map(|about| about.uid());
    uid.map_or_else(|_| "unknown".to_owned(), |uid| format!("uid:{uid}"))
}

/// Defaults, the file, the environment: as written, and as run with.
fn read(args: &Args) -> Result<(File, Settings), CliError> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let file = layers::read(args.config.as_deref(), variables)
        .map_err(|error| CliError::Usage(error.to_string()))?;
    let settings = build::settings(&file).map_err(|error| CliError::Usage(error.to_string()))?;
    if matches!(args.verb, Verb::Run | Verb::Check { .. } | Verb::Config { .. }) {
        settings.twice().iter().for_each(|twice| tracing::warn!("{twice}"));
    }
    Ok((file, settings))
}

/// Lines for people on a terminal, JSON for what collects logs, unless somebody chose.
fn log_format(args: &Args) -> Format {
    match args.log_format {
        Some(LogFormat::Json) => Format::Json,
        Some(LogFormat::Pretty) => Format::Pretty,
        None if std::io::stderr().is_terminal() => Format::Pretty,
        None => Format::Json,
    }
}

/// Whether whoever reads the lines sees colours, and wants to (<https://no-color.org>).
fn has_colours() -> bool {
    let unwanted = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = variable("TERM").is_some_and(|terminal| terminal == "dumb");
    std::io::stderr().is_terminal() && !unwanted && !is_dumb
}

/// Only the daemon tells what it does as it goes; the other verbs print their answer.
fn log_filter(verb: &Verb) -> String {
    let default = if matches!(verb, Verb::Run) { "info" } else { "warn" };
    variable("DSRD_LOG").unwrap_or_else(|| default.to_owned())
}

#[expect(clippy::disallowed_methods, reason = "not a setting: known before settings are read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
