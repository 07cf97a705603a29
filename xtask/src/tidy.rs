//! Rules about sources that neither the compiler nor clippy checks.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// A longer file wants to be a folder.
const LONGEST_FILE: usize = 800;
/// Folders that are not sources of ours.
const SKIPPED: [&str; 6] = [
    "target",
    ".git",
    "corpus",
    "artifacts",
    "node_modules",
    "coverage",
];
/// Files that the repository has.
const DOCUMENTS: [&str; 5] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];
/// What a crate may link of this repository (ARCHITECTURE.md); others are not checked.
const EDGES: [(&str, &[&str]); 6] = [
    ("wire", &[]),
    ("core", &["standfast-wire"]),
    ("api", &["standfast-core", "standfast-wire"]),
    ("sim", &["standfast-core", "standfast-wire"]),
    ("config", &[]),
    ("linux", &["standfast-wire"]),
];
/// Starts of paths that exist on one machine only.
const PRIVATE_PATHS: [&str; 3] = [
    concat!("/ho", "me/"),
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
];
/// Words that say that something is not finished.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("unimpl", "emented!"),
    concat!("to", "do!("),
    // With a reason it may be: a helper process of a test, say.
    concat!("#[ig", "nore]"),
];

/// A broken rule and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    file: PathBuf,
    line: usize,
    rule: Rule,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The file has more lines than a file should.
    Long(usize),
    /// `unsafe` outside crates/linux.
    Unsafe,
    /// A source file that does not begin with `//!`.
    NoModuleDoc,
    /// Not finished.
    Unfinished(&'static str),
    /// A path of one machine.
    PrivatePath(&'static str),
    /// A dependency that the architecture forbids.
    Edge(String),
    /// A document is missing.
    Missing,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        match &self.rule {
            Rule::Long(lines) => write!(f, "{lines} lines, at most {LONGEST_FILE}"),
            Rule::Unsafe => f.write_str("unsafe outside crates/linux"),
            Rule::NoModuleDoc => f.write_str("does not begin with //!"),
            Rule::Unfinished(word) => write!(f, "{word}"),
            Rule::PrivatePath(start) => write!(f, "a path of one machine: {start}"),
            Rule::Edge(to) => write!(f, "must not depend on {to}"),
            Rule::Missing => f.write_str("is missing"),
        }
    }
}

/// Everything that is wrong below `root`.
pub fn check(root: &Path) -> Vec<Complaint> {
    let mut files = Vec::new();
    collect(root, &mut files);
    files.sort();
    let mut complaints = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let name = file.strip_prefix(root).unwrap_or(&file).to_path_buf();
        check_source(&name, &text, &mut complaints);
    }
    for (name, allowed) in EDGES {
        let manifest = Path::new("crates").join(name).join("Cargo.toml");
        let text = fs::read_to_string(root.join(&manifest)).unwrap_or_default();
        check_edges(&manifest, &text, allowed, &mut complaints);
    }
    for document in DOCUMENTS {
        if !root.join(document).is_file() {
            complaints.push(complaint(Path::new(document), 0, Rule::Missing));
        }
    }
    complaints
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let skipped = SKIPPED.iter().any(|skipped| name == **skipped);
        if path.is_dir() && !skipped {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn complaint(file: &Path, line: usize, rule: Rule) -> Complaint {
    Complaint {
        file: file.to_path_buf(),
        line,
        rule,
    }
}

fn check_source(file: &Path, text: &str, complaints: &mut Vec<Complaint>) {
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        complaints.push(complaint(file, lines, Rule::Long(lines)));
    }
    if !text.starts_with("//!") {
        complaints.push(complaint(file, 1, Rule::NoModuleDoc));
    }
    let may_be_unsafe = file.starts_with("crates/linux");
    for (number, line) in text.lines().enumerate() {
        let mut add = |rule| complaints.push(complaint(file, number + 1, rule));
        if !may_be_unsafe && is_unsafe(line) {
            add(Rule::Unsafe);
        }
        for word in UNFINISHED.into_iter().filter(|word| line.contains(word)) {
            add(Rule::Unfinished(word));
        }
        for start in PRIVATE_PATHS
            .into_iter()
            .filter(|start| line.contains(start))
        {
            add(Rule::PrivatePath(start));
        }
    }
}

/// The keyword in front of a block, a function, an impl or a trait; not in a comment or a string.
fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let Some((before, after)) = code.split_once(concat!("unsa", "fe ")) else {
        return false;
    };
    let quoted = before.matches('"').count() % 2 == 1;
    let keyword = ["{", "fn", "impl", "trait", "extern"];
    !quoted
        && keyword
            .iter()
            .any(|word| after.trim_start().starts_with(word))
}

fn check_edges(file: &Path, text: &str, allowed: &[&str], complaints: &mut Vec<Complaint>) {
    let mut linked = false;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            linked = line.starts_with("[dependencies") || line.starts_with("[target");
        }
        let name: String = line
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-' || *c == '_')
            .collect();
        let ours = name.starts_with("standfast-") || name == "standfast";
        if linked && ours && !allowed.contains(&name.as_str()) {
            complaints.push(complaint(file, number + 1, Rule::Edge(name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(file: &str, text: &str) -> Vec<Rule> {
        let mut complaints = Vec::new();
        check_source(Path::new(file), text, &mut complaints);
        complaints
            .into_iter()
            .map(|complaint| complaint.rule)
            .collect()
    }

    #[test]
    fn each_rule_is_noticed() {
        assert_eq!(rules("a.rs", "//! fine\n"), []);
        assert_eq!(rules("a.rs", "fn main() {}\n"), [Rule::NoModuleDoc]);
        let block = concat!("//! x\nunsa", "fe { go() }\n");
        assert_eq!(rules("crates/core/src/a.rs", block), [Rule::Unsafe]);
        assert_eq!(rules("crates/linux/src/a.rs", block), []);
        let later = concat!("//! x\n// TO", "DO: later\n");
        assert_eq!(rules("a.rs", later).len(), 1);
        let private = concat!("//! x\nlet p = \"/ho", "me/me/x\";\n");
        assert_eq!(rules("a.rs", private).len(), 1);
        let long = "//! x\n".repeat(LONGEST_FILE + 1);
        assert_eq!(rules("a.rs", &long), [Rule::Long(LONGEST_FILE + 1)]);
    }

    #[test]
    fn a_forbidden_edge_is_noticed_and_a_test_dependency_is_none() {
        let manifest = "[dependencies]\nstandfast-linux.workspace = true\nlibc = \"0.2\"\n\
                        [dev-dependencies]\nstandfast-daemon.workspace = true\n";
        let mut complaints = Vec::new();
        check_edges(
            Path::new("x"),
            manifest,
            &["standfast-wire"],
            &mut complaints,
        );
        let rules: Vec<Rule> = complaints
            .into_iter()
            .map(|complaint| complaint.rule)
            .collect();
        assert_eq!(rules, [Rule::Edge("standfast-linux".into())]);
    }
}
