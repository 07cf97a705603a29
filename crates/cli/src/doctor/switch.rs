//! What this host knows of the switches between the nodes: whether queries for multicast groups are heard, and whether one of its
//! own bridges snoops.
//!
//! A switch that snoops (IGMP, MLD) forwards a group only where somebody has reported it lately, and reports are answers to queries:
//! where nobody queries, some of them stop forwarding the group after minutes. A switch says nothing of that itself. What can be
//! known: a querier of version 1 or 2 shows in /proc/net/igmp, each MLD query is counted in /proc/net/dev_snmp6; a bridge of
//! this host tells all; and the peer channel, which is unicast, goes on where the group does not come any more. A querier
//! of IGMPv3 leaves no trace.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use standfast_api::status::{Instance, State, Status};
use standfast_config::Config;
use standfast_linux::Interface;

use super::remedy::Remedy;
use super::{Area, Finding, Level};
use crate::moments::span;

/// Where the kernel shows interfaces: those of the namespace that it was mounted in.
const INTERFACES: &str = "/sys/class/net";
/// What the kernel knows of groups and counts of packets.
const NET: &str = "/proc/net";
/// Interfaces below one another that are looked at for a bridge.
const DEPTH: u8 = 4;
/// Interfaces that are told; the rest is alike.
const INTERFACES_TOLD: usize = 4;
/// Queries come every 125 s (RFC 9776 section 8.2), and a report counts for two of them and an answer's time: whoever was heard
/// for longer before it fell silent may have been forgotten by a switch.
const FORGOTTEN_US: u64 = 200_000_000;

/// A group on an interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Segment {
    interface: String,
    group: IpAddr,
}

/// What the kernel tells of an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// A querier of this old version of IGMP is there.
    igmp: Option<u8>,
    /// MLD queries that have come.
    mld: u64,
    /// The bridge of this host that it is, or lies above.
    bridge: Option<Bridge>,
}

/// A bridge of this host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bridge {
    name: String,
    snoops: bool,
    queries: bool,
}

/// What is known of each interface on which groups are spoken to, and who fell silent there.
pub(super) fn area(config: &Config, status: Option<&Status>) -> Area {
    let segments: BTreeSet<Segment> = config
        .instances
        .iter()
        .filter(|one| one.unicast.is_none())
        .filter_map(|one| {
            Some(Segment {
                interface: one.interface.as_ref()?.value.clone(),
                group: one.multicast_group,
            })
        })
        .collect();
    let seen = |segment: &Segment| read(Path::new(INTERFACES), Path::new(NET), segment);
    let all: Vec<_> = segments.iter().map(|one| (one, seen(one))).collect();
    let mut findings = Vec::new();
    for instance in status.into_iter().flat_map(|status| &status.instances) {
        let its = all
            .iter()
            .find(|(one, _)| one.interface == instance.interface);
        if let (Some((_, seen)), Some(status)) = (its, status) {
            findings.extend(silenced(instance, seen, status));
        }
    }
    Area::new("switch", text(&all), findings)
}

fn text(all: &[(&Segment, Seen)]) -> String {
    let told = all.iter().take(INTERFACES_TOLD);
    let told: Vec<String> = told.map(|(segment, seen)| told_of(segment, seen)).collect();
    match told.is_empty() {
        true => "no instance needs multicast".to_owned(),
        false => told.join("; "),
    }
}

fn told_of(segment: &Segment, seen: &Seen) -> String {
    let (name, group) = (&segment.interface, segment.group);
    let bridge = match &seen.bridge {
        Some(bridge) if bridge.snoops && bridge.queries => {
            format!(
                " (the bridge {} of this host snoops and queries)",
                bridge.name
            )
        }
        Some(bridge) if bridge.snoops => format!(
            " (the bridge {} of this host snoops and does not query)",
            bridge.name
        ),
        Some(bridge) => format!(" (the bridge {} of this host does not snoop)", bridge.name),
        None => String::new(),
    };
    match querier(segment, seen) {
        Some(which) => {
            format!("{which} on {name}{bridge}: a switch that snoops knows who wants {group}")
        }
        None => format!(
            "no querier is known on {name}{bridge}: that does no harm, unless a switch there snoops and forgets {group}; `tcpdump -ni {name} {}` shows \
             within some two minutes whether one is there",
            match group {
                IpAddr::V4(_) => "igmp",
                IpAddr::V6(_) => "'icmp6 and ip6[48] == 130'",
            }
        ),
    }
}

