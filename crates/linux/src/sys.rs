//! The few conversions that every module needs around a system call.

use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::{c_int, c_void, socklen_t};

use crate::Errno;

/// The result of a call that returns -1 on failure.
pub(crate) fn check(result: c_int) -> Result<c_int, Errno> {
    if result == -1 {
        Err(Errno::last())
    } else {
        Ok(result)
    }
}

/// The byte count of a call that returns -1 on failure.
pub(crate) fn check_size(result: isize) -> Result<usize, Errno> {
    usize::try_from(result).map_err(|_| Errno::last())
}

/// Takes ownership of a descriptor that a call has just returned.
///
/// # Safety
/// `result` is -1 or an open descriptor that nothing else owns.
pub(crate) unsafe fn own(result: c_int) -> Result<OwnedFd, Errno> {
    let descriptor = check(result)?;
    // SAFETY: the caller says that the descriptor is open and unowned.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// The size of a structure as socket calls want it.
pub(crate) fn socket_length<T>() -> socklen_t {
    socklen_t::try_from(size_of::<T>()).unwrap_or(socklen_t::MAX)
}

/// Opens a socket that closes on exec and does not block.
pub(crate) fn socket(domain: c_int, kind: c_int, protocol: c_int) -> Result<OwnedFd, Errno> {
    let kind = kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: socket(2) takes plain numbers and returns a descriptor of our own.
    unsafe { own(libc::socket(domain, kind, protocol)) }
}

/// Binds a socket to an address structure of its domain.
pub(crate) fn bind<T>(socket: BorrowedFd<'_>, address: &T) -> Result<(), Errno> {
    // SAFETY: pointer and length describe `address`, which the kernel only reads.
    check(unsafe {
        libc::bind(
            socket.as_raw_fd(),
            std::ptr::from_ref(address).cast(),
            socket_length::<T>(),
        )
    })?;
    Ok(())
}

/// Sets a socket option from a value that the kernel copies.
pub(crate) fn set_option<T>(
    socket: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: &T,
) -> Result<(), Errno> {
    let pointer: *const c_void = std::ptr::from_ref(value).cast();
    // SAFETY: pointer and length describe `value`, which the kernel only reads.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            pointer,
            socket_length::<T>(),
        )
    })?;
    Ok(())
}

/// Sets a socket option that takes bytes.
pub(crate) fn set_option_bytes(
    socket: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: &[u8],
) -> Result<(), Errno> {
    let length = socklen_t::try_from(value.len()).map_err(|_| Errno(libc::EINVAL))?;
    // SAFETY: pointer and length describe `value`, which the kernel only reads.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            value.as_ptr().cast(),
            length,
        )
    })?;
    Ok(())
}

/// Reads a socket option made of 32-bit numbers; numbers an older kernel does not know stay 0.
pub(crate) fn option_numbers<const N: usize>(
    socket: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
) -> Result<[u32; N], Errno> {
    let mut numbers = [0_u32; N];
    let mut length = socket_length::<[u32; N]>();
    let pointer: *mut c_void = numbers.as_mut_ptr().cast();
    // SAFETY: pointer and length describe `numbers`; any bits the kernel writes are valid numbers.
    check(unsafe { libc::getsockopt(socket.as_raw_fd(), level, name, pointer, &raw mut length) })?;
    Ok(numbers)
}

/// Asks for a receive buffer of so many bytes, past the system's limit where privilege allows, and
/// returns what the kernel granted (it doubles the number, for its own overhead).
pub(crate) fn set_receive_buffer(socket: BorrowedFd<'_>, bytes: u32) -> Result<u32, Errno> {
    let bytes = c_int::try_from(bytes).unwrap_or(c_int::MAX);
    if set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &bytes).is_err() {
        set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, &bytes)?;
    }
    let [granted] = option_numbers(socket, libc::SOL_SOCKET, libc::SO_RCVBUF)?;
    Ok(granted)
}

/// How many packets the kernel could not queue on this socket since it was opened.
pub(crate) fn drops(socket: BorrowedFd<'_>) -> Result<u32, Errno> {
    // The ninth number (SK_MEMINFO_DROPS of linux/sock_diag.h).
    let [.., drops] = option_numbers::<9>(socket, libc::SOL_SOCKET, libc::SO_MEMINFO)?;
    Ok(drops)
}
