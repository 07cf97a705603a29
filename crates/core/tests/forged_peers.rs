//! The peer channel without a key: whoever is on the link can make messages, but not many lines, answers or entries.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::net::{IpAddr, Ipv4Addr};

use common::{Action, Bench, ETH0};
use standfast_core::input::PeerPacket;
use standfast_core::journal::Event;
use standfast_core::router::State;
use standfast_core::spec::{
    Channel, NodeIdentity, RouterSpec, Spec, Track, Tracked, TrackerKind, TrackerSpec,
    VirtualAddress, Weight,
};
use standfast_core::wire::MacAddress;
use standfast_core::wire::peer::{
    Answer, Entry, Header, Key, Kind, MAX_LENGTH, Message, NodeNumber, State as Told, digest_of,
};
use standfast_core::wire::vrrp::{Authentication, Priority, Vrid};
use standfast_core::{Input, Instant};

const US: NodeNumber = NodeNumber(7);
const SECOND: u64 = 1_000_000;
const HELD: u64 = 300_000;

fn address(vrid: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, 100_u8.wrapping_add(vrid)])
}

fn speaking(vrid: u8, authentication: Authentication) -> RouterSpec {
    RouterSpec {
        channel: Some(Channel::default()),
        authentication,
        addresses: vec![VirtualAddress::plain(address(vrid), 24)],
        ..RouterSpec::plain(Vrid::new(vrid).unwrap(), Priority(100))
    }
}

/// A node with 50 routers that need no password, and one that does.
fn bench() -> Bench {
    let mut routers: Vec<RouterSpec> = (1..=50)
        .map(|vrid| speaking(vrid, Authentication::None))
        .collect();
    routers.push(speaking(60, Authentication::Password(*b"1111\0\0\0\0")));
    let mut bench = Bench::new("192.0.2.1");
    bench.give(Input::Spec(Box::new(Spec {
        routers,
        node: NodeIdentity {
            number: US,
            name: "we".into(),
        },
        ..Spec::default()
    })));
    bench.run_until(10 * SECOND);
    assert!(bench.node.routers().all(|it| it.state() == State::Active));
    bench
}

fn entry(vrid: u8) -> Entry {
    Entry {
        vrid: Vrid::new(vrid).unwrap(),
        version: 2,
        state: Told::Backup,
        ready: true,
        preempts: true,
        drained: false,
        answer: Answer::None,
        priority: Priority(200),
        base: Priority(200),
        interval: 100,
        addresses: 0,
        term: 1,
        since_s: 1,
    }
}

struct Forged {
    kind: Kind,
    number: u64,
    from: IpAddr,
    /// It answers what we have just said.
    answers: bool,
    /// So many times as long as can be.
    times_held: u32,
    key: Key,
    vrid: u8,
}

impl Forged {
    fn hello(number: u64, from: [u8; 4]) -> Self {
        Forged {
            kind: Kind::Hello,
            number,
            from: Ipv4Addr::from(from).into(),
            answers: false,
            times_held: 1,
            key: Key::new(b"none", b""),
            vrid: 1,
        }
    }

    fn reach(&self, bench: &mut Bench) {
        let now: Instant = bench.now;
        let header = Header {
            kind: self.kind,
            answer: false,
            late: false,
            hint: self.key.hint(),
            sender: NodeNumber(self.number),
            destination: self.answers.then_some(US),
            sent: now.0 + self.number,
            echo: if self.answers { now.0 - HELD } else { 0 },
            held_us: u32::try_from(HELD).unwrap() * self.times_held,
            watch_ms: 0,
            name: match self.kind {
                Kind::Hello => "\u{1b}[2Jx\u{202e}y",
                _ => "",
            },
        };
        let mut buffer = [0; MAX_LENGTH];
        let entry = Entry {
            addresses: digest_of([address(self.vrid)].into_iter()),
            ..entry(self.vrid)
        };
        let message = header
            .emit(&[entry], self.from, &self.key, &mut buffer)
            .unwrap();
        bench.give(Input::Peer(PeerPacket {
            interface: ETH0,
            source: self.from,
            ttl: 255,
            message,
        }));
    }
}

