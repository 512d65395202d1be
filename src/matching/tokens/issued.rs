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

impl Shape {
    /// Whether the bytes behind the beginning may be joined.
    pub fn is_joined(self) -> bool {
        matches!(self, Self::Joined(_))
    }
}

/// A token of a service, known by how it begins; `body` is what stands behind that, as long as its
/// bytes may be of one.
pub fn issued(
    text: &str,
    (at, sign): (usize, &str),
    shape: Shape,
    body: Range<usize>,
) -> Option<Range<usize>> {
    let before = text.as_bytes()[..at].last();
    let joins = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if !matches!(shape, Shape::OfClient) && before.is_some_and(joins) {
        return None;
    }
    let is_random = |body: &str| {
        body.bytes().any(|byte| byte.is_ascii_digit())
            && body.bytes().any(|byte| byte.is_ascii_alphabetic())
    };
    let end = body.end;
    // Others may begin within it, and have the rest of it behind them.
    let judged = &text[body.start..end.min(body.start + JUDGED_BYTES)];
    work::charge(judged.len());
    let len = match shape {
        Shape::Plain(least) => {
            (judged.len() >= least && is_random(judged)).then_some(body.len())?
        }
        Shape::Joined(least) => {
            let judged = judged.trim_end_matches(['.', '-', '/']);
            // Words that are joined are no token: `sk-learn-contrib-models-2`.
            let is_mixed = judged
                .split(['-', '_', '.', '/'])
                .any(|part| part.len() >= TOKEN_PART_BYTES_MIN && is_random(part));
            let len = if body.len() > JUDGED_BYTES { body.len() } else { judged.len() };
            (judged.len() >= least && is_mixed).then_some(len)?
        }
        Shape::Hex(least) => {
            let len = judged.bytes().take_while(u8::is_ascii_hexdigit).count();
            (len >= least).then_some(len)?
        }
        Shape::Capital(least) => {
            let is_capital = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
            let is_such = body.len() == least
                && judged.bytes().all(is_capital)
                && is_random(judged)
                && text[at..body.start] == sign.to_uppercase();
            is_such.then_some(body.len())?
        }
        Shape::OfClient => return secret_of_client(text, at),
    };
    Some(at..body.start + len)
}

/// Bytes of a token by which it is known: no service issues words so long.
const JUDGED_BYTES: usize = 512;

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
    let behind = text.as_bytes()[at..].iter().take(BYTES.end);
    let end = at + behind.take_while(|byte| is_such(**byte)).count();
    (is_whole && BYTES.contains(&(end - start))).then_some(start..end)
}

/// A byte of base64, of either alphabet.
pub fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}
