//! Characters that look like one of the language's and are another: from word processors, web pages and input methods.

use super::Parsed;
use crate::diagnostic::{Code, Diagnostic};
use crate::fix::{Edit, Fix};
use crate::span::Span;
use crate::words::Word;

/// What stands for what, with the name of the stranger.
const LOOK_ALIKES: &[(char, &str, &str)] = &[
    ('｛', "{", "a full-width brace"),
    ('｝', "}", "a full-width brace"),
    ('＃', "#", "a full-width number sign"),
    ('！', "!", "a full-width exclamation mark"),
    ('\u{a0}', " ", "a no-break space"),
    ('\u{2007}', " ", "a figure space"),
    ('\u{202f}', " ", "a narrow no-break space"),
    ('\u{3000}', " ", "an ideographic space"),
    ('\u{200b}', "", "a zero-width space"),
    ('\u{200c}', "", "a zero-width non-joiner"),
    ('\u{200d}', "", "a zero-width joiner"),
    ('\u{feff}', "", "a byte order mark"),
    ('“', "\"", "a typographic quotation mark"),
    ('”', "\"", "a typographic quotation mark"),
];

impl Parsed<'_> {
    /// Says so for each such word; quoted text may hold anything. What stands in a value may be meant, or be the same on all
    /// nodes: only a keyword is mended.
    pub(super) fn look_alikes(&mut self, words: &[Word], mend: bool) {
        for word in words
            .iter()
            .filter(|word| !word.quoted && !word.text.is_ascii())
        {
            let found = word.text.chars().find_map(|letter| {
                LOOK_ALIKES
                    .iter()
                    .find(|(stranger, ..)| *stranger == letter)
            });
            let Some((_, plain, name)) = found else {
                continue;
            };
            let shown = match *plain {
                "" => "nothing".to_owned(),
                " " => "a blank".to_owned(),
                plain => format!("`{plain}`"),
            };
            let text =
                format!("this holds {name}, which looks like {shown} and is part of the word");
            let mut diagnostic = Diagnostic::warning(Code::LookAlike, word.span, text)
                .help("type it again; such characters come from web pages and word processors");
            let edits = if mend { plain_edits(word) } else { Vec::new() };
            diagnostic.fix = (!edits.is_empty()).then(|| Fix {
                title: "write the plain character".to_owned(),
                edits,
            });
            self.reader.sink.push(diagnostic);
        }
    }
}

/// What was meant in place of each such character, and of nothing else: the word may hold a password. None for a word
/// that is not as it stands in the file.
fn plain_edits(word: &Word) -> Vec<Edit> {
    let (start, end) = (word.span.start(), word.span.end());
    if end.checked_sub(start) != Some(word.text.len()) {
        return Vec::new();
    }
    let edit = |(at, letter): (usize, char)| {
        let (_, meant, _) = LOOK_ALIKES
            .iter()
            .find(|(stranger, ..)| *stranger == letter)?;
        let from = start + at;
        Some(Edit {
            span: Span::new(word.span.file, from, from + letter.len_utf8()),
            text: (*meant).to_owned(),
        })
    };
    word.text.char_indices().filter_map(edit).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::{LoadOptions, MemorySource, NoEnvironment, apply_fixes, load};

    /// The file once everything certain is mended, and the texts that are put into it.
    fn mended(text: &str) -> (String, Vec<String>) {
        let source = MemorySource::with("/k.conf", text);
        let paths = [PathBuf::from("/k.conf")];
        let loaded = load(&paths, &source, &NoEnvironment, &LoadOptions::default());
        let fixed = apply_fixes(&loaded.diagnostics, &loaded.sources).remove(0);
        let fixes = loaded.diagnostics.iter().filter_map(|one| one.fix.as_ref());
        let edits = fixes.flat_map(|fix| fix.edits.iter().map(|edit| edit.text.clone()));
        (String::from_utf8(fixed.bytes).unwrap(), edits.collect())
    }

    #[test]
    fn every_look_alike_becomes_what_was_meant_and_the_rest_stays() {
        let begin = "vrrp_instance V {\n";
        let (text, edits) = mended(&format!("{begin}\u{200b}priority\u{a0}100\n主 x\n}}\n"));
        assert!(text.contains("\npriority 100\n主 x\n"), "{text}");
        assert_eq!(edits, ["", " "]);
        let (text, edits) = mended(&format!("{begin}auth_pass\u{a0}s3cret\n}}\n"));
        assert!(text.contains("\nauth_pass s3cret\n"), "{text}");
        assert_eq!(edits, [" "]);
    }
}
