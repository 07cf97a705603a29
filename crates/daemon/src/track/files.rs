//! Numbers in files (`track_file`).
//!
//! The directories are watched, not the files, so that a file that is replaced by renaming another one
//! over it is seen like one that is written. A file that is missing or empty counts as 0, but only
//! after a second look: whoever saves a file anew removes or empties it first.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use standfast_core::spec::Tracked;
use standfast_core::{Instant, Micros};
use standfast_linux::inotify::{DirectoryEvent, Inotify, WatchId};
use standfast_linux::poller::Interest;
use standfast_linux::{Error, files};

use super::number::{Number, number};
use super::{Desk, Occasion, POLL_PERIOD, Reporter, Watcher, earlier};

/// As much of a file as can be a number, and what stands before it.
const FILE_BYTES: u64 = 128;
/// A file is read at most this often, and the last change is never the one that is not seen.
const LEAST_PERIOD: Micros = Micros::from_millis(50);
/// A file that is not there, or empty, may be about to be written: it has to stay so for this long,
const SECOND_LOOK: Micros = Micros::from_millis(100);
/// or to be found so for this long while it is written again and again.
const LONGEST_DOUBT: Micros = Micros::from_secs(1);
const INOTIFY_TOKEN: u64 = 1;

/// One `track_file` block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileTarget {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) initial: Option<InitialNumber>,
}

/// `init_file`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InitialNumber {
    pub(crate) value: i32,
    pub(crate) overwrite: bool,
}

pub(super) struct Files {
    /// None where the system has no more of them: then files are read once a second.
    inotify: Option<Inotify>,
    all: Vec<Watched>,
    reporter: Reporter,
}

/// One file.
struct Watched {
    target: FileTarget,
    /// Its directory, and that of what it is a symbolic link to.
    directories: BTreeSet<WatchId>,
    reported: Option<i32>,
    /// It is missing or empty since then.
    doubted: Option<Instant>,
    /// Something has happened to it since the last look.
    stirred: bool,
    looked: Option<Instant>,
    next_look: Option<Instant>,
    /// What was last complained of, so that it is said once.
    complaint: Option<String>,
}

/// What one look found.
enum Look {
    /// A number, or what counts as one.
    Number(i32),
    /// There is nothing to read.
    Nothing,
    /// Something, and no number, which counts as 0.
    NoNumber(String),
    /// Nothing that counts: the last number stays.
    Useless(String),
}

impl Files {
    pub(super) fn new(desk: &Desk<Vec<FileTarget>>, reporter: Reporter) -> Self {
        let open = || -> Result<Inotify, Error> {
            let inotify = Inotify::new()?;
            desk.poller
                .add(inotify.as_fd(), INOTIFY_TOKEN, Interest::Read)?;
            Ok(inotify)
        };
        let complain =
            |error: &Error| reporter.warn(format!("{error}: tracked files are read once a second"));
        Files {
            inotify: open().inspect_err(complain).ok(),
            all: Vec::new(),
            reporter,
        }
    }

    /// Directories that no file needs any more.
    fn forget_directories(&self, before: &BTreeSet<WatchId>) {
        let needed: BTreeSet<WatchId> = self.directories();
        for watch in before.difference(&needed) {
            if let Some(inotify) = &self.inotify {
                inotify.forget(*watch);
            }
        }
    }

    fn directories(&self) -> BTreeSet<WatchId> {
        let all = self.all.iter().flat_map(|file| &file.directories);
        all.copied().collect()
    }
}

impl Watcher<Vec<FileTarget>> for Files {
    fn apply(&mut self, _: &Desk<Vec<FileTarget>>, occasion: Occasion, targets: Vec<FileTarget>) {
        let watched = self.directories();
        let mut before = std::mem::take(&mut self.all);
        for target in targets {
            let known = before.iter().position(|file| file.target == target);
            let mut file = match known {
                Some(position) => before.swap_remove(position),
                None => {
                    initialize(&target, occasion, &self.reporter);
                    Watched::new(target)
                }
            };
            file.next_look = Some(Instant(0));
            self.all.push(file);
        }
        self.forget_directories(&watched);
    }

    fn attend(&mut self, _: &Desk<Vec<FileTarget>>, _: u64) {
        let mut events = Vec::new();
        if let Some(inotify) = &self.inotify {
            while matches!(inotify.read(&mut events), Ok(true)) {}
        }
        for file in &mut self.all {
            if events.iter().any(|event| file.is_concerned(event)) {
                file.look_soon();
            }
        }
    }

