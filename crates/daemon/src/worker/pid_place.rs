//! The file that names the worker's process.

use std::path::PathBuf;

use standfast_core::journal::Level;
use standfast_linux::pidfile::{NotAcquired, PidFile};

use crate::log::Logger;

/// The worker's pid file. One that was killed a moment ago may hold it until its last file is on the disk.
pub(super) struct PidPlace {
    path: PathBuf,
    file: Option<PidFile>,
}

impl PidPlace {
    pub(super) fn take(path: PathBuf, logger: &Logger) -> Self {
        let mut place = PidPlace { path, file: None };
        if let Err(error) = place.retry() {
            let text = format!("{}: {error}; trying again", place.path.display());
            logger.log(Level::Warning, text);
        }
        place
    }

    /// Takes it if it is not taken yet.
    pub(super) fn retry(&mut self) -> Result<(), NotAcquired> {
        if self.file.is_none() {
            self.file = Some(PidFile::acquire(&self.path)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::options::LogTarget;

    #[test]
    fn what_a_dying_worker_holds_is_taken_later() {
        let name = format!("standfast-pid-place-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let logger = Logger::start(LogTarget::SILENT, "test").unwrap();
        let held = PidFile::acquire(&path).unwrap();
        let mut place = PidPlace::take(path.clone(), &logger);
        let refused = place.retry();
        drop(held);
        let taken = place.retry();
        let text = fs::read_to_string(&path);
        drop(place);
        let is_left = path.exists();
        let _ = fs::remove_file(&path);
        assert!(matches!(refused, Err(NotAcquired::Held { .. })));
        assert_eq!(taken, Ok(()));
        assert_eq!(text.unwrap().trim(), std::process::id().to_string());
        assert!(!is_left);
    }
}
