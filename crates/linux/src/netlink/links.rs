//! Makes and removes interfaces of our own on top of others: macvlan and ipvlan (ip-link(8)).

use super::message::{self, Buffer, attributes, number32};
use super::monitor::LinkKind;
use super::socket::{Datagram, Socket};
use crate::{Errno, Error, Interface, InterfaceName};

/// Datagrams read for one answer, with room for late ones to earlier requests.
const DATAGRAMS_PER_ANSWER: usize = 64;
/// The kernel answers before it returns from the call; this is for one that does not.
const ANSWER_TIMEOUT_MS: i32 = 1_000;

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
const NLM_F_REQUEST: u16 = 0x001;
const NLM_F_ACK: u16 = 0x004;
const NLM_F_EXCL: u16 = 0x200;
const NLM_F_CREATE: u16 = 0x400;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_GROUP: u16 = 27;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_MACVLAN_MODE: u16 = 1;
const IFLA_IPVLAN_MODE: u16 = 1;
const IFLA_IPVLAN_FLAGS: u16 = 2;
const IFF_UP: u32 = 1;
/// `MACVLAN_MODE_PRIVATE`: nothing passes between interfaces on the same parent.
const MACVLAN_PRIVATE: u32 = 1;
/// `IPVLAN_MODE_L2`.
const IPVLAN_L2: u16 = 0;
/// Length of `struct ifinfomsg`.
const LINK_HEADER_BYTES: usize = 16;

/// How ipvlan interfaces of one parent reach each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpvlanMode {
    /// Directly.
    Bridge,
    /// Not at all.
    Private,
    /// By way of the switch.
    Vepa,
}

impl IpvlanMode {
    /// `IPVLAN_F_*`.
    const fn flags(self) -> u16 {
        match self {
            Self::Bridge => 0,
            Self::Private => 1,
            Self::Vepa => 2,
        }
    }
}

/// What kind of interface is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewLinkKind {
    /// macvlan in private mode with this address.
    Macvlan([u8; 6]),
    /// ipvlan on layer 2.
    Ipvlan(IpvlanMode),
}

/// An interface to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLink {
    /// Its name.
    pub name: InterfaceName,
    /// The index of the interface below.
    pub parent: u32,
    /// What it is.
    pub kind: NewLinkKind,
    /// The group it is put into; 0 is the default one.
    pub group: u32,
    /// The index of the routing domain (VRF) it is put into.
    pub master: Option<u32>,
}

/// An interface as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkDescription {
    /// Index and name.
    pub interface: Interface,
    /// Somebody set it up (`IFF_UP`).
    pub up: bool,
    /// What it is.
    pub kind: LinkKind,
    /// Its Ethernet address.
    pub mac: Option<[u8; 6]>,
    /// The index of the interface below.
    pub parent: Option<u32>,
    /// The index of the bridge, bond or routing domain it belongs to.
    pub master: Option<u32>,
    /// Its group.
    pub group: u32,
}

/// A socket for interfaces.
#[derive(Debug)]
pub struct Links {
    socket: Socket,
    buffer: Buffer,
}

impl Links {
    /// Opens the socket in the thread's network namespace.
    pub fn open() -> Result<Self, Error> {
        let socket =
            Socket::open(&[]).map_err(|errno: Errno| errno.at("open", "netlink link socket"))?;
        Ok(Self {
            socket,
            buffer: Buffer::default(),
        })
    }

    /// The interface of that name; ENODEV when there is none.
    pub fn find(&mut self, name: InterfaceName) -> Result<LinkDescription, Error> {
        self.describe(0, Some(name))
            .map_err(|errno| errno.at("find", Interface { index: 0, name }))
    }

    /// The interface of that index; ENODEV when there is none.
    pub fn get(&mut self, index: u32) -> Result<LinkDescription, Error> {
        self.describe(index, None)
            .map_err(|errno| errno.at("find", "interface of that index"))
    }

    /// Makes an interface, which is down; EEXIST when the name is taken.
    pub fn create(&mut self, wanted: &NewLink) -> Result<Interface, Error> {
        let name = wanted.name;
        let flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
        self.request(RTM_NEWLINK, flags, |message| encode(message, wanted))
            .and_then(|()| self.describe(0, Some(name)))
            .map(|made| made.interface)
            .map_err(|errno| errno.at("create", Interface { index: 0, name }))
    }

    /// Removes an interface and all addresses on it; ENODEV when it is gone.
    pub fn delete(&mut self, interface: Interface) -> Result<(), Error> {
        self.request(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, |message| {
            message.push(&link_header(interface.index, 0));
        })
        .map_err(|errno| errno.at("delete", interface))
    }

    /// Sets an interface up; ENETDOWN while the one below is down, EADDRINUSE when another macvlan on it has the address.
    pub fn set_up(&mut self, interface: Interface) -> Result<(), Error> {
        self.request(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, |message| {
            message.push(&link_header(interface.index, IFF_UP));
        })
        .map_err(|errno| errno.at("set up", interface))
    }

