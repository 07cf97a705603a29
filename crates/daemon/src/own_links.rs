//! Interfaces of our own (`use_vmac`, `use_ipvlan`) and the settings of the host that they need: made before a
//! router uses them, made again when somebody removes them, gone with the last router that uses them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use standfast_core::input::InterfaceIndex;
use standfast_core::journal::Level;
use standfast_core::spec::{Family, RouterSpec};
use standfast_core::{Instant, Micros, Node};
use standfast_linux::clock::monotonic;
use standfast_linux::netlink::{
    Action, AddressChange, AddressFlags, Commands, Lifetime, LinkDescription, LinkKind, Links,
    NewLink, NewLinkKind, Scope,
};
use standfast_linux::sysctl::{self, Sysctl};
use standfast_linux::{Error, Interface, InterfaceName};

use crate::host_record::{HostRecord, may_be_ours};
use crate::log::Logger;
use crate::lower::{VirtualInterface, VirtualInterfaces};

/// Interfaces that others remove or set down come back at most so often in [`REPAIR_PERIOD`].
const REPAIRS: u32 = 8;
const REPAIR_PERIOD: Micros = Micros::from_secs(60);
/// The kernel takes tens of milliseconds to remove an interface: of many, so many milliseconds' worth in one turn of
/// the VRRP loop.
const REMOVAL_TURN: Micros = Micros::from_millis(10);
const EEXIST: i32 = 17;
const ENETDOWN: i32 = 100;
/// `IN6_ADDR_GEN_MODE_NONE`: no link-local address of the kernel's making.
const NO_ADDRESS_GENERATION: i64 = 1;
/// Where the kernel lists the interfaces' IPv4 settings.
const IPV4_SETTINGS: &str = "/proc/sys/net/ipv4/conf";

/// A virtual MAC interface and the one below, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pair {
    pub(crate) own: u32,
    pub(crate) base: u32,
    /// Group reports of these families may leave from it.
    pub(crate) ipv4: bool,
    pub(crate) ipv6: bool,
    /// The copy of the link-local address of the interface below, which is for sending only.
    pub(crate) link_local: Option<Ipv6Addr>,
}

/// One that we have made.
#[derive(Clone, Debug)]
struct Made {
    wanted: VirtualInterface,
    interface: Interface,
    base: u32,
    link_local: Option<Ipv6Addr>,
}

pub(crate) struct OwnLinks {
    links: Links,
    commands: Commands,
    pub(crate) record: HostRecord,
    wanted: VirtualInterfaces,
    /// Of all routers: on the host they are not its own.
    virtual_addresses: BTreeSet<IpAddr>,
    made: BTreeMap<InterfaceName, Made>,
    repairs: u32,
    repairs_since: Instant,
    /// Some that nobody uses any more are still there.
    retiring: bool,
    logger: Logger,
}

impl OwnLinks {
    pub(crate) fn open(record: &Path, logger: Logger) -> Result<Self, Error> {
        Ok(OwnLinks {
            links: Links::open()?,
            commands: Commands::open()?,
            record: HostRecord::open(record),
            wanted: VirtualInterfaces::default(),
            virtual_addresses: BTreeSet::new(),
            made: BTreeMap::new(),
            repairs: 0,
            repairs_since: Instant(0),
            retiring: false,
            logger,
        })
    }

    /// The interfaces that we have made, or an earlier run has.
    pub(crate) fn names(&self) -> BTreeSet<InterfaceName> {
        self.record.links().collect()
    }

    /// Makes what a new configuration wants; the interfaces are down until [`Self::set_up`]. With `adopt` those that
    /// a dead worker left are used on, with the addresses that are on them.
    pub(crate) fn want(
        &mut self,
        wanted: VirtualInterfaces,
        routers: &[RouterSpec],
        node: &Node,
        adopt: bool,
    ) {
        self.wanted = wanted;
        let addresses = routers.iter().flat_map(RouterSpec::all_addresses);
        self.virtual_addresses = addresses.map(|held| held.address).collect();
        self.make_missing(node, adopt);
        self.restore_unneeded();
    }

    /// Whether an event of this interface may mean that something is to be repaired.
    pub(crate) fn concerns(&self, name: InterfaceName) -> bool {
        self.wanted
            .iter()
            .any(|wanted| wanted.name == name || wanted.base == name)
    }

    /// Makes what is wanted and is not there, or not as it should be. True if anything changed.
    pub(crate) fn repair(&mut self, now: Instant, node: &Node) -> bool {
        let (links, made) = (&mut self.links, &self.made);
        let broken = self.wanted.iter().any(|wanted| {
            let is_made = |found: &LinkDescription| {
                let known = made.get(&found.interface.name);
                known.is_some_and(|known| known.interface == found.interface)
            };
            let found = links.find(wanted.name);
            links.find(wanted.base).is_ok_and(|base| {
                let domain = routing_domain(links, &base);
                let well =
                    |found: LinkDescription| found.up && found.master == domain && is_made(&found);
                base.up && !found.is_ok_and(well)
            })
        });
        if !broken || !self.may_repair(now) {
            return false;
        }
        self.make_missing(node, true);
        self.set_up();
        true
    }

