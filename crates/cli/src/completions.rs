//! `standfast completions`: what a shell needs to complete the command line.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Command;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap_complete::Shell;
use standfast_config::Code;
use standfast_config::registry::Block;

use crate::names::{COMMAND, Kind};

/// The arguments of `standfast completions`.
#[derive(clap::Args)]
pub(crate) struct Completions {
    /// The shell whose script is printed.
    #[arg(value_enum)]
    shell: Shell,
}

/// Which names of the running daemon an argument takes: by command, argument and kind of `standfast __names`.
const NAMES: [(&str, &str, Kind); 6] = [
    ("status", "instance", Kind::Targets),
    ("explain", "subject", Kind::Instances),
    ("switchover", "name", Kind::Targets),
    ("switchover", "to", Kind::Nodes),
    ("pause", "check", Kind::Checks),
    ("unpause", "check", Kind::Checks),
];

impl Completions {
    /// Prints the script for a command line.
    pub(crate) fn run(self, command: Command) -> ExitCode {
        let mut command = with_names(with_words(command));
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "standfast", &mut script);
        let script = with_live_names(self.shell, &String::from_utf8_lossy(&script));
        match std::io::stdout().write_all(script.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("standfast: cannot print the script: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

/// A word that stands in a script for the names of this kind.
fn place_holder(kind: Kind) -> &'static str {
    match kind {
        Kind::Instances => "__standfast_instances__",
        Kind::Targets => "__standfast_targets__",
        Kind::Checks => "__standfast_checks__",
        Kind::Nodes => "__standfast_nodes__",
    }
}

/// The command line with a word for names of the running daemon where they may stand.
fn with_names(command: Command) -> Command {
    NAMES
        .into_iter()
        .fold(command, |command, (name, argument, kind)| {
            command.mut_subcommand(name, |command| {
                command.mut_arg(argument, |argument| {
                    let mut values = argument.get_possible_values();
                    values.push(PossibleValue::new(place_holder(kind)));
                    argument.value_parser(PossibleValuesParser::new(values))
                })
            })
        })
}

/// The script that asks the daemon for its names where the words for them stand. Other shells do without.
fn with_live_names(shell: Shell, script: &str) -> String {
    let mut script = script.to_owned();
    if shell == Shell::Fish {
        script.push_str(&fish_words());
    }
    for kind in Kind::ALL {
        let word = place_holder(kind);
        let asked = format!("$(standfast {COMMAND} {} 2>/dev/null)", kind.word());
        script = match shell {
            // Both expand a list of words when it is asked for.
            Shell::Bash | Shell::Zsh => script.replace(word, &asked),
            Shell::Fish => script.replace(word, &asked.replacen('$', "", 1)),
            _ => script.replace(word, ""),
        };
    }
    script
}

/// What stands for arguments without a name, which have no values in a script for fish.
fn fish_words() -> String {
    let line = |command: &str, words: &str| {
        format!(
            "complete -c standfast -n \"__fish_standfast_using_subcommand {command}\" -f -a \"{words}\"\n"
        )
    };
    let names = NAMES.iter().filter(|(_, argument, _)| *argument != "to");
    let names = names.map(|(command, _, kind)| line(command, place_holder(*kind)));
    let explained = line("explain", &subjects().join(" "));
    names.chain([explained]).collect()
}

/// Every code and keyword, once.
fn subjects() -> Vec<&'static str> {
    let codes = Code::ALL.iter().map(|code| code.as_str());
    let keywords = Block::ALL.iter().flat_map(|block| block.keywords());
    let mut subjects: Vec<_> = codes.chain(keywords.map(|keyword| keyword.name)).collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

/// The command line with the words that `explain` knows: they are many, and only shells need the list.
fn with_words(command: Command) -> Command {
    let blocks = Block::ALL.iter().map(|block| block.name());
    let blocks: Vec<&str> = blocks.filter(|name| !name.is_empty()).collect();
    command.mut_subcommand("explain", |explain| {
        explain
            .mut_arg("subject", |subject| {
                subject.value_parser(PossibleValuesParser::new(subjects()))
            })
            .mut_arg("block", |block| {
                block.value_parser(PossibleValuesParser::new(blocks))
            })
    })
}
