//! Which rights our work needs, and which of them the caller lacks as Resource Manager tells it.
//!
//! What is needed stands in the roles that are published in `deploy/roles`, and nowhere else: a
//! test holds them against every call that is made.

use serde_json::Value;
use url::Url;

use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::failure::Failure;
use crate::ports::sources::Lack;

const ASKING: &str = "asking what we may do with a workspace";

/// The version of the authorisation service's interface that we speak.
pub const AUTHORIZATION_VERSION: &str = "2022-04-01";

const PERMISSIONS: &str = "providers/Microsoft.Authorization/permissions";

/// Pages of assignments; nobody has so many.
const PAGES_MAX: u32 = 100;

/// A role that is published, and what it is for.
pub struct Published {
    /// Its file.
    pub file: &'static str,
    /// What stands in that.
    pub definition: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Whether a daemon without it is one that lacks something.
    pub is_needed: bool,
}

const PUBLISHED: [Published; 4] = [
    Published {
        file: "deploy/roles/find.json",
        definition: include_str!("../../../deploy/roles/find.json"),
        purpose: "find and export",
        is_needed: true,
    },
    Published {
        file: "deploy/roles/erase.json",
        definition: include_str!("../../../deploy/roles/erase.json"),
        purpose: "erase",
        is_needed: true,
    },
    Published {
        file: "deploy/roles/delete-workspace.json",
        definition: include_str!("../../../deploy/roles/delete-workspace.json"),
        purpose: "delete the workspace itself",
        is_needed: false,
    },
    Published {
        file: "deploy/roles/delete-dependents.json",
        definition: include_str!("../../../deploy/roles/delete-dependents.json"),
        purpose: "delete what a workspace depends on",
        is_needed: false,
    },
];

/// What is granted, page by page.
#[derive(Default)]
pub struct Grants {
    each: Vec<Grant>,
    pages: u32,
}

/// What one assignment grants: patterns in lower case.
struct Grant {
    actions: Vec<String>,
    not_actions: Vec<String>,
}

/// What the caller lacks. Deny assignments are told to nobody who asks so.
///
/// # Errors
/// The service does not say.
pub async fn lacks(entry: &Entry) -> Result<Vec<Lack>, Failure> {
    let url = entry.url_in(PERMISSIONS, AUTHORIZATION_VERSION);
    let grants = grants(entry, url).await?;
    let mut lacks = Vec::new();
    for Published { file, definition, purpose, is_needed } in PUBLISHED {
        for action in actions(definition) {
            let is_told = lacks.iter().any(|lack: &Lack| lack.action == action);
            if !grants.admit(&action) && !is_told {
                lacks.push(Lack { action, purpose, role: file, is_needed });
            }
        }
    }
    Ok(lacks)
}

/// What is granted in a whole subscription: nothing, where nobody may ask that.
///
/// # Errors
/// The service does not say.
pub async fn granted_in(entry: &Entry, subscription: &str) -> Result<Grants, Failure> {
    let path = format!("/subscriptions/{subscription}/{PERMISSIONS}");
    let answer = entry.get(ASKING, entry.at(&path, AUTHORIZATION_VERSION)).await?;
    match answer.status {
        401 | 403 => Ok(Grants::default()),
        _ => Grants::from(answer, ASKING, |link| next(entry, link)).await,
    }
}

async fn grants(entry: &Entry, url: Url) -> Result<Grants, Failure> {
    let first = entry.get(ASKING, url).await?;
    Grants::from(first, ASKING, |link| next(entry, link)).await
}

async fn next(entry: &Entry, link: String) -> Result<Option<Answer>, Failure> {
    match entry.own(&link) {
        Some(url) => entry.get(ASKING, url).await.map(Some),
        None => Ok(None),
    }
}

impl Grants {
    /// What a list says whose first page this is; `next` gets what a link of it leads to, if that
    /// is ours.
    ///
    /// # Errors
    /// A page is none, or does not come.
    pub async fn from<F>(
        first: Answer,
        doing: &str,
        next: impl Fn(String) -> F,
    ) -> Result<Self, Failure>
    where
        F: Future<Output = Result<Option<Answer>, Failure>>,
    {
        let (mut grants, mut page) = (Self::default(), Some(first));
        while let Some(answer) = page.take() {
            if let Some(link) = grants.take(doing, &answer)? {
                page = next(link).await?;
            }
        }
        Ok(grants)
    }

