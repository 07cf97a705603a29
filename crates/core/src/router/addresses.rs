//! Which addresses the kernel should hold, and which it does.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::fsm::Step;
use super::{DELETION_WAVE, Effects, Owner, Pending, REPORT_PERIOD, Router, State, Timer};
use crate::input::{Change, Errno, HostAddress, InterfaceIndex, Origin};
use crate::interface::Interfaces;
use crate::journal::Event;
use crate::spec::{Family, RouterSpec, VirtualAddress};
use crate::time::{Instant, Micros};

/// Addresses added by the first request, so that some answer within a millisecond, ...
const ADDRESSES_AT_FIRST: usize = 64;
/// ... and by each later one, which costs the loop some milliseconds; routes and rules come with the last.
const ADDRESSES_PER_REQUEST: usize = 256;
/// Addresses that the kernel refused are tried again this much later.
pub(crate) const RECONCILE_AFTER: Micros = Micros::from_secs(1);

/// What an interface tells an address by: it and its prefix length.
type Number = (IpAddr, u8);

fn number(address: &VirtualAddress) -> Number {
    (address.address, address.prefix)
}

/// One address and what the kernel does with it.
#[derive(Clone, Debug)]
pub(super) struct Holding {
    address: VirtualAddress,
    status: Status,
    /// Was on the interface before us and is the host's own: never removed.
    own: bool,
    /// It was the host's own until its interface vanished.
    returns: bool,
    /// An earlier run of ours still answered for it when we started: kept until somebody else is
    /// heard.
    adopted: bool,
    /// Others deleted it and it is being put back.
    restoring: bool,
}

/// Whether the kernel has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Absent,
    Adding,
    Held,
    Removing,
    /// The kernel refused to remove it: perhaps it is there.
    Unsure,
}

impl Holding {
    pub(super) fn absent(address: &VirtualAddress) -> Self {
        Holding {
            address: address.clone(),
            status: Status::Absent,
            own: false,
            returns: false,
            adopted: false,
            restoring: false,
        }
    }

    fn is_removable(&self) -> bool {
        let there = matches!(self.status, Status::Held | Status::Adding | Status::Unsure);
        there && !self.own
    }

    fn may_be_there(&self) -> bool {
        matches!(self.status, Status::Held | Status::Unsure)
    }

    fn interface(&self, router: &RouterSpec, interfaces: &Interfaces) -> Option<InterfaceIndex> {
        let name = self.address.interface.as_ref().unwrap_or(&router.interface);
        interfaces.named(name).map(|(index, _)| index)
    }
}

impl Router {
    /// The addresses and whether the kernel holds them now.
    pub fn addresses(&self) -> impl Iterator<Item = (&VirtualAddress, bool)> {
        self.holdings
            .iter()
            .map(|holding| (&holding.address, holding.may_be_there()))
    }

    /// The addresses that must be removed should we die, and where they are.
    pub fn removable_addresses(
        &self,
        interfaces: &Interfaces,
    ) -> Vec<(InterfaceIndex, VirtualAddress)> {
        let removable = self
            .holdings
            .iter()
            .filter(|holding| holding.is_removable());
        removable
            .filter_map(|holding| {
                let index = holding.interface(&self.spec, interfaces)?;
                Some((index, holding.address.clone()))
            })
            .collect()
    }

    pub(super) fn held_addresses(&self, interfaces: &Interfaces) -> Vec<(InterfaceIndex, IpAddr)> {
        let held = self
            .holdings
            .iter()
            .filter(|holding| holding.status == Status::Held);
        held.filter_map(|holding| {
            let index = holding.interface(&self.spec, interfaces)?;
            Some((index, holding.address.address))
        })
        .collect()
    }

    /// The first address, wherever it is to be held, and its interface.
    pub(super) fn probed_address(&self, fx: &Effects<'_>) -> Option<(InterfaceIndex, IpAddr)> {
        let holding = self.holdings.first()?;
        let interface = holding.interface(&self.spec, fx.interfaces)?;
        Some((interface, holding.address.address))
    }

