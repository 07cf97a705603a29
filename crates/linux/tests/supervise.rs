//! Forking, the channel between the halves, names and the daemon's start: by hand, because the usual
//! test harness has several threads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::exit;

use standfast_linux::clock::Micros;
use standfast_linux::pidfile::{NotAcquired, PidFile};
use standfast_linux::poller::{Interest, Poller, ReadyList, Wait};
use standfast_linux::process::{Exit, Process, set_umask};
use standfast_linux::scheduling::{Residency, limit_real_time, lock_memory};
use standfast_linux::supervise::{
    Channel, Fork, LONGEST_MESSAGE, Received, die_with_parent, fork, set_process_name,
};
use standfast_linux::{Errno, daemonize};

/// Nothing below takes longer on a working kernel.
const PATIENCE: Wait = Wait::AtMost(Micros(10_000_000));

fn main() {
    let tests: [(&str, fn()); 8] = [
        (
            "messages_cross_the_fork_and_the_end_is_seen",
            messages_cross_the_fork_and_the_end_is_seen,
        ),
        (
            "a_killed_worker_is_seen_through_its_descriptor",
            a_killed_worker_is_seen_through_its_descriptor,
        ),
        (
            "a_worker_dies_with_its_parent",
            a_worker_dies_with_its_parent,
        ),
        (
            "the_new_name_is_seen_from_outside",
            the_new_name_is_seen_from_outside,
        ),
        ("a_daemon_leaves_its_session", a_daemon_leaves_its_session),
        (
            "a_pid_file_held_by_another_process_names_it",
            a_pid_file_held_by_another_process_names_it,
        ),
        (
            "a_pid_file_is_inherited_but_not_removed_by_a_child",
            a_pid_file_is_inherited_but_not_removed_by_a_child,
        ),
        (
            "memory_and_run_time_are_limited",
            memory_and_run_time_are_limited,
        ),
    ];
    for (name, test) in tests {
        test();
        println!("test {name} ... ok");
    }
    forking_with_threads_is_refused();
    println!("test forking_with_threads_is_refused ... ok");
    println!("{} passed, 0 failed", tests.len() + 1);
}

/// Runs `work` in a forked process, which ends with status 0 if that returns.
fn in_child(work: impl FnOnce()) -> Process {
    match fork().unwrap() {
        Fork::Parent(worker) => worker,
        Fork::Child => {
            work();
            exit(0)
        }
    }
}

fn readable(fd: &impl AsFd) -> bool {
    let poller = Poller::new().unwrap();
    poller.add(fd.as_fd(), 0, Interest::Read).unwrap();
    let mut ready = ReadyList::new();
    poller.wait(&mut ready, PATIENCE).unwrap();
    ready.iter().next().is_some()
}

fn message(channel: &Channel) -> Vec<u8> {
    let mut buffer = vec![0; LONGEST_MESSAGE];
    assert!(readable(channel), "no message in time");
    let Received::Message(length) = channel.receive(&mut buffer).unwrap() else {
        panic!("no message")
    };
    buffer.truncate(length);
    buffer
}

fn ends_with(worker: &Process) -> Exit {
    assert!(readable(worker), "the process goes on");
    worker
        .exit()
        .unwrap()
        .expect("a readable descriptor has an exit")
}

fn messages_cross_the_fork_and_the_end_is_seen() {
    let (ours, theirs) = Channel::pair().unwrap();
    assert_eq!(ours.receive(&mut [0; 8]).unwrap(), Received::Nothing);
    assert_eq!(ours.send(&[]).unwrap_err().errno, Errno(libc::EMSGSIZE));
    ours.send(b"ping").unwrap();
    ours.send(&[b'x'; LONGEST_MESSAGE]).unwrap();
    let worker = in_child(|| {
        assert_eq!(message(&theirs), b"ping");
        assert_eq!(message(&theirs).len(), LONGEST_MESSAGE);
        theirs.send(b"pong").unwrap();
    });
    drop(theirs);
    assert_eq!(message(&ours), b"pong");
    assert_eq!(ends_with(&worker), Exit::Code(0));
    assert_eq!(ours.receive(&mut [0; 8]).unwrap(), Received::Closed);
    assert_eq!(ours.send(b"late").unwrap_err().errno, Errno(libc::EPIPE));
}

fn a_killed_worker_is_seen_through_its_descriptor() {
    let worker = in_child(|| {
        loop {
            std::thread::park();
        }
    });
    assert_eq!(worker.exit().unwrap(), None);
    worker.signal(libc::SIGKILL).unwrap();
    assert_eq!(ends_with(&worker), Exit::Signal(libc::SIGKILL));
}

fn a_worker_dies_with_its_parent() {
    let (ours, theirs) = Channel::pair().unwrap();
    let parent = in_child(|| {
        let parent = std::process::id();
        let grandchild = in_child(|| {
            die_with_parent(libc::SIGKILL, parent).unwrap();
            theirs.send(b"armed").unwrap();
            loop {
                std::thread::park();
            }
        });
        // Killed before it can wait for the grandchild.
        assert_eq!(ends_with(&grandchild), Exit::Code(0));
    });
    drop(theirs);
    assert_eq!(message(&ours), b"armed");
    parent.signal(libc::SIGKILL).unwrap();
    assert!(readable(&ours), "the grandchild lives on");
    assert_eq!(ours.receive(&mut [0; 8]).unwrap(), Received::Closed);
}

