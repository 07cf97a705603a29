//! Text for people in at most 80 columns, with colours where they are wanted, and JSON for programs.

use std::io::{ErrorKind, IsTerminal, Write};

use clap::ValueEnum;
use serde::Serialize;
use standfast_config::printable;

/// Columns of a terminal that nobody has widened.
pub(crate) const WIDTH: usize = 80;
/// Columns of what stands before the text of an entry.
const LABEL: usize = 13;
/// Columns that the last cell of a row has at least; those before it are cut for it.
const LAST_CELL: usize = 24;
/// Columns that a cell is never cut below.
const LEAST_CELL: usize = 6;
/// Columns between two cells.
const GAP: usize = 2;

/// When text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal whose user does not object (`NO_COLOR`).
    #[default]
    Auto,
    /// Also in a file or a pipe.
    Always,
    /// Not at all.
    Never,
}

impl Colour {
    /// Whether that is now.
    pub(crate) fn wanted(self) -> bool {
        match self {
            Self::Auto => {
                std::io::stdout().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// What a piece of text means, and so its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing special.
    Plain,
    /// A name that one looks for.
    Strong,
    /// As it should be.
    Good,
    /// Somebody should look.
    Warning,
    /// Does not work.
    Bad,
    /// Of less interest.
    Faint,
}

impl Tone {
    /// Select Graphic Rendition (ECMA-48).
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "1",
            Self::Good => "32",
            Self::Warning => "33",
            Self::Bad => "1;31",
            Self::Faint => "2",
        }
    }
}

/// Text of one tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    tone: Tone,
    text: String,
}

/// Text of that tone; what could move the cursor is made visible.
pub(crate) fn piece(tone: Tone, text: impl AsRef<str>) -> Piece {
    Piece {
        tone,
        text: printable(text.as_ref()).replace(['\t', '\n'], " "),
    }
}

/// Text of no special tone.
pub(crate) fn plain(text: impl AsRef<str>) -> Piece {
    piece(Tone::Plain, text)
}

impl Piece {
    /// Its text alone.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    pub(crate) fn tone(&self) -> Tone {
        self.tone
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// What is printed.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    text: String,
    colour: bool,
}

impl Page {
    /// An empty page.
    pub(crate) fn new(colour: bool) -> Self {
        Self {
            text: String::new(),
            colour,
        }
    }

    /// Everything so far.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// An empty line, unless one is there or nothing is.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Text on one line, however long.
    pub(crate) fn line(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            self.paint(piece.tone, &piece.text);
        }
        self.end_line();
    }

    /// Text from this column on, in as many lines as it needs; later lines begin two columns further.
    pub(crate) fn paragraph(&mut self, indent: usize, pieces: &[Piece]) {
        self.wrapped(indent, indent + 2, pieces);
    }

    /// Text from this column on, in one line however long: it may be copied.
    pub(crate) fn verbatim(&mut self, indent: usize, text: &str) {
        self.pad(indent);
        self.paint(Tone::Plain, plain(text).text());
        self.end_line();
    }

    /// What something is: a word of at most ten letters before the text. Without a word it goes on below the one before.
    pub(crate) fn entry(&mut self, label: &str, pieces: &[Piece]) {
        self.label(label);
        self.lines(LABEL, LABEL, pieces);
    }

    fn label(&mut self, label: &str) {
        self.pad(2);
        self.paint(Tone::Faint, label);
        self.pad(LABEL.saturating_sub(2 + label.chars().count()));
    }

    /// Rows of cells whose columns stand below each other, from this column on. The last cell may have several lines.
    pub(crate) fn table(&mut self, indent: usize, rows: &[Vec<Piece>]) {
        let widths = widths(indent, rows);
        for row in rows {
            self.pad(indent);
            self.row(indent, row, &widths);
        }
    }

    /// What several things are: a word before the first row.
    pub(crate) fn entries(&mut self, label: &str, rows: &[Vec<Piece>]) {
        let widths = widths(LABEL, rows);
        for (number, row) in rows.iter().enumerate() {
            self.label(if number == 0 { label } else { "" });
            self.row(LABEL, row, &widths);
        }
    }

    fn row(&mut self, indent: usize, row: &[Piece], widths: &[usize]) {
        let last = row.len().saturating_sub(1);
        let mut column = indent;
        for (cell, width) in row.iter().zip(widths).take(last) {
            let cut = cut(cell, *width);
            self.paint(cell.tone, &cut);
            self.pad(width.saturating_sub(cut.chars().count()) + GAP);
            column += width + GAP;
        }
        self.lines(column, column, row.get(last..).unwrap_or_default());
    }

    fn wrapped(&mut self, first: usize, later: usize, pieces: &[Piece]) {
        self.pad(first);
        self.lines(first, later, pieces);
    }

    /// The text from the cursor at column `first`; later lines begin at `later`.
    fn lines(&mut self, first: usize, later: usize, pieces: &[Piece]) {
        let mut column = first;
        let mut begun = false;
        for word in words(pieces, WIDTH - later) {
            let width: usize = word.iter().map(Piece::width).sum();
            if begun && column + 1 + width > WIDTH {
                self.end_line();
                self.pad(later);
                column = later;
            } else if begun {
                self.text.push(' ');
                column += 1;
            }
            for piece in &word {
                self.paint(piece.tone, &piece.text);
            }
            column += width;
            begun = true;
        }
        self.end_line();
    }

    fn end_line(&mut self) {
        let kept = self.text.trim_end_matches(' ').len();
        self.text.truncate(kept);
        self.text.push('\n');
    }

    fn pad(&mut self, columns: usize) {
        self.text.extend(std::iter::repeat_n(' ', columns));
    }

    fn paint(&mut self, tone: Tone, text: &str) {
        if self.colour && tone != Tone::Plain && !text.is_empty() {
            self.text
                .push_str(&format!("\u{1b}[{}m{text}\u{1b}[0m", tone.code()));
        } else {
            self.text.push_str(text);
        }
    }
}

