//! Routes and rules on the live host: what core knows by their texts becomes requests, and what is missing is noticed.

use std::collections::BTreeMap;

use standfast_core::spec::Fixture;
use standfast_core::{Instant, Micros, Node};
use standfast_linux::InterfaceName;
use standfast_linux::netlink::{RoutingRequest, RoutingTables};

use crate::lower::Entries;

/// A look at the kernel's tables comes at most this often; the first sign is followed at once.
const LOOK_PERIOD: Micros = Micros::from_millis(200);

fn index(node: &Node, name: InterfaceName) -> Option<u32> {
    let (index, _) = node.interfaces().named(name.as_str())?;
    Some(index.0)
}

/// The request that adds it; `None` if an interface that it needs is gone.
pub(crate) fn addition(
    entries: &Entries,
    fixture: &Fixture,
    node: &Node,
) -> Option<RoutingRequest> {
    let entry = entries.get(&fixture.text)?;
    entry.addition(&|name| index(node, name)).ok()
}

/// The request that removes it; `None` if an interface that it needs is gone, and it with that.
pub(crate) fn removal(entries: &Entries, fixture: &Fixture, node: &Node) -> Option<RoutingRequest> {
    let entry = entries.get(&fixture.text)?;
    entry.removal(&|name| index(node, name)).ok()
}

/// Which of those that the kernel should hold, and whose loss matters, it does not.
pub(crate) fn missing(entries: &Entries, node: &Node, tables: &RoutingTables) -> Vec<Fixture> {
    let resolve = |name| index(node, name);
    let lost = |fixture: &Fixture| {
        let entry = entries.get(&fixture.text);
        entry.is_some_and(|entry| !tables.holds(entry, &resolve))
    };
    watched(node).filter(|it| lost(it)).cloned().collect()
}

/// What the kernel should hold, and whose loss matters.
pub(crate) fn watched(node: &Node) -> impl Iterator<Item = &Fixture> {
    let held = node
        .fixtures()
        .filter(|(fixture, held)| *held && !fixture.no_track);
    held.map(|(fixture, _)| fixture)
}

/// Forgets what nobody is configured to hold any more.
pub(crate) fn retain(entries: &mut Entries, node: &Node) {
    let known: BTreeMap<&str, ()> = node.fixtures().map(|(it, _)| (&*it.text, ())).collect();
    entries.retain(|text, _| known.contains_key(&**text));
}

/// When to look at the kernel's tables.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    due: Option<Instant>,
    last: Option<Instant>,
}

impl Watch {
    /// Something may be missing.
    pub(crate) fn suspect(&mut self, now: Instant) {
        let earliest = self.last.map_or(now, |last| last + LOOK_PERIOD);
        self.due.get_or_insert(earliest.max(now));
    }

    /// When a look is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is due now; then it counts as done.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.due = None;
            self.last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sign_counts_at_once_and_a_storm_of_them_five_times_a_second() {
        let mut watch = Watch::default();
        let at = |ms: u64| Instant(1_000_000 + ms * 1_000);
        watch.suspect(at(0));
        assert!(watch.take(at(0)));
        watch.suspect(at(1));
        watch.suspect(at(150));
        assert!(!watch.take(at(199)));
        assert_eq!(watch.due(), Some(at(200)));
        assert!(watch.take(at(201)));
        assert!(!watch.take(at(500)));
    }
}
