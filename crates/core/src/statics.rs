//! What the host holds whatever the state of its routers: static addresses, routes and rules.
//!
//! They are added at the start, changed by a reload, removed at the end, and put back when something else deletes
//! them: at once while that is rare, then every [`PATIENCE`].

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::input::{Change, Errno, HostAddress, InterfaceIndex, Origin};
use crate::interface::Interfaces;
use crate::journal::{Event, Subject};
use crate::limit::{Bucket, Digest};
use crate::router::{DELETION_WAVE, Effects, Owner, Pending, REPORT_PERIOD, RESTORES, is_gone};
use crate::spec::{Family, Fixture, Statics as Spec, VirtualAddress};
use crate::time::{Instant, Micros};

/// What the kernel refused is tried again this much later.
const RETRY_AFTER: Micros = Micros::from_secs(1);
/// What is deleted again and again is put back this often.
const PATIENCE: Micros = Micros::from_secs(20);

/// Whether the kernel has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Absent,
    Adding,
    Held,
}

/// A static entry.
#[derive(Clone, Debug)]
struct Entry<T> {
    object: T,
    status: Status,
    /// Was there before us: never removed.
    own: bool,
    /// Others deleted it and it is being put back.
    restoring: bool,
}

impl<T: Clone + PartialEq> Entry<T> {
    fn absent(object: &T) -> Self {
        Entry {
            object: object.clone(),
            status: Status::Absent,
            own: false,
            restoring: false,
        }
    }

    fn is_removable(&self) -> bool {
        self.status != Status::Absent && !self.own
    }

    /// Takes the new list; what stays keeps its state, what goes and may be there is returned.
    fn replace(entries: &mut Vec<Self>, wanted: &[T]) -> Vec<T> {
        let before = core::mem::take(entries);
        let known = |object: &T| before.iter().find(|entry| entry.object == *object).cloned();
        *entries = wanted
            .iter()
            .map(|object| known(object).unwrap_or_else(|| Entry::absent(object)))
            .collect();
        let gone = before
            .into_iter()
            .filter(|entry| entry.is_removable() && !wanted.contains(&entry.object));
        gone.map(|entry| entry.object).collect()
    }
}

/// All static entries.
#[derive(Clone, Debug)]
pub(crate) struct Statics {
    addresses: Vec<Entry<VirtualAddress>>,
    fixtures: Vec<Entry<Fixture>>,
    restores: Bucket,
    wave: Option<Instant>,
    retry: Option<Instant>,
    failed: BTreeMap<Fixture, Digest>,
    failed_addresses: BTreeMap<VirtualAddress, Digest>,
}

impl Default for Statics {
    fn default() -> Self {
        Statics {
            addresses: Vec::new(),
            fixtures: Vec::new(),
            restores: RESTORES,
            wave: None,
            retry: None,
            failed: BTreeMap::new(),
            failed_addresses: BTreeMap::new(),
        }
    }
}

fn index(address: &VirtualAddress, interfaces: &Interfaces) -> Option<InterfaceIndex> {
    let name = address.interface.as_ref()?;
    interfaces.named(name).map(|(index, _)| index)
}

impl Statics {
    /// When it wants to try again.
    pub(crate) fn next_wakeup(&self) -> Option<Instant> {
        self.retry
    }

    pub(crate) fn wake(&mut self, fx: &mut Effects<'_>) {
        if self.retry.is_some_and(|due| due <= fx.now) {
            self.retry = None;
            self.add_absent(fx);
        }
    }

    /// Applies the difference.
    pub(crate) fn apply(&mut self, spec: &Spec, fx: &mut Effects<'_>) {
        let addresses = Entry::replace(&mut self.addresses, &spec.addresses);
        let fixtures = Entry::replace(&mut self.fixtures, &spec.fixtures);
        self.failed.clear();
        self.failed_addresses.clear();
        Self::remove(addresses, fixtures, fx);
        self.add_absent(fx);
    }

    /// Removes everything that is not the host's own.
    pub(crate) fn end(&mut self, fx: &mut Effects<'_>) {
        let addresses = Entry::replace(&mut self.addresses, &[]);
        let fixtures = Entry::replace(&mut self.fixtures, &[]);
        self.retry = None;
        Self::remove(addresses, fixtures, fx);
    }

