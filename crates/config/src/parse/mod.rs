//! Walks the blocks with the registry in hand and collects what they say, before any default is applied.

mod address;
mod check;
mod complaints;
mod control;
mod cursor;
mod draft;
mod encap;
mod endpoint;
mod global;
mod hmac;
mod instance;
mod lookalike;
mod number;
mod peer_channel;
mod route;
mod rule;
mod script;
mod service;
mod statics;
mod track;
mod tracked;
mod value;
mod vmac;

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::document::Recorder;
use crate::load::LoadOptions;
use crate::model::{Accepted, RootSettings, Script, TrackFile, TrackProcess, VrrpCheck};
use crate::reader::{Line, Reader};
use crate::registry::{Block, Keyword, Syntax, Value};
use crate::source::Environment;
use crate::span::{Span, Spanned};
use crate::words::{self, Word};

/// Characters of an unknown word that are shown.
const SHOWN_CHARACTERS: usize = 64;

pub(crate) use draft::{
    Detection, GarpDraft, GlobalDraft, GroupDraft, InstanceDraft, ScriptDraft, TrackDraft,
};
pub(crate) use service::{
    CheckDraft, CheckerDraft, DEFAULT_PERSISTENCE_S, HttpDraft, KindDraft, RealServerDraft,
    ServiceDraft, SorryDraft, UrlDraft, VirtualServerDraft,
};
pub(crate) use statics::Statics;

/// keepalived's exit code for a configuration it can't start with.
pub(crate) const EXIT_CONFIG: u8 = 2;

/// One keyword as it stands in the text, with its checked value.
pub(crate) struct Entry {
    pub(crate) keyword: &'static Keyword,
    /// The keyword's own place.
    pub(crate) span: Span,
    /// The words after it.
    pub(crate) arguments: Vec<Word>,
    pub(crate) value: Value,
}

impl Entry {
    /// The place of the first argument, or of the keyword.
    pub(crate) fn value_span(&self) -> Span {
        self.arguments.first().map_or(self.span, |word| word.span)
    }

    /// The first argument, which the syntax demands.
    pub(crate) fn first(&self) -> Option<Spanned<String>> {
        self.arguments.first().map(Word::spanned)
    }
}

/// What a script is run for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Its result counts.
    Check,
    /// It is told something.
    Notify,
}

/// Keywords with one value in a usual block.
const USUAL_KEYWORDS: usize = 8;

