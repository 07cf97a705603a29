//! The kernel's network settings under /proc/sys, of the calling thread's network namespace.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Errno, Error, InterfaceName};

/// Where the kernel shows its settings.
const ROOT: &str = "/proc/sys";

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
        read(&self.path())
    }

    /// Writes a number.
    pub fn write(self, value: i64) -> Result<(), Error> {
        write(&self.path(), value)
    }

    /// The path below /proc/sys, by which [`read_path`] and [`write_path`] find it again.
    pub fn relative_path(self) -> String {
        match self {
            Self::Ipv4(interface, key) => format!("net/ipv4/conf/{interface}/{key}"),
            Self::Ipv6(interface, key) => format!("net/ipv6/conf/{interface}/{key}"),
            Self::Other(path) => path.to_owned(),
        }
    }

    fn path(self) -> PathBuf {
        PathBuf::from(ROOT).join(self.relative_path())
    }
}

/// Reads a network setting by its path below /proc/sys; EINVAL when it holds no number or the path is none.
pub fn read_path(path: &str) -> Result<i64, Error> {
    read(&checked(path)?)
}

/// Writes a network setting by its path below /proc/sys; EINVAL when the path is none.
pub fn write_path(path: &str, value: i64) -> Result<(), Error> {
    write(&checked(path)?, value)
}

fn checked(path: &str) -> Result<PathBuf, Error> {
    let climbs = path.split('/').any(|part| part.is_empty() || part == "..");
    if climbs || !path.starts_with("net/") {
        return Err(Errno(libc::EINVAL).at("find", Path::new(path)));
    }
    Ok(Path::new(ROOT).join(path))
}

fn read(path: &Path) -> Result<i64, Error> {
    let text = fs::read_to_string(path).map_err(|error| Errno::from(error).at("read", path))?;
    text.trim()
        .parse()
        .map_err(|_| Errno(libc::EINVAL).at("read", path))
}

fn write(path: &Path, value: i64) -> Result<(), Error> {
    fs::write(path, value.to_string()).map_err(|error| Errno::from(error).at("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_network_settings() {
        for path in [
            "net/../kernel/hostname",
            "kernel/hostname",
            "/etc/passwd",
            "net//x",
        ] {
            assert_eq!(
                read_path(path).unwrap_err().errno,
                Errno(libc::EINVAL),
                "{path}"
            );
        }
        assert!(read_path("net/ipv4/conf/all/rp_filter").is_ok());
    }
}
