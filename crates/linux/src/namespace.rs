//! Network namespaces of the calling thread (ip-netns(8)).

use std::fs::File;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path};

use crate::sys::check;
use crate::{Errno, Error};

/// Where `ip netns` keeps the names.
const NAMES: &str = "/run/netns";

/// Moves the calling thread, and threads and children it starts later, into the namespace that
/// `ip netns add NAME` made. Blocks for the file system only.
pub fn enter_network_namespace(name: &str) -> Result<(), Error> {
    let path = Path::new(NAMES).join(name);
    let is_plain = matches!(
        Path::new(name).components().collect::<Vec<_>>()[..],
        [Component::Normal(_)]
    );
    if !is_plain {
        return Err(Errno(libc::EINVAL).at("enter network namespace", path.as_path()));
    }
    let file = File::open(&path).map_err(|error| Errno::from(error).at("open", path.as_path()))?;
    enter(file.as_fd()).map_err(|errno| errno.at("enter network namespace", path.as_path()))
}

/// A network namespace that this handle keeps alive.
#[derive(Debug)]
pub struct Namespace(OwnedFd);

impl Namespace {
    /// The one the calling thread is in.
    pub fn current() -> Result<Self, Error> {
        let path = Path::new("/proc/thread-self/ns/net");
        let file = File::open(path).map_err(|error| Errno::from(error).at("open", path))?;
        Ok(Self(file.into()))
    }

    /// Makes an empty one and moves the calling thread into it.
    pub fn create() -> Result<Self, Error> {
        // SAFETY: unshare(2) takes plain numbers; network namespaces hold no memory of ours.
        check(unsafe { libc::unshare(libc::CLONE_NEWNET) })
            .map_err(|errno| errno.at("create", "network namespace"))?;
        Self::current()
    }

    /// Moves the calling thread into it.
    pub fn enter(&self) -> Result<(), Error> {
        enter(self.0.as_fd()).map_err(|errno| errno.at("enter", "network namespace"))
    }
}

impl AsFd for Namespace {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn enter(namespace: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the descriptor is open for the call; network namespaces hold no memory of ours.
    check(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) })?;
    Ok(())
}
