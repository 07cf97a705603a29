//! Drop rules in nftables tables of our own: for addresses that accept no packets (`no_accept`, `vrrp_strict`), and
//! for group reports that must not leave a virtual MAC interface. The tables look like keepalived's.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use standfast_config::{Config, Firewall as Settings};
use standfast_core::Node;
use standfast_core::input::InterfaceIndex;
use standfast_core::journal::Level;
use standfast_core::spec::{RouterSpec, VirtualAddress};
use standfast_linux::Error;
use standfast_linux::netlink::nft::{
    Batch, DataType, Expression, Family, Header, Hook, Meta, Nft, Register, Set, Verdict,
};

use crate::host_record::{HostRecord, delete_table};
use crate::log::Logger;
use crate::own_links::Pair;

const IN: &str = "in";
const OUT: &str = "out";
const IN_LINK_LOCAL: &str = "in_link_local";
const OUT_LINK_LOCAL: &str = "out_link_local";
const VIPS: &str = "vips";
const VIPS_LINK_LOCAL: &str = "vips_link_local";
const VMAC_MAP: &str = "vmac_map";
const VMAC_SET: &str = "vmac_set";
const VMAC_LINK_LOCAL: &str = "vmac_link_local";
const NEIGHBOR_DISCOVERY: &str = "neighbor-discovery";
const IPPROTO_IGMP: u8 = 2;
const IPPROTO_ICMPV6: u8 = 58;
const ROUTER_SOLICITATION: u8 = 133;
const NEIGHBOR_SOLICITATION: u8 = 135;
const NEIGHBOR_ADVERTISEMENT: u8 = 136;
/// Multicast Listener Report of version 2.
const MLD2_REPORT: u8 = 143;
/// What the kernel calls a macvlan, as long as a register.
const MACVLAN: &[u8; 16] = b"macvlan\0\0\0\0\0\0\0\0\0";

/// A dropped address; a link-local one is one on an interface.
type Dropped = (IpAddr, Option<u32>);

/// What the tables hold beside the addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Layout {
    table: String,
    priority: i32,
    counters: bool,
    /// Some router's addresses of the family accept nothing.
    drops_v4: bool,
    drops_v6: bool,
    /// Among them link-local ones.
    drops_link_local: bool,
    /// Virtual MAC interfaces whose reports go to the interface below.
    v4: Vec<Pair>,
    v6: Vec<Pair>,
}

impl Layout {
    fn has(&self, family: Family) -> bool {
        match family {
            Family::Ip => self.drops_v4 || !self.v4.is_empty(),
            Family::Ip6 => self.drops_v6 || !self.v6.is_empty(),
        }
    }

    fn is_empty(&self) -> bool {
        !self.has(Family::Ip) && !self.has(Family::Ip6)
    }
}

pub(crate) struct Firewall {
    nft: Option<Nft>,
    layout: Layout,
    /// Addresses that accept nothing, and whose they are.
    closed: BTreeMap<IpAddr, String>,
    dropped: BTreeSet<Dropped>,
    failures: u64,
    /// What the table is called unless the configuration names it.
    usual_table: String,
    logger: Logger,
}

impl Firewall {
    /// `distinction` tells this daemon's table from that of others in the network namespace.
    pub(crate) fn new(distinction: Option<&str>, logger: Logger) -> Self {
        let usual = Settings::NFTABLES_TABLE;
        Firewall {
            usual_table: match distinction {
                None => usual.to_owned(),
                Some(own) => format!("{usual}_{own}"),
            },
            nft: None,
            layout: Layout::default(),
            closed: BTreeMap::new(),
            dropped: BTreeSet::new(),
            failures: 0,
            logger,
        }
    }

