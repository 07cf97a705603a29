//! docs/man/standfast.conf.5: the language and every keyword, as a manual page.

use std::fmt::Write as _;

use standfast_config::registry::{Acts, Block, Keyword};

use super::GENERATED;

/// What stands before the keywords, already in roff.
const LANGUAGE: &str = include_str!("language.5");
/// What stands after them.
const END: &str = "\
.SH FILES
.TP
.I /etc/keepalived/keepalived.conf
The configuration that is read unless another is named.
.SH SEE ALSO
.BR standfast (1),
.BR keepalived (8),
.BR keepalived.conf (5)
";

/// The whole page.
pub(super) fn text() -> String {
    let mut page = format!(".\\\" {GENERATED}\n{LANGUAGE}");
    for block in Block::ALL {
        add_block(&mut page, *block);
    }
    page.push_str(END);
    page
}

fn add_block(page: &mut String, block: Block) {
    let title = match block {
        Block::Root => "OUTSIDE ANY BLOCK".to_owned(),
        _ => format!("BLOCK {}", block.name()),
    };
    let _ = writeln!(page, ".SH \"{}\"\n{}", roff(&title), roff(block.doc()));
    for (outer, keyword) in block.opened_by() {
        let place = match outer {
            Block::Root => "outside any block".to_owned(),
            _ => format!("in {}", outer.name()),
        };
        let _ = writeln!(
            page,
            ".PP\n\\fB{}\\fR {}, {place}",
            roff(keyword.name),
            roff(&keyword.usage())
        );
    }
    for keyword in block.keywords() {
        add_keyword(page, keyword);
    }
}

fn add_keyword(page: &mut String, keyword: &Keyword) {
    let (name, usage) = (roff(keyword.name), roff(&keyword.usage()));
    let _ = writeln!(page, ".TP\n\\fB{name}\\fR {usage}");
    let mut sentences = vec![keyword.doc.to_owned()];
    if let Some(range) = keyword.range() {
        sentences.push(format!("Values: {range}."));
    }
    if !keyword.default.is_empty() {
        sentences.push(format!("Default: {}.", keyword.default));
    }
    if let Some(instead) = keyword.deprecated {
        sentences.push(format!("Obsolete: use {instead}."));
    }
    if keyword.ours {
        sentences.push("Standfast's own: keepalived calls it unknown.".to_owned());
    } else if let Some(release) = keyword.newer_than_all() {
        sentences.push(format!("Since keepalived {release}."));
    }
    if keyword.acts == Acts::NotYet && keyword.opens().is_none() {
        sentences.push("Not acted on yet.".to_owned());
    }
    if let Acts::Needless(why) = keyword.acts {
        sentences.push(format!("Accepted, with nothing to do: {why}."));
    }
    for sentence in sentences {
        let _ = writeln!(page, "{}", roff(&sentence));
    }
    let example = keyword.example_lines();
    if !example.is_empty() {
        let lines: Vec<String> = example.iter().map(|line| roff(line)).collect();
        let _ = writeln!(page, ".RS\n.PP\n.EX\n{}\n.EE\n.RE", lines.join("\n"));
    }
}

/// Text for the formatter: no character of it is a command, `quoted` words are bold, and hyphens can be copied and searched for.
fn roff(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut bold = false;
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            escaped.push('\n');
        }
        if line.starts_with(['.', '\'']) {
            escaped.push_str("\\&");
        }
        for character in line.chars() {
            match character {
                '\\' => escaped.push_str("\\e"),
                '-' => escaped.push_str("\\-"),
                '"' => escaped.push_str("\\(dq"),
                '`' => {
                    bold = !bold;
                    escaped.push_str(if bold { "\\fB" } else { "\\fR" });
                }
                _ => escaped.push(character),
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_taken_for_a_command() {
        assert_eq!(roff(".so x\n'br a\\b"), "\\&.so x\n\\&'br a\\eb");
        assert_eq!(roff("`lvs-x` \"y\""), "\\fBlvs\\-x\\fR \\(dqy\\(dq");
    }
}
