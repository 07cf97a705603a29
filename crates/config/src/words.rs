//! Splitting a line into words, by the two rules keepalived has.

use crate::reader::{Line, is_blank};
use crate::span::{Span, Spanned};

/// One word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its text without quotes; what is not UTF-8 is replaced.
    pub(crate) text: String,
    /// Where it stands, quotes included.
    pub(crate) span: Span,
    /// It was in quotes.
    pub(crate) quoted: bool,
    /// Something was replaced.
    pub(crate) lossy: bool,
}

impl Word {
    fn new(bytes: &[u8], span: Span, quoted: bool) -> Self {
        let (text, lossy) = match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (String::from_utf8_lossy(bytes).into_owned(), true),
        };
        Self {
            text,
            span,
            quoted,
            lossy,
        }
    }

    /// The text with its place.
    pub(crate) fn spanned(&self) -> Spanned<String> {
        Spanned::new(self.text.clone(), self.span)
    }
}

/// Words between blanks; `"…"` is one word wherever it begins, and has no escapes.
pub(crate) fn plain(line: &Line) -> Vec<Word> {
    let text = line.text();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        if is_blank(byte) {
            at += 1;
            continue;
        }
        let rest = text.get(at + 1..).unwrap_or_default();
        let quoted = byte == b'"';
        let end = if quoted {
            rest.iter()
                .position(|byte| *byte == b'"')
                .map_or(text.len(), |length| at + 1 + length)
        } else {
            let length = rest
                .iter()
                .position(|byte| is_blank(*byte) || *byte == b'"');
            length.map_or(text.len(), |length| at + 1 + length)
        };
        let start = at + usize::from(quoted);
        let past = (end + usize::from(quoted)).min(text.len());
        let bytes = text.get(start..end).unwrap_or_default();
        words.push(Word::new(bytes, line.span(at..past), quoted));
        at = past.max(at + 1);
    }
    words
}

/// Words as in a shell: `'…'` and `"…"` group, a backslash escapes.
pub(crate) fn command(line: &Line) -> Vec<Word> {
    split_command(line.text())
        .into_iter()
        .map(|piece| {
            Word::new(
                &piece.bytes,
                line.span(piece.start..piece.end),
                piece.quoted,
            )
        })
        .collect()
}

/// The words of a command that was one word itself.
pub(crate) fn command_text(text: &str) -> Vec<String> {
    let lossy = |piece: Piece| String::from_utf8_lossy(&piece.bytes).into_owned();
    split_command(text.as_bytes())
        .into_iter()
        .map(lossy)
        .collect()
}

/// A word found by [`split_command`].
struct Piece {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    quoted: bool,
}

fn split_command(text: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(&first) = text.get(at) {
        if is_blank(first) {
            at += 1;
            continue;
        }
        let start = at;
        let mut bytes = Vec::new();
        let mut quote = None;
        let mut quoted = false;
        while let Some(&byte) = text.get(at) {
            match (byte, quote) {
                (b'\\', _) => at += escape(text.get(at + 1..).unwrap_or_default(), &mut bytes),
                (b'"' | b'\'', None) => (quote, quoted) = (Some(byte), true),
                (_, Some(open)) if open == byte => quote = None,
                (_, None) if is_blank(byte) => break,
                _ => bytes.push(byte),
            }
            at += 1;
        }
        pieces.push(Piece {
            bytes,
            start,
            end: at.min(text.len()),
            quoted,
        });
    }
    pieces
}

/// Appends what the text after a backslash stands for, and says how many bytes of it that took.
fn escape(text: &[u8], to: &mut Vec<u8>) -> usize {
    let Some(&letter) = text.first() else {
        to.push(b'\\');
        return 0;
    };
    let simple = match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'E' => 0x1b,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'0'..=b'7' => return numeric(text, 8, 3, to),
        b'x' => return 1 + numeric(text.get(1..).unwrap_or_default(), 16, 2, to),
        b'c' => {
            let Some(control) = text.get(1) else { return 1 };
            to.push(control & 0x1f);
            return 2;
        }
        other => other,
    };
    to.push(simple);
    1
}

/// Appends the byte whose number the text begins with, and says how many digits that were.
fn numeric(text: &[u8], radix: u32, most: usize, to: &mut Vec<u8>) -> usize {
    let digits: Vec<u32> = text
        .iter()
        .take(most)
        .map_while(|byte| char::from(*byte).to_digit(radix))
        .collect();
    let value = digits.iter().fold(0, |value, digit| value * radix + digit);
    to.push(u8::try_from(value & 0xff).unwrap_or(0));
    digits.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::FileId;

    fn line(text: &str) -> Line {
        Line::for_test(text.as_bytes(), FileId::default())
    }

    fn texts(words: Vec<Word>) -> Vec<String> {
        words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn a_quote_begins_a_word_in_the_middle_of_another() {
        assert_eq!(texts(plain(&line("a\"b c\"d  e"))), ["a", "b c", "d", "e"]);
        assert_eq!(texts(plain(&line("x 'a b' \"\""))), ["x", "'a", "b'", ""]);
        assert_eq!(texts(plain(&line("x \"open end"))), ["x", "open end"]);
    }

    #[test]
    fn commands_are_split_as_by_a_shell() {
        assert_eq!(
            command_text(r#"/bin/x a 'b c' "d \" e" f\ g"#),
            ["/bin/x", "a", "b c", "d \" e", "f g"]
        );
        assert_eq!(command_text(r"\x41\102\t\q"), ["AB\tq"]);
        assert_eq!(command_text("  "), Vec::<String>::new());
        assert_eq!(command_text("'open"), ["open"]);
    }

    #[test]
    fn spans_cover_words_with_their_quotes() {
        let words = plain(&line("ab \"c d\""));
        assert_eq!((words[0].span.start, words[0].span.end), (0, 2));
        assert_eq!((words[1].span.start, words[1].span.end), (3, 8));
    }
}
