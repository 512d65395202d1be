//! From what the operator wrote to what the daemon runs with: all faults at once, secrets resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::config::archives;
use crate::config::azure::{graph, people, storage, telemetry, workspaces};
use crate::config::faults::Faults;
use crate::config::file::{self, File};
use crate::config::policy;
use crate::config::secret::{Secret, broker_urls, is_one_node};
use crate::config::settings::{
    Amqp, Deployment, Ledger, Location, Queue, Settings, Store, Tls, Trust, Workspace,
};
use crate::config::watching::{http, otlp};
use crate::domain::callbacks::networks::Network;
use crate::domain::callbacks::rule::{CallbackHost, CallbackRule};
use crate::domain::event::Envelope;
use crate::domain::layout::FolderLayout;
use crate::domain::policy::keeping::Keeping;
use crate::domain::policy::mandate::{Ahead, Hours, Mandate};
use crate::domain::regulation::due::Calendar;
use crate::domain::request::Controller;

/// Settings that cannot be run with, one sentence each.
#[derive(Debug, thiserror::Error)]
#[error("the settings cannot be used: {}", .0.join("; "))]
pub struct SettingsError(pub Vec<String>);

/// What was learned of an item is relied on for at least so long.
const CATALOGUE_AGE_MIN: SignedDuration = SignedDuration::from_hours(1);

/// Builds the settings.
///
/// # Errors
/// [`SettingsError`] with every fault, none of which quotes a secret.
pub fn settings(file: &File) -> Result<Settings, SettingsError> {
    let mut faults = Faults::default();
    let sources: Vec<Store> =
        file.sources.iter().enumerate().filter_map(|(n, s)| source(n, s, &mut faults)).collect();
    let written = file.workspaces.iter().enumerate();
    let workspaces: Vec<Workspace> =
        written.filter_map(|(n, w)| workspace(n, w, &mut faults)).collect();
    let named = |key: &str, written: Option<&str>, faults: &mut Faults| {
        name(key, written, faults).map(str::to_owned)
    };
    let telemetry = telemetry::all(file, &workspaces, named, &mut faults);
    let mut names = BTreeSet::new();
    let of_workspaces = workspaces.iter().map(|workspace| &workspace.name);
    let of_others = of_workspaces.chain(telemetry.iter().map(|telemetry| &telemetry.name));
    for name in sources.iter().map(|source| &source.name).chain(of_others) {
        if !names.insert(name) {
            faults.add(format!("two sources are named {name}"));
        }
    }
    if file.sources.is_empty() && file.workspaces.is_empty() && file.telemetry.is_empty() {
        faults.add("there is no [[sources]], no [[workspaces]] and no [[telemetry]]".into());
    }
    let exports = store("exports", "exports", &file.exports.store, &mut faults)
        .map(|store| archives::exports(&file.exports, store.place, &mut faults));
    let graph = graph::graph(&file.graph, exports.as_ref(), &mut faults);
    let people = people::people(&file.people, &mut faults);
    let deployment = deployment(&file.deployment, &mut faults);
    let queue = queue(&file.queue, &mut faults);
    let trust = trust(&file.queue, &mut faults);
    let ledger = ledger(&file.ledger, &mut faults);
    let http = http::http(&file.http, &mut faults);
    let otlp = otlp::otlp(&file.otlp, &mut faults);
    let calendar = calendar(&file.due, &mut faults);
    let policy = policy::policy(&file.policy, &file.declared, &mut faults);
    let guard = policy::guard(&file.guard, &mut faults);
    let callbacks = callbacks(&file.callbacks, &mut faults);
    let age_max = age_max(&file.catalogue, &mut faults);
    let ahead = ahead(&file.catalogue, &mut faults);
    for fault in file.limits.faults() {
        faults.add(fault);
    }
    match (queue, ledger, exports, faults.0) {
        (Some(queue), Some(ledger), Some(exports), faults) if faults.is_empty() => Ok(Settings {
            deployment,
            queue,
            trust,
            ledger,
            exports,
            sources,
            workspaces,
            telemetry,
            graph,
            people,
            http,
            otlp,
            callback_timeout: Duration::from_millis(file.callbacks.timeout_ms),
            mandate: Mandate {
                controller: controller(&file.deployment),
                policy,
                guard,
                calendar,
                callbacks,
                limits: file.limits,
                keeping: keeping(file),
                catalogue_age_max: age_max.filter(|_| file.catalogue.enabled),
                ahead,
            },
        }),
        (_, _, _, faults) => Err(SettingsError(faults)),
    }
}

fn deployment(written: &file::Deployment, faults: &mut Faults) -> Deployment {
    let (source, controller_id) = (written.source.clone(), written.controller_id.clone());
    if !is_uri_reference(&source) {
        let text = "deployment.source must be a URI, such as urn:dsrd:prod";
        faults.add(text.to_owned());
    }
    Deployment {
        envelope: Envelope { source, controller_id },
        signing_key_file: PathBuf::from(&written.signing_key_file),
    }
}

