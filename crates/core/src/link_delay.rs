//! Links whose changes have to last before they count (keepalived.conf(5): `interface_up_down_delays`).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::input::{InterfaceIndex, Link};
use crate::spec::LinkDelay;
use crate::time::{Instant, Micros};

/// Changes of links that do not count yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct LinkDelays {
    delays: Vec<LinkDelay>,
    pending: BTreeMap<InterfaceIndex, (bool, Instant)>,
}

impl LinkDelays {
    pub(crate) fn apply(&mut self, delays: Vec<LinkDelay>) {
        self.delays = delays;
    }

    /// What of a link counts now. `known`: what counts of it until now; nothing of a new one, which
    /// counts as down until then. What is there before the first configuration counts as it is.
    pub(crate) fn filter(&mut self, now: Instant, mut link: Link, known: Option<bool>) -> Link {
        let (counts, delay) = (known.unwrap_or(false), self.delay(&link));
        if link.up == counts || delay == Micros::ZERO {
            self.pending.remove(&link.index);
            return link;
        }
        let pending = (link.up, now + delay);
        self.pending.entry(link.index).or_insert(pending);
        link.up = counts;
        link
    }

    fn delay(&self, link: &Link) -> Micros {
        let found = self
            .delays
            .iter()
            .find(|delay| delay.interface == link.name);
        found.map_or(
            Micros::ZERO,
            |delay| if link.up { delay.up } else { delay.down },
        )
    }

    pub(crate) fn forget(&mut self, index: InterfaceIndex) {
        self.pending.remove(&index);
    }

    /// The links that count as something else from now on.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<(InterfaceIndex, bool)> {
        let due = self.pending.extract_if(.., |_, (_, at)| *at <= now);
        due.map(|(index, (up, _))| (index, up)).collect()
    }

    pub(crate) fn next_wakeup(&self) -> Option<Instant> {
        self.pending.values().map(|(_, at)| *at).min()
    }
}
