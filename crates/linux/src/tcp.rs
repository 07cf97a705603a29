//! TCP connections that are begun without waiting for them.

use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};

use crate::packet::{ipv6_socket_address, socket_address};
use crate::sys::{check, socket, socket_length};
use crate::{Errno, Error};

/// Begins a connection and returns at once: the stream can be written once it stands, or has failed, which
/// [`TcpStream::take_error`] tells. It does not block and closes on exec. Errors are those that are known at once: no route, no
/// such address family, and over the loopback interface also a refusal.
pub fn begin_connect(address: SocketAddr) -> Result<TcpStream, Error> {
    begin(address).map_err(|errno| errno.at("connect", "TCP socket"))
}

fn begin(address: SocketAddr) -> Result<TcpStream, Errno> {
    let fd = match address {
        SocketAddr::V4(address) => {
            let mut name = socket_address(*address.ip());
            name.sin_port = address.port().to_be();
            let fd = socket(libc::AF_INET, libc::SOCK_STREAM, 0)?;
            connect(&fd, &name)?;
            fd
        }
        SocketAddr::V6(address) => {
            let mut name = ipv6_socket_address(*address.ip(), address.scope_id());
            name.sin6_port = address.port().to_be();
            let fd = socket(libc::AF_INET6, libc::SOCK_STREAM, 0)?;
            connect(&fd, &name)?;
            fd
        }
    };
    Ok(TcpStream::from(fd))
}

fn connect<T>(fd: &OwnedFd, address: &T) -> Result<(), Errno> {
    // SAFETY: pointer and length describe `address`, which the kernel only reads.
    let result = check(unsafe {
        libc::connect(
            fd.as_raw_fd(),
            std::ptr::from_ref(address).cast(),
            socket_length::<T>(),
        )
    });
    match result {
        Ok(_) | Err(Errno(libc::EINPROGRESS)) => Ok(()),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsFd;

    use super::*;
    use crate::clock::Micros;
    use crate::poller::{Interest, Poller, ReadyList, Wait};

    fn outcome(address: SocketAddr) -> Result<(), i32> {
        let stream = begin_connect(address).map_err(|error| error.errno.0)?;
        let (poller, mut ready) = (Poller::new().unwrap(), ReadyList::new());
        poller.add(stream.as_fd(), 1, Interest::Write).unwrap();
        poller
            .wait(&mut ready, Wait::AtMost(Micros(5_000_000)))
            .unwrap();
        assert_eq!(ready.iter().count(), 1);
        match stream.take_error().unwrap() {
            Some(error) => Err(error.raw_os_error().unwrap()),
            None => Ok(()),
        }
    }

    #[test]
    fn a_listener_is_reached_and_nobody_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(outcome(address), Ok(()));
        drop(listener);
        assert_eq!(outcome(address), Err(libc::ECONNREFUSED));
    }

    #[test]
    fn ipv6_is_reached_as_well() {
        // A host may have no IPv6.
        let Ok(listener) = TcpListener::bind("[::1]:0") else {
            return;
        };
        assert_eq!(outcome(listener.local_addr().unwrap()), Ok(()));
    }
}
