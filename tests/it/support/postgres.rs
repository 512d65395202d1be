//! A PostgreSQL server of the test's own: own folder, own port, ended with the test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;

use crate::support::ports::free_port;

/// A running server.
pub struct Postgres {
    server: Child,
    port: u16,
    /// Goes after the server.
    _folder: TempDir,
}

/// Tries to reach a starting server, a tenth of a second apart.
const TRIES_MAX: u32 = 300;

impl Postgres {
    /// Starts a server and waits until it answers.
    pub async fn start() -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new().prefix("dsrd-pg-").tempdir().unwrap();
        let data = folder.path().join("data");
        if is_root() {
            done(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        done(
            run_as_user(&programs.join("initdb"))
                .args(["--username=dsrd", "--auth=trust", "--encoding=UTF8", "--locale=C"])
                .args(["--no-sync", "--pgdata"])
                .arg(&data),
        );
        let port = free_port();
        let server = run_as_user(&programs.join("postgres"))
            .args(["-h", "127.0.0.1", "-c", "fsync=off", "-p", &port.to_string(), "-k"])
            .arg(folder.path())
            .arg("-D")
            .arg(&data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { server, port, _folder: folder };
        server.connect().await;
        server
    }

    /// The URL of a new, empty database.
    pub async fn database(&self, name: &str) -> String {
        let create = format!("CREATE DATABASE {name}");
        self.connect().await.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
        self.url(name)
    }

    /// The same in an older encoding.
    pub async fn database_in(&self, name: &str, encoding: &str) -> String {
        let create = format!("CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0");
        self.connect().await.execute(sqlx::AssertSqlSafe(create)).await.unwrap();
        self.url(name)
    }

    /// Where it listens, on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://dsrd@127.0.0.1:{}/{database}", self.port)
    }

    async fn connect(&self) -> PgConnection {
        for _ in 0..TRIES_MAX {
            if let Ok(connection) = PgConnection::connect(&self.url("postgres")).await {
                return connection;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("PostgreSQL did not start on port {}", self.port);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGQUIT ends the server's children too; SIGKILL would leave them and their shared memory.
        let pid = self.server.id().to_string();
        let asked = Command::new("kill").args(["-QUIT", &pid]).status();
        if !asked.is_ok_and(|status| status.success()) {
            drop(self.server.kill());
        }
        drop(self.server.wait());
    }
}

/// Where `initdb` and `postgres` are: Debian keeps them off the PATH.
fn programs() -> PathBuf {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = installed.map(|version| version.path().join("bin")).collect();
    folders.sort();
    #[expect(clippy::disallowed_methods, reason = "where programs are is not a setting of ours")]
    let path = std::env::var("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    let found = folders
        .into_iter()
        .rev()
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file());
    found.expect("this test needs PostgreSQL: apt-get install postgresql")
}

/// PostgreSQL refuses to run as root; its package brings a user. The server ends with its parent
/// even where the test is killed.
pub fn run_as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=QUIT"]);
    command.arg(program);
    command
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
