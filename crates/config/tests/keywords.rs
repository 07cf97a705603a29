//! Every keyword of the registry in its right place: the values that the registry says it takes are taken, the others are
//! complained about where they stand.

mod common;

use common::read;
use standfast_config::registry::{Block, Keyword, Syntax};
use standfast_config::{Code, Loaded, Micros};

/// What the examples name, defined before everything else.
const DEFINITIONS: &str = "global_defs {\nenable_script_security\nscript_user root\n}\n\
     vrrp_script s1 {\nscript /bin/true\n}\n\
     vrrp_track_process p1 {\nprocess nginx\n}\n\
     track_file f1 {\nfile /run/f1\n}\n\
     vrrp_check c1 {\ntcp 127.0.0.1:80\n}\n\
     bfd_instance bfd1 {\nneighbor_ip 10.9.9.9\n}\n\
     vrrp_instance VI_1 {\ninterface eth0\nvirtual_router_id 99\nvirtual_ipaddress {\n10.0.0.99\n}\n}\n";

/// Lines that a keyword needs before it in its block.
const PRECEDED: &[(&str, &str)] = &[
    ("hashed", "lvs_sched sh"),
    ("sh-port", "lvs_sched sh"),
    ("sh-fallback", "lvs_sched sh"),
    ("mh-port", "lvs_sched mh"),
    ("mh-fallback", "lvs_sched mh"),
    ("sorry_server_inhibit", "sorry_server 10.0.0.99 80"),
    ("sorry_server_lvs_method", "sorry_server 10.0.0.99 80"),
    ("http_tls", "http_listen 127.0.0.1:9650"),
    ("http_token_file", "http_listen 127.0.0.1:9650"),
];

/// Values within the range that are taken, with a word about what becomes of them, and keywords that fit IPv6 only.
const ELSEWHERE: &[(&str, &str)] = &[
    ("native_ipv6", ""),
    ("ip_family", "inet6"),
    ("smtp_connect_timeout", "0"),
    ("vrrp_garp_master_repeat", "0"),
    ("vrrp_garp_master_refresh_repeat", "0"),
    ("garp_master_repeat", "0"),
    ("garp_master_refresh_repeat", "0"),
    ("vrrp_rt_priority", "-2147483648"),
    ("vrrp_rt_priority", "2147483647"),
    ("checker_rt_priority", "-2147483648"),
    ("checker_rt_priority", "2147483647"),
    ("bfd_rt_priority", "-2147483648"),
    ("bfd_rt_priority", "2147483647"),
];

/// Longer than any interface's name.
const LONG_NAME: &str = "sixteen-letters-";

/// What is said of a keyword, whatever its value.
const ABOUT_KEYWORDS: &[Code] = &[
    Code::NotActedOn,
    Code::NewerKeyword,
    Code::Deprecated,
    Code::ServiceIncomplete,
    Code::OwnKeyword,
];

/// A text with one line of interest.
struct Trial {
    text: String,
    line: usize,
}

impl Trial {
    /// The keyword with those words after it, in the blocks around it.
    fn new(block: Block, keyword: &Keyword, words: &str) -> Self {
        let needed = PRECEDED.iter().find(|(name, _)| *name == keyword.name);
        let opening = format!(
            "{DEFINITIONS}{}{}",
            opening(block),
            needed.map_or_else(String::new, |(_, line)| format!("{line}\n"))
        );
        let statement = match keyword.syntax {
            Syntax::Lines => format!("{} {{\n{}\n}}", keyword.name, words.replace("; ", "\n")),
            Syntax::Named(_) | Syntax::Block(_) => format!("{} {words} {{\n}}", keyword.name),
            _ => format!("{} {words}", keyword.name),
        };
        let line = opening.matches('\n').count() + 1 + usize::from(keyword.syntax == Syntax::Lines);
        let closing = "}\n".repeat(depth(block));
        Self {
            text: format!("{opening}{statement}\n{closing}"),
            line,
        }
    }

    /// What is said on the line about the keyword's value.
    fn remarks(&self) -> (Loaded, Vec<Code>) {
        let loaded = read(&self.text);
        let on_line = |span| loaded.sources.locate(span).map(|place| place.line) == Some(self.line);
        let remarks = loaded.diagnostics.iter().filter(|one| on_line(one.primary));
        let codes = remarks
            .map(|one| one.code)
            .filter(|code| !ABOUT_KEYWORDS.contains(code) && *code < Code::SampleLeftover)
            .collect();
        (loaded, codes)
    }
}

/// The block that a block stands in, and the keyword that opens it there.
fn opener(block: Block) -> Option<(Block, &'static Keyword)> {
    let opens = |keyword: &&Keyword| matches!(keyword.syntax, Syntax::Block(inner) | Syntax::Named(inner) if inner == block);
    Block::ALL
        .iter()
        .find_map(|outer| Some((*outer, outer.keywords().iter().find(opens)?)))
}

fn opening(block: Block) -> String {
    let Some((outer, keyword)) = opener(block) else {
        return String::new();
    };
    let name = match keyword.syntax {
        Syntax::Named(_) if keyword.example.is_empty() => "name1",
        _ => keyword.example,
    };
    format!("{}{} {name} {{\n", opening(outer), keyword.name)
}

