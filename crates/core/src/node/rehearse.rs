//! What would happen: a copy of the node tries it, and nobody carries out what it wants.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::Node;
use crate::input::{Input, Output};
use crate::spec::Spec;
use crate::time::Instant;

/// Outputs of one rehearsal; a configuration of a thousand routers makes some ten thousand.
const MAX_OUTPUTS: usize = 100_000;

impl Node {
    /// What a new specification does at once, if the kernel refuses nothing: the node as it is then, and what it would have
    /// had done, in order. What others answer, and what time brings, is not in it.
    pub fn rehearse(&self, now: Instant, spec: Spec) -> (Node, Vec<Output>) {
        let mut copy = self.clone();
        // What waits to be carried out is none of its doing.
        copy.outputs.clear();
        copy.handle_input(now, Input::Spec(Box::new(spec)));
        let mut outputs = Vec::new();
        while let Some(output) = copy.poll_output() {
            if let Output::Kernel {
                operation,
                addresses,
                fixtures,
                ..
            } = &output
            {
                let results = alloc::vec![Ok(()); addresses.len() + fixtures.len()];
                let operation = *operation;
                copy.handle_input(now, Input::KernelDone { operation, results });
            }
            outputs.push(output);
            if outputs.len() >= MAX_OUTPUTS {
                break;
            }
        }
        (copy, outputs)
    }
}