#[test]
fn new_numbers_are_no_flood_of_lines() {
    let mut bench = bench();
    for number in 1_000..6_000 {
        let hello = Forged {
            answers: true,
            ..Forged::hello(number, [192, 0, 2, 66])
        };
        hello.reach(&mut bench);
    }
    let found = |event: &Event| matches!(event, Event::PeerFound { .. });
    let lines = bench.events.iter().filter(|it| found(&it.event)).count();
    assert!((1..=256).contains(&lines), "{lines}");
    let peers: Vec<_> = bench.node.peers().collect();
    assert_eq!(peers.len(), 1, "an earlier run is over");
    assert_eq!(peers[0].1.name, "[2Jxy");
}

#[test]
fn whoever_comes_back_with_a_sign_of_life_is_reported_by_its_name() {
    let mut bench = bench();
    for kind in [Kind::Alive, Kind::Alive, Kind::Hello, Kind::Hello] {
        let message = Forged {
            kind,
            answers: true,
            ..Forged::hello(1_000, [192, 0, 2, 66])
        };
        message.reach(&mut bench);
        bench.run_until(bench.now.0 + 100);
    }
    let names = bench.events.iter().filter_map(|it| match &it.event {
        Event::PeerFound { name, .. } => Some(name.as_str()),
        _ => None,
    });
    assert_eq!(names.collect::<Vec<_>>(), ["[2Jxy"]);
}

#[test]
fn whoever_has_not_answered_is_told_little() {
    let mut bench = bench();
    for host in 100..130 {
        Forged::hello(u64::from(host), [192, 0, 2, host]).reach(&mut bench);
    }
    let before = bench.datagrams.len();
    bench.run_until(bench.now.0 + 3 * SECOND);
    let stranger = |to: IpAddr| to >= IpAddr::from([192, 0, 2, 100]) && !to.is_multicast();
    let told = bench.datagrams[before..]
        .iter()
        .filter(|(_, it)| stranger(it.destination));
    let told: Vec<_> = told.collect();
    assert!(!told.is_empty(), "they are asked who they are");
    for (_, datagram) in told {
        let message = Message::parse(&datagram.message).unwrap();
        assert!(message.header.answer);
        assert_eq!(message.entries().count(), 0);
    }
}

#[test]
fn a_crowd_in_one_domain_keeps_nobody_out_of_another() {
    let mut bench = bench();
    for host in 100..=255 {
        let hello = Forged {
            answers: true,
            ..Forged::hello(u64::from(host), [192, 0, 2, host])
        };
        hello.reach(&mut bench);
    }
    assert_eq!(bench.node.peers().count(), 32);
    let partner = Forged {
        answers: true,
        key: Key::new(b"pass", b"1111\0\0\0\0"),
        vrid: 60,
        ..Forged::hello(1, [192, 0, 2, 2])
    };
    partner.reach(&mut bench);
    assert_eq!(bench.node.peers().count(), 33);
}

#[test]
fn a_farewell_that_answers_nothing_is_no_news() {
    let mut bench = bench();
    Forged {
        answers: true,
        ..Forged::hello(9, [192, 0, 2, 2])
    }
    .reach(&mut bench);
    let announcements = |bench: &Bench| {
        let of = |(_, action): &&(u64, Action)| matches!(action, Action::Announce { .. });
        bench.log.iter().filter(of).count()
    };
    let before = announcements(&bench);
    for (number, answers) in [(9, false), (9, true)] {
        let leaving = Forged {
            kind: Kind::Leaving,
            answers,
            ..Forged::hello(number, [192, 0, 2, 2])
        };
        leaving.reach(&mut bench);
        assert_eq!(announcements(&bench) > before, answers);
    }
}

