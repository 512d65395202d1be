//! A request on its way into the ledger, sealed under a key of its own, and out of it again.

use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::domain::request::Request;
use crate::evidence::seal::Purpose;
use crate::ports::ledger::SealedRequest;
use crate::ports::messages::inbox::Label;
use crate::ports::standing::Standing;
use crate::ports::tasks::Lease;
use crate::stages::account::case::Case;
use crate::stages::account::records::Account;
use crate::stages::message::fault::Terms;
use crate::stages::message::read::{self, Message};

impl Account {
    /// Seals a request under a new key of its own.
    pub(super) fn seal(&self, request: &Request, body: &[u8]) -> SealedRequest {
        let (key, wrapped_key) = self.keys.new_request_key(&request.id);
        SealedRequest { wrapped_key, body: key.seal(Purpose::Body, self.keys.random(), body) }
    }

    /// Unseals a request, to work on it under the lease.
    pub async fn load(&self, standing: &Standing, lease: &Lease) -> Result<Case, Failure> {
        let id = &standing.id;
        let sealed = self.ledger.sealed(id).await?;
        let sealed = sealed.ok_or_else(|| Failure::permanent("the request rests already"))?;
        let unsealing = "unsealing a request; was the master key replaced?";
        let key = self
            .keys
            .request_key(id, &sealed.wrapped_key)
            .map_err(|error| Failure::needs_person(unsealing).because(error))?;
        let body = key
            .open(Purpose::Body, &sealed.body)
            .map_err(|error| Failure::needs_person(unsealing).because(error))?;
        match read::read(&body, &Label::default(), &Terms::of_the_ledger()) {
            Ok(Message::Request(request)) => {
                let (standing, lease) = (standing.clone(), lease.clone());
                let recorded = Arc::default();
                Ok(Case { request: *request, standing, lease, recorded, key })
            }
            _ => Err(Failure::permanent("reading a request that this version does not admit")),
        }
    }
}
