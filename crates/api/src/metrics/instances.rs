//! Virtual routers and their sync groups.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::families::{Families, Of, STATES, Shown, age, in_seconds, number};
use crate::status::{Address, Instance, State, Status};

/// A sender that was silent for longer than so many of its intervals is not there any more.
const INTERVALS_HEARD: u64 = 3;

pub(super) fn write(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    state(families, status)?;
    priority(families, status)?;
    transitions(families, status)?;
    hearing(families, status)?;
    disputes(families, status)?;
    addresses(families, status)?;
    packets(families, status)?;
    handovers(families, status)?;
    groups(families, status)
}

fn each<'a, V>(
    status: &'a Status,
    value: impl Fn(&'a Instance) -> V,
) -> impl Iterator<Item = (Of<'a>, V)> {
    status
        .instances
        .iter()
        .map(move |instance| (Of::instance(instance), value(instance)))
}

fn state(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.gauges(
        "standfast_instance_state",
        "1 for the state that the instance is in, 0 for the others.",
        status.instances.iter().flat_map(|instance| {
            STATES.iter().map(|(state, word)| {
                let labels = (Of::instance(instance), [("state", *word)]);
                (labels, number(*state == instance.state))
            })
        }),
    )?;
    let now = status.node.now_us;
    families.seconds(
        "standfast_instance_state_age",
        "For how long the instance has been in its state.",
        each(status, |instance| age(now, instance.since_us)),
    )?;
    families.gauges(
        "standfast_instance_faults",
        "How many things keep the instance in FAULT.",
        each(status, |i| {
            u64::try_from(i.faults.len()).unwrap_or(u64::MAX)
        }),
    )
}

fn priority(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.gauges(
        "standfast_instance_priority",
        "Priority that the instance advertises.",
        each(status, |instance| u32::from(instance.priority.effective)),
    )?;
    families.gauges(
        "standfast_instance_base_priority",
        "Priority as configured.",
        each(status, |instance| u32::from(instance.priority.base)),
    )
}

fn transitions(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.counters(
        "standfast_instance_transitions",
        "Times the instance entered a state, by state and cause.",
        status.instances.iter().flat_map(|instance| {
            instance.transitions.iter().map(|(key, count)| {
                let (state, cause) = key.split_once('/').unwrap_or((key, ""));
                let labels = [("state", state), ("cause", cause)];
                ((Of::instance(instance), labels), *count)
            })
        }),
    )
}

fn hearing(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let now = status.node.now_us;
    families.gauges(
        "standfast_instance_alone",
        "1: MASTER, and nobody else has ever been heard.",
        each(status, |instance| number(instance.alone)),
    )?;
    families.seconds(
        "standfast_instance_heard_age",
        "Time since the last advertisement of another node; absent where none was ever heard.",
        status
            .instances
            .iter()
            .filter_map(|instance| Some((Of::instance(instance), age(now, last_heard(instance)?)))),
    )?;
    families.seconds(
        "standfast_instance_advert_interval",
        "Configured interval of advertisements.",
        each(status, |instance| in_seconds(instance.advert_interval_us)),
    )?;
    families.seconds(
        "standfast_instance_down_interval",
        "Silence after which a backup takes over.",
        each(status, |instance| in_seconds(instance.down_interval_us)),
    )?;
    families.gauges(
        "standfast_instance_nodes",
        "Standfast nodes of the virtual router that are known, this one counted.",
        each(status, |i| u64::try_from(i.nodes.len()).unwrap_or(u64::MAX)),
    )
}

fn last_heard(instance: &Instance) -> Option<u64> {
    let speakers = instance.speakers.iter().map(|speaker| speaker.heard_us);
    let master = instance.master.iter().filter(|master| !master.here);
    speakers.chain(master.map(|master| master.heard_us)).max()
}

