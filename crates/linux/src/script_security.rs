//! Whether a script can be run, and whether only root can change what it runs: keepalived's
//! `enable_script_security`, with the component that is to blame.
//!
//! Judged by mode bits at the time of the call: access control lists are not read, and what changes
//! afterwards is not seen.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::user::Identity;
use crate::{Errno, Error};

/// Symbolic links followed at most, as in the kernel (path_resolution(7)).
const MOST_SYMLINKS: usize = 40;
/// The bit of a directory in which only owners remove their files.
const STICKY: u32 = 0o1000;

/// Why a script is not to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// The path does not begin with a slash.
    NotAbsolute,
    /// A component does not exist, or is a file where a directory should be.
    Missing {
        /// The path up to it.
        component: PathBuf,
    },
    /// More than 40 symbolic links.
    SymlinkLoop,
    /// The kernel did not show a component.
    Unreadable(Error),
    /// The identity may not pass through a directory.
    NotSearchable {
        /// The directory.
        component: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Its owner's user id.
        owner: u32,
    },
    /// A directory, device or the like.
    NotRegular {
        /// The path without symbolic links.
        path: PathBuf,
    },
    /// The identity may not execute it.
    NotExecutable {
        /// The path without symbolic links.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Its owner's user id.
        owner: u32,
    },
    /// It would run as root and somebody else can change it, or what the path leads to. keepalived
    /// refuses it under `enable_script_security` and warns otherwise.
    WritableByOthers {
        /// The file or directory that they can change.
        component: PathBuf,
        /// Its owner's user id.
        owner: u32,
        /// Its permission bits.
        mode: u32,
    },
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAbsolute => f.write_str("the path is not absolute"),
            Self::Missing { component } => write!(f, "{} does not exist", component.display()),
            Self::SymlinkLoop => write!(f, "more than {MOST_SYMLINKS} symbolic links"),
            Self::Unreadable(error) => error.fmt(f),
            Self::NotSearchable {
                component,
                mode,
                owner,
            } => {
                write!(
                    f,
                    "{} (mode {mode:04o}, owner {owner}) cannot be searched",
                    component.display()
                )
            }
            Self::NotRegular { path } => write!(f, "{} is not a regular file", path.display()),
            Self::NotExecutable { path, mode, owner } => {
                write!(
                    f,
                    "{} (mode {mode:04o}, owner {owner}) is not executable",
                    path.display()
                )
            }
            Self::WritableByOthers {
                component,
                owner,
                mode,
            } => {
                write!(
                    f,
                    "{} (mode {mode:04o}, owner {owner}) is writable by others than root",
                    component.display()
                )
            }
        }
    }
}

impl std::error::Error for Unusable {}

/// Walks the path, symbolic links included, as the kernel would for this identity. What makes it unable
/// to run is told before who could change it. Blocks for the file system.
pub fn inspect(path: &Path, identity: &Identity) -> Result<(), Unusable> {
    if !path.is_absolute() {
        return Err(Unusable::NotAbsolute);
    }
    let mut walk = Walk {
        identity,
        place: PathBuf::from("/"),
        writable: None,
        symlinks: 0,
    };
    let mut pending: VecDeque<OsString> = components(path).collect();
    walk.pass(&status(Path::new("/"))?, pending.is_empty())?;
    while let Some(component) = pending.pop_front() {
        if component == ".." {
            walk.place.pop();
            continue;
        }
        let next = walk.place.join(&component);
        let found = status(&next)?;
        if found.is_symlink() {
            walk.follow(&next, &mut pending)?;
        } else {
            walk.place = next;
            walk.pass(&found, pending.is_empty())?;
        }
    }
    walk.writable.map_or(Ok(()), Err)
}

/// The file that a bare command name means: the first of the directories in `path_variable` that holds a
/// regular file the identity may execute. Blocks for the file system.
pub fn find_in_path(name: &OsStr, path_variable: &OsStr, identity: &Identity) -> Option<PathBuf> {
    let candidates = std::env::split_paths(path_variable)
        .filter(|d| d.is_absolute())
        .map(|d| d.join(name));
    let usable = |path: &PathBuf| {
        matches!(
            inspect(path, identity),
            Ok(()) | Err(Unusable::WritableByOthers { .. })
        )
    };
    candidates.into_iter().find(usable)
}

/// How far a path has been walked.
struct Walk<'a> {
    identity: &'a Identity,
    place: PathBuf,
    writable: Option<Unusable>,
    symlinks: usize,
}

impl Walk<'_> {
    /// Checks the place just reached.
    fn pass(&mut self, found: &Metadata, last: bool) -> Result<(), Unusable> {
        let (mode, owner) = (found.mode() & 0o7777, found.uid());
        let path = self.place.clone();
        if !last && !found.is_dir() {
            return Err(Unusable::Missing { component: path });
        }
        if last && !found.is_file() {
            return Err(Unusable::NotRegular { path });
        }
        if !may_execute(self.identity, found) {
            return Err(match last {
                true => Unusable::NotExecutable { path, mode, owner },
                false => Unusable::NotSearchable {
                    component: path,
                    mode,
                    owner,
                },
            });
        }
        if self.identity.uid == 0 && self.writable.is_none() && writable_by_others(found) {
            self.writable = Some(Unusable::WritableByOthers {
                component: path,
                owner,
                mode,
            });
        }
        Ok(())
    }

    /// Puts what a symbolic link says in front of the rest of the path.
    fn follow(&mut self, link: &Path, pending: &mut VecDeque<OsString>) -> Result<(), Unusable> {
        self.symlinks += 1;
        if self.symlinks > MOST_SYMLINKS {
            return Err(Unusable::SymlinkLoop);
        }
        let target = std::fs::read_link(link)
            .map_err(|error| Unusable::Unreadable(Errno::from(error).at("read", link)))?;
        if target.is_absolute() {
            self.place = PathBuf::from("/");
        }
        for component in components(&target).collect::<Vec<_>>().into_iter().rev() {
            pending.push_front(component);
        }
        if pending.is_empty() {
            // A link to the root directory or to "." itself.
            self.pass(&status(&self.place)?, true)?;
        }
        Ok(())
    }
}

/// Names and "..", without the root and ".".
fn components(path: &Path) -> impl Iterator<Item = OsString> {
    path.components().filter_map(|component| match component {
        Component::Normal(_) | Component::ParentDir => Some(component.as_os_str().to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    })
}

fn status(path: &Path) -> Result<Metadata, Unusable> {
    path.symlink_metadata()
        .map_err(|error| match Errno::from(error) {
            Errno(libc::ENOENT | libc::ENOTDIR) => Unusable::Missing {
                component: path.to_path_buf(),
            },
            errno => Unusable::Unreadable(errno.at("inspect", path)),
        })
}

fn may_execute(identity: &Identity, found: &Metadata) -> bool {
    let mode = found.mode();
    if identity.uid == 0 {
        // Root passes every directory and runs what anybody may run.
        found.is_dir() || mode & 0o111 != 0
    } else if identity.uid == found.uid() {
        mode & 0o100 != 0
    } else if identity.gid == found.gid() || identity.groups.contains(&found.gid()) {
        mode & 0o010 != 0
    } else {
        mode & 0o001 != 0
    }
}

/// An owner can always give himself the permission; in a sticky directory nobody can touch root's files.
fn writable_by_others(found: &Metadata) -> bool {
    let mode = found.mode();
    if found.is_dir() && found.uid() == 0 && mode & STICKY != 0 {
        return false;
    }
    found.uid() != 0 || (mode & 0o020 != 0 && found.gid() != 0) || mode & 0o002 != 0
}
