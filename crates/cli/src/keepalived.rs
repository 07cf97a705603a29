//! keepalived's own command line (keepalived(8)): every option is taken; those that have no effect
//! yet say so once.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::ValueExt;
use lexopt::prelude::{Long, Short, Value};
use standfast_daemon::{Options, Personality};
use standfast_linux::signals;
use standfast_linux::syslog::Facility;

use crate::check;

const HELP: &str = "\
Usage: keepalived [OPTION...]

This is Standfast under keepalived's name. Options:

  -f, --use-file=FILE          Use this configuration file (a pattern)
  -P, --vrrp                   Only run the VRRP subsystem
  -C, --check                  Only run the health-checker subsystem
  -B, --no_bfd                 Don't run the BFD subsystem
      --all                    Run all subsystems, even without configuration
  -l, --log-console            Log messages to the local console
  -D, --log-detail             Detailed log messages
  -S, --log-facility=0-7|local0-7|user|daemon
                               Set the syslog facility
  -G, --no-syslog              Don't log via syslog
  -g, --log-file[=FILE]        Log to a file
      --flush-log-file         Flush the log file on write
  -u, --umask=MODE             File creation mask, octal or symbolic
  -X, --release-vips           Drop addresses on transition from a signal
  -V, --dont-release-vrrp      Don't remove addresses when stopping
  -I, --dont-release-ipvs      Don't remove IPVS topology when stopping
  -R, --dont-respawn           Don't restart child processes
  -n, --dont-fork              Stay in the foreground
  -d, --dump-conf              Dump the configuration to the log
  -p, --pid=FILE               Pid file of the parent process
  -r, --vrrp_pid=FILE          Pid file of the VRRP process
  -c, --checkers_pid=FILE      Pid file of the checker process
  -b, --bfd_pid=FILE           Pid file of the BFD process
  -a, --address-monitoring     Log all address additions and deletions
  -s, --namespace=NAME         Run in this network namespace
  -i, --config-id=ID           Value that @id lines are compared with
  -e, --all-config             Check all included files
  -x, --snmp                   Enable SNMP
  -A, --snmp-agent-socket=ADDR Address of the SNMP master agent
  -m, --core-dump              Produce a core dump if terminated abnormally
  -M, --core-dump-pattern[=P]  Where core dumps go
      --signum=NAME            Print the number of the signal for
                               STOP, RELOAD, DATA, STATS, STATS_CLEAR, JSON
  -t, --config-test[=FILE]     Check the configuration and exit; messages go
                               to standard error or are appended to FILE
  -v, --version                Print the version
  -h, --help                   Print this help

Exit codes: 0 success, 1 fatal, 2 configuration error, 4 missing permission
(with -t: cannot run), 5 (with -t) would run in spite of complaints, 6 (with
-t) a required include failed or scripts are not secured.
";

/// What a command line asks for.
enum Request {
    Run(Options),
    Test {
        options: Options,
        log: Option<PathBuf>,
    },
    Signum(String),
    Version,
    Help,
}

pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    let mut without_effect = Vec::new();
    match parse(arguments, &mut without_effect) {
        Ok(Request::Run(options)) => {
            if !without_effect.is_empty() {
                let list = without_effect.join(", ");
                eprintln!("keepalived: accepted, without effect in this version: {list}");
            }
            ExitCode::from(standfast_daemon::run(&options))
        }
        Ok(Request::Test { options, log }) => {
            check::keepalived_test(&options.config, options.config_id, log.as_deref())
        }
        Ok(Request::Signum(name)) => match signals::signum(&name) {
            Some(number) => {
                println!("{number}");
                ExitCode::SUCCESS
            }
            None => {
                eprintln!("keepalived: unknown signal name {name:?} for --signum");
                ExitCode::FAILURE
            }
        },
        Ok(Request::Version) => {
            println!("Standfast v{} (as keepalived)", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Ok(Request::Help) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("keepalived: {error}\n\n{HELP}");
            ExitCode::FAILURE
        }
    }
}

