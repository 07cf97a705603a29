//! Texts under version control that outputs are compared with. `UPDATE_SNAPSHOTS=1 cargo test -p standfast` writes them
//! again; read the difference.

use std::path::Path;
use std::{env, fs};

/// Compares a text with the snapshot of this name, or writes that.
pub(crate) fn snapshot(name: &str, text: &str) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots")).join(name);
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{name} is missing or stale (UPDATE_SNAPSHOTS=1 writes it); it would be:\n{text}"
    );
}
