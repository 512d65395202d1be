//! Who names whom: layers as a table allows, and nothing in a circle.
//!
//! A file is a module; a folder is one too, as seen from beside it. Where one names another, in a
//! `use` or in the midst of code, it stands above it. Whoever stands above himself is in a circle:
//! then none of those in it can be read, tested or moved alone. What is for tests is not counted.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::source::{Faults, Source, sources};

/// Which layer may name which, beside itself. A new row or word is a decision about the design, and
/// its commit says why.
pub const ARROWS: [(&str, &[&str]); 12] = [
    ("domain", &[]),
    ("telemetry", &[]),
    ("config", &["domain"]),
    ("matching", &["domain"]),
    ("archive", &["domain"]),
    ("evidence", &["domain"]),
    ("ports", &["domain"]),
    ("stages", &["domain", "matching", "archive", "evidence", "ports"]),
    ("worker", &["domain", "ports", "stages", "telemetry"]),
    ("adapters", &["domain", "ports", "config", "telemetry"]),
    ("app", &["adapters", "config", "telemetry", "worker"]),
    ("cli", &["app", "config", "telemetry", "domain"]),
];

#[test]
fn arrows_run_as_the_table_allows() {
    arrows(&sources("src")).none();
}

#[test]
fn modules_stand_in_no_circle() {
    circles(&sources("src")).none();
}

fn arrows(sources: &[Source]) -> Faults {
    let mut faults = Faults::default();
    let tree = Tree::new(sources);
    for source in sources {
        let layer = source.layer();
        let root = matches!(layer, "main" | "lib");
        let row = ARROWS.iter().find(|(name, _)| *name == layer).map(|(_, may)| *may);
        if row.is_none() && !root {
            faults.add(source, 1, &format!("{layer} has no row in ARROWS: find its layer"));
            continue;
        }
        let may = |other: &str| match layer {
            "main" => other == "cli",
            _ => other == layer || row.unwrap_or_default().contains(&other),
        };
        for (line, path) in tree.paths(source) {
            if let Some(other) = path.first().filter(|other| !may(other)) {
                let text = format!("{layer} may not name `{other}`: move the code or the type");
                faults.add(source, line, &text);
            }
        }
        let climbs = "super::".repeat(source.depth());
        for (line, _) in source.code().filter(|(_, line)| line.contains(&climbs)) {
            faults.add(source, line, "climbs out of its layer: name it by crate::");
        }
    }
    faults
}

fn circles(sources: &[Source]) -> Faults {
    let mut faults = Faults::default();
    let ties = Tree::new(sources).ties();
    let mut told = BTreeSet::new();
    for one in ties.keys() {
        let above = reached(&ties, one);
        if told.contains(one) || !above.contains(one) {
            continue;
        }
        let with: Vec<&Module> =
            above.iter().copied().filter(|other| reached(&ties, other).contains(one)).collect();
        told.extend(with.iter().copied());
        let names: Vec<String> = with.iter().map(|module| module.join("/")).collect();
        faults.0.push(format!(
            "{} stand in a circle: what they share belongs in a file below them",
            names.join(", ")
        ));
        for above in &with {
            for (_, tie) in ties[*above].iter().filter(|(below, _)| with.contains(below)) {
                faults.0.extend(tie.iter().map(|tie| format!("  {tie}")));
            }
        }
    }
    faults
}

/// A file or a folder, as the path of its module.
type Module = Vec<String>;

/// Each module that names others, with those and where it does.
type Ties = BTreeMap<Module, BTreeMap<Module, Vec<String>>>;

/// All that is named by `from`, or by what it names.
fn reached<'t>(ties: &'t Ties, from: &'t Module) -> BTreeSet<&'t Module> {
    let mut found = BTreeSet::new();
    let mut left = vec![from];
    while let Some(next) = left.pop() {
        let below = ties.get(next).into_iter().flat_map(BTreeMap::keys);
        left.extend(below.filter(|below| found.insert(*below)));
    }
    found
}

