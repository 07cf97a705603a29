//! Hardware addresses of hosts on the same segment (arp(7)).

use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsFd;

use crate::sys::set_option;
use crate::{Errno, Error};

/// Nobody listens there (discard); the kernel has to find the neighbour all the same.
const DISCARD_PORT: u16 = 9;

/// Has the kernel find these neighbours, with an empty datagram to each. Nothing leaves through a router, whatever the
/// routing table says: an address that is no neighbour's gets nothing. Does not block.
pub fn find(addresses: &[Ipv4Addr]) -> Result<(), Error> {
    let failed = |errno: Errno| errno.at("make", "socket for neighbours");
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0));
    let socket = socket.map_err(|error| failed(error.into()))?;
    let yes: libc::c_int = 1;
    set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_DONTROUTE, &yes).map_err(failed)?;
    let nonblocking = socket.set_nonblocking(true);
    nonblocking.map_err(|error| failed(error.into()))?;
    for address in addresses {
        // Who cannot be reached has no hardware address.
        let _ = socket.send_to(&[], (*address, DISCARD_PORT));
    }
    Ok(())
}
