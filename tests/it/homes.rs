//! Folders of users: whose they are, what goes along with a request because it is in one, and what
//! stays of others, and of folders that are in doubt.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use dsrd::adapters::aliases::AliasTable;
use dsrd::adapters::memory::sources::store::MemorySource;
use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use dsrd::domain::failure::Failure;
use dsrd::domain::homes::claim::Claim;
use dsrd::domain::layout::Container;
use dsrd::domain::policy::pattern::Pattern;
use dsrd::domain::policy::rules::{Rule, Treatment, Unit};
use dsrd::ports::sources::{Directory, Source};
use dsrd::worker::preview::Preview;
use serde_json::json;

use crate::support::simulation::leaks::{EMAIL, OBJECT_ID};
use crate::support::simulation::scenario::{
    SOURCE, Scenario, THINGS, control, notes, request, request_with, rule, run_document, simulate,
};
use crate::support::simulation::story::check;
use crate::whole_runs::once;

/// What her folder is called; in a file system that tells no cases apart also otherwise.
const ALIAS: &str = "zyxcanary.q7";
pub const NOTEBOOKS: &str = "notebooks";
/// Says nothing of anybody.
const QUIET: &str = "{\"cells\":[]}";

fn claim(alias: &str, kind: IdentityType, value: &str) -> Claim {
    let identity = Identity::new(kind, IdentityFormat::Raw, value.to_owned());
    let who = Subject { identities: vec![identity] };
    Claim { alias: alias.to_owned(), who, account: None }
}

fn hers() -> Claim {
    claim(&ALIAS.to_uppercase(), IdentityType::ObjectId, OBJECT_ID)
}

fn knowing(mut scenario: Scenario, claims: Vec<Claim>) -> Scenario {
    scenario.directories = vec![Arc::new(AliasTable(claims)) as Arc<dyn Directory>];
    scenario
}

/// A share in which two people have folders, with what each of them wrote of her.
fn share() -> Scenario {
    let mut scenario = Scenario::new();
    let container = Container::Named("code-391ff5ac-6576-460f-ba4d-7e03433c68b6".to_owned());
    let share = MemorySource::new(NOTEBOOKS).laid_out(container).in_account("acct");
    for name in [
        "train.ipynb",
        ".ipynb_checkpoints/train-checkpoint.ipynb",
        ".amlignore",
        "churn/.git/objects/0f/3a41",
        "churn/data/part.csv",
    ] {
        share.put(&format!("Users/{ALIAS}/{name}"), QUIET);
    }
    share.put(&format!("Users/{ALIAS}/todo.txt"), notes("own"));
    share.put("Users/zyxcanary.q70/train.ipynb", QUIET);
    share.put("Users/bob/train.ipynb", QUIET);
    share.put("Users/bob/review.txt", notes("review"));
    share.put("Users/bob/.ipynb_checkpoints/review-checkpoint.txt", notes("review"));
    share.put("shared/minutes.txt", notes("minutes"));
    scenario.sources.push(Arc::new(share));
    scenario
}

/// Whole folders go.
fn by_folder() -> Rule {
    Rule {
        path: Some(Pattern::new("Users/**").unwrap()),
        unit: Unit::UserFolder,
        ..rule(Treatment::Delete)
    }
}

/// A notebook of hers that is not there yet.
pub const LATE: &str = "Users/zyxcanary.q7/late.ipynb";

/// A request about whose folder is known, and goes whole.
pub fn user_folder_of(kind: &str) -> Scenario {
    let scenario = knowing(share(), vec![hers()]).ruled_by(vec![by_folder()]);
    scenario.sent(request("r-1", kind))
}

/// The same for an erasure.
pub fn user_folders() -> Scenario {
    user_folder_of("erasure")
}

const OF_BOB: &str = "Users/bob/.ipynb_checkpoints/review-checkpoint.txt, \
    Users/bob/review.txt, Users/bob/train.ipynb, Users/zyxcanary.q70/train.ipynb";

fn holds(ended: &str) -> &str {
    ended.lines().find_map(|line| line.strip_prefix("notebooks holds ")).unwrap()
}

