//! `standfast explain`: why an instance of the running daemon is what it is; what a finding or a keyword means.

mod instance;

use std::fmt::Write as _;
use std::process::ExitCode;

use standfast_api::path;
use standfast_api::status::Status;
use standfast_config::Code;
use standfast_config::registry::{Acts, Block, Keyword, nearest};

use crate::client::{Client, ClientError, Place};
use crate::output::{self, Colour};

/// Characters of a sentence on one line.
const WIDTH: usize = 84;

/// What `--help` says at its end.
pub(crate) const AFTER_HELP: &str = "\
Exit codes: 0 explained, 1 nothing of this name is known, 2 wrong usage; of an instance also 3 not running or no answer, \
4 permission denied.";

/// The arguments of `standfast explain`.
#[derive(clap::Args)]
pub(crate) struct Explain {
    /// An instance of the running daemon, a code such as SF0008, or a keyword of keepalived.conf; nothing for a list of
    /// codes and keywords.
    #[arg(value_name = "WHAT")]
    subject: Option<String>,
    /// Only the keyword of this block, such as `vrrp_instance`.
    #[arg(long = "in", value_name = "BLOCK", conflicts_with = "instance")]
    block: Option<String>,
    /// The instance, where it is called as a code or a keyword is.
    #[arg(long, requires = "subject")]
    instance: bool,
    /// Print it as JSON.
    #[arg(long, requires = "subject")]
    json: bool,
    /// Use colours.
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
    #[command(flatten)]
    place: Place,
}

impl Explain {
    /// Prints what it means.
    pub(crate) fn run(self) -> ExitCode {
        let Some(subject) = &self.subject else {
            let instances = self.instances();
            output::print(&format!("{}{instances}", contents()));
            return ExitCode::SUCCESS;
        };
        let known = match self.instance {
            true => None,
            false => explained(subject, self.block.as_deref()),
        };
        match known {
            Some(text) if self.json => {
                let value = serde_json::json!({ "subject": subject, "text": text });
                output::print(&output::json(&value));
                ExitCode::SUCCESS
            }
            Some(text) => {
                output::print(&text);
                ExitCode::SUCCESS
            }
            None if self.block.is_some() => {
                eprintln!("standfast: {}", unknown(subject, self.block.as_deref()));
                ExitCode::FAILURE
            }
            None => self.explain_instance(subject),
        }
    }

    /// What runs, last: of a long list the end is seen.
    fn instances(&self) -> String {
        let names = Client::find(&self.place).and_then(|client| client.get::<Status>(path::STATUS));
        let mut text = String::from("\nInstances (standfast explain VI_1):\n");
        match names {
            Ok(status) => {
                for one in &status.instances {
                    let _ = writeln!(text, "  {}", standfast_config::printable(&one.name));
                }
            }
            Err(error) => {
                let said = error.to_string();
                let _ = writeln!(text, "  {}", said.lines().next().unwrap_or_default());
            }
        }
        text
    }

    fn explain_instance(&self, name: &str) -> ExitCode {
        match instance::ask(&self.place, name) {
            Ok(explanation) if self.json => output::print(&output::json(&explanation)),
            Ok(explanation) => {
                output::print(&instance::text(&explanation, self.color.wanted()));
            }
            Err(instance::NotExplained::Elsewhere(what)) => {
                let text = format!("`{name}` is {what}: `standfast status` shows it");
                eprintln!("standfast: {}", standfast_config::printable(&text));
                return ExitCode::FAILURE;
            }
            Err(instance::NotExplained::Unknown(instances)) => {
                eprintln!("standfast: {}", instance::unknown(name, &instances));
                return ExitCode::FAILURE;
            }
            // Whoever mistypes a keyword is not helped by what a daemon needs.
            Err(instance::NotExplained::Asking(
                error @ (ClientError::NotRunning(_) | ClientError::NoSocket(_)),
            )) if !self.instance => {
                let text = unknown(name, None);
                eprintln!("standfast: {text}; no daemon runs here whose instance it could be");
                // What is near no word of the language is an instance's name.
                return ExitCode::from(match nearest_keyword(name) {
                    Some(_) => 1,
                    None => error.exit_code(),
                });
            }
            Err(instance::NotExplained::Asking(error)) => return error.report(),
        }
        ExitCode::SUCCESS
    }
}

/// What a code or a keyword means.
fn explained(subject: &str, block: Option<&str>) -> Option<String> {
    if let Some(code) = Code::from_name(subject) {
        return Some(code_text(code));
    }
    let inside = |candidate: &Block| block.is_none_or(|name| candidate.name() == name);
    let texts: Vec<String> = Block::ALL
        .iter()
        .filter(|block| inside(block))
        .filter_map(|block| Some(keyword_text(*block, block.keyword(subject)?)))
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// That no code and no keyword is called so, and what may be meant.
fn unknown(subject: &str, block: Option<&str>) -> String {
    let mut text = match block {
        Some(block) => format!("`{block}` has no keyword `{subject}`"),
        None => format!("`{subject}` is no code and no keyword of keepalived.conf"),
    };
    if let Some(alike) = nearest_keyword(subject) {
        let _ = write!(text, "; did you mean `{alike}`?");
    }
    text.push_str(" (`standfast explain` lists all)");
    text
}

/// The keyword that it may be a slip for.
fn nearest_keyword(subject: &str) -> Option<&'static str> {
    Block::ALL.iter().find_map(|block| nearest(*block, subject))
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
