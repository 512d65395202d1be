//! What the READMEs of `src` and `tests` say of the tree is so: every path in them exists, and
//! nothing is missing where they list all of something. What all pages link to is there, and what
//! they tell to type is a verb.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tidy::layers::ARROWS;

#[test]
fn every_path_in_them_exists() {
    let mut faults = Vec::new();
    for folder in ["src", "tests"] {
        let text = readme(folder);
        for path in words(&text).filter(|word| is_path(word)) {
            let here = root().join(folder).join(path);
            if !here.exists() && !root().join(path).exists() {
                faults.push(format!("{folder}/README.md: there is no {path}"));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_function_in_them_exists() {
    let code: Vec<String> = files("src", "rs").into_iter().map(read).collect();
    let mut faults = Vec::new();
    for folder in ["src", "tests"] {
        let text = readme(folder);
        for name in words(&text).filter_map(|word| word.strip_suffix("()")) {
            let definition = format!("fn {name}");
            let defines = |text: &String| {
                text.match_indices(&definition)
                    .any(|(at, _)| text[at + definition.len()..].starts_with(['(', '<']))
            };
            if !code.iter().any(defines) {
                faults.push(format!("{folder}/README.md: there is no function {name}"));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_folder_of_the_code_is_explained() {
    let text = readme("src");
    let explained: BTreeSet<&str> = backquoted(&text).collect();
    let mut faults = Vec::new();
    for folder in folders("src", 2) {
        // A folder of data is explained with those who read it.
        let is_code = root().join("src").join(&folder).join("mod.rs").exists();
        if is_code && !explained.contains(folder.as_str()) {
            faults.push(format!("src/README.md: say what is in `{folder}`"));
        }
    }
    none(&faults);
}

#[test]
fn the_arrows_are_those_that_are_enforced() {
    let text = readme("src");
    let rows = rows(&text, "| folder |");
    let mut faults = Vec::new();
    for (layer, may) in ARROWS {
        let row = rows.iter().find(|row| backquoted(row[0]).eq([layer]));
        let said: Option<BTreeSet<&str>> = row.map(|row| backquoted(row.last().unwrap()).collect());
        let enforced: BTreeSet<&str> = may.iter().copied().collect();
        if said.as_ref() != Some(&enforced) {
            faults.push(format!("src/README.md: `{layer}` may name {enforced:?}, not {said:?}"));
        }
    }
    none(&faults);
}

#[test]
fn every_table_of_the_ledger_is_explained() {
    let text = readme("src");
    let explained: BTreeSet<&str> =
        rows(&text, "| table |").iter().flat_map(|row| backquoted(row[0])).collect();
    let mut scripts: Vec<String> =
        files("src/adapters/sql/migrations", "sql").into_iter().map(read).collect();
    scripts.push(read(root().join("src/adapters/sql/migrate.rs")));
    let mut there = BTreeSet::new();
    for script in &scripts {
        for (start, _) in script.match_indices("CREATE TABLE ") {
            let name = &script[start + "CREATE TABLE ".len()..];
            let name = name.strip_prefix("IF NOT EXISTS ").unwrap_or(name);
            there.insert(name.split([' ', '(']).next().unwrap());
        }
    }
    assert!(there.len() > 10, "{there:?}");
    assert_eq!(explained, there, "src/README.md: left is what it explains, right what there is");
}

#[test]
fn every_suite_is_in_one_line_of_the_list() {
    // That the list holds every suite is checked by `tidy`.
    let main = read(root().join("tests/it/main.rs"));
    let bare = |line: &&str| line.starts_with("mod ") && !line.contains("; // ");
    let faults: Vec<String> = main
        .lines()
        .filter(bare)
        .map(|line| format!("tests/it/main.rs: say behind `{line}` what it tests"))
        .collect();
    none(&faults);
}

/// Lines of the front page: nobody reads more before the first try.
const FRONT_LINES_MAX: usize = 120;

#[test]
fn every_link_leads_somewhere() {
    let mut faults = Vec::new();
    for page in pages() {
        let text = read(page.clone());
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links.filter(|link| !link.starts_with("https://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            let is_there = match heading {
                "" => target.exists(),
                heading => target.is_file() && headings(&read(target)).contains(heading),
            };
            if !is_there {
                faults.push(format!("{}: {link} leads nowhere", page.display()));
            }
        }
    }
    none(&faults);
}

#[test]
fn the_front_page_is_short_and_leads_to_all_others() {
    let front = read(root().join("README.md"));
    let lines = front.lines().count();
    assert!(lines <= FRONT_LINES_MAX, "README.md: {lines} lines, {FRONT_LINES_MAX} at most");
    for page in files("docs", "md") {
        let path = page.strip_prefix(root()).unwrap().to_str().unwrap();
        assert!(front.contains(&format!("]({path})")), "README.md does not lead to {path}");
    }
}

/// Also with settings named before it: `dsrd --config dsrd.toml run`.
#[test]
fn every_verb_that_is_told_is_one() {
    let help = Command::new(env!("CARGO_BIN_EXE_dsrd")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let verbs: BTreeSet<&str> =
        help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let (mut faults, mut told) = (Vec::new(), BTreeSet::new());
    for page in pages() {
        let text = read(page.clone());
        let commands =
            text.lines().filter_map(|line| line.split_once("dsrd --config ")?.1.split_once(' '));
        let commands = commands.map(|(_, rest)| rest);
        let bare = text.lines().filter_map(|line| line.strip_prefix("dsrd "));
        let quoted = text.split("`dsrd ").skip(1);
        for rest in commands.chain(bare).chain(quoted) {
            let verb = rest.split(|c: char| !c.is_ascii_lowercase()).next().unwrap();
            // Options, and words of prose, begin otherwise.
            if !verb.is_empty() && !verbs.contains(verb) {
                faults.push(format!("{}: there is no verb {verb}", page.display()));
            }
            told.insert(verb.to_owned());
        }
    }
    none(&faults);
    assert!(
        ["run", "check", "submit", "status"].iter().all(|verb| told.contains(*verb)),
        "{told:?}"
    );
}

/// All pages for people.
fn pages() -> Vec<PathBuf> {
    let mut pages = files("docs", "md");
    let readmes = ["", "deploy", "src", "tests", "tests/fuzz"];
    pages.extend(readmes.map(|folder| root().join(folder).join("README.md")));
    pages
}

/// What a link may name behind `#`.
fn headings(text: &str) -> BTreeSet<String> {
    let plain = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
    let heads = text.lines().filter(|line| line.starts_with('#'));
    heads
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|head| head.chars().filter(plain).collect::<String>().replace(' ', "-"))
        .collect()
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n  {}", faults.join("\n  "));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: PathBuf) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn readme(folder: &str) -> String {
    read(root().join(folder).join("README.md"))
}

/// What stands between blanks and the marks that prose, tables and drawings put around it.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_mark = |c: char| c.is_whitespace() || "`|,;:│├└─┬┴┘┐►".contains(c);
    text.split(is_mark).map(|word| {
        // The brackets of a function are its own.
        let open = word.trim_start_matches(['(', '[']).trim_end_matches('.');
        match open.strip_suffix("()") {
            Some(_) => open,
            None => open.trim_end_matches([')', ']']),
        }
    })
}

/// Whether a word is the path of something of ours. Names of items have capitals in them, and URLs
/// two slashes.
fn is_path(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c);
    let is_file = [".rs", ".toml", ".md", ".sql", ".json"].iter().any(|end| word.ends_with(end));
    let is_below = word.contains('/') && word.starts_with(|c: char| c.is_ascii_lowercase());
    word.chars().all(plain) && !word.contains("//") && (is_file || is_below)
}

fn backquoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The cells of the table whose head begins like this, row by row.
fn rows<'a>(text: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let table = text.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    let cells = |line: &'a str| line.trim_matches('|').split(" | ").map(str::trim).collect();
    let rows: Vec<Vec<&str>> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "there is no table {head}");
    rows
}

/// Folders below one, so many levels deep, each by its path from there.
fn folders(below: &str, levels: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![(root().join(below), String::new(), 0)];
    while let Some((folder, path, level)) = waiting.pop() {
        if level == levels {
            continue;
        }
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                let name = entry.file_name().into_string().unwrap();
                let path = if level == 0 { name } else { format!("{path}/{name}") };
                found.push(path.clone());
                waiting.push((entry.path(), path, level + 1));
            }
        }
    }
    found
}

/// Files below a folder whose names end like this.
fn files(below: &str, extension: &str) -> Vec<PathBuf> {
    let (mut found, mut waiting) = (Vec::new(), vec![root().join(below)]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found
}
