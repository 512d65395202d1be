//! A place that holds rows, and those of its tables that have any of ours.

use std::sync::Arc;
use std::time::Duration;

use crate::adapters::azure::wire::lately::Lately;
use crate::adapters::azureml::wire::answer::Answer;
use crate::adapters::monitor::query::call::{Address, Answered, ask, shut};
use crate::adapters::monitor::query::text::{Scope, has_rows, sample, schema};
use crate::adapters::monitor::tables::classic;
use crate::adapters::monitor::tables::table::{Door, Table, columns};
use crate::adapters::monitor::wire::way::{Service, Way};
use crate::domain::coverage::unanswered::Unanswered;
use crate::domain::failure::Failure;

const LISTING: &str = "listing the tables of telemetry";

/// The version of the interface of Log Analytics that we speak.
pub const LOGS_VERSION: &str = "2023-09-01";
/// The version of the interface of components that we speak.
pub const COMPONENTS_VERSION: &str = "2020-02-02";

/// How long what was learned of tables is taken for true: a sweep.
const KNOWN_TIME: Duration = Duration::from_secs(300);
/// Tables of which one query asks whether they have rows.
const TABLES_AT_ONCE: usize = 40;

/// The store.
pub struct Store {
    /// Its name in names of items.
    pub name: String,
    /// Its id in Azure Resource Manager.
    pub id: String,
    /// Where it is asked.
    pub address: Address,
    /// Of whose rows there is talk.
    pub scope: Scope,
    /// Whether it was found, and not configured.
    pub is_found: bool,
    known: Lately<Tables>,
}

/// What is known of tables.
#[derive(Default)]
pub struct Tables {
    /// Those that have rows of ours.
    pub tables: Vec<Table>,
    /// Names of those of which that cannot be told, with why; none for all of them.
    pub unread: Vec<(String, String)>,
    /// Names of those that may have had rows of ours, which are kept where nobody can ask for them.
    pub kept_longer: Vec<String>,
    /// Names of those whose rows do not say whose they are: they are of no resource's.
    pub unowned: Vec<String>,
}

impl Store {
    /// One of which nobody knows the tables yet.
    pub fn new(name: &str, id: &str, address: Address) -> Self {
        Self {
            name: name.to_owned(),
            id: id.to_owned(),
            address,
            scope: Scope::default(),
            is_found: false,
            known: Lately::of(KNOWN_TIME),
        }
    }