    /// Makes the tables what the configuration and the interfaces want: before a router with such addresses is
    /// there, and before a virtual MAC interface is set up.
    pub(crate) fn configure(
        &mut self,
        config: &Config,
        routers: &[&RouterSpec],
        pairs: &[Pair],
        node: &Node,
        record: &mut HostRecord,
    ) {
        let layout = layout(config, &self.usual_table, routers, pairs);
        let dropped = present(node, &layout);
        let closed = routers.iter().filter(|router| !router.accept);
        self.closed = closed
            .flat_map(|router| {
                let held = router.all_addresses();
                held.map(|held| (held.address, router.name.clone()))
            })
            .collect();
        if layout == self.layout && dropped == self.dropped {
            return;
        }
        let stale: Vec<String> = record
            .tables()
            .filter(|table| layout.is_empty() || **table != layout.table)
            .cloned()
            .collect();
        for table in stale {
            delete_table(&table);
            record.forget_table(&table);
        }
        if !layout.is_empty() {
            record.add_table(&layout.table);
            if self.layout.is_empty() {
                self.say_why_nftables(&config.global.firewall);
            }
        }
        let same_table = layout.table == self.layout.table;
        let unused: Vec<Family> = [Family::Ip, Family::Ip6]
            .into_iter()
            .filter(|family| same_table && self.layout.has(*family) && !layout.has(*family))
            .collect();
        (self.layout, self.dropped) = (layout, dropped);
        self.rebuild(&unused);
    }

    fn say_why_nftables(&self, settings: &Settings) {
        let text = if settings.iptables.is_some() {
            "vrrp_iptables is not acted on by this version - using nftables"
        } else if settings.nftables.is_none() {
            "use_vmac or no_accept/strict specified, but no firewall configured - using nftables"
        } else {
            return;
        };
        self.logger.log(Level::Info, text.into());
    }

    /// Called before addresses are added.
    pub(crate) fn before_adding(&mut self, addresses: &[(InterfaceIndex, VirtualAddress)]) {
        let new: Vec<Dropped> = addresses
            .iter()
            .filter(|(_, address)| self.closed.contains_key(&address.address))
            .map(|(index, address)| dropped(*index, address.address))
            .filter(|one| !self.dropped.contains(one))
            .collect();
        self.say(&new, "setting firewall drop rule");
        self.dropped.extend(&new);
        self.change(&new, |batch, family, at, key| {
            batch.add_element(family, at, key, None);
        });
    }

    /// Called when addresses are gone.
    pub(crate) fn after_removing<'a>(
        &mut self,
        addresses: impl Iterator<Item = &'a (InterfaceIndex, VirtualAddress)>,
    ) {
        let old: Vec<Dropped> = addresses
            .map(|(index, address)| dropped(*index, address.address))
            .filter(|one| self.dropped.remove(one))
            .collect();
        self.say(&old, "removing firewall drop rule");
        self.change(&old, |batch, family, at, key| {
            batch.delete_element(family, at, key);
        });
    }

    fn say(&self, addresses: &[Dropped], what: &str) {
        let first = addresses.first();
        if let Some(router) = first.and_then(|(address, _)| self.closed.get(address)) {
            self.logger.log(Level::Info, format!("({router}) {what}"));
        }
    }

    fn change(
        &mut self,
        addresses: &[Dropped],
        edit: impl Fn(&mut Batch, Family, (&str, &str), &[u8]),
    ) {
        let (Some(nft), false) = (&mut self.nft, addresses.is_empty()) else {
            return;
        };
        let mut batch = nft.batch();
        for one in addresses {
            let (family, set, key) = element(*one);
            edit(&mut batch, family, (&self.layout.table, set), &key);
        }
        // Somebody has flushed the rules: all of them come back.
        if nft.commit(batch).is_err() {
            self.rebuild(&[]);
        }
    }

    /// Replaces both tables in one transaction, so that no packet passes between. `unused`: families that need none any
    /// more, although the other one does.
    fn rebuild(&mut self, unused: &[Family]) {
        if self.layout.is_empty() {
            return;
        }
        if let Err(error) = self.try_rebuild(unused) {
            self.failures += 1;
            if self.failures.is_power_of_two() {
                let text = format!("cannot set the drop rules, packets pass: {error}");
                self.logger.log(Level::Error, text);
            }
        }
    }

    fn try_rebuild(&mut self, unused: &[Family]) -> Result<(), Error> {
        let nft = match &mut self.nft {
            Some(nft) => nft,
            none => none.insert(Nft::open()?),
        };
        let mut batch = nft.batch();
        for family in unused {
            // Somebody may have removed it before us.
            batch.add_table(*family, &self.layout.table);
            batch.delete_table(*family, &self.layout.table);
        }
        for family in [Family::Ip, Family::Ip6] {
            if self.layout.has(family) {
                write_table(&mut batch, family, &self.layout);
            }
        }
        for one in &self.dropped {
            let (family, set, key) = element(*one);
            batch.add_element(family, (&self.layout.table, set), &key, None);
        }
        nft.commit(batch)
    }

    /// Removes the tables.
    pub(crate) fn remove(&mut self, record: &mut HostRecord) {
        if !self.layout.is_empty() {
            delete_table(&self.layout.table);
            record.forget_table(&self.layout.table);
            self.layout = Layout::default();
            self.dropped.clear();
        }
    }
}

