//! Clients: neighbours that believe whoever announced an address last.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use standfast_core::wire::MacAddress;
use standfast_core::{Instant, Micros};

/// A neighbour of the hosts with its ARP cache.
#[derive(Debug, Default)]
pub(crate) struct Client {
    cache: BTreeMap<Ipv4Addr, MacAddress>,
}

impl Client {
    pub(crate) fn hear(&mut self, sender: Ipv4Addr, mac: MacAddress) {
        self.cache.insert(sender, mac);
    }

    pub(crate) fn forget(&mut self, address: Ipv4Addr) {
        self.cache.remove(&address);
    }

    pub(crate) fn entry(&self, address: Ipv4Addr) -> Option<MacAddress> {
        self.cache.get(&address).copied()
    }
}

/// The longest time that something was so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stopwatch {
    since: Option<Instant>,
    longest: Micros,
}

impl Stopwatch {
    pub(crate) fn note(&mut self, now: Instant, is_so: bool) {
        if let Some(since) = self.since {
            self.longest = self.longest.max(now.since(since));
        }
        match (is_so, self.since) {
            (true, None) => self.since = Some(now),
            (true, Some(_)) => {}
            (false, _) => self.since = None,
        }
    }

    pub(crate) fn longest(&self) -> Micros {
        self.longest
    }

    pub(crate) fn reset(&mut self, now: Instant) {
        self.longest = Micros::ZERO;
        self.since = self.since.map(|_| now);
    }
}
