//! Packets become inputs.

use std::net::IpAddr;

use standfast_core::input::{InterfaceIndex, Packet};
use standfast_core::{Input, Instant, Node};
use standfast_linux::packet::RING_PACKETS;
use standfast_wire::arp::Arp;
use standfast_wire::ipv4;
use standfast_wire::ndp::NeighbourAdvertisement;

use super::{Worker, now};
use crate::ports::PortKey;

/// Packets taken from one socket before the timers get their turn: a full default receive buffer.
const PACKETS_PER_TURN: usize = 16 * RING_PACKETS;

impl Worker {
    pub(super) fn read_vrrp(&mut self, key: PortKey) {
        let Some(port) = self.ports.vrrp.get(&key) else {
            return;
        };
        let mut taken = 0;
        while taken < PACKETS_PER_TURN {
            let Ok(packets) = port.socket.receive(&mut self.ring) else {
                return;
            };
            let count = packets.len();
            for packet in packets {
                feed_packet(&mut self.node, key.0, &packet);
                self.effects
                    .carry_out(now(), &mut self.node, &self.ports, &self.runner);
            }
            taken += count;
            self.flood.note(count);
            if count < RING_PACKETS {
                return;
            }
        }
    }

    pub(super) fn read_sealed(&mut self, key: PortKey) {
        let Some(port) = self.ports.sealed.get(&key) else {
            return;
        };
        let mut taken = 0;
        while taken < PACKETS_PER_TURN {
            let Ok(packets) = port.socket.receive(&mut self.ring) else {
                return;
            };
            let count = packets.len();
            for packet in packets {
                let input = Input::Sealed {
                    interface: key.0,
                    packet: packet.bytes,
                };
                self.node.handle_input(now(), input);
                self.effects
                    .carry_out(now(), &mut self.node, &self.ports, &self.runner);
            }
            taken += count;
            self.flood.note(count);
            if count < RING_PACKETS {
                return;
            }
        }
    }

    pub(super) fn read_strays(&mut self) {
        let keys: Vec<_> = self.ports.vrrp.keys().copied().collect();
        for key in keys {
            let Some(port) = self.ports.vrrp.get(&key) else {
                continue;
            };
            if let Ok(packets) = port.stray.drain(&mut self.ring) {
                for packet in packets {
                    feed_packet(&mut self.node, key.0, &packet);
                }
            }
            self.effects
                .carry_out(now(), &mut self.node, &self.ports, &self.runner);
        }
    }

    pub(super) fn read_ndp(&mut self, index: InterfaceIndex) {
        let Some(port) = self.ports.ndp.get(&index) else {
            return;
        };
        let mut taken = 0;
        while taken < PACKETS_PER_TURN {
            // As with ARP.
            let Ok(packets) = port.socket.receive(&mut self.ring) else {
                return;
            };
            let count = packets.len();
            for packet in packets {
                let Ok(advertisement) = NeighbourAdvertisement::parse(packet.bytes) else {
                    continue;
                };
                let moves = &mut self.effects.moves;
                if !moves.is_empty() {
                    let heard = Instant(packet.received.0);
                    moves.announced(IpAddr::V6(advertisement.target), heard);
                }
                let input = Input::NeighbourAdvertisement {
                    interface: index,
                    target: advertisement.target,
                    mac: advertisement.claimed_mac(),
                };
                self.node.handle_input(now(), input);
            }
            self.effects
                .carry_out(now(), &mut self.node, &self.ports, &self.runner);
            taken += count;
            self.flood.note(count);
            if count < RING_PACKETS {
                return;
            }
        }
    }

    pub(super) fn read_arp(&mut self, index: InterfaceIndex) {
        let Some(port) = self.ports.arp.get(&index) else {
            return;
        };
        let mut taken = 0;
        while taken < PACKETS_PER_TURN {
            // The interface may just have gone down; its link event says so.
            let Ok(packets) = port.socket.receive(&mut self.ring) else {
                return;
            };
            let count = packets.len();
            for packet in packets {
                let Ok(arp) = Arp::parse(packet.bytes) else {
                    continue;
                };
                let moves = &mut self.effects.moves;
                if !moves.is_empty() {
                    let heard = Instant(packet.received.0);
                    moves.announced(IpAddr::V4(arp.sender), heard);
                }
                let input = Input::Arp {
                    interface: index,
                    sender: arp.sender,
                    mac: arp.sender_mac,
                };
                self.node.handle_input(now(), input);
            }
            self.effects
                .carry_out(now(), &mut self.node, &self.ports, &self.runner);
            taken += count;
            self.flood.note(count);
            if count < RING_PACKETS {
                return;
            }
        }
    }
}

/// A packet as its socket gave it: whole for IPv4, for IPv6 with its header told beside.
pub(crate) fn read_packet<'a>(
    interface: InterfaceIndex,
    received: &standfast_linux::packet::Packet<'a>,
) -> Option<Packet<'a>> {
    if let Some(path) = received.ipv6 {
        return Some(Packet {
            interface,
            source: IpAddr::V6(path.source),
            destination: IpAddr::V6(path.destination),
            ttl: path.hop_limit,
            message: received.bytes,
        });
    }
    let packet = ipv4::Packet::parse(received.bytes).ok()?;
    Some(Packet {
        interface,
        source: IpAddr::V4(packet.source),
        destination: IpAddr::V4(packet.destination),
        ttl: packet.ttl,
        message: packet.payload,
    })
}

fn feed_packet(
    node: &mut Node,
    interface: InterfaceIndex,
    received: &standfast_linux::packet::Packet<'_>,
) {
    if let Some(packet) = read_packet(interface, received) {
        node.handle_input(now(), Input::Packet(packet));
    }
}