#[test]
fn her_folder_goes_whole_and_from_others_she_alone() {
    let scenario = user_folders();
    let share = scenario.source(NOTEBOOKS);
    let before = share.get("Users/bob/train.ipynb");
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (erasure) is completed"), "{ended}");
    assert_eq!(holds(&ended), OF_BOB, "{ended}");
    assert_eq!(share.get("Users/bob/train.ipynb"), before);
    let review = share.get("Users/bob/review.txt").unwrap();
    let review = String::from_utf8_lossy(&review).into_owned();
    assert!(review.starts_with("review") && !review.contains(EMAIL), "{review}");
    assert_eq!(ended.matches(": redacted").count(), 2, "{ended}");
    assert_eq!(ended.matches(": erased").count(), 7, "{ended}");
}

/// Without such a rule it is as it was: what names her goes, one by one, whosever it is.
#[test]
fn without_a_rule_for_it_a_folder_is_none_of_an_erasure() {
    let scenario = knowing(share(), vec![hers()]).sent(request("r-1", "erasure"));
    let ended = check(scenario);
    assert!(holds(&ended).contains("Users/zyxcanary.q7/train.ipynb"), "{ended}");
    assert!(!holds(&ended).contains("Users/bob/review.txt"), "{ended}");
}

/// A folder of which nobody says whose it is may be anybody's, however it is called.
#[test]
fn a_folder_that_nobody_is_said_to_have_is_nobodys() {
    let scenario = share().ruled_by(vec![by_folder()]).sent(request("r-1", "erasure"));
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (erasure) is completed"), "{ended}");
    assert!(holds(&ended).contains("Users/zyxcanary.q7/train.ipynb"), "{ended}");
    assert!(holds(&ended).contains("Users/zyxcanary.q7/todo.txt"), "{ended}");
    assert_eq!(ended.matches(": redacted").count(), 3, "{ended}");
}

/// Two people are said to have it: it stays, also what of it would have gone one by one, and that
/// is told.
#[test]
fn a_folder_in_doubt_stays_and_is_listed() {
    let other = claim(ALIAS, IdentityType::Email, "zyx.other@contoso.example");
    for kind in ["erasure", "access"] {
        let scenario = knowing(share(), vec![hers(), other.clone()]);
        let scenario = scenario.ruled_by(vec![by_folder()]).sent(request("r-1", kind));
        let share = scenario.source(NOTEBOOKS);
        let before = share.names();
        let ended = check(scenario);
        let partially = format!("r-1 ({kind}) is partially_completed");
        assert!(ended.starts_with(&partially), "{ended}");
        let told = "unreadable user folder: said to be of several people";
        assert_eq!(ended.matches(told).count(), 1, "{ended}");
        let left: Vec<String> =
            before.into_iter().filter(|name| name.starts_with("Users/")).collect();
        assert!(left.iter().all(|name| share.get(name).is_some()), "{ended}");
    }
}

/// What a workspace says is of its own account: in another somebody else may be called so.
#[test]
fn a_workspace_tells_whose_the_folders_of_its_account_are() {
    let with = |account: &str| {
        let mut scenario = share().ruled_by(vec![by_folder()]).sent(request("r-1", "erasure"));
        let things = MemorySource::new(THINGS).of_things().in_account(account);
        // The instance goes, and with it what it told: the second look knows it still.
        let instance = json!({ "systemData": { "createdBy": EMAIL } });
        things.put("compute/ci-7", instance.to_string());
        things.set_claims(vec![hers()]);
        scenario.sources.push(Arc::new(things));
        scenario
    };
    let scenario = with("https://acct.blob.core.windows.net/");
    let (share, things) = (scenario.source(NOTEBOOKS), scenario.source(THINGS));
    once(&scenario, "acted", move || {
        share.put(LATE, QUIET);
        things.set_claims(Vec::new());
    });
    let ended = check(scenario);
    assert_eq!(holds(&ended), OF_BOB, "{ended}");
    let ended = check(with("other"));
    assert!(holds(&ended).contains("Users/zyxcanary.q7/train.ipynb"), "{ended}");
    assert!(holds(&ended).contains("Users/zyxcanary.q7/todo.txt"), "{ended}");
}

