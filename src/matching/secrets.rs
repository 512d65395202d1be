//! Secrets in a text: whoever reads an archive could use them.
//!
//! | secret | known by |
//! | --- | --- |
//! | signature of a SAS, and whose key signed it | `sig=`, `skoid=`, `sktid=` of a URL |
//! | run tokens and other JWTs | `eyJ…` of two parts or more |
//! | bearer tokens | `Bearer …`, the value of `Authorization` |
//! | keys and passwords | their key in a connection string, JSON, an environment: `AccountKey=` |
//! | storage account keys | 64 bytes of base64 with their pad |
//! | passwords in URLs | `https://user:password@host` |
//! | private keys | `-----BEGIN … PRIVATE KEY-----` |
//! | tokens that services issue | how they begin and go on: `ghp_…`, `hf_…`, `sk-…`, `AKIA…` |
//! | what a command is told | `--password …`, `login … password …`, `wandb: …` |
//!
//! Somebody's files are to stay what they are: `"bos_token"` of a tokenizer is no secret, and
//! sixteen numbers make 64 bytes of base64 too. In these only what cannot be anything else is one.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem;

use crate::matching::blocks::many::Many;
use crate::matching::put::stands_at;
use crate::matching::tokens::issued::{ISSUED, Shape, is_base64, issued};
use crate::matching::views::spelling::cut::{ceil, floor};
use crate::matching::work;

/// What is taken for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought {
    /// Whatever may be one.
    Any,
    /// What is one for certain: signatures, tokens, keys of accounts, private keys, passwords in
    /// URLs.
    Certain,
}

/// Everything secret in a text; of it only what is secret itself, not what leads to it.
pub fn secrets_in(text: &str, sought: Sought, found: &mut dyn FnMut(Range<usize>)) {
    work::charge(text.len());
    let mut runs = Runs { text, known: Default::default() };
    // How far what was found reaches: in `sig=sig=…` each sign finds the rest of what the first
    // did.
    let mut told = 0..0;
    SIGNS_BY_TEXT.each(&text.to_ascii_lowercase(), &mut |pattern, Range { start: at, end }| {
        let (word, sign) = match SIGNS.get(pattern) {
            Some(sign) => *sign,
            None => {
                let (word, shape) = ISSUED[pattern - SIGNS.len()];
                (word, Sign::Issued(shape))
            }
        };
        if sought == Sought::Certain && !sign.is_certain(word) {
            return;
        }
        let secret = match sign {
            Sign::Parameter => parameter(&mut runs, at, end),
            Sign::Key(rule) => value_of_key(&mut runs, at, end, rule),
            Sign::Bearer => token(text, end),
            Sign::Jwt => jwt(text, at),
            Sign::Pad => account_key(text, at),
            Sign::Url => password_of_url(text, end),
            Sign::Pem => private_key(&mut runs, at, end),
            Sign::Issued(shape) => {
                let sort = if shape.is_joined() { Sort::Joined } else { Sort::Plain };
                issued(text, (at, word), shape, end..runs.end(sort, end))
            }
            Sign::Login => key_after(text, end),
        };
        let Some(range) = secret.filter(|range| !range.is_empty()) else { return };
        if told.start <= range.start && range.end <= told.end {
            return;
        }
        if range.end > told.end {
            told = range.clone();
        }
        found(range);
    });
}

/// Runs of bytes of one sort. A sign may stand within the run behind another, and both go on to the
/// same end: it is looked for once.
struct Runs<'a> {
    text: &'a str,
    known: [Range<usize>; 8],
}

#[derive(Clone, Copy)]
enum Sort {
    /// What values of parameters are made of.
    Parameter,
    /// What a value without quotes is made of.
    Value,
    /// A line, but for quotes.
    Line,
    /// What a key in PEM is made of.
    Pem,
    /// All but white space.
    Solid,
    /// All but the end of a key in PEM.
    BeforeEnd,
    /// Letters and digits.
    Plain,
    /// The same, joined.
    Joined,
}

impl Runs<'_> {
    /// Where the run ends that `at` stands in.
    fn end(&mut self, sort: Sort, at: usize) -> usize {
        let known = &mut self.known[sort as usize];
        // Signs come in order but for a few bytes; what was passed is then gone over again.
        if !known.contains(&at) {
            let len = sort.len(&self.text[at..]);
            work::charge(len);
            *known = at..at + len;
        }
        known.end
    }
}

