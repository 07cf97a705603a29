//! Rules of this host that drop advertisements: the usual reason for two masters.
//!
//! The rules are read once (`nft -j list ruleset`, where nft is installed; what iptables-nft sets is among them) and followed
//! for the very packets that the configuration needs. Only what is dropped on every way it may take is reported.

mod command;
mod iptables;
mod packet;
mod ruleset;
mod running;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;

use standfast_config::{AuthenticationKind, Code, Config, Diagnostic, Span, VrrpInstance};

pub(crate) use running::dropped;

use packet::{AUTHENTICATION_HEADER, Direction, Packet, UDP, VRRP};
use ruleset::Ruleset;
use walk::{Place, surely_dropped};

/// Tables that a VRRP daemon makes itself: they are about packets to the virtual addresses.
const DAEMONS_TABLES: [&str; 3] = ["keepalived", "keepalived_ipvs", "standfast"];
/// keepalived's keyword that names its table.
const TABLE_KEYWORD: &str = "nftables";
/// Peers of one instance that are looked at; one that is dropped is enough to say so.
const MAX_PEERS: usize = 16;

pub(super) fn findings(config: &Config) -> Vec<Diagnostic> {
    let Some(mut ruleset) = read() else {
        return Vec::new();
    };
    iptables::complete(&mut ruleset, command::iptables_save);
    judge(config, &ruleset)
}

fn read() -> Option<Ruleset> {
    Ruleset::parse(&command::list_ruleset()?)
}

/// One finding for each place that drops, at the first instance that it concerns.
fn judge(config: &Config, ruleset: &Ruleset) -> Vec<Diagnostic> {
    let named = config
        .accepted
        .iter()
        .filter(|one| one.keyword.name == TABLE_KEYWORD);
    let named: Vec<&str> = named
        .flat_map(|one| &one.arguments)
        .map(|word| word.value.as_str())
        .collect();
    let own = |table: &str| DAEMONS_TABLES.contains(&table) || named.contains(&table);
    let mut found: BTreeMap<(Place, Direction, &str, bool), Diagnostic> = BTreeMap::new();
    for instance in &config.instances {
        let adverts = packets(instance);
        let port = config.global.peer_channel.port();
        let channel = instance.peer_channel.map(|_| on_channel(&adverts, port));
        for (packet, span) in adverts.into_iter().chain(channel.into_iter().flatten()) {
            let Some(place) = surely_dropped(&packet, ruleset, own) else {
                continue;
            };
            let of_channel = packet.port.is_some();
            let key = (place, packet.direction, packet.interface, of_channel);
            let text = finding(&packet, &key.0, ruleset, span);
            found.entry(key).or_insert(text);
        }
    }
    found.into_values().collect()
}

/// The packets that the instance lives on, and where its text names their way.
fn packets(instance: &VrrpInstance) -> Vec<(Packet<'_>, Span)> {
    let Some((interface, span)) = super::interface(instance) else {
        return Vec::new();
    };
    // The rules see its routing domain as the interface.
    if instance.vrf.is_some() {
        return Vec::new();
    }
    let header = instance
        .authentication
        .is_some_and(|one| one.kind == AuthenticationKind::Ah);
    let protocol = if header { AUTHENTICATION_HEADER } else { VRRP };
    let own = instance.source_address.map(|source| source.value);
    let packet = |direction, source, destination| Packet {
        direction,
        interface,
        source,
        destination,
        protocol,
        port: None,
    };
    let Some(unicast) = &instance.unicast else {
        let group = instance.multicast_group;
        return vec![
            (packet(Direction::In, None, group), span),
            (packet(Direction::Out, own, group), span),
        ];
    };
    let mut all = Vec::new();
    for peer in unicast.peers.iter().take(MAX_PEERS) {
        let (address, span) = (peer.address.value, peer.address.span);
        if let Some(own) = own {
            all.push((packet(Direction::In, Some(address), own), span));
        }
        all.push((packet(Direction::Out, own, address), span));
    }
    all
}

/// Messages of the peer channel go the ways of advertisements.
fn on_channel<'a>(adverts: &[(Packet<'a>, Span)], port: u16) -> Vec<(Packet<'a>, Span)> {
    let adverts = adverts.iter().map(|(packet, span)| {
        let packet = Packet {
            protocol: UDP,
            port: Some(port),
            ..packet.clone()
        };
        (packet, *span)
    });
    adverts.collect()
}

