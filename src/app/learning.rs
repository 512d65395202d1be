//! Learning ahead of requests, by hand.

use jiff::SignedDuration;

use super::{AppError, Beside, Daemon};
use crate::adapters::system::Alone;
use crate::config::settings::Settings;
use crate::worker::loops::learn::{self, Count, Learned};
use crate::worker::world::World;

/// Learns what the catalogue takes of all sources, and serves nobody.
pub struct Learner {
    world: World,
    age_max: SignedDuration,
    _alone: Option<Alone>,
}

impl Learner {
    /// Opens everything, as a daemon does.
    ///
    /// # Errors
    /// Whatever cannot be opened, as a ledger in a file that a daemon serves; the catalogue is
    /// switched off.
    pub async fn open(settings: &Settings) -> Result<Self, AppError> {
        let Some(age_max) = settings.mandate.catalogue_age_max else {
            let text = "the catalogue is switched off ([catalogue] enabled): nothing is learned";
            return Err(AppError(text.into()));
        };
        let (world, _alone, _) = Daemon::put_together(settings, Beside::default()).await?;
        Ok(Self { world, age_max, _alone })
    }

    /// Learns once through all sources, and tells of each as it is done; `count` may be read
    /// meanwhile. Dropped, it may be begun again: what was learned is kept.
    ///
    /// # Errors
    /// A source cannot be walked, after all the others; the ledger's failure. Another learns by
    /// hand on the same ledger.
    pub async fn learn(&self, count: &Count, tell: impl FnMut(&Learned)) -> Result<(), AppError> {
        match learn::by_hand(&self.world, self.age_max, count, tell).await? {
            Some(()) => Ok(()),
            None => Err(AppError("somebody else learns by hand on this ledger".into())),
        }
    }

    /// Lets go of what is still held, after a stop.
    pub async fn end(self) {
        self.world.shift.leases.let_go_of_all().await;
    }
}
