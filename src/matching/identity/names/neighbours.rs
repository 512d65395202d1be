//! Whether the words of a name belong to one person, by what stands around them.
//!
//! Two things join words of different people: a list (`Kofi Osei, Mira Brandt` holds `Osei, Mira`)
//! and the end of a row (`Lars⇥Mira`, and `Osei⇥Brandt` below it). A name may be written both ways,
//! `Osei, Mira` and over the end of a line, so a neighbour must say that it is not: a name-like
//! word before the family name, full names further on in the list, cells on either side.
//!
//! Works on text that is not folded: capitals tell names from words.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::matching::identity::scripts::separates;
use crate::matching::keys::words::Words;
use crate::matching::views::spelling::cut::{ceil, floor};

/// Bytes on either side that are looked at.
const BESIDE_BYTES: usize = 240;

/// Words of one name, at most, that stand before its last.
const PARTICLES_MAX: usize = 3;

/// Whether what was hit, a name, is one person's. `is_turned`: the family name stands first.
pub fn are_one_persons(is_turned: bool, before: &str, hit: &str, after: &str) -> bool {
    let hit = plain(hit);
    let is_listed = is_turned && hit.contains([',', '、']);
    let is_broken = hit.contains(is_line_end);
    let is_parted = hit.contains('\t') && !is_broken;
    if !is_listed && !is_broken && !is_parted {
        return true;
    }
    let before = plain(&before[ceil(before, before.len().saturating_sub(BESIDE_BYTES))..]);
    let after = plain(&after[..floor(after, BESIDE_BYTES)]);
    let is_two = is_listed
        && (lists_two(&before, &hit, &after) || lists_identifiers(&before, &after))
        || is_broken && spans_rows(&before, &hit, &after)
        || is_parted && spans_cells(&before, &hit, &after);
    !is_two
}

/// With commas and letters of full width as plain ones.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfkc().collect()) }
}

/// Whether a comma stands between two people and not within one name.
fn lists_two(before: &str, hit: &str, after: &str) -> bool {
    if !hit.starts_with(char::is_uppercase) {
        return are_pairs(before, after);
    }
    let shouts = !hit.contains(char::is_lowercase);
    let next = word_after(after).filter(|(word, _)| is_name_like(word, shouts));
    if ends_with_name(before, shouts) {
        return true;
    }
    let Some((_, further)) = next else { return false };
    let is_initial = word_before(before).is_some_and(|(word, _)| is_initial(word));
    is_initial || goes_on_with_full_name(further, shouts) || comes_after_full_name(before, shouts)
}

/// Whether a sign joins more words to both sides: `kofi_osei,mira_brandt`.
fn lists_identifiers(before: &str, after: &str) -> bool {
    ['_', '.'].into_iter().any(|sign| {
        let joins = |rest: Option<&str>, is_letter: fn(&str) -> bool| rest.is_some_and(is_letter);
        joins(before.strip_suffix(sign), |rest| rest.ends_with(char::is_alphanumeric))
            && joins(after.strip_prefix(sign), |rest| rest.starts_with(char::is_alphanumeric))
    })
}

/// Whether a text ends with a word of somebody's name, particles aside.
fn ends_with_name(mut text: &str, shouts: bool) -> bool {
    for _ in 0..=PARTICLES_MAX {
        let Some((word, rest)) = word_before(text) else { return false };
        // `Kofi B. Osei` and `Kofi van Osei` are whole names.
        if !is_particle(word) && !is_initial(word) {
            return is_name_like(word, shouts);
        }
        text = rest;
    }
    false
}

