//! What was measured: series of values, their medians and targets, as a table and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::case::{Line, Outcome};
use super::timeline::Timeline;

/// How a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// MiB.
    Mebibytes,
    /// A number of things.
    Count,
    /// A multiple.
    Ratio,
    /// Bytes.
    Bytes,
}

impl Unit {
    /// Its symbol, as it stands behind a number.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Microseconds => "µs",
            Self::Mebibytes => "MiB",
            Self::Count => "",
            Self::Ratio => "×",
            Self::Bytes => "B",
        }
    }

    /// Below this a value is as good as nothing, and a ratio to it says nothing.
    #[must_use]
    pub const fn grain(self) -> f64 {
        match self {
            // The probe asks that often.
            Self::Milliseconds => 0.5,
            Self::Microseconds | Self::Mebibytes | Self::Count | Self::Ratio | Self::Bytes => 0.01,
        }
    }

    /// A value with as many digits as it deserves.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        let digits = match value.abs() {
            size if self == Self::Count && size.fract() == 0.0 => 0,
            size if size >= 100.0 => 0,
            size if size >= 10.0 => 1,
            _ => 2,
        };
        let space = if self.symbol().is_empty() { "" } else { " " };
        format!("{value:.digits$}{space}{}", self.symbol())
    }
}

/// A quantity that a case measures.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// What it is called.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// The most that ours may have; `None` where it stands for comparison.
    pub limit: Option<f64>,
}

impl Metric {
    /// A quantity with a limit.
    #[must_use]
    pub const fn at_most(name: &'static str, unit: Unit, limit: f64) -> Self {
        Self {
            name,
            unit,
            limit: Some(limit),
        }
    }

    /// A quantity without one.
    #[must_use]
    pub const fn plain(name: &'static str, unit: Unit) -> Self {
        Self {
            name,
            unit,
            limit: None,
        }
    }
}

/// One value of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The metric's name.
    pub metric: &'static str,
    /// In the metric's unit.
    pub value: f64,
}

impl Sample {
    /// A value of a metric.
    #[must_use]
    pub const fn new(metric: &'static str, value: f64) -> Self {
        Self { metric, value }
    }
}

/// A value that comes of another line's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// What a metric is more than the floor's median of it.
    Beyond {
        /// The metric that is compared.
        of: &'static str,
        /// The metric that this makes.
        to: &'static str,
    },
    /// How many times the floor's median it is.
    Multiple {
        /// The metric that is compared.
        of: &'static str,
        /// The metric that this makes.
        to: &'static str,
    },
    /// What it is more than so many per cent of the floor's median.
    BeyondPercent {
        /// The metric that is compared.
        of: &'static str,
        /// The metric that this makes.
        to: &'static str,
        /// How much of the median is allowed.
        percent: u32,
    },
    /// How many times the first keepalived's median it is.
    OfKeepalived {
        /// The metric that is compared.
        of: &'static str,
        /// The metric that this makes.
        to: &'static str,
    },
}

impl Comparison {
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Beyond { of, to }
            | Self::Multiple { of, to }
            | Self::BeyondPercent { of, to, .. }
            | Self::OfKeepalived { of, to } => (of, to),
        }
    }

    /// Which line the others are compared with: the floor is the last one.
    fn base(self, lines: &[LineResult]) -> Option<usize> {
        match self {
            Self::Beyond { .. } | Self::Multiple { .. } | Self::BeyondPercent { .. } => {
                lines.len().checked_sub(1)
            }
            Self::OfKeepalived { .. } => {
                let theirs = |line: &LineResult| line.label.starts_with("keepalived");
                lines.iter().position(theirs)
            }
        }
    }

    fn of(self, value: f64, floor: f64) -> f64 {
        match self {
            Self::Beyond { .. } => value - floor,
            Self::BeyondPercent { percent, .. } => value - floor * f64::from(percent) / 100.0,
            Self::Multiple { .. } | Self::OfKeepalived { .. } => value / floor,
        }
    }
}

/// Compares every line with the one that the comparison is about.
pub fn compare(lines: &mut [LineResult], comparison: Comparison) {
    let (of, to) = comparison.names();
    let Some(base) = comparison.base(lines) else {
        return;
    };
    let Some(median) = lines.get(base).and_then(|line| summarize(line.values(of))) else {
        return;
    };
    for (_, line) in lines
        .iter_mut()
        .enumerate()
        .filter(|(index, _)| *index != base)
    {
        let values = line.values(of).into_iter();
        let compared = values.map(|value| Sample::new(to, comparison.of(value, median.median)));
        line.samples.extend(compared.collect::<Vec<_>>());
    }
}

