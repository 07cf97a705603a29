//! `standfast completions`: what a shell needs to complete the command line.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Command;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;
use standfast_config::Code;
use standfast_config::registry::Block;

/// The arguments of `standfast completions`.
#[derive(clap::Args)]
pub(crate) struct Completions {
    /// The shell whose script is printed.
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Prints the script for a command line.
    pub(crate) fn run(self, command: Command) -> ExitCode {
        let mut command = with_words(command);
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "standfast", &mut script);
        if self.shell == Shell::Fish {
            script.extend_from_slice(fish_words().as_bytes());
        }
        match std::io::stdout().write_all(&script) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("standfast: cannot print the script: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

/// What `explain` knows, for fish, whose script has no values of arguments without a name.
fn fish_words() -> String {
    let words = subjects().join(" ");
    format!(
        "complete -c standfast -n \"__fish_standfast_using_subcommand explain\" -f -a \"{words}\"\n"
    )
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
