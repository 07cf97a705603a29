//! Advertisements over a cable between two namespaces.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use standfast_linux::Errno;
use standfast_linux::clock::{Micros, monotonic};
use standfast_linux::packet::{PACKET_BYTES, Packet, PacketRing, Packets, RING_PACKETS};
use standfast_linux::tap::Tap;
use standfast_linux::vrrp::{DEFAULT_BUFFER, Form, STRAYS_PER_DRAIN, Sender, Socket, Stray};

use crate::world::{Cable, PATIENCE, SILENCE, interface, ip, isolated, readable};

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

/// A whole packet with the header checksum left to the kernel.
fn advertisement(destination: Ipv4Addr, id: u8, bytes: usize) -> Vec<u8> {
    let mut packet = vec![0x45, 0xc0, 0, 0, 0, 1, 0, 0, 255, 112, 0, 0, 10, 0, 0, 2];
    packet.extend(destination.octets());
    packet.extend([0x21, id, 100, 0, 0, 1, 0, 0]);
    packet.resize(bytes.max(20), 0);
    packet
}

fn send(cable: &Cable, packets: &[Vec<u8>]) {
    let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
    let sent = cable.at_far_end(|| Sender::open(interface("eth0")).unwrap().send(&packets));
    assert_eq!((sent.packets, sent.failure), (packets.len(), None));
}

/// The virtual router ids that arrive until the id 255, which ends every test's burst and is wanted.
fn heard(socket: &Socket) -> Vec<u8> {
    let mut ring = PacketRing::new();
    let mut ids = Vec::new();
    while ids.last() != Some(&255) {
        assert!(readable(socket, PATIENCE), "only {ids:?}");
        ids.extend(
            socket
                .receive(&mut ring)
                .unwrap()
                .map(|packet| packet.bytes[21]),
        );
    }
    ids
}

#[test]
fn wanted_virtual_routers_are_heard_and_others_are_not() {
    isolated(|| {
        let cable = Cable::new();
        let mut socket = Socket::open(interface("eth0"), GROUP, 256 * 1024).unwrap();
        let every_id = || {
            (0..=255)
                .map(|id| advertisement(GROUP, id, 40))
                .collect::<Vec<_>>()
        };
        // Nothing is wanted yet: were it heard, it would come before what follows.
        send(&cable, &every_id());
        for wanted in [
            vec![255],
            vec![0, 1, 31, 32, 33, 63, 64, 127, 128, 200, 254, 255],
        ] {
            socket.set_wanted(&wanted).unwrap();
            send(&cable, &every_id());
            assert_eq!(heard(&socket), wanted);
        }
        socket.set_wanted(&[]).unwrap();
        send(&cable, &every_id());
        assert!(!readable(&socket, SILENCE));
        assert_eq!(socket.dropped().unwrap(), 0);
    });
}

#[test]
fn other_groups_protocols_and_interfaces_are_not_heard() {
    isolated(|| {
        let cable = Cable::new();
        ip("link add eth1 type veth peer name eth2");
        ip("link set eth1 up");
        ip("link set eth2 up");
        let mut socket = Socket::open(interface("eth0"), GROUP, DEFAULT_BUFFER).unwrap();
        let mut other = Socket::open(interface("eth1"), GROUP, DEFAULT_BUFFER).unwrap();
        let elsewhere = Ipv4Addr::new(224, 0, 0, 77);
        let _member = Socket::open(interface("eth0"), elsewhere, DEFAULT_BUFFER).unwrap();
        socket.set_wanted(&[1, 2, 255]).unwrap();
        other.set_wanted(&[1, 2, 255]).unwrap();
        let mut not_vrrp = advertisement(GROUP, 2, 40);
        not_vrrp[9] = 253;
        let unicast = advertisement(Ipv4Addr::new(10, 0, 0, 1), 2, 40);
        let wrong_group = advertisement(elsewhere, 2, 40);
        let short = advertisement(GROUP, 0, 21);
        let last = advertisement(GROUP, 255, 40);
        send(
            &cable,
            &[
                wrong_group,
                not_vrrp,
                unicast,
                short,
                advertisement(GROUP, 1, 40),
                last,
            ],
        );
        assert_eq!(heard(&socket), [1, 255]);
        assert!(!readable(&other, SILENCE));
    });
}

