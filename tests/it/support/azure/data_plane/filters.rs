//! What a query of run history may ask for: as much of `OData` as Microsoft's clients write
//! (`azureml/_restclient/_odata`). Whether the service can look for a person by `CreatedBy` or
//! `UserId` is not known: here it refuses.

use serde_json::Value;

use crate::support::azure::refusal::Refusal;

/// One comparison.
struct Comparison {
    /// As in the document, `/` between the levels.
    field: Vec<String>,
    operator: String,
    /// Without quotes; `None` is `null`.
    value: Option<String>,
}

/// A filter: all of it must hold.
pub struct Filter(Vec<Comparison>);

impl Filter {
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let parts = text.split(" and ").map(str::trim).filter(|part| !part.is_empty());
        parts.map(comparison).collect::<Result<_, _>>().map(Self)
    }

    pub fn holds(&self, document: &Value) -> bool {
        self.0.iter().all(|comparison| comparison.holds(document))
    }
}

fn comparison(text: &str) -> Result<Comparison, Refusal> {
    let refused = || {
        let text = format!("The filter '{text}' is not supported.");
        Refusal::history(400, "ValidationError", text)
    };
    let text = text.trim_matches(['(', ')']);
    let mut words = text.splitn(3, ' ');
    let (Some(field), Some(operator), Some(value)) = (words.next(), words.next(), words.next())
    else {
        return Err(refused());
    };
    let known = [
        "Status",
        "RunType",
        "RunTypeV2",
        "Properties",
        "Tags",
        "CreatedUtc",
        "EndTimeUtc",
        "ParentRunId",
        "RootRunId",
        "Target",
        "RunId",
        "Name",
        "DisplayName",
        "Script",
        "ScriptName",
        "Hidden",
        "ExperimentId",
    ];
    let mut levels = field.split('/');
    let first = levels.next().unwrap_or_default();
    let known = known.iter().find(|name| name.eq_ignore_ascii_case(first)).ok_or_else(refused)?;
    if !matches!(operator, "eq" | "ne" | "ge" | "gt" | "le" | "lt") {
        return Err(refused());
    }
    let mut first = (*known).to_owned();
    if let Some(letter) = first.get_mut(..1) {
        letter.make_ascii_lowercase();
    }
    let field = std::iter::once(first).chain(levels.map(str::to_owned)).collect();
    let value = (value != "null").then(|| value.trim_matches('\'').to_owned());
    Ok(Comparison { field, operator: operator.to_owned(), value })
}

impl Comparison {
    fn holds(&self, document: &Value) -> bool {
        let mut found = document;
        for level in &self.field {
            found = found.get(level).unwrap_or(&Value::Null);
        }
        let found = match found {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        match self.operator.as_str() {
            "eq" => found == self.value,
            "ne" => found != self.value,
            operator => match (found, &self.value) {
                (Some(found), Some(value)) => match operator {
                    "ge" => found >= *value,
                    "gt" => found > *value,
                    "le" => found <= *value,
                    _ => found < *value,
                },
                _ => false,
            },
        }
    }
}