    fn may_repair(&mut self, now: Instant) -> bool {
        if now.since(self.repairs_since) > REPAIR_PERIOD {
            self.repairs_since = now;
            self.repairs = 0;
        }
        self.repairs += 1;
        if self.repairs == REPAIRS + 1 {
            let text = "interfaces of ours are changed by others again and again, leaving them so";
            self.logger.log(Level::Error, text.into());
        }
        self.repairs <= REPAIRS
    }

    fn make_missing(&mut self, node: &Node, adopt: bool) {
        let all: Vec<VirtualInterface> = self.wanted.iter().cloned().collect();
        for wanted in &all {
            // Made when it appears.
            let Ok(base) = self.links.find(wanted.base) else {
                continue;
            };
            match self.make_one(wanted, &base, adopt) {
                Ok(interface) => {
                    let index = base.interface.index;
                    let made = Made {
                        wanted: wanted.clone(),
                        interface,
                        base: index,
                        link_local: self.link_local(wanted, node, index),
                    };
                    let copy = made.link_local;
                    self.made.insert(wanted.name, made);
                    self.prepare_settings(wanted);
                    self.add_addresses(wanted, interface, copy);
                }
                Err(error) => {
                    let text = format!(
                        "({}): Error creating VMAC interface {}: {error}",
                        wanted.instance, wanted.name
                    );
                    self.logger.log(Level::Error, text);
                }
            }
        }
    }

    fn make_one(
        &mut self,
        wanted: &VirtualInterface,
        base: &LinkDescription,
        adopt: bool,
    ) -> Result<Interface, Error> {
        let known = self.made.contains_key(&wanted.name);
        if let Ok(found) = self.links.find(wanted.name) {
            if is_as_wanted(&found, wanted, base) && (adopt || known) {
                self.record.add_link(wanted.name);
                let domain = routing_domain(&mut self.links, base);
                if found.master != domain {
                    self.links.set_master(found.interface, domain)?;
                }
                return Ok(found.interface);
            }
            let above = found.parent == Some(base.interface.index);
            let recorded = self.record.links().any(|name| name == wanted.name);
            // One on another interface that we have not made is another daemon's, which the kernel will say.
            if may_be_ours(&found) && (above || recorded || !found.up) {
                self.links.delete(found.interface)?;
            }
        }
        self.record.add_link(wanted.name);
        let master = routing_domain(&mut self.links, base);
        let made = self.links.create(&NewLink {
            name: wanted.name,
            parent: base.interface.index,
            kind: wanted.kind,
            group: wanted.group.unwrap_or(base.group),
            master,
        });
        match &made {
            Ok(_) => self.say(wanted, "Success creating"),
            Err(_) => self.record.forget_link(wanted.name),
        }
        made
    }

    fn say(&self, wanted: &VirtualInterface, what: &str) {
        let kind = match wanted.kind {
            NewLinkKind::Macvlan(_) => "VMAC",
            NewLinkKind::Ipvlan(_) => "ipvlan",
        };
        let (instance, name) = (&wanted.instance, wanted.name);
        let text = format!("({instance}): {what} {kind} interface {name}");
        self.logger.log(Level::Info, text);
    }

    /// What keepalived sets: answers for its addresses come from the virtual MAC address alone, packets from and
    /// to the host's own addresses pass, and IPv6 speaks only where it is meant to.
    fn prepare_settings(&mut self, wanted: &VirtualInterface) {
        let own = |key, value| (Sysctl::Ipv4(wanted.name, key), value);
        let own_v6 = |key, value| (Sysctl::Ipv6(wanted.name, key), value);
        let mut fleeting = vec![
            own_v6("addr_gen_mode", NO_ADDRESS_GENERATION),
            own_v6(
                "disable_ipv6",
                i64::from(!wanted.ipv6 && !wanted.both_families),
            ),
        ];
        // Beyond keepalived: an IPv6 one must not answer for the host's IPv4 addresses either, or neighbours find them
        // (and an IPv4 virtual router's) behind its MAC address.
        fleeting.push(own("arp_ignore", 1));
        if !wanted.ipv6 {
            fleeting.extend([
                own("accept_local", 1),
                own("promote_secondaries", 1),
                own("rp_filter", 0),
            ]);
            self.share_reverse_path_filter();
            self.change(&Sysctl::Ipv4(wanted.base, "arp_ignore").relative_path(), 1);
            self.change(&Sysctl::Ipv4(wanted.base, "arp_filter").relative_path(), 1);
            // Beyond keepalived: a host that asks for a client's MAC address asks in the name of the address that it
            // answers from, and the client would take the interface below for its place.
            self.change(
                &Sysctl::Ipv4(wanted.base, "arp_announce").relative_path(),
                2,
            );
        }
        for (setting, value) in fleeting {
            // They go with the interface. A kernel without IPv6 has nothing to set.
            if setting.read().is_ok_and(|now| now != value) {
                let result = setting.write(value);
                self.complain(result);
            }
        }
    }

