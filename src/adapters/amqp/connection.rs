//! A connection to the broker that is made again whenever it is gone.
//!
//! Nothing runs in the background: whoever needs a channel makes the connection if there is none,
//! and the others wait for that meanwhile. lapin's own recovery stays off, because it leaves out
//! what the broker closes on purpose (a channel at the acknowledgement timeout, a deleted queue);
//! one way that covers everything is easier to trust than two.
//!
//! A broker that runs out of memory or disk blocks the connections that publish
//! (<https://www.rabbitmq.com/docs/connection-blocked>). They stay as they are and go on later; a
//! new one would be blocked as well.

use std::sync::PoisonError;
use std::time::Duration;

use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Channel, ConnectionProperties, ErrorKind};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::adapters::amqp::topology::{Topology, failure};
use crate::adapters::amqp::wire::{self, Encryption};
use crate::config::secret::Secret;
use crate::config::settings::Amqp;
use crate::domain::failure::Failure;

/// Longest wait for the broker to do what it normally does at once.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest wait of a health check.
const PING_TIME_MAX: Duration = Duration::from_secs(3);
/// First and longest pause between tries.
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// A peer that is silent for two of these is gone, unless the URL says otherwise (`?heartbeat=`).
const HEARTBEAT_S: u16 = 15;

/// A connection that heals.
pub struct Connection {
    uris: Vec<AMQPUri>,
    /// Only where a URL asks for it: to read all authorities of the system takes a while.
    encryption: Option<Encryption>,
    role: &'static str,
    topology: Topology,
    current: Mutex<Option<lapin::Connection>>,
    /// Why whoever holds `current` has no channel yet.
    trouble: std::sync::Mutex<Option<String>>,
}

impl Connection {
    /// Prepares a connection; the first [`Self::channel`] makes it. The broker's own pages show
    /// `role` in the connection's name.
    ///
    /// # Errors
    /// `NeedsPerson` where a URL or a name is not one.
    pub fn new(settings: &Amqp, role: &'static str) -> Result<Self, Failure> {
        let uris = settings.urls.iter().map(uri).collect::<Result<Vec<_>, _>>()?;
        let is_encrypted = uris.iter().any(|uri| uri.scheme == AMQPScheme::AMQPS);
        Ok(Self {
            uris,
            encryption: is_encrypted.then(|| Encryption::new(&settings.tls)).transpose()?,
            role,
            topology: Topology::new(settings)?,
            current: Mutex::new(None),
            trouble: std::sync::Mutex::default(),
        })
    }

    /// Host and port of every node.
    pub fn places(&self) -> String {
        self.uris.iter().map(place).collect::<Vec<String>>().join(", ")
    }

    /// The names that are declared on every channel.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// A new channel, with the topology declared; `None` where the broker grants no more than there
    /// are. Waits until the broker can be reached, however long that takes, but not for others to
    /// give a channel back: they may need us for that. Cancel-safe.
    ///
    /// # Errors
    /// Only `NeedsPerson`: wrong credentials, missing permissions, a queue with other arguments.
    pub async fn channel(&self) -> Result<Option<Channel>, Failure> {
        let mut current = self.current.lock().await;
        let mut pause = Pause::default();
        loop {
            match self.open(&mut current).await {
                Err(failure) if failure.is_transient() => {
                    let reason = failure.chain();
                    tracing::warn!(reason, role = self.role, "no broker; trying again");
                    self.note_trouble(Some(reason));
                    pause.wait().await;
                }
                answer => {
                    self.note_trouble(None);
                    return answer;
                }
            }
        }
    }

    /// Longest frame that was agreed with the broker. Connects where nobody did yet, as
    /// [`Self::channel`] does.
    ///
    /// # Errors
    /// As [`Self::channel`].
    pub async fn frame_bytes_max(&self) -> Result<usize, Failure> {
        // Ends: a connection that is gone again at once is a broker that comes back.
        loop {
            if let Some(connection) = &*self.current.lock().await {
                return Ok(connection.configuration().frame_max() as usize);
            }
            self.channel().await?;
        }
    }