    fn remove(addresses: Vec<VirtualAddress>, mut fixtures: Vec<Fixture>, fx: &mut Effects<'_>) {
        let interfaces = fx.interfaces;
        let addresses = addresses
            .into_iter()
            .filter_map(|address| Some((index(&address, interfaces)?, address)));
        // Rules lead to routes.
        fixtures.reverse();
        fx.request(
            Owner::Statics,
            Change::Remove,
            addresses.collect(),
            fixtures,
        );
    }

    fn add_absent(&mut self, fx: &mut Effects<'_>) {
        let mut addresses = Vec::new();
        for entry in &mut self.addresses {
            if entry.status != Status::Absent {
                continue;
            }
            let Some(index) = index(&entry.object, fx.interfaces) else {
                self.retry = Some(fx.now + RETRY_AFTER);
                continue;
            };
            let present = fx.interfaces.get(index);
            let present = present.and_then(|interface| interface.address(entry.object.address));
            entry.own = present.is_some_and(|held| held.origin == Origin::Foreign);
            entry.status = Status::Adding;
            addresses.push((index, entry.object.clone()));
        }
        let mut fixtures = Vec::new();
        for entry in &mut self.fixtures {
            if entry.status == Status::Absent {
                entry.status = Status::Adding;
                fixtures.push(entry.object.clone());
            }
        }
        fx.request(Owner::Statics, Change::Add, addresses, fixtures);
    }

    /// The kernel has answered. What could not be removed is not ours to wait for.
    pub(crate) fn kernel_done(
        &mut self,
        pending: &Pending,
        results: &[Result<(), Errno>],
        fx: &mut Effects<'_>,
    ) {
        let (addresses, fixtures) = results
            .split_at_checked(pending.addresses.len())
            .unwrap_or_default();
        for (address, result) in pending.addresses.iter().zip(addresses) {
            match pending.change {
                Change::Add => self.address_added(address, *result, fx),
                Change::Remove => {}
            }
        }
        for (fixture, result) in pending.fixtures.iter().zip(fixtures) {
            match pending.change {
                Change::Add => self.fixture_added(fixture, *result, fx),
                Change::Remove => report_removal(fixture, *result, fx),
            }
        }
    }

    fn address_added(
        &mut self,
        address: &VirtualAddress,
        result: Result<(), Errno>,
        fx: &mut Effects<'_>,
    ) {
        let mut all = self.addresses.iter_mut();
        let Some(entry) = all.find(|entry| entry.object == *address) else {
            return;
        };
        let restored = core::mem::take(&mut entry.restoring);
        match result {
            Ok(()) | Err(Errno::EEXIST) => {
                entry.status = Status::Held;
                // Whoever had it has removed it meanwhile.
                entry.own &= result.is_err();
                if restored && result.is_ok() {
                    fx.event(Subject::Node, Event::AddressRestored(address.address));
                }
            }
            Err(error) => {
                entry.status = Status::Absent;
                self.retry = Some(fx.now + RETRY_AFTER);
                let digest = self.failed_addresses.entry(address.clone()).or_default();
                if digest.note(fx.now, REPORT_PERIOD).is_some() {
                    let event = Event::AddressFailed {
                        adding: true,
                        address: address.address,
                        error,
                    };
                    fx.event(Subject::Node, event);
                }
            }
        }
    }

    fn fixture_added(
        &mut self,
        fixture: &Fixture,
        result: Result<(), Errno>,
        fx: &mut Effects<'_>,
    ) {
        let mut all = self.fixtures.iter_mut();
        let Some(entry) = all.find(|entry| entry.object == *fixture) else {
            return;
        };
        let restored = core::mem::take(&mut entry.restoring);
        match result {
            Ok(()) | Err(Errno::EEXIST) => {
                entry.status = Status::Held;
                if restored && result.is_ok() {
                    fx.event(Subject::Node, Event::FixtureRestored(fixture.clone()));
                }
            }
            Err(error) => {
                entry.status = Status::Absent;
                self.retry = Some(fx.now + RETRY_AFTER);
                let digest = self.failed.entry(fixture.clone()).or_default();
                if digest.note(fx.now, REPORT_PERIOD).is_some() {
                    let event = Event::FixtureFailed {
                        adding: true,
                        fixture: fixture.clone(),
                        error,
                    };
                    fx.event(Subject::Node, event);
                }
            }
        }
    }

