//! `dsrd config`, `dsrd completions` and `dsrd man`: what is in force and what is built in.

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::app;
use crate::app::storage::Line;
use crate::cli::args::Args;
use crate::cli::output::{self, CliError, End, line};
use crate::config::file::File;
use crate::config::masked::masked;
use crate::config::settings::Settings;

/// Prints the settings in force as TOML, secrets masked: a file that says the same. Behind it
/// stand, as comments, the sources that workspaces make by themselves; these are asked for that
/// alone.
///
/// # Errors
/// Standard output went away.
pub async fn config(file: File, settings: &Settings) -> Result<End, CliError> {
    let text = toml::to_string(&masked(file, settings));
    line(text.map_err(|error| CliError::Usage(error.to_string()))?.trim_end())?;
    let (_, made) = app::storage::told(settings).await;
    if !made.is_empty() {
        line("")?;
    }
    for one in &made {
        line(format!("# {}", of_storage(one)))?;
    }
    Ok(End::Done)
}

/// What a workspace makes of a place.
pub fn of_storage(Line { workspace, of, source }: &Line) -> String {
    match source {
        Ok(name) => format!("source {name}: {of}, by workspace {workspace}"),
        Err(why) if of.is_empty() => format!("the storage of workspace {workspace}: {why}"),
        Err(why) => format!("no source of {of}, by workspace {workspace}: {why}"),
    }
}

/// Prints the public key of the deployment as a PEM file, the key id in the line before it, where
/// readers of PEM skip it.
///
/// # Errors
/// The key cannot be read or made; standard output went away.
pub fn public_key(settings: &Settings) -> Result<End, CliError> {
    let key = app::public_key(settings)?;
    line(format!("Key id: {}", key.id))?;
    line(key.pem.trim_end())?;
    Ok(End::Done)
}

/// Prints a script by which a shell completes our words.
///
/// # Errors
/// Standard output went away.
pub fn completions(shell: Shell) -> Result<End, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), NAME, &mut script);
    output::bytes(&script)?;
    Ok(End::Done)
}

/// Prints the page of the manual: of the program, or of one of its verbs.
///
/// # Errors
/// There is no such verb; standard output went away.
pub fn man(verb: &[String]) -> Result<End, CliError> {
    let mut program = Args::command();
    program.build();
    let mut page = &program;
    for word in verb {
        let found = page.find_subcommand(word).filter(|found| !found.is_hide_set());
        let unknown = || CliError::Usage(format!("there is no verb {:?}", verb.join(" ")));
        page = found.ok_or_else(unknown)?;
    }
    let mut page = page.clone();
    if !verb.is_empty() {
        let name: &'static str = format!("{NAME}-{}", verb.join("-")).leak();
        page = page.name(name).version(env!("CARGO_PKG_VERSION"));
    }
    output::bytes(&rendered(page)?)?;
    Ok(End::Done)
}

const NAME: &str = "dsrd";

fn rendered(page: Command) -> Result<Vec<u8>, CliError> {
    let mut text = Vec::new();
    Man::new(page).render(&mut text).map_err(CliError::Output)?;
    Ok(text)
}
