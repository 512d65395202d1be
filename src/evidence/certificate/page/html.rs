//! `ID.certificate.html`: what the certificate says, in words, as one file that needs no other and
//! runs nothing. It is not signed, and says so.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use html_escape::encode_double_quoted_attribute as escape;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::domain::asked::subject::IdentityType;
use crate::domain::coverage::portal::{PORTAL, portal};
use crate::domain::coverage::words::words as words_of_coverage;
use crate::domain::regulation::choice::words;
use crate::domain::regulation::law::Law;
use crate::domain::state::State;
use crate::evidence::certificate::document::{Certificate, Decided, DeclaredOf, Searched};
use crate::evidence::certificate::page::languages::choice;
use crate::evidence::certificate::page::texts::Texts;

/// The whole style sheet; the content security policy allows it by its hash and nothing else.
const STYLE: &str = include_str!("page.css");

/// Rows of the table of outcomes. Reasons may hold what stores answered, and those can be many.
const ROWS_MAX: usize = 200;

/// The page beside a signed certificate, in the language of this BCP 47 tag or in English. The
/// document has this name and hex SHA-256.
pub fn page(certificate: &Certificate, name: &str, sha256: &str, language: &str) -> String {
    let texts = choice::of(language);
    document(certificate, name, sha256, texts).expect("writing to a string does not fail")
}

fn document(
    certificate: &Certificate,
    name: &str,
    sha256: &str,
    texts: &Texts,
) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let id = escape(certificate.request.id.as_str());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    let title = if certificate.thing.is_some() { texts.title_of_thing } else { texts.title };
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}: {id}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        texts.tag, title
    )?;
    let written_by = written_by(certificate, texts);
    writeln!(out, "<header>\n<h1>{}</h1>\n<p>{written_by}</p>\n</header>", title)?;
    writeln!(out, "<main>")?;
    let (mood, verdict) = verdict(certificate, texts);
    writeln!(out, "<p class=\"verdict {mood}\">{}</p>", escape(verdict))?;
    request(&mut out, certificate, texts)?;
    outcome(&mut out, certificate, texts)?;
    decisions(&mut out, certificate, texts)?;
    heading(&mut out, "horizon", texts.horizon)?;
    writeln!(out, "<p>{}</p>\n</section>", horizon(certificate, texts))?;
    coverage(&mut out, certificate, texts)?;
    outside(&mut out, certificate, texts)?;
    checking(&mut out, certificate, name, sha256, texts)?;
    writeln!(out, "</main>\n<footer><p>{}</p></footer>", escape(texts.hashed))?;
    writeln!(out, "</body>\n</html>")?;
    Ok(out)
}

fn written_by(certificate: &Certificate, texts: &Texts) -> String {
    let program = format!("{} {}", certificate.program.name, certificate.program.version);
    let deployment = &certificate.deployment.source;
    fill(texts.written_by, &[("program", &escape(&program)), ("deployment", &escape(deployment))])
}

fn verdict<'a>(certificate: &Certificate, texts: &'a Texts) -> (&'static str, &'a str) {
    let counts = &certificate.counts;
    let has = |word: &str| counts.outcomes.contains_key(word);
    if certificate.thing.is_some() && certificate.state == State::Completed.word() {
        return match (counts.found, certificate.request.kind.aside()) {
            (0, _) => ("good", texts.thing_unfound),
            _ if has("kept") => ("good", texts.thing_kept),
            (_, Some(_)) => ("good", texts.thing_aside),
            (_, None) => ("good", texts.thing_gone),
        };
    }
    match has("kept") {
        _ if certificate.state != State::Completed.word() => ("warn", texts.something_left),
        _ if counts.found == 0 => ("good", texts.nothing_found),
        true => ("good", texts.all_but_kept),
        false => ("good", texts.all_erased),
    }
}

fn request(out: &mut String, certificate: &Certificate, texts: &Texts) -> fmt::Result {
    let asked = &certificate.request;
    heading(out, "request", texts.request)?;
    writeln!(out, "<dl>")?;
    for (label, value) in [
        (texts.request_id, code(asked.id.as_str())),
        match &certificate.thing {
            Some(thing) => (texts.thing, code(thing.kind.word())),
            None => (texts.regulation, law(&asked.regulation, texts)),
        },
        (texts.controller, escape(&certificate.deployment.controller_id).into_owned()),
        (texts.submitted, time(asked.submitted)),
        (texts.accepted, time(asked.accepted)),
        (texts.acted, time(asked.acted)),
        (texts.verified, time(asked.verified)),
    ] {
        writeln!(out, "<dt>{}</dt><dd>{value}</dd>", escape(label))?;
    }
    writeln!(out, "</dl>\n</section>")
}