/// Who asks for members of such a group, as far as the kernel tells.
fn querier(segment: &Segment, seen: &Seen) -> Option<String> {
    match segment.group {
        IpAddr::V4(_) => seen
            .igmp
            .map(|version| format!("a querier (IGMPv{version}) is heard")),
        IpAddr::V6(_) if seen.mld > 0 => Some("a querier (MLD) was heard".to_owned()),
        IpAddr::V6(_) => None,
    }
}

/// Somebody whose advertisements have come for minutes, do not come any more, and who is master all the same.
fn silenced(instance: &Instance, seen: &Seen, status: &Status) -> Option<Finding> {
    if instance.unicast {
        return None;
    }
    let now = status.node.now_us;
    let others = instance
        .nodes
        .iter()
        .filter(|node| !node.here && node.state == State::Master);
    let addresses: Vec<IpAddr> = others.filter_map(|node| node.address).collect();
    let mut speakers = instance.speakers.iter();
    let silent = speakers.find(|one| {
        let silent_us = now.saturating_sub(one.heard_us);
        addresses.contains(&one.address)
            && silent_us > instance.down_interval_us
            && one.heard_us.saturating_sub(one.first_us) > FORGOTTEN_US
    })?;
    let text = format!(
        "{}: advertisements of {} came on {} for {} and stopped {} ago, while the peer channel, which is unicast, says that it is master: so it is \
         where a switch snoops and nobody queries",
        instance.name,
        silent.address,
        instance.interface,
        span(silent.heard_us.saturating_sub(silent.first_us)),
        span(now.saturating_sub(silent.heard_us))
    );
    let elsewhere =
        "switch IGMP and MLD snooping off for this VLAN, or a querier on; or use unicast_peer";
    let remedy = match &seen.bridge {
        Some(bridge) if !bridge.queries => Remedy::of_help(&format!(
            "ip link set {} type bridge mcast_querier 1, and the same where the bridge is configured; or {elsewhere}",
            bridge.name
        )),
        Some(_) | None => Remedy::advice(elsewhere),
    };
    Some(Finding {
        level: Level::Warn,
        code: None,
        text,
        remedy,
    })
}

fn read(interfaces: &Path, net: &Path, segment: &Segment) -> Seen {
    let name = segment.interface.as_str();
    let text = |file: &Path| fs::read_to_string(file).unwrap_or_default();
    let folder = interfaces.join(name);
    // What is mounted there may show another namespace.
    let shown: Option<u32> = text(&folder.join("ifindex")).trim().parse().ok();
    let index = Interface::find(name).ok().map(|it| it.index);
    let is_here = shown.is_some() && shown == index;
    Seen {
        igmp: old_querier(&text(&net.join("igmp")), name),
        mld: queries(&text(&net.join("dev_snmp6").join(name))),
        bridge: is_here.then(|| bridge(interfaces, name, DEPTH)).flatten(),
    }
}

/// The version in the interface's line of /proc/net/igmp: without an older querier it is 3.
fn old_querier(igmp: &str, name: &str) -> Option<u8> {
    let line = igmp.lines().find_map(|line| {
        let (before, after) = line.split_once(':')?;
        (before.split_ascii_whitespace().nth(1) == Some(name)).then_some(after)
    })?;
    let version = line.split_ascii_whitespace().nth(1)?.strip_prefix('V')?;
    version.parse().ok().filter(|version| *version < 3)
}

/// `Icmp6InGroupMembQueries` of /proc/net/dev_snmp6/INTERFACE.
fn queries(counts: &str) -> u64 {
    let mut lines = counts.lines();
    let line = lines.find_map(|line| line.strip_prefix("Icmp6InGroupMembQueries"));
    line.and_then(|number| number.trim().parse().ok())
        .unwrap_or(0)
}

/// What it is, or lies above.
fn bridge(interfaces: &Path, name: &str, depth: u8) -> Option<Bridge> {
    let folder = interfaces.join(name);
    let is = |setting: &str| {
        let text = fs::read_to_string(folder.join("bridge").join(setting));
        text.is_ok_and(|text| text.trim() != "0")
    };
    if folder.join("bridge").is_dir() {
        return Some(Bridge {
            name: name.to_owned(),
            snoops: is("multicast_snooping"),
            queries: is("multicast_querier"),
        });
    }
    let depth = depth.checked_sub(1)?;
    let entries = fs::read_dir(&folder).ok()?.flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut below = names.filter_map(|entry| Some(entry.strip_prefix("lower_")?.to_owned()));
    below.find_map(|lower| bridge(interfaces, &lower, depth))
}

