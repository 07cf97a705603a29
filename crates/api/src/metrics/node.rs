//! The node, its loop, its peers, and what it has heard from strangers.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};

use super::Extra;
use super::families::{Families, age, in_seconds, number};
use crate::status::{Node, Peer, Status};

pub(super) fn write(families: &mut Families<'_>, status: &Status, extra: &Extra) -> fmt::Result {
    build(families, &status.node)?;
    configuration(families, &status.node)?;
    drain(families, &status.node)?;
    timing(families, status)?;
    kernel(families, status)?;
    peers(families, status)?;
    strangers(families, status)?;
    interfaces(families, status)?;
    interface_to_operators(families, extra)
}

fn build(families: &mut Families<'_>, node: &Node) -> fmt::Result {
    let program = match node.as_keepalived {
        true => "keepalived",
        false => "standfast",
    };
    let labels = [
        ("version", node.version.as_str()),
        ("node", &node.name),
        ("started_as", program),
    ];
    families.info(
        "standfast_build",
        "Version of the daemon, its node's name, and the name it was started under.",
        &labels,
    )?;
    families.second(
        "standfast_start_time",
        "When the daemon was started, in seconds since 1970.",
        in_seconds(node.started_us),
    )
}

fn configuration(families: &mut Families<'_>, node: &Node) -> fmt::Result {
    families.second(
        "standfast_config_time",
        "When the configuration in force was read, in seconds since 1970.",
        in_seconds(node.configured_us),
    )?;
    families.gauge(
        "standfast_config_findings",
        "Errors and warnings of the configuration in force.",
        node.findings,
    )?;
    let results = [("taken", node.reloads), ("refused", node.reloads_refused)];
    families.counters(
        "standfast_config_reloads",
        "Reloads since the start; after a refused one the configuration before stays in force.",
        results
            .into_iter()
            .map(|(result, count)| ([("result", result)], count)),
    )
}

fn drain(families: &mut Families<'_>, node: &Node) -> fmt::Result {
    families.gauge(
        "standfast_drained",
        "1: this node gives up everything, because an operator said so.",
        number(node.drain.is_some()),
    )?;
    // Absent while there is none: it has no age then.
    if let Some(drain) = &node.drain {
        families.second(
            "standfast_drain_age",
            "For how long this node has been drained; absent while it is not.",
            age(node.now_us, drain.since_us),
        )?;
    }
    families.gauge(
        "standfast_stopping",
        "1: the daemon is about to end.",
        number(node.stopping),
    )
}

fn timing(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let timing = &status.timing;
    families.histogram(
        "standfast_loop_turn",
        "How long turns of the VRRP loop took.",
        &timing.turns,
        timing.turns_sum_us,
    )?;
    families.histogram(
        "standfast_timer_lateness",
        "How late timers of the VRRP loop were handled.",
        &timing.lateness,
        timing.lateness_sum_us,
    )?;
    families.second(
        "standfast_timer_lateness_worst",
        "The latest that a timer was since the start.",
        in_seconds(timing.worst_us),
    )
}

fn kernel(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.counters(
        "standfast_kernel_failures",
        "Kernel operations that failed, by operation.",
        labelled("operation", &status.kernel_failures),
    )?;
    families.counters(
        "standfast_peer_dropped_messages",
        "Messages of the peer channel that were not taken, by reason.",
        labelled("reason", &status.peer_drops),
    )
}

fn labelled<'a>(
    label: &'static str,
    counts: &'a BTreeMap<String, u64>,
) -> impl Iterator<Item = ([(&'static str, &'a str); 1], u64)> {
    counts
        .iter()
        .map(move |(value, count)| ([(label, value.as_str())], *count))
}

/// Labels of a peer.
struct Of<'a>(&'a Peer);

impl EncodeLabelSet for Of<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder) -> fmt::Result {
        let Of(peer) = self;
        let address = peer.address.to_string();
        [
            ("peer", peer.name.as_str()),
            ("intf", &peer.interface),
            ("ip_address", &address),
        ]
        .encode(encoder)
    }
}

fn peers(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let now = status.node.now_us;
    let known = u64::try_from(status.peers.len()).unwrap_or(u64::MAX);
    families.gauge(
        "standfast_peers",
        "Other Standfast nodes that are known.",
        known,
    )?;
    families.seconds(
        "standfast_peer_heard_age",
        "Time since a peer's last message.",
        status
            .peers
            .iter()
            .map(|peer| (Of(peer), age(now, peer.heard_us))),
    )?;
    families.seconds(
        "standfast_peer_round_trip",
        "Of the last message that a peer has answered; absent where it never has.",
        status.peers.iter().filter_map(|peer| {
            let took = peer.round_trip_us?;
            Some((Of(peer), in_seconds(took)))
        }),
    )?;
    families.gauges(
        "standfast_peer_drained",
        "1: an operator has drained the peer.",
        status
            .peers
            .iter()
            .map(|peer| (Of(peer), number(peer.drained))),
    )?;
    families.gauges(
        "standfast_peer_instances",
        "Instances that this node and a peer both have.",
        status.peers.iter().map(|peer| {
            let shared = u64::try_from(peer.instances.len()).unwrap_or(u64::MAX);
            (Of(peer), shared)
        }),
    )
}

/// By interface and virtual router identifier only: addresses of strangers are whatever somebody puts into a packet.
fn strangers(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let mut senders: BTreeMap<(&str, u8), u64> = BTreeMap::new();
    for stranger in &status.strangers {
        *senders
            .entry((&stranger.interface, stranger.vrid))
            .or_default() += 1;
    }
    families.gauges(
        "standfast_strangers",
        "Senders of advertisements for virtual routers that are not configured where they were heard.",
        senders
            .into_iter()
            .map(|((intf, vrid), count)| (([("intf", intf)], [("vrid", vrid)]), count)),
    )
}

fn interfaces(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.gauges(
        "standfast_interface_up",
        "1: the interface is there, up and running.",
        status
            .interfaces
            .iter()
            .map(|link| ([("intf", link.name.as_str())], number(link.up))),
    )
}

fn interface_to_operators(families: &mut Families<'_>, extra: &Extra) -> fmt::Result {
    let labels = |label, counts: &BTreeMap<&'static str, u64>| {
        let samples = counts.iter();
        let samples: Vec<_> = samples.map(|(value, n)| ([(label, *value)], *n)).collect();
        samples.into_iter()
    };
    families.counters(
        "standfast_api_requests",
        "Requests to the daemon that were answered, by path.",
        labels("path", &extra.requests),
    )?;
    families.counters(
        "standfast_api_refusals",
        "Requests and connections to the daemon that were refused, by reason.",
        labels("reason", &extra.refusals),
    )?;
    families.gauge(
        "standfast_api_followers",
        "Clients that follow the stream of events.",
        extra.followers,
    )?;
    let journal = &extra.journal;
    families.gauge(
        "standfast_journal_entries",
        "Entries of the journal on disk.",
        journal.entries,
    )?;
    families.gauge(
        "standfast_journal_size_bytes",
        "What the journal occupies on disk.",
        journal.bytes,
    )?;
    families.counter(
        "standfast_journal_lost_entries",
        "Entries that did not reach the journal on disk, or did not survive there.",
        journal.lost,
    )
}
