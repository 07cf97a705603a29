//! Sealed advertisements over a cable between two namespaces.

use std::net::Ipv4Addr;

use standfast_linux::packet::PacketRing;
use standfast_linux::sealed::Socket;
use standfast_linux::vrrp::{DEFAULT_BUFFER, Sender};

use crate::world::{Cable, PATIENCE, SILENCE, interface, isolated, readable};

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

fn packet(protocol: u8, destination: Ipv4Addr, id: u8) -> Vec<u8> {
    let mut packet = vec![
        0x45, 0xc0, 0, 0, 0, 1, 0, 0, 255, protocol, 0, 0, 10, 0, 0, 2,
    ];
    packet.extend(destination.octets());
    packet.extend([112, 4, 0, 0]);
    packet.extend([0; 20]);
    packet.extend([0x21, id, 100, 0, 2, 1, 0, 0]);
    packet.extend([0; 8]);
    packet
}

#[test]
fn sealed_advertisements_of_wanted_routers_are_heard_and_nothing_else() {
    isolated(|| {
        let cable = Cable::new();
        let mut socket = Socket::open(interface("eth0"), GROUP, DEFAULT_BUFFER).unwrap();
        let send = |packets: &[Vec<u8>]| {
            let packets: Vec<&[u8]> = packets.iter().map(Vec::as_slice).collect();
            let sent = cable.at_far_end(|| Sender::open(interface("eth0")).unwrap().send(&packets));
            assert_eq!((sent.packets, sent.failure), (packets.len(), None));
        };
        // Nothing is wanted yet: were it heard, it would come before what follows.
        send(&[packet(51, GROUP, 7)]);
        socket.set_wanted(&[7, 200]).unwrap();
        send(&[
            packet(112, GROUP, 7),
            packet(51, Ipv4Addr::new(224, 0, 0, 19), 7),
            packet(51, GROUP, 8),
            packet(51, GROUP, 7),
            packet(51, GROUP, 200),
        ]);
        let mut ring = PacketRing::new();
        let mut heard = Vec::new();
        while heard.len() < 2 {
            assert!(readable(&socket, PATIENCE), "only {heard:?}");
            let packets = socket.receive(&mut ring).unwrap();
            heard.extend(packets.map(|packet| (packet.bytes[9], packet.bytes[45])));
        }
        assert_eq!(heard, [(51, 7), (51, 200)]);
        assert!(!readable(&socket, SILENCE));
    });
}
