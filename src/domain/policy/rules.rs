//! Rules by source and path: the first that fits decides, and without one an erasure deletes. What
//! the services of a workspace keep is another matter unless a rule names their source.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::item::{Finding, Item, Kind, Version};
use crate::domain::policy::action::{Action, Otherwise};
use crate::domain::policy::declared::{Declaration, Declared, form};
use crate::domain::policy::pattern::Pattern;
use crate::domain::policy::resources::Whose;
use crate::domain::request::Request;

/// The rules that a plan is made by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// In the order of the configuration.
    pub rules: Vec<Rule>,
    /// What is declared to hold no person where it cannot be looked through.
    pub declarations: Vec<Declaration>,
}

/// What is done with what one pattern fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which sources; all where absent, but for resources of a workspace. A rule for everything is
    /// written with files in mind, and others work with a resource that names somebody.
    pub source: Option<Pattern>,
    /// Which names in them; all where absent. It fits the path in the container, or the container's
    /// name, a slash and that path: so it fits the same items however a source names them.
    pub path: Option<Pattern>,
    /// What an erasure does.
    pub action: Treatment,
    /// What it does with an item that names other people too; `action` where absent.
    pub shared: Option<Treatment>,
    /// What is done where redaction turns out to be impossible.
    pub otherwise: Otherwise,
    /// What goes with an item.
    pub unit: Unit,
    /// Why; for `keep` the legal reason. Stands in plans, events and certificates.
    pub reason: String,
}

/// What an erasure does with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// Remove it.
    Delete,
    /// Write it anew without the person.
    Redact,
    /// Leave it, for the rule's reason.
    Keep,
}

/// What an erasure takes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// The item alone.
    Item,
    /// Everything that belongs to the run that the item says the subject created.
    Run,
    /// The whole folder of the user, where it is the subject's. What is in the folder of anybody
    /// else is not removed: the subject is taken out of it.
    UserFolder,
}

/// What the policy says of one finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The one action.
    pub action: Action,
    /// Why, for people who look at the plan.
    pub why: String,
}

impl Policy {
    /// The one action for a finding of `request`.
    pub fn decide(&self, request: &Request, finding: &Finding) -> Verdict {
        if request.kind.is_export() {
            return Verdict { action: Action::Export, why: String::new() };
        }
        let fits = self.fitting(&finding.item);
        let theirs = finding.is_theirs_by_rights_alone();
        let Some((number, rule)) = fits else {
            if finding.item.kind == Kind::Thing {
                return by_default(request, finding);
            }
            let (treatment, otherwise, why) = match theirs {
                true => {
                    (Treatment::Redact, Otherwise::Leave, "no rule, and theirs by rights alone")
                }
                false => (Treatment::Delete, Otherwise::Delete, "no rule"),
            };
            return softened(request, treatment, otherwise, finding, why);
        };
        // What somebody uploaded is others' work as well.
        let others = finding.others || theirs;
        let why = rule.why(number, others);
        if rule.spares(finding) {
            // Whose folder it is is known once all was walked.
            let why = format!("{why}; in the folder of a user");
            return softened(request, Treatment::Redact, Otherwise::Leave, finding, &why);
        }
        let otherwise = if theirs { Otherwise::Leave } else { rule.otherwise };
        match rule.treatment(others) {
            Treatment::Keep => Verdict { action: Action::Keep(rule.reason.clone()), why },
            treatment @ (Treatment::Delete | Treatment::Redact) => {
                softened(request, treatment, otherwise, finding, &why)
            }
        }
    }

    /// The first rule that fits, and its number, counted from 1.
    pub fn fitting(&self, item: &Item) -> Option<(usize, &Rule)> {
        (1..).zip(&self.rules).find(|(_, rule)| rule.fits(item))
    }

    /// The first rule that may keep an item of this source which is no resource of a workspace, and
    /// its number: whether one is there that its path fits is not known.
    pub fn may_keep(&self, source: &str) -> Option<(usize, &Rule)> {
        let of_source = |rule: &Rule| rule.source.as_ref().is_none_or(|it| it.matches(source));
        // One without a path fits everything, and those behind it nothing.
        let mut decides = (1..)
            .zip(&self.rules)
            .filter(|(_, rule)| of_source(rule) && (rule.keeps() || rule.path.is_none()));
        decides.next().filter(|(_, rule)| rule.keeps())
    }

