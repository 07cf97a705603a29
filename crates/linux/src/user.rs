//! Users and groups of the system (passwd(5), group(5)). Look-ups read files and may ask the network:
//! they block.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

use libc::c_char;

use crate::{Errno, Error};

/// First size of the buffer for one entry, in bytes.
const FIRST_BUFFER: usize = 1024;
/// Largest one: an entry past it is refused with ERANGE.
const LARGEST_BUFFER: usize = 256 * 1024;
/// Groups asked for at first.
const FIRST_GROUPS: usize = 64;
/// The most groups a process can have (`NGROUPS_MAX` of linux/limits.h).
const MOST_GROUPS: usize = 65_536;

/// Whose rights a process has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Id of the login group.
    pub gid: u32,
}

impl User {
    /// The user with this name, if there is one.
    pub fn by_name(name: &str) -> Result<Option<Self>, Error> {
        let Ok(name) = CString::new(name) else {
            return Ok(None);
        };
        let read = |entry, buffer, length, found| {
            // SAFETY: `name` is a C string; the other pointers are as `lookup` says.
            unsafe { libc::getpwnam_r(name.as_ptr(), entry, buffer, length, found) }
        };
        lookup(read, Self::from_entry).map_err(|errno| errno.at("look up", "user"))
    }

    /// The user with this id, if there is one.
    pub fn by_id(uid: u32) -> Result<Option<Self>, Error> {
        let read = |entry, buffer, length, found| {
            // SAFETY: the pointers are as `lookup` says.
            unsafe { libc::getpwuid_r(uid, entry, buffer, length, found) }
        };
        lookup(read, Self::from_entry)
            .map_err(|errno| errno.at("look up user with", crate::Object::Id(uid)))
    }

    /// The groups the user is in, `gid` among them.
    pub fn groups(&self, gid: u32) -> Result<Vec<u32>, Error> {
        let error = |errno: Errno| errno.at("look up groups of", crate::Object::Id(self.uid));
        let name = CString::new(self.name.as_str()).map_err(|_| error(Errno(libc::EINVAL)))?;
        for capacity in [FIRST_GROUPS, MOST_GROUPS] {
            let mut groups = vec![0; capacity];
            let mut count = i32::try_from(capacity).unwrap_or(0);
            // SAFETY: `name` is a C string and `groups` has room for `count` ids.
            let result = unsafe {
                libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &raw mut count)
            };
            if result >= 0 {
                groups.truncate(usize::try_from(count).unwrap_or(0));
                return Ok(groups);
            }
        }
        Err(error(Errno(libc::ERANGE)))
    }

    fn from_entry(entry: &libc::passwd) -> Self {
        // SAFETY: `lookup` found the entry, so its name is a C string in the buffer, which is alive.
        let name = unsafe { CStr::from_ptr(entry.pw_name) };
        Self {
            name: name.to_string_lossy().into_owned(),
            uid: entry.pw_uid,
            gid: entry.pw_gid,
        }
    }
}

/// The id of the group with this name, if there is one.
pub fn group_by_name(name: &str) -> Result<Option<u32>, Error> {
    let Ok(name) = CString::new(name) else {
        return Ok(None);
    };
    let read = |entry, buffer, length, found| {
        // SAFETY: `name` is a C string; the other pointers are as `lookup` says.
        unsafe { libc::getgrnam_r(name.as_ptr(), entry, buffer, length, found) }
    };
    lookup(read, |entry: &libc::group| entry.gr_gid).map_err(|errno| errno.at("look up", "group"))
}

/// The name of the group with this id, if there is one.
pub fn group_name(gid: u32) -> Result<Option<String>, Error> {
    let read = |entry, buffer, length, found| {
        // SAFETY: the pointers are as `lookup` says.
        unsafe { libc::getgrgid_r(gid, entry, buffer, length, found) }
    };
    let name = |entry: &libc::group| {
        // SAFETY: `lookup` found the entry, so its name is a C string in the buffer, which is alive.
        let name = unsafe { CStr::from_ptr(entry.gr_name) };
        name.to_string_lossy().into_owned()
    };
    lookup(read, name).map_err(|errno| errno.at("look up", "group"))
}

/// Calls one of the reentrant look-ups with an entry, a buffer of the length given and a place for the
/// pointer to what it found, all valid for the call; again with a larger buffer while that is too small.
fn lookup<Entry, T>(
    read: impl Fn(*mut Entry, *mut c_char, usize, *mut *mut Entry) -> i32,
    take: impl Fn(&Entry) -> T,
) -> Result<Option<T>, Errno> {
    let mut length = FIRST_BUFFER;
    while length <= LARGEST_BUFFER {
        let mut entry = MaybeUninit::<Entry>::uninit();
        let mut buffer = vec![0; length];
        let mut found = std::ptr::null_mut();
        match read(
            entry.as_mut_ptr(),
            buffer.as_mut_ptr(),
            length,
            &raw mut found,
        ) {
            // SAFETY: the pointer is null or to `entry`, which the call has filled.
            0 => return Ok(unsafe { found.as_ref() }.map(&take)),
            libc::ERANGE => length *= 4,
            libc::EINTR => {}
            // What getpwnam(3) lists for "not found", depending on where was looked.
            libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM => return Ok(None),
            errno => return Err(Errno(errno)),
        }
    }
    Err(Errno(libc::ERANGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_found_by_name_and_id_with_its_groups() {
        let root = User::by_name("root").unwrap().unwrap();
        assert_eq!((root.uid, root.gid), (0, 0));
        assert_eq!(User::by_id(0).unwrap(), Some(root.clone()));
        assert!(root.groups(root.gid).unwrap().contains(&0));
        assert!(root.groups(4242).unwrap().contains(&4242));
    }

    #[test]
    fn strangers_are_none() {
        assert_eq!(User::by_name("no-such-user-here").unwrap(), None);
        assert_eq!(User::by_name("ro\0ot").unwrap(), None);
        assert_eq!(User::by_id(3_999_999_999).unwrap(), None);
        assert_eq!(group_by_name("no-such-group-here").unwrap(), None);
        assert_eq!(group_by_name("root").unwrap(), Some(0));
        assert_eq!(group_name(0).unwrap().as_deref(), Some("root"));
        assert_eq!(group_name(3_999_999_999).unwrap(), None);
    }
}
