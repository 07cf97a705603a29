//! Messages between nodes over a cable between two namespaces.

use std::net::IpAddr;

use standfast_linux::Errno;
use standfast_linux::packet::PacketRing;
use standfast_linux::udp::{Accepted, Datagram, PORT_TAKEN, Place, Socket, path};

use crate::world::{Cable, PATIENCE, SILENCE, interface, ip, isolated, readable};

const PORT: u16 = 9112;
const ACCEPTED: Accepted = Accepted {
    magic: *b"TEST",
    version: 1,
    longest: 100,
    from_link: true,
};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn place(local: &str) -> Place {
    Place {
        interface: Some(interface("eth0")),
        local: address(local),
        port: PORT,
    }
}

/// Whoever had the port before may be held for a moment by a child that another test's thread has forked and that has not become
/// another program yet.
fn open(local: &str) -> Socket {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(5);
    loop {
        match Socket::open(place(local), &ACCEPTED, &[]) {
            Err(error) if error.errno == PORT_TAKEN && std::time::Instant::now() < end => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            opened => return opened.unwrap(),
        }
    }
}

fn send(socket: &Socket, (source, destination): (&str, &str), bytes: &[u8]) -> Result<(), Errno> {
    let datagram = Datagram {
        source: address(source),
        destination: address(destination),
        bytes,
    };
    socket.send(datagram).map_err(|error| error.errno)
}

/// What comes until `TEST` 1 `end`, which closes every test's burst, and from whom.
fn heard(socket: &Socket) -> Vec<(Vec<u8>, IpAddr, u8)> {
    let mut ring = PacketRing::new();
    let mut heard: Vec<(Vec<u8>, IpAddr, u8)> = Vec::new();
    while heard.last().is_none_or(|(data, ..)| data != b"TEST\x01end") {
        assert!(readable(socket, PATIENCE), "only {heard:?}");
        heard.extend(socket.receive(&mut ring).unwrap().map(|packet| {
            let (source, ttl) = path(&packet).unwrap();
            (packet.bytes.to_vec(), source, ttl)
        }));
    }
    heard
}

fn of_far(data: &[u8], source: &str) -> (Vec<u8>, IpAddr, u8) {
    (data.to_vec(), address(source), 255)
}

/// How kernels call a source address that is not the host's.
fn is_strange(result: Result<(), Errno>) -> bool {
    [libc::EINVAL, libc::ENETUNREACH].contains(&result.map_or_else(|errno| errno.0, |()| 0))
}

/// Addresses of IPv6 at both ends.
fn ipv6(cable: &Cable) {
    ip("address add fd00::1/64 dev eth0 nodad");
    cable.at_far_end(|| ip("address add fd00::2/64 dev eth0 nodad"));
}

#[test]
fn datagrams_of_both_families_reach_a_host_and_a_group() {
    isolated(|| {
        let cable = Cable::new();
        ipv6(&cable);
        for (any, near, far, group) in [
            ("0.0.0.0", "10.0.0.1", "10.0.0.2", "224.0.0.18"),
            ("::", "fd00::1", "fd00::2", "ff02::12"),
        ] {
            let mut socket = open(any);
            socket.join(address(group)).unwrap();
            socket.join(address(group)).unwrap();
            assert!(socket.groups().contains(&address(group)));
            cable.at_far_end(|| {
                let sender = open(any);
                send(&sender, (far, group), b"TEST\x01group").unwrap();
                send(&sender, (far, near), b"TEST\x01host").unwrap();
                send(&sender, (far, near), b"TEST\x01end").unwrap();
            });
            let expected: Vec<_> = [&b"TEST\x01group"[..], b"TEST\x01host", b"TEST\x01end"]
                .into_iter()
                .map(|data| of_far(data, far))
                .collect();
            assert_eq!(heard(&socket), expected);
            assert_eq!(socket.dropped().unwrap(), 0);
        }
    });
}

#[test]
fn groups_that_were_not_joined_are_not_heard_and_ours_do_not_come_back() {
    isolated(|| {
        let cable = Cable::new();
        let mut socket = open("0.0.0.0");
        let mut other = Socket::open(
            Place {
                port: PORT + 1,
                ..place("0.0.0.0")
            },
            &ACCEPTED,
            &[],
        )
        .unwrap();
        other.join(address("224.0.0.99")).unwrap();
        socket.join(address("224.0.0.18")).unwrap();
        send(&socket, ("10.0.0.1", "224.0.0.18"), b"TEST\x01ours").unwrap();
        cable.at_far_end(|| {
            let sender = open("0.0.0.0");
            send(&sender, ("10.0.0.2", "224.0.0.99"), b"TEST\x01other").unwrap();
            send(&sender, ("10.0.0.2", "10.0.0.1"), b"TEST\x01end").unwrap();
        });
        assert_eq!(heard(&socket), [of_far(b"TEST\x01end", "10.0.0.2")]);
    });
}

