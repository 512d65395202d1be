//! `dsrd run`: serves until SIGTERM or Ctrl-C, then drains.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use crate::app::Daemon;
use crate::cli::output::{CliError, End};
use crate::config::settings::Settings;

/// How long after a stop the process waits for what is in hand: longer than any loop gives its own,
/// and within the thirty seconds after which Kubernetes kills.
const STOP_GRACE: Duration = Duration::from_secs(25);

/// Serves.
///
/// # Errors
/// Something cannot be opened at the start. Later failures are retried.
pub async fn run(settings: &Settings) -> Result<End, CliError> {
    let listening = |error| CliError::Usage(format!("listening for signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(listening)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(listening)?;
    let daemon = Daemon::open(settings).await?;
    let stopper = daemon.stopper();
    let sources: Vec<&str> = settings.sources.iter().map(|one| one.name.as_str()).collect();
    let page = settings.http.listen.map(|address| format!("http://{address}/"));
    info!(version = env!("CARGO_PKG_VERSION"), sources = sources.join(","), page, "serving");
    let signals = async {
        tokio::select! {
            _ = terminate.recv() => info!("stopping on SIGTERM: finishing what is in hand"),
            _ = interrupt.recv() => info!("stopping on Ctrl-C: finishing what is in hand"),
            () = stopper.stopped() => {}
        }
        stopper.stop();
    };
    let serving = async { tokio::join!(daemon.run(), signals).0 };
    let given_up = async {
        stopper.stopped().await;
        tokio::time::sleep(STOP_GRACE).await;
    };
    tokio::select! {
        biased;
        served = serving => served?,
        () = given_up => warn!("what is in hand does not end; the next start goes on with it"),
    }
    Ok(End::Done)
}
