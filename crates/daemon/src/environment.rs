//! What only the live host knows about a configuration: interfaces, users, scripts.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use standfast_config::{
    Environment, Existence, InterfaceState, IpNetwork, NameList, ScriptProblem, ScriptProblemKind,
    ScriptState,
};
use standfast_linux::files::read_regular;
use standfast_linux::script_security::{self, Unusable};
use standfast_linux::user::{self, Identity, User};

use crate::host::OwnAddresses;
use crate::names::Names;

/// The host that this process runs on. Without advice it answers what the daemon decides by; with it also what only
/// a reader of findings wants to know, and remembers the addresses it has read.
#[derive(Debug, Default)]
pub struct HostEnvironment {
    advice: Option<OnceCell<Option<OwnAddresses>>>,
    names: Names,
}

impl HostEnvironment {
    /// The host for `check --host`: addresses and script texts are looked at as well.
    #[must_use]
    pub fn with_advice() -> Self {
        Self {
            advice: Some(OnceCell::new()),
            names: Names::default(),
        }
    }

    /// As the default, with names from elsewhere than usual.
    pub(crate) fn with_names(names: Names) -> Self {
        Self {
            advice: None,
            names,
        }
    }

    /// The host's addresses, read once; `None` without advice, or where the kernel did not tell.
    pub(crate) fn own_addresses(&self) -> Option<&OwnAddresses> {
        self.advice
            .as_ref()?
            .get_or_init(|| OwnAddresses::read().ok())
            .as_ref()
    }
}

/// Largest script whose text is looked at, in bytes; what is longer is a program or a package of its own.
const MAX_SCRIPT_BYTES: u64 = 64 * 1024;
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const IFF_LOOPBACK: u32 = 0x8;

