//! Where decisions are taken, on the page of a request: a form that needs no script.

use std::fmt::{self, Write};

use crate::adapters::http::operators::desk::Offer;
use crate::adapters::http::pages::frame::{escape, path_of};
use crate::domain::request::RequestId;

/// Longest reason, in characters; the ledger takes no longer ones.
const REASON_CHARS_MAX: usize = 1_000;

/// What whoever looks may decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Counter {
    /// Nothing, and nobody asks why.
    #[default]
    Closed,
    /// Nothing, though he has said who he is; why.
    Shut(String),
    /// This.
    Open(Offer),
}

impl Counter {
    /// Whether there is a form, and so text that must not be lost.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }
}

/// The form, or why there is none. `reason` is what was written before.
pub(super) fn counter(
    out: &mut String,
    id: &RequestId,
    counter: &Counter,
    reason: &str,
) -> fmt::Result {
    let Offer { actor, decisions, seal } = match counter {
        Counter::Closed => return Ok(()),
        Counter::Shut(why) => {
            return writeln!(
                out,
                "<p class=\"note\">No decision can be taken: {}.</p>",
                escape(why)
            );
        }
        Counter::Open(offer) => offer,
    };
    let (path, seal, reason) = (path_of(id), escape(seal), escape(reason));
    writeln!(
        out,
        "<section aria-labelledby=\"decide\"><h2 id=\"decide\">Decide</h2>\n\
         <form id=\"decision\" class=\"counter\" method=\"post\" action=\"{path}/decisions\" \
         autocomplete=\"off\">\n\
         <input id=\"seal\" type=\"hidden\" name=\"seal\" value=\"{seal}\">\n\
         <label for=\"reason\">Reason</label>\n\
         <textarea id=\"reason\" name=\"reason\" rows=\"3\" maxlength=\"{REASON_CHARS_MAX}\" \
         required aria-describedby=\"reason-hint\">\n{reason}</textarea>\n\
         <p id=\"reason-hint\"><small>It is kept in the ledger for good: do not name the person. \
         At most 1,000 characters.</small></p>\n<p id=\"verbs\">"
    )?;
    for word in decisions {
        let (class, label) = (class(word), label(word));
        writeln!(
            out,
            "<button id=\"decide-{word}\" name=\"decision\" value=\"{word}\"{class}>{label}\
             </button>"
        )?;
    }
    let actor = escape(actor);
    writeln!(out, "</p>\n<p><small>Decided as {actor}.</small></p>\n</form></section>")
}

/// What ends a request is not to be hit by mistake.
fn class(word: &str) -> &'static str {
    if matches!(word, "reject" | "cancel") { " class=\"ends\"" } else { "" }
}

fn label(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
        .unwrap_or_default()
}