/// The files, by their modules.
struct Tree<'s> {
    files: BTreeMap<Module, &'s Source>,
}

impl<'s> Tree<'s> {
    fn new(sources: &'s [Source]) -> Self {
        Self { files: sources.iter().map(|source| (module(source), source)).collect() }
    }

    fn ties(&self) -> Ties {
        let mut ties = Ties::new();
        for (from, source) in self.files.iter().filter(|(_, source)| !is_table(source)) {
            for (line, path) in self.paths(source) {
                let Some(to) = self.file_of(&path).filter(|to| to != from) else { continue };
                let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
                let side = |module: &Module| module[..module.len().min(shared + 1)].to_vec();
                let tie = format!("{}:{line} names {}", source.path.display(), path.join("::"));
                let of_both = ties.entry(side(from)).or_default().entry(side(&to)).or_default();
                of_both.push(tie);
            }
        }
        ties
    }

    /// The file that what has this path stands in; a folder's `mod.rs` holds nothing.
    fn file_of(&self, path: &[String]) -> Option<Module> {
        let known = (1..=path.len()).rev().map(|length| path[..length].to_vec());
        let file = known.into_iter().find(|module| self.files.contains_key(module))?;
        (!is_table(self.files[&file])).then_some(file)
    }

    /// Every path of ours that a file names, from the root of the crate, with its line.
    fn paths(&self, source: &Source) -> Vec<(usize, Module)> {
        let here = module(source);
        let tokens = tokens(source);
        let mut reading = Reading { tokens: &tokens, at: 0, used: Vec::new() };
        let (mut known, mut paths) = (BTreeMap::new(), Vec::new());
        let mut in_code = Vec::new();
        while let Some((line, token)) = tokens.get(reading.at) {
            let after = reading.at.checked_sub(1).map(|before| tokens[before].1);
            if *token == "use" && reading.peek(1).is_some_and(|next| next != "<") {
                reading.at += 1;
                reading.tree(&[]);
            } else if is_word(token) && reading.peek(1) == Some("::") && after != Some("::") {
                in_code.push((*line, reading.path()));
            } else {
                reading.at += 1;
            }
        }
        for (line, name, path) in reading.used {
            let Some(path) = absolute(&here, &path) else { continue };
            if name == "*" {
                let below = |file: &&Module| file.len() > path.len() && file.starts_with(&path);
                for file in self.files.keys().filter(below) {
                    let child = file[..=path.len()].to_vec();
                    known.insert(child[path.len()].clone(), child);
                }
            } else {
                known.insert(name, path.clone());
            }
            paths.push((line, path));
        }
        for (line, path) in in_code {
            let by_name = known.get(&path[0]).map(|known| [known, &path[1..]].concat());
            paths.extend(by_name.or_else(|| absolute(&here, &path)).map(|path| (line, path)));
        }
        paths
    }
}

/// A file's words and signs on the way from one to the next.
struct Reading<'t> {
    tokens: &'t [(usize, &'t str)],
    at: usize,
    /// What `use` brings in: the line, the name that it has here, its path as it is written.
    used: Vec<(usize, String, Module)>,
}

