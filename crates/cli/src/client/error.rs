//! Why the daemon could not be asked, with what to do about it.

use std::fmt;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use standfast_linux::user;

/// Exit code where no daemon runs, or it could not be asked.
const NOT_RUNNING: u8 = 3;
/// Exit code where a permission is missing, as that of `standfast run`.
const DENIED: u8 = 4;

/// Why the daemon could not be asked.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// There is no control socket at any of these places.
    NotRunning(Vec<PathBuf>),
    /// There is nothing where the socket was said to be.
    NoSocket(PathBuf),
    /// There is a socket, but nobody listens: the daemon was killed.
    Stale(PathBuf),
    /// More than one daemon runs.
    Several(Vec<PathBuf>),
    /// The socket is for root and for the members of its group, if that has a name.
    Denied(PathBuf, Option<String>),
    /// The socket can't be connected to.
    Connect(PathBuf, io::Error),
    /// No answer in that time.
    TimedOut(PathBuf, Duration),
    /// The connection ended in the middle, or what came is no HTTP.
    Broken(PathBuf, hyper::Error),
    /// An answer, or one event of it, is longer than so many bytes.
    TooLong(usize),
    /// The stream has ended: the daemon stops.
    Ended,
    /// The answer is JSON of another kind.
    NotUnderstood(PathBuf, serde_json::Error),
    /// The daemon answered with this HTTP status, and with words of its own.
    Refused {
        /// HTTP status.
        status: u16,
        /// What is wrong.
        error: Option<String>,
        /// What to do about it.
        help: Option<String>,
    },
}

impl ClientError {
    /// What an error of the socket means.
    pub(super) fn connecting(socket: &Path, error: io::Error) -> Self {
        let path = socket.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::NoSocket(path),
            io::ErrorKind::ConnectionRefused => Self::Stale(path),
            io::ErrorKind::PermissionDenied => {
                let group = group_of(socket);
                Self::Denied(path, group)
            }
            _ => Self::Connect(path, error),
        }
    }

    /// Asking again later may help: the daemon is being restarted.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::NotRunning(_)
            | Self::NoSocket(_)
            | Self::Stale(_)
            | Self::Connect(..)
            | Self::TimedOut(..)
            | Self::Broken(..)
            | Self::Ended => true,
            Self::Refused { status, .. } => *status == 503,
            Self::Several(_) | Self::Denied(..) | Self::TooLong(_) | Self::NotUnderstood(..) => {
                false
            }
        }
    }

    /// Says it on standard error; the exit code is 3 where no daemon could be asked, 4 where a permission is missing, else 1.
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("standfast: {self}");
        ExitCode::from(self.exit_code())
    }

    /// See [`ClientError::report`].
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Denied(..)
            | Self::Refused {
                status: 401 | 403, ..
            } => DENIED,
            Self::Refused { .. } => 1,
            Self::NotRunning(_)
            | Self::NoSocket(_)
            | Self::Stale(_)
            | Self::Several(_)
            | Self::Connect(..)
            | Self::TimedOut(..)
            | Self::Broken(..)
            | Self::TooLong(_)
            | Self::Ended
            | Self::NotUnderstood(..) => NOT_RUNNING,
        }
    }
}

/// The group that may use a socket, unless that is root's.
fn group_of(socket: &Path) -> Option<String> {
    let metadata = std::fs::metadata(socket).ok()?;
    let may_write = metadata.mode() & 0o020 != 0;
    let gid = metadata.gid();
    let name = || user::group_name(gid).ok().flatten();
    (may_write && gid != 0).then(|| name().unwrap_or_else(|| gid.to_string()))
}

impl fmt::Display for ClientError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning(looked) => not_running(formatter, looked),
            Self::NoSocket(socket) => write!(
                formatter,
                "no daemon listens at {}: there is no such socket\n  is it running? \
                 `systemctl status standfast`",
                socket.display()
            ),
            Self::Stale(socket) => write!(
                formatter,
                "the daemon is not running: nobody listens on {}\n  it was killed or has crashed: \
                 `systemctl status standfast`\n  what happened until it ended: `standfast events`",
                socket.display()
            ),
            Self::Several(sockets) => {
                formatter.write_str("several daemons run here: say which one is meant")?;
                for socket in sockets {
                    write!(formatter, "\n  --socket {}", socket.display())?;
                }
                Ok(())
            }
            Self::Denied(socket, None) => write!(
                formatter,
                "permission denied: {} is for root: use sudo, or let a group in with \
                 `control_group` in global_defs",
                socket.display()
            ),
            Self::Denied(socket, Some(group)) => write!(
                formatter,
                "permission denied: {} is for root and the group `{group}`: use sudo, or become a \
                 member: `usermod -aG {group} USER`",
                socket.display()
            ),
            Self::Connect(socket, error) => {
                write!(formatter, "can't connect to {}: {error}", socket.display())
            }
            Self::TimedOut(socket, wait) => write!(
                formatter,
                "no answer from {} within {} s: the host is overloaded, or the daemon is stopped",
                socket.display(),
                wait.as_secs()
            ),
            Self::Broken(socket, error) => write!(
                formatter,
                "the connection to {} broke off: {error}; `systemctl status standfast`",
                socket.display()
            ),
            Self::TooLong(limit) => write!(formatter, "the answer is longer than {limit} bytes"),
            Self::Ended => formatter.write_str("the daemon has closed the connection: it stops"),
            Self::NotUnderstood(socket, error) => write!(
                formatter,
                "{} answers what {} does not understand ({error}): restart the daemon if it is \
                 older than the command",
                socket.display(),
                concat!("standfast ", env!("CARGO_PKG_VERSION"))
            ),
            Self::Refused {
                status,
                error,
                help,
            } => refusal(formatter, *status, error.as_deref(), help.as_deref()),
        }
    }
}

fn not_running(formatter: &mut fmt::Formatter<'_>, looked: &[PathBuf]) -> fmt::Result {
    let looked: Vec<_> = looked
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    write!(
        formatter,
        "no daemon runs here: there is no control socket {}\n  is it running? `systemctl status \
         standfast`\n  has it a `control_socket` of its own? Name it with --socket PATH\n  what \
         happened until it ended: `standfast events`",
        looked.join(", ")
    )
}

fn refusal(
    formatter: &mut fmt::Formatter<'_>,
    status: u16,
    error: Option<&str>,
    help: Option<&str>,
) -> fmt::Result {
    match (error, status) {
        (Some(error), _) => formatter.write_str(error)?,
        (None, 404) => formatter.write_str(
            "the daemon does not know what it was asked for: it is of another version than the command",
        )?,
        (None, _) => write!(formatter, "the daemon answers with HTTP status {status}")?,
    }
    match help {
        Some(help) => write!(formatter, "\n  {help}"),
        None => Ok(()),
    }
}

impl std::error::Error for ClientError {}
