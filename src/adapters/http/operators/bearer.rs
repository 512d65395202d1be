//! A token that says who somebody is: a JSON Web Token of `OpenID` Connect, signed by the issuer.
//!
//! The proxy before us asked the person to sign in. What it hands on is checked here all the same,
//! as if there were none: whoever reaches the listener past it has no token that the issuer signed
//! for us. Which algorithm is right is told by the issuer's key and never by the token alone: a
//! token under the public key as a secret (HS256), or under nothing, is none.

use axum::http::header::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};

use crate::config::settings::Operators;

/// By how much the issuer's clock may differ from ours.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// Longest token. Those of Entra with two hundred groups in them have about 10 KiB.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Longest name that a claim may give somebody, in characters.
const ACTOR_CHARS_MAX: usize = 200;

/// Asymmetric ones alone.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Why somebody may not decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// There is no token.
    Nobody,
    /// There is one that is not to be trusted, and why.
    Distrusted(&'static str),
    /// It is known who it is, and that is none of those who may.
    NotAllowed,
    /// The issuer's keys cannot be had now.
    Unsure,
}

/// A token, and what it says of the key that it was signed by. Nothing of it is known to be true.
pub struct Token<'a> {
    text: &'a str,
    algorithm: Algorithm,
    /// The key's id.
    pub key_id: String,
}

impl<'a> Token<'a> {
    /// The one in the header of that name. One that comes twice may be read one way by the proxy
    /// and another way by us.
    ///
    /// # Errors
    /// There is none, or it is none.
    pub fn of(headers: &'a HeaderMap, name: &str) -> Result<Self, Stranger> {
        let mut given = headers.get_all(name).iter();
        let first = given.next().ok_or(Stranger::Nobody)?;
        if given.next().is_some() {
            return Err(Stranger::Distrusted("it comes twice"));
        }
        let text = first.to_str().map_err(|_| Stranger::Distrusted("it is no text"))?.trim();
        let text = match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            // Another way to sign in, as with a password, is none here.
            Some(_) => return Err(Stranger::Nobody),
            None if name == "authorization" || text.is_empty() => return Err(Stranger::Nobody),
            None => text,
        };
        if text.len() > TOKEN_BYTES_MAX {
            return Err(Stranger::Distrusted("it is too long"));
        }
        let unread = |_| Stranger::Distrusted("it is no token that is signed as ours must be");
        let Header { alg: algorithm, kid, crit, .. } = decode_header(text).map_err(unread)?;
        if crit.is_some() {
            return Err(Stranger::Distrusted("it asks for what is not understood here"));
        }
        if !ALGORITHMS.contains(&algorithm) {
            return Err(Stranger::Distrusted("it is signed by an algorithm that is not taken"));
        }
        let key_id =
            kid.ok_or(Stranger::Distrusted("it does not say by which key it is signed"))?;
        Ok(Self { text, algorithm, key_id })
    }

    /// Who it is, as the claim names him that was chosen for it.
    ///
    /// # Errors
    /// The token is not the issuer's, not for us or not for now; or he is none of those who may.
    pub fn actor(&self, key: &Jwk, rule: &Operators, now: Timestamp) -> Result<String, Stranger> {
        let claims = self.claims(key, rule)?;
        check_times(&claims, now)?;
        let actor = claims.get(&rule.actor_claim).and_then(Value::as_str).map(str::trim);
        let actor = actor.filter(|actor| is_name(actor));
        let actor = actor.ok_or(Stranger::Distrusted("it does not say who somebody is"))?;
        let is_member = match claims.get(&rule.group_claim) {
            Some(Value::Array(all)) => {
                all.iter().filter_map(Value::as_str).any(|one| rule.groups.contains(one))
            }
            Some(Value::String(one)) => rule.groups.contains(one),
            _ => false,
        };
        if rule.actors.contains(actor) || is_member {
            Ok(actor.to_owned())
        } else {
            Err(Stranger::NotAllowed)
        }
    }

    /// What the issuer says in it.
    fn claims(&self, key: &Jwk, rule: &Operators) -> Result<Map<String, Value>, Stranger> {
        let unfit = Stranger::Distrusted("its key is for something else");
        if matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption)) {
            return Err(unfit);
        }
        let signed = KeyAlgorithm::from(self.algorithm);
        if key.common.key_algorithm.is_some_and(|meant| meant != signed) {
            return Err(unfit);
        }
        let key = DecodingKey::from_jwk(key).map_err(|_| unfit)?;
        let mut validation = Validation::new(self.algorithm);
        validation.set_issuer(&[&rule.issuer]);
        validation.set_audience(&[&rule.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        // By our own clock, below: the crate would ask the machine's.
        validation.validate_exp = false;
        decode(self.text, &key, &validation).map(|token| token.claims).map_err(|error| {
            use jsonwebtoken::errors::ErrorKind;
            Stranger::Distrusted(match error.kind() {
                ErrorKind::InvalidIssuer => "it is another issuer's",
                ErrorKind::InvalidAudience => "it is meant for another audience",
                ErrorKind::MissingRequiredClaim(_) => "it lacks what a token must say",
                ErrorKind::InvalidSignature => "its signature is wrong",
                _ => "it cannot be checked",
            })
        })
    }
}

fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), Stranger> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            let seconds = value.as_f64().filter(|seconds| seconds.is_finite());
            let at = seconds.and_then(|seconds| Timestamp::from_second(seconds as i64).ok());
            at.map(Some).ok_or(Stranger::Distrusted("a time in it is none"))
        }
    };
    let expires = time("exp")?.ok_or(Stranger::Distrusted("it lacks what a token must say"))?;
    if now.duration_since(expires) >= SKEW {
        return Err(Stranger::Distrusted("it has expired"));
    }
    for begins in [time("nbf")?, time("iat")?].into_iter().flatten() {
        if begins.duration_since(now) > SKEW {
            return Err(Stranger::Distrusted("it is not valid yet"));
        }
    }
    Ok(())
}

/// It is kept in the ledger and shown on terminals.
fn is_name(actor: &str) -> bool {
    (1..=ACTOR_CHARS_MAX).contains(&actor.chars().count()) && !actor.contains(char::is_control)
}
