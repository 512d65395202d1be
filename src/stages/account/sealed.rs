//! A request on its way into the ledger, sealed under a key of its own, and out of it again.

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::domain::failure::Failure;
use crate::domain::request::{Request, RequestId};
use crate::evidence::seal::{BrokenSeal, Purpose, RequestKey};
use crate::ports::ledger::SealedRequest;
use crate::ports::messages::inbox::Label;
use crate::ports::standing::Standing;
use crate::ports::tasks::Lease;
use crate::stages::account::case::Case;
use crate::stages::account::form;
use crate::stages::account::records::Account;
use crate::stages::message::fault::Terms;
use crate::stages::message::read::{self, Message};

impl Account {
    /// Seals a request under a new key of its own.
    pub(super) fn seal(&self, request: &Request) -> SealedRequest {
        let (key, wrapped_key) = self.keys.new_request_key(&request.id);
        let plain = form::written(request);
        SealedRequest { wrapped_key, body: key.seal(Purpose::Request, self.keys.random(), &plain) }
    }

    /// Unseals a request, to work on it under the lease.
    pub async fn load(&self, standing: &Standing, lease: &Lease) -> Result<Case, Failure> {
        let id = &standing.id;
        let sealed = self.ledger.sealed(id).await?;
        let sealed = sealed.ok_or_else(|| Failure::permanent("the request rests already"))?;
        let key = self.keys.request_key(id, &sealed.wrapped_key).map_err(unsealing)?;
        let request = unsealed(&key, id, &sealed.body)?;
        let (standing, lease) = (standing.clone(), lease.clone());
        let (recorded, past) = (Arc::default(), OnceCell::new());
        Ok(Case { request, standing, lease, recorded, key, past })
    }
}

fn unsealed(key: &RequestKey, id: &RequestId, sealed: &[u8]) -> Result<Request, Failure> {
    let request = match key.open(Purpose::Request, sealed) {
        Ok(plain) => form::read(&plain).ok_or("reading a request that a later version sealed"),
        Err(BrokenSeal) => {
            let body = key.open(Purpose::Body, sealed).map_err(unsealing)?;
            former(&body).ok_or("reading a request that this version does not admit")
        }
    };
    let request = request.map_err(Failure::permanent)?;
    if request.id != *id {
        return Err(Failure::permanent("unsealing a request that has the id of another"));
    }
    Ok(request)
}

/// The request of a message, as earlier versions sealed it: whole, and as it came.
fn former(body: &[u8]) -> Option<Request> {
    match read::read(body, &Label::default(), &Terms::of_the_ledger()) {
        Ok(Message::Request(request)) => Some(*request),
        Ok(Message::Control(_)) | Err(_) => None,
    }
}

fn unsealing(error: BrokenSeal) -> Failure {
    Failure::needs_person("unsealing a request; was the master key replaced?").because(error)
}
