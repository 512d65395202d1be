//! What may stand between two words of a name, and what it makes of them.
//!
//! | between | example |
//! | --- | --- |
//! | white space, and its spellings | `Mira  Osei`, `Mira\ Osei`, `Mira~Osei`, `Mira\⏎  \ Osei` |
//! | the end of a line, and what the next one begins with | `# Mira⏎# Osei`, `> Mira⏎> Osei` |
//! | the end of a string, and the next one | `"by Mira⏎",⏎ "Osei"`, `'Mira ' +⏎ 'Osei'` |
//! | signs around each word | `**Mira** **Osei**`, `\textbf{Mira} \textsc{Osei}` |
//! | a sign that joins words | `Mira_Osei`, `mira.osei` |
//! | the border of two cells | `Mira,Osei`, `| Mira | Osei |`, `('Mira', 'Osei')` |
//! | what parts two strings of a binary | `Mira\0\0\0Osei`, `\x04Mira\x12\x04Osei` |
//! | a token's tags | `Mira B-PER⏎Osei I-PER` |
//! | a comma, family name first | `Osei, Mira`, `CN=Osei\, Mira` |
//!
//! Works on folded text.

use crate::matching::identity::scripts::separates;

/// Longest stretch between two words of a name, in bytes.
pub const BETWEEN_BYTES_MAX: usize = 64;

/// The same where a line of tags stands between them.
pub const TAGS_BYTES_MAX: usize = 160;

/// What two words are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words in a row.
    Space,
    /// Words that a sign joins.
    Sign(char),
    /// The contents of two cells.
    Cell,
    /// What a comma parts and nothing else: two cells, or a name with the family first.
    Bare,
    /// What stands before a comma and what after it.
    Comma,
    /// Tokens that are tagged as one name.
    Tagged,
}

/// What stands between two words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joint {
    /// What it makes of them.
    pub kind: Kind,
    /// Whether it belongs to something else: then each word is told by itself.
    pub apart: bool,
}

/// What `between` makes of the words on either side of it, which `before` and `after` hold.
pub fn joint(before: &str, between: &str, after: &str) -> Option<Joint> {
    let told = |kind, apart| Some(Joint { kind, apart });
    if between.len() > BETWEEN_BYTES_MAX {
        return is_tagged(before, between, after)
            .then_some(Joint { kind: Kind::Tagged, apart: true });
    }
    if is_space(between) {
        return told(Kind::Space, false);
    }
    if let Some(sign) = sign(between) {
        return told(Kind::Sign(sign), false);
    }
    let spelled = between.replace("\\2c", ",");
    if let Some((left, right)) = spelled.split_once([',', '、'])
        && let Some(apart) = comma(before, left, right)
    {
        let is_bare = left.is_empty() && right.is_empty();
        return told(if is_bare { Kind::Bare } else { Kind::Comma }, apart || is_bare);
    }
    let is_one_string = ends_a_string(before, between) || is_decorated(between);
    if is_one_string || is_wrapped(before, between) || parts_strings(between) {
        return told(Kind::Space, true);
    }
    if is_border(between) {
        return told(Kind::Cell, true);
    }
    is_tagged(before, between, after).then_some(Joint { kind: Kind::Tagged, apart: true })
}

/// White space and what stands for it; a backslash keeps a space or the end of a line.
fn is_space(between: &str) -> bool {
    between == "~"
        || between.contains(separates) && between.chars().all(|c| separates(c) || c == '\\')
}

fn sign(between: &str) -> Option<char> {
    let sign = between.chars().next()?;
    let is_one =
        matches!(sign, '_' | '.' | '-' | '·' | '‧' | '゠') && between.len() == sign.len_utf8();
    (is_one || between == "__").then_some(sign)
}

/// Whether a comma with this on its sides parts a family name from a given one, and stands among
/// signs that belong to something else.
fn comma(before: &str, left: &str, right: &str) -> Option<bool> {
    const SIGNS: [char; 4] = ['*', '_', '`', '}'];
    let bare = left.trim_end_matches('\\').trim_end_matches(separates);
    let unsigned = bare.trim_start_matches(SIGNS);
    let right = without_titles(right);
    let is_plain = right.is_empty() || is_space(right) || right.trim_matches(separates).is_empty();
    if !unsigned.is_empty() {
        return None;
    }
    if is_plain {
        return Some(!bare.is_empty());
    }
    (is_wrapped(before, right) || is_decorated(right)).then_some(true)
}

