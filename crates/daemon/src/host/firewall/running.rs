//! The same question for instances that run: what they are stands in a status, not in a configuration.

use std::collections::BTreeMap;

use standfast_api::status::{HostFinding, Instance, Status};
use standfast_config::Span;

use super::packet::{AUTHENTICATION_HEADER, Direction, Packet, VRRP};
use super::ruleset::Ruleset;
use super::walk::{Place, surely_dropped};
use super::{DAEMONS_TABLES, MAX_PEERS, finding, iptables, read};

/// What drops the advertisements of running instances. Blocks some seconds at most.
pub(crate) fn dropped(status: &Status) -> Vec<HostFinding> {
    let Some(mut ruleset) = read() else {
        return Vec::new();
    };
    iptables::complete(&mut ruleset, super::command::iptables_save);
    judge(status, &ruleset)
}

/// One finding for each place and way, with all instances that it concerns.
pub(super) fn judge(status: &Status, ruleset: &Ruleset) -> Vec<HostFinding> {
    let own = |table: &str| DAEMONS_TABLES.contains(&table);
    let mut found: BTreeMap<(Place, Direction, &str), HostFinding> = BTreeMap::new();
    for instance in &status.instances {
        for packet in packets(instance) {
            let Some(place) = surely_dropped(&packet, ruleset, own) else {
                continue;
            };
            let told = finding(&packet, &place, ruleset, Span::default());
            let key = (place, packet.direction, packet.interface);
            let known = found.entry(key).or_insert_with(|| HostFinding {
                kind: "vrrp-filtered".to_owned(),
                instances: Vec::new(),
                text: told.message,
                fix: told.help,
            });
            if !known.instances.contains(&instance.name) {
                known.instances.push(instance.name.clone());
            }
        }
    }
    found.into_values().collect()
}

/// The packets that a running instance lives on.
fn packets(instance: &Instance) -> Vec<Packet<'_>> {
    if instance.interface.is_empty() {
        return Vec::new();
    }
    let protocol = match instance.authentication.as_str() {
        "ah" => AUTHENTICATION_HEADER,
        _ => VRRP,
    };
    let packet = |direction, source, destination| Packet {
        direction,
        interface: instance.interface.as_str(),
        source,
        destination,
        protocol,
        port: None,
    };
    let mut all = Vec::new();
    for peer in instance.destinations.iter().copied().take(MAX_PEERS) {
        match (instance.unicast, instance.source) {
            (true, Some(own)) => all.push(packet(Direction::In, Some(peer), own)),
            (true, None) => {}
            (false, _) => all.push(packet(Direction::In, None, peer)),
        }
        all.push(packet(Direction::Out, instance.source, peer));
    }
    all
}
