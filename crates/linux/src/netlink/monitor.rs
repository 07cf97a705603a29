//! What happens to links and addresses, as the kernel tells it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, BorrowedFd};

use super::commands::{AF_INET, AF_INET6, IFA_ADDRESS, IFA_FLAGS, IFA_LABEL, IFA_LOCAL, IFA_PROTO};
use super::message::{self, Buffer, Message, attributes, number16, number32};
use super::socket::{Datagram, Socket};
use super::{AddressFlags, AddressProtocol, Scope};
use crate::sys::set_receive_buffer;
use crate::{Errno, Error, InterfaceName};

/// Bytes of the queue when the caller names none: some thousand address events.
const DEFAULT_RECEIVE_BUFFER: u32 = 1024 * 1024;
/// Datagrams read in one call, so that a storm of events cannot hold the loop.
const DATAGRAMS_PER_CALL: usize = 256;
/// A dump that changes disturb is begun again at most so often.
const DUMP_ATTEMPTS: usize = 5;

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_GETADDR: u16 = 22;
const RTNLGRP_LINK: u32 = 1;
const RTNLGRP_IPV4_IFADDR: u32 = 5;
const RTNLGRP_IPV6_IFADDR: u32 = 9;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_OPERSTATE: u16 = 16;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_EXT_MASK: u16 = 29;
const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
const IFF_UP: u32 = 0x1;
const IFF_LOOPBACK: u32 = 0x8;
const IFF_RUNNING: u32 = 0x40;
const IFF_MULTICAST: u32 = 0x1000;
const OPERSTATE_UNKNOWN: u8 = 0;
const OPERSTATE_UP: u8 = 6;
/// linux/if_arp.h.
const ARPHRD_ETHER: u16 = 1;
/// Length of `struct ifinfomsg`.
const LINK_HEADER_BYTES: usize = 16;
/// Length of `struct ifaddrmsg`.
const ADDRESS_HEADER_BYTES: usize = 8;

/// What an interface is made of, as far as VRRP cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// Hardware, or what passes for it.
    Physical,
    /// A second MAC address on another interface.
    Macvlan,
    /// A second interface with the same MAC address.
    Ipvlan,
    /// An IEEE 802.1Q tag.
    Vlan,
    /// A switch.
    Bridge,
    /// Several as one.
    Bond,
    /// One end of a pair.
    Veth,
    /// A routing domain.
    Vrf,
    /// Any other kind.
    Other,
}

impl LinkKind {
    /// What `IFLA_LINKINFO` says.
    pub(super) fn of_info(link_info: &[u8]) -> Self {
        let kind = attributes(link_info).find(|(kind, _)| *kind == IFLA_INFO_KIND);
        kind.map_or(Self::Other, |(_, name)| Self::from_name(name))
    }

    fn from_name(name: &[u8]) -> Self {
        match name.strip_suffix(b"\0").unwrap_or(name) {
            b"macvlan" => Self::Macvlan,
            b"ipvlan" => Self::Ipvlan,
            b"vlan" => Self::Vlan,
            b"bridge" => Self::Bridge,
            b"bond" => Self::Bond,
            b"veth" => Self::Veth,
            b"vrf" => Self::Vrf,
            _ => Self::Other,
        }
    }
}

/// An interface as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkEvent {
    /// The kernel's index.
    pub index: u32,
    /// The name; a rename is an event with another one.
    pub name: InterfaceName,
    /// Somebody set it up (`IFF_UP`).
    pub up: bool,
    /// It can carry packets (`IFF_RUNNING`, and RFC 2863 state up or unknown).
    pub running: bool,
    /// The Ethernet address; none for a link without, or with another kind of one.
    pub mac: Option<[u8; 6]>,
    /// Bytes of the largest packet.
    pub mtu: u32,
    /// It is the loopback interface.
    pub loopback: bool,
    /// It can do multicast.
    pub multicast: bool,
    /// What it is made of.
    pub kind: LinkKind,
    /// The index of the interface below a macvlan, vlan and the like.
    pub parent: Option<u32>,
}

