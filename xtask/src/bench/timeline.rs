//! Who answered a client when.

use std::time::Duration;

use serde_json::{Value, json};
use standfast_lab::{Answer, MacAddress, Moment};

/// A pause between two answers that is longer than this is a silence; shorter ones the machine makes itself.
const PAUSE: Duration = Duration::from_millis(20);

/// Who answered from when to when, in milliseconds after the event.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline(pub Vec<Segment>);

/// A part of a time line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Who answered.
    pub by: Answerer,
    /// Its start in milliseconds after the event.
    pub from_ms: f64,
    /// Its end.
    pub to_ms: f64,
}

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answerer {
    /// The node that the event befell.
    First,
    /// The other one.
    Second,
    /// Nobody.
    Nobody,
}

impl Answerer {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
            Self::Nobody => "nobody",
        }
    }

    /// The one with this name in JSON.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [Self::First, Self::Second, Self::Nobody];
        all.into_iter().find(|one| one.name() == name)
    }
}

impl Timeline {
    /// From a probe's answers; whoever is not `first` is the second.
    #[must_use]
    pub fn new(answers: &[Answer], event: Moment, first: MacAddress) -> Self {
        let mut segments: Vec<Segment> = Vec::new();
        for answer in answers {
            let at = milliseconds_after(event, answer.time);
            let by = if answer.mac == first {
                Answerer::First
            } else {
                Answerer::Second
            };
            let Some(last) = segments.last_mut() else {
                segments.push(Segment {
                    by,
                    from_ms: at,
                    to_ms: at,
                });
                continue;
            };
            let end = last.to_ms;
            if last.by == by && at - end <= PAUSE.as_secs_f64() * 1e3 {
                last.to_ms = at;
                continue;
            }
            segments.push(Segment {
                by: Answerer::Nobody,
                from_ms: end,
                to_ms: at,
            });
            segments.push(Segment {
                by,
                from_ms: at,
                to_ms: at,
            });
        }
        Self(segments)
    }

    /// As it stands in files.
    #[must_use]
    pub fn json(&self) -> Value {
        let segments = self.0.iter().map(
            |part| json!({"by": part.by.name(), "from_ms": part.from_ms, "to_ms": part.to_ms}),
        );
        segments.collect()
    }

    /// From a file; parts that make no sense are left out.
    #[must_use]
    pub fn from_json(value: &Value) -> Self {
        let parts = value.as_array().into_iter().flatten();
        let read = parts.filter_map(|part| {
            Some(Segment {
                by: Answerer::from_name(part.get("by")?.as_str()?)?,
                from_ms: part.get("from_ms")?.as_f64()?,
                to_ms: part.get("to_ms")?.as_f64()?,
            })
        });
        Self(read.collect())
    }
}

/// Milliseconds from `event` to `moment`, negative if that was before.
fn milliseconds_after(event: Moment, moment: Moment) -> f64 {
    let (after, before) = (moment.since(event), event.since(moment));
    (after.as_secs_f64() - before.as_secs_f64()) * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_and_a_change_of_node_are_told_apart_and_survive_json() {
        let [first, second] = [1, 2].map(|last| MacAddress([2, 0, 0, 0, 0, last]));
        let event = Moment::from_nanoseconds(1_000_000_000);
        let answer = |at_ms: u64, mac| Answer {
            time: Moment::from_nanoseconds(1_000_000_000 + at_ms * 1_000_000),
            mac,
        };
        let answers = [
            answer(0, first),
            answer(1, first),
            answer(601, second),
            answer(602, second),
        ];
        let line = Timeline::new(&answers, event, first);
        let parts: Vec<_> = line
            .0
            .iter()
            .map(|part| (part.by, part.from_ms.round()))
            .collect();
        let expected = [
            (Answerer::First, 0.0),
            (Answerer::Nobody, 1.0),
            (Answerer::Second, 601.0),
        ];
        assert_eq!(parts, expected);
        assert_eq!(Timeline::from_json(&line.json()), line);
    }
}
