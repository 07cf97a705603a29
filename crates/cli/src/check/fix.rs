//! `check --fix`: certain changes, written to the files.

use standfast_config::{Loaded, apply_fixes, printable};

use crate::replace::replace;

/// Writes every file that a fix changes, and says so; false where that failed.
pub(super) fn apply(loaded: &Loaded) -> bool {
    let mut done = true;
    for fixed in apply_fixes(&loaded.diagnostics, &loaded.sources) {
        let path = printable(&fixed.path.to_string_lossy());
        match replace(&fixed.path, &fixed.read, &fixed.bytes) {
            Ok(()) => eprintln!("{path}: {} fixed", fixed.count),
            Err(why) => {
                eprintln!("standfast: {path} {why}");
                done = false;
            }
        }
    }
    done
}