fn parse(
    arguments: Vec<OsString>,
    without_effect: &mut Vec<&'static str>,
) -> Result<Request, lexopt::Error> {
    let mut options = Options::new(Personality::Keepalived);
    let mut test = None;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Short('f') | Long("use-file") => options.config = vec![parser.value()?.into()],
            Short('n') | Long("dont-fork") => options.foreground = true,
            Short('l') | Long("log-console") => options.log.console = true,
            Short('D') | Long("log-detail") => options.log.detail = true,
            Short('S') | Long("log-facility") => {
                options.log.syslog = Some(facility(&parser.value()?)?);
            }
            Short('G') | Long("no-syslog") => options.log.syslog = None,
            Short('p') | Long("pid") => options.pid_file = Some(parser.value()?.into()),
            Short('r') | Long("vrrp_pid") => options.vrrp_pid_file = Some(parser.value()?.into()),
            Short('V') | Long("dont-release-vrrp") => options.keep_addresses = true,
            Short('R') | Long("dont-respawn") => options.respawn = false,
            Short('s') | Long("namespace") => {
                options.namespace = Some(parser.value()?.string()?);
            }
            Short('u') | Long("umask") => options.umask = Some(umask(&parser.value()?)?),
            Short('i') | Long("config-id") => {
                options.config_id = Some(parser.value()?.string()?);
            }
            Short('t') | Long("config-test") => {
                test = Some(parser.optional_value().map(PathBuf::from));
            }
            Long("signum") => return Ok(Request::Signum(parser.value()?.string()?)),
            Short('v') | Long("version") => return Ok(Request::Version),
            Short('h') | Long("help") => return Ok(Request::Help),
            Value(value) => {
                eprintln!(
                    "keepalived: Unexpected argument(s): {}",
                    value.to_string_lossy()
                );
            }
            other => {
                let (name, takes) = option_without_effect(other)?;
                without_effect.push(name);
                match takes {
                    Takes::Nothing => {}
                    Takes::Value => drop(parser.value()?),
                    Takes::OptionalValue => drop(parser.optional_value()),
                }
            }
        }
    }
    Ok(match test {
        Some(log) => Request::Test { options, log },
        None => Request::Run(options),
    })
}

/// What follows an option.
enum Takes {
    Nothing,
    Value,
    OptionalValue,
}

/// An option of keepalived's that changes nothing here.
fn option_without_effect(
    argument: lexopt::Arg<'_>,
) -> Result<(&'static str, Takes), lexopt::Error> {
    Ok(match argument {
        Short('P') | Long("vrrp") => ("--vrrp", Takes::Nothing),
        Short('C') | Long("check") => ("--check", Takes::Nothing),
        Short('B') | Long("no_bfd") => ("--no_bfd", Takes::Nothing),
        Long("all") => ("--all", Takes::Nothing),
        Short('g') | Long("log-file") => ("--log-file", Takes::OptionalValue),
        Long("flush-log-file") => ("--flush-log-file", Takes::Nothing),
        Short('X') | Long("release-vips") => ("--release-vips", Takes::Nothing),
        Short('I') | Long("dont-release-ipvs") => ("--dont-release-ipvs", Takes::Nothing),
        Short('d') | Long("dump-conf") => ("--dump-conf", Takes::Nothing),
        Short('c') | Long("checkers_pid") => ("--checkers_pid", Takes::Value),
        Short('b') | Long("bfd_pid") => ("--bfd_pid", Takes::Value),
        Short('a') | Long("address-monitoring") => ("--address-monitoring", Takes::Nothing),
        Short('e') | Long("all-config") => ("--all-config", Takes::Nothing),
        Short('x') | Long("snmp") => ("--snmp", Takes::Nothing),
        Short('A') | Long("snmp-agent-socket") => ("--snmp-agent-socket", Takes::Value),
        Short('m') | Long("core-dump") => ("--core-dump", Takes::Nothing),
        Short('M') | Long("core-dump-pattern") => ("--core-dump-pattern", Takes::OptionalValue),
        Long("ignore-sigint") => ("--ignore-sigint", Takes::Nothing),
        Long("no-mem-check") => ("--no-mem-check", Takes::Nothing),
        Long("perf") => ("--perf", Takes::OptionalValue),
        Long("debug") => ("--debug", Takes::OptionalValue),
        Short('T') | Long("genhash") => {
            return Err("genhash is not part of this version".into());
        }
        other => return Err(other.unexpected()),
    })
}

fn umask(value: &OsString) -> Result<u32, lexopt::Error> {
    let text = value.to_string_lossy();
    standfast_config::parse_umask(&text).ok_or_else(|| {
        format!("invalid umask {text:?}: a number such as 0177, or IXUSR|IRGRP").into()
    })
}

fn facility(value: &OsString) -> Result<Facility, lexopt::Error> {
    let text = value.to_string_lossy();
    let number = text.strip_prefix("local").unwrap_or(&text);
    match (&*text, number.parse::<u8>()) {
        ("user", _) => Ok(Facility::User),
        ("daemon", _) => Ok(Facility::Daemon),
        (_, Ok(number)) if number < 8 => Ok(Facility::Local(number)),
        _ => Err(format!("invalid log facility {text:?}: 0-7, local0-7, user or daemon").into()),
    }
}
