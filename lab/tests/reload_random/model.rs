//! What the file says, and how it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::kernel::Holdings;

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

/// Instances of VRIDs 1 to 6 have IPv4 addresses, the others IPv6.
pub const VRIDS: u64 = 8;
const IPV4_VRIDS: u64 = 6;
/// Instances that may have an interface of their own.
const VMAC_VRIDS: [u64; 3] = [2, 5, 6];
/// Addresses of each instance alone.
const ADDRESSES: u64 = 4;
/// Addresses that go from one instance to another.
const WANDERERS: u64 = 4;
const STATICS: u64 = 3;
/// VRIDs that may form a sync group.
const GROUPS: [[u64; 2]; 2] = [[1, 2], [3, 7]];

#[derive(Clone, Debug, PartialEq, Eq)]
struct Instance {
    name: String,
    vmac: bool,
    priority: u64,
    /// Milliseconds.
    interval: u64,
    /// Numbers of addresses; the first is never without.
    addresses: BTreeSet<u64>,
    excluded: BTreeSet<u64>,
    routes: BTreeSet<u64>,
    source_route: bool,
    rules: BTreeSet<u64>,
    notify: bool,
    track: Option<u64>,
    garp_delay: u64,
    no_accept: bool,
    labelled: bool,
}

/// What a mutation did.
#[derive(Debug)]
pub struct Change {
    /// VRIDs of instances that may change their state.
    pub touched: BTreeSet<u64>,
    #[allow(dead_code, reason = "printed when a test fails")]
    what: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    instances: BTreeMap<u64, Instance>,
    /// The owner of each.
    wanderers: BTreeMap<u64, u64>,
    groups: BTreeSet<usize>,
    static_addresses: BTreeSet<u64>,
    static_routes: BTreeSet<u64>,
    static_rules: BTreeSet<u64>,
    track_files: u64,
    names: u64,
}

fn toggle<T: Ord>(set: &mut BTreeSet<T>, one: T) {
    if !set.remove(&one) {
        set.insert(one);
    }
}

impl Model {
    pub fn new(random: &mut Random) -> Self {
        let mut model = Model {
            instances: BTreeMap::new(),
            wanderers: BTreeMap::new(),
            groups: BTreeSet::new(),
            static_addresses: BTreeSet::new(),
            static_routes: BTreeSet::new(),
            static_rules: BTreeSet::new(),
            track_files: 2,
            names: 0,
        };
        for _ in 0..40 {
            model.mutate(random);
        }
        model
    }

    /// VRID of an instance with this name.
    pub fn vrid(name: &str) -> u64 {
        name.split('_').nth(1).unwrap().parse().unwrap()
    }

    fn fresh_name(&mut self, vrid: u64) -> String {
        self.names += 1;
        format!("VI_{vrid}_{}", self.names)
    }

    /// One to three differences.
    pub fn mutate(&mut self, random: &mut Random) -> Change {
        let before = self.clone();
        let mut what = Vec::new();
        for _ in 0..=random.below(3) {
            let vrid = random.below(VRIDS) + 1;
            let done = match random.below(24) {
                0 | 1 => self.add_or_remove(vrid),
                2 => self.wander(random),
                3 => self.other_static(random),
                4 if random.one_in(2) => {
                    let group = if random.one_in(2) { 0 } else { 1 };
                    toggle(&mut self.groups, group);
                    format!("group {group}")
                }
                _ => self.change_instance(vrid, random),
            };
            what.push(done);
        }
        let touched = before.touched(self);
        Change { touched, what }
    }

    fn add_or_remove(&mut self, vrid: u64) -> String {
        if self.instances.remove(&vrid).is_some() {
            self.wanderers.retain(|_, owner| *owner != vrid);
            return format!("{vrid} goes");
        }
        let name = self.fresh_name(vrid);
        let instance = Instance {
            name,
            vmac: false,
            priority: 100,
            interval: 30,
            addresses: [0].into(),
            excluded: BTreeSet::new(),
            routes: BTreeSet::new(),
            source_route: false,
            rules: BTreeSet::new(),
            notify: false,
            track: None,
            garp_delay: 1,
            no_accept: false,
            labelled: false,
        };
        self.instances.insert(vrid, instance);
        format!("{vrid} comes")
    }