fn the_new_name_is_seen_from_outside() {
    let (ours, theirs) = Channel::pair().unwrap();
    let worker = in_child(|| {
        set_process_name("standfast_x").unwrap();
        theirs.send(b"named").unwrap();
        let _ = message(&theirs);
    });
    assert_eq!(message(&ours), b"named");
    let proc = Path::new("/proc").join(worker.pid().to_string());
    assert_eq!(
        fs::read_to_string(proc.join("comm")).unwrap(),
        "standfast_x\n"
    );
    let shown = fs::read(proc.join("cmdline")).unwrap();
    assert!(shown.starts_with(b"standfast_x\0"), "{shown:?}");
    ours.send(b"go").unwrap();
    assert_eq!(ends_with(&worker), Exit::Code(0));
}

fn a_daemon_leaves_its_session() {
    let (ours, theirs) = Channel::pair().unwrap();
    let starter = in_child(|| {
        daemonize::daemonize().unwrap();
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let output = fs::read_link("/proc/self/fd/1").unwrap();
        let directory = std::env::current_dir().unwrap();
        theirs
            .send(format!("{} {} {stat}", output.display(), directory.display()).as_bytes())
            .unwrap();
    });
    drop(theirs);
    assert_eq!(ends_with(&starter), Exit::Code(0));
    let report = String::from_utf8(message(&ours)).unwrap();
    let fields: Vec<&str> = report.split_ascii_whitespace().collect();
    let pid = fields[2];
    assert_eq!(fields[..2], ["/dev/null", "/"]);
    let (_, after_name) = report.rsplit_once(')').unwrap();
    let session = after_name.split_ascii_whitespace().nth(3).unwrap();
    assert_ne!(session, pid, "the daemon leads its session");
    assert_ne!(session, std::process::id().to_string());
    // Its end, so that nothing is left behind.
    assert!(readable(&ours));
    assert_eq!(ours.receive(&mut [0; 8]).unwrap(), Received::Closed);
}

/// A pid file's place that is emptied in the end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("standfast-{}.pid", std::process::id())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn a_pid_file_held_by_another_process_names_it() {
    let place = Place::new();
    let (ours, theirs) = Channel::pair().unwrap();
    let holder = in_child(|| {
        let _held = PidFile::acquire(&place.0).unwrap();
        theirs.send(b"held").unwrap();
        let _ = message(&theirs);
    });
    assert_eq!(message(&ours), b"held");
    let pid = Some(holder.pid());
    assert_eq!(
        PidFile::acquire(&place.0).unwrap_err(),
        NotAcquired::Held { pid }
    );
    holder.signal(libc::SIGKILL).unwrap();
    assert_eq!(ends_with(&holder), Exit::Signal(libc::SIGKILL));
    assert!(place.0.exists(), "nobody was left to remove it");
    let held = PidFile::acquire(&place.0).unwrap();
    let text = fs::read_to_string(held.path()).unwrap();
    assert_eq!(text, format!("{}\n", std::process::id()));
}

fn a_pid_file_is_inherited_but_not_removed_by_a_child() {
    let place = Place::new();
    let mut held = Some(PidFile::acquire(&place.0).unwrap());
    let child = in_child(|| drop(held.take()));
    assert_eq!(ends_with(&child), Exit::Code(0));
    assert!(
        matches!(PidFile::acquire(&place.0), Err(NotAcquired::Held { .. })),
        "still locked"
    );
    // As after going to the background: the child is the daemon from now on.
    let mut held = held.unwrap();
    let daemon = in_child(|| {
        held.take_over().unwrap();
        drop(held);
    });
    assert_eq!(ends_with(&daemon), Exit::Code(0));
    assert!(!place.0.exists(), "the daemon removes it");
}

fn memory_and_run_time_are_limited() {
    let child = in_child(|| {
        match lock_memory(Residency::Touched) {
            Ok(()) => {
                let status = fs::read_to_string("/proc/self/status").unwrap();
                let locked = status
                    .lines()
                    .find_map(|line| line.strip_prefix("VmLck:"))
                    .unwrap();
                assert_ne!(locked.trim(), "0 kB");
            }
            Err(error) => eprintln!("SKIPPED memory locking: {error}"),
        }
        limit_real_time(Micros(12_345)).unwrap();
        let limits = fs::read_to_string("/proc/self/limits").unwrap();
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max realtime timeout"))
            .unwrap();
        assert!(line.contains("12345"), "{line}");
        set_umask(0o027);
        assert_eq!(set_umask(0), 0o027);
    });
    assert_eq!(ends_with(&child), Exit::Code(0));
}

fn forking_with_threads_is_refused() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || receiver.recv());
    assert_eq!(
        fork().unwrap_err().to_string(),
        "fork process: Device or resource busy"
    );
    assert_eq!(set_process_name("x").unwrap_err().errno, Errno(libc::EBUSY));
    drop(sender);
    assert!(thread.join().unwrap().is_err());
}
