//! Leaves the terminal (daemon(7), the SysV way).

use std::fs::OpenOptions;
use std::os::fd::AsRawFd;
use std::path::Path;

use crate::supervise::{Fork, fork};
use crate::sys::check;
use crate::{Errno, Error};

/// Goes on in a grandchild with its own session, working directory "/" and the standard descriptors on
/// /dev/null; the calling process and the child between them exit with status 0. EBUSY unless the caller
/// is the only thread.
pub fn daemonize() -> Result<(), Error> {
    continue_in_child()?;
    // SAFETY: the call has no arguments.
    check(unsafe { libc::setsid() }).map_err(|errno| errno.at("create", "session"))?;
    // A session's leader could get a terminal again by opening one.
    continue_in_child()?;
    std::env::set_current_dir("/")
        .map_err(|error| Errno::from(error).at("enter", Path::new("/")))?;
    silence()
}

/// Puts the three standard descriptors on /dev/null.
pub fn silence() -> Result<(), Error> {
    let path = Path::new("/dev/null");
    let null = OpenOptions::new().read(true).write(true).open(path);
    let null = null.map_err(|error| Errno::from(error).at("open", path))?;
    for standard in 0..=2 {
        // SAFETY: `null` is open; replacing a standard descriptor leaves it owned by nobody, as before.
        check(unsafe { libc::dup2(null.as_raw_fd(), standard) })
            .map_err(|errno| errno.at("duplicate", path))?;
    }
    Ok(())
}

fn continue_in_child() -> Result<(), Error> {
    match fork()? {
        Fork::Child => Ok(()),
        // SAFETY: ends at once; what would run at exit belongs to the child now.
        Fork::Parent(_) => unsafe { libc::_exit(0) },
    }
}
