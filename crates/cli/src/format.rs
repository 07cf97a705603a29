//! `standfast fmt`: files are rewritten whole or not at all.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use similar::TextDiff;
use standfast_config::{FormatError, MAX_FORMAT_BYTES, format, printable};

use crate::replace::{NotReplaced, replace};

pub(crate) const AFTER_HELP: &str = "\
Four spaces a block, one statement a line, `{` after its keyword, `}` on its own line, single
blanks between words, at most one empty line in a row. Comments, quoted text, definitions,
sequences, includes and lines with a condition keep their words; lines near keepalived's limit of
1023 bytes are not touched. A file is replaced in one step and keeps its mode and owner; symbolic
links are followed, included files are not.

Exit codes: 0 done, or nothing to do; 1 a file can't be formatted (it is left as it is), or with
--check would change; 2 wrong usage.";

/// The name that stands for standard input.
const STANDARD_INPUT: &str = "-";
/// Unchanged lines around a change.
const CONTEXT_LINES: usize = 3;
/// Time to look for the shortest difference; what is found after it is longer, but as true.
const DIFF_TIME: Duration = Duration::from_secs(2);

/// What `standfast fmt` takes.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Configuration files to rewrite; `-` or none: from standard input to standard output.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Rewrite nothing: list the files that would change, and exit with 1 if there are any.
    #[arg(long)]
    check: bool,
    /// Change nothing, as with --check, and print what would change as a unified diff.
    #[arg(long)]
    diff: bool,
}

/// Why a file was not formatted.
#[derive(Debug)]
enum Failure {
    Read(io::Error),
    NotPlain,
    Format(FormatError),
    Replace(NotReplaced),
    Print(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(formatter, "can't be read: {error}"),
            Self::NotPlain => formatter.write_str("is no plain file; name a file, or pipe it in"),
            Self::Format(error) => write!(formatter, "is left as it is: {error}"),
            Self::Replace(why) => why.fmt(formatter),
            Self::Print(error) => write!(formatter, "can't be printed: {error}"),
        }
    }
}

/// Formats each file by itself.
pub(crate) fn main(arguments: &Arguments) -> ExitCode {
    let is_input = |file: &PathBuf| file.as_os_str() == STANDARD_INPUT;
    let input = arguments.files.is_empty() || arguments.files.iter().any(is_input);
    if input && arguments.files.len() > 1 {
        eprintln!("error: `-` (standard input) can't be given together with files");
        return ExitCode::from(2);
    }
    let run = if arguments.check || arguments.diff {
        check
    } else {
        rewrite
    };
    let mut failed = false;
    let standard_input = [PathBuf::from(STANDARD_INPUT)];
    let files = if input {
        &standard_input
    } else {
        arguments.files.as_slice()
    };
    for file in files {
        let path = (!is_input(file)).then_some(file.as_path());
        match run(path, arguments.diff) {
            Ok(fine) => failed |= !fine,
            Err(Failure::Print(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                failed = true;
            }
            Err(failure) => {
                eprintln!("error: {} {failure}", name_of(path));
                failed = true;
            }
        }
    }
    ExitCode::from(u8::from(failed))
}

fn name_of(path: Option<&Path>) -> String {
    path.map_or_else(
        || "standard input".to_owned(),
        |path| path.display().to_string(),
    )
}

/// Lists the file, or prints the difference, if it would change; whether it would not.
fn check(path: Option<&Path>, diff: bool) -> Result<bool, Failure> {
    let text = read(path)?;
    let formatted = format(&text).map_err(Failure::Format)?;
    if text == formatted {
        return Ok(true);
    }
    let name = name_of(path);
    let said = if diff {
        difference(&name, &text, &formatted)
    } else {
        name + "\n"
    };
    print(said.as_bytes())?;
    Ok(false)
}

/// Puts the new text in place of the old, or on standard output.
fn rewrite(path: Option<&Path>, _diff: bool) -> Result<bool, Failure> {
    let text = read(path)?;
    let formatted = format(&text).map_err(Failure::Format)?;
    match path {
        None => print(&formatted)?,
        Some(path) if text != formatted => {
            replace(path, &text, &formatted).map_err(Failure::Replace)?;
        }
        Some(_) => {}
    }
    Ok(true)
}

/// The text, or one byte more than can be formatted.
fn read(path: Option<&Path>) -> Result<Vec<u8>, Failure> {
    let limit = u64::try_from(MAX_FORMAT_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let mut text = Vec::new();
    match path {
        None => io::stdin().lock().take(limit).read_to_end(&mut text),
        Some(path) => {
            if !fs::metadata(path).map_err(Failure::Read)?.is_file() {
                return Err(Failure::NotPlain);
            }
            let file = File::open(path).map_err(Failure::Read)?;
            file.take(limit).read_to_end(&mut text)
        }
    }
    .map_err(Failure::Read)?;
    Ok(text)
}

fn print(text: &[u8]) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    let written = output.write_all(text).and_then(|()| output.flush());
    written.map_err(Failure::Print)
}

fn difference(name: &str, before: &[u8], after: &[u8]) -> String {
    let (before, after) = (
        String::from_utf8_lossy(before),
        String::from_utf8_lossy(after),
    );
    let mut config = TextDiff::configure();
    config.timeout(DIFF_TIME);
    let diff = config.diff_lines(before.as_ref(), after.as_ref());
    let mut unified = diff.unified_diff();
    unified
        .context_radius(CONTEXT_LINES)
        .header(name, &format!("{name} (formatted)"));
    let text = unified.to_string();
    // What goes to a program stays a difference that it can apply.
    if io::stdout().is_terminal() {
        text.lines().map(|line| printable(line) + "\n").collect()
    } else {
        text
    }
}
