//! `cargo xtask corpus DIR`: real configurations against what keepalived says about them, line by line.
//!
//! `DIR` holds configurations and `verdicts.csv`: file, class, features, exit code of `keepalived -t` 2.2.7 and 2.4.3, and the messages of
//! 2.2.7 as `L14: text | L15: text`. It is not part of the repository: most of such files carry no licence.

mod classes;

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use standfast_config::{
    Code, Environment, Existence, FileSource, InterfaceState, LoadOptions, Loaded, ScriptState,
    Severity, load,
};

/// What the host looked like on which keepalived gave its verdicts: every script and user that is named exists.
struct VerdictHost;

impl Environment for VerdictHost {
    fn interface(&self, name: &str) -> InterfaceState {
        match name {
            "lo" => InterfaceState::Loopback,
            _ => InterfaceState::Unknown,
        }
    }

    fn script(&self, _command: &str) -> ScriptState {
        ScriptState::Runnable
    }

    fn user(&self, _name: &str) -> Existence {
        Existence::Present
    }

    fn group(&self, _name: &str) -> Existence {
        Existence::Present
    }
}

/// A file with keepalived's verdict on it.
struct Case {
    name: String,
    exit: u8,
    complaints: Vec<Complaint>,
}

/// One thing keepalived says.
struct Complaint {
    /// `None` where keepalived names no line.
    line: Option<usize>,
    text: String,
}

/// How far keepalived and Standfast agree.
#[derive(Debug, Default)]
pub struct Agreement {
    /// Files that were compared.
    pub files: usize,
    /// Same answer to whether it can run at all.
    pub same_start: usize,
    /// Same answer to whether it is clean.
    pub same_clean: usize,
    /// Same exit code of the configuration test.
    pub same_exit: usize,
    /// Complaints of keepalived, by distinct (file, line, class).
    pub complaints: usize,
    /// Those with a fitting finding of ours on the same line.
    pub matched: usize,
    /// Files without a message from keepalived that get an error from us.
    pub false_errors: usize,
    /// Warnings of ours in files that keepalived accepts in silence, in the median.
    pub median_warnings: usize,
    /// The longest time one file took.
    pub slowest: Duration,
    /// Every disagreement, as text for people.
    pub disagreements: Vec<String>,
}

impl Agreement {
    /// One line with the figures.
    #[must_use]
    pub fn summary(&self) -> String {
        let percent = |part: usize, whole: usize| (part * 1000 / whole.max(1)) as f64 / 10.0;
        format!(
            "of {} files: same verdict on starting {} ({} %), clean or not {} ({} %), same exit code {} ({} %)\n\
             of {} complaints of keepalived: {} ({} %) have a fitting finding on the same line\n\
             of the files without a complaint: {} get an error, the median gets {} warnings; slowest file {:?}",
            self.files,
            self.same_start,
            percent(self.same_start, self.files),
            self.same_clean,
            percent(self.same_clean, self.files),
            self.same_exit,
            percent(self.same_exit, self.files),
            self.complaints,
            self.matched,
            percent(self.matched, self.complaints),
            self.false_errors,
            self.median_warnings,
            self.slowest
        )
    }
}

/// Compares every file of the directory.
///
/// # Errors
/// Where `verdicts.csv` can't be read.
pub fn compare(directory: &Path) -> io::Result<Agreement> {
    let mut agreement = Agreement::default();
    let mut warnings = Vec::new();
    for case in verdicts(directory)? {
        let start = Instant::now();
        let loaded = read(&directory.join(&case.name));
        agreement.slowest = agreement.slowest.max(start.elapsed());
        agreement.exit_codes(&case, &loaded);
        agreement.lines(&case, &loaded);
        if case.complaints.is_empty() {
            warnings.push(agreement.silent(&case, &loaded));
        }
    }
    warnings.sort_unstable();
    agreement.median_warnings = warnings.get(warnings.len() / 2).copied().unwrap_or(0);
    Ok(agreement)
}

