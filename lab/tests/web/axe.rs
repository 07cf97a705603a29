//! axe-core, which judges how accessible a page is. It is fetched by npm, pinned by version and checksum.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use standfast_lab::require_program;

use super::target;

/// What is fetched.
const MANIFESTS: [(&str, &str); 2] = [
    ("package.json", include_str!("package.json")),
    ("package-lock.json", include_str!("package-lock.json")),
];

/// A registry may be out of reach for a moment.
const ATTEMPTS: u32 = 3;

/// One test fetches, the others wait.
static FETCHING: Mutex<()> = Mutex::new(());

/// The script that has to be evaluated in a page.
pub fn script() -> String {
    let guard = FETCHING.lock().unwrap();
    let folder = target().join("web-tests");
    let file = folder.join("node_modules/axe-core/axe.min.js");
    if !is_fresh(&folder) || !file.exists() {
        fetch(&folder);
    }
    let text = std::fs::read_to_string(file).unwrap();
    drop(guard);
    text
}

fn is_fresh(folder: &std::path::Path) -> bool {
    MANIFESTS.iter().all(|(name, text)| {
        std::fs::read_to_string(folder.join(name)).is_ok_and(|there| there == *text)
    })
}

fn fetch(folder: &PathBuf) {
    let npm = require_program("npm", "npm").unwrap();
    std::fs::create_dir_all(folder).unwrap();
    for (name, text) in MANIFESTS {
        std::fs::write(folder.join(name), text).unwrap();
    }
    for attempt in 1..=ATTEMPTS {
        let done = Command::new(&npm)
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .current_dir(folder)
            .output()
            .unwrap();
        if done.status.success() {
            return;
        }
        let said = String::from_utf8_lossy(&done.stderr);
        eprintln!("attempt {attempt}: npm ci in {}: {said}", folder.display());
    }
    panic!("axe-core could not be fetched");
}
