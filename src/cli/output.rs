//! Printing, and how the program ends.

use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use terminal_size::{Width, terminal_size_of};

use crate::app::AppError;
use crate::domain::failure::{Failure, chain};
use crate::domain::request::RequestId;
use crate::domain::state::State;

/// Where in a line what follows the id of a request begins.
const ID_WIDTH: usize = 40;

/// How the program ends; `args::Args` documents the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All is well.
    Done,
    /// Something did not work.
    Failed,
    /// Wrong arguments or settings.
    Usage,
    /// The request ended less than completed.
    Partial,
    /// The request ended without its purpose, or evidence does not hold.
    Refused,
    /// The request is at fault.
    Faults,
}

/// Why a verb could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The settings cannot be used.
    #[error("{0}")]
    Usage(String),
    /// A file named on the command line.
    #[error("reading {0}")]
    Input(String, #[source] io::Error),
    /// Standard output went away.
    #[error("writing to standard output")]
    Output(#[source] io::Error),
    /// The ledger has no such request.
    #[error("there is no request {0} in the ledger")]
    Unknown(RequestId),
    /// Evidence does not hold.
    #[error("{0}")]
    Evidence(String),
    /// Something below did not work; the whole chain.
    #[error("{0}")]
    Failed(String),
}

impl From<Failure> for CliError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.chain())
    }
}

impl From<AppError> for CliError {
    fn from(error: AppError) -> Self {
        Self::Failed(chain(&*error.0))
    }
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(match end {
            End::Done => 0,
            End::Failed => 1,
            End::Usage => 2,
            End::Partial => 3,
            End::Refused => 4,
            End::Faults => 5,
        })
    }
}

impl End {
    /// How `--wait` ends for a request that ended in `state`.
    pub fn of(state: State) -> Self {
        match state {
            State::Completed => Self::Done,
            State::PartiallyCompleted => Self::Partial,
            State::Failed | State::Cancelled | State::Rejected => Self::Refused,
            State::Received
            | State::Accepted
            | State::Finding
            | State::Planned
            | State::Held
            | State::Acting
            | State::Waiting
            | State::Verifying => Self::Failed,
        }
    }
}

/// One line to standard output.
///
/// # Errors
/// [`CliError::Output`]: whoever read it went away.
pub fn line(text: impl AsRef<str>) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", text.as_ref()).map_err(CliError::Output)
}

/// A line that begins with the id of a request. On a terminal that is too narrow for all of it what
/// follows the id stands below.
///
/// # Errors
/// See [`line`].
pub fn titled(id: &str, rest: &str) -> Result<(), CliError> {
    let width = terminal_size_of(io::stdout()).map(|(Width(width), _)| usize::from(width));
    let is_narrow = width.is_some_and(|width| ID_WIDTH + 1 + rest.chars().count() > width);
    line(if is_narrow { format!("{id}\n    {rest}") } else { format!("{id:<ID_WIDTH$} {rest}") })
}

/// A text to standard output, and no end of a line behind it.
///
/// # Errors
/// See [`line`].
pub fn text(text: &str) -> Result<(), CliError> {
    bytes(text.as_bytes())
}

/// Bytes to standard output, as they are.
///
/// # Errors
/// See [`line`].
pub fn bytes(bytes: &[u8]) -> Result<(), CliError> {
    io::stdout().lock().write_all(bytes).map_err(CliError::Output)
}

/// One element of a JSON list that is printed as it comes, counted from 1, on a line of its own.
///
/// # Errors
/// See [`line`].
pub fn element(number: u64, value: &Value) -> Result<(), CliError> {
    text(&format!("{}\n  {value}", if number > 1 { "," } else { "" }))
}

/// One JSON value as one line.
///
/// # Errors
/// See [`line`].
pub fn json_line(value: &Value) -> Result<(), CliError> {
    line(value.to_string())
}

/// One JSON value for people to read too.
///
/// # Errors
/// See [`line`].
pub fn json(value: &Value) -> Result<(), CliError> {
    line(format!("{value:#}"))
}

/// One fault of a request.
///
/// # Errors
/// See [`line`].
pub fn fault(pointer: &str, code: &str, message: &str, as_json: bool) -> Result<(), CliError> {
    if as_json {
        return json_line(&json!({ "pointer": pointer, "code": code, "message": message }));
    }
    line(format!("{pointer:<40} {code:<24} {message}"))
}

/// One line about what goes on, to standard error, which is kept for people.
pub fn note(text: &str) {
    // Nobody is left to tell if standard error is gone.
    let _gone = writeln!(io::stderr(), "{text}");
}

/// The whole chain of an error, on standard error.
pub fn complain(error: &CliError) -> End {
    if let CliError::Output(error) = error
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        // A reader that has seen enough, such as `head`, is no failure.
        return End::Done;
    }
    note(&format!("dsrd: {}", chain(error)));
    match error {
        CliError::Usage(_) => End::Usage,
        CliError::Evidence(_) => End::Refused,
        CliError::Input(..) | CliError::Output(_) | CliError::Unknown(_) | CliError::Failed(_) => {
            End::Failed
        }
    }
}

/// The bytes of a file, or of standard input for `-`.
///
/// # Errors
/// [`CliError::Input`].
pub fn input(path: &Path) -> Result<Vec<u8>, CliError> {
    let read = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    read.map_err(|error| CliError::Input(path.display().to_string(), error))
}

/// A bar on a terminal; elsewhere nothing is drawn, and callers print plain lines.
pub fn bar() -> ProgressBar {
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    bar.set_style(counting());
    bar
}

/// The style of a bar whose end is not known.
pub fn counting() -> ProgressStyle {
    style("{spinner} {msg} {human_pos} items  {elapsed}")
}

/// The style of a bar that counts requests whose number is not known.
pub fn checking() -> ProgressStyle {
    style("{spinner} {human_pos} requests checked  {elapsed}")
}

/// The style of a bar whose end is known.
pub fn measured() -> ProgressStyle {
    style("{spinner} {msg} [{bar:30}] {human_pos}/{human_len} items  {elapsed}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants of this file")
}

/// Runs `future` and moves `bar` to what `position` says, ten times a second.
pub async fn with_ticks<T>(
    bar: &ProgressBar,
    position: impl Fn() -> u64,
    future: impl Future<Output = T>,
) -> T {
    let mut future = std::pin::pin!(future);
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    loop {
        tokio::select! {
            biased;
            value = &mut future => return value,
            _ = ticks.tick() => bar.set_position(position()),
        }
    }
}