    /// Adds a page, and tells the link to the next one.
    fn take(&mut self, doing: &str, answer: &Answer) -> Result<Option<String>, Failure> {
        if answer.status != 200 {
            return Err(answer.failure(doing));
        }
        let Some(values) = answer.body["value"].as_array() else {
            return Err(Failure::permanent(format!("{doing}: the answer is no list")));
        };
        self.each.extend(values.iter().map(Grant::read));
        self.pages += 1;
        let link = answer.body["nextLink"].as_str().filter(|_| self.pages < PAGES_MAX);
        Ok(link.map(str::to_owned))
    }

    /// Whether an action is granted.
    pub fn admit(&self, action: &str) -> bool {
        self.each.iter().any(|grant| grant.admits(action))
    }
}

/// The actions of a definition of ours.
pub fn actions(definition: &str) -> Vec<String> {
    let definition: Value = serde_json::from_str(definition).expect("a test reads each of them");
    let actions = definition["Actions"].as_array().into_iter().flatten();
    actions.filter_map(|action| action.as_str().map(str::to_owned)).collect()
}

impl Grant {
    fn read(said: &Value) -> Self {
        let list = |field: &str| {
            let list = said[field].as_array().into_iter().flatten();
            list.filter_map(|pattern| pattern.as_str().map(str::to_lowercase)).collect()
        };
        Self { actions: list("actions"), not_actions: list("notActions") }
    }

    fn admits(&self, action: &str) -> bool {
        let action = action.to_lowercase();
        let any = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, &action));
        any(&self.actions) && !any(&self.not_actions)
    }
}

/// Whether a pattern means that text: `*` is anything, slashes too. The first place where each part
/// fits is as good as any later one, but for the last part.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns_mean_what_azure_means_by_them() {
        let table = [
            ("*", "a/b/read", true),
            ("*/read", "a/b/read", true),
            ("*/read", "a/b/readsecrets/action", false),
            ("a/*", "a/b/read", true),
            ("a/*", "a", false),
            ("a/*/read", "a/b/c/read", true),
            ("a/*/read", "a/read", false),
            ("a/*/c/*", "a/b/c/read", true),
            ("a/*/c/*", "a/b/d/read", false),
            ("a*b*b", "ab", false),
            ("a*b*b", "abb", true),
            ("a/b/read", "a/b/read", true),
            ("a/b/read", "a/b/reads", false),
            ("a/b", "a/b/read", false),
            ("", "", true),
            ("", "a", false),
            ("**", "a", true),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_one_assignment_leaves_out_another_may_grant() {
        let read = |actions: Value, not: Value| {
            Grant::read(&json!({"actions": actions, "notActions": not}))
        };
        let reader = read(json!(["*/READ"]), json!([]));
        let but_runs = read(json!(["Ml/*"]), json!(["ml/jobs/*"]));
        for (action, by_reader, by_other) in [
            ("ML/jobs/read", true, false),
            ("ML/jobs/delete", false, false),
            ("ML/models/delete", false, true),
            ("Other/models/delete", false, false),
        ] {
            assert_eq!(reader.admits(action), by_reader, "{action}");
            assert_eq!(but_runs.admits(action), by_other, "{action}");
        }
        assert!(!Grant::read(&json!({})).admits("a/read"));
    }

    #[test]
    fn every_published_role_grants_something_and_nothing_twice() {
        let mut all: Vec<String> =
            PUBLISHED.iter().flat_map(|role| actions(role.definition)).collect();
        assert!(all.iter().all(|action| action.starts_with("Microsoft.") && !action.contains('*')));
        // What is read in the workspace is read in the whole subscription to see who else is there.
        let again = [
            "Microsoft.Authorization/permissions/read",
            "Microsoft.MachineLearningServices/workspaces/datastores/read",
            "Microsoft.MachineLearningServices/workspaces/read",
        ];
        all.sort();
        let twice = all.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone());
        assert_eq!(twice.collect::<Vec<_>>(), again);
    }
}
