//! How many processes run (`vrrp_track_process`).
//!
//! A process that counts is held by a descriptor that tells its end at once. Births come from the
//! kernel's process events where it has them for us; elsewhere, in a container or a network namespace,
//! /proc is looked through once a second, and only while a birth can change anything: below the
//! quorum, and where there is a greatest number.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd;

use standfast_core::Instant;
use standfast_core::spec::Tracked;
use standfast_linux::poller::Interest;
use standfast_linux::process::Watched;
use standfast_linux::process_events::{ProcessEvent, ProcessEvents};
use standfast_linux::{Error, procfs};

use super::{Desk, Occasion, POLL_PERIOD, Pattern, Reporter, Watcher};

/// Descriptors of processes that are held: half of what a process usually may open. Where more run
/// than that, those without one are looked after by looking through /proc.
const MOST_HELD: usize = 512;
/// Processes that have been looked at before and that one scan looks at again: some tens of
/// milliseconds. On a host with more of them they take turns.
const LOOKS_PER_SCAN: usize = 2_000;
/// Processes that have been looked at before and that are looked at again before an end is reported: well below a
/// millisecond.
const LATELY_BORN: usize = 64;
/// Events taken in one turn; a host may start thousands of processes a second.
const EVENTS_PER_TURN: usize = 4096;
const EVENTS_TOKEN: u64 = 1;
const FIRST_TOKEN: u64 = 2;

/// One `vrrp_track_process` block, or the `process` of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProcessTarget {
    /// Whose number it is.
    pub(crate) object: Tracked,
    pub(crate) pattern: Pattern,
    /// `quorum`
    pub(crate) least: u32,
    /// `quorum_max`
    pub(crate) most: Option<u32>,
}

pub(super) struct Processes {
    events: Option<ProcessEvents>,
    objects: Vec<Object>,
    /// By token: whose it is, and the process.
    held: BTreeMap<u64, (usize, Watched)>,
    next_token: u64,
    scanned: Option<Instant>,
    /// The processes that the last scan found.
    known: BTreeSet<u32>,
    /// The last of them that it looked at again.
    turn: u32,
    /// Events were lost, or there is something new to look for.
    scan_wanted: bool,
    /// A process that counts has ended in this turn.
    has_ended: bool,
    reporter: Reporter,
    sight: Sight,
}

struct Object {
    target: ProcessTarget,
    /// The processes that count, with the token of those that are held.
    alive: BTreeMap<u32, Option<u64>>,
    reported: Option<usize>,
}

impl Object {
    fn held(&self) -> usize {
        self.alive.values().flatten().count()
    }

    /// Whether a birth, or the end of a process that is not held, can change anything now. With events
    /// births are told.
    fn wants_scan(&self, births_are_told: bool) -> bool {
        let (least, alive, held) = (
            usize::try_from(self.target.least).unwrap_or(usize::MAX),
            self.alive.len(),
            self.held(),
        );
        let limited = self.target.most.is_some();
        let births = !births_are_told && (alive < least || limited);
        let ends = held < alive && (held < least || limited);
        births || ends
    }
}

/// What is known of one process at this moment, each part read when it is asked for.
#[derive(Default)]
struct Sight {
    pid: u32,
    name: Option<Option<()>>,
    line: Option<Option<()>>,
    name_bytes: Vec<u8>,
    line_bytes: Vec<u8>,
}

impl Sight {
    fn turn_to(&mut self, pid: u32) {
        self.pid = pid;
        self.name = None;
        self.line = None;
    }

    fn is(&mut self, pattern: &Pattern) -> bool {
        let (pid, name, line) = (self.pid, &mut self.name_bytes, &mut self.line_bytes);
        if pattern.wants_command_line() {
            let read = self
                .line
                .get_or_insert_with(|| procfs::command_line(pid, line));
            read.is_some() && pattern.is_command_line(&self.line_bytes)
        } else {
            let read = self.name.get_or_insert_with(|| procfs::name(pid, name));
            read.is_some() && pattern.is_name(&self.name_bytes)
        }
    }
}