impl<'t> Reading<'t> {
    fn peek(&self, ahead: usize) -> Option<&'t str> {
        self.tokens.get(self.at + ahead).map(|(_, token)| *token)
    }

    /// Words with `::` between them.
    fn path(&mut self) -> Module {
        let mut path = Vec::new();
        while let Some(word) = self.peek(0).filter(|token| is_word(token)) {
            path.push(word.to_owned());
            self.at += 1;
            if self.peek(0) != Some("::") || !self.peek(1).is_some_and(is_word) {
                break;
            }
            self.at += 1;
        }
        path
    }

    /// One branch of a `use`, below what stands before it.
    fn tree(&mut self, before: &[String]) {
        if self.peek(0) == Some("::") {
            self.at += 1;
        }
        let line = self.tokens.get(self.at).map_or(0, |(line, _)| *line);
        let mut path = [before, &self.path()].concat();
        if self.peek(0) == Some("::") {
            self.at += 1;
        }
        match self.peek(0) {
            Some("{") => {
                self.at += 1;
                while !matches!(self.peek(0), None | Some("}")) {
                    self.tree(&path);
                    if self.peek(0) == Some(",") {
                        self.at += 1;
                    }
                }
                self.at += 1;
            }
            Some("*") => {
                self.at += 1;
                self.used.push((line, "*".to_owned(), path));
            }
            // A `use` that this cannot read must not be read for ever.
            Some(_) if path.is_empty() => self.at += 1,
            _ => {
                if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
                    path.pop();
                }
                let mut name = path.last().cloned().unwrap_or_default();
                if self.peek(0) == Some("as") {
                    name = self.peek(1).unwrap_or_default().to_owned();
                    self.at += 2;
                }
                self.used.push((line, name, path));
            }
        }
    }
}

/// A path from the root of the crate; `None` if it is not one of ours.
fn absolute(here: &[String], path: &[String]) -> Option<Module> {
    let ups = path.iter().take_while(|word| *word == "super").count();
    match path.first()?.as_str() {
        "crate" | "dsrd" => Some(path[1..].to_vec()),
        "self" => Some([here, &path[1..]].concat()),
        "super" => Some([&here[..here.len().checked_sub(ups)?], &path[ups..]].concat()),
        _ => None,
    }
}

/// The path of a file's module: `src/stages/plan/mod.rs` is `stages`, `plan`.
fn module(source: &Source) -> Module {
    let path = source.path.with_extension("");
    let mut module: Module = path
        .components()
        .skip(1)
        .map(|part| part.as_os_str().to_str().unwrap().to_owned())
        .collect();
    if is_table(source) {
        module.pop();
    }
    module
}

fn is_table(source: &Source) -> bool {
    ["mod.rs", "lib.rs"].iter().any(|name| source.path.ends_with(name))
}

