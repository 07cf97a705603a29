//! What can go wrong with a lab, by who has to act.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Why a lab, or something in it, did not do what it was asked.
#[derive(Debug)]
pub enum LabError {
    /// A program that the lab stands on is not installed.
    ProgramMissing {
        /// Name of the program.
        program: &'static str,
        /// Debian package that holds it.
        package: &'static str,
    },
    /// The kernel refuses namespaces to this user.
    NamespacesRefused {
        /// What unshare(1) or nsenter(1) said.
        said: String,
    },
    /// A system call or file operation of the lab itself failed.
    Io {
        /// What was attempted.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The agent of a host went away or never spoke.
    AgentLost {
        /// Name of the host.
        host: String,
    },
    /// The agent could not do what it was asked.
    Refused {
        /// Name of the host.
        host: String,
        /// What was asked.
        request: String,
        /// What the system said.
        said: String,
    },
    /// A command ended with another status than 0.
    CommandFailed {
        /// Name of the host.
        host: String,
        /// The command.
        argv: Vec<String>,
        /// How it ended.
        status: crate::ExitState,
        /// The end of what it printed.
        printed: String,
    },
    /// Something did not happen in time.
    TimedOut {
        /// What was waited for.
        awaited: String,
        /// How long.
        limit: Duration,
    },
    /// Output of a program could not be read.
    Unreadable {
        /// Which output.
        what: &'static str,
    },
    /// The probe has seen no answer of this address in the time asked about.
    NoAnswer {
        /// The address that was probed.
        address: IpAddr,
    },
    /// A daemon ended although nobody asked it to.
    DaemonEnded {
        /// Name of its host.
        host: String,
        /// How it ended.
        status: crate::ExitState,
        /// The end of what it printed.
        printed: String,
    },
    /// The machine was too busy to measure.
    TooNoisy {
        /// For how long even the control address did not answer.
        noise: Duration,
    },
    /// A file that a host was to be given does not exist.
    FileMissing {
        /// The file.
        path: PathBuf,
    },
}

impl fmt::Display for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProgramMissing { program, package } => {
                write!(f, "{program} is not installed: apt install {package}")
            }
            Self::NamespacesRefused { said } => write!(
                f,
                "network namespaces are not permitted ({said}): run as root, or allow user namespaces \
                 (sysctl kernel.unprivileged_userns_clone=1, on Ubuntu \
                 sysctl kernel.apparmor_restrict_unprivileged_userns=0, in a container --privileged)"
            ),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
            Self::AgentLost { host } => write!(f, "the agent of {host} is gone"),
            Self::Refused {
                host,
                request,
                said,
            } => write!(f, "{host}: {request}: {said}"),
            Self::CommandFailed {
                host,
                argv,
                status,
                printed,
            } => {
                write!(
                    f,
                    "{host}: {}: {status}: {}",
                    argv.join(" "),
                    printed.trim_end()
                )
            }
            Self::TimedOut { awaited, limit } => {
                write!(
                    f,
                    "{awaited} did not happen within {} ms",
                    limit.as_millis()
                )
            }
            Self::Unreadable { what } => write!(f, "cannot read {what}"),
            Self::NoAnswer { address } => write!(f, "no answer from {address} was seen"),
            Self::DaemonEnded {
                host,
                status,
                printed,
            } => {
                write!(
                    f,
                    "the daemon of {host} ended ({status}): {}",
                    printed.trim_end()
                )
            }
            Self::TooNoisy { noise } => {
                write!(
                    f,
                    "nothing was measured: even the control address was silent for {} ms",
                    noise.as_millis()
                )
            }
            Self::FileMissing { path } => write!(f, "{} does not exist", path.display()),
        }
    }
}

impl std::error::Error for LabError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::ProgramMissing { .. }
            | Self::NamespacesRefused { .. }
            | Self::AgentLost { .. }
            | Self::Refused { .. }
            | Self::CommandFailed { .. }
            | Self::TimedOut { .. }
            | Self::Unreadable { .. }
            | Self::NoAnswer { .. }
            | Self::DaemonEnded { .. }
            | Self::TooNoisy { .. }
            | Self::FileMissing { .. } => None,
        }
    }
}

/// Adds what was attempted to an I/O error.
pub(crate) fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> LabError {
    move |source| LabError::Io { doing, source }
}
