//! The files that a run keeps: who runs, and what of the host is ours. Each daemon of a host has its own.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use standfast_linux::files::is_writable_directory;

use crate::options::{Options, Personality};

/// Where systemd makes a folder for a service of its own user (`RuntimeDirectory=`); several are separated by colons.
const SERVICE_DIRECTORY: &str = "RUNTIME_DIRECTORY";
/// Where a user's own programs keep theirs (pam_systemd(8)).
const USER_DIRECTORY: &str = "XDG_RUNTIME_DIR";
/// Where control sockets lie, whatever name the daemon has: whoever asks has one place to look.
const CONTROL_DIRECTORY: &str = "/run/standfast";
/// Permissions of a folder that is made for control sockets, whatever the umask: their own decide.
const CONTROL_DIRECTORY_MODE: u32 = 0o755;
/// Bytes of a daemon's name that a table of nftables is called by.
const LONGEST_SUFFIX: usize = 32;

/// Files under /run.
#[derive(Clone, Debug)]
pub(crate) struct RunFiles {
    pub(crate) supervisor: PathBuf,
    pub(crate) worker: PathBuf,
    /// The addresses that we have added.
    pub(crate) record: PathBuf,
    /// What else of the host we have changed.
    pub(crate) host: PathBuf,
    /// Where the daemon is asked and told, unless it is configured.
    pub(crate) control: PathBuf,
}

impl Options {
    /// The files that this run keeps under /run, or where it may write: a daemon without root has a folder of its
    /// service or its user.
    pub(crate) fn run_files(&self, instance: Option<&str>, pid_directory: bool) -> RunFiles {
        let usual = self.run_directory(instance, pid_directory);
        let others = [SERVICE_DIRECTORY, USER_DIRECTORY];
        let others = others.map(|name| std::env::var_os(name).unwrap_or_default());
        let directory = writable(usual, &others, is_writable_directory);
        let control = self.control_directory();
        make_control_directory(&control);
        let control = writable(control, &others, is_writable_directory);
        self.files_in(&directory, &control, instance)
    }

    fn control_directory(&self) -> PathBuf {
        Path::new(CONTROL_DIRECTORY).join(self.namespace.as_deref().unwrap_or(""))
    }

    fn run_directory(&self, instance: Option<&str>, pid_directory: bool) -> PathBuf {
        let own_directory = pid_directory || instance.is_some() || self.namespace.is_some();
        // Daemons in other network namespaces share /run with us.
        let scope = self.namespace.as_deref().unwrap_or("");
        match (self.personality, own_directory) {
            (Personality::Keepalived, false) => PathBuf::from("/run"),
            (Personality::Keepalived, true) => Path::new("/run/keepalived").join(scope),
            (Personality::Standfast, _) => Path::new("/run/standfast").join(scope),
        }
    }

    fn files_in(&self, directory: &Path, control: &Path, instance: Option<&str>) -> RunFiles {
        let suffix = instance
            .map(|instance| format!("_{instance}"))
            .unwrap_or_default();
        let file = |name: &str| directory.join(format!("{name}{suffix}.pid"));
        let supervisor = self.pid_file.clone();
        let supervisor = supervisor.unwrap_or_else(|| file(self.personality.name()));
        let own = RunFiles::distinction(&supervisor, instance);
        let own = own.map(|own| format!("_{own}")).unwrap_or_default();
        RunFiles {
            control: control.join(format!("control{own}.sock")),
            worker: self.vrrp_pid_file.clone().unwrap_or_else(|| file("vrrp")),
            record: supervisor.with_extension("addresses"),
            host: supervisor.with_extension("host"),
            supervisor,
        }
    }
}

/// What cannot be made is found out by whoever wants to write there.
fn make_control_directory(path: &Path) {
    let made = !path.exists() && std::fs::create_dir_all(path).is_ok();
    if made {
        let mode = PermissionsExt::from_mode(CONTROL_DIRECTORY_MODE);
        let _ = std::fs::set_permissions(path, mode);
    }
}

/// The usual folder, or the first of the others that can be written to.
fn writable(usual: PathBuf, others: &[OsString], may_write: impl Fn(&Path) -> bool) -> PathBuf {
    if may_write(&usual) {
        return usual;
    }
    let mut others = others.iter().flat_map(std::env::split_paths);
    others
        .find(|path| path.is_absolute() && may_write(path))
        .unwrap_or(usual)
}

