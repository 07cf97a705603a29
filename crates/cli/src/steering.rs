//! Commands that change what the running daemon does: `switchover`, `drain`, `resume`, `pause`, `unpause`, `reload`.

mod reload;
#[cfg(test)]
mod tests;
mod told;

use std::process::ExitCode;

use jiff::tz::TimeZone;
use standfast_api::command::{Answer, Command, Move, Target};
use standfast_config::printable;

pub(crate) use self::reload::{AFTER_HELP as RELOAD_HELP, Reload};
use crate::client::{Client, ClientError, Place};
use crate::moments::{seconds, span};
use crate::output::{self, Colour, Page, Piece, Tone, piece, plain};

/// What `--help` says at the end of each.
pub(crate) const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 refused (nothing was changed), 2 wrong usage, 3 not running or no answer, 4 permission denied.";
/// What `--help` says at the end of `drain`.
pub(crate) const DRAIN_HELP: &str = "\
Exit codes: 0 everything has moved, or there was nothing to move; 1 refused, or drained though nobody else could take \
everything; 2 wrong usage, 3 not running or no answer, 4 permission denied.";
/// What `--help` says at the end of `switchover`.
pub(crate) const SWITCHOVER_HELP: &str = "\
The gap is the time for which no node answered, of the address that was worst off, by the packets' time stamps; where it \
is negative both answered.\n\nExit codes: 0 moved, 1 refused or not everything has moved, 2 wrong usage, 3 not running or no answer, \
4 permission denied.";
/// Reasons of a refusal that are shown.
const REASONS_SHOWN: usize = 20;

/// What all of them take.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Common {
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
    /// Use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
    #[command(flatten)]
    place: Place,
}

/// The arguments of `standfast switchover`.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("target").required(true).args(["name", "all"]))]
pub(crate) struct Switchover {
    /// This instance, with its sync group; or this sync group.
    #[arg(value_name = "INSTANCE|GROUP")]
    name: Option<String>,
    /// Everything that this node is master of.
    #[arg(long)]
    all: bool,
    /// To this node, by its name or address [default: the best one].
    #[arg(long, value_name = "NODE")]
    to: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// The arguments of `standfast drain`.
#[derive(clap::Args)]
pub(crate) struct Drain {
    /// Taken only to say that there is no such thing.
    #[arg(hide = true, value_name = "INSTANCE")]
    instance: Option<String>,
    /// Ends by itself after this time: 90 (seconds), 30s, 10m, 2h30m, 1d [default: until `resume`].
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    for_s: Option<u64>,
    /// Not even the last resort: nobody serves if no other node can.
    #[arg(long)]
    hard: bool,
    #[command(flatten)]
    common: Common,
}

/// The arguments of `standfast resume`.
#[derive(clap::Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    common: Common,
}

/// The arguments of `standfast pause`.
#[derive(clap::Args)]
pub(crate) struct Pause {
    /// A `vrrp_script` or `vrrp_check`.
    check: String,
    /// Ends by itself after this time: 90 (seconds), 30s, 10m, 2h30m, 1d [default: until `unpause`].
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    for_s: Option<u64>,
    #[command(flatten)]
    common: Common,
}

/// The arguments of `standfast unpause`.
#[derive(clap::Args)]
pub(crate) struct Unpause {
    /// A `vrrp_script` or `vrrp_check`.
    check: String,
    #[command(flatten)]
    common: Common,
}

impl Switchover {
    /// Asks for it, and prints the gap.
    pub(crate) fn run(self) -> ExitCode {
        let target = self.name.map_or(Target::All, Target::Named);
        let command = Command::Switchover {
            target,
            to: self.to,
        };
        self.common.run(&command)
    }
}

impl Drain {
    /// Asks for it.
    pub(crate) fn run(self) -> ExitCode {
        if let Some(name) = &self.instance {
            let text = format!(
                "a drain is for the whole node; `standfast switchover {name}` moves that one alone"
            );
            eprintln!("standfast: {}", printable(&text));
            return ExitCode::from(2);
        }
        self.common.run(&Command::Drain {
            for_s: self.for_s,
            hard: self.hard,
        })
    }
}

impl Resume {
    /// Asks for it.
    pub(crate) fn run(self) -> ExitCode {
        self.common.run(&Command::Resume)
    }
}

impl Pause {
    /// Asks for it.
    pub(crate) fn run(self) -> ExitCode {
        self.common.run(&Command::Pause {
            check: self.check,
            for_s: self.for_s,
        })
    }
}

