//! What worker and supervisor tell each other: whole messages on a socket pair.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use standfast_core::authentication::WallClock;
use standfast_core::estate::Estate;
use standfast_core::input::{InterfaceIndex, RouterId};
use standfast_core::interface::Interfaces;
use standfast_core::spec::VirtualAddress;
use standfast_core::time::{Instant, Micros};
use standfast_linux::clock::{monotonic, realtime};
use standfast_linux::{Interface, InterfaceName};
use standfast_wire::vrrp::{Authentication, Interval, Version, Vrid};
use zeroize::Zeroizing;

use crate::will_keys::WillKeys;

use crate::stage::StageScript;

/// Packets of a last will in one message: the longest ones as JSON take 17 KB each.
const PACKETS_PER_MESSAGE: usize = 3;
/// Unicast peers of a will that travel in one message: at most 42 bytes each.
const PEERS_PER_MESSAGE: usize = 64;
/// Addresses of a will that travel in one message: at most 200 bytes each.
const ADDRESSES_PER_MESSAGE: usize = 256;

/// Removals of routes and rules in one message: at most 900 bytes each.
const REMOVALS_PER_MESSAGE: usize = 64;

/// From the supervisor to its worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Leave; a level of two or more: at once.
    Stop { level: u32 },
    /// Read the configuration again.
    Reload,
    /// Write the data file.
    DumpData,
    /// Write the JSON file.
    DumpJson,
    /// Write the statistics file; clear the counters afterwards or not.
    DumpStatistics { clear: bool },
}

/// From the worker to its supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// The configuration is in force.
    Ready,
    /// A reload begins.
    Reloading,
    /// Alive; kill me after so many milliseconds without another such report, 0: never.
    Heartbeat { patience_ms: u64 },
    /// What to do should I die; replaces what was said about this router before.
    Will(Box<Will>),
    /// The rest of the last will before, which was too long for one message.
    WillAddresses {
        router: u32,
        addresses: Vec<WillAddress>,
    },
    /// More packets of the last will before: each unicast peer gets one.
    WillPackets { router: u32, packets: Vec<Vec<u8>> },
    /// More unicast peers of the last will before.
    WillPeers { router: u32, peers: Vec<IpAddr> },
    /// Routes and rules of the last will before.
    WillRemovals { router: u32, removals: Vec<Vec<u8>> },
    /// The keys of the last will before, if it has any.
    WillKeys { router: u32, keys: WillKeys },
    /// This router has nothing to leave any more.
    NoWill { router: u32 },
    /// What to run after the last worker.
    ShutdownScript(Option<StageScript>),
    /// One line for people about what is going on.
    Status(String),
}

/// An [`Estate`] as it travels.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct Will {
    pub(crate) router: u32,
    interface: u32,
    interface_name: String,
    /// The interface that it sent on, if that is another one.
    #[serde(default)]
    sends_on: Option<Box<(u32, String)>>,
    source: IpAddr,
    listens_at: IpAddr,
    pub(crate) peers: Vec<IpAddr>,
    vrid: u8,
    version: u8,
    interval: u16,
    password: Option<[u8; 8]>,
    #[serde(skip)]
    pub(crate) keys: WillKeys,
    pub(crate) resignations: Vec<Vec<u8>>,
    bound_us: u64,
    succession_us: u64,
    pub(crate) addresses: Vec<WillAddress>,
    /// What removes routes and rules, in this order (`RoutingRequest::to_bytes`).
    #[serde(default)]
    pub(crate) removals: Vec<Vec<u8>>,
}

/// An address to remove.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct WillAddress {
    pub(crate) interface: u32,
    pub(crate) interface_name: String,
    pub(crate) address: IpAddr,
    pub(crate) prefix: u8,
    /// The other end of a point-to-point address.
    #[serde(default)]
    pub(crate) peer: Option<IpAddr>,
}

impl WillAddress {
    /// Where the address is.
    pub(crate) fn interface(&self) -> Option<Interface> {
        kernel_interface(self.interface, &self.interface_name)
    }
}

fn kernel_interface(index: u32, name: &str) -> Option<Interface> {
    let name = InterfaceName::new(name).ok()?;
    Some(Interface { index, name })
}