/// All values of one line of a case.
#[derive(Clone, Debug, Default)]
pub struct LineResult {
    /// What the line is called.
    pub label: String,
    /// Whether its values must keep the limits.
    pub judged: bool,
    /// What was measured, in the order of the runs.
    pub samples: Vec<Sample>,
    /// Who answered the client, of each run that watched.
    pub timelines: Vec<Timeline>,
    /// Why there are fewer values than runs.
    pub trouble: Vec<String>,
}

/// What came of a case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// Name of the case.
    pub case: &'static str,
    /// What it measures.
    pub sentence: &'static str,
    /// Its quantities.
    pub metrics: &'static [Metric],
    /// Its lines, ours first.
    pub lines: Vec<LineResult>,
}

/// Median and extremes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The value in the middle; of an even number the higher one.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
    /// How many there are.
    pub runs: usize,
}

impl LineResult {
    /// Nothing measured yet.
    #[must_use]
    pub fn new(line: &Line) -> Self {
        Self {
            label: line.label.clone(),
            judged: line.judged,
            ..Self::default()
        }
    }

    /// Takes a run in.
    pub fn add(&mut self, outcome: Outcome) {
        self.samples.extend(outcome.samples);
        self.timelines.extend(outcome.timeline);
    }

    /// Remembers why a run has no answer, once.
    pub fn add_trouble(&mut self, trouble: String) {
        if !self.trouble.contains(&trouble) {
            self.trouble.push(trouble);
        }
    }

    /// The time line of the run whose first value is the median.
    fn usual_timeline(&self) -> Option<&Timeline> {
        let metric = self.samples.first()?.metric;
        let values = self.values(metric);
        let median = summarize(values.clone())?.median;
        let index = values.iter().position(|value| *value == median)?;
        self.timelines.get(index)
    }

    /// What its values of a metric come to; `None` if there are none.
    #[must_use]
    pub fn summary(&self, metric: &Metric) -> Option<Summary> {
        let values = self.values(metric.name);
        summarize(values)
    }

    fn values(&self, metric: &str) -> Vec<f64> {
        let samples = self.samples.iter().filter(|sample| sample.metric == metric);
        samples.map(|sample| sample.value).collect()
    }
}

/// Median and extremes of values; `None` without any.
#[must_use]
pub fn summarize(mut values: Vec<f64>) -> Option<Summary> {
    values.sort_by(f64::total_cmp);
    Some(Summary {
        median: *values.get(values.len() / 2)?,
        least: *values.first()?,
        most: *values.last()?,
        runs: values.len(),
    })
}

/// How ours stands to a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is kept.
    Kept,
    /// It is not.
    Missed,
}

impl CaseResult {
    /// Whether the line's median keeps the metric's limit; `None` where there is nothing to judge.
    #[must_use]
    pub fn verdict(&self, line: &LineResult, metric: &Metric) -> Option<Verdict> {
        let (limit, summary) = (metric.limit?, line.summary(metric)?);
        if !line.judged {
            return None;
        }
        Some(if summary.median <= limit {
            Verdict::Kept
        } else {
            Verdict::Missed
        })
    }

    /// A median as a multiple of the first line's, for lines after it.
    fn ratio(&self, index: usize, metric: &Metric) -> Option<f64> {
        let ours = self.lines.first()?.summary(metric)?.median;
        let other = self.lines.get(index)?.summary(metric)?.median;
        (index > 0 && ours >= metric.unit.grain()).then(|| other / ours)
    }