/// A keyword with the line it stands on.
type Placed = (&'static Keyword, Span);

/// Everything that was read, before defaults.
pub(crate) struct Parsed<'a> {
    pub(crate) reader: Reader<'a>,
    pub(crate) environment: &'a dyn Environment,
    strict_lexing: bool,
    pub(crate) root: RootSettings,
    pub(crate) global: GlobalDraft,
    pub(crate) scripts: Vec<ScriptDraft>,
    pub(crate) instances: Vec<InstanceDraft>,
    pub(crate) groups: Vec<GroupDraft>,
    pub(crate) accepted: Vec<Accepted>,
    pub(crate) track_processes: Vec<TrackProcess>,
    pub(crate) track_files: Vec<TrackFile>,
    pub(crate) checks: Vec<VrrpCheck>,
    check: check::CheckDraft,
    process: tracked::ProcessDraft,
    file: tracked::FileDraft,
    pub(crate) statics: Statics,
    /// Names of track_file, vrrp_track_process and bfd_instance blocks so far.
    pub(crate) objects: BTreeSet<(Block, String)>,
    pub(crate) script_names: BTreeSet<String>,
    /// Names in `track_script` lists, also of instances that come to nothing.
    pub(crate) scripts_mentioned: BTreeSet<String>,
    instance_names: BTreeMap<String, Span>,
    /// Every script that keepalived would look for, whatever becomes of the block it stands in.
    pub(crate) all_scripts: Vec<(Script, Use)>,
    pub(crate) service: ServiceDraft,
    /// What is said once only.
    reported: BTreeSet<(Code, &'static str)>,
    /// Keywords of the text that have no effect in this version, where each stood first.
    not_acted_on: Vec<(&'static str, Span)>,
    /// There is a block of something that can run, usable or not.
    runs_something: bool,
    /// Takes in everything as written, if somebody wants it.
    pub(crate) recorder: Option<Recorder>,
    /// The line of the latest keyword.
    header: Option<Span>,
    /// Blocks that are open, outermost first, with the lines that opened them.
    open_blocks: Vec<(Block, Span)>,
    /// A block that is probably not closed, and the keyword of a block around it that shows it.
    unclosed: Option<(Span, Span)>,
    /// The first block without a `{`.
    braceless: Option<Span>,
    /// The last `{` that opened nothing: its `}` closes the block around it.
    stray_brace: Option<(Span, String)>,
    last_unknown: Option<(Span, String)>,
    /// The line after a block that was left out: it belongs to the block around it.
    held: Option<Line>,
    /// Keywords of our own in the text, where each stood first.
    own_keywords: Vec<Placed>,
}

/// Reads everything.
pub(crate) fn parse<'a>(
    reader: Reader<'a>,
    environment: &'a dyn Environment,
    options: &LoadOptions,
) -> Parsed<'a> {
    let mut parsed = Parsed {
        reader,
        environment,
        strict_lexing: options.strict_lexing,
        root: RootSettings::default(),
        global: GlobalDraft::default(),
        scripts: Vec::new(),
        instances: Vec::new(),
        groups: Vec::new(),
        accepted: Vec::new(),
        track_processes: Vec::new(),
        track_files: Vec::new(),
        checks: Vec::new(),
        check: check::CheckDraft::default(),
        process: tracked::ProcessDraft::default(),
        file: tracked::FileDraft::default(),
        statics: Statics::default(),
        objects: BTreeSet::new(),
        script_names: BTreeSet::new(),
        scripts_mentioned: BTreeSet::new(),
        instance_names: BTreeMap::new(),
        all_scripts: Vec::new(),
        service: ServiceDraft::default(),
        reported: BTreeSet::new(),
        not_acted_on: Vec::new(),
        runs_something: false,
        recorder: options.document.then(Recorder::new),
        header: None,
        open_blocks: Vec::new(),
        unclosed: None,
        braceless: None,
        stray_brace: None,
        last_unknown: None,
        held: None,
        own_keywords: Vec::new(),
    };
    parsed.walk(Block::Root, true);
    parsed.reader.check_closed(parsed.unclosed);
    parsed.say_what_is_not_acted_on();
    parsed.say_what_is_our_own();
    parsed.say_if_nothing_runs();
    parsed
}

