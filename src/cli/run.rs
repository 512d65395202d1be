//! `dsrd run`: serves until SIGTERM or Ctrl-C, then drains.

use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

use crate::app;
use crate::cli::output::{CliError, End};
use crate::config::settings::Settings;
use crate::domain::failure::Failure;
use crate::worker::runner;
use crate::worker::stopper::Stopper;

/// Serves.
///
/// # Errors
/// Something cannot be opened at the start. Later failures are retried.
pub async fn run(settings: &Settings) -> Result<End, CliError> {
    let stopper = Stopper::default();
    let signals = stop_on_signal(stopper.clone())?;
    let world = app::world(settings, stopper.clone()).await?;
    let sources: Vec<&str> = settings.sources.iter().map(|one| one.name.as_str()).collect();
    info!(version = env!("CARGO_PKG_VERSION"), sources = ?sources, "serving");
    let page = async {
        let served = app::serve_http(settings, &world).await;
        // Without its page the daemon is blind to its operators: better to say so and stop.
        if let Err(failure) = &served {
            error!(error = failure.chain(), "the page cannot be served");
            stopper.stop();
        }
        served
    };
    let (served, (), ()) = tokio::join!(page, runner::run(&world), async {
        tokio::select! {
            () = signals => {}
            () = stopper.stopped() => {}
        }
    });
    served?;
    info!("stopped");
    Ok(End::Done)
}

/// A future that ends with the first signal, having asked everyone to stop.
fn stop_on_signal(stopper: Stopper) -> Result<impl Future<Output = ()>, Failure> {
    let listening = |error| Failure::permanent("listening for signals").because(error);
    let mut terminate = signal(SignalKind::terminate()).map_err(listening)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(listening)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => info!("stopping on SIGTERM: finishing what is in hand"),
            _ = interrupt.recv() => info!("stopping on Ctrl-C: finishing what is in hand"),
        }
        stopper.stop();
    })
}