impl Sort {
    fn len(self, text: &str) -> usize {
        let run = |is_such: fn(u8) -> bool| text.bytes().take_while(|byte| is_such(*byte)).count();
        match self {
            // A URL within a parameter of another.
            Self::Parameter => {
                let len = run(|byte| is_base64(byte) || b"%=.~".contains(&byte));
                memmem::find(&text.as_bytes()[..len], b"%26").unwrap_or(len)
            }
            Self::Value => run(|byte| !ENDS.contains(&byte) && !byte.is_ascii_whitespace()),
            Self::Line => run(|byte| !b"\r\n\"'\\".contains(&byte)),
            Self::Pem => run(|byte| is_base64(byte) || b"=\\\r\n\t :,".contains(&byte)),
            Self::Plain => run(|byte| byte.is_ascii_alphanumeric()),
            Self::Joined => run(|byte| is_base64(byte) || byte == b'.'),
            Self::Solid => text.find(char::is_whitespace).unwrap_or(text.len()),
            Self::BeforeEnd => {
                memmem::find(text.as_bytes(), PEM_END.as_bytes()).unwrap_or(text.len())
            }
        }
    }
}

/// How the end of a key in PEM begins.
const PEM_END: &str = "-----END ";

#[derive(Clone, Copy)]
enum Sign {
    Parameter,
    Key(Rule),
    Bearer,
    Jwt,
    Pad,
    Url,
    Pem,
    /// The beginning of a token that a service issues, or what it has within.
    Issued(Shape),
    /// A word after which a key follows.
    Login,
}

impl Sign {
    /// Whether what it leads to cannot be anything but a secret.
    fn is_certain(self, word: &str) -> bool {
        match self {
            Self::Parameter
            | Self::Bearer
            | Self::Jwt
            | Self::Url
            | Self::Pem
            | Self::Issued(_) => true,
            Self::Key(_) => CERTAIN.contains(&word),
            Self::Pad | Self::Login => false,
        }
    }
}

/// The keys whose values cannot be anything but secrets.
const CERTAIN: [&str; 3] = ["accountkey", "sharedaccesskey", "sharedaccesssignature"];

/// What values of a key are secrets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// All.
    Any,
    /// Those that look random: `"token"` is also what a text is cut into.
    Random,
    /// All but paths: `PWD` is also where a program runs.
    NoPath,
    /// To the end of the line.
    Line,
}

const SIGNS: &[(&str, Sign)] = &[
    ("sig=", Sign::Parameter),
    ("skoid=", Sign::Parameter),
    ("sktid=", Sign::Parameter),
    ("accountkey", Sign::Key(Rule::Any)),
    ("account_key", Sign::Key(Rule::Any)),
    ("sharedaccesskey", Sign::Key(Rule::Any)),
    ("sharedaccesssignature", Sign::Key(Rule::Any)),
    ("instrumentationkey", Sign::Key(Rule::Any)),
    ("primarykey", Sign::Key(Rule::Any)),
    ("secondarykey", Sign::Key(Rule::Any)),
    ("storage_key", Sign::Key(Rule::Any)),
    ("accesskey", Sign::Key(Rule::Any)),
    ("access_key", Sign::Key(Rule::Any)),
    ("apikey", Sign::Key(Rule::Any)),
    ("api_key", Sign::Key(Rule::Any)),
    ("api-key", Sign::Key(Rule::Any)),
    ("password", Sign::Key(Rule::Any)),
    ("passwd", Sign::Key(Rule::Any)),
    ("pwd", Sign::Key(Rule::NoPath)),
    ("secret", Sign::Key(Rule::Any)),
    ("privatekey", Sign::Key(Rule::Any)),
    ("token", Sign::Key(Rule::Random)),
    ("authorization", Sign::Key(Rule::Line)),
    ("bearer ", Sign::Bearer),
    ("eyj", Sign::Jwt),
    ("==", Sign::Pad),
    ("://", Sign::Url),
    ("-----begin ", Sign::Pem),
    ("wandb", Sign::Login),
];

static SIGNS_BY_TEXT: LazyLock<Many> = LazyLock::new(|| {
    Many::new(SIGNS.iter().map(|(text, _)| *text).chain(ISSUED.iter().map(|(text, _)| *text)))
});

/// Bytes of a value that looks random, at least.
const RANDOM_BYTES_MIN: usize = 16;

/// Bytes from `at` on that are such.
fn run(text: &str, at: usize, is_such: impl Fn(u8) -> bool) -> usize {
    let len = text.as_bytes()[at..].iter().take_while(|byte| is_such(**byte)).count();
    work::charge(len);
    len
}

/// The value of a parameter of a URL.
fn parameter(runs: &mut Runs<'_>, at: usize, end: usize) -> Option<Range<usize>> {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    (!runs.text[..at].ends_with(joins)).then(|| end..runs.end(Sort::Parameter, end))
}

