//! The thread that keeps the journal: numbers, times, files, and whoever follows.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use standfast_api::event::Record;
use standfast_api::record::{Daemon, record};
use standfast_core::journal::Entry;
use standfast_linux::clock::{monotonic, realtime};

use super::recent::Again;
use super::store::{Found, NotOpened, Store};
use super::{Message, Settings, Shared};
use crate::log::Logger;

/// Records that are written at once.
pub(super) const BATCH: usize = 256;
/// Characters of a record's sentence and of what a check printed; more is cut off, so that lines have a bound.
const LONGEST_TEXT: usize = 4096;

/// How often a folder that cannot be used is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    /// Its disk could not be written.
    pub(super) failed: Duration,
    /// Another daemon has it: our predecessor, which is about to end.
    pub(super) taken: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Retry {
            failed: Duration::from_secs(10),
            taken: Duration::from_secs(1),
        }
    }
}

/// What the thread knows.
pub(super) struct Keeper {
    shared: Arc<Shared>,
    settings: Settings,
    retry: Retry,
    logger: Logger,
    store: Option<Store>,
    syncer: Syncer,
    /// The disk cannot be written, and that was said.
    in_trouble: bool,
    next_try: Option<Instant>,
    /// What was found of earlier runs has been judged.
    introduced: bool,
    /// The folder that this run has written to last.
    joined: Option<PathBuf>,
}

impl Keeper {
    pub(super) fn new(
        shared: Arc<Shared>,
        settings: Settings,
        retry: Retry,
        logger: Logger,
    ) -> io::Result<Self> {
        Ok(Keeper {
            shared,
            settings,
            retry,
            logger,
            store: None,
            syncer: Syncer::start()?,
            in_trouble: false,
            next_try: None,
            introduced: false,
            joined: None,
        })
    }

    /// Until the last sender is gone.
    pub(super) fn run(mut self, messages: &Receiver<Message>) {
        self.open();
        self.say(&Daemon::Started {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
        });
        loop {
            match messages.recv_timeout(self.patience()) {
                Ok(message) => self.take(message, messages),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.next_try.is_some_and(|due| due <= Instant::now()) {
                self.open();
            }
        }
    }

    fn patience(&self) -> Duration {
        let rest = self
            .next_try
            .map(|due| due.saturating_duration_since(Instant::now()));
        rest.unwrap_or(Duration::from_secs(3600))
    }

    /// This message and those that wait behind it.
    fn take(&mut self, first: Message, messages: &Receiver<Message>) {
        let mut records = Vec::new();
        let mut others = Vec::new();
        let waiting = std::iter::once(first).chain(messages.try_iter());
        for message in waiting.take(BATCH) {
            match message {
                Message::Entry(entry) => {
                    self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
                    records.push(dated(&entry));
                }
                Message::Record(record) => {
                    self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
                    records.push(*record);
                }
                other => {
                    // Not before what came before it.
                    others.push(other);
                    break;
                }
            }
        }
        let lost = self.shared.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            self.shared.lost_ever.fetch_add(lost, Ordering::Relaxed);
            records.push(now(&Daemon::EntriesLost(lost)));
        }
        self.keep(records);
        for other in others {
            match other {
                Message::Settings(settings) => self.settle(settings),
                Message::Close(done) => self.close(&done),
                Message::Entry(_) | Message::Record(_) => {}
            }
        }
    }

    fn settle(&mut self, settings: Settings) {
        if settings != self.settings {
            self.settings = settings;
            self.store = None;
            self.in_trouble = false;
            self.open();
        }
    }

    fn close(&mut self, done: &SyncSender<()>) {
        self.say(&Daemon::Stopped);
        if let Some(file) = self.store.as_ref().and_then(Store::file) {
            // Nobody is left to be told.
            let _ = file.sync_data();
        }
        // The next run may begin before this process has ended.
        self.settings.directory = None;
        self.store = None;
        let _ = done.try_send(());
    }

    fn say(&mut self, what: &Daemon) {
        self.keep(vec![now(what)]);
    }

    /// Numbers records, writes them, and shows them to everybody.
    fn keep(&mut self, records: Vec<Record>) {
        let records: Vec<Arc<Record>> = {
            let mut recent = self.shared.recent();
            let first = recent.newest + 1;
            if recent.run == 0 {
                recent.run = first;
            }
            let numbered = records.into_iter().zip(first..).map(|(mut record, seq)| {
                record.seq = seq;
                bound(&mut record.text);
                record.output.as_mut().map(bound);
                Arc::new(record)
            });
            numbered.collect()
        };
        let Some(newest) = records.last().map(|record| record.seq) else {
            return;
        };
        // On its way to the disk first: what anybody has seen survives a kill.
        let trouble = self.write(&records).err();
        let mut recent = self.shared.recent();
        records.into_iter().for_each(|record| recent.push(record));
        drop(recent);
        self.shared.newest.send_replace(newest);
        if let Some(error) = trouble {
            self.lose(&error);
        }
    }

