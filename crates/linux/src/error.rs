//! What failed, on what, and what the kernel said.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::Interface;

/// The kernel's error number, printed as its message ("File exists"); see errno(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Errno(pub i32);

impl Errno {
    /// The number the last failed system call of this thread left behind.
    pub(crate) fn last() -> Self {
        Self::from(io::Error::last_os_error())
    }

    /// Completes the number to an [`Error`].
    pub(crate) fn at(self, operation: &'static str, object: impl Into<Object>) -> Error {
        Error {
            operation,
            object: object.into(),
            errno: self,
        }
    }
}

impl From<io::Error> for Errno {
    /// EINVAL and EIO stand for errors that std made up without a number.
    fn from(error: io::Error) -> Self {
        let invalid = error.kind() == io::ErrorKind::InvalidInput;
        Self(
            error
                .raw_os_error()
                .unwrap_or(if invalid { libc::EINVAL } else { libc::EIO }),
        )
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0_u8; 128];
        // SAFETY: the pointer and length describe `buffer`, which the call fills with a C string.
        let result = unsafe { libc::strerror_r(self.0, buffer.as_mut_ptr().cast(), buffer.len()) };
        let message = std::ffi::CStr::from_bytes_until_nul(&buffer)
            .ok()
            .and_then(|m| m.to_str().ok());
        match message {
            Some(message) if result == 0 => f.write_str(message),
            _ => write!(f, "error {}", self.0),
        }
    }
}

/// What a failed operation was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// Something of which a thread has one or few: "epoll instance".
    Named(&'static str),
    /// A network interface.
    Interface(Interface),
    /// An address that was to be added "to" or removed "from" an interface.
    Address {
        /// The host address.
        address: IpAddr,
        /// Prefix length in bits.
        prefix: u8,
        /// "to" or "from".
        preposition: &'static str,
        /// Where.
        interface: Interface,
    },
    /// A file or directory.
    Path(PathBuf),
    /// A process, by its id.
    Process(u32),
    /// A user or group, by its id.
    Id(u32),
}

impl From<&'static str> for Object {
    fn from(name: &'static str) -> Self {
        Self::Named(name)
    }
}

impl From<Interface> for Object {
    fn from(interface: Interface) -> Self {
        Self::Interface(interface)
    }
}

impl From<Option<Interface>> for Object {
    fn from(interface: Option<Interface>) -> Self {
        interface.map_or(Self::Named("all interfaces"), Self::Interface)
    }
}

impl From<&std::path::Path> for Object {
    fn from(path: &std::path::Path) -> Self {
        Self::Path(path.to_path_buf())
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::Interface(interface) => write!(f, "{}", interface.name),
            Self::Address {
                address,
                prefix,
                preposition,
                interface,
            } => {
                write!(f, "{address}/{prefix} {preposition} {}", interface.name)
            }
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Process(id) => write!(f, "process {id}"),
            Self::Id(id) => write!(f, "id {id}"),
        }
    }
}

/// A failed operation: prints as "add 10.0.0.5/24 to eth0: File exists".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What was tried, as a verb: "add", "bind".
    pub operation: &'static str,
    /// On what.
    pub object: Object,
    /// What the kernel answered.
    pub errno: Errno,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.operation, self.object, self.errno)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InterfaceName;

    #[test]
    fn prints_operation_object_and_message() {
        let interface = Interface {
            index: 2,
            name: InterfaceName::new("eth0").unwrap(),
        };
        let address = IpAddr::from([10, 0, 0, 5]);
        let object = Object::Address {
            address,
            prefix: 24,
            preposition: "to",
            interface,
        };
        let error = Errno(libc::EEXIST).at("add", object);
        assert_eq!(error.to_string(), "add 10.0.0.5/24 to eth0: File exists");
    }

    #[test]
    fn prints_unknown_numbers() {
        assert!(Errno(9999).to_string().contains("9999"));
    }
}
