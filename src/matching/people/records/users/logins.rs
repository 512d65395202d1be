//! Aliases where something speaks of users: sentences, commands and listings.
//!
//! The same forms in which a known alias is found; here nobody knows which word is one, so only
//! words that look like one are asked for, near what may speak of users.

use std::ops::Range;
use std::sync::LazyLock;

use crate::domain::asked::subject::IdentityType;
use crate::matching::blocks::few::Few;
use crate::matching::identity::users::aliases::{BESIDE_BYTES, names_a_user};
use crate::matching::keys::users::SPEAKING;
use crate::matching::keys::words::Words;
use crate::matching::people::doubts::may_be_alias;
use crate::matching::people::named::{Identifier, Named};
use crate::matching::people::records::bounds::line_end;
use crate::matching::put::stands_at;
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::views::spelling::reading::Reading;

static SIGNS_BY_TEXT: LazyLock<Few> =
    LazyLock::new(|| Few::new(&SPEAKING.map(|(sign, _)| sign.as_bytes())));

/// What a process runs on.
const TERMINALS: [&str; 3] = [" ? ", "pts/", "tty"];

static LISTING: LazyLock<Few> = LazyLock::new(|| Few::new(&TERMINALS.map(str::as_bytes)));

/// Bytes after a sign in which they stand.
const NEAR_BYTES: usize = 120;

/// Bytes before one that are looked at too.
const AHEAD_BYTES: usize = 40;

/// Bytes after a word that are looked at.
const AFTER_BYTES: usize = 200;

/// Bytes of an alias.
const ALIAS_BYTES: std::ops::RangeInclusive<usize> = 3..=32;

/// Aliases in a text that was folded so.
pub fn logins_in(text: &str, reading: &Reading, found: &mut dyn FnMut(Named)) {
    let mut places: Vec<(usize, usize, usize)> =
        listed(&reading.text).map(|start| (start, start, 1)).collect();
    SIGNS_BY_TEXT.each(reading.text.as_bytes(), &mut |seen, Range { start, end }| {
        let (sign, words) = SPEAKING[seen];
        // Of whom a sentence ends with it, and who has a terminal: `user x logged in`.
        let ahead = if sign.starts_with("logged") || sign == "pts/" { AHEAD_BYTES } else { 0 };
        places.push((ceil(&reading.text, start.saturating_sub(ahead)), end, words));
    });
    places.sort_unstable();
    let mut passed = 0;
    for (start, sign, most) in places {
        let from = ceil(&reading.text, start.max(passed));
        let begin = sign.max(from);
        let near = floor(&reading.text, begin + NEAR_BYTES);
        let end = line_end(&reading.text[..near], begin);
        for word in words(&reading.text, from..end, sign, most) {
            passed = word.end;
            if let Some(alias) = alias_at(&reading.text, &word) {
                let range = reading.origin(word.start)..reading.origin_end(word.end, text.len());
                if !stands_at(text, range.start) {
                    found((alias, range));
                }
            }
        }
    }
}

/// Starts of lines of a listing of processes: a word, and a number.
fn listed(text: &str) -> impl Iterator<Item = usize> {
    let mut at = 0;
    let text = if LISTING.any(text.as_bytes()) { text } else { "" };
    text.split_inclusive('\n').filter_map(move |line| {
        let start = at;
        at += line.len();
        let rest =
            line.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "._-".contains(c));
        let number = rest.trim_start_matches([' ', '\t']);
        let is_row = line.starts_with(|c: char| c.is_ascii_lowercase())
            && number.len() < rest.len()
            && number.starts_with(|c: char| c.is_ascii_digit())
            && TERMINALS.iter().any(|terminal| number.contains(terminal));
        is_row.then_some(start)
    })
}

/// The words before a sign, and as many after it.
fn words(text: &str, range: Range<usize>, sign: usize, most: usize) -> Vec<Range<usize>> {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let base = text.as_ptr() as usize;
    let whole = text[range].split(|c| !joins(c)).filter(|piece| !piece.is_empty());
    let bare = |piece: &str| {
        let start = piece.as_ptr() as usize - base;
        start..start + piece.trim_end_matches(['.', '-']).len()
    };
    let mut after = 0;
    let is_near = |word: &Range<usize>| {
        after += usize::from(word.start >= sign);
        after <= most
    };
    whole.map(bare).take_while(is_near).collect()
}

fn alias_at(text: &str, word: &Range<usize>) -> Option<Identifier> {
    let alias = &text[word.clone()];
    if !ALIAS_BYTES.contains(&alias.len()) || !may_be_alias(alias) || is_common(alias) {
        return None;
    }
    let before = &text[ceil(text, word.start.saturating_sub(BESIDE_BYTES))..word.start];
    let after = &text[word.end..floor(text, word.end + AFTER_BYTES)];
    names_a_user(before, alias, after)
        .then(|| Identifier { kind: IdentityType::Username, value: alias.to_owned() })
}

/// Words of sentences that stand where an alias may.
fn is_common(word: &str) -> bool {
    static WORDS: Words = Words::of(
        "\
        a account accounts action active all already an and any anyone are as at authentication \
        authorized be been by can cannot code command connect connection console could current \
        daemon data default defined did directory does each email error every failed file files \
        following for from group groups guide guides has have home host id if in input inputs \
        installed interface invalid is it its key local logged login machine manual may members \
        message mode must name named names new nobody non none not now of on one only operator or \
        other our output password permission permissions prompt provided publickey query remote \
        request requested requests running same scheduler self server session should signed some \
        space specified staff started story submitted sudo sudoers super target that the their \
        them then there these this those timer to token tool trigger two unknown up us user users \
        using valid value via was we wheel when which who will with without workflow you your",
    );
    WORDS.has(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::views::spelling::fold::fold;

    fn told(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        logins_in(text, &fold(text), &mut |(identifier, range)| {
            assert!(text[range].eq_ignore_ascii_case(&identifier.value));
            all.push(identifier.value);
        });
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn aliases_where_something_speaks_of_users() {
        for text in [
            "uid=1002(kofib) gid=1002(kofib)",
            "wandb: Currently logged in as: kofib (nordlicht).",
            "User kofib logged in from 10.0.0.4",
            "é User kofib logged in from 10.0.0.4",
            "sudo -u kofib ls",
            "chown kofib:kofib x",
            "-rw-r--r-- 1 kofib kofib 12 Nov 3 x",
            "kofib  1234  0.0  0.1 4096 1024 pts/0  S+  10:00  0:00 python",
            "sshd[12]: Accepted publickey for kofib from 10.0.0.4",
            "Account Name: kofib",
        ] {
            assert_eq!(told(text), ["kofib"], "{text}");
        }
        for text in [
            "the user is not logged in as the user of the machine",
            "started by the scheduler, created by running user code",
            "root 12 0.0 0.1 init\nuser input 3",
            "epoch 12 0.5 0.1\nloss 3 4",
            "a user story, user guide and user manual",
        ] {
            assert_eq!(told(text), [""; 0], "{text}");
        }
    }
}
