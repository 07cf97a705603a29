//! docs/reference/diagnostics.md: all findings by topic, with links to their pages.

use std::fmt::Write as _;

use standfast_config::{Code, Severity};

use super::GENERATED;

/// Topics by the first number that belongs to them, in numerical order.
const TOPICS: &[(u16, &str)] = &[
    (1, "Lines, blocks and braces"),
    (20, "Files and includes"),
    (30, "Definitions, sequences and conditions"),
    (40, "Values and keywords"),
    (60, "Instances and their addresses"),
    (80, "Scripts and tracking"),
    (90, "Groups and other objects"),
    (100, "Virtual servers, real servers and checkers"),
    (
        110,
        "What this version does, and what older keepalived does",
    ),
    (120, "The list of findings itself"),
    (200, "Likely mistakes: addresses"),
    (210, "Likely mistakes: priorities and numbers"),
    (220, "Likely mistakes: timing of checks"),
    (230, "Likely mistakes: scripts"),
    (240, "Likely mistakes: unicast and sources"),
    (250, "Likely mistakes: passwords"),
    (260, "Likely mistakes: sync groups"),
    (270, "Likely mistakes: strict mode"),
    (280, "Handover"),
    (290, "Nothing to run"),
    (300, "Several nodes: what must agree"),
    (320, "Several nodes: what a failure moves"),
    (330, "Likely mistakes: virtual servers"),
    (400, "The host (`check --host`)"),
    (420, "The network (`check --listen`)"),
];

const INTRODUCTION: &str = "\
# Findings

What `standfast check` and the daemon's log can say about a configuration. Each code has a page: what it means, what it leads to,
and a wrong and a right example; `standfast explain SF0008` prints it.

- **error**: the configuration, or an object in it, can't be used as written.
- **warning**: something is not as written: ignored, adjusted, obsolete or not acted on.
- **note**: worth knowing; the configuration does what it says.

A single finding may be milder or graver than its kind usually is. The keywords are in the
[reference of keepalived.conf](configuration.md).
";

/// The whole page.
pub(super) fn text() -> String {
    let mut text = format!("<!-- {GENERATED} -->\n\n{INTRODUCTION}");
    let mut codes: Vec<Code> = Code::ALL.to_vec();
    codes.sort_by_key(|code| number(*code));
    let ends = TOPICS.iter().skip(1).map(|(first, _)| *first);
    for ((first, title), end) in TOPICS.iter().zip(ends.chain([u16::MAX])) {
        let of_topic = codes
            .iter()
            .filter(|code| (*first..end).contains(&number(**code)));
        let lines: Vec<String> = of_topic.map(|code| line(*code)).collect();
        if !lines.is_empty() {
            let _ = write!(
                text,
                "\n## {title}\n\n| code | severity | |\n|---|---|---|\n"
            );
            text.extend(lines);
        }
    }
    text
}

/// The digits of a code.
fn number(code: Code) -> u16 {
    let digits = code.as_str().trim_start_matches("SF");
    digits.parse().unwrap_or(u16::MAX)
}

fn line(code: Code) -> String {
    let name = code.as_str();
    let severity = match code.usual_severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    match code.page() {
        Some(page) => {
            let title = page.title().replace('|', "\\|");
            format!("| [{name}](../../crates/config/pages/{name}.md) | {severity} | {title} |\n")
        }
        None => {
            let sentence = code.explanation().trim_end_matches('.').replace('|', "\\|");
            format!("| {name} | {severity} | {sentence} |\n")
        }
    }
}
