//! Where the files of a thing lie, as its documents say.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::adapters::azure::wire::address::encoded;
use crate::adapters::azureml::documents::document::{Document, look};
use crate::adapters::azureml::kinds::{Below, HISTORY, REGISTERED_DATASET, RUN, Sort};
use crate::adapters::azureml::names::{Address, Asked, asked};
use crate::adapters::azureml::pages;
use crate::adapters::azureml::places::stores::Stores;
use crate::adapters::azureml::places::uris::{Meant, read};
use crate::adapters::azureml::wire::discovery::Service;
use crate::adapters::azureml::wire::entry::Entry;
use crate::domain::asked::thing::{Thing, ThingKind};
use crate::domain::failure::Failure;
use crate::domain::layout::{Location, account_name};

const LOOKING: &str = "looking up where files lie";

/// The container of artifacts, and the datastore of outputs.
const ARTIFACTS: &str = "azureml";
const OUTPUTS: &str = "workspaceblobstore";

/// Nesting of a definition that is looked through: it is what somebody wrote.
const DEPTH_MAX: u32 = 64;

/// The files of a thing, in order and each place once.
///
/// # Errors
/// Where a service does not answer.
pub async fn of(entry: &Entry, thing: &Thing) -> Result<Vec<Location>, Failure> {
    let mut found = Found { entry, stores: Stores::default(), places: BTreeSet::new() };
    match thing.kind {
        ThingKind::Run => {
            if let Some(run) = here(entry, &RUN, thing) {
                found.run(&run.name).await?;
            }
        }
        ThingKind::PipelineOutput => {
            if let (Some(run), Some(output)) = (here(entry, &RUN, thing), &thing.output) {
                found.output(&run.name, output).await?;
            }
        }
        ThingKind::Model | ThingKind::Dataset => {
            let Some(address) = Sort::of(thing.kind).and_then(|sort| here(entry, sort, thing))
            else {
                return Ok(Vec::new());
            };
            for version in versions(entry, &address).await? {
                found.asset(&version).await?;
            }
            if thing.kind == ThingKind::Dataset && address.below.is_none() {
                let registered = Address::whole(&REGISTERED_DATASET, &address.name);
                if let Some(document) = look(entry, &registered).await? {
                    found.definition(&document.value["latest"], 0).await?;
                }
            }
        }
        _ => {}
    }
    Ok(found.places.into_iter().collect())
}

fn here(entry: &Entry, sort: &'static Sort, thing: &Thing) -> Option<Address> {
    match asked(sort, thing, entry.id()) {
        Asked::Here(address) => Some(address),
        Asked::Elsewhere | Asked::NoName => None,
    }
}

/// The version that is meant, or all of them.
async fn versions(entry: &Entry, address: &Address) -> Result<Vec<Document>, Failure> {
    if address.sort.below == Below::Versions && address.below.is_none() {
        return pages::below(entry, address).await;
    }
    Ok(look(entry, address).await?.into_iter().collect())
}

struct Found<'a> {
    entry: &'a Entry,
    stores: Stores,
    places: BTreeSet<Location>,
}

/// Whether a path is that of a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Folder,
    File,
    /// Nobody says: both are meant.
    Either,
}

