//! Decisions on the page of a request: who may take them, by which tokens and which forms; and a
//! browser that takes one, behind a proxy that signs people in.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::{Client, Response as Answer};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::driven::Driven;
use crate::support::ports::free_port;
use crate::support::program::{Daemon, Home, json_in, wait_for};

const ISSUER: &str = "https://login.example/v2.0";
const AUDIENCE: &str = "api://dsrd";
const ACTOR: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
const FORM: &str = "application/x-www-form-urlencoded";

/// Whoever signs tokens, and under which id its key is known.
struct Issuer {
    key: EncodingKey,
    id: &'static str,
}

impl Issuer {
    fn new(id: &'static str) -> Self {
        // In PKCS#1, as others read it.
        let script = "openssl genrsa -traditional 2048 2>/dev/null \
                      | openssl rsa -traditional -outform DER 2>/dev/null";
        let made = Command::new("sh").args(["-c", script]).output().unwrap();
        assert!(made.status.success(), "openssl is there");
        Self { key: EncodingKey::from_rsa_der(&made.stdout), id }
    }

    fn public(&self) -> Value {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.key, Algorithm::RS256).unwrap())
                .unwrap();
        jwk["kid"] = json!(self.id);
        jwk["use"] = json!("sig");
        jwk
    }

    fn header(&self) -> Header {
        Header { kid: Some(self.id.to_owned()), ..Header::new(Algorithm::RS256) }
    }

    fn sign(&self, claims: &Value) -> String {
        encode(&self.header(), claims, &self.key).unwrap()
    }
}

/// What a good token says.
fn claims() -> Value {
    let now = Timestamp::now().as_second();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "exp": now + 600, "nbf": now - 5, "iat": now - 5,
        "sub": "pairwise", "oid": ACTOR, "roles": ["dsrd.reader"],
    })
}

fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (key, value) in changes.as_object().unwrap() {
        claims[key] = value.clone();
    }
    claims
}

fn without(key: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().shift_remove(key);
    claims
}