fn value_of_key(runs: &mut Runs<'_>, at: usize, end: usize, rule: Rule) -> Option<Range<usize>> {
    let text = runs.text;
    let bytes = text.as_bytes();
    let skip = |at: usize, these: &[u8]| at + run(text, at, |byte| these.contains(&byte));
    let sign = skip(end, b"\\\"' \t");
    let Some(colon) = bytes.get(sign).copied().filter(|byte| b":=".contains(byte)) else {
        return if rule == Rule::Line { None } else { argument(runs, at, end) };
    };
    let opening = skip(skip(sign + 1, if colon == b'=' { b"> \t" } else { b" \t" }), b"\\");
    let quote = bytes.get(opening).filter(|byte| b"\"'".contains(byte));
    let value = match quote {
        Some(quote) => quoted(text, opening + 1, *quote, bytes[opening - 1] == b'\\')?,
        None if bytes.get(opening - 1) == Some(&b'\\') => return None,
        None if rule == Rule::Line => opening..runs.end(Sort::Line, opening),
        None => opening..runs.end(Sort::Value, opening),
    };
    let told = &text[value.clone()];
    const NOTHING: [&str; 6] = ["null", "none", "true", "false", "undefined", "nan"];
    let nothing = NOTHING.iter().any(|word| told.eq_ignore_ascii_case(word));
    let secret = match rule {
        Rule::Any | Rule::Line => true,
        Rule::NoPath => !told.starts_with(['/', '~', '.']) && told.get(1..2) != Some(":"),
        // Where a list goes on is nobody's secret.
        Rule::Random => {
            told.len() >= RANDOM_BYTES_MIN
                && runs.end(Sort::Solid, value.start) >= value.end
                && !ends_with(&bytes[..at], b"continuation")
        }
    };
    (secret && !nothing && !stands_at(text, value.start)).then_some(value)
}

/// What follows an option, or the word in a line that says where to log in: `--password …`,
/// `"--api-key", "…"`, `machine … login … password …`.
fn argument(runs: &mut Runs<'_>, at: usize, end: usize) -> Option<Range<usize>> {
    let text = runs.text;
    let line = &text[ceil(text, at.saturating_sub(LOGIN_BYTES))..at];
    let line = line.rsplit(['\n', '\r']).next().unwrap_or(line);
    let word = line.rsplit(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).next();
    let is_option = word.is_some_and(|word| word.starts_with("--"));
    let logs_in = ["login ", "machine "].iter().any(|said| line.contains(said));
    let rest = text[end..].trim_start_matches(['"', '\'', ',']);
    let value = rest.trim_start_matches([' ', '\t']);
    if !is_option && !logs_in || value.len() == rest.len() {
        return None;
    }
    let value = value.trim_start_matches(['"', '\'']);
    let start = text.len() - value.len();
    let range = start..runs.end(Sort::Value, start);
    let is_other = text[range.clone()].starts_with("--") || stands_at(text, start);
    (!is_other).then_some(range)
}

/// Bytes before a word in which its line says that it logs in, and after it in which the key is.
const LOGIN_BYTES: usize = 160;

/// A key of forty digits after the name of whom it is for: `wandb login …`.
fn key_after(text: &str, end: usize) -> Option<Range<usize>> {
    const DIGITS: usize = 40;
    let near = &text[end..floor(text, end + LOGIN_BYTES)];
    let line = near.split(['\n', '\r']).next().unwrap_or(near);
    let mut runs = line.split(|c: char| !c.is_ascii_alphanumeric());
    let key = runs.find(|run| run.len() == DIGITS && run.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let start = key.as_ptr() as usize - text.as_ptr() as usize;
    Some(start..start + DIGITS)
}

/// What ends a value without quotes.
const ENDS: &[u8] = b";&,\"'<>(){}[]\\`|";

/// To the quote that ends a string; to its backslash if the quotes are escaped.
fn quoted(text: &str, start: usize, quote: u8, escaped: bool) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut end = start;
    loop {
        match *bytes.get(end)? {
            byte if byte == quote => return Some(start..end),
            b'\\' if escaped => return Some(start..end),
            b'\\' => end += 2,
            b'\n' => return None,
            _ => end += 1,
        }
    }
}

fn token(text: &str, start: usize) -> Option<Range<usize>> {
    let len = run(text, start, |byte| is_base64(byte) || b".~=".contains(&byte));
    (len >= RANDOM_BYTES_MIN).then(|| start..start + len)
}

