//! Advertisements and neighbour discovery over IPv6, and unicast without an interface.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use standfast_linux::arp::Watching;
use standfast_linux::ndp;
use standfast_linux::packet::{Ipv6Path, PacketRing};
use standfast_linux::vrrp::{DEFAULT_BUFFER, Form, Sender, Socket, Stray};

use crate::world::{Cable, PATIENCE, SILENCE, interface, ip, isolated, readable};

const GROUP: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
const NEAR: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1);
const FAR: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2);
const FAR_ON_LINK: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x22);

fn cable() -> Cable {
    let cable = Cable::new();
    ip(&format!("address add {NEAR}/64 dev eth0 nodad"));
    cable.at_far_end(|| {
        ip(&format!("address add {FAR}/64 dev eth0 nodad"));
        ip(&format!("address add {FAR_ON_LINK}/64 dev eth0 nodad"));
    });
    cable
}

/// A whole packet with so many bytes of payload.
fn packet(source: Ipv6Addr, destination: Ipv6Addr, id: u8, payload: u8) -> Vec<u8> {
    let mut packet = vec![0x6c, 0, 0, 0, 0, payload, 112, 254];
    packet.extend(source.octets());
    packet.extend(destination.octets());
    packet.extend([0x31, id, 100, 0, 0, 1, 0, 0]);
    packet.resize(40 + usize::from(payload), 0);
    packet
}

fn send(cable: &Cable, packets: &[Vec<u8>]) {
    let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
    let sent = cable.at_far_end(|| {
        let sender = Sender::open_ipv6(interface("eth0")).unwrap();
        sender.send(&packets)
    });
    assert_eq!((sent.packets, sent.failure), (packets.len(), None));
}

/// Virtual router ids and headers that arrive until the id 255.
fn heard(socket: &Socket) -> Vec<(u8, Option<Ipv6Path>)> {
    let mut ring = PacketRing::new();
    let mut all = Vec::new();
    while all.last().is_none_or(|(id, _)| *id != 255) {
        assert!(readable(socket, PATIENCE), "only {all:?}");
        let packets = socket.receive(&mut ring).unwrap();
        all.extend(packets.map(|packet| (packet.bytes[1], packet.ipv6)));
    }
    all
}

#[test]
fn wanted_virtual_routers_are_heard_with_their_headers() {
    isolated(|| {
        let cable = cable();
        let mut socket = Socket::open(interface("eth0"), GROUP, DEFAULT_BUFFER).unwrap();
        let to = |destination, id| packet(FAR_ON_LINK, destination, id, 24);
        send(&cable, &[to(GROUP, 51)]);
        socket.set_wanted(&[51, 200, 255]).unwrap();
        let all_nodes = "ff02::1".parse().unwrap();
        let short = packet(FAR_ON_LINK, GROUP, 51, 1);
        send(
            &cable,
            &[
                to(GROUP, 51),
                to(GROUP, 52),
                to(all_nodes, 51),
                to(NEAR, 51),
                short,
                to(GROUP, 255),
            ],
        );
        let path = Some(Ipv6Path {
            source: FAR_ON_LINK,
            destination: GROUP,
            hop_limit: 254,
        });
        assert_eq!(heard(&socket), [(51, path), (255, path)]);
    });
}

#[test]
fn what_has_crossed_a_router_is_only_sampled() {
    isolated(|| {
        let cable = cable();
        let mut socket = Socket::open(interface("eth0"), GROUP, DEFAULT_BUFFER).unwrap();
        let mut stray = Stray::open(interface("eth0"), GROUP).unwrap();
        let form = Form {
            hop_limit: Some(255),
            first_bytes: &[0x31],
        };
        socket.set_wanted_form(&[51, 52, 255], form).unwrap();
        stray
            .set_known_form(&[51, 52, 255], &[51, 52, 255], form)
            .unwrap();
        let crossed = packet(FAR_ON_LINK, GROUP, 51, 24);
        let local = |id| {
            let mut local = packet(FAR_ON_LINK, GROUP, id, 24);
            local[7] = 255;
            local
        };
        send(&cable, &[crossed, local(52), local(255)]);
        let ids: Vec<u8> = heard(&socket).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [52, 255]);
        let mut ring = PacketRing::new();
        let strays = stray.drain(&mut ring).unwrap();
        assert_eq!(strays.map(|it| it.bytes[1]).collect::<Vec<u8>>(), [51]);
    });
}

