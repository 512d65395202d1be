//! What the pages have in common: the document around them, and how words, numbers and times look.

use std::fmt::{self, Display, Write};

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::standing::Progress;

/// The query that asks for a page that stays as it is.
pub const REFRESH_OFF: &str = "refresh=off";

/// What pages are.
pub const HTML: &str = "text/html; charset=utf-8";

/// The script of pages that look again by themselves, allowed in the same way.
pub const SCRIPT: &str = include_str!("page.js");

/// The whole style sheet; the content security policy allows it by its hash and no other.
pub const STYLE: &str = include_str!("page.css");

/// Seconds between two looks without a script.
const REFRESH_SECONDS: u32 = 10;

/// Whether a page looks again by itself.
#[derive(Clone, Copy)]
pub(super) struct Again<'a> {
    /// Where it is found.
    pub path: &'a str,
    /// Whether it does.
    pub is_on: bool,
    /// Whether it has text in it that somebody is about to write. Only a script keeps that.
    pub is_written: bool,
}

/// The whole of an HTML document around its body; `again` is `None` of one that never looks again.
pub(super) fn frame(body: &str, title: &str, again: Option<Again<'_>>) -> String {
    let (mut head, mut script, mut toggle) = (String::new(), String::new(), String::new());
    match again {
        Some(Again { path, is_on: true, is_written }) => {
            if !is_written {
                head = format!(
                    "<noscript><meta http-equiv=\"refresh\" content=\"{REFRESH_SECONDS}\">\
                     </noscript>\n"
                );
            }
            script = format!("<script>{SCRIPT}</script>\n");
            let stop = format!("<a href=\"{path}?{REFRESH_OFF}\">Stop that</a>");
            let where_it_can = if is_written { ", where scripts run" } else { "" };
            toggle = format!("Looks again by itself{where_it_can}. {stop}");
        }
        Some(Again { path, is_on: false, .. }) => {
            toggle = format!("<a href=\"{path}\">Look again by itself</a>");
        }
        None => {}
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n{head}\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n{body}\
         <footer><span>dsrd {version} · <a href=\"/\">overview</a> · \
         <a href=\"/requests\">all requests</a> · <a href=\"/readyz\">readiness</a> · \
         <a href=\"/metrics\">metrics</a></span><span>{toggle}</span></footer>\n{script}</body>\n\
         </html>\n",
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// A page with nothing but a sentence that says why there is nothing else; `more` stands behind it.
pub(super) fn notice(title: &str, says: &str, more: &str, again: Option<Again<'_>>) -> String {
    let body = format!(
        "<header><h1>{title}</h1></header>\n<main id=\"main\"><p class=\"alert\" role=\"alert\">\
         {says}</p>{more}</main>\n"
    );
    frame(&body, title, again)
}

/// A number with its name, which may lead to a page; it takes on its colour once it is not zero.
pub(super) fn figure(
    out: &mut String,
    name: &str,
    number: u64,
    class: &str,
    path: Option<&str>,
) -> fmt::Result {
    let class = if number == 0 { "" } else { class };
    let name = match path.map(escape) {
        Some(path) => format!("<a href=\"{path}\">{name}</a>"),
        None => name.to_owned(),
    };
    writeln!(out, "<div class=\"{class}\"><dt>{name}</dt><dd>{}</dd></div>", grouped(number))
}

pub(super) fn word(state: State) -> String {
    let class = match state {
        State::Completed => " good",
        State::Held | State::PartiallyCompleted => " warn",
        State::Failed | State::Rejected => " bad",
        _ => "",
    };
    format!("<span class=\"word{class}\">{}</span>", state.word().replace('_', " "))
}

pub(super) fn progress(Progress { done, total }: Progress) -> String {
    if total == 0 {
        return "–".to_owned();
    }
    format!(
        "<progress aria-label=\"progress\" max=\"{total}\" value=\"{done}\"></progress>\
         <small>{} of {}</small>",
        grouped(done),
        grouped(total)
    )
}

pub(super) fn due(due: Option<Timestamp>, now: Timestamp) -> String {
    let Some(due) = due else { return "–".to_owned() };
    let distance = distance(due, now);
    if due < now {
        format!("{}<small class=\"late\">overdue by {distance}</small>", time(due))
    } else {
        format!("{}<small>in {distance}</small>", time(due))
    }
}

/// How far apart two times are, in the largest unit that says enough.
pub(super) fn distance(one: Timestamp, other: Timestamp) -> String {
    span(one.duration_since(other).as_secs().unsigned_abs() / 60)
}

/// So many minutes, in the largest unit that says enough.
pub(super) fn span(minutes: u64) -> String {
    let (number, unit) = match minutes {
        0..120 => (minutes, "minute"),
        120..2_880 => (minutes / 60, "hour"),
        _ => (minutes / 1_440, "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

pub(super) fn time(time: Timestamp) -> impl Display {
    let shown = time.strftime("%Y-%m-%d %H:%M UTC");
    format!("<time datetime=\"{time}\">{shown}</time>")
}

/// A number with commas between its thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut text = digits[..first].to_owned();
    for (index, digit) in digits[first..].chars().enumerate() {
        if index % 3 == 0 && !text.is_empty() {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Where the page of a request is.
pub fn path_of(id: &RequestId) -> String {
    format!("/requests/{}", utf8_percent_encode(id.as_str(), NON_ALPHANUMERIC))
}

/// The id of a request, as a link to its page.
pub(super) fn link(id: &RequestId) -> String {
    format!("<a href=\"{}\">{}</a>", path_of(id), escape(id.as_str()))
}

/// An id for the row of a request, by which it is known again wherever it moves.
pub(super) fn row_id(id: &RequestId) -> String {
    format!("row-{}", escape(id.as_str()))
}

/// A table with these columns and rows, below the heading that has this id. Each cell is told the
/// name of its column: on a narrow screen a row is a list of them.
pub(super) fn table(out: &mut String, label: &str, columns: &[&str], rows: &str) -> fmt::Result {
    // A region that scrolls must be reachable with the keyboard.
    let region = format!("role=\"region\" aria-labelledby=\"{label}\" tabindex=\"0\"");
    write!(out, "<div class=\"scroll\" {region}><table>\n<thead><tr>")?;
    for column in columns {
        write!(out, "<th scope=\"col\">{column}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    let mut column = 0;
    // No text in a cell has a bracket that is not escaped.
    for piece in rows.split_inclusive(['>']) {
        if piece.trim_start().starts_with("<tr") {
            column = 0;
        }
        match piece.trim_start().split([' ', '>']).next() {
            Some("<td" | "<th") => {
                let name = columns.get(column).copied().unwrap_or_default();
                let (tag, rest) = piece.split_at(piece.len() - 1);
                write!(out, "{tag} data-label=\"{name}\"{rest}")?;
                column += 1;
            }
            _ => out.push_str(piece),
        }
    }
    writeln!(out, "</tbody></table></div>")
}