/// What is left where titles stand before a given name: `Osei, Prof. Dr. Mira`.
fn without_titles(right: &str) -> &str {
    const TITLES: [&str; 22] = [
        "dr", "prof", "mr", "mrs", "ms", "mx", "miss", "herr", "frau", "ing", "dipl", "mag", "msc",
        "bsc", "phd", "sir", "dame", "rev", "med", "rer", "nat", "h.c",
    ];
    let mut rest = right;
    loop {
        let word = rest.trim_start_matches(' ');
        let end = word.find([' ', '-']).unwrap_or(word.len());
        let is_title = TITLES.contains(&word[..end].trim_end_matches('.'));
        if word.len() == rest.len() || !is_title {
            return rest;
        }
        rest = &word[end..];
    }
}

/// The end of a line, and what the next one begins with before its text.
fn is_wrapped(before: &str, between: &str) -> bool {
    let Some((end, next)) = between.split_once('\n') else { return false };
    let end = end.trim_matches(separates);
    let is_continued = matches!(end, "\\" | "`" | "^");
    let lead = next.trim_start_matches([' ', '\t', '+']);
    let indent = &next[..next.len() - lead.len()];
    let mark = lead.trim_end_matches([' ', '\t']);
    if mark.is_empty() {
        return is_continued;
    }
    let first = before.rsplit('\n').next().unwrap_or(before);
    end.is_empty() && !mark.contains('\n') && begins_alike(first, indent, mark)
}

/// Whether a mark opens a comment or a quotation in a line after `first`, which had one too.
fn begins_alike(first: &str, indent: &str, mark: &str) -> bool {
    let of_string = first.rsplit('"').next().unwrap_or(first);
    let openings = [first, of_string, opening(first)]
        .map(|line| line.trim_start_matches([' ', '\t', '+', '{', '@']));
    let opens = |sign: &str| openings.iter().any(|opening| opening.starts_with(sign));
    let Some(sign) = mark.chars().next() else { return false };
    let run = |most: usize| {
        let rest = mark.trim_start_matches(sign);
        mark.len() - rest.len() <= most && rest.chars().all(|c| ":.|!'~/".contains(c))
    };
    // Behind a statement, or before all of the line.
    let behind = |sign: &str| opens(sign) || first.contains(&format!(" {sign}"));
    match sign {
        '#' => run(6) && behind("#"),
        '%' | ';' | '!' | '\'' => run(3) && behind(&sign.to_string()),
        '/' => mark.len() > 1 && run(4) && behind("//"),
        '-' => mark.starts_with("--") && run(3) && behind("--"),
        '>' => mark.chars().all(|c| matches!(c, '>' | ' ')) && opens(">"),
        // A bullet of a list is not indented so.
        '*' => {
            let spaces = indent.len() - indent.trim_end_matches(' ').len();
            mark == "*" && spaces % 2 == 1 && (opens("*") || opens("/*"))
        }
        _ => {
            let mark = mark.trim_start_matches('@');
            ["rem", "::", "dnl"].contains(&mark) && opens(mark)
        }
    }
}

/// A line from its first sign on, of the string that it goes on in.
fn opening(line: &str) -> &str {
    let line = line.rsplit(['"', '\'', '`']).next().unwrap_or(line);
    line.trim_start_matches([' ', '\t'])
}

/// The end of a string whose text goes on in the next one, with a space or the end of a line in
/// one of them.
fn ends_a_string(before: &str, between: &str) -> bool {
    let inner = between.trim_start_matches(separates);
    let Some(quote) = inner.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
        return false;
    };
    let ended = &between[..between.len() - inner.len()];
    let Some((middle, begun)) = inner[1..].split_once(quote) else { return false };
    let joiner = middle.trim_matches(separates).trim_end_matches(['f', 'r', 'b', 'u']);
    let joiner = joiner.trim_matches(separates);
    let mark = begun.trim_matches(separates);
    if joiner == "," && ended.contains('\n') {
        let first = before.rsplit('\n').next().unwrap_or(before);
        return mark.is_empty() || begins_alike(first, " ", mark);
    }
    let is_spaced = !ended.is_empty() || !begun.is_empty();
    let is_joined =
        ["", "+", ".", "..", "||", "&", "& _", "\\", "<<", "<>", "++", "~", ","].contains(&joiner);
    is_spaced && is_joined && mark.is_empty() && !middle.is_empty()
}