fn layout(config: &Config, usual_table: &str, routers: &[&RouterSpec], pairs: &[Pair]) -> Layout {
    let settings: &Settings = &config.global.firewall;
    let table = settings.nftables.as_ref().map(|name| name.value.clone());
    let table = table.filter(|name| name != Settings::NFTABLES_TABLE);
    let drops = |of: &dyn Fn(IpAddr) -> bool| {
        routers
            .iter()
            .filter(|router| !router.accept)
            .flat_map(|router| router.all_addresses())
            .any(|held| of(held.address))
    };
    let of = |reports: fn(&Pair) -> bool| pairs.iter().copied().filter(reports).collect();
    Layout {
        table: table.unwrap_or_else(|| usual_table.to_owned()),
        priority: settings.nftables_priority,
        counters: settings.nftables_counters,
        drops_v4: drops(&|held| held.is_ipv4()),
        drops_v6: drops(&|held| held.is_ipv6()),
        drops_link_local: drops(&is_link_local),
        // The kernel that reports no link-local groups needs no rule for their reports.
        v4: if config.global.disable_local_igmp {
            Vec::new()
        } else {
            of(|pair| pair.ipv4)
        },
        v6: of(|pair| pair.ipv6),
    }
}

/// What is held now and accepts nothing.
fn present(node: &Node, layout: &Layout) -> BTreeSet<Dropped> {
    node.routers()
        .filter(|router| !router.spec().accept)
        .flat_map(|router| router.removable_addresses(node.interfaces()))
        .map(|(index, held)| dropped(index, held.address))
        .filter(|(address, link_local)| match address {
            IpAddr::V4(_) => layout.drops_v4,
            IpAddr::V6(_) if link_local.is_some() => layout.drops_link_local,
            IpAddr::V6(_) => layout.drops_v6,
        })
        .collect()
}

fn dropped(index: InterfaceIndex, address: IpAddr) -> Dropped {
    (address, is_link_local(address).then_some(index.0))
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

/// Family, set and key of an address.
fn element((address, on): Dropped) -> (Family, &'static str, Vec<u8>) {
    match (address, on) {
        (IpAddr::V4(address), _) => (Family::Ip, VIPS, address.octets().to_vec()),
        (IpAddr::V6(address), None) => (Family::Ip6, VIPS, address.octets().to_vec()),
        (IpAddr::V6(address), Some(index)) => (
            Family::Ip6,
            VIPS_LINK_LOCAL,
            [&address.octets()[..], &index.to_ne_bytes()].concat(),
        ),
    }
}

/// One family's table under construction.
struct Table<'a> {
    batch: &'a mut Batch,
    family: Family,
    layout: &'a Layout,
}

fn write_table(batch: &mut Batch, family: Family, layout: &Layout) {
    // Making it first makes its removal succeed.
    batch.add_table(family, &layout.table);
    batch.delete_table(family, &layout.table);
    batch.add_table(family, &layout.table);
    let (pairs, drops) = match family {
        Family::Ip => (&layout.v4, layout.drops_v4),
        Family::Ip6 => (&layout.v6, layout.drops_v6),
    };
    let mut table = Table {
        batch,
        family,
        layout,
    };
    table.chain(OUT, Some(Hook::Output));
    if !pairs.is_empty() {
        table.reports(pairs);
    }
    if drops {
        table.chain(IN, Some(Hook::Input));
        table.drops();
    }
}

