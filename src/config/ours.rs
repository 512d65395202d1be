//! What of ours may lie in what a workspace depends on, as the settings tell: the archives, and
//! what sources hold under rules that keep.

use crate::config::settings::{Location, Settings};
use crate::domain::dependents::dependent::Stay;
use crate::domain::dependents::ours::{Claim, Ground, Ours};

/// Why something stays that holds archives.
const ARCHIVES: &str = "archives and certificates are kept there";

impl Settings {
    /// The same, in which workspaces make no sources by themselves: for who asks nobody.
    #[must_use]
    pub fn without_storage(&self) -> Self {
        let mut settings = self.clone();
        settings.workspaces.iter_mut().for_each(|workspace| workspace.brings_storage = false);
        settings
    }

    /// All of it.
    pub fn ours(&self) -> Ours {
        let archives = match &self.exports.place {
            Location::Blob(blob) => Some(Ground::Archives(blob.url.clone())),
            Location::Folder(_) | Location::Share(_) | Location::Lake(_) => None,
        };
        let archives = archives.map(|ground| Claim {
            ground,
            stay: Stay { reason: ARCHIVES.into(), why: format!("{ARCHIVES} ([exports])") },
        });
        let stores = self.sources.iter().filter_map(|store| match &store.place {
            Location::Blob(blob) | Location::Share(blob) | Location::Lake(blob) => {
                Some((&store.name, Ground::Container(blob.url.clone())))
            }
            Location::Folder(_) => None,
        });
        let telemetry = self.telemetry.iter();
        let telemetry = telemetry.map(|it| (&it.name, Ground::Telemetry(it.of.id().to_owned())));
        let kept = stores.chain(telemetry).filter_map(|(source, ground)| {
            let (number, rule) = self.mandate.policy.may_keep(source)?;
            let why = format!("rule {number} may keep what {source} has there: {}", rule.reason);
            Some(Claim { ground, stay: Stay { reason: rule.reason.clone().into(), why } })
        });
        Ours { claims: archives.into_iter().chain(kept).collect() }
    }
}