#[test]
fn only_what_we_have_too_is_remembered() {
    let mut bench = bench();
    for vrid in [1, 200] {
        let hello = Forged {
            vrid,
            answers: true,
            ..Forged::hello(9, [192, 0, 2, 2])
        };
        bench.now = Instant(bench.now.0 + 1);
        hello.reach(&mut bench);
    }
    let (_, peer) = bench.node.peers().next().unwrap();
    let known: Vec<u8> = peer.routers.keys().map(|vrid| vrid.get()).collect();
    assert_eq!(known, [1]);
}

/// Its regular HELLO names every router; that one is gone may have been lost.
#[test]
fn what_a_peer_names_no_more_is_forgotten() {
    let mut bench = bench();
    let known = |bench: &Bench| -> Vec<u8> {
        let peer = bench.node.peers().next();
        let vrids = peer.into_iter().flat_map(|(_, peer)| peer.routers.keys());
        vrids.map(|vrid| vrid.get()).collect()
    };
    for second in 0..6 {
        let vrids: &[u8] = if second == 0 { &[1, 2] } else { &[1] };
        for vrid in vrids {
            bench.now = Instant(bench.now.0 + 1);
            let hello = Forged {
                vrid: *vrid,
                answers: true,
                ..Forged::hello(9, [192, 0, 2, 2])
            };
            hello.reach(&mut bench);
        }
        let expected: &[u8] = if second < 4 { &[1, 2] } else { &[1] };
        assert_eq!(known(&bench), expected, "after {second} s");
        bench.run_until(bench.now.0 + SECOND);
    }
}

#[test]
fn nobody_answers_before_he_is_asked() {
    let mut bench = bench();
    bench.run_until(bench.now.0 + SECOND);
    for (number, times_held) in [(9, 2), (10, 1)] {
        let hello = Forged {
            answers: true,
            times_held,
            ..Forged::hello(number, [192, 0, 2, 2])
        };
        hello.reach(&mut bench);
        let mut peers = bench.node.peers();
        assert_eq!(peers.any(|(_, it)| it.is_confirmed()), times_held == 1);
    }
}

/// A router with a better peer, which does not answer requests, falls below it; somebody claims its address meanwhile.
#[test]
fn what_was_let_go_for_a_successor_that_never_came_comes_back() {
    let load = Tracked::File("load".into());
    let weight = Weight {
        value: 1,
        reverse: false,
    };
    let extra = VirtualAddress::plain(IpAddr::from([192, 0, 2, 99]), 24);
    let mut router = speaking(1, Authentication::None);
    router.priority = Priority(220);
    router.excluded = vec![extra];
    router.tracks = vec![Track {
        object: load.clone(),
        weight,
    }];
    let tracker = TrackerSpec {
        object: load.clone(),
        definition: String::new(),
        kind: TrackerKind::Number,
    };
    let mut bench = Bench::new("192.0.2.1");
    bench.give(Input::Spec(Box::new(Spec {
        routers: vec![router],
        trackers: vec![tracker],
        node: NodeIdentity {
            number: US,
            name: "we".into(),
        },
        ..Spec::default()
    })));
    let observed = |seen| Input::Observed {
        object: load.clone(),
        seen,
    };
    bench.give(observed(0));
    // It has just asked who is there.
    bench.run_until(7 * SECOND + HELD);
    let hello = Forged {
        answers: true,
        ..Forged::hello(9, [192, 0, 2, 2])
    };
    hello.reach(&mut bench);
    bench.give(observed(-100));
    assert_eq!(bench.state(), State::Leaving, "it asks");
    let IpAddr::V4(claimed) = address(1) else {
        return;
    };
    bench.give(Input::Arp {
        interface: ETH0,
        sender: claimed,
        mac: MacAddress([2, 0, 0, 0, 0, 9]),
    });
    assert!(!bench.holds(address(1)));
    bench.run_until(bench.now.0 + SECOND);
    assert_eq!(bench.state(), State::Active);
    assert!(bench.holds(address(1)));
    assert_eq!(bench.router().counters().released, 0);
}
