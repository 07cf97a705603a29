//! `standfast` and its subcommands.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use standfast_daemon::{Cleaned, LogTarget, Options, Personality};
use standfast_lab::Daemon;
use standfast_lab::demo::DemoOptions;

use crate::check::Check;
use crate::completions::Completions;
use crate::config::Config;
use crate::explain::Explain;
use crate::{doctor, events, explain, format, keepalived, manual, status, steering, top};

/// Keeps a service's address up: reads keepalived.conf and speaks VRRP.
#[derive(Parser)]
#[command(name = "standfast", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon in the foreground and log to standard output.
    #[command(
        after_help = "Exit codes: 0 stopped, 1 fatal or already running, 2 configuration \
        error, 4 missing permission, 6 no configuration."
    )]
    Run(Run),
    /// Check configuration files without running them; needs no privilege.
    #[command(
        after_help = "Exit codes: 0 fine, or warnings only; 1 errors (or warnings, where \
        denied); 2 wrong usage. `standfast explain CODE` tells what a finding means."
    )]
    Check(Check),
    /// Print a configuration as JSON, expanded and typed.
    Config(Config),
    /// Tell why an instance is in its state, or what a finding or a keyword of keepalived.conf means.
    #[command(after_help = explain::AFTER_HELP)]
    Explain(Explain),
    /// Lay configuration files out in one way, without a change to what they mean.
    #[command(after_help = format::AFTER_HELP)]
    Fmt(format::Arguments),
    /// Show what the running daemon does: each instance, with its priority, addresses, nodes and problems.
    #[command(after_help = status::AFTER_HELP)]
    Status(status::Arguments),
    /// Let another node become master, without a gap where it can be, and print the gap.
    #[command(after_help = steering::SWITCHOVER_HELP)]
    Switchover(steering::Switchover),
    /// Let this node give up everything, and take nothing back until `resume`, also across restarts.
    #[command(after_help = steering::DRAIN_HELP)]
    Drain(steering::Drain),
    /// End a drain, and what a switchover has left of reserve towards the successor.
    #[command(after_help = steering::AFTER_HELP)]
    Resume(steering::Resume),
    /// Do not run a check: it keeps its last result.
    #[command(after_help = steering::AFTER_HELP)]
    Pause(steering::Pause),
    /// Run a paused check again.
    #[command(after_help = steering::AFTER_HELP)]
    Unpause(steering::Unpause),
    /// Read the configuration again: print what changes and whether that interrupts anything, then do it.
    #[command(after_help = steering::RELOAD_HELP)]
    Reload(steering::Reload),
    /// Show what happened: each change of state with its cause, checks, and who asked for what.
    #[command(after_help = events::AFTER_HELP)]
    Events(events::Arguments),
    /// Look for what on this host would break a failover, and print how to mend it.
    #[command(after_help = doctor::AFTER_HELP)]
    Doctor(doctor::Arguments),
    /// Show the running daemon live: instances, nodes, checks, events.
    #[command(after_help = top::AFTER_HELP)]
    Top(top::Arguments),
    /// Build two hosts and a client on this machine and show failovers.
    Demo(Demo),
    /// Remove the addresses that a daemon which was killed has left behind (for ExecStopPost).
    Cleanup(Cleanup),
    /// Print a script that lets a shell complete this command line.
    #[command(after_help = "For bash, until the shell ends: source <(standfast completions bash)")]
    Completions(Completions),
    /// Print the manual page standfast(1).
    #[command(hide = true)]
    Man,
    /// keepalived's own command line.
    #[command(disable_help_flag = true)]
    Keepalived {
        /// Options as in keepalived(8).
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

#[derive(clap::Args)]
struct Run {
    /// Configuration file.
    #[arg(
        short,
        long,
        visible_alias = "use-file",
        default_value = "/etc/keepalived/keepalived.conf"
    )]
    file: PathBuf,
    /// Refuse to start or reload when the configuration has errors, instead of ignoring the lines.
    #[arg(long)]
    strict_config: bool,
    /// Value that `@id` lines of the configuration are compared with [default: the host name].
    #[arg(long, value_name = "ID")]
    config_id: Option<String>,
    /// Run in this named network namespace.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Pid file; with one of its own it runs also beside another daemon [default:
    /// /run/standfast/standfast.pid].
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,
    /// Log details too.
    #[arg(short = 'D', long)]
    detail: bool,
    /// Log to syslog too.
    #[arg(long)]
    syslog: bool,
}

