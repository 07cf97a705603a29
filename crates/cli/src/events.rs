//! `standfast events`: what happened, from the running daemon, or from its files where it does not run.

mod follow;
mod line;
mod source;
#[cfg(test)]
pub(crate) mod tests;
mod when;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::ValueEnum;
use jiff::tz::TimeZone;
use standfast_api::event::{Level, Query, Record};

pub(crate) use self::line::{sentence, subject, tone};
use self::source::{Failure, Source};
use crate::client::Place;
use crate::output::{Colour, inert};

/// What `--help` says at the end.
pub(crate) const AFTER_HELP: &str = "\
WHEN is a time ago (90, 30s, 10m, 2h30m, 1d), a moment (14:00, 2026-11-23, 2026-11-23 14:00, 2026-11-23T14:00:00Z), \
today or yesterday.\n\nExit codes: 0 fine, 1 the journal cannot be read, 2 wrong usage, 3 no answer, 4 permission denied.";
/// Events that are shown where nothing says how many.
const SHOWN: usize = 50;
/// Events before those that are followed.
const SHOWN_BEFORE: usize = 10;
/// Most events at once that a daemon or its files are asked for.
const PAGE: usize = 500;

/// The arguments of `standfast events`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Go on with what happens from now on, also when the daemon is restarted.
    #[arg(short, long)]
    follow: bool,
    /// Only what happened since then.
    #[arg(long, value_name = "WHEN", value_parser = when::parse)]
    since: Option<u64>,
    /// Only what is about the instance, group, check or object of this name; `node` for the whole node.
    #[arg(long, visible_alias = "subject", value_name = "NAME")]
    instance: Option<String>,
    /// Only what matters at least so much.
    #[arg(long, value_enum, value_name = "LEVEL")]
    level: Option<Least>,
    /// At most so many, the newest [default: 50, with --follow 10, with --since all].
    #[arg(short = 'n', long, value_name = "N")]
    lines: Option<usize>,
    /// Print each event as JSON on a line of its own.
    #[arg(long)]
    json: bool,
    /// Use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
    /// Read the files of this folder, and ask no daemon.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["socket", "namespace", "follow"])]
    directory: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// How much an event matters at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Least {
    /// Everything.
    Detail,
    /// What an operator wants to read.
    Info,
    /// Somebody should look.
    Warning,
    /// Does not work.
    Error,
}

impl From<Least> for Level {
    fn from(least: Least) -> Self {
        match least {
            Least::Detail => Level::Detail,
            Least::Info => Level::Info,
            Least::Warning => Level::Warning,
            Least::Error => Level::Error,
        }
    }
}

/// What is wanted, and how it is shown.
struct Wanted {
    query: Query,
    /// How many of those that are there already.
    shown: usize,
    json: bool,
    colour: bool,
    zone: TimeZone,
}

/// Events of the whole node are about no name; `node` stands in their place.
const NODE: &str = "node";

/// The name that a journal has.
fn meant(name: String) -> String {
    match name.as_str() {
        NODE => String::new(),
        _ => name,
    }
}

/// Nobody reads what is printed any more.
struct Closed;

impl Arguments {
    /// Prints them.
    pub(crate) fn run(self) -> ExitCode {
        let usual = match (self.follow, self.since) {
            (_, Some(_)) => usize::MAX,
            (true, None) => SHOWN_BEFORE,
            (false, None) => SHOWN,
        };
        let wanted = Wanted {
            query: Query {
                after: None,
                since_us: self.since,
                limit: PAGE,
                subject: self.instance.map(meant),
                level: self.level.map(Level::from),
            },
            shown: self.lines.unwrap_or(usual),
            json: self.json,
            colour: self.color.wanted(),
            zone: TimeZone::system(),
        };
        let result = match (self.follow, self.directory) {
            (true, _) => follow::run(&wanted, &self.place),
            (false, Some(directory)) => wanted.show(&Source::Files(directory)),
            (false, None) => Source::find(&self.place).and_then(|source| wanted.show(&source)),
        };
        match result {
            Ok(_) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        }
    }
}

/// How far the journal was shown.
enum Shown {
    /// Up to this entry, if there is any.
    UpTo(Option<u64>),
    /// Nobody reads it any more.
    Closed,
}

impl Wanted {
    /// Shows what is there already.
    fn show(&self, source: &Source) -> Result<Shown, Failure> {
        let records = match self.query.is_newest() {
            true => self.newest(source)?,
            false => self.since(source)?,
        };
        if records.is_empty() {
            source.knows(self.query.subject.as_deref())?;
        }
        let last = match records.last() {
            Some(last) => Some(last.seq),
            // What follows may be about something else.
            None => source.newest()?,
        };
        match self.print(&records) {
            Ok(()) => Ok(Shown::UpTo(last)),
            Err(Closed) => Ok(Shown::Closed),
        }
    }

    /// The newest ones; the daemon may give fewer at once than are wanted.
    fn newest(&self, source: &Source) -> Result<Vec<Record>, Failure> {
        if self.shown == 0 {
            return Ok(Vec::new());
        }
        let mut query = self.query.clone();
        if self.shown <= PAGE {
            query.limit = self.shown;
            return Ok(source.page(&query)?.records);
        }
        query.after = Some(0);
        self.all(source, query)
    }

    fn since(&self, source: &Source) -> Result<Vec<Record>, Failure> {
        self.all(source, self.query.clone())
    }

    /// Everything that a query means, of which the newest ones are kept.
    fn all(&self, source: &Source, mut query: Query) -> Result<Vec<Record>, Failure> {
        let mut records = Vec::new();
        loop {
            let page = source.page(&query)?;
            let more = page.more && !page.records.is_empty();
            records.extend(page.records);
            let excess = records.len().saturating_sub(self.shown);
            query.after = records.last().map(|record| record.seq).or(query.after);
            records.drain(..excess);
            if !more {
                return Ok(records);
            }
        }
    }

    fn print(&self, records: &[Record]) -> Result<(), Closed> {
        let lines = records.iter().map(|record| self.line(record));
        print(&lines.collect::<String>())
    }

    fn line(&self, record: &Record) -> String {
        if self.json {
            let text = serde_json::to_string(record).unwrap_or_default();
            return inert(&text) + "\n";
        }
        line::line(record, &self.zone, self.colour)
    }
}

fn print(text: &str) -> Result<(), Closed> {
    let mut output = std::io::stdout().lock();
    let written = output.write_all(text.as_bytes());
    match written.and_then(|()| output.flush()) {
        Ok(()) => Ok(()),
        Err(error) => {
            if error.kind() != ErrorKind::BrokenPipe {
                eprintln!("standfast: cannot write to standard output: {error}");
            }
            Err(Closed)
        }
    }
}

/// Microseconds since 1970.
fn now_us() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_micros()).unwrap_or(u64::MAX))
}
