//! What the addresses look at, and which parts of it were not ready when they were asked last.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Mutex as AsyncMutex;
use tracing::{info, warn};

use crate::adapters::http::operators::desk::Desk;
use crate::adapters::http::pages::overview::Overview;
use crate::adapters::http::readiness::Readiness;
use crate::ports::exports::Exports;
use crate::ports::ledger::Ledger;
use crate::ports::messages::announcer::Announcer;
use crate::ports::messages::inbox::Inbox;
use crate::ports::plans::HeldPlans;
use crate::ports::sources::Source;
use crate::ports::system::Clock;
use crate::telemetry::metrics::Metrics;

/// What the addresses look at.
pub struct Site {
    /// Asked for requests, and whether it can be written.
    pub ledger: Arc<dyn Ledger>,
    /// Asked whether it can be reached.
    pub inbox: Arc<dyn Inbox>,
    /// Asked whether it would take an event.
    pub announcer: Arc<dyn Announcer>,
    /// Asked whether it can be written.
    pub exports: Arc<dyn Exports>,
    /// Each asked whether it can be reached.
    pub sources: Vec<Arc<dyn Source>>,
    /// Asked what would become of workspaces that wait for a person.
    pub plans: Arc<dyn HeldPlans>,
    /// Tells what is overdue, and when to give up waiting.
    pub clock: Arc<dyn Clock>,
    /// Shown as they are.
    pub metrics: Arc<Metrics>,
    /// Where decisions are taken; `None` where nobody may.
    pub desk: Option<Desk>,
    /// What was found when somebody asked last.
    pub lately: Lately,
}

/// What was found when somebody asked last.
#[derive(Default)]
pub struct Lately {
    /// What was not ready.
    pub down: Down,
    /// What everything outside answered, once it was asked.
    answers: Mutex<Option<Arc<Readiness>>>,
    /// All requests in short.
    pub shown: AsyncMutex<Option<Arc<Overview>>>,
}

impl Site {
    /// What everything outside answered last, if it was asked.
    pub fn last(&self) -> Option<Arc<Readiness>> {
        self.lately.answers.lock().expect("nobody panics with the answers in hand").clone()
    }

    /// Keeps what everything outside has answered.
    pub fn keep(&self, answers: Arc<Readiness>) {
        let last = &self.lately.answers;
        *last.lock().expect("nobody panics with the answers in hand") = Some(answers);
    }
}

/// The parts that were not ready when they were asked last, and why: each change is logged once.
#[derive(Default)]
pub struct Down(Mutex<BTreeMap<String, String>>);

impl Down {
    /// Which they are.
    pub fn parts(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics with the parts in hand").keys().cloned().collect()
    }

    /// Notes the answer of a part: why it is not ready, if it is not.
    pub fn note(&self, part: &str, reason: Option<&str>) {
        let mut down = self.0.lock().expect("nobody panics with the parts in hand");
        let Some(reason) = reason else {
            if down.remove(part).is_some() {
                info!(part, "ready again");
            }
            return;
        };
        if down.get(part).is_none_or(|known| known != reason) {
            down.insert(part.to_owned(), reason.to_owned());
            warn!(part, reason, "not ready");
        }
    }
}