/// The record of a run, of a service, says by which address she signs in; a blob that says the same
/// says nothing.
#[test]
fn a_record_of_a_run_tells_it_and_a_blob_does_not() {
    let of = |is_service: bool| {
        let mut scenario = share().ruled_by(vec![by_folder()]).sent(request("r-1", "erasure"));
        let things = MemorySource::new(THINGS).of_things().in_account("acct");
        if is_service {
            things.put("run/r1/history", run_document());
        }
        scenario.sources.push(Arc::new(things));
        let blob = "ExperimentRun/dcid.r1/run.json";
        scenario.source(SOURCE).put(blob, run_document());
        check(scenario)
    };
    let ended = of(true);
    assert_eq!(holds(&ended), OF_BOB, "{ended}");
    let ended = of(false);
    assert!(holds(&ended).contains("Users/zyxcanary.q7/train.ipynb"), "{ended}");
}

/// Of very many records those are read that she made herself, wherever they stand.
#[test]
fn her_own_record_tells_it_among_many_that_others_made() {
    let mut scenario = share().ruled_by(vec![by_folder()]).sent(request("r-1", "erasure"));
    let things = MemorySource::new(THINGS).of_things().in_account("acct");
    for number in 0..30 {
        let user = json!({ "upn": "bob@contoso.com", "userName": "Bob" });
        let id = format!("a{number}");
        let record = json!({ "runId": id, "createdBy": user, "description": EMAIL });
        things.put(&format!("run/{id}/history"), record.to_string());
    }
    things.put("run/r1/history", run_document());
    scenario.sources.push(Arc::new(things));
    let ended = check(scenario);
    assert_eq!(holds(&ended), OF_BOB, "{ended}");
}

/// Counts how often it is asked, and knows nobody.
#[derive(Default)]
struct Counted(AtomicUsize);

#[async_trait]
impl Directory for Counted {
    async fn claims(&self, _: &[Subject]) -> Result<Vec<Claim>, Failure> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(Vec::new())
    }
}

#[test]
fn nobody_is_asked_whose_folders_are_where_a_request_is_about_none() {
    for (named, is_asked) in [(THINGS, false), (NOTEBOOKS, true)] {
        let options = json!({ "sources": [named] });
        let mut scenario = share().sent(request_with("r-1", "access", options));
        let things = MemorySource::new(THINGS).of_things().in_account("acct");
        things.put("run/r1/history", run_document());
        scenario.sources.push(Arc::new(things));
        let asked = Arc::new(Counted::default());
        scenario.directories = vec![Arc::clone(&asked) as Arc<dyn Directory>];
        let ended = check(scenario);
        assert!(ended.starts_with("r-1 (access) is completed"), "{ended}");
        assert_eq!(asked.0.load(Ordering::Relaxed) > 0, is_asked, "{named}");
    }
}

/// The request calls her by the alias itself.
#[test]
fn a_request_can_tell_the_alias() {
    let mut message = request("r-1", "erasure");
    let alias = json!({ "identity_type": "username", "identity_value": ALIAS,
        "identity_format": "raw" });
    message["subject_identities"].as_array_mut().unwrap().push(alias);
    let ended = check(share().ruled_by(vec![by_folder()]).sent(message));
    assert_eq!(holds(&ended), OF_BOB, "{ended}");
}

#[test]
fn who_asks_for_redaction_keeps_what_does_not_name_her() {
    let redact = request_with("r-1", "erasure", json!({ "on_erase": "redact" }));
    let scenario = knowing(share(), vec![hers()]).ruled_by(vec![by_folder()]).sent(redact);
    let ended = check(scenario);
    assert!(holds(&ended).contains("Users/zyxcanary.q7/train.ipynb"), "{ended}");
    assert!(holds(&ended).contains("Users/zyxcanary.q7/todo.txt"), "{ended}");
}

/// A repository cannot be written anew in part.
#[test]
fn what_git_knows_by_a_digest_stays_in_folders_of_others_and_is_told() {
    let scenario = user_folders();
    let share = scenario.source(NOTEBOOKS);
    let name = "Users/bob/churn/.git/objects/0f/3a42";
    share.put(name, notes("commit"));
    share.put("Users/bob/churn/.git/logs/HEAD", notes("moved"));
    let before = share.get(name);
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (erasure) is partially_completed"), "{ended}");
    assert_eq!(ended.matches("failed redaction: git").count(), 1, "{ended}");
    assert_eq!(share.get(name), before);
    assert_eq!(ended.matches(": redacted").count(), 3, "{ended}");
}

