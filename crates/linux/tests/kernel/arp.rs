//! ARP over a cable between two namespaces.

use std::net::Ipv4Addr;

use standfast_linux::arp::{Socket, Watching};
use standfast_linux::packet::PacketRing;

use crate::world::{Cable, PATIENCE, SILENCE, interface, ip, isolated, readable};

const BROADCAST: [u8; 6] = [0xff; 6];
const FOREIGN: [u8; 6] = [2, 0, 0, 0, 0, 99];

fn request(sender: Ipv4Addr, target: Ipv4Addr) -> Vec<u8> {
    let head = [0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1];
    let (sender, target) = (sender.octets(), target.octets());
    [
        &BROADCAST[..],
        &FOREIGN,
        &head,
        &FOREIGN,
        &sender,
        &[0; 6],
        &target,
        &[0; 18],
    ]
    .concat()
}

fn send(cable: &Cable, frames: &[Vec<u8>]) {
    let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    let sent = cable.at_far_end(|| Socket::open(interface("eth0")).unwrap().send(&frames));
    assert_eq!((sent.packets, sent.failure), (frames.len(), None));
}

/// Sender addresses that arrive until `last`.
fn heard_until(socket: &Socket, last: Ipv4Addr) -> Vec<Ipv4Addr> {
    let mut ring = PacketRing::new();
    let mut senders = Vec::new();
    while senders.last() != Some(&last) {
        assert!(readable(socket, PATIENCE), "only {senders:?}");
        let frames = socket.receive(&mut ring).unwrap();
        senders.extend(
            frames.map(|frame| Ipv4Addr::from_octets(frame.bytes[28..32].try_into().unwrap())),
        );
    }
    senders
}

fn host(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

#[test]
fn watched_senders_are_heard_and_others_are_not() {
    isolated(|| {
        let cable = Cable::new();
        let mut socket = Socket::open(interface("eth0")).unwrap();
        let gratuitous = |last| request(host(last), host(last));
        send(&cable, &[gratuitous(50)]);
        assert_eq!(
            socket.watch(&[host(50), host(60)]).unwrap(),
            Watching::Senders
        );
        let question = request(host(50), host(1));
        send(
            &cable,
            &[
                gratuitous(51),
                request(host(2), host(50)),
                question,
                gratuitous(60),
            ],
        );
        assert_eq!(heard_until(&socket, host(60)), [host(50), host(60)]);
        assert_eq!(socket.watch(&[]).unwrap(), Watching::Senders);
        send(&cable, &[gratuitous(50)]);
        assert!(!readable(&socket, SILENCE));
    });
}

#[test]
fn past_two_hundred_addresses_gratuitous_frames_are_heard() {
    isolated(|| {
        let cable = Cable::new();
        let mut socket = Socket::open(interface("eth0")).unwrap();
        let two_hundred: Vec<_> = (1..=200).map(host).collect();
        assert_eq!(socket.watch(&two_hundred).unwrap(), Watching::Senders);
        send(
            &cable,
            &[request(host(201), host(201)), request(host(200), host(1))],
        );
        assert_eq!(heard_until(&socket, host(200)), [host(200)]);
        let more: Vec<_> = (1..=201).map(host).collect();
        assert_eq!(socket.watch(&more).unwrap(), Watching::Gratuitous);
        send(
            &cable,
            &[
                request(host(5), host(1)),
                request(host(6), host(6)),
                request(host(250), host(250)),
            ],
        );
        assert_eq!(heard_until(&socket, host(250)), [host(6), host(250)]);
    });
}

#[test]
fn malformed_and_own_frames_are_not_heard() {
    isolated(|| {
        let cable = Cable::new();
        let mut socket = Socket::open(interface("eth0")).unwrap();
        socket.watch(&[host(50), host(60)]).unwrap();
        let mut wrong_lengths = request(host(50), host(50));
        wrong_lengths[18] = 8;
        let mut wrong_protocol = request(host(50), host(50));
        wrong_protocol[16] = 9;
        let own = request(host(50), host(50));
        let sender = Socket::open(interface("eth0")).unwrap();
        assert_eq!(sender.send(&[&own]).packets, 1);
        send(
            &cable,
            &[
                wrong_lengths,
                wrong_protocol,
                own[..24].to_vec(),
                request(host(60), host(60)),
            ],
        );
        assert_eq!(heard_until(&socket, host(60)), [host(60)]);
    });
}

#[test]
fn a_thousand_announcements_reach_the_neighbour() {
    isolated(|| {
        let cable = Cable::new();
        cable.at_far_end(|| {
            ip("neighbour add 10.0.0.77 lladdr 02:00:00:00:00:01 dev eth0 nud stale")
        });
        let socket = Socket::open(interface("eth0")).unwrap();
        let frames = vec![request(host(77), host(77)); 1_000];
        let sent = socket.send(&frames.iter().map(Vec::as_slice).collect::<Vec<_>>());
        assert_eq!((sent.packets, sent.failure), (1_000, None));
        let neighbour = cable.at_far_end(|| ip("neighbour show 10.0.0.77"));
        assert!(neighbour.contains("02:00:00:00:00:63"), "{neighbour}");
    });
}

#[test]
fn sending_on_a_link_that_is_down_says_so() {
    isolated(|| {
        let _cable = Cable::new();
        let socket = Socket::open(interface("eth0")).unwrap();
        ip("link set eth0 down");
        let sent = socket.send(&[&request(host(77), host(77))]);
        assert_eq!(sent.packets, 0);
        assert_eq!(
            sent.failure.unwrap().to_string(),
            "send ARP on eth0: Network is down"
        );
    });
}
