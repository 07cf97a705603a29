//! Tracked objects that something outside looks at: numbers in files, how many processes run, BFD
//! sessions (keepalived.conf(5): `track_file`, `vrrp_track_process`, `track_bfd`).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::journal::{Event, Subject};
use crate::spec::{Effect, Tracked, TrackerKind, TrackerSpec, Weight};
use crate::time::{Instant, Micros};

/// What a tracked object counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has looked yet; routers that track it wait.
    Pending,
    /// A number that is multiplied with the weight.
    Number(i32),
    /// Up or down.
    Up(bool),
}

impl Standing {
    /// What it does to a router that tracks it with that weight; `None` while nobody has looked.
    pub fn effect(self, weight: Weight) -> Option<Effect> {
        match self {
            Standing::Pending => None,
            Standing::Number(number) => Some(weight.effect_of_number(number)),
            Standing::Up(up) => Some(weight.effect(up)),
        }
    }
}

/// One tracked object and what was seen of it.
#[derive(Clone, Debug)]
pub struct Tracker {
    spec: TrackerSpec,
    standing: Standing,
    /// The last observation, whatever it counts as.
    seen: Option<i32>,
    /// When what was seen begins to count.
    due: Option<Instant>,
}

impl Tracker {
    /// An object that nobody has looked at yet, or one that a reload keeps: what was known of it
    /// counts until it is looked at again, so that a reload alone moves no priority.
    fn new(spec: TrackerSpec, before: Option<Tracker>) -> Self {
        let seen = before.as_ref().and_then(|before| before.seen);
        let standing = match (&spec.kind, before, seen) {
            (TrackerKind::Session, None, _) => Standing::Up(false),
            (_, Some(before), _) if before.spec == spec => return before,
            (TrackerKind::Quorum(_), Some(_), Some(count)) => spec.kind.judge(count),
            (_, Some(before), _) => before.standing,
            (TrackerKind::Number | TrackerKind::Quorum(_), None, _) => Standing::Pending,
        };
        Tracker {
            spec,
            standing,
            seen,
            due: None,
        }
    }

    /// What it is.
    pub fn spec(&self) -> &TrackerSpec {
        &self.spec
    }

    /// What it counts as.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// What was seen last: the number, how many processes, or 1 for a session that is up.
    pub fn seen(&self) -> Option<i32> {
        self.seen
    }

    /// Somebody has looked. True if it counts as something else now. The first look counts at once;
    /// what a process count says later has to last for its delay.
    fn observe(&mut self, now: Instant, seen: i32) -> bool {
        let before = self.seen.replace(seen);
        let wanted = self.spec.kind.judge(seen);
        if wanted == self.standing {
            self.due = None;
            return false;
        }
        let delay = match (&self.spec.kind, before) {
            (TrackerKind::Quorum(quorum), Some(before)) if seen > before => quorum.gain_delay,
            (TrackerKind::Quorum(quorum), Some(before)) if seen < before => quorum.loss_delay,
            // Looked at again, and nothing has moved: whatever runs goes on running.
            (TrackerKind::Quorum(_), Some(_)) if self.due.is_some() => return false,
            _ => Micros::ZERO,
        };
        if delay > Micros::ZERO {
            self.due = Some(self.due.unwrap_or(now + delay));
            return false;
        }
        self.settle(wanted)
    }

    fn settle(&mut self, standing: Standing) -> bool {
        self.due = None;
        core::mem::replace(&mut self.standing, standing) != standing
    }

    /// True if what was seen begins to count now.
    fn wake(&mut self, now: Instant) -> bool {
        match (self.due, self.seen) {
            (Some(due), Some(seen)) if due <= now => self.settle(self.spec.kind.judge(seen)),
            _ => false,
        }
    }

    fn event(&self) -> (Subject, Event) {
        let event = match self.standing {
            Standing::Up(up) => Event::TrackedIs { up },
            Standing::Number(number) => Event::TrackedNumber(number),
            Standing::Pending => Event::TrackedNumber(0),
        };
        (Subject::Tracked(self.spec.object.clone()), event)
    }
}

impl TrackerKind {
    /// What an observation counts as, if it lasts.
    fn judge(&self, seen: i32) -> Standing {
        match self {
            TrackerKind::Number => Standing::Number(seen),
            TrackerKind::Session => Standing::Up(seen > 0),
            TrackerKind::Quorum(quorum) => {
                let count = u32::try_from(seen).unwrap_or(0);
                let few = count < quorum.least;
                let many = quorum.most.is_some_and(|most| count > most);
                Standing::Up(!few && !many)
            }
        }
    }
}

