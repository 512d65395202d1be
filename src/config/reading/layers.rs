//! The settings as they are laid over each other: what is built in, a file, variables.

use std::collections::BTreeMap;
use std::path::Path;

use config::{Config, ConfigBuilder, FileFormat, builder::DefaultState};
use serde_json::Value;

use crate::config::file::{Declaration, File, Rule, Store, Telemetry, Workspace};
use crate::config::reading::{twins, unknown};

/// The settings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A file or variable has another form than its key asks for.
    #[error("reading the settings: {0}")]
    Form(String),
    /// Keys that nobody knows; a typo here could turn a safety off.
    #[error("the settings have unknown keys: {}", .0.join(", "))]
    Unknown(Vec<String>),
    /// Variables that look like settings, and would be passed over.
    #[error("these variables mean nothing: {}", .0.join(", "))]
    Variables(Vec<String>),
}

/// The built-in defaults, which are also a sample.
pub const DEFAULTS: &str = include_str!("../../../config/default.toml");

/// Variables that begin with this are settings.
const PREFIX: &str = "DSRD__";

/// Defaults, then `path`, then `variables` whose names begin with `DSRD__`.
///
/// # Errors
/// [`FileError`] with every unknown key, or the first key of a wrong form.
pub fn read(
    path: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<File, FileError> {
    let written = path.map(text).transpose()?.unwrap_or_default();
    let mut overrides = Config::builder();
    let mut meant = Vec::new();
    for (name, value) in variables.into_iter().collect::<BTreeMap<_, _>>() {
        meant.extend(unknown::meant(&name, &sample()));
        overrides = overlay(overrides, &name, value)?;
    }
    if !meant.is_empty() {
        return Err(FileError::Variables(meant));
    }
    let toml = |text: &str| config::File::from_str(text, FileFormat::Toml);
    let all = overrides.clone().add_source(toml(DEFAULTS)).add_source(toml(&written));
    let all = all.build().map_err(form)?;
    let strays = unknown::strays(&tree(all.clone())?, &sample());
    if !strays.is_empty() {
        return Err(FileError::Unknown(strays));
    }
    let mut file: File = all.try_deserialize().map_err(form)?;
    let written = Config::builder().add_source(toml(&written));
    let layers = [overrides, written].map(|layer| layer.build().map_err(form).and_then(tree));
    let [overrides, written] = layers;
    let layers = [overrides?, written?];
    // Who names a workspace or telemetry means no sample folder beside it.
    let has_sources = layers.iter().any(|layer| layer.get("sources").is_some());
    if !(has_sources || file.workspaces.is_empty() && file.telemetry.is_empty()) {
        file.sources.clear();
    }
    twins::settle(&mut file, &layers);
    Ok(file)
}

fn form(error: config::ConfigError) -> FileError {
    FileError::Form(error.to_string())
}

fn tree(layer: Config) -> Result<Value, FileError> {
    layer.try_deserialize().map_err(form)
}

/// The text of a settings file that is sound TOML. Parsed here because other parsers' errors quote
/// the faulty line, which may hold a password.
fn text(path: &Path) -> Result<String, FileError> {
    let form = |what: String| FileError::Form(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| form(error.to_string()))?;
    match toml::from_str::<toml::Table>(&text) {
        Ok(_) => Ok(text),
        Err(error) => {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
            Err(form(format!("line {line}: {}", error.message())))
        }
    }
}

/// `DSRD__SOURCES__0__URL` becomes the override `sources[0].url`.
fn overlay(
    builder: ConfigBuilder<DefaultState>,
    name: &str,
    value: String,
) -> Result<ConfigBuilder<DefaultState>, FileError> {
    let Some(path) = name.strip_prefix(PREFIX) else { return Ok(builder) };
    let mut key = String::new();
    for segment in path.to_lowercase().split("__") {
        if segment.parse::<usize>().is_ok() {
            key.push_str(&format!("[{segment}]"));
        } else {
            key.push_str(if key.is_empty() { "" } else { "." });
            key.push_str(segment);
        }
    }
    builder.set_override(&key, value).map_err(|_| FileError::Unknown(vec![name.to_owned()]))
}

/// Every key there is, as a tree: of the defaults, and of one of each list.
pub fn sample() -> Value {
    // As settings are read anyway: each way to read them is code for every field.
    let source = config::File::from_str(DEFAULTS, FileFormat::Toml);
    let defaults = Config::builder().add_source(source).build().and_then(Config::try_deserialize);
    let defaults: File = defaults.expect("ours, and read by a test");
    let (sources, policy) = (vec![Store::default()], vec![Rule::default()]);
    let (declared, workspaces) = (vec![Declaration::default()], vec![Workspace::default()]);
    let telemetry = vec![Telemetry::default()];
    let file = File { sources, workspaces, telemetry, policy, declared, ..defaults };
    serde_json::to_value(file).expect("plain structs of strings and numbers serialise")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(variables: &[(&str, &str)]) -> Result<File, FileError> {
        read(None, variables.iter().map(|(k, v)| (k.to_string(), v.to_string())))
    }

    #[test]
    fn variables_win_and_lists_are_indexed() {
        let file = given(&[
            ("DSRD__QUEUE__URL", "amqp://broker"),
            ("DSRD__SOURCES__0__URL", "http://127.0.0.1:10000/devstoreaccount1/azureml"),
            ("DSRD__SOURCES__1__NAME", "more"),
            ("DSRD__SOURCES__1__URL", "dir:more"),
            ("DSRD__LIMITS__TRIES_MAX", "3"),
            ("HOME", "/nowhere"),
        ])
        .unwrap();
        assert_eq!(file.queue.url.as_deref(), Some("amqp://broker"));
        assert_eq!(file.sources[0].name.as_deref(), Some("run-history"));
        assert!(file.sources[0].url.as_deref().unwrap().starts_with("http://127"));
        assert_eq!(file.sources[1].name.as_deref(), Some("more"));
        assert_eq!(file.limits.tries_max, 3);
    }

    #[test]
    fn unknown_keys_are_refused_with_the_nearest_known_one() {
        let error = given(&[("DSRD__QUEUE__URI", "x"), ("DSRD__QUEU__URL", "x")]).err().unwrap();
        let text = error.to_string();
        assert!(text.contains("queue.uri (did you mean queue.url?)"), "{text}");
        assert!(text.contains("queu (did you mean queue?)"), "{text}");
    }

    #[test]
    fn variables_that_look_like_settings_are_refused() {
        let error = given(&[("DSRD_QUEUE_URL", "s3cret"), ("DSRD_LEDGER_MASTER_KEY_FILE", "x")]);
        let text = error.err().unwrap().to_string();
        let of_list = given(&[("DSRD_SOURCES_0_URL", "x")]).err().unwrap().to_string();
        assert!(of_list.contains("(did you mean DSRD__SOURCES__0__URL?)"), "{of_list}");
        assert!(text.contains("DSRD_QUEUE_URL (did you mean DSRD__QUEUE__URL?)"), "{text}");
        let hint = "DSRD_LEDGER_MASTER_KEY_FILE (did you mean DSRD__LEDGER__MASTER_KEY_FILE?)";
        assert!(text.contains(hint), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
        for others in [
            "DSRD_LOG",
            "DSRD_TEST_EVERYTHING",
            // What Kubernetes tells of services that are called `dsrd` and `dsrd-http`.
            "DSRD_PORT",
            "DSRD_HTTP_PORT",
            "DSRD_HTTP_PORT_9464_TCP_ADDR",
            "DSRD_HTTP_SERVICE_HOST",
            "DSRD_HTTP_SERVICE_PORT_METRICS",
            "DSRD_QUEUEING",
        ] {
            assert!(given(&[(others, "x")]).is_ok(), "{others}");
        }
    }

    #[test]
    fn a_workspace_takes_the_place_of_the_sample_folder() {
        let workspace = ("DSRD__WORKSPACES__0__NAME", "ws");
        let file = given(&[workspace]).unwrap();
        assert_eq!((file.workspaces.len(), file.sources.len()), (1, 0));
        let file = given(&[workspace, ("DSRD__SOURCES__0__URL", "dir:a")]).unwrap();
        assert_eq!((file.workspaces.len(), file.sources.len()), (1, 1));
        assert_eq!(given(&[]).unwrap().sources.len(), 1);
    }

    #[test]
    fn a_secret_given_one_way_replaces_the_other_way_of_lower_layers() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "[queue]\nurl_file = \"q\"\n[ledger]\nurl_file = \"l\"\n\
                    [exports]\nurl = \"dir:a\"\nurl_file = \"e\"\n";
        std::fs::write(file.path(), text).unwrap();
        let variables = [("DSRD__LEDGER__URL", "sqlite:x"), ("DSRD__SOURCES__0__URL_FILE", "s")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let file = read(Some(file.path()), variables).unwrap();
        let both = |plain: &Option<String>, file: &Option<String>| (plain.clone(), file.clone());
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(both(&file.queue.url, &file.queue.url_file), (None, some("q")));
        assert_eq!(both(&file.ledger.url, &file.ledger.url_file), (some("sqlite:x"), None));
        assert_eq!(
            both(&file.exports.store.url, &file.exports.store.url_file),
            (some("dir:a"), some("e"))
        );
        assert_eq!(both(&file.sources[0].url, &file.sources[0].url_file), (None, some("s")));
    }

    #[test]
    fn values_where_tables_belong_are_refused_and_not_quoted() {
        let error = given(&[("DSRD__QUEUE", "amqp://u:s3cret@b"), ("DSRD__SOURCES", "s3cret")]);
        let text = error.err().unwrap().to_string();
        assert!(text.contains("queue (it has keys: queue.url)"), "{text}");
        assert!(text.contains("sources (it is a list: sources[0].name)"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }

    #[test]
    fn key_ids_are_the_operators_and_their_case_is_kept() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[queue.trusted_keys]\n\"Ticket.1\" = \"a.pem\"\n").unwrap();
        let variable = ("DSRD__QUEUE__TRUSTED_KEYS__BILLING".to_owned(), "b.pem".to_owned());
        let file = read(Some(file.path()), [variable]).unwrap();
        let keys = [("Ticket.1", "a.pem"), ("billing", "b.pem")];
        let keys = keys.map(|(id, path)| (id.to_owned(), path.to_owned()));
        assert_eq!(file.queue.trusted_keys, BTreeMap::from(keys));
        let error = given(&[("DSRD__QUEUE__TRUSTED_KEYS", "x")]).err().unwrap().to_string();
        assert!(error.contains("queue.trusted_keys (it is a table: queue.trusted_keys.NAME)"));
    }

    #[test]
    fn a_file_that_is_no_toml_is_not_quoted() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[queue]\nurl = \"amqp://u:s3cret@b\n").unwrap();
        let text = read(Some(file.path()), []).err().unwrap().to_string();
        assert!(text.contains(": line 2: "), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