    fn complain(&self, result: Result<(), Error>) {
        if let Err(error) = result {
            self.logger.log(Level::Warning, error.to_string());
        }
    }

    fn change(&mut self, path: &str, value: i64) {
        let result = self.record.set(path, value);
        self.complain(result);
    }

    /// The filter that is set for all interfaces would hold for ours as well, which has no address in BACKUP and would
    /// hear nothing: every other interface gets it as its own instead.
    fn share_reverse_path_filter(&mut self) {
        let all = setting_of("all", "rp_filter");
        let Ok(common) = sysctl::read_path(&all) else {
            return;
        };
        if common == 0 {
            return;
        }
        let names = std::fs::read_dir(IPV4_SETTINGS).into_iter().flatten();
        let mut lower_ones = Vec::new();
        for entry in names.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let ours = InterfaceName::new(&name).is_ok_and(|name| self.made.contains_key(&name));
            let path = setting_of(&name, "rp_filter");
            let lower = sysctl::read_path(&path).is_ok_and(|own| own < common);
            if name != "all" && !ours && lower {
                lower_ones.push(path);
            }
        }
        for failure in self.record.set_all(&lower_ones, common) {
            self.complain(Err(failure));
        }
        self.change(&all, 0);
    }

    fn add_addresses(
        &mut self,
        wanted: &VirtualInterface,
        interface: Interface,
        link_local: Option<Ipv6Addr>,
    ) {
        let mut changes = Vec::new();
        if let Some((address, prefix)) = wanted.address {
            changes.push(AddressChange::new(Action::Add, interface, address, prefix));
        }
        if let Some(source) = link_local {
            // What advertisements are sent from must be an address of the interface; nothing else shall use it.
            let mut copy = AddressChange::new(Action::Add, interface, IpAddr::V6(source), 64);
            copy.flags = AddressFlags::NO_DAD;
            copy.preferred = Lifetime::Seconds(0);
            copy.scope = Scope::LINK;
            changes.push(copy);
        }
        let mut results = Vec::new();
        self.commands.apply(&changes, &mut results);
        for result in results {
            if !matches!(&result, Err(error) if error.errno.0 == EEXIST) {
                self.complain(result);
            }
        }
    }

    /// The one that routers send from, the lowest that is not virtual, if the interface wants a copy of it.
    fn link_local(&self, wanted: &VirtualInterface, node: &Node, base: u32) -> Option<Ipv6Addr> {
        if !wanted.link_local {
            return None;
        }
        let known = node.interfaces().get(InterfaceIndex(base))?;
        let is_virtual = |address| self.virtual_addresses.contains(&address);
        match known.source(Family::V6, is_virtual)? {
            IpAddr::V6(address) => Some(address),
            IpAddr::V4(_) => None,
        }
    }

    /// An IPv6 virtual router's interface gets the link-local address that the one below has come by, also again: it
    /// loses its own when it goes down. True if that is a new one.
    pub(crate) fn take_link_local(&mut self, below: u32, node: &Node) -> bool {
        let mut new = false;
        let names: Vec<InterfaceName> = self.made.keys().copied().collect();
        for name in names {
            let Some(made) = self.made.get(&name).filter(|made| made.base == below) else {
                continue;
            };
            let Some(copy) = self.link_local(&made.wanted, node, below) else {
                continue;
            };
            let (wanted, interface) = (made.wanted.clone(), made.interface);
            new |= made.link_local != Some(copy);
            self.made
                .entry(name)
                .and_modify(|made| made.link_local = Some(copy));
            self.add_addresses(&wanted, interface, Some(copy));
        }
        new
    }

    /// Sets up what is down: after the firewall knows of it.
    pub(crate) fn set_up(&mut self) {
        let made: Vec<Interface> = self.made.values().map(|made| made.interface).collect();
        for interface in made {
            if self.links.find(interface.name).is_ok_and(|found| !found.up) {
                let result = self.links.set_up(interface);
                // Once the interface below is up this one follows.
                if !matches!(&result, Err(error) if error.errno.0 == ENETDOWN) {
                    self.complain(result);
                }
            }
        }
    }

    /// The virtual MAC interfaces that are there.
    pub(crate) fn pairs(&self) -> Vec<Pair> {
        let macvlans = self
            .made
            .values()
            .filter(|made| matches!(made.wanted.kind, NewLinkKind::Macvlan(_)));
        macvlans
            .map(|made| Pair {
                own: made.interface.index,
                base: made.base,
                ipv4: !made.wanted.ipv6 || made.wanted.both_families,
                ipv6: made.wanted.ipv6 || made.wanted.both_families,
                link_local: made.link_local,
            })
            .collect()
    }

    /// Whether [`Self::retire`] has more to do.
    pub(crate) fn is_retiring(&self) -> bool {
        self.retiring
    }

    /// Removes what no router uses any more, and what an earlier run left, as much as fits into a turn; true when the
    /// last of it went.
    pub(crate) fn retire(&mut self, node: &Node) -> bool {
        if self.record.links().next().is_none() {
            self.retiring = false;
            return false;
        }
        // One that has left is forgotten only when something else happens.
        let used: BTreeSet<&str> = node
            .routers()
            .filter(|router| !router.is_finished())
            .flat_map(|router| {
                let own = router.spec().virtual_interface.iter().map(|own| &own.name);
                let held = router.spec().all_addresses();
                own.chain(held.filter_map(|held| held.interface.as_ref()))
            })
            .map(String::as_str)
            .collect();
        let wanted = |name: InterfaceName| self.wanted.iter().any(|known| known.name == name);
        let gone: Vec<InterfaceName> = self
            .record
            .links()
            .filter(|name| !wanted(*name) && !used.contains(name.as_str()))
            .collect();
        let begun = monotonic();
        let mut left = gone.len();
        for name in &gone {
            self.remove(*name);
            left -= 1;
            if monotonic().0.saturating_sub(begun.0) >= REMOVAL_TURN.0 {
                break;
            }
        }
        self.retiring = left > 0;
        let done = !gone.is_empty() && !self.retiring;
        if done {
            self.restore_unneeded();
        }
        done
    }

    /// Removes every interface and restores every setting.
    pub(crate) fn remove_all(&mut self) {
        let all: Vec<InterfaceName> = self.record.links().collect();
        for name in all {
            self.remove(name);
        }
        self.wanted = VirtualInterfaces::default();
        self.record.restore([IGMP_REPORTS]);
        self.restore_unneeded();
    }

    fn remove(&mut self, name: InterfaceName) {
        let made = self.made.remove(&name);
        if let Ok(found) = self.links.find(name)
            && may_be_ours(&found)
        {
            let result = self.links.delete(found.interface);
            match (&result, made) {
                (Ok(()), Some(made)) => self.say(&made.wanted, "Success removing"),
                (Ok(()), None) => {
                    let text = format!("removing {name}: an earlier run has left it there");
                    self.logger.log(Level::Info, text);
                }
                (Err(_), _) => self.complain(result),
            }
        }
        self.record.forget_link(name);
    }

    /// Settings that no interface of ours needs any more.
    fn restore_unneeded(&mut self) {
        let needed = |path: &str| {
            self.made
                .values()
                .filter(|made| !made.wanted.ipv6)
                .any(|made| {
                    let base = format!("net/ipv4/conf/{}/arp_", made.wanted.base);
                    path.starts_with(&base) || path.ends_with("/rp_filter")
                })
                || path == IGMP_REPORTS
        };
        let unneeded: Vec<String> = self
            .record
            .settings()
            .filter(|path| !needed(path))
            .cloned()
            .collect();
        self.record.restore(unneeded.iter().map(String::as_str));
    }

    /// `disable_local_igmp`: the kernel reports no link-local groups while we run.
    pub(crate) fn disable_local_igmp(&mut self, disabled: bool) {
        if disabled {
            self.change(IGMP_REPORTS, 0);
        } else {
            self.record.restore([IGMP_REPORTS]);
        }
    }
}

/// Whether the kernel reports link-local groups (since Linux 4.3).
const IGMP_REPORTS: &str = "net/ipv4/igmp_link_local_mcast_reports";

fn setting_of(interface: &str, key: &str) -> String {
    format!("net/ipv4/conf/{interface}/{key}")
}

fn is_as_wanted(
    found: &LinkDescription,
    wanted: &VirtualInterface,
    base: &LinkDescription,
) -> bool {
    let kind = match wanted.kind {
        NewLinkKind::Macvlan(mac) => found.kind == LinkKind::Macvlan && found.mac == Some(mac),
        NewLinkKind::Ipvlan(_) => found.kind == LinkKind::Ipvlan,
    };
    kind && found.parent == Some(base.interface.index)
}

/// The VRF of the interface below, which is that of ours; its other masters hold it alone.
fn routing_domain(links: &mut Links, base: &LinkDescription) -> Option<u32> {
    let master = links.get(base.master?).ok()?;
    (master.kind == LinkKind::Vrf).then_some(master.interface.index)
}
