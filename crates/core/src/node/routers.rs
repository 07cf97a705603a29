//! The routers of a node, and who is concerned: by what a packet is for, by address, by the next timer. Nothing here looks
//! at every router, because a node may have a thousand.
//!
//! A router changes only within [`Routers::touch`], after which its entries in the indexes are compared and renewed: they
//! cannot fall behind.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::input::{InterfaceIndex, RouterId};
use crate::router::Router;
use crate::spec::Family;
use crate::time::Instant;

/// What a packet is for: interface, VRID and family.
pub(crate) type Hearing = (InterfaceIndex, u8, Family);

/// What the indexes hold of one router.
#[derive(Clone, Debug, Default)]
struct Entry {
    due: Option<Instant>,
    hearing: Option<Hearing>,
    finished: bool,
    sends_from_virtual: bool,
    addresses: Vec<IpAddr>,
    /// Of the holdings from which the addresses were taken; none before they were.
    holdings_version: Option<u32>,
}

#[derive(Clone, Debug)]
struct Slot {
    router: Router,
    entry: Entry,
}

/// Who is concerned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    due: BTreeSet<(Instant, RouterId)>,
    hearing: BTreeSet<(Hearing, RouterId)>,
    addresses: BTreeSet<(IpAddr, RouterId)>,
    from_virtual: BTreeSet<RouterId>,
    finished: BTreeSet<RouterId>,
}

impl Index {
    /// Whether the address is virtual for any router.
    pub(crate) fn is_virtual(&self, address: IpAddr) -> bool {
        self.with_address(address).next().is_some()
    }

    fn with_address(&self, address: IpAddr) -> impl Iterator<Item = RouterId> {
        let range = (address, RouterId(0))..=(address, RouterId(u32::MAX));
        self.addresses.range(range).map(|(_, id)| *id)
    }

    fn renew(&mut self, entry: &mut Entry, router: &Router) {
        let id = router.id();
        let due = router.next_wakeup().map(|(due, _)| due);
        replace(&mut self.due, &mut entry.due, due, id);
        let finished = router.is_finished();
        let hearing = router.interface().filter(|_| !finished).map(|interface| {
            let spec = router.spec();
            (interface, spec.vrid.get(), spec.family())
        });
        replace(&mut self.hearing, &mut entry.hearing, hearing, id);
        if finished != entry.finished {
            entry.finished = finished;
            mark(&mut self.finished, finished, id);
        }
        let version = Some(router.holdings_version());
        if entry.holdings_version != version {
            entry.holdings_version = version;
            self.renew_addresses(entry, router);
        }
    }

    fn renew_addresses(&mut self, entry: &mut Entry, router: &Router) {
        let id = router.id();
        for address in entry.addresses.drain(..) {
            self.addresses.remove(&(address, id));
        }
        for (held, _) in router.addresses() {
            self.addresses.insert((held.address, id));
            entry.addresses.push(held.address);
        }
        entry.sends_from_virtual = router.sends_from_virtual();
        mark(&mut self.from_virtual, entry.sends_from_virtual, id);
    }

    fn forget(&mut self, entry: &Entry, id: RouterId) {
        if let Some(due) = entry.due {
            self.due.remove(&(due, id));
        }
        if let Some(hearing) = entry.hearing {
            self.hearing.remove(&(hearing, id));
        }
        for address in &entry.addresses {
            self.addresses.remove(&(*address, id));
        }
        self.finished.remove(&id);
        self.from_virtual.remove(&id);
    }
}

fn replace<K: Copy + Ord>(
    index: &mut BTreeSet<(K, RouterId)>,
    known: &mut Option<K>,
    now: Option<K>,
    id: RouterId,
) {
    if *known == now {
        return;
    }
    if let Some(before) = core::mem::replace(known, now) {
        index.remove(&(before, id));
    }
    if let Some(now) = now {
        index.insert((now, id));
    }
}

fn mark(set: &mut BTreeSet<RouterId>, wanted: bool, id: RouterId) {
    if wanted {
        set.insert(id);
    } else {
        set.remove(&id);
    }
}

/// All routers of a node, in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routers {
    slots: BTreeMap<RouterId, Slot>,
    index: Index,
}

impl Routers {
    pub(crate) fn get(&self, id: &RouterId) -> Option<&Router> {
        self.slots.get(id).map(|slot| &slot.router)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &Router> {
        self.slots.values().map(|slot| &slot.router)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &RouterId> {
        self.slots.keys()
    }

    /// Lets one router change; it sees who else is concerned by what.
    pub(crate) fn touch<R>(
        &mut self,
        id: RouterId,
        act: impl FnOnce(&mut Router, &Index) -> R,
    ) -> Option<R> {
        let slot = self.slots.get_mut(&id)?;
        let result = act(&mut slot.router, &self.index);
        self.index.renew(&mut slot.entry, &slot.router);
        Some(result)
    }

    /// Lets every router change, one after the other.
    pub(crate) fn touch_all(&mut self, mut act: impl FnMut(&mut Router)) {
        for slot in self.slots.values_mut() {
            act(&mut slot.router);
            self.index.renew(&mut slot.entry, &slot.router);
        }
    }

    pub(crate) fn insert(&mut self, router: Router) {
        let id = router.id();
        self.remove(id);
        let mut slot = Slot {
            router,
            entry: Entry::default(),
        };
        self.index.renew(&mut slot.entry, &slot.router);
        self.slots.insert(id, slot);
    }

    fn remove(&mut self, id: RouterId) {
        if let Some(slot) = self.slots.remove(&id) {
            self.index.forget(&slot.entry, id);
        }
    }

    /// Forgets those of the routers that have left for which this holds.
    pub(crate) fn forget_finished(&mut self, gone: impl Fn(&Router) -> bool) {
        if self.index.finished.is_empty() {
            return;
        }
        let finished = self.index.finished.iter();
        let gone: Vec<RouterId> = finished
            .filter(|id| self.get(id).is_some_and(&gone))
            .copied()
            .collect();
        for id in gone {
            self.remove(id);
        }
    }

    /// Whether every router has left.
    pub(crate) fn are_finished(&self) -> bool {
        self.index.finished.len() == self.slots.len()
    }

    /// The first router from this number on that hears this and has not left.
    pub(crate) fn hearing(&self, what: Hearing, from: RouterId) -> Option<RouterId> {
        let range = (what, from)..=(what, RouterId(u32::MAX));
        let mut found = self.index.hearing.range(range);
        found.next().map(|(_, id)| *id)
    }

    /// Whether the address is virtual for any router.
    pub(crate) fn is_virtual(&self, address: IpAddr) -> bool {
        self.index.is_virtual(address)
    }

    /// The routers for which the address is virtual.
    pub(crate) fn with_address(&self, address: IpAddr) -> Vec<RouterId> {
        self.index.with_address(address).collect()
    }

    /// The routers that may send from a virtual address.
    pub(crate) fn senders_from_virtual(&self) -> impl Iterator<Item = &Router> {
        let ids = self.index.from_virtual.iter();
        ids.filter_map(|id| self.get(id))
    }

    /// The router whose timer is due first, of several the one with the least number.
    pub(crate) fn first_due(&self) -> Option<(Instant, RouterId)> {
        self.index.due.first().copied()
    }

    /// The routers with a timer that is due by then, in the order of their numbers.
    pub(crate) fn due(&self, by: Instant) -> Vec<RouterId> {
        let due = self.index.due.range(..=(by, RouterId(u32::MAX)));
        let mut ids: Vec<RouterId> = due.map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids
    }
}

#[cfg(test)]
mod tests;
