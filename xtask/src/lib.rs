//! What a tool can check of the rules of this repository.
//!
//! - [`tidy`]: sources and dependency edges; also runs as a test.
//! - [`bench`]: CPU time of `standfast check` beside that of `keepalived -t`.
//! - [`corpus`]: compares our findings with keepalived's on real configurations.
//! - [`docs`]: the reference, the manual pages and the JSON schema.
//! - [`everything`]: `cargo xtask test`.
//! - [`mutants`]: plants known defects in the core and requires the simulation to find each.

pub mod bench;
pub mod corpus;
pub mod docs;
pub mod everything;
mod lanes;
pub mod mutants;
pub mod tidy;

use std::path::{Path, PathBuf};

/// The directory of the workspace.
pub fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
