//! LANs to begin with: the plain one of the named scenarios, and a random one for a seed.

use std::net::{IpAddr, Ipv4Addr};

use standfast_core::Micros;
use standfast_core::spec::{
    Channel, CheckKind, CheckSpec, FastDetect, Leave, Quorum, RouterSpec, Rules, Spec, Track,
    Tracked, TrackerKind, TrackerSpec, VirtualAddress, Weight,
};
use standfast_core::wire::vrrp::{Authentication, ChecksumForm, Priority, Version, Vrid};

use crate::host::{NodeId, NodeSetup};
use crate::lan::Lan;
use crate::random::Random;

/// The first virtual address is this one, the next the one after it.
const FIRST_VIRTUAL: u8 = 100;
/// The virtual address of a second router that moves with the first.
const IN_GROUP: u8 = 20;
/// Sets what is drawn for the peer channel apart from everything else.
const CHANNEL: u64 = 0x7065_6572;
/// The only check of a random LAN.
const CHECK: &str = "service";

/// The virtual address of that number, from 0.
pub const fn virtual_address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, FIRST_VIRTUAL.wrapping_add(number))
}

/// keepalived's defaults and our rules: version 2, VRID 51, one address, one second.
pub fn plain_router(priority: u8) -> RouterSpec {
    RouterSpec {
        authentication: Authentication::Password(*b"1111\0\0\0\0"),
        addresses: vec![VirtualAddress::plain(IpAddr::V4(virtual_address(0)), 24)],
        ..RouterSpec::plain(Vrid::new(51).unwrap_or(ONE), Priority(priority))
    }
}

const ONE: Vrid = match Vrid::new(1) {
    Some(vrid) => vrid,
    None => unreachable!(),
};

/// One node of a plain LAN with that specification, not started.
pub fn setup(number: usize, spec: Spec) -> NodeSetup {
    let last = u8::try_from(number + 1).unwrap_or(u8::MAX);
    NodeSetup {
        address: Ipv4Addr::new(192, 0, 2, last),
        interface: "eth0".into(),
        spec,
    }
}

/// A LAN of one node for each router and two clients; nothing runs yet.
pub fn standard_lan(seed: u64, routers: Vec<RouterSpec>) -> Lan {
    let mut lan = Lan::new(seed, 2);
    for (number, router) in routers.into_iter().enumerate() {
        let spec = Spec {
            routers: vec![router],
            ..Spec::default()
        };
        lan.add_node(setup(number, spec));
    }
    lan
}

/// Whatever happened before, so long after the last fault a LAN is at rest: leaving, listening and
/// a whole election, twice, and every delay that the configuration asks for.
pub fn settle_time(lan: &Lan) -> Micros {
    let routers = || {
        let specs = lan.nodes().filter_map(|id| lan.spec(id));
        specs.flat_map(|spec| &spec.routers)
    };
    let longest = |of: fn(&RouterSpec) -> Micros| routers().map(of).max().unwrap_or_default();
    let interval = longest(|router| router.advert_interval);
    let delay = longest(|router| router.preempt_delay);
    let election = interval.times(4).plus(Micros::from_secs(1)).plus(interval);
    election.times(2).plus(delay).plus(Micros::from_secs(3))
}

/// A random LAN.
pub(crate) fn random_lan(seed: u64, random: &mut Random) -> Lan {
    let mut lan = Lan::new(seed, 2);
    let count = [2, 2, 2, 3, 3, 4, 5][random.position(7)];
    let template = random_router(random);
    let tracks = random.chance(500).then(|| random_track(random));
    let in_group = random.chance(250);
    let observed = random.chance(400).then(|| random_observed(random));
    // On a generator of its own: what it decides changes no other LAN.
    let channel = random_channel(&mut Random::new(seed ^ CHANNEL));
    for number in 0..count {
        let mut router = template.clone();
        router.channel = channel
            .filter(|(_, nodes)| nodes & 1 << number != 0)
            .map(|it| it.0);
        router.priority = random_priority(random);
        if router.version == Version::V3 && random.chance(250) {
            router.advert_interval = Micros(random.between(Micros(10), Micros(100)).0 * 10_000);
        }
        router.tracks.extend(tracks.clone());
        router.tracks.extend(observed.clone());
        let routers = match in_group {
            true => grouped(router),
            false => vec![router],
        };
        let spec = Spec {
            routers,
            checks: vec![check()],
            trackers: vec![file(), processes()],
            ..Spec::default()
        };
        let id = lan.add_node(setup(number, spec));
        debug_assert_eq!(id, NodeId(number));
    }
    lan
}

