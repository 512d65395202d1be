//! The way to a broker: TCP, and TLS over it for `amqps`.
//!
//! lapin's own TLS comes with readers of PKCS #12 files, which take thirty crates and which nobody
//! here uses: certificates and keys are PEM. So lapin is handed connections that are made already,
//! of one type whether they are encrypted or not.

use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures::{AsyncRead as FuturesRead, AsyncWrite as FuturesWrite, Stream};
use lapin::ConnectionProperties;
use lapin::tcp::AsyncTcpStream;
use lapin::uri::{AMQPScheme, AMQPUri};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use crate::config::settings::Tls;
use crate::domain::failure::Failure;

/// Whom we believe, and who we are, on encrypted connections.
#[derive(Clone)]
pub struct Encryption(Arc<ClientConfig>);

impl Encryption {
    /// What the settings say, beside the authorities that the system knows.
    ///
    /// # Errors
    /// `NeedsPerson` where what should be a certificate or key is none.
    pub fn new(settings: &Tls) -> Result<Self, Failure> {
        let doing = "preparing [queue] for amqps";
        let refused = |text: &str| Failure::needs_person(doing).because(text);
        let mut believed = RootCertStore::empty();
        believed.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(pem) = &settings.ca {
            let authorities =
                certificates(pem).ok_or_else(|| refused("ca_file holds no certificates"))?;
            believed.add_parsable_certificates(authorities);
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::permanent(doing).because(error))?
            .with_root_certificates(believed);
        let config = match &settings.client {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate)
                    .ok_or_else(|| refused("client_cert_file holds no certificate"))?;
                // What the parser says of it could quote the key.
                let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
                    .map_err(|_| refused("client_key_file holds no private key"))?;
                config.with_client_auth_cert(chain, key).map_err(|_| {
                    refused("client_key_file is not the key of what is in client_cert_file")
                })?
            }
        };
        Ok(Self(Arc::new(config)))
    }
}

/// `None` where one is broken, or there is none.
fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    all.ok().filter(|all| !all.is_empty())
}

/// Connects to a broker, encrypted where the URL says so and `encryption` is there.
///
/// # Errors
/// The broker's refusal, the network's failure.
pub async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
    encryption: Option<Encryption>,
) -> lapin::Result<lapin::Connection> {
    let tokio = Tokio::current();
    let runtime = Runtime::new(RuntimeParts::new(tokio.clone(), Wires(tokio)));
    let connect = async move |uri: AMQPUri, runtime: Runtime<RuntimeParts<Tokio, Wires>>| {
        let (host, port) = (uri.authority.host, uri.authority.port);
        let addresses = runtime.to_socket_addrs((host.clone(), port));
        let wire = runtime.tcp_connect(addresses).await?;
        Ok(AsyncTcpStream::Plain(match uri.scheme {
            AMQPScheme::AMQP => wire,
            AMQPScheme::AMQPS => {
                let unprepared = || io::Error::other("amqps without what TLS needs");
                encrypted(wire, host, encryption.as_ref().ok_or_else(unprepared)?).await?
            }
        }))
    };
    lapin::Connection::connector(uri, runtime, connect, properties).await
}

async fn encrypted(
    wire: Compat<Box<dyn Wire>>,
    host: String,
    encryption: &Encryption,
) -> io::Result<Compat<Box<dyn Wire>>> {
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::clone(&encryption.0));
    let encrypted = connector.connect(name, wire.into_inner()).await?;
    Ok((Box::new(encrypted) as Box<dyn Wire>).compat())
}

/// A connection, encrypted or not.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Makes connections as tokio does, of a type that an encrypted one has too.
#[derive(Clone, Debug)]
struct Wires(Tokio);

impl Reactor for Wires {
    type TcpStream = Compat<Box<dyn Wire>>;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl FuturesRead + FuturesWrite + Send + Unpin + 'static> {
        self.0.register(socket)
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        let connecting = self.0.tcp_connect_addr(address);
        async move {
            let wire = connecting.await?.into_inner();
            Ok((Box::new(wire) as Box<dyn Wire>).compat())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secret::Secret;
    use crate::domain::failure::FailureKind;

    #[test]
    fn what_is_no_certificate_or_key_is_named_and_not_quoted() {
        let broken = "-----BEGIN CERTIFICATE-----\nhunter2!\n-----END CERTIFICATE-----\n";
        let client = |text: &str| Some((text.to_owned(), Secret::new("hunter2".to_owned())));
        let table = [
            (Tls { ca: Some("hunter2".to_owned()), client: None }, "ca_file"),
            (Tls { ca: Some(broken.to_owned()), client: None }, "ca_file"),
            (Tls { ca: None, client: client("hunter2") }, "client_cert_file"),
            (Tls { ca: None, client: client(broken) }, "client_cert_file"),
        ];
        for (settings, named) in table {
            let failure = Encryption::new(&settings).err().unwrap();
            assert_eq!(failure.kind, FailureKind::NeedsPerson);
            let chain = failure.chain();
            assert!(chain.contains(named) && !chain.contains("hunter2"), "{chain}");
        }
        assert!(Encryption::new(&Tls::default()).is_ok(), "a plain connection needs none of it");
    }
}
