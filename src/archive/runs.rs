//! The runs that run documents tell of, for the table and the timeline.
//!
//! A document is one run, a page of them (`value`), a list, or one a line; a run is as the run
//! history serves it, in its forms since 2019, or a job as the resource manager does. Anybody can
//! have written a document, so nothing of it is relied on: what has another shape is passed over,
//! and no more is kept than the bounds below say.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use memchr::memmem;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::domain::item::Hit;

/// Most runs that are kept.
pub const RUNS_MAX: usize = 10_000;

/// Most characters kept of a name or a status.
const TEXT_CHARS_MAX: usize = 200;

/// Years in which a time is taken for one; year 1 is how some programs write that there is none.
const YEARS: std::ops::Range<i16> = 2000..2200;

/// The runs of an archive, each once however many documents tell of it.
#[derive(Default)]
pub struct Runs {
    kept: BTreeMap<String, Run>,
    /// Whether there were more than are kept.
    pub more: bool,
}

/// What is told of one run.
#[derive(Clone, Default)]
pub struct Run {
    /// Its id in the workspace.
    pub id: String,
    /// Its name for people.
    pub name: Option<String>,
    /// The experiment that it belongs to: its name, or else its id.
    pub experiment: Option<String>,
    /// How it ended or where it stands, as the workspace says.
    pub status: Option<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The first file of the archive that tells of it.
    pub file: String,
}

impl Runs {
    /// Reads a file of the archive. Of a page that tells of several people's runs, only those count
    /// that `places` point into; a place outside the document, such as its name, points to all.
    pub fn read(&mut self, bytes: &[u8], file: &str, places: &[Hit]) {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if !may_tell_of_runs(bytes) {
            return;
        }
        let pointers: Option<Vec<Pointer>> = places.iter().map(Pointer::of).collect();
        let pointers = pointers.filter(|pointers| !pointers.is_empty());
        let is_one = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        let documents: Vec<&[u8]> = match is_one {
            true => vec![bytes],
            false => bytes.split(|byte| *byte == b'\n').collect(),
        };
        for (index, document) in documents.into_iter().enumerate() {
            let line = (!is_one).then_some(index as u64 + 1);
            let pointers = pointers.as_deref().map(|pointers| {
                let here = pointers.iter().filter(|pointer| pointer.line == line);
                here.map(|pointer| pointer.path).collect()
            });
            let mut page = Page { runs: self, file, pointers, path: String::new() };
            let mut document = serde_json::Deserializer::from_slice(document);
            // What was read before a document broke off stays.
            let _end = Role::Page(&mut page).deserialize(&mut document);
        }
    }

    /// How many are kept.
    pub fn count(&self) -> u64 {
        self.kept.len() as u64
    }

    /// Those that are kept, in the order in which they began; those without a time last.
    pub fn in_order(&self) -> Vec<&Run> {
        let mut runs: Vec<&Run> = self.kept.values().collect();
        runs.sort_by_key(|run| (run.began().is_none(), run.began(), &run.id));
        runs
    }

    /// What is told of the run of this id.
    pub fn get(&self, id: &str) -> Option<&Run> {
        self.kept.get(id)
    }

    fn keep(&mut self, run: Run) {
        let is_full = self.kept.len() == RUNS_MAX;
        match self.kept.get_mut(&run.id) {
            Some(known) => known.complete(run),
            None if is_full => self.more = true,
            None => drop(self.kept.insert(run.id.clone(), run)),
        }
    }
}

impl Run {
    /// When it began, or else when it was created.
    pub fn began(&self) -> Option<Timestamp> {
        self.started.or(self.created)
    }

    /// Takes what another document says and this one does not.
    fn complete(&mut self, other: Self) {
        self.name = self.name.take().or(other.name);
        self.experiment = self.experiment.take().or(other.experiment);
        self.status = self.status.take().or(other.status);
        self.created = self.created.or(other.created);
        self.started = self.started.or(other.started);
        self.ended = self.ended.or(other.ended);
    }
}

/// Whether it is worth reading: most files tell of no runs.
fn may_tell_of_runs(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let named = |key: &str| memmem::find(bytes, key.as_bytes()).is_some();
    matches!(first, Some(b'{' | b'[')) && (named("\"runId\"") || named("\"jobType\""))
}

/// Where in a JSON document a hit is.
struct Pointer<'a> {
    /// The line, in a document of one value a line.
    line: Option<u64>,
    /// A JSON Pointer in the value.
    path: &'a str,
}

impl<'a> Pointer<'a> {
    /// Where that is; `None` if it is not in the document itself.
    fn of(hit: &'a Hit) -> Option<Self> {
        match hit.view.split(" > ").next()? {
            "json" => Some(Self { line: None, path: &hit.place }),
            "jsonl" => {
                let (line, path) = hit.place.strip_prefix("line ")?.split_once(' ')?;
                Some(Self { line: line.parse().ok(), path })
            }
            _ => None,
        }
    }
}

/// The document that is being read.
struct Page<'a> {
    runs: &'a mut Runs,
    file: &'a str,
    /// Where the person is; `None` if everywhere.
    pointers: Option<Vec<&'a str>>,
    /// Where the value is that is being read.
    path: String,
}