/// `, Ines Falk` or ` and Ines Falk`.
fn goes_on_with_full_name(text: &str, shouts: bool) -> bool {
    let rest = text.trim_start_matches([' ', '\n', '\r']);
    let rest = match rest.strip_prefix([',', ';', '&']) {
        Some(rest) => rest,
        None => match word_after(&format!(" {rest}")) {
            Some((word, _)) if is_joint(word) => &rest[word.len()..],
            _ => return false,
        },
    };
    let rest = format!(" {}", rest.trim_start());
    let Some((first, further)) = word_after(&rest) else { return false };
    is_name_like(first, shouts)
        && word_after(further).is_some_and(|(second, _)| is_name_like(second, shouts))
}

/// `Ines Falk, ` or `Ines Falk and `.
fn comes_after_full_name(text: &str, shouts: bool) -> bool {
    let rest = text.trim_end_matches([' ', '\n', '\r']);
    let rest = match rest.strip_suffix([',', ';', '&']) {
        Some(rest) => rest,
        None => match word_before(text) {
            Some((word, rest)) if is_joint(word) => rest,
            _ => return false,
        },
    };
    let rest = format!("{} ", rest.trim_end());
    let Some((second, further)) = word_before(&rest) else { return false };
    is_name_like(second, shouts)
        && word_before(further).is_some_and(|(first, _)| is_name_like(first, shouts))
}

/// Where capitals tell nothing: whether both sides of the comma are pairs of words in a list.
fn are_pairs(before: &str, after: &str) -> bool {
    let is_word = |word: &str| {
        word.chars().count() > 1 && word.chars().all(is_name_letter) && !is_no_name(word)
    };
    let (Some((one, ahead)), Some((other, behind))) = (word_before(before), word_after(after))
    else {
        return false;
    };
    let opens = ahead.trim_end_matches([' ', '\t']);
    let opens =
        opens.is_empty() || opens.ends_with([',', ';', ':', '(', '[', '"', '\'', '\n', '=']);
    let closes = behind.trim_start_matches([' ', '\t']);
    let closes = closes.is_empty()
        || closes.starts_with([',', ';', ')', ']', '"', '\'', '\n', '\r', '.'])
        || word_after(&format!(" {closes}")).is_some_and(|(word, _)| is_joint(word));
    is_word(one) && is_word(other) && opens && closes
}

/// Whether the end of a line within a name is the end of a row: cells on either side say so, or
/// both lines are a name each.
fn spans_rows(before: &str, hit: &str, after: &str) -> bool {
    let head = before.rsplit(is_line_end).next().unwrap_or(before);
    let tail = after.split(is_line_end).next().unwrap_or(after);
    let second = hit.rsplit(is_line_end).next().unwrap_or(hit);
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    // A cell that is wrapped goes on below itself, not at the start of the line.
    if indent(second) > indent(head) {
        return false;
    }
    let stands_first = head.trim().is_empty();
    let cell_before = !stands_first
        && (head.ends_with(['\t', ',', ';', '|']) || head.ends_with("  ") || head.ends_with("| "));
    let cell_after = tail.trim_start().starts_with('|')
        || tail.starts_with(['\t', ';'])
        || tail.starts_with("  ") && !tail.trim().is_empty()
        || tail
            .strip_prefix(',')
            .is_some_and(|rest| rest.starts_with(|c: char| !c.is_whitespace()));
    let shouts = !hit.contains(char::is_lowercase);
    // What opens a comment or a quotation is of no name.
    let opens = |c: char| c.is_whitespace() || "#/*>;%!-".contains(c);
    let head = head.rsplit('"').next().unwrap_or(head).trim_start_matches(opens).trim_end();
    let tail = tail.split('"').next().unwrap_or(tail).trim();
    if head.is_empty() && tail.is_empty() && is_row_of_words(before, after, shouts) {
        return true;
    }
    // A name in each line: `Lars Mira` and `Osei Brandt`, or `Falk, Mira` and `Osei, Kofi`.
    cell_after && (cell_before || stands_first)
        || are_name_words(head, shouts) && are_name_words(tail, shouts)
        || ends_with_family(head, shouts) && is_given(tail, shouts)
}

