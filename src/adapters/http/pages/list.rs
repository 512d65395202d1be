//! The page of requests that are looked for: by state, overdue, or by a part of their id; page by
//! page, the earliest due first.

use std::fmt::{self, Write};

use jiff::Timestamp;
use url::form_urlencoded::{Serializer, parse};

use crate::adapters::http::pages::frame::{
    due, escape, frame, link, notice, progress, row_id, table, time, word,
};
use crate::domain::request::RequestId;
use crate::domain::state::State;
use crate::ports::standing::Standing;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those in this state; all, where it is `None`.
    pub state: Option<State>,
    /// Only those that are open and past their due time.
    pub overdue: bool,
    /// A part of their id, in whatever case.
    pub id: String,
    /// The last one on the page before.
    pub after: Option<RequestId>,
}

impl Wanted {
    /// What the query of an address asks for; what it asks for besides is nothing. `None` where it
    /// asks for what cannot be: more than what was wanted would be shown.
    pub fn of(query: &str) -> Option<Self> {
        let mut wanted = Self::default();
        for (key, value) in parse(query.as_bytes()) {
            match &*key {
                "state" if value.is_empty() => wanted.state = None,
                "state" => wanted.state = Some(State::parse(&value)?),
                "overdue" => wanted.overdue = true,
                "id" => wanted.id = value.trim().to_owned(),
                "after" => wanted.after = Some(RequestId::new(&value).ok()?),
                _ => {}
            }
        }
        Some(wanted)
    }

    /// The states that they may be in.
    pub fn states(&self) -> Vec<State> {
        let is_wanted = |state: &State| {
            self.state.is_none_or(|wanted| wanted == *state) && !(self.overdue && state.rests())
        };
        State::ALL.into_iter().filter(is_wanted).collect()
    }

    /// Whether this is one of them, as far as its id tells.
    pub fn has(&self, id: &RequestId) -> bool {
        id.as_str().to_lowercase().contains(&self.id.to_lowercase())
    }

    /// The address of the page of them.
    pub fn path(&self) -> String {
        let mut query = Serializer::new(String::new());
        if let Some(state) = self.state {
            query.append_pair("state", state.word());
        }
        if self.overdue {
            query.append_pair("overdue", "yes");
        }
        if !self.id.is_empty() {
            query.append_pair("id", &self.id);
        }
        if let Some(after) = &self.after {
            query.append_pair("after", after.as_str());
        }
        format!("/requests?{}", query.finish())
    }
}

/// Everything that the page shows.
pub struct Listing {
    /// When it was looked up.
    pub now: Timestamp,
    /// What was looked for.
    pub wanted: Wanted,
    /// Those of this page.
    pub found: Vec<Standing>,
    /// Where the next page goes on, if there is one.
    pub next: Option<RequestId>,
}

/// The page for whoever asks for what cannot be.
pub fn unknown() -> String {
    let states: Vec<&str> = State::ALL.into_iter().map(State::word).collect();
    let says = format!("No request can be found so. State is one of {}.", states.join(", "));
    notice("Requests", &says, "<p><a href=\"/requests\">All requests</a></p>", None)
}

/// The page. It stays as it is: whoever pages through it reads.
pub fn page(listing: &Listing) -> String {
    let body = body(listing).expect("writing to a string does not fail");
    frame(&body, "Requests", None)
}

fn body(listing: &Listing) -> Result<String, fmt::Error> {
    let Listing { now, wanted, found, next } = listing;
    let mut body = String::new();
    let out = &mut body;
    writeln!(out, "<header><h1>Requests</h1><p><a href=\"/\">Overview</a></p></header>")?;
    writeln!(out, "<main id=\"main\">")?;
    form(out, wanted)?;
    writeln!(out, "<section aria-labelledby=\"found\"><h2 id=\"found\">Found</h2>")?;
    if found.is_empty() {
        writeln!(out, "<div class=\"scroll\"><p class=\"empty\">No such requests.</p></div>")?;
    } else {
        let columns = ["Request", "Kind", "State", "Progress", "Changed", "Due"];
        let mut rows = String::new();
        for standing in found {
            let kind = standing.kind.map_or("–", |kind| kind.word());
            let until = match standing.state.is_end() {
                true => standing.due.map_or("–".to_owned(), |at| time(at).to_string()),
                false => due(standing.due, *now),
            };
            let (row, id, state) = (row_id(&standing.id), link(&standing.id), word(standing.state));
            let (far, changed) = (progress(standing.progress), time(standing.changed));
            writeln!(
                rows,
                "<tr id=\"{row}\"><th scope=\"row\">{id}</th><td>{kind}</td><td>{state}</td>\
                 <td>{far}</td><td>{changed}</td><td>{until}</td></tr>"
            )?;
        }
        table(out, "found", &columns, &rows)?;
    }
    if let Some(next) = next {
        let path = Wanted { after: Some(next.clone()), ..wanted.clone() }.path();
        let more = if wanted.id.is_empty() { "Next page" } else { "Look further" };
        writeln!(out, "<p><a href=\"{}\" rel=\"next\">{more}</a></p>", escape(&path))?;
    }
    writeln!(out, "</section></main>")?;
    Ok(body)
}

/// What the search starts from.
fn form(out: &mut String, wanted: &Wanted) -> fmt::Result {
    writeln!(
        out,
        "<form action=\"/requests\" role=\"search\">\n<label>Part of the id <input name=\"id\" \
         value=\"{}\"></label>\n<label>State <select name=\"state\">\
         <option value=\"\">any</option>",
        escape(&wanted.id)
    )?;
    for state in State::ALL {
        let chosen = if wanted.state == Some(state) { " selected" } else { "" };
        let (word, shown) = (state.word(), state.word().replace('_', " "));
        writeln!(out, "<option value=\"{word}\"{chosen}>{shown}</option>")?;
    }
    let checked = if wanted.overdue { " checked" } else { "" };
    writeln!(
        out,
        "</select></label>\n<label><input type=\"checkbox\" name=\"overdue\" value=\"yes\"\
         {checked}> overdue</label>\n<button>Look</button></form>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_is_wanted_and_leads_back_to_it() {
        for query in ["", "state=held", "state=failed&overdue=yes&id=a%26b+c&after=r-1"] {
            let wanted = Wanted::of(query).unwrap();
            let path = wanted.path();
            assert_eq!(Wanted::of(path.split_once('?').unwrap().1), Some(wanted), "{query}");
        }
        for query in ["state=rubbish", "state=Held", "after=%0a", "id=r-1&state=held%20"] {
            assert_eq!(Wanted::of(query), None, "{query}");
        }
        let wanted = Wanted::of("state=&overdue&id=%20R-&x=y").unwrap();
        assert_eq!(wanted, Wanted { overdue: true, id: "R-".into(), ..Wanted::default() });
        assert!(wanted.states().iter().all(|state| !state.rests()));
        assert!(wanted.has(&RequestId::new("xr-1").unwrap()));
        assert!(!wanted.has(&RequestId::new("x-1").unwrap()));
        assert_eq!(Wanted::default().states().len(), State::ALL.len());
    }
}