impl Will {
    /// `removals` are those of the estate's routes and rules. `None` if an interface is gone, and with it what was to
    /// be done there.
    pub(crate) fn new(
        estate: &Estate,
        removals: Vec<Vec<u8>>,
        interfaces: &Interfaces,
    ) -> Option<Self> {
        let name = |index| interfaces.get(index).map(|known| known.name.clone());
        let (version, interval) = match estate.interval {
            Interval::Seconds(seconds) => (2, u16::from(seconds)),
            Interval::Centiseconds(centiseconds) => (3, centiseconds),
        };
        let addresses = estate.addresses.iter().filter_map(|(index, address)| {
            Some(WillAddress {
                interface: index.0,
                interface_name: name(*index)?,
                address: address.address,
                prefix: address.prefix,
                peer: address.peer.map(|(peer, _)| peer),
            })
        });
        Some(Will {
            router: estate.router.0,
            interface: estate.interface.0,
            interface_name: match estate.interface {
                InterfaceIndex::ANY => String::new(),
                index => name(index)?,
            },
            sends_on: match estate.sends_on {
                same if same == estate.interface => None,
                index => Some(Box::new((index.0, name(index)?))),
            },
            source: estate.source,
            listens_at: estate.listens_at,
            peers: estate.peers.clone(),
            vrid: estate.vrid.get(),
            version,
            interval,
            password: match estate.authentication {
                Authentication::Password(password) => Some(password),
                Authentication::None | Authentication::Header | Authentication::Other(_) => None,
            },
            keys: WillKeys::of(estate),
            resignations: estate.resignations.clone(),
            bound_us: estate.bound.0,
            succession_us: estate.succession.0,
            addresses: addresses.collect(),
            removals,
        })
    }

    /// The messages that tell it: a thousand addresses do not fit into one.
    pub(crate) fn reports(&self) -> Vec<Report> {
        let mut parts = self.addresses.chunks(ADDRESSES_PER_MESSAGE);
        let mut peers = self.peers.chunks(PEERS_PER_MESSAGE);
        let first = Will {
            peers: peers.next().unwrap_or_default().to_vec(),
            addresses: parts.next().unwrap_or_default().to_vec(),
            resignations: self.resignations.first().cloned().into_iter().collect(),
            removals: Vec::new(),
            ..self.clone()
        };
        let others = self.resignations.get(1..).unwrap_or_default();
        let packets = others
            .chunks(PACKETS_PER_MESSAGE)
            .map(|part| Report::WillPackets {
                router: self.router,
                packets: part.to_vec(),
            });
        let more = parts.map(|part| Report::WillAddresses {
            router: self.router,
            addresses: part.to_vec(),
        });
        let removals = self.removals.chunks(REMOVALS_PER_MESSAGE);
        let removals = removals.map(|part| Report::WillRemovals {
            router: self.router,
            removals: part.to_vec(),
        });
        let peers = peers.map(|part| Report::WillPeers {
            router: self.router,
            peers: part.to_vec(),
        });
        let keys = (!self.keys.is_empty()).then(|| Report::WillKeys {
            router: self.router,
            keys: self.keys.clone(),
        });
        std::iter::once(Report::Will(Box::new(first)))
            .chain(keys)
            .chain(peers)
            .chain(more)
            .chain(removals)
            .chain(packets)
            .collect()
    }

    /// Whether the router advertised on an interface of its own.
    pub(crate) fn has_interface(&self) -> bool {
        self.interface != InterfaceIndex::ANY.0
    }

    /// A router without an interface resigns in its routing domain.
    pub(crate) fn bind_to(&mut self, domain: &str) {
        if !self.has_interface() {
            domain.clone_into(&mut self.interface_name);
        }
    }

    /// The interface that the router advertised on, or its routing domain.
    pub(crate) fn interface(&self) -> Option<Interface> {
        kernel_interface(self.interface, &self.interface_name)
    }

    /// The interface that resignations leave from: where the router's own packets did.
    pub(crate) fn sender(&self) -> Option<Interface> {
        match &self.sends_on {
            Some(other) => kernel_interface(other.0, &other.1),
            None => self.interface(),
        }
    }