    fn wander(&mut self, random: &mut Random) -> String {
        let (which, owner) = (random.below(WANDERERS), random.below(IPV4_VRIDS) + 1);
        match self.instances.get(&owner) {
            Some(instance) if !instance.vmac => {
                let before = self.wanderers.insert(which, owner);
                format!("wanderer {which} from {before:?} to {owner}")
            }
            _ => format!(
                "wanderer {which} of {:?} goes",
                self.wanderers.remove(&which)
            ),
        }
    }

    fn other_static(&mut self, random: &mut Random) -> String {
        let number = random.below(STATICS);
        let set = match random.below(3) {
            0 => &mut self.static_addresses,
            1 => &mut self.static_routes,
            _ => &mut self.static_rules,
        };
        toggle(set, number);
        "static".to_owned()
    }

    fn change_instance(&mut self, vrid: u64, random: &mut Random) -> String {
        let name = self.fresh_name(vrid);
        let Some(instance) = self.instances.get_mut(&vrid) else {
            return String::new();
        };
        let number = random.below(ADDRESSES - 1) + 1;
        let what = match random.below(14) {
            0 => {
                instance.name = name;
                "name"
            }
            1 => {
                toggle(&mut instance.addresses, number);
                "address"
            }
            2 => {
                toggle(&mut instance.excluded, number);
                "excluded"
            }
            3 => {
                instance.priority = 50 + random.below(200);
                "priority"
            }
            4 => {
                instance.interval = 10 * (2 + random.below(3));
                "interval"
            }
            5 => {
                toggle(&mut instance.routes, number);
                "route"
            }
            6 => {
                instance.source_route = vrid <= IPV4_VRIDS && !instance.source_route;
                "route with a source"
            }
            7 => {
                toggle(&mut instance.rules, number);
                "rule"
            }
            8 => {
                instance.notify = !instance.notify;
                "notify"
            }
            9 => {
                instance.track = (instance.track.is_none()).then(|| random.below(self.track_files));
                "track"
            }
            10 => {
                instance.garp_delay = 1 + random.below(5);
                "garp"
            }
            11 => {
                instance.no_accept = !instance.no_accept;
                "no_accept"
            }
            12 => {
                instance.labelled = vrid <= IPV4_VRIDS && !instance.labelled;
                "label"
            }
            _ if VMAC_VRIDS.contains(&vrid) && random.one_in(2) => {
                instance.vmac = !instance.vmac;
                self.wanderers.retain(|_, owner| *owner != vrid);
                "vmac"
            }
            _ => "nothing",
        };
        format!("{what} of {vrid}")
    }

    /// Who may have changed its state on the way to `after`: who came, who went, whose interface is another one, and who
    /// is in a group with them, or comes into a group.
    fn touched(&self, after: &Self) -> BTreeSet<u64> {
        let role = |model: &Self, vrid| {
            let instance: Option<&Instance> = model.instances.get(&vrid);
            instance.map(|instance| instance.vmac)
        };
        let mut vrids: BTreeSet<u64> = (1..=VRIDS)
            .filter(|vrid| role(self, *vrid) != role(after, *vrid))
            .collect();
        for (number, members) in GROUPS.iter().enumerate() {
            let has = |model: &Self| model.groups.contains(&number);
            let one = members.iter().any(|vrid| vrids.contains(vrid));
            if has(self) != has(after) || (has(after) && one) {
                vrids.extend(members);
            }
        }
        vrids
    }

    fn groups(&self) -> impl Iterator<Item = (usize, [&Instance; 2])> {
        self.groups.iter().filter_map(|number| {
            let [one, other] = GROUPS.get(*number)?;
            let members = [self.instances.get(one)?, self.instances.get(other)?];
            Some((*number, members))
        })
    }

