//! A status from a node that has been through something.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::net::IpAddr;

use standfast_core::input::{CheckId, CheckOutcome, HostAddress, Link, Origin, Packet};
use standfast_core::spec::{CheckKind, CheckSpec, RouterSpec, Spec, Track, VirtualAddress};
use standfast_core::wire::MacAddress;
use standfast_core::wire::vrrp::{
    AdvertisementRepr, Authentication, ChecksumForm, GROUP, Interval, Priority as Wire, Vrid,
};
use standfast_core::{Input, Instant, Micros, Node};

use super::*;
use crate::status::State;

const ETH0: InterfaceIndex = InterfaceIndex(2);
const BEGAN: u64 = 1_700_000_000_000_000;

fn ip(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

fn at(seconds: u64) -> Instant {
    Instant(seconds * 1_000_000)
}

fn spec(vrid: u8) -> RouterSpec {
    RouterSpec {
        name: format!("VI_{vrid}"),
        authentication: Authentication::Password(*b"1111\0\0\0\0"),
        addresses: vec![VirtualAddress::plain(ip(100), 24)],
        ..RouterSpec::plain(Vrid::new(vrid).unwrap(), Wire(100))
    }
}

fn node(routers: Vec<RouterSpec>, checks: Vec<CheckSpec>) -> Node {
    let mut node = Node::new();
    node.handle_input(
        at(0),
        Input::Link(Link {
            index: ETH0,
            name: "eth0".into(),
            up: true,
            mac: MacAddress([2, 0, 0, 0, 0, 1]),
        }),
    );
    node.handle_input(
        at(0),
        Input::AddressAdded(HostAddress {
            interface: ETH0,
            address: ip(1),
            prefix: 24,
            secondary: false,
            origin: Origin::Foreign,
        }),
    );
    let spec = Spec {
        routers,
        checks,
        ..Spec::default()
    };
    node.handle_input(at(0), Input::Spec(Box::new(spec)));
    node
}

fn hear(node: &mut Node, now: Instant, vrid: u8, password: [u8; 8], addresses: &[IpAddr]) {
    let repr = AdvertisementRepr {
        vrid: Vrid::new(vrid).unwrap(),
        priority: Wire(90),
        interval: Interval::Seconds(1),
        authentication: Authentication::Password(password),
        checksum: ChecksumForm::PseudoHeader,
        addresses,
    };
    let mut buffer = [0; 256];
    let length = repr.emit(ip(2), IpAddr::V4(GROUP), &mut buffer).unwrap();
    node.handle_input(
        now,
        Input::Packet(Packet {
            interface: ETH0,
            source: ip(2),
            destination: IpAddr::V4(GROUP),
            ttl: 255,
            message: &buffer[..length],
        }),
    );
}

fn seen(node: &Node, now: Instant) -> Status {
    let host = Host {
        name: "alpha",
        ..Host::default()
    };
    status(node, &host, now, BEGAN + now.0)
}

const OURS: [u8; 8] = *b"1111\0\0\0\0";

#[test]
fn a_lone_master_says_that_it_has_met_nobody() {
    let mut node = node(vec![spec(51)], vec![]);
    let backup = seen(&node, at(1));
    let instance = &backup.instances[0];
    assert_eq!((instance.state, instance.alone), (State::Backup, false));
    assert_eq!(instance.since_us, BEGAN);
    assert_eq!(instance.takes_over_us, Some(BEGAN + 3_609_375));
    assert_eq!(instance.next.as_ref().unwrap().timer, "down");
    node.handle_input(at(4), Input::Wakeup);
    let status = seen(&node, at(5));
    let instance = &status.instances[0];
    assert_eq!((instance.state, instance.alone), (State::Master, true));
    assert_eq!(instance.since_us, BEGAN + 4_000_000);
    assert_eq!(instance.cause.as_ref().unwrap().kind, "silence");
    assert_eq!(instance.transitions["master/silence"], 1);
    assert_eq!(instance.transitions["backup/started"], 1);
    let master = instance.master.as_ref().unwrap();
    assert_eq!((master.address, master.here), (ip(1), true));
    assert_eq!(
        status.interfaces[0].mac.as_deref(),
        Some("02:00:00:00:00:01")
    );
}

#[test]
fn whoever_is_heard_is_remembered_with_what_was_wrong() {
    let mut node = node(vec![spec(51)], vec![]);
    hear(&mut node, at(1), 51, *b"2222\0\0\0\0", &[ip(100), ip(101)]);
    hear(&mut node, at(2), 51, *b"2222\0\0\0\0", &[ip(100), ip(101)]);
    let status = seen(&node, at(3));
    let speaker = &status.instances[0].speakers[0];
    assert_eq!((speaker.address, speaker.priority), (ip(2), Some(90)));
    assert_eq!((speaker.taken, speaker.dropped), (0, 2));
    assert_eq!(speaker.refused.as_ref().unwrap().kind, "authentication");
    assert_eq!(speaker.other_addresses, [ip(100), ip(101)]);
    assert_eq!(
        (speaker.first_us, speaker.heard_us),
        (BEGAN + 1_000_000, BEGAN + 2_000_000)
    );
    assert_eq!(status.instances[0].master, None);
    hear(&mut node, at(4), 51, OURS, &[ip(100)]);
    let status = seen(&node, at(4));
    let speaker = &status.instances[0].speakers[0];
    assert_eq!((speaker.taken, &speaker.refused), (1, &None));
    assert!(speaker.other_addresses.is_empty());
}

#[test]
fn another_vrid_is_a_stranger_with_its_addresses() {
    let mut node = node(vec![spec(51)], vec![]);
    hear(&mut node, at(1), 52, OURS, &[ip(100)]);
    let status = seen(&node, at(2));
    let stranger = &status.strangers[0];
    assert_eq!((stranger.vrid, stranger.address), (52, ip(2)));
    assert_eq!(
        (stranger.interface.as_str(), stranger.priority),
        ("eth0", Some(90))
    );
    assert_eq!(stranger.addresses, [ip(100)]);
}

#[test]
fn forged_senders_do_not_push_out_a_real_one() {
    let mut node = node(vec![spec(51)], vec![]);
    hear(&mut node, at(1), 51, OURS, &[ip(100)]);
    for last in 10..60 {
        node.handle_input(
            at(2),
            Input::Packet(Packet {
                interface: ETH0,
                source: ip(last),
                destination: IpAddr::V4(GROUP),
                ttl: 255,
                message: &[0x21, 51, 200, 255, 1, 1, 0, 0, 1],
            }),
        );
    }
    let status = seen(&node, at(3));
    let speakers = &status.instances[0].speakers;
    assert_eq!(speakers.len(), standfast_core::router::MAX_WITNESSES);
    assert!(speakers.iter().any(|it| it.address == ip(2)));
}

#[test]
fn another_holder_is_seen_by_its_hardware_address() {
    let mut node = node(vec![spec(51)], vec![]);
    node.handle_input(at(4), Input::Wakeup);
    for second in [5, 6] {
        node.handle_input(
            at(second),
            Input::Arp {
                interface: ETH0,
                sender: [192, 0, 2, 100].into(),
                mac: MacAddress([2, 0, 0, 0, 0, 9]),
            },
        );
    }
    let status = seen(&node, at(7));
    let holder = &status.instances[0].holders[0];
    assert_eq!(
        (holder.mac.as_str(), holder.times),
        ("02:00:00:00:00:09", 2)
    );
    assert!(!status.instances[0].alone);
}

fn check() -> CheckSpec {
    CheckSpec {
        name: "chk".into(),
        definition: "/bin/false secret".into(),
        interval: Micros::from_secs(2),
        timeout: Micros::from_secs(2),
        rise: 1,
        fall: 1,
        init_fail: false,
        unusable: None,
        kind: CheckKind::Script,
        repair: None,
    }
}

#[test]
fn a_failing_check_shows_its_output_and_its_share_of_the_priority() {
    let tracked = RouterSpec {
        tracks: vec![Track {
            object: Tracked::Check("chk".into()),
            weight: standfast_core::spec::Weight {
                value: -5,
                reverse: false,
            },
        }],
        ..spec(51)
    };
    let mut node = node(vec![tracked], vec![check()]);
    node.handle_input(at(0), Input::Wakeup);
    for (output, second) in [("first", 1), ("second", 3)] {
        node.handle_input(
            at(second),
            Input::CheckDone {
                check: CheckId(0),
                outcome: CheckOutcome::Exited(1),
                output: output.into(),
            },
        );
        node.handle_input(at(second + 1), Input::Wakeup);
    }
    let status = seen(&node, at(4));
    let check = &status.checks[0];
    assert_eq!(
        (check.kind.as_str(), check.state.as_str()),
        ("script", "down")
    );
    assert_eq!((check.program.as_str(), check.failures), ("/bin/false", 2));
    assert_eq!(check.output.as_deref(), Some("second"));
    assert_eq!(check.result.as_deref(), Some("exit status 1"));
    assert_eq!(check.durations_us.len(), 2);
    let priority = &status.instances[0].priority;
    assert_eq!((priority.base, priority.effective), (100, 95));
    let part = &priority.parts[0];
    assert_eq!(
        (part.adds, part.adds_up, part.adds_down),
        (-5, Some(0), Some(-5))
    );
    assert_eq!(part.up, Some(false));
}

#[test]
fn hardware_addresses_come_from_the_neighbour_table() {
    let mut node = node(vec![spec(51)], vec![]);
    hear(&mut node, at(1), 51, OURS, &[ip(100)]);
    let mut status = seen(&node, at(1));
    let table = BTreeMap::from([(ip(2), "02:00:00:00:00:02".to_owned())]);
    name_neighbours(&mut status, &table);
    let mac = status.instances[0].speakers[0].mac.as_deref();
    assert_eq!(mac, Some("02:00:00:00:00:02"));
}

#[test]
fn transitions_are_counted_by_the_words_of_records() {
    use standfast_core::journal::{Cause, Fault};
    let causes = [
        Cause::Started,
        Cause::Owner,
        Cause::Silence,
        Cause::Preempts {
            from: ip(2),
            priority: Wire(1),
        },
        Cause::Alone,
        Cause::Resigned,
        Cause::Outranked {
            by: ip(2),
            priority: Wire(1),
        },
        Cause::SyncGroup,
        Cause::Superseded { by: ip(2) },
        Cause::Fault(Fault::NoPeer),
        Cause::FaultCleared,
        Cause::AddressesLost,
        Cause::HandedOver(ip(2)),
        Cause::HandedTo(ip(2)),
        Cause::PeerSilent(ip(2)),
        Cause::Switchover,
        Cause::Drained,
        Cause::Stopping,
        Cause::Removed,
        Cause::ConfiguredAgain,
        Cause::Stalled(Micros(1)),
    ];
    assert_eq!(causes.len(), crate::record::CAUSES.len());
    for cause in causes {
        assert_eq!(cause.word(), crate::record::cause(&cause).kind);
    }
}

#[test]
fn what_the_kernel_refuses_is_counted_and_told() {
    use standfast_core::Output;
    use standfast_core::input::Errno;
    let mut node = node(vec![spec(51)], vec![]);
    node.handle_input(at(4), Input::Wakeup);
    let asked = std::iter::from_fn(|| node.poll_output()).find_map(|output| match output {
        Output::Kernel { operation, .. } => Some(operation),
        _ => None,
    });
    let done = Input::KernelDone {
        operation: asked.unwrap(),
        results: vec![Err(Errno(105))],
    };
    node.handle_input(at(4), done);
    let status = seen(&node, at(5));
    assert_eq!(status.kernel_failures["add address"], 1);
    let refused = status.instances[0].refused.as_ref().unwrap();
    assert_eq!((refused.address, refused.adding), (ip(100), true));
    assert_eq!(refused.text, "no buffer space");
    let address = &status.instances[0].addresses[0];
    assert_eq!((address.wanted, address.held), (true, false));
}
