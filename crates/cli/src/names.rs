//! `standfast __names instances`: what shells complete with the names that the running daemon knows. It is no command of
//! its own, or shells would complete it too.

use std::process::ExitCode;

use standfast_api::path;
use standfast_api::status::Status;

use crate::client::{Client, ClientError, Place};
use crate::output;

/// What scripts of shells call it.
pub(crate) const COMMAND: &str = "__names";

/// Names of which things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Virtual routers.
    Instances,
    /// Virtual routers and sync groups.
    Targets,
    /// Checks.
    Checks,
    /// Other nodes.
    Nodes,
}

/// Prints the names of a kind, one on a line; nothing where no daemon answers.
pub(crate) fn main(kind: &str) -> ExitCode {
    let kind = Kind::ALL.into_iter().find(|one| one.word() == kind);
    match (kind, status()) {
        (Some(kind), Ok(status)) => output::print(&kind.lines(&status)),
        // Nobody reads in the middle of a line why there are none.
        (None, _) | (_, Err(_)) => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

fn status() -> Result<Status, ClientError> {
    Client::find(&Place::default())?.get(path::STATUS)
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Instances, Self::Targets, Self::Checks, Self::Nodes];

    /// How it is asked for on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Instances => "instances",
            Self::Targets => "targets",
            Self::Checks => "checks",
            Self::Nodes => "nodes",
        }
    }

    fn lines(self, status: &Status) -> String {
        let instances = status.instances.iter().map(|one| &one.name);
        let mut names: Vec<&String> = match self {
            Self::Instances => instances.collect(),
            Self::Targets => {
                let groups = status.groups.iter().map(|group| &group.name);
                instances.chain(groups).collect()
            }
            Self::Checks => status.checks.iter().map(|check| &check.name).collect(),
            Self::Nodes => status.peers.iter().map(|peer| &peer.name).collect(),
        };
        names.retain(|name| is_plain(name));
        names.sort_unstable();
        names.dedup();
        names.iter().map(|name| format!("{name}\n")).collect()
    }
}

/// A name that no shell takes for something else: bash expands what it completes with.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@+".contains(&byte);
    !name.is_empty() && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_gets_no_name_that_it_would_run() {
        for name in ["VI_1", "web-a.b", "2001:db8::1", "a@b+c"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", "$(reboot)", "a b", "`id`", "a;b", "a\nb", "ä", "*", "'"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
