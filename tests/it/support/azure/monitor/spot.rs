//! What a path names in Azure Monitor, what that is asked, and which right it takes.

use crate::support::azure::faults::Verb;
use crate::support::azure::place::WorkspaceId;

/// Parts of it that faults are planned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A Log Analytics workspace.
    Workspace,
    Table,
    Component,
    Setting,
    Purge,
    /// `/query`, of a workspace or a component.
    Query,
    /// `/search`, which Basic and Auxiliary tables take.
    Search,
}

/// Whose a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    Workspace,
    Component,
}

/// Of what a query is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// A workspace, by its `customerId`.
    Workspace(String),
    /// A component, by its `AppId`.
    App(String),
    /// A resource, by its id: its rows in all workspaces.
    Resource(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    All {
        owner: Owner,
        subscription: String,
        group: Option<String>,
    },
    /// Workspaces that can be had back.
    Deleted {
        subscription: String,
        group: Option<String>,
    },
    One(Owner, WorkspaceId),
    Tables(WorkspaceId),
    Table(WorkspaceId, String),
    /// What the caller may do with one.
    Permissions(Owner, WorkspaceId),
    Purge(Owner, WorkspaceId),
    Purged(Owner, WorkspaceId, String),
    /// Settings of a resource, or one of them.
    Settings(String, Option<String>),
    Query(Whose),
    Search(Whose),
    Batch,
}

const WORKSPACES: &str = "Microsoft.OperationalInsights";
const INSIGHTS: &str = "Microsoft.Insights";

impl Owner {
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Workspace => "Microsoft.OperationalInsights/workspaces",
            Self::Component => "Microsoft.Insights/components",
        }
    }

    fn of(provider: &str, word: &str) -> Option<Self> {
        let is = |name: &str, of: &str| {
            provider.eq_ignore_ascii_case(name) && word.eq_ignore_ascii_case(of)
        };
        if is(WORKSPACES, "workspaces") {
            return Some(Self::Workspace);
        }
        is(INSIGHTS, "components").then_some(Self::Component)
    }

    /// The id of one, as it is written in answers: in lower case for workspaces, as they were met.
    pub fn path(self, id: &WorkspaceId) -> String {
        let WorkspaceId { subscription, group, name } = id;
        match self {
            Self::Workspace => format!(
                "/subscriptions/{subscription}/resourcegroups/{group}/providers/\
                 microsoft.operationalinsights/workspaces/{name}"
            ),
            Self::Component => format!(
                "/subscriptions/{subscription}/resourceGroups/{group}/providers/\
                 microsoft.insights/components/{name}"
            ),
        }
    }
}

impl Part {
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Workspace => "Microsoft.OperationalInsights/workspaces",
            Self::Table => "Microsoft.OperationalInsights/workspaces/tables",
            Self::Component => "Microsoft.Insights/components",
            Self::Setting => "Microsoft.Insights/diagnosticSettings",
            Self::Purge => "Microsoft.OperationalInsights/workspaces/purge",
            Self::Query | Self::Search => "Microsoft.OperationalInsights/workspaces/query",
        }
    }
}

impl Spot {
    /// What the words of a path name; `None` where it is nothing of this.
    pub fn of(words: &[String]) -> Option<Self> {
        let texts: Vec<&str> = words.iter().map(String::as_str).collect();
        if let ["v1", rest @ ..] = &texts[..] {
            return query(rest);
        }
        if let Some(found) = settings(&texts) {
            return Some(found);
        }
        let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
        let ["subscriptions", subscription, rest @ ..] = &texts[..] else { return None };
        let subscription = (*subscription).to_owned();
        let (group, rest) = match rest {
            [word, group, rest @ ..] if is(word, "resourceGroups") => {
                (Some((*group).to_owned()), rest)
            }
            rest => (None, rest),
        };
        let [providers, provider, word, rest @ ..] = rest else { return None };
        if !is(providers, "providers") {
            return None;
        }
        if is(provider, WORKSPACES) && is(word, "deletedWorkspaces") && rest.is_empty() {
            return Some(Self::Deleted { subscription, group });
        }
        let owner = Owner::of(provider, word)?;
        let [name, rest @ ..] = rest else {
            return Some(Self::All { owner, subscription, group });
        };
        let id = WorkspaceId { subscription, group: group?, name: (*name).to_owned() };
        match rest {
            [] => Some(Self::One(owner, id)),
            [a, b, c]
                if is(a, "providers")
                    && is(b, "Microsoft.Authorization")
                    && is(c, "permissions") =>
            {
                Some(Self::Permissions(owner, id))
            }
            [word] if is(word, "purge") => Some(Self::Purge(owner, id)),
            [word, purge] if is(word, "operations") => {
                Some(Self::Purged(owner, id, (*purge).to_owned()))
            }
            [word] if is(word, "tables") && owner == Owner::Workspace => Some(Self::Tables(id)),
            [word, table] if is(word, "tables") && owner == Owner::Workspace => {
                Some(Self::Table(id, (*table).to_owned()))
            }
            _ => None,
        }
    }

