//! The repository is tidy.

#[test]
fn the_repository_is_tidy() {
    let complaints = xtask::tidy::check(&xtask::workspace_root());
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}
