//! `check --fix`: certain changes, written to the files.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;

use standfast_config::{Loaded, apply_fixes};

/// Writes every file that a fix changes, and says so; false where that failed.
pub(super) fn apply(loaded: &Loaded) -> bool {
    let mut done = true;
    for fixed in apply_fixes(&loaded.diagnostics, &loaded.sources) {
        let path = fixed.path.display();
        match replace(&fixed.path, &fixed.bytes) {
            Ok(()) => eprintln!("{path}: {} fixed", fixed.count),
            Err(error) => {
                eprintln!("standfast: cannot rewrite {path}: {error}");
                done = false;
            }
        }
    }
    done
}

/// Puts the bytes in the file's place at once, with its owner and mode; a symbolic link stays one.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let old = fs::metadata(&path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = (|| {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
        // Only root can give a file away; for everybody else it is theirs already.
        let _ = fchown(&file, Some(old.uid()), Some(old.gid()));
        file.sync_all()?;
        fs::rename(&temporary, &path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}
