//! Log lines on a thread of their own: a full pipe or a slow disk never holds up the VRRP loop.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;

use standfast_config::printable;
use standfast_core::journal::Level;
use standfast_linux::calendar::date_time;
use standfast_linux::clock::realtime;
use standfast_linux::syslog::{Severity, Syslog};

use crate::options::LogTarget;

/// Lines that may wait; more are counted and dropped.
const QUEUE: usize = 1024;

/// Writes lines where the options say, on the calling thread.
pub(crate) struct Sink {
    target: LogTarget,
    syslog: Option<Syslog>,
}

impl Sink {
    pub(crate) fn new(target: LogTarget, identity: &str) -> Self {
        Sink {
            target,
            syslog: target
                .syslog
                .map(|facility| Syslog::new(identity, facility)),
        }
    }

    /// Tells this daemon's lines from those of others in the system's log, as keepalived does.
    pub(crate) fn rename(&mut self, identity: &str) {
        let facility = self.target.syslog;
        self.syslog = facility.map(|facility| Syslog::new(identity, facility));
    }

    pub(crate) fn log(&mut self, level: Level, text: &str) {
        if level == Level::Detail && !self.target.detail {
            return;
        }
        let text = &*one_line(text);
        if self.target.console {
            let mut out = std::io::stdout().lock();
            // Nobody is left to be told that the console is gone.
            let _ = writeln!(out, "{}: {text}", date_time(realtime()));
            let _ = out.flush();
        }
        if let Some(syslog) = &mut self.syslog {
            syslog.write(severity(level), text);
        }
    }

    pub(crate) fn info(&mut self, text: &str) {
        self.log(Level::Info, text);
    }

    pub(crate) fn error(&mut self, text: &str) {
        self.log(Level::Error, text);
    }
}

/// What others have named (nodes on the peer channel, programs, files) makes no lines of its own and moves no cursor.
fn one_line(text: &str) -> Cow<'_, str> {
    let odd = |letter: char| letter.is_control() && letter != '\t' || !letter.is_ascii();
    match text.contains(odd) {
        true => Cow::Owned(printable(text)),
        false => Cow::Borrowed(text),
    }
}

const fn severity(level: Level) -> Severity {
    match level {
        Level::Detail => Severity::Debug,
        Level::Info => Severity::Info,
        Level::Warning => Severity::Warning,
        Level::Error => Severity::Error,
    }
}

enum Line {
    Text(Level, String),
    Flush(SyncSender<()>),
}

/// Hands lines to the log thread.
#[derive(Clone)]
pub(crate) struct Logger {
    lines: SyncSender<Line>,
    dropped: Arc<AtomicU64>,
    detail: bool,
}

impl Logger {
    /// Starts the thread; it ends with the last logger.
    pub(crate) fn start(target: LogTarget, identity: &str) -> std::io::Result<Self> {
        let (lines, queue) = sync_channel::<Line>(QUEUE);
        let mut sink = Sink::new(target, identity);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&dropped);
        thread::Builder::new()
            .name("log".into())
            .stack_size(128 * 1024)
            .spawn(move || {
                for line in queue {
                    match line {
                        Line::Text(level, text) => sink.log(level, &text),
                        Line::Flush(done) => drop(done),
                    }
                    let lost = lost.swap(0, Ordering::Relaxed);
                    if lost > 0 {
                        sink.log(Level::Warning, &format!("{lost} log lines were dropped"));
                    }
                }
            })?;
        Ok(Logger {
            lines,
            dropped,
            detail: target.detail,
        })
    }

    /// Whether a line of that level is written at all.
    pub(crate) fn wants(&self, level: Level) -> bool {
        level != Level::Detail || self.detail
    }

    pub(crate) fn log(&self, level: Level, text: String) {
        if !self.wants(level) {
            return;
        }
        match self.lines.try_send(Line::Text(level, text)) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Waits until everything logged so far has been written.
    pub(crate) fn flush(&self) {
        let (done, written) = sync_channel(1);
        if self.lines.send(Line::Flush(done)).is_ok() {
            let _ = written.recv();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_makes_no_line_of_its_own_and_moves_no_cursor() {
        let forged =
            "node x\nMon Nov 23: (VI_1) Entering FAULT STATE\r\u{1b}[2J\u{9b}1m\u{202e} at";
        let line = one_line(forged);
        assert!(!line.contains(char::is_control), "{line:?}");
        assert!(!line.contains('\u{202e}'), "{line:?}");
        assert!(
            line.starts_with("node x\u{240a}Mon Nov 23: (VI_1)"),
            "{line:?}"
        );
        for plain in ["(VI_1) Entering MASTER STATE", "a\tb", "Zürich – ✓"] {
            assert_eq!(one_line(plain), plain);
        }
    }
}
