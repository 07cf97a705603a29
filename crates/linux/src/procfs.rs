//! What runs on this host, as proc(5) shows it.

use std::fs::{File, read_dir};
use std::io::{self, Read};

use crate::clock::Micros;

/// The name that the kernel keeps of a process has 15 bytes at most.
pub const NAME_BYTES: usize = 15;
/// As much of a command line as is read.
pub const COMMAND_LINE_BYTES: usize = 4096;

/// The ids of all processes that this process may see, in no order.
pub fn processes() -> io::Result<impl Iterator<Item = u32>> {
    let entries = read_dir("/proc")?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()))
}

/// The name that the kernel keeps of a process, written to `buffer`; `None` if it is gone.
pub fn name(pid: u32, buffer: &mut Vec<u8>) -> Option<()> {
    read(pid, "comm", NAME_BYTES + 1, buffer)?;
    if buffer.last() == Some(&b'\n') {
        buffer.pop();
    }
    Some(())
}

/// The words of its command line, each followed by a zero byte, written to `buffer`; empty for a
/// kernel thread and a process that has ended, `None` if it is gone. May wait for a process that
/// changes its own memory map at that moment.
pub fn command_line(pid: u32, buffer: &mut Vec<u8>) -> Option<()> {
    read(pid, "cmdline", COMMAND_LINE_BYTES, buffer)
}

/// Bytes of the two files in which a main thread's state and its time stand, up to what is read of them.
const THREAD_BYTES: usize = 256;

/// What the main thread of a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MainThread {
    /// It runs, or waits for nothing but a processor.
    pub runnable: bool,
    /// The time for which it has had a processor since its start.
    pub ran: Micros,
}

/// What the main thread of a process does (`stat` and `schedstat` of proc(5)); `None` if the process is gone or the kernel does
/// not tell.
pub fn main_thread(pid: u32) -> Option<MainThread> {
    let mut buffer = Vec::new();
    read(pid, "stat", THREAD_BYTES, &mut buffer)?;
    // The name before the state may hold anything, and is short.
    let name_end = buffer.iter().rposition(|byte| *byte == b')')?;
    let runnable = buffer.get(name_end.checked_add(2)?)? == &b'R';
    read(pid, "schedstat", THREAD_BYTES, &mut buffer)?;
    let text = std::str::from_utf8(&buffer).ok()?;
    let nanos: u64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    Some(MainThread {
        runnable,
        ran: Micros(nanos / 1_000),
    })
}

fn read(pid: u32, file: &str, limit: usize, buffer: &mut Vec<u8>) -> Option<()> {
    let mut file = File::open(format!("/proc/{pid}/{file}")).ok()?;
    buffer.resize(limit, 0);
    let mut filled = 0;
    while filled < limit {
        let room = buffer.get_mut(filled..)?;
        match file.read(room) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    buffer.truncate(filled);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_run_and_have_a_name_and_a_command_line() {
        let own = std::process::id();
        assert!(processes().unwrap().any(|pid| pid == own));
        let mut buffer = Vec::new();
        name(own, &mut buffer).unwrap();
        assert!(!buffer.is_empty() && buffer.len() <= NAME_BYTES && !buffer.contains(&b'\n'));
        command_line(own, &mut buffer).unwrap();
        assert_eq!(buffer.last(), Some(&0));
        assert_eq!(name(u32::MAX, &mut buffer), None);
    }

    #[test]
    fn a_thread_that_works_is_runnable_and_has_run() {
        let own = std::process::id();
        let before = main_thread(own).unwrap();
        let mut worker = std::process::Command::new("sh")
            .args(["-c", "while :; do :; done"])
            .spawn()
            .unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let mut found = None;
        while !found.is_some_and(|it: MainThread| it.runnable && it.ran > Micros(10_000)) {
            assert!(std::time::Instant::now() < end, "{found:?}");
            std::thread::sleep(std::time::Duration::from_millis(10));
            found = main_thread(worker.id());
        }
        worker.kill().unwrap();
        worker.wait().unwrap();
        // This process's main thread waits for its tests, but for a moment whenever one ends.
        let asleep = |_| {
            !main_thread(own).unwrap().runnable || {
                std::thread::sleep(std::time::Duration::from_millis(10));
                false
            }
        };
        assert!((0..1_000).any(asleep));
        assert!(main_thread(own).unwrap().ran >= before.ran);
        assert_eq!(main_thread(u32::MAX), None);
    }
}
