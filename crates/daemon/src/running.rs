//! Is another daemon of ours running?

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use standfast_linux::pidfile::{NotAcquired, PidFile};

/// The children of a supervisor that was killed hold its lock until they have ended: at once if
/// they were killed as well, after leaving in good order (4 s with the usual interval) if not.
const ORPHANS_LEAVE: Duration = Duration::from_secs(6);
/// How often the lock is tried meanwhile.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Takes the pid file; waits for the children of a supervisor that is dead already. Blocks.
pub(crate) fn acquire(path: &Path) -> Result<PidFile, NotAcquired> {
    let mut waited = Duration::ZERO;
    loop {
        match PidFile::acquire(path) {
            Err(NotAcquired::Held { pid: Some(pid) })
                if !is_alive(pid) && waited < ORPHANS_LEAVE =>
            {
                sleep(TRY_AGAIN);
                waited += TRY_AGAIN;
            }
            result => return result,
        }
    }
}

/// A zombie has no command line.
fn is_alive(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| !words.is_empty())
}

/// Whether another process with this number has keepalived's name.
pub(crate) fn is_keepalived(pid: u32) -> bool {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    pid != std::process::id() && name.trim() == "keepalived"
}
