//! A raw IPv4 socket for VRRP in authentication headers (protocol 51). What it sends goes through
//! [`crate::vrrp::Sender`], whose packets bring their own header.

use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::filter::{Filter, VirtualRouters};
use crate::packet::{PacketRing, Packets, RING_PACKETS};
use crate::sys::set_receive_buffer;
use crate::vrrp::open_receiver_of;
use crate::{Error, Interface};

/// Hears sealed advertisements of wanted virtual routers on one interface; nothing until
/// [`Socket::set_wanted`] says which.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    interface: Option<Interface>,
    destination: Ipv4Addr,
}

impl Socket {
    /// Opens a receiver bound to the interface, if there is one, for packets to `destination`: a group, which is joined,
    /// or an address of this host for unicast. `receive_buffer` is in bytes or
    /// [`crate::vrrp::DEFAULT_BUFFER`].
    pub fn open(
        interface: impl Into<Option<Interface>>,
        destination: Ipv4Addr,
        receive_buffer: u32,
    ) -> Result<Self, Error> {
        let interface = interface.into();
        let fd = open_receiver_of(
            libc::IPPROTO_AH,
            interface,
            destination.into(),
            receive_buffer,
        )
        .map_err(|errno| errno.at("open AH socket on", interface))?;
        Ok(Self {
            fd,
            interface,
            destination,
        })
    }

    /// Replaces the set of virtual router ids (VRIDs) that pass, at once for all.
    pub fn set_wanted(&mut self, ids: &[u8]) -> Result<(), Error> {
        Filter::sealed_vrrp(self.destination, VirtualRouters::Only(ids))
            .attach(self.fd.as_fd())
            .map_err(|errno| errno.at("filter AH on", self.interface))
    }

    /// Changes the receive buffer, in bytes; what waits in it stays.
    pub fn set_receive_buffer(&self, bytes: u32) -> Result<(), Error> {
        set_receive_buffer(self.fd.as_fd(), bytes)
            .map(drop)
            .map_err(|errno| errno.at("size the AH buffer on", self.interface))
    }

    /// Takes what waits, [`RING_PACKETS`] at most: whole IPv4 packets, reassembled. An iterator that is
    /// that long means that more may wait.
    pub fn receive<'ring>(&self, ring: &'ring mut PacketRing) -> Result<Packets<'ring>, Error> {
        ring.fill(self.fd.as_fd(), RING_PACKETS)
            .map_err(|errno| errno.at("receive AH on", self.interface))
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