/// The router and another one that moves with it. A fault of the first is its own: weights have to be
/// the same for both, or the group has no best node.
pub fn grouped(first: RouterSpec) -> Vec<RouterSpec> {
    let first = RouterSpec {
        sync_group: Some("G".into()),
        ..first
    };
    let weighs = |track: &&Track| track.weight.value != 0;
    let weighing = first.tracks.iter().filter(weighs).cloned().collect();
    let second = RouterSpec {
        name: "VI_2".into(),
        vrid: Vrid::new(52).unwrap_or(ONE),
        tracks: weighing,
        addresses: vec![VirtualAddress::plain(
            IpAddr::V4(virtual_address(IN_GROUP)),
            24,
        )],
        ..first.clone()
    };
    vec![first, second]
}

fn random_priority(random: &mut Random) -> Priority {
    let usual = [100, 100, 150, 50, 254, 1, 255, 101];
    match random.position(12) {
        position if position < usual.len() => Priority(usual[position]),
        _ => Priority(random.byte().clamp(1, 254)),
    }
}

fn random_router(random: &mut Random) -> RouterSpec {
    let mut router = plain_router(100);
    if random.chance(500) {
        router.version = Version::V3;
        router.authentication = Authentication::None;
        let centiseconds = [10, 33, 50, 100, 200][random.position(5)];
        router.advert_interval = Micros(centiseconds * 10_000);
        if random.chance(500) {
            router.checksum = ChecksumForm::Plain;
        }
    } else if random.chance(200) {
        router.advert_interval = Micros::from_secs(2);
    }
    for number in 1..random.below(3) {
        let number = u8::try_from(number).unwrap_or(1);
        let held = VirtualAddress::plain(IpAddr::V4(virtual_address(number)), 24);
        router.addresses.push(held);
    }
    router.rules = match random.position(6) {
        0 => Rules::PROTOCOL,
        1 => Rules {
            leave: Leave::Exclusive,
            ..Rules::OVERLAP
        },
        _ => Rules::OVERLAP,
    };
    match random.position(6) {
        0 => router.preempt = false,
        1 => router.preempt_delay = random.between(Micros(1), Micros::from_secs(4)),
        _ => {}
    }
    if random.chance(300) {
        router.garp.refresh = Micros::from_secs(1 + random.below(5));
    }
    router
}

/// What speaks the peer channel, if anybody does, and which of the nodes do: a bit for each.
fn random_channel(random: &mut Random) -> Option<(Channel, u64)> {
    let speaks = random.chance(500);
    let fast_detect = random.chance(250).then_some(FastDetect {
        interval: Micros::from_millis(50),
        misses: 3,
    });
    let nodes = if random.chance(200) {
        random.bits()
    } else {
        u64::MAX
    };
    speaks.then_some((Channel { fast_detect }, nodes))
}

fn random_track(random: &mut Random) -> Track {
    Track {
        object: Tracked::Check(CHECK.into()),
        weight: Weight {
            value: [0, -60, 60, -20][random.position(4)],
            reverse: false,
        },
    }
}

/// A file or processes.
fn random_observed(random: &mut Random) -> Track {
    let (file, processes) = (file().object, processes().object);
    Track {
        object: if random.chance(500) { file } else { processes },
        weight: Weight {
            value: [0, 1, 2, -60][random.position(4)],
            reverse: false,
        },
    }
}

fn file() -> TrackerSpec {
    TrackerSpec {
        object: Tracked::File("number".into()),
        definition: String::new(),
        kind: TrackerKind::Number,
    }
}

fn processes() -> TrackerSpec {
    let quorum = Quorum {
        least: 1,
        most: None,
        gain_delay: Micros::ZERO,
        loss_delay: Micros::from_millis(700),
    };
    TrackerSpec {
        object: Tracked::Process("server".into()),
        definition: String::new(),
        kind: TrackerKind::Quorum(quorum),
    }
}

fn check() -> CheckSpec {
    CheckSpec {
        name: CHECK.into(),
        definition: CHECK.into(),
        interval: Micros::from_secs(1),
        timeout: Micros::from_secs(1),
        rise: 1,
        fall: 1,
        init_fail: false,
        unusable: None,
        kind: CheckKind::Script,
        repair: None,
    }
}
