//! Whether the words of a name stand in two cells of one person's row.
//!
//! `2,Mira,Osei,0.9` is a row of somebody; `Kofi,Mira,Osei,Ines` is a list of given names, and
//! `Kofi Osei,Mira Brandt` one of full names. Works on text that is not folded: capitals tell names
//! from words.

use crate::matching::identity::names::neighbours::{is_line_end, is_name_like};
use crate::matching::keys::parts::part_of;
use crate::matching::keys::users::speaks_of_users;

/// Whether what was hit fills two cells, and the cells around them are no names.
pub fn are_of_one_row(before: &str, hit: &str, after: &str) -> bool {
    let is_border = |c: char| matches!(c, ',' | ';' | '|' | '\t');
    let Some(border) = hit.chars().find(|c| is_border(*c)) else { return false };
    let above = before;
    let before = before.rsplit(is_line_end).next().unwrap_or(before);
    let after = after.split(is_line_end).next().unwrap_or(after);
    let opened = without_quote_at_end(before);
    let closed = without_quote_at_start(after);
    let left = opened.trim_end_matches(' ');
    let right = closed.trim_start_matches(' ');
    let begins = left.is_empty() || left.ends_with(['[', '(', '{', ':', border]);
    let ends = right.is_empty() || right.starts_with([']', ')', '}', border]);
    if !begins || !ends {
        return false;
    }
    let capitals = hit.contains(char::is_uppercase);
    let shouts = !hit.contains(char::is_lowercase);
    let is_name = |cell: &&str| {
        let word = cell.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        if capitals {
            return is_name_like(word, shouts);
        }
        word.chars().count() > 1 && word.chars().all(char::is_alphabetic)
    };
    let outside = |text: &str, opens: bool| -> Vec<String> {
        let text = text.strip_suffix(border).filter(|_| !opens).unwrap_or(text);
        let text = text.strip_prefix(border).filter(|_| opens).unwrap_or(text);
        let text = if opens {
            text.split([']', ')', '}']).next().unwrap_or_default()
        } else {
            text.rsplit(['[', '(', '{', ':']).next().unwrap_or_default()
        };
        let cells = text.split(border).map(|cell| cell.trim().to_owned());
        cells.filter(|cell| !cell.is_empty()).collect()
    };
    let (lefts, rights) = (outside(left, false), outside(right, true));
    let beside = [lefts.last(), rights.first()];
    let are_names = beside.iter().all(|cell| cell.is_some_and(|cell| is_name(&cell.as_str())));
    let mut others = lefts.iter().chain(&rights).map(String::as_str).peekable();
    !are_names
        && !stands_below_two_people(above, lefts_of(left, border), border)
        && (others.peek().is_none() || others.any(|cell| !is_name(&cell)))
}

/// Columns before a cell, counting those without anything.
fn lefts_of(left: &str, border: char) -> usize {
    left.matches(border).count() - usize::from(left.trim_start().starts_with('|'))
}

/// Whether the heads of both columns speak of somebody: `author,reviewer`.
fn stands_below_two_people(above: &str, column: usize, border: char) -> bool {
    above.split(is_line_end).filter(|line| line.contains(border)).take(2).any(|line| {
        let line = line.trim().trim_start_matches('|').to_lowercase();
        let mut heads = line.split(border).skip(column).map(|head| head.trim_matches([' ', '"']));
        let speaks = |head: &str| speaks_of_users(head) && part_of(head).is_none();
        matches!((heads.next(), heads.next()), (Some(one), Some(other)) if speaks(one) && speaks(other))
    })
}

fn without_quote_at_end(text: &str) -> &str {
    text.strip_suffix(['"', '\'']).unwrap_or(text)
}

fn without_quote_at_start(text: &str) -> &str {
    text.strip_prefix(['"', '\'']).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(text: &str) -> bool {
        let (before, rest) = text.split_once("<<").unwrap();
        let (hit, after) = rest.split_once(">>").unwrap();
        are_of_one_row(before, hit, after)
    }

    #[test]
    fn rows() {
        for text in [
            "2,<<Mira,Osei>>,0.9",
            "<<Mira,Osei>>",
            "x\n<<Mira,Osei>>\nKofi,Brandt",
            "1,<<mira,osei>>,berlin,3",
            "(2, '<<Mira', 'Osei>>', 'Berlin')",
            "| 2 | <<Mira | Osei>> | 0.9 |",
            "[\"by\", \"<<Mira\", \"Osei>>\", \".\"]",
            "2;<<Mira;Osei>>;x@y",
            "2,<<Mira,Osei>>,Berlin",
        ] {
            assert!(stands(text), "{text}");
        }
        for text in [
            "Kofi,<<Mira,Osei>>,Ines",
            "given: Kofi,<<Mira,Osei>>",
            "<<Mira,Osei>>,Kofi",
            "by <<Mira,Osei>>",
            "Kofi <<Mira,Osei>>,3",
            "1,Kofi Falk <<Mira,Osei>> Brandt,3",
            "2,<<Mira,Osei>> Brandt,3",
            "[\"Kofi\", \"<<Mira\", \"Osei>>\"]",
            "kofi,<<mira,osei>>,ines",
            "run,author,reviewer\n1,Kofi,Ines\n2,<<Mira,Osei>>",
            "| author | reviewer |\n|---|---|\n| <<Mira | Osei>> |",
        ] {
            assert!(!stands(text), "{text}");
        }
    }
}