fn finding(packet: &Packet<'_>, place: &Place, ruleset: &Ruleset, span: Span) -> Diagnostic {
    let (family, table, chain) = &place.chain;
    let what = match place.rule {
        Some(handle) => format!("rule with handle {handle}"),
        None => "by its policy".to_owned(),
    };
    let from = match packet.source.filter(|_| !packet.destination.is_multicast()) {
        Some(peer) if packet.direction == Direction::In => format!(" from {peer}"),
        Some(_) | None => String::new(),
    };
    let interface = packet.interface;
    let dropped =
        format!("dropped by this host's firewall (table {family} {table}, chain {chain}, {what})");
    if let Some(port) = packet.port {
        let way = match packet.direction {
            Direction::In => "come in",
            Direction::Out => "go out",
        };
        let text = format!(
            "messages of the peer channel (UDP port {port}){from} that {way} on {interface} are {dropped}: addresses move in VRRP's own time"
        );
        return Diagnostic::note(Code::PeerChannelBlocked, span, text)
            .help(help_channel(packet, port, place, ruleset));
    }
    let (text, effect) = match packet.direction {
        Direction::In => (
            format!("advertisements{from} that come in on {interface}"),
            "this node hears no master and takes the addresses although another node has them",
        ),
        Direction::Out => (
            format!("advertisements that go out on {interface}"),
            "the other nodes hear no master and take the addresses although this node has them",
        ),
    };
    let text = format!("{text} are {dropped}: {effect}");
    Diagnostic::warning(Code::FirewallDrops, span, text).help(help(packet, place, ruleset))
}

/// The command that lets the packet through, in the words of whatever keeps the rules.
fn help(packet: &Packet<'_>, place: &Place, ruleset: &Ruleset) -> String {
    let (family, table, chain) = &place.chain;
    let inward = packet.direction == Direction::In;
    let (interface, protocol) = (packet.interface, packet.protocol);
    let peer = match (packet.source, packet.destination) {
        (_, group) if group.is_multicast() => format!("to {group}"),
        (Some(peer), _) if inward => format!("from {peer}"),
        (_, peer) => format!("to {peer}"),
    };
    if table == "firewalld" {
        let name = if protocol == VRRP { "vrrp" } else { "ah" };
        return format!("firewall-cmd --permanent --add-protocol={name} && firewall-cmd --reload");
    }
    if has_ufw(ruleset) {
        let way = if inward { "in" } else { "out" };
        return format!("ufw allow {way} on {interface} {peer}");
    }
    if let Some(program) = iptables_program(place) {
        let way = if inward { "-i" } else { "-o" };
        return format!(
            "{program} -I {chain} {way} {interface} -p {protocol} -j ACCEPT, and save it where the rules are loaded from at boot"
        );
    }
    let way = if inward { "iifname" } else { "oifname" };
    let version = match packet.destination {
        IpAddr::V4(_) => "ip protocol",
        IpAddr::V6(_) => "ip6 nexthdr",
    };
    format!(
        "nft insert rule {family} {table} {chain} {way} \"{interface}\" {version} {protocol} accept, and the same in the file that the rules are loaded from (/etc/nftables.conf)"
    )
}

/// The same for the port of the peer channel.
fn help_channel(packet: &Packet<'_>, port: u16, place: &Place, ruleset: &Ruleset) -> String {
    let (family, table, chain) = &place.chain;
    let inward = packet.direction == Direction::In;
    let interface = packet.interface;
    if table == "firewalld" {
        return format!(
            "firewall-cmd --permanent --add-port={port}/udp && firewall-cmd --reload; or `peer_channel off`"
        );
    }
    if has_ufw(ruleset) {
        let way = if inward { "in" } else { "out" };
        return format!(
            "ufw allow {way} on {interface} proto udp to any port {port}; or `peer_channel off`"
        );
    }
    if let Some(program) = iptables_program(place) {
        let way = if inward { "-i" } else { "-o" };
        return format!(
            "{program} -I {chain} {way} {interface} -p udp --dport {port} -j ACCEPT, and save it where the rules are loaded from at boot; or `peer_channel off`"
        );
    }
    let way = if inward { "iifname" } else { "oifname" };
    format!(
        "nft insert rule {family} {table} {chain} {way} \"{interface}\" udp dport {port} accept, and the same in the file that the rules are loaded from (/etc/nftables.conf); or `peer_channel off`"
    )
}

fn has_ufw(ruleset: &Ruleset) -> bool {
    let of_ufw = |name: &str| name.starts_with("ufw-") || name.starts_with("ufw6-");
    ruleset.chains.keys().any(|(_, _, name)| of_ufw(name))
}

/// The program that made the chain, by the capitals of its name.
fn iptables_program(place: &Place) -> Option<&'static str> {
    let (family, _, chain) = &place.chain;
    let capitals = chain.chars().any(|c| c.is_ascii_uppercase());
    match family.as_str() {
        "ip" if capitals => Some("iptables"),
        "ip6" if capitals => Some("ip6tables"),
        _ => None,
    }
}
