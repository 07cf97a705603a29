//! A third host that sends what it has heard, and what it has made up.

use std::thread;
use std::time::Duration;

use standfast_lab::{Capture, Host, Injector, Moment, Pair, PeerMessage, PeerMessageKind, VIP};

use crate::network::{LIMIT, Text, said, sh, taken_by, with_prepared_pair};
use crate::support::{SMOOTH, advertisements, client_waits_at_most};

const ATTACK: Duration = Duration::from_secs(3);

fn put_interface(host: &Host) {
    for command in [
        "ip link add in0 type veth peer name in1",
        "ip link set in0 up",
        "ip link set in1 up",
    ] {
        sh(host, command);
    }
}

/// Every message of a handover there and back, as both nodes heard them.
fn recorded(pair: &Pair) -> Vec<PeerMessage> {
    let captures = [&pair.first, &pair.second].map(|node| Capture::start(&node.host).unwrap());
    let from = Moment::now();
    pair.first.host.link_down("in1").unwrap();
    taken_by(pair, &pair.second, from);
    pair.first.wait_until_holds(false, LIMIT).unwrap();
    pair.first.host.link_up("in1").unwrap();
    pair.second.wait_until_holds(false, LIMIT).unwrap();
    thread::sleep(Duration::from_secs(1));
    let heard = captures.iter().zip([&pair.first, &pair.second]);
    let messages = heard.flat_map(|(capture, node)| {
        let own = node.mac();
        capture.messages(from, |message| message.source_mac != own)
    });
    messages.collect()
}

/// The frames, with the sender's own MAC address: what is to be tested is not the switch.
fn from_host(host: &Host, messages: &[PeerMessage]) -> Vec<Vec<u8>> {
    let frames = messages.iter().map(|message| {
        let mut frame = message.frame.clone();
        frame[6..12].copy_from_slice(&host.mac().0);
        frame
    });
    frames.collect()
}

/// Sends the frames for a while, and nothing comes of it.
#[track_caller]
fn nothing_comes_of(pair: &Pair, frames: &[Vec<u8>], rate: u32) {
    let masters =
        |pair: &Pair| [&pair.first, &pair.second].map(|node| said(node, "Entering MASTER STATE"));
    let before = masters(pair);
    let from = Moment::now();
    let injector = Injector::start(&pair.client, frames, rate, ATTACK).unwrap();
    injector.finish().unwrap();
    thread::sleep(Duration::from_millis(500));
    assert_eq!(masters(pair), before);
    assert!(pair.first.host.holds(VIP).unwrap());
    assert!(!pair.second.host.holds(VIP).unwrap());
    client_waits_at_most(pair, from, Moment::now(), SMOOTH * 2);
    let adverts = advertisements(&pair.capture, pair.first.mac(), from);
    assert!(adverts.len() >= 3, "{} advertisements", adverts.len());
}

const TRACKING: Text<'static> = Text {
    globals: "",
    instance: "    track_interface {\n        in0\n    }\n",
    blocks: "",
};

#[test]
fn what_was_recorded_and_is_sent_again_moves_nothing() {
    with_prepared_pair(TRACKING, put_interface, |pair| {
        let messages = recorded(pair);
        for kind in [
            PeerMessageKind::Take,
            PeerMessageKind::Leaving,
            PeerMessageKind::Hello,
        ] {
            let some = messages.iter().any(|message| message.kind == kind);
            assert!(some, "no {kind:?} was recorded");
        }
        let frames = from_host(&pair.client, &messages);
        nothing_comes_of(pair, &frames, 500);
        // And the nodes still hand over to each other.
        let from = Moment::now();
        pair.first.host.link_down("in1").unwrap();
        let took = taken_by(pair, &pair.second, from);
        assert!(took <= crate::network::BY_CHANNEL, "{took:?}");
    });
}

#[test]
fn what_was_changed_on_its_way_moves_nothing() {
    with_prepared_pair(TRACKING, put_interface, |pair| {
        let messages = recorded(pair);
        let mut frames = from_host(&pair.client, &messages);
        for (position, frame) in frames.iter_mut().enumerate() {
            // No UDP checksum (RFC 768), so that it arrives; another byte of the message each time.
            frame[40..42].fill(0);
            let at = 47 + position % (frame.len() - 47);
            frame[at] ^= 1 << (position % 8);
        }
        nothing_comes_of(pair, &frames, 500);
    });
}

#[test]
fn a_flood_costs_no_advertisement() {
    with_prepared_pair(TRACKING, put_interface, |pair| {
        let messages = recorded(pair);
        let frames = from_host(&pair.client, &messages);
        nothing_comes_of(pair, &frames, 10_000);
    });
}