    /// The file.
    pub fn configuration(&self) -> String {
        let mut text =
            "global_defs {\n    script_user root\n    enable_script_security\n}\n".to_owned();
        for file in 0..self.track_files {
            let _ = write!(
                text,
                "vrrp_track_file file{file} {{\n    file /run/track-{file}\n    weight 1\n}}\n"
            );
        }
        let list = |text: &mut String, name: &str, lines: Vec<String>| {
            if !lines.is_empty() {
                let _ = write!(text, "{name} {{\n    {}\n}}\n", lines.join("\n    "));
            }
        };
        let statics = |set: &BTreeSet<u64>, line: &dyn Fn(u64) -> String| {
            set.iter().map(|number| line(*number)).collect::<Vec<_>>()
        };
        list(
            &mut text,
            "static_ipaddress",
            statics(&self.static_addresses, &|n| {
                format!("10.200.{n}.1/24 dev eth1")
            }),
        );
        list(
            &mut text,
            "static_routes",
            statics(&self.static_routes, &|n| {
                format!("10.201.{n}.0/24 dev eth1")
            }),
        );
        list(
            &mut text,
            "static_rules",
            statics(&self.static_rules, &|n| {
                format!("from 10.201.{n}.0/24 table 100 priority {}", 900 + n)
            }),
        );
        for (number, members) in self.groups() {
            let names = members
                .map(|member| member.name.as_str())
                .join("\n        ");
            let _ = write!(
                text,
                "vrrp_sync_group G{number} {{\n    group {{\n        {names}\n    }}\n}}\n"
            );
        }
        for (vrid, instance) in &self.instances {
            text.push_str(&self.instance(*vrid, instance));
        }
        text
    }

    /// The same, unusable.
    pub fn broken(&self) -> String {
        self.configuration()
            + "vrrp_instance BROKEN {\n    interface eth0\n    virtual_router_id\n}\n"
    }

    fn instance(&self, vrid: u64, instance: &Instance) -> String {
        let mut text = format!(
            "vrrp_instance {} {{\n    state BACKUP\n    version 3\n    interface eth0\n    \
             virtual_router_id {vrid}\n    priority {}\n    advert_int 0.0{}\n    \
             garp_master_delay {}\n",
            instance.name,
            instance.priority,
            instance.interval / 10,
            instance.garp_delay,
        );
        for (is, line) in [
            (instance.vmac, "use_vmac"),
            (instance.no_accept, "no_accept"),
            (instance.notify, "notify_master /run/notify.sh"),
        ] {
            if is {
                let _ = writeln!(text, "    {line}");
            }
        }
        if let Some(file) = instance.track {
            let _ = writeln!(text, "    track_file {{\n        file{file}\n    }}");
        }
        let label = if instance.labelled {
            " label eth0:v"
        } else {
            ""
        };
        let label = if instance.vmac { "" } else { label };
        let own = instance.addresses.iter().map(|n| address(vrid, *n) + label);
        let wanderers = self.wanderers.iter().filter(|(_, owner)| **owner == vrid);
        let addresses: Vec<String> = link_local(vrid)
            .into_iter()
            .chain(own)
            .chain(wanderers.map(|(n, _)| format!("10.99.{n}.1/24")))
            .collect();
        for (name, lines) in [
            ("virtual_ipaddress", addresses),
            (
                "virtual_ipaddress_excluded",
                networks(vrid, &instance.excluded, excluded),
            ),
            ("virtual_routes", route_lines(vrid, instance)),
            (
                "virtual_rules",
                networks(vrid, &instance.rules, |vrid, n| {
                    format!(
                        "from {} table 100 priority {}",
                        destination(vrid, n),
                        vrid * 10 + n
                    )
                }),
            ),
        ] {
            if !lines.is_empty() {
                let _ = writeln!(
                    text,
                    "    {name} {{\n        {}\n    }}",
                    lines.join("\n        ")
                );
            }
        }
        text + "}\n"
    }