impl Unpause {
    /// Asks for it.
    pub(crate) fn run(self) -> ExitCode {
        self.common.run(&Command::Unpause { check: self.check })
    }
}

impl Common {
    fn run(&self, command: &Command) -> ExitCode {
        match self.carry_out(command) {
            Ok((answer, notes)) => {
                let code = self.tell(&answer);
                if !self.json && matches!(answer, Answer::Done { .. }) {
                    output::print(&notes_text(&notes));
                }
                code
            }
            Err(error) => error.report(),
        }
    }

    /// The answer, and what the daemon's status adds to it for people.
    fn carry_out(&self, command: &Command) -> Result<(Answer, Vec<String>), ClientError> {
        let client = Client::find(&self.place)?;
        if self.json {
            return Ok((client.command(command)?, Vec::new()));
        }
        let before = told::before(&client, command);
        let answer = client.command(command)?;
        let after = told::after(&client, command);
        let zone = TimeZone::system();
        let notes = told::notes(command, before.as_ref(), after.as_ref(), &zone);
        Ok((told::truly(answer, command, before.as_ref()), notes))
    }

    fn ask(&self, command: &Command) -> Result<Answer, ClientError> {
        Client::find(&self.place)?.command(command)
    }

    /// Prints the answer: what was done on standard output, why it was not on standard error.
    fn tell(&self, answer: &Answer) -> ExitCode {
        if self.json {
            output::print(&output::json(answer));
        } else {
            let text = text(answer, self.color.wanted());
            match answer {
                Answer::Done { .. } => output::print(&text),
                Answer::Refused { .. } => eprint!("{text}"),
            }
        }
        ExitCode::from(u8::from(!is_done(answer)))
    }
}

fn notes_text(notes: &[String]) -> String {
    let mut page = Page::new(false);
    for note in notes {
        page.paragraph(0, &[plain(note)]);
    }
    page.into_text()
}

/// It is done, and everything that should move has.
fn is_done(answer: &Answer) -> bool {
    match answer {
        Answer::Done { moves, .. } => moves.iter().all(|one| one.to.is_some()),
        Answer::Refused { .. } => false,
    }
}

/// The answer in words.
fn text(answer: &Answer, colour: bool) -> String {
    let mut page = Page::new(colour);
    match answer {
        Answer::Done { text, moves, plan } => {
            if !text.is_empty() {
                page.paragraph(0, &[plain(text)]);
            }
            for one in moves {
                page.paragraph(0, &moved(one));
            }
            if let Some(plan) = plan {
                reload::plan(&mut page, plan, text);
            }
        }
        Answer::Refused { text, reasons } => {
            page.paragraph(0, &[plain("standfast: "), plain(text)]);
            // A single reason is often the whole text.
            let reasons: Vec<_> = reasons.iter().filter(|reason| *reason != text).collect();
            for reason in reasons.iter().take(REASONS_SHOWN) {
                page.paragraph(2, &[plain(reason)]);
            }
            if let Some(more @ 1..) = reasons.len().checked_sub(REASONS_SHOWN) {
                page.paragraph(2, &[plain(format!("and {more} more"))]);
            }
        }
    }
    page.into_text()
}

/// `VI_1: node-b (10.0.0.2) has it after 12 ms; no gap: both answered for 3.1 ms`.
fn moved(one: &Move) -> Vec<Piece> {
    let name = piece(Tone::Strong, &one.instance);
    let Some(to) = one.to else {
        let text = match &one.unasked {
            Some(why) => format!("nobody was asked to take it: {why}"),
            None => format!("nobody has taken it within {}", span(one.took_us)),
        };
        return vec![name, plain(": "), piece(Tone::Warning, text)];
    };
    let who = crate::status::named(one.name.as_deref(), to);
    let took = span(one.took_us);
    let text = format!(": {who} has it after {took}; {}", gap(one.gap_us));
    vec![name, plain(text)]
}

/// A gap in words: `gap 4.2 ms`, `no gap: both answered for 3.1 ms`.
pub(crate) fn gap(gap_us: Option<i64>) -> String {
    match gap_us {
        None => "the gap is not known".to_owned(),
        Some(0) => "no gap".to_owned(),
        Some(gap @ 1..) => format!("gap {}", span(gap.unsigned_abs())),
        Some(overlap) => format!("no gap: both answered for {}", span(overlap.unsigned_abs())),
    }
}