/// `eyJ` is how base64 of a JSON object begins.
fn jwt(text: &str, at: usize) -> Option<Range<usize>> {
    const PART_BYTES_MIN: usize = 8;
    let joins = text.as_bytes()[..at].last().is_some_and(|byte| is_base64(*byte) || *byte == b'.');
    if joins || !text[at..].starts_with("eyJ") {
        return None;
    }
    let len = run(text, at, |byte| is_base64(byte) || byte == b'.');
    let token = text[at..at + len].trim_end_matches('.');
    let long = token.split('.').filter(|part| part.len() >= PART_BYTES_MIN).count();
    (long >= 2).then(|| at..at + token.len())
}

/// Sixty-four bytes of base64 end in two pads.
fn account_key(text: &str, pad: usize) -> Option<Range<usize>> {
    const DIGITS: usize = 86;
    let bytes = text.as_bytes();
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let start = pad.checked_sub(DIGITS)?;
    let whole = bytes[start..pad].iter().all(digit)
        && !bytes[..start].last().is_some_and(digit)
        && bytes.get(pad + 2) != Some(&b'=');
    // A check sum in a lock file has that length too.
    (whole && !bytes[..start].ends_with(b"sha512-")).then_some(start..pad + 2)
}

fn password_of_url(text: &str, start: usize) -> Option<Range<usize>> {
    let len =
        run(text, start, |byte| !b"/?#\"'<>\\@".contains(&byte) && !byte.is_ascii_whitespace());
    let user = &text[start..start + len];
    let colon = user.find(':')?;
    let value = start + colon + 1..start + len;
    (text[value.end..].starts_with('@') && !stands_at(text, value.start)).then_some(value)
}

/// From one mark to the other, or as far as base64 goes.
fn private_key(runs: &mut Runs<'_>, at: usize, end: usize) -> Option<Range<usize>> {
    let text = runs.text;
    let (label, body) = dashes(text, end)?;
    if !text[end..label].ends_with("PRIVATE KEY") {
        return None;
    }
    let run = runs.end(Sort::Pem, body);
    let close = runs.end(Sort::BeforeEnd, body);
    let close = dashes(text, close + PEM_END.len()).filter(|_| close < run);
    Some(at..close.map_or(run, |(_, close)| close))
}

/// Where the label that begins here ends, and the dashes behind it.
fn dashes(text: &str, start: usize) -> Option<(usize, usize)> {
    const LABEL_BYTES_MAX: usize = 40;
    let near = text.as_bytes().get(start..)?;
    let near = &near[..near.len().min(LABEL_BYTES_MAX + 5)];
    let label = start + memmem::find(near, b"-----")?;
    Some((label, label + 5))
}