    /// Who declared that an item holds no person which could not be looked through for these
    /// reasons. Each of them has to be declared; who declared the first is told.
    pub fn declared(&self, item: &Item, reasons: &[String]) -> Option<&Declared> {
        let covering = |reason: &String| {
            let form = form(reason);
            self.declarations.iter().find(|each| each.covers(item, form))
        };
        let first = covering(reasons.first()?)?;
        reasons.iter().all(|reason| covering(reason).is_some()).then_some(&first.declared)
    }

    /// Whether it matters who else is named in an item.
    pub fn asks_who_else(&self) -> bool {
        self.rules.iter().any(|rule| rule.shared.is_some())
    }

    /// Whether anything takes a whole run along.
    pub fn takes_runs(&self) -> bool {
        self.rules.iter().any(|rule| rule.unit == Unit::Run)
    }

    /// Whether anything takes the whole folder of a user along.
    pub fn takes_folders(&self) -> bool {
        self.rules.iter().any(|rule| rule.unit == Unit::UserFolder)
    }

    /// What is done with an item that is in the subject's own folder, where a rule takes that along
    /// as a whole: treatment, reason and the number of the rule.
    pub fn in_own_folder(&self, item: &Item, others: bool) -> Option<(Treatment, &Rule, usize)> {
        item.layout().user_folder()?;
        let (number, rule) = self.fitting(item)?;
        (rule.unit == Unit::UserFolder).then(|| (rule.treatment(others), rule, number))
    }

    /// Whether an erasure of this finding takes its whole run along. What a service says of a run
    /// does, where no rule is about it.
    pub fn takes_the_run(&self, finding: &Finding) -> bool {
        match self.fitting(&finding.item) {
            Some((_, rule)) => rule.unit == Unit::Run,
            None => finding.item.kind == Kind::Thing,
        }
    }

    /// Hex SHA-256 over the rules: two plans with the same digest were made by the same policy.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let rules = self.rules.iter().flat_map(Rule::parts);
        for part in rules.chain(self.declarations.iter().flat_map(Declaration::parts)) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hex::encode(hash.finalize())
    }
}

/// What is done with a resource of a workspace that no rule is about.
fn by_default(request: &Request, finding: &Finding) -> Verdict {
    let whose = Whose::of(request.people(), finding);
    let treatment = match whose {
        Whose::OwnRun | Whose::Assigned => Treatment::Delete,
        Whose::RunOfOthers => Treatment::Redact,
        Whose::Shared => {
            let why = whose.why().to_owned();
            return Verdict { action: Action::Keep(why.clone()), why };
        }
    };
    softened(request, treatment, Otherwise::Leave, finding, whose.why())
}

/// A request may ask for redaction where the policy would delete. What cannot be redacted then
/// stays, whosever else it is: somebody wanted it to.
fn softened(
    request: &Request,
    treatment: Treatment,
    otherwise: Otherwise,
    finding: &Finding,
    why: &str,
) -> Verdict {
    let asked = request.options.redact;
    let (otherwise, why) = match treatment {
        Treatment::Delete | Treatment::Redact if asked => {
            (Otherwise::Leave, format!("{why}; redaction was asked for"))
        }
        Treatment::Redact => (otherwise, why.to_owned()),
        Treatment::Delete | Treatment::Keep => {
            return Verdict { action: Action::Delete, why: why.to_owned() };
        }
    };
    let item = &finding.item;
    let is_of_a_run = item.kind == Kind::Thing && item.layout().run_document().is_some();
    if item.kind != Kind::Bytes && !is_of_a_run && otherwise == Otherwise::Delete {
        let why = format!("{why}; of its kind nothing can be redacted");
        return Verdict { action: Action::Delete, why };
    }
    if finding.item.version != Version::Current {
        // A source cannot write its own past anew.
        let why = format!("{why}; an older copy cannot be redacted");
        return Verdict { action: Action::Delete, why };
    }
    if otherwise == Otherwise::Delete && finding.names_the_subject() {
        let why = format!("{why}; its name speaks of the person and cannot be redacted");
        return Verdict { action: Action::Delete, why };
    }
    Verdict { action: Action::Redact(otherwise), why }
}

