//! Unix stream sockets that have a name (unix(7)): where a daemon listens, and who calls.

mod lock;

use std::ffi::CString;
use std::fmt;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use libc::socklen_t;

use crate::files::make_directories;
use crate::sys::{bind, check, socket, socket_length};
use crate::{Errno, Error};
use lock::Lock;

/// What a socket is called until it may be found under its name.
const FRESH: &str = ".new";
/// Connections that the kernel keeps until they are accepted.
const BACKLOG: i32 = 128;
/// What a group id of a call stands for that is to change nothing (chown(2)).
const UNCHANGED: u32 = u32::MAX;

/// Why nobody listens under that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotListening {
    /// A living process does already.
    InUse,
    /// There is something under that name that is not a socket.
    NotASocket,
    /// The system refuses.
    Failed(Error),
}

impl fmt::Display for NotListening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str("another process listens there"),
            Self::NotASocket => f.write_str("there is a file that is not a socket"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotListening {}

/// The name of a listening socket, which goes with this unless somebody else has taken it meanwhile.
#[derive(Debug)]
pub struct SocketName {
    path: PathBuf,
    inode: (u64, u64),
    /// Given back after the name has gone; none: another one has it.
    lock: Option<Lock>,
}

impl SocketName {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the socket is still found under its name.
    pub fn is_there(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.inode)
    }
}

impl Drop for SocketName {
    fn drop(&mut self) {
        if self.lock.is_some() && self.is_there() {
            // Nobody is left to tell; a name that stays does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Listens under that name, whose directory is made if it is missing. The name of a process that is gone is taken over, that
/// of a living one never, also where many ask at once. Nobody can connect before mode and group are what they shall be. A
/// file that is called as the socket and `.lock` is there as long as somebody listens. Does not block but for the file
/// system; neither does the socket.
pub fn listen(
    path: &Path,
    mode: u32,
    group: Option<u32>,
) -> Result<(UnixListener, SocketName), NotListening> {
    let failed = |errno: Errno| NotListening::Failed(errno.at("listen on", path));
    // Before a file is made beside a name that no socket can have.
    address(&beside(path, FRESH)).map_err(failed)?;
    if let Some(directory) = path.parent() {
        make_directories(directory).map_err(|error| failed(error.into()))?;
    }
    let lock = Lock::take(path)?;
    look(path)?;
    take_name(path, lock, mode, group)
}

/// As [`listen`], in place of a socket that has the name already: nobody who comes meanwhile finds none.
pub fn listen_again(
    mut name: SocketName,
    mode: u32,
    group: Option<u32>,
) -> Result<(UnixListener, SocketName), NotListening> {
    let ours = name.is_there();
    let path = name.path.clone();
    let lock = match name.lock.take() {
        Some(lock) => lock,
        None => Lock::take(&path)?,
    };
    if !ours {
        look(&path)?;
    }
    let listening = take_name(&path, lock, mode, group);
    if listening.is_err() && ours {
        // What listened there goes.
        let _ = fs::remove_file(&path);
    }
    listening
}

/// Whether the name can be taken.
fn look(path: &Path) -> Result<(), NotListening> {
    let failed = |errno: Errno| NotListening::Failed(errno.at("listen on", path));
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => Err(NotListening::NotASocket),
        // Somebody who knows nothing of the lock.
        Ok(_) if is_alive(path).map_err(failed)? => Err(NotListening::InUse),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error.into())),
    }
}

/// Under another name first: whoever asks meanwhile finds the old one or the new one.
fn take_name(
    path: &Path,
    lock: Lock,
    mode: u32,
    group: Option<u32>,
) -> Result<(UnixListener, SocketName), NotListening> {
    let fresh = beside(path, FRESH);
    let _ = fs::remove_file(&fresh);
    let made = make(&fresh, mode, group).and_then(|listener| {
        let found = fs::symlink_metadata(&fresh)?;
        fs::rename(&fresh, path)?;
        Ok((listener, (found.dev(), found.ino())))
    });
    let (listener, inode) = made.map_err(|errno| {
        let _ = fs::remove_file(&fresh);
        NotListening::Failed(errno.at("listen on", path))
    })?;
    let name = SocketName {
        path: path.to_path_buf(),
        inode,
        lock: Some(lock),
    };
    Ok((UnixListener::from(listener), name))
}

/// The name of a file beside the socket.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

fn make(path: &Path, mode: u32, group: Option<u32>) -> Result<OwnedFd, Errno> {
    let socket = socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)?;
    bind(socket.as_fd(), &address(path)?)?;
    fs::set_permissions(path, PermissionsExt::from_mode(mode & 0o777))?;
    if let Some(group) = group {
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno(libc::EINVAL))?;
        // SAFETY: `path` is a C string; the ids are plain numbers.
        check(unsafe { libc::lchown(path.as_ptr(), UNCHANGED, group) })?;
    }
    // SAFETY: the call takes plain numbers.
    check(unsafe { libc::listen(socket.as_raw_fd(), BACKLOG) })?;
    Ok(socket)
}

/// Whether a process accepts, or will accept, connections there.
fn is_alive(path: &Path) -> Result<bool, Errno> {
    let socket = socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)?;
    let address = address(path)?;
    // SAFETY: pointer and length describe `address`, which the kernel only reads.
    let connected = check(unsafe {
        libc::connect(
            socket.as_raw_fd(),
            std::ptr::from_ref(&address).cast(),
            socket_length::<libc::sockaddr_un>(),
        )
    });
    match connected {
        // A full queue is somebody's.
        Ok(_) | Err(Errno(libc::EAGAIN)) => Ok(true),
        Err(Errno(libc::ECONNREFUSED | libc::ENOENT)) => Ok(false),
        Err(errno) => Err(errno),
    }
}

fn address(path: &Path) -> Result<libc::sockaddr_un, Errno> {
    // SAFETY: the address is plain bytes.
    let mut address: libc::sockaddr_un = unsafe { MaybeUninit::zeroed().assume_init() };
    address.sun_family = libc::sa_family_t::try_from(libc::AF_UNIX).unwrap_or(1);
    let bytes = path.as_os_str().as_bytes();
    // The last byte stays zero.
    if bytes.len() >= address.sun_path.len() || bytes.contains(&0) || bytes.is_empty() {
        return Err(Errno(libc::ENAMETOOLONG));
    }
    for (place, byte) in address.sun_path.iter_mut().zip(bytes) {
        *place = libc::c_char::from_ne_bytes([*byte]);
    }
    Ok(address)
}

/// Who is at the other end of a connected Unix socket, as the kernel knew it when it connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Process id; 0 for one of another process namespace.
    pub pid: u32,
    /// Effective user id.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
}

/// Asks the kernel who is at the other end (`SO_PEERCRED`).
pub fn peer(connection: BorrowedFd<'_>) -> Result<Peer, Error> {
    let mut found = MaybeUninit::<libc::ucred>::zeroed();
    let mut length: socklen_t = socket_length::<libc::ucred>();
    // SAFETY: pointer and length describe `found`.
    check(unsafe {
        libc::getsockopt(
            connection.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            found.as_mut_ptr().cast(),
            &raw mut length,
        )
    })
    .map_err(|errno| errno.at("identify", "caller of a socket"))?;
    // SAFETY: it was zeroed and may be filled; any bits are valid numbers.
    let found = unsafe { found.assume_init() };
    Ok(Peer {
        pid: u32::try_from(found.pid).unwrap_or(0),
        uid: found.uid,
        gid: found.gid,
    })
}

#[cfg(test)]
mod tests;
