//! Small files of every form, changed at random: nothing panics, work stays in bounds, and what is
//! found in what is left may be anything. `tests/fuzz` does the same for longer and with coverage;
//! here `DSRD_MUTATIONS=100000` does more than the few that are tried each time.

use std::collections::BTreeMap;

use dsrd::matching::work;

use crate::matching::told;
use crate::seeds::{FOLDERS, seeds};

/// Numbers that are told apart: how each file is changed depends on nothing else.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        self.next() as usize % most.max(1)
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Bytes of a changed file: parts of it are doubled.
const FILE_BYTES_MAX: usize = 64 << 10;

fn change(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    if bytes.is_empty() {
        return bytes.extend(other);
    }
    let len = bytes.len();
    // What tells of all the rest stands at the ends.
    let near = len.min(200);
    let at = [random.below(near), len - 1 - random.below(near), random.below(len)][random.below(3)];
    let width = random.one(&[1, 2, 4, 8]).min(len - at);
    match random.below(10) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = random.one(&[0, 1, 0x7f, 0x80, 0xff]),
        2 => bytes[at..at + width].fill(random.one(&[0, 0xff])),
        3 | 4 => {
            // A number that is near to another, or to a length, in either order.
            let number =
                random.one(&[len as u64, at as u64, len as u64 - at as u64, 1 << 31, 1 << 40]);
            let number = number.wrapping_add(random.below(5) as u64).wrapping_sub(2);
            let order = random.below(2) == 0;
            let number = if order { number.to_le_bytes() } else { number.to_be_bytes() };
            let from = if order { 0 } else { 8 - width };
            bytes[at..at + width].copy_from_slice(&number[from..from + width]);
        }
        5 => bytes.truncate(at),
        6 => drop(bytes.drain(at..at + random.below(len - at))),
        7 if len < FILE_BYTES_MAX => {
            let part = bytes[at..at + random.below(len - at)].to_vec();
            let to = random.below(len);
            bytes.splice(to..to, part);
        }
        8 => {
            let from = random.below(other.len());
            let part = &other[from..from + random.below((other.len() - from).min(300))];
            let end = (at + part.len()).min(len);
            bytes.splice(at..end, part.iter().copied());
        }
        _ => {
            let by = random.one(&[1, 2, 0xff, 0xfe]);
            bytes[at] = bytes[at].wrapping_add(by);
        }
    }
}

/// Bytes looked at for small files, and for each of theirs.
const WORK_MAX: u64 = 300 << 20;
const WORK_RATIO_MAX: u64 = 2000;

#[test]
#[expect(clippy::disallowed_methods, reason = "of the test, not of the program")]
fn no_change_to_a_file_surprises_its_reader() {
    let wanted = std::env::var("DSRD_MUTATIONS").ok().and_then(|wanted| wanted.parse().ok());
    let seed = std::env::var("DSRD_SEED").ok().and_then(|seed| seed.parse().ok());
    let mut random = Random(seed.unwrap_or(0x9e37_79b9_7f4a_7c15));
    let seeds = seeds();
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for turn in 0..wanted.unwrap_or(seeds.len()) {
        let (folder, file) = &seeds[turn % seeds.len()];
        let mut bytes = file.clone();
        for _ in 0..1 + random.below(6) {
            let other = &seeds[random.below(seeds.len())].1;
            change(&mut bytes, other, &mut random);
        }
        let before = work::done();
        let told = told(&bytes);
        let (work, most) = (work::done() - before, WORK_MAX + WORK_RATIO_MAX * bytes.len() as u64);
        let kept = || std::env::temp_dir().join(format!("dsrd-mutation-{turn}"));
        let is_sound = work < most && !told.iter().any(|told| told.contains("gave up"));
        if !is_sound {
            std::fs::write(kept(), &bytes).unwrap();
        }
        assert!(is_sound, "{folder}: {:?} takes {work} and tells {told:?}", kept());
        *met.entry(folder).or_default() += 1;
    }
    let names: Vec<_> = FOLDERS.iter().map(|folder| folder.name).collect();
    assert!(names.iter().all(|name| met.contains_key(name)), "{met:?}");
}

#[test]
fn every_file_is_an_input_of_its_folder() {
    for (name, file) in seeds() {
        let folder = FOLDERS.iter().find(|folder| folder.name == name).unwrap();
        let input = folder.input(&file).unwrap();
        assert_eq!(folder.item(&input), file, "{name}");
    }
}
