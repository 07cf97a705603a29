//! Tells systemd how the service is (sd_notify(3)).

use std::env;
use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::clock::{Micros, monotonic};
use crate::{Errno, Error};

/// What can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State<'a> {
    /// Start-up or reload is complete.
    Ready,
    /// A reload begins.
    Reloading,
    /// A stop begins.
    Stopping,
    /// Still alive.
    Watchdog,
    /// One line for people.
    Status(&'a str),
    /// This process is the service, not the one that was started.
    MainProcess(u32),
}

impl State<'_> {
    fn text(self) -> String {
        match self {
            Self::Ready => "READY=1".into(),
            Self::Reloading => format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic().0),
            Self::Stopping => "STOPPING=1".into(),
            Self::Watchdog => "WATCHDOG=1".into(),
            Self::Status(text) => format!("STATUS={}", text.replace('\n', " ")),
            Self::MainProcess(pid) => format!("MAINPID={pid}"),
        }
    }
}

/// The way to systemd.
#[derive(Debug)]
pub struct Notifier {
    socket: UnixDatagram,
    address: SocketAddr,
}

impl Notifier {
    /// Finds it in `NOTIFY_SOCKET`; none when systemd did not start us.
    pub fn from_environment() -> Result<Option<Self>, Error> {
        env::var_os("NOTIFY_SOCKET")
            .filter(|name| !name.is_empty())
            .map(|name| Self::to(&name))
            .transpose()
    }

    /// The socket at this path, or in the abstract name space when the name begins with "@".
    pub fn to(name: &OsStr) -> Result<Self, Error> {
        let address = match name.as_bytes() {
            [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest),
            _ => SocketAddr::from_pathname(name),
        };
        let open = |address| {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            Ok(Self { socket, address })
        };
        address
            .and_then(open)
            .map_err(|error| Errno::from(error).at("open", "notify socket"))
    }

    /// Tells these states in one message.
    pub fn send(&self, states: &[State<'_>]) -> Result<(), Error> {
        let lines: Vec<String> = states.iter().map(|state| state.text()).collect();
        self.socket
            .send_to_addr(lines.join("\n").as_bytes(), &self.address)
            .map_err(|error| Errno::from(error).at("send to", "notify socket"))?;
        Ok(())
    }
}

/// How often systemd wants [`State::Watchdog`] at least, from `WATCHDOG_USEC`; none when not at all, or
/// when `WATCHDOG_PID` names another process.
pub fn watchdog_interval() -> Option<Micros> {
    let number = |name| env::var(name).ok()?.parse::<u64>().ok();
    let process = number("WATCHDOG_PID").unwrap_or_else(|| u64::from(std::process::id()));
    let interval = number("WATCHDOG_USEC").filter(|interval| *interval > 0)?;
    (process == u64::from(std::process::id())).then_some(Micros(interval))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_arrive_in_one_message() {
        let name = format!("standfast-notify-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let systemd = UnixDatagram::bind_addr(&address).unwrap();
        let notifier = Notifier::to(OsStr::new(&format!("@{name}"))).unwrap();
        notifier
            .send(&[
                State::Ready,
                State::Status("two\nlines"),
                State::MainProcess(7),
            ])
            .unwrap();
        let mut buffer = [0; 256];
        let length = systemd.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"READY=1\nSTATUS=two lines\nMAINPID=7");
        notifier.send(&[State::Reloading]).unwrap();
        let length = systemd.recv(&mut buffer).unwrap();
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        let stamp: u64 = text
            .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
            .unwrap()
            .parse()
            .unwrap();
        assert!(monotonic().0 - stamp < 5_000_000);
        drop(systemd);
        assert_eq!(
            notifier.send(&[State::Watchdog]).unwrap_err().errno,
            Errno(libc::ECONNREFUSED)
        );
    }
}