/// Words and signs of the code, with their lines.
fn tokens(source: &Source) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (number, line) in source.code() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c| !is_word_char(c)).unwrap_or(rest.len());
            let length = match word {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                word => word,
            };
            tokens.push((number, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

fn is_word(token: &str) -> bool {
    token.starts_with(is_word_char)
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A tree of these files.
fn tree(files: &[(&str, &str)]) -> Vec<Source> {
    files.iter().map(|(path, text)| Source::new(format!("src/{path}"), *text)).collect()
}

#[test]
fn a_circle_is_told_however_it_is_named() {
    let below = ("stages/below.rs", "use crate::stages::above::Above;\npub struct Below;\n");
    for above in [
        "use crate::stages::below::Below;",
        "use crate::stages::{below::{self, Below}, other};",
        "use crate::stages::below as lower;",
        "use super::below::Below;",
        "use crate::stages::*;\nfn f() { below::f(); }",
        "use crate::stages;\nfn f() { stages::below::f(); }",
        "use crate::{\n    stages::{\n        below::Below,\n    },\n};",
        "fn f(_: crate::stages::below::Below) {}",
        "fn f() { let _ = super::below::Below; }",
        "fn f() { use super::below::Below; }",
    ] {
        let sources =
            tree(&[("stages/mod.rs", "pub mod below;\n"), ("stages/above.rs", above), below]);
        let told = circles(&sources).0.join("\n");
        let line = above.lines().position(|line| line.contains("below")).unwrap() + 1;
        for part in [
            "stages/above, stages/below stand in a circle".to_owned(),
            format!("src/stages/above.rs:{line} names stages::below"),
            "src/stages/below.rs:1 names stages::above::Above".to_owned(),
        ] {
            assert!(told.contains(&part), "{above}\n{told}");
        }
    }
}

#[test]
fn circles_are_told_whatever_their_length_and_between_folders() {
    let names = |module: &str| format!("use crate::stages::{module}::Thing;\n");
    for (files, expected) in [
        (
            // One after the other.
            [
                ("stages/a.rs", "b"),
                ("stages/b.rs", "c"),
                ("stages/c.rs", "d"),
                ("stages/d.rs", "b"),
            ],
            "stages/b, stages/c, stages/d stand in a circle",
        ),
        (
            // Of folders, no two files of which name each other.
            [
                ("stages/plan/one.rs", "walk::one"),
                ("stages/plan/two.rs", "walk::one"),
                ("stages/walk/one.rs", "other"),
                ("stages/walk/two.rs", "plan::two"),
            ],
            "stages/plan, stages/walk stand in a circle",
        ),
        (
            // Of a folder and a file beside it.
            [
                ("stages/find.rs", "plan::one"),
                ("stages/plan/one.rs", "plan::two"),
                ("stages/plan/two.rs", "find"),
                ("stages/other.rs", "find"),
            ],
            "stages/find, stages/plan stand in a circle",
        ),
    ] {
        let files = files.map(|(path, other)| Source::new(format!("src/{path}"), names(other)));
        let told = circles(&files).0;
        assert!(told[0].starts_with(expected), "{told:#?}");
        assert_eq!(told.iter().filter(|line| line.contains("circle")).count(), 1, "{told:#?}");
    }
}

#[test]
fn a_tree_without_circles_is_told_nothing_of() {
    let below = "use crate::stages::lowest::Lowest;\npub struct Below;\n";
    for lowest in [
        "pub struct Lowest;",
        "// use crate::stages::below::Below;\n/// See [`crate::stages::below::Below`].\nfn f() {}",
        "const SAID: &str = \"crate::stages::below::Below\";",
        "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use crate::stages::below::Below;\n}",
        "use other::stages::below::Below;",
        "use crate::domain::below::Below;",
        "pub(in crate::stages) fn f() -> impl Iterator<Item = u8> + use<> { self::g() }",
        "use super::lowest::Lowest as Below;\nfn f() { Below::new(); }",
        "mod below;",
    ] {
        let sources = tree(&[
            ("stages/mod.rs", "pub mod lowest;\npub mod below;\n"),
            ("stages/above.rs", "use crate::stages::{below::Below, lowest::Lowest};\n"),
            ("stages/below.rs", below),
            ("stages/lowest.rs", lowest),
            ("domain/below.rs", "pub struct Below;\n"),
        ]);
        circles(&sources).none();
    }
}

#[test]
fn a_wrong_arrow_is_told() {
    let told = |path: &str, text: &str| arrows(&tree(&[(path, text)])).0;
    for (path, text, expected) in [
        (
            "domain/a.rs",
            "use crate::ports::a::A;",
            "src/domain/a.rs:1: domain may not name `ports`",
        ),
        (
            "stages/a.rs",
            "\nfn f() { crate::adapters::a::f(); }",
            "src/stages/a.rs:2: stages may not",
        ),
        (
            "stages/a.rs",
            "use crate::{\n    domain::a,\n    worker::b,\n};",
            "src/stages/a.rs:3: stages",
        ),
        ("stages/plan/a.rs", "use super::super::super::domain::a;", "climbs out of its layer"),
        ("util.rs", "", "util has no row in ARROWS"),
        ("main.rs", "fn main() { dsrd::app::run(); }", "main may not name `app`"),
    ] {
        let told = told(path, text).join("\n");
        assert!(told.contains(expected), "{text}\n{told}");
    }
    for (path, text) in [
        ("stages/a.rs", "use crate::{domain::a::A, ports::b::B, stages::c};"),
        ("domain/a.rs", "// crate::ports\n#[cfg(test)]\nmod tests {\n    use crate::ports::a;\n}"),
        ("main.rs", "fn main() { dsrd::cli::dispatch::run(); }"),
    ] {
        assert!(told(path, text).is_empty(), "{text}");
    }
}
