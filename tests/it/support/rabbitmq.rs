//! A RabbitMQ node of the test's own: its ports, its folder, its name service; gone with the test.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::support::ports::free_port;

/// Where Debian and the generic archive put the server. Debian's `/usr/sbin/rabbitmq-server` is no
/// use: it changes to a user of its own and drops our environment.
const SERVERS: [&str; 3] = [
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/sbin/rabbitmq-server",
];
const START_TIME_MAX: Duration = Duration::from_secs(90);

/// A running node. Dropping it ends it.
pub struct RabbitMq {
    folder: TempDir,
    port: u16,
    dist_port: u16,
    epmd_port: u16,
    _epmd: Child,
    node: Option<Child>,
    starts: u32,
}

impl RabbitMq {
    /// Starts a node and waits until it serves.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// Starts a node with this in its `rabbitmq.conf`.
    pub async fn start_with(configuration: &str) -> Self {
        let [port, dist_port, epmd_port] = std::array::from_fn(|_| free_port());
        // Erlang's name service outlives the node that starts it, so the node gets one of ours.
        let epmd = Command::new("epmd")
            .args(["-port", &epmd_port.to_string(), "-address", "127.0.0.1"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("epmd is missing: apt-get install -y rabbitmq-server");
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("enabled_plugins"), "[].").unwrap();
        fs::write(folder.path().join("rabbitmq.conf"), configuration).unwrap();
        fs::create_dir(folder.path().join("home")).unwrap();
        let mut rabbit =
            Self { folder, port, dist_port, epmd_port, _epmd: epmd, node: None, starts: 0 };
        rabbit.start_again().await;
        rabbit
    }

    /// Where it serves, with its credentials.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// The port it serves on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Tells the running node something, as an administrator does: `rabbitmqctl ARGS`.
    pub async fn ctl(&self, args: &[&str]) {
        let program = server().with_file_name("rabbitmqctl");
        let node = format!("dsrd-{}@localhost", self.port);
        let mut command = Command::new(program);
        self.environment(&mut command).args(["--quiet", "--node", &node]).args(args);
        let output = command.output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Ends it in order (SIGTERM) and starts it again.
    pub async fn restart_term(&mut self) {
        self.terminate().await;
        self.start_again().await;
    }

    /// Ends it in order and returns once it is gone.
    pub async fn terminate(&mut self) {
        let mut node = self.node.take().expect("the node runs");
        let id = node.id().expect("the node was not waited for").to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        node.wait().await.unwrap();
    }

    /// Ends it at once (SIGKILL).
    pub async fn kill(&mut self) {
        self.node.take().expect("the node runs").kill().await.unwrap();
    }

    /// Starts it after an end, on the same port with the same queues.
    pub async fn start_again(&mut self) {
        assert!(self.node.is_none(), "the node runs");
        self.starts += 1;
        let log = self.folder.path().join(format!("log-{}", self.starts));
        let mut node = self.command(&log).spawn().unwrap();
        let begun = Instant::now();
        while !fs::read_to_string(&log).unwrap_or_default().contains("Server startup complete") {
            let log = || fs::read_to_string(&log).unwrap_or_default();
            assert!(node.try_wait().unwrap().is_none(), "RabbitMQ ended:\n{}", log());
            assert!(begun.elapsed() < START_TIME_MAX, "RabbitMQ did not start:\n{}", log());
            sleep(Duration::from_millis(100)).await;
        }
        self.node = Some(node);
    }

    /// What every program of this node needs to find it, and nothing of our own.
    fn environment<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LANG", "C.UTF-8")
            // Erlang's cookie lives in the home folder.
            .env("HOME", self.folder.path().join("home"))
            .env("ERL_EPMD_PORT", self.epmd_port.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_CRASH_DUMP", self.folder.path().join("crash-dump"))
    }

    fn command(&self, log: &Path) -> Command {
        let path = |name: &str| self.folder.path().join(name);
        let log = File::create(log).unwrap();
        let mut command = Command::new(server());
        self.environment(&mut command)
            .env("RABBITMQ_NODENAME", format!("dsrd-{}@localhost", self.port))
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.port.to_string())
            .env("RABBITMQ_DIST_PORT", self.dist_port.to_string())
            .env("RABBITMQ_MNESIA_BASE", path("data"))
            .env("RABBITMQ_LOG_BASE", path("logs"))
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_PID_FILE", path("pid"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins"))
            .env("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf"))
            .env("RABBITMQ_CONF_ENV_FILE", path("no-environment"))
            // Idle schedulers of Erlang spin; tests share few cores.
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none")
            // Makes the script become the node instead of watching it, so that signals reach it.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true);
        command
    }
}

fn server() -> PathBuf {
    SERVERS
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
        .expect("rabbitmq-server is missing: apt-get install -y rabbitmq-server")
}
