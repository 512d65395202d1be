//! What a path names. Words and names are compared without case, as Azure does, but for the ids of
//! jobs and runs.

use percent_encoding::percent_decode_str;

use crate::support::azure::dependents::spot::Spot as Dependent;
use crate::support::azure::kind::Kind;
use crate::support::azure::monitor::spot::Spot;

/// A workspace's address.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkspaceId {
    pub subscription: String,
    pub group: String,
    pub name: String,
}

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `/{tenant}/…`, and the rest of it.
    Login {
        tenant: String,
        rest: String,
    },
    /// Addresses of a cloud's services.
    Cloud,
    /// Addresses of a workspace's services.
    Discovery,
    /// All subscriptions, or one.
    Subscriptions(Option<String>),
    /// Workspaces of a subscription, of one group where it is named.
    Workspaces {
        subscription: String,
        group: Option<String>,
    },
    /// A workspace, or something in it.
    Arm(Arm),
    /// What the caller may do with a workspace, or where none is named in a whole subscription.
    Permissions(WorkspaceId),
    /// A long-running operation: its status, or its result.
    Operation {
        id: String,
        is_result: bool,
    },
    /// Something that a workspace's own service serves.
    Data {
        service: String,
        workspace: WorkspaceId,
        rest: Vec<String>,
    },
    /// What workspaces depend on.
    Dependent(Dependent),
    /// Something of Azure Monitor.
    Monitor(Spot),
    /// Something of Microsoft Graph.
    Graph(Vec<String>),
    Unknown,
}

/// A place in the control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    pub workspace: WorkspaceId,
    pub kind: Kind,
    /// Names from the workspace down; one less than the kind needs where all of it are meant.
    pub names: Vec<String>,
    /// Whether all of the kind are meant.
    pub is_list: bool,
    /// What is to be done with it, such as `cancel`.
    pub action: Option<String>,
}

const PROVIDER: &str = "Microsoft.MachineLearningServices";

impl WorkspaceId {
    /// The key of the workspace.
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.subscription, self.group, self.name).to_lowercase()
    }

    /// The path that clients call its id.
    pub fn path(&self) -> String {
        let Self { subscription, group, name } = self;
        format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/{PROVIDER}/workspaces/\
             {name}"
        )
    }
}

impl Place {
    pub fn of(path: &str) -> Self {
        let mut words: Vec<String> = path
            .split('/')
            .filter(|word| !word.is_empty())
            .map(|word| percent_decode_str(word).decode_utf8_lossy().into_owned())
            .collect();
        let is = |index: usize, word: &str| {
            words.get(index).is_some_and(|found| found.eq_ignore_ascii_case(word))
        };
        if is(0, "v1.0") {
            return Self::Graph(words.split_off(1));
        }
        if let Some(spot) = Spot::of(&words) {
            return Self::Monitor(spot);
        }
        // SDK v1 asks for computes by way of the workspace's own services.
        let skipped = if is(0, "rp") && is(1, "workspaces") { 2 } else { 0 };
        if let Some(spot) = Dependent::of(&words) {
            return Self::Dependent(spot);
        }
        if is(skipped, "subscriptions") {
            return subscriptions(&words[skipped..]).unwrap_or(Self::Unknown);
        }
        if is(0, "metadata") && is(1, "endpoints") {
            return Self::Cloud;
        }
        if is(0, "discovery") {
            return Self::Discovery;
        }
        let versioned =
            words.get(1).is_some_and(|word| word.starts_with('v') && word.contains('.'));
        if versioned && is(2, "subscriptions") {
            let Some((workspace, rest)) = workspace(&words[2..]) else { return Self::Unknown };
            return Self::Data { service: words[0].to_lowercase(), workspace, rest: rest.to_vec() };
        }
        let is_login = ["oauth2", "v2.0", ".well-known", "discovery"].iter().any(|it| is(1, it));
        match words.split_first() {
            Some((tenant, rest)) if is_login => {
                Self::Login { tenant: tenant.clone(), rest: rest.join("/") }
            }
            _ => Self::Unknown,
        }
    }
}

fn subscriptions(words: &[String]) -> Option<Place> {
    let is = |index: usize, word: &str| {
        words.get(index).is_some_and(|found: &String| found.eq_ignore_ascii_case(word))
    };
    if words.len() < 3 {
        return Some(Place::Subscriptions(words.get(1).cloned()));
    }
    let subscription = words.get(1)?.clone();
    if is(2, "providers") && is(3, PROVIDER) && is(4, "workspaces") && words.len() == 5 {
        return Some(Place::Workspaces { subscription, group: None });
    }
    if is(2, "providers") && is(3, "Microsoft.Authorization") && is(4, "permissions") {
        return Some(Place::Permissions(WorkspaceId { subscription, ..WorkspaceId::default() }));
    }
    if is(2, "providers") {
        // …/locations/{region}/{word}Status or Results/{id}
        let (word, id) = (words.get(6)?, words.get(7)?);
        if is(4, "locations") && words.len() == 8 {
            let is_result = word.ends_with("Results");
            return Some(Place::Operation { id: id.clone(), is_result });
        }
        return None;
    }
    if is(2, "resourceGroups") && is(4, "providers") && is(5, PROVIDER) && is(6, "workspaces") {
        if words.len() == 7 {
            return Some(Place::Workspaces { subscription, group: Some(words[3].clone()) });
        }
        let (workspace, rest) = workspace(words)?;
        let authorization = ["providers", "Microsoft.Authorization", "permissions"];
        let is_it = |(word, name): (&String, &str)| word.eq_ignore_ascii_case(name);
        if rest.len() == 3 && rest.iter().zip(authorization).all(is_it) {
            return Some(Place::Permissions(workspace));
        }
        return arm(workspace, rest).map(Place::Arm);
    }
    None
}

fn workspace(words: &[String]) -> Option<(WorkspaceId, &[String])> {
    let [a, subscription, b, group, c, provider, d, name, rest @ ..] = words else { return None };
    let fixed = [a, b, c, provider, d];
    let expected = ["subscriptions", "resourceGroups", "providers", PROVIDER, "workspaces"];
    let fits = fixed.iter().zip(expected).all(|(word, name)| word.eq_ignore_ascii_case(name));
    let (subscription, group, name) = (subscription.clone(), group.clone(), name.clone());
    fits.then_some((WorkspaceId { subscription, group, name }, rest))
}

fn arm(workspace: WorkspaceId, rest: &[String]) -> Option<Arm> {
    let (mut kind, mut names, mut is_list) = (Kind::Workspace, Vec::new(), false);
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        let Some(below) = Kind::below(kind, word) else {
            let action = Some(word.clone());
            return rest.next().is_none().then_some(Arm {
                workspace,
                kind,
                names,
                is_list,
                action,
            });
        };
        kind = below;
        match rest.next() {
            Some(name) => names.push(name.clone()),
            None => is_list = true,
        }
    }
    Some(Arm { workspace, kind, names, is_list, action: None })
}
