//! Who speaks for virtual routers that are not configured where it was heard: another group on the network, or a mistyped
//! `virtual_router_id`.

use alloc::vec::Vec;
use core::net::IpAddr;

use standfast_wire::vrrp::Priority;

use crate::input::{InterfaceIndex, Packet};
use crate::router::Glimpse;
use crate::time::Instant;

/// Strangers that a node remembers; the oldest gives way.
pub const MAX_STRANGERS: usize = 16;

/// Somebody who speaks for a virtual router that is not configured where it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// Virtual router identifier; 0 where the packet is too short to have one.
    pub vrid: u8,
    /// Where it was heard.
    pub interface: InterfaceIndex,
    /// Who sent it.
    pub address: IpAddr,
    /// Its priority.
    pub priority: Option<Priority>,
    /// Its addresses, at most [`crate::router::MAX_HEARD_ADDRESSES`].
    pub addresses: Vec<IpAddr>,
    /// When it was heard first.
    pub first: Instant,
    /// When it was heard last.
    pub last: Instant,
    /// How many packets were seen; in a flood the kernel's filter lets a sample through.
    pub times: u64,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Strangers(Vec<Stranger>);

impl Strangers {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Stranger> {
        self.0.iter()
    }

    /// Written in place: a packet allocates only where somebody new says more than was said there before.
    pub(super) fn note(&mut self, now: Instant, vrid: u8, packet: &Packet<'_>) {
        let Some(stranger) = self.place(now, vrid, packet) else {
            return;
        };
        let seen = Glimpse::of(packet);
        stranger.last = now;
        stranger.times = stranger.times.saturating_add(1);
        stranger.priority = seen.priority();
        stranger.addresses.clear();
        stranger.addresses.extend(seen.addresses());
    }

    fn place(&mut self, now: Instant, vrid: u8, packet: &Packet<'_>) -> Option<&mut Stranger> {
        let same = |it: &Stranger| {
            it.vrid == vrid && it.interface == packet.interface && it.address == packet.source
        };
        if let Some(position) = self.0.iter().position(same) {
            return self.0.get_mut(position);
        }
        let fresh = Stranger {
            vrid,
            interface: packet.interface,
            address: packet.source,
            priority: None,
            addresses: Vec::new(),
            first: now,
            last: now,
            times: 0,
        };
        if self.0.len() < MAX_STRANGERS {
            self.0.push(fresh);
            return self.0.last_mut();
        }
        let oldest = self.0.iter_mut().min_by_key(|it| it.last)?;
        let addresses = core::mem::take(&mut oldest.addresses);
        *oldest = Stranger { addresses, ..fresh };
        Some(oldest)
    }
}