impl Found<'_> {
    async fn run(&mut self, run: &str) -> Result<(), Failure> {
        let job = look(self.entry, &Address::whole(&RUN, run)).await?;
        let history = look(self.entry, &Address::of_run(run, HISTORY)).await?;
        if job.is_none() && history.is_none() {
            return Ok(());
        }
        if let Some(account) = self.entry.account().await? {
            let account = account_name(&account).to_owned();
            let path = format!("ExperimentRun/dcid.{run}/");
            self.places.insert(Location { account, container: ARTIFACTS.to_owned(), path });
        }
        for folder in ["azureml", "dataset"] {
            let path = format!("{folder}/{run}/");
            self.in_store(OUTPUTS, &path, Shape::Folder).await?;
        }
        let outputs = job.as_ref().and_then(|job| job.value["properties"]["outputs"].as_object());
        for output in outputs.into_iter().flat_map(|outputs| outputs.values()) {
            if let Some(address) = output["uri"].as_str() {
                self.address(address, Shape::Either).await?;
            }
        }
        Ok(())
    }

    async fn output(&mut self, run: &str, output: &str) -> Result<(), Failure> {
        let path = format!("PipelineRuns/{}/PipelineRunOutputs/{}", encoded(run), encoded(output));
        let url = self.entry.service_url(Service::Pipelines, &path).await?;
        let answer = self.entry.get(LOOKING, url).await?;
        match answer.status {
            200 => return self.definition(&answer.body, 0).await,
            _ if answer.is_absent_there() => {}
            _ => return Err(answer.failure(LOOKING)),
        }
        // Pipelines of today say it in their job.
        let job = look(self.entry, &Address::whole(&RUN, run)).await?;
        let said = job.as_ref().map(|job| &job.value["properties"]["outputs"][output]["uri"]);
        match said.and_then(Value::as_str) {
            Some(address) => self.address(address, Shape::Either).await,
            None => Ok(()),
        }
    }

    async fn asset(&mut self, version: &Document) -> Result<(), Failure> {
        let properties = &version.value["properties"];
        for field in ["modelUri", "dataUri"] {
            let Some(address) = properties[field].as_str() else { continue };
            let shape = match properties["dataType"].as_str() {
                Some("uri_file") => Shape::File,
                Some(_) => Shape::Folder,
                None => Shape::Either,
            };
            self.address(address, shape).await?;
        }
        Ok(())
    }

    /// Whatever names a datastore and a path in it, in any spelling: definitions of data sets,
    /// references of pipelines, and definitions within definitions.
    async fn definition(&mut self, value: &Value, depth: u32) -> Result<(), Failure> {
        let mut rest = vec![(value.clone(), depth)];
        while let Some((value, depth)) = rest.pop() {
            if depth > DEPTH_MAX {
                return Err(Failure::permanent(
                    "looking up where files lie: it is nested too deep",
                ));
            }
            match value {
                Value::Object(fields) => {
                    let text = |names: &[&str]| {
                        let mut fields = fields.iter();
                        let named = fields.find(|(name, value)| {
                            value.is_string()
                                && names.iter().any(|it| name.eq_ignore_ascii_case(it))
                        });
                        named.and_then(|(_, value)| value.as_str())
                    };
                    let store = text(&["datastoreName", "amlDataStoreName"]);
                    if let (Some(store), Some(path)) = (store, text(&["relativePath", "path"])) {
                        let (store, path) = (store.to_owned(), path.to_owned());
                        self.in_store(&store, &path, Shape::Either).await?;
                    }
                    if let Some(address) = text(&["httpUrl"]).map(str::to_owned) {
                        self.address(&address, Shape::Either).await?;
                    }
                    rest.extend(fields.into_iter().map(|(_, value)| (value, depth + 1)));
                }
                Value::Array(values) => {
                    rest.extend(values.into_iter().map(|value| (value, depth + 1)));
                }
                // The first SDK keeps a whole program as text.
                Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
                    let inner = serde_json::from_str::<Value>(&text).ok();
                    rest.extend(inner.map(|value| (value, depth + 1)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn address(&mut self, address: &str, shape: Shape) -> Result<(), Failure> {
        match read(address, self.entry.id()) {
            Meant::Store { name, path } => self.in_store(&name, &path, shape).await?,
            Meant::Place(place) => self.place(place, shape),
            Meant::Elsewhere(address) => self.nowhere(address),
        }
        Ok(())
    }

    async fn in_store(&mut self, name: &str, path: &str, shape: Shape) -> Result<(), Failure> {
        let path = path.trim_start_matches('/').to_owned();
        match self.stores.find(self.entry, name).await? {
            Some(store) => self.place(Location { path, ..store }, shape),
            None => self.nowhere(format!("azureml://datastores/{name}/paths/{path}")),
        }
        Ok(())
    }

    fn place(&mut self, place: Location, shape: Shape) {
        let is_folder = place.is_folder();
        if !is_folder && shape != Shape::File {
            let path = format!("{}/", place.path);
            self.places.insert(Location { path, ..place.clone() });
        }
        if is_folder || shape != Shape::Folder {
            self.places.insert(place);
        }
    }

    /// In no storage account, or none that is known.
    fn nowhere(&mut self, path: String) {
        self.places.insert(Location { account: String::new(), container: String::new(), path });
    }
}
