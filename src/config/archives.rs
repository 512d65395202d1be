//! How long archives are kept, and what brings a person to them.

use crate::config::faults::Faults;
use crate::config::file;
use crate::config::settings::{Credential, Exports, Links, Location};

/// Ten years, so that it can be added to a time.
const EXPIRE_AFTER_MS_MAX: u64 = 315_360_000_000;

/// Builds `[exports]` for archives in that place.
pub fn exports(written: &file::Exports, place: Location, faults: &mut Faults) -> Exports {
    if written.expire_after_ms > EXPIRE_AFTER_MS_MAX {
        faults.add(format!("exports.expire_after_ms must be at most {EXPIRE_AFTER_MS_MAX}"));
    }
    let links = match written.links.as_str() {
        "plain" => Links::Plain,
        "signed" => Links::Signed,
        _ => {
            faults.add("exports.links is neither plain nor signed".into());
            Links::Plain
        }
    };
    if let (Links::Signed, Some(why)) = (links, unsigned(&place)) {
        faults.add(format!("exports.links cannot be signed: {why}"));
    }
    Exports { place, links }
}

/// Why nothing can be signed for that place. Whoever asks for links that open is not to be given
/// others unseen.
fn unsigned(place: &Location) -> Option<&'static str> {
    match place {
        Location::Folder(_) | Location::Share(_) | Location::Lake(_) => {
            Some("a folder has no links that open by themselves")
        }
        Location::Blob(blob) => match blob.credential {
            Credential::Sas(_) => Some("it takes an identity or an account key, not a signature"),
            Credential::AccountKey { .. }
            | Credential::ManagedIdentity { .. }
            | Credential::WorkloadIdentity
            | Credential::ClientSecret { .. }
            | Credential::DeveloperTools => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;
    use crate::config::settings::Blob;

    #[test]
    fn what_cannot_be_is_refused() {
        let folder = || Location::Folder("exports".into());
        let blob = |credential| {
            let url = url::Url::parse("https://a.blob.core.windows.net/c").unwrap();
            Location::Blob(Blob { url, credential })
        };
        let sas = || blob(Credential::Sas(Secret::new("sig=x".to_owned())));
        let table = [
            (folder(), 0, "plain", ""),
            (folder(), EXPIRE_AFTER_MS_MAX, "plain", ""),
            (folder(), EXPIRE_AFTER_MS_MAX + 1, "plain", "exports.expire_after_ms must be at most"),
            (folder(), 1, "signed", "exports.links cannot be signed: a folder"),
            (folder(), 1, "SIGNED", "exports.links is neither"),
            (sas(), 1, "plain", ""),
            (sas(), 1, "signed", "exports.links cannot be signed: it takes an identity"),
            (blob(Credential::WorkloadIdentity), 1, "signed", ""),
        ];
        for (place, expire_after_ms, links, expected) in table {
            let mut faults = Faults::default();
            let links = links.to_owned();
            let store = file::Store::default();
            let written = file::Exports { store, expire_after_ms, links };
            exports(&written, place, &mut faults);
            let Faults(faults) = faults;
            assert_eq!(faults.is_empty(), expected.is_empty(), "{faults:?}");
            assert!(faults.iter().all(|fault| fault.starts_with(expected)), "{faults:?}");
        }
    }
}