/// Who sends for a virtual router while this node is its master: heard within the last intervals, whether or not its
/// packets were taken, and whoever says over the peer channel that it is master as well, and is not heard.
fn rivals(instance: &Instance, now_us: u64) -> u64 {
    if instance.state != State::Master {
        return 0;
    }
    let since = instance.since_us;
    let heard = instance.speakers.iter();
    let heard = heard.filter(|speaker| {
        let interval = speaker.interval_us.unwrap_or(instance.advert_interval_us);
        let window = interval.saturating_mul(INTERVALS_HEARD);
        // The advertisements of the master before are no dispute.
        speaker.heard_us > since && now_us.saturating_sub(speaker.heard_us) <= window
    });
    // Both are master for a moment in every handover.
    let lasting = instance.advert_interval_us.saturating_mul(INTERVALS_HEARD);
    let lasts = |moment: u64| now_us.saturating_sub(moment) > lasting;
    let nodes = instance.nodes.iter().filter(|node| !node.here);
    let masters = nodes.filter(|node| node.state == State::Master);
    let masters = masters.filter(|node| lasts(node.since_us) && lasts(since));
    let all: BTreeSet<_> = heard
        .map(|speaker| Some(speaker.address))
        .chain(masters.map(|node| node.address))
        .collect();
    u64::try_from(all.len()).unwrap_or(u64::MAX)
}

fn disputes(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let now = status.node.now_us;
    families.gauges(
        "standfast_instance_rivals",
        "Others that advertise while this node is MASTER, also those whose packets are not taken.",
        each(status, |instance| rivals(instance, now)),
    )?;
    families.gauges(
        "standfast_instance_foreign_holders",
        "Others that were seen answering for the instance's addresses.",
        each(status, |i| {
            // One host may answer for several of them.
            let hosts: BTreeSet<&str> = i.holders.iter().map(|it| it.mac.as_str()).collect();
            u64::try_from(hosts.len()).unwrap_or(u64::MAX)
        }),
    )?;
    families.gauges(
        "standfast_instance_mismatches",
        "Standfast nodes of the virtual router whose configuration differs, by what differs.",
        status.instances.iter().flat_map(|instance| {
            let counted = differing(instance).into_iter();
            counted.map(move |(what, count)| ((Of::instance(instance), [("differs", what)]), count))
        }),
    )
}

fn differing(instance: &Instance) -> BTreeMap<&str, u64> {
    let mut nodes: BTreeMap<&str, u64> = BTreeMap::new();
    for what in instance.nodes.iter().flat_map(|node| &node.differs) {
        *nodes.entry(what).or_default() += 1;
    }
    nodes
}

fn addresses(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let each = |value: fn(&Address) -> bool| {
        status.instances.iter().flat_map(move |instance| {
            instance.addresses.iter().map(move |address| {
                let of = Of::on(instance, &address.interface);
                let labels = (of, [("ip_address", Shown::of(address))]);
                (labels, number(value(address)))
            })
        })
    };
    families.gauges(
        "standfast_address_wanted",
        "1: this node should hold the address now.",
        each(|address| address.wanted),
    )?;
    families.gauges(
        "standfast_address_held",
        "1: the kernel of this host holds the address.",
        each(|address| address.held),
    )
}

fn packets(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.counters(
        "standfast_instance_dropped_packets",
        "Packets for the virtual router that were not taken, by reason.",
        status.instances.iter().flat_map(|instance| {
            instance.counters.dropped.iter().map(|(reason, count)| {
                let labels = (Of::instance(instance), [("reason", reason.as_str())]);
                (labels, *count)
            })
        }),
    )
}

fn handovers(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.counters(
        "standfast_instance_handovers",
        "Planned moves away from this node that a successor has taken over.",
        each(status, |instance| instance.counters.handovers),
    )?;
    families.seconds(
        "standfast_instance_handover_gap",
        "Of the last planned move: for how long nobody answered, by time stamps of packets; negative: so long both did.",
        status.instances.iter().filter_map(|instance| {
            let gap = instance.handover.as_ref()?.gap_us?;
            let length = in_seconds(gap.unsigned_abs());
            let signed = if gap < 0 { -length } else { length };
            Some((Of::instance(instance), signed))
        }),
    )
}

fn groups(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.gauges(
        "standfast_group_state",
        "1 for the state that the members of the sync group agree on, 0 for the others.",
        status.groups.iter().flat_map(|group| {
            STATES.iter().map(|(state, word)| {
                let labels = [("group", group.name.as_str()), ("state", *word)];
                (labels, number(group.state == Some(*state)))
            })
        }),
    )
}