    /// What the kernel holds when every instance is master.
    pub fn holdings(&self) -> Holdings {
        let mut held = Holdings::default();
        let set = |set: &BTreeSet<u64>, text: &dyn Fn(u64) -> String| -> Vec<String> {
            set.iter().map(|n| text(*n)).collect()
        };
        held.addresses.extend(set(&self.static_addresses, &|n| {
            format!("eth1 10.200.{n}.1/24")
        }));
        held.routes.extend(set(&self.static_routes, &|n| {
            format!("10.201.{n}.0/24 eth1")
        }));
        held.rules.extend(set(&self.static_rules, &|n| {
            format!("{} 10.201.{n}.0/24", 900 + n)
        }));
        for (vrid, instance) in &self.instances {
            let device = match instance.vmac {
                true => format!("vrrp.{vrid}"),
                false => "eth0".to_owned(),
            };
            let wanderers = self.wanderers.iter().filter(|(_, owner)| *owner == vrid);
            let networks: Vec<String> = link_local(*vrid)
                .into_iter()
                .chain(instance.addresses.iter().map(|n| address(*vrid, *n)))
                .chain(wanderers.map(|(n, _)| format!("10.99.{n}.1/24")))
                .collect();
            // Of the other family, which has no interface of its own.
            let others = networks_of_other_family(*vrid, instance);
            if instance.no_accept {
                let alone = |network: &String| network.split('/').next().unwrap_or("").to_owned();
                let all = networks.iter().chain(&others);
                held.dropped.extend(all.map(alone));
            }
            let with_length = |network: &String| match network.contains('/') {
                true => format!("{device} {network}"),
                false => format!("{device} {network}/128"),
            };
            held.addresses.extend(networks.iter().map(with_length));
            held.addresses
                .extend(others.iter().map(|network| format!("eth0 {network}")));
            held.routes.extend(
                instance
                    .routes
                    .iter()
                    .map(|n| format!("{} eth0", destination(*vrid, *n))),
            );
            if instance.source_route {
                held.routes
                    .insert(format!("10.150.{vrid}.0/24 eth0 src 10.{vrid}.0.1"));
            }
            held.rules.extend(
                instance
                    .rules
                    .iter()
                    .map(|n| format!("{} {}", vrid * 10 + n, destination(*vrid, *n))),
            );
            if instance.vmac {
                held.links.insert(device);
            }
            held.table |= instance.vmac || instance.no_accept;
        }
        held
    }
}

fn is_ipv6(vrid: u64) -> bool {
    vrid > IPV4_VRIDS
}

/// What an IPv6 instance's list begins with.
fn link_local(vrid: u64) -> Option<String> {
    is_ipv6(vrid).then(|| format!("fe80::a:{vrid}"))
}

fn address(vrid: u64, number: u64) -> String {
    match is_ipv6(vrid) {
        true => format!("fd00:{vrid}:{}::1/64", number + 1),
        false => format!("10.{vrid}.{number}.1/24"),
    }
}

/// Of the other family.
fn excluded(vrid: u64, number: u64) -> String {
    match is_ipv6(vrid) {
        false => format!("fd01:{vrid}:{}::1/64", number + 1),
        true => format!("10.{}.{number}.1/24", 20 + vrid),
    }
}

fn destination(vrid: u64, number: u64) -> String {
    match is_ipv6(vrid) {
        true => format!("fd02:{vrid}:{}::/48", number + 1),
        false => format!("10.{}.{number}.0/24", 100 + vrid),
    }
}

fn networks(vrid: u64, set: &BTreeSet<u64>, text: impl Fn(u64, u64) -> String) -> Vec<String> {
    set.iter().map(|number| text(vrid, *number)).collect()
}

fn networks_of_other_family(vrid: u64, instance: &Instance) -> Vec<String> {
    networks(vrid, &instance.excluded, excluded)
}

fn route_lines(vrid: u64, instance: &Instance) -> Vec<String> {
    let mut lines = networks(vrid, &instance.routes, |vrid, n| {
        format!("{} dev eth0", destination(vrid, n))
    });
    if instance.source_route {
        lines.push(format!("10.150.{vrid}.0/24 dev eth0 src 10.{vrid}.0.1"));
    }
    lines
}