impl Table<'_> {
    fn chain(&mut self, name: &str, hook: Option<Hook>) {
        let at = hook.map(|hook| (hook, self.layout.priority));
        self.batch
            .add_chain(self.family, &self.layout.table, name, at);
    }

    fn set(&mut self, name: &str, key: DataType, data: Option<DataType>, constant: bool) {
        let set = Set {
            name,
            key,
            data,
            constant,
        };
        self.batch.add_set(self.family, &self.layout.table, &set);
    }

    fn element(&mut self, set: &str, key: &[u8], data: Option<&[u8]>) {
        self.batch
            .add_element(self.family, (&self.layout.table, set), key, data);
    }

    fn rule(&mut self, chain: &str, conditions: &[Expression<'_>], end: Verdict<'_>) {
        let mut steps = conditions.to_vec();
        if self.layout.counters {
            steps.push(Expression::Counter);
        }
        steps.push(Expression::Verdict(end));
        self.batch
            .add_rule(self.family, (&self.layout.table, chain), &steps);
    }

    /// Reports of group membership leave from the interface below: a switch must not see the virtual MAC address in
    /// BACKUP.
    fn reports(&mut self, pairs: &[Pair]) {
        let index = DataType::InterfaceIndex;
        self.set(VMAC_MAP, index, Some(index), false);
        for pair in pairs {
            let (own, base) = (pair.own.to_ne_bytes(), pair.base.to_ne_bytes());
            self.element(VMAC_MAP, &own, Some(&base));
        }
        let (protocol, destination): (Vec<Expression<'_>>, _) = match self.family {
            Family::Ip => (
                vec![
                    network(9, 1, Register::One),
                    Expression::Equals(Register::One, &[IPPROTO_IGMP]),
                ],
                network(16, 4, Register::One),
            ),
            Family::Ip6 => (
                [
                    &ICMPV6_TYPE[..],
                    &[Expression::Equals(Register::One, &[MLD2_REPORT])],
                ]
                .concat(),
                network(24, 16, Register::One),
            ),
        };
        let own = [
            Expression::Meta(Meta::OutputKind, Register::Two),
            Expression::Equals(Register::Two, MACVLAN),
            Expression::Meta(Meta::OutputIndex, Register::Two),
        ];
        let copy = [
            Expression::Map(Register::Two, VMAC_MAP),
            Expression::Duplicate(Register::One, Register::Two),
        ];
        let steps = [&protocol[..], &[destination], &own, &copy].concat();
        self.rule(OUT, &steps, Verdict::Drop);
        if self.family == Family::Ip6 {
            self.set(VMAC_SET, index, None, false);
            for pair in pairs {
                self.element(VMAC_SET, &pair.own.to_ne_bytes(), None);
            }
            let solicitation = [Expression::Equals(Register::One, &[ROUTER_SOLICITATION])];
            let member = [Expression::InSet(Register::Two, VMAC_SET)];
            let steps = [&ICMPV6_TYPE[..], &solicitation, &own, &member].concat();
            self.rule(OUT, &steps, Verdict::Drop);
            self.silent_copies(pairs);
        }
    }

    /// Beyond keepalived: the copied link-local address is for sending only. Who asks for it gets the answer of the
    /// interface below; one from the virtual MAC address, also in BACKUP, would move that in switches and neighbours.
    fn silent_copies(&mut self, pairs: &[Pair]) {
        let copies = pairs
            .iter()
            .filter_map(|pair| Some((pair.link_local?, pair.own)));
        let copies: Vec<(Ipv6Addr, u32)> = copies.collect();
        if copies.is_empty() {
            return;
        }
        let key = DataType::Ipv6AddressAndInterfaceIndex;
        self.set(VMAC_LINK_LOCAL, key, None, false);
        for (address, own) in copies {
            let key = [&address.octets()[..], &own.to_ne_bytes()].concat();
            self.element(VMAC_LINK_LOCAL, &key, None);
        }
        let answer = [Expression::Equals(Register::One, &[NEIGHBOR_ADVERTISEMENT])];
        let copy = [
            network(8, 16, Register::One),
            Expression::Meta(Meta::OutputIndex, Register::Two),
            Expression::InSet(Register::One, VMAC_LINK_LOCAL),
        ];
        let steps = [&ICMPV6_TYPE[..], &answer, &copy].concat();
        self.rule(OUT, &steps, Verdict::Drop);
    }

    /// Nothing passes to and from the addresses but neighbour discovery.
    fn drops(&mut self) {
        let (key, source, destination) = match self.family {
            Family::Ip => (
                DataType::Ipv4Address,
                network(12, 4, Register::One),
                network(16, 4, Register::One),
            ),
            Family::Ip6 => (
                DataType::Ipv6Address,
                network(8, 16, Register::One),
                network(24, 16, Register::One),
            ),
        };
        self.set(VIPS, key, None, false);
        if self.family == Family::Ip6 {
            self.neighbor_discovery(source, destination);
        }
        for (chain, address) in [(IN, destination), (OUT, source)] {
            let steps = [address, Expression::InSet(Register::One, VIPS)];
            self.rule(chain, &steps, Verdict::Drop);
        }
        if self.family == Family::Ip6 && self.layout.drops_link_local {
            let ways = [
                (IN_LINK_LOCAL, destination, Meta::InputIndex),
                (OUT_LINK_LOCAL, source, Meta::OutputIndex),
            ];
            for (chain, address, meta) in ways {
                let steps = [
                    address,
                    Expression::Meta(meta, Register::Two),
                    Expression::InSet(Register::One, VIPS_LINK_LOCAL),
                ];
                self.rule(chain, &steps, Verdict::Drop);
            }
        }
    }

    /// Without it the addresses would not be found; link-local ones are looked at in chains of their own.
    fn neighbor_discovery(&mut self, source: Expression<'_>, destination: Expression<'_>) {
        self.set(NEIGHBOR_DISCOVERY, DataType::Icmpv6Type, None, true);
        self.element(NEIGHBOR_DISCOVERY, &[NEIGHBOR_SOLICITATION], None);
        self.element(NEIGHBOR_DISCOVERY, &[NEIGHBOR_ADVERTISEMENT], None);
        if self.layout.drops_link_local {
            let key = DataType::Ipv6AddressAndInterfaceIndex;
            self.set(VIPS_LINK_LOCAL, key, None, false);
        }
        self.chain(IN_LINK_LOCAL, None);
        self.chain(OUT_LINK_LOCAL, None);
        let prefix = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0).octets();
        let mask = Ipv6Addr::new(0xffc0, 0, 0, 0, 0, 0, 0, 0).octets();
        let ways = [
            (IN, destination, IN_LINK_LOCAL),
            (OUT, source, OUT_LINK_LOCAL),
        ];
        for (chain, address, target) in ways {
            let known = [Expression::InSet(Register::One, NEIGHBOR_DISCOVERY)];
            let discovery = [&ICMPV6_TYPE[..], &known].concat();
            self.rule(chain, &discovery, Verdict::Accept);
            let steps = [
                address,
                Expression::Mask(Register::One, &mask),
                Expression::Equals(Register::One, &prefix),
            ];
            self.rule(chain, &steps, Verdict::Goto(target));
        }
    }
}

/// Loads bytes of the IP header.
const fn network(offset: u32, length: u32, into: Register) -> Expression<'static> {
    Expression::Payload {
        header: Header::Network,
        offset,
        length,
        into,
    }
}

/// Loads the type of an ICMPv6 message.
const ICMPV6_TYPE: [Expression<'static>; 3] = [
    Expression::Meta(Meta::TransportProtocol, Register::One),
    Expression::Equals(Register::One, &[IPPROTO_ICMPV6]),
    Expression::Payload {
        header: Header::Transport,
        offset: 0,
        length: 1,
        into: Register::One,
    },
];