/// Signs of Markdown, TeX or quotation that close on one word and open on the next.
fn is_decorated(between: &str) -> bool {
    const SIGNS: [char; 5] = ['*', '_', '`', '{', '}'];
    let is_gap = |c: char| matches!(c, '~') || separates(c) && c != '\n' && c != '\t';
    let Some(from) = between.find(is_gap) else { return false };
    let opens = between[from..].trim_start_matches(is_gap);
    let closes = &between[..from];
    if closes == opens && ["\"", "'", "''"].contains(&closes) {
        return true;
    }
    let closes_well = closes.chars().all(|c| SIGNS.contains(&c) && c != '{');
    let mut rest = opens;
    while let Some(command) = rest.strip_prefix('\\') {
        let name = command.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let Some(inner) = name.strip_prefix(['{', ' ']).filter(|_| name.len() < command.len())
        else {
            return false;
        };
        rest = inner;
    }
    closes_well && rest.chars().all(|c| SIGNS.contains(&c) && c != '}')
}

/// The border of two cells, with the quotes of their contents.
fn is_border(between: &str) -> bool {
    let quote = |c: char| matches!(c, '"' | '\'');
    let (left, right) = (between.trim_start_matches(quote), between.trim_end_matches(quote));
    let quotes = (between.len() - left.len(), between.len() - right.len());
    let border = left.trim_end_matches(quote);
    let bare = border.trim_matches(|c: char| c.is_whitespace() && c != '\t');
    let is_spaced = bare.len() < border.len();
    match bare {
        "|" => !border.contains('\n') && quotes.0 < 2 && quotes.1 < 2,
        "," | ";" | "\t" => match quotes {
            (1, 1) => true,
            (0 | 1, 0 | 1) => !is_spaced,
            _ => false,
        },
        _ => false,
    }
}

/// Lengths, signs and zeros between two strings of a binary, side by side as two fields are.
fn parts_strings(between: &str) -> bool {
    let is_of_text = |c: char| matches!(c, '\n' | '\r' | '\t');
    between.chars().all(char::is_control) && between.contains(|c: char| !is_of_text(c))
}

/// Tokens that are tagged as parts of one name, one a line: `Mira B-PER⏎Osei I-PER`, numbered, with
/// the tags first, in a row: `Mira/NNP Osei/NNP`, or as objects.
fn is_tagged(before: &str, between: &str, after: &str) -> bool {
    let first = before.rsplit('\n').next().unwrap_or(before);
    let second = after.split('\n').next().unwrap_or(after);
    match between.split_once('\n') {
        _ if between.matches('{').count() == 1 && between.matches('}').count() == 1 => {
            let has = |texts: [&str; 2], tags: [&str; 2]| {
                texts.iter().any(|text| tags.iter().any(|tag| text.contains(tag)))
            };
            has([before, between], ["b-per", "\"per"]) && has([between, after], ["i-per", "\"per"])
        }
        None => is_tagged_in_row(between, second),
        Some((tags, lead)) if !lead.contains('\n') => are_tagged_lines(first, tags, lead, second),
        Some(_) => false,
    }
}

fn is_tagged_in_row(between: &str, second: &str) -> bool {
    let Some(sign) = between.chars().next().filter(|c| matches!(c, '/' | '_' | '|')) else {
        return false;
    };
    let tag = between[1..].strip_suffix(' ').unwrap_or_default();
    let word = second.trim_start_matches(|c: char| c.is_alphanumeric());
    let again = word.strip_prefix(sign).unwrap_or_default();
    ["nnp", "nnps", "propn", "np", "nr", "per", "b-per", "person"].contains(&tag)
        && ["nnp", "propn", "np", "nr", "per", "i-per", "e-per"]
            .iter()
            .any(|tag| again.starts_with(tag))
}

