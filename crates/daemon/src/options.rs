//! How the daemon was asked to run.

use std::path::PathBuf;

use standfast_linux::syslog::Facility;

/// Under whose name we run: decides pid files, names in logs and how a questionable file is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Personality {
    /// As `keepalived`: starts whenever keepalived would.
    Keepalived,
    /// As `standfast run`.
    Standfast,
}

impl Personality {
    /// The process name and the beginning of file names.
    pub const fn name(self) -> &'static str {
        match self {
            Personality::Keepalived => "keepalived",
            Personality::Standfast => "standfast",
        }
    }
}

/// Where log lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogTarget {
    /// To standard output, with a date.
    pub console: bool,
    /// To syslog.
    pub syslog: Option<Facility>,
    /// Details too (`-D`).
    pub detail: bool,
}

impl LogTarget {
    /// Nowhere.
    pub const SILENT: Self = LogTarget {
        console: false,
        syslog: None,
        detail: false,
    };
}

/// Everything that the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose name we run under.
    pub personality: Personality,
    /// Configuration files; patterns.
    pub config: Vec<PathBuf>,
    /// `@id` lines that count; the host name otherwise.
    pub config_id: Option<String>,
    /// Stay in the foreground.
    pub foreground: bool,
    /// Log.
    pub log: LogTarget,
    /// Pid file of the supervisor; by personality and instance otherwise.
    pub pid_file: Option<PathBuf>,
    /// Pid file of the worker.
    pub vrrp_pid_file: Option<PathBuf>,
    /// Network namespace to run in; overrides the configuration.
    pub namespace: Option<String>,
    /// Restart a worker that dies.
    pub respawn: bool,
    /// Leave addresses when stopping.
    pub keep_addresses: bool,
    /// Refuse a configuration with errors, where keepalived would ignore the bad lines.
    pub strict_config: bool,
    /// File mode creation mask; overrides the configuration.
    pub umask: Option<u32>,
}

impl Options {
    /// What the log calls this process: with the namespace and the name of this daemon, where it has them.
    pub(crate) fn log_identity(&self, process: &str, instance: Option<&str>) -> String {
        let words = [Some(process), self.namespace.as_deref(), instance];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        words.join("_")
    }

    /// The defaults of a personality.
    pub fn new(personality: Personality) -> Self {
        Options {
            personality,
            config: vec![PathBuf::from("/etc/keepalived/keepalived.conf")],
            config_id: None,
            foreground: false,
            log: LogTarget {
                console: false,
                syslog: Some(Facility::Daemon),
                detail: false,
            },
            pid_file: None,
            vrrp_pid_file: None,
            namespace: None,
            respawn: true,
            keep_addresses: false,
            strict_config: false,
            umask: None,
        }
    }
}
