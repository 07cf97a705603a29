//! Who becomes master, and whether checks can change that.

use super::{Lints, name};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{VrrpInstance, Weight};
use crate::source::Existence;
use crate::span::Span;
use crate::units::Priority;

/// What weights can make of a priority (keepalived clamps to it).
const HIGHEST: i32 = 254;
const LOWEST: i32 = 1;
/// A weight that is copied from tutorials and moves the address only between neighbours in priority.
const SMALL_WEIGHT: i16 = 2;

/// A weight of the instance, with its place.
struct Weighed<'i> {
    object: &'i str,
    weight: Weight,
    span: Span,
}

impl Lints<'_> {
    pub(super) fn election(&mut self, instance: &VrrpInstance) {
        self.defaults(instance);
        self.owner(instance);
        let weights = weights(instance);
        self.weights_without_effect(instance, &weights);
        self.clamped(instance, &weights);
        self.small(&weights);
    }

    fn defaults(&mut self, instance: &VrrpInstance) {
        let given = &instance.given;
        let mut missing = Vec::new();
        if given.state.is_none() {
            missing.push("`state` (BACKUP)".to_owned());
        }
        // `state MASTER` alone makes an owner, which is said elsewhere.
        if given.priority.is_none() && instance.priority != Priority::OWNER {
            missing.push("`priority` (100)".to_owned());
        }
        if given.advert_int.is_none() {
            missing.push("`advert_int` (1 s)".to_owned());
        }
        if missing.is_empty() {
            return;
        }
        let text = format!(
            "`{}` takes the defaults of {}",
            name(instance),
            missing.join(", ")
        );
        let help = "nodes agree as long as none of them sets another value; writing them down helps the reader";
        self.note(Code::DefaultsTaken, instance.name.span, text, help);
    }

    /// Priority 255 says that the addresses are the host's own.
    fn owner(&mut self, instance: &VrrpInstance) {
        let Some(span) = instance
            .given
            .priority
            .filter(|_| instance.priority == Priority::OWNER)
        else {
            return;
        };
        let known: Vec<Existence> = instance
            .addresses
            .iter()
            .map(|vip| self.environment.address(vip.network.address))
            .collect();
        let help = "only a host that has the address anyway is its owner; use 254 or less, so that checks and `nopreempt` work";
        if known.contains(&Existence::Present) {
            return;
        }
        if known.contains(&Existence::Missing) {
            let text = format!(
                "priority 255 makes `{}` the owner of addresses that this host does not have",
                name(instance)
            );
            self.warn(Code::OwnerPriority, span, text, help);
        } else {
            let text = format!(
                "priority 255 makes `{}` the owner of its addresses: no check lowers it, and it always takes them back",
                name(instance)
            );
            self.note(Code::OwnerPriority, span, text, help);
        }
    }

    /// Under nopreempt a lower priority never moves the address (handover.md §3).
    fn weights_without_effect(&mut self, instance: &VrrpInstance, weights: &[Weighed<'_>]) {
        let Some(nopreempt) = instance.given.nopreempt.filter(|_| !instance.preempt) else {
            return;
        };
        for weighed in weights {
            let text = format!(
                "the weight of `{}` never moves the address: under `nopreempt` nobody takes it from a master that is alive",
                weighed.object
            );
            let found = Diagnostic::warning(Code::NopreemptWithWeight, weighed.span, text)
                .label(nopreempt, "`nopreempt` is here")
                .help("leave the weight out (0): then a failing check is a fault, and the other node takes over");
            self.say(found);
        }
    }

    fn clamped(&mut self, instance: &VrrpInstance, weights: &[Weighed<'_>]) {
        if instance.priority == Priority::OWNER {
            return;
        }
        let base = i32::from(instance.priority.get());
        let sum = |positive: bool| -> i32 {
            let values = weights
                .iter()
                .map(|weighed| i32::from(weighed.weight.value));
            values.filter(|value| (*value > 0) == positive).sum()
        };
        let (highest, lowest) = (base + sum(true), base + sum(false));
        let Some(last) = weights.last() else { return };
        if highest > HIGHEST {
            let text = format!(
                "priority {base} with all its weights is {highest}, of which 254 is left: a failing check then lowers it by less than its weight"
            );
            self.warn(
                Code::WeightOverflow,
                last.span,
                text,
                "lower the priority, or the weights, on all nodes alike",
            );
        }
        if lowest < LOWEST {
            let text =
                format!("priority {base} with all its weights is {lowest}, of which 1 is left");
            self.note(
                Code::WeightOverflow,
                last.span,
                text,
                "nodes that both fall to 1 are told apart by their address alone",
            );
        }
    }

    fn small(&mut self, weights: &[Weighed<'_>]) {
        for weighed in weights
            .iter()
            .filter(|weighed| weighed.weight.value.abs() <= SMALL_WEIGHT)
        {
            let text = format!(
                "a failing `{}` changes the priority by {} only",
                weighed.object,
                weighed.weight.value.abs()
            );
            let help = "it moves the address only if the nodes' priorities are nearer than that; compare them: `standfast check node-a.conf node-b.conf`";
            self.note(Code::SmallWeight, weighed.span, text, help);
        }
    }
}

/// All weights that add to the instance's priority; those of files count by their value and are left out.
fn weights(instance: &VrrpInstance) -> Vec<Weighed<'_>> {
    let scripts = instance.track_scripts.iter().chain(&instance.track_checks);
    let scripts = scripts.map(|tracked| Weighed {
        object: &tracked.name.value,
        weight: tracked.weight,
        span: tracked.weight_place(),
    });
    let interfaces = instance.track_interfaces.iter().map(|tracked| Weighed {
        object: &tracked.name.value,
        weight: tracked.weight,
        span: tracked.weight_span.unwrap_or(tracked.name.span),
    });
    let all = scripts.chain(interfaces);
    all.filter(|weighed| weighed.weight.value != 0).collect()
}
