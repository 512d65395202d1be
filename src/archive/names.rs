//! Item names made into entry names that every unzipper and every file system takes.
//!
//! Names come from whoever wrote the items, so they are hostile until proven otherwise: they may
//! climb out of a folder, hide behind look-alikes, overwrite one another on a disk that folds case,
//! or be too long to be written at all. An entry name keeps as much of the item's name as is safe;
//! the manifest maps it back.
//!
//! Windows writes no path of 260 UTF-16 units or more, and whoever unpacks does so in a folder
//! whose path counts too. So a name has fewer than 200 of them: the folders it begins with, a
//! folder that stands for those that have no room any more, and the file.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::domain::item::{Item, Kind, Version};

/// Longest segment, in bytes: file systems stop at 255, and people add suffixes of their own.
pub const SEGMENT_BYTES_MAX: usize = 200;

/// Longest entry name that is not refused, in bytes: earlier versions gave out such names.
const PATH_BYTES_MAX: usize = 2_048;

/// Longest entry name, in UTF-16 units.
pub const PATH_UNITS_MAX: usize = 199;

/// Longest folder of an entry name, so that room is left for a file: its mark, its extension and a
/// few characters.
const FOLDER_UNITS_MAX: usize = 150;

/// Longest name of a source's folder.
const SOURCE_UNITS_MAX: usize = 40;

/// Room that is left for a folder which stands for those that have none: a few characters and its
/// mark.
const CUT_UNITS_MIN: usize = 25;

/// Longest file extension that is kept when a name is cut, in bytes.
const EXTENSION_BYTES_MAX: usize = 16;

/// Longest part of the id of a version that is kept, in bytes.
const VERSION_BYTES_MAX: usize = 40;

/// What tells a name from others is added to it so: a tilde and sixteen digits.
const MARK_UNITS: usize = 17;

/// Gives out entry names, each once. Remembers 17 bytes of each, however long it is.
#[derive(Default)]
pub struct Names {
    taken: HashMap<Key, Role>,
}

/// Names that some file system would take for one another have the same key.
pub type Key = [u8; 16];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    File,
    Folder,
}

impl Names {
    /// The entry name for an item: `data/SOURCE/NAME`. What a service says of a thing is a JSON
    /// document in a folder for all of its sort: `run/r1/history` is `runs/r1.history.json`. Rows
    /// are lines of JSON.
    pub fn name(&mut self, item: &Item) -> String {
        let name = match item.kind {
            Kind::Thing => document(&item.name),
            Kind::Rows => format!("{}.jsonl", item.name),
            Kind::Bytes | Kind::Directory | Kind::Link => item.name.clone(),
        };
        let mut segments: Vec<&str> = name.split('/').collect();
        let file = segments.pop().unwrap_or_default();
        let suffix = version_suffix(&item.version);
        let mark = mark(&[&item.source, &item.name, &suffix]);

        let root =
            self.folder("data", Segment::folder(&item.source, SOURCE_UNITS_MAX), &item.source);
        let folder = self.folders(root, &item.source, &segments);
        let room = PATH_UNITS_MAX - units(&folder) - 1;
        self.first_free(&folder, Segment::file(file, suffix, room).names(mark), Role::File)
    }

    /// The folder for these segments in that of a source. What has no room any more is one folder,
    /// for all items of the same.
    fn folders(&mut self, root: String, source: &str, segments: &[&str]) -> String {
        let (mut folder, mut original) = (root, source.to_owned());
        for (index, segment) in segments.iter().enumerate() {
            let room = FOLDER_UNITS_MAX - units(&folder) - 1;
            let is_last = index + 1 == segments.len();
            let whole = if is_last { room } else { room.saturating_sub(CUT_UNITS_MIN + 1) };
            original = format!("{original}/{segment}");
            if units(&safe_segment(segment)) > whole || whole <= MARK_UNITS {
                let mark = mark(&[source, &segments.join("/")]);
                let names = Segment::folder(segment, room).marked(mark);
                return self.first_free(&folder, names, Role::Folder);
            }
            folder = self.folder(&folder, Segment::folder(segment, whole), &original);
        }
        folder
    }