    /// Puts an interface into the routing domain (VRF) or bridge of that index, or with `None` out of it.
    pub fn set_master(&mut self, interface: Interface, master: Option<u32>) -> Result<(), Error> {
        self.request(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, |message| {
            message.push(&link_header(interface.index, 0));
            message.attribute(IFLA_MASTER, &master.unwrap_or(0).to_ne_bytes());
        })
        .map_err(|errno| errno.at("set the master of", interface))
    }

    fn describe(
        &mut self,
        index: u32,
        name: Option<InterfaceName>,
    ) -> Result<LinkDescription, Errno> {
        let mut found = None;
        self.exchange(
            RTM_GETLINK,
            NLM_F_REQUEST | NLM_F_ACK,
            |message| {
                message.push(&link_header(index, 0));
                if let Some(name) = name {
                    message.attribute(IFLA_IFNAME, name.with_zero());
                }
            },
            |payload| found = read(payload),
        )?;
        found.ok_or(Errno(libc::ENODEV))
    }

    fn request(
        &mut self,
        kind: u16,
        flags: u16,
        fill: impl FnOnce(&mut Buffer),
    ) -> Result<(), Errno> {
        self.exchange(kind, flags, fill, |_| {})
    }

    /// Sends one message and waits for its acknowledgement; what else it is answered with is shown to `read`.
    fn exchange(
        &mut self,
        kind: u16,
        flags: u16,
        fill: impl FnOnce(&mut Buffer),
        mut read: impl FnMut(&[u8]),
    ) -> Result<(), Errno> {
        let sequence = self.socket.next_sequence();
        self.buffer.clear();
        self.buffer.message(kind, flags, sequence, fill);
        self.socket.send(self.buffer.bytes())?;
        for _ in 0..DATAGRAMS_PER_ANSWER {
            if !self.socket.wait(ANSWER_TIMEOUT_MS)? {
                return Err(Errno(libc::ETIMEDOUT));
            }
            let bytes = match self.socket.receive()? {
                Datagram::Messages(bytes) => bytes,
                Datagram::Foreign | Datagram::None => continue,
                Datagram::Lost => return Err(Errno(libc::ENOBUFS)),
            };
            for answer in message::messages(bytes).filter(|it| it.sequence == sequence) {
                match answer.kind {
                    message::ERROR => {
                        return match message::error_number(answer.payload) {
                            0 => Ok(()),
                            errno => Err(Errno(errno)),
                        };
                    }
                    RTM_NEWLINK => read(answer.payload),
                    _ => {}
                }
            }
        }
        Err(Errno(libc::ETIMEDOUT))
    }
}

/// `struct ifinfomsg`, with these flags set and no others touched.
fn link_header(index: u32, flags: u32) -> [u8; LINK_HEADER_BYTES] {
    let mut header = [0; LINK_HEADER_BYTES];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..].copy_from_slice(&flags.to_ne_bytes());
    header
}

fn encode(message: &mut Buffer, wanted: &NewLink) {
    message.push(&link_header(0, 0));
    message.attribute(IFLA_IFNAME, wanted.name.with_zero());
    message.attribute(IFLA_LINK, &wanted.parent.to_ne_bytes());
    message.attribute(IFLA_GROUP, &wanted.group.to_ne_bytes());
    if let Some(master) = wanted.master {
        message.attribute(IFLA_MASTER, &master.to_ne_bytes());
    }
    if let NewLinkKind::Macvlan(mac) = wanted.kind {
        message.attribute(IFLA_ADDRESS, &mac);
    }
    message.nested(IFLA_LINKINFO, |info| match wanted.kind {
        NewLinkKind::Macvlan(_) => {
            info.attribute(IFLA_INFO_KIND, b"macvlan");
            info.nested(IFLA_INFO_DATA, |data| {
                data.attribute(IFLA_MACVLAN_MODE, &MACVLAN_PRIVATE.to_ne_bytes());
            });
        }
        NewLinkKind::Ipvlan(mode) => {
            info.attribute(IFLA_INFO_KIND, b"ipvlan");
            info.nested(IFLA_INFO_DATA, |data| {
                data.attribute(IFLA_IPVLAN_MODE, &IPVLAN_L2.to_ne_bytes());
                data.attribute(IFLA_IPVLAN_FLAGS, &mode.flags().to_ne_bytes());
            });
        }
    });
}

fn read(payload: &[u8]) -> Option<LinkDescription> {
    let index = number32(payload, 4)?;
    let up = number32(payload, 8)? & IFF_UP != 0;
    let (mut name, mut kind) = (None, LinkKind::Physical);
    let (mut mac, mut parent, mut master, mut group) = (None, None, None, 0);
    for (attribute, value) in attributes(payload.get(LINK_HEADER_BYTES..)?) {
        match attribute {
            IFLA_IFNAME => name = InterfaceName::from_bytes(value),
            IFLA_ADDRESS => mac = value.try_into().ok(),
            IFLA_LINK => parent = number32(value, 0),
            IFLA_MASTER => master = number32(value, 0),
            IFLA_GROUP => group = number32(value, 0)?,
            IFLA_LINKINFO => kind = LinkKind::of_info(value),
            _ => {}
        }
    }
    Some(LinkDescription {
        interface: Interface { index, name: name? },
        up,
        kind,
        mac,
        parent,
        master,
        group,
    })
}
