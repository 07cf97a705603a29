//! Where the channel does not work, VRRP does.

use std::thread;
use std::time::Duration;

use standfast_lab::{Capture, Daemon, Moment, PeerMessageKind, Signal};

use crate::network::{
    PRIORITIES, Text, datagrams, said, sent, sh, taken_by, with_pair, with_pair_of,
};
use crate::support::{LATENESS, SMOOTH, client_waits_at_most, skew, standfast};

const INTERVAL: Duration = Duration::from_secs(1);

#[test]
fn udp_that_is_blocked_costs_the_protocol_s_time_and_no_gap() {
    with_pair(Text::default(), |pair| {
        // The nodes knew each other before.
        let drop = "nft add table inet t && nft add chain inet t c '{ type filter hook input priority 0; }' && \
                    nft add rule inet t c udp dport 9112 drop";
        sh(&pair.first.host, drop);
        sh(&pair.second.host, drop);
        let from = Moment::now();
        let process = pair.first.process().unwrap();
        process.signal(Signal::SIGTERM).unwrap();
        let took = taken_by(pair, &pair.second, from);
        println!("stop with UDP blocked: served elsewhere after {took:?}");
        let skew = skew(INTERVAL, PRIORITIES[1]);
        assert!(took >= skew / 2, "only the protocol was left: {took:?}");
        assert!(took <= skew + Duration::from_secs(1), "{took:?}");
        client_waits_at_most(pair, from, Moment::now(), SMOOTH + LATENESS);
    });
}

#[test]
fn a_switched_off_channel_is_silent() {
    let text = Text {
        globals: "    peer_channel off\n",
        ..Text::default()
    };
    with_pair_of(
        [standfast(), standfast()],
        text,
        |_| {},
        |pair| {
            thread::sleep(Duration::from_secs(3));
            assert_eq!(datagrams(&pair.first.host), 0);
            assert_eq!(sh(&pair.first.host, "ss -ulnH"), "");
            let from = Moment::now();
            let process = pair.first.process().unwrap();
            process.signal(Signal::SIGTERM).unwrap();
            let took = taken_by(pair, &pair.second, from);
            assert!(took >= skew(INTERVAL, PRIORITIES[1]) / 2, "{took:?}");
            client_waits_at_most(pair, from, Moment::now(), SMOOTH);
        },
    );
}

#[test]
fn keepalived_is_asked_ever_more_seldom_and_not_disturbed() {
    let daemons = [standfast(), Daemon::Keepalived];
    with_pair_of(
        daemons,
        Text::default(),
        |_| {},
        |pair| {
            let capture = Capture::start(&pair.second.host).unwrap();
            let from = Moment::now();
            thread::sleep(Duration::from_secs(30));
            let asked = sent(&capture, &pair.first, PeerMessageKind::Hello, from);
            println!("HELLO to keepalived in 30 s: {asked}");
            assert!((1..=8).contains(&asked), "{asked}");
            assert_eq!(said(&pair.first, "Standfast node"), 0);
            assert_eq!(said(&pair.second, "Entering MASTER STATE"), 0);
            let from = Moment::now();
            let process = pair.first.process().unwrap();
            process.signal(Signal::SIGTERM).unwrap();
            taken_by(pair, &pair.second, from);
            client_waits_at_most(pair, from, Moment::now(), SMOOTH + LATENESS);
            assert_eq!(sent(&capture, &pair.first, PeerMessageKind::Take, from), 0);
        },
    );
}