    pub(super) fn holds_any(&self) -> bool {
        self.holdings.iter().any(Holding::is_removable) || self.holds_fixtures()
    }

    /// Whether a removal has been refused, or not been answered yet.
    pub(crate) fn owes_removals(&self) -> bool {
        let owes = |holding: &Holding| matches!(holding.status, Status::Unsure | Status::Removing);
        self.holdings.iter().any(owes) || self.owes_fixtures()
    }

    pub(super) fn holds_own(&self) -> bool {
        self.holdings.iter().any(|holding| holding.own)
    }

    /// Whether there is something to leave behind: a role, or addresses of a dead predecessor.
    pub(crate) fn has_estate(&self) -> bool {
        self.is_serving() || self.holdings.iter().any(|holding| holding.adopted)
    }

    /// Whether a virtual address may be what this router sends from: an owner's, or the host's own.
    pub(crate) fn sends_from_virtual(&self) -> bool {
        self.spec.is_owner() || self.holds_own()
    }

    /// Changes whenever the list of addresses does, or which of them are the host's own.
    pub(crate) fn holdings_version(&self) -> u32 {
        self.holdings_version
    }

    fn renew_holdings_version(&mut self) {
        self.holdings_version = self.holdings_version.wrapping_add(1);
    }

    /// Whether this is one of our virtual addresses.
    pub(crate) fn has_address(&self, address: IpAddr) -> bool {
        self.holdings
            .iter()
            .any(|holding| holding.address.address == address)
    }

    /// Whether this is one of our virtual addresses there.
    pub(crate) fn has_address_on(
        &self,
        interface: InterfaceIndex,
        address: IpAddr,
        interfaces: &Interfaces,
    ) -> bool {
        let there = |holding: &Holding| {
            holding.address.address == address
                && holding.interface(&self.spec, interfaces) == Some(interface)
        };
        self.holdings.iter().any(there)
    }

    /// At the start: what is on the interface already? What an earlier run left is removed, or kept
    /// if it still answers; what is the host's own stays for ever.
    pub(super) fn claim_leftovers(&mut self, fx: &mut Effects<'_>) {
        self.renew_holdings_version();
        let mut stale = Vec::new();
        for position in 0..self.holdings.len() {
            let Some(present) = self.present(position, fx.interfaces) else {
                continue;
            };
            if self.served.contains(&present.address) {
                continue;
            }
            let own = present.origin == Origin::Foreign
                && (self.spec.is_owner() || self.is_only_address(present, fx.interfaces));
            let Some(holding) = self.holdings.get_mut(position) else {
                continue;
            };
            holding.status = Status::Held;
            holding.own = own;
            holding.adopted = present.origin == Origin::Serving;
            if own {
                self.event(Event::AddressKept(present.address), fx);
            } else if present.origin != Origin::Serving {
                stale.push(position);
            }
        }
        let adopts = self.holdings.iter().any(|holding| holding.adopted);
        let left = self.claim_fixtures(adopts);
        self.change(Change::Remove, &stale, &left, fx);
    }

    fn present(&self, position: usize, interfaces: &Interfaces) -> Option<HostAddress> {
        let holding = self.holdings.get(position)?;
        let index = holding.interface(&self.spec, interfaces)?;
        let interface = interfaces.get(index)?;
        interface.address(holding.address.address).copied()
    }

    /// Whether the interface would have no address of the family left without this one.
    fn is_only_address(&self, present: HostAddress, interfaces: &Interfaces) -> bool {
        let family = Family::of(present.address);
        let Some(interface) = interfaces.get(present.interface) else {
            return false;
        };
        interface
            .source(family, |address| self.has_address(address))
            .is_none()
    }

    /// Somebody else serves: an adopted address is no longer needed.
    pub(super) fn let_go_of_adopted(&mut self, fx: &mut Effects<'_>) {
        let adopted = self.positions(|holding| holding.adopted);
        for holding in &mut self.holdings {
            holding.adopted = false;
        }
        let fixtures = self.take_adopted_fixtures();
        self.change(Change::Remove, &adopted, &fixtures, fx);
    }