impl Parsed<'_> {
    /// Reads the lines of a block up to its `}`; `report` is off within blocks that have no effect as a whole.
    ///
    /// Gives the place of that `}`, or `None` where the text ends first. Recursion ends with the registry's deepest block.
    fn walk(&mut self, block: Block, report: bool) -> Option<Span> {
        let mut brace_due = block != Block::Root;
        let mut given: Vec<Placed> = Vec::with_capacity(USUAL_KEYWORDS);
        while let Some(line) = self.held.take().or_else(|| self.reader.next_line()) {
            match line.text() {
                b"{" if brace_due => {
                    brace_due = false;
                    continue;
                }
                b"{" => {
                    self.unexpected_brace(&line);
                    continue;
                }
                _ if brace_due && block.may_be_left_out() => {
                    self.held = Some(line);
                    return None;
                }
                _ if brace_due => {
                    self.missing_brace(block.name(), &line, Some(KeepalivedClass::MissingBegin));
                }
                _ => {}
            }
            brace_due = false;
            match line.text() {
                b"}" if block == Block::Root => self.closes_nothing(&line),
                b"}" => return Some(line.whole()),
                _ => {
                    if let Some(placed) = self.keyword_line(block, &line, report) {
                        self.repeated(&mut given, placed);
                    }
                }
            }
        }
        None
    }

    /// The keyword of the line with its place, if it is one.
    fn keyword_line(&mut self, block: Block, line: &Line, report: bool) -> Option<Placed> {
        let name = words::first(line)?;
        let Some(keyword) = block.keyword(name.text(line)) else {
            self.unknown(block, name.word(line));
            return None;
        };
        let placed = (keyword, line.whole());
        self.header = Some(line.whole());
        let words = match keyword.syntax {
            Syntax::Command | Syntax::OptionalCommand => {
                words::command(line).into_iter().skip(1).collect()
            }
            _ => words::plain_from(line, name.past),
        };
        let span = name.span(line);
        let report = self.remark(block, keyword, span, report);
        self.check_encoding(&words);
        if !self.lacks_parameter(keyword, span, &words) {
            self.dispatch(block, keyword, span, words, report);
        }
        Some(placed)
    }

    /// A value that was given before in this block: one of the two does not count.
    fn repeated(&mut self, given: &mut Vec<Placed>, (keyword, span): Placed) {
        if !has_one_value(keyword) {
            return;
        }
        let Some((_, first)) = given
            .iter_mut()
            .find(|(other, _)| std::ptr::eq(*other, keyword))
        else {
            given.push((keyword, span));
            return;
        };
        let first = std::mem::replace(first, span);
        if self.reader.sink.last() == Some(Code::AlreadySpecified) || first == span {
            return;
        }
        let text = format!(
            "`{}` was given before in this block; the last one counts",
            keyword.name
        );
        let found = Diagnostic::warning(Code::RepeatedKeyword, span, text);
        self.reader.sink.push(found.label(first, "given here"));
    }

    fn say_if_nothing_runs(&mut self) {
        let file = self
            .reader
            .map
            .files()
            .map(|(id, _)| Span::new(id, 0, 0))
            .next();
        let (Some(start), false) = (file, self.runs_something) else {
            return;
        };
        let text = "there is nothing to run: no vrrp_instance, virtual_server or bfd_instance";
        let found = Diagnostic::warning(Code::NothingToRun, start, text)
            .help("keepalived starts with such a file and does nothing");
        self.reader.sink.push(found);
    }

    /// Opens a block, or takes in a value.
    fn dispatch(
        &mut self,
        block: Block,
        keyword: &'static Keyword,
        span: Span,
        words: Vec<Word>,
        report: bool,
    ) {
        match keyword.syntax {
            Syntax::Named(Block::VirtualServerGroup) => {
                self.virtual_server_group(keyword, span, &words);
            }
            Syntax::Block(inner) | Syntax::Named(inner) => {
                if !self.enter(inner, span, &words) {
                    self.skip_block(inner);
                    return;
                }
                if let Some(recorder) = &mut self.recorder {
                    recorder.enter();
                }
                self.open_blocks.push((inner, span));
                let end = self.walk(inner, report);
                self.open_blocks.pop();
                self.leave(inner, end.unwrap_or(span));
                if let Some(recorder) = &mut self.recorder {
                    recorder.leave(keyword, &words);
                }
            }
            Syntax::Lines => {
                let lines = self.lines(keyword, &words);
                if let Some(recorder) = &mut self.recorder {
                    recorder.lines(keyword, &lines);
                }
                let value = Value::Lines(Vec::new());
                let entry = Entry {
                    keyword,
                    span,
                    arguments: words,
                    value,
                };
                self.apply_lines(block, &entry, lines);
            }
            _ => {
                let value = self.check(keyword, &words);
                let entry = Entry {
                    keyword,
                    span,
                    arguments: words,
                    value,
                };
                if let Some(recorder) = &mut self.recorder {
                    recorder.value(&entry);
                }
                self.apply(block, entry);
            }
        }
    }

    /// Begins a block; false, reported, where it can't be used at all.
    fn enter(&mut self, block: Block, span: Span, words: &[Word]) -> bool {
        self.runs_something |= matches!(
            block,
            Block::VrrpInstance | Block::VirtualServer | Block::BfdInstance
        );
        let name = words
            .first()
            .map_or_else(|| Spanned::new(String::new(), span), Word::spanned);
        match block {
            Block::VrrpInstance => self.enter_instance(name),
            Block::Authentication => self.note_given("authentication", span),
            Block::VrrpScript => self.scripts.push(ScriptDraft::new(name)),
            Block::SyncGroup => self.groups.push(GroupDraft::new(name)),
            Block::AuthHmac => self.enter_hmac(span),
            Block::TrackProcess => self.enter_process(name),
            Block::TrackFile => self.enter_file(name),
            Block::VrrpCheck => self.enter_check(name),
            Block::CheckHttp => self.enter_check_http(name),
            Block::CheckRepair => self.enter_check_repair(words),
            Block::TrackGroup => self.enter_track_group(name),
            _ => return self.enter_service(block, span, words),
        }
        true
    }

    fn leave(&mut self, block: Block, end: Span) {
        match block {
            Block::VrrpInstance => self.reader.instance.clear(),
            Block::VrrpScript => self.leave_script(),
            Block::TrackProcess => self.leave_process(),
            Block::TrackFile => self.leave_file(),
            Block::VrrpCheck => self.leave_check(),
            Block::CheckHttp => self.leave_check_http(end),
            Block::CheckRepair => self.leave_check_repair(),
            Block::TrackGroup => self.leave_track_group(),
            Block::GarpGroup => self.leave_garp_group(end),
            _ => self.leave_service(block, end),
        }
    }

    fn apply(&mut self, block: Block, entry: Entry) {
        match block {
            Block::Root => self.apply_root(entry),
            Block::Global => {
                if entry.keyword.name == "vrrp_strict" {
                    self.global.defs.strict_span = Some(entry.span);
                }
                self.apply_global(entry);
            }
            Block::VrrpScript => self.apply_script(&entry),
            Block::VrrpInstance => self.apply_instance(entry),
            Block::Authentication => self.apply_authentication(&entry),
            Block::AuthHmac => self.apply_hmac(entry),
            Block::TrackProcess => self.apply_track_process(entry),
            Block::TrackFile => self.apply_track_file(entry),
            Block::VrrpCheck => self.apply_check(entry),
            Block::CheckHttp => self.apply_check_http(entry),
            Block::CheckRepair => self.apply_check_repair(entry),
            Block::GarpGroup => self.apply_garp_group(entry),
            Block::SyncGroup => self.apply_group(entry),
            _ if block.is_service() => self.apply_service(block, entry),
            _ => self.accept(entry),
        }
    }

    fn apply_lines(&mut self, block: Block, entry: &Entry, lines: Vec<Vec<Word>>) {
        match block {
            Block::VrrpInstance => self.apply_instance_lines(entry, &lines),
            Block::SyncGroup => self.apply_group_lines(entry, &lines),
            Block::Root => self.apply_root_lines(entry, lines),
            Block::Global => self.apply_global_lines(entry, lines),
            Block::TrackGroup => self.apply_track_group_lines(entry, &lines),
            Block::GarpGroup => self.apply_garp_group_lines(&lines),
            _ => self.accept_lines(entry, lines),
        }
    }

    fn apply_root(&mut self, entry: Entry) {
        let text = entry.first();
        match (entry.keyword.name, &entry.value) {
            ("net_namespace", _) => self.root.net_namespace = text,
            ("net_namespace_ipvs", _) => {
                self.root.net_namespace_ipvs =
                    Some(text.unwrap_or_else(|| Spanned::new(String::new(), entry.span)));
            }
            ("instance", _) => self.root.instance = text,
            (_, Value::Invalid) => {}
            ("use_pid_dir", _) => self.root.use_pid_dir = true,
            ("namespace_with_ipsets", _) => self.root.namespace_with_ipsets = true,
            ("linkbeat_use_polling", _) => self.root.linkbeat_use_polling = true,
            ("child_wait_time", Value::Integer(seconds)) => {
                self.root.child_wait_time = number::seconds(*seconds);
            }
            _ => self.accept(entry),
        }
    }

    /// Keeps a keyword that has no typed field.
    pub(crate) fn accept(&mut self, entry: Entry) {
        let arguments = entry.arguments.iter().map(Word::spanned).collect();
        let Entry {
            keyword,
            span,
            value,
            ..
        } = entry;
        self.accepted.push(Accepted {
            keyword,
            value,
            arguments,
            span,
        });
    }

    pub(crate) fn accept_lines(&mut self, entry: &Entry, lines: Vec<Vec<Word>>) {
        let lines = lines
            .into_iter()
            .map(|line| line.iter().map(Word::spanned).collect())
            .collect();
        let (keyword, span, arguments) = (entry.keyword, entry.span, Vec::new());
        self.accepted.push(Accepted {
            keyword,
            value: Value::Lines(lines),
            arguments,
            span,
        });
    }

    /// Passes over a block that can't be used, and the blocks in it.
    fn skip_block(&mut self, block: Block) {
        let mut depth = 0usize;
        while let Some(line) = self.reader.next_line() {
            match line.text() {
                text if depth == 0 && text != b"{" => {
                    self.missing_brace(block.name(), &line, Some(KeepalivedClass::MissingBegin));
                }
                b"{" => depth += 1,
                b"}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// The lines of a free-form block.
    fn lines(&mut self, keyword: &'static Keyword, extra: &[Word]) -> Vec<Vec<Word>> {
        if let (Some(first), Some(last)) = (extra.first(), extra.last()) {
            let text = format!(
                "`{}` takes a list in braces; these words are ignored",
                keyword.name
            );
            let span = first.span.to(last.span);
            let help = "put each entry on a line of its own between `{` and `}`";
            let diagnostic = Diagnostic::error(Code::ExtraParameters, span, text).help(help);
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::General));
        }
        let (lines, end) = self.block_lines(keyword.name);
        if let (true, Some(end)) = (lines.is_empty(), end) {
            self.empty_list(keyword, end);
        }
        lines
    }

    /// The free lines of a block, and the place of its `}`.
    fn block_lines(&mut self, keyword: &str) -> (Vec<Vec<Word>>, Option<Span>) {
        let mut lines = Vec::new();
        let mut brace_due = true;
        while let Some(line) = self.reader.next_line() {
            match line.text() {
                b"{" if brace_due => {}
                b"}" => return (lines, Some(line.whole())),
                _ => {
                    if brace_due {
                        // keepalived takes the lines for the list's without a word.
                        self.missing_brace(keyword, &line, None);
                    }
                    let words = words::plain(&line);
                    if let (Some(first), Some(opener)) = (words.first(), self.header) {
                        self.suspect_unclosed_list(first, opener);
                    }
                    self.check_encoding(&words);
                    lines.push(words);
                }
            }
            brace_due = false;
        }
        (lines, None)
    }
}

/// Whether a second one replaces the first; `state` has a rule of its own.
fn has_one_value(keyword: &Keyword) -> bool {
    let single = match keyword.syntax {
        Syntax::Bool
        | Syntax::Integer { .. }
        | Syntax::OptionalInteger { .. }
        | Syntax::Decimal { .. }
        | Syntax::Word
        | Syntax::OptionalWord
        | Syntax::Choice(_)
        | Syntax::Address
        | Syntax::Interface => true,
        Syntax::Flag
        | Syntax::Words
        | Syntax::OptionalWords
        | Syntax::Command
        | Syntax::OptionalCommand
        | Syntax::Lines
        | Syntax::Block(_)
        | Syntax::Named(_) => false,
    };
    single && keyword.name != "state"
}