/// An address as it is now, or was until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressEvent {
    /// The interface's index.
    pub index: u32,
    /// The host's own address.
    pub address: IpAddr,
    /// Prefix length in bits.
    pub prefix: u8,
    /// How far it is valid.
    pub scope: Scope,
    /// The label (IPv4).
    pub label: Option<InterfaceName>,
    /// Who added it, when the kernel knows.
    pub protocol: Option<AddressProtocol>,
    /// Secondary, tentative and others.
    pub flags: AddressFlags,
    /// False when it has just been removed.
    pub added: bool,
}

/// Something the kernel told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// An interface is new or changed.
    Link(LinkEvent),
    /// An interface is gone, and its addresses with it.
    LinkRemoved {
        /// The index it had.
        index: u32,
        /// The name it had.
        name: InterfaceName,
    },
    /// An address is new, changed or gone.
    Address(AddressEvent),
    /// Events were lost: only a new [`Monitor::dump`] tells what is.
    Overrun,
}

/// A subscription to links and addresses of the thread's network namespace.
#[derive(Debug)]
pub struct Monitor {
    socket: Socket,
}

impl Monitor {
    /// Subscribes, with a queue of so many bytes (none: 1 MiB, which the kernel doubles).
    pub fn open(receive_buffer: Option<u32>) -> Result<Self, Error> {
        let open = || {
            let socket = Socket::open(&[RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR])?;
            set_receive_buffer(
                socket.as_fd(),
                receive_buffer.unwrap_or(DEFAULT_RECEIVE_BUFFER),
            )?;
            Ok(Self { socket })
        };
        open().map_err(|errno: Errno| errno.at("open", "netlink monitor"))
    }

    /// Changes the queue, in bytes; it is never smaller than it is without being asked for.
    pub fn set_receive_buffer(&self, bytes: u32) -> Result<(), Error> {
        set_receive_buffer(self.socket.as_fd(), bytes.max(DEFAULT_RECEIVE_BUFFER))
            .map(drop)
            .map_err(|errno| errno.at("size the buffer of", "netlink monitor"))
    }

