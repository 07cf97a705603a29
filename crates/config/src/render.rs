//! Diagnostics as text for people: the place, the line, and what is wrong with it.
//!
//! Lines are cut out of the file and decoded one by one, so neither the encoding nor the length of a file matters.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Severity};
use crate::reader::MAX_LINE_BYTES;
use crate::secret;
use crate::span::{SourceFile, SourceMap, Span};

/// Bytes of a line shown to either side of the place; longer lines are cut.
const MAX_CONTEXT_BYTES: usize = 160;
/// Places shown beside the primary one.
const MAX_LABELS: usize = 8;

/// The diagnostic as text of several lines, with ANSI colours if wanted. Shows bytes that are not UTF-8 as U+FFFD and
/// control characters as pictures.
#[must_use]
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = printable(&diagnostic.message);
    let help = diagnostic.help.as_deref().map(printable);
    let mut excerpts: Vec<Excerpt> = Vec::new();
    add_mark(&mut excerpts, sources, diagnostic.primary, None);
    for (span, text) in diagnostic.labels.iter().take(MAX_LABELS) {
        add_mark(&mut excerpts, sources, *span, Some(printable(text)));
    }
    let title = level
        .primary_title(message.as_str())
        .id(diagnostic.code.as_str());
    let mut group = Group::with_title(title);
    for excerpt in &excerpts {
        if let Some(column) = excerpt.cut_column {
            let origin = Origin::path(excerpt.path.as_str())
                .line(excerpt.line)
                .char_column(column);
            group = group.element(origin);
        }
        group = group.element(excerpt.element());
    }
    let expanded = diagnostic.expanded.as_deref().map(|text| {
        let text: String = text.chars().take(MAX_CONTEXT_BYTES).collect();
        format!(
            "with its definitions expanded the line reads `{}`",
            printable(&text)
        )
    });
    if let Some(expanded) = &expanded {
        group = group.element(Level::NOTE.message(expanded.as_str()));
    }
    let help = match (help, &diagnostic.fix) {
        (Some(help), Some(_)) => Some(format!("{help} (`check --fix` does it)")),
        (None, Some(fix)) => Some(format!("{} (`check --fix` does it)", printable(&fix.title))),
        (help, None) => help,
    };
    if let Some(help) = &help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.render(&[group])
}

/// One line of a file, with what is marked on it.
struct Excerpt {
    path: String,
    line: usize,
    /// The column in the file, where it can't be told from the text that is shown.
    cut_column: Option<usize>,
    /// The bytes of the file that are shown.
    window: Range<usize>,
    span: Span,
    text: String,
    marks: Vec<Mark>,
}

struct Mark {
    range: Range<usize>,
    primary: bool,
    label: Option<String>,
}

impl Excerpt {
    fn element(&self) -> Element<'_> {
        let mut snippet = Snippet::source(self.text.as_str()).line_start(self.line);
        if self.cut_column.is_none() {
            snippet = snippet.path(self.path.as_str());
        }
        for mark in &self.marks {
            let kind = if mark.primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let annotation = kind.span(mark.range.clone()).label(mark.label.as_deref());
            snippet = snippet.annotation(annotation);
        }
        snippet.into()
    }

    fn shows(&self, span: Span) -> bool {
        self.span.file == span.file && self.window.contains(&span.start())
    }
}

/// Marks the span on the line that shows it, or on a new one; nothing for a span that is of no file.
fn add_mark(excerpts: &mut Vec<Excerpt>, sources: &SourceMap, span: Span, label: Option<String>) {
    let Some(file) = sources.file(span.file) else {
        return;
    };
    if !excerpts.iter().any(|excerpt| excerpt.shows(span)) {
        let Some(place) = sources.locate(span) else {
            return;
        };
        let window = file.line_around(span.start(), MAX_CONTEXT_BYTES);
        let line = file.line_around(span.start(), MAX_LINE_BYTES);
        let line_start = line.start;
        excerpts.push(Excerpt {
            path: printable(&place.path.to_string_lossy()),
            line: place.line,
            cut_column: (window.start > line_start).then_some(place.column),
            text: excerpt_text(file, &line, &window),
            window,
            span,
            marks: Vec::new(),
        });
    }
    let Some(excerpt) = excerpts
        .iter_mut()
        .find(|excerpt| excerpt.shows(span) || excerpt.span == span)
    else {
        return;
    };
    let window = excerpt.window.clone();
    let within = |at: usize| at.clamp(window.start, window.end);
    let start = decode(file, window.start..within(span.start()))
        .len()
        .min(excerpt.text.len());
    let end = decode(file, window.start..within(span.end()))
        .len()
        .clamp(start, excerpt.text.len());
    let primary = label.is_none();
    let same = excerpt
        .marks
        .iter_mut()
        .find(|mark| mark.range == (start..end) && mark.label.is_none());
    match same {
        Some(mark) => mark.label = label,
        None => excerpt.marks.push(Mark {
            range: start..end,
            primary,
            label,
        }),
    }
}

/// What is shown of the line, its secret masked; the keyword that makes it one may be outside of what is shown.
fn excerpt_text(file: &SourceFile, line: &Range<usize>, window: &Range<usize>) -> String {
    let text = decode(file, window.clone());
    let before = decode(file, line.start..window.start);
    match secret::secret_start(&before) {
        Some(_) => secret::masked_from(text, 0),
        None => secret::masked(text),
    }
}

/// Those bytes of the file as printable text on one line.
fn decode(file: &SourceFile, range: Range<usize>) -> String {
    let bytes = file.bytes().get(range).unwrap_or_default();
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.extend(chunk.valid().chars().map(picture));
        text.push_str(if chunk.invalid().is_empty() {
            ""
        } else {
            "\u{fffd}"
        });
    }
    text
}

/// The text without anything that could move a terminal's cursor: control characters as pictures, tabs as they are.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(picture).collect()
}

/// A control character's picture (U+2400 and on); tabs and all else stay.
fn picture(letter: char) -> char {
    match letter {
        '\t' => '\t',
        '\u{7f}' => '\u{2421}',
        _ if letter < ' ' => char::from_u32(0x2400 + u32::from(letter)).unwrap_or('\u{fffd}'),
        '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        _ => letter,
    }
}

#[cfg(test)]
mod tests;
