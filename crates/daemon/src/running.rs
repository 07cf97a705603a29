//! Is another daemon of ours running?

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::environment::own_identity;
use standfast_linux::files::read_regular;
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

/// Where daemons of our kind say that they run.
pub(crate) const KNOWN_PID_FILES: [&str; 2] =
    ["/run/keepalived.pid", "/run/standfast/standfast.pid"];
/// Bytes of a pid file; what is longer is none.
const PID_BYTES: u64 = 16;

/// A daemon that runs in our network namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) pid: u32,
    /// Its pid file.
    pub(crate) path: &'static str,
    /// Its process name.
    pub(crate) name: &'static str,
    /// It runs a file called standfast, or the one that this process runs.
    pub(crate) is_standfast: bool,
}

/// Another daemon in our network namespace, under another pid file than ours: both would take the
/// same addresses from each other.
pub(crate) fn rival(own: &Path) -> Option<(u32, &'static str)> {
    let mut others = running_daemons().into_iter();
    let other = others.find(|running| Path::new(running.path) != own)?;
    Some((other.pid, other.path))
}

/// Every daemon whose pid file names a living process of the right name in our network namespace. keepalived 2.2 does not
/// lock its file, so the process decides.
pub(crate) fn running_daemons() -> Vec<Running> {
    KNOWN_PID_FILES
        .iter()
        .filter_map(|path| {
            let pid = recorded_pid(path)?;
            let mut names = ["keepalived", "standfast"].into_iter();
            let name = names.find(|name| has_name(pid, name))?;
            shares_network(pid).then(|| Running {
                pid,
                path,
                name,
                is_standfast: name == "standfast" || runs_standfast(pid),
            })
        })
        .collect()
}

fn runs_standfast(pid: u32) -> bool {
    let file = |of: &str| {
        let found = std::fs::metadata(format!("/proc/{of}/exe")).ok()?;
        Some((found.dev(), found.ino()))
    };
    let theirs = file(&pid.to_string());
    let link = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let name = link.file_name().unwrap_or_default().to_string_lossy();
    // An executable that was replaced by an upgrade: "standfast (deleted)".
    name.split(' ').next() == Some("standfast") || (theirs.is_some() && theirs == file("self"))
}

fn recorded_pid(path: &str) -> Option<u32> {
    let text = read_regular(Path::new(path), PID_BYTES).ok()?;
    std::str::from_utf8(&text).ok()?.trim().parse().ok()
}

fn shares_network(pid: u32) -> bool {
    let namespace = |of: &str| std::fs::read_link(format!("/proc/{of}/ns/net")).ok();
    let ours = namespace("self");
    ours.is_some() && ours == namespace(&pid.to_string())
}

/// A zombie has no command line.
fn is_alive(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| !words.is_empty())
}

/// Whether another process with this number has keepalived's name. Anybody can have that name: one of
/// another user than ours or root must not keep us from starting.
pub(crate) fn is_keepalived(pid: u32) -> bool {
    has_name(pid, "keepalived")
}

fn has_name(pid: u32, wanted: &str) -> bool {
    let directory = PathBuf::from(format!("/proc/{pid}"));
    let name = std::fs::read_to_string(directory.join("comm")).unwrap_or_default();
    let owner = std::fs::metadata(&directory).map(|found| found.uid());
    let trusted = owner.is_ok_and(|uid| uid == 0 || uid == own_identity().uid);
    pid != std::process::id() && name.trim() == wanted && trusted
}