fn depth(block: Block) -> usize {
    opener(block).map_or(0, |(outer, _)| 1 + depth(outer))
}

/// A number of millionths as it is written.
fn decimal(millionths: u64) -> String {
    let text = Micros(millionths).to_string();
    text.trim_end_matches(" s").to_owned()
}

/// Words after the keyword that it takes.
fn accepted(keyword: &Keyword) -> Vec<String> {
    let mut words = match keyword.syntax {
        Syntax::Flag => vec![String::new()],
        Syntax::Bool => vec![String::new(), "on".to_owned(), "off".to_owned()],
        Syntax::Integer { min, max } => vec![min.to_string(), max.to_string()],
        Syntax::OptionalInteger { min, max } => {
            vec![String::new(), min.to_string(), max.to_string()]
        }
        Syntax::Decimal { min, max, .. } => vec![decimal(min), decimal(max)],
        Syntax::Choice(choices) => choices.iter().map(|&word| word.to_owned()).collect(),
        Syntax::Address if keyword.example.is_empty() => vec!["10.0.0.7".to_owned()],
        Syntax::Interface => vec!["eth0".to_owned()],
        Syntax::OptionalWord | Syntax::OptionalWords | Syntax::OptionalCommand => {
            vec![String::new()]
        }
        Syntax::Word | Syntax::Words if keyword.example.is_empty() => vec!["word".to_owned()],
        Syntax::Command if keyword.example.is_empty() => vec!["/bin/true".to_owned()],
        // Blocks have trials of their own.
        _ => Vec::new(),
    };
    if !keyword.example.is_empty() {
        words.push(keyword.example.to_owned());
    }
    words.retain(|words| !ELSEWHERE.contains(&(keyword.name, words)));
    words
}

/// Words after the keyword that draw a complaint.
fn refused(keyword: &Keyword) -> Vec<String> {
    let mut words = match keyword.syntax {
        Syntax::Integer { min, max } | Syntax::OptionalInteger { min, max } => {
            vec![
                (min - 1).to_string(),
                (max + 1).to_string(),
                "x".to_owned(),
                format!("{min}x"),
            ]
        }
        Syntax::Decimal { min, max, .. } => {
            let below = min.checked_sub(1).map(decimal);
            let above = [
                decimal(max + 1),
                "x".to_owned(),
                format!("{}x", decimal(min)),
            ];
            below.into_iter().chain(above).collect()
        }
        Syntax::Bool | Syntax::Choice(_) => vec!["neither".to_owned()],
        Syntax::Address => vec!["10.0.0.300".to_owned()],
        Syntax::Interface => vec![LONG_NAME.to_owned()],
        _ => Vec::new(),
    };
    if !keyword.refused.is_empty() {
        words.push(keyword.refused.to_owned());
    }
    words
}

/// Whether keepalived exits, or complains, where nothing stands after the keyword.
fn needs_value(keyword: &Keyword) -> bool {
    match keyword.syntax {
        Syntax::Integer { .. }
        | Syntax::Decimal { .. }
        | Syntax::Word
        | Syntax::Words
        | Syntax::Choice(_)
        | Syntax::Address
        | Syntax::Interface
        | Syntax::Command
        | Syntax::Named(_) => true,
        Syntax::Flag
        | Syntax::Bool
        | Syntax::OptionalInteger { .. }
        | Syntax::OptionalWord
        | Syntax::OptionalWords
        | Syntax::OptionalCommand
        | Syntax::Lines
        | Syntax::Block(_) => false,
    }
}

/// Tries every keyword, and shows all that failed at once.
fn each(trial: impl Fn(Block, &'static Keyword, &mut Vec<String>)) {
    let mut failed = Vec::new();
    for block in Block::ALL {
        for keyword in block.keywords() {
            trial(*block, keyword, &mut failed);
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn values_that_the_registry_allows_are_taken() {
    each(|block, keyword, failed| {
        for words in accepted(keyword) {
            let (_, codes) = Trial::new(block, keyword, &words).remarks();
            if !codes.is_empty() {
                failed.push(format!("{block:?} `{} {words}`: {codes:?}", keyword.name));
            }
        }
    });
}

#[test]
fn other_values_are_complained_about_where_they_stand() {
    each(|block, keyword, failed| {
        for words in refused(keyword) {
            let (_, codes) = Trial::new(block, keyword, &words).remarks();
            if codes.is_empty() {
                failed.push(format!("{block:?} `{} {words}`", keyword.name));
            }
        }
    });
}

#[test]
fn a_missing_value_is_reported_and_stops_keepalived_unless_it_is_lenient() {
    each(|block, keyword, failed| {
        let (loaded, codes) = Trial::new(block, keyword, "").remarks();
        let needed = needs_value(keyword);
        // The instance around it is refused later for what it lacks.
        let refusal = loaded.keepalived_refusal();
        let stops = refusal.is_some_and(|why| why.diagnostic.code == Code::MissingParameter);
        if codes.contains(&Code::MissingParameter) != needed
            || stops != (needed && !keyword.lenient)
        {
            failed.push(format!("{block:?} `{}`: {codes:?}", keyword.name));
        }
    });
}
