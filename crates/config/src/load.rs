//! The way from paths to a [`Config`].

use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Refusal, Verdict};
use crate::document::{Item, Recorder};
use crate::lint;
use crate::model::Config;
use crate::parse;
use crate::reader::{IncludeChecks, Reader};
use crate::resolve;
use crate::source::{Environment, Source};
use crate::span::SourceMap;

/// How a configuration is read.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `-i`: which `@id` lines count; unset, the host's name up to its first dot.
    pub config_id: Option<String>,
    /// Numbers with text glued to them (`10s`) are refused, as under `keepalived -t`, instead of used with a warning.
    pub strict_lexing: bool,
    /// Seed of `${_RANDOM}`.
    pub random_seed: u64,
    /// `-e`: what every include must fulfil on top of what its keyword demands.
    pub include_checks: IncludeChecks,
    /// Whether [`Loaded::document`] is wanted.
    pub document: bool,
}

/// A configuration that was read, usable or not.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it means; objects that can't be used are missing.
    pub config: Config,
    /// What was found, by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The files it came from.
    pub sources: SourceMap,
    /// Everything as it was written, where [`LoadOptions::document`] asks for it.
    pub document: Option<Vec<Item>>,
    verdict: Verdict,
}

impl Loaded {
    /// What `keepalived -t` of release 2.2.7 exits with: 0 clean, 2 keyword without value, 4 can't run, 5 would run
    /// with complaints, 6 scripts without enable_script_security or a failed required include.
    #[must_use]
    pub fn keepalived_test_exit(&self) -> u8 {
        self.verdict.test_exit
    }

    /// Why keepalived would not start on this text; `None` where it starts.
    #[must_use]
    pub fn keepalived_refusal(&self) -> Option<Refusal> {
        self.verdict.refusal.clone()
    }

    /// Whether anything of severity `Error` was found, also among findings that are only counted.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.verdict.has_errors
    }
}

/// Reads all files that the `-f` patterns match, one after another, as one configuration. Never fails: what is wrong
/// is in the diagnostics.
#[must_use]
pub fn load(
    paths: &[PathBuf],
    source: &dyn Source,
    environment: &dyn Environment,
    options: &LoadOptions,
) -> Loaded {
    let mut reader = Reader::new(source, environment, options);
    for path in paths {
        reader.add_root(path);
    }
    let mut parsed = parse::parse(reader, environment, options);
    let config = resolve::resolve(&mut parsed);
    lint::run(&config, environment, &mut parsed.reader);
    let (diagnostics, verdict) = parsed.reader.sink.finish();
    Loaded {
        config,
        document: parsed.recorder.map(Recorder::finish),
        diagnostics,
        sources: parsed.reader.map,
        verdict,
    }
}
