//! Where in a file somebody is mentioned, in words: the manifest has it as the search tells it, by
//! the readings that led there.

use crate::archive::report::texts::table::{Places, filled};
use crate::domain::item::{NAME_VIEW, PROPERTIES_VIEW};

/// What stands between readings.
const THEN: &str = " > ";

/// What stands beside the content of a file, each with a name of its own.
const BESIDE: [&str; 3] = [PROPERTIES_VIEW, "metadata", "tags"];

/// A place in words. Readings that a person would not know are left out; files in files are named,
/// the innermost first.
pub fn in_words(words: &Places, view: &str, place: &str) -> String {
    let last = view.rsplit(THEN).next().unwrap_or(view);
    let told = if last == NAME_VIEW {
        words.name.to_owned()
    } else if BESIDE.contains(&last) {
        filled(words.beside, &[("what", place)])
    } else {
        within(words, place)
    };
    let files = view.rsplit(THEN).filter_map(|reading| reading.split_once(':'));
    let files = files.map(|(_, name)| name).filter(|name| !name.is_empty());
    files.fold(told, |place, file| filled(words.within, &[("place", &place), ("file", file)]))
}

fn within(words: &Places, place: &str) -> String {
    if place.starts_with('/') {
        return filled(words.field, &[("field", &field(place))]);
    }
    let parts: Vec<&str> = place.splitn(4, ' ').collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match parts[..] {
        ["line", line, "column", column] if is_number(line) && is_number(column) => {
            filled(words.column, &[("line", line), ("column", column)])
        }
        ["line", line, ref rest @ ..] if is_number(line) => {
            let told = filled(words.line, &[("line", line)]);
            let pointer = rest.join(" ");
            if pointer.is_empty() { told } else { format!("{told}, {}", within(words, &pointer)) }
        }
        ["byte", byte] if is_number(byte) => filled(words.byte, &[("byte", byte)]),
        ["page", page] if is_number(page) => filled(words.page, &[("page", page)]),
        ["row"] => words.row.to_owned(),
        _ => filled(words.entry, &[("entry", place)]),
    }
}

/// A JSON Pointer as its keys.
fn field(pointer: &str) -> String {
    let key = |key: &str| key.replace("~1", "/").replace("~0", "~");
    pointer.split('/').skip(1).map(key).collect::<Vec<_>>().join(" › ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::report::texts::choice::of;
    use crate::domain::request::RequestKind;

    fn words(language: &str) -> Places {
        of(Some(language), RequestKind::Access).places
    }

    #[test]
    fn places_are_told_in_words() {
        for (view, place, told) in [
            ("text", "line 3 column 7", "line 3, character 7"),
            ("json", "/createdBy/a~1b~0c", "field createdBy › a/b~c"),
            ("jsonl", "line 2 /by", "line 2, field by"),
            ("zip:in/b.zip > zip:a: c.txt > utf-16 > text", "line 3 column 1", {
                "line 3, character 1, in a: c.txt, in in/b.zip"
            }),
            ("gzip > binary > utf-32 > text", "byte 12", "byte 12"),
            ("pdf", "page 4", "page 4"),
            ("arrow", "row", "a row of a table"),
            ("sqlite", "people.mail", "column or entry people.mail"),
            ("sqlite", "line up {file} 3", "column or entry line up {file} 3"),
            ("metadata", "owner", "a property: owner"),
            ("name", "name", "the name"),
        ] {
            assert_eq!(in_words(&words("en"), view, place), told, "{view} {place}");
        }
        let there = ("zip:a.txt > text", "line 3 column 7");
        for (language, told) in
            [("de", "Zeile 3, Zeichen 7, in der Datei a.txt"), ("ja", "a.txtの中の3行目の7文字目")]
        {
            assert_eq!(in_words(&words(language), there.0, there.1), told);
        }
    }
}
