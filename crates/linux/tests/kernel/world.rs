//! Namespaces, interfaces and directories that vanish with the test.

use std::fs;
use std::io::Write;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use standfast_linux::clock::Micros;
use standfast_linux::namespace::Namespace;
use standfast_linux::poller::{Interest, Poller, ReadyList, Wait};
use standfast_linux::{Interface, InterfaceName};

/// Nothing awaited takes longer on a working kernel.
pub const PATIENCE: Wait = Wait::AtMost(Micros(10_000_000));
/// How long a test listens for what must not come.
pub const SILENCE: Wait = Wait::AtMost(Micros(50_000));

/// True as root; else says on the terminal, past the harness's capture, that the test is skipped.
pub fn privileged() -> bool {
    // SAFETY: the call has no arguments and cannot fail.
    let root = unsafe { libc::geteuid() } == 0;
    if !root {
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        let _ = std::io::stderr().write_all(format!("SKIPPED {name}: needs root\n").as_bytes());
    }
    root
}

/// Runs the test in a thread of its own in a fresh network namespace, if privileged.
pub fn isolated(test: impl FnOnce() + Send + 'static) {
    if !privileged() {
        return;
    }
    let run = move || {
        Namespace::create().unwrap();
        ip("link set lo up");
        test();
    };
    if let Err(panic) = std::thread::spawn(run).join() {
        std::panic::resume_unwind(panic);
    }
}

/// Runs ip(8) in the calling thread's namespace and returns what it prints.
pub fn ip(arguments: &str) -> String {
    let output = Command::new("ip")
        .args(arguments.split_whitespace())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {arguments}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

pub fn interface(name: &str) -> Interface {
    Interface::by_name(InterfaceName::new(name).unwrap()).unwrap()
}

/// Two namespaces joined by a cable: `near` is where the calling thread is, with 10.0.0.1/24 on eth0;
/// `far` has 10.0.0.2/24 on eth0.
pub struct Cable {
    near: Namespace,
    far: Namespace,
}

impl Cable {
    pub fn new() -> Self {
        let near = Namespace::current().unwrap();
        let far = Namespace::create().unwrap();
        near.enter().unwrap();
        let path = format!(
            "/proc/{}/fd/{}",
            std::process::id(),
            far.as_fd().as_raw_fd()
        );
        ip(&format!(
            "link add eth0 type veth peer name eth0 netns {path}"
        ));
        let cable = Self { near, far };
        set_up("10.0.0.1/24");
        cable.at_far_end(|| set_up("10.0.0.2/24"));
        cable
    }

    pub fn at_far_end<T>(&self, run: impl FnOnce() -> T) -> T {
        self.far.enter().unwrap();
        let result = run();
        self.near.enter().unwrap();
        result
    }
}

fn set_up(address: &str) {
    ip(&format!("address add {address} dev eth0"));
    ip("link set eth0 up");
}

/// Waits until the descriptor is readable; false when the time is over.
pub fn readable(fd: &impl AsFd, wait: Wait) -> bool {
    let poller = Poller::new().unwrap();
    poller.add(fd.as_fd(), 0, Interest::Read).unwrap();
    let mut ready = ReadyList::new();
    poller.wait(&mut ready, wait).unwrap();
    ready.iter().next().is_some()
}

/// A directory that is removed with everything in it.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("standfast-test-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A file with this text, mode and owner ("user:group"). Another process writes it: one of ours that
    /// another test starts at that moment would keep it open for writing, and then nobody can run it.
    pub fn file(&self, name: &str, text: &str, mode: &str, owner: &str) -> PathBuf {
        let path = self.0.join(name);
        let script = r#"printf %s "$1" > "$2" && chown "$3" "$2" && chmod "$4" "$2""#;
        let mut command = Command::new("sh");
        command
            .args(["-c", script, "sh", text])
            .arg(&path)
            .args([owner, mode]);
        assert!(command.status().unwrap().success());
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
