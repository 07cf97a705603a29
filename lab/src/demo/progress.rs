//! A line that moves while a step runs, on a terminal only.

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::DemoOptions;
use crate::moment::Moment;

const FRAMES: [&str; 4] = ["|", "/", "-", "\\"];

/// How often it moves.
const PERIOD: Duration = Duration::from_millis(100);

/// Erase the line and go to its start (ECMA-48).
const CLEAR_LINE: &str = "\r\x1b[2K";

/// The line; it disappears when this is dropped.
pub(super) struct Progress {
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Shows that `what` is going on and for how long, if standard output is a terminal.
    pub(super) fn start(options: &DemoOptions, what: &'static str) -> Self {
        if !options.terminal || options.json {
            return Self { running: None };
        }
        let (end, ended) = channel::<()>();
        let thread = std::thread::spawn(move || {
            let begin = Moment::now();
            for frame in FRAMES.iter().cycle() {
                let seconds = Moment::now().since(begin).as_secs_f64();
                show(&format!("{CLEAR_LINE}{frame} {what} … {seconds:.1} s"));
                if ended.recv_timeout(PERIOD) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            show(CLEAR_LINE);
        });
        Self {
            running: Some((end, thread)),
        }
    }
}

/// A terminal that went away is no reason to end.
fn show(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes());
    let _ = output.flush();
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.running.take() {
            drop(end);
            let _ = thread.join();
        }
    }
}
