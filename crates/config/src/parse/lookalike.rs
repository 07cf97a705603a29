//! Characters that look like one of the language's and are another: from word processors, web pages and input methods.

use super::Parsed;
use crate::diagnostic::{Code, Diagnostic};
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
            let diagnostic = Diagnostic::warning(Code::LookAlike, word.span, text)
                .help("type it again; such characters come from web pages and word processors");
            self.reader.sink.push(if mend {
                diagnostic.fix("write the plain character", word.span, plainly(&word.text))
            } else {
                diagnostic
            });
        }
    }
}

/// The text with what was meant.
fn plainly(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match LOOK_ALIKES
            .iter()
            .find(|(stranger, ..)| *stranger == letter)
        {
            Some((_, meant, _)) => plain.push_str(meant),
            None => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plainly;

    #[test]
    fn every_look_alike_becomes_what_was_meant() {
        assert_eq!(plainly("VI_1｛"), "VI_1{");
        assert_eq!(plainly("\u{200b}priority\u{a0}100"), "priority 100");
        assert_eq!(plainly("主"), "主");
    }
}
