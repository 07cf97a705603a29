//! Hears every advertisement on an interface as it is on the wire, before any firewall: for diagnosis, not for the daemon.

use std::net::Ipv4Addr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::filter::Filter;
use crate::packet::{PacketRing, Packets, RING_PACKETS, discard, stamp_arrival};
use crate::sys::{bind, set_option, socket};
use crate::vrrp::Stray;
use crate::{Errno, Error, Interface};

/// EtherType of IPv4 (linux/if_ether.h).
const ETHERTYPE_IPV4: u16 = 0x0800;

/// A packet socket for IPv4 advertisements of any virtual router, with or without an authentication header.
#[derive(Debug)]
pub struct Tap {
    fd: OwnedFd,
    interface: Interface,
    /// Keep the interface in the groups; hear nothing themselves.
    _memberships: Vec<Stray>,
}

impl Tap {
    /// Joins the groups on the interface and listens; EPERM without CAP_NET_RAW. Frames that this host sends are not heard.
    pub fn open(interface: Interface, groups: &[Ipv4Addr]) -> Result<Self, Error> {
        let join = |group: &Ipv4Addr| Stray::open(interface, *group);
        let memberships = groups.iter().map(join).collect::<Result<_, _>>()?;
        let fd = open(interface).map_err(|errno| errno.at("listen on", interface))?;
        Ok(Self {
            fd,
            interface,
            _memberships: memberships,
        })
    }

    /// Takes what waits, [`RING_PACKETS`] Ethernet frames at most. ENETDOWN is told once when the interface goes down.
    pub fn receive<'ring>(&self, ring: &'ring mut PacketRing) -> Result<Packets<'ring>, Error> {
        ring.fill(self.fd.as_fd(), RING_PACKETS)
            .map_err(|errno| errno.at("listen on", self.interface))
    }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn open(interface: Interface) -> Result<OwnedFd, Errno> {
    // Protocol 0 hears nothing, so that the filter is in place before the first frame.
    let fd = socket(libc::AF_PACKET, libc::SOCK_RAW, 0)?;
    Filter::vrrp_frames().attach(fd.as_fd())?;
    set_option(
        fd.as_fd(),
        libc::SOL_PACKET,
        libc::PACKET_IGNORE_OUTGOING,
        &1_i32,
    )?;
    stamp_arrival(fd.as_fd())?;
    let address = libc::sockaddr_ll {
        sll_family: libc::sa_family_t::try_from(libc::AF_PACKET).unwrap_or(0),
        sll_protocol: ETHERTYPE_IPV4.to_be(),
        sll_ifindex: i32::try_from(interface.index).map_err(|_| Errno(libc::ENODEV))?,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    bind(fd.as_fd(), &address)?;
    discard(fd.as_fd());
    Ok(fd)
}