    fn write(&mut self, records: &[Arc<Record>]) -> io::Result<()> {
        let Some(store) = &mut self.store else {
            return Ok(());
        };
        if self.syncer.has_failed() {
            return Err(io::Error::other("it could not be brought to the disk"));
        }
        store.append(records)?;
        self.shared.measure(store);
        self.syncer.sync(store.file());
        Ok(())
    }

    /// Goes on in memory.
    fn lose(&mut self, why: &dyn std::fmt::Display) {
        self.store = None;
        self.next_try = Some(Instant::now() + self.retry.failed);
        if !std::mem::replace(&mut self.in_trouble, true) {
            let place = self.settings.directory.as_deref();
            let place = place.unwrap_or_else(|| "".as_ref()).display();
            self.announce(&Daemon::MemoryOnly(format!("{place}: {why}")));
        }
    }

    /// In the log and in the journal.
    fn announce(&mut self, what: &Daemon) {
        let level = match what.level() {
            standfast_api::event::Level::Info => standfast_core::journal::Level::Info,
            _ => standfast_core::journal::Level::Warning,
        };
        self.logger.log(level, what.to_string());
        self.say(what);
    }

    /// Tries to go on on disk.
    fn open(&mut self) {
        self.next_try = None;
        let Some(directory) = &self.settings.directory else {
            return;
        };
        match Store::open(directory, self.settings.size) {
            Ok((store, found)) => self.go_on(store, found),
            Err(error) => {
                self.lose(&error);
                if matches!(error, NotOpened::Taken) {
                    self.next_try = Some(Instant::now() + self.retry.taken);
                }
            }
        }
    }

    fn go_on(&mut self, mut store: Store, found: Found) {
        let Found {
            recent,
            last,
            cut,
            damaged,
        } = found;
        let ended_well = recent.last().is_none_or(|record| record.kind == "stopped");
        let directory = self.settings.directory.clone();
        let again = match &self.joined {
            None => Again::First,
            known if *known == directory => Again::Same,
            Some(_) => Again::Other,
        };
        let (missed, lost) = self.shared.recent().join(recent, last, again);
        self.joined.clone_from(&directory);
        let written = store.append(&missed);
        self.syncer.sync(store.file());
        self.shared.measure(&store);
        self.store = Some(store);
        if let Err(error) = written {
            return self.lose(&error);
        }
        self.shared.set_directory(directory);
        self.shared.lost_ever.fetch_add(lost, Ordering::Relaxed);
        if !std::mem::replace(&mut self.introduced, true) {
            let gone = damaged + u64::from(cut > 0);
            self.shared.lost_ever.fetch_add(gone, Ordering::Relaxed);
            let judged = [
                (cut > 0).then_some(Daemon::TailCut(cut)),
                (damaged > 0).then_some(Daemon::LinesDamaged(damaged)),
                (!ended_well).then_some(Daemon::EndedBadly),
            ];
            judged.iter().flatten().for_each(|what| self.announce(what));
        }
        if std::mem::take(&mut self.in_trouble) {
            self.announce(&Daemon::OnDiskAgain(lost));
        }
    }
}

/// The core's clock is the monotonic one.
fn dated(entry: &Entry) -> Record {
    let age = monotonic().0.saturating_sub(entry.at.0);
    let mut record = record(entry);
    record.at_us = realtime().0.saturating_sub(age);
    record
}

pub(super) fn now(what: &Daemon) -> Record {
    let mut record = what.record();
    record.at_us = realtime().0;
    record
}

fn bound(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
        text.truncate(end);
    }
}

/// Brings files to the disk, so that records go on being written meanwhile.
struct Syncer {
    slot: Arc<Slot>,
}

/// What the thread has to do.
#[derive(Default)]
struct Slot {
    wanted: Mutex<Wanted>,
    changed: Condvar,
    failed: AtomicBool,
}

#[derive(Default)]
struct Wanted {
    /// The file that is written: an earlier one was synchronised when it was closed.
    file: Option<Arc<File>>,
    ended: bool,
}

impl Syncer {
    fn start() -> io::Result<Self> {
        let slot = Arc::new(Slot::default());
        let theirs = Arc::clone(&slot);
        thread::Builder::new()
            .name("journal-sync".into())
            .stack_size(64 * 1024)
            .spawn(move || theirs.work())?;
        Ok(Syncer { slot })
    }

    /// Soon: everything that was written before now.
    fn sync(&self, file: Option<Arc<File>>) {
        self.slot.wanted().file = file;
        self.slot.changed.notify_one();
    }

    fn has_failed(&self) -> bool {
        self.slot.failed.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.slot.wanted().ended = true;
        self.slot.changed.notify_one();
    }
}

impl Slot {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        loop {
            let idle = |wanted: &mut Wanted| wanted.file.is_none() && !wanted.ended;
            let waited = self.changed.wait_while(self.wanted(), idle);
            let file = waited.unwrap_or_else(PoisonError::into_inner).file.take();
            let Some(file) = file else { return };
            if file.sync_data().is_err() {
                self.failed.store(true, Ordering::Relaxed);
            }
        }
    }
}