#[test]
fn what_is_no_message_stays_in_the_kernel() {
    isolated(|| {
        let cable = Cable::new();
        ipv6(&cable);
        for (any, near, far) in [
            ("0.0.0.0", "10.0.0.1", "10.0.0.2"),
            ("::", "fd00::1", "fd00::2"),
        ] {
            let socket = open(any);
            let burst = |end: &[u8]| {
                cable.at_far_end(|| {
                    let target = (address(near), PORT);
                    let bind = |port: u16| std::net::UdpSocket::bind((address(far), port)).unwrap();
                    // From another port, and with a TTL that a router could have made of 255.
                    bind(0).send_to(b"TEST\x01port", target).unwrap();
                    bind(PORT).send_to(b"TEST\x01near", target).unwrap();
                    let sender = open(any);
                    let long = [b"TEST\x01".as_slice(), &[0; 96]].concat();
                    for bytes in [&b"TES"[..], b"", b"TESS\x01", b"TEST\x02", &long, end] {
                        send(&sender, (far, near), bytes).unwrap();
                    }
                });
            };
            burst(b"TEST\x01end");
            assert_eq!(heard(&socket), [of_far(b"TEST\x01end", far)]);
            let anywhere = Accepted {
                from_link: false,
                ..ACCEPTED
            };
            socket.set_accepted(&anywhere).unwrap();
            burst(b"TEST\x01end");
            let heard: Vec<Vec<u8>> = heard(&socket).into_iter().map(|(data, ..)| data).collect();
            assert_eq!(heard, [&b"TEST\x01near"[..], b"TEST\x01end"]);
        }
    });
}

#[test]
fn a_source_that_is_not_ours_is_refused() {
    isolated(|| {
        let cable = Cable::new();
        ipv6(&cable);
        let (v4, v6) = (open("0.0.0.0"), open("::"));
        let strange = send(&v4, ("10.0.0.77", "10.0.0.2"), b"TEST\x01");
        assert!(is_strange(strange), "{strange:?}");
        let strange = send(&v6, ("fd00::77", "fd00::2"), b"TEST\x01");
        assert!(is_strange(strange), "{strange:?}");
        send(&v4, ("10.0.0.1", "10.0.0.2"), b"TEST\x01").unwrap();
    });
}

#[test]
fn a_closed_port_is_told_and_the_next_datagram_goes_out_all_the_same() {
    isolated(|| {
        let cable = Cable::new();
        ipv6(&cable);
        for (any, near, far) in [
            ("0.0.0.0", "10.0.0.1", "10.0.0.2"),
            ("::", "fd00::1", "fd00::2"),
        ] {
            let socket = open(any);
            assert!(socket.refusals().is_empty());
            send(&socket, (near, far), b"TEST\x01lost").unwrap();
            assert!(readable(&socket, PATIENCE));
            let receiver = cable.at_far_end(|| open(any));
            send(&socket, (near, far), b"TEST\x01end").unwrap();
            assert_eq!(heard(&receiver), [of_far(b"TEST\x01end", near)]);
            assert_eq!(socket.refusals(), [address(far)]);
            assert!(socket.refusals().is_empty());
            assert!(!readable(&socket, SILENCE));
        }
    });
}

#[test]
fn a_host_that_is_not_there_has_refused_nothing() {
    isolated(|| {
        let _cable = Cable::new();
        std::fs::write("/proc/sys/net/ipv4/neigh/eth0/retrans_time_ms", "10").unwrap();
        // A socket of an interface is not told at all.
        let nowhere = Place {
            interface: None,
            ..place("10.0.0.1")
        };
        let socket = Socket::open(nowhere, &ACCEPTED, &[]).unwrap();
        send(&socket, ("10.0.0.1", "10.0.0.9"), b"TEST\x01").unwrap();
        assert!(readable(&socket, PATIENCE));
        assert!(socket.refusals().is_empty());
    });
}

#[test]
fn a_port_belongs_to_one_daemon_and_is_shared_among_its_own_sockets() {
    isolated(|| {
        let cable = Cable::new();
        let on_interface = open("0.0.0.0");
        let taken = Socket::open(place("0.0.0.0"), &ACCEPTED, &[]).unwrap_err();
        assert_eq!(taken.errno, Errno(libc::EADDRINUSE));
        let nowhere = Place {
            interface: None,
            ..place("10.0.0.1")
        };
        let taken = Socket::open(nowhere, &ACCEPTED, &[]).unwrap_err();
        assert_eq!(taken.errno, Errno(libc::EADDRINUSE));
        let particular = Socket::open(nowhere, &ACCEPTED, &[&on_interface]).unwrap();
        // It does not open the door to others.
        let taken = Socket::open(place("0.0.0.0"), &ACCEPTED, &[]).unwrap_err();
        assert_eq!(taken.errno, Errno(libc::EADDRINUSE));
        cable.at_far_end(|| {
            let sender = open("0.0.0.0");
            send(&sender, ("10.0.0.2", "10.0.0.1"), b"TEST\x01end").unwrap();
        });
        assert_eq!(heard(&particular), [of_far(b"TEST\x01end", "10.0.0.2")]);
        assert!(!readable(&on_interface, SILENCE));
    });
}

#[test]
fn sockets_wait_for_their_address() {
    isolated(|| {
        let _cable = Cable::new();
        let nowhere = Place {
            interface: None,
            ..place("10.0.0.7")
        };
        let socket = Socket::open(nowhere, &ACCEPTED, &[]).unwrap();
        assert_eq!(socket.place(), nowhere);
        let early = send(&socket, ("10.0.0.7", "10.0.0.2"), b"TEST\x01");
        assert!(is_strange(early), "{early:?}");
        ip("address add 10.0.0.7/24 dev eth0");
        send(&socket, ("10.0.0.7", "10.0.0.2"), b"TEST\x01").unwrap();
    });
}
