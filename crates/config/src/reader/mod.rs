//! From files to logical lines: comments, conditional lines, definitions, sequences, includes and braces.
//!
//! Everything here is bounded: the length of a line, the depth of expansion and of includes, the number of files and
//! of lines that expansion makes.

mod define;
mod glob;
mod include;
mod line;
mod sequence;
mod split;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic, KeepalivedClass, Sink};
use crate::load::LoadOptions;
use crate::source::{Environment, Source};
use crate::span::{FileId, SourceMap, Span};

use define::Definition;
pub(crate) use define::is_definition;
pub use include::IncludeChecks;
pub(crate) use include::is_include;
use line::Marks;
pub(crate) use line::{Line, is_blank};
use sequence::Sequence;
pub(crate) use sequence::is_sequence;

/// Longest line in bytes; keepalived's buffer holds one more for the end.
pub const MAX_LINE_BYTES: usize = 1023;
/// Files within files; deeper is a loop.
pub const MAX_INCLUDE_DEPTH: usize = 32;
/// Files that one configuration is read from.
pub const MAX_FILES: usize = 4096;
/// Bytes of all files together.
pub const MAX_TOTAL_BYTES: usize = 512 * 1024 * 1024;
/// Definitions within definitions; deeper is a loop.
pub const MAX_EXPANSION_DEPTH: usize = 64;
/// References and generated lines of one load: the manual's largest example needs under a million.
pub const MAX_EXPANSIONS: usize = 2_000_000;
/// Lines with text in them, those made by braces, definitions and sequences included; a real configuration has a few
/// thousand, the manual's largest example under two million.
pub const MAX_LINES: usize = 4_000_000;
/// Ids of conditional lines that are named where none fits.
const MAX_SHOWN_IDS: usize = 8;
/// Unclosed braces whose places are remembered.
const MAX_OPEN_BRACES: usize = 256;

/// Values of sequence variables.
type Bindings = BTreeMap<Vec<u8>, Vec<u8>>;

/// Something lines are taken from.
enum Frame {
    /// A file, read up to `offset`; relative includes start at `directory`.
    File {
        file: FileId,
        bytes: Arc<Vec<u8>>,
        offset: usize,
        directory: PathBuf,
        /// What includes had to fulfil before the file was opened: its own `include_check` ends with it.
        outer_checks: IncludeChecks,
    },
    /// Files to be read one after another, and what names them.
    Files(VecDeque<PathBuf>, Span),
    /// The rest of a multi-line definition.
    Lines(VecDeque<Line>),
    /// A `~SEQ` or `~LST` with its remaining values.
    Sequence(Sequence),
}

