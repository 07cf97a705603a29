//! Comments and braces.

use super::{Line, Marks, Reader};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};

impl Reader<'_> {
    /// The line without its comment; `\#` and `\!` lose their backslash.
    pub(super) fn without_comment(&mut self, mut line: Line) -> Line {
        if line.uncommented {
            return line;
        }
        line.uncommented = true;
        if !line.may_have(Marks::COMMENT) {
            return line;
        }
        let mut at = 0;
        while let Some(&byte) = line.text().get(at) {
            match byte {
                b'"' => {
                    let rest = line.text().get(at + 1..).unwrap_or_default();
                    let Some(length) = rest.iter().position(|byte| *byte == b'"') else {
                        self.unmatched_quote(&line, at);
                        return line;
                    };
                    at += length + 1;
                }
                b'#' | b'!' => return line.cut(0..at),
                b'\\' if matches!(line.text().get(at + 1), Some(b'#' | b'!')) => {
                    let span = line.span(at..at + 2);
                    let kept = line
                        .text()
                        .get(at + 1)
                        .copied()
                        .into_iter()
                        .collect::<Vec<_>>();
                    line.replace(at..at + 2, &kept, span);
                }
                _ => {}
            }
            at += 1;
        }
        line
    }

    fn unmatched_quote(&mut self, line: &Line, at: usize) {
        let span = line.span(at..at + 1);
        let text = "this quotation mark has no partner on its line";
        let diagnostic = Diagnostic::error(Code::UnmatchedQuote, span, text);
        self.sink
            .push(diagnostic.class(KeepalivedClass::UnmatchedQuote));
    }

    /// The part of the line up to its first unquoted brace, or the brace if it begins with one; the rest waits.
    pub(super) fn split_at_brace(&mut self, line: Line) -> Line {
        let line = line.trimmed();
        if !line.may_have(Marks::BRACE) {
            return line;
        }
        let Some(at) = first_brace(line.text()) else {
            return line;
        };
        let end = if at == 0 { 1 } else { at };
        let rest = line.slice(end..line.text().len()).trimmed();
        if !rest.text().is_empty() {
            self.residue = Some(rest);
        }
        let part = line.cut(0..end).trimmed();
        match part.text() {
            b"{" => self.open_brace(part.whole()),
            b"}" => self.close_brace(part.whole()),
            _ => {}
        }
        part
    }
}

/// Where the first brace outside double quotes stands; nothing is found after a quotation mark without partner.
fn first_brace(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'{' | b'}' => return Some(at),
            b'"' => at += 1 + text.get(at + 1..)?.iter().position(|byte| *byte == b'"')?,
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::first_brace;

    #[test]
    fn braces_in_quotes_are_text() {
        assert_eq!(first_brace(b"a { b"), Some(2));
        assert_eq!(first_brace(b"a \"{\" }"), Some(6));
        assert_eq!(first_brace(b"a \"{ }"), None);
        assert_eq!(first_brace(b"80{"), Some(2));
    }
}
