//! Where decisions are taken: who is before it, what is offered to him, and what becomes of it.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderMap};
use url::Url;

use crate::adapters::http::operators::bearer::{Stranger, Token};
use crate::adapters::http::operators::forms::{Given, Seals, is_from_our_page};
use crate::adapters::http::operators::keys::Keys;
use crate::config::settings::Operators;
use crate::domain::failure::Failure;
use crate::domain::request::RequestId;
use crate::ports::messages::decisions::{Answered, Decisions, TakenDecision};
use crate::ports::standing::Standing;
use crate::ports::system::Clock;

/// Where decisions are taken.
pub struct Desk {
    rule: Operators,
    keys: Keys,
    seals: Seals,
    decisions: Arc<dyn Decisions>,
    clock: Arc<dyn Clock>,
}

/// What somebody may decide about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Who he is.
    pub actor: String,
    /// The words of the decisions; there is at least one.
    pub decisions: Vec<&'static str>,
    /// What the form must bring back.
    pub seal: String,
}

/// Why a decision was not taken.
#[derive(Debug, PartialEq, Eq)]
pub struct Denied {
    /// How it is answered.
    pub status: StatusCode,
    /// In parts of a sentence.
    pub why: Vec<String>,
    /// What was written as a reason, where it can be written anew.
    pub reason: String,
}

/// What a form brought.
#[derive(Default)]
struct Form<'a> {
    seal: Cow<'a, str>,
    decision: Cow<'a, str>,
    reason: Cow<'a, str>,
}

impl Desk {
    /// Opens it by this rule, where there is one.
    ///
    /// # Errors
    /// The system has no usable TLS roots.
    pub fn open(
        rule: Option<Operators>,
        decisions: Arc<dyn Decisions>,
        clock: Arc<dyn Clock>,
        form_key: &[u8; 32],
    ) -> Result<Option<Self>, Failure> {
        let Some(rule) = rule else { return Ok(None) };
        let (keys, seals) = (Keys::new(rule.keys.clone())?, Seals::new(form_key));
        Ok(Some(Self { rule, keys, seals, decisions, clock }))
    }

    /// Where browsers find the page.
    pub fn origin(&self) -> &Url {
        &self.rule.origin
    }

    /// Who sent this.
    ///
    /// # Errors
    /// Nobody who may decide.
    pub async fn who(&self, headers: &HeaderMap) -> Result<String, Stranger> {
        let token = Token::of(headers, &self.rule.header)?;
        let now = self.clock.now();
        let key = self.keys.find(&token.key_id, now).await?;
        token.actor(&key, &self.rule, now)
    }

    /// What he may decide about a request that stands there; `None` where there is nothing to be
    /// decided.
    ///
    /// # Errors
    /// The ledger's.
    pub async fn offer(&self, actor: &str, standing: &Standing) -> Result<Option<Offer>, Failure> {
        let decisions = self.decisions.admitted(standing).await?;
        let given = Given { actor, id: &standing.id };
        let seal = self.seals.seal(given, standing.sequence, self.clock.now());
        Ok((!decisions.is_empty()).then(|| Offer { actor: actor.to_owned(), decisions, seal }))
    }

    /// Takes the decision in a form that came.
    ///
    /// # Errors
    /// It is not taken.
    pub async fn decide(
        &self,
        headers: &HeaderMap,
        id: &RequestId,
        body: &[u8],
    ) -> Result<(), Denied> {
        let actor = self.who(headers).await.map_err(Denied::stranger)?;
        if !is_from_our_page(headers, &self.rule.origin) {
            let text = "your browser does not say that this form was on a page of this address";
            return Err(Denied::new(StatusCode::FORBIDDEN, text));
        }
        if !is_form(headers) {
            return Err(Denied::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this is no form"));
        }
        let form = Form::of(body);
        let given = Given { actor: &actor, id };
        let Some(seen) = self.seals.open(&form.seal, given, self.clock.now()) else {
            let text = "the form was not given to you here, or too long ago";
            return Err(Denied::new(StatusCode::FORBIDDEN, text).keep(&form));
        };
        let reason = form.reason.trim().to_owned();
        if reason.is_empty() {
            let text = "a decision needs a reason";
            return Err(Denied::new(StatusCode::UNPROCESSABLE_ENTITY, text));
        }
        let word = form.decision.clone().into_owned();
        let decision = TakenDecision { id: id.clone(), seen, word, actor, reason };
        match self.decisions.decide(&decision).await {
            Ok(Answered::Taken) => Ok(()),
            Ok(Answered::Impossible(why)) => {
                Err(Denied::new(StatusCode::CONFLICT, &why).keep(&form))
            }
            Ok(Answered::Faulty(why)) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Err(Denied { status, why, reason: String::new() }.keep(&form))
            }
            Err(failure) => {
                // What the outside told us is for the log alone.
                tracing::warn!(reason = failure.chain(), "a decision could not be ledgered");
                let text = "the ledger did not answer; whether it took it all the same the page \
                            tells, and sending it again does no harm";
                Err(Denied::new(StatusCode::SERVICE_UNAVAILABLE, text).keep(&form))
            }
        }
    }
}

impl Denied {
    /// For one reason.
    pub fn new(status: StatusCode, why: &str) -> Self {
        Self { status, why: vec![why.to_owned()], reason: String::new() }
    }

    /// Because of who sent it.
    pub fn stranger(stranger: Stranger) -> Self {
        let status = match stranger {
            Stranger::Nobody | Stranger::Distrusted(_) => StatusCode::UNAUTHORIZED,
            Stranger::NotAllowed => StatusCode::FORBIDDEN,
            Stranger::Unsure => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, &said(stranger))
    }

    fn keep(mut self, form: &Form<'_>) -> Self {
        self.reason = form.reason.clone().into_owned();
        self
    }
}

/// Why somebody may not decide, for people.
pub fn said(stranger: Stranger) -> String {
    match stranger {
        Stranger::Nobody => {
            "nobody is signed in: no proxy has handed a token on ([http.operators] header)".into()
        }
        Stranger::Distrusted(why) => format!("the token is not trusted: {why}"),
        Stranger::NotAllowed => "you are none of those who may decide ([http.operators])".into(),
        Stranger::Unsure => {
            "the issuer's keys cannot be had now, so nobody can be known; the log tells why".into()
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|given| given.to_str().ok());
    let essence = given.and_then(|given| given.split(';').next()).unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

impl<'a> Form<'a> {
    fn of(body: &'a [u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            match &*name {
                "seal" => form.seal = value,
                "decision" => form.decision = value,
                // Forms break lines as terminals once did.
                "reason" => form.reason = value.replace("\r\n", "\n").into(),
                _ => {}
            }
        }
        form
    }
}
