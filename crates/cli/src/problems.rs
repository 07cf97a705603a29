//! What is wrong with instances, as the daemon explains it: it knows this host's firewall and the neighbours' names, which its
//! status does not tell.

use std::cell::Cell;

use standfast_api::explain::{Explanation, Problem, explain};
use standfast_api::path;
use standfast_api::status::{Instance, State, Status};

use crate::client::{Client, encoded};

/// Instances that the daemon is asked about; what is wrong with more of them has one cause.
const ASKED: usize = 8;
/// The kind that explains what comes after it.
const PROTECTS_NOTHING: &str = "protects-nothing";
/// How what matters most begins, whatever its kind.
const TWO_MASTERS: &str = "two masters";

/// Who says what is wrong.
pub(crate) struct Problems<'c> {
    client: Option<&'c Client>,
    left: Cell<usize>,
}

impl<'c> Problems<'c> {
    /// Asks a daemon, if there is one.
    pub(crate) fn new(client: Option<&'c Client>) -> Self {
        let left = Cell::new(ASKED);
        Self { client, left }
    }

    /// What is wrong with an instance, what explains the others and two masters first, then the most likely cause.
    pub(crate) fn of(&self, status: &Status, instance: &Instance) -> Vec<Problem> {
        let explained = explain(status, &instance.name, &[]);
        let own = explained.map_or_else(Vec::new, |explained| explained.problems);
        // Only of a master the daemon has more to say.
        let asks = instance.state == State::Master && !own.is_empty();
        let asked = asks.then(|| self.ask(&instance.name)).flatten();
        let mut problems = asked.unwrap_or(own);
        problems.sort_by_key(|problem| match problem.kind.as_str() {
            PROTECTS_NOTHING => 0,
            _ if problem.text.starts_with(TWO_MASTERS) => 1,
            _ => 2,
        });
        problems
    }

    fn ask(&self, name: &str) -> Option<Vec<Problem>> {
        let client = self.client?;
        self.left.set(self.left.get().checked_sub(1)?);
        let path = format!("{}{}", path::EXPLAIN, encoded(name));
        // What goes wrong with it hides nothing that is known without.
        let explanation: Explanation = client.get(&path).ok()?;
        Some(explanation.problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::samples;

    #[test]
    fn without_a_daemon_its_status_is_explained() {
        let status = samples::degraded();
        let problems = Problems::new(None).of(&status, &status.instances[0]);
        assert!(problems[0].text.contains("chk_nginx"), "{problems:?}");
    }
}