impl Rule {
    fn fits(&self, item: &Item) -> bool {
        let of_source = match &self.source {
            Some(pattern) => pattern.matches(&item.source),
            None => item.kind != Kind::Thing,
        };
        of_source && self.path.as_ref().is_none_or(|pattern| pattern.fits(item))
    }

    fn keeps(&self) -> bool {
        self.action == Treatment::Keep || self.shared == Some(Treatment::Keep)
    }

    /// Whether it removes folders, and what is found may be in somebody else's.
    fn spares(&self, finding: &Finding) -> bool {
        self.unit == Unit::UserFolder
            && self.treatment(finding.others) == Treatment::Delete
            && finding.item.layout().user_folder().is_some()
    }

    fn treatment(&self, others: bool) -> Treatment {
        self.shared.filter(|_| others).unwrap_or(self.action)
    }

    fn why(&self, number: usize, others: bool) -> String {
        let shared = if others && self.shared.is_some() { ", names others too" } else { "" };
        match self.reason.as_str() {
            "" => format!("rule {number}{shared}"),
            reason => format!("rule {number}{shared}: {reason}"),
        }
    }

    fn parts(&self) -> [String; 7] {
        let pattern = |pattern: &Option<Pattern>| {
            pattern.as_ref().map_or(String::new(), |pattern| pattern.as_str().to_owned())
        };
        [
            pattern(&self.source),
            pattern(&self.path),
            self.action.word().to_owned(),
            self.shared.map_or("", Treatment::word).to_owned(),
            self.otherwise.word().to_owned(),
            self.unit.word().to_owned(),
            self.reason.clone(),
        ]
    }
}

impl Treatment {
    /// The treatment of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Delete, Self::Redact, Self::Keep].into_iter().find(|each| each.word() == word)
    }

    /// The word in settings and requests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Redact => "redact",
            Self::Keep => "keep",
        }
    }
}