#[cfg(test)]
mod tests {
    use standfast_api::status::{NodeOfInstance, Speaker};

    use super::*;
    use crate::status::samples;

    const IGMP: &str = "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n1\tlo        :     1      V3\n\
        \t\t\t\t010000E0     1 0:00000000\t\t0\n2\teth0      :     2      V2\n\t\t\t\t120000E0     1 0:00000000\t\t0\n\
        3\teth1      :     2      V3\n";
    const SNMP6: &str =
        "ifIndex                         \t2\nIcmp6InGroupMembQueries         \t7\n";

    fn segment(group: &str) -> Segment {
        Segment {
            interface: "eth0".to_owned(),
            group: group.parse().unwrap(),
        }
    }

    #[test]
    fn the_kernel_tells_of_queriers() {
        assert_eq!(old_querier(IGMP, "eth0"), Some(2));
        assert_eq!(old_querier(IGMP, "eth1"), None);
        assert_eq!(old_querier(IGMP, "eth"), None);
        assert_eq!(old_querier("", "eth0"), None);
        assert_eq!((queries(SNMP6), queries("")), (7, 0));
    }

    #[test]
    fn what_is_not_known_is_not_claimed() {
        let seen = Seen::default();
        let said = told_of(&segment("224.0.0.18"), &seen);
        assert!(said.contains("no querier is known on eth0"), "{said}");
        assert!(said.contains("`tcpdump -ni eth0 igmp`"), "{said}");
        let seen = Seen { mld: 7, ..seen };
        let said = told_of(&segment("224.0.0.18"), &seen);
        assert!(
            said.contains("no querier is known"),
            "MLD is another matter: {said}"
        );
        let said = told_of(&segment("ff02::12"), &seen);
        assert!(
            said.starts_with("a querier (MLD) was heard on eth0"),
            "{said}"
        );
        assert_eq!(text(&[]), "no instance needs multicast");
    }

    /// A master that was heard for `heard_s` seconds and is silent for `silent_s`, as its neighbour tells it.
    fn found(
        heard_s: u64,
        silent_s: u64,
        is_master: bool,
        bridge: Option<Bridge>,
    ) -> Option<Finding> {
        let now_us = 10_000_000_000;
        let address: IpAddr = "10.0.0.2".parse().unwrap();
        let heard_us = now_us - silent_s * 1_000_000;
        let all = samples::split().instances;
        let node = all.iter().flat_map(|one| &one.nodes).next().unwrap();
        let speaker = all.iter().flat_map(|one| &one.speakers).next().unwrap();
        let instance = Instance {
            name: "VI_1".to_owned(),
            interface: "eth0".to_owned(),
            down_interval_us: 3_600_000,
            nodes: vec![NodeOfInstance {
                here: false,
                address: Some(address),
                state: if is_master {
                    State::Master
                } else {
                    State::Backup
                },
                ..node.clone()
            }],
            speakers: vec![Speaker {
                address,
                first_us: heard_us - heard_s * 1_000_000,
                heard_us,
                ..speaker.clone()
            }],
            ..Instance::default()
        };
        let mut status = Status::default();
        status.node.now_us = now_us;
        let seen = Seen {
            bridge,
            ..Seen::default()
        };
        silenced(&instance, &seen, &status)
    }

    #[test]
    fn whoever_fell_silent_after_minutes_and_is_master_may_have_been_forgotten_by_a_switch() {
        let finding = found(900, 60, true, None).unwrap();
        assert!(
            finding.text.contains("for 15m and stopped 1m ago"),
            "{}",
            finding.text
        );
        assert_eq!(finding.remedy.command, None);
        let ours = Bridge {
            name: "br0".to_owned(),
            snoops: true,
            queries: false,
        };
        let finding = found(900, 60, true, Some(ours)).unwrap();
        let command = finding.remedy.command.unwrap();
        assert_eq!(command, "ip link set br0 type bridge mcast_querier 1");
        // Not long enough for that, still heard, or gone for good reason.
        assert_eq!(found(100, 60, true, None), None);
        assert_eq!(found(900, 2, true, None), None);
        assert_eq!(found(900, 60, false, None), None);
    }
}
