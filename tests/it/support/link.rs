//! The network between a daemon and its broker, which the test can cut or let fall silent.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It carries.
    Whole,
    /// Connections are closed, and none is taken.
    Cut,
    /// Connections stay and carry nothing: neither side hears of it.
    Silent,
}

/// The near end. It ends with the test's runtime.
pub struct Link {
    /// Where to connect instead of the far end.
    pub port: u16,
    state: watch::Sender<State>,
}

impl Link {
    /// A whole network to `far_port`.
    pub async fn to(far_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, _) = watch::channel(State::Whole);
        let states = state.clone();
        run(async move {
            while let Ok((near, _)) = listener.accept().await {
                run(connection(near, far_port, states.subscribe()));
            }
        });
        Self { port, state }
    }

    /// Makes the network so.
    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }
}

async fn connection(near: TcpStream, far_port: u16, mut states: watch::Receiver<State>) {
    if *states.borrow() == State::Cut {
        return;
    }
    let Ok(far) = TcpStream::connect(("127.0.0.1", far_port)).await else { return };
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let cut = states.clone();
    tokio::select! {
        () = carry(near_in, far_out, states.clone()) => {}
        () = carry(far_in, near_out, cut) => {}
        _ = states.wait_for(|state| *state == State::Cut) => {}
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut states: watch::Receiver<State>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let whole = states.wait_for(|state| *state != State::Silent).await.is_ok();
        if !whole || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the test's runtime ends it with the test")]
fn run(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
