//! `reload --plan`: what a reload would change, found out on a thread of its own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

use standfast_api::command::Answer;
use standfast_config::Config;
use standfast_core::journal::Level;
use standfast_core::{Instant, Node};
use standfast_linux::InterfaceName;
use tokio::sync::oneshot;

use super::answers::refused;
use super::{Worker, log_lines, now};
use crate::lower;
use crate::options::Options;
use crate::planning;
use crate::reading::{self, Facts};

/// Plans that are made at once: each has a thread and a copy of the node.
const PLANS: usize = 2;

/// Shared with the threads that plan, to count them.
#[derive(Default)]
pub(super) struct Plans(Arc<()>);

impl Worker {
    /// Says what a reload would change; reads and thinks on a thread of its own.
    pub(super) fn plan_reload(&self, reply: oneshot::Sender<Answer>) {
        if Arc::strong_count(&self.plans.0) > PLANS {
            // Whoever has gone does not care.
            let _ = reply.send(refused("other plans are being made already; try again"));
            return;
        }
        let promise = Promise {
            reply: Some(reply),
            _counted: Arc::clone(&self.plans.0),
        };
        let (options, node, now) = (self.options.clone(), self.node.clone(), now());
        let (config, own_links) = (Arc::clone(&self.config), self.own_links.names());
        let facts = self.facts.clone();
        let spawned = thread::Builder::new().name("plan".into()).spawn(move || {
            promise.keep(planned(&options, &node, now, (&config, &facts), &own_links));
        });
        if let Err(error) = spawned {
            self.logger
                .log(Level::Error, format!("cannot plan a reload: {error}"));
        }
    }
}

/// An answer that is given in any case, also where the thread that has to give it cannot be started, or panics.
struct Promise {
    reply: Option<oneshot::Sender<Answer>>,
    _counted: Arc<()>,
}

impl Promise {
    fn keep(mut self, answer: Answer) {
        self.give(answer);
    }

    fn give(&mut self, answer: Answer) {
        if let Some(reply) = self.reply.take() {
            // Whoever has gone does not care.
            let _ = reply.send(answer);
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.give(refused("no plan could be made; the log says more"));
    }
}

fn planned(
    options: &Options,
    node: &Node,
    now: Instant,
    (config, facts): (&Config, &Facts),
    own_links: &BTreeSet<InterfaceName>,
) -> Answer {
    let loaded = reading::read(options);
    let new = lower::plan_beside(&loaded.config, own_links);
    let refusal = loaded.keepalived_refusal();
    let refusal = refusal.map(|it| it.diagnostic.message);
    let refusal = refusal.or_else(|| new.refusals.first().cloned());
    let errors = options.strict_config && loaded.has_errors();
    let refusal = refusal.or_else(|| errors.then(|| "it has errors (--strict-config)".to_owned()));
    let mut plan = planning::plan(node, now, config, &loaded.config, &new);
    plan.doubts = planning::doubts::doubts(node, facts, &loaded, &new);
    plan.findings = log_lines(&loaded).map(|(_, line)| line).collect();
    if let Some(why) = refusal {
        return Answer::Refused {
            text: format!("the new configuration cannot be used: {why}"),
            reasons: plan.findings,
        };
    }
    let text = match (plan.changes.is_empty(), plan.interrupts) {
        (true, _) => "nothing would change",
        (false, true) => "a reload would interrupt service",
        (false, false) => "a reload would not interrupt service",
    };
    Answer::Done {
        text: text.into(),
        moves: Vec::new(),
        plan: Some(plan),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_for_a_plan_is_answered_also_where_none_is_made() {
        let (reply, mut answer) = oneshot::channel();
        let plans = Plans::default();
        let promise = Promise {
            reply: Some(reply),
            _counted: Arc::clone(&plans.0),
        };
        assert!(Arc::strong_count(&plans.0) <= PLANS);
        drop(promise);
        assert!(matches!(answer.try_recv(), Ok(Answer::Refused { .. })));
        assert_eq!(Arc::strong_count(&plans.0), 1);
    }
}
