//! The forms of one name, planned together. Pure.
//!
//! Where the store removes no current form without its snapshots, these go too, whomever they speak
//! of. That is planned, so that it is shown before it is done and told after. A listing shows the
//! forms of a name one after the other.

use crate::domain::item::{Item, Version};
use crate::domain::plan::Planned;
use crate::domain::policy::action::Action;
use crate::domain::policy::action::Otherwise;
use crate::stages::plan::finding::silent;

/// The forms of the name that is being listed.
#[derive(Default)]
pub struct Forms {
    name: Option<(String, String)>,
    forms: Vec<(Item, Option<Planned>)>,
}

const WHY: &str = "goes with its current form, which is removed with all its snapshots";

impl Forms {
    /// Takes the next item of a listing with what is planned for it; gives the plan for the forms
    /// of the name before it, once there is another.
    pub fn add(&mut self, item: &Item, planned: Option<Planned>) -> Vec<Planned> {
        let is_same =
            |(source, name): &(String, String)| *source == item.source && *name == item.name;
        let before = if self.name.as_ref().is_some_and(is_same) { Vec::new() } else { self.end() };
        let is_snapshot = matches!(item.version, Version::Snapshot(_));
        if planned.is_some() || is_snapshot {
            self.name = Some((item.source.clone(), item.name.clone()));
            self.forms.push((item.clone(), planned));
        }
        before
    }

    /// The plan for the forms of the last name: what goes by itself, then the current form, and
    /// then what goes along with that.
    pub fn end(&mut self) -> Vec<Planned> {
        self.name = None;
        let forms = std::mem::take(&mut self.forms);
        let action = |is: fn(&Action) -> bool| {
            forms.iter().any(|(item, planned)| {
                item.version == Version::Current && planned.as_ref().is_some_and(|p| is(&p.action))
            })
        };
        let goes = action(|action| matches!(action, Action::Delete));
        let may_go = goes || action(|action| matches!(action, Action::Redact(Otherwise::Delete)));
        if !may_go {
            return forms.into_iter().filter_map(|(_, planned)| planned).collect();
        }
        let mut ordered = Vec::new();
        for (item, planned) in forms {
            let is_snapshot = matches!(item.version, Version::Snapshot(_));
            let goes_along = match planned.as_ref().map(|planned| &planned.action) {
                None | Some(Action::List(_) | Action::Declare { .. } | Action::Along) => true,
                Some(Action::Keep(_) | Action::Redact(Otherwise::Leave)) => goes,
                Some(
                    Action::Delete
                    | Action::Redact(Otherwise::Delete)
                    | Action::PutAside(_)
                    | Action::Export,
                ) => false,
            };
            let place = u8::from(item.version == Version::Current);
            match planned {
                planned if is_snapshot && goes_along => {
                    let finding = planned.map_or_else(|| silent(item), |planned| planned.finding);
                    ordered.push((
                        2,
                        Planned { finding, action: Action::Along, why: WHY.into(), waits_for: 0 },
                    ));
                }
                Some(planned) => ordered.push((place, planned)),
                None => {}
            }
        }
        ordered.sort_by_key(|(place, _)| *place);
        ordered.into_iter().map(|(_, planned)| planned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(name: &str, version: Version, action: Option<Action>) -> (Item, Option<Planned>) {
        let item = Item::bare("blobs", name, version);
        let planned = action.map(|action| Planned {
            finding: silent(item.clone()),
            action,
            why: String::new(),
            waits_for: 0,
        });
        (item, planned)
    }

    fn words(listing: Vec<(Item, Option<Planned>)>) -> Vec<(&'static str, &'static str)> {
        let mut forms = Forms::default();
        let mut plan: Vec<Planned> =
            listing.into_iter().flat_map(|(item, planned)| forms.add(&item, planned)).collect();
        plan.extend(forms.end());
        plan.iter()
            .map(|planned| (planned.finding.item.version.parts().0, planned.action.word().word()))
            .collect()
    }

    #[test]
    fn snapshots_go_with_a_current_form_that_goes() {
        let snapshot = |id: &str| Version::Snapshot(id.to_owned());
        let list = || Some(Action::List("archived".into()));
        let keep = || Some(Action::Keep("law".into()));
        for is_reversed in [false, true] {
            let of = |current: Option<Action>| {
                let mut forms = vec![
                    form("a", snapshot("1"), None),
                    form("a", snapshot("2"), Some(Action::Delete)),
                    form("a", snapshot("3"), list()),
                    form("a", snapshot("4"), keep()),
                    form("a", Version::Previous("5".into()), None),
                    form("a", Version::Current, current),
                ];
                if is_reversed {
                    forms.reverse();
                }
                // Of another name.
                forms.push(form("b", snapshot("1"), None));
                let mut words = words(forms);
                words[..].sort_by_key(|(_, word)| *word == "along");
                words
            };
            let deleted = of(Some(Action::Delete));
            assert_eq!(deleted[..2], [("snapshot", "delete"), ("current", "delete")]);
            assert_eq!(deleted[2..], [("snapshot", "along"); 3]);
            let rewritten = of(Some(Action::Redact(Otherwise::Delete)));
            assert_eq!(rewritten.iter().filter(|(_, word)| *word == "along").count(), 2);
            assert_eq!(rewritten.iter().filter(|(_, word)| *word == "keep").count(), 1);
            for stays in [None, keep(), list(), Some(Action::Redact(Otherwise::Leave))] {
                let stays = of(stays);
                assert!(stays.iter().all(|(_, word)| *word != "along"), "{stays:?}");
                assert!(stays.iter().any(|(_, word)| *word == "list"), "{stays:?}");
            }
        }
    }
}
