//! What only the live host knows about a configuration: interfaces, users, scripts.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use standfast_config::{Environment, Existence, InterfaceState, ScriptState};
use standfast_linux::script_security::{self, Unusable};
use standfast_linux::user::{self, Identity, User};

/// The host that this process runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostEnvironment;

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const IFF_LOOPBACK: u32 = 0x8;

impl Environment for HostEnvironment {
    fn interface(&self, name: &str) -> InterfaceState {
        let directory = Path::new("/sys/class/net").join(name);
        let Ok(flags) = fs::read_to_string(directory.join("flags")) else {
            return interface_by_index(name);
        };
        let flags = u32::from_str_radix(flags.trim().trim_start_matches("0x"), 16).unwrap_or(0);
        if flags & IFF_LOOPBACK == 0 {
            InterfaceState::Present
        } else {
            InterfaceState::Loopback
        }
    }

    fn script(&self, command: &str) -> ScriptState {
        let identity = root();
        let Some(path) = find_program(command, &identity) else {
            return ScriptState::Missing;
        };
        match script_security::inspect(&path, &identity) {
            Ok(()) => ScriptState::Runnable,
            Err(Unusable::WritableByOthers { .. }) => ScriptState::Insecure,
            Err(Unusable::Missing { .. } | Unusable::NotAbsolute) => ScriptState::Missing,
            Err(_) => ScriptState::NotExecutable,
        }
    }

    fn user(&self, name: &str) -> Existence {
        match lookup_user(name) {
            Some(_) => Existence::Present,
            None => Existence::Missing,
        }
    }

    fn group(&self, name: &str) -> Existence {
        match lookup_group(name) {
            Some(_) => Existence::Present,
            None => Existence::Missing,
        }
    }

    fn host_name(&self) -> Option<String> {
        let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
        Some(name.trim().to_owned())
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// /sys may show another network namespace than ours; the kernel does not.
fn interface_by_index(name: &str) -> InterfaceState {
    let known = standfast_linux::InterfaceName::new(name)
        .ok()
        .and_then(|name| standfast_linux::Interface::by_name(name).ok());
    match known {
        Some(_) if name == "lo" => InterfaceState::Loopback,
        Some(_) => InterfaceState::Present,
        None => InterfaceState::Missing,
    }
}

pub(crate) fn root() -> Identity {
    Identity {
        uid: 0,
        gid: 0,
        groups: vec![0],
    }
}

/// Whoever runs this process: root, or in an unprivileged test its only user.
pub(crate) fn own_identity() -> Identity {
    use std::os::unix::fs::MetadataExt;
    match fs::metadata("/proc/self") {
        Ok(own) => Identity {
            uid: own.uid(),
            gid: own.gid(),
            groups: vec![own.gid()],
        },
        Err(_) => root(),
    }
}

/// Whether this process runs as root.
#[must_use]
pub fn is_root() -> bool {
    own_identity().uid == 0
}

/// A user by name or number.
pub(crate) fn lookup_user(name: &str) -> Option<User> {
    match name.parse() {
        Ok(uid) => User::by_id(uid).ok().flatten(),
        Err(_) => User::by_name(name).ok().flatten(),
    }
}

/// A group by name or number.
pub(crate) fn lookup_group(name: &str) -> Option<u32> {
    match name.parse() {
        Ok(gid) => Some(gid),
        Err(_) => user::group_by_name(name).ok().flatten(),
    }
}

/// The file that a command names, with or without a path.
pub(crate) fn find_program(command: &str, identity: &Identity) -> Option<PathBuf> {
    if command.contains('/') {
        return Some(PathBuf::from(command));
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    script_security::find_in_path(OsStr::new(command), &path, identity)
}
