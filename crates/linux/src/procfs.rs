//! What runs on this host, as proc(5) shows it.

use std::fs::{File, read_dir};
use std::io::{self, Read};

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
}
