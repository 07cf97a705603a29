//! Child processes.

use std::fs;
use std::path::Path;

use standfast_linux::Errno;
use standfast_linux::process::{Child, Command, Exit, Output};
use standfast_linux::scheduling::{RealTimePriority, set_nice, set_round_robin, set_timer_slack};
use standfast_linux::signals::Signals;
use standfast_linux::user::Identity;

use crate::world::{Directory, PATIENCE, privileged, readable};

fn shell(script: &str) -> Command {
    Command::new(["/bin/sh", "-c", script])
}

/// Reads until everybody has closed the output, then waits for the child.
fn finish(child: &mut Child) -> (Exit, String) {
    while let Some(pipe) = child.output() {
        assert!(
            readable(&pipe, PATIENCE),
            "silent: {}",
            child.captured().text()
        );
        child.read_output().unwrap();
    }
    assert!(readable(child.process(), PATIENCE), "goes on");
    let exit = child.process().exit().unwrap().expect("it has ended");
    (exit, child.captured().text())
}

fn run(command: &Command) -> (Exit, String) {
    finish(&mut command.spawn().unwrap())
}

#[test]
fn output_and_status_are_kept() {
    let (exit, text) = run(&shell("echo out; echo err >&2; exit 3"));
    assert_eq!((exit, text.as_str()), (Exit::Code(3), "out\nerr\n"));
    assert_eq!(run(&shell("kill -9 $$")).0, Exit::Signal(libc::SIGKILL));
    assert_eq!(run(&Command::new(["true"])), (Exit::Code(0), String::new()));
}

#[test]
fn endless_output_is_bounded() {
    let (exit, text) = run(&shell("head -c 1000000 /dev/zero | tr '\\0' x; echo last"));
    assert_eq!(exit, Exit::Code(0));
    assert!(text.len() < 5_000 && text.ends_with("xlast\n"));
    assert!(
        text.contains(&format!("[{} bytes omitted]", 1_000_005 - 4096)),
        "{text}"
    );
}

#[test]
fn what_cannot_be_run_is_an_error_with_its_number() {
    // Others may find directories in PATH that they cannot search, which is another error.
    if !privileged() {
        return;
    }
    let directory = Directory::new();
    let denied = directory.path().join("denied");
    fs::write(&denied, "#!/bin/sh\n").unwrap();
    let cases = [
        ("/no/such/program".into(), libc::ENOENT),
        ("no-such-program-anywhere".into(), libc::ENOENT),
        (denied.into_os_string(), libc::EACCES),
        ("/etc".into(), libc::EACCES),
        ("a\0b".into(), libc::EINVAL),
    ];
    for (program, errno) in cases {
        let error = Command::new([program.clone()]).spawn().unwrap_err();
        assert_eq!(
            (error.errno, error.operation),
            (Errno(errno), "run"),
            "{program:?}"
        );
    }
    assert_eq!(
        Command::new([""; 0]).spawn().unwrap_err().errno,
        Errno(libc::EINVAL)
    );
}

#[test]
fn a_script_without_interpreter_line_is_run_by_the_shell() {
    if !privileged() {
        return;
    }
    let directory = Directory::new();
    let script = directory.file("plain", "echo \"$1-$2\"; exit 4", "755", "root:root");
    let command = Command::new([script.into_os_string(), "one".into(), "two words".into()]);
    assert_eq!(run(&command), (Exit::Code(4), "one-two words\n".into()));
}

#[test]
fn a_child_that_hangs_dies_with_its_whole_group() {
    let mut child = shell("sleep 1000 & echo started; wait").spawn().unwrap();
    while !child.captured().text().contains("started") {
        assert!(readable(&child.output().unwrap(), PATIENCE));
        assert_eq!(child.read_output().unwrap(), Output::Open);
    }
    assert_eq!(child.process().exit().unwrap(), None);
    child.kill_group(libc::SIGTERM).unwrap();
    // The output closes only when the shell's child is gone too.
    assert_eq!(finish(&mut child).0, Exit::Signal(libc::SIGTERM));
    child.kill_group(libc::SIGKILL).unwrap();
}

#[test]
fn what_a_child_leaves_behind_can_still_be_killed() {
    let mut child = shell("sleep 1000 & exit 0").spawn().unwrap();
    assert!(readable(child.process(), PATIENCE));
    assert_eq!(child.process().exit().unwrap(), Some(Exit::Code(0)));
    assert_eq!(child.read_output().unwrap(), Output::Open);
    child.kill_group(libc::SIGKILL).unwrap();
    assert_eq!(finish(&mut child).0, Exit::Code(0));
}

