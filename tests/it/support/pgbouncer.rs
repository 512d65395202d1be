//! A pooler between a daemon and PostgreSQL: own folder, own port, ended with the test.

use std::path::Path;
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::support::ports::free_port;
use crate::support::postgres::{Postgres, run_as_user};
use crate::support::program::wait_for;

/// A running pooler.
pub struct PgBouncer {
    pooler: Child,
    port: u16,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts one that pools by `session`, `transaction` or `statement`.
    pub fn start(server: &Postgres, mode: &str) -> Self {
        let program = Path::new("/usr/sbin/pgbouncer");
        assert!(program.is_file(), "this test needs PgBouncer: apt-get install pgbouncer");
        let folder = tempfile::Builder::new().prefix("dsrd-pool-").tempdir().unwrap();
        let (port, users) = (free_port(), folder.path().join("users"));
        std::fs::write(&users, "\"dsrd\" \"\"\n").unwrap();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\npool_mode = {mode}\n\
             ignore_startup_parameters = extra_float_digits\n",
            server.port(),
            users.display()
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).unwrap();
        open_to_all(folder.path());
        let mut command = run_as_user(program);
        command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let pooler = command.spawn().unwrap();
        let pooler = Self { pooler, port, _folder: folder };
        wait_for("PgBouncer", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        pooler
    }

    /// The URL of a database behind it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://dsrd@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.pooler.kill());
        drop(self.pooler.wait());
    }
}

/// It runs as another user.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}