/// Whether a tab within a name parts two cells of two names: `Kofi Mira⇥Osei Brandt`.
fn spans_cells(before: &str, hit: &str, after: &str) -> bool {
    let (Some((first, head)), Some((last, tail))) = (word_before(before), word_after(after)) else {
        return false;
    };
    let shouts = !hit.contains(char::is_lowercase);
    let is_border = |c: char| c == '\t' || is_line_end(c) || c == char::REPLACEMENT_CHARACTER;
    let are_cells = (head.is_empty() || head.ends_with(is_border))
        && (tail.is_empty() || tail.starts_with(is_border));
    if hit.starts_with(char::is_uppercase) {
        return is_name_like(first, shouts) && is_name_like(last, shouts);
    }
    are_cells
}

/// Whether a word alone stands in the line before or after too: each is somebody.
fn is_row_of_words(before: &str, after: &str, shouts: bool) -> bool {
    let is_word = |text: &str| {
        let marks = [' ', '\t', '\r', ',', ';', '-', '*', '"', '}'];
        is_name_like(text.trim_matches(marks), shouts)
    };
    // A string may hold the lines.
    let first = before.rsplit('\n').nth(1).and_then(|line| line.rsplit('"').next());
    let last = after.split('\n').nth(1).and_then(|line| line.split('"').next());
    [first, last].into_iter().flatten().any(is_word)
}

/// `Falk,` with no given name before it: what follows is a given name.
fn ends_with_family(head: &str, shouts: bool) -> bool {
    let Some(family) = head.strip_suffix(',') else { return false };
    let padded = format!("{family} ");
    word_before(&padded).is_some_and(|(word, rest)| {
        is_name_like(word, shouts)
            && !word_before(rest).is_some_and(|(word, _)| is_name_like(word, shouts))
    })
}

/// `, Kofi` and the end of the name.
fn is_given(tail: &str, shouts: bool) -> bool {
    let Some(given) = tail.strip_prefix(',') else { return false };
    let given = given.trim_end_matches([';', '}', '.', '&', ' ']);
    let given = match given.rsplit_once(' ') {
        Some((given, joint)) if is_joint(joint) => given,
        _ => given,
    };
    are_name_words(given, shouts)
}

/// Whether all of a text may be of a name: a word or a few.
fn are_name_words(text: &str, shouts: bool) -> bool {
    let words = || text.split_whitespace();
    (1..=PARTICLES_MAX).contains(&words().count())
        && words().any(|word| is_name_like(word, shouts))
        && words().all(|word| is_name_like(word, shouts) || is_particle(word) || is_initial(word))
}

/// The word before, with what stands before it, where one space parts it from what follows.
pub fn word_before(text: &str) -> Option<(&str, &str)> {
    let gap = text.chars().next_back().filter(|c| is_space(*c))?;
    let rest = &text[..text.len() - gap.len_utf8()];
    let word = rest.rsplit(|c| !is_word_letter(c)).next().filter(|word| !word.is_empty())?;
    Some((word, &rest[..rest.len() - word.len()]))
}

/// The word after, with what follows it, where one space parts it from what stands before.
pub fn word_after(text: &str) -> Option<(&str, &str)> {
    let gap = text.chars().next().filter(|c| is_space(*c))?;
    let rest = &text[gap.len_utf8()..];
    let word = rest.split(|c| !is_word_letter(c)).next().filter(|word| !word.is_empty())?;
    Some((word, &rest[word.len()..]))
}

/// Whether a word may be of somebody's name. `shouts`: whether names are written in capitals here.
pub fn is_name_like(word: &str, shouts: bool) -> bool {
    word.starts_with(char::is_uppercase)
        && word.chars().count() > 1
        && word.chars().all(is_name_letter)
        && (shouts || word.contains(char::is_lowercase))
        && !is_no_name(word)
}

