//! The programs under test: our own daemon and the one it replaces.

use std::fmt;
use std::path::PathBuf;

use crate::error::{LabError, io_error};
use crate::host::Host;
use crate::process::Process;
use crate::protocol::Program;
use crate::requirements::require_program;

/// A VRRP daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// The installed keepalived.
    Keepalived,
    /// Standfast.
    Standfast {
        /// Its executable.
        binary: PathBuf,
        /// How it is started.
        start: Start,
    },
}

/// How Standfast is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Under keepalived's name, through a link at `/usr/sbin/keepalived` of its host, with keepalived's options.
    AsKeepalived,
    /// `standfast run -f FILE`.
    AsItself,
}

/// The `standfast` that a test is about: `$STANDFAST_BINARY`, else the one that was built with the test, which lies at
/// `target/PROFILE/standfast` where the test is `target/PROFILE/deps/NAME-HASH`.
///
/// # Errors
/// [`LabError::Io`] where this program's own file is not known; [`LabError::FileMissing`] where there is no such folder.
pub fn program_under_test() -> Result<PathBuf, LabError> {
    if let Some(given) = std::env::var_os("STANDFAST_BINARY") {
        return Ok(given.into());
    }
    let test = std::env::current_exe().map_err(io_error("find this program's file"))?;
    let profile = test.ancestors().nth(2);
    let profile = profile.ok_or_else(|| LabError::FileMissing { path: test.clone() })?;
    Ok(profile.join("standfast"))
}

impl Daemon {
    /// What a host must be shown to run it.
    #[must_use]
    pub fn programs(&self) -> Vec<Program> {
        match self {
            Self::Keepalived => Vec::new(),
            Self::Standfast { binary, start } => vec![Program {
                source: binary.to_string_lossy().into_owned(),
                name: "standfast".to_owned(),
                system_names: match start {
                    Start::AsKeepalived => vec!["keepalived".to_owned()],
                    Start::AsItself => Vec::new(),
                },
            }],
        }
    }

    /// Checks that it is there.
    ///
    /// # Errors
    /// [`LabError::ProgramMissing`] or [`LabError::FileMissing`].
    pub fn check(&self) -> Result<(), LabError> {
        match self {
            Self::Keepalived => require_program("keepalived", "keepalived").map(drop),
            Self::Standfast { binary, .. } if binary.is_file() => Ok(()),
            Self::Standfast { binary, .. } => Err(LabError::FileMissing {
                path: binary.clone(),
            }),
        }
    }

    /// Starts it in the foreground with a configuration file of the host, logging to its output.
    ///
    /// # Errors
    /// What the system said. A daemon that refuses its configuration ends a moment later.
    pub fn start(&self, host: &Host, configuration: &str) -> Result<Process, LabError> {
        let as_keepalived = ["keepalived", "-n", "-l", "-D", "-G", "-f", configuration];
        match self {
            Self::Keepalived
            | Self::Standfast {
                start: Start::AsKeepalived,
                ..
            } => {
                let argv = as_keepalived.map(|word| {
                    if word == "keepalived" {
                        "/usr/sbin/keepalived"
                    } else {
                        word
                    }
                });
                host.spawn(&argv, &[])
            }
            Self::Standfast {
                start: Start::AsItself,
                ..
            } => host.spawn(&["/run/lab/bin/standfast", "run", "-f", configuration], &[]),
        }
    }

    /// Whether this is Standfast: the scenarios promise more of it.
    #[must_use]
    pub const fn is_standfast(&self) -> bool {
        match self {
            Self::Keepalived => false,
            Self::Standfast { .. } => true,
        }
    }
}

impl fmt::Display for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keepalived => "keepalived",
            Self::Standfast { .. } => "standfast",
        })
    }
}
