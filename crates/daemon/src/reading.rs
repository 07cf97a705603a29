//! How a configuration is read on this host, by supervisor and worker alike, and the copy that is kept of what was read.

use std::path::{Path, PathBuf};

use standfast_config::{Environment, FileSource, LoadOptions, Loaded, Severity, load};
use standfast_linux::clock::{Micros, monotonic, realtime};

use crate::clerk;
use crate::environment::HostEnvironment;
use crate::names::Names;
use crate::options::Options;
use crate::planning::doubts;

/// Copies that are kept of one run, so that a reload every minute does not fill the disk; older ones are replaced.
const COPIES: u64 = 1000;
/// Passwords may be in it.
const COPY_MODE: u32 = 0o600;

/// Reads the configuration that the command line names. Blocks for file systems and directory services.
pub(crate) fn read(options: &Options) -> Loaded {
    let load_options = LoadOptions {
        config_id: options.config_id.clone(),
        random_seed: monotonic().0,
        ..LoadOptions::default()
    };
    let mut environment = HostEnvironment::default();
    let mut loaded = load(&options.config, &FileSource, &environment, &load_options);
    if Names::are_elsewhere(&loaded.config) {
        // Which names there are is known only now.
        environment = HostEnvironment::with_names(Names::of(&loaded.config));
        loaded = load(&options.config, &FileSource, &environment, &load_options);
    }
    if let Some(umask) = options.umask {
        loaded.config.global.files.umask = umask;
    }
    loaded
}

/// Reads a configuration as `keepalived -t` or `check` does: as [`load`] with names of tables, protocols and the like from where
/// the configuration says that they are.
#[must_use]
pub fn load_here(
    paths: &[PathBuf],
    environment: &dyn Environment,
    options: &LoadOptions,
) -> Loaded {
    let loaded = load(paths, &FileSource, environment, options);
    if !Names::are_elsewhere(&loaded.config) {
        return loaded;
    }
    let elsewhere = HostEnvironment::with_names(Names::of(&loaded.config));
    load(paths, &FileSource, &elsewhere, options)
}

/// What there is to say of a configuration that was read, beside what it means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// When it was read.
    pub(crate) read_at: Micros,
    /// The files that it came from.
    pub(crate) files: Vec<String>,
    /// Errors and warnings that were found.
    pub(crate) findings: u64,
    /// What its errors say; a later configuration is compared with it.
    pub(crate) errors: Vec<String>,
}

impl Facts {
    pub(crate) fn of(loaded: &Loaded) -> Self {
        let files = loaded.sources.files();
        let found = loaded.diagnostics.iter();
        let errors = found.clone().filter(|found| doubts::is_error(found));
        let errors = errors.map(|found| found.message.clone()).collect();
        let found = found.filter(|found| found.severity >= Severity::Warning);
        Facts {
            read_at: realtime(),
            files: files
                .map(|(_, file)| file.path().display().to_string())
                .collect(),
            findings: u64::try_from(found.count()).unwrap_or(u64::MAX),
            errors,
        }
    }
}

/// What `config_save_dir` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Copy {
    directory: PathBuf,
    text: Vec<u8>,
}

impl Copy {
    /// All files as they were read, each under its name; `None` where nobody wants it.
    pub(crate) fn of(loaded: &Loaded) -> Option<Self> {
        let directory = loaded.config.global.files.configuration_copies.as_ref()?;
        let mut text = Vec::new();
        for (_, file) in loaded.sources.files() {
            text.extend(format!("# {}\n", file.path().display()).bytes());
            text.extend(file.bytes());
            if !file.bytes().ends_with(b"\n") {
                text.push(b'\n');
            }
        }
        Some(Copy {
            directory: directory.value.clone(),
            text,
        })
    }

    /// Writes it as keepalived names it: `keepalived.conf.PID.NUMBER`, by the supervisor's process and counted from 0.
    pub(crate) fn save(&self, supervisor: u32, number: u64) -> Result<(), String> {
        let path = copy_path(&self.directory, supervisor, number);
        clerk::replace(&path, &self.text, COPY_MODE)
            .map_err(|error| format!("config_save_dir {}: {error}", path.display()))
    }
}

fn copy_path(directory: &Path, supervisor: u32, number: u64) -> PathBuf {
    directory.join(format!("keepalived.conf.{supervisor}.{}", number % COPIES))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::options::Personality;

    /// A directory that is removed with everything in it.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let name = format!("standfast-reading-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn options(&self, text: &str) -> Options {
            let path = self.0.join("k.conf");
            std::fs::write(&path, text).unwrap();
            Options {
                config: vec![path],
                ..Options::new(Personality::Keepalived)
            }
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_copy_is_its_owner_s_alone_and_has_all_files() {
        let directory = Directory::new("copies");
        let place = directory.0.display();
        std::fs::write(directory.0.join("more"), "# a word").unwrap();
        let text = format!("include {place}/more\nglobal_defs {{\n config_save_dir {place}\n}}\n");
        let loaded = read(&directory.options(&text));
        Copy::of(&loaded).unwrap().save(77, 1001).unwrap();
        let path = directory.0.join("keepalived.conf.77.1");
        let copy = std::fs::read_to_string(&path).unwrap();
        assert!(
            copy.contains(&text) && copy.contains("# a word\n"),
            "{copy}"
        );
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(Copy::of(&read(&directory.options(""))), None);
    }

    #[test]
    fn names_of_tables_come_from_where_the_configuration_says() {
        let directory = Directory::new("names");
        let place = directory.0.display();
        std::fs::write(directory.0.join("rt_tables"), "77 harbour\n").unwrap();
        for keyword in ["iproute_etc_dir", "iproute_usr_dir"] {
            let text = format!(
                "global_defs {{\n {keyword} {place}\n}}\nstatic_routes {{\n 10.9.0.0/16 dev eth0 table harbour\n}}\n"
            );
            let loaded = read(&directory.options(&text));
            assert_eq!(loaded.config.static_routes.len(), 1, "{keyword}");
            let found = loaded.diagnostics.iter();
            let unknown = found.filter(|one| one.message.contains("harbour"));
            assert_eq!(unknown.count(), 0, "{keyword}");
            let number = Names::of(&loaded.config);
            let number = number.number(standfast_config::NameList::Tables, "harbour");
            assert_eq!(number, Some(77), "{keyword}");
        }
    }

    #[test]
    fn the_command_line_s_umask_goes_before_the_configuration_s() {
        let directory = Directory::new("umask");
        let mut options = directory.options("global_defs {\n umask 022\n}\n");
        let umask = |options: &Options| read(options).config.global.files.umask;
        assert_eq!(umask(&options), 0o022);
        options.umask = Some(0o077);
        assert_eq!(umask(&options), 0o077);
    }
}
