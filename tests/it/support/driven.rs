//! A browser that is told what to do: where to go, what to type, what to press. It is spoken to
//! over two pipes (Chrome `DevTools` protocol), messages ending in NUL.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Longest wait for something that should be seen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page; ended with the test.
pub struct Driven {
    child: Child,
    to: File,
    from: BufReader<File>,
    session: String,
    last: u64,
    _profile: TempDir,
}

impl Driven {
    /// Starts one whose window is so wide.
    pub fn start(width: u32) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let [to, from] = ["to", "from"].map(|name| profile.path().join(name));
        for pipe in [&to, &from] {
            assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
        }
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
        ];
        let child = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<\"$TO\" 4>\"$FROM\"", "sh"])
            .args(arguments)
            .arg(format!("--user-data-dir={}", profile.path().join("profile").display()))
            .arg("about:blank")
            .env("TO", &to)
            .env("FROM", &from)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh is there");
        // In the order in which the shell opens them, or both would wait.
        let to = OpenOptions::new().write(true).open(&to).unwrap();
        let from = BufReader::new(File::open(&from).unwrap());
        let session = String::new();
        let mut driven = Self { child, to, from, session, last: 0, _profile: profile };
        let page = driven.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let session = driven.call("Target.attachToTarget", attach);
        driven.session = session["sessionId"].as_str().unwrap().to_owned();
        driven.call("Page.enable", json!({}));
        let (scale, height) = (1, 900);
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false,
        });
        driven.call("Emulation.setDeviceMetricsOverride", size);
        driven
    }

    /// Goes there, and waits until the page is there.
    pub fn go(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url }));
        let there = format!(
            "document.readyState === 'complete' && location.href.startsWith({})",
            json!(url)
        );
        self.wait_for(&there);
    }

    /// What an expression gives on the page.
    pub fn look(&mut self, expression: &str) -> Value {
        let asked = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
        });
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression holds.
    pub fn wait_for(&mut self, expression: &str) {
        let started = Instant::now();
        while self.look(expression) != Value::Bool(true) {
            if started.elapsed() > PATIENCE {
                let body = self.look("document.body.innerText");
                panic!("waited in vain for {expression} on {body}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Types a text where the focus is.
    pub fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Presses a key, by its name and what it writes.
    pub fn press(&mut self, key: &str, text: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            " " => 32,
            _ => panic!("no such key here: {key}"),
        };
        let key = json!({
            "type": "keyDown", "key": key, "code": key, "text": text,
            "windowsVirtualKeyCode": code,
        });
        self.call("Input.dispatchKeyEvent", key.clone());
        let mut up = key;
        up["type"] = json!("keyUp");
        self.call("Input.dispatchKeyEvent", up);
    }

    /// A picture of the whole page, in PNG.
    pub fn picture(&mut self) -> Vec<u8> {
        let how = json!({ "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", how);
        STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }

    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": parameters });
        if !self.session.is_empty() && !method.starts_with("Target.") {
            message["sessionId"] = json!(self.session);
        }
        write!(self.to, "{message}\0").expect("chromium listens: apt-get install chromium");
        loop {
            let mut answer = Vec::new();
            self.from.read_until(0, &mut answer).unwrap();
            assert!(!answer.is_empty(), "chromium is missing or died: apt-get install chromium");
            let answer: Value = serde_json::from_slice(&answer[..answer.len() - 1]).unwrap();
            // What it tells unasked is passed over.
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        // It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
