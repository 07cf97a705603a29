//! `standfast status`: what the running daemon does, on this node and as the other nodes tell it.

mod detail;
mod overview;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use jiff::tz::TimeZone;
use standfast_api::explain::Problem;
use standfast_api::path;
use standfast_api::status::{Instance, State, Status};
use standfast_config::registry::nearest_of;

pub(crate) use self::detail::{holding, named, priority};
use crate::client::{Client, ClientError, Place};
use crate::moments::Present;
use crate::output::{self, Colour, Page, Piece, Tone, listed, piece};
use crate::problems::Problems;

/// What `--help` says at its end.
pub(crate) const AFTER_HELP: &str = "\
Exit codes: 0 all is well, 1 something is wrong (an instance in FAULT, or a problem that is shown), 2 wrong usage, \
3 not running or no answer, 4 permission denied.";
/// Time between two looks with `--watch`; the daemon keeps what it has told for a moment.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);
/// Clears a terminal (ECMA-48: cursor home, erase below).
const CLEAR: &str = "\u{1b}[H\u{1b}[J";
/// Up to so many instances are shown in detail, more of them in a table.
const FEW: usize = 4;
/// Names that an error lists.
const NAMES_SHOWN: usize = 8;

/// The arguments of `standfast status`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only this instance, or the instances of this sync group.
    instance: Option<String>,
    /// Show each instance in detail, however many there are.
    #[arg(short, long)]
    long: bool,
    /// Show it again each second, until interrupted.
    #[arg(short, long)]
    watch: bool,
    /// Print it as JSON, as it stands at /v1/status.
    #[arg(long)]
    json: bool,
    /// Use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
    #[command(flatten)]
    place: Place,
}

impl Arguments {
    /// Asks the daemon and prints what it says.
    pub(crate) fn run(self) -> ExitCode {
        if self.watch {
            return self.follow();
        }
        match self.look() {
            Ok(seen) => {
                output::print(&seen.text);
                ExitCode::from(u8::from(seen.wrong))
            }
            Err(error) => error.report(),
        }
    }

    fn follow(&self) -> ExitCode {
        let terminal = std::io::stdout().is_terminal() && !self.json;
        loop {
            let text = match self.look() {
                Ok(seen) => seen.text,
                // It may be about to start again.
                Err(Failed::Asking(error)) if error.may_pass() && terminal => {
                    format!("standfast: {error}\n")
                }
                Err(error) => return error.report(),
            };
            let before = if terminal { CLEAR } else { "" };
            output::print(&format!("{before}{text}"));
            thread::sleep(WATCH_INTERVAL);
        }
    }

    fn look(&self) -> Result<Seen, Failed> {
        let client = Client::find(&self.place).map_err(Failed::Asking)?;
        let status = client.get(path::STATUS).map_err(Failed::Asking)?;
        let problems = Problems::new(Some(&client));
        let view = View::new(
            status,
            self.instance.as_deref(),
            TimeZone::system(),
            |status, instance| problems.of(status, instance),
        )?;
        let text = if self.json {
            view.json()
        } else {
            view.text(self.long, self.color.wanted())
        };
        Ok(Seen {
            text,
            wrong: view.is_wrong(),
        })
    }
}

/// What is printed, and whether something is wrong.
struct Seen {
    text: String,
    wrong: bool,
}

/// Why nothing can be shown.
#[derive(Debug)]
enum Failed {
    /// The daemon can't be asked.
    Asking(ClientError),
    /// No instance and no group has this name; the names that there are, and the nearest of them.
    Unknown {
        name: String,
        names: Vec<String>,
        nearest: Option<String>,
    },
}

impl Failed {
    fn report(&self) -> ExitCode {
        match self {
            Self::Asking(error) => error.report(),
            Self::Unknown {
                name,
                names,
                nearest,
            } => {
                eprintln!("standfast: {}", unknown(name, names, nearest.as_deref()));
                ExitCode::from(2)
            }
        }
    }
}

