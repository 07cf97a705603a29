//! The sockets of the VRRP loop: what each interface must hear and send on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use standfast_core::Node;
use standfast_core::input::InterfaceIndex;
use standfast_linux::poller::{Interest, Poller};
use standfast_linux::vrrp::{self, DEFAULT_BUFFER, Form};
use standfast_linux::{Error, Interface, InterfaceName, arp, ndp, sealed};

use crate::peer_ports::{PeerKey, PeerPorts};
use crate::socket_options::SocketOptions;

/// Where advertisements are heard, and sent from: an interface and a group, or with unicast our own address, then also
/// without an interface ([`InterfaceIndex::ANY`]).
pub(crate) type PortKey = (InterfaceIndex, IpAddr);

/// Sockets for one interface and group or own address.
pub(crate) struct VrrpPort {
    pub(crate) socket: vrrp::Socket,
    pub(crate) stray: vrrp::Stray,
    pub(crate) sender: vrrp::Sender,
    sends_on: Option<Interface>,
    receive_buffer: u32,
    passes: Passes,
}

/// What the kernel lets through to a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Passes {
    vrids: BTreeSet<u8>,
    /// What the strays don't show.
    known: BTreeSet<u8>,
    /// Version and type of the routers' advertisements.
    first_bytes: BTreeSet<u8>,
}

impl Passes {
    /// Sets both filters: what one of them drops for its form the other one samples.
    fn set(&self, port: &mut VrrpPort, destination: IpAddr) -> Result<(), Error> {
        let list = |set: &BTreeSet<u8>| set.iter().copied().collect::<Vec<u8>>();
        let (vrids, known) = (list(&self.vrids), list(&self.known));
        let form = Form {
            // Limits of unicast peers are their own.
            hop_limit: destination.is_multicast().then_some(u8::MAX),
            first_bytes: &list(&self.first_bytes),
        };
        port.socket.set_wanted_form(&vrids, form)?;
        port.stray.set_known_form(&known, &vrids, form)
    }
}

/// The socket for VRRP in authentication headers, beside a [`VrrpPort`].
pub(crate) struct SealedPort {
    pub(crate) socket: sealed::Socket,
    receive_buffer: u32,
    vrids: BTreeSet<u8>,
}

/// The socket for ARP on one interface.
pub(crate) struct ArpPort {
    pub(crate) socket: arp::Socket,
    addresses: BTreeSet<Ipv4Addr>,
}

/// The socket for neighbour discovery on one interface.
pub(crate) struct NdpPort {
    pub(crate) socket: ndp::Socket,
    addresses: BTreeSet<Ipv6Addr>,
}

/// What a poller token means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortToken {
    Vrrp(PortKey),
    Sealed(PortKey),
    Arp(InterfaceIndex),
    Ndp(InterfaceIndex),
    Peer(PeerKey),
}

/// All sockets; opened and closed as the node's routers come and go.
#[derive(Default)]
pub(crate) struct Ports {
    pub(crate) vrrp: BTreeMap<PortKey, VrrpPort>,
    pub(crate) sealed: BTreeMap<PortKey, SealedPort>,
    pub(crate) arp: BTreeMap<InterfaceIndex, ArpPort>,
    pub(crate) ndp: BTreeMap<InterfaceIndex, NdpPort>,
    pub(crate) peers: PeerPorts,
    /// Nodes whose own addresses are watched, as of the last look.
    watched: Vec<(InterfaceIndex, IpAddr)>,
    /// What the configuration says about them.
    pub(crate) options: SocketOptions,
    tokens: BTreeMap<u64, PortToken>,
    next_token: u64,
    /// For how many routers they were opened.
    pub(crate) routers: usize,
    /// Failures that were reported; not again until they change.
    failures: BTreeMap<InterfaceIndex, String>,
    closer: Closer,
}

/// Closes packet sockets on a thread of its own: the kernel takes some ten milliseconds for each, and with many
/// interfaces the loop would be silent for seconds.
#[derive(Default)]
struct Closer(Option<Sender<Box<dyn Send>>>);

impl Closer {
    fn close(&mut self, poller: &Poller, socket: impl AsFd + Send + 'static) {
        // It must not wake the loop while it waits to be closed.
        let _ = poller.remove(socket.as_fd());
        let queue = match &self.0 {
            Some(queue) => queue,
            None => {
                let (sender, queue) = channel::<Box<dyn Send>>();
                let started = thread::Builder::new()
                    .name("closer".into())
                    .stack_size(64 * 1024)
                    .spawn(move || queue.into_iter().for_each(drop));
                if started.is_err() {
                    // Closed here and now.
                    return;
                }
                self.0.insert(sender)
            }
        };
        // The thread lives as long as this handle.
        let _ = queue.send(Box::new(socket));
    }
}