impl Page<'_> {
    /// Whether the value that is being read speaks of the person.
    fn is_theirs(&self) -> bool {
        let below = |pointer: &&str| {
            let rest = pointer.strip_prefix(&*self.path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.pointers.as_ref().is_none_or(|pointers| pointers.iter().any(below))
    }

    fn end(&mut self, draft: Draft) {
        if let Some(run) = draft.run(self.file)
            && self.is_theirs()
        {
            self.runs.keep(run);
        }
    }
}

/// What an object says, before it is known whether it is a run.
#[derive(Default)]
struct Draft {
    run_id: Option<String>,
    /// A job's id. A run's own `name` is not used by what writes them.
    name: Option<String>,
    display_name: Option<String>,
    job_type: Option<String>,
    experiment_name: Option<String>,
    experiment_id: Option<String>,
    status: Option<String>,
    created: Option<String>,
    started: Option<String>,
    ended: Option<String>,
}

impl Draft {
    fn field(&mut self, key: &str) -> Option<&mut Option<String>> {
        Some(match key {
            "runId" => &mut self.run_id,
            "name" => &mut self.name,
            "displayName" => &mut self.display_name,
            "jobType" => &mut self.job_type,
            "experimentName" => &mut self.experiment_name,
            "experimentId" => &mut self.experiment_id,
            "status" => &mut self.status,
            "createdUtc" | "createdTimeUtc" | "createdAt" => &mut self.created,
            "startTimeUtc" => &mut self.started,
            "endTimeUtc" => &mut self.ended,
            _ => return None,
        })
    }

    /// The run that it is, if it is one.
    fn run(self, file: &str) -> Option<Run> {
        let job = self.job_type.and(self.name);
        Some(Run {
            id: self.run_id.or(job).filter(|id| !id.is_empty())?,
            name: self.display_name,
            experiment: self.experiment_name.or(self.experiment_id),
            status: self.status,
            created: self.created.as_deref().and_then(time),
            started: self.started.as_deref().and_then(time),
            ended: self.ended.as_deref().and_then(time),
            file: file.to_owned(),
        })
    }
}

/// Times come with an offset, or without one and in UTC.
fn time(text: &str) -> Option<Timestamp> {
    let civil = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    let time = text.parse().ok().or_else(|| Some(civil()?.timestamp()))?;
    YEARS.contains(&TimeZone::UTC.to_datetime(time).year()).then_some(time)
}

/// What a JSON value is read as; any value can stand anywhere.
enum Role<'a, 'b> {
    /// A run, or several.
    Page(&'a mut Page<'b>),
    /// An object whose fields belong to the one around it.
    Part(&'a mut Draft),
    /// A text.
    Text(&'a mut Option<String>),
}

impl<'de> DeserializeSeed<'de> for Role<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Role<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self {
            Role::Page(page) => {
                let mut draft = Draft::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "value" => {
                            page.path.push_str("/value");
                            map.next_value_seed(Role::Page(page))?;
                            page.path.truncate(page.path.len() - "/value".len());
                        }
                        "properties" | "systemData" => {
                            map.next_value_seed(Role::Part(&mut draft))?;
                        }
                        key => next_value(&mut map, draft.field(key))?,
                    }
                }
                page.end(draft);
            }
            Role::Part(draft) => {
                while let Some(key) = map.next_key::<String>()? {
                    // What is there already is the run's own, and this perhaps anybody's.
                    let field = draft.field(&key).filter(|field| field.is_none());
                    next_value(&mut map, field)?;
                }
            }
            Role::Text(_) => while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {},
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Role::Page(page) = self else {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        let parent = page.path.len();
        for index in 0u64.. {
            page.path.push_str(&format!("/{index}"));
            let next = list.next_element_seed(Role::Page(page))?;
            page.path.truncate(parent);
            if next.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if let Role::Text(into) = self {
            *into = Some(text.chars().take(TEXT_CHARS_MAX).collect());
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}

fn next_value<'de, A: MapAccess<'de>>(
    map: &mut A,
    field: Option<&mut Option<String>>,
) -> Result<(), A::Error> {
    match field {
        Some(field) => map.next_value_seed(Role::Text(field)),
        None => map.next_value::<IgnoredAny>().map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(view: &str, place: &str) -> Hit {
        Hit { identity: 0, view: view.into(), place: place.into() }
    }

    fn told(document: &str, places: &[Hit]) -> Vec<String> {
        let mut runs = Runs::default();
        runs.read(document.as_bytes(), "data/a.json", places);
        let line = |run: &&Run| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let time = |time: Option<Timestamp>| time.map(|t| t.to_string()).unwrap_or_default();
            format!(
                "{}|{}|{}|{}|{}|{}",
                run.id,
                text(&run.name),
                text(&run.experiment),
                text(&run.status),
                time(run.began()),
                time(run.ended)
            )
        };
        runs.in_order().iter().map(line).collect()
    }

    #[test]
    fn every_form_of_a_run_is_read() {
        let run = r#"{"runId":"r1","experimentId":"e",
            "createdUtc":"2024-04-05T19:34:38.1234567+00:00",
            "startTimeUtc":"2024-04-05T19:34:49.4440000+00:00","endTimeUtc":"2024-04-05T19:38:01Z",
            "status":"Completed","displayName":"quiet river","name":null,
            "properties":{"status":"x","azureml.git.branch":"b"},"tags":{"runId":"no"}}"#;
        let job = r#"{"id":"/subscriptions/0","name":"j1","properties":{"displayName":"quiet",
            "experimentName":"churn","jobType":"Command","status":"Failed","properties":{"a":"b"}},
            "systemData":{"createdAt":"2024-04-05T19:34:38.123456+00:00","createdBy":"H"}}"#;
        let run_told = "r1|quiet river|e|Completed|2024-04-05T19:34:49.444Z|2024-04-05T19:38:01Z";
        let job_told = "j1|quiet|churn|Failed|2024-04-05T19:34:38.123456Z|";
        let line = |document: &str| document.replace('\n', " ");
        for (document, expected) in [
            (run.to_owned(), vec![run_told]),
            (format!("\u{feff} {run}"), vec![run_told]),
            (format!("{{\"value\":[{run}],\"nextLink\":null}}"), vec![run_told]),
            (format!("[{job},{run}]"), vec![job_told, run_told]),
            (format!("{}\n{}\n", line(run), line(job)), vec![job_told, run_told]),
            (format!("{}\n{{broken\n{}", line(job), line(run)), vec![job_told, run_told]),
            (r#"{"runId":"a"} trailing"#.to_owned(), vec!["a|||||"]),
        ] {
            assert_eq!(told(&document, &[]), expected, "{document}");
        }
    }

    #[test]
    fn anything_else_is_passed_over() {
        for document in [
            "",
            "[]",
            "{}",
            "\"runId\"",
            "runId: a",
            r#"{"runId":7}"#,
            r#"{"runId":""}"#,
            r#"{"runId":null,"value":{"runId":[true,1.5,-1]}}"#,
            r#"{"name":"n","type":"jobType"}"#,
            r#"{"a":{"runId":"inner"}}"#,
            r#"{"properties":[{"jobType":"x"}],"name":"n"}"#,
        ] {
            assert_eq!(told(document, &[]), [""; 0], "{document}");
        }
        let deep = format!("{}\"runId\"", "[".repeat(1_000_000));
        assert_eq!(told(&deep, &[]), [""; 0]);
    }

    #[test]
    fn times_are_read_in_every_form_and_none_is_none() {
        for (text, expected) in [
            ("2024-02-19T17:29:40.6333607+00:00", "2024-02-19T17:29:40.6333607Z"),
            ("2024-02-19 17:29:40", "2024-02-19T17:29:40Z"),
            ("2024-02-19T17:29:40+09:00", "2024-02-19T08:29:40Z"),
            ("0001-01-01T00:00:00+00:00", ""),
            ("9999-12-31T23:59:59Z", ""),
            ("yesterday", ""),
        ] {
            let time = time(text).map(|time| time.to_string()).unwrap_or_default();
            assert_eq!(time, expected, "{text}");
        }
    }

    #[test]
    fn of_a_shared_page_only_the_persons_runs_count() {
        let page = r#"{"value":[{"runId":"a"},{"runId":"b"},{"runId":"c"}]}"#;
        let second = hit("json", "/value/1/createdBy/upn");
        let tenth = hit("json > json", "/value/10/tags");
        for (places, expected) in [
            (vec![second.clone()], vec!["b|||||"]),
            (vec![second.clone(), tenth], vec!["b|||||"]),
            (vec![second, hit("name", "name")], vec!["a|||||", "b|||||", "c|||||"]),
            (vec![hit("text", "line 1 column 9")], vec!["a|||||", "b|||||", "c|||||"]),
        ] {
            assert_eq!(told(page, &places), expected);
        }
        let lines = "{\"runId\":\"a\"}\n{\"runId\":\"b\"}\n";
        assert_eq!(told(lines, &[hit("jsonl", "line 2 /createdBy")]), ["b|||||"]);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut runs = Runs::default();
        let long = "ü".repeat(1_000);
        let mut page = format!("[{{\"runId\":\"{long}\"}}");
        for number in 0..RUNS_MAX + 5 {
            page.push_str(&format!(",{{\"runId\":\"{number}\"}}"));
        }
        page.push(']');
        runs.read(page.as_bytes(), "f", &[]);
        assert!(runs.count() == RUNS_MAX as u64 && runs.more);
        assert!(runs.kept.keys().all(|id| id.chars().count() <= TEXT_CHARS_MAX));
    }

    #[test]
    fn documents_of_one_run_complete_each_other() {
        let mut runs = Runs::default();
        runs.read(br#"{"runId":"a","status":"Running"}"#, "first", &[]);
        runs.read(br#"{"runId":"a","status":"Done","experimentId":"e"}"#, "second", &[]);
        let run = runs.in_order()[0];
        let told = (run.status.as_deref(), run.experiment.as_deref(), run.file.as_str());
        assert_eq!(told, (Some("Running"), Some("e"), "first"));
    }
}
