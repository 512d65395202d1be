//! The page as a whole, and its head: who asks, and what.

use std::io::{self, Write};

use crate::archive::about::About;
use crate::archive::report::contents::Contents;
use crate::archive::report::html::{Text, Time, close_section, open_section, paragraph};
use crate::archive::report::style::{CONTENT_SECURITY_POLICY, STYLE};
use crate::archive::report::texts::table::{Texts, filled};
use crate::archive::report::{answers, beyond, files, runs};
use crate::domain::asked::subject::{Identity, IdentityFormat};
use crate::domain::asked::thing::Thing;
use crate::domain::coverage::words::words as words_of_coverage;
use crate::domain::regulation::choice::words;
use crate::domain::regulation::words::Words;
use crate::domain::request::{Asked, RequestKind};

/// Writes the page.
///
/// # Errors
/// Those of `out`; a file that cannot be unpacked.
pub fn write(out: &mut dyn Write, texts: &Texts, contents: &Contents) -> io::Result<()> {
    let about = contents.about;
    let law = words(&about.regulation, texts.language);
    let (title, intro, basis) = match about.kind {
        RequestKind::Portability => {
            (texts.title_portability, texts.intro_portability, law.portability)
        }
        _ => (texts.title_access, texts.intro_access, law.access),
    };
    write_head(out, texts, title)?;
    writeln!(out, "<body>\n<header>\n<h1>{}</h1>", Text(title))?;
    paragraph(out, &filled(intro, &[("basis", basis)]))?;
    writeln!(out, "<p class=\"note\">{}</p>\n</header>", Text(texts.unpack))?;
    write_navigation(out, texts, about)?;
    writeln!(out, "<main>")?;
    write_request(out, texts, about, law)?;
    files::write_found(out, texts, contents)?;
    runs::write(out, texts, contents.runs)?;
    files::write_files(out, texts, contents)?;
    answers::write_masked(out, texts, law, contents)?;
    answers::write_missing(out, texts, contents)?;
    if !about.kind.is_about_a_thing() {
        if !about.coverage.is_empty() {
            beyond::write_coverage(out, texts, &about.coverage)?;
        }
        beyond::write_beyond(out, texts, about)?;
        answers::write_rights(out, texts, law)?;
    }
    writeln!(out, "</main>\n<footer>")?;
    paragraph(out, texts.other_files)?;
    paragraph(out, &filled(texts.made_by, &[("program", &about.program)]))?;
    writeln!(out, "</footer>\n</body>\n</html>")
}

fn write_head(out: &mut dyn Write, texts: &Texts, title: &str) -> io::Result<()> {
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>",
        texts.language,
        *CONTENT_SECURITY_POLICY,
        Text(title)
    )
}

/// Sections of the page that are about a person.
const OF_PEOPLE: [&str; 3] = ["coverage", "beyond", "rights"];

fn write_navigation(out: &mut dyn Write, texts: &Texts, about: &About) -> io::Result<()> {
    let name = Text(texts.on_this_page);
    writeln!(out, "<nav aria-labelledby=\"navigation\">\n<h2 id=\"navigation\">{name}</h2>\n<ul>")?;
    for (id, heading) in [
        ("request", texts.request),
        ("found", texts.found),
        ("runs", texts.runs),
        ("files", texts.files),
        ("masked", texts.masked),
        ("unreadable", texts.unreadable),
        ("coverage", words_of_coverage(texts.language).heading),
        ("beyond", texts.beyond),
        ("rights", texts.rights),
    ] {
        let is_none = id == "coverage" && about.coverage.is_empty();
        if is_none || about.kind.is_about_a_thing() && OF_PEOPLE.contains(&id) {
            continue;
        }
        writeln!(out, "<li><a href=\"#{id}\">{}</a></li>", Text(heading))?;
    }
    writeln!(out, "</ul>\n</nav>")
}

fn write_request(out: &mut dyn Write, texts: &Texts, about: &About, law: &Words) -> io::Result<()> {
    open_section(out, "request", texts.request)?;
    writeln!(out, "<dl>\n<dt>{}</dt>", Text(texts.who_asks))?;
    match &about.asked {
        Asked::Person(subject) => {
            for identity in &subject.identities {
                writeln!(out, "<dd>{}</dd>", named(texts, identity))?;
            }
        }
        Asked::Thing(thing) => writeln!(out, "<dd>{}</dd>", called(thing))?,
    }
    let (asked, basis) = match about.kind {
        RequestKind::Portability => (texts.asked_portability, law.portability_short),
        _ => (texts.asked_access, law.access_short),
    };
    let asked = filled(asked, &[("basis", basis)]);
    let text = |text: &str| Text(text).to_string();
    let time = |time| format!("{} UTC", Time(Some(time)));
    let controller = &about.controller;
    let contact = match controller.contact.as_deref() {
        Some(contact) => linked(contact),
        None => text(texts.contact_unknown),
    };
    for (name, value) in [
        (texts.what_was_asked, Some(text(&asked))),
        (texts.when_asked, Some(time(about.submitted))),
        (texts.request_id, Some(text(about.request.as_str()))),
        (texts.controller, controller.name.as_deref().map(text)),
        (texts.contact, Some(contact)),
    ] {
        if let Some(value) = value {
            writeln!(out, "<dt>{}</dt><dd>{value}</dd>", Text(name))?;
        }
    }
    writeln!(out, "</dl>")?;
    close_section(out)
}

fn called(thing: &Thing) -> String {
    let (kind, name) = (thing.kind.word(), Text(&thing.name));
    let output = thing.output.as_deref().map(|output| format!(" <bdi>{}</bdi>", Text(output)));
    format!("<code>{kind}</code> <bdi>{name}</bdi>{}", output.unwrap_or_default())
}

fn named(texts: &Texts, identity: &Identity) -> String {
    let (kind, value) = (Text(texts.identity(identity.kind)), Text(identity.expose()));
    let hashed = match identity.format {
        IdentityFormat::Raw => String::new(),
        IdentityFormat::Sha256 => format!(" ({})", Text(texts.hashed)),
    };
    format!("{kind}{}<bdi>{value}</bdi>{hashed}", texts.colon)
}

/// A page or an e-mail address as a link; anything else as it is.
fn linked(contact: &str) -> String {
    let text = Text(contact);
    let is_word = !contact.contains(char::is_whitespace);
    if is_word && contact.starts_with("https://") {
        format!("<a href=\"{text}\" rel=\"noreferrer\">{text}</a>")
    } else if is_word && contact.contains('@') && !contact.contains([':', '?', '%', '&']) {
        format!("<a href=\"mailto:{text}\">{text}</a>")
    } else {
        text.to_string()
    }
}
