//! Which routes and rules the kernel should hold, and which it does.
//!
//! They follow the addresses: added after them and removed before them, in the same request.

use alloc::vec::Vec;

use super::addresses::{RECONCILE_AFTER, Status};
use super::fsm::Step;
use super::{Effects, Pending, REPORT_PERIOD, Router, State, Timer};
use crate::input::{Change, Errno};
use crate::journal::Event;
use crate::spec::{Fixture, FixtureKind, RouterSpec};

/// One route or rule and what the kernel does with it.
#[derive(Clone, Debug)]
pub(super) struct FixtureHolding {
    fixture: Fixture,
    status: Status,
    /// An earlier run of ours still answered when we started: kept until somebody else is heard.
    adopted: bool,
    /// Others deleted it and it is being put back.
    restoring: bool,
    /// It was missed and yet there: who looks can't tell it, and must not cost the role.
    mistaken: bool,
}

impl FixtureHolding {
    pub(super) fn absent(fixture: &Fixture) -> Self {
        FixtureHolding {
            fixture: fixture.clone(),
            status: Status::Absent,
            adopted: false,
            restoring: false,
            mistaken: false,
        }
    }

    fn is_removable(&self) -> bool {
        matches!(self.status, Status::Held | Status::Adding | Status::Unsure)
    }
}

/// Whether an error of a removal means that there is nothing left to remove.
pub(crate) fn is_gone(error: Errno) -> bool {
    matches!(
        error,
        Errno::ENOENT | Errno::ESRCH | Errno::ENODEV | Errno::EADDRNOTAVAIL | Errno::EAFNOSUPPORT
    )
}

impl Router {
    /// Routes and rules, and whether the kernel holds them now.
    pub fn fixtures(&self) -> impl Iterator<Item = (&Fixture, bool)> {
        self.fixtures.iter().map(|holding| {
            let there = matches!(holding.status, Status::Held | Status::Unsure);
            (&holding.fixture, there)
        })
    }

    /// Those that must be removed should we die, in this order.
    pub fn removable_fixtures(&self) -> impl Iterator<Item = &Fixture> {
        let held = self.fixtures.iter().rev();
        held.filter(|holding| holding.is_removable())
            .map(|holding| &holding.fixture)
    }

    pub(super) fn holds_fixtures(&self) -> bool {
        self.fixtures.iter().any(FixtureHolding::is_removable)
    }

    pub(super) fn owes_fixtures(&self) -> bool {
        let owes =
            |holding: &FixtureHolding| matches!(holding.status, Status::Unsure | Status::Removing);
        self.fixtures.iter().any(owes)
    }

    /// Positions in the order in which they are added.
    fn fixture_positions(&self, wanted: impl Fn(&FixtureHolding) -> bool) -> Vec<usize> {
        let all = self.fixtures.iter().enumerate();
        all.filter(|(_, holding)| wanted(holding))
            .map(|(position, _)| position)
            .collect()
    }

    /// Positions in the order in which they are removed: rules lead to routes.
    fn removal_positions(&self, wanted: impl Fn(&FixtureHolding) -> bool) -> Vec<usize> {
        let mut positions = self.fixture_positions(wanted);
        positions.reverse();
        positions
    }

    /// At the start: what an earlier run may have left is removed, unless it still answers; nobody can tell it from
    /// ours.
    pub(super) fn claim_fixtures(&mut self, adopts: bool) -> Vec<usize> {
        if adopts {
            for holding in &mut self.fixtures {
                holding.status = Status::Held;
                holding.adopted = true;
            }
        }
        // A router that leaves still needs what is the same.
        if adopts || !self.served.is_empty() {
            return Vec::new();
        }
        self.removal_positions(|_| true)
    }

    pub(super) fn take_adopted_fixtures(&mut self) -> Vec<usize> {
        self.removal_positions(|holding| holding.adopted)
    }

    pub(super) fn fixtures_to_set(&mut self, fx: &mut Effects<'_>) -> Vec<usize> {
        for kind in [FixtureKind::Route, FixtureKind::Rule] {
            if self
                .spec
                .fixtures
                .iter()
                .any(|fixture| fixture.kind == kind)
            {
                self.event(Event::SettingFixtures(kind), fx);
            }
        }
        for holding in &mut self.fixtures {
            holding.adopted = false;
        }
        self.fixture_positions(|holding| holding.status != Status::Held)
    }

    pub(super) fn fixtures_to_remove(&mut self, fx: &mut Effects<'_>) -> Vec<usize> {
        let positions = self.removal_positions(FixtureHolding::is_removable);
        for kind in [FixtureKind::Rule, FixtureKind::Route] {
            let removes =
                |holding: &FixtureHolding| holding.fixture.kind == kind && holding.is_removable();
            if self.fixtures.iter().any(removes) {
                self.event(Event::RemovingFixtures(kind), fx);
            }
        }
        positions
    }

    pub(super) fn absent_fixtures(&self) -> Vec<usize> {
        self.fixture_positions(|holding| matches!(holding.status, Status::Absent | Status::Unsure))
    }

    /// All that nothing is being done about.
    pub(super) fn wanted_fixtures(&self) -> Vec<usize> {
        self.fixture_positions(|holding| holding.status != Status::Adding)
    }

    pub(super) fn lacks_fixtures(&self, spec: &RouterSpec) -> bool {
        let has = |fixture: &Fixture| self.fixtures.iter().any(|held| held.fixture == *fixture);
        spec.fixtures.iter().any(|fixture| !has(fixture))
    }