/// Words of at most so many columns; one that has more is divided. Pieces without a blank between them are one word.
fn words(pieces: &[Piece], most: usize) -> Vec<Vec<Piece>> {
    let mut words: Vec<Vec<Piece>> = Vec::new();
    let mut open = false;
    for piece in pieces {
        for (number, part) in piece.text.split(' ').enumerate() {
            open &= number == 0;
            if part.is_empty() {
                continue;
            }
            let part = Piece {
                tone: piece.tone,
                text: part.to_owned(),
            };
            match words.last_mut() {
                Some(word) if open => word.push(part),
                Some(word) if is_unit(part.text.as_str()) && ends_in_digit(word) => {
                    word.push(Piece {
                        text: format!(" {}", part.text),
                        ..part
                    });
                }
                _ => words.push(vec![part]),
            }
            open = true;
        }
    }
    words
        .into_iter()
        .flat_map(|word| divided(word, most))
        .collect()
}

/// What stays on the line of its number.
fn is_unit(word: &str) -> bool {
    matches!(
        word.trim_end_matches([',', ';', ')', '.', ':']),
        "ms" | "s" | "µs" | "min" | "h" | "d"
    )
}

fn ends_in_digit(word: &[Piece]) -> bool {
    let last = word.last().and_then(|piece| piece.text.chars().last());
    last.is_some_and(|letter| letter.is_ascii_digit())
}

fn divided(word: Vec<Piece>, most: usize) -> Vec<Vec<Piece>> {
    if word.iter().map(Piece::width).sum::<usize>() <= most {
        return vec![word];
    }
    let mut parts: Vec<Vec<Piece>> = vec![Vec::new()];
    let mut used = 0;
    for piece in word {
        for letter in piece.text.chars() {
            if used == most {
                parts.push(Vec::new());
                used = 0;
            }
            used += 1;
            let Some(part) = parts.last_mut() else {
                continue;
            };
            match part.last_mut() {
                Some(last) if last.tone == piece.tone => last.text.push(letter),
                _ => part.push(Piece {
                    tone: piece.tone,
                    text: letter.to_string(),
                }),
            }
        }
    }
    parts
}

/// Widths of all columns but the last, which gets what is left.
fn widths(indent: usize, rows: &[Vec<Piece>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(Piece::width).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..columns.saturating_sub(1)).map(widest).collect();
    let last = widest(columns.saturating_sub(1)).min(LAST_CELL);
    let room = WIDTH.saturating_sub(indent + last + GAP * widths.len());
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(width) if *width > LEAST_CELL => *width -= 1,
            _ => break,
        }
    }
    widths
}

