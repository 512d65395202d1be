//! What the daemon that these settings are of counts, asked of it as a monitor would.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;

use crate::domain::failure::Failure;

/// A daemon that is there answers at once.
const TIME_MAX: Duration = Duration::from_secs(5);

/// The metrics of the daemon that listens there.
///
/// # Errors
/// None does, or it does not answer.
pub async fn metrics(address: SocketAddr) -> Result<String, Failure> {
    let doing = format!("asking the daemon at {address} for its metrics");
    let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(TIME_MAX).build();
    let client = client.map_err(|error| Failure::needs_person(doing.as_str()).because(error))?;
    let asked = async {
        let answer = client.get(format!("http://{address}/metrics")).send().await?;
        answer.error_for_status()?.text().await
    };
    asked.await.map_err(|error| Failure::transient(doing.as_str()).because(error))
}
