//! `check --listen`: what the network says, with a line that says how long it takes.

use std::io::{IsTerminal, Write};

use standfast_config::{Config, Diagnostic};
use standfast_daemon::HostEnvironment;
use standfast_daemon::listen::{self, Progress};

/// Listens; on a terminal standard error shows where and for how long.
pub(super) fn findings(config: &Config, environment: &HostEnvironment) -> Vec<Diagnostic> {
    let terminal = std::io::stderr().is_terminal();
    listen::findings(config, environment, &mut |progress| {
        if terminal {
            show(progress);
        }
    })
}

/// One line that is written over, and cleared at the end.
fn show(progress: Progress<'_>) {
    let clear = "\r\x1b[K";
    let text = if progress.left.is_zero() {
        clear.to_owned()
    } else {
        format!(
            "{clear}listening for VRRP on {} for {:.1} s: {:.0} s left",
            progress.interfaces.join(", "),
            progress.total.as_secs_f32(),
            progress.left.as_secs_f32().ceil()
        )
    };
    // Without a terminal any more, nobody reads it.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