    /// Whether a channel can be opened now. One whose channels are all in use is alive.
    ///
    /// # Errors
    /// What keeps it from being opened.
    pub async fn ping(&self) -> Result<(), Failure> {
        let ping = async { self.open(&mut *self.current.lock().await).await.map(drop) };
        timeout(PING_TIME_MAX, ping).await.unwrap_or_else(|_elapsed| {
            let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let trouble = trouble.unwrap_or_else(|| "it does not answer".to_owned());
            Err(Failure::transient("waiting for the broker").because(trouble))
        })
    }

    fn note_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    async fn open(
        &self,
        current: &mut Option<lapin::Connection>,
    ) -> Result<Option<Channel>, Failure> {
        let connection = match current.take() {
            Some(connection) if connection.status().connected() => current.insert(connection),
            _ => current.insert(self.connect().await?),
        };
        if connection.status().blocked() {
            let doing = "opening a channel: the broker takes no messages, because it is short of \
                         memory or disk";
            return Err(Failure::transient(doing));
        }
        let opened = timeout(ANSWER_TIME_MAX, self.open_on(connection)).await;
        opened.unwrap_or_else(|_elapsed| {
            *current = None;
            Err(Failure::transient("waiting for the broker to open a channel"))
        })
    }

    async fn open_on(&self, connection: &lapin::Connection) -> Result<Option<Channel>, Failure> {
        let channel = match connection.create_channel().await {
            Err(error) if matches!(error.kind(), ErrorKind::ChannelsLimitReached) => {
                return Ok(None);
            }
            channel => {
                channel.map_err(|error| failure("opening a channel to the broker", &error))?
            }
        };
        self.topology.declare(&channel).await?;
        Ok(Some(channel))
    }

    /// Connects to the first node that answers.
    async fn connect(&self) -> Result<lapin::Connection, Failure> {
        let mut refused = Failure::needs_person("connecting to the broker: there is no URL");
        for uri in &self.uris {
            match timeout(ANSWER_TIME_MAX, self.connect_to(uri)).await {
                Ok(Ok(connection)) => return Ok(connection),
                Ok(Err(failure)) => refused = failure,
                Err(_elapsed) => {
                    let doing = format!("waiting for the broker at {} to answer", place(uri));
                    refused = Failure::transient(doing);
                }
            }
        }
        Err(refused)
    }

    async fn connect_to(&self, uri: &AMQPUri) -> Result<lapin::Connection, Failure> {
        let name = format!("dsrd {}", self.role);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let doing = || format!("connecting to the broker at {}", place(uri));
        let connection = wire::connect(uri.clone(), properties, self.encryption.clone())
            .await
            .map_err(|error| failure(doing(), &error))?;
        tracing::info!(role = self.role, broker = place(uri), "connected to the broker");
        Ok(connection)
    }
}

/// Host and port.
fn place(uri: &AMQPUri) -> String {
    format!("{}:{}", uri.authority.host, uri.authority.port)
}

fn uri(url: &Secret) -> Result<AMQPUri, Failure> {
    // The parser's error may quote the URL, which holds the password.
    let mut uri: AMQPUri = url.expose().parse().map_err(|_quotes_the_url| {
        Failure::needs_person("reading [queue] url: it is not amqp://… or amqps://…")
    })?;
    uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
    Ok(uri)
}

/// Pauses between tries: each twice as long as the one before up to a bound, and spread by chance,
/// so that a fleet does not return to a restarted broker all at once.
pub struct Pause {
    next: Duration,
}

impl Default for Pause {
    fn default() -> Self {
        Self { next: PAUSE_MIN }
    }
}

impl Pause {
    /// Sleeps for between half and the whole of the next pause.
    pub async fn wait(&mut self) {
        let half = self.next / 2;
        // Without randomness a pause is merely longer.
        let share = f64::from(getrandom::u32().unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        self.next = (self.next * 2).min(PAUSE_MAX);
        tokio::time::sleep(half + half.mul_f64(share)).await;
    }
}