/// That nothing has this name, and what there is.
pub(crate) fn unknown(name: &str, names: &[String], nearest: Option<&str>) -> String {
    let there = match names {
        [] => "the daemon has none".to_owned(),
        names => listed(names.iter().map(String::as_str), NAMES_SHOWN),
    };
    let guess = nearest.map(|nearest| format!("; did you mean `{nearest}`?"));
    let guess = guess.unwrap_or_default();
    standfast_config::printable(&format!("no instance `{name}`{guess} (there are: {there})"))
}

/// A status as it is looked at.
struct View {
    status: Status,
    /// Only these are looked at.
    name: Option<String>,
    present: Present,
    /// What is wrong with each instance that is looked at.
    problems: Vec<Vec<Problem>>,
}

impl View {
    /// Everything, or only the instance or group of that name.
    fn new(
        status: Status,
        name: Option<&str>,
        zone: TimeZone,
        problems: impl Fn(&Status, &Instance) -> Vec<Problem>,
    ) -> Result<Self, Failed> {
        let present = Present {
            now_us: status.node.now_us,
            zone,
        };
        let mut view = Self {
            status,
            name: name.map(str::to_owned),
            present,
            problems: Vec::new(),
        };
        view.problems = view
            .shown()
            .map(|one| problems(&view.status, one))
            .collect();
        match name {
            Some(name) if view.problems.is_empty() => Err(view.unknown(name)),
            _ => Ok(view),
        }
    }

    fn unknown(&self, name: &str) -> Failed {
        let names = self.status.instances.iter().map(|one| one.name.clone());
        let names: Vec<String> = names.collect();
        let nearest = nearest_of(names.iter().map(String::as_str), name).map(str::to_owned);
        Failed::Unknown {
            name: name.to_owned(),
            names,
            nearest,
        }
    }

    /// The instances that are looked at, in the order of the configuration.
    fn shown(&self) -> impl Iterator<Item = &Instance> {
        let name = self.name.as_deref();
        let is_meant = move |one: &&Instance| {
            name.is_none_or(|name| one.name == name || one.group.as_deref() == Some(name))
        };
        self.status.instances.iter().filter(is_meant)
    }

    fn json(&self) -> String {
        let mut status = self.status.clone();
        status.instances = self.shown().cloned().collect();
        output::json(&status)
    }

    fn text(&self, long: bool, colour: bool) -> String {
        let mut page = Page::new(colour);
        self.node(&mut page);
        let number = self.problems.len();
        if long || self.name.is_some() || number <= FEW {
            for (instance, problems) in self.shown().zip(&self.problems) {
                page.gap();
                self.detail(&mut page, instance, problems);
            }
        } else {
            page.gap();
            self.rows(&mut page);
        }
        if self.name.is_none() {
            self.beside(&mut page);
        }
        page.into_text()
    }

    /// Something is wrong with what is looked at.
    fn is_wrong(&self) -> bool {
        let fault = self.shown().any(|one| one.state == State::Fault);
        let node = &self.status.node;
        fault
            || node.reload_refused.is_some()
            || !node.control_troubles.is_empty()
            || self.last_resort().next().is_some()
            || self.problems.iter().flatten().any(Problem::is_wrong)
    }

    /// What a drained node serves all the same: nobody else takes it.
    fn last_resort(&self) -> impl Iterator<Item = &Instance> {
        let drained = self.status.node.drain.is_some();
        self.shown()
            .filter(move |one| drained && one.priority.drained && one.state == State::Master)
    }
}

/// A state in the words of keepalived's log, and its tone.
pub(crate) fn state(state: State) -> Piece {
    let (tone, word) = match state {
        State::Initialize => (Tone::Warning, "INIT"),
        State::Backup => (Tone::Plain, "BACKUP"),
        State::Master => (Tone::Good, "MASTER"),
        State::Fault => (Tone::Bad, "FAULT"),
        State::Leaving => (Tone::Warning, "LEAVING"),
    };
    piece(tone, word)
}