    /// The name of a folder in `parent`: another one than `segment` where a file has that name.
    /// Depends on nothing but names, so that all items of one folder come to lie in one folder.
    fn folder(&mut self, parent: &str, segment: Segment, original: &str) -> String {
        self.first_free(parent, segment.names(mark(&[original])), Role::Folder)
    }

    fn first_free(
        &mut self,
        parent: &str,
        mut candidates: impl Iterator<Item = String>,
        role: Role,
    ) -> String {
        candidates
            .by_ref()
            .map(|name| format!("{parent}/{name}"))
            .find(|path| self.take(path, role))
            .expect("candidates are endless and differ, names taken are not endless")
    }

    /// Whether the name is ours now: no file is given out twice, a folder as often as one likes.
    fn take(&mut self, path: &str, role: Role) -> bool {
        match self.taken.insert(key(path), role) {
            None => true,
            Some(Role::Folder) if role == Role::Folder => true,
            Some(before) => {
                self.taken.insert(key(path), before);
                false
            }
        }
    }
}

/// The name of what a service says of a thing, as that of a file.
fn document(name: &str) -> String {
    let Some((sort, rest)) = name.split_once('/') else { return format!("{name}.json") };
    let rest = match rest.rsplit_once('/') {
        Some((run, part)) if sort == "run" && PARTS_OF_RUNS.contains(&part) => {
            format!("{run}.{part}")
        }
        _ => rest.to_owned(),
    };
    format!("{sort}s/{rest}.json")
}

/// What the services of a workspace say of a run beside its job, each under a name below it.
const PARTS_OF_RUNS: [&str; 3] = ["history", "metrics", "artifacts"];

/// Whether an entry name is one that [`Names`] could have given out.
pub fn is_safe(path: &str) -> bool {
    path.len() <= PATH_BYTES_MAX
        && path
            .split('/')
            .all(|segment| segment.len() <= SEGMENT_BYTES_MAX && safe_segment(segment) == segment)
}

/// A part of a name, made safe.
struct Segment {
    stem: String,
    /// What tells the version of a file.
    suffix: String,
    /// That of a file, with its dot; none of a folder.
    extension: String,
    /// How many units there are for it.
    room: usize,
}

impl Segment {
    fn file(name: &str, suffix: String, room: usize) -> Self {
        let safe = safe_segment(name);
        let (stem, extension) = match safe.rfind('.') {
            Some(dot) if dot > 0 && safe.len() - dot <= EXTENSION_BYTES_MAX => safe.split_at(dot),
            _ => (safe.as_str(), ""),
        };
        Self { stem: stem.to_owned(), suffix, extension: extension.to_owned(), room }
    }

    fn folder(name: &str, room: usize) -> Self {
        let (suffix, extension) = (String::new(), String::new());
        Self { stem: safe_segment(name), suffix, extension, room }
    }

    /// Names to try for it, without end: as it is, where there is room for it, then marked.
    fn names(self, mark: String) -> impl Iterator<Item = String> {
        let plain = Some(format!("{}{}{}", self.stem, self.suffix, self.extension));
        let fits = |name: &String| units(name) <= self.room && name.len() <= SEGMENT_BYTES_MAX;
        plain.filter(fits).into_iter().chain(self.marked(mark))
    }