/// What an Ethernet carries.
const USUAL_MTU: u32 = 1500;
/// Tokens below are the loop's own.
const FIRST_TOKEN: u64 = 64;
/// The only type of VRRP message (RFC 9568 §5.2.2).
const ADVERTISEMENT: u8 = 1;

impl Ports {
    pub(crate) fn token(&self, token: u64) -> Option<PortToken> {
        self.tokens.get(&token).copied()
    }

    /// Opens what is missing, closes what is not wanted any more and sets the kernel's filters.
    /// Returns new failures for the log.
    pub(crate) fn synchronize(&mut self, node: &Node, poller: &Poller) -> Vec<String> {
        let mut failures = Vec::new();
        self.routers = node.routers().count();
        let wanted = wanted_ports(node);
        self.vrrp.retain(|key, _| wanted.contains_key(key));
        for (key, port) in wanted {
            let result = self.want_vrrp(node, poller, key, port);
            failures.extend(self.note(key.0, result));
        }
        let sealed = sealed_routers(node);
        self.sealed.retain(|key, _| sealed.contains_key(key));
        for (key, routers) in sealed {
            let result = self.want_sealed(node, poller, key, routers);
            failures.extend(self.note(key.0, result));
        }
        failures.extend(self.synchronize_watchers(node, poller));
        failures.extend(self.synchronize_peers(node, poller));
        let (vrrp, sealed) = (&self.vrrp, &self.sealed);
        let (arp, ndp, peers) = (&self.arp, &self.ndp, &self.peers);
        self.tokens.retain(|_, token| match token {
            PortToken::Vrrp(key) => vrrp.contains_key(key),
            PortToken::Sealed(key) => sealed.contains_key(key),
            PortToken::Arp(index) => arp.contains_key(index),
            PortToken::Ndp(index) => ndp.contains_key(index),
            PortToken::Peer(key) => peers.get(*key).is_some(),
        });
        failures
    }

    /// Whether somebody is watched whose answers don't reach us yet, or nobody any more.
    pub(crate) fn watches_others(&self, node: &Node) -> bool {
        !node.watched_speakers().eq(self.watched.iter().copied())
    }

