//! `vrrp_track_process` and `track_file` blocks.

use std::path::PathBuf;

use super::{Entry, Parsed, number};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{InitialFile, ParameterMatch, TrackFile, TrackProcess, Weight};
use crate::registry::{Block, Value};
use crate::span::{Span, Spanned};
use crate::units::Micros;
use crate::words::Word;

/// What a weight may be.
const MAX_OBJECT_WEIGHT: i64 = 254;

/// A `vrrp_track_process` block while it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProcessDraft {
    name: Option<Spanned<String>>,
    program: Option<Spanned<String>>,
    words: Vec<String>,
    parameter_match: Option<ParameterMatch>,
    full_command: bool,
    weight: Option<Spanned<Weight>>,
    quorum: Option<u16>,
    quorum_max: Option<u16>,
    fork_delay: Micros,
    terminate_delay: Micros,
}

/// A `track_file` block while it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileDraft {
    name: Option<Spanned<String>>,
    path: Option<Spanned<PathBuf>>,
    weight: Option<Spanned<Weight>>,
    initial: Option<InitialFile>,
}

impl Parsed<'_> {
    pub(super) fn enter_process(&mut self, name: Spanned<String>) {
        self.process = ProcessDraft {
            name: Some(name),
            ..ProcessDraft::default()
        };
    }

    pub(super) fn enter_file(&mut self, name: Spanned<String>) {
        self.file = FileDraft {
            name: Some(name),
            ..FileDraft::default()
        };
    }

    pub(super) fn apply_track_process(&mut self, entry: Entry) {
        match (entry.keyword.name, &entry.value) {
            (_, Value::Invalid) => {}
            ("process", _) => self.apply_program(&entry),
            ("param_match", _) => self.apply_parameter_match(&entry),
            ("full_command", _) => self.process.full_command = true,
            ("weight", _) => {
                if let Some(weight) = self.object_weight(&entry) {
                    self.process.weight = Some(weight);
                }
            }
            ("quorum", Value::Integer(number)) => self.apply_quorum(&entry, *number),
            ("quorum_max", Value::Integer(number)) => self.apply_quorum_max(&entry, *number),
            ("delay", Value::Decimal(time)) => {
                (self.process.fork_delay, self.process.terminate_delay) = (*time, *time);
            }
            ("fork_delay", Value::Decimal(time)) => self.process.fork_delay = *time,
            ("terminate_delay", Value::Decimal(time)) => self.process.terminate_delay = *time,
            _ => self.accept(entry),
        }
    }

    fn apply_program(&mut self, entry: &Entry) {
        if let Some(first) = self.process.program.as_ref().map(|first| first.span) {
            self.only_the_first(entry, first);
            return;
        }
        let words = entry.arguments.iter().skip(1);
        self.process.words = words.map(|word| word.text.clone()).collect();
        self.process.program = entry.first();
    }

    fn apply_parameter_match(&mut self, entry: &Entry) {
        self.process.parameter_match = Some(match entry.arguments.first() {
            None => ParameterMatch::Exact,
            Some(word) if word.text == "initial" => ParameterMatch::Initial,
            Some(word) if word.text == "partial" => ParameterMatch::Partial,
            Some(word) => {
                let text = format!(
                    "`{}` is no way to match parameters; it is ignored",
                    word.text
                );
                let diagnostic = Diagnostic::error(Code::InvalidChoice, word.span, text)
                    .help("write initial, partial, or nothing for an exact match")
                    .class(KeepalivedClass::General);
                self.reader.sink.push(diagnostic);
                return;
            }
        });
    }

    fn apply_quorum(&mut self, entry: &Entry, number: i64) {
        let quorum = u16::try_from(number).unwrap_or(1);
        if self.process.quorum_max.is_some_and(|max| max < quorum) {
            let text = "`quorum` is greater than `quorum_max`; it is ignored";
            self.complain(Code::OutOfRange, entry.value_span(), text);
        } else {
            self.process.quorum = Some(quorum);
        }
    }

    fn apply_quorum_max(&mut self, entry: &Entry, number: i64) {
        let max = u16::try_from(number).unwrap_or(u16::MAX);
        if max > 0 && self.process.quorum.is_some_and(|quorum| max < quorum) {
            let text = "`quorum_max` is less than `quorum`; it is ignored";
            self.complain(Code::OutOfRange, entry.value_span(), text);
        } else {
            self.process.quorum_max = Some(max);
        }
    }

    /// The process at its closing brace.
    pub(super) fn leave_process(&mut self) {
        let draft = std::mem::take(&mut self.process);
        let Some(name) = draft.name else { return };
        let Some(program) = draft.program else {
            let text = format!("`{}` names no `process`; the block is ignored", name.value);
            self.complain(Code::ObjectIncomplete, name.span, text);
            return;
        };
        if !self.first_of_its_name(Block::TrackProcess, &name) {
            return;
        }
        let compared = draft.parameter_match.is_some() || !draft.words.is_empty();
        // None may run: that is as many as must.
        let quorum = match draft.quorum_max {
            Some(0) => 0,
            Some(_) | None => draft.quorum.unwrap_or(1),
        };
        self.track_processes.push(TrackProcess {
            name,
            program,
            parameters: compared.then_some(draft.words),
            parameter_match: draft.parameter_match.unwrap_or_default(),
            full_command: draft.full_command,
            weight: draft
                .weight
                .map_or(Weight::default(), |weight| weight.value),
            quorum,
            quorum_max: draft.quorum_max,
            fork_delay: draft.fork_delay,
            terminate_delay: draft.terminate_delay,
            weight_span: draft.weight.map(|weight| weight.span),
        });
    }

    pub(super) fn apply_track_file(&mut self, entry: Entry) {
        match (entry.keyword.name, &entry.value) {
            (_, Value::Invalid) => {}
            ("file", _) => {
                if let Some(first) = self.file.path.as_ref().map(|first| first.span) {
                    self.only_the_first(&entry, first);
                } else {
                    self.file.path = entry.first().map(|path| path.map(PathBuf::from));
                }
            }
            ("weight", _) => {
                if let Some(weight) = self.object_weight(&entry) {
                    self.file.weight = Some(weight);
                }
            }
            ("init_file", _) => self.apply_initial_file(&entry.arguments),
            _ => self.accept(entry),
        }
    }

    /// `[NUMBER] [overwrite]` in any order.
    fn apply_initial_file(&mut self, words: &[Word]) {
        let mut initial = InitialFile {
            value: 0,
            overwrite: false,
        };
        for word in words {
            if word.text == "overwrite" {
                initial.overwrite = true;
                continue;
            }
            let number = number::integer(&word.text).filter(|number| !number.trailing);
            let Some(number) = number else {
                let text = format!("`{}` is no option of `init_file`; it is ignored", word.text);
                self.complain(Code::InvalidValue, word.span, text);
                continue;
            };
            match i32::try_from(number.value) {
                Ok(value) => initial.value = value,
                Err(_) => {
                    let text = format!("`{}` does not fit into 32 bits; it is ignored", word.text);
                    self.complain(Code::OutOfRange, word.span, text);
                }
            }
        }
        self.file.initial = Some(initial);
    }

    /// The file at its closing brace.
    pub(super) fn leave_file(&mut self) {
        /// A file's number counts as it is.
        const AS_IT_IS: Weight = Weight {
            value: 1,
            reverse: false,
        };
        let draft = std::mem::take(&mut self.file);
        let Some(name) = draft.name else { return };
        let Some(path) = draft.path else {
            let text = format!("`{}` names no `file`; the block is ignored", name.value);
            self.complain(Code::ObjectIncomplete, name.span, text);
            return;
        };
        if !self.first_of_its_name(Block::TrackFile, &name) {
            return;
        }
        self.track_files.push(TrackFile {
            name,
            path,
            weight: draft.weight.map_or(AS_IT_IS, |weight| weight.value),
            initial: draft.initial,
            weight_span: draft.weight.map(|weight| weight.span),
        });
    }

    /// Remembers the object for tracking lines; says so if it has another's name.
    pub(super) fn first_of_its_name(&mut self, block: Block, name: &Spanned<String>) -> bool {
        let first = self.objects.insert((block, name.value.clone()));
        if !first {
            let text = format!("`{}` is defined twice; the first one is used", name.value);
            let diagnostic = Diagnostic::warning(Code::DuplicateName, name.span, text);
            self.reader.sink.push(diagnostic);
        }
        first
    }

    fn only_the_first(&mut self, entry: &Entry, first: Span) {
        let text = format!("only the first `{}` counts", entry.keyword.name);
        let diagnostic = Diagnostic::error(Code::AlreadySpecified, entry.span, text)
            .label(first, "given here")
            .class(KeepalivedClass::General);
        self.reader.sink.push(diagnostic);
    }

    fn object_weight(&mut self, entry: &Entry) -> Option<Spanned<Weight>> {
        let weight = self.weight(&entry.arguments, MAX_OBJECT_WEIGHT)?;
        Some(Spanned::new(weight, entry.value_span()))
    }
}
