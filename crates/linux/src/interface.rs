//! Names of network interfaces.

use std::ffi::CString;
use std::fmt;
use std::os::fd::AsRawFd;

use crate::sys::{check, socket};
use crate::{Errno, Error};

/// Bytes of a name including its final zero (IFNAMSIZ in net/if.h).
const NAME_BYTES: usize = 16;

/// The text cannot name an interface: empty, longer than 15 bytes, "." or "..", or with a slash, colon, space or zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidName;

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a name that an interface can have")
    }
}

impl std::error::Error for InvalidName {}

/// The name of an interface: 1 to 15 bytes, kept inline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName([u8; NAME_BYTES]);

impl InterfaceName {
    /// Checks a name by the kernel's rules (`dev_valid_name`).
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        let forbidden = |c: char| c == '/' || c == ':' || c == '\0' || c.is_ascii_whitespace();
        if name == "." || name == ".." || name.contains(forbidden) {
            return Err(InvalidName);
        }
        Self::from_bytes(name.as_bytes()).ok_or(InvalidName)
    }

    /// Takes what the kernel or a configuration calls something of at most 15 bytes, such as an
    /// address label ("eth0:1"); stops at a zero byte.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.split(|byte| *byte == 0).next()?;
        let mut name = [0; NAME_BYTES];
        if bytes.is_empty() || bytes.len() >= NAME_BYTES || std::str::from_utf8(bytes).is_err() {
            return None;
        }
        name.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        let bytes = self.0.split(|byte| *byte == 0).next().unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// The name with its final zero, as attributes want it.
    pub(crate) fn with_zero(&self) -> &[u8] {
        self.0.get(..=self.as_str().len()).unwrap_or(&self.0)
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

/// An interface: the kernel knows it by index, people by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interface {
    /// The kernel's index, from 1.
    pub index: u32,
    /// The name it had when it was looked up.
    pub name: InterfaceName,
}

impl Interface {
    /// As [`Interface::by_name`], for any text: ENODEV also for what can't be a name.
    pub fn find(name: &str) -> Result<Self, Error> {
        let name = InterfaceName::new(name)
            .map_err(|InvalidName| Errno(libc::ENODEV).at("find", "interface of that name"))?;
        Self::by_name(name)
    }

    /// Finds an interface of the thread's network namespace by name; ENODEV when there is none.
    pub fn by_name(name: InterfaceName) -> Result<Self, Error> {
        let unknown = Self { index: 0, name };
        let text =
            CString::new(name.as_str()).map_err(|_| Errno(libc::EINVAL).at("find", unknown))?;
        // SAFETY: `text` is a C string that outlives the call.
        let index = unsafe { libc::if_nametoindex(text.as_ptr()) };
        if index == 0 {
            return Err(Errno::last().at("find", unknown));
        }
        Ok(Self { index, name })
    }

    /// Bytes of the largest packet that it carries.
    pub fn mtu(self) -> Result<u32, Error> {
        let error = |errno: Errno| errno.at("read the MTU of", self);
        let any = socket(libc::AF_INET, libc::SOCK_DGRAM, 0).map_err(error)?;
        // SAFETY: the structure is plain numbers.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().zip(self.name.with_zero()) {
            *to = from.cast_signed();
        }
        // SAFETY: the request has a name that ends with zero, and the kernel writes into it alone.
        check(unsafe { libc::ioctl(any.as_raw_fd(), libc::SIOCGIFMTU, &raw mut request) })
            .map_err(error)?;
        // SAFETY: this request fills in the MTU.
        let mtu = unsafe { request.ifr_ifru.ifru_mtu };
        u32::try_from(mtu).map_err(|_| error(Errno(libc::ERANGE)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_the_kernel_accepts() {
        for name in ["lo", "eth0", "vrrp.51", "a23456789012345"] {
            assert_eq!(InterfaceName::new(name).unwrap().as_str(), name);
        }
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a b",
            "eth0:1",
            "a234567890123456",
            "a\0",
        ] {
            assert_eq!(InterfaceName::new(name), Err(InvalidName), "{name:?}");
        }
    }

    #[test]
    fn finds_the_loopback_interface() {
        let name = InterfaceName::new("lo").unwrap();
        let loopback = Interface::by_name(name).unwrap();
        assert_eq!(loopback.index, 1);
        assert!(loopback.mtu().unwrap() >= 1280);
        let missing = Interface::by_name(InterfaceName::new("no-such-if").unwrap()).unwrap_err();
        assert_eq!(missing.to_string(), "find no-such-if: No such device");
        assert_eq!(Interface::find("lo").unwrap().index, 1);
        assert_eq!(
            Interface::find("a/b").unwrap_err().errno,
            Errno(libc::ENODEV)
        );
    }
}