    /// Names to try for it, without end: with its mark, then with the mark of its mark, and so on.
    /// Counting up instead would be quadratic for many names that fold into one.
    fn marked(self, mark: String) -> impl Iterator<Item = String> {
        let marks = std::iter::successors(Some(mark), |before| Some(self::mark(&[before])));
        marks.map(move |mark| {
            let mut end = format!("{}~{mark}{}", self.suffix, self.extension);
            if units(&end) > self.room {
                // The mark tells versions apart, too.
                end = format!("~{mark}{}", self.extension);
            }
            let bytes = SEGMENT_BYTES_MAX.saturating_sub(end.len());
            let stem = &self.stem[..self.stem.floor_char_boundary(bytes)];
            format!("{}{end}", cut(stem, self.room.saturating_sub(units(&end))))
        })
    }
}

/// How long a name is as Windows counts.
fn units(name: &str) -> usize {
    name.encode_utf16().count()
}

/// The beginning of a text, of at most so many units.
fn cut(text: &str, units_max: usize) -> &str {
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > units_max
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// Tells the forms of one name apart; empty for the current one.
fn version_suffix(version: &Version) -> String {
    let (word, id) = match version {
        Version::Current => return String::new(),
        Version::Snapshot(id) => ("snapshot", id),
        Version::Previous(id) => ("version", id),
        Version::ShareSnapshot(id) => ("share-snapshot", id),
    };
    let id = safe_segment(&id.replace('/', "_"));
    let id = &id[..id.floor_char_boundary(VERSION_BYTES_MAX)];
    format!("~{word}-{}", id.replace('.', "_"))
}

/// One segment of a name, composed (NFC), with nothing in it that a file system, a shell or a
/// reader could take for something else. Doing it twice is doing it once.
fn safe_segment(segment: &str) -> String {
    let mut safe: String = segment.nfc().map(|c| if is_plain(c) { c } else { '_' }).collect();
    // Windows drops trailing dots and spaces; this also takes care of "." and "..".
    let kept = safe.trim_end_matches(['.', ' ']).len();
    let dropped = safe.len() - kept;
    safe.truncate(kept);
    safe.extend(std::iter::repeat_n('_', dropped));
    if safe.is_empty() || is_reserved(&safe) { format!("_{safe}") } else { safe }
}

/// Whether a character may stand in a name as it is. Invisible and direction-changing characters
/// may not: `gpj.exe` must not be shown as `exe.jpg`.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*')
        && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}')
        && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Whether Windows takes the name for a device, with or without an extension.
fn is_reserved(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default().trim_end().to_uppercase();
    let numbered = |port: &str| {
        stem.strip_prefix(port).is_some_and(|number| {
            let mut digits = number.chars();
            let digit = digits.next().is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c));
            digit && digits.next().is_none()
        })
    };
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$")
        || numbered("COM")
        || numbered("LPT")
}

/// Tells one name from all others: sixteen hexadecimal digits of the SHA-256 of its parts.
fn mark(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize()[..8])
}