/// The right that was answered, by its law's name; one that we have no words for as it stands.
fn law(regulation: &str, texts: &Texts) -> String {
    match Law::parse(regulation) {
        Some(_) => escape(words(regulation, texts.tag).erasure).into_owned(),
        None => escape(regulation).into_owned(),
    }
}

/// Who decided what, when and why.
fn decisions(out: &mut String, certificate: &Certificate, texts: &Texts) -> fmt::Result {
    if certificate.decisions.is_empty() {
        return Ok(());
    }
    heading(out, "decisions", texts.decisions)?;
    write!(out, "<div class=\"scroll\">\n<table aria-labelledby=\"decisions\">\n<thead><tr>")?;
    for column in [texts.who, texts.decision, texts.when, texts.reason, texts.key_id] {
        write!(out, "<th scope=\"col\">{}</th>", escape(column))?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for Decided { actor, at, decision, key, reason } in &certificate.decisions {
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(actor),
            escape(texts.decision(decision)),
            time(*at),
            escape(reason),
            escape(key.as_deref().unwrap_or_default())
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>\n</section>")
}

/// What reasons mean that are a service's and no operator's.
fn meanings(out: &mut String, certificate: &Certificate, texts: &Texts) -> fmt::Result {
    let refused = certificate.items.iter().filter(|item| item.outcome != "kept");
    for (codes, text) in texts.meant(refused.map(|item| item.detail.as_str())) {
        let codes: Vec<String> = codes.into_iter().map(code).collect();
        writeln!(out, "<p>{}</p>", fill(text, &[("codes", &codes.join(", "))]))?;
    }
    Ok(())
}

/// What was not looked through because somebody declared that it need not be, a sentence each.
fn declared(out: &mut String, certificate: &Certificate, texts: &Texts) -> fmt::Result {
    for DeclaredOf { by, form, items, on, reason, source, .. } in &certificate.declared {
        let (items, on) = (items.to_string(), on.to_string());
        let places = [
            ("items", items.as_str()),
            ("form", &escape(form)),
            ("source", &escape(source)),
            ("by", &escape(by)),
            ("on", &on),
            ("reason", &escape(reason)),
        ];
        writeln!(out, "<p>{}</p>", fill(texts.declared, &places))?;
    }
    Ok(())
}

/// How much was known already, if anything was.
fn known(out: &mut String, certificate: &Certificate, texts: &Texts) -> fmt::Result {
    let total = |of: fn(&Searched) -> u64| certificate.sources.iter().map(of).sum::<u64>();
    let known = total(|source| source.known);
    let again = total(|source| source.again.as_ref().map_or(0, |again| again.known));
    let seen = total(|source| source.again.as_ref().map_or(0, |again| again.seen));
    if known + again == 0 {
        return Ok(());
    }
    let [known, again, seen] = [known, again, seen].map(|count| count.to_string());
    let places = [("known", known.as_str()), ("again", &again), ("seen", &seen)];
    writeln!(out, "<p>{}</p>", fill(texts.known, &places))
}

fn outcome(out: &mut String, certificate: &Certificate, texts: &Texts) -> fmt::Result {
    heading(out, "outcome", texts.outcome)?;
    let count = certificate.counts.seen.to_string();
    writeln!(out, "<p>{}</p>", fill(texts.looked_at, &[("count", &count)]))?;
    known(out, certificate, texts)?;
    let mut rows: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
    for item in &certificate.items {
        *rows.entry((&item.source, &item.outcome, &item.detail)).or_default() += 1;
    }
    if !rows.is_empty() {
        writeln!(out, "<p id=\"about-items\">{}</p>", escape(texts.outcome_intro))?;
        write!(
            out,
            "<div class=\"scroll\">\n<table aria-labelledby=\"outcome\" \
             aria-describedby=\"about-items\">\n<thead><tr>"
        )?;
        for column in [texts.source, texts.became, texts.reason] {
            write!(out, "<th scope=\"col\">{}</th>", escape(column))?;
        }
        let items = escape(texts.items);
        writeln!(out, "<th scope=\"col\" class=\"number\">{items}</th></tr></thead>\n<tbody>")?;
        for ((source, outcome, detail), items) in rows.iter().take(ROWS_MAX) {
            writeln!(
                out,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td>\
                 <td class=\"number\">{items}</td></tr>",
                escape(source),
                escape(texts.outcome(outcome)),
                escape(detail)
            )?;
        }
        writeln!(
            out,
            "</tbody>\n<tfoot><tr><th scope=\"row\" colspan=\"3\">{}</th>\
             <td class=\"number\">{}</td></tr></tfoot>\n</table>\n</div>",
            escape(texts.total),
            certificate.items.len()
        )?;
    }
    let more = rows.len().saturating_sub(ROWS_MAX).to_string();
    if more != "0" {
        writeln!(out, "<p>{}</p>", fill(texts.more_rows, &[("count", &more)]))?;
    }
    meanings(out, certificate, texts)?;
    declared(out, certificate, texts)?;
    if let Some(untouched) = &certificate.untouched {
        let filled = fill(
            texts.untouched,
            &[
                ("items", &untouched.items.to_string()),
                ("unchanged", &untouched.unchanged.to_string()),
                ("changed", &untouched.changed.to_string()),
                ("gone", &untouched.gone.to_string()),
            ],
        );
        writeln!(out, "<p>{filled}</p>")?;
    }
    writeln!(out, "</section>")
}

fn horizon(certificate: &Certificate, texts: &Texts) -> String {
    let outcomes = &certificate.counts.outcomes;
    let touched = ["erased", "redacted"].iter().any(|word| outcomes.contains_key(*word));
    let erased_at = certificate.horizon.logically_erased_at;
    let at = time(erased_at);
    match certificate.horizon.unrecoverable_after {
        _ if !touched => fill(texts.gone_nothing, &[("at", &at)]),
        None => fill(texts.gone_unknown, &[("at", &at)]),
        Some(after) if after <= erased_at => fill(texts.gone_at_once, &[("at", &at)]),
        Some(after) => fill(texts.gone_later, &[("at", &at), ("after", &time(after))]),
    }
}

fn outside(out: &mut String, certificate: &Certificate, texts: &Texts) -> fmt::Result {
    if certificate.manual_steps.is_empty() {
        return Ok(());
    }
    heading(out, "outside", texts.outside)?;
    writeln!(out, "<p>{}</p>\n<ul>", escape(texts.outside_intro))?;
    for step in &certificate.manual_steps {
        let system = escape(&step.system);
        let system = match &step.url {
            Some(url) => format!("<a href=\"{}\">{system}</a>", escape(url)),
            None => system.into_owned(),
        };
        match step.system.as_str() {
            PORTAL => {
                let what = escape(texts.privacy_portal);
                writeln!(out, "<li><span lang=\"en\">{system}</span>. {what}")?;
                by_hand(out, certificate, texts)?;
                writeln!(out, "</li>")?;
            }
            _ => writeln!(out, "<li lang=\"en\">{system}. {}</li>", escape(&step.what))?,
        }
    }
    writeln!(out, "</ul>\n</section>")
}

/// Who does it, how, and how long that may take.
fn by_hand(out: &mut String, certificate: &Certificate, texts: &Texts) -> fmt::Result {
    let words = portal(texts.tag);
    let is_known = certificate.subject.iter().any(|it| it.kind == IdentityType::ObjectId.as_str());
    let is_export = certificate.request.kind.is_export();
    writeln!(out, "<p>{}</p>\n<ol>", escape(words.who))?;
    for step in words.steps(is_export, is_known) {
        writeln!(out, "<li>{}</li>", escape(step))?;
    }
    writeln!(out, "</ol>\n<p>{}</p>", escape(words.takes(is_export)))
}

/// Which places are known, and whether they were looked at.
fn coverage(out: &mut String, certificate: &Certificate, texts: &Texts) -> fmt::Result {
    if certificate.coverage.is_empty() {
        return Ok(());
    }
    let words = words_of_coverage(texts.tag);
    heading(out, "coverage", words.heading)?;
    write!(
        out,
        "<p id=\"about-places\">{}</p>\n<div class=\"scroll\">\n\
         <table class=\"words\" aria-labelledby=\"coverage\" aria-describedby=\"about-places\">\n\
         <thead><tr>",
        escape(words.intro)
    )?;
    for column in [words.sort, words.name, words.answer, words.source, texts.reason] {
        write!(out, "<th scope=\"col\">{}</th>", escape(column))?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for place in certificate.coverage.iter().take(ROWS_MAX) {
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td><bdi>{}</bdi></td><td>{}</td><td>{}</td>\
             <td>{}</td></tr>",
            escape(words.sort(place.sort)),
            escape(&words.called(place)),
            escape(words.answer(place.looked)),
            escape(place.source.as_deref().unwrap_or_default()),
            escape(&place.why.replace('_', " "))
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>")?;
    let more = certificate.coverage.len().saturating_sub(ROWS_MAX);
    if more > 0 {
        writeln!(out, "<p>{}</p>", fill(words.more, &[("count", &more.to_string())]))?;
    }
    writeln!(out, "</section>")
}

fn checking(
    out: &mut String,
    certificate: &Certificate,
    name: &str,
    sha256: &str,
    texts: &Texts,
) -> fmt::Result {
    heading(out, "checking", texts.checking)?;
    writeln!(out, "<p>{}</p>", fill(texts.checking_intro, &[("name", &code(name))]))?;
    let name = escape(name);
    writeln!(
        out,
        "<pre><code>dsrd verify certificate {name} \\\n    --public-key DEPLOYMENT.pem</code></pre>"
    )?;
    writeln!(out, "<p>{}</p>\n<dl>", escape(texts.checking_key))?;
    let key = certificate.signature.as_ref().map_or("", |signature| signature.key_id.as_str());
    let ledger = format!("{} · {}", certificate.ledger.sequence, certificate.ledger.head);
    for (label, value) in [
        (texts.key_id, key),
        (texts.digest, sha256),
        (texts.ledger, &ledger),
        (texts.policy, &certificate.policy),
    ] {
        writeln!(out, "<dt>{}</dt><dd>{}</dd>", escape(label), code(value))?;
    }
    writeln!(out, "</dl>\n</section>")
}

/// Opens a section.
fn heading(out: &mut String, id: &str, text: &str) -> fmt::Result {
    let text = escape(text);
    writeln!(out, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{text}</h2>")
}

/// Fills the places of a text, which is escaped, with HTML.
fn fill(text: &str, places: &[(&str, &str)]) -> String {
    let mut filled = escape(text).into_owned();
    for (place, html) in places {
        filled = filled.replace(&format!("{{{place}}}"), html);
    }
    filled
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// In UTC, to the second: a language's own order of day and month is easily misread.
fn time(at: Timestamp) -> String {
    format!("<time datetime=\"{at}\">{}</time>", at.strftime("%Y-%m-%d %H:%M:%S UTC"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::certificate::page::languages::choice::ALL;
    use crate::evidence::signature::{SEED_BYTES, SigningKey};

    fn sample() -> Certificate {
        serde_json::from_slice(include_bytes!("../sample.json")).unwrap()
    }

    fn key() -> SigningKey {
        SigningKey::from_seed(&[7; SEED_BYTES])
    }

    fn shown(certificate: &Certificate, language: &str) -> String {
        page(certificate, "r-1.certificate.json", &"9".repeat(64), language)
    }

    #[test]
    fn every_place_is_filled_in_every_language() {
        let mut certificate = sample();
        certificate.sign(&key(), certificate.request.verified);
        for texts in ALL {
            for (after, outcome) in [(Some(905), "erased"), (Some(5), "erased"), (None, "erased")] {
                let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
                certificate.horizon.unrecoverable_after = after.map(at);
                certificate.counts.outcomes = [(outcome.to_owned(), 2)].into();
                let html = shown(&certificate, texts.tag);
                let (_, body) = html.split_once("</head>").unwrap();
                assert!(!body.contains(['{', '}']), "{body}");
                assert!(html.contains(texts.something_left), "{}", texts.tag);
                assert!(html.contains(key().id()) && html.contains(&"9".repeat(64)));
                assert!(html.contains(&format!("<html lang=\"{}\">", texts.tag)));
            }
        }
    }

    #[test]
    fn the_verdict_is_that_of_the_items() {
        let texts = choice::of("en");
        let mut certificate = sample();
        certificate.state = "completed".into();
        for (outcomes, found, expected) in [
            (vec![], 0, texts.nothing_found),
            (vec!["erased"], 1, texts.all_erased),
            (vec!["erased", "kept"], 2, texts.all_but_kept),
        ] {
            certificate.counts.found = found;
            certificate.counts.outcomes =
                outcomes.into_iter().map(|word| (word.to_owned(), 1)).collect();
            assert_eq!(verdict(&certificate, texts), ("good", expected));
        }
    }

    #[test]
    fn what_operators_and_stores_wrote_is_text() {
        let mut certificate = sample();
        certificate.items[1].detail = "lock: <script>\"&'".into();
        certificate.deployment.source = "<b>\"".into();
        certificate.manual_steps[0].url = Some("https://x/\"><b>".into());
        let html = shown(&certificate, "en");
        assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
        assert!(html.contains("lock: &lt;script&gt;"));
    }

    #[test]
    fn very_many_reasons_are_cut_short() {
        let mut certificate = sample();
        let one = certificate.items[1].clone();
        for number in 0..300 {
            certificate.items.push(one.clone());
            certificate.items.last_mut().unwrap().detail = format!("lock: code {number}");
        }
        let html = shown(&certificate, "en");
        let others = certificate.decisions.len() + certificate.coverage.len();
        assert_eq!(html.matches("<th scope=\"row\">").count(), ROWS_MAX + others);
        assert!(html.contains("every item: 103"));
    }
}
