//! The generated documents say what the registry says. (The manual page of the command line: crates/cli/tests/manual.rs.)
#![allow(clippy::unwrap_used)]

use std::process::Command;

use xtask::docs::{self, Document};
use xtask::workspace_root;

#[test]
fn the_documents_of_the_registry_are_fresh() {
    let stale = docs::stale(&workspace_root(), docs::of_registry());
    let names: Vec<_> = stale.iter().map(|document| document.path).collect();
    assert!(names.is_empty(), "stale, cargo xtask docs: {names:?}");
}

#[test]
fn a_document_that_differs_is_named() {
    let mut documents = docs::of_registry();
    let changed = documents.last_mut().unwrap();
    changed.text.push('x');
    let path = changed.path;
    let missing = Document {
        path: "docs/no-such-file.md",
        text: String::new(),
    };
    documents.push(missing);
    let stale = docs::stale(&workspace_root(), documents);
    let names: Vec<_> = stale.iter().map(|document| document.path).collect();
    assert_eq!(names, [path, "docs/no-such-file.md"]);
}

#[test]
fn every_link_inside_the_reference_has_its_anchor() {
    let documents = docs::of_registry();
    let reference = documents
        .iter()
        .find(|one| one.path.ends_with("configuration.md"));
    let text = &reference.unwrap().text;
    let links: Vec<&str> = text
        .split("](#")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    assert!(links.len() > 400, "{}", links.len());
    for link in links {
        assert!(text.contains(&format!("<a id=\"{link}\">")), "{link}");
    }
}

#[test]
fn every_file_that_the_findings_link_to_is_there() {
    let documents = docs::of_registry();
    let findings = documents
        .iter()
        .find(|one| one.path.ends_with("diagnostics.md"));
    let folder = workspace_root().join("docs/reference");
    let text = &findings.unwrap().text;
    for link in text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
    {
        assert!(folder.join(link).is_file(), "{link}");
    }
}

#[test]
fn the_manual_pages_are_without_a_warning() {
    for page in ["standfast.1", "standfast.conf.5"] {
        let path = workspace_root().join("docs/man").join(page);
        let groff = Command::new("groff")
            .args(["-man", "-ww", "-z", "-Tutf8"])
            .arg(&path)
            .output();
        let Ok(output) = groff else {
            println!("skipped: groff is not installed");
            return;
        };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{page}: {said}");
    }
}
