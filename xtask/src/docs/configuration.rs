//! docs/reference/configuration.md: every block with its keywords.

use std::fmt::Write as _;

use standfast_config::registry::{Acts, Block, Keyword};

use super::GENERATED;

const INTRODUCTION: &str = "\
# keepalived.conf: every block and keyword

Standfast reads keepalived.conf(5) as keepalived 2.2.7 does. This page lists every keyword that either of them knows;
`standfast explain KEYWORD` shows the same on the command line, and `standfast check FILE` applies it to a file. What can be said
about a file is in the [list of findings](diagnostics.md); [keepalived.schema.json](keepalived.schema.json) describes the output of
`standfast config --as-written`.

How to read it:

- CAPITALS are put in by you, `a|b` is a choice, `[...]` may be left out, `...` may be repeated. `[on|off]` also takes
  `true`, `yes`, `false` and `no`, and means `on` when nothing follows.
- A keyword without a default is off, or has no value, until it is written.
- Releases are those of keepalived. Without one the keyword is older than 2.1.
- *Not acted on yet*: the keyword is read and checked, and has no effect in this version of Standfast; `check` says so (SF0110).
- *Nothing to do*: the keyword is accepted, and what it asks for is so already, or there is nothing that it could change; the text says why.
";

/// The whole page.
pub(super) fn text() -> String {
    let mut text = format!("<!-- {GENERATED} -->\n\n{INTRODUCTION}\n## Contents\n\n");
    for block in Block::ALL {
        let indent = "  ".repeat(depth(*block).saturating_sub(1));
        let first = block.doc().split_inclusive(['.', ':']).next();
        let sentence = first.unwrap_or_default().trim_end_matches([':', '.']);
        let (title, anchor) = (title(*block), anchor(*block));
        let _ = writeln!(text, "{indent}- [{title}](#{anchor}): {sentence}.");
    }
    for block in Block::ALL {
        add_block(&mut text, *block);
    }
    text
}

/// How many blocks are around what stands in it.
fn depth(block: Block) -> usize {
    let outer = block.opened_by();
    outer.first().map_or(0, |(outer, _)| 1 + depth(*outer))
}

fn title(block: Block) -> &'static str {
    match block {
        Block::Root => "Outside any block",
        _ => block.name(),
    }
}

fn anchor(block: Block) -> &'static str {
    match block {
        Block::Root => "root",
        _ => block.name(),
    }
}

fn keyword_anchor(block: Block, keyword: &Keyword) -> String {
    format!("{}.{}", anchor(block), keyword.name)
}

fn add_block(text: &mut String, block: Block) {
    let (title, anchor) = (title(block), anchor(block));
    let _ = write!(
        text,
        "\n<a id=\"{anchor}\"></a>\n\n## {title}\n\n{}\n\n",
        block.doc()
    );
    for (outer, keyword) in block.opened_by() {
        let place = match outer {
            Block::Root => "outside any block".to_owned(),
            _ => format!("in [`{0}`](#{0})", outer.name()),
        };
        let _ = writeln!(text, "- `{}` {place}", keyword.statement());
    }
    let link = |keyword: &Keyword| {
        let anchor = keyword_anchor(block, keyword);
        format!("[`{}`](#{anchor})", keyword.name)
    };
    let links: Vec<String> = block.keywords().iter().map(link).collect();
    if !links.is_empty() {
        end_paragraph(text);
        let _ = writeln!(text, "\nKeywords: {}", links.join(" · "));
    }
    for keyword in block.keywords() {
        add_keyword(text, block, keyword);
    }
}

fn add_keyword(text: &mut String, block: Block, keyword: &Keyword) {
    let anchor = keyword_anchor(block, keyword);
    let _ = write!(
        text,
        "\n<a id=\"{anchor}\"></a>\n\n#### `{}`\n\n{}",
        keyword.statement(),
        prose(keyword.doc)
    );
    if let Some(instead) = keyword.deprecated {
        let _ = write!(text, " **Obsolete**: use {}.", prose(instead));
    }
    if let Some(inner) = keyword.opens() {
        let _ = write!(text, " Holds: [{0}](#{0}).", inner.name());
    }
    text.push_str("\n\n");
    for fact in facts(keyword) {
        let _ = writeln!(text, "- {fact}");
    }
    let example = keyword.example_lines();
    if !example.is_empty() {
        let _ = write!(text, "\n```conf\n{}\n```\n", example.join("\n"));
    }
    end_paragraph(text);
}

/// Takes blank lines away from the end.
fn end_paragraph(text: &mut String) {
    while text.ends_with("\n\n") {
        text.pop();
    }
}

/// What there is to say in a few words.
fn facts(keyword: &Keyword) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(range) = keyword.range() {
        facts.push(format!("Values: {range}"));
    }
    if !keyword.default.is_empty() {
        facts.push(format!("Default: {}", prose(keyword.default)));
    }
    if keyword.ours {
        facts
            .push("Standfast's own: keepalived calls it unknown and goes on without it".to_owned());
    } else if let Some(release) = keyword.newer_than_all() {
        facts.push(format!("Since keepalived {release}"));
    }
    if keyword.acts == Acts::NotYet && keyword.opens().is_none() {
        facts.push("*Not acted on yet*".to_owned());
    }
    if let Acts::Needless(why) = keyword.acts {
        facts.push(format!("*Nothing to do*: {}", prose(why)));
    }
    facts
}

/// Text of the registry as Markdown: its angle brackets are no HTML, its asterisks and underscores no emphasis.
fn prose(text: &str) -> String {
    let quoted = text.split('`').enumerate().map(|(number, part)| {
        if number % 2 == 1 {
            format!("`{part}`")
        } else {
            part.replace('<', "&lt;")
                .replace(['*'], "\\*")
                .replace('_', "\\_")
        }
    });
    quoted.collect()
}
