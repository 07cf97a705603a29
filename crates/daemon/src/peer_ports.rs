//! The sockets of the peer channel: one for each interface and family on which routers speak, and one for each address
//! that a unicast router without an interface speaks from.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;

use standfast_core::Node;
use standfast_core::input::{Datagram, InterfaceIndex};
use standfast_core::router::Router;
use standfast_linux::Error;
use standfast_linux::poller::{Interest, Poller};
use standfast_linux::udp::{self, Accepted, Place, Socket};
use standfast_wire::peer::{MAGIC, MAX_LENGTH, Message, VERSION};

use crate::ports::{PortToken, Ports};

/// An interface, or none, and the address that is listened at: an unspecified one stands for all of its family.
pub(crate) type PeerKey = (InterfaceIndex, IpAddr);

/// Reasons for failed messages that are remembered, so that each is told once.
const MAX_REASONS: usize = 64;

/// One of the sockets.
pub(crate) struct PeerPort {
    pub(crate) socket: Socket,
    accepted: Accepted,
}

/// All of them.
#[derive(Default)]
pub(crate) struct PeerPorts {
    open: BTreeMap<PeerKey, PeerPort>,
    /// What could not be opened, and what was said about it.
    failures: BTreeMap<PeerKey, String>,
}

impl PeerPorts {
    pub(crate) fn get(&self, key: PeerKey) -> Option<&PeerPort> {
        self.open.get(&key)
    }

    /// Whether something that could not be opened is worth another try.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.failures.is_empty()
    }

    /// Sends a message; none is sent where the port could not be opened, which was said.
    pub(crate) fn send(&self, message: &Datagram) -> Result<(), Error> {
        let key = key(message.interface, message.source);
        self.open.get(&key).map_or(Ok(()), |port| {
            port.socket.send(udp::Datagram {
                source: message.source,
                destination: message.destination,
                bytes: &message.message,
            })
        })
    }

    /// The failure, if it is news.
    fn note(&mut self, key: PeerKey, result: Result<(), Error>) -> Option<String> {
        let Err(error) = result else {
            self.failures.remove(&key);
            return None;
        };
        let text = complaint(&error);
        let known = self.failures.insert(key, text.clone());
        (known.as_ref() != Some(&text)).then_some(text)
    }
}

/// What is said when a port cannot be had, and what to do.
fn complaint(error: &Error) -> String {
    match error.errno {
        udp::PORT_TAKEN => format!(
            "{error}: another daemon has the port, so there is no peer channel, and handing over takes VRRP's own time; \
             choose another peer_port on all nodes of one of them, or peer_channel off"
        ),
        _ => format!("{error}: there is no peer channel, and handing over takes VRRP's own time"),
    }
}

/// What is wanted of one port.
#[derive(Default)]
struct Wanted {
    groups: BTreeSet<IpAddr>,
    /// Peers may be behind routers (`min_ttl`).
    beyond_link: bool,
    routers: Vec<String>,
}

fn key(interface: InterfaceIndex, source: IpAddr) -> PeerKey {
    let local = match source {
        _ if interface == InterfaceIndex::ANY => source,
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    (interface, local)
}

fn wanted(node: &Node) -> BTreeMap<PeerKey, Wanted> {
    let mut all: BTreeMap<PeerKey, Wanted> = BTreeMap::new();
    for router in node.routers() {
        let Some((interface, source)) = router.channel_place() else {
            continue;
        };
        let wanted = all.entry(key(interface, source)).or_default();
        wanted.beyond_link |= speaks_beyond_link(router);
        wanted.routers.push(router.spec().name.clone());
        if router.spec().unicast.is_none() {
            wanted.groups.insert(router.spec().group);
        }
    }
    all
}

/// 255 is what everybody's packets have on the link, and 0 what nobody has asked for.
fn speaks_beyond_link(router: &Router) -> bool {
    let unicast = router.spec().unicast.iter();
    let mut peers = unicast.flat_map(|unicast| &unicast.peers);
    peers.any(|peer| (1..255).contains(&peer.min_ttl))
}

impl Ports {
    /// Opens what is missing and closes what is not wanted any more; new failures for the log.
    pub(crate) fn synchronize_peers(&mut self, node: &Node, poller: &Poller) -> Vec<String> {
        let wanted = wanted(node);
        let port = self.options.peer_port();
        let stays = |key: &PeerKey, open: &PeerPort, wanted: &BTreeMap<PeerKey, Wanted>| {
            wanted
                .get(key)
                .is_some_and(|wanted| open.socket.groups().is_subset(&wanted.groups))
                && open.socket.place().port == port
        };
        let peers = &mut self.peers;
        peers.open.retain(|key, open| stays(key, open, &wanted));
        peers.failures.retain(|key, _| wanted.contains_key(key));
        let mut failures = Vec::new();
        for (key, wanted) in wanted {
            let result = self.want_peers(node, poller, key, &wanted);
            failures.extend(self.peers.note(key, result));
        }
        failures
    }

    fn want_peers(
        &mut self,
        node: &Node,
        poller: &Poller,
        key: PeerKey,
        wanted: &Wanted,
    ) -> Result<(), Error> {
        let base = node.interfaces().get(key.0);
        let name = base.map_or("", |known| known.name.as_str());
        let Some((interface, _)) = self.interfaces(node, key.0, name, &wanted.routers) else {
            return Ok(());
        };
        let accepted = Accepted {
            magic: MAGIC,
            version: VERSION,
            longest: u16::try_from(MAX_LENGTH).unwrap_or(u16::MAX),
            from_link: !wanted.beyond_link,
        };
        let place = Place {
            interface,
            local: key.1,
            port: self.options.peer_port(),
        };
        // An interface may come back under the same number and another name.
        let is_there = |port: &PeerPort| port.socket.place() == place;
        if !self.peers.open.get(&key).is_some_and(is_there) {
            self.peers.open.remove(&key);
            let beside: Vec<&Socket> = self.peers.open.values().map(|it| &it.socket).collect();
            let socket = Socket::open(place, &accepted, &beside)?;
            let token = self.take_token(PortToken::Peer(key));
            poller.add(socket.as_fd(), token, Interest::Read)?;
            self.peers.open.insert(key, PeerPort { socket, accepted });
        }
        let Some(open) = self.peers.open.get_mut(&key) else {
            return Ok(());
        };
        if open.accepted != accepted {
            open.socket.set_accepted(&accepted)?;
            open.accepted = accepted;
        }
        wanted
            .groups
            .iter()
            .try_for_each(|group| open.socket.join(*group))
    }
}

/// Whether a message says what has become of routers, and not only that we are alive.
pub(crate) fn tells_of_routers(message: &Datagram) -> bool {
    Message::parse(&message.message).is_ok_and(|message| message.entries().next().is_some())
}

/// Messages that could not be sent: counted, and each reason told once.
#[derive(Default)]
pub(crate) struct SendFailures {
    count: u64,
    said: BTreeSet<(InterfaceIndex, i32)>,
}

impl SendFailures {
    /// A line for the log, if the reason is a new one. A link that is down or a full queue is no news, and the next message
    /// makes up for this one.
    pub(crate) fn note(&mut self, from: InterfaceIndex, error: &Error) -> Option<String> {
        self.count += 1;
        let news = !udp::PASSING.contains(&error.errno)
            && self.said.len() < MAX_REASONS
            && self.said.insert((from, error.errno.0));
        news.then(|| format!("peer channel: {error} ({} messages so far)", self.count))
    }
}
