//! Which capabilities the calling thread has (capabilities(7)).

use std::fmt;

use crate::sys::check_size;
use crate::{Errno, Error};

/// The capabilities that some function of the daemon needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Send signals to processes of other users.
    Kill,
    /// Run scripts with another group.
    SetGid,
    /// Run scripts as another user.
    SetUid,
    /// Ports below 1024.
    NetBindService,
    /// Addresses, interfaces and routes.
    NetAdmin,
    /// Raw and packet sockets.
    NetRaw,
    /// Lock memory.
    IpcLock,
    /// Enter namespaces.
    SysAdmin,
    /// Real-time priority.
    SysNice,
    /// Raise resource limits.
    SysResource,
}

impl Capability {
    /// Its bit (linux/capability.h).
    fn bit(self) -> u32 {
        match self {
            Self::Kill => 5,
            Self::SetGid => 6,
            Self::SetUid => 7,
            Self::NetBindService => 10,
            Self::NetAdmin => 12,
            Self::NetRaw => 13,
            Self::IpcLock => 14,
            Self::SysAdmin => 21,
            Self::SysNice => 23,
            Self::SysResource => 24,
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kill => "CAP_KILL",
            Self::SetGid => "CAP_SETGID",
            Self::SetUid => "CAP_SETUID",
            Self::NetBindService => "CAP_NET_BIND_SERVICE",
            Self::NetAdmin => "CAP_NET_ADMIN",
            Self::NetRaw => "CAP_NET_RAW",
            Self::IpcLock => "CAP_IPC_LOCK",
            Self::SysAdmin => "CAP_SYS_ADMIN",
            Self::SysNice => "CAP_SYS_NICE",
            Self::SysResource => "CAP_SYS_RESOURCE",
        })
    }
}

/// A set of effective capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effective(u32);

impl Effective {
    /// Those of the calling thread.
    pub fn of_this_thread() -> Result<Self, Error> {
        #[repr(C)]
        struct Header {
            version: u32,
            process: i32,
        }
        /// `_LINUX_CAPABILITY_VERSION_3`: two triples of effective, permitted, inheritable.
        const VERSION_3: u32 = 0x2008_0522;
        let mut header = Header {
            version: VERSION_3,
            process: 0,
        };
        let mut sets = [[0_u32; 3]; 2];
        // SAFETY: header and sets have the layout of this version of the interface.
        let result = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, sets.as_mut_ptr()) };
        check_size(isize::try_from(result).unwrap_or(-1))
            .map_err(|errno: Errno| errno.at("read", "capabilities"))?;
        let [[effective, ..], _] = sets;
        Ok(Self(effective))
    }

    /// Whether it has this one.
    pub fn has(self, capability: Capability) -> bool {
        self.0 & (1 << capability.bit()) != 0
    }

    /// Those of `needed` that it lacks.
    pub fn missing(self, needed: &[Capability]) -> impl Iterator<Item = Capability> {
        needed
            .iter()
            .copied()
            .filter(move |capability| !self.has(*capability))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_proc() {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("CapEff:\t"))
            .unwrap();
        let bits = u64::from_str_radix(line, 16).unwrap();
        let effective = Effective::of_this_thread().unwrap();
        assert_eq!(u64::from(effective.0), bits & u64::from(u32::MAX));
        for capability in [Capability::NetAdmin, Capability::NetRaw, Capability::SetUid] {
            assert_eq!(
                effective.has(capability),
                bits >> capability.bit() & 1 == 1,
                "{capability}"
            );
        }
    }

    #[test]
    fn names_what_is_missing() {
        let needed = [Capability::NetAdmin, Capability::NetRaw];
        assert_eq!(
            Effective(1 << 12).missing(&needed).collect::<Vec<_>>(),
            [Capability::NetRaw]
        );
    }
}