/// A daemon that holds an erasure of two items, `r-1`, and listens to operators.
struct Held {
    home: Home,
    daemon: Option<Daemon>,
    issuer: Issuer,
    port: u16,
    /// What browsers call the place of the page by.
    origin: String,
    more: Vec<(&'static str, String)>,
}

impl Held {
    fn new(more: &[(&'static str, &str)]) -> Self {
        let home = Home::new();
        home.put("LocalUpload/a.txt", "zyxcanary.q7@example.com");
        home.put("LocalUpload/b.txt", "zyxcanary.q7@example.com");
        let issuer = Issuer::new("k-1");
        home.write("keys.json", &json!({ "keys": [issuer.public()] }).to_string());
        let origin = format!("http://localhost:{}", free_port());
        let more = more.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let mut held = Self { home, daemon: None, issuer, port: free_port(), origin, more };
        held.start();
        let erasure = [("email", "zyxcanary.q7@example.com")];
        held.submit("r-1", &erasure);
        held.home.wait_for_event("r-1", "held");
        held
    }

    fn submit(&self, id: &str, identities: &[(&str, &str)]) {
        let path = self.home.request(id, "erasure", identities);
        self.send(id, &fs::read(path).unwrap());
    }

    /// An erasure of two items, submitted then.
    fn submit_at(&self, id: &str, submitted: Timestamp) {
        let address = format!("{id}@example.com");
        for item in ["a", "b"] {
            self.home.put(&format!("{id}/{item}.txt"), &address);
        }
        let path = self.home.request(id, "erasure", &[("email", &address)]);
        let mut request = json_in(&path);
        request["submitted_time"] = json!(submitted);
        self.send(id, request.to_string().as_bytes());
    }

    fn send(&self, id: &str, bytes: &[u8]) {
        fs::create_dir_all(self.home.path("dsrd-data/queue/incoming")).unwrap();
        let place = self.home.path(&format!("dsrd-data/queue/incoming/{id}.json"));
        let beside = self.home.path(&format!("{id}.tmp"));
        fs::write(&beside, bytes).unwrap();
        fs::rename(beside, place).unwrap();
    }

    fn start(&mut self) {
        let listen = format!("127.0.0.1:{}", self.port);
        let mut settings = vec![
            ("DSRD__HTTP__LISTEN", listen.as_str()),
            ("DSRD__HTTP__OPERATORS__ORIGIN", &self.origin),
            ("DSRD__HTTP__OPERATORS__ISSUER", ISSUER),
            ("DSRD__HTTP__OPERATORS__AUDIENCE", AUDIENCE),
            ("DSRD__HTTP__OPERATORS__KEYS_FILE", "keys.json"),
            ("DSRD__HTTP__OPERATORS__ACTOR_CLAIM", "oid"),
            ("DSRD__HTTP__OPERATORS__ACTORS__0", ACTOR),
            ("DSRD__HTTP__OPERATORS__GROUPS__0", "dsrd.operator"),
            ("DSRD__GUARD__ITEMS_MAX", "1"),
        ];
        settings.extend(self.more.iter().map(|(key, value)| (*key, value.as_str())));
        let daemon = self.home.start(&[], &settings);
        wait_for("the daemon to serve", || daemon.log().contains("serving"));
        self.daemon = Some(daemon);
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Waits until so many are on the page: one says that it serves before it is noted.
    async fn shows_daemons(&self, count: usize) {
        let begun = Instant::now();
        loop {
            let page = reqwest::get(self.url("/")).await.unwrap().text().await.unwrap();
            let shown = page.matches("<tr id=\"daemon-").count();
            if shown == count {
                return;
            }
            assert!(shown < count && begun.elapsed() < Duration::from_secs(60), "{page}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn page(&self, id: &str, token: &str) -> String {
        let request = Client::new().get(self.url(&format!("/requests/{id}")));
        let answer = request.bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    }

    /// The seal of the form that is on the page for the bearer of that token.
    async fn seal(&self, id: &str, token: &str) -> String {
        let html = self.page(id, token).await;
        let seal = html.split("name=\"seal\" value=\"").nth(1).unwrap_or_else(|| panic!("{html}"));
        seal.split('"').next().unwrap().to_owned()
    }

    async fn post(&self, id: &str, sent: Sent<'_>) -> Answer {
        let url = self.url(&format!("/requests/{id}/decisions"));
        let form = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut request = form.post(url).header("content-type", sent.content);
        for (name, value) in &sent.headers {
            request = request.header(*name, value);
        }
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("seal", sent.seal), ("decision", sent.word), ("reason", sent.reason)]
        {
            body.append_pair(name, value);
        }
        request.body(body.finish()).send().await.unwrap()
    }

    /// A form as the browser of whoever bears that token would send it.
    fn good<'a>(&self, token: &str, seal: &'a str, word: &'a str) -> Sent<'a> {
        let headers = vec![
            ("authorization", format!("Bearer {token}")),
            ("origin", self.origin.clone()),
            ("sec-fetch-site", "same-origin".to_owned()),
        ];
        Sent { headers, seal, word, reason: "Looked at the plan", content: FORM }
    }

    /// What `dsrd status` tells of the request.
    fn status(&self, id: &str) -> Map<String, Value> {
        let told = self.home.done(&["status", id, "--json"]);
        serde_json::from_str(&told).unwrap()
    }

    fn decisions(&self, id: &str) -> Vec<Value> {
        let told = self.status(id);
        told.get("decisions").and_then(Value::as_array).cloned().unwrap_or_default()
    }
}

/// A form that is sent.
struct Sent<'a> {
    headers: Vec<(&'static str, String)>,
    seal: &'a str,
    word: &'a str,
    reason: &'a str,
    content: &'a str,
}

impl Sent<'_> {
    /// The same with another header of that name; with none, where the value is empty.
    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        if !value.is_empty() {
            self.headers.push((name, value.to_owned()));
        }
        self
    }
}

#[tokio::test]
async fn who_is_allowed_decides_once_and_is_in_the_ledger() {
    let held = Held::new(&[]);
    let token = held.issuer.sign(&claims());
    let html = held.page("r-1", &token).await;
    for offered in ["value=\"approve\"", "value=\"reject\"", "value=\"cancel\"", ACTOR] {
        assert!(html.contains(offered), "{offered}: {html}");
    }
    // What the state does not admit is not offered; and the form's text outlives no reload.
    assert!(!html.contains("value=\"retry\"") && !html.contains("http-equiv"), "{html}");
    let seal = held.seal("r-1", &token).await;
    // Twice at once, as a double click does; and once more, as whoever reloads.
    let twice = tokio::join!(
        held.post("r-1", held.good(&token, &seal, "approve")),
        held.post("r-1", held.good(&token, &seal, "approve")),
    );
    let again = held.post("r-1", held.good(&token, &seal, "approve")).await;
    for answer in [twice.0, twice.1, again] {
        assert_eq!(answer.status(), 303);
        assert_eq!(answer.headers()["location"], "/requests/r%2D1#decisions");
    }
    held.home.wait_for_event("r-1", "completed");
    let decisions = held.decisions("r-1");
    assert_eq!(decisions.len(), 1, "{decisions:?}");
    assert_eq!(decisions[0]["actor"], ACTOR);
    assert_eq!(
        (&decisions[0]["decision"], &decisions[0]["reason"]),
        (&json!("approved"), &json!("Looked at the plan"))
    );
    // Late, and another way: the request has moved on.
    let late = held.post("r-1", held.good(&token, &seal, "reject")).await;
    assert_eq!(late.status(), 409);
    let html = late.text().await.unwrap();
    assert!(html.contains("It was not decided: it has moved on meanwhile and is completed"));
    assert_eq!(held.decisions("r-1").len(), 1);
    // Nothing is on dead letters, nothing in the list that was none.
    let all = held.home.done(&["status", "--json"]);
    assert_eq!(all.matches("subject_request_id").count(), 1, "{all}");
    let log = held.daemon.as_ref().unwrap().log();
    assert!(log.contains("decided: approve") && !log.contains("Looked at the plan"), "{log}");
    for secret in [token.as_str(), &seal, "zyxcanary"] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn more_time_is_offered_as_long_as_it_can_be_had() {
    let held = Held::new(&[]);
    let token = held.issuer.sign(&claims());
    for (id, hours, is_offered) in [("r-soon", 24, true), ("r-over", 24 * 40, false)] {
        let submitted = Timestamp::now() - SignedDuration::from_hours(hours);
        held.submit_at(id, submitted);
        held.home.wait_for_event(id, "held");
        let html = held.page(id, &token).await;
        assert!(html.contains("value=\"approve\""), "{html}");
        assert_eq!(html.contains("value=\"extend\""), is_offered, "{id}: {html}");
    }
    let seal = held.seal("r-soon", &token).await;
    let answer = held.post("r-soon", held.good(&token, &seal, "extend")).await;
    assert_eq!(answer.status(), 303);
    let html = held.page("r-soon", &token).await;
    assert!(html.contains("value=\"approve\"") && !html.contains("value=\"extend\""), "{html}");
}

#[tokio::test]
async fn a_form_that_comes_too_slowly_is_not_waited_for() {
    let held = Held::new(&[]);
    let mut stream = TcpStream::connect(("127.0.0.1", held.port)).await.unwrap();
    let head = "POST /requests/r-1/decisions HTTP/1.1\r\nHost: localhost\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50\r\n\r\nseal=";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let read = tokio::time::timeout(Duration::from_secs(60), stream.read_exact(&mut answer)).await;
    read.expect("it is answered long before the connection's time is over").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
}

/// Tokens that the issuer did not sign, or not so.
fn forged(issuer: &Issuer, good: &str) -> Vec<(&'static str, String)> {
    let stranger = Issuer::new(issuer.id);
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let public = issuer.public();
    let by_secret = |secret: &[u8]| {
        let header = Header { kid: Some(issuer.id.to_owned()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims(), &EncodingKey::from_secret(secret).unwrap()).unwrap()
    };
    let modulus = URL_SAFE_NO_PAD.decode(public["n"].as_str().unwrap()).unwrap();
    let under = |header: Header, key: &EncodingKey| encode(&header, &claims(), key).unwrap();
    let named = |id: Option<&str>| {
        under(Header { kid: id.map(str::to_owned), ..issuer.header() }, &issuer.key)
    };
    let critical = Header { crit: Some(vec!["exp".to_owned()]), ..issuer.header() };
    let of_384 = Header { alg: Algorithm::RS384, ..issuer.header() };
    let inline =
        Header { jwk: Some(serde_json::from_value(stranger.public()).unwrap()), ..issuer.header() };
    let (body, signature) = good.rsplit_once('.').unwrap();
    let (head, _) = body.split_once('.').unwrap();
    let none =
        |alg: &str| format!("{}.{}.", part(json!({ "alg": alg, "kid": "k-1" })), part(claims()));
    vec![
        ("nothing", String::new()),
        ("no token", "token".to_owned()),
        ("no signature", format!("{body}.")),
        ("alg none", none("none")),
        ("alg nOnE", none("nOnE")),
        ("alg none with a signature", format!("{}{signature}", none("none"))),
        ("HS256 with the public modulus", by_secret(&modulus)),
        ("HS256 with the public key as JSON", by_secret(public.to_string().as_bytes())),
        ("claims changed", format!("{head}.{}.{signature}", part(with(json!({"a": 1}))))),
        ("another key under its id", stranger.sign(&claims())),
        ("a key that it brings along", under(inline, &stranger.key)),
        ("an unknown id", named(Some("k-2"))),
        ("no id", named(None)),
        ("another algorithm of the key", under(of_384, &issuer.key)),
        ("critical header", under(critical, &issuer.key)),
        ("too long", format!("{good}{}", "A".repeat(20_000))),
    ]
}

/// What the issuer signed, but not for us, not for now or not for an operator.
fn misused() -> Vec<(&'static str, Value, u16)> {
    let now = Timestamp::now().as_second();
    vec![
        ("another issuer", with(json!({"iss": "https://login.example"})), 401),
        ("no issuer", without("iss"), 401),
        ("another audience", with(json!({"aud": "api://other"})), 401),
        ("other audiences", with(json!({"aud": ["a", "api://dsrd/x"]})), 401),
        ("no audience", without("aud"), 401),
        ("expired", with(json!({"exp": now - 31})), 401),
        ("no expiry", without("exp"), 401),
        ("expiry as text", with(json!({"exp": "never"})), 401),
        ("not yet", with(json!({"nbf": now + 90})), 401),
        ("issued in the future", with(json!({"iat": now + 90})), 401),
        ("no actor", without("oid"), 401),
        ("an actor that is a list", with(json!({"oid": [ACTOR]})), 401),
        ("an actor that drives terminals", with(json!({"oid": "a\u{1b}[m"})), 401),
        ("no operator", with(json!({"oid": "mallory"})), 403),
        ("named in another claim", with(json!({"oid": "m", "sub": ACTOR})), 403),
        ("an actor as a group", with(json!({"oid": "m", "roles": [ACTOR]})), 403),
        ("a part of a group", with(json!({"oid": "m", "roles": ["dsrd"]})), 403),
    ]
}

#[tokio::test]
async fn tokens_that_are_not_to_be_trusted_are_not() {
    let held = Held::new(&[]);
    let good = held.issuer.sign(&claims());
    let seal = held.seal("r-1", &good).await;
    let forged = forged(&held.issuer, &good).into_iter();
    let misused = misused().into_iter();
    let misused = misused.map(|(what, claims, status)| (what, held.issuer.sign(&claims), status));
    let table = forged.map(|(what, token)| (what, token, 401)).chain(misused);
    for (what, token, status) in table {
        let mut sent = held.good(&token, &seal, "approve");
        if token.is_empty() {
            sent = sent.header("authorization", "");
        }
        let answer = held.post("r-1", sent).await;
        assert_eq!(answer.status(), status, "{what}");
        assert_eq!(answer.headers().contains_key("www-authenticate"), status == 401, "{what}");
        let html = answer.text().await.unwrap();
        assert!(html.contains("It was not decided") && !html.contains("<form"), "{what}: {html}");
        assert!(!html.contains("mallory"), "{what}");
        // Nor is he given a form.
        let url = held.url("/requests/r-1");
        let page = Client::new().get(url).bearer_auth(&token).send().await.unwrap();
        assert!(!page.text().await.unwrap().contains("<form"), "{what}");
    }
    for twice in [good.as_str(), "x"] {
        let mut sent = held.good(&good, &seal, "approve");
        sent.headers.push(("authorization", format!("Bearer {twice}")));
        assert_eq!(held.post("r-1", sent).await.status(), 401);
    }
    let basic = held.good(&good, &seal, "approve").header("authorization", "Basic bWFyaWE6eA==");
    assert_eq!(held.post("r-1", basic).await.status(), 401);
    assert!(held.decisions("r-1").is_empty());
    // Of a group, and by a clock that is a little ahead.
    let ahead = Timestamp::now().as_second() + 20;
    let member = with(json!({"oid": "maria", "roles": ["a", "dsrd.operator"], "iat": ahead}));
    let member = held.issuer.sign(&member);
    let seal = held.seal("r-1", &member).await;
    assert_eq!(held.post("r-1", held.good(&member, &seal, "reject")).await.status(), 303);
    assert_eq!(held.decisions("r-1")[0]["actor"], "maria");
}

#[tokio::test]
async fn a_form_is_taken_only_from_the_page_it_was_on() {
    let mut held = Held::new(&[]);
    let token = held.issuer.sign(&claims());
    let other = held.issuer.sign(&with(json!({"oid": "maria", "roles": ["dsrd.operator"]})));
    let seal = held.seal("r-1", &token).await;
    let others = held.seal("r-1", &other).await;
    let good = || held.good(&token, &seal, "approve");
    let other_digit = if seal.ends_with('0') { '1' } else { '0' };
    let forged = format!("{}{other_digit}", &seal[..seal.len() - 1]);
    let table = [
        ("no origin", good().header("origin", ""), 403),
        ("another origin", good().header("origin", "https://evil.example"), 403),
        ("no origin to be told", good().header("origin", "null"), 403),
        ("the daemon's own address", good().header("origin", &held.url("")), 403),
        ("another site", good().header("sec-fetch-site", "cross-site"), 403),
        ("a site beside it", good().header("sec-fetch-site", "same-site"), 403),
        ("no seal", Sent { seal: "", ..good() }, 403),
        ("a seal that was changed", Sent { seal: &forged, ..good() }, 403),
        ("somebody else's seal", Sent { seal: &others, ..good() }, 403),
        ("JSON", Sent { content: "application/json", ..good() }, 415),
        ("plain text, which any site may send", Sent { content: "text/plain", ..good() }, 415),
        ("no reason", Sent { reason: " \n", ..good() }, 422),
        ("a reason that is too long", Sent { reason: &"x".repeat(1_001), ..good() }, 422),
        ("a reason that drives terminals", Sent { reason: "a\u{1b}[31m", ..good() }, 422),
        ("no decision", Sent { word: "", ..good() }, 422),
        ("an unknown decision", Sent { word: "erase", ..good() }, 422),
        ("one that the state does not admit", Sent { word: "retry", ..good() }, 409),
        ("a flood", Sent { reason: &"x".repeat(70_000), ..good() }, 413),
    ];
    for (what, sent, status) in table {
        let answer = held.post("r-1", sent).await;
        assert_eq!(answer.status(), status, "{what}");
        assert!(answer.headers().contains_key("content-security-policy"), "{what}");
    }
    for (id, status) in [("r-2", 404), ("%3Cscript%3E", 404), ("..%2Fr-1", 404), ("a%0Ab", 404)] {
        let html = held.post(id, good()).await;
        assert_eq!(html.status(), status, "{id}");
        assert!(!html.text().await.unwrap().contains("<script>alert"), "{id}");
    }
    // What was written is not lost, and is no HTML.
    let hostile = "</textarea><script>alert(1)</script>\u{7}";
    let answer = held.post("r-1", Sent { reason: hostile, ..good() }).await;
    let html = answer.text().await.unwrap();
    assert!(html.contains("&lt;/textarea&gt;&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
    assert!(!html.contains("<script>alert"), "{html}");
    assert!(held.decisions("r-1").is_empty());
    // Another daemon on the same ledger takes what this one gave, and one with another key does not.
    drop(held.daemon.take());
    held.start();
    let empty = Sent { word: "", ..held.good(&token, &seal, "approve") };
    assert_eq!(held.post("r-1", empty).await.status(), 422);
    // Several lines come with the line ends of forms.
    let seal = held.seal("r-1", &token).await;
    let lines = Sent { reason: "one\r\ntwo <b>", ..held.good(&token, &seal, "cancel") };
    assert_eq!(held.post("r-1", lines).await.status(), 303);
    assert_eq!(held.decisions("r-1")[0]["reason"], "one\ntwo <b>");
    let html = held.page("r-1", &token).await;
    assert!(!html.contains("<form") && !html.contains("two"), "{html}");
}

/// Answered is ledgered: whatever becomes of the daemon in the same moment.
#[tokio::test]
async fn a_decision_survives_the_daemon() {
    let mut held = Held::new(&[]);
    let token = held.issuer.sign(&claims());
    let seal = held.seal("r-1", &token).await;
    let answer = held.post("r-1", held.good(&token, &seal, "approve")).await;
    held.daemon.as_mut().unwrap().kill();
    assert_eq!(answer.status(), 303);
    held.start();
    held.home.wait_for_event("r-1", "completed");
    assert_eq!(held.decisions("r-1").len(), 1);
    assert_eq!(held.home.names(), Vec::<String>::new());
    // The one that was killed is still told of, for a minute; the one that stops is not.
    held.shows_daemons(2).await;
    let page = reqwest::get(held.url("/")).await.unwrap().text().await.unwrap();
    for part in ["ledger", "queue", "exports", "source run-history"] {
        assert!(page.contains(&format!(">{part}</th>")), "{part}: {page}");
    }
    let metrics = reqwest::get(held.url("/metrics")).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("\ndsrd_daemons 2\n"), "{metrics}");
    drop(held.daemon.take().map(|daemon| daemon.end("-TERM")));
    held.start();
    held.shows_daemons(2).await;
}

/// Without keys nobody is known, and nobody is taken for somebody.
#[tokio::test]
async fn without_the_issuers_keys_nobody_decides() {
    for keys in [None, Some("{}"), Some("{\"keys\":[]}"), Some("no JSON")] {
        let mut held = Held::new(&[]);
        let token = held.issuer.sign(&claims());
        let seal = held.seal("r-1", &token).await;
        drop(held.daemon.take());
        let path = held.home.path("keys.json");
        match keys {
            Some(text) => fs::write(path, text).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        held.start();
        let (status, why) = match keys {
            Some("{\"keys\":[]}") => (401, "the issuer has no such key"),
            _ => (503, "the issuer&#39;s keys cannot be had now"),
        };
        let answer = held.post("r-1", held.good(&token, &seal, "approve")).await;
        assert_eq!(answer.status(), status, "{keys:?}");
        assert!(answer.text().await.unwrap().contains(why), "{keys:?}");
        let page = held.page("r-1", &token).await;
        assert!(page.contains("No decision can be taken") && !page.contains("<form"), "{page}");
        assert!(held.decisions("r-1").is_empty());
    }
}

/// Where messages must be signed the daemon vouches for what it was told on the page.
#[tokio::test]
async fn decisions_are_signed_where_messages_must_be() {
    let key = Command::new("sh")
        .args(["-c", "openssl genpkey -algorithm ed25519 | openssl pkey -pubout"])
        .output()
        .unwrap();
    let pem = String::from_utf8(key.stdout).unwrap();
    let mut held = Held::new(&[]);
    drop(held.daemon.take());
    held.more.push(("DSRD__QUEUE__TRUSTED_KEYS__TICKETING", pem));
    held.start();
    let token = held.issuer.sign(&claims());
    let seal = held.seal("r-1", &token).await;
    for _ in 0..2 {
        let answer = held.post("r-1", held.good(&token, &seal, "reject")).await;
        assert_eq!(answer.status(), 303);
        // Signed in another second it is another message, and still the same decision.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    let decisions = held.decisions("r-1");
    assert_eq!(decisions.len(), 1);
    let shown = held.home.done(&["config", "--public-key"]);
    let id = shown.lines().next().unwrap().strip_prefix("Key id: ").unwrap();
    assert!(json!(decisions[0]).to_string().contains(id), "{decisions:?}");
}

/// The issuer's address: asked once, asked again for a key that is new, and not asked by whoever
/// makes tokens up.
#[tokio::test]
async fn keys_come_from_the_issuer_and_are_asked_for_rarely() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let issuer = Issuer::new("k-1");
    let (asked, keys) = (Arc::new(AtomicUsize::new(0)), json!({ "keys": [issuer.public()] }));
    let count = Arc::clone(&asked);
    let answer = async move || {
        count.fetch_add(1, Ordering::Relaxed);
        keys.to_string()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let served = axum::serve(listener, Router::new().route("/keys", axum::routing::get(answer)));
    let test = async {
        let mut held = Held::new(&[]);
        drop(held.daemon.take());
        held.issuer = issuer;
        let path = held.home.path("keys.json");
        fs::remove_file(path).unwrap();
        let listen = format!("127.0.0.1:{}", held.port);
        let daemon = held.home.start(
            &[],
            &[
                ("DSRD__HTTP__LISTEN", &listen),
                ("DSRD__HTTP__OPERATORS__ORIGIN", &held.origin),
                ("DSRD__HTTP__OPERATORS__ISSUER", ISSUER),
                ("DSRD__HTTP__OPERATORS__AUDIENCE", AUDIENCE),
                ("DSRD__HTTP__OPERATORS__KEYS_URL", &url),
                ("DSRD__HTTP__OPERATORS__HEADER", "X-Forwarded-Access-Token"),
                ("DSRD__HTTP__OPERATORS__ACTORS__0", "pairwise"),
            ],
        );
        wait_for("the daemon to serve", || daemon.log().contains("serving"));
        let look = async |token: &str| {
            let request = Client::new().get(held.url("/requests/r-1"));
            let answer = request.header("x-forwarded-access-token", token).send().await.unwrap();
            answer.text().await.unwrap()
        };
        let good = held.issuer.sign(&claims());
        for _ in 0..3 {
            assert!(look(&good).await.contains("<form"));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        let unknown = Issuer::new("k-9").sign(&claims());
        for _ in 0..5 {
            assert!(look(&unknown).await.contains("the issuer has no such key"));
        }
        assert_eq!(asked.load(Ordering::Relaxed), 1, "within half a minute it is not asked again");
    };
    tokio::select! { () = test => {}, served = async { served.await } => served.unwrap() }
}

/// A proxy that signs everybody in as the bearer of this token.
#[derive(Clone)]
struct Proxy {
    to: String,
    token: String,
    client: Client,
}

async fn hand_on(State(proxy): State<Proxy>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().unwrap();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let mut on = proxy.client.request(head.method, format!("{}{path}", proxy.to)).body(body);
    for (name, value) in &head.headers {
        on = on.header(name, value);
    }
    let answer =
        on.header("authorization", format!("Bearer {}", proxy.token)).send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name != "transfer-encoding" && name != "connection" {
            response = response.header(name, value);
        }
    }
    response.body(Body::from_stream(answer.bytes_stream())).unwrap()
}

/// By keyboard alone, and while something else changes: what is typed stays, where the focus is it
/// stays, and the decision is taken once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_decides_behind_a_proxy_and_sees_what_becomes_of_it() {
    let held = Held::new(&[]);
    let token = held.issuer.sign(&claims());
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let proxy = Proxy { to: held.url(""), token, client };
    let place = held.origin.strip_prefix("http://localhost").unwrap();
    let listener = TcpListener::bind(format!("127.0.0.1{place}")).await.unwrap();
    let served = axum::serve(listener, Router::new().fallback(hand_on).with_state(proxy));
    let driven = tokio::task::spawn_blocking(move || drive(&held));
    tokio::select! {
        driven = driven => driven.unwrap(),
        served = async { served.await } => served.unwrap(),
    }
}

fn drive(held: &Held) {
    let mut browser = Driven::start(1200);
    let overview = format!("{}/", held.origin);
    browser.go(&overview);
    keep_picture(&mut browser, "overview-1200");
    browser.wait_for("document.querySelector('#row-r-1 .word').textContent === 'held'");
    browser.look("window.mark = document.querySelector('#row-r-1 a'); mark.focus()");
    // Another comes, and the page tells of it by itself; what was there is there still.
    held.submit("r-2", &[("email", "somebody.else@example.com")]);
    browser.wait_for("document.querySelector('#row-r-2') !== null");
    assert_eq!(browser.look("document.activeElement === mark && mark.isConnected"), true);

    browser.go(&format!("{}/requests/r-1", held.origin));
    keep_picture(&mut browser, "request-1200");
    // The first thing that the keyboard comes to leads past all others.
    browser.press("Tab", "");
    assert_eq!(browser.look("document.activeElement.className"), "skip");
    assert_eq!(browser.look("getComputedStyle(document.activeElement).outlineStyle"), "solid");
    browser.look("document.getElementById('reason').focus()");
    browser.write("The plan is ri");
    held.submit("r-3", &[("email", "one.more@example.com")]);
    // Something changed elsewhere, and the page was looked at again meanwhile.
    browser.look("window.before = document.querySelector('header').textContent");
    held.home.wait_for_event("r-3", "completed");
    std::thread::sleep(Duration::from_millis(2_500));
    browser.write("ght");
    assert_eq!(browser.look("document.activeElement.id"), "reason");
    assert_eq!(browser.look("document.getElementById('reason').value"), "The plan is right");
    browser.press("Tab", "");
    assert_eq!(browser.look("document.activeElement.id"), "decide-approve");
    browser.press("Enter", "\r");
    browser.wait_for("document.getElementById('decisions') !== null");
    held.home.wait_for_event("r-1", "completed");
    // It comes to its end before our eyes, and there is nothing to be decided any more.
    browser.wait_for("document.querySelector('dd .word').textContent === 'completed'");
    assert_eq!(browser.look("document.querySelector('form') === null"), true);
    let decisions = held.decisions("r-1");
    assert_eq!((decisions.len(), &decisions[0]["reason"]), (1, &json!("The plan is right")));
}

/// Nothing runs out of a phone's page, and everything has its name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_fit_on_a_phone() {
    let held = Held::new(&[]);
    let token = held.issuer.sign(&claims());
    let proxy = Proxy { to: held.url(""), token, client: Client::new() };
    let place = held.origin.strip_prefix("http://localhost").unwrap();
    let listener = TcpListener::bind(format!("127.0.0.1{place}")).await.unwrap();
    let served = axum::serve(listener, Router::new().fallback(hand_on).with_state(proxy));
    let driven = tokio::task::spawn_blocking(move || {
        let mut browser = Driven::start(360);
        for (path, name) in [("/", "overview"), ("/requests", "list"), ("/requests/r-1", "request")]
        {
            browser.go(&format!("{}{path}", held.origin));
            keep_picture(&mut browser, &format!("{name}-360"));
            let width = browser.look("document.documentElement.scrollWidth");
            assert_eq!(width, 360, "{path}");
            let nameless = "[...document.querySelectorAll('input:not([type=hidden]), textarea, \
                            select')].filter((it) => !it.labels.length).length";
            assert_eq!(browser.look(nameless), 0, "{path}");
            let small = "[...document.querySelectorAll('.counter button')].filter((it) => \
                         it.getBoundingClientRect().height < 44).length";
            assert_eq!(browser.look(small), 0, "{path}");
        }
    });
    tokio::select! {
        driven = driven => driven.unwrap(),
        served = async { served.await } => served.unwrap(),
    }
}

/// For whoever wants to see them: `DSRD_TEST_PICTURES` names a folder.
fn keep_picture(browser: &mut Driven, name: &str) {
    let picture = browser.picture();
    assert!(picture.starts_with(b"\x89PNG"));
    if let Some(folder) = std::env::var_os("DSRD_TEST_PICTURES") {
        fs::write(std::path::Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
    }
}