#[test]
fn a_dropped_child_is_killed_and_leaves_no_zombie() {
    let child = shell("sleep 1000").spawn().unwrap();
    let path = format!("/proc/{}", child.process().pid());
    assert!(Path::new(&path).exists());
    drop(child);
    assert!(!Path::new(&path).exists());
}

#[test]
fn a_child_has_the_rights_it_is_given() {
    if !privileged() {
        return;
    }
    let mut command =
        shell("id -u; id -g; id -G; umask; grep -E '^(NoNewPrivs|CapEff)' /proc/self/status");
    command.identity = Some(Identity {
        uid: 12_345,
        gid: 23_456,
        groups: vec![34_567, 45_678],
    });
    command.umask = Some(0o027);
    let (exit, text) = run(&command);
    assert_eq!(exit, Exit::Code(0), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..4], ["12345", "23456", "23456 34567 45678", "0027"]);
    assert!(text.contains("CapEff:\t0000000000000000"), "{text}");
}

#[test]
fn without_privilege_a_child_has_our_rights_or_none() {
    if !privileged() {
        return;
    }
    let identity = |uid| {
        Some(Identity {
            uid,
            gid: 0,
            groups: vec![1],
        })
    };
    let run_as = move |uid| {
        let mut command = shell("id -u");
        command.identity = identity(uid);
        command.spawn().map(|mut child| finish(&mut child))
    };
    let (own, other) = std::thread::spawn(move || {
        // SAFETY: the system call changes this thread only and takes plain numbers.
        let result = unsafe { libc::syscall(libc::SYS_setresuid, 12_345, 12_345, 12_345) };
        assert_eq!(result, 0);
        (run_as(12_345), run_as(12_346))
    })
    .join()
    .unwrap();
    assert_eq!(own.unwrap(), (Exit::Code(0), "12345\n".into()));
    assert_eq!(
        other.unwrap_err().to_string(),
        "run /bin/sh: Operation not permitted"
    );
}

#[test]
fn a_child_starts_with_default_signals_scheduling_and_surroundings() {
    if !privileged() {
        return;
    }
    // SAFETY: to ignore this signal is its default.
    unsafe { libc::signal(libc::SIGWINCH, libc::SIG_IGN) };
    // A thread as the daemon's: signals blocked, real-time, first in line, little slack.
    let report = std::thread::spawn(|| {
        let _signals = Signals::block().unwrap();
        set_nice(-5).unwrap();
        set_timer_slack(1_000).unwrap();
        set_round_robin(RealTimePriority::clamped(5)).unwrap();
        let mut command = shell(
            "grep -E '^Sig(Blk|Ign)' /proc/self/status; cat /proc/self/timerslack_ns; pwd; \
             readlink /proc/self/fd/0; echo IFS=$(env | grep -c ^IFS) PRE=$LD_PRELOAD NOTE=$NOTE; \
             ls /proc/self/fd | wc -l; ps -o pgid= -p $$; cat /proc/self/stat",
        );
        command.environment.push(("NOTE".into(), "here".into()));
        let mut child = command.spawn().unwrap();
        let pid = child.process().pid();
        (finish(&mut child).1, pid)
    });
    let (text, pid) = report.join().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "SigBlk:\t0000000000000000");
    // Whoever started the tests may ignore the two signals that the C library keeps to itself.
    let ignored = u64::from_str_radix(lines[1].strip_prefix("SigIgn:\t").unwrap(), 16).unwrap();
    assert_eq!(ignored & !0x1_8000_0000, 0, "{ignored:x}");
    assert_eq!(
        lines[2..6],
        ["50000", "/", "/dev/null", "IFS=0 PRE= NOTE=here"]
    );
    // 0, 1, 2 and the directory that ls reads.
    assert_eq!(lines[6], "4");
    assert_eq!(lines[7].trim(), pid.to_string());
    let (_, stat) = lines[8].rsplit_once(')').unwrap();
    let fields: Vec<&str> = stat.split_ascii_whitespace().collect();
    let (nice, real_time_priority, policy) = (fields[16], fields[37], fields[38]);
    assert_eq!((nice, real_time_priority, policy), ("0", "0", "0"));
}

#[test]
fn a_child_dies_with_the_thread_that_started_it() {
    let mut child = std::thread::spawn(|| shell("exec sleep 1000").spawn().unwrap())
        .join()
        .unwrap();
    assert_eq!(finish(&mut child).0, Exit::Signal(libc::SIGTERM));
}
