//! Runs the programs that print the kernel's rules, for a bounded time and with bounded output.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long one of them may take: they only ask the kernel.
const LIMIT: Duration = Duration::from_secs(2);
/// Bytes of output that are read; larger rulesets are not judged.
const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// Where they are; not searched in a PATH that anybody may have set.
const DIRECTORIES: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/bin"];

/// Every table as JSON; `None` where nft is not installed or does not answer.
pub(super) fn list_ruleset() -> Option<Vec<u8>> {
    output("nft", &["-j", "list", "ruleset"])
}

/// The rules that iptables-nft has set, for `ip` or `ip6`, as iptables-save(8) prints them.
pub(super) fn iptables_save(family: &str) -> Option<String> {
    let program = match family {
        "ip" => "iptables-nft-save",
        "ip6" => "ip6tables-nft-save",
        _ => return None,
    };
    String::from_utf8(output(program, &[])?).ok()
}

fn output(program: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    let candidates = DIRECTORIES.map(|directory| Path::new(directory).join(program));
    let path: PathBuf = candidates.into_iter().find(|path| path.is_file())?;
    let mut child = Command::new(path)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.take(MAX_BYTES).read_to_end(&mut bytes);
        // Nobody waits any more once the time is over.
        let _ = sender.send(read.map(|_| bytes));
    });
    let answer = receiver.recv_timeout(LIMIT);
    // It has said all, or had its time: its exit status would add nothing.
    let _ = child.kill();
    let _ = child.wait();
    let bytes = answer.ok()?.ok()?;
    let whole = u64::try_from(bytes.len()).is_ok_and(|length| length < MAX_BYTES);
    whole.then_some(bytes)
}
