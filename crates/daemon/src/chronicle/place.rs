//! Where the journal is kept.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use standfast_config::{Config, JournalPlace};
use standfast_linux::files::is_writable_directory;

use super::Settings;
use crate::options::Options;

/// The usual folder; other daemons than the only one have theirs below it.
const DIRECTORY: &str = "/var/lib/standfast";
/// Where systemd makes a folder for a service of its own user (`StateDirectory=`); several are separated by colons.
const SERVICE_DIRECTORY: &str = "STATE_DIRECTORY";
/// The folder of the files.
const NAME: &str = "journal";

/// Which of a host's daemons the journal is of.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Its network namespace, where it was told one.
    namespace: Option<String>,
    /// What tells it from others of that.
    distinction: Option<String>,
}

impl Place {
    pub(crate) fn of(options: &Options, distinction: Option<String>) -> Self {
        let namespace = options.namespace.clone();
        Place {
            namespace,
            distinction,
        }
    }

    /// Where a configuration wants the journal.
    pub(crate) fn settings(&self, config: &Config) -> Settings {
        let wanted = &config.global.journal;
        let directory = match &wanted.place {
            JournalPlace::Off => None,
            JournalPlace::At(path) => Some(path.value.clone()),
            JournalPlace::Usual => Some(self.usual()),
        };
        Settings {
            directory,
            size: u64::from(wanted.size_mib) << 20,
        }
    }

    /// Another file that outlives the daemon, whether there is a journal or not.
    pub(crate) fn state_file(&self, name: &str) -> PathBuf {
        let mut path = self.usual();
        let folder = path.file_name().unwrap_or_default().to_string_lossy();
        let file = format!("{}.json", folder.replacen(NAME, name, 1));
        path.set_file_name(file);
        path
    }

    fn usual(&self) -> PathBuf {
        let service = std::env::var_os(SERVICE_DIRECTORY).unwrap_or_default();
        let base = base(&service, is_writable_directory);
        below(
            &base,
            self.namespace.as_deref(),
            self.distinction.as_deref(),
        )
    }
}

/// The folder of the only daemon of a host.
pub fn default_directory() -> PathBuf {
    below(Path::new(DIRECTORY), None, None)
}

fn base(service: &OsStr, may_write: impl Fn(&Path) -> bool) -> PathBuf {
    let usual = PathBuf::from(DIRECTORY);
    if may_write(&usual) {
        return usual;
    }
    let mut others = std::env::split_paths(service);
    others
        .find(|path| path.is_absolute() && may_write(path))
        .unwrap_or(usual)
}

fn below(base: &Path, namespace: Option<&str>, distinction: Option<&str>) -> PathBuf {
    let name = match distinction {
        Some(own) => format!("{NAME}_{own}"),
        None => NAME.to_owned(),
    };
    base.join(namespace.unwrap_or("")).join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn daemons_of_a_host_have_folders_of_their_own() {
        let place = |namespace, own| below(Path::new("/var/lib/standfast"), namespace, own);
        assert_eq!(place(None, None), default_directory());
        assert_eq!(
            place(Some("blue"), Some("b")),
            Path::new("/var/lib/standfast/blue/journal_b")
        );
    }

    #[test]
    fn a_service_of_its_own_user_has_the_folder_that_systemd_made() {
        let place = |allowed: &str| {
            base("rel:/var/lib/own".as_ref(), |path| {
                path == Path::new(allowed)
            })
        };
        assert_eq!(place("/var/lib/standfast"), Path::new(DIRECTORY));
        assert_eq!(place("/var/lib/own"), Path::new("/var/lib/own"));
        assert_eq!(place("rel"), Path::new(DIRECTORY));
    }
}
