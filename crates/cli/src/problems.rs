//! What is wrong with an instance, in a line each.

use standfast_api::explain::Problem;
use standfast_api::status::{Instance, Status};

/// What is wrong with it, the most likely cause first.
pub(crate) fn problems(_status: &Status, instance: &Instance) -> Vec<Problem> {
    let faults = instance.faults.iter().map(|fault| Problem {
        kind: fault.kind.clone(),
        text: fault.text.clone(),
        fix: None,
    });
    faults.collect()
}