impl Processes {
    pub(super) fn new(desk: &Desk<Vec<ProcessTarget>>, reporter: Reporter) -> Self {
        let open = || -> Result<ProcessEvents, Error> {
            let events = ProcessEvents::open()?;
            desk.poller
                .add(events.as_fd(), EVENTS_TOKEN, Interest::Read)?;
            Ok(events)
        };
        let complain = |error: &Error| {
            reporter.warn(format!(
                "{error}: new processes that are tracked are found within a second, not at once"
            ));
        };
        Processes {
            events: open().inspect_err(complain).ok(),
            objects: Vec::new(),
            held: BTreeMap::new(),
            next_token: FIRST_TOKEN,
            scanned: None,
            known: BTreeSet::new(),
            turn: 0,
            scan_wanted: false,
            has_ended: false,
            reporter,
            sight: Sight::default(),
        }
    }

    /// Looks at every process that is new, and at some of the others: they may execute another program.
    /// Ten thousand of them take some tens of milliseconds of this thread alone.
    fn scan(&mut self, desk: &Desk<Vec<ProcessTarget>>, now: Instant) {
        self.scanned = Some(now);
        self.scan_wanted = false;
        let Ok(pids) = procfs::processes() else {
            return self.reporter.warn("cannot look through /proc".to_owned());
        };
        let present: BTreeSet<u32> = pids.collect();
        let known = std::mem::take(&mut self.known);
        for pid in present.difference(&known) {
            self.consider(desk, *pid);
        }
        let (earlier, later): (Vec<u32>, Vec<u32>) = present
            .intersection(&known)
            .partition(|pid| **pid <= self.turn);
        for pid in later.iter().chain(&earlier).take(LOOKS_PER_SCAN) {
            self.consider(desk, *pid);
            self.turn = *pid;
        }
        for object in &mut self.objects {
            object
                .alive
                .retain(|pid, token| token.is_some() || present.contains(pid));
        }
        self.known = present;
    }

    /// Looks at every process that is new, and at those born last: a shell may just have become the program.
    fn look_for_heirs(&mut self, desk: &Desk<Vec<ProcessTarget>>) {
        let Ok(pids) = procfs::processes() else {
            return;
        };
        let present: BTreeSet<u32> = pids.collect();
        let new: Vec<u32> = present.difference(&self.known).copied().collect();
        let known = present.iter().rev().filter(|pid| self.known.contains(pid));
        let last: Vec<u32> = known.take(LATELY_BORN).copied().collect();
        for pid in new.into_iter().chain(last) {
            self.consider(desk, pid);
        }
        self.known = present;
    }

    /// Looks at a process that is new, or is another program now.
    fn consider(&mut self, desk: &Desk<Vec<ProcessTarget>>, pid: u32) {
        self.sight.turn_to(pid);
        for position in 0..self.objects.len() {
            let Some(object) = self.objects.get(position) else {
                continue;
            };
            let counts = object.alive.contains_key(&pid);
            let is = self.sight.is(&object.target.pattern);
            match (counts, is) {
                (false, true) => self.admit(desk, position, pid),
                (true, false) => self.dismiss(position, pid),
                (true, true) | (false, false) => {}
            }
        }
    }

    /// Takes hold of a process, and looks once more at what it is: the id may have been another's.
    fn admit(&mut self, desk: &Desk<Vec<ProcessTarget>>, position: usize, pid: u32) {
        let Some(object) = self.objects.get_mut(position) else {
            return;
        };
        // Past the bound, and where the system has no descriptors left, it counts without one.
        let room = self.held.len() < MOST_HELD;
        let watched = match room.then(|| Watched::open(pid)) {
            Some(Ok(Some(watched))) => watched,
            Some(Ok(None)) => return,
            Some(Err(_)) | None => {
                object.alive.insert(pid, None);
                return;
            }
        };
        self.sight.turn_to(pid);
        if watched.has_ended() || !self.sight.is(&object.target.pattern) {
            return;
        }
        let token = self.next_token;
        self.next_token += 1;
        if desk
            .poller
            .add(watched.as_fd(), token, Interest::Read)
            .is_ok()
        {
            self.held.insert(token, (position, watched));
            object.alive.insert(pid, Some(token));
        } else {
            object.alive.insert(pid, None);
        }
    }

