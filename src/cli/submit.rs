//! `dsrd submit`, and the decisions of people: everything enters by the queue, the one door.

use std::path::Path;
use std::task::Poll;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::app::{self, Errand};
use crate::cli::args::Deciding;
use crate::cli::ledger::status::{self, Patience};
use crate::cli::output::{self, CliError, End, input, json_line, line};
use crate::config::settings::Settings;
use crate::domain::request::RequestId;

/// Puts the request in `file` on the queue, whatever it is: the daemon judges, and keeps what it
/// refuses.
///
/// # Errors
/// The file cannot be read, the queue does not take it, or, with `wait`, the ledger cannot be read.
pub async fn submit(
    settings: &Settings,
    file: &Path,
    wait: bool,
    as_json: bool,
) -> Result<End, CliError> {
    let body = Bytes::from(input(file)?);
    let id = request_id(&body);
    let name = id.as_ref().map_or_else(|| "unnamed".to_owned(), RequestId::file_name);
    let errand = match &id {
        Some(id) if wait => Some(Errand::send(settings, id.as_str(), body.clone(), &name).await?),
        _ => {
            app::submit(settings, body.clone(), &name).await?;
            None
        }
    };
    let faults = app::faults(settings, &body).await?;
    for fault in &faults {
        output::fault(&fault.pointer, fault.code, &fault.message, as_json)?;
    }
    let Some(id) = id.filter(|_| faults.is_empty()) else {
        // Under the id that it claims it will never be in the ledger, so there is nothing to
        // follow.
        output::note("submitted; it is at fault and will be answered as rejected");
        return Ok(End::Faults);
    };
    if let Some(errand) = errand {
        return status::wait(settings, &id, &errand, as_json).await;
    }
    if as_json {
        json_line(&json!({ "submitted": id.as_str() }))?;
    } else {
        line(format!("submitted; follow it with: dsrd status {id}"))?;
    }
    Ok(End::Done)
}

/// Sends a control message; with `wait`, tells what became of it.
///
/// # Errors
/// The id is none, the request does not admit the decision, or the queue does not take the message.
/// Of one that cannot hold people are told at once, and not where nobody looks.
pub async fn decide(
    settings: &Settings,
    control: &str,
    decision: &Deciding,
    actor: &str,
) -> Result<End, CliError> {
    let id = RequestId::new(&decision.id).map_err(|error| CliError::Usage(error.to_string()))?;
    let message = json!({
        "control": control,
        "subject_request_id": id.as_str(),
        "actor": actor,
        "reason": decision.reason,
    });
    let (status, calendar) = (app::status(settings).await?, &settings.mandate.calendar);
    let Some(before) = status.before_decision(&id, control, calendar).await? else {
        return Err(CliError::Unknown(id));
    };
    if let Some(why) = &before.objection {
        return Err(CliError::Failed(format!("{id} {why}")));
    }
    let name = format!("{control}-{}", id.file_name());
    app::submit(settings, Bytes::from(message.to_string()), &name).await?;
    if !decision.wait {
        line(format!("sent: {control} {id}; see dsrd status {id}"))?;
        return Ok(End::Done);
    }
    let (given, mut patience) = ((actor.trim(), decision.reason.trim()), Patience::begun());
    // Ends with a daemon that takes it; where there is none, with Ctrl-C.
    loop {
        match status.after_decision(&id, &before, given).await? {
            Poll::Ready(Ok(state)) => {
                line(format!("decided: {control} {id}; it is {}", state.word()))?;
                return Ok(End::Done);
            }
            Poll::Ready(Err(refused)) => {
                output::note(&format!("{id}: the decision was refused; see dsrd status {refused}"));
                return Ok(End::Refused);
            }
            Poll::Pending => patience.pause().await,
        }
    }
}

/// The id that the ledger will know the request by.
fn request_id(body: &[u8]) -> Option<RequestId> {
    let message: Value = serde_json::from_slice(body).ok()?;
    let id = message.get("subject_request_id").or_else(|| message.get("resource_request_id"));
    RequestId::new(id?.as_str()?.trim()).ok()
}
