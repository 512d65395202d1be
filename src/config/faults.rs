//! Everything that is wrong with the settings, gathered before anything is refused.

use crate::config::secret::Secret;

/// What is wrong with the settings so far, one sentence each.
#[derive(Default)]
pub struct Faults(pub Vec<String>);

impl Faults {
    /// One more; it must quote no secret.
    pub fn add(&mut self, fault: String) {
        self.0.push(fault);
    }

    /// The value of `key`, from itself or from the file that `key_file` names.
    pub fn secret(
        &mut self,
        key: &str,
        value: Option<&String>,
        path: Option<&String>,
    ) -> Option<Secret> {
        match (value, path) {
            (Some(_), Some(_)) => {
                self.add(format!("{key} and {key}_file are both given; keep one"));
                None
            }
            (Some(value), None) => Some(Secret::new(value.clone())),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(text) => Some(Secret::new(text.trim().to_owned())),
                Err(error) => {
                    self.add(format!("{key}_file cannot be read: {path}: {error}"));
                    None
                }
            },
            (None, None) => None,
        }
    }
}