impl Unit {
    /// The unit of that word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Item, Self::Run, Self::UserFolder];
        all.into_iter().find(|each| each.word() == word)
    }

    /// The word in settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Run => "run",
            Self::UserFolder => "user_folder",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::asked::subject::Subject;
    use crate::domain::item::{Hit, NAME_VIEW};
    use crate::domain::layout::Container;
    use crate::domain::request::{Asked, Options, RequestId, RequestKind};

    fn request(kind: RequestKind, redact: bool) -> Request {
        Request {
            id: RequestId::new("r-1").unwrap(),
            kind,
            regulation: "gdpr".into(),
            submitted: jiff::Timestamp::UNIX_EPOCH,
            asked: Asked::Person(Subject::default()),
            callbacks: Vec::new(),
            options: Options { redact, ..Options::default() },
        }
    }

    fn finding(name: &str, view: &str, version: Version, others: bool) -> Finding {
        let item = Item::bare("runs", name, version);
        let hit = Hit { identity: 0, view: view.into(), place: String::new() };
        Finding { item, hits: vec![hit], digest: None, others }
    }

    fn rule(path: &str, action: Treatment, shared: Option<Treatment>) -> Rule {
        Rule {
            source: Some(Pattern::new("r*").unwrap()),
            path: Some(Pattern::new(path).unwrap()),
            action,
            shared,
            otherwise: Otherwise::Delete,
            unit: Unit::Item,
            reason: path.into(),
        }
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        use Otherwise::{Delete as OrDelete, Leave};
        use Treatment::{Delete, Keep, Redact};
        use Version::{Current, Previous};
        let policy = Policy {
            rules: vec![
                rule("tax/**", Keep, None),
                rule("logs/**", Redact, None),
                rule("shared/**", Delete, Some(Redact)),
                rule("shared/**", Keep, None),
            ],
            ..Policy::default()
        };
        let keep = || Action::Keep("tax/**".into());
        let old = || Previous("1".into());
        let table = [
            // name, view, version, others, redaction asked for, action
            ("tax/a", "text", Current, false, false, keep()),
            ("tax/a", "text", Current, true, true, keep()),
            ("logs/a", "text", Current, false, false, Action::Redact(OrDelete)),
            ("logs/a", "text", old(), false, false, Action::Delete),
            ("logs/ann", NAME_VIEW, Current, false, false, Action::Delete),
            ("logs/ann", NAME_VIEW, Current, false, true, Action::Redact(Leave)),
            ("logs/a", "text", Current, true, true, Action::Redact(Leave)),
            ("shared/a", "text", Current, true, true, Action::Redact(Leave)),
            ("shared/a", "text", Current, false, false, Action::Delete),
            ("shared/a", "text", Current, true, false, Action::Redact(OrDelete)),
            ("shared/a", "text", Current, false, true, Action::Redact(Leave)),
            ("shared/ann", NAME_VIEW, Current, false, true, Action::Redact(Leave)),
            ("other", "text", Current, true, false, Action::Delete),
            ("other", "text", Current, true, true, Action::Redact(Leave)),
            ("other", "text", old(), true, true, Action::Delete),
        ];
        for (name, view, version, others, asked, action) in table {
            let finding = finding(name, view, version, others);
            let decided = policy.decide(&request(RequestKind::Erasure, asked), &finding);
            assert_eq!(decided.action, action, "{name} {view} {others} {asked}");
            assert!(!decided.why.is_empty());
            let exported = policy.decide(&request(RequestKind::Access, asked), &finding);
            assert_eq!(exported.action, Action::Export);
        }
    }

    /// Whoever uploaded something owns it in some stores.
    #[test]
    fn what_is_somebodys_by_rights_alone_is_not_removed_as_if_it_spoke_of_nobody_else() {
        let table = [
            (Some(Treatment::Redact), "Owner", Action::Redact(Otherwise::Leave)),
            (Some(Treatment::Redact), "Acl", Action::Redact(Otherwise::Leave)),
            (Some(Treatment::Redact), "Content-Type", Action::Delete),
            (Some(Treatment::Keep), "Group", Action::Keep("**".into())),
            // Somebody wants it so.
            (None, "Owner", Action::Delete),
        ];
        for (shared, place, action) in table {
            let rules = vec![rule("**", Treatment::Delete, shared)];
            let policy = Policy { rules, ..Policy::default() };
            let mut finding = finding("a.csv", "properties", Version::Current, false);
            finding.hits[0].place = place.into();
            let decided = policy.decide(&request(RequestKind::Erasure, false), &finding);
            assert_eq!(decided.action, action, "{shared:?} {place}");
        }
    }

    /// Others may work with it: a rule for everything is no rule for that.
    #[test]
    fn a_resource_is_another_matter_unless_a_rule_names_its_source() {
        use Otherwise::{Delete as OrDelete, Leave};
        let everything = Rule { source: None, path: None, ..rule("", Treatment::Delete, None) };
        let its_own = |path: &str, action| {
            let source = Some(Pattern::new("runs").unwrap());
            Rule { source, ..rule(path, action, None) }
        };
        let thing = |name: &str, place: &str| {
            let mut finding = finding(name, "json", Version::Current, true);
            finding.hits[0].place = place.into();
            finding.item.kind = Kind::Thing;
            finding.item.container = Container::Resources;
            finding
        };
        let decided = |rules: &[Rule], finding: &Finding, asked| {
            let policy = Policy { rules: rules.to_vec(), ..Policy::default() };
            policy.decide(&request(RequestKind::Erasure, asked), finding).action
        };
        let of_others = thing("run/r1", "/properties/tags/owner");
        let own = thing("run/r1", "/systemData/createdBy");
        let model = thing("model/m", "/systemData/createdBy");
        for rules in [vec![], vec![everything.clone()]] {
            for asked in [false, true] {
                assert!(matches!(decided(&rules, &model, asked), Action::Keep(_)));
                assert_eq!(decided(&rules, &of_others, asked), Action::Redact(Leave));
            }
            assert_eq!(decided(&rules, &own, false), Action::Delete);
            assert_eq!(decided(&rules, &own, true), Action::Redact(Leave));
        }
        let rules = [everything, its_own("compute/**", Treatment::Delete)];
        assert!(matches!(decided(&rules, &model, false), Action::Keep(_)));
        assert_eq!(decided(&rules, &thing("compute/c", ""), false), Action::Delete);
        let blob = finding("model/m", "json", Version::Current, true);
        assert_eq!(decided(&rules, &blob, false), Action::Delete);
        let rules = [its_own("**", Treatment::Redact)];
        assert_eq!(decided(&rules, &own, false), Action::Redact(OrDelete), "a run can be written");
        assert_eq!(decided(&rules, &model, false), Action::Delete);
        let rules = [its_own("**", Treatment::Keep)];
        assert!(matches!(decided(&rules, &own, true), Action::Keep(_)));
    }

    #[test]
    fn a_path_fits_however_a_source_names_the_container() {
        let item = |name: &str, container| Item {
            container,
            ..Item::bare("runs", name, Version::Current)
        };
        let named = || Container::Named("azureml".into());
        let table = [
            ("ComputeRecord/**", "ComputeRecord/a", Container::Unknown, true),
            ("ComputeRecord/**", "ComputeRecord/a", named(), true),
            ("ComputeRecord/**", "azureml/ComputeRecord/a", Container::Leading, true),
            ("azureml/ComputeRecord/**", "ComputeRecord/a", named(), true),
            ("azureml/ComputeRecord/**", "azureml/ComputeRecord/a", Container::Leading, true),
            ("azureml/ComputeRecord/**", "ComputeRecord/a", Container::Unknown, false),
            ("ComputeRecord/**", "azureml/ComputeRecord/a", named(), false),
            ("azureml-*/**", "azureml/ComputeRecord/a", Container::Leading, false),
            ("*", "azureml/a", Container::Leading, true),
            ("*", "azureml/a/b", Container::Leading, false),
        ];
        for (path, name, container, expected) in table {
            let fits = rule(path, Treatment::Delete, None).fits(&item(name, container.clone()));
            assert_eq!(fits, expected, "{path} {name} {container:?}");
        }
    }

    #[test]
    fn a_rule_may_keep_what_no_rule_before_it_takes() {
        use Treatment::{Delete, Keep, Redact};
        let all = |action, shared| Rule { path: None, ..rule("", action, shared) };
        let any = |rule: Rule| Rule { source: None, ..rule };
        let table = [
            (vec![], None),
            (vec![rule("tax/**", Keep, None)], Some(1)),
            (vec![any(rule("tax/**", Keep, None))], Some(1)),
            (vec![any(all(Keep, None))], Some(1)),
            (vec![all(Delete, Some(Keep))], Some(1)),
            (vec![rule("logs/**", Delete, None), rule("tax/**", Keep, None)], Some(2)),
            (vec![all(Delete, Some(Redact)), rule("tax/**", Keep, None)], None),
            (vec![any(all(Redact, None)), rule("tax/**", Keep, None)], None),
            (vec![rule("tax/**", Redact, None)], None),
        ];
        for (rules, expected) in table {
            let policy = Policy { rules, ..Policy::default() };
            let found = policy.may_keep("runs").map(|(number, _)| number);
            assert_eq!(found, expected, "{:?}", policy.rules);
        }
        // A rule of another source is none of this one's, whatever it says.
        let rules = vec![all(Delete, None), all(Keep, None)];
        assert!(Policy { rules, ..Policy::default() }.may_keep("shares").is_none());
        let other = Rule { source: Some(Pattern::new("shares").unwrap()), ..all(Delete, None) };
        let rules = vec![other, all(Keep, None)];
        let policy = Policy { rules, ..Policy::default() };
        assert_eq!(policy.may_keep("runs").map(|(number, _)| number), Some(2));
        assert!(policy.may_keep("shares").is_none());
    }

    #[test]
    fn every_part_of_a_rule_counts_in_the_digest() {
        let plain = || rule("a", Treatment::Redact, Some(Treatment::Keep));
        let changed = [
            Rule { source: None, ..plain() },
            Rule { path: None, ..plain() },
            Rule { action: Treatment::Delete, ..plain() },
            Rule { shared: None, ..plain() },
            Rule { otherwise: Otherwise::Leave, ..plain() },
            Rule { unit: Unit::Run, ..plain() },
            Rule { reason: String::new(), ..plain() },
        ];
        let digest = |rule| Policy { rules: vec![rule], ..Policy::default() }.digest();
        for rule in changed {
            assert_ne!(digest(rule.clone()), digest(plain()), "{rule:?}");
        }
    }
}
