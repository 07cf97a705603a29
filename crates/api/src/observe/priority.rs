//! What a priority is made of.

use standfast_core::check::CheckState;
use standfast_core::router::Router;
use standfast_core::spec::{Effect, Track, Tracked, Weight};
use standfast_core::tracker::Standing;

use super::{View, words};
use crate::status::{Priority, PriorityPart};

pub(super) fn of(view: &View<'_>, router: &Router) -> Priority {
    let tracks = router.spec().tracks.iter();
    Priority {
        effective: router.effective_priority().0,
        base: router.spec().priority.0,
        parts: tracks.map(|track| part(view, track)).collect(),
        clamped: router.clamped(),
        drained: router.hold().is_some(),
    }
}

/// What is known of something tracked.
enum Known {
    /// It cannot be used, or is not there.
    Unusable,
    Standing(Standing),
}

fn known(view: &View<'_>, object: &Tracked) -> Known {
    let standing = match object {
        Tracked::Interface(name) => {
            let interface = view.node.interfaces().named(name);
            Some(Standing::Up(interface.is_some_and(|(_, it)| it.up)))
        }
        Tracked::Check(name) => match view.checks.get(name.as_str()).map(|it| it.state) {
            None | Some(CheckState::Unusable) => None,
            Some(CheckState::Pending) => Some(Standing::Pending),
            Some(CheckState::Up) => Some(Standing::Up(true)),
            Some(CheckState::Down) => Some(Standing::Up(false)),
        },
        Tracked::File(_) | Tracked::Process(_) | Tracked::Bfd(_) => {
            view.trackers.get(object).copied()
        }
    };
    standing.map_or(Known::Unusable, Known::Standing)
}

fn part(view: &View<'_>, track: &Track) -> PriorityPart {
    let (kind, name) = words::tracked(&track.object);
    let standing = match known(view, &track.object) {
        Known::Unusable => None,
        Known::Standing(standing) => Some(standing),
    };
    let now = standing
        .and_then(|it| it.effect(track.weight))
        .and_then(sum);
    let (up, adds_up, adds_down) = match standing {
        Some(Standing::Number(_)) => (None, now, now),
        Some(Standing::Up(up)) => (
            Some(up),
            sum_if(track.weight, true),
            sum_if(track.weight, false),
        ),
        Some(Standing::Pending) | None => (
            None,
            sum_if(track.weight, true),
            sum_if(track.weight, false),
        ),
    };
    PriorityPart {
        kind: kind.to_owned(),
        name: name.to_owned(),
        adds: now.unwrap_or(0),
        adds_up,
        adds_down,
        up,
        unusable: standing.is_none(),
    }
}

fn sum_if(weight: Weight, up: bool) -> Option<i32> {
    sum(weight.effect(up))
}

fn sum(effect: Effect) -> Option<i32> {
    match effect {
        Effect::Add(sum) => Some(i32::from(sum)),
        Effect::Fault => None,
    }
}