    /// The table for a terminal.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        let measured =
            |metric: &&Metric| self.lines.iter().any(|line| line.summary(metric).is_some());
        for metric in self.metrics.iter().filter(measured) {
            let limit = metric.limit.map(|limit| metric.unit.show(limit));
            let limit = limit.map_or(String::new(), |limit| format!(" (at most {limit})"));
            // Writing to a string can't fail.
            let _ = writeln!(text, "  {}{limit}", metric.name);
            for (index, line) in self.lines.iter().enumerate() {
                if let Some(summary) = line.summary(metric) {
                    let verdict = match self.verdict(line, metric) {
                        Some(Verdict::Kept) => "  kept",
                        Some(Verdict::Missed) => "  MISSED",
                        None => "",
                    };
                    let ratio = self.ratio(index, metric);
                    let ratio = ratio.map_or(String::new(), |ratio| format!("{ratio:.2} ×"));
                    let show = |value| metric.unit.show(value);
                    let range = format!("{} – {}", show(summary.least), show(summary.most));
                    let _ = writeln!(
                        text,
                        "    {:<44}{:>12}  {:<24}{:>9}  n={}{verdict}",
                        line.label,
                        show(summary.median),
                        range,
                        ratio,
                        summary.runs
                    );
                }
            }
        }
        for line in &self.lines {
            for trouble in &line.trouble {
                let _ = writeln!(text, "    {}: {trouble}", line.label);
            }
        }
        text
    }

    /// Everything, for programs and for the document, with a line on the machine.
    #[must_use]
    pub fn json(&self, machine: &str) -> Value {
        let lines = self.lines.iter().map(|line| {
            let metrics = self.metrics.iter();
            let metrics = metrics.filter_map(|metric| self.metric_json(line, metric));
            json!({
                "line": line.label,
                "metrics": metrics.collect::<Vec<_>>(),
                "trouble": line.trouble,
                "timeline": line.usual_timeline().map(Timeline::json),
            })
        });
        json!({
            "case": self.case,
            "sentence": self.sentence,
            "machine": machine,
            "lines": lines.collect::<Vec<_>>(),
        })
    }

    fn metric_json(&self, line: &LineResult, metric: &Metric) -> Option<Value> {
        let summary = line.summary(metric)?;
        let show = |value| metric.unit.show(value);
        let median = show(summary.median);
        Some(json!({
            "metric": metric.name,
            "unit": metric.unit.symbol(),
            "median": summary.median,
            "least": summary.least,
            "most": summary.most,
            "values": line.values(metric.name),
            "limit": metric.limit.filter(|_| line.judged),
            "kept": self.verdict(line, metric).map(|verdict| verdict == Verdict::Kept),
            "shown": format!("{median} ({} – {})", show(summary.least), show(summary.most)),
            "shown_median": median,
            "limit_shown": metric.limit.map(show),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &[Metric] = &[Metric::at_most("gap", Unit::Milliseconds, 3.0)];

    fn line(label: &str, judged: bool, values: &[f64]) -> LineResult {
        LineResult {
            label: label.to_owned(),
            judged,
            samples: values
                .iter()
                .map(|value| Sample::new("gap", *value))
                .collect(),
            ..LineResult::default()
        }
    }

    fn case(lines: Vec<LineResult>) -> CaseResult {
        CaseResult {
            case: "stop",
            sentence: "it stops",
            metrics: METRICS,
            lines,
        }
    }

    #[test]
    fn the_median_is_judged_and_only_ours() {
        let result = case(vec![
            line("standfast", true, &[9.0, 1.0, 2.0]),
            line("keepalived", false, &[610.0]),
        ]);
        let [ours, theirs] = result.lines.as_slice() else {
            panic!("two lines");
        };
        let [metric] = METRICS else {
            panic!("one metric")
        };
        assert_eq!(result.verdict(ours, metric), Some(Verdict::Kept));
        assert_eq!(result.verdict(theirs, metric), None);
        assert!(result.table().contains("305.00 ×"), "{}", result.table());
        let late = case(vec![line("standfast", true, &[3.5])]);
        assert!(late.table().contains("MISSED"));
    }

    #[test]
    fn lines_are_compared_with_the_floor_or_with_keepalived() {
        let mut lines = [
            line("standfast", true, &[6.0, 8.0]),
            line("floor", false, &[2.0, 4.0, 9.0]),
        ];
        compare(
            &mut lines,
            Comparison::Multiple {
                of: "gap",
                to: "times",
            },
        );
        compare(
            &mut lines,
            Comparison::Beyond {
                of: "gap",
                to: "more",
            },
        );
        assert_eq!(lines[0].values("times"), [1.5, 2.0]);
        assert_eq!(lines[0].values("more"), [2.0, 4.0]);
        assert!(lines[1].values("times").is_empty());
        lines[1].label = "keepalived 2".to_owned();
        compare(
            &mut lines,
            Comparison::OfKeepalived {
                of: "gap",
                to: "share",
            },
        );
        assert_eq!(lines[0].values("share"), [1.5, 2.0]);
    }
}
