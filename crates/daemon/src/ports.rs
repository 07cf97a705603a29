//! The sockets of the VRRP loop: what each interface must hear and send on.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd;

use standfast_core::Node;
use standfast_core::input::InterfaceIndex;
use standfast_linux::poller::{Interest, Poller};
use standfast_linux::vrrp::{self, DEFAULT_BUFFER};
use standfast_linux::{Error, Interface, InterfaceName, arp, sealed};

/// Where advertisements are heard, and sent from: an interface and a group, or with unicast our own address.
pub(crate) type PortKey = (InterfaceIndex, Ipv4Addr);

/// Sockets for one interface and group or own address.
pub(crate) struct VrrpPort {
    pub(crate) socket: vrrp::Socket,
    pub(crate) stray: vrrp::Stray,
    pub(crate) sender: vrrp::Sender,
    vrids: BTreeSet<u8>,
}

/// The socket for VRRP in authentication headers, beside a [`VrrpPort`].
pub(crate) struct SealedPort {
    pub(crate) socket: sealed::Socket,
    vrids: BTreeSet<u8>,
}

/// The socket for ARP on one interface.
pub(crate) struct ArpPort {
    pub(crate) socket: arp::Socket,
    addresses: BTreeSet<Ipv4Addr>,
}

/// What a poller token means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortToken {
    Vrrp(PortKey),
    Sealed(PortKey),
    Arp(InterfaceIndex),
}

/// All sockets; opened and closed as the node's routers come and go.
#[derive(Default)]
pub(crate) struct Ports {
    pub(crate) vrrp: BTreeMap<PortKey, VrrpPort>,
    pub(crate) sealed: BTreeMap<PortKey, SealedPort>,
    pub(crate) arp: BTreeMap<InterfaceIndex, ArpPort>,
    tokens: BTreeMap<u64, PortToken>,
    next_token: u64,
    /// Failures that were reported; not again until they change.
    failures: BTreeMap<InterfaceIndex, String>,
}

/// Tokens below are the loop's own.
const FIRST_TOKEN: u64 = 64;

impl Ports {
    pub(crate) fn token(&self, token: u64) -> Option<PortToken> {
        self.tokens.get(&token).copied()
    }

    /// Opens what is missing, closes what is not wanted any more and sets the kernel's filters.
    /// Returns new failures for the log.
    pub(crate) fn synchronize(&mut self, node: &Node, poller: &Poller) -> Vec<String> {
        let mut failures = Vec::new();
        let wanted = wanted_vrids(node);
        self.vrrp.retain(|key, _| wanted.contains_key(key));
        for (key, vrids) in wanted {
            let result = self.want_vrrp(node, poller, key, vrids);
            failures.extend(self.note(key.0, result));
        }
        let sealed = sealed_vrids(node);
        self.sealed.retain(|key, _| sealed.contains_key(key));
        for (key, vrids) in sealed {
            let result = self.want_sealed(node, poller, key, vrids);
            failures.extend(self.note(key.0, result));
        }
        let watched = watched_addresses(node);
        self.arp.retain(|index, _| watched.contains_key(index));
        for (index, addresses) in watched {
            let result = self.want_arp(node, poller, index, addresses);
            failures.extend(self.note(index, result));
        }
        let (vrrp, sealed, arp) = (&self.vrrp, &self.sealed, &self.arp);
        self.tokens.retain(|_, token| match token {
            PortToken::Vrrp(key) => vrrp.contains_key(key),
            PortToken::Sealed(key) => sealed.contains_key(key),
            PortToken::Arp(index) => arp.contains_key(index),
        });
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
        vrids: BTreeSet<u8>,
    ) -> Result<(), Error> {
        let Some(interface) = interface(node, key.0) else {
            return Ok(());
        };
        if !self.vrrp.contains_key(&key) {
            let port = VrrpPort {
                socket: vrrp::Socket::open(interface, key.1, DEFAULT_BUFFER)?,
                stray: vrrp::Stray::open(interface, key.1)?,
                sender: vrrp::Sender::open(interface)?,
                vrids: BTreeSet::new(),
            };
            let token = self.take_token(PortToken::Vrrp(key));
            poller.add(port.socket.as_fd(), token, Interest::Read)?;
            self.vrrp.insert(key, port);
        }
        let Some(port) = self.vrrp.get_mut(&key) else {
            return Ok(());
        };
        if port.vrids != vrids {
            let ids: Vec<u8> = vrids.iter().copied().collect();
            port.socket.set_wanted(&ids)?;
            port.stray.set_known(&ids)?;
            port.vrids = vrids;
        }
        Ok(())
    }

    fn want_sealed(
        &mut self,
        node: &Node,
        poller: &Poller,
        key: PortKey,
        vrids: BTreeSet<u8>,
    ) -> Result<(), Error> {
        let Some(interface) = interface(node, key.0) else {
            return Ok(());
        };
        if !self.sealed.contains_key(&key) {
            let port = SealedPort {
                socket: sealed::Socket::open(interface, key.1, DEFAULT_BUFFER)?,
                vrids: BTreeSet::new(),
            };
            let token = self.take_token(PortToken::Sealed(key));
            poller.add(port.socket.as_fd(), token, Interest::Read)?;
            self.sealed.insert(key, port);
        }
        let Some(port) = self.sealed.get_mut(&key) else {
            return Ok(());
        };
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

    fn take_token(&mut self, meaning: PortToken) -> u64 {
        let token = FIRST_TOKEN + self.next_token;
        self.next_token += 1;
        self.tokens.insert(token, meaning);
        token
    }
}

fn wanted_vrids(node: &Node) -> BTreeMap<PortKey, BTreeSet<u8>> {
    let mut wanted: BTreeMap<PortKey, BTreeSet<u8>> = BTreeMap::new();
    for router in node.routers() {
        let (Some(index), Some(IpAddr::V4(address))) = (router.interface(), router.listens_at())
        else {
            continue;
        };
        let vrids = wanted.entry((index, address)).or_default();
        vrids.insert(router.spec().vrid.get());
    }
    wanted
}

/// Routers whose advertisements travel in authentication headers. Their plain ones are heard as well,
/// so that they are counted as what they are.
fn sealed_vrids(node: &Node) -> BTreeMap<PortKey, BTreeSet<u8>> {
    let mut wanted: BTreeMap<PortKey, BTreeSet<u8>> = BTreeMap::new();
    for router in node.routers() {
        let (Some(_), Some(index), Some(IpAddr::V4(address))) = (
            &router.spec().header_key,
            router.interface(),
            router.listens_at(),
        ) else {
            continue;
        };
        let vrids = wanted.entry((index, address)).or_default();
        vrids.insert(router.spec().vrid.get());
    }
    wanted
}

fn watched_addresses(node: &Node) -> BTreeMap<InterfaceIndex, BTreeSet<Ipv4Addr>> {
    let mut watched: BTreeMap<InterfaceIndex, BTreeSet<Ipv4Addr>> = BTreeMap::new();
    for router in node.routers() {
        for held in router.spec().all_addresses() {
            let name = held.interface.as_ref().unwrap_or(&router.spec().interface);
            if let (Some((index, _)), IpAddr::V4(address)) =
                (node.interfaces().named(name), held.address)
            {
                watched.entry(index).or_default().insert(address);
            }
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
