//! Whose a resource of a workspace is, for where no rule names its source.
//!
//! What is one person's goes, what others may use stays, and of a run of somebody else the person
//! is taken out.

use crate::domain::asked::subject::{IdentityType, Subject};
use crate::domain::item::{Finding, Hit};
use crate::domain::policy::runs::say_created;

/// Where a compute's document says to whom it is assigned.
const ASSIGNED: &str = "/properties/properties/personalComputeInstanceSettings/assignedUser";

/// Whose a resource is that speaks of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The person's run: it goes.
    OwnRun,
    /// The person's by assignment: it goes.
    Assigned,
    /// A run of somebody else: the person is taken out.
    RunOfOthers,
    /// Registered for all who may use it: it stays.
    Shared,
}

impl Whose {
    /// That of what was found of these people. Others may have a name too: where they say more than
    /// names, a name alone makes no run theirs. What its documents say together is asked later.
    pub fn of(people: &[Subject], finding: &Finding) -> Self {
        let layout = finding.item.layout();
        if layout.run_document().is_some() {
            let identities = || people.iter().flat_map(|person| &person.identities);
            let is_named_alone = identities().all(|identity| is_name(identity.kind));
            let is_sure = |hit: &&Hit| {
                let identity = identities().nth(hit.identity);
                is_named_alone || identity.is_none_or(|identity| !is_name(identity.kind))
            };
            let is_hers = say_created(finding.hits.iter().filter(is_sure));
            return if is_hers { Self::OwnRun } else { Self::RunOfOthers };
        }
        let is_assigned = layout.is_compute() && finding.hits.iter().any(is_assigned);
        if is_assigned { Self::Assigned } else { Self::Shared }
    }

    /// Why that is done with it which is: a reason that says nothing of whom it is about.
    pub fn why(self) -> &'static str {
        match self {
            Self::OwnRun => "a run that the person created; no rule names its source",
            Self::RunOfOthers => {
                "a run of somebody else that names the person; no rule names its source"
            }
            Self::Assigned => "a compute that is assigned to the person; no rule names its source",
            Self::Shared => "others may use it, and no rule names its source",
        }
    }
}

/// Whether several people may have it.
fn is_name(kind: IdentityType) -> bool {
    match kind {
        IdentityType::Name | IdentityType::Username => true,
        IdentityType::Email
        | IdentityType::Upn
        | IdentityType::ObjectId
        | IdentityType::Puid
        | IdentityType::ControllerCustomerId => false,
    }
}

fn is_assigned(hit: &Hit) -> bool {
    let rest = hit.place.strip_prefix(ASSIGNED);
    hit.view == "json" && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::asked::subject::{Identity, IdentityFormat};
    use crate::domain::item::{Item, Kind, NAME_VIEW, Version};
    use crate::domain::layout::Container;

    #[test]
    fn what_is_one_persons_goes_and_what_others_use_stays() {
        use Whose::{Assigned, OwnRun, RunOfOthers, Shared};
        let assigned = format!("{ASSIGNED}/objectId");
        let nearly = format!("{ASSIGNED}s/objectId");
        let table = [
            ("run/r1", "json", "/systemData/createdBy", OwnRun),
            ("run/r1/history", "json", "/createdBy/userObjectId", OwnRun),
            ("run/r1/history", "json", "/userId", OwnRun),
            ("run/r1", "json", "/properties/tags/owner", RunOfOthers),
            ("run/r1", "json", "/systemData/lastModifiedBy", RunOfOthers),
            ("run/r1/history", "json", "/lastModifiedBy/upn", RunOfOthers),
            ("run/ann-1", NAME_VIEW, "", RunOfOthers),
            ("run/r1/metrics", "json", "/createdBy", Shared),
            ("compute/c", "json", assigned.as_str(), Assigned),
            ("compute/c", "json", nearly.as_str(), Shared),
            ("compute/c", "text", assigned.as_str(), Shared),
            ("compute/c", "json", "/properties/properties/createdBy/userId", Shared),
            ("model/m/1", "json", assigned.as_str(), Shared),
            ("model/m/1", "json", "/systemData/createdBy", Shared),
            ("dataset/d/1", "json", "/systemData/createdBy", Shared),
            ("environment/e/1", "json", "/systemData/createdBy", Shared),
            ("component/c/1", "json", "/systemData/createdBy", Shared),
            ("online_endpoint/e", "json", "/systemData/createdBy", Shared),
            ("batch_endpoint/e", "json", "/systemData/createdBy", Shared),
            ("schedule/s", "json", "/systemData/createdBy", Shared),
            ("datastore/d", "json", "/systemData/createdBy", Shared),
            ("connection/c", "json", "/systemData/createdBy", Shared),
            ("experiment/e", "json", "/createdBy", Shared),
            ("web_service/w", "json", "/createdBy/userObjectId", Shared),
            ("registered_dataset/d", "json", "/createdBy/userObjectId", Shared),
        ];
        for (name, view, place, expected) in table {
            let item = Item {
                kind: Kind::Thing,
                container: Container::Resources,
                ..Item::bare("ws", name, Version::Current)
            };
            let hit = Hit { identity: 0, view: view.into(), place: place.into() };
            let other = Hit { identity: 1, view: "json".into(), place: "/tags/a".into() };
            let finding = Finding { item, hits: vec![other, hit], digest: None, others: false };
            let whose = Whose::of(&[], &finding);
            assert_eq!(whose, expected, "{name} {place}");
            assert!(!whose.why().is_empty());
        }
    }

    #[test]
    fn a_name_that_others_may_have_makes_no_run_the_persons() {
        let raw = |kind| Identity::new(kind, IdentityFormat::Raw, "x".to_owned());
        let person = |kinds: &[IdentityType]| {
            vec![Subject { identities: kinds.iter().copied().map(raw).collect() }]
        };
        let created = |identity| {
            let item = Item {
                kind: Kind::Thing,
                container: Container::Resources,
                ..Item::bare("ws", "run/r1/history", Version::Current)
            };
            let hit = Hit { identity, view: "json".into(), place: "/createdBy/userName".into() };
            Finding { item, hits: vec![hit], digest: None, others: false }
        };
        let (name, id) = (IdentityType::Name, IdentityType::ObjectId);
        assert_eq!(Whose::of(&person(&[name]), &created(0)), Whose::OwnRun);
        assert_eq!(Whose::of(&person(&[name, id]), &created(0)), Whose::RunOfOthers);
        assert_eq!(Whose::of(&person(&[name, id]), &created(1)), Whose::OwnRun);
    }
}