    fn settle(&mut self, _: &Desk<Vec<FileTarget>>, now: Instant) {
        let before = self.directories();
        for file in &mut self.all {
            if file.next_look.is_some_and(|due| due <= now) {
                file.look(now, self.inotify.as_ref(), &self.reporter);
            }
        }
        self.forget_directories(&before);
    }

    fn next_due(&self) -> Option<Instant> {
        self.all.iter().filter_map(|file| file.next_look).min()
    }
}

/// `init_file`: at the start of the daemon an existing file may be overwritten, later it is only made
/// where there is none, as a number may stand for something by then.
fn initialize(target: &FileTarget, occasion: Occasion, reporter: &Reporter) {
    let Some(initial) = target.initial else {
        return;
    };
    let overwrite = initial.overwrite && occasion == Occasion::Start;
    if !overwrite && target.path.exists() {
        return;
    }
    if let Err(error) = files::write(&target.path, &format!("{}\n", initial.value)) {
        let path = target.path.display();
        reporter.warn(format!(
            "track file {}: cannot write {path}: {error}",
            target.name
        ));
    }
}

impl Watched {
    fn new(target: FileTarget) -> Self {
        Watched {
            target,
            directories: BTreeSet::new(),
            reported: None,
            doubted: None,
            stirred: false,
            looked: None,
            next_look: None,
            complaint: None,
        }
    }

    fn is_concerned(&self, event: &DirectoryEvent) -> bool {
        match event {
            // The name may be that of the file or of anything on the way to what it is a link to.
            DirectoryEvent::Changed(watch, name) => {
                self.directories.contains(watch)
                    && (self.directories.len() > 1 || self.file_name() == *name)
            }
            DirectoryEvent::Gone(watch) => self.directories.contains(watch),
            DirectoryEvent::Lost => true,
        }
    }

    fn file_name(&self) -> OsString {
        let name = self.target.path.file_name();
        name.unwrap_or_default().to_owned()
    }

    fn look_soon(&mut self) {
        self.stirred = true;
        let at = self
            .looked
            .map_or(Instant(0), |looked| looked + LEAST_PERIOD);
        self.next_look = earlier(self.next_look, at);
    }

    fn look(&mut self, now: Instant, inotify: Option<&Inotify>, reporter: &Reporter) {
        self.looked = Some(now);
        let stirred = std::mem::take(&mut self.stirred);
        // Watched before it is read: a change in between is told.
        self.next_look = match self.watch(inotify) {
            true => None,
            false => Some(now + POLL_PERIOD),
        };
        let known = self.reported;
        let seen = match read(&self.target.path) {
            Look::Number(number) => {
                self.complaint = None;
                number
            }
            Look::Nothing if self.is_doubtful(now, stirred) => {
                self.next_look = earlier(self.next_look, now + SECOND_LOOK);
                return;
            }
            Look::Nothing => 0,
            Look::NoNumber(text) => {
                let why = format!("{text} is no number: it counts as 0, as in keepalived");
                self.complain(why, reporter);
                0
            }
            Look::Useless(why) => {
                self.complain(why, reporter);
                known.unwrap_or(0)
            }
        };
        self.doubted = None;
        if known != Some(seen) {
            self.reported = Some(seen);
            reporter.observed(Tracked::File(self.target.name.clone()), seen);
        }
    }

    /// Whether a file with nothing in it may get its number back in a moment.
    fn is_doubtful(&mut self, now: Instant, stirred: bool) -> bool {
        let first = self.doubted.is_none();
        let since = *self.doubted.get_or_insert(now);
        let counted = self.reported.is_some_and(|reported| reported != 0);
        counted && (first || stirred) && now.since(since) < LONGEST_DOUBT
    }

    fn complain(&mut self, why: String, reporter: &Reporter) {
        if self.complaint.as_ref() != Some(&why) {
            reporter.warn(format!("track file {}: {why}", self.target.name));
            self.complaint = Some(why);
        }
    }

    /// Watches the directories again, which may be other ones by now; false where the kernel will not
    /// tell of everything.
    fn watch(&mut self, inotify: Option<&Inotify>) -> bool {
        let Some(inotify) = inotify else {
            return false;
        };
        let path = &self.target.path;
        let target = path.canonicalize().ok();
        let paths = [Some(path.as_path()), target.as_deref()];
        let mut told = true;
        self.directories.clear();
        for directory in paths.into_iter().flatten().map(directory_of) {
            match inotify.watch(directory) {
                Ok(watch) => drop(self.directories.insert(watch)),
                Err(_) => told = false,
            }
            told &= files::tells_changes(directory);
        }
        told
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        None => Path::new("/"),
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
    }
}

