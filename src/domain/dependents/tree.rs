//! The plan of a workspace with all that depends on it, as a tree for people: each part stands
//! below what it is a part of.

use crate::domain::dependents::dependent::{self, RECOVERABLE_DAYS, RECOVERABLE_UNTIL};
use crate::domain::item::Item;
use crate::domain::plan::Planned;

/// A line of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// What leads to it from the line above that it is a part of.
    pub lead: String,
    /// What is done with it.
    pub action: &'static str,
    /// What it is called.
    pub name: String,
    /// Why that is done.
    pub why: String,
    /// For how long it can be had back, or nothing.
    pub recoverable: String,
}

/// Whether an item stands in such a tree.
pub fn is_in_one(item: &Item) -> bool {
    item.name.starts_with("workspace/") || dependent::is_one(&item.name)
}

/// The lines, from the workspace down.
pub fn tree(planned: &[Planned]) -> Vec<Branch> {
    let parent_of = |planned: &Planned| dependent::parent(&planned.finding.item).map(str::to_owned);
    let is_known = |name: &str| planned.iter().any(|other| other.finding.item.name == name);
    let is_root = |planned: &&Planned| parent_of(planned).is_none_or(|name| !is_known(&name));
    let mut lines = Vec::new();
    let mut left: Vec<(usize, &Planned)> =
        planned.iter().filter(is_root).map(|root| (0, root)).collect();
    left.reverse();
    // Ends: each is taken out once, and nothing is a part of two.
    while let Some((depth, one)) = left.pop() {
        if lines.len() >= planned.len() {
            break;
        }
        lines.push(branch(depth, one));
        let name = &one.finding.item.name;
        let parts = planned.iter().filter(|part| parent_of(part).as_ref() == Some(name));
        left.extend(parts.rev().map(|part| (depth + 1, part)));
    }
    lines
}

fn branch(depth: usize, planned: &Planned) -> Branch {
    let Planned { finding, action, why, .. } = planned;
    let lead = match depth {
        0 => String::new(),
        depth => format!("{}└─ ", "   ".repeat(depth - 1)),
    };
    let properties = &finding.item.properties;
    let days = properties.get(RECOVERABLE_DAYS).map(|days| format!("{days} days"));
    let until = properties.get(RECOVERABLE_UNTIL).map(|until| format!("until {until}"));
    let goes = action.word().word() == "delete";
    let recoverable = until.or(days).filter(|_| goes).unwrap_or_default();
    let (action, name) = (action.word().word(), finding.item.name.clone());
    Branch { lead, action, name, why: why.clone(), recoverable }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::dependents::dependent::PARENT;
    use crate::domain::item::{Finding, Version};
    use crate::domain::policy::action::Action;

    #[test]
    fn each_stands_below_what_it_is_a_part_of() {
        let planned = |name: &str, parent: &str| {
            let mut item = Item::bare("ws", name, Version::Current);
            if !parent.is_empty() {
                item.properties.insert(PARENT.to_owned(), parent.to_owned());
            }
            item.properties.insert(RECOVERABLE_DAYS.to_owned(), "14".to_owned());
            let finding = Finding { item, hits: Vec::new(), digest: None, others: false };
            Planned { finding, action: Action::Delete, why: String::new(), waits_for: 0 }
        };
        let plan = [
            planned("storage_container/s/g/a/c", "storage_account/s/g/a"),
            planned("storage_account/s/g/a", "workspace/w"),
            planned("key_vault/s/g/v", "workspace/w"),
            planned("dependents/x", "nowhere"),
            planned("workspace/w", ""),
        ];
        let lines: Vec<String> =
            tree(&plan).iter().map(|it| format!("{}{}", it.lead, it.name)).collect();
        assert_eq!(
            lines,
            [
                "dependents/x",
                "workspace/w",
                "└─ storage_account/s/g/a",
                "   └─ storage_container/s/g/a/c",
                "└─ key_vault/s/g/v",
            ]
        );
        assert_eq!(tree(&plan)[0].recoverable, "14 days");
        // Nobody is a part of itself, whatever is said.
        assert_eq!(tree(&[planned("a", "b"), planned("b", "a")]), []);
    }
}