#[test]
fn packets_arrive_whole_with_their_time() {
    isolated(|| {
        let cable = Cable::new();
        let mut socket = Socket::open(interface("eth0"), GROUP, DEFAULT_BUFFER).unwrap();
        socket.set_wanted(&[9]).unwrap();
        let (before, sent) = (monotonic(), advertisement(GROUP, 9, 44));
        send(&cable, std::slice::from_ref(&sent));
        assert!(readable(&socket, PATIENCE));
        let after = monotonic();
        std::thread::sleep(Duration::from_millis(20));
        let mut ring = PacketRing::new();
        let mut packets = socket.receive(&mut ring).unwrap();
        let packet = packets.next().unwrap();
        assert_eq!((packet.bytes.len(), packet.truncated), (44, false));
        assert_eq!((&packet.bytes[12..], packet.bytes[8]), (&sent[12..], 255));
        let (early, late) = (
            before.saturating_sub(Micros(1_000)),
            after.saturating_add(Micros(1_000)),
        );
        assert!(
            early <= packet.received && packet.received <= late,
            "{before} {} {after}",
            packet.received
        );
    });
}

#[test]
fn an_overlong_packet_is_cut_and_marked() {
    isolated(|| {
        let cable = Cable::new();
        ip("link set eth0 mtu 4000");
        cable.at_far_end(|| ip("link set eth0 mtu 4000"));
        let mut socket = Socket::open(interface("eth0"), GROUP, DEFAULT_BUFFER).unwrap();
        socket.set_wanted(&[9]).unwrap();
        send(&cable, &[advertisement(GROUP, 9, 3000)]);
        assert!(readable(&socket, PATIENCE));
        let mut ring = PacketRing::new();
        let packet = socket.receive(&mut ring).unwrap().next().unwrap();
        assert_eq!((packet.bytes.len(), packet.truncated), (PACKET_BYTES, true));
    });
}

#[test]
fn a_burst_larger_than_the_ring_comes_in_order() {
    isolated(|| {
        let cable = Cable::new();
        let mut socket = Socket::open(interface("eth0"), GROUP, 256 * 1024).unwrap();
        let wanted: Vec<u8> = (101..=255).collect();
        socket.set_wanted(&wanted).unwrap();
        send(
            &cable,
            &wanted
                .iter()
                .map(|id| advertisement(GROUP, *id, 40))
                .collect::<Vec<_>>(),
        );
        let mut ring = PacketRing::new();
        assert!(readable(&socket, PATIENCE));
        assert!(socket.receive(&mut ring).unwrap().len() <= RING_PACKETS);
        let rest = heard(&socket);
        assert_eq!(rest, wanted[wanted.len() - rest.len()..]);
    });
}

#[test]
fn unicast_is_heard_on_a_unicast_socket_only() {
    isolated(|| {
        let cable = Cable::new();
        let here = Ipv4Addr::new(10, 0, 0, 1);
        let mut socket = Socket::open(interface("eth0"), here, DEFAULT_BUFFER).unwrap();
        let mut elsewhere = Socket::open(interface("lo"), here, DEFAULT_BUFFER).unwrap();
        socket.set_wanted(&[1, 255]).unwrap();
        elsewhere.set_wanted(&[1, 255]).unwrap();
        send(
            &cable,
            &[advertisement(GROUP, 1, 40), advertisement(here, 255, 40)],
        );
        assert_eq!(heard(&socket), [255]);
        assert!(!readable(&elsewhere, SILENCE));
    });
}