fn read(path: &Path) -> Look {
    match files::read_beginning(path, FILE_BYTES) {
        Ok(bytes) if bytes.is_empty() => Look::Nothing,
        Ok(bytes) => match number(&bytes) {
            Number::Is(number) => Look::Number(number),
            Number::None if bytes.trim_ascii().is_empty() => Look::Number(0),
            Number::None => Look::NoNumber(first_line(&bytes)),
            Number::TooLarge => Look::Useless(format!(
                "Invalid number {} read from {} - ignoring",
                first_line(&bytes),
                path.display()
            )),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Look::Nothing,
        Err(error) => Look::Useless(format!("cannot read {}: {error}", path.display())),
    }
}

fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().next().unwrap_or_default();
    line.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::{Receiver, channel};

    use standfast_core::Input;
    use standfast_linux::poller::Waker;

    use super::*;
    use crate::log::Logger;
    use crate::options::LogTarget;

    const NONE: [i32; 0] = [];

    struct Bench {
        file: Watched,
        reporter: Reporter,
        results: Receiver<Input<'static>>,
        now: Instant,
    }

    impl Bench {
        fn new(tag: &str) -> Self {
            let (report, results) = channel();
            let name = format!("standfast-number-{tag}-{}", std::process::id());
            let target = FileTarget {
                name: "f".into(),
                path: std::env::temp_dir().join(name),
                initial: None,
            };
            Bench {
                file: Watched::new(target),
                reporter: Reporter {
                    report,
                    done: Waker::new().unwrap(),
                    logger: Logger::start(LogTarget::SILENT, "test").unwrap(),
                },
                results,
                now: Instant(0),
            }
        }

        fn write(&mut self, text: &str) {
            fs::write(&self.file.target.path, text).unwrap();
            self.file.look_soon();
        }

        fn remove(&mut self) {
            fs::remove_file(&self.file.target.path).unwrap();
            self.file.look_soon();
        }

        /// Time passes; what has been reported then.
        fn after(&mut self, millis: u64) -> Vec<i32> {
            self.now = self.now + Micros::from_millis(millis);
            self.file.look(self.now, None, &self.reporter);
            let seen = |input| match input {
                Input::Observed { seen, .. } => seen,
                other => panic!("{other:?}"),
            };
            self.results.try_iter().map(seen).collect()
        }
    }

    impl Drop for Bench {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.file.target.path);
        }
    }

    #[test]
    fn a_missing_file_is_0_at_once_and_a_number_too() {
        let mut bench = Bench::new("first");
        assert_eq!(bench.after(0), [0]);
        bench.write("5");
        assert_eq!(bench.after(20), [5]);
        assert_eq!(bench.after(20), NONE);
    }

    #[test]
    fn a_file_that_is_written_anew_is_never_taken_for_an_empty_one() {
        let mut bench = Bench::new("anew");
        bench.write("50");
        assert_eq!(bench.after(0), [50]);
        for _ in 0..100 {
            bench.write("");
            assert_eq!(bench.after(20), NONE);
            bench.remove();
            assert_eq!(bench.after(20), NONE);
            bench.write("50");
            assert_eq!(bench.after(20), NONE);
        }
    }

    #[test]
    fn a_file_that_stays_away_counts_as_0() {
        let mut bench = Bench::new("away");
        bench.write("50");
        assert_eq!(bench.after(0), [50]);
        bench.remove();
        assert_eq!(bench.after(20), NONE);
        assert_eq!(bench.after(100), [0]);
    }

    #[test]
    fn a_file_that_is_emptied_again_and_again_counts_as_0_in_the_end() {
        let mut bench = Bench::new("churn");
        bench.write("50");
        assert_eq!(bench.after(0), [50]);
        let mut seen = Vec::new();
        for _ in 0..60 {
            bench.write("");
            seen.extend(bench.after(20));
        }
        assert_eq!(seen, [0]);
    }

    #[test]
    fn a_number_that_fits_nowhere_changes_nothing() {
        let mut bench = Bench::new("large");
        bench.write("7");
        assert_eq!(bench.after(0), [7]);
        bench.write("99999999999");
        assert_eq!(bench.after(20), NONE);
        bench.write("x");
        assert_eq!(bench.after(20), [0]);
    }
}