    /// The tables, as they were within the last minutes. Whoever comes meanwhile waits for the same
    /// answer.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tables(&self, way: &Way) -> Result<Arc<Tables>, Failure> {
        let learned = self.known.get(|_| self.learned(way)).await;
        match learned {
            Err(failure) if self.is_found => {
                let why = shut(&failure).ok_or(failure)?;
                // It may be let in again soon.
                let unread = vec![(String::new(), why.word().to_owned())];
                Ok(Arc::new(Tables { unread, ..Tables::default() }))
            }
            learned => learned,
        }
    }

    async fn learned(&self, way: &Way) -> Result<Tables, Failure> {
        let mut learned = Tables::default();
        let listed = self.listed(way, &mut learned).await?;
        let kept_longer = listed.iter().filter(|table| table.is_kept_longer);
        learned.kept_longer = kept_longer.map(|table| table.name.clone()).collect();
        let (asked, searched): (Vec<Table>, Vec<Table>) =
            listed.into_iter().partition(|table| table.plan.door() == Door::Query);
        for some in asked.chunks(TABLES_AT_ONCE) {
            let with_rows = self.with_rows(way, some.to_vec(), &mut learned).await?;
            for table in with_rows {
                self.learn(way, table, &mut learned).await?;
            }
        }
        for table in searched {
            self.search_one(way, table, &mut learned).await?;
        }
        learned.tables.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(learned)
    }

    /// Whether it is the same, found again.
    pub fn is_same(&self, other: &Self) -> bool {
        let is_same = |one: &Self| (one.is_found, one.address.service);
        let texts = |one: &Self| [one.name.clone(), one.id.clone(), one.address.path.clone()];
        is_same(self) == is_same(other) && texts(self) == texts(other) && self.scope == other.scope
    }

    /// All tables that it is said to have.
    async fn listed(&self, way: &Way, learned: &mut Tables) -> Result<Vec<Table>, Failure> {
        if self.address.service == Service::Apps {
            return Ok(classic::tables());
        }
        let answer = way.get(LISTING, way.url(&self.id, "tables", LOGS_VERSION)).await?;
        if self.is_found && matches!(answer.status, 401 | 403) {
            learned.unread.push((String::new(), why(&answer)));
            return Ok(Vec::new());
        }
        if answer.status != 200 {
            return Err(answer.failure(LISTING));
        }
        let tables = answer.body["value"].as_array();
        let tables = tables.ok_or_else(|| Failure::permanent(format!("{LISTING}: no list")))?;
        Ok(tables.iter().filter_map(Table::read).collect())
    }

    /// Those of these tables that have rows of ours; asked in halves where one of them makes the
    /// question wrong.
    async fn with_rows(
        &self,
        way: &Way,
        tables: Vec<Table>,
        learned: &mut Tables,
    ) -> Result<Vec<Table>, Failure> {
        let (mut found, mut open) = (Vec::new(), vec![tables]);
        while let Some(mut some) = open.pop() {
            if some.is_empty() {
                continue;
            }
            match ask(way, &self.address, Door::Query, &has_rows(&some, &self.scope)).await? {
                Answered::Whole(rows) => {
                    let said = rows.rows.iter().filter_map(|row| row.first()?.as_str());
                    let said: Vec<&str> = said.collect();
                    found.extend(some.into_iter().filter(|it| said.contains(&it.name.as_str())));
                }
                _ if some.len() > 1 => {
                    let rest = some.split_off(some.len() / 2);
                    open.extend([rest, some]);
                }
                Answered::Refused { status: 401 | 403, code } => {
                    self.let_in(&code)?;
                    let refused = some.into_iter();
                    learned
                        .unread
                        .extend(refused.map(|it| (it.name, Unanswered::Forbidden.coded(&code))));
                }
                Answered::Refused { status: 400, code }
                    if !self.scope.is_all() && is_of_meaning(&code) =>
                {
                    for table in some {
                        self.leave(way, table, &code, learned).await?;
                    }
                }
                Answered::Refused { code, .. } => {
                    let refused = some.into_iter();
                    let why = Unanswered::Refused.coded(&code);
                    learned.unread.extend(refused.map(|it| (it.name, why.clone())));
                }
                Answered::Part(_) | Answered::TooMuch(_) => {
                    // What cannot be said in time is looked into.
                    found.extend(some);
                }
            }
        }
        Ok(found)
    }

    /// A table that cannot be asked for the rows of resources. If it can be asked without them, it
    /// lacks the column by which they are told, and has no rows of theirs; else nobody knows.
    async fn leave(
        &self,
        way: &Way,
        table: Table,
        code: &str,
        learned: &mut Tables,
    ) -> Result<(), Failure> {
        let door = table.plan.door();
        match ask(way, &self.address, door, &sample(&table)).await? {
            Answered::Whole(rows) => {
                learned.kept_longer.retain(|name| *name != table.name);
                if door == Door::Search || !rows.rows.is_empty() {
                    learned.unowned.push(table.name);
                }
            }
            Answered::Part(_) | Answered::TooMuch(_) | Answered::Refused { .. } => {
                learned.unread.push((table.name, Unanswered::Refused.coded(code)));
            }
        }
        Ok(())
    }

    /// What was configured has to let us in; what was found need not.
    ///
    /// # Errors
    /// It does not.
    pub fn let_in(&self, code: &str) -> Result<(), Failure> {
        if self.is_found {
            return Ok(());
        }
        let failure = Failure::needs_person("asking telemetry: we are not let in");
        Err(failure.because(code.to_owned()))
    }

    /// Adds a table with the columns that the query service knows.
    async fn learn(&self, way: &Way, table: Table, learned: &mut Tables) -> Result<(), Failure> {
        match ask(way, &self.address, Door::Query, &schema(&table)).await? {
            Answered::Whole(rows) | Answered::Part(rows) => {
                let columns = columns(&table.name, rows.columns);
                learned.tables.push(Table { columns, ..table });
            }
            Answered::TooMuch(why) => learned.unread.push((table.name, why.word().to_owned())),
            Answered::Refused { code, .. } => {
                learned.unread.push((table.name, Unanswered::Refused.coded(&code)));
            }
        }
        Ok(())
    }

    /// A table that is searched may have rows of ours if it has the column by which that is told.
    async fn search_one(
        &self,
        way: &Way,
        table: Table,
        learned: &mut Tables,
    ) -> Result<(), Failure> {
        let text = has_rows(std::slice::from_ref(&table), &self.scope);
        match ask(way, &self.address, Door::Search, &text).await? {
            Answered::Whole(rows) if rows.rows.is_empty() => {}
            Answered::Refused { status: 400, code }
                if !self.scope.is_all() && is_of_meaning(&code) =>
            {
                self.leave(way, table, &code, learned).await?;
            }
            Answered::Refused { status: 401 | 403, code } => {
                self.let_in(&code)?;
                learned.unread.push((table.name, Unanswered::Forbidden.coded(&code)));
            }
            Answered::Refused { code, .. } => {
                learned.unread.push((table.name, Unanswered::Refused.coded(&code)));
            }
            // It is searched in the columns that are listed.
            _ if table.columns.is_empty() => {
                learned.unread.push((table.name, Unanswered::NoSchema.word().to_owned()));
            }
            Answered::Whole(_) | Answered::Part(_) | Answered::TooMuch(_) => {
                learned.tables.push(table);
            }
        }
        Ok(())
    }
}

/// Why what was found cannot be asked.
pub fn why(answer: &Answer) -> String {
    let why = match answer.status {
        // It says nothing of where its rows are.
        200 => Unanswered::NoId,
        404 => Unanswered::Absent,
        status => Unanswered::refused(status),
    };
    why.coded(&answer.code)
}

/// Whether the code says that a table or column is not there.
fn is_of_meaning(code: &str) -> bool {
    code == "SemanticError" || code.starts_with("SEM")
}
