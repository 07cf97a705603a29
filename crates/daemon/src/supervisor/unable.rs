//! Why the daemon does not start.

use standfast_linux::Error;
use standfast_linux::capability::{Capability, Effective};

use crate::exit_code;

/// The daemon cannot start.
pub(super) struct Unable {
    /// Exit code.
    pub(super) code: u8,
    /// Why.
    pub(super) text: String,
}

impl Unable {
    /// The system refuses.
    pub(super) fn fatal(error: &Error) -> Self {
        Unable {
            code: exit_code::FATAL,
            text: error.to_string(),
        }
    }
}

/// What every daemon needs of root's rights.
pub(super) fn require_capabilities() -> Result<(), Unable> {
    let needed = [Capability::NetAdmin, Capability::NetRaw];
    let effective = Effective::of_this_thread().map_err(|error| Unable::fatal(&error))?;
    let missing: Vec<String> = effective
        .missing(&needed)
        .map(|capability| capability.to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Unable {
        code: exit_code::NO_PERMISSION,
        text: format!(
            "missing {}: run as root, or grant them with AmbientCapabilities= in the systemd unit \
             or with setcap(8)",
            missing.join(" and ")
        ),
    })
}