impl Agreement {
    fn exit_codes(&mut self, case: &Case, loaded: &Loaded) {
        // Got as far as judging the file: did not stop in the middle, and did not crash.
        let can_run = |exit: u8| matches!(exit, 0 | 5 | 6);
        let exit = loaded.keepalived_test_exit();
        self.files += 1;
        self.same_start += usize::from(can_run(exit) == can_run(case.exit));
        self.same_clean += usize::from((exit == 0) == (case.exit == 0));
        self.same_exit += usize::from(exit == case.exit);
        if exit != case.exit {
            let text = format!("{}: exits with {}, we with {exit}", case.name, case.exit);
            self.disagreements.push(text);
        }
    }

    fn lines(&mut self, case: &Case, loaded: &Loaded) {
        let ours = findings(loaded);
        let mut seen = BTreeSet::new();
        for complaint in &case.complaints {
            let fitting = classes::fitting(&complaint.text);
            if !seen.insert((complaint.line, fitting)) {
                continue;
            }
            self.complaints += 1;
            let fits = |(line, code): &(usize, Code)| {
                complaint.line.is_none_or(|at| at == *line) && fitting.contains(code)
            };
            if ours.iter().any(fits) {
                self.matched += 1;
                continue;
            }
            let place = complaint
                .line
                .map_or("-".to_owned(), |line| line.to_string());
            let there: Vec<_> = ours
                .iter()
                .filter(|(line, _)| Some(*line) == complaint.line)
                .map(|(_, code)| code.as_str())
                .collect();
            self.disagreements.push(format!(
                "{}:{place}: keepalived says `{}`; there we have {there:?}",
                case.name, complaint.text
            ));
        }
    }

    /// A file that keepalived accepts without a message: how many warnings it gets.
    fn silent(&mut self, case: &Case, loaded: &Loaded) -> usize {
        let mut warnings = 0;
        let mut wrong = false;
        for found in &loaded.diagnostics {
            match found.severity {
                Severity::Note => continue,
                Severity::Warning => warnings += 1,
                Severity::Error => wrong = true,
            }
            let line = loaded
                .sources
                .locate(found.primary)
                .map_or(0, |place| place.line);
            if found.severity == Severity::Error {
                self.disagreements.push(format!(
                    "{}:{line}: keepalived accepts it, we have {} {}",
                    case.name,
                    found.code.as_str(),
                    found.message
                ));
            }
        }
        self.false_errors += usize::from(wrong);
        warnings
    }
}

/// Line and code of all findings; a line that a label names counts as well.
fn findings(loaded: &Loaded) -> BTreeSet<(usize, Code)> {
    let line = |span| loaded.sources.locate(span).map_or(0, |place| place.line);
    let mut all = BTreeSet::new();
    for found in &loaded.diagnostics {
        all.insert((line(found.primary), found.code));
    }
    all
}

fn read(path: &Path) -> Loaded {
    let paths = [path.to_path_buf()];
    load(&paths, &FileSource, &VerdictHost, &LoadOptions::default())
}

/// The name, exit code and messages of 2.2.7 in each row.
fn verdicts(directory: &Path) -> io::Result<Vec<Case>> {
    let table = fs::read_to_string(directory.join("verdicts.csv"))?;
    let rows = table.lines().skip(1).map(fields);
    let case = |row: Vec<String>| {
        Some(Case {
            name: row.first()?.clone(),
            exit: row.get(3)?.parse().ok()?,
            complaints: row.get(5)?.split(" | ").filter_map(complaint).collect(),
        })
    };
    Ok(rows.filter_map(case).collect())
}

/// `L14: text`, or text without a line.
fn complaint(message: &str) -> Option<Complaint> {
    let message = message.trim();
    let placed = message
        .strip_prefix('L')
        .and_then(|rest| rest.split_once(": "));
    let placed = placed.and_then(|(line, text)| Some((line.parse().ok()?, text)));
    (!message.is_empty()).then(|| match placed {
        Some((line, text)) => Complaint {
            line: Some(line),
            text: text.to_owned(),
        },
        None => Complaint {
            line: None,
            text: message.to_owned(),
        },
    })
}

/// The fields of one row; those with commas are quoted.
fn fields(row: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    for letter in row.chars() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            _ => field.push(letter),
        }
    }
    fields.push(field);
    fields
}
