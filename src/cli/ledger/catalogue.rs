//! `dsrd catalogue`: how much sweeps have learned of each source, read from the ledger; and
//! learning ahead of them.

use std::sync::Arc;

use serde_json::json;
use tokio::signal;

use crate::app::{self, learning::Learner};
use crate::cli::output::{self, CliError, End, line};
use crate::config::settings::Settings;

/// Prints it, a line a source.
///
/// # Errors
/// The ledger cannot be read.
pub async fn catalogue(settings: &Settings, as_json: bool) -> Result<End, CliError> {
    let mut known = app::status(settings).await?.catalogue().await?;
    for of in &mut known {
        let is_named = of["source"].as_str().is_some_and(|source| settings.names(source));
        of["configured"] = is_named.into();
    }
    if as_json {
        known.iter().try_for_each(output::json_line)?;
        return Ok(End::Done);
    }
    if settings.mandate.catalogue_age_max.is_none() {
        line("the catalogue is switched off: every sweep reads everything")?;
    } else if known.is_empty() {
        line("nothing is known yet: the first sweep reads everything")?;
    }
    for of in &known {
        let text = |key: &str| of[key].as_str().unwrap_or_default().to_owned();
        let (source, oldest) = (text("source"), text("oldest"));
        let (items, always, bytes) = (&of["items"], &of["always_read"], &of["bytes"]);
        line(format!(
            "{source}: {items} items are known, of which every sweep reads {always}; {bytes} bytes \
             in the ledger, the oldest learned at {oldest}"
        ))?;
        if of["configured"] == false {
            line(format!(
                "{source} is in the settings no more; what was learned of it is forgotten once \
                 nobody would rely on it ([catalogue] max_age_ms)"
            ))?;
        }
    }
    Ok(End::Done)
}

/// Learns ahead of requests, and tells of each source as it is done. Ctrl-C ends it, and what was
/// learned by then is kept.
///
/// # Errors
/// See [`Learner::open`] and [`Learner::learn`]; standard output went away.
pub async fn learn(settings: &Settings, as_json: bool) -> Result<End, CliError> {
    let learner = Learner::open(settings).await?;
    let (bar, meter) = (output::bar(), Arc::default());
    bar.set_message("learning");
    let mut printed = Ok(());
    let ended = {
        let learning = learner.learn(&meter, |of| {
            let read = of.items.saturating_sub(of.known);
            let (source, known, bytes) = (&of.source, of.known, of.bytes);
            let print = || match as_json {
                true => output::json_line(&json!({
                    "source": source, "items": of.items, "known": known, "read": read,
                    "bytes": bytes, "unreadable": of.unreadable,
                })),
                false => line(format!(
                    "{source}: {read} items were read, {bytes} bytes, of which {} could not be \
                     read in whole; {known} were known",
                    of.unreadable
                )),
            };
            let told = bar.suspend(print);
            if printed.is_ok() {
                printed = told;
            }
        });
        let learning = output::with_ticks(&bar, || meter.items(), learning);
        tokio::select! {
            learned = learning => Some(learned),
            _ = signal::ctrl_c() => None,
        }
    };
    bar.finish_and_clear();
    learner.end().await;
    printed?;
    match ended {
        Some(learned) => learned.map(|()| End::Done).map_err(CliError::from),
        None => {
            output::note("stopped; what was learned is kept, and the same goes on with the rest");
            Ok(End::Failed)
        }
    }
}