/// Folds case (both ways, so that `ß`, `SS` and `ss` are one) and compatibility forms, and hashes:
/// a table of 200,000 names must not hold 200,000 names.
pub fn key(path: &str) -> Key {
    let folded = if path.is_ascii() {
        path.to_ascii_lowercase()
    } else {
        let upper = path.nfkc().flat_map(char::to_uppercase);
        upper.flat_map(char::to_lowercase).nfkc().collect()
    };
    let digest = Sha256::digest(folded.as_bytes());
    std::array::from_fn(|index| digest[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, version: Version) -> Item {
        Item::bare("runs", name, version)
    }

    fn name_all(names: &[&str]) -> Vec<String> {
        let mut given = Names::default();
        names.iter().map(|name| given.name(&item(name, Version::Current))).collect()
    }

    #[test]
    fn hostile_names_become_safe_ones() {
        for (hostile, safe) in [
            ("ExperimentRun/dcid.r1/logs/a.txt", "ExperimentRun/dcid.r1/logs/a.txt"),
            ("../../etc/passwd", "__/__/etc/passwd"),
            ("/etc/passwd", "_/etc/passwd"),
            ("a//b", "a/_/b"),
            ("a/./b", "a/_/b"),
            ("", "_"),
            ("a/", "a/_"),
            ("C:\\Windows\\x.dll", "C__Windows_x.dll"),
            ("..\\..\\x", ".._.._x"),
            ("C:/x", "C_/x"),
            ("a\0b\nc\u{7f}", "a_b_c_"),
            ("name. . ", "name____"),
            ("con", "_con"),
            ("dir/Aux.txt", "dir/_Aux.txt"),
            ("NUL .tar.gz", "_NUL .tar.gz"),
            ("com1/LPT¹", "_com1/_LPT¹"),
            ("COM10", "COM10"),
            ("console.log", "console.log"),
            ("photo\u{202e}gpj.exe", "photo_gpj.exe"),
            ("e\u{301}te\u{301}.csv", "été.csv"),
            ("what?*<>|\".csv", "what______.csv"),
            ("山田/太郎.csv", "山田/太郎.csv"),
        ] {
            let given = name_all(&[hostile]);
            assert_eq!(given[0], format!("data/runs/{safe}"), "{hostile:?}");
            assert!(is_safe(&given[0]), "{hostile:?}");
        }
    }

    #[test]
    fn documents_of_services_lie_by_their_sort() {
        let mut given = Names::default();
        let mut name = |name: &str| {
            let path = given.name(&Item { kind: Kind::Thing, ..item(name, Version::Current) });
            assert!(is_safe(&path), "{path}");
            path
        };
        for (thing, expected) in [
            ("run/r1", "runs/r1.json"),
            ("run/r1/history", "runs/r1.history.json"),
            ("run/r1/metrics", "runs/r1.metrics.json"),
            ("run/r1/artifacts", "runs/r1.artifacts.json"),
            ("model/churn", "models/churn.json"),
            ("model/churn/1", "models/churn/1.json"),
            ("online_endpoint/a/deployments/b", "online_endpoints/a/deployments/b.json"),
            ("registered_dataset/rides", "registered_datasets/rides.json"),
            ("workspace/ws", "workspaces/ws.json"),
            ("compute/../../etc/passwd", "computes/__/__/etc/passwd.json"),
            ("compute/con", "computes/_con.json"),
            ("odd", "odd.json"),
        ] {
            assert_eq!(name(thing), format!("data/runs/{expected}"));
        }
        // Of what would clash a mark tells it apart.
        for (thing, taken) in [
            ("run/r1.history", "data/runs/runs/r1.history.json"),
            ("run/R1", "data/runs/runs/R1.json"),
            ("model/churn.json/2", "data/runs/models/churn.json/2.json"),
        ] {
            let path = name(thing);
            assert!(path != taken && path.contains('~') && path.ends_with(".json"), "{path}");
        }
    }

    #[test]
    fn names_that_a_disk_takes_for_one_another_are_told_apart() {
        for clash in [
            ["A.txt", "a.txt"],
            ["Straße", "STRASSE"],
            ["ﬁle", "file"],
            ["caf\u{e9}", "cafe\u{301}"],
            ["a?b", "a*b"],
            ["a", "a/b"],
            ["a/b", "a"],
            ["a//b", "a/_/b"],
            ["x/../y", "x/__/y"],
        ] {
            let given = name_all(&clash);
            assert_ne!(key(&given[0]), key(&given[1]), "{clash:?}");
            let one_in_other = |a: &str, b: &str| a.starts_with(&format!("{b}/"));
            assert!(!one_in_other(&given[0], &given[1]), "{clash:?}");
            assert!(!one_in_other(&given[1], &given[0]), "{clash:?}");
        }
    }

    #[test]
    fn files_of_one_folder_stay_together_when_the_folder_is_renamed() {
        let given = name_all(&["a", "a/b", "a/c"]);
        let folder = |path: &str| path.rsplit_once('/').unwrap().0.to_owned();
        assert_eq!(folder(&given[1]), folder(&given[2]));
        assert_ne!(folder(&given[1]), "data/runs/a");
    }

    #[test]
    fn forms_of_one_name_are_told_apart_and_keep_their_extension() {
        let mut given = Names::default();
        let mut name = |version| given.name(&item("x/log.txt", version));
        assert_eq!(name(Version::Current), "data/runs/x/log.txt");
        assert_eq!(
            name(Version::Snapshot("2026-11-23T09:00:00.1234567Z".into())),
            "data/runs/x/log~snapshot-2026-11-23T09_00_00_1234567Z.txt"
        );
        assert_eq!(name(Version::Previous("../7".into())), "data/runs/x/log~version-___7.txt");
    }

    #[test]
    fn every_name_is_short_enough_for_windows_and_no_other_ones() {
        let words = ["ü", "😀", "a", "山田", "..", "a.b", "~", "e\u{301}", "\u{202e}", " ", "con"];
        let counts = [1, 2, 5, 8, 9, 10, 11, 20, 40, 100, 1_000];
        let versions = [
            Version::Current,
            Version::Snapshot("2026-11-23T09:00:00.1234567Z".into()),
            Version::Previous("é".repeat(300)),
        ];
        let mut given = Names::default();
        let mut keys = HashMap::new();
        let mut check = |source: &str, name: String, version: &Version| {
            let path = given.name(&Item::bare(source, &name, version.clone()));
            let long = units(&path);
            assert!(long < 200 && path.chars().count() < 200, "{long} of {path}");
            assert!(is_safe(&path) && path.ends_with(".csv"), "{path} of {name}");
            assert_eq!(keys.insert(key(&path), ()), None, "{path} of {name}");
            path
        };
        for word in words {
            for count in counts {
                for version in &versions {
                    let long = word.repeat(count);
                    let deep = format!("{word}/").repeat(count);
                    let of_long = format!("{long}/").repeat(3);
                    for end in ["1", "2"] {
                        check("runs", format!("{long}{end}.csv"), version);
                        check("runs", format!("ExperimentRun/dcid.r1/{deep}{end}.csv"), version);
                        check("runs", format!("{of_long}{long}{end}.csv"), version);
                    }
                    check(&format!("s{long}"), format!("{deep}{long}.csv"), version);
                }
            }
        }
    }

    #[test]
    fn of_a_deep_folder_the_first_ones_stay_and_its_files_stay_together() {
        let deep = |end: &str| format!("ExperimentRun/dcid.r1/{}{end}", "folder/".repeat(40));
        let given = name_all(&[&deep("1.csv"), &deep("2.csv"), &deep("x/1.csv")]);
        let folders: Vec<&str> =
            given.iter().map(|path| path.rsplit_once('/').unwrap().0).collect();
        assert!(folders[0].starts_with("data/runs/ExperimentRun/dcid.r1/folder/folder/folder"));
        assert_eq!(folders[0], folders[1]);
        assert_ne!(folders[0], folders[2]);
        // What has room is as it was.
        let fits = format!("ExperimentRun/dcid.r1/{}a.csv", "folder/".repeat(12));
        assert_eq!(name_all(&[&fits]), [format!("data/runs/{fits}")]);
    }

    #[test]
    fn whoever_knows_our_marks_gains_nothing() {
        let mut hostile = vec!["a".to_owned()];
        let mut mark = mark(&["runs/a"]);
        for _ in 0..10 {
            hostile.push(format!("a~{mark}"));
            mark = self::mark(&[&mark]);
        }
        hostile.push("a/b".to_owned());
        let given = name_all(&hostile.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(given[11], format!("data/runs/a~{mark}/b"));
    }

    #[test]
    fn a_safe_name_is_safe_again() {
        for hostile in ["..", "a\u{338}<\u{338}", " .", "con.", "\u{feff}", "nul. ", "com¹."] {
            let once = safe_segment(hostile);
            assert_eq!(safe_segment(&once), once, "{hostile:?}");
        }
    }
}
