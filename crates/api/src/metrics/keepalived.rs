//! The names and labels of the exporter that is widely used with keepalived. It reads what keepalived writes to files on a
//! signal; the same numbers come from the daemon here.

use std::fmt;

use standfast_core::journal::DropCause;

use super::families::{Families, Of, Shown, in_seconds, number};
use crate::status::{Address, Check, Instance, State, Status};

pub(super) fn write(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    families.gauge("keepalived_up", "The daemon answers.", 1u32)?;
    states(families, status)?;
    counters(families, status)?;
    errors(families, status)?;
    scripts(families, status)
}

/// keepalived's number of a state.
fn state(state: State) -> u32 {
    match state {
        State::Initialize => 0,
        State::Backup => 1,
        // It answers for the addresses until its successor is there, and keepalived's users know no other word for it.
        State::Master | State::Leaving => 2,
        State::Fault => 3,
    }
}

type AddressLabels<'a> = (Of<'a>, [(&'static str, Shown); 1]);

fn address_labels<'a>(instance: &'a Instance, address: &'a Address) -> AddressLabels<'a> {
    let shown = Shown::of(address);
    (
        Of::on(instance, &address.interface),
        [("ip_address", shown)],
    )
}

fn addresses(status: &Status, excluded: bool) -> impl Iterator<Item = (&Instance, &Address)> {
    let of = |instance| move |address| (instance, address);
    status
        .instances
        .iter()
        .flat_map(move |instance| instance.addresses.iter().map(of(instance)))
        .filter(move |(_, address)| address.excluded == excluded)
}

fn states(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let without = status.instances.iter().filter(has_no_address);
    families.gauges(
        "keepalived_vrrp_state",
        "State of the instance of a virtual address: 0 INIT, 1 BACKUP, 2 MASTER, 3 FAULT.",
        addresses(status, false)
            .map(of_address)
            .chain(without.map(of_instance)),
    )?;
    families.gauges(
        "keepalived_vrrp_excluded_state",
        "As keepalived_vrrp_state, for addresses of virtual_ipaddress_excluded.",
        addresses(status, true).map(of_address),
    )?;
    for name in [
        "keepalived_check_script_status",
        "keepalived_exporter_check_script_status",
    ] {
        families.gauges(
            name,
            "1: the kernel of this host holds the address just when this node should hold it.",
            addresses(status, false).map(|(instance, address)| {
                let labels = address_labels(instance, address);
                (labels, number(address.held == address.wanted))
            }),
        )?;
    }
    Ok(())
}

fn of_address<'a>((instance, address): (&'a Instance, &'a Address)) -> (AddressLabels<'a>, u32) {
    (address_labels(instance, address), state(instance.state))
}

fn of_instance(instance: &Instance) -> (AddressLabels<'_>, u32) {
    let labels = (Of::instance(instance), [("ip_address", Shown::NONE)]);
    (labels, state(instance.state))
}

fn has_no_address(instance: &&Instance) -> bool {
    instance.addresses.iter().all(|address| address.excluded)
}

fn counters(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let mut each = |name: &str, help: &str, value: fn(&Instance) -> u64| {
        let samples = status.instances.iter();
        families.counters(name, help, samples.map(|i| (Of::instance(i), value(i))))
    };
    each(
        "keepalived_advertisements_received",
        "Advertisements received.",
        |instance| instance.counters.received,
    )?;
    each(
        "keepalived_advertisements_sent",
        "Advertisements sent.",
        |instance| instance.counters.sent,
    )?;
    each(
        "keepalived_become_master",
        "Times the instance became master.",
        |instance| instance.counters.became_master,
    )?;
    each(
        "keepalived_release_master",
        "Times the instance stopped being master.",
        |instance| instance.counters.released_master,
    )?;
    each(
        "keepalived_priority_zero_received",
        "Advertisements with priority 0 received.",
        |instance| instance.counters.resigns_received,
    )?;
    each(
        "keepalived_priority_zero_sent",
        "Advertisements with priority 0 sent.",
        |instance| instance.counters.resigns_sent,
    )?;
    let delays = status.instances.iter();
    families.counters(
        "keepalived_gratuitous_arp_delay",
        "Configured garp_master_delay in seconds (a counter by its name only).",
        delays.map(|i| (Of::instance(i), in_seconds(i.garp_delay_us))),
    )
}

fn dropped(instance: &Instance, cause: DropCause) -> u64 {
    let dropped = &instance.counters.dropped;
    dropped.get(cause.word()).copied().unwrap_or(0)
}

fn errors(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let mut each = |name: &str, help: &str, value: fn(&Instance) -> u64| {
        let samples = status.instances.iter();
        families.counters(name, help, samples.map(|i| (Of::instance(i), value(i))))
    };
    each(
        "keepalived_packet_length_errors",
        "Packets whose length does not match the number of their addresses.",
        |instance| dropped(instance, DropCause::Length),
    )?;
    each(
        "keepalived_advertisements_interval_errors",
        "Packets with another advert_int than ours.",
        |instance| dropped(instance, DropCause::Interval),
    )?;
    each(
        "keepalived_ip_ttl_errors",
        "Packets whose TTL is not 255.",
        |instance| dropped(instance, DropCause::Ttl),
    )?;
    each(
        "keepalived_invalid_type_received",
        "VRRP packets that are no advertisements.",
        |instance| dropped(instance, DropCause::Type),
    )?;
    each(
        "keepalived_address_list_errors",
        "Advertisements with another address list than ours.",
        |instance| instance.counters.address_lists,
    )?;
    each(
        "keepalived_authentication_invalid",
        "Always 0, as with keepalived: an unknown authentication type is counted as a mismatch.",
        |_| 0,
    )?;
    each(
        "keepalived_authentication_mismatch",
        "Packets with another authentication type than ours.",
        |instance| dropped(instance, DropCause::AuthenticationType),
    )?;
    each(
        "keepalived_authentication_failure",
        "Packets with a wrong password, or an authentication header that was used before.",
        |instance| {
            dropped(instance, DropCause::Authentication)
                + dropped(instance, DropCause::HeaderReplay)
        },
    )
}

fn scripts(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    // A check that has not reported has no status, as with the exporter.
    let reported = status
        .checks
        .iter()
        .filter(|check| check.state != "pending");
    families.gauges(
        "keepalived_script_status",
        "Result of a check: 0 BAD, 1 GOOD.",
        reported.map(|check| (name(check), number(check.state == "up"))),
    )?;
    families.gauges(
        "keepalived_script_state",
        "What a check does at the moment: 0 idle, 1 running.",
        status
            .checks
            .iter()
            .map(|check| (name(check), number(check.running))),
    )
}

fn name(check: &Check) -> [(&'static str, &str); 1] {
    [("name", check.name.as_str())]
}