/// Whether receivers of events take it for one: by its signs alone, see RFC 3986, section 2.
fn is_uri_reference(text: &str) -> bool {
    let is_allowed =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte);
    !text.is_empty() && text.bytes().all(is_allowed)
}

fn controller(written: &file::Deployment) -> Controller {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Controller { name: given(&written.controller_name), contact: given(&written.contact) }
}

fn keeping(file: &File) -> Keeping {
    Keeping {
        archive_life_ms: file.exports.expire_after_ms,
        tombstone_days: file.erasure.tombstone_days,
        follow_up_days: file.erasure.follow_up_days,
        details_days: file.ledger.details_days,
        callback_give_up_after_ms: file.callbacks.give_up_after_ms,
    }
}

fn age_max(written: &file::Catalogue, faults: &mut Faults) -> Option<SignedDuration> {
    let age = i64::try_from(written.max_age_ms).ok().map(SignedDuration::from_millis);
    let age = age.filter(|age| *age >= CATALOGUE_AGE_MIN);
    if age.is_none() {
        faults.add("catalogue.max_age_ms must be at least 3600000, an hour".to_owned());
    }
    age
}

fn ahead(written: &file::Catalogue, faults: &mut Faults) -> Option<Ahead> {
    if written.learn_hours.is_empty() {
        return None;
    }
    let hours = Hours::parse(&written.learn_hours);
    if hours.is_none() {
        faults.add("catalogue.learn_hours must be two hours of the day, such as 20-6".to_owned());
    }
    if !written.enabled {
        faults.add("catalogue.learn_hours needs catalogue.enabled".to_owned());
    }
    Some(Ahead {
        hours: hours?,
        items_per_second_max: written.learn_items_per_second_max,
        bytes_per_second_max: written.learn_bytes_per_second_max,
    })
}

fn source(index: usize, written: &file::Store, faults: &mut Faults) -> Option<Store> {
    let key = format!("sources[{index}]");
    let name = name(&key, written.name.as_deref(), faults)?;
    store(&key, name, written, faults)
}

fn workspace(index: usize, written: &file::Workspace, faults: &mut Faults) -> Option<Workspace> {
    let name = name(&format!("workspaces[{index}]"), written.name.as_deref(), faults)?;
    workspaces::workspace(index, name, written, faults)
}

fn name<'a>(key: &str, written: Option<&'a str>, faults: &mut Faults) -> Option<&'a str> {
    let name = written.filter(|name| is_plain(name));
    if name.is_none() {
        faults.add(format!("{key}.name must be 1 to 63 characters out of a-z 0-9 . _ -"));
    }
    name
}

/// Names appear in file names, metrics and events.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    (1..=63).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('.')
}

fn store(key: &str, name: &str, written: &file::Store, faults: &mut Faults) -> Option<Store> {
    let url = faults.secret(&format!("{key}.url"), written.url.as_ref(), written.url_file.as_ref());
    if written.url.is_none() && written.url_file.is_none() {
        faults.add(format!("{key}.url is missing"));
    }
    let url = url?;
    let place = match url.expose().strip_prefix("dir:") {
        Some(path) => Location::Folder(PathBuf::from(path)),
        None => storage::place(key, url.expose(), written, faults)?,
    };
    let layout = layout(key, &place, written.layout.as_deref(), faults);
    Some(Store { name: name.to_owned(), place, layout })
}

/// What a folder is; a URL of containers or shares says so itself, and archives are laid out by us.
fn layout(
    key: &str,
    place: &Location,
    written: Option<&str>,
    faults: &mut Faults,
) -> Option<FolderLayout> {
    let word = written?;
    if key == "exports" || !matches!(place, Location::Folder(_)) {
        faults.add(format!("{key}.layout says what a folder of items is: leave it out"));
        return None;
    }
    let layout = FolderLayout::parse(word);
    if layout.is_none() {
        faults.add(format!("{key}.layout must be container or containers"));
    }
    layout
}

fn queue(written: &file::Queue, faults: &mut Faults) -> Option<Queue> {
    let url = faults.secret("queue.url", written.url.as_ref(), written.url_file.as_ref())?;
    if let Some(path) = url.expose().strip_prefix("dir:") {
        return Some(Queue::Folder(PathBuf::from(path)));
    }
    let urls = broker_urls(url.expose());
    let is_broker = |url: &&str| url.starts_with("amqp://") || url.starts_with("amqps://");
    if urls.is_empty() || !urls.iter().all(is_broker) {
        faults.add("queue.url must begin with dir:, amqp:// or amqps://".into());
        return None;
    }
    if !urls.iter().all(|url| is_one_node(url)) {
        let text = "queue.url has a URL that cannot be read, or whose host or virtual host looks \
                    like several; give the nodes of a broker as whole URLs with spaces between";
        faults.add(text.into());
        return None;
    }
    // What is refused would come again, for ever.
    if written.requests.is_empty() || written.requests == written.dead_letters {
        faults.add("queue.requests and queue.dead_letters must be two names".into());
    }
    Some(Queue::Amqp(Amqp {
        urls: urls.into_iter().map(|url| Secret::new(url.to_owned())).collect(),
        tls: tls(written, faults),
        declare: written.declare,
        requests: written.requests.clone(),
        dead_letters: written.dead_letters.clone(),
        events: written.events.clone(),
        prefetch: written.prefetch.max(1),
    }))
}