/// All tracked objects of a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trackers {
    all: BTreeMap<Tracked, Tracker>,
}

impl Trackers {
    /// A reload: the first of each object counts.
    pub(crate) fn apply(&mut self, specs: Vec<TrackerSpec>) {
        let mut before = core::mem::take(&mut self.all);
        for spec in specs {
            if !self.all.contains_key(&spec.object) {
                let known = before.remove(&spec.object);
                self.all
                    .insert(spec.object.clone(), Tracker::new(spec, known));
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Tracker> {
        self.all.values()
    }

    pub(crate) fn standing(&self, object: &Tracked) -> Option<Standing> {
        self.all.get(object).map(Tracker::standing)
    }

    /// What to write down if the observation changed something.
    pub(crate) fn observe(
        &mut self,
        now: Instant,
        object: &Tracked,
        seen: i32,
    ) -> Option<(Subject, Event)> {
        let tracker = self.all.get_mut(object)?;
        tracker.observe(now, seen).then(|| tracker.event())
    }

    /// What to write down of the objects whose delay has passed.
    pub(crate) fn wake(&mut self, now: Instant) -> Vec<(Subject, Event)> {
        let due = self
            .all
            .values_mut()
            .filter_map(|tracker| tracker.wake(now).then(|| tracker.event()));
        due.collect()
    }

    pub(crate) fn next_wakeup(&self) -> Option<Instant> {
        self.all.values().filter_map(|tracker| tracker.due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Quorum;
    use alloc::string::String;

    fn process(least: u32, most: Option<u32>, delay: u64) -> Tracker {
        let quorum = Quorum {
            least,
            most,
            gain_delay: Micros::from_secs(delay),
            loss_delay: Micros::from_secs(2 * delay),
        };
        let spec = TrackerSpec {
            object: Tracked::Process(String::from("p")),
            definition: String::new(),
            kind: TrackerKind::Quorum(quorum),
        };
        Tracker::new(spec, None)
    }

    fn at(seconds: u64) -> Instant {
        Instant(seconds * 1_000_000)
    }

    #[test]
    fn a_quorum_has_two_ends() {
        let kind = process(2, Some(3), 0).spec.kind;
        let up: Vec<Standing> = (0..5).map(|count| kind.judge(count)).collect();
        assert_eq!(
            up,
            [false, false, true, true, false].map(Standing::Up).to_vec()
        );
    }

    #[test]
    fn the_first_look_counts_at_once_and_changes_only_after_their_delay() {
        let mut process = process(1, None, 1);
        assert_eq!(process.standing(), Standing::Pending);
        assert!(process.observe(at(0), 1));
        assert!(!process.observe(at(10), 0));
        assert!(!process.wake(at(11)));
        assert_eq!(process.standing(), Standing::Up(true));
        assert!(process.wake(at(12)));
        assert_eq!(process.standing(), Standing::Up(false));
        assert!(!process.observe(at(20), 1));
        assert!(process.wake(at(21)));
    }

    #[test]
    fn a_change_that_does_not_last_is_none() {
        let mut process = process(1, None, 1);
        process.observe(at(0), 1);
        process.observe(at(10), 0);
        assert!(!process.observe(at(11), 1));
        assert!(!process.wake(at(30)));
        assert_eq!(process.standing(), Standing::Up(true));
    }

    #[test]
    fn looking_again_neither_hurries_nor_postpones_a_change() {
        let mut process = process(1, None, 1);
        process.observe(at(0), 1);
        process.observe(at(10), 0);
        assert!(!process.observe(at(11), 0));
        assert_eq!(process.due, Some(at(12)));
    }

    #[test]
    fn a_reload_keeps_what_is_known_until_somebody_looks_again() {
        let mut known = process(2, None, 0);
        known.observe(at(0), 2);
        let mut spec = known.spec.clone();
        spec.definition = String::from("another command");
        let mut again = Tracker::new(spec, Some(known));
        assert_eq!(again.standing(), Standing::Up(true));
        assert!(again.observe(at(1), 0));
        let fewer = process(0, None, 0).spec;
        assert_eq!(
            Tracker::new(fewer, Some(again)).standing(),
            Standing::Up(true)
        );
    }
}
