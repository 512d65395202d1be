//! `dsrd run`: serves until SIGTERM or Ctrl-C, then drains.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::app::{AppError, Beside, Daemon, checking};
use crate::cli::output::{CliError, End};
use crate::config::settings::Settings;
use crate::domain::failure::chain;

/// How long after a stop the process waits for what is in hand: longer than any loop gives its own,
/// and within the thirty seconds after which Kubernetes kills.
const STOP_GRACE: Duration = Duration::from_secs(25);

/// Serves. Signals are heard from before the settings are read: a stop while the ledger is waited
/// for is a stop like any other.
///
/// # Errors
/// Something cannot be opened at the start. Later failures are retried.
pub async fn run(settings: impl FnOnce() -> Result<Settings, CliError>) -> Result<End, CliError> {
    let mut signals = Signals::listen()?;
    let settings = settings()?;
    // Wrong settings stay wrong: whoever starts daemons again and again need not.
    let wrong = |error: AppError| CliError::Usage(chain(&*error.0));
    checking::keys_have_form(&settings).map_err(wrong)?;
    let daemon = tokio::select! {
        biased;
        signal = signals.stop() => {
            info!("stopping on {signal} before anything was begun");
            return Ok(End::Done);
        }
        daemon = Daemon::open(&settings, Beside::default()) => daemon?,
    };
    let (stopper, supervisor) = (daemon.stopper(), daemon.supervisor());
    let of_workspaces = settings.workspaces.iter().map(|one| one.name.as_str());
    let sources = settings.sources.iter().map(|one| one.name.as_str());
    let sources: Vec<&str> = sources.chain(of_workspaces).collect();
    let page = settings.http.listen.map(|address| format!("http://{address}/"));
    info!(version = env!("CARGO_PKG_VERSION"), sources = sources.join(","), page, "serving");
    supervisor.ready();
    let stopping = async {
        tokio::select! {
            signal = signals.stop() => info!("stopping on {signal}: finishing what is in hand"),
            () = stopper.stopped() => {}
        }
        supervisor.stopping();
        stopper.stop();
    };
    let serving = async { tokio::join!(daemon.run(), stopping).0 };
    let given_up = async {
        stopper.stopped().await;
        tokio::time::sleep(STOP_GRACE).await;
    };
    tokio::select! {
        biased;
        served = serving => served?,
        never = supervisor.beats() => match never {},
        () = given_up => warn!("what is in hand does not end; the next start goes on with it"),
    }
    Ok(End::Done)
}

/// What the system and people tell a daemon.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// From here on no signal of these ends the process by itself.
    fn listen() -> Result<Self, CliError> {
        let listen = |kind| {
            signal(kind).map_err(|error| CliError::Usage(format!("listening for signals: {error}")))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for one that stops the daemon, and names it.
    async fn stop(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "Ctrl-C",
                _ = self.hangup.recv() => {
                    info!("SIGHUP changes nothing: settings are read at the start alone");
                }
            }
        }
    }
}