/// The text in at most so many columns.
fn cut(piece: &Piece, width: usize) -> String {
    if piece.width() <= width {
        return piece.text.clone();
    }
    let mut text: String = piece.text.chars().take(width.saturating_sub(1)).collect();
    text.push('…');
    text
}

/// Text on standard output. A reader that went away wanted no more of it.
pub(crate) fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let written = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        eprintln!("standfast: cannot write to standard output: {error}");
    }
}

/// JSON on lines of its own.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    inert(&text) + "\n"
}

/// JSON in which nothing can move a terminal's cursor: serde_json leaves the controls above ASCII as they are.
pub(crate) fn inert(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                // These stand in strings only, and are below U+10000.
                safe.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            _ => safe.push(letter),
        }
    }
    safe
}

/// The first few of many, and how many more there are: `a, b, c and 9 more`.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>, most: usize) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown = names.get(..most).unwrap_or(&names).join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `1 instance`, `2 instances`.
pub(crate) fn count(number: usize, word: &str) -> String {
    match number {
        1 => format!("1 {word}"),
        number => format!("{number} {word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(write: impl Fn(&mut Page)) -> String {
        let mut page = Page::new(false);
        write(&mut page);
        page.into_text()
    }

    #[test]
    fn entries_are_wrapped_below_their_text() {
        let text = "word ".repeat(30);
        let said = page(|page| page.entry("because", &[plain(&text), plain("end")]));
        let lines: Vec<&str> = said.lines().collect();
        assert!(lines[0].starts_with("  because    word word"), "{said}");
        assert!(lines[1].starts_with("             word"), "{said}");
        assert!(
            lines.iter().all(|line| line.chars().count() <= WIDTH),
            "{said}"
        );
        assert!(said.ends_with("end\n"), "{said}");
    }

    #[test]
    fn a_word_that_is_too_long_is_divided_and_nothing_is_lost() {
        let long = "x".repeat(300);
        let said = page(|page| page.paragraph(2, &[plain("a"), piece(Tone::Bad, &long)]));
        assert!(
            said.lines().all(|line| line.chars().count() <= WIDTH),
            "{said}"
        );
        assert_eq!(said.matches('x').count(), 300);
    }

    #[test]
    fn pieces_without_a_blank_are_one_word_and_colours_take_no_columns() {
        let pieces = [piece(Tone::Good, "MASTER"), plain(" for 2 h"), plain(",")];
        let mut page = Page::new(true);
        page.paragraph(0, &pieces);
        assert_eq!(page.into_text(), "\u{1b}[32mMASTER\u{1b}[0m for 2 h,\n");
    }

    #[test]
    fn a_number_keeps_its_unit() {
        let text = format!("{} 1.8 ms, then", "x".repeat(WIDTH - 4));
        let said = page(|page| page.paragraph(0, &[plain(&text)]));
        assert!(said.ends_with("x\n  1.8 ms, then\n"), "{said}");
    }

    #[test]
    fn tables_fit_whatever_the_names() {
        let row = |name: &str, end: &str| vec![plain(name), plain("MASTER"), plain(end)];
        let long = "n".repeat(100);
        let said = page(|page| {
            page.table(2, &[row("VI_1", "a"), row(&long, &"held ".repeat(20))]);
        });
        assert!(
            said.lines().all(|line| line.chars().count() <= WIDTH),
            "{said}"
        );
        assert!(said.contains("n…  MASTER  held held"), "{said}");
        let short = page(|page| page.table(2, &[row("a", "b"), row("long", "c")]));
        assert_eq!(short, "  a     MASTER  b\n  long  MASTER  c\n");
    }

    #[test]
    fn text_of_others_moves_no_cursor() {
        let said = page(|page| page.paragraph(0, &[plain("a\u{1b}[2Jb\nc\u{9b}d")]));
        assert_eq!(said, "a\u{241b}[2Jb\u{240a}c\u{fffd}d\n");
        assert_eq!(inert("\"\u{9b}\u{7f}\""), "\"\\u009b\\u007f\"");
    }

    #[test]
    fn long_lists_are_summed_up() {
        assert_eq!(listed(["a", "b"], 3), "a, b");
        assert_eq!(listed(["a", "b", "c", "d"], 2), "a, b and 2 more");
        assert_eq!(
            (count(1, "check"), count(0, "check")),
            ("1 check".into(), "0 checks".into())
        );
    }
}
