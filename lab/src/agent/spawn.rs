//! The floor of every scheduler of scripts: a program started again and again at a fixed rate, and waited for.

use std::process::Command;
use std::time::{Duration, Instant};

use super::{AgentError, AgentResult, failed};

/// The fastest rate that is tried, in starts a second.
const MOST_STARTS: u32 = 10_000;

/// `PROGRAM RATE SECONDS`: so many starts a second, evenly spread. The standard library uses posix_spawn(3) for a plain
/// command; whoever compares takes the CPU time of this process and its children from a control group.
pub(super) fn run(arguments: &[String]) -> AgentResult {
    let [program, rate, seconds] = arguments else {
        return Err(AgentError::Usage);
    };
    let rate: u32 = rate.parse().map_err(failed("read the rate"))?;
    let seconds: u32 = seconds.parse().map_err(failed("read the time"))?;
    if !(1..=MOST_STARTS).contains(&rate) {
        return Err(AgentError::Usage);
    }
    let gap = Duration::from_secs(1) / rate;
    let begin = Instant::now();
    for start in 0..rate.saturating_mul(seconds) {
        Command::new(program)
            .status()
            .map_err(failed("start the program"))?;
        let due = begin + gap * (start + 1);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    Ok(())
}
