//! Neighbours that are looked for over a cable between two namespaces.

use std::net::{Ipv4Addr, UdpSocket};

use standfast_linux::neighbours;

use crate::world::{Cable, PATIENCE, SILENCE, ip, isolated, readable};

const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const FAR_AWAY: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 9);

#[test]
fn a_neighbour_is_found_and_nothing_goes_to_hosts_behind_a_router() {
    isolated(|| {
        let cable = Cable::new();
        ip("route add default via 10.0.0.2");
        let (near, far) = cable.at_far_end(|| {
            ip("address add 203.0.113.9/32 dev eth0");
            [NEIGHBOUR, FAR_AWAY]
                .map(|address| UdpSocket::bind((address, 9)).unwrap())
                .into()
        });
        neighbours::find(&[FAR_AWAY, NEIGHBOUR]).unwrap();
        assert!(readable(&near, PATIENCE), "the neighbour heard nothing");
        assert!(!readable(&far, SILENCE), "it went through the router");
        let found = ip("neighbour show 10.0.0.2 dev eth0");
        assert!(found.contains("lladdr"), "{found}");
    });
}
