//! The system log: datagrams to /dev/log in the local form of RFC 3164, as syslog(3) sends them.

use std::mem::MaybeUninit;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use crate::clock::{Micros, realtime};

/// Where the log daemon listens.
pub const DEVICE: &str = "/dev/log";
/// Bytes of the longest message; the rest is cut.
const LONGEST_MESSAGE: usize = 8 * 1024;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Which part of the system speaks (RFC 3164 section 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Facility {
    /// User programs.
    User,
    /// Daemons.
    Daemon,
    /// local0 to local7; the number is taken modulo 8.
    Local(u8),
}

/// How much it matters (RFC 3164 section 4.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The system cannot be used.
    Emergency,
    /// Act at once.
    Alert,
    /// Critical.
    Critical,
    /// An error.
    Error,
    /// A warning.
    Warning,
    /// Normal but significant.
    Notice,
    /// For information.
    Info,
    /// For debugging.
    Debug,
}

/// A way to the log daemon that never blocks: what it does not take is counted and gone.
#[derive(Debug)]
pub struct Syslog {
    path: PathBuf,
    socket: Option<UnixDatagram>,
    facility: Facility,
    identity: String,
    dropped: u64,
}

impl Syslog {
    /// Speaks to [`DEVICE`] as `identity`, as soon as somebody listens there.
    pub fn new(identity: &str, facility: Facility) -> Self {
        Self::at(Path::new(DEVICE), identity, facility)
    }

    /// Speaks to another socket.
    pub fn at(path: &Path, identity: &str, facility: Facility) -> Self {
        let (path, identity) = (path.to_path_buf(), identity.to_owned());
        Self {
            path,
            socket: None,
            facility,
            identity,
            dropped: 0,
        }
    }

    /// Writes one message; connects again, once, when the log daemon has been restarted.
    pub fn write(&mut self, severity: Severity, message: &str) {
        let line = self.line(severity, message, realtime());
        let bytes = line
            .as_bytes()
            .get(..LONGEST_MESSAGE)
            .unwrap_or(line.as_bytes());
        let taken = self.send(bytes) || (self.connect() && self.send(bytes));
        if !taken {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    /// Messages that the log daemon did not take.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn send(&mut self, bytes: &[u8]) -> bool {
        match self.socket.as_ref().map(|socket| socket.send(bytes)) {
            Some(Ok(_)) => true,
            // Full: a new connection would be as full.
            Some(Err(error)) if error.kind() == std::io::ErrorKind::WouldBlock => false,
            Some(Err(_)) => {
                self.socket = None;
                false
            }
            None => false,
        }
    }

    /// True when there is a new connection.
    fn connect(&mut self) -> bool {
        if self.socket.is_some() {
            return false;
        }
        let open = || {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            socket.connect(&self.path)?;
            Ok::<_, std::io::Error>(socket)
        };
        self.socket = open().ok();
        self.socket.is_some()
    }

    fn line(&self, severity: Severity, message: &str, now: Micros) -> String {
        let priority = facility_number(self.facility) * 8 + severity_number(severity);
        let (stamp, identity, process) = (time_stamp(now), &self.identity, std::process::id());
        format!("<{priority}>{stamp} {identity}[{process}]: {message}")
    }
}

fn facility_number(facility: Facility) -> u32 {
    match facility {
        Facility::User => 1,
        Facility::Daemon => 3,
        Facility::Local(number) => 16 + u32::from(number % 8),
    }
}

fn severity_number(severity: Severity) -> u32 {
    match severity {
        Severity::Emergency => 0,
        Severity::Alert => 1,
        Severity::Critical => 2,
        Severity::Error => 3,
        Severity::Warning => 4,
        Severity::Notice => 5,
        Severity::Info => 6,
        Severity::Debug => 7,
    }
}

/// "Nov  3 07:05:09" in local time.
fn time_stamp(now: Micros) -> String {
    let seconds = libc::time_t::try_from(now.0 / 1_000_000).unwrap_or(0);
    let mut local = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid for the call, which fills the structure of numbers and a pointer to
    // a zone name that is not used; zeroed is valid too.
    let local = unsafe {
        libc::localtime_r(&raw const seconds, local.as_mut_ptr());
        local.assume_init()
    };
    let month = usize::try_from(local.tm_mon)
        .ok()
        .and_then(|month| MONTHS.get(month))
        .unwrap_or(&"Jan");
    format!(
        "{month} {:2} {:02}:{:02}:{:02}",
        local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec
    )
}
