//! The command line of `cargo xtask bench`.

use std::path::{Path, PathBuf};

use super::case::Case;
use super::subject::target;

const USAGE: &str = "usage: cargo xtask bench [OPTION]... [CASE]...
  CASE               one of --list; without any all that do not take long
  --list             says which cases there are
  --runs N           runs of each line
  --quick            two runs, and shorter ones: to see whether it works
  --keepalived PATH  another keepalived beside the installed one; may be repeated
  --json DIR         where results are written; target/bench without it (--quick: its folder `quick`)
  --document         makes docs/performance.md from the results, and measures nothing
  instructions       counts the instructions of what runs often; with --check compares them with
                     benches/instructions.json, with --accept writes that";

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Names of cases; none means all.
    pub cases: Vec<String>,
    /// Only say which there are.
    pub list: bool,
    /// Runs of each line.
    pub runs: Option<usize>,
    /// Be rough.
    pub quick: bool,
    /// Other keepalived executables.
    pub keepalived: Vec<PathBuf>,
    /// Where results go.
    pub json: PathBuf,
    /// Only make the document.
    pub document: bool,
    /// Compare counts of instructions with those that are checked in.
    pub check: bool,
    /// Write the counts of instructions down.
    pub accept: bool,
}

impl Options {
    /// Reads the arguments behind `bench`.
    ///
    /// # Errors
    /// The usage, where they make no sense.
    pub fn parse(root: &Path, arguments: &[String]) -> Result<Self, &'static str> {
        let mut options = Self {
            cases: Vec::new(),
            list: false,
            runs: None,
            quick: false,
            keepalived: Vec::new(),
            json: target(root).join("bench"),
            document: false,
            check: false,
            accept: false,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(USAGE);
            match word.as_str() {
                "--list" => options.list = true,
                "--quick" => options.quick = true,
                "--document" => options.document = true,
                "--check" => options.check = true,
                "--accept" => options.accept = true,
                "--runs" => options.runs = Some(value()?.parse().map_err(|_| USAGE)?),
                "--keepalived" => options.keepalived.push(value()?.into()),
                "--json" => options.json = value()?.into(),
                option if option.starts_with('-') => return Err(USAGE),
                name => options.cases.push(name.to_owned()),
            }
        }
        if options.quick {
            options.runs = options.runs.or(Some(2));
            // What is rough never gets into the document.
            options.json.push("quick");
        }
        Ok(options)
    }

    /// Whether a case is to be run.
    #[must_use]
    pub fn wants(&self, case: &Case) -> bool {
        if self.cases.is_empty() {
            return !case.only_by_name;
        }
        self.cases.iter().any(|name| name == case.name)
    }
}
