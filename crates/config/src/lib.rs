//! keepalived.conf: from text to a typed [`Config`], with diagnostics that point at the character and
//! with keepalived's own verdict on the same text.
//!
//! The way through: `reader` turns files into logical lines (comments, conditions, definitions, sequences, includes,
//! braces), `parse` walks the blocks with the [`registry`] in hand, `resolve` applies defaults and judges the result,
//! `lint` finds what is likely a mistake although it works as written. [`load`] is all four.

#![forbid(unsafe_code)]

mod diagnostic;
pub mod document;
mod fix;
mod format;
mod lint;
mod load;
mod model;
pub mod nodes;
mod pages;
mod parse;
mod reader;
pub mod registry;
mod render;
mod resolve;
mod secret;
mod severity;
mod source;
mod span;
pub mod tree;
mod umask;
mod units;
mod words;

pub use diagnostic::{Code, Diagnostic, KeepalivedClass, MAX_DIAGNOSTICS, Refusal, Severity};
pub use fix::{Edit, Fix, Fixed, apply_fixes};
pub use format::{FormatError, MAX_FORMAT_BYTES, format};
pub use load::{LoadOptions, Loaded, load};
pub use model::*;
pub use pages::{Example, Page};
pub use reader::{
    IncludeChecks, MAX_EXPANSION_DEPTH, MAX_EXPANSIONS, MAX_FILES, MAX_INCLUDE_DEPTH,
    MAX_LINE_BYTES, MAX_LINES, MAX_TOTAL_BYTES,
};
pub use render::{printable, render};
pub use secret::SECRETS;
pub use source::{
    Entry, Environment, Existence, FileKind, FileSource, InterfaceState, MAX_FILE_BYTES,
    MemorySource, NoEnvironment, ScriptProblem, ScriptProblemKind, ScriptState, Source,
};
pub use span::{FileId, Location, SourceFile, SourceMap, Span, Spanned};
pub use umask::parse_umask;
pub use units::{Micros, Priority, Vrid};