#[test]
fn strays_are_sampled_and_counted_in_a_flood() {
    isolated(|| {
        let cable = Cable::new();
        let eth0 = interface("eth0");
        let mut socket = Socket::open(eth0, GROUP, DEFAULT_BUFFER).unwrap();
        let mut stray = Stray::open(eth0, GROUP).unwrap();
        socket.set_wanted(&[51, 255]).unwrap();
        stray.set_known(&[51, 255]).unwrap();
        let sender = cable.at_far_end(|| Sender::open(interface("eth0")).unwrap());
        let burst: Vec<_> = (0..100)
            .map(|n| advertisement(GROUP, 100 + n, 40))
            .collect();
        let burst: Vec<&[u8]> = burst.iter().map(Vec::as_slice).collect();
        let wanted = advertisement(GROUP, 51, 40);
        // One second: 20,000 strays in bursts, a drain each fifth of it, as a slow timer would.
        let (mut ring, mut seen, mut drains) = (PacketRing::new(), 0, 0);
        let start = Instant::now();
        for turn in 0..200_u32 {
            assert_eq!(sender.send(&burst).packets, burst.len());
            if turn % 40 == 39 {
                assert_eq!(sender.send(&[&wanted]).packets, 1);
                let strays = stray.drain(&mut ring).unwrap();
                assert!(strays.len() <= STRAYS_PER_DRAIN);
                drains += 1;
                seen += strays
                    .inspect(|packet| assert!(packet.bytes[21] >= 100))
                    .count();
            }
            std::thread::sleep((start + Duration::from_millis(5) * (turn + 1)) - Instant::now());
        }
        assert!(seen >= drains, "{seen} strays in {drains} drains");
        assert!(seen <= 50, "{seen} strays in a second");
        // Nothing but what is wanted reached the socket that is polled.
        assert_eq!(sender.send(&[&advertisement(GROUP, 255, 40)]).packets, 1);
        assert_eq!(heard(&socket), [51, 51, 51, 51, 51, 255]);
        // All that came is accounted for: seen, still queued, or counted as dropped.
        let mut left = 0;
        while let Some(count) =
            Some(stray.drain(&mut ring).unwrap().len()).filter(|count| *count > 0)
        {
            left += count;
        }
        assert!(left <= 2 * STRAYS_PER_DRAIN, "{left} in the queue");
        let counted = seen + left + usize::try_from(stray.dropped().unwrap()).unwrap();
        // The six wanted ones may be counted while the queue is full.
        assert!((20_000..=20_006).contains(&counted), "{counted}");
    });
}

/// Id, TTL and first byte of what a socket gives.
fn shown(packets: Packets<'_>) -> Vec<(u8, u8, u8)> {
    let of = |packet: Packet<'_>| (packet.bytes[21], packet.bytes[8], packet.bytes[20]);
    packets.map(of).collect()
}

#[test]
fn what_lacks_the_form_is_only_sampled() {
    isolated(|| {
        let cable = Cable::new();
        let eth0 = interface("eth0");
        let mut socket = Socket::open(eth0, GROUP, DEFAULT_BUFFER).unwrap();
        let mut stray = Stray::open(eth0, GROUP).unwrap();
        let form = Form {
            hop_limit: Some(255),
            first_bytes: &[0x21, 0x31],
        };
        socket.set_wanted_form(&[51, 255], form).unwrap();
        // 52 is known, but wanted elsewhere.
        stray
            .set_known_form(&[51, 52, 255], &[51, 255], form)
            .unwrap();
        let packet = |id: u8, ttl: u8, first_byte: u8, bytes: usize| {
            let mut packet = advertisement(GROUP, id, bytes);
            (packet[8], packet[20]) = (ttl, first_byte);
            packet
        };
        send(
            &cable,
            &[
                packet(51, 255, 0x21, 40),
                packet(51, 64, 0x21, 40),
                packet(51, 255, 0x41, 40),
                packet(51, 255, 0x22, 40),
                packet(51, 255, 0x31, 28),
                packet(51, 255, 0x31, 27),
                packet(255, 255, 0x21, 40),
            ],
        );
        let mut ring = PacketRing::new();
        assert_eq!(heard(&socket), [51, 51, 255]);
        let expected = [
            (51, 64, 0x21),
            (51, 255, 0x41),
            (51, 255, 0x22),
            (51, 255, 0x31),
        ];
        assert_eq!(shown(stray.drain(&mut ring).unwrap()), expected);
        send(
            &cable,
            &[
                packet(52, 64, 0x21, 40),
                packet(52, 255, 0x21, 40),
                packet(9, 64, 0x21, 40),
                packet(9, 255, 0x21, 40),
                packet(255, 255, 0x21, 40),
            ],
        );
        assert_eq!(heard(&socket), [255]);
        let strays = shown(stray.drain(&mut ring).unwrap());
        assert_eq!(strays, [(9, 64, 0x21), (9, 255, 0x21)]);
    });
}

