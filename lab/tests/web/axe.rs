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

/// What npm says where no registry can be reached from this machine, which is no fault of the page.
const OUT_OF_REACH: [&str; 5] = [
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "ECONNREFUSED",
    "ENETUNREACH",
];

/// The script that has to be evaluated in a page; `None` without a registry in reach: then only what needs no axe-core is judged,
/// and the log says so.
pub fn script() -> Option<String> {
    let guard = FETCHING.lock().unwrap();
    let folder = target().join("web-tests");
    let file = folder.join("node_modules/axe-core/axe.min.js");
    let there = is_fresh(&folder) && file.exists();
    let script = (there || fetch(&folder)).then(|| std::fs::read_to_string(file).unwrap());
    drop(guard);
    script
}

fn is_fresh(folder: &std::path::Path) -> bool {
    MANIFESTS.iter().all(|(name, text)| {
        std::fs::read_to_string(folder.join(name)).is_ok_and(|there| there == *text)
    })
}

/// False where no registry can be reached.
fn fetch(folder: &PathBuf) -> bool {
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
            return true;
        }
        let said = String::from_utf8_lossy(&done.stderr);
        eprintln!("attempt {attempt}: npm ci in {}: {said}", folder.display());
        if attempt == ATTEMPTS && OUT_OF_REACH.iter().any(|it| said.contains(it)) {
            println!("NOT JUDGED: axe-core cannot be fetched, no registry of npm is in reach");
            return false;
        }
    }
    panic!("axe-core could not be fetched");
}