    fn dismiss(&mut self, position: usize, pid: u32) {
        let object = self.objects.get_mut(position);
        if let Some(Some(token)) = object.and_then(|object| object.alive.remove(&pid)) {
            self.held.remove(&token);
        }
    }

    /// A process that counts has ended; one of those that are not held takes its place in what is held.
    fn ended(&mut self, desk: &Desk<Vec<ProcessTarget>>, token: u64) {
        let Some((position, watched)) = self.held.remove(&token) else {
            return;
        };
        let Some(object) = self.objects.get_mut(position) else {
            return;
        };
        object.alive.remove(&watched.pid());
        self.has_ended = true;
        loop {
            let Some(object) = self.objects.get_mut(position) else {
                return;
            };
            let next = object.alive.iter().find(|(_, token)| token.is_none());
            let Some(pid) = next.map(|(pid, _)| *pid) else {
                return;
            };
            object.alive.remove(&pid);
            self.admit(desk, position, pid);
            let admitted = |object: &Object| object.alive.contains_key(&pid);
            if self.objects.get(position).is_some_and(admitted) {
                return;
            }
        }
    }

    fn take_events(&mut self, desk: &Desk<Vec<ProcessTarget>>) {
        for _ in 0..EVENTS_PER_TURN {
            let Some(events) = &self.events else {
                return;
            };
            match events.next() {
                Ok(None) => return,
                Ok(Some(ProcessEvent::Lost)) => self.want_whole_scan(),
                // Until it executes something a child is what its parent is.
                Ok(Some(ProcessEvent::Forked { parent, child })) => {
                    let counts = |object: &Object| object.alive.contains_key(&parent);
                    if self.objects.iter().any(counts) {
                        self.consider(desk, child);
                    }
                }
                Ok(Some(ProcessEvent::Executed(pid) | ProcessEvent::Renamed(pid))) => {
                    self.consider(desk, pid);
                }
                Err(error) => {
                    self.reporter.warn(error.to_string());
                    // Its descriptor would wake us for ever.
                    self.events = None;
                    self.want_whole_scan();
                }
            }
        }
    }

    /// Nobody knows what has happened meanwhile.
    fn want_whole_scan(&mut self) {
        self.scan_wanted = true;
        self.known.clear();
    }

    fn scan_is_wanted(&self) -> bool {
        let told = self.events.is_some();
        self.scan_wanted || self.objects.iter().any(|object| object.wants_scan(told))
    }

    fn report(&mut self) {
        for object in &mut self.objects {
            let count = object.alive.len();
            if object.reported != Some(count) {
                object.reported = Some(count);
                let seen = i32::try_from(count).unwrap_or(i32::MAX);
                self.reporter.observed(object.target.object.clone(), seen);
            }
        }
    }
}

impl Watcher<Vec<ProcessTarget>> for Processes {
    fn apply(&mut self, desk: &Desk<Vec<ProcessTarget>>, _: Occasion, targets: Vec<ProcessTarget>) {
        self.held.clear();
        self.known.clear();
        let before = std::mem::take(&mut self.objects);
        for target in targets {
            let known = before.iter().find(|object| {
                object.target.object == target.object && object.target.pattern == target.pattern
            });
            // A check may be another one to core that looks at the same.
            let known = known.filter(|known| !matches!(known.target.object, Tracked::Check(_)));
            self.objects.push(Object {
                target,
                alive: BTreeMap::new(),
                reported: known.and_then(|object| object.reported),
            });
        }
        self.scan(desk, super::now());
    }

    fn attend(&mut self, desk: &Desk<Vec<ProcessTarget>>, token: u64) {
        match token {
            EVENTS_TOKEN => self.take_events(desk),
            token => self.ended(desk, token),
        }
    }

    /// Before an end is reported /proc is looked through for what has taken the place of the process; the whole of
    /// it, which takes longer, only afterwards.
    fn settle(&mut self, desk: &Desk<Vec<ProcessTarget>>, now: Instant) {
        if self.next_due().is_some_and(|due| due <= now) {
            if std::mem::take(&mut self.has_ended) {
                self.look_for_heirs(desk);
                self.report();
            }
            self.scan(desk, now);
        }
        self.has_ended = false;
        self.report();
    }

