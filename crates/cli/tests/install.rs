//! contrib/install.sh, as a packager calls it: below a directory, without root.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs the script with the directory as the root of what it installs.
fn install(destination: &Path, arguments: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contrib/install.sh");
    let output = Command::new("sh")
        .arg(script)
        .args(arguments)
        .env("DESTDIR", destination)
        .env_remove("PREFIX")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// The files and links below a folder, by their paths from it.
fn files(folder: &Path, root: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            files(&path, root, found);
        } else {
            let name = path.strip_prefix(root).unwrap();
            found.push(name.to_string_lossy().into_owned());
        }
    }
    found.sort();
}

#[test]
fn everything_is_installed_and_taken_away_again() {
    let name = format!("standfast-install-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    let destination = folder.0.as_path();
    install(destination, &[env!("CARGO_BIN_EXE_standfast")]);
    let mut found = Vec::new();
    files(destination, destination, &mut found);
    assert_eq!(
        found,
        [
            "etc/init.d/keepalived",
            "etc/systemd/system/standfast.service",
            "usr/local/sbin/keepalived",
            "usr/local/sbin/standfast",
            "usr/local/share/bash-completion/completions/standfast",
            "usr/local/share/fish/vendor_completions.d/standfast.fish",
            "usr/local/share/man/man1/standfast.1",
            "usr/local/share/man/man5/standfast.conf.5",
            "usr/local/share/zsh/site-functions/_standfast",
        ]
    );
    let words = "usr/local/share/bash-completion/completions/standfast";
    let script = std::fs::read_to_string(destination.join(words)).unwrap();
    assert!(script.contains("virtual_router_id"));
    install(destination, &["--uninstall"]);
    found.clear();
    files(destination, destination, &mut found);
    assert_eq!(found, [""; 0]);
}
