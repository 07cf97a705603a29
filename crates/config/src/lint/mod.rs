//! What works as written and is likely a mistake all the same.
//!
//! One file per subject; each looks at the typed [`Config`] and says what it finds to the same sink as the parser.
//! keepalived is silent about all of it, so nothing here has a class. Severity: an error only where it cannot work, a
//! warning where it is likely wrong, a note where it is so common that a warning would drown the others; silence where
//! it depends on what can't be known from the file.

mod identity;

use crate::diagnostic::{Diagnostic, Sink};
use crate::model::Config;
use crate::reader::Reader;
use crate::source::Environment;
use crate::span::SourceMap;

/// What the lints look at, and where they say what they find.
struct Lints<'a> {
    config: &'a Config,
    environment: &'a dyn Environment,
    sources: &'a SourceMap,
    sink: &'a mut Sink,
}

impl Lints<'_> {
    fn say(&mut self, diagnostic: Diagnostic) {
        self.sink.push(diagnostic);
    }
}

/// Judges a configuration that was read; takes linear time.
pub(crate) fn run(config: &Config, environment: &dyn Environment, reader: &mut Reader<'_>) {
    let mut lints = Lints {
        config,
        environment,
        sources: &reader.map,
        sink: &mut reader.sink,
    };
    lints.identity();
}