    /// The sockets for ARP and neighbour discovery: what they must hear.
    pub(crate) fn synchronize_watchers(&mut self, node: &Node, poller: &Poller) -> Vec<String> {
        let mut failures = Vec::new();
        self.watched = node.watched_speakers().collect();
        let v4 = watched_addresses(node, |address| match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        });
        for (_, port) in self.arp.extract_if(.., |index, _| !v4.contains_key(index)) {
            self.closer.close(poller, port.socket);
        }
        for (index, addresses) in v4 {
            let result = self.want_arp(node, poller, index, addresses);
            failures.extend(self.note(index, result));
        }
        let v6 = watched_addresses(node, |address| match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(address),
        });
        for (_, port) in self.ndp.extract_if(.., |index, _| !v6.contains_key(index)) {
            self.closer.close(poller, port.socket);
        }
        for (index, addresses) in v6 {
            let result = self.want_ndp(node, poller, index, addresses);
            failures.extend(self.note(index, result));
        }
        failures
    }

    fn note(&mut self, index: InterfaceIndex, result: Result<(), Error>) -> Option<String> {
        let Err(error) = result else {
            return None;
        };
        let text = error.to_string();
        let known = self.failures.insert(index, text.clone());
        (known.as_ref() != Some(&text)).then_some(text)
    }

    fn want_vrrp(
        &mut self,
        node: &Node,
        poller: &Poller,
        key: PortKey,
        wanted: Wanted,
    ) -> Result<(), Error> {
        let Wanted {
            passes,
            sends_on,
            routers,
        } = wanted;
        let Some((heard_on, from)) = self.interfaces(node, key.0, &sends_on, &routers) else {
            return Ok(());
        };
        let buffer = self.receive_buffer(&routers, heard_on);
        // A reload may send from another interface from now on.
        if self
            .vrrp
            .get(&key)
            .is_some_and(|port| port.sends_on != from)
        {
            self.vrrp.remove(&key);
        }
        if !self.vrrp.contains_key(&key) {
            let port = VrrpPort {
                socket: vrrp::Socket::open(heard_on, key.1, buffer)?,
                stray: vrrp::Stray::open(heard_on, key.1)?,
                sender: vrrp::Sender::open_for(from, key.1)?,
                sends_on: from,
                receive_buffer: buffer,
                passes: Passes::default(),
            };
            let token = self.take_token(PortToken::Vrrp(key));
            poller.add(port.socket.as_fd(), token, Interest::Read)?;
            self.vrrp.insert(key, port);
        }
        let Some(port) = self.vrrp.get_mut(&key) else {
            return Ok(());
        };
        if port.receive_buffer != buffer && buffer != DEFAULT_BUFFER {
            port.socket.set_receive_buffer(buffer)?;
            port.receive_buffer = buffer;
        }
        if port.passes != passes {
            passes.set(port, key.1)?;
            port.passes = passes;
        }
        Ok(())
    }

    /// Where advertisements are heard and sent; `None` while that is not there. Without an interface they may be bound
    /// to a routing domain.
    pub(crate) fn interfaces(
        &self,
        node: &Node,
        index: InterfaceIndex,
        sends_on: &str,
        routers: &[String],
    ) -> Option<(Option<Interface>, Option<Interface>)> {
        let named = |name: &str| interface(node, node.interfaces().named(name)?.0);
        if index != InterfaceIndex::ANY {
            return Some((Some(interface(node, index)?), Some(named(sends_on)?)));
        }
        let mut domains = routers.iter();
        match domains.find_map(|name| self.options.routing_domain(name)) {
            None => Some((None, None)),
            Some(domain) => named(domain).map(|domain| (Some(domain), Some(domain))),
        }
    }

    fn receive_buffer(&self, routers: &[String], on: Option<Interface>) -> u32 {
        let names = routers.iter().map(String::as_str);
        // Of an interface that is just going there is no MTU.
        let mtu = || on.and_then(|on| on.mtu().ok()).unwrap_or(USUAL_MTU);
        self.options.receive_buffer(names, mtu)
    }

    fn want_sealed(
        &mut self,
        node: &Node,
        poller: &Poller,
        key: PortKey,
        (vrids, routers): (BTreeSet<u8>, Vec<String>),
    ) -> Result<(), Error> {
        // Authentication headers are version 2's, and that is IPv4's.
        let (heard_on, IpAddr::V4(destination)) = (interface(node, key.0), key.1) else {
            return Ok(());
        };
        if heard_on.is_none() && key.0 != InterfaceIndex::ANY {
            return Ok(());
        }
        let buffer = self.receive_buffer(&routers, heard_on);
        if !self.sealed.contains_key(&key) {
            let port = SealedPort {
                socket: sealed::Socket::open(heard_on, destination, buffer)?,
                receive_buffer: buffer,
                vrids: BTreeSet::new(),
            };
            let token = self.take_token(PortToken::Sealed(key));
            poller.add(port.socket.as_fd(), token, Interest::Read)?;
            self.sealed.insert(key, port);
        }
        let Some(port) = self.sealed.get_mut(&key) else {
            return Ok(());
        };
        if port.receive_buffer != buffer && buffer != DEFAULT_BUFFER {
            port.socket.set_receive_buffer(buffer)?;
            port.receive_buffer = buffer;
        }
        if port.vrids != vrids {
            let ids: Vec<u8> = vrids.iter().copied().collect();
            port.socket.set_wanted(&ids)?;
            port.vrids = vrids;
        }
        Ok(())
    }

    fn want_arp(
        &mut self,
        node: &Node,
        poller: &Poller,
        index: InterfaceIndex,
        addresses: BTreeSet<Ipv4Addr>,
    ) -> Result<(), Error> {
        let Some(interface) = interface(node, index) else {
            return Ok(());
        };
        if !self.arp.contains_key(&index) {
            let port = ArpPort {
                socket: arp::Socket::open(interface)?,
                addresses: BTreeSet::new(),
            };
            let token = self.take_token(PortToken::Arp(index));
            poller.add(port.socket.as_fd(), token, Interest::Read)?;
            self.arp.insert(index, port);
        }
        let Some(port) = self.arp.get_mut(&index) else {
            return Ok(());
        };
        if port.addresses != addresses {
            let list: Vec<Ipv4Addr> = addresses.iter().copied().collect();
            port.socket.watch(&list)?;
            port.addresses = addresses;
        }
        Ok(())
    }

    fn want_ndp(
        &mut self,
        node: &Node,
        poller: &Poller,
        index: InterfaceIndex,
        addresses: BTreeSet<Ipv6Addr>,
    ) -> Result<(), Error> {
        let Some(interface) = interface(node, index) else {
            return Ok(());
        };
        if !self.ndp.contains_key(&index) {
            let port = NdpPort {
                socket: ndp::Socket::open(interface)?,
                addresses: BTreeSet::new(),
            };
            let token = self.take_token(PortToken::Ndp(index));
            poller.add(port.socket.as_fd(), token, Interest::Read)?;
            self.ndp.insert(index, port);
        }
        let Some(port) = self.ndp.get_mut(&index) else {
            return Ok(());
        };
        if port.addresses != addresses {
            let list: Vec<Ipv6Addr> = addresses.iter().copied().collect();
            port.socket.watch(&list)?;
            port.addresses = addresses;
        }
        Ok(())
    }

    pub(crate) fn take_token(&mut self, meaning: PortToken) -> u64 {
        let token = FIRST_TOKEN + self.next_token;
        self.next_token += 1;
        self.tokens.insert(token, meaning);
        token
    }
}