#[test]
fn strays_are_the_others_and_what_is_too_short() {
    isolated(|| {
        let cable = cable();
        let mut stray = Stray::open(interface("eth0"), GROUP).unwrap();
        stray.set_known(&[51]).unwrap();
        let to = |id, payload| packet(FAR_ON_LINK, GROUP, id, payload);
        send(&cable, &[to(51, 24), to(52, 24), to(51, 1)]);
        let mut ring = PacketRing::new();
        let mut lengths = Vec::new();
        for _ in 0..200 {
            let packets = stray.drain(&mut ring).unwrap();
            lengths.extend(packets.map(|packet| packet.bytes.len()));
            if lengths.len() >= 2 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(lengths, [24, 1]);
    });
}

#[test]
fn unicast_needs_no_interface() {
    isolated(|| {
        let cable = cable();
        let mut v6 = Socket::open(None, NEAR, DEFAULT_BUFFER).unwrap();
        v6.set_wanted(&[51, 255]).unwrap();
        let near = Ipv4Addr::new(10, 0, 0, 1);
        let mut v4 = Socket::open(None, near, DEFAULT_BUFFER).unwrap();
        v4.set_wanted(&[51]).unwrap();
        let sent = cable.at_far_end(|| {
            let to = |id| packet(FAR, NEAR, id, 24);
            let sender = Sender::open_for(None, IpAddr::V6(NEAR)).unwrap();
            let six = sender.send(&[&to(51), &to(255)]);
            let mut four = vec![0x45, 0xc0, 0, 0, 0, 1, 0, 0, 64, 112, 0, 0, 10, 0, 0, 2];
            four.extend(near.octets());
            four.extend([0x21, 51, 100, 0, 0, 1, 0, 0]);
            let sender = Sender::open_for(None, IpAddr::V4(near)).unwrap();
            (six, sender.send(&[&four]))
        });
        assert_eq!((sent.0.packets, sent.0.failure), (2, None));
        assert_eq!((sent.1.packets, sent.1.failure), (1, None));
        let path = Some(Ipv6Path {
            source: FAR,
            destination: NEAR,
            hop_limit: 254,
        });
        assert_eq!(heard(&v6), [(51, path), (255, path)]);
        assert!(readable(&v4, PATIENCE));
        let mut ring = PacketRing::new();
        let got: Vec<_> = v4.receive(&mut ring).unwrap().collect();
        assert_eq!((got[0].bytes[21], got[0].ipv6), (51, None));
    });
}

/// A Neighbour Advertisement as far as the filter looks.
fn advertisement(target: Ipv6Addr, flags: u8) -> Vec<u8> {
    let mut frame = vec![0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 99, 0x86, 0xdd];
    frame.extend([0x60, 0, 0, 0, 0, 32, 58, 255]);
    frame.extend(FAR_ON_LINK.octets());
    frame.extend([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    frame.extend([136, 0, 0, 0, flags, 0, 0, 0]);
    frame.extend(target.octets());
    frame.extend([2, 1, 2, 0, 0, 0, 0, 99]);
    frame
}

fn announce(cable: &Cable, frames: &[Vec<u8>]) {
    let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    let sent = cable.at_far_end(|| ndp::Socket::open(interface("eth0")).unwrap().send(&frames));
    assert_eq!((sent.packets, sent.failure), (frames.len(), None));
}

/// Targets that arrive until `last`.
fn heard_until(socket: &ndp::Socket, last: Ipv6Addr) -> Vec<Ipv6Addr> {
    let mut ring = PacketRing::new();
    let mut targets = Vec::new();
    while targets.last() != Some(&last) {
        assert!(readable(socket, PATIENCE), "only {targets:?}");
        let frames = socket.receive(&mut ring).unwrap();
        targets.extend(frames.map(|frame| {
            let octets: [u8; 16] = frame.bytes[62..78].try_into().unwrap();
            Ipv6Addr::from(octets)
        }));
    }
    targets
}

fn host(last: u16) -> Ipv6Addr {
    Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last)
}

#[test]
fn watched_targets_are_heard_and_others_are_not() {
    isolated(|| {
        let cable = cable();
        let mut socket = ndp::Socket::open(interface("eth0")).unwrap();
        announce(&cable, &[advertisement(host(50), 0x20)]);
        let watched = [host(50), host(60)];
        assert_eq!(socket.watch(&watched).unwrap(), Watching::Senders);
        let mut routed = advertisement(host(50), 0x20);
        routed[21] = 254;
        let mut solicitation = advertisement(host(50), 0x20);
        solicitation[54] = 135;
        let other: Ipv6Addr = "fd00:1::32".parse().unwrap();
        let other = advertisement(other, 0x20);
        let sent = [host(51), host(50), host(60)].map(|target| advertisement(target, 0x60));
        announce(&cable, &[routed, solicitation, other]);
        announce(&cable, &sent);
        assert_eq!(heard_until(&socket, host(60)), [host(50), host(60)]);
        socket.watch(&[]).unwrap();
        announce(&cable, &[advertisement(host(50), 0x20)]);
        assert!(!readable(&socket, SILENCE));
    });
}

#[test]
fn of_many_addresses_every_unsolicited_advertisement_is_heard() {
    isolated(|| {
        let cable = cable();
        let mut socket = ndp::Socket::open(interface("eth0")).unwrap();
        let many: Vec<Ipv6Addr> = (0..200).map(host).collect();
        assert_eq!(socket.watch(&many).unwrap(), Watching::Senders);
        announce(&cable, &[advertisement(host(199), 0x20)]);
        assert_eq!(heard_until(&socket, host(199)), [host(199)]);
        let more: Vec<Ipv6Addr> = (0..201).map(host).collect();
        assert_eq!(socket.watch(&more).unwrap(), Watching::Gratuitous);
        let answer = advertisement(host(1), 0x60);
        announce(&cable, &[answer, advertisement(host(900), 0x20)]);
        assert_eq!(heard_until(&socket, host(900)), [host(900)]);
    });
}