    /// Appends all links, then all addresses: forget what was known before. Changes meanwhile are
    /// among them, in order. Blocks while the kernel answers, some seconds at worst; EBUSY when changes
    /// disturbed every attempt.
    pub fn dump(&mut self, events: &mut Vec<Event>) -> Result<(), Error> {
        let start = events.len();
        for _ in 0..DUMP_ATTEMPTS {
            events.truncate(start);
            match self.try_dump(events) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(errno) => return Err(errno.at("dump", "links and addresses")),
            }
        }
        Err(Errno(libc::EBUSY).at("dump", "links and addresses"))
    }

    /// Appends what has happened since, without blocking; true when more may wait.
    pub fn next_events(&mut self, events: &mut Vec<Event>) -> Result<bool, Error> {
        for _ in 0..DATAGRAMS_PER_CALL {
            match self
                .socket
                .receive()
                .map_err(|errno| errno.at("receive", "netlink events"))?
            {
                Datagram::Messages(bytes) => {
                    events.extend(message::messages(bytes).filter_map(read_event));
                }
                Datagram::Foreign => {}
                Datagram::Lost => events.push(Event::Overrun),
                Datagram::None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// False when the dump has to be begun again.
    fn try_dump(&mut self, events: &mut Vec<Event>) -> Result<bool, Errno> {
        // What waits is older than the dump and might tell of something whose end was lost.
        for _ in 0..DATAGRAMS_PER_CALL {
            if matches!(self.socket.receive()?, Datagram::None) {
                break;
            }
        }
        Ok(self.dump_one(RTM_GETLINK, &link_request(), events)?
            && self.dump_one(RTM_GETADDR, &[0; ADDRESS_HEADER_BYTES], events)?)
    }

    fn dump_one(
        &mut self,
        kind: u16,
        request: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<bool, Errno> {
        self.socket.dump(kind, request, &mut |message| {
            events.extend(read_event(message));
        })
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// All links, without their counters.
fn link_request() -> Vec<u8> {
    let mut request = Buffer::default();
    request.push(&[0; LINK_HEADER_BYTES]);
    request.attribute(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
    request.bytes().to_vec()
}

fn read_event(message: Message<'_>) -> Option<Event> {
    match message.kind {
        RTM_NEWLINK => read_link(message.payload).map(Event::Link),
        RTM_DELLINK => read_link(message.payload).map(|link| Event::LinkRemoved {
            index: link.index,
            name: link.name,
        }),
        RTM_NEWADDR => read_address(message.payload, true).map(Event::Address),
        RTM_DELADDR => read_address(message.payload, false).map(Event::Address),
        _ => None,
    }
}

fn read_link(payload: &[u8]) -> Option<LinkEvent> {
    // Other families tell of ports, such as a link that left a bridge and lives on.
    if *payload.first()? != 0 {
        return None;
    }
    let flags = number32(payload, 8)?;
    let mut link = LinkEvent {
        index: number32(payload, 4)?,
        name: InterfaceName::from_bytes(b"?")?,
        up: flags & IFF_UP != 0,
        running: flags & IFF_RUNNING != 0,
        mac: None,
        mtu: 0,
        loopback: flags & IFF_LOOPBACK != 0,
        multicast: flags & IFF_MULTICAST != 0,
        kind: LinkKind::Physical,
        parent: None,
    };
    let mut name = None;
    for (kind, value) in attributes(payload.get(LINK_HEADER_BYTES..)?) {
        match kind {
            IFLA_IFNAME => name = InterfaceName::from_bytes(value),
            IFLA_ADDRESS => {
                let is_ethernet = number16(payload, 2) == Some(ARPHRD_ETHER);
                link.mac = value.try_into().ok().filter(|_| is_ethernet);
            }
            IFLA_MTU => link.mtu = number32(value, 0)?,
            IFLA_LINK => link.parent = number32(value, 0),
            IFLA_OPERSTATE => {
                link.running &= matches!(*value.first()?, OPERSTATE_UNKNOWN | OPERSTATE_UP);
            }
            IFLA_LINKINFO => link.kind = LinkKind::of_info(value),
            _ => {}
        }
    }
    link.name = name?;
    // A veth's link is its other end.
    link.parent = link.parent.filter(|_| link.kind != LinkKind::Veth);
    Some(link)
}

fn read_address(payload: &[u8], added: bool) -> Option<AddressEvent> {
    let &[family, prefix, flags, scope, ..] = payload else {
        return None;
    };
    let (mut local, mut address, mut label, mut protocol) = (None, None, None, None);
    let mut flags = u32::from(flags);
    for (kind, value) in attributes(payload.get(ADDRESS_HEADER_BYTES..)?) {
        match kind {
            IFA_LOCAL => local = read_ip(family, value),
            IFA_ADDRESS => address = read_ip(family, value),
            IFA_LABEL => label = InterfaceName::from_bytes(value),
            IFA_FLAGS => flags = number32(value, 0)?,
            IFA_PROTO => protocol = value.first().copied().map(AddressProtocol),
            _ => {}
        }
    }
    Some(AddressEvent {
        index: number32(payload, 4)?,
        // With a peer, IFA_ADDRESS is the peer's.
        address: local.or(address)?,
        prefix,
        scope: Scope(scope),
        label,
        protocol,
        flags: AddressFlags(flags),
        added,
    })
}

fn read_ip(family: u8, value: &[u8]) -> Option<IpAddr> {
    match family {
        AF_INET => <[u8; 4]>::try_from(value)
            .ok()
            .map(|octets| Ipv4Addr::from(octets).into()),
        AF_INET6 => <[u8; 16]>::try_from(value)
            .ok()
            .map(|octets| Ipv6Addr::from(octets).into()),
        _ => None,
    }
}
