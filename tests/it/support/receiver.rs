//! A server of a producer: it keeps what is posted to it and answers as the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The server. Its thread ends with the test's process.
pub struct Receiver {
    pub port: u16,
    posted: Arc<Mutex<Vec<Posted>>>,
}

/// What was posted.
#[derive(Clone)]
pub struct Posted {
    /// Request line and headers, the names in lower case.
    pub head: Vec<String>,
    pub body: Vec<u8>,
}

impl Receiver {
    /// Answers the first request with `answers[0]`, such as `503 Busy\r\nRetry-After: 7`, and so
    /// on; the last answer again and again. To an empty one it keeps silent.
    pub fn start(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let posted = Arc::<Mutex<Vec<Posted>>>::default();
        let (kept, answers) = (Arc::clone(&posted), answers.to_vec());
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let Some(request) = read(&connection) else { continue };
                let count = {
                    let mut kept = kept.lock().unwrap();
                    kept.push(request);
                    kept.len()
                };
                let answer = answers[(count - 1).min(answers.len() - 1)];
                if answer.is_empty() {
                    silent.push(connection);
                    continue;
                }
                let rest = "Connection: close\r\nContent-Length: 2\r\n\r\n{}";
                // Whoever gave up waiting reads no answer.
                write!(connection, "HTTP/1.1 {answer}\r\n{rest}").ok();
            }
        });
        Self { port, posted }
    }

    /// Everything that was posted so far.
    pub fn posted(&self) -> Vec<Posted> {
        self.posted.lock().unwrap().clone()
    }
}

impl Posted {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.iter().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.strip_prefix(": "))
    }
}

fn read(connection: &TcpStream) -> Option<Posted> {
    let mut reader = BufReader::new(connection);
    let (mut head, mut line) = (Vec::new(), String::new());
    while reader.read_line(&mut line).ok()? > 2 {
        let text = line.trim_end().to_owned();
        let named = text.split_once(": ").map(|(n, v)| format!("{}: {v}", n.to_lowercase()));
        head.push(named.unwrap_or(text));
        line.clear();
    }
    let mut posted = Posted { head, body: Vec::new() };
    let length = posted.header("content-length")?.parse().unwrap();
    posted.body.resize(length, 0);
    reader.read_exact(&mut posted.body).ok()?;
    Some(posted)
}