    pub(super) fn add_addresses(&mut self, fx: &mut Effects<'_>) {
        for holding in &mut self.holdings {
            holding.adopted = false;
        }
        let absent = self.positions(|holding| holding.status != Status::Held);
        let count = self.holdings.len();
        if count > 0 {
            self.event(Event::SettingAddresses(count), fx);
        }
        let held = self.held_addresses(fx.interfaces);
        let fixtures = self.fixtures_to_set(fx);
        self.change(Change::Add, &absent, &fixtures, fx);
        if !held.is_empty() {
            self.announce_added(held, fx);
        }
    }

    pub(super) fn remove_addresses(&mut self, fx: &mut Effects<'_>) {
        let fixtures = self.fixtures_to_remove(fx);
        let removable = self.positions(Holding::is_removable);
        if !removable.is_empty() {
            self.event(Event::RemovingAddresses(removable.len()), fx);
        }
        self.change(Change::Remove, &removable, &fixtures, fx);
    }

    pub(super) fn remove_address(&mut self, address: IpAddr, fx: &mut Effects<'_>) {
        let matching =
            self.positions(|holding| holding.address.address == address && holding.is_removable());
        self.change(Change::Remove, &matching, &[], fx);
    }

    fn positions(&self, wanted: impl Fn(&Holding) -> bool) -> Vec<usize> {
        let all = self.holdings.iter().enumerate();
        all.filter(|(_, holding)| wanted(holding))
            .map(|(position, _)| position)
            .collect()
    }

    /// Asks the kernel to change addresses, and routes and rules with them; addresses on an interface that is gone are
    /// absent anyway.
    pub(super) fn change(
        &mut self,
        change: Change,
        positions: &[usize],
        fixtures: &[usize],
        fx: &mut Effects<'_>,
    ) {
        let mut targets = Vec::new();
        for position in positions {
            let Some(holding) = self.holdings.get_mut(*position) else {
                continue;
            };
            match (holding.interface(&self.spec, fx.interfaces), change) {
                (Some(index), Change::Add) => {
                    holding.status = Status::Adding;
                    targets.push((index, holding.address.clone()));
                }
                (Some(index), Change::Remove) => {
                    holding.status = Status::Removing;
                    holding.adopted = false;
                    targets.push((index, holding.address.clone()));
                }
                (None, Change::Add) => {
                    let address = holding.address.address;
                    self.report_failure(true, address, Errno::ENODEV, fx);
                }
                (None, Change::Remove) => holding.status = Status::Absent,
            }
        }
        let fixtures = self.mark_fixtures(change, fixtures);
        let owner = Owner::Router(self.id);
        // What is added is announced with the end of its request: the first ones answer before the last are there.
        let mut count = ADDRESSES_AT_FIRST;
        while change == Change::Add && targets.len() > count {
            let rest = targets.split_off(count);
            count = ADDRESSES_PER_REQUEST;
            fx.request(
                owner,
                change,
                core::mem::replace(&mut targets, rest),
                Vec::new(),
            );
        }
        fx.request(owner, change, targets, fixtures);
    }

    /// The kernel has answered.
    pub(crate) fn kernel_done(
        &mut self,
        pending: &Pending,
        results: &[Result<(), Errno>],
        fx: &mut Effects<'_>,
    ) {
        let mut announced = Vec::new();
        for (position, result) in self.answered(pending).into_iter().zip(results) {
            let Some(position) = position else {
                continue;
            };
            match pending.change {
                Change::Add => announced.extend(self.added(position, *result, fx)),
                Change::Remove => self.removed(position, *result, fx),
            }
        }
        let results = results.get(pending.addresses.len()..).unwrap_or_default();
        self.fixtures_done(pending, results, fx);
        if self.state == State::Active && !announced.is_empty() {
            self.announce_added(announced, fx);
        }
    }

