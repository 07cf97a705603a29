//! What the configuration is read from, and what only the live host knows.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use crate::model::{IpNetwork, NameList};

/// Largest file that is read, in bytes; a configuration of this size is a mistake, not a configuration.
pub const MAX_FILE_BYTES: usize = 256 * 1024 * 1024;

/// What kind of thing a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file without any execute bit: what keepalived reads.
    Regular,
    /// A regular file with an execute bit: keepalived skips it.
    Executable,
    /// A directory.
    Directory,
    /// A device, socket or FIFO.
    Special,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name within its directory, lossily decoded.
    pub name: String,
}

/// Where configuration files come from.
pub trait Source {
    /// The file's bytes; fails as the operating system does, and for more than [`MAX_FILE_BYTES`].
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// What the path names, following symbolic links.
    fn kind(&self, path: &Path) -> io::Result<FileKind>;
    /// The directory's entries in any order.
    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>>;
}

/// The real file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileSource;

impl Source for FileSource {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
        let file = fs::File::open(path)?;
        // One byte more than there is, so that the end is seen without growing.
        let size = usize::try_from(file.metadata()?.len()).unwrap_or(MAX_FILE_BYTES);
        let mut bytes = Vec::with_capacity(size.min(MAX_FILE_BYTES).saturating_add(1));
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() > MAX_FILE_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        let metadata = fs::metadata(path)?;
        Ok(if metadata.is_dir() {
            FileKind::Directory
        } else if !metadata.is_file() {
            FileKind::Special
        } else if metadata.permissions().mode() & 0o111 != 0 {
            FileKind::Executable
        } else {
            FileKind::Regular
        })
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        let name = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| Entry {
                name: entry.file_name().to_string_lossy().into_owned(),
            })
        };
        // What a relative name begins with is the working directory.
        let directory = match directory.as_os_str().is_empty() {
            true => Path::new("."),
            false => directory,
        };
        fs::read_dir(directory)?.map(name).collect()
    }
}

/// Files held in memory: for tests, editors and simulations.
#[derive(Clone, Debug, Default)]
pub struct MemorySource {
    files: BTreeMap<PathBuf, (Vec<u8>, FileKind)>,
}

impl MemorySource {
    /// A source with one regular file.
    #[must_use]
    pub fn with(path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) -> Self {
        let mut source = Self::default();
        source.add(path, bytes);
        source
    }

    /// Adds or replaces a regular file.
    pub fn add(&mut self, path: impl Into<PathBuf>, bytes: impl Into<Vec<u8>>) {
        self.add_kind(path, bytes, FileKind::Regular);
    }

    /// Adds or replaces something of that kind.
    pub fn add_kind(
        &mut self,
        path: impl Into<PathBuf>,
        bytes: impl Into<Vec<u8>>,
        kind: FileKind,
    ) {
        self.files
            .insert(normalise(&path.into()), (bytes.into(), kind));
    }
}

/// The path without `.` components, and with `..` applied.
fn normalise(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                plain.push(component);
            }
        }
    }
    plain
}

impl Source for MemorySource {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.files.get(&normalise(path));
        file.map(|(bytes, _)| bytes.clone())
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        let path = normalise(path);
        if let Some((_, kind)) = self.files.get(&path) {
            return Ok(*kind);
        }
        let inside = self.files.keys().any(|file| file.starts_with(&path));
        if inside {
            Ok(FileKind::Directory)
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        let directory = normalise(directory);
        let mut names: Vec<_> = self
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&directory).ok()?.components().next())
            .map(|first| first.as_os_str().to_string_lossy().into_owned())
            .collect();
        names.dedup();
        Ok(names.into_iter().map(|name| Entry { name }).collect())
    }
}

/// What is known about an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceState {
    /// Nobody looked.
    Unknown,
    /// There is no interface of that name.
    Missing,
    /// It exists and is not a loopback.
    Present,
    /// It exists and is a loopback.
    Loopback,
}

/// What is known about a script or command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptState {
    /// Nobody looked.
    Unknown,
    /// There is no such file, nor a command of that name.
    Missing,
    /// It exists but its user may not run it.
    NotExecutable,
    /// It can be run.
    Runnable,
    /// It can be run, and others than root can replace it.
    Insecure,
}

/// What is known about a user or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existence {
    /// Nobody looked.
    Unknown,
    /// There is none.
    Missing,
    /// It exists.
    Present,
}

/// Why a script can't be run, or should not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptProblem {
    /// The component of its path that is at fault.
    pub path: PathBuf,
    /// Owner of that component, by name where it has one.
    pub owner: String,
    /// Its mode bits.
    pub mode: u32,
    /// What is wrong with it.
    pub kind: ScriptProblemKind,
}

/// What is wrong with a component of a script's path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptProblemKind {
    /// It is not there.
    Missing,
    /// It is not executable, or not searchable, for the user.
    NotExecutable,
    /// Its owner, its group or everybody may write to it, and is not root.
    WritableByOthers,
    /// It is not a regular file.
    NotAFile,
}

/// What only the live host knows. Whatever answers "unknown" is not reported on.
pub trait Environment {
    /// Whether the interface exists, and whether it is a loopback.
    fn interface(&self, _name: &str) -> InterfaceState {
        InterfaceState::Unknown
    }

    /// Whether the file or command (first word of a command line) can be run.
    fn script(&self, _command: &str) -> ScriptState {
        ScriptState::Unknown
    }

    /// Why the file or command (first word of a command line) can't or should not be run; `None` where it can, or
    /// nobody looked.
    fn script_problem(&self, _command: &str) -> Option<ScriptProblem> {
        None
    }

    /// The text of a script, for advice about it; `None` for a program, a large file, or where nobody looked.
    fn script_text(&self, _command: &str) -> Option<String> {
        None
    }

    /// Addresses of an interface; `None` where nobody looked.
    fn addresses(&self, _interface: &str) -> Option<Vec<IpNetwork>> {
        None
    }

    /// Whether some interface of the host has the address.
    fn address(&self, _address: IpAddr) -> Existence {
        Existence::Unknown
    }

    /// Whether the user exists.
    fn user(&self, _name: &str) -> Existence {
        Existence::Unknown
    }

    /// Whether the group exists.
    fn group(&self, _name: &str) -> Existence {
        Existence::Unknown
    }

    /// Whether the host's files (iproute2's, protocols(5)) give that name a number.
    fn network_name(&self, _list: NameList, _name: &str) -> Existence {
        Existence::Unknown
    }

    /// The host's name, whose part before the first dot is the default of `config_id`.
    fn host_name(&self) -> Option<String> {
        None
    }

    /// The value of an environment variable, for `${_ENV NAME}`.
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }
}

/// A host about which nothing is known: for workstations and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEnvironment;

impl Environment for NoEnvironment {}