    /// The kernel reports that an address is gone.
    pub(crate) fn address_removed(&mut self, gone: HostAddress, fx: &mut Effects<'_>) {
        let mut lost = false;
        for entry in &mut self.addresses {
            let same = entry.status == Status::Held
                && entry.object.address == gone.address
                && entry.object.prefix == gone.prefix
                && index(&entry.object, fx.interfaces) == Some(gone.interface);
            if same {
                entry.status = Status::Absent;
                entry.restoring = !entry.object.no_track;
                lost |= entry.restoring;
            }
        }
        if lost {
            self.restore(fx);
        }
    }

    /// The kernel does not hold these.
    pub(crate) fn fixtures_missing(&mut self, missing: &[Fixture], fx: &mut Effects<'_>) {
        let mut lost = false;
        for entry in &mut self.fixtures {
            if entry.status == Status::Held && missing.contains(&entry.object) {
                entry.status = Status::Absent;
                entry.restoring = !entry.object.no_track;
                lost |= entry.restoring;
            }
        }
        if lost {
            self.restore(fx);
        }
    }

    /// An interface is gone, and with it its addresses: they come back when it does.
    pub(crate) fn forget_interface(&mut self, gone: InterfaceIndex, fx: &Effects<'_>) {
        for entry in &mut self.addresses {
            if index(&entry.object, fx.interfaces) == Some(gone) {
                entry.status = Status::Absent;
                self.retry = Some(fx.now + RETRY_AFTER);
            }
        }
    }

    fn restore(&mut self, fx: &mut Effects<'_>) {
        let in_wave = |began: Instant| fx.now.since(began) < DELETION_WAVE;
        let same_wave = self.wave.is_some_and(in_wave);
        if same_wave || self.restores.take(fx.now).is_ok() {
            if !same_wave {
                self.wave = Some(fx.now);
            }
            self.add_absent(fx);
        } else {
            let due = fx.now + PATIENCE;
            self.retry = Some(self.retry.map_or(due, |before| before.min(due)));
        }
    }

    /// Whether the kernel has been asked for an address of the family on that interface, and has not answered yet.
    pub(crate) fn is_adding(&self, interface: &str, family: Family) -> bool {
        self.addresses.iter().any(|entry| {
            entry.status == Status::Adding
                && entry.object.interface.as_deref() == Some(interface)
                && Family::of(entry.object.address) == family
        })
    }

    /// Addresses to remove should nobody come after us, and where they are.
    pub(crate) fn removable_addresses(
        &self,
        interfaces: &Interfaces,
    ) -> Vec<(InterfaceIndex, VirtualAddress)> {
        let removable = self.addresses.iter().filter(|entry| entry.is_removable());
        removable
            .filter_map(|entry| Some((index(&entry.object, interfaces)?, entry.object.clone())))
            .collect()
    }

    /// Routes and rules to remove should nobody come after us, in this order.
    pub(crate) fn removable_fixtures(&self) -> impl Iterator<Item = &Fixture> {
        let held = self.fixtures.iter().rev();
        held.filter(|entry| entry.is_removable())
            .map(|entry| &entry.object)
    }

    /// All addresses that are wanted.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &VirtualAddress> {
        self.addresses.iter().map(|entry| &entry.object)
    }

    /// All routes and rules, and whether the kernel holds them now.
    pub(crate) fn fixtures(&self) -> impl Iterator<Item = (&Fixture, bool)> {
        let held = |entry: &Entry<Fixture>| entry.status == Status::Held;
        self.fixtures
            .iter()
            .map(move |entry| (&entry.object, held(entry)))
    }
}

fn report_removal(fixture: &Fixture, result: Result<(), Errno>, fx: &mut Effects<'_>) {
    if let Err(error) = result
        && !is_gone(error)
    {
        let event = Event::FixtureFailed {
            adding: false,
            fixture: fixture.clone(),
            error,
        };
        fx.event(Subject::Node, event);
    }
}