    /// Whether the query service is asked, and not the control plane.
    pub fn is_query(&self) -> bool {
        matches!(self, Self::Query(_) | Self::Search(_) | Self::Batch)
    }

    /// The subscription whose buckets a request draws from.
    pub fn subscription(&self) -> Option<&str> {
        match self {
            Self::All { subscription, .. } | Self::Deleted { subscription, .. } => {
                Some(subscription)
            }
            Self::One(_, id)
            | Self::Tables(id)
            | Self::Table(id, _)
            | Self::Purge(_, id)
            | Self::Permissions(_, id)
            | Self::Purged(_, id, _) => Some(&id.subscription),
            Self::Settings(resource, _) => resource.split('/').nth(2),
            Self::Query(_) | Self::Search(_) | Self::Batch => None,
        }
    }

    /// What is asked of which part.
    pub fn meaning(&self, method: Verb) -> (Verb, Part) {
        match self {
            Self::All { owner: Owner::Workspace, .. } | Self::Deleted { .. } => {
                (Verb::List, Part::Workspace)
            }
            Self::All { owner: Owner::Component, .. } => (Verb::List, Part::Component),
            Self::One(Owner::Workspace, _) | Self::Permissions(Owner::Workspace, _) => {
                (method, Part::Workspace)
            }
            Self::One(Owner::Component, _) | Self::Permissions(Owner::Component, _) => {
                (method, Part::Component)
            }
            Self::Tables(_) => (Verb::List, Part::Table),
            Self::Table(..) => (method, Part::Table),
            Self::Purge(..) => (method, Part::Purge),
            Self::Purged(..) => (Verb::Poll, Part::Purge),
            Self::Settings(_, None) => (Verb::List, Part::Setting),
            Self::Settings(..) => (method, Part::Setting),
            Self::Query(_) | Self::Batch => (Verb::Act, Part::Query),
            Self::Search(_) => (Verb::Act, Part::Search),
        }
    }

    /// The action that it takes. Rights to single tables are looked at when they are asked for.
    pub fn action(&self, method: &str) -> String {
        let end = match method {
            "DELETE" => "delete",
            "PUT" | "PATCH" => "write",
            _ => "read",
        };
        match self {
            Self::All { owner, .. } => format!("{}/read", owner.type_name()),
            Self::One(owner, _) => format!("{}/{end}", owner.type_name()),
            Self::Deleted { .. } => format!("{WORKSPACES}/deletedWorkspaces/read"),
            Self::Permissions(..) => "Microsoft.Authorization/permissions/read".to_owned(),
            Self::Tables(_) | Self::Table(..) => format!("{WORKSPACES}/workspaces/tables/{end}"),
            Self::Purge(owner, _) => format!("{}/purge/action", owner.type_name()),
            Self::Purged(owner, ..) => format!("{}/operations/read", owner.type_name()),
            Self::Settings(..) => format!("{INSIGHTS}/diagnosticSettings/{end}"),
            Self::Query(Whose::Workspace(_)) | Self::Search(_) | Self::Batch => {
                format!("{WORKSPACES}/workspaces/query/read")
            }
            Self::Query(Whose::App(_)) => format!("{INSIGHTS}/components/query/read"),
            Self::Query(Whose::Resource(_)) => format!("{INSIGHTS}/logs/read"),
        }
    }
}

fn query(words: &[&str]) -> Option<Spot> {
    let (last, whose) = match words {
        ["$batch"] => return Some(Spot::Batch),
        ["workspaces", id, last] => (last, Whose::Workspace((*id).to_owned())),
        ["apps", id, last] => (last, Whose::App((*id).to_owned())),
        ["subscriptions", .., last] => {
            (last, Whose::Resource(format!("/{}", words[..words.len() - 1].join("/"))))
        }
        _ => return None,
    };
    match *last {
        "query" => Some(Spot::Query(whose)),
        "search" => Some(Spot::Search(whose)),
        _ => None,
    }
}

/// `{resource}/providers/Microsoft.Insights/diagnosticSettings[/{name}]`.
fn settings(words: &[&str]) -> Option<Spot> {
    let place = words.iter().position(|word| word.eq_ignore_ascii_case("diagnosticSettings"))?;
    let rest = &words[place + 1..];
    let ends = words.get(place.checked_sub(2)?..place)?;
    let fits = ends[0].eq_ignore_ascii_case("providers") && ends[1].eq_ignore_ascii_case(INSIGHTS);
    let resource = format!("/{}", words[..place - 2].join("/"));
    (fits && rest.len() < 2)
        .then(|| Spot::Settings(resource, rest.first().map(|name| (*name).to_owned())))
}
