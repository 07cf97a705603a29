//! The kernel's network settings under /proc/sys, of the calling thread's network namespace.

use std::fs;
use std::path::PathBuf;

use crate::{Errno, Error, InterfaceName};

/// A setting that holds one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sysctl {
    /// /proc/sys/net/ipv4/conf/INTERFACE/KEY.
    Ipv4(InterfaceName, &'static str),
    /// /proc/sys/net/ipv6/conf/INTERFACE/KEY.
    Ipv6(InterfaceName, &'static str),
    /// Any other, as a path below /proc/sys.
    Other(&'static str),
}

impl Sysctl {
    /// Whether the next address of a subnet becomes primary when the primary one goes, instead of all
    /// of them going with it.
    pub fn promote_secondaries(interface: InterfaceName) -> Self {
        Self::Ipv4(interface, "promote_secondaries")
    }

    /// Reads the number; EINVAL when there is none.
    pub fn read(self) -> Result<i64, Error> {
        let path = self.path();
        let text = fs::read_to_string(&path)
            .map_err(|error| Errno::from(error).at("read", path.as_path()))?;
        text.trim()
            .parse()
            .map_err(|_| Errno(libc::EINVAL).at("read", path.as_path()))
    }

    /// Writes a number.
    pub fn write(self, value: i64) -> Result<(), Error> {
        let path = self.path();
        fs::write(&path, value.to_string())
            .map_err(|error| Errno::from(error).at("write", path.as_path()))
    }

    fn path(self) -> PathBuf {
        let root = PathBuf::from("/proc/sys");
        match self {
            Self::Ipv4(interface, key) => root
                .join("net/ipv4/conf")
                .join(interface.as_str())
                .join(key),
            Self::Ipv6(interface, key) => root
                .join("net/ipv6/conf")
                .join(interface.as_str())
                .join(key),
            Self::Other(path) => root.join(path),
        }
    }
}