impl Environment for HostEnvironment {
    fn interface(&self, name: &str) -> InterfaceState {
        // The kernel answers for the network namespace we are in, /sys for the one it was mounted in.
        let by_index = interface_by_index(name);
        let directory = Path::new("/sys/class/net").join(name);
        let (InterfaceState::Present, Ok(flags)) =
            (by_index, fs::read_to_string(directory.join("flags")))
        else {
            return by_index;
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

    fn script_problem(&self, command: &str) -> Option<ScriptProblem> {
        self.advice.as_ref()?;
        let identity = root();
        let path = find_program(command, &identity)?;
        problem(script_security::inspect(&path, &identity).err()?)
    }

    fn script_text(&self, command: &str) -> Option<String> {
        self.advice.as_ref()?;
        let identity = root();
        let path = find_program(command, &identity)?;
        match script_security::inspect(&path, &identity) {
            Ok(()) | Err(Unusable::WritableByOthers { .. }) => {}
            Err(_) => return None,
        }
        script_text(read_regular(&path, MAX_SCRIPT_BYTES).ok()?)
    }

    fn addresses(&self, interface: &str) -> Option<Vec<IpNetwork>> {
        self.own_addresses()?.of(interface).map(<[_]>::to_vec)
    }

    fn address(&self, address: IpAddr) -> Existence {
        match self.own_addresses() {
            None => Existence::Unknown,
            Some(own) if own.has(address) => Existence::Present,
            Some(_) => Existence::Missing,
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

    fn network_name(&self, list: NameList, name: &str) -> Existence {
        match self.names.number(list, name) {
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

/// What keeps the daemon from running a script, or should; `None` for what says nothing about the script.
fn problem(unusable: Unusable) -> Option<ScriptProblem> {
    use ScriptProblemKind::{Missing, NotAFile, NotExecutable, WritableByOthers};
    let known = |path, owner, mode, kind| {
        Some(ScriptProblem {
            path,
            owner: owner_name(owner),
            mode,
            kind,
        })
    };
    match unusable {
        Unusable::NotAbsolute | Unusable::SymlinkLoop | Unusable::Unreadable(_) => None,
        Unusable::Missing { component } => Some(ScriptProblem {
            path: component,
            owner: String::new(),
            mode: 0,
            kind: Missing,
        }),
        Unusable::NotRegular { path } => {
            use std::os::unix::fs::MetadataExt;
            let found = fs::symlink_metadata(&path).ok()?;
            known(path, found.uid(), found.mode(), NotAFile)
        }
        Unusable::NotSearchable {
            component,
            mode,
            owner,
        } => known(component, owner, mode, NotExecutable),
        Unusable::NotExecutable { path, mode, owner } => known(path, owner, mode, NotExecutable),
        Unusable::WritableByOthers {
            component,
            owner,
            mode,
        } => known(component, owner, mode, WritableByOthers),
    }
}

fn owner_name(uid: u32) -> String {
    let user = User::by_id(uid).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

/// A script's text; `None` for a program.
fn script_text(bytes: Vec<u8>) -> Option<String> {
    if bytes.starts_with(b"#!") {
        return Some(String::from_utf8_lossy(&bytes).into_owned());
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A directory that is removed with everything in it.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let name = format!("standfast-environment-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn file(&self, name: &str, bytes: &[u8], mode: u32) -> String {
            let path = self.0.join(name);
            fs::write(&path, bytes).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path.to_str().unwrap().to_owned()
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn scripts_are_read_and_programs_devices_and_fifos_are_not() {
        let directory = Directory::new("texts");
        let host = HostEnvironment::with_advice();
        let script = directory.file("a.sh", b"#!/bin/sh\nexit 0\n", 0o755);
        let latin = directory.file("b.sh", b"#!/bin/sh\n# \xe9\n", 0o755);
        let program = directory.file("c", b"\x7fELF\0\0", 0o755);
        let large = directory.file("d", &[b'x'; 65_537], 0o755);
        let plain = directory.file("e", b"exit 0\n", 0o644);
        assert_eq!(
            host.script_text(&script).as_deref(),
            Some("#!/bin/sh\nexit 0\n")
        );
        assert!(host.script_text(&latin).is_some());
        for path in [&program, &large, &plain, "/dev/zero", "/", "/nowhere/x"] {
            assert_eq!(host.script_text(path), None, "{path}");
        }
        assert_eq!(HostEnvironment::default().script_text(&script), None);
    }

    #[test]
    fn the_component_at_fault_is_named_with_owner_and_mode() {
        if !is_root() {
            return;
        }
        let directory = Directory::new("faults");
        let host = HostEnvironment::with_advice();
        let open = directory.file("open.sh", b"#!/bin/sh\n", 0o777);
        let idle = directory.file("idle.sh", b"#!/bin/sh\n", 0o644);
        let problem = |path: &str| {
            let found = host.script_problem(path).unwrap();
            (found.path, found.owner, found.mode & 0o777, found.kind)
        };
        let root = || "root".to_owned();
        use ScriptProblemKind::{NotExecutable, WritableByOthers};
        let expected = (PathBuf::from(&open), root(), 0o777, WritableByOthers);
        assert_eq!(problem(&open), expected);
        let expected = (PathBuf::from(&idle), root(), 0o644, NotExecutable);
        assert_eq!(problem(&idle), expected);
        assert_eq!(problem("/dev/null").3, ScriptProblemKind::NotAFile);
        assert_eq!(problem("/no/such").3, ScriptProblemKind::Missing);
        assert_eq!(host.script_problem("/bin/sh"), None);
    }

    #[test]
    fn the_loopback_address_is_the_hosts_own() {
        let host = HostEnvironment::with_advice();
        if host.addresses("lo").is_some_and(|all| !all.is_empty()) {
            assert_eq!(host.address([127, 0, 0, 1].into()), Existence::Present);
        }
        assert_eq!(host.address([192, 0, 2, 77].into()), Existence::Missing);
        assert_eq!(host.addresses("no-such-if"), None);
        let plain = HostEnvironment::default();
        assert_eq!(plain.address([127, 0, 0, 1].into()), Existence::Unknown);
    }
}
