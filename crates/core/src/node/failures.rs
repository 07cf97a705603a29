//! What the kernel has refused, counted.

use alloc::collections::BTreeMap;

use super::Node;
use crate::input::{Change, Errno};
use crate::router::Pending;
use crate::spec::FixtureKind;

/// Refused operations by their names.
pub(super) type Failures = BTreeMap<&'static str, u64>;

impl Node {
    /// Operations that the kernel has refused: `add address`, `remove route` and so on.
    pub fn kernel_failures(&self) -> &BTreeMap<&'static str, u64> {
        &self.failures
    }

    pub(super) fn count_failures(&mut self, pending: &Pending, results: &[Result<(), Errno>]) {
        let addresses = pending.addresses.iter().map(|_| None);
        let fixtures = pending.fixtures.iter().map(|fixture| Some(fixture.kind));
        for (what, result) in addresses.chain(fixtures).zip(results) {
            let failed = result
                .err()
                .is_some_and(|error| !is_so_already(pending.change, error));
            if failed {
                let count = self.failures.entry(name(pending.change, what)).or_default();
                *count = count.saturating_add(1);
            }
        }
    }
}

/// What is there already, or gone already, is no failure.
const fn is_so_already(change: Change, error: Errno) -> bool {
    match change {
        Change::Add => matches!(error, Errno::EEXIST),
        Change::Remove => matches!(
            error,
            Errno::EADDRNOTAVAIL | Errno::ENODEV | Errno::ESRCH | Errno::ENOENT
        ),
    }
}

/// None: an address.
const fn name(change: Change, what: Option<FixtureKind>) -> &'static str {
    match (change, what) {
        (Change::Add, None) => "add address",
        (Change::Remove, None) => "remove address",
        (Change::Add, Some(FixtureKind::Route)) => "add route",
        (Change::Remove, Some(FixtureKind::Route)) => "remove route",
        (Change::Add, Some(FixtureKind::Rule)) => "add rule",
        (Change::Remove, Some(FixtureKind::Rule)) => "remove rule",
    }
}
