//! Messages of the peer channel become inputs.

use standfast_core::Input;
use standfast_core::input::PeerPacket;
use standfast_core::journal::Level;
use standfast_linux::packet::RING_PACKETS;
use standfast_linux::udp;

use super::{Worker, now};
use crate::peer_ports::PeerKey;

/// Messages taken from one socket before the timers get their turn.
const MESSAGES_PER_TURN: usize = 4 * RING_PACKETS;

impl Worker {
    pub(super) fn read_peers(&mut self, key: PeerKey) {
        let Some(port) = self.ports.peers.get(key) else {
            return;
        };
        for address in port.socket.refusals() {
            let interface = key.0;
            let input = Input::PeerUnreachable { interface, address };
            self.node.handle_input(now(), input);
        }
        let mut taken = 0;
        while taken < MESSAGES_PER_TURN {
            // The interface may just have gone; its link event says so.
            let Ok(messages) = port.socket.receive(&mut self.ring) else {
                break;
            };
            let count = messages.len();
            for message in messages.filter(|message| !message.truncated) {
                let Some((source, ttl)) = udp::path(&message) else {
                    continue;
                };
                let packet = PeerPacket {
                    interface: key.0,
                    source,
                    ttl,
                    message: message.bytes,
                };
                self.node.handle_input(now(), Input::Peer(packet));
                self.effects
                    .carry_out(now(), &mut self.node, &self.ports, &self.runner);
            }
            taken += count;
            if count < RING_PACKETS {
                break;
            }
        }
        self.effects
            .carry_out(now(), &mut self.node, &self.ports, &self.runner);
    }

    /// Answers of nodes that are suspected have to pass the filters.
    pub(super) fn watch_peers(&mut self) {
        if self.ports.watches_others(&self.node) {
            for failure in self.ports.synchronize_watchers(&self.node, &self.poller) {
                self.logger.log(Level::Error, failure);
            }
        }
    }

    /// A port that somebody else had may be free now.
    pub(super) fn retry_peers(&mut self) {
        if self.ports.peers.is_waiting() {
            for failure in self.ports.synchronize_peers(&self.node, &self.poller) {
                self.logger.log(Level::Warning, failure);
            }
        }
    }
}
