//! What Microsoft Graph answers, what it is given, and what lies where it writes: over a simulator
//! of it and a blob emulator.

use std::sync::Arc;

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::http::Transport;
use azure_core::time::{Duration, OffsetDateTime};
use dsrd::adapters::graph::copies::GraphCopies;
use dsrd::adapters::system::SystemClock;
use dsrd::config::settings::{Credential, Graph};
use dsrd::domain::request::RequestId;
use dsrd::ports::sources::{Followed, Ticket};
use dsrd::ports::tenant_logs::{Asked, TenantLogs};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Certificate, Client, StatusCode};
use url::Url;

use crate::support::azure::faults::{Fault, Verb};
use crate::support::azure::graph::{end, put, write_all};
use crate::support::azure::kind::Kind;
use crate::support::azure::seed::Seed;
use crate::support::azure::simulator::Simulator;
use crate::support::azurite::Azurite;

const USER: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";

/// The parts, and our adapter between them.
struct World {
    azurite: Azurite,
    simulator: Simulator,
    copies: GraphCopies,
}

#[derive(Debug)]
struct Token(String);

#[async_trait]
impl TokenCredential for Token {
    async fn get_token(
        &self,
        scopes: &[&str],
        _: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        assert!(scopes.iter().all(|scope| scope.ends_with("/.default")));
        Ok(AccessToken::new(self.0.clone(), OffsetDateTime::now_utc() + Duration::hours(1)))
    }
}

impl World {
    async fn new() -> Self {
        let azurite = Azurite::start_in_memory().await;
        let simulator = Simulator::start(Seed::default()).await;
        simulator.state().graph.users.push(USER.to_owned());
        let graph = Graph {
            endpoint: Url::parse(&simulator.base_url).unwrap(),
            credential: Credential::DeveloperTools,
            look_ms_min: 5_000,
            beside: azurite.blob("dsr-exports", azurite.account_key()),
            container: "dsr-tenant-logs".to_owned(),
        };
        let token = simulator.token("https://graph.microsoft.com");
        let identity: Arc<dyn TokenCredential> = Arc::new(Token(token));
        let authority = Certificate::from_pem(simulator.ca_pem.as_bytes()).unwrap();
        let client = Client::builder().tls_certs_only([authority]).build().unwrap();
        let transport = Transport::new(Arc::new(client));
        let copies =
            GraphCopies::through(&graph, &identity, &transport, Arc::new(SystemClock)).unwrap();
        Self { azurite, simulator, copies }
    }

    async fn ask(&self) -> Result<Asked, String> {
        let until = Timestamp::now() + SignedDuration::from_hours(24);
        let asked = self.copies.ask(&id(), USER, until).await;
        asked.map_err(|failure| failure.chain())
    }

    /// The handle of one that was begun.
    async fn begun(&self) -> String {
        match self.ask().await {
            Ok(Asked::Begun(Ticket { handle, .. })) => handle,
            other => panic!("{other:?}"),
        }
    }

    async fn look(&self, handle: &str) -> Followed {
        self.copies.look(&id(), USER, handle).await.map_err(|failure| failure.chain()).unwrap()
    }

    fn to(&self, number: usize) -> Url {
        self.simulator.state().graph.copies[number].to.clone()
    }
}

fn id() -> RequestId {
    RequestId::new("A.request_with:odd-Characters").unwrap()
}

fn is_running(followed: &Followed) -> bool {
    matches!(followed, Followed::Running { look_in_ms: 5_000.., .. })
}

