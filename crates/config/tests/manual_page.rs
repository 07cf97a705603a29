//! keepalived.conf(5) of the installed package, read when the test runs: every keyword that it shows is in the registry, in the
//! block where it is shown.

use std::path::{Path, PathBuf};
use std::process::Command;

use standfast_config::registry::Block;

/// Where the package has it, for hosts without man(1).
const USUAL: &str = "/usr/share/man/man5/keepalived.conf.5.gz";
/// After this heading the page tells of definitions, whose examples are parts of files.
const END: &str = ".SH ADVANCED CONFIGURATION";
/// Fewer words than this mean that the page is laid out in a new way.
const LEAST: usize = 300;

/// Words shown like keywords that are none, by their block.
const NONE: &[(Block, &[&str])] = &[
    // Directives, which are no keywords; the page's name; titles of parts.
    (
        Block::Root,
        &[
            "include",
            "includea",
            "includeb",
            "includem",
            "includer",
            "includew",
            "keepalived",
            "GLOBAL",
            "Global",
            "Static",
            "BFD",
            "VRRP",
            "VRRPD",
            "LVS",
            "Virtual",
            "Important",
            "NOT",
            "Note",
            "NOTE",
        ],
    ),
    // What may stand after virtual_server, before the block is shown.
    (Block::Root, &["fwmark", "group"]),
    // Lines of a list.
    (Block::VirtualServerGroup, &["fwmark"]),
    // keepalived 2.2.7 calls them unknown there.
    (Block::SyncGroup, &["notify_deleted"]),
    (Block::FileCheck, &["dynamic"]),
];

/// The page's source; none, with the reason, where it is not installed.
fn page() -> Result<String, String> {
    let found = Command::new("man")
        .args(["-w", "5", "keepalived.conf"])
        .output();
    let found = found.ok().filter(|output| output.status.success());
    let found = found.and_then(|output| String::from_utf8(output.stdout).ok());
    let path = found.map_or_else(|| PathBuf::from(USUAL), |path| PathBuf::from(path.trim()));
    if !path.is_file() {
        return Err(format!(
            "{} is not installed (a container may leave pages out)",
            path.display()
        ));
    }
    let packed = path.extension().is_some_and(|end| end == "gz");
    let program = if packed { "zcat" } else { "cat" };
    read(program, &path).ok_or_else(|| format!("{program} cannot read {}", path.display()))
}

fn read(program: &str, path: &Path) -> Option<String> {
    let output = Command::new(program).arg(path).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

/// The blocks that a word in front of a brace opens.
fn opened(outer: &[Block], word: &str) -> Vec<Block> {
    let names: Vec<&str> = match word {
        // It stands for any of them.
        "CHECKER_TYPE" => vec!["TCP_CHECK"],
        _ => word.split('|').collect(),
    };
    let keyword = |name: &&str| outer.iter().find_map(|block| block.keyword(name)?.opens());
    names.iter().filter_map(keyword).collect()
}

/// A line without changes of font and comments, and the word in bold at its start.
fn parts(line: &str) -> (String, Option<String>) {
    let bold = line.trim_start().strip_prefix("\\fB").map(|rest| {
        let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '|');
        rest.chars().take_while(is_part).collect::<String>()
    });
    let plain = ["\\fB", "\\fR", "\\fI", "\\fP"]
        .iter()
        .fold(line.to_owned(), |text, font| text.replace(font, ""));
    let code = plain
        .split('#')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned();
    let is_code = !code.is_empty() && !line.starts_with('.');
    (code, bold.filter(|word| is_code && !word.is_empty()))
}

/// Every word shown as a keyword, with the blocks that it is shown in; no block for lists of lines.
fn shown(page: &str) -> Vec<(Vec<Block>, String)> {
    let mut words = Vec::new();
    let mut open = vec![vec![Block::Root]];
    for line in page.lines().take_while(|line| !line.starts_with(END)) {
        if line.starts_with(".SH") {
            open.truncate(1);
        }
        let (code, bold) = parts(line);
        if line.starts_with('.') {
            continue;
        }
        let blocks = open.last().cloned().unwrap_or_default();
        if let Some(bold) = bold {
            let names = bold.split('|').map(str::to_owned);
            words.extend(names.map(|name| (blocks.clone(), name)));
        }
        for brace in code.chars() {
            match brace {
                '{' => {
                    let word = code.split_whitespace().next().unwrap_or_default();
                    open.push(opened(&blocks, word));
                }
                '}' if open.len() > 1 => {
                    open.pop();
                }
                _ => {}
            }
        }
    }
    words
}

fn is_none(block: Block, word: &str) -> bool {
    let of_block = NONE.iter().filter(|(other, _)| *other == block);
    of_block
        .flat_map(|(_, words)| words.iter())
        .any(|none| *none == word)
}

#[test]
fn every_keyword_of_the_manual_page_is_in_the_registry() {
    let page = match page() {
        Ok(page) => page,
        Err(reason) => {
            println!("skipped: {reason}");
            return;
        }
    };
    let mut missing = Vec::new();
    let mut count = 0;
    for (blocks, word) in shown(&page) {
        for block in blocks.into_iter().filter(|block| !is_none(*block, &word)) {
            count += 1;
            if block.keyword(&word).is_none() {
                missing.push(format!("{block:?} {word}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert!(count > LEAST, "only {count} words were found");
}

#[test]
fn a_word_is_looked_for_in_the_block_where_it_is_shown() {
    let page = ".SH x\n\\fBvrrp_instance \\fR<STRING> {\n    # \\fBno\\fR\n    \\fBpriority \\fR100\n    \
                \\fBtrack_interface \\fR{\n        \\fBeth0\\fR\n    }\n}\n\\fBSSL \\fR{\n";
    let instance = vec![Block::VrrpInstance];
    let words = [
        (vec![Block::Root], "vrrp_instance"),
        (instance.clone(), "priority"),
        (instance, "track_interface"),
        (vec![], "eth0"),
        (vec![Block::Root], "SSL"),
    ];
    let words = words.map(|(blocks, word)| (blocks, word.to_owned()));
    assert_eq!(shown(page), words);
}
