//! The agent alone, for programs that cannot be their own agent (tests), and the demonstration with other daemons.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use standfast_lab::demo::DemoOptions;
use standfast_lab::{Daemon, Start};

const USAGE: &str = "usage: lab-agent demo [--json] FIRST SECOND
FIRST, SECOND: keepalived, or the path of a standfast executable";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(code) = standfast_lab::agent_main(&arguments) {
        return code;
    }
    let words: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    let (json, first, second) = match words.as_slice() {
        ["demo", "--json", first, second] => (true, first, second),
        ["demo", first, second] => (false, first, second),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    };
    let agent = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("lab-agent"));
    let terminal = std::io::stdout().is_terminal();
    standfast_lab::demo::run(&DemoOptions {
        agent,
        subject: daemon(first),
        backup: daemon(second),
        json,
        terminal,
    })
}

fn daemon(name: &str) -> Daemon {
    match name {
        "keepalived" => Daemon::Keepalived,
        path => Daemon::Standfast {
            binary: PathBuf::from(path),
            start: Start::AsItself,
        },
    }
}