/// Whether a key is of a kind that we can check by is seen when it is first used; here only what
/// would be a slip of the hand.
fn trust(written: &file::Queue, faults: &mut Faults) -> Trust {
    let mut keys = BTreeMap::new();
    for (id, text) in &written.trusted_keys {
        let is_pem = text.contains("-----BEGIN");
        let pem = if is_pem { Ok(text.clone()) } else { std::fs::read_to_string(text) };
        match pem {
            Ok(pem) if pem.contains("-----BEGIN PUBLIC KEY-----") => {
                drop(keys.insert(id.clone(), pem))
            }
            Ok(_) => faults.add(format!("queue.trusted_keys.{id} is no public key as PEM")),
            Err(error) => {
                faults.add(format!("queue.trusted_keys.{id} cannot be read: {text}: {error}"));
            }
        }
    }
    let signature_age_ms_max = written.signature_age_ms_max;
    if signature_age_ms_max < 1 {
        faults.add("queue.signature_age_ms_max must be at least 1".into());
    }
    Trust { keys, signature_age_ms_max }
}

fn tls(written: &file::Queue, faults: &mut Faults) -> Tls {
    let mut pem = |key: &str, path: Option<&String>| {
        let pem = faults.secret(key, None, path)?;
        if !pem.expose().contains("-----BEGIN ") {
            faults.add(format!("{key}_file holds no PEM"));
        }
        Some(pem)
    };
    let ca = pem("queue.ca", written.ca_file.as_ref());
    let cert = pem("queue.client_cert", written.client_cert_file.as_ref());
    let key = pem("queue.client_key", written.client_key_file.as_ref());
    if written.client_cert_file.is_some() != written.client_key_file.is_some() {
        faults.add("queue.client_cert_file and queue.client_key_file need each other".into());
    }
    let client = Option::zip(cert, key).map(|(cert, key)| (cert.expose().to_owned(), key));
    Tls { ca: ca.map(|ca| ca.expose().to_owned()), client }
}

fn ledger(written: &file::Ledger, faults: &mut Faults) -> Option<Ledger> {
    let url = faults.secret("ledger.url", written.url.as_ref(), written.url_file.as_ref())?;
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if !known.iter().any(|scheme| url.expose().starts_with(scheme)) {
        faults.add("ledger.url must begin with sqlite: or postgres://".into());
    }
    let master_key = written.master_key.clone().map(Secret::new);
    let file = written.master_key_file.as_deref().unwrap_or("dsrd-data/master.key");
    let master_key_file = Path::new(file).to_owned();
    Some(Ledger { url, master_key_file, master_key })
}

fn calendar(written: &file::Due, faults: &mut Faults) -> Calendar {
    let zone = TimeZone::get(&written.time_zone).unwrap_or_else(|_| {
        faults.add("due.time_zone is no IANA time zone, such as Europe/Berlin".into());
        TimeZone::UTC
    });
    let mut holidays = BTreeSet::new();
    for day in &written.holidays {
        match day.parse::<Date>() {
            Ok(date) => drop(holidays.insert(date)),
            Err(_) => faults.add("due.holidays has an entry that is not YYYY-MM-DD".into()),
        }
    }
    Calendar { zone, holidays }
}

fn callbacks(written: &file::Callbacks, faults: &mut Faults) -> CallbackRule {
    let hosts: Vec<_> = written.hosts.iter().filter_map(|text| CallbackHost::parse(text)).collect();
    if hosts.len() < written.hosts.len() {
        faults.add("callbacks.hosts has an entry that is neither HOST nor HOST:PORT".into());
    }
    let networks = written.private_networks.iter();
    let private_networks: Vec<_> = networks.filter_map(|text| Network::parse(text)).collect();
    if private_networks.len() < written.private_networks.len() {
        let text = "callbacks.private_networks has an entry that is no network, such as 10.0.0.0/8";
        faults.add(text.into());
    }
    let rule = CallbackRule { hosts, private_networks };
    if rule.has_unreachable_host() {
        let text = "callbacks.hosts has an address that no callback may go to, unless its network \
                    is in callbacks.private_networks";
        faults.add(text.into());
    }
    if !(100..=300_000).contains(&written.timeout_ms) {
        faults.add("callbacks.timeout_ms must be between 100 and 300000".into());
    }
    // A year, so that it can be added to a time.
    if written.give_up_after_ms > 31_536_000_000 {
        faults.add("callbacks.give_up_after_ms must be at most 31536000000".into());
    }
    rule
}