/// Reads logical lines.
pub(crate) struct Reader<'a> {
    source: &'a dyn Source,
    environment: &'a dyn Environment,
    options: &'a LoadOptions,
    config_id: String,
    /// Ids of `@id` lines, the first of them, and whether one of them was ours.
    other_ids: BTreeSet<String>,
    id_line: Option<Span>,
    id_found: bool,
    pub(crate) map: SourceMap,
    pub(crate) sink: Sink,
    frames: Vec<Frame>,
    /// What followed a brace on its line.
    residue: Option<Line>,
    /// The `{` after the words of a line that needed no other step.
    plain_brace: Option<Line>,
    definitions: BTreeMap<Vec<u8>, Definition>,
    /// Name of the instance being read, for `${_INSTANCE}`.
    pub(crate) instance: String,
    random_state: u64,
    /// `include_check` so far.
    include_checks: IncludeChecks,
    expansions: usize,
    lines: usize,
    total_bytes: usize,
    files: usize,
    depth: usize,
    open_braces: Vec<Span>,
    last_span: Span,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        source: &'a dyn Source,
        environment: &'a dyn Environment,
        options: &'a LoadOptions,
    ) -> Self {
        let host = || environment.host_name().unwrap_or_default();
        let first_label = |name: String| name.split('.').next().unwrap_or_default().to_owned();
        let config_id = options
            .config_id
            .clone()
            .unwrap_or_else(|| first_label(host()));
        Self {
            source,
            environment,
            options,
            config_id,
            other_ids: BTreeSet::new(),
            id_line: None,
            id_found: false,
            map: SourceMap::default(),
            sink: Sink::default(),
            frames: Vec::new(),
            residue: None,
            plain_brace: None,
            definitions: BTreeMap::new(),
            instance: String::new(),
            random_state: options.random_seed,
            include_checks: options.include_checks,
            expansions: 0,
            lines: 0,
            total_bytes: 0,
            files: 0,
            depth: 0,
            open_braces: Vec::new(),
            last_span: Span::default(),
        }
    }

    /// `random_seed`: `${_RANDOM}` begins anew.
    pub(crate) fn reseed(&mut self, seed: u64) {
        self.random_state = seed;
    }

    /// What includes must fulfil from here on.
    pub(crate) fn include_checks(&self) -> IncludeChecks {
        self.include_checks
    }

    /// `include_check`; what the command line asks for stays.
    pub(crate) fn set_include_checks(&mut self, checks: IncludeChecks) {
        self.include_checks = checks.with(self.options.include_checks);
    }

    /// The next line that is not empty: a `{`, a `}`, or words without unquoted braces. `None` at the end of all files.
    pub(crate) fn next_line(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.next_plain() {
                return Some(line);
            }
            let line = match self.residue.take() {
                Some(line) => line,
                None => match self.next_raw()? {
                    Some(line) => match self.prepare(line) {
                        Some(line) => line,
                        None => continue,
                    },
                    None => continue,
                },
            };
            let line = self.split_at_brace(line);
            if !line.text().is_empty() {
                if !self.spend_line(&line) {
                    return None;
                }
                self.last_span = line.whole();
                self.sink.set_line(Some(&line));
                return Some(line);
            }
        }
    }

    /// The next line of a file where nothing has to be done to it, as with most of them.
    fn next_plain(&mut self) -> Option<Line> {
        if self.residue.is_some() {
            return None;
        }
        let line = match self.plain_brace.take() {
            Some(brace) => brace,
            None => self.take_plain()?,
        };
        match line.text() {
            b"{" => self.open_brace(line.whole()),
            b"}" => self.close_brace(line.whole()),
            _ => {}
        }
        self.last_span = line.whole();
        self.sink.set_line(None);
        Some(line)
    }

    /// Takes the next line of a file if it is words, words and a `{`, or a brace, and nothing that a step before the parser
    /// looks for; the `{` after words waits.
    fn take_plain(&mut self) -> Option<Line> {
        let Some(Frame::File {
            file,
            bytes,
            offset,
            ..
        }) = self.frames.last_mut()
        else {
            return None;
        };
        let rest = bytes.get(*offset..)?;
        let (length, marks) = Marks::of_line(rest);
        let text = rest.get(..length)?;
        let start = text.iter().position(|byte| !is_blank(*byte))?;
        let end = 1 + text.iter().rposition(|byte| !is_blank(*byte))?;
        let body = text.get(start..end)?;
        if matches!(body.first(), Some(b'@' | b'~')) || body.starts_with(b"include") {
            return None;
        }
        let words = plain_words(body, marks)?;
        // As many as the steps that are left out would count.
        if length > MAX_LINE_BYTES || self.lines.saturating_add(3) >= MAX_LINES {
            return None;
        }
        let at = *offset + start;
        let line = Line::direct(*file, Arc::clone(bytes), at..at + words, marks);
        if words < body.len() {
            let brace = *offset + end - 1;
            self.plain_brace = Some(Line::direct(
                *file,
                Arc::clone(bytes),
                brace..brace + 1,
                marks,
            ));
            self.lines += 1;
        }
        self.lines += 2;
        *offset += length + 1;
        Some(line)
    }

    /// A line from the innermost frame; `Some(None)` where that frame was at its end, `None` at the end of everything.
    #[allow(clippy::option_option, reason = "end of input, end of frame, line")]
    fn next_raw(&mut self) -> Option<Option<Line>> {
        let line = match self.frames.last_mut()? {
            Frame::Files(paths, span) => {
                let (path, span) = (paths.pop_front(), *span);
                match path {
                    Some(path) => self.open(&path, span),
                    None => drop(self.frames.pop()),
                }
                return Some(None);
            }
            Frame::Lines(lines) => lines.pop_front(),
            Frame::Sequence(sequence) => sequence.next_line(),
            Frame::File {
                file,
                bytes,
                offset,
                outer_checks,
                ..
            } => {
                let (start, checks) = (*offset, *outer_checks);
                let rest = bytes.get(start..).filter(|rest| !rest.is_empty());
                let Some(rest) = rest else {
                    self.frames.pop();
                    self.include_checks = checks;
                    return Some(None);
                };
                let (length, marks) = Marks::of_line(rest);
                *offset = start + length + 1;
                if !marks.has(Marks::TEXT) {
                    return Some(None);
                }
                let range = start..start + length;
                let line = Line::direct(*file, Arc::clone(bytes), range, marks);
                return Some(self.take_physical(line));
            }
        };
        if line.is_none() {
            self.frames.pop();
        } else if !self.spend_expansion(Span::default()) {
            self.frames
                .retain(|frame| matches!(frame, Frame::File { .. } | Frame::Files(..)));
            return Some(None);
        }
        Some(line)
    }

    /// A line of a file, unless it can't be one.
    fn take_physical(&mut self, line: Line) -> Option<Line> {
        let text = line.text();
        let mut length = text.strip_suffix(b"\r").unwrap_or(text).len();
        if line.may_have(Marks::NUL) {
            // To keepalived, which says nothing about it, the byte ends the line.
            let whole = length;
            length = text.iter().position(|byte| *byte == 0).unwrap_or(whole);
            let message = "this line holds a NUL byte and is read up to it";
            let span = line.span(0..whole);
            self.sink
                .push(Diagnostic::error(Code::NulInLine, span, message));
        }
        if length > MAX_LINE_BYTES {
            let message = format!("this line of {length} bytes is too long and is ignored");
            let help = format!(
                "keepalived reads {MAX_LINE_BYTES} bytes and takes the rest for a line of its own: make it shorter"
            );
            let span = line.span(0..length);
            let diagnostic = Diagnostic::error(Code::LineTooLong, span, message).help(help);
            self.sink.push(diagnostic.class(KeepalivedClass::General));
            return None;
        }
        let line = line.cut(0..length);
        let is_empty = line.text().iter().all(|byte| is_blank(*byte));
        (!is_empty).then_some(line)
    }

    /// Comments, conditions, definitions, sequences and includes; `None` where nothing is left for the parser.
    fn prepare(&mut self, line: Line) -> Option<Line> {
        self.sink.set_line(None);
        if !self.spend_line(&line) {
            self.frames.clear();
            return None;
        }
        let line = self.without_comment(line).trimmed();
        let line = self.conditional(line)?;
        if line.text().is_empty() || self.take_definition(&line) {
            return None;
        }
        if self.take_sequence(&line) {
            return None;
        }
        let line = self.expand(line)?.trimmed();
        if self.take_include(&line) {
            return None;
        }
        // A definition may hold a sequence, or a definition.
        if line.text().starts_with(b"~") && self.take_sequence(&line) {
            return None;
        }
        Some(line)
    }

    /// `@id` and `@^id` lines (keepalived.conf(5), "Conditional configuration").
    fn conditional(&mut self, line: Line) -> Option<Line> {
        let Some(condition) = Condition::of(line.text()) else {
            return Some(line);
        };
        let start = condition.length;
        let holds = condition.holds(self.config_id.as_bytes());
        if !condition.negated && self.other_ids.len() < MAX_SHOWN_IDS {
            self.other_ids
                .insert(String::from_utf8_lossy(condition.id).into_owned());
            self.id_line.get_or_insert(line.whole());
        }
        self.id_found |= holds;
        holds.then(|| line.slice(start..line.text().len()).trimmed())
    }

    /// Every `@` line was for another node: likely a slip, or a check on another machine.
    fn say_if_no_id_fits(&mut self) {
        let (Some(line), false) = (self.id_line, self.id_found) else {
            return;
        };
        let ids: Vec<&str> = self.other_ids.iter().map(String::as_str).collect();
        let text = format!(
            "no `@` line is for `{}`; there are lines for {}",
            self.config_id,
            ids.join(", ")
        );
        let found = Diagnostic::note(Code::NoLineForNode, line, text)
            .help("the name of the node comes from `-i`, `--config-id`, or the host's name up to its first dot");
        self.sink.push(found);
    }

    /// Counts one more line; false, and one finding, once there were too many.
    fn spend_line(&mut self, line: &Line) -> bool {
        self.lines = self.lines.saturating_add(1);
        if self.lines == MAX_LINES {
            let text = format!("only the first {MAX_LINES} lines are read");
            let diagnostic = Diagnostic::error(Code::TooMuchText, line.whole(), text);
            self.sink.push(diagnostic.class(KeepalivedClass::General));
        }
        self.lines < MAX_LINES
    }

    /// Counts one more expansion; false, and one finding, once there were too many.
    fn spend_expansion(&mut self, span: Span) -> bool {
        self.expansions = self.expansions.saturating_add(1);
        if self.expansions == MAX_EXPANSIONS {
            let text = format!("definitions and sequences make more than {MAX_EXPANSIONS} lines");
            let class = KeepalivedClass::General;
            self.sink
                .push(Diagnostic::error(Code::ExpansionLimit, span, text).class(class));
        }
        self.expansions < MAX_EXPANSIONS
    }

    /// A `{` was read: remembers where.
    fn open_brace(&mut self, span: Span) {
        self.depth += 1;
        if self.open_braces.len() < MAX_OPEN_BRACES {
            self.open_braces.push(span);
        }
    }

    /// A `}` was read: complains if it closes nothing.
    fn close_brace(&mut self, span: Span) {
        if self.depth == 0 {
            let diagnostic =
                Diagnostic::error(Code::ExtraCloseBrace, span, "this `}` closes nothing");
            self.sink
                .push(diagnostic.class(KeepalivedClass::UnexpectedEnd));
            return;
        }
        self.depth -= 1;
        self.open_braces.truncate(self.depth);
    }

    /// Complains about blocks that are still open at the end of everything.
    ///
    /// `suspect`: a block that is probably the one, and the keyword of a block around it that shows it.
    pub(crate) fn check_closed(&mut self, suspect: Option<(Span, Span)>) {
        self.sink.set_line(None);
        self.say_if_no_id_fits();
        if self.depth == 0 {
            return;
        }
        let end = self.last_span;
        let text = match self.depth {
            1 => "a `}` is missing at the end".to_owned(),
            count => format!("{count} `}}` are missing at the end"),
        };
        let mut diagnostic = Diagnostic::error(Code::MissingCloseBrace, end, text)
            .class(KeepalivedClass::MissingEnd)
            .help("until its `}` all that follows a block is read as part of it");
        if let Some((opener, keyword)) = suspect {
            diagnostic = diagnostic
                .label(opener, "this block is probably the one")
                .label(keyword, "because this belongs to the block around it");
        } else if let Some(open) = self.open_braces.last() {
            diagnostic = diagnostic.label(*open, "opened here and never closed");
        }
        self.sink.push(diagnostic);
    }

    /// Shares sequence variables between lines.
    fn bind(bindings: Bindings) -> Option<Rc<Bindings>> {
        (!bindings.is_empty()).then(|| Rc::new(bindings))
    }
}

