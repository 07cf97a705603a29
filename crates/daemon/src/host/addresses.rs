//! The host's addresses without those that a VRRP daemon holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use standfast_config::IpNetwork;
use standfast_linux::Error;
use standfast_linux::netlink::{AddressProtocol, Event, Monitor};

use crate::record::{self, Held};
use crate::running::KNOWN_PID_FILES;

/// Where daemons with a pid file of their own, by instance or namespace, keep their records.
const RECORD_DIRECTORIES: [&str; 2] = ["/run/keepalived", "/run/standfast"];
/// Entries of those directories that are looked at.
const MAX_RECORDS: usize = 256;

/// What an interface could do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkState {
    /// Somebody set it up.
    pub(crate) up: bool,
    /// It has a carrier.
    pub(crate) running: bool,
    /// It can do multicast.
    pub(crate) multicast: bool,
}

/// What the interfaces have.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnAddresses {
    own: BTreeMap<String, Vec<IpNetwork>>,
    links: BTreeMap<String, LinkState>,
    /// What a daemon here holds as master.
    held: BTreeSet<IpAddr>,
    macs: BTreeSet<[u8; 6]>,
}

impl OwnAddresses {
    /// Asks the kernel once. Blocks while it answers, some seconds at worst.
    pub(crate) fn read() -> Result<Self, Error> {
        let mut events = Vec::new();
        Monitor::open(None)?.dump(&mut events)?;
        Ok(Self::from_events(&events, &recorded()))
    }

    fn from_events(events: &[Event], recorded: &BTreeSet<Held>) -> Self {
        let mut names: BTreeMap<u32, String> = BTreeMap::new();
        let mut known = Self::default();
        for event in events {
            match event {
                Event::Link(link) => {
                    let name = link.name.to_string();
                    known.own.entry(name.clone()).or_default();
                    known.macs.extend(link.mac);
                    let state = LinkState {
                        up: link.up,
                        running: link.running,
                        multicast: link.multicast,
                    };
                    known.links.insert(name.clone(), state);
                    names.insert(link.index, name);
                }
                Event::Address(event) if event.added => {
                    let Some(name) = names.get(&event.index) else {
                        continue;
                    };
                    let (address, prefix) = (event.address, event.prefix);
                    if event.protocol == Some(AddressProtocol::KEEPALIVED)
                        || recorded.contains(&(name.clone(), address, prefix))
                    {
                        known.held.insert(address);
                    } else if let Some(own) = known.own.get_mut(name) {
                        own.push(IpNetwork { address, prefix });
                    }
                }
                Event::Address(_) | Event::LinkRemoved { .. } | Event::Overrun => {}
            }
        }
        known
    }

    /// The host's own addresses on the interface; `None` where there is none of that name.
    pub(crate) fn of(&self, interface: &str) -> Option<&[IpNetwork]> {
        self.own.get(interface).map(Vec::as_slice)
    }

    /// The host's own addresses on each interface.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &[IpNetwork])> {
        let all = self.own.iter();
        all.map(|(name, own)| (name.as_str(), own.as_slice()))
    }

    /// The interface's state; `None` where there is none of that name.
    pub(crate) fn link(&self, interface: &str) -> Option<LinkState> {
        self.links.get(interface).copied()
    }

    /// Whether some interface has the address, and not as master.
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        self.own
            .values()
            .flatten()
            .any(|own| own.address == address)
    }

    /// Whether a daemon on this host holds the address as master.
    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        self.held.contains(&address)
    }

    /// Whether the MAC address is one of this host's.
    pub(crate) fn has_mac(&self, mac: [u8; 6]) -> bool {
        self.macs.contains(&mac)
    }
}

/// What daemons say that they have added, for kernels that do not remember who added an address.
fn recorded() -> BTreeSet<Held> {
    let known = KNOWN_PID_FILES.map(|path| Path::new(path).with_extension("addresses"));
    let others = RECORD_DIRECTORIES
        .iter()
        .filter_map(|directory| fs::read_dir(directory).ok())
        .flat_map(|entries| entries.take(MAX_RECORDS).flatten())
        .map(|entry| entry.path());
    let all: BTreeSet<PathBuf> = known.into_iter().chain(others).collect();
    all.iter()
        .filter(|path| path.extension().is_some_and(|end| end == "addresses"))
        .flat_map(|path| record::read(path))
        .collect()
}

#[cfg(test)]
impl OwnAddresses {
    /// A host with these interfaces and addresses.
    pub(crate) fn of_links(links: &[(&str, LinkState, Vec<IpNetwork>)]) -> Self {
        let mut host = Self::default();
        for (name, state, own) in links {
            host.links.insert((*name).to_owned(), *state);
            host.own.insert((*name).to_owned(), own.clone());
        }
        host
    }
}

#[cfg(test)]
mod tests {
    use standfast_linux::InterfaceName;
    use standfast_linux::netlink::{AddressEvent, AddressFlags, LinkEvent, LinkKind, Scope};

    use super::*;

    fn link() -> Event {
        Event::Link(LinkEvent {
            index: 2,
            name: InterfaceName::new("eth0").unwrap(),
            up: true,
            running: true,
            mac: Some([2, 0, 0, 0, 0, 1]),
            mtu: 1500,
            loopback: false,
            multicast: true,
            kind: LinkKind::Physical,
            parent: None,
        })
    }

    fn address(last: u8, protocol: Option<AddressProtocol>) -> Event {
        Event::Address(AddressEvent {
            index: 2,
            address: [192, 0, 2, last].into(),
            prefix: 24,
            scope: Scope::GLOBAL,
            label: None,
            protocol,
            flags: AddressFlags::PERMANENT,
            added: true,
        })
    }

    #[test]
    fn what_a_master_holds_is_not_the_hosts_own() {
        let events = [
            link(),
            address(1, None),
            address(2, Some(AddressProtocol::KEEPALIVED)),
            address(3, None),
        ];
        let third: Held = ("eth0".into(), [192, 0, 2, 3].into(), 24);
        let known = OwnAddresses::from_events(&events, &[third].into());
        let own = known.of("eth0").unwrap();
        assert_eq!(own.len(), 1);
        assert!(known.has([192, 0, 2, 1].into()) && !known.holds([192, 0, 2, 1].into()));
        for last in [2, 3] {
            assert!(!known.has([192, 0, 2, last].into()));
            assert!(known.holds([192, 0, 2, last].into()));
        }
        assert!(known.has_mac([2, 0, 0, 0, 0, 1]) && !known.has_mac([2, 0, 0, 0, 0, 2]));
        assert_eq!(known.of("eth1"), None);
    }
}
