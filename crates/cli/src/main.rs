//! `standfast`: the daemon and its tools in one binary. Started under the name `keepalived` (a
//! symbolic link) it takes keepalived's own command line.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

mod check;
mod client;
mod commands;
mod completions;
mod config;
mod doctor;
mod events;
mod explain;
mod format;
mod keepalived;
mod manual;
mod moments;
mod names;
mod output;
mod problems;
mod replace;
#[cfg(test)]
mod snapshot;
mod status;
mod steering;
mod top;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // The lab starts this binary inside its virtual hosts.
    let words: Vec<String> = arguments
        .iter()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    if let Some(code) = standfast_lab::agent_main(&words) {
        return code;
    }
    // Shells ask this in the middle of a line that is being typed.
    if let [_, command, kind] = words.as_slice()
        && command == names::COMMAND
    {
        return names::main(kind);
    }
    let called_keepalived = arguments
        .first()
        .and_then(|program| Path::new(program).file_name())
        .is_some_and(|name| name == "keepalived");
    if called_keepalived {
        return keepalived::main(arguments.into_iter().skip(1).collect());
    }
    commands::main(arguments)
}
