//! What works as written and is likely a mistake all the same.
//!
//! One file per subject; each looks at the typed [`Config`] and says what it finds to the same sink as the parser.
//! Severity: an error only where it cannot work, a warning where it is likely wrong, a note where it is so common that a
//! warning would drown the others; silence where it depends on what can't be known from the file. keepalived is silent
//! about nearly all of it; a finding that it shares has its class.

mod addresses;
mod command;
mod control;
mod election;
mod groups;
mod handover;
mod identity;
mod peer_channel;
mod script_text;
mod scripts;
mod service;
mod timing;
mod unicast;
mod vmac;

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Sink};
use crate::model::{Config, VrrpInstance, VrrpScript};
use crate::reader::Reader;
use crate::source::Environment;
use crate::span::{SourceMap, Span};

/// What the lints look at, and where they say what they find.
struct Lints<'a> {
    config: &'a Config,
    /// The scripts by their names.
    scripts: BTreeMap<&'a str, &'a VrrpScript>,
    environment: &'a dyn Environment,
    sources: &'a SourceMap,
    sink: &'a mut Sink,
}

impl Lints<'_> {
    fn say(&mut self, diagnostic: Diagnostic) {
        self.sink.push(diagnostic);
    }

    fn warn(&mut self, code: Code, span: Span, text: String, help: &str) {
        self.say(Diagnostic::warning(code, span, text).help(help));
    }

    fn note(&mut self, code: Code, span: Span, text: String, help: &str) {
        self.say(Diagnostic::note(code, span, text).help(help));
    }
}

/// Judges a configuration that was read; takes linear time.
pub(crate) fn run(config: &Config, environment: &dyn Environment, reader: &mut Reader<'_>) {
    let scripts = config.scripts.iter();
    let scripts = scripts.map(|script| (script.name.value.as_str(), script));
    let mut lints = Lints {
        config,
        scripts: scripts.collect(),
        environment,
        sources: &reader.map,
        sink: &mut reader.sink,
    };
    lints.identity();
    lints.shared_addresses();
    lints.shared_virtual_macs();
    lints.groups();
    lints.scripts();
    lints.services();
    lints.fifo_handover();
    lints.fast_detection();
    lints.control();
    for instance in &config.instances {
        lints.addresses(instance);
        lints.election(instance);
        lints.timing(instance);
        lints.unicast(instance);
        lints.handover(instance);
        lints.fast_detection_of(instance);
    }
}

/// The name people know the instance by.
fn name(instance: &VrrpInstance) -> &str {
    &instance.name.value
}