/// Whether a text ends with this word, in whatever case.
fn ends_with(text: &[u8], word: &[u8]) -> bool {
    text.len() >= word.len() && text[text.len() - word.len()..].eq_ignore_ascii_case(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str, sought: Sought) -> String {
        let mut bytes = text.as_bytes().to_vec();
        secrets_in(text, sought, &mut |range| bytes[range].fill(b'*'));
        let mut text = String::from_utf8(bytes).unwrap();
        while text.contains("**") {
            text = text.replace("**", "*");
        }
        text
    }

    #[test]
    fn what_is_secret() {
        let key = format!("{}==", "Ab1/".repeat(22).split_at(86).0);
        for (text, expected) in [
            (
                "https://a.blob/x?sv=2&sig=aB%2F%3D&skoid=0-1&sktid=2&sp=r",
                "https://a.blob/x?sv=2&sig=*&skoid=*&sktid=*&sp=r",
            ),
            ("sig=aB/+=&x design=5", "sig=*&x design=5"),
            ("run eyJhbGciOi.eyJzdWIiOiIx.c2ln.", "run *."),
            ("eyJhb only", "eyJhb only"),
            ("Authorization: Bearer abcdef0123456789", "Authorization: *"),
            (
                "a bearer of news, -H 'x: Bearer abcdef0123456789xyz'",
                "a bearer of news, -H 'x: Bearer *'",
            ),
            (
                "AccountName=x;AccountKey=YWJj==;EndpointSuffix=core",
                "AccountName=x;AccountKey=*;EndpointSuffix=core",
            ),
            (
                "InstrumentationKey=00-11;IngestionEndpoint=https://x/",
                "InstrumentationKey=*;IngestionEndpoint=https://x/",
            ),
            (
                r#"{"primaryKey": "a\"b", "token": null, "x": {"secondaryKey":"k"}}"#,
                r#"{"primaryKey": "*", "token": null, "x": {"secondaryKey":"*"}}"#,
            ),
            (r#"{"password": "", "key": "x"}"#, r#"{"password": "", "key": "x"}"#),
            (
                r#"{"token": "dog", "continuationToken": "abcdefghijklmnop"}"#,
                r#"{"token": "dog", "continuationToken": "abcdefghijklmnop"}"#,
            ),
            (r#"{"token": "abcdefghijklmnop"}"#, r#"{"token": "*"}"#),
            (
                r#""{\"clientSecret\": \"s3\", \"a\": 1}""#,
                r#""{\"clientSecret\": \"*\", \"a\": 1}""#,
            ),
            ("PWD=/home/x DB_PASSWORD=hunter2 ok", "PWD=/home/x DB_PASSWORD=* ok"),
            (
                "git clone https://bob:pat@dev.azure.com/x",
                "git clone https://bob:*@dev.azure.com/x",
            ),
            (
                "k\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE KEY-----\nx",
                "k\n*\nx",
            ),
            ("-----BEGIN CERTIFICATE-----\nMIIE", "-----BEGIN CERTIFICATE-----\nMIIE"),
            (&format!("key {key}, sha512-{key}"), &format!("key *, sha512-{key}")),
            ("password=[removed];x", "password=[removed];x"),
            ("az login --password Sup3r -u x", "az login --password * -u x"),
            (r#"["--api-key", "s3cr3t", "--x"]"#, r#"["--api-key", "*", "--x"]"#),
            ("--password --user x", "--password --user x"),
            ("machine h login bob password s3cr3t", "machine h login bob password *"),
            ("the password is long, token by token", "the password is long, token by token"),
            ("wandb: 0123456789abcdef0123456789abcdef01234567 ok", "wandb: * ok"),
        ] {
            assert_eq!(without(text, Sought::Any), expected, "{text}");
        }
    }

    #[test]
    fn tokens_of_services_are_known_by_how_they_begin() {
        let (plain, hex) =
            ("aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gJ6", "0123456789abcdef0123456789abcdef");
        for sought in [Sought::Any, Sought::Certain] {
            for token in [
                format!("ghp_{plain}"),
                format!("github_pat_{plain}_{plain}"),
                format!("glpat-{}", &plain[..20]),
                format!("hf_{}", &plain[..34]),
                format!("sk-{plain}"),
                format!("sk-proj-{plain}-{plain}_x"),
                format!("sk-ant-api03-{plain}"),
                "AKIAIOSFODNN7EXAMPLE".to_owned(),
                format!("AIza{}", &plain[..35]),
                format!("xoxb-1234567890-{}", &plain[..24]),
                format!("dapi{hex}"),
                format!("dapi{hex}-2"),
                format!("npm_{plain}"),
                format!("ab18Q~{}", &plain[..34]),
                format!("hvs.{plain}"),
            ] {
                let tail = if token.ends_with("-2") { "-2" } else { "" };
                let told = without(&format!("is {token}, \"{token}\""), sought);
                assert_eq!(told, format!("is *{tail}, \"*{tail}\""), "{token}");
            }
            for text in [
                "hf_model_config_of_a_very_long_name_2",
                "sk-learn-contrib-imbalanced-models-2",
                "risk-0123456789abcdefghij",
                "asia and AKIA, asiapacific2024regions",
                "dapi 0123, rapid, npm_config_registry_of_the_first_2",
                "wandb: run 0123 of x",
            ] {
                assert_eq!(without(text, sought), text, "{text}");
            }
        }
    }

    #[test]
    fn what_may_be_something_else_stays_in_a_file() {
        let numbers = format!("{}==", "Ab1/".repeat(22).split_at(86).0);
        for (text, expected) in [
            (
                "https://a.blob/x?sv=2&sig=aB%2F%3D&skoid=0-1&sktid=2&sp=r",
                "https://a.blob/x?sv=2&sig=*&skoid=*&sktid=*&sp=r",
            ),
            ("run eyJhbGciOi.eyJzdWIiOiIx.c2ln.", "run *."),
            ("-H 'x: Bearer abcdef0123456789xyz'", "-H 'x: Bearer *'"),
            ("AccountName=x;AccountKey=YWJj==;End=core", "AccountName=x;AccountKey=*;End=core"),
            (
                "git clone https://bob:pat@dev.azure.com/x",
                "git clone https://bob:*@dev.azure.com/x",
            ),
            (r#"{"bos_token": "<|begin_of_text|>"}"#, r#"{"bos_token": "<|begin_of_text|>"}"#),
            (r#"{"password": "hunter2"}"#, r#"{"password": "hunter2"}"#),
            (&numbers, &numbers),
        ] {
            assert_eq!(without(text, Sought::Certain), expected, "{text}");
        }
    }
}
