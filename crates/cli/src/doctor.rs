//! `standfast doctor`: what on this host would break a failover, each with the fix.
//!
//! - `host`: the judgement of `check --host` on the configuration in force, by subject.
//! - `daemon`: what only the running daemon knows, from its status; `process` and `scheduling`: what the kernel grants it.
//! - `switch`: what the kernel knows of the switches between the nodes; `clock`: whether the clock is kept right, or was set.
//! - `remedy`: a help as a command that can be run.
//! - `report`: text and JSON.

mod clock;
mod daemon;
mod host;
mod process;
mod remedy;
mod report;
mod running;
mod scheduling;
mod switch;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;
use standfast_api::path;
use standfast_api::status::Status;
use standfast_config::registry::nearest_of;
use standfast_config::{LoadOptions, Loaded, printable};
use standfast_daemon::{HostEnvironment, load_here};

use crate::client::{Client, ClientError, Place};
use crate::output::{self, Colour, listed};
use crate::problems::Problems;
use remedy::Remedy;

/// What `--help` says at its end.
pub(crate) const AFTER_HELP: &str = "\
Exit codes: 0 fine, 1 something was found, 2 wrong usage. It changes nothing. Each line that begins with $ is a command \
that mends what stands above it, until the next start of the host; the words below say how it stays.";
/// Where the daemon looks for its configuration.
const DEFAULT_FILE: &str = "/etc/keepalived/keepalived.conf";
/// Names that an error lists.
const NAMES_SHOWN: usize = 8;

/// The arguments of `standfast doctor`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only what concerns this instance.
    instance: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
    /// Configuration file, where no daemon runs [default: /etc/keepalived/keepalived.conf].
    #[arg(short, long, visible_alias = "use-file", value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Level {
    /// Nothing was found.
    Ok,
    /// Works, but somebody should look.
    Warn,
    /// A failover would not work, or does not.
    Bad,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    level: Level,
    /// Code of `standfast explain`, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    text: String,
    #[serde(flatten)]
    remedy: Remedy,
}

/// A subject that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Area {
    name: &'static str,
    level: Level,
    /// What it is like where nothing was found.
    text: String,
    findings: Vec<Finding>,
}

impl Area {
    fn new(name: &'static str, text: impl Into<String>, findings: Vec<Finding>) -> Self {
        let worst = findings.iter().map(|one| one.level).max();
        Area {
            name,
            level: worst.unwrap_or(Level::Ok),
            text: text.into(),
            findings,
        }
    }
}

/// Everything that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Report {
    /// The daemon runs and has answered.
    running: bool,
    /// Configuration that was judged.
    files: Vec<String>,
    areas: Vec<Area>,
}

impl Report {
    fn has_findings(&self) -> bool {
        self.areas.iter().any(|area| area.level > Level::Ok)
    }
}

impl Arguments {
    /// Looks, and prints what was found.
    pub(crate) fn run(self) -> ExitCode {
        let client = Client::find(&self.place);
        let client = client.and_then(|client| Ok((client.get(path::STATUS)?, client)));
        let (mut seen, client): (Result<Status, ClientError>, _) = match client {
            Ok((status, client)) => (Ok(status), Some(client)),
            Err(error) => (Err(error), None),
        };
        let files = self.files(seen.as_ref().ok());
        let environment = HostEnvironment::with_advice();
        let mut loaded = load_here(&files, &environment, &LoadOptions::default());
        if let Ok(status) = &mut seen {
            // What the daemon was told of this host is looked at anew.
            status.host.clear();
        }
        if let Some(name) = &self.instance
            && let Err(names) = restrict(&mut loaded, seen.as_mut().ok(), name)
        {
            eprintln!("standfast: {}", unknown(name, &names));
            return ExitCode::from(2);
        }
        if let Ok(status) = &seen
            && loaded.config.instances.is_empty()
            && running::is_here(status)
        {
            loaded.config = running::config(status, &environment);
        }
        let report = examine(&files, &loaded, &environment, (&seen, client.as_ref()));
        let text = if self.json {
            output::json(&report)
        } else {
            report::text(&report, self.color.wanted())
        };
        output::print(&text);
        ExitCode::from(u8::from(report.has_findings()))
    }

    /// The configuration in force, or what would be.
    fn files(&self, status: Option<&Status>) -> Vec<PathBuf> {
        if let Some(file) = &self.file {
            return vec![file.clone()];
        }
        // The first one names the others.
        let first = status.and_then(|status| status.node.files.first());
        vec![first.map_or_else(|| DEFAULT_FILE.into(), PathBuf::from)]
    }
}

/// Leaves one instance, or says which there are.
fn restrict(
    loaded: &mut Loaded,
    status: Option<&mut Status>,
    name: &str,
) -> Result<(), Vec<String>> {
    let configured = &mut loaded.config.instances;
    let mut names: Vec<String> = configured
        .iter()
        .map(|one| one.name.value.clone())
        .collect();
    configured.retain(|one| one.name.value == name);
    if let Some(status) = status {
        names.extend(status.instances.iter().map(|one| one.name.clone()));
        status.instances.retain(|one| one.name == name);
    }
    names.sort_unstable();
    names.dedup();
    match names.iter().any(|one| one == name) {
        true => Ok(()),
        false => Err(names),
    }
}

fn unknown(name: &str, names: &[String]) -> String {
    let near = nearest_of(names.iter().map(String::as_str), name);
    let guess = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let there = match names {
        [] => "neither the configuration nor a running daemon has one".to_owned(),
        names => format!(
            "there is {}",
            listed(names.iter().map(String::as_str), NAMES_SHOWN)
        ),
    };
    printable(&format!("no instance is called `{name}`{guess} ({there})"))
}

fn examine(
    files: &[PathBuf],
    loaded: &Loaded,
    environment: &HostEnvironment,
    (seen, client): (&Result<Status, ClientError>, Option<&Client>),
) -> Report {
    let mut areas = vec![
        daemon::area(seen),
        host::configuration(files, loaded, seen.as_ref().ok()),
    ];
    areas.extend(host::areas(loaded, environment, seen.as_ref().ok()));
    areas.push(switch::area(&loaded.config, seen.as_ref().ok()));
    if let Ok(status) = seen {
        areas.push(daemon::timers(status, &loaded.config));
        areas.push(scheduling::area(status, &loaded.config));
        areas.push(process::area(status, &loaded.config));
        let told = areas.iter().flat_map(|area| &area.findings);
        let told: Vec<&str> = told.filter_map(|finding| finding.code).collect();
        areas.push(daemon::network(status, &Problems::new(client), &told));
    }
    let shown = |file: &PathBuf| file.display().to_string();
    Report {
        running: seen.is_ok(),
        files: files.iter().map(shown).collect(),
        areas,
    }
}
