//! Keys that speak of people, whether what they say names one or only may.

/// How surely a key speaks of people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// `created_by`, `owner`: whatever its value is, it is somebody.
    Surely,
    /// `contact`, `from`: its value may be somebody.
    Perhaps,
}

/// Letters and digits of a key, small: `real_name`, `realName` and `Real Name` are one.
pub fn plain(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a key speaks of people.
pub fn speaks_of_people(key: &str) -> Option<Speaks> {
    const SURELY: &str = "\
        annotator approver assignedto assignee author coauthor contributor creator \
        labeler labeller login logname maintainer owner requester requestor reviewer \
        submitter submittor user";
    const PERHAPS: &str = "\
        aadobjectid attendee contact editor email employee familyname firstname fullname \
        givenname lastname mail manager member objectid oid participant person \
        principalname puid realname recipient sender surname upn";
    // What is said of data.
    const NO_DEEDS: &str = "\
        clusteredby delimitedby describedby dividedby filteredby followedby groupedby indexedby \
        keyedby labelledby limitedby multipliedby normalizedby orderedby partitionedby poweredby \
        scaledby separatedby sortedby weightedby";
    const WHOLE: [&str; 5] = ["bcc", "cc", "from", "to", "who"];
    let plain = plain(key);
    if WHOLE.contains(&plain.as_str()) {
        return Some(Speaks::Perhaps);
    }
    let one = plain.strip_suffix('s').unwrap_or(&plain);
    let ends = |word: &str, list: &str| list.split(' ').any(|known| word.ends_with(known));
    // Who did it: `created_by`, `runBy`; but not what it is sorted by.
    let by = |word: &str| {
        ends(word, "edby enby runby ranby sentby builtby madeby") && !ends(word, NO_DEEDS)
    };
    let stem = ["name", "id", "email", "mail", "upn", "alias", "login"]
        .iter()
        .find_map(|suffix| one.strip_suffix(suffix))
        .filter(|stem| !stem.is_empty())
        .unwrap_or(one);
    if [one, stem].iter().any(|word| by(word) || ends(word, SURELY)) {
        return Some(Speaks::Surely);
    }
    let is_perhaps = [one, stem].iter().any(|word| ends(word, PERHAPS));
    is_perhaps.then_some(Speaks::Perhaps)
}