/// What is wanted of one port.
struct Wanted {
    passes: Passes,
    sends_on: String,
    /// Who shares it.
    routers: Vec<String>,
}

fn wanted_ports(node: &Node) -> BTreeMap<PortKey, Wanted> {
    let mut wanted: BTreeMap<PortKey, Wanted> = BTreeMap::new();
    // A virtual MAC interface hears what the one below hears: one of them is enough to sample strangers.
    let mut samplers: BTreeMap<PortKey, (PortKey, BTreeSet<u8>)> = BTreeMap::new();
    for router in node.routers() {
        let (Some(index), Some(address)) = (router.interface(), router.listens_at()) else {
            continue;
        };
        let (spec, key) = (router.spec(), (index, address));
        let port = wanted.entry(key).or_insert_with(|| Wanted {
            passes: Passes {
                known: (1..=u8::MAX).collect(),
                ..Passes::default()
            },
            sends_on: spec.sends_on().to_owned(),
            routers: Vec::new(),
        });
        port.routers.push(spec.name.clone());
        port.passes.vrids.insert(spec.vrid.get());
        let first_byte = (spec.version.number() << 4) | ADVERTISEMENT;
        port.passes.first_bytes.insert(first_byte);
        let base = router.base().unwrap_or(index);
        let (sampler, known) = samplers
            .entry((base, address))
            .or_insert_with(|| (key, BTreeSet::new()));
        *sampler = key.min(*sampler);
        known.insert(spec.vrid.get());
    }
    for (sampler, known) in samplers.into_values() {
        if let Some(port) = wanted.get_mut(&sampler) {
            port.passes.known = known;
        }
    }
    wanted
}

/// Routers whose advertisements travel in authentication headers. Their plain ones are heard as well,
/// so that they are counted as what they are.
fn sealed_routers(node: &Node) -> BTreeMap<PortKey, (BTreeSet<u8>, Vec<String>)> {
    let mut wanted: BTreeMap<PortKey, (BTreeSet<u8>, Vec<String>)> = BTreeMap::new();
    for router in node.routers() {
        let (Some(_), Some(index), Some(address)) = (
            &router.spec().header_key,
            router.interface(),
            router.listens_at(),
        ) else {
            continue;
        };
        let (vrids, names) = wanted.entry((index, address)).or_default();
        vrids.insert(router.spec().vrid.get());
        names.push(router.spec().name.clone());
    }
    wanted
}

/// The virtual addresses of one family by their interfaces, and the addresses of nodes that are asked whether they are there.
fn watched_addresses<A: Ord>(
    node: &Node,
    of_family: impl Fn(IpAddr) -> Option<A>,
) -> BTreeMap<InterfaceIndex, BTreeSet<A>> {
    let mut watched: BTreeMap<InterfaceIndex, BTreeSet<A>> = BTreeMap::new();
    for router in node.routers() {
        for held in router.spec().all_addresses() {
            let name = held.interface.as_ref().unwrap_or(&router.spec().interface);
            if let (Some((index, _)), Some(address)) =
                (node.interfaces().named(name), of_family(held.address))
            {
                watched.entry(index).or_default().insert(address);
            }
        }
    }
    for (index, address) in node.watched_speakers() {
        if let (true, Some(address)) = (index != InterfaceIndex::ANY, of_family(address)) {
            watched.entry(index).or_default().insert(address);
        }
    }
    watched
}

/// The interface as the kernel crate knows it.
pub(crate) fn interface(node: &Node, index: InterfaceIndex) -> Option<Interface> {
    let known = node.interfaces().get(index)?;
    Some(Interface {
        index: index.0,
        name: InterfaceName::new(&known.name).ok()?,
    })
}