#[test]
fn a_stray_too_short_for_an_id_is_sampled() {
    isolated(|| {
        let cable = Cable::new();
        let mut socket = Socket::open(interface("eth0"), GROUP, DEFAULT_BUFFER).unwrap();
        let mut stray = Stray::open(interface("eth0"), GROUP).unwrap();
        socket.set_wanted(&[0, 255]).unwrap();
        stray.set_known(&[0, 255]).unwrap();
        let packets = [(0, 40), (0, 21), (255, 40)];
        send(
            &cable,
            &packets.map(|(id, bytes)| advertisement(GROUP, id, bytes)),
        );
        assert_eq!(heard(&socket), [0, 255]);
        let mut ring = PacketRing::new();
        let lengths: Vec<_> = stray
            .drain(&mut ring)
            .unwrap()
            .map(|packet| packet.bytes.len())
            .collect();
        assert_eq!(lengths, [21]);
    });
}

#[test]
fn a_failed_send_says_where_and_why() {
    isolated(|| {
        let cable = Cable::new();
        let sender = Sender::open(interface("eth0")).unwrap();
        let good = advertisement(GROUP, 1, 40);
        let sent = sender.send(&[&good, &good[..19], &good]);
        assert_eq!(sent.packets, 1);
        assert_eq!(sent.failure.unwrap().errno, Errno(libc::EINVAL));
        ip("link set eth0 down");
        let sent = sender.send(&[&good]);
        assert_eq!(sent.packets, 0);
        let failure = sent.failure.unwrap();
        assert!(
            matches!(
                failure.errno,
                Errno(libc::ENETDOWN | libc::ENETUNREACH | libc::ENODEV)
            ),
            "{failure}"
        );
        drop(cable);
    });
}

#[test]
fn a_tap_hears_every_virtual_router_with_its_frame_and_nothing_else() {
    isolated(|| {
        let cable = Cable::new();
        let tap = Tap::open(interface("eth0"), &[GROUP]).unwrap();
        let mut authenticated = advertisement(GROUP, 7, 64);
        authenticated[9] = 51;
        let mut not_vrrp = advertisement(GROUP, 8, 40);
        not_vrrp[9] = 253;
        // Its own host's advertisements are not news.
        let own = Sender::open(interface("eth0")).unwrap();
        assert_eq!(own.send(&[&advertisement(GROUP, 9, 40)]).packets, 1);
        let here = Ipv4Addr::new(10, 0, 0, 1);
        let packets = [advertisement(GROUP, 1, 40), not_vrrp, authenticated];
        send(&cable, &packets);
        send(&cable, &[advertisement(here, 255, 40)]);
        let mut ring = PacketRing::new();
        let mut heard = Vec::new();
        while heard.last() != Some(&255) {
            assert!(readable(&tap, PATIENCE), "only {heard:?}");
            let frames = tap.receive(&mut ring).unwrap();
            heard.extend(frames.map(|frame| frame.bytes[14 + 21]));
        }
        assert_eq!(heard, [1, 7, 255]);
    });
}

#[test]
fn a_receive_buffer_is_changed_while_the_socket_is_open() {
    isolated(|| {
        let cable = Cable::new();
        let mut socket = Socket::open(interface("eth0"), GROUP, 4096).unwrap();
        socket.set_wanted(&[7]).unwrap();
        let burst: Vec<Vec<u8>> = (0..100).map(|_| advertisement(GROUP, 7, 40)).collect();
        send(&cable, &burst);
        assert!(readable(&socket, PATIENCE));
        let lost = socket.dropped().unwrap();
        assert!(lost > 50, "{lost} of a hundred were lost");
        socket.set_receive_buffer(1024 * 1024).unwrap();
        send(&cable, &burst);
        let mut ring = PacketRing::new();
        let mut count = 0;
        while readable(&socket, SILENCE) {
            count += socket.receive(&mut ring).unwrap().count();
        }
        assert_eq!(socket.dropped().unwrap(), lost);
        assert!(count >= 100, "{count}");
    });
}
