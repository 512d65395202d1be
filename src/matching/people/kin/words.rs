//! The words of names, and whether they may be of one person.

/// The words of a name, alias or local part, without accents and initials.
pub fn words(value: &str) -> Vec<String> {
    use unicode_normalization::UnicodeNormalization;
    let plain: String =
        value.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect();
    let value = plain.rsplit('\\').next().unwrap_or_default();
    let words = value.split(|c: char| !c.is_alphabetic()).filter(|word| word.chars().count() > 1);
    words.map(str::to_owned).collect()
}

/// Whether the words of two names may be of one person: every word of the one is in the other, or
/// the one is written together (`mosei`, `miraosei`, `oseim`).
pub fn are_one(own: &[String], other: &[String]) -> bool {
    if other.is_empty() {
        return false;
    }
    let all_in = |few: &[String], many: &[String]| few.iter().all(|word| many.contains(word));
    let joined = |words: &[String], together: &str| {
        words.iter().any(|whole| {
            let rest =
                together.strip_suffix(whole.as_str()).or(together.strip_prefix(whole.as_str()));
            rest.is_some_and(|rest| {
                !rest.is_empty() && words.iter().any(|word| word != whole && word.starts_with(rest))
            })
        })
    };
    all_in(other, own)
        || own.len() == 1 && other.len() > 1 && joined(other, &own[0])
        || other.len() == 1 && own.len() > 1 && joined(own, &other[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_person() {
        for (own, other, expected) in [
            ("mira.osei", "mira osei", true),
            ("mira.osei", "osei, mira k.", true),
            ("mosei", "mira osei", true),
            ("oseim", "mira osei", true),
            ("miraosei", "mira osei", true),
            ("mira osei", "mosei", true),
            ("mira osei", "mira", true),
            ("jose.pena", "josé peña", true),
            ("mira.osei", "kofi osei", false),
            ("mira.osei", "mira brandt", false),
            ("mira.osei", "mira adwoa osei", false),
            ("mosei", "kofi osei", false),
            ("ann", "ann miller", false),
            ("mira osei", "kosei", false),
        ] {
            assert_eq!(are_one(&words(own), &words(other)), expected, "{own} {other}");
        }
    }
}
