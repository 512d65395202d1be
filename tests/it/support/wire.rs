//! A wire between the adapter and the emulator that breaks where the test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The near end of the wire. It ends with the test's runtime.
pub struct Wire {
    /// Where to connect instead of the far end.
    pub port: u16,
}

impl Wire {
    /// A wire to `far_port`. The first connection breaks after `cuts[0]` bytes of answers, the
    /// second after `cuts[1]`, and so on; later ones hold. What was asked always arrives, and was
    /// answered before a cut: 0 loses a whole answer.
    pub async fn to(far_port: u16, cuts: &[usize]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cuts = Arc::new(Mutex::new(VecDeque::from(cuts.to_vec())));
        run(async move {
            while let Ok((near, _)) = listener.accept().await {
                let cut = cuts.lock().unwrap().pop_front().unwrap_or(usize::MAX);
                run(connection(near, far_port, cut));
            }
        });
        Self { port }
    }
}

async fn connection(near: TcpStream, far_port: u16, mut left: usize) {
    let far = TcpStream::connect(("127.0.0.1", far_port)).await.unwrap();
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let asking = async { tokio::io::copy(&mut near_in, &mut far_out).await };
    let answering = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = far_in.read(&mut buffer).await {
            let passed = length.min(left);
            if near_out.write_all(&buffer[..passed]).await.is_err() || passed < length {
                break;
            }
            left -= passed;
        }
    };
    tokio::select! {
        _ = asking => {}
        () = answering => {}
    }
}

#[expect(clippy::disallowed_methods, reason = "the test's runtime ends it with the test")]
fn run(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
