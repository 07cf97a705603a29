//! `standfast top`: what the running daemon does, live, in a terminal.
//!
//! ```text
//!   keys, signals ─┐
//!   status ────────┼─▶ Update ──▶ State ──▶ view::draw (pure) ──▶ terminal
//!   journal ───────┘   (threads)
//! ```

mod details;
mod feed;
mod keys;
mod layout;
mod rows;
mod state;
#[cfg(test)]
mod tests;
mod view;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use ratatui::DefaultTerminal;
use standfast_api::path;
use standfast_linux::signals::Signals;

use self::state::{State, Update};
use self::view::Theme;
use crate::client::{Client, Place};
use crate::moments::Present;
use crate::output::Colour;

/// What `--help` says at the end.
pub(crate) const AFTER_HELP: &str = "\
Keys: arrows or j and k select, Tab goes to the next pane, Enter shows details, ? help, q quits.\n\nExit codes: 0 fine, \
1 no terminal, 2 wrong usage, 3 not running or no answer, 4 permission denied.";
/// The picture is drawn at least this often: durations grow.
const TICK: Duration = Duration::from_secs(1);
/// Updates that are taken before the picture is drawn again.
const BATCH: usize = 1000;

/// The arguments of `standfast top`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
    #[command(flatten)]
    place: Place,
}

impl Arguments {
    /// Shows it until it is ended.
    pub(crate) fn run(self) -> ExitCode {
        if !std::io::stdout().is_terminal() {
            eprintln!("standfast: top needs a terminal (`standfast status --watch` needs none)");
            return ExitCode::FAILURE;
        }
        let asked = Client::find(&self.place).and_then(|client| client.get(path::STATUS));
        let status = match asked {
            Ok(status) => status,
            Err(error) => return error.report(),
        };
        // Before the first thread: they must not die of what ends us.
        let signals = match Signals::block() {
            Ok(signals) => signals,
            Err(error) => {
                eprintln!("standfast: {error}");
                return ExitCode::FAILURE;
            }
        };
        let mut state = State::new(present());
        state.take(Update::Status(Box::new(status)));
        let (updates, received) = channel();
        feed::start(&self.place, signals, &updates);
        let theme = Theme {
            colour: self.color.wanted(),
        };
        match show(&mut state, &received, theme) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("standfast: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

/// The terminal is as it was when this returns, and after a panic too.
fn show(state: &mut State, updates: &Receiver<Update>, theme: Theme) -> std::io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let shown = follow(&mut terminal, state, updates, theme);
    let restored = ratatui::try_restore();
    shown.and(restored)
}

fn follow(
    terminal: &mut DefaultTerminal,
    state: &mut State,
    updates: &Receiver<Update>,
    theme: Theme,
) -> std::io::Result<()> {
    let size = terminal.size()?;
    state.take(Update::Resize(size.width, size.height));
    while !state.ended {
        state.present = present();
        terminal.draw(|frame| view::draw(frame, state, theme))?;
        let due = Instant::now() + TICK;
        match updates.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(update) => state.take(update),
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        for update in updates.try_iter().take(BATCH) {
            state.take(update);
        }
    }
    Ok(())
}

fn present() -> Present {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Present {
        now_us: now.map_or(0, |now| u64::try_from(now.as_micros()).unwrap_or(u64::MAX)),
        zone: TimeZone::system(),
    }
}
