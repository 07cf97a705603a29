//! keepalived.conf: from text to a typed [`Config`], with diagnostics that point at the character and
//! with keepalived's own verdict on the same text.
//!
//! The way through: a `reader` turns files into logical lines (comments, includes, definitions, sequences), `parse`
//! walks the blocks with the [`registry`] in hand, `resolve` applies defaults and judges what was read.

#![forbid(unsafe_code)]

mod diagnostic;
mod model;
pub mod registry;
mod source;
mod span;
mod units;

pub use diagnostic::{Code, Diagnostic, KeepalivedClass, MAX_DIAGNOSTICS, Refusal, Severity};
pub use model::*;
pub use source::{
    Entry, Environment, Existence, FileKind, FileSource, InterfaceState, MAX_FILE_BYTES,
    MemorySource, NoEnvironment, ScriptState, Source,
};
pub use span::{FileId, Location, SourceFile, SourceMap, Span, Spanned};
pub use units::{Micros, Priority, Vrid};