/// How many bytes of a line are words, where all else is one `{` at its end, or where it is a brace alone; `None` for other
/// lines.
fn plain_words(body: &[u8], marks: Marks) -> Option<usize> {
    if marks.is_plain() || (marks.is_words_and_braces() && matches!(body, b"{" | b"}")) {
        return Some(body.len());
    }
    let words = body
        .strip_suffix(b"{")
        .filter(|_| marks.is_words_and_braces())?;
    let braces = words.iter().any(|byte| matches!(byte, b'{' | b'}'));
    let length = 1 + words.iter().rposition(|byte| !is_blank(*byte))?;
    (!braces).then_some(length)
}

/// The `@id` or `@^id` that a line begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Condition<'a> {
    /// The id; empty where it is missing, and then the condition never holds.
    pub(crate) id: &'a [u8],
    negated: bool,
    /// Bytes of the line it takes.
    pub(crate) length: usize,
}

impl<'a> Condition<'a> {
    /// The condition of that line, if it has one.
    pub(crate) fn of(line: &'a [u8]) -> Option<Self> {
        let rest = line.strip_prefix(b"@")?;
        let negated = rest.first() == Some(&b'^');
        let rest = rest.get(usize::from(negated)..)?;
        let id = rest.split(|byte| is_blank(*byte)).next()?;
        let length = 1 + usize::from(negated) + id.len();
        Some(Self {
            id,
            negated,
            length,
        })
    }

    /// Whether the line counts under that configuration id.
    pub(crate) fn holds(self, config_id: &[u8]) -> bool {
        !self.id.is_empty() && (self.id == config_id) != self.negated
    }
}
