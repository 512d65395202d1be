//! All that goes along with what was found: what belongs to runs, and what is in folders.

use crate::domain::failure::Failure;
use crate::domain::outcome::ItemOutcome;
use crate::domain::plan::Planned;
use crate::domain::policy::rules::Policy;
use crate::domain::request::Request;
use crate::stages::homes::folders::{Folders, Look};
use crate::stages::homes::whose::Around;
use crate::stages::plan::known::More;
use crate::stages::plan::runs::Company;

/// What was planned for a request so far, as far as something may go along with it.
#[derive(Default)]
pub struct Along {
    company: Company,
    folders: Folders,
}

impl Along {
    /// Whether anything can go along with what is found for a request, or not go because of it.
    pub fn matters(policy: &Policy, around: Around<'_>, request: &Request) -> bool {
        let of_runs = !request.kind.is_export() && Company::matters(policy, around.sources);
        of_runs || Folders::matter(policy, around, request)
    }

    /// Takes note of a line of the plan.
    pub fn note(
        &mut self,
        policy: &Policy,
        ordinal: u64,
        planned: &Planned,
        outcome: Option<&ItemOutcome>,
    ) {
        self.company.note(policy, ordinal, planned, outcome);
        self.folders.note(policy, ordinal, planned, outcome);
    }

    /// What goes along beyond what is planned, and what does not go because it would take along
    /// what stays.
    ///
    /// # Errors
    /// A source cannot be listed, read or asked; or somebody else cannot who may know people.
    pub async fn more(
        &self,
        look: Look,
        around: Around<'_>,
        policy: &Policy,
        request: &Request,
    ) -> Result<More, Failure> {
        let mut more = match request.kind.is_export() {
            true => More::default(),
            false => self.company.more(around.sources, policy, request).await?,
        };
        let known = self.company.known();
        let More { new, amended } = self.folders.more(look, known, around, policy, request).await?;
        more.new.extend(new);
        more.amended.extend(amended);
        Ok(more)
    }
}
