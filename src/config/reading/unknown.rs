//! Keys that nobody knows, each with the nearest one that somebody does; and keys that stand for
//! several settings but were given one value.

use serde_json::Value;

/// Paths in `tree` that `sample` does not have, in words for the operator.
pub fn strays(tree: &Value, sample: &Value) -> Vec<String> {
    let mut found = Vec::new();
    visit(tree, sample, "", &mut found);
    found
}

/// What a variable was meant for that would be passed over, if it looks like a setting: between a
/// section and its key stand two underscores.
///
/// Kubernetes tells each container of each service by variables of its own, such as
/// `DSRD_HTTP_PORT` of a service `dsrd-http`. Those mean nothing to us.
pub fn meant(variable: &str, sample: &Value) -> Option<String> {
    let path = variable.strip_prefix("DSRD_").filter(|path| !path.starts_with('_'))?;
    let is_of = |section: &&String| {
        let rest = path.strip_prefix(section.to_uppercase().as_str());
        rest.is_some_and(|rest| rest.starts_with('_'))
    };
    let section = sample.as_object()?.keys().find(is_of)?.to_uppercase();
    let key = &path[section.len() + 1..];
    let is_of_a_service = ["PORT", "SERVICE_HOST", "SERVICE_PORT"].iter().any(|told| {
        key.strip_prefix(told).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    });
    let key = match key.split_once('_') {
        Some((number, key)) if number.parse::<usize>().is_ok() => format!("{number}__{key}"),
        _ => key.to_owned(),
    };
    let hint = format!("{variable} (did you mean DSRD__{section}__{key}?)");
    (!is_of_a_service).then_some(hint)
}

fn visit(tree: &Value, sample: &Value, path: &str, found: &mut Vec<String>) {
    match (tree, sample) {
        (Value::Object(tree), Value::Object(sample)) => {
            for (key, value) in tree {
                let here = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match sample.get(key) {
                    Some(sample) => visit(value, sample, &here, found),
                    // An open table: its keys are the operator's.
                    None if sample.is_empty() => {}
                    None => found.push(describe(&here, path, key, sample.keys())),
                }
            }
        }
        (Value::Array(tree), Value::Array(sample)) => {
            for (index, value) in tree.iter().enumerate() {
                if let Some(sample) = sample.first() {
                    visit(value, sample, &format!("{path}[{index}]"), found);
                }
            }
        }
        // Left to the deserialiser, these would be refused with the value quoted, which may be a
        // URL with its password.
        (_, Value::Object(sample)) if sample.is_empty() => {
            found.push(format!("{path} (it is a table: {path}.NAME)"));
        }
        (_, Value::Object(sample)) => {
            let first = sample.keys().next().map_or("", String::as_str);
            let first = if sample.contains_key("url") { "url" } else { first };
            found.push(format!("{path} (it has keys: {path}.{first})"));
        }
        (_, Value::Array(sample)) if sample.iter().any(Value::is_object) => {
            found.push(format!("{path} (it is a list: {path}[0].name)"));
        }
        _ => {}
    }
}

fn describe<'a>(
    here: &str,
    path: &str,
    key: &str,
    known: impl Iterator<Item = &'a String>,
) -> String {
    match nearest(key, known) {
        Some(near) if path.is_empty() => format!("{here} (did you mean {near}?)"),
        Some(near) => format!("{here} (did you mean {path}.{near}?)"),
        None => here.to_owned(),
    }
}

/// The known word most like `word`, unless none is much like it.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a String>) -> Option<&'a str> {
    known
        .map(|known| (strsim::normalized_damerau_levenshtein(word, known), known.as_str()))
        .filter(|(likeness, _)| *likeness > 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}
