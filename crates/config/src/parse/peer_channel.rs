//! `peer_channel`, `peer_port` and `fast_detect`, in `global_defs` and in instances.

use super::draft::Detection;
use super::{Entry, Parsed, number};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::FastDetect;
use crate::registry::Value;
use crate::span::Spanned;
use crate::units::Micros;
use crate::words::Word;

/// Signs of life that may be missing where nothing is said.
const DEFAULT_MISSES: u8 = 3;
const MISSES: std::ops::RangeInclusive<u8> = 2..=20;
const INTERVALS: std::ops::RangeInclusive<Micros> = Micros::from_millis(10)..=Micros::from_secs(10);
/// Digits after the point that count.
const DIGITS: u8 = 6;

impl Parsed<'_> {
    /// Whether the keyword was one of the peer channel's.
    pub(super) fn apply_global_channel(&mut self, entry: &Entry) -> bool {
        let span = entry.value_span();
        match (entry.keyword.name, &entry.value) {
            ("peer_channel", Value::Bool(on)) => {
                self.global.defs.peer_channel.enabled = Some(Spanned::new(*on, span));
            }
            ("peer_port", Value::Integer(number)) => {
                let port = u16::try_from(*number).ok();
                self.global.defs.peer_channel.port = port.map(|port| Spanned::new(port, span));
            }
            ("fast_detect", _) => match self.fast_detect(&entry.arguments) {
                Some(Detection::On(given)) => {
                    self.global.defs.peer_channel.fast_detect = Some(Spanned::new(given, span));
                }
                Some(Detection::Off) => self.global.defs.peer_channel.fast_detect = None,
                None => {}
            },
            _ => return false,
        }
        true
    }

    /// The same in an instance.
    pub(super) fn apply_instance_channel(&mut self, entry: &Entry) -> bool {
        let detection = match entry.keyword.name {
            "fast_detect" => self.fast_detect(&entry.arguments),
            _ => None,
        };
        let Some(draft) = self.instances.last_mut() else {
            return false;
        };
        match (entry.keyword.name, &entry.value) {
            ("peer_channel", Value::Bool(on)) => draft.peer_channel = Some(*on),
            ("fast_detect", _) => {
                let Some(detection) = detection else {
                    return true;
                };
                draft.fast_detect = Some(detection);
                draft.given.fast_detect = match detection {
                    Detection::On(_) => Some(entry.value_span()),
                    Detection::Off => None,
                };
            }
            _ => return false,
        }
        true
    }

    /// `off`, or `TIME [xCOUNT]`; anything else is reported.
    fn fast_detect(&mut self, words: &[Word]) -> Option<Detection> {
        let (time, rest) = words.split_first()?;
        if matches!(time.text.as_str(), "off" | "no" | "false") {
            self.after_detection(rest);
            return Some(Detection::Off);
        }
        let interval = self.interval(time)?;
        let misses = match rest.first() {
            None => DEFAULT_MISSES,
            Some(word) => self.misses(word)?,
        };
        self.after_detection(rest.get(1..).unwrap_or_default());
        Some(Detection::On(FastDetect { interval, misses }))
    }

    fn interval(&mut self, word: &Word) -> Option<Micros> {
        let shown: String = word.text.chars().take(40).collect();
        let Some(interval) = duration(&word.text) else {
            let text = format!("`{shown}` is no time; `fast_detect` is ignored");
            let help = "write `fast_detect 50ms`, `fast_detect 0.05` or `fast_detect 50ms x3`";
            self.say(Code::InvalidNumber, word, text, help);
            return None;
        };
        if !INTERVALS.contains(&interval) {
            let text =
                format!("`fast_detect` must be from 10ms to 10s, not {shown}; it is ignored");
            let help = "a number without a unit is in seconds; `off` switches it off";
            self.say(Code::OutOfRange, word, text, help);
            return None;
        }
        Some(interval)
    }

    fn misses(&mut self, word: &Word) -> Option<u8> {
        let number = word.text.strip_prefix(['x', 'X']);
        let count = number.and_then(|number| number.parse::<u8>().ok());
        let fits = count.filter(|count| MISSES.contains(count));
        if fits.is_none() {
            let shown: String = word.text.chars().take(40).collect();
            let text = format!(
                "the signs of life that may be missing are x2 to x20, not `{shown}`; `fast_detect` is ignored"
            );
            let help = "write `fast_detect 50ms x3`";
            self.say(Code::OutOfRange, word, text, help);
        }
        fits
    }

    fn after_detection(&mut self, words: &[Word]) {
        if let (Some(first), Some(last)) = (words.first(), words.last()) {
            let text = "words after `fast_detect` and its values are ignored";
            let span = first.span.to(last.span);
            let found = Diagnostic::warning(Code::IgnoredWords, span, text);
            self.reader.sink.push(found);
        }
    }

    /// keepalived does not know the keyword, and finds no fault with its value.
    fn say(&mut self, code: Code, word: &Word, text: String, help: &str) {
        let found = Diagnostic::error(code, word.span, text).help(help);
        self.reader.sink.push(found);
    }
}

/// `50ms`, `0.05s`, or seconds without a unit.
fn duration(text: &str) -> Option<Micros> {
    let (text, per_millisecond) = match text.strip_suffix("ms") {
        Some(text) => (text, true),
        None => (text.strip_suffix('s').unwrap_or(text), false),
    };
    let number = number::decimal(text, DIGITS).filter(|number| !number.trailing)?;
    let millionths = u64::try_from(number.value).ok()?;
    Some(Micros(match per_millisecond {
        true => millionths / 1_000,
        false => millionths,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_or_are_seconds() {
        assert_eq!(duration("50ms"), Some(Micros(50_000)));
        assert_eq!(duration("0.05"), Some(Micros(50_000)));
        assert_eq!(duration("1.5s"), Some(Micros(1_500_000)));
        assert_eq!(duration("12.5ms"), Some(Micros(12_500)));
        for wrong in ["", "ms", "s", "-1", "50us", "50 ms", "x"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
