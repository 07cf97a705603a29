//! The part of the lab that runs inside the namespaces.
//!
//! A program becomes its own agent by calling [`agent_main`] first thing: the lab starts the same executable again,
//! inside the namespaces, with a hidden subcommand.

mod ask;
mod capture;
mod filter;
mod floor;
mod http;
mod init;
mod inject;
mod mounts;
mod packet_socket;
mod probe;
mod spawn;

use std::process::ExitCode;

use crate::protocol::AGENT_SUBCOMMAND;

/// What a part of the agent may fail with; it is printed, and the lab shows it.
pub(crate) type AgentResult = Result<(), AgentError>;

/// Why an agent gave up.
#[derive(Debug)]
pub(crate) enum AgentError {
    /// The lab called it with arguments it does not know.
    Usage,
    /// The system refused something.
    System { doing: &'static str, said: String },
}

/// Adds what was attempted to an error of the system.
pub(crate) fn failed<E: std::fmt::Display>(doing: &'static str) -> impl FnOnce(E) -> AgentError {
    move |error| AgentError::System {
        doing,
        said: error.to_string(),
    }
}

/// Runs as agent if `arguments` (with the program's name first) say so; `None` if this is an ordinary start.
#[must_use]
pub fn agent_main(arguments: &[String]) -> Option<ExitCode> {
    let [_, subcommand, part, rest @ ..] = arguments else {
        return None;
    };
    if subcommand != AGENT_SUBCOMMAND {
        return None;
    }
    let result = match part.as_str() {
        "init" => init::run(rest),
        "probe" => probe::run(rest),
        "http-probe" => http::probe(rest),
        "http-serve" => http::serve(rest),
        "capture" => capture::run(rest),
        "floor-advertise" => floor::advertise(rest),
        "floor-spawn" => floor::spawn(rest),
        "floor-addresses" => floor::addresses(rest),
        "burn" => floor::burn(),
        "ask" => ask::run(rest),
        "inject" => inject::run(rest),
        "spawn" => spawn::run(rest),
        _ => Err(AgentError::Usage),
    };
    Some(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(AgentError::Usage) => {
            eprintln!("lab agent: unknown request {part}");
            ExitCode::FAILURE
        }
        Err(AgentError::System { doing, said }) => {
            eprintln!("lab agent: {part}: {doing}: {said}");
            ExitCode::FAILURE
        }
    })
}

/// Ends this process when the lab is gone: its end of our standard input closes even if it was killed.
pub(crate) fn end_with_lab() {
    std::thread::spawn(|| {
        let mut sink = std::io::sink();
        // An error means the same as the end: nobody is there any more.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut sink);
        std::process::exit(0);
    });
}