/// `K` and `K.`.
fn is_initial(word: &str) -> bool {
    let mut letters = word.trim_end_matches('.').chars();
    letters.next().is_some_and(char::is_uppercase) && letters.next().is_none()
}

fn is_particle(word: &str) -> bool {
    const PARTICLES: [&str; 30] = [
        "abu", "al", "as", "ben", "bin", "bint", "da", "das", "de", "del", "della", "den", "der",
        "di", "do", "dos", "du", "el", "ibn", "la", "las", "le", "los", "ten", "ter", "van", "vom",
        "von", "zu", "zur",
    ];
    PARTICLES.contains(&word.to_lowercase().as_str())
}

/// Whether a word joins those of a list.
pub fn is_joint(word: &str) -> bool {
    const JOINTS: [&str; 11] =
        ["and", "und", "et", "y", "e", "og", "och", "en", "ja", "with", "mit"];
    JOINTS.contains(&word.to_lowercase().as_str())
}

/// Words before and after names that are of none: grammar, titles, and labels of people.
fn is_no_name(word: &str) -> bool {
    static WORDS: Words = Words::of(
        "\
        an at attn aus author autor auteur bei by cc contact customer dame dear dipl don \
        doña dr dra editor employee for frau from für has herr hon if in ing is jr \
        kontakt lady lord mag manager me miss mlle mme mr mrs ms mx name of on or par \
        participant participants patient phd por prof professor rev senhor señor señora \
        sir sr sra srta team the to via was student",
    );
    const STEMS: &str = "\
        user owner author creat submitt assignee requester requestor operator review \
        approve member maintain contribut responsib manage";
    let lower = word.to_lowercase();
    let bare = lower.trim_end_matches('.');
    is_joint(&lower) || WORDS.has(bare) || STEMS.split(' ').any(|stem| lower.starts_with(stem))
}

/// A space, or a plus, which is one in a URL's query; what parts cells and lines is none.
fn is_space(c: char) -> bool {
    separates(c) && c != '\t' && !is_line_end(c)
}

/// Whether a character ends a line.
pub fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_word_letter(c: char) -> bool {
    c.is_alphanumeric()
        || unicode_normalization::char::is_combining_mark(c)
        || matches!(c, '.' | '\'' | '’' | '-' | '_' | '@')
}