    /// Gives up the routes and rules that `heir` is to have, unless `keeps` still has them.
    pub(super) fn hand_over_fixtures(
        &mut self,
        keeps: Option<&RouterSpec>,
        heir: &RouterSpec,
    ) -> Vec<Fixture> {
        let given = self.fixtures.extract_if(.., |holding| {
            let kept = keeps.is_some_and(|spec| spec.fixtures.contains(&holding.fixture));
            holding.status == Status::Held && !kept && heir.fixtures.contains(&holding.fixture)
        });
        given.map(|holding| holding.fixture).collect()
    }

    pub(super) fn inherit_fixtures(&mut self, given: Vec<Fixture>) {
        for fixture in given {
            self.fixtures.push(FixtureHolding {
                status: Status::Held,
                ..FixtureHolding::absent(&fixture)
            });
        }
    }

    pub(super) fn unwanted_fixtures(&self) -> Vec<usize> {
        self.removal_positions(|holding| holding.is_removable() && !holding.adopted)
    }

    pub(super) fn fixtures_not_in(&self, spec: &RouterSpec) -> Vec<usize> {
        self.removal_positions(|holding| {
            holding.is_removable() && !spec.fixtures.contains(&holding.fixture)
        })
    }

    /// A reload changed the list: what stays is not touched.
    pub(super) fn replace_fixtures(&mut self, spec: &RouterSpec) {
        let before = core::mem::take(&mut self.fixtures);
        let known = |fixture: &Fixture| before.iter().find(|known| known.fixture == *fixture);
        let now = spec.fixtures.iter().map(|fixture| {
            known(fixture).map_or_else(|| FixtureHolding::absent(fixture), Clone::clone)
        });
        self.fixtures = now.collect();
        self.digests
            .fixture_failed
            .retain(|fixture, _| spec.fixtures.contains(fixture));
    }

    /// Notes that a change is asked for, and names what it is about.
    pub(super) fn mark_fixtures(&mut self, change: Change, positions: &[usize]) -> Vec<Fixture> {
        let mut fixtures = Vec::new();
        for position in positions {
            if let Some(holding) = self.fixtures.get_mut(*position) {
                holding.status = match change {
                    Change::Add => Status::Adding,
                    Change::Remove => Status::Removing,
                };
                holding.adopted &= change == Change::Add;
                fixtures.push(holding.fixture.clone());
            }
        }
        fixtures
    }

    /// The kernel has answered.
    pub(super) fn fixtures_done(
        &mut self,
        pending: &Pending,
        results: &[Result<(), Errno>],
        fx: &mut Effects<'_>,
    ) {
        for (fixture, result) in pending.fixtures.iter().zip(results) {
            let awaited = match pending.change {
                Change::Add => Status::Adding,
                Change::Remove => Status::Removing,
            };
            let mut all = self.fixtures.iter_mut();
            let Some(holding) =
                all.find(|holding| holding.fixture == *fixture && holding.status == awaited)
            else {
                continue;
            };
            let restoring = core::mem::take(&mut holding.restoring);
            holding.mistaken |= restoring && *result == Err(Errno::EEXIST);
            let restored = restoring && result.is_ok();
            holding.status = match (pending.change, result) {
                (Change::Add, Ok(()) | Err(Errno::EEXIST)) => Status::Held,
                (Change::Add, Err(_)) | (Change::Remove, Ok(())) => Status::Absent,
                (Change::Remove, Err(error)) if is_gone(*error) => Status::Absent,
                (Change::Remove, Err(_)) => Status::Unsure,
            };
            let failed = match (pending.change, holding.status) {
                (Change::Add, Status::Held) | (Change::Remove, Status::Absent) => None,
                _ => result.err(),
            };
            if restored && pending.change == Change::Add {
                self.event(Event::FixtureRestored(fixture.clone()), fx);
            }
            if let Some(error) = failed {
                self.report_fixture(pending.change == Change::Add, fixture, error, fx);
            }
        }
    }

    fn report_fixture(
        &mut self,
        adding: bool,
        fixture: &Fixture,
        error: Errno,
        fx: &mut Effects<'_>,
    ) {
        let digests = &mut self.digests.fixture_failed;
        let digest = digests.entry(fixture.clone()).or_default();
        if digest.note(fx.now, REPORT_PERIOD).is_some() {
            let fixture = fixture.clone();
            let event = Event::FixtureFailed {
                adding,
                fixture,
                error,
            };
            self.event(event, fx);
        }
        self.set_timer(Timer::Reconcile, fx.now + RECONCILE_AFTER);
    }

    /// The kernel does not hold these. Those that are ours and that we did not remove come back in place, as
    /// addresses do.
    pub(crate) fn fixtures_missing(&mut self, missing: &[Fixture], fx: &mut Effects<'_>) {
        let serving = matches!(self.state, State::Active | State::Leaving);
        let mut lost = Vec::new();
        for (position, holding) in self.fixtures.iter_mut().enumerate() {
            let counts = holding.status == Status::Held && !holding.mistaken;
            if counts && missing.contains(&holding.fixture) {
                holding.status = Status::Absent;
                if !holding.fixture.no_track {
                    lost.push(position);
                }
            }
        }
        if lost.is_empty() || !serving || self.finished {
            return;
        }
        if !self.may_restore(fx.now) {
            return self.step(Step::AddressesLost, fx);
        }
        for position in &lost {
            if let Some(holding) = self.fixtures.get_mut(*position) {
                holding.restoring = true;
            }
        }
        self.change(Change::Add, &[], &lost, fx);
    }
}
