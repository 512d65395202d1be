//! Tokens that services issue: each begins in a way of its own, and what follows looks random.
//! Such a token is a secret wherever it stands, whatever leads to it.

use std::ops::Range;

use crate::matching::work;

/// What a token is made of behind its beginning, and of how many bytes at least.
#[derive(Clone, Copy)]
pub enum Shape {
    /// Letters and digits.
    Plain(usize),
    /// The same, dashes, underscores and dots.
    Joined(usize),
    /// Hexadecimal digits.
    Hex(usize),
    /// Capitals and digits, as many and no more.
    Capital(usize),
    /// A secret of a client of Entra has a digit, `Q` and a tilde behind its third character.
    OfClient,
}

/// How tokens begin, and what they are made of; written small, and where capitals count, the shape
/// says so.
pub const ISSUED: &[(&str, Shape)] = &[
    ("q~", Shape::OfClient),
    ("ghp_", Shape::Plain(30)),
    ("gho_", Shape::Plain(30)),
    ("ghu_", Shape::Plain(30)),
    ("ghs_", Shape::Plain(30)),
    ("ghr_", Shape::Plain(30)),
    ("github_pat_", Shape::Joined(30)),
    ("glpat-", Shape::Joined(20)),
    ("hf_", Shape::Plain(30)),
    ("api_org_", Shape::Plain(30)),
    ("sk-", Shape::Joined(20)),
    ("sk_live_", Shape::Plain(20)),
    ("sk_test_", Shape::Plain(20)),
    ("rk_live_", Shape::Plain(20)),
    ("whsec_", Shape::Plain(20)),
    ("akia", Shape::Capital(16)),
    ("asia", Shape::Capital(16)),
    ("aiza", Shape::Joined(33)),
    ("ya29.", Shape::Joined(20)),
    ("gocspx-", Shape::Joined(20)),
    ("xoxa-", Shape::Joined(20)),
    ("xoxb-", Shape::Joined(20)),
    ("xoxe-", Shape::Joined(20)),
    ("xoxe.xox", Shape::Joined(20)),
    ("xoxp-", Shape::Joined(20)),
    ("xoxr-", Shape::Joined(20)),
    ("xoxs-", Shape::Joined(20)),
    ("xapp-", Shape::Joined(20)),
    ("hooks.slack.com/services/", Shape::Joined(9)),
    ("dapi", Shape::Hex(32)),
    ("dkea", Shape::Hex(32)),
    ("dop_v1_", Shape::Hex(60)),
    ("shpat_", Shape::Hex(32)),
    ("npm_", Shape::Plain(30)),
    ("pypi-age", Shape::Joined(40)),
    ("dckr_pat_", Shape::Joined(20)),
    ("nvapi-", Shape::Joined(40)),
    ("r8_", Shape::Plain(30)),
    ("gsk_", Shape::Plain(30)),
    ("pplx-", Shape::Plain(30)),
    ("lsv2_pt_", Shape::Joined(30)),
    ("lsv2_sk_", Shape::Joined(30)),
    ("hvs.", Shape::Joined(24)),
    ("hvb.", Shape::Joined(24)),
    ("tskey-", Shape::Joined(20)),
    ("sg.", Shape::Joined(60)),
    ("age-secret-key-1", Shape::Plain(50)),
];

/// A token of a service, known by how it begins.
pub fn issued(text: &str, at: usize, sign: &str, shape: Shape) -> Option<Range<usize>> {
    let end = at + sign.len();
    let before = text.as_bytes()[..at].last();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric();
    let joins = |byte: &u8| is_plain(*byte) || *byte == b'_';
    let body = |is_such: fn(u8) -> bool| &text[end..end + run(text, end, is_such)];
    let is_random = |body: &str| {
        body.bytes().any(|byte| byte.is_ascii_digit())
            && body.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    let (body, is_such) = match shape {
        Shape::Plain(len) => {
            let body = body(|byte| byte.is_ascii_alphanumeric());
            (body, body.len() >= len && is_random(body))
        }
        Shape::Joined(len) => {
            let body = body(|byte| is_base64(byte) || byte == b'.');
            let body = body.trim_end_matches(['.', '-', '/']);
            // Words that are joined are no token: `sk-learn-contrib-models-2`.
            let is_mixed = body
                .split(['-', '_', '.', '/'])
                .any(|part| part.len() >= TOKEN_PART_BYTES_MIN && is_random(part));
            (body, body.len() >= len && is_mixed)
        }
        Shape::Hex(len) => {
            let body = body(|byte| byte.is_ascii_hexdigit());
            (body, body.len() >= len)
        }
        Shape::Capital(len) => {
            let body = body(|byte| byte.is_ascii_alphanumeric());
            let is_capital =
                body.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
            let is_such = body.len() == len && is_capital && is_random(body);
            (body, is_such && text[at..end] == sign.to_uppercase())
        }
        Shape::OfClient => return secret_of_client(text, at),
    };
    (is_such && !before.is_some_and(joins)).then(|| at..end + body.len())
}

/// Bytes of the part of a token that is random.
const TOKEN_PART_BYTES_MIN: usize = 9;

/// Forty characters, the fourth to sixth of which are a digit, `Q` and a tilde.
fn secret_of_client(text: &str, at: usize) -> Option<Range<usize>> {
    const BYTES: Range<usize> = 36..44;
    let is_such = |byte: u8| byte.is_ascii_alphanumeric() || b"_~.-".contains(&byte);
    let digit = at.checked_sub(1).filter(|at| text.as_bytes()[*at].is_ascii_digit())?;
    let start = digit.checked_sub(3)?;
    let is_whole = text.is_char_boundary(start)
        && text.as_bytes()[start..digit].iter().all(|byte| is_such(*byte))
        && !text.as_bytes()[..start].last().is_some_and(|byte| is_such(*byte))
        && text[at..].starts_with("Q~");
    let end = at + run(text, at, is_such);
    (is_whole && BYTES.contains(&(end - start))).then_some(start..end)
}

/// A byte of base64, of either alphabet.
pub fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

/// Bytes from `at` on that are such.
fn run(text: &str, at: usize, is_such: impl Fn(u8) -> bool) -> usize {
    let len = text.as_bytes()[at..].iter().take_while(|byte| is_such(**byte)).count();
    work::charge(len);
    len
}
