//! `vrrp_script`, and commands in general.

use std::path::PathBuf;

use super::{Entry, Parsed, Use};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{Command, Script, Weight};
use crate::registry::Value;
use crate::span::Span;
use crate::units::Micros;
use crate::words::{self, Word};

/// Weights of scripts reach from -253 to 253.
const MAX_SCRIPT_WEIGHT: i64 = 253;

impl Parsed<'_> {
    pub(super) fn apply_script(&mut self, entry: &Entry) {
        let arguments = entry.arguments.as_slice();
        match entry.keyword.name {
            "script" => {
                let command = self.check_command(arguments);
                let taken = self
                    .scripts
                    .last()
                    .is_some_and(|draft| draft.script.is_some());
                if taken {
                    self.complain(
                        Code::AlreadySpecified,
                        entry.span,
                        "only the first `script` counts",
                    );
                } else if let Some(draft) = self.scripts.last_mut() {
                    draft.script = command;
                }
            }
            "user" => {
                let identity = self.identity(arguments);
                if let Some(draft) = self.scripts.last_mut() {
                    draft.identity = identity;
                }
            }
            "weight" => {
                let weight = self.weight(arguments, MAX_SCRIPT_WEIGHT);
                if let (Some(draft), Some(weight)) = (self.scripts.last_mut(), weight) {
                    draft.weight = weight;
                    draft.given.weight = Some(entry.value_span());
                }
            }
            _ => self.apply_script_number(entry),
        }
    }

    fn apply_script_number(&mut self, entry: &Entry) {
        let count = |number: i64| u32::try_from(number).unwrap_or(1);
        let name = entry.keyword.name;
        if let Value::Decimal(time) = entry.value
            && time.get() % 1_000_000 != 0
        {
            let text = "keepalived 2.2.7 takes whole seconds only here, newer releases fractions";
            let diagnostic = Diagnostic::note(Code::NewerKeyword, entry.value_span(), text);
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::InvalidNumber));
        }
        let Some(draft) = self.scripts.last_mut() else {
            return;
        };
        let span = Some(entry.value_span());
        match (name, &entry.value) {
            ("interval", Value::Decimal(time)) => {
                draft.given.interval = span;
                // keepalived takes 0 as one second.
                draft.interval = Some(if *time == Micros::ZERO {
                    Micros::from_secs(1)
                } else {
                    *time
                });
            }
            ("timeout", Value::Decimal(time)) => {
                (draft.timeout, draft.given.timeout) = (Some(*time), span);
            }
            ("rise", Value::Integer(number)) => {
                (draft.rise, draft.given.rise) = (count(*number), span);
            }
            ("fall", Value::Integer(number)) => {
                (draft.fall, draft.given.fall) = (count(*number), span);
            }
            ("init_fail", _) => draft.init_fail = true,
            _ => {}
        }
    }

    /// `WEIGHT [reverse]` of a script or another tracked object, at most `max`.
    pub(super) fn weight(&mut self, words: &[Word], max: i64) -> Option<Weight> {
        let value = self.integer("weight", words.first()?, -max, max)?;
        let value = value.clamp(-MAX_SCRIPT_WEIGHT, MAX_SCRIPT_WEIGHT);
        let reverse = match words.get(1) {
            Some(word) if word.text == "reverse" => true,
            Some(word) => {
                let text = format!(
                    "after a weight only `reverse` is known, not `{}`",
                    word.text
                );
                self.complain(Code::InvalidValue, word.span, text);
                false
            }
            None => false,
        };
        i16::try_from(value)
            .ok()
            .map(|value| Weight { value, reverse })
    }

    /// A check's command: one quoted word is split again, several words are its arguments.
    pub(super) fn check_command(&mut self, words: &[Word]) -> Option<Script> {
        let (first, last) = (words.first()?, words.last()?);
        let span = first.span.to(last.span);
        let argv = match words {
            [only] => words::command_text(&only.text),
            _ => words.iter().map(|word| word.text.clone()).collect(),
        };
        self.script(argv, span, Use::Check)
    }

    /// A notification's command: one word that is split again, then user and group.
    pub(super) fn notify_command(&mut self, words: &[Word]) -> Option<Script> {
        let first = words.first()?;
        let argv = words::command_text(&first.text);
        let identity = self.identity(words.get(1..).unwrap_or_default());
        let mut script = self.script(argv, first.span, Use::Notify)?;
        script.identity = identity;
        Some(script)
    }

    /// The command of a FIFO's reader, which keepalived does not judge.
    pub(super) fn fifo_command(&mut self, words: &[Word]) -> Option<Script> {
        let judged = self.all_scripts.len();
        let first = words.first()?;
        let argv = words::command_text(&first.text);
        let mut script = self.script(argv, first.span, Use::Notify)?;
        self.all_scripts.truncate(judged);
        script.identity = self.unchecked_identity(words.get(1..).unwrap_or_default());
        Some(script)
    }

    pub(super) fn script(&mut self, argv: Vec<String>, span: Span, purpose: Use) -> Option<Script> {
        let Some(program) = argv.first() else {
            self.complain(Code::ScriptWithoutCommand, span, "this command is empty");
            return None;
        };
        let command = match program.strip_prefix('<') {
            Some(path) => {
                let path = if path.is_empty() {
                    argv.get(1).cloned()
                } else {
                    Some(path.to_owned())
                };
                Command::FileReadable(PathBuf::from(path.unwrap_or_default()))
            }
            None => Command::Argv(argv),
        };
        let script = Script {
            command,
            identity: None,
            span,
        };
        self.all_scripts.push((script.clone(), purpose));
        Some(script)
    }

    pub(super) fn leave_script(&mut self) {
        let Some(draft) = self.scripts.last_mut() else {
            return;
        };
        let name = draft.name.clone();
        if draft.script.is_none() {
            draft.broken = true;
            let text = format!("`{}` has no `script`; the block is ignored", name.value);
            self.complain(Code::ScriptWithoutCommand, name.span, text);
            return;
        }
        if !self.script_names.insert(name.value.clone()) {
            let text = format!("`{}` is defined twice; the first one is used", name.value);
            let diagnostic = Diagnostic::warning(Code::DuplicateName, name.span, text);
            self.reader.sink.push(diagnostic);
        }
    }
}