impl RunFiles {
    /// What tells this daemon from others of the network namespace in names that the kernel knows: its `instance`, or
    /// the name of a pid file of its own; none for one that runs alone.
    pub(crate) fn distinction(supervisor: &Path, instance: Option<&str>) -> Option<String> {
        let stem = supervisor.file_stem().unwrap_or_default().to_string_lossy();
        let own = match instance {
            Some(instance) => instance,
            None if stem == "keepalived" || stem == "standfast" => return None,
            None => &*stem,
        };
        let word = own.chars().map(|letter| match letter {
            letter if letter.is_ascii_alphanumeric() => letter,
            _ => '_',
        });
        Some(word.take(LONGEST_SUFFIX).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_may_not_write_the_usual_folder_takes_its_service_s() {
        let usual = || PathBuf::from("/run");
        let others = ["relative:/run/one:/run/two".into(), "/run/user/7".into()];
        let place = |allowed: &[&str]| {
            writable(usual(), &others, |path| {
                allowed.iter().any(|one| Path::new(one) == path)
            })
        };
        assert_eq!(place(&["/run", "/run/one"]), usual());
        assert_eq!(place(&["relative", "/run/two"]), Path::new("/run/two"));
        assert_eq!(place(&["/run/user/7"]), Path::new("/run/user/7"));
        assert_eq!(place(&[]), usual());
    }

    #[test]
    fn files_are_named_after_namespace_and_instance() {
        let mut options = Options::new(Personality::Keepalived);
        let named = |options: &Options, instance, own| {
            let directory = options.run_directory(instance, own);
            let control = options.control_directory();
            let files = options.files_in(&directory, &control, instance);
            let control = files.control.display().to_string();
            assert!(control.starts_with("/run/standfast/"), "{control}");
            [files.supervisor, files.worker, files.record, files.host]
                .map(|path| path.display().to_string())
        };
        let plain = [
            "/run/keepalived.pid",
            "/run/vrrp.pid",
            "/run/keepalived.addresses",
            "/run/keepalived.host",
        ];
        assert_eq!(named(&options, None, false), plain);
        let [supervisor, worker, ..] = named(&options, None, true);
        assert_eq!(supervisor, "/run/keepalived/keepalived.pid");
        assert_eq!(worker, "/run/keepalived/vrrp.pid");
        options.namespace = Some("blue".into());
        let [supervisor, _, record, _] = named(&options, Some("one"), false);
        assert_eq!(supervisor, "/run/keepalived/blue/keepalived_one.pid");
        assert_eq!(record, "/run/keepalived/blue/keepalived_one.addresses");
        let identity = options.log_identity("Keepalived_vrrp", Some("one"));
        assert_eq!(identity, "Keepalived_vrrp_blue_one");
        options.pid_file = Some("/srv/a.pid".into());
        let [supervisor, worker, record, _] = named(&options, None, false);
        assert_eq!((&*supervisor, &*record), ("/srv/a.pid", "/srv/a.addresses"));
        assert_eq!(worker, "/run/keepalived/blue/vrrp.pid");
    }

    #[test]
    fn control_sockets_lie_in_one_place_whatever_the_daemon_is_called() {
        let control = |options: &Options, instance| {
            let directory = options.control_directory();
            let files = options.files_in(Path::new("/run"), &directory, instance);
            files.control.display().to_string()
        };
        for personality in [Personality::Keepalived, Personality::Standfast] {
            let mut options = Options::new(personality);
            assert_eq!(control(&options, None), "/run/standfast/control.sock");
            assert_eq!(
                control(&options, Some("one")),
                "/run/standfast/control_one.sock"
            );
            options.namespace = Some("blue".into());
            assert_eq!(control(&options, None), "/run/standfast/blue/control.sock");
            options.pid_file = Some("/srv/b.pid".into());
            assert_eq!(
                control(&options, None),
                "/run/standfast/blue/control_b.sock"
            );
        }
    }

    #[test]
    fn whoever_runs_beside_others_has_a_name_of_its_own() {
        let own = |path: &str, instance| RunFiles::distinction(Path::new(path), instance);
        assert_eq!(own("/run/keepalived.pid", None), None);
        assert_eq!(own("/run/standfast/standfast.pid", None), None);
        assert_eq!(own("/run/b.pid", None).as_deref(), Some("b"));
        assert_eq!(
            own("/run/keepalived.pid", Some("a b")).as_deref(),
            Some("a_b")
        );
    }
}