    /// Which holding each address of an answered request is, if one still waits for the answer. One walk for all: of
    /// several that are the same the first answer is for the first.
    fn answered(&self, pending: &Pending) -> Vec<Option<usize>> {
        let awaited = match pending.change {
            Change::Add => Status::Adding,
            Change::Remove => Status::Removing,
        };
        let mut found = Vec::from_iter(pending.addresses.iter().map(|_| None));
        let mut asked: BTreeMap<Number, Vec<usize>> = BTreeMap::new();
        for (order, address) in pending.addresses.iter().enumerate().rev() {
            asked.entry(number(address)).or_default().push(order);
        }
        for (position, holding) in self.holdings.iter().enumerate() {
            if asked.is_empty() {
                break;
            }
            if holding.status != awaited {
                continue;
            }
            let number = number(&holding.address);
            let Some(orders) = asked.get_mut(&number) else {
                continue;
            };
            let order = orders.pop();
            if orders.is_empty() {
                asked.remove(&number);
            }
            if let Some(slot) = order.and_then(|order| found.get_mut(order)) {
                *slot = Some(position);
            }
        }
        found
    }

    fn added(
        &mut self,
        position: usize,
        result: Result<(), Errno>,
        fx: &mut Effects<'_>,
    ) -> Option<(InterfaceIndex, IpAddr)> {
        let holding = self.holdings.get_mut(position)?;
        let address = holding.address.address;
        let restoring = core::mem::take(&mut holding.restoring);
        match result {
            Ok(()) | Err(Errno::EEXIST) => {
                holding.status = Status::Held;
                let index = holding.interface(&self.spec, fx.interfaces)?;
                if restoring && result.is_ok() {
                    self.event(Event::AddressRestored(address), fx);
                }
                Some((index, address))
            }
            Err(error) => {
                // A removal before it may have been refused as well: what the kernel shows counts.
                let index = holding.interface(&self.spec, fx.interfaces);
                let interface = index.and_then(|index| fx.interfaces.get(index));
                let there = interface.is_some_and(|it| it.address(address).is_some());
                holding.status = if there { Status::Held } else { Status::Absent };
                self.report_failure(true, address, error, fx);
                index.filter(|_| there).map(|index| (index, address))
            }
        }
    }

    fn removed(&mut self, position: usize, result: Result<(), Errno>, fx: &mut Effects<'_>) {
        let Some(holding) = self.holdings.get_mut(position) else {
            return;
        };
        let address = holding.address.address;
        match result {
            Ok(()) | Err(Errno::EADDRNOTAVAIL | Errno::ENODEV) => holding.status = Status::Absent,
            Err(error) => {
                holding.status = Status::Unsure;
                self.report_failure(false, address, error, fx);
            }
        }
    }

    fn report_failure(
        &mut self,
        adding: bool,
        address: IpAddr,
        error: Errno,
        fx: &mut Effects<'_>,
    ) {
        self.witness_refusal(fx.now, adding, address, error);
        let event = Event::AddressFailed {
            adding,
            address,
            error,
        };
        let digest = self.digests.address_failed.entry(address).or_default();
        if digest.note(fx.now, REPORT_PERIOD).is_some() {
            self.event(event, fx);
        }
        self.set_timer(Timer::Reconcile, fx.now + RECONCILE_AFTER);
    }

    /// Tries again what the kernel refused.
    pub(super) fn reconcile(&mut self, fx: &mut Effects<'_>) {
        if self.state == State::Active {
            let absent =
                self.positions(|holding| matches!(holding.status, Status::Absent | Status::Unsure));
            let fixtures = self.absent_fixtures();
            self.change(Change::Add, &absent, &fixtures, fx);
        } else {
            let left = self.positions(|holding| holding.is_removable() && !holding.adopted);
            let fixtures = self.unwanted_fixtures();
            self.change(Change::Remove, &left, &fixtures, fx);
        }
    }

