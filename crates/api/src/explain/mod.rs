//! Why an instance is what it is, in sentences.
//!
//! Pure, and made from what a [`Status`] and a part of the journal hold: the daemon, a client or a test can ask. Each finding
//! is one function; what is the most likely real cause comes first:
//!
//! - [`faults`]: what keeps it in FAULT, and what is wrong with checks.
//! - [`host`]: what this host does to it: firewall, deleted addresses, pauses, a kernel that refuses.
//! - [`wire`]: who else speaks or answers, and why that goes wrong.
//! - [`setup`]: what is configured so that nothing moves.
//! - [`successor`]: who would take over.
//! - [`why`], [`next`], [`history`]: what is right.

mod case;
mod faults;
mod history;
mod host;
mod kinds;
mod next;
mod setup;
mod successor;
mod text;
mod why;
mod wire;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::Record;
use crate::status::{Instance, State, Status};

use case::Case;

pub use kinds::KINDS;

/// Why an instance is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// Which instance.
    pub instance: String,
    /// Its state.
    pub state: State,
    /// The state in one sentence: what, since when, who is master.
    pub headline: String,
    /// Why it is in this state.
    pub why: Vec<String>,
    /// What is wrong, the most likely real cause first.
    pub problems: Vec<Problem>,
    /// What happened last, oldest first.
    pub history: Vec<String>,
    /// What would have to happen for it to change its role.
    pub next: Vec<String>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// One word for programs, such as `never-heard`, `wrong-password` or `check-failed`; docs/observability.md lists all.
    pub kind: String,
    /// What is wrong, with names, addresses and numbers.
    pub text: String,
    /// What to do about it.
    pub fix: Option<String>,
}

/// Kinds of what may be so on purpose, which nobody but the operator can know.
const NOTES: [&str; 2] = ["never-heard", "no-virtual-address"];

impl Problem {
    /// Something does not work. Else it is a note: it may be as it should. Of nobody ever heard that is not certain: a
    /// keepalived that stands by is silent; and an instance may be there for its scripts alone.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        !NOTES.contains(&self.kind.as_str())
    }

    fn new(kind: &str, text: String, fix: impl Into<String>) -> Self {
        let fix = Some(fix.into()).filter(|fix| !fix.is_empty());
        Problem {
            kind: kind.to_owned(),
            text,
            fix,
        }
    }
}

/// Why the instance of that name is what it is; none if there is no such instance. `records`: the last part of the journal,
/// oldest first.
pub fn explain(status: &Status, name: &str, records: &[Record]) -> Option<Explanation> {
    let instance = status.instances.iter().find(|it| it.name == name)?;
    let case = Case {
        status,
        instance,
        records,
    };
    Some(Explanation {
        instance: name.to_owned(),
        state: instance.state,
        headline: why::headline(&case),
        why: why::sentences(&case),
        problems: problems(&case),
        history: history::lines(&case, records),
        next: next::sentences(&case),
    })
}

/// What is wrong with an instance of that status, without a journal; the most likely real cause first.
#[must_use]
pub fn problems_of(status: &Status, instance: &Instance) -> Vec<Problem> {
    let records = &[];
    problems(&Case {
        status,
        instance,
        records,
    })
}

/// Adds to each instance what is wrong with it, for those who cannot tell by themselves.
pub fn add_problems(status: &mut Status) {
    let seen = &*status;
    let all = seen.instances.iter().map(|it| problems_of(seen, it));
    let all: Vec<Vec<Problem>> = all.collect();
    for (instance, problems) in status.instances.iter_mut().zip(all) {
        instance.problems = problems;
    }
}

/// The most likely real cause first.
fn problems(case: &Case<'_>) -> Vec<Problem> {
    let finders = [
        setup::protects_nothing,
        faults::faults,
        host::filtered,
        host::deleted,
        host::paused_just_now,
        wire::two_masters,
        wire::refused,
        wire::other_vrid,
        wire::other_addresses,
        wire::other_holders,
        host::refused_by_the_kernel,
        setup::awaits_group,
        faults::checks,
        setup::peers_differ,
        setup::same_priority,
        setup::intervals_differ,
        host::paused,
        setup::no_address,
        wire::alone,
        successor::none,
    ];
    let mut found: Vec<Problem> = Vec::new();
    for finder in finders {
        // Who is alone for a reason that is known is not told so once more.
        let more = finder(case, &found);
        found.extend(more);
    }
    found
}
