//! Several nodes' configurations side by side: what must agree, what must differ, and who would be master when.
//!
//! [`compare`] pairs the instances that are the same virtual router, judges them (`agree`) and works out elections from
//! their priorities and weights (`outlook`).

mod agree;
mod channel;
mod outlook;
mod pairing;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::load::Loaded;
use crate::model::{Config, VrrpInstance};
use crate::span::{SourceMap, Span};

pub use outlook::{Event, Outlook, Scenario, Standing};

/// Nodes that are compared at most; the protocol knows no bound, but the scenarios grow with their number.
pub const MAX_NODES: usize = 64;

/// One node of a cluster.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// What it is called in messages: its file's name.
    pub name: &'a str,
    /// Its configuration.
    pub loaded: &'a Loaded,
}

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The files of all nodes.
    pub sources: SourceMap,
    /// What does not fit together; spans are of `sources`.
    pub diagnostics: Vec<Diagnostic>,
    /// Who would be master of each virtual router that at least two nodes have.
    pub outlook: Vec<Outlook>,
}

/// A node with its place among all.
struct Member<'a> {
    name: &'a str,
    config: &'a Config,
    /// First number of its files in the joint source map.
    offset: u32,
}

/// An instance of one node, and that node.
#[derive(Clone, Copy)]
struct Seat<'a> {
    node: &'a Member<'a>,
    instance: &'a VrrpInstance,
}

impl<'a> Seat<'a> {
    /// A place in the node's files, in the joint map.
    fn place(&self, span: Span) -> Span {
        span.moved_by(self.node.offset)
    }

    /// Where its keyword stands, or else its name.
    fn at(&self, given: Option<Span>) -> Span {
        self.place(given.unwrap_or(self.instance.name.span))
    }

    fn name(&self) -> &'a str {
        self.node.name
    }
}

/// Compares the nodes, the first [`MAX_NODES`] of them.
#[must_use]
pub fn compare(nodes: &[Node<'_>]) -> Comparison {
    let mut comparison = Comparison::default();
    let members: Vec<Member<'_>> = nodes
        .iter()
        .take(MAX_NODES)
        .map(|node| Member {
            name: node.name,
            config: &node.loaded.config,
            offset: comparison.sources.append(&node.loaded.sources),
        })
        .collect();
    let found = &mut comparison.diagnostics;
    agree::nodes(&members, found);
    channel::ports(&members, found);
    for router in pairing::routers(&members) {
        let before = found.len();
        agree::router(&router, &members, found);
        channel::router(&router, found);
        let errors = found.iter().skip(before);
        let deaf = errors
            .filter(|found| found.severity == Severity::Error)
            .count()
            > 0;
        if router.len() > 1 {
            let mut outlook = outlook::of(&router);
            if deaf {
                // Nodes that don't hear each other elect nobody.
                outlook.scenarios.clear();
            } else {
                outlook::judge(&router, &outlook, found);
            }
            comparison.outlook.push(outlook);
        }
    }
    comparison
}

/// A finding about two nodes: at the second, with a label at the first.
fn between(code: Code, one: (Span, String), other: (Span, String), text: String) -> Diagnostic {
    Diagnostic::error(code, other.0, text)
        .label(other.0, other.1)
        .label(one.0, one.1)
}