#[tokio::test]
async fn a_copy_is_written_by_who_may_do_nothing_else_and_removed_whole() {
    let world = World::new().await;
    let handle = world.begun().await;
    let to = world.to(0);
    let at = world.copies.at(&id());
    let (account, container) = at.split_once('/').unwrap();
    assert_eq!(account, "devstoreaccount1");
    assert!(container.starts_with("dsr-tenant-logs-") && container.len() <= 63, "{container}");
    assert!(to.path().ends_with(&at) && to.scheme() == "http");
    let field = |name: &str| {
        let mut pairs = to.query_pairs();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap()
    };
    assert_eq!((field("sr"), field("sp")), ("c".to_owned(), "cw".to_owned()));
    let ends: Timestamp = field("se").parse().unwrap();
    let hours = ends.duration_since(Timestamp::now()).as_hours();
    assert!((23..=24).contains(&hours), "{ends}");
    // The handle lets nobody in.
    assert!(!handle.contains("sig") && !handle.contains('/'), "{handle}");
    assert!(is_running(&world.look(&handle).await));
    end(&world.simulator, &handle, "running");
    assert!(is_running(&world.look(&handle).await));
    write_all(&world.simulator).await;
    assert_eq!(world.look(&handle).await, Followed::Done);
    assert_eq!(world.azurite.names(container).await, ["activity.json"]);
    // A second copy lies beside the first.
    let second = world.begun().await;
    write_all(&world.simulator).await;
    assert_eq!(world.look(&second).await, Followed::Done);
    for _ in 0..2 {
        world.copies.remove(&id()).await.unwrap();
    }
    assert_eq!(put(&to, "late.json", "late").await, StatusCode::NOT_FOUND);
    assert!(matches!(world.look(&handle).await, Followed::Failed(why) if why == "nothing_written"));
}

#[tokio::test]
async fn what_it_says_is_understood() {
    let world = World::new().await;
    let refuses = |status| Fault::broken_silently(status);
    let later = |look_in_ms, why: &str| Asked::Later { look_in_ms, why: why.to_owned() };
    let refused = |why: &str| Asked::Refused(why.to_owned());
    let table = [
        (Fault::too_many(17), later(17_000, "throttled")),
        (refuses(503), later(10_000, "unavailable")),
        (refuses(401), refused("forbidden")),
        (refuses(400), refused("refused: 400")),
    ];
    for (fault, expected) in table {
        world.simulator.plan(Verb::Act, Kind::Copy, fault);
        assert_eq!(world.ask().await.unwrap(), expected);
    }
    assert!(world.simulator.state().graph.copies.is_empty());
    // Nobody knows whether it was begun, and nothing is sent twice by itself.
    for (fault, begun) in [(refuses(500), 0), (Fault::Dropped, 0), (Fault::LostAnswer, 1)] {
        let before = world.simulator.requests().len();
        world.simulator.plan(Verb::Act, Kind::Copy, fault);
        let failure = world.ask().await.unwrap_err();
        assert!(!failure.contains("sig=") && !failure.contains(USER), "{failure}");
        assert_eq!(world.simulator.state().graph.copies.len(), begun);
        assert_eq!(world.simulator.requests().len(), before + 1);
    }
    world.simulator.state().graph.users.clear();
    assert_eq!(world.ask().await.unwrap(), refused("no_such_user"));
    world.simulator.state().graph.users.push(USER.to_owned());
    // A token goes nowhere else.
    world.simulator.state().graph.link_host = Some("https://elsewhere.example".to_owned());
    assert_eq!(world.ask().await.unwrap(), refused("no_operation"));
    world.simulator.state().graph.link_host = None;
    world.copies.ping().await.unwrap();
    world.simulator.state().graph.is_allowed = false;
    assert_eq!(world.ask().await.unwrap(), refused("forbidden"));
    let failure = world.copies.ping().await.unwrap_err().chain();
    assert!(failure.contains("User.Export.All"), "{failure}");
}

#[tokio::test]
async fn what_becomes_of_a_copy_is_understood() {
    let world = World::new().await;
    let handle = world.begun().await;
    let failed = |why: &str| Followed::Failed(why.to_owned());
    assert_eq!(world.look("0b1c2d3e-0000-4000-8000-00000000000a").await, Followed::Unknown);
    end(&world.simulator, &handle, "unknownFutureValue");
    assert!(is_running(&world.look(&handle).await));
    end(&world.simulator, &handle, "failed");
    assert_eq!(world.look(&handle).await, failed("failed"));
    // Whoever says it is complete and has written nothing has copied nothing.
    end(&world.simulator, &handle, "complete");
    assert_eq!(world.look(&handle).await, failed("nothing_written"));
    world.simulator.state().graph.copies[0].user = "somebody else".to_owned();
    assert_eq!(world.look(&handle).await, failed("copy_of_another"));
    world.simulator.plan_all(Verb::Get, Kind::Copy, Some(Fault::broken_silently(403)));
    assert!(world.copies.look(&id(), USER, &handle).await.is_err());
}