    /// `None` if the numbers are none of ours.
    pub(crate) fn estate(&self) -> Option<Estate> {
        let (version, interval) = match self.version {
            2 => (
                Version::V2,
                Interval::Seconds(u8::try_from(self.interval).ok()?),
            ),
            3 => (Version::V3, Interval::Centiseconds(self.interval)),
            _ => return None,
        };
        let addresses = self.addresses.iter().map(|held| {
            let address = VirtualAddress::plain(held.address, held.prefix);
            (InterfaceIndex(held.interface), address)
        });
        Some(Estate {
            router: RouterId(self.router),
            interface: InterfaceIndex(self.interface),
            sends_on: match &self.sends_on {
                Some(other) => InterfaceIndex(other.0),
                None => InterfaceIndex(self.interface),
            },
            source: self.source,
            listens_at: self.listens_at,
            peers: self.peers.clone(),
            vrid: Vrid::new(self.vrid)?,
            version,
            interval,
            authentication: match (self.keys.header(), self.password) {
                (Some(_), _) => Authentication::Header,
                (None, Some(password)) => Authentication::Password(password),
                (None, None) => Authentication::None,
            },
            header_key: self.keys.header(),
            hmac: self.keys.hmac()?,
            sequence_floor: self.keys.floor,
            clock: WallClock::new(Instant(monotonic().0), Micros(realtime().0)),
            resignations: self.resignations.clone(),
            bound: Micros(self.bound_us),
            succession: Micros(self.succession_us),
            addresses: addresses.collect(),
            // They travel as what removes them.
            fixtures: Vec::new(),
        })
    }
}

/// The bytes of a message; it may have keys in it, so they are wiped when dropped.
pub(crate) fn encode<T: Serialize>(message: &T) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(serde_json::to_vec(message).unwrap_or_default())
}

pub(crate) fn decode<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

impl Will {
    /// Equal in everything but the bytes of the packet, whose identification counts up.
    pub(crate) fn same_but_packet(&self, other: &Will) -> bool {
        let without = |will: &Will| Will {
            resignations: Vec::new(),
            ..will.clone()
        };
        without(self) == without(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use standfast_linux::supervise::LONGEST_MESSAGE;

    #[test]
    fn a_will_of_any_length_travels_whole() {
        let address = |number: u32| WillAddress {
            interface: u32::MAX,
            interface_name: "a23456789012345".into(),
            address: IpAddr::V6(std::net::Ipv6Addr::from(u128::MAX - u128::from(number))),
            prefix: 128,
            peer: Some(IpAddr::V6(std::net::Ipv6Addr::from(u128::MAX))),
        };
        let will = Will {
            router: 7,
            interface: 2,
            interface_name: "vrrp.51".into(),
            sends_on: Some(Box::new((1, "eth0".into()))),
            source: IpAddr::from([192, 0, 2, 1]),
            listens_at: IpAddr::from([224, 0, 0, 18]),
            peers: vec![IpAddr::from([0xfd00; 8]); 1000],
            vrid: 51,
            version: 2,
            interval: 1,
            password: Some([255; 8]),
            keys: WillKeys::default(),
            resignations: vec![vec![255; 20 + standfast_wire::vrrp::MAX_LENGTH]; 100],
            bound_us: 4_000_000,
            succession_us: 50_000,
            addresses: (0..2000).map(address).collect(),
            removals: vec![vec![255; 180]; 1000],
        };
        let mut taken = std::collections::BTreeMap::new();
        for report in will.reports() {
            let bytes = encode(&report);
            assert!(bytes.len() <= LONGEST_MESSAGE, "{} bytes", bytes.len());
            match decode(&bytes) {
                Some(Report::Will(part)) => drop(taken.insert(part.router, *part)),
                Some(Report::WillAddresses { router, addresses }) => {
                    let known: &mut Will = taken.get_mut(&router).unwrap();
                    known.addresses.extend(addresses);
                }
                Some(Report::WillPeers { router, peers }) => {
                    let known: &mut Will = taken.get_mut(&router).unwrap();
                    known.peers.extend(peers);
                }
                Some(Report::WillRemovals { router, removals }) => {
                    let known: &mut Will = taken.get_mut(&router).unwrap();
                    known.removals.extend(removals);
                }
                Some(Report::WillPackets { router, packets }) => {
                    let known: &mut Will = taken.get_mut(&router).unwrap();
                    known.resignations.extend(packets);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(taken.get(&7), Some(&will));
    }
}
