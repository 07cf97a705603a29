//! What is going on, on standard error: a line that replaces the one before it on a terminal, one line each elsewhere.

use std::io::{IsTerminal, Write, stderr};

/// Erase the line and go to its start (ECMA-48).
const CLEAR_LINE: &str = "\r\x1b[2K";
const FAINT: &str = "\x1b[2m";
const NORMAL: &str = "\x1b[0m";

/// The line.
pub struct Progress {
    terminal: bool,
}

impl Progress {
    /// On this program's standard error.
    #[must_use]
    pub fn new() -> Self {
        Self {
            terminal: stderr().is_terminal(),
        }
    }

    /// Shows what is going on. A terminal that went away is no reason to end.
    pub fn show(&mut self, what: &str) {
        let _ = if self.terminal {
            write!(stderr(), "{CLEAR_LINE}{FAINT}{what}{NORMAL}")
        } else {
            writeln!(stderr(), "{what}")
        };
    }

    /// Removes the line.
    pub fn clear(&mut self) {
        if self.terminal {
            let _ = write!(stderr(), "{CLEAR_LINE}");
        }
    }
}
