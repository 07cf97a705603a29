//! The agent alone, for programs that cannot be their own agent (tests).

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    standfast_lab::agent_main(&arguments).unwrap_or_else(|| {
        eprintln!("lab-agent: works inside a lab only; see the documentation of standfast-lab");
        ExitCode::FAILURE
    })
}
