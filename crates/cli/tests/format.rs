//! `standfast fmt` as somebody types it.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const UGLY: &str = "vrrp_instance  A\n{\n state BACKUP\r\n}\n";
const FINE: &str = "vrrp_instance A {\n    state BACKUP\n}\n";

/// A directory that goes away with the test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let name = format!("standfast-fmt-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fmt(options: &[&str], files: &[&Path], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_standfast"))
        .arg("fmt")
        .args(options)
        .args(files)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A call that fails on its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn files_are_rewritten_in_place_with_their_mode() {
    let directory = Directory::new("place");
    let path = directory.file("a.conf", UGLY);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let output = fmt(&[], &[&path], "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    assert_eq!(fs::read_to_string(&path).unwrap(), FINE);
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
    assert_eq!(directory.names(), ["a.conf"]);
    let inode = fs::metadata(&path).unwrap().ino();
    assert!(fmt(&[], &[&path], "").status.success());
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode, "nothing to do");
}

#[test]
fn the_owner_stays() {
    let directory = Directory::new("owner");
    let path = directory.file("a.conf", UGLY);
    if let Err(error) = std::os::unix::fs::chown(&path, Some(12_345), Some(12_346)) {
        println!("skipped: can't give a file away: {error}");
        return;
    }
    assert!(fmt(&[], &[&path], "").status.success());
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (12_345, 12_346));
    assert_eq!(fs::read_to_string(&path).unwrap(), FINE);
}

#[test]
fn symbolic_links_stay_links() {
    let directory = Directory::new("link");
    let path = directory.file("real.conf", UGLY);
    let link = directory.0.join("link.conf");
    symlink("real.conf", &link).unwrap();
    assert!(fmt(&[], &[&link], "").status.success());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(&path).unwrap(), FINE);
}

#[test]
fn check_lists_what_would_change_and_changes_nothing() {
    let directory = Directory::new("check");
    let ugly = directory.file("ugly.conf", UGLY);
    let fine = directory.file("fine.conf", FINE);
    let output = fmt(&["--check"], &[&ugly, &fine], "");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), format!("{}\n", ugly.display()));
    assert!(output.stderr.is_empty());
    assert_eq!(fs::read_to_string(&ugly).unwrap(), UGLY);
    assert!(fmt(&["--check"], &[&fine], "").status.success());
}

#[test]
fn the_difference_is_shown() {
    let directory = Directory::new("diff");
    let ugly = directory.file("ugly.conf", UGLY);
    let output = fmt(&["--check", "--diff"], &[&ugly], "");
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.starts_with(&format!("--- {}\n", ugly.display())),
        "{said}"
    );
    assert!(
        said.contains("\n-{\n") && said.contains("\n+vrrp_instance A {\n"),
        "{said}"
    );
    assert_eq!(fmt(&["--diff"], &[&ugly], "").stdout, output.stdout);
}

#[test]
fn standard_input_goes_to_standard_output() {
    for files in [&[][..], &[Path::new("-")]] {
        let output = fmt(&[], files, UGLY);
        assert!(output.status.success());
        assert_eq!(text(&output.stdout), FINE);
    }
    let output = fmt(&["--check"], &[], UGLY);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "standard input\n");
    let together = fmt(&[], &[Path::new("-"), Path::new("x")], "");
    assert_eq!(together.status.code(), Some(2));
}

#[test]
fn what_cannot_be_formatted_is_left_as_it_is() {
    let directory = Directory::new("broken");
    let broken = directory.file("broken.conf", "a {\n  b\n");
    let ugly = directory.file("ugly.conf", UGLY);
    let missing = directory.0.join("missing.conf");
    let output = fmt(&[], &[&broken, &missing, &directory.0, &ugly], "");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("broken.conf") && said.contains("line 1"),
        "{said}"
    );
    assert!(
        said.contains("missing.conf") && said.contains("plain file"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&broken).unwrap(), "a {\n  b\n");
    assert_eq!(
        fs::read_to_string(&ugly).unwrap(),
        FINE,
        "the others are done"
    );
}

#[test]
fn a_file_with_two_names_is_not_split_in_two() {
    let directory = Directory::new("hard");
    let path = directory.file("a.conf", UGLY);
    fs::hard_link(&path, directory.0.join("b.conf")).unwrap();
    let output = fmt(&[], &[&path], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("2 names"));
    assert_eq!(fs::read_to_string(&path).unwrap(), UGLY);
    assert_eq!(directory.names(), ["a.conf", "b.conf"]);
}