    /// The kernel reports that an address is gone. If it was ours and we did not ask for that, it
    /// comes back in place, three times a minute.
    pub(crate) fn address_removed(&mut self, gone: HostAddress, fx: &mut Effects<'_>) {
        let serving = matches!(self.state, State::Active | State::Leaving);
        let held = self.holdings.iter().position(|holding| {
            holding.address.address == gone.address
                && holding.address.prefix == gone.prefix
                && holding.status == Status::Held
                && holding.interface(&self.spec, fx.interfaces) == Some(gone.interface)
        });
        let Some(position) = held else {
            return;
        };
        let Some(holding) = self.holdings.get_mut(position) else {
            return;
        };
        holding.status = Status::Absent;
        if !serving || holding.address.no_track || self.finished {
            return;
        }
        self.witness_deletion(fx.now, gone.address);
        if self.may_restore(fx.now) {
            if let Some(holding) = self.holdings.get_mut(position) {
                holding.restoring = true;
            }
            self.change(Change::Add, &[position], &[], fx);
        } else {
            self.step(Step::AddressesLost, fx);
        }
    }

    /// Whether what others deleted is put back: everything that goes within one wave, and three waves a minute.
    pub(super) fn may_restore(&mut self, now: Instant) -> bool {
        let in_wave = |began: Instant| now.since(began) < DELETION_WAVE;
        if self.deletion_wave.is_some_and(in_wave) {
            return true;
        }
        let may = self.restores.take(now).is_ok();
        if may {
            self.deletion_wave = Some(now);
        }
        may
    }

    /// The interface is gone, and all addresses on it.
    pub(crate) fn forget_interface(&mut self, index: InterfaceIndex, interfaces: &Interfaces) {
        self.renew_holdings_version();
        for holding in &mut self.holdings {
            if holding.interface(&self.spec, interfaces) == Some(index) {
                holding.status = Status::Absent;
                holding.returns |= core::mem::take(&mut holding.own);
            }
        }
    }

    /// An address came. If it was the host's own before its interface vanished it is so again.
    pub(crate) fn address_returned(&mut self, came: HostAddress, fx: &mut Effects<'_>) {
        if came.origin != Origin::Foreign {
            return;
        }
        let returns = |holding: &Holding| {
            holding.returns
                && holding.status == Status::Absent
                && holding.address.address == came.address
                && holding.interface(&self.spec, fx.interfaces) == Some(came.interface)
        };
        let Some(position) = self.holdings.iter().position(returns) else {
            return;
        };
        if let Some(holding) = self.holdings.get_mut(position) {
            holding.status = Status::Held;
            holding.own = true;
            holding.returns = false;
            self.renew_holdings_version();
            self.event(Event::AddressKept(came.address), fx);
        }
    }

    /// Addresses of `spec` that it has not, or not like this.
    pub(super) fn lacks_addresses(&self, spec: &RouterSpec) -> bool {
        if self.holds_what_stands_in(spec) {
            return false;
        }
        let held: BTreeSet<&VirtualAddress> = self.holdings.iter().map(|it| &it.address).collect();
        spec.all_addresses().any(|address| !held.contains(address))
    }

    /// Whether it has the same addresses in the same order: most reloads leave them alone.
    fn holds_what_stands_in(&self, spec: &RouterSpec) -> bool {
        let held = self.holdings.iter().map(|holding| &holding.address);
        held.eq(spec.all_addresses())
    }

    /// Gives up the addresses that `heir` is to have where they are, unless `keeps` still has them: those that stay as
    /// they are are returned in the heir's words, the others are removed.
    pub(super) fn hand_over_addresses(
        &mut self,
        keeps: Option<&RouterSpec>,
        heir: &RouterSpec,
        fx: &mut Effects<'_>,
    ) -> Vec<VirtualAddress> {
        self.renew_holdings_version();
        let mut free = self.free_to_give(keeps);
        if free.is_empty() {
            return Vec::new();
        }
        let mut given = Vec::new();
        let mut positions = BTreeSet::new();
        for address in heir.all_addresses() {
            let Some(candidates) = free.get_mut(&number(address)) else {
                continue;
            };
            let name = address.interface.as_ref().unwrap_or(&heir.interface);
            let there = fx.interfaces.named(name).map(|(index, _)| index);
            let found = candidates.iter().position(|position| {
                let holding = self.holdings.get(*position);
                holding.is_some_and(|it| it.interface(&self.spec, fx.interfaces) == there)
            });
            let Some(position) = found.map(|found| candidates.remove(found)) else {
                continue;
            };
            let same = self.holdings.get(position).is_some_and(|holding| {
                let in_its_words = VirtualAddress {
                    interface: address.interface.clone(),
                    ..holding.address.clone()
                };
                in_its_words == *address
            });
            if same {
                positions.insert(position);
                given.push(address.clone());
            } else {
                self.change(Change::Remove, &[position], &[], fx);
            }
        }
        let mut position = 0..;
        self.holdings
            .retain(|_| position.next().is_none_or(|it| !positions.contains(&it)));
        given
    }