/// `tags` follow the first word, `lead` stands before the second.
fn are_tagged_lines(first: &str, tags: &str, lead: &str, second: &str) -> bool {
    let has = |text: &str, starts: &[&str]| {
        text.split_whitespace().any(|tag| starts.iter().any(|start| tag.starts_with(start)))
    };
    let begins = ["b-", "i-", "per", "nnp"];
    let goes_on = ["i-", "e-", "l-", "nnp"];
    if tags.trim().is_empty() {
        return has(opening(first), &["b-", "i-per"]) && has(lead, &["i-", "e-", "l-"]);
    }
    if !tags.starts_with([' ', '\t']) {
        return false;
    }
    let has_number = |text: &str| {
        let id = text.split('\t').next().unwrap_or_default();
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_numbered = has_number(opening(first)) && has_number(lead) && lead.ends_with('\t');
    let is_person = |text: &str| has(text, &["per", "person"]);
    lead.is_empty()
        && (has(tags, &begins) && has(second, &goes_on) || is_person(tags) && is_person(second))
        || is_numbered && tags.contains("propn") && second.contains("propn")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands between `mira` and `osei` in a text.
    fn told(text: &str) -> Option<Kind> {
        let (before, rest) = text.split_once("mira").unwrap();
        let (between, after) = rest.rsplit_once("osei").unwrap();
        joint(&format!("{before}mira"), between, &format!("osei{after}")).map(|joint| joint.kind)
    }

    #[test]
    fn words_in_a_row() {
        for text in [
            "mira  osei",
            "mira\\ osei",
            "mira~osei",
            "by mira\\\n  \\ osei",
            "# by mira\n# osei",
            "x = 1  # by mira\n       # osei",
            "// mira\n// osei",
            "/// mira\n/// osei",
            "-- mira\n-- osei",
            "/**\n * by mira\n * osei",
            "> by mira\n> osei",
            "> > by mira\n> > osei",
            "; mira\n; osei",
            "% mira\n% osei",
            "rem by mira\nrem osei",
            "mira^\n osei",
            "mira `\n  osei",
            "\"by mira\n\",\n    \"osei\"",
            "\"# by mira\n\",\n    \"# osei\"",
            "'by mira '\n    'osei'",
            "\"mira \" +\n \"osei\"",
            "'mira' || ' osei'",
            "**mira** **osei**",
            "_mira_ osei",
            "mira **osei**",
            "`mira` `osei`",
            "\\textbf{mira} \\textsc{osei}",
            "{mira} {osei}",
            "mira~\\textsc{osei}",
            "\"mira\" \"osei\"",
            "'mira' 'osei'",
            "x \"mira \" \\\n \"osei\"",
            "#' by mira\n#' osei",
            "#: by mira\n#: osei",
            "+# by mira\n+# osei",
            "{# by mira\n# osei",
            "\"by mira \" & _\n \"osei\"",
            "\"mira \" <> \"osei\"",
            "\"mira \", \"osei\"",
            "mira\0\0\0\0\0\0osei",
            "\n\u{4}mira\u{12}\u{4}osei",
            "\0\0\0\u{4}mira\0\0\0\u{4}osei",
        ] {
            assert_eq!(told(text), Some(Kind::Space), "{text}");
        }
    }

    #[test]
    fn signs_borders_commas_and_tags() {
        for (text, expected) in [
            ("mira_osei", Kind::Sign('_')),
            ("mira.osei", Kind::Sign('.')),
            ("mira-osei", Kind::Sign('-')),
            ("mira__osei", Kind::Sign('_')),
            ("mira,osei", Kind::Bare),
            ("\"mira\",\"osei\"", Kind::Cell),
            ("'mira', 'osei'", Kind::Cell),
            ("\"mira\",\n  \"osei\"", Kind::Cell),
            ("mira;osei", Kind::Cell),
            ("| mira | osei |", Kind::Cell),
            ("mira,\"osei\"", Kind::Cell),
            ("mira, osei", Kind::Comma),
            ("mira\\, osei", Kind::Comma),
            ("mira,\\ osei", Kind::Comma),
            ("**mira**, osei", Kind::Comma),
            ("# x mira,\n# osei", Kind::Comma),
            ("mira, prof. dr. osei", Kind::Comma),
            ("mira\\2c osei", Kind::Comma),
            ("b-per mira\ni-per osei", Kind::Tagged),
            ("mira per\nosei per", Kind::Tagged),
            ("mira/nnp osei/nnp", Kind::Tagged),
            (
                "{\"e\": \"b-per\", \"w\": \"mira\"}, {\"e\": \"i-per\", \"w\": \"osei\"}",
                Kind::Tagged,
            ),
            ("mira b-per\nosei i-per", Kind::Tagged),
            ("mira nnp b-np b-per\nosei nnp i-np i-per", Kind::Tagged),
            ("3\tmira\tmira\tpropn\tx\n4\tosei\tosei\tpropn\tx", Kind::Tagged),
        ] {
            assert_eq!(told(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_parts_two_people() {
        for text in [
            "- mira\n- osei",
            "* mira\n* osei",
            "  * mira\n  * osei",
            "mira; osei",
            "mira / osei",
            "mira: osei",
            "mira (osei",
            "mira & osei",
            "mira and osei",
            "mira. osei",
            "mira - osei",
            "\"mira\" osei",
            "mira b-per\nosei o",
            "mira o\nosei o",
            "mira\n# osei",
            "mira\n> osei",
            "mira/osei",
            "mira\\osei",
            "mira@osei",
            "1. mira\n2. osei",
            "\"mira\": \"osei\"",
            "mira=osei",
            "mira)\n(osei",
            "mira b-per\nosei b-per",
            "b-per mira\nb-per osei",
            "mira/in osei/nnp",
            "mira--osei",
            "mira\"osei",
            "mira\0\0x\0osei",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