/// The last rule that decides is the operator's: a checkpoint is dealt with as its notebook.
#[test]
fn what_names_others_too_stays_where_a_rule_says_so_and_its_checkpoint_with_it() {
    let shared = Rule { shared: Some(Treatment::Redact), ..by_folder() };
    let scenario = knowing(share(), vec![hers()]).ruled_by(vec![shared]);
    let share = scenario.source(NOTEBOOKS);
    let both = format!("{}\nbob.builder@contoso.example wrote this\n", notes("both"));
    share.put(&format!("Users/{ALIAS}/both.py"), both);
    share.put(&format!("Users/{ALIAS}/.ipynb_checkpoints/both-checkpoint.py"), QUIET);
    let ended = check(scenario.sent(request("r-1", "erasure")));
    let left: Vec<&str> =
        holds(&ended).split(", ").filter(|name| name.contains("zyxcanary.q7/")).collect();
    assert_eq!(
        left,
        ["Users/zyxcanary.q7/.ipynb_checkpoints/both-checkpoint.py", "Users/zyxcanary.q7/both.py"],
        "{ended}"
    );
}

#[test]
fn the_guard_counts_what_goes_along() {
    let mut scenario = user_folders();
    scenario.guard.items_max = 5;
    let ended = check(scenario.sent(control("approve", "r-1")));
    assert!(ended.contains("held"), "{ended}");
    let mut scenario = user_folders();
    scenario.guard.items_max = 10;
    assert!(!check(scenario).contains("held"));
}

/// Somebody still works there: what is written over, or anew, goes in the second round.
#[test]
fn what_is_written_meanwhile_goes_too() {
    let scenario = user_folders();
    let share = scenario.source(NOTEBOOKS);
    once(&scenario, "planned", move || {
        share.put(&format!("Users/{ALIAS}/train.ipynb"), "{\"cells\":[1]}");
        share.put(&format!("Users/{ALIAS}/new.ipynb"), QUIET);
        share.put(&format!("Users/{}/late.ipynb", ALIAS.to_uppercase()), QUIET);
    });
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (erasure) is completed"), "{ended}");
    assert_eq!(holds(&ended), OF_BOB, "{ended}");
}

/// What she wrote, whether it names her or not; of others what names her.
#[test]
fn an_export_takes_her_folder() {
    let scenario = knowing(share(), vec![hers()]).sent(request("r-1", "access"));
    scenario.source(SOURCE).put("ExperimentRun/dcid.r1/run.json", run_document());
    let ended = check(scenario);
    assert!(ended.starts_with("r-1 (access) is completed"), "{ended}");
    assert_eq!(ended.matches(": exported").count(), 10, "{ended}");
    for part in ["churn/data/part.csv", "train.ipynb", ".amlignore", "objects/0f/3a41"] {
        assert!(ended.contains(part), "{part}: {ended}");
    }
    let archive = ended.lines().find(|line| line.starts_with("r-1.zip holds")).unwrap();
    assert!(!archive.contains("zyxcanary.q70/"), "{ended}");
    // Where nobody knows whose it is, what names her.
    let ended = check(share().sent(request("r-1", "access")));
    assert_eq!(ended.matches(": exported").count(), 4, "{ended}");
}

/// A preview shows what an erasure would do.
#[test]
fn a_preview_shows_the_whole_folder() {
    let scenario = user_folders();
    let sources = scenario.sources.iter();
    let preview = Preview {
        sources: sources.map(|source| Arc::clone(source) as Arc<dyn Source>).collect(),
        directories: scenario.directories.clone(),
        mandate: scenario.mandate(),
        clock: Arc::clone(&scenario.clock) as _,
        learned: None,
    };
    let body = request("r-1", "erasure").to_string();
    let mut shown = Vec::new();
    let summary = simulate(async || {
        let each = |planned: dsrd::domain::plan::Planned| {
            shown.push((planned.action.word().word(), planned.finding.item.name, planned.why));
        };
        let ran = preview.run(body.as_bytes(), Arc::default(), each, |_| ()).await;
        ran.map_err(|failure| failure.chain())
    });
    assert!(summary.unwrap().is_ok());
    let of = |word: &str| shown.iter().filter(|(action, ..)| *action == word).count();
    assert_eq!((of("delete"), of("redact")), (7, 2), "{shown:?}");
    let own = format!("Users/{ALIAS}/");
    assert!(
        shown
            .iter()
            .filter(|(_, name, _)| name.starts_with(&own))
            .all(|(.., why)| { why == "rule 1; in the person's own folder" })
    );
}