#[derive(clap::Args)]
struct Demo {
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// Let the backup be the installed keepalived.
    #[arg(long)]
    keepalived_backup: bool,
}

#[derive(clap::Args)]
struct Cleanup {
    /// The daemon ran as keepalived.
    #[arg(long)]
    keepalived: bool,
    /// Pid file of the daemon.
    #[arg(long, value_name = "FILE")]
    pid_file: Option<PathBuf>,
    /// Network namespace of the daemon.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
}

pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    match Arguments::parse_from(arguments).command {
        Command::Run(run) => run.run(),
        Command::Check(check) => check.run(),
        Command::Config(config) => config.run(),
        Command::Explain(explain) => explain.run(),
        Command::Fmt(arguments) => format::main(&arguments),
        Command::Status(arguments) => arguments.run(),
        Command::Switchover(switchover) => switchover.run(),
        Command::Drain(drain) => drain.run(),
        Command::Resume(resume) => resume.run(),
        Command::Pause(pause) => pause.run(),
        Command::Unpause(unpause) => unpause.run(),
        Command::Reload(reload) => reload.run(),
        Command::Events(arguments) => arguments.run(),
        Command::Doctor(arguments) => arguments.run(),
        Command::Top(arguments) => arguments.run(),
        Command::Demo(demo) => demo.run(),
        Command::Cleanup(cleanup) => cleanup.run(),
        Command::Completions(completions) => completions.run(Arguments::command()),
        Command::Man => manual::main(Arguments::command()),
        Command::Keepalived { arguments } => keepalived::main(arguments),
    }
}

impl Run {
    fn run(self) -> ExitCode {
        let defaults = Options::new(Personality::Standfast);
        let options = Options {
            config: vec![self.file],
            config_id: self.config_id,
            foreground: true,
            log: LogTarget {
                console: true,
                syslog: defaults.log.syslog.filter(|_| self.syslog),
                detail: self.detail,
            },
            vrrp_pid_file: self
                .pid_file
                .as_ref()
                .map(|path| path.with_extension("vrrp.pid")),
            pid_file: self.pid_file,
            namespace: self.namespace,
            strict_config: self.strict_config,
            ..defaults
        };
        ExitCode::from(standfast_daemon::run(&options))
    }
}

impl Demo {
    fn run(self) -> ExitCode {
        let binary = match std::env::current_exe() {
            Ok(binary) => binary,
            Err(error) => {
                eprintln!("standfast: cannot find my own binary: {error}");
                return ExitCode::FAILURE;
            }
        };
        let mut options = DemoOptions {
            json: self.json,
            terminal: std::io::stdout().is_terminal(),
            ..DemoOptions::new(binary)
        };
        if self.keepalived_backup {
            options.backup = Daemon::Keepalived;
        }
        standfast_lab::demo::run(&options)
    }
}

impl Cleanup {
    fn run(self) -> ExitCode {
        let personality = if self.keepalived {
            Personality::Keepalived
        } else {
            Personality::Standfast
        };
        let options = Options {
            pid_file: self.pid_file,
            namespace: self.namespace,
            ..Options::new(personality)
        };
        match standfast_daemon::cleanup(&options) {
            Ok(Cleaned::Running) => {
                println!("a daemon is running: nothing was removed");
                ExitCode::SUCCESS
            }
            Ok(Cleaned::Removed(0)) if !self.keepalived => {
                println!(
                    "no addresses of a killed daemon are left under this name (--keepalived: one that ran as keepalived)"
                );
                ExitCode::SUCCESS
            }
            Ok(Cleaned::Removed(count)) => {
                let addresses = if count == 1 { "address" } else { "addresses" };
                println!(
                    "removed {count} {addresses}, and what else a killed daemon had left behind"
                );
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("standfast: {error}");
                ExitCode::FAILURE
            }
        }
    }
}
