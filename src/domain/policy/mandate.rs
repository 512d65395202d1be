//! All that the operator decided of what the daemon does, for whom, and how far it may go.

use jiff::SignedDuration;

use crate::domain::callbacks::rule::CallbackRule;
use crate::domain::policy::guard::Guard;
use crate::domain::policy::keeping::Keeping;
use crate::domain::policy::limits::Limits;
use crate::domain::policy::rules::Policy;
use crate::domain::regulation::due::Calendar;
use crate::domain::request::Controller;

/// What the daemon is to do, and to keep to.
#[derive(Clone, Debug)]
pub struct Mandate {
    /// Who is responsible for the data, as people are told: of `[deployment]`.
    pub controller: Controller,
    /// What becomes of what is found: `[[policy]]`, `[[declared]]`.
    pub policy: Policy,
    /// Which plans a person must see first: `[guard]`.
    pub guard: Guard,
    /// How due dates are counted: `[due]`.
    pub calendar: Calendar,
    /// Whom callbacks may go to: of `[callbacks]`.
    pub callbacks: CallbackRule,
    /// What nothing goes beyond: `[limits]`.
    pub limits: Limits,
    /// How long what a request leaves behind is kept.
    pub keeping: Keeping,
    /// How long what a sweep learned of an item is relied on at most: of `[catalogue]`. None where
    /// every sweep reads everything.
    pub catalogue_age_max: Option<SignedDuration>,
}