fn is_name_letter(c: char) -> bool {
    c.is_alphabetic()
        || unicode_normalization::char::is_combining_mark(c)
        || matches!(c, '\'' | '’' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(text: &str) -> bool {
        let (before, rest) = text.split_once('[').unwrap();
        let (hit, after) = rest.split_once(']').unwrap();
        are_one_persons(hit.contains(','), before, hit, after)
    }

    #[test]
    fn a_turned_name_and_two_of_a_list() {
        for text in [
            "by [Osei, Mira]",
            "By [Osei, Mira] and Brandt, Kofi",
            "author = {[Osei, Mira] and Brandt, Kofi}",
            "author = {Brandt, Kofi and [Osei, Mira]}",
            "Brandt, Kofi; [Osei, Mira]; Falk, Ines",
            "Brandt, Kofi, [Osei, Mira]",
            "van der [Osei, Mira]",
            "Van der [Osei, Mira]",
            "Dr. [Osei, Mira] K.",
            "Owner [Osei, Mira]",
            "Reviewer: [Osei, Mira]",
            "See below. [Osei, Mira] wrote",
            "run 42 [Osei, Mira] IT",
            "[OSEI, MIRA] BERLIN HR".split(" BERLIN").next().unwrap(),
            "[Osei, Mira] Kaya",
            "Kofi  [Osei, Mira]",
            "Kofi\t[Osei, Mira]",
            "Kofi\n[Osei, Mira]",
            "submitted by [osei, mira] today",
            "by [osei, mira] today",
            "1,[Osei,Mira],3",
            "Brandt,Kofi\n[Osei,Mira]\nFalk,Ines",
        ] {
            assert!(stands(text), "{text}");
        }
        for text in [
            "Participants: Kofi [Osei, Mira] Brandt, Ines Falk",
            "Kofi [Osei,Mira] Brandt,3",
            "Kofi [Osei, Mira] Brandt and Ines Falk",
            "Kofi [Osei, Mira]",
            "Kofi [Osei,\nMira] Brandt",
            "Kofi\n[Osei, Mira] Brandt, Ines Falk",
            "K. [Osei, Mira] Brandt",
            "Kofi B. [Osei, Mira] A. Brandt",
            "kofi_[osei,mira]_brandt",
            "kofi.[osei,mira].brandt",
            "Kofi A. [Osei, Mira] Brandt".replace("A. ", "").as_str(),
            "Dr. Kofi [Osei, Mira] Brandt",
            "Kofi van [Osei, Mira] Brandt",
            "KOFI [OSEI, MIRA] BRANDT",
            "Kofi [OSEI, Mira] BRANDT",
            "kofi [osei, mira] brandt, ines falk",
            "authors: kofi [osei, mira] brandt",
            "Kofi+[Osei,+Mira]+Brandt",
            "Kofi\u{a0}[Osei, Mira]\u{a0}Brandt",
            "Ines Falk, [Osei, Mira] Brandt",
            "[Osei, Mira] Brandt, Ines Falk",
        ] {
            assert!(!stands(text), "{text}");
        }
    }

    #[test]
    fn two_cells_of_two_names() {
        for text in [
            "x\t[Mira\tOsei]\ty",
            "by [Mira\tOsei] today",
            "Kofi\t[Mira\tOsei] Brandt",
            "[Mira\tOsei] Brandt",
        ] {
            assert!(stands(text), "{text}");
        }
        for text in [
            "Kofi [Mira\tOsei] Brandt",
            "1\tDr. Kofi [Mira\tOsei] Brandt\t3",
            "kofi [mira\tosei] brandt",
            "\u{fffd}kofi [mira\tosei] brandt\u{fffd}",
        ] {
            assert!(!stands(text), "{text}");
        }
    }

    #[test]
    fn a_broken_line_and_the_end_of_a_row() {
        for text in [
            "trained by [Mira\nOsei] today",
            "by [Mira\n   Osei]",
            "owner:   [Mira\n         Osei]",
            "Lars Falk and [Mira\nOsei] said so",
            "with Lars, [Mira\nOsei], and others",
            "[Mira\nOsei]",
            "x\t[Mira\n\tOsei]\ty",
            "Talk by [Mira\r\nOsei].  Then",
            "Authors: Lars Falk, [Mira\nOsei], Kofi Brandt",
            "thanks to Kofi, [Mira\nOsei], Ines and Lars",
        ] {
            assert!(stands(text), "{text}");
        }
        for text in [
            "given\tfamily\nLars\t[Mira\nOsei]\tBrandt",
            "Lars    [Mira\nOsei]    Brandt",
            "  Lars    [Mira\n  Osei]    Brandt",
            "Lars,[Mira\nOsei],Brandt",
            "Ｌａｒｓ，[Ｍｉｒａ\nＯｓｅｉ]，Ｂｒａｎｄｔ",
            "Lars;[Mira\r\nOsei];Brandt",
            "| Lars | [Mira\nOsei] | Brandt |",
            "Kofi Falk\nLars [Mira\nOsei] Brandt\n",
            "Kofi Falk\nLars A. [Mira\nOsei] van Brandt\n",
            "Falk, [Mira\nOsei], Kofi\n",
            "author = {Falk, [Mira\nOsei], Kofi}\n",
            "[Mira\nOsei]\tBrandt",
            "Kofi\n[Mira\nOsei]\nInes",
            "[Mira\nOsei]\nInes",
        ] {
            assert!(!stands(text), "{text}");
        }
    }
}