    fn next_due(&self) -> Option<Instant> {
        let scanned = self.scanned.unwrap_or(Instant(0));
        self.scan_is_wanted().then_some(scanned + POLL_PERIOD)
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    use standfast_config::{LoadOptions, MemorySource, NoEnvironment, load};
    use standfast_core::Input;
    use standfast_linux::poller::Waker;

    use super::super::{Targets, Watchers};
    use super::*;
    use crate::log::Logger;
    use crate::options::LogTarget;

    /// A copy of sleep(1) under a name that nothing else has; its processes end with it.
    struct Program {
        path: std::path::PathBuf,
        running: Vec<Child>,
    }

    impl Program {
        fn new(tag: &str) -> Self {
            let name = format!("sft{tag}{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::copy("/bin/sleep", &path).unwrap();
            Program {
                path,
                running: Vec::new(),
            }
        }

        fn name(&self) -> String {
            self.path.file_name().unwrap().to_str().unwrap().to_owned()
        }

        fn spawn(&mut self) {
            let child = Command::new(&self.path).arg("100").spawn().unwrap();
            self.running.push(child);
        }

        fn kill(&mut self) {
            let mut child = self.running.pop().unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    impl Drop for Program {
        fn drop(&mut self) {
            while !self.running.is_empty() {
                self.kill();
            }
            let _ = std::fs::remove_file(&self.path);
        }
    }

    fn target(name: &str, options: &str) -> ProcessTarget {
        let text = format!("vrrp_track_process p {{\n process {name}\n{options}\n}}\n");
        let source = MemorySource::with("/k.conf", text.as_str());
        let options = LoadOptions::default();
        let loaded = load(&["/k.conf".into()], &source, &NoEnvironment, &options);
        let process = loaded.config.track_processes.first().unwrap();
        ProcessTarget {
            object: Tracked::Process("p".into()),
            pattern: Pattern::new(process),
            least: u32::from(process.quorum),
            most: process.quorum_max.map(u32::from),
        }
    }

    fn watchers(target: ProcessTarget) -> Watchers {
        let logger = Logger::start(LogTarget::SILENT, "test").unwrap();
        let mut watchers = Watchers::new(logger, Waker::new().unwrap());
        let targets = Targets {
            files: Vec::new(),
            processes: vec![target],
        };
        watchers.apply(Occasion::Start, targets);
        watchers
    }

    /// Waits until so many have been seen.
    #[track_caller]
    fn sees(watchers: &Watchers, wanted: i32) {
        let end = Instant::now() + Duration::from_secs(20);
        let mut last = None;
        while Instant::now() < end {
            match watchers.next_result() {
                Some(Input::Observed { seen, .. }) if seen == wanted => return,
                Some(Input::Observed { seen, .. }) => last = Some(seen),
                _ => std::thread::sleep(Duration::from_millis(2)),
            }
        }
        panic!("{wanted} were not seen, but {last:?}");
    }

    /// By events where this process may have them, else by looking through /proc.
    #[test]
    fn births_and_ends_are_counted() {
        let mut program = Program::new("a");
        let watchers = watchers(target(&program.name(), "quorum 3"));
        sees(&watchers, 0);
        program.spawn();
        sees(&watchers, 1);
        program.spawn();
        sees(&watchers, 2);
        program.kill();
        sees(&watchers, 1);
        program.kill();
        sees(&watchers, 0);
    }

    #[test]
    fn a_process_that_becomes_another_program_is_counted_from_then_on() {
        let mut program = Program::new("b");
        let watchers = watchers(target(&program.name(), ""));
        sees(&watchers, 0);
        let script = format!("sleep 1; exec {} 100", program.path.display());
        let child = Command::new("sh").args(["-c", &script]).spawn().unwrap();
        program.running.push(child);
        sees(&watchers, 1);
        program.kill();
        sees(&watchers, 0);
    }
}
