//! What a service manager is told over the socket that it names in our environment: that we serve,
//! that nothing blocks us, that we stop. systemd does so for units of `Type=notify`.

use std::convert::Infallible;
use std::env;
use std::ffi::OsString;
use std::future::pending;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use tracing::warn;

/// Whoever started us and wants to hear of us, if anybody does.
pub struct Supervisor {
    told: Option<(UnixDatagram, PathBuf)>,
    /// How often it wants to hear that we are alive.
    beat: Option<Duration>,
}

impl Supervisor {
    /// As `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` say. What cannot be told is told
    /// to the log: it is no reason not to serve.
    pub fn of_the_environment() -> Self {
        Self::named_by(|name| env::var_os(name))
    }

    fn named_by(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let Some(address) = variable("NOTIFY_SOCKET") else {
            return Self { told: None, beat: None };
        };
        let path = PathBuf::from(address);
        let socket = match path.is_absolute() {
            true => UnixDatagram::unbound(),
            // Abstract names and machines' sockets, which no systemd gives to a system's service.
            false => Err(io::Error::new(io::ErrorKind::Unsupported, "it is no absolute path")),
        };
        let told = socket.map(|socket| (socket, path));
        let told = told.inspect_err(|error| warn!(%error, "NOTIFY_SOCKET is of no use")).ok();
        let number = |name| variable(name)?.to_str()?.parse::<u64>().ok();
        let is_ours = number("WATCHDOG_PID").is_none_or(|id| id == u64::from(std::process::id()));
        // Twice as often as asked for: one beat may be late.
        let beat = number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 1);
        Self { told, beat: beat.map(|micros| Duration::from_micros(micros / 2)) }
    }

    /// Everything is open, and the loops begin.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// Nothing new is begun.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Says again and again that we are alive, in the task of whoever waits for it: where that
    /// stands still, so do the beats.
    pub async fn beats(&self) -> Infallible {
        let Some(beat) = self.beat else { return pending().await };
        loop {
            self.tell("WATCHDOG=1");
            tokio::time::sleep(beat).await;
        }
    }

    fn tell(&self, state: &str) {
        let Some((socket, path)) = &self.told else { return };
        if let Err(error) = socket.send_to(state.as_bytes(), path) {
            warn!(%error, state, "the service manager cannot be told");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn it_tells_whom_the_environment_names_and_beats_as_that_asks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let us = std::process::id().to_string();
        for (pid, beat) in [(None, true), (Some(us.as_str()), true), (Some("1"), false)] {
            let supervisor = of(&path, "30000000", pid);
            supervisor.ready();
            supervisor.stopping();
            let heard = [(); 2].map(|()| heard(&manager));
            assert_eq!(heard, ["READY=1", "STOPPING=1"]);
            let every = Duration::from_secs(15);
            assert_eq!(supervisor.beat, beat.then_some(every), "{pid:?}");
        }
        assert_eq!(of(&path, "nonsense", None).beat, None);
    }

    #[test]
    fn nobody_to_tell_is_no_fault() {
        let nobody = Supervisor::named_by(|_| None);
        nobody.ready();
        assert!(nobody.told.is_none() && nobody.beat.is_none());
        assert!(of(Path::new("@abstract"), "1000", None).told.is_none());
        of(Path::new("/there/is/nothing"), "1000", None).ready();
    }

    fn of(socket: &Path, micros: &str, pid: Option<&str>) -> Supervisor {
        Supervisor::named_by(|name| match name {
            "NOTIFY_SOCKET" => Some(socket.as_os_str().to_owned()),
            "WATCHDOG_USEC" => Some(micros.into()),
            "WATCHDOG_PID" => pid.map(OsString::from),
            _ => None,
        })
    }

    fn heard(manager: &UnixDatagram) -> String {
        let mut bytes = [0; 64];
        let length = manager.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    }
}
