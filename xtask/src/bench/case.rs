//! What a case is: a question, the daemons it is asked of, and how one run answers it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use standfast_lab::LabError;

use super::result::{Comparison, Metric, Sample};
use super::subject::Subject;
use super::timeline::Timeline;

/// A benchmark.
pub struct Case {
    /// What it is asked for by.
    pub name: &'static str,
    /// What it measures, in one sentence.
    pub sentence: &'static str,
    /// The quantities of its answer.
    pub metrics: &'static [Metric],
    /// Who is measured, in the order of the table.
    pub lines: fn(&[Subject]) -> Vec<Line>,
    /// One run.
    pub run: fn(&Setting, &Line) -> Result<Outcome, Trouble>,
    /// How often each line runs unless somebody says otherwise.
    pub runs: usize,
    /// It takes long, and runs only when it is asked for by name.
    pub only_by_name: bool,
    /// What the floor's median makes of the other lines' values.
    pub comparison: Option<Comparison>,
}

/// Who is measured in which role.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is called in tables.
    pub label: String,
    /// Who runs.
    pub entrants: Entrants,
    /// What distinguishes it from other lines of the same entrants.
    pub variant: Variant,
    /// Whether it must keep the limits.
    pub judged: bool,
}

/// Who runs.
#[derive(Clone, Debug)]
pub enum Entrants {
    /// A daemon on the first node, which is the better one, and one on the second.
    Pair(Subject, Subject),
    /// No daemon: what the kernel alone, or an idle machine, costs.
    Floor,
}

/// What distinguishes lines of the same daemons; cases say what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// As the file is.
    Plain,
    /// With what only Standfast knows.
    OwnKeyword,
    /// With real-time priority.
    RealTime,
    /// Beside programs that keep every processor busy.
    Loaded,
    /// One packet a call and wake-up.
    OneByOne,
    /// Ten packets a call and wake-up.
    Batched,
}

/// What is the same for all runs.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The lab's agent: this program.
    pub agent: PathBuf,
    /// Whether it may be rough: shorter runs.
    pub quick: bool,
    /// A folder for files of this program.
    pub scratch: PathBuf,
}

impl Setting {
    /// A run's length: `usual`, or a third of it where it may be rough.
    #[must_use]
    pub fn length(&self, usual: Duration) -> Duration {
        if self.quick { usual / 3 } else { usual }
    }
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Its values.
    pub samples: Vec<Sample>,
    /// Who answered the client when.
    pub timeline: Option<Timeline>,
}

impl Outcome {
    /// Values without a time line.
    #[must_use]
    pub fn of(samples: Vec<Sample>) -> Self {
        Self {
            samples,
            timeline: None,
        }
    }
}

/// Why a run has no answer.
#[derive(Debug)]
pub enum Trouble {
    /// `standfast check` does not know the configuration (yet): its first line.
    Refused(String),
    /// A file or program of the machine.
    Io(std::io::Error),
    /// The lab.
    Lab(LabError),
    /// What the run saw makes no sense; what that was.
    Unclear(&'static str),
}

impl Trouble {
    /// Whether the machine did not let the run measure: another one may.
    #[must_use]
    pub const fn is_noise(&self) -> bool {
        matches!(self, Self::Lab(LabError::TooNoisy { .. }))
    }

    /// Whether it will be the same in the next run.
    #[must_use]
    pub const fn lasts(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(line) => write!(f, "our configuration was refused: {line}"),
            Self::Io(error) => write!(f, "{error}"),
            Self::Lab(error) => write!(f, "{error}"),
            Self::Unclear(what) => f.write_str(what),
        }
    }
}

impl From<LabError> for Trouble {
    fn from(error: LabError) -> Self {
        Self::Lab(error)
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl Line {
    /// Two daemons of a kind.
    #[must_use]
    pub fn alike(subject: &Subject) -> Self {
        Self {
            label: subject.label.clone(),
            entrants: Entrants::Pair(subject.clone(), subject.clone()),
            variant: Variant::Plain,
            judged: subject.is_ours(),
        }
    }

    /// Two different daemons.
    #[must_use]
    pub fn mixed(first: &Subject, second: &Subject) -> Self {
        Self {
            label: format!("{}, beside {}", first.label, second.label),
            entrants: Entrants::Pair(first.clone(), second.clone()),
            variant: Variant::Plain,
            judged: first.is_ours(),
        }
    }

    /// No daemon.
    #[must_use]
    pub fn floor(label: &str, variant: Variant) -> Self {
        Self {
            label: label.to_owned(),
            entrants: Entrants::Floor,
            variant,
            judged: false,
        }
    }

    /// The same with a difference, which the label names.
    #[must_use]
    pub fn with(mut self, variant: Variant, what: &str) -> Self {
        self.label = format!("{}, {what}", self.label);
        self.variant = variant;
        self
    }

    /// Not judged by the limits.
    #[must_use]
    pub fn for_comparison(mut self) -> Self {
        self.judged = false;
        self
    }

    /// Whether ours runs on the first node.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        matches!(&self.entrants, Entrants::Pair(first, _) if first.is_ours())
    }
}

/// Every daemon beside its like.
#[must_use]
pub fn alike(subjects: &[Subject]) -> Vec<Line> {
    subjects.iter().map(Line::alike).collect()
}

/// Every daemon beside its like, and ours beside each keepalived.
#[must_use]
pub fn alike_and_mixed(subjects: &[Subject]) -> Vec<Line> {
    let mut lines = alike(subjects);
    if let Some((ours, others)) = subjects.split_first() {
        lines.extend(others.iter().map(|other| Line::mixed(ours, other)));
    }
    lines
}