    /// Where the addresses are that another router may have, unless `keeps` has them.
    fn free_to_give(&self, keeps: Option<&RouterSpec>) -> BTreeMap<Number, Vec<usize>> {
        let mut free: BTreeMap<Number, Vec<usize>> = BTreeMap::new();
        if keeps.is_some_and(|spec| self.holds_what_stands_in(spec)) {
            return free;
        }
        let kept: BTreeSet<&VirtualAddress> =
            keeps.iter().flat_map(|spec| spec.all_addresses()).collect();
        for (position, holding) in self.holdings.iter().enumerate() {
            let held = holding.status == Status::Held && !holding.own;
            if held && !kept.contains(&holding.address) {
                free.entry(number(&holding.address))
                    .or_default()
                    .push(position);
            }
        }
        free
    }

    pub(super) fn inherit_addresses(&mut self, given: Vec<VirtualAddress>) {
        self.renew_holdings_version();
        for address in given {
            self.holdings.push(Holding {
                status: Status::Held,
                ..Holding::absent(&address)
            });
        }
    }

    /// A reload changed the list: only the difference is applied. The host's own stays its own,
    /// whatever else the file now says of it. True if anything may have been removed.
    pub(super) fn replace_addresses(&mut self, spec: &RouterSpec, fx: &mut Effects<'_>) -> bool {
        self.renew_holdings_version();
        if self.holds_what_stands_in(spec) {
            let fixtures = self.fixtures_not_in(spec);
            self.change(Change::Remove, &[], &fixtures, fx);
            self.replace_fixtures(spec);
            return false;
        }
        let wanted: BTreeSet<&VirtualAddress> = spec.all_addresses().collect();
        let gone = self.positions(|it| it.is_removable() && !wanted.contains(&it.address));
        let fixtures = self.fixtures_not_in(spec);
        self.change(Change::Remove, &gone, &fixtures, fx);
        self.replace_fixtures(spec);
        let mut own: BTreeMap<Number, Holding> = BTreeMap::new();
        for holding in self
            .holdings
            .extract_if(.., |it| !wanted.contains(&it.address))
            .filter(|holding| holding.own || holding.returns)
        {
            own.entry(number(&holding.address)).or_insert(holding);
        }
        let held = self
            .holdings
            .iter()
            .filter_map(|it| wanted.get(&it.address));
        let mut known: BTreeSet<&VirtualAddress> = held.copied().collect();
        for address in spec.all_addresses() {
            if known.insert(address) {
                let kept = own.get(&number(address));
                self.holdings.push(Holding {
                    own: kept.is_some_and(|known| known.own),
                    returns: kept.is_some_and(|known| known.returns),
                    status: kept.map_or(Status::Absent, |known| known.status),
                    ..Holding::absent(address)
                });
            }
        }
        !gone.is_empty()
    }

    /// After a reload an Active router holds whatever is wanted now. The kernel takes the routes whose source was an
    /// address that was `removed`, and says nothing: they are asked for again.
    pub(super) fn add_missing(&mut self, removed: bool, fx: &mut Effects<'_>) {
        let absent = self.positions(|holding| holding.status == Status::Absent);
        let fixtures = match removed {
            true => self.wanted_fixtures(),
            false => self.absent_fixtures(),
        };
        self.change(Change::Add, &absent, &fixtures, fx);
    }
}
