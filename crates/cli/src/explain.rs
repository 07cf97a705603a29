//! `standfast explain`: what a finding or a keyword means.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use standfast_config::Code;
use standfast_config::registry::{Acts, Block, Keyword, nearest};

/// Characters of a sentence on one line.
const WIDTH: usize = 84;

/// The arguments of `standfast explain`.
#[derive(clap::Args)]
pub(crate) struct Explain {
    /// A code such as SF0008, or a keyword of keepalived.conf; nothing for a list of all.
    #[arg(value_name = "CODE|KEYWORD")]
    subject: Option<String>,
    /// Only the keyword of this block, such as `vrrp_instance`.
    #[arg(long = "in", value_name = "BLOCK")]
    block: Option<String>,
}

impl Explain {
    pub(crate) fn run(self) -> ExitCode {
        let text = match &self.subject {
            None => Ok(contents()),
            Some(subject) => explain(subject, self.block.as_deref()),
        };
        match text {
            Ok(text) => {
                // A pager that was closed early needs no more of it.
                let _ = std::io::stdout().write_all(text.as_bytes());
                ExitCode::SUCCESS
            }
            Err(text) => {
                eprintln!("standfast: {text}");
                ExitCode::FAILURE
            }
        }
    }
}

fn explain(subject: &str, block: Option<&str>) -> Result<String, String> {
    if let Some(code) = Code::from_name(subject) {
        return Ok(code_text(code));
    }
    let inside = |candidate: &Block| block.is_none_or(|name| candidate.name() == name);
    let entries: Vec<_> = Block::ALL
        .iter()
        .filter(|block| inside(block))
        .filter_map(|block| Some((*block, block.keyword(subject)?)))
        .collect();
    if entries.is_empty() {
        return Err(unknown(subject, block));
    }
    let texts: Vec<String> = entries
        .iter()
        .map(|(block, keyword)| keyword_text(*block, keyword))
        .collect();
    Ok(texts.join("\n"))
}

fn unknown(subject: &str, block: Option<&str>) -> String {
    let mut text = match block {
        Some(block) => format!("`{block}` has no keyword `{subject}`"),
        None => format!("`{subject}` is no code and no keyword of keepalived.conf"),
    };
    let alike = Block::ALL.iter().find_map(|block| nearest(*block, subject));
    if let Some(alike) = alike {
        let _ = write!(text, "; did you mean `{alike}`?");
    }
    text.push_str(" (`standfast explain` lists all)");
    text
}

/// The page, with its examples indented instead of fenced.
fn code_text(code: Code) -> String {
    let Some(page) = code.page() else {
        return format!("{}: {}\n", code.as_str(), code.explanation());
    };
    let mut text = String::new();
    let mut example = false;
    for line in page.markdown().lines() {
        if line.starts_with("```") {
            example = !example;
            let name = line
                .trim_start_matches('`')
                .trim_start_matches("conf")
                .trim();
            if example && !name.is_empty() {
                let _ = writeln!(text, "    ({name})");
            }
        } else if example && !line.is_empty() {
            let _ = writeln!(text, "    {line}");
        } else {
            text.push_str(line.trim_start_matches('#').trim_start_matches(' '));
            text.push('\n');
        }
    }
    text
}

/// The text in lines that fit beside the names of facts.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn keyword_text(block: Block, keyword: &Keyword) -> String {
    let place = match block {
        Block::Root => "outside any block".to_owned(),
        _ => format!("in `{}`", block.name()),
    };
    let mut text = format!("{}\n", keyword.statement());
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "    {name:<9}{value}");
    };
    for part in wrapped(keyword.doc) {
        line("", &part);
    }
    line("where", &place);
    if let Some(range) = keyword.range() {
        line("values", &range);
    }
    if !keyword.default.is_empty() {
        line("default", keyword.default);
    }
    for (number, example) in keyword.example_lines().iter().enumerate() {
        line(if number == 0 { "example" } else { "" }, example);
    }
    if keyword.ours {
        line("since", "Standfast's own: keepalived calls it unknown");
    } else {
        line("since", &format!("keepalived {}", keyword.since));
    }
    if let Some(instead) = keyword.deprecated {
        line("obsolete", &format!("use {instead}"));
    }
    if keyword.acts == Acts::NotYet {
        line(
            "note",
            "read and checked, but without effect in this version",
        );
    }
    if let Acts::Needless(why) = keyword.acts {
        line("note", &format!("accepted, with nothing to do: {why}"));
    }
    if let Some(inner) = keyword.opens() {
        let names: Vec<&str> = inner
            .keywords()
            .iter()
            .map(|keyword| keyword.name)
            .collect();
        if !names.is_empty() {
            line("holds", &names.join(" "));
        }
    }
    text
}

/// All codes, then all keywords by block.
fn contents() -> String {
    let mut text = String::from("Findings (standfast explain SF0008):\n");
    for code in Code::ALL {
        let title = code.page().map_or(code.explanation(), |page| page.title());
        let _ = writeln!(text, "  {}  {title}", code.as_str());
    }
    text.push_str("\nKeywords (standfast explain priority):\n");
    for block in Block::ALL
        .iter()
        .filter(|block| !block.keywords().is_empty())
    {
        let name = match block {
            Block::Root => "(outside any block)",
            _ => block.name(),
        };
        let words: Vec<&str> = block
            .keywords()
            .iter()
            .map(|keyword| keyword.name)
            .collect();
        let _ = writeln!(text, "  {name}\n      {}", words.join(" "));
    }
    text
}
