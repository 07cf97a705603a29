//! The journal on disk: what happened, across restarts, bounded, and safe from crashes.
//!
//! ```text
//!   VRRP loop ──entries──▶ keeper (a thread): number, time, ──▶ files ──▶ disk (a thread)
//!   (never waits)                             then memory ──▶ pages, followers (the asker's thread)
//! ```
//!
//! The format of the files is [`standfast_api::line`]; docs/events.md is its description for operators.

mod follower;
mod keeper;
mod place;
mod recent;
mod segments;
mod store;

#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use standfast_api::event::{Page, Query, Record};
use standfast_api::metrics::Journal;
use standfast_api::record::Daemon;
use standfast_core::journal::Entry;
use standfast_linux::{Error, Object};
use tokio::sync::watch;

use crate::log::Logger;
use keeper::{Keeper, Retry};
use recent::{Part, Recent};
use store::Store;

pub use follower::{Ended, Follower, Next};
pub(crate) use place::Place;
pub use place::default_directory;

/// Records that are held in memory, so that reading recent ones needs no disk.
const RECENT: usize = 2048;
/// Entries that may wait for the keeper; more are counted and lost. A thousand instances that fail over at once make ten each.
const QUEUE: usize = 16 * 1024;
/// So long a stopping daemon waits for its last entries.
const CLOSE: Duration = Duration::from_secs(1);

/// Where the journal is kept, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Its folder; none: in memory only.
    pub(crate) directory: Option<PathBuf>,
    /// Bytes of all files together.
    pub(crate) size: u64,
}

/// What the keeper is told.
enum Message {
    Entry(Entry),
    /// Time set, without a number.
    Record(Box<Record>),
    Settings(Settings),
    /// The run ends in good order; answered when everything is on the disk.
    Close(SyncSender<()>),
}

/// What the keeper and everybody who reads have in common.
#[derive(Default)]
struct Shared {
    recent: Mutex<Recent>,
    /// The number of the newest record, for those who wait for more.
    newest: watch::Sender<u64>,
    /// Where older records are.
    directory: Mutex<Option<PathBuf>>,
    /// The number of the oldest record on disk; 0: none.
    oldest: AtomicU64,
    /// Bytes of its files.
    bytes: AtomicU64,
    waiting: AtomicUsize,
    /// Entries that were lost and not told of yet.
    lost: AtomicU64,
    /// Entries of this run that were lost, and those of earlier ones that did not survive.
    lost_ever: AtomicU64,
}

/// The journal.
#[derive(Clone)]
pub struct Chronicle {
    messages: Sender<Message>,
    shared: Arc<Shared>,
}

impl Chronicle {
    /// Starts the keeper; it ends with the last handle.
    pub(crate) fn start(settings: Settings, logger: Logger) -> Result<Self, Error> {
        Chronicle::start_with(settings, Retry::default(), logger)
    }

    fn start_with(settings: Settings, retry: Retry, logger: Logger) -> Result<Self, Error> {
        let (messages, queue) = channel();
        let shared = Arc::new(Shared::default());
        let started = Keeper::new(Arc::clone(&shared), settings, retry, logger);
        started
            .and_then(|keeper| {
                let thread = thread::Builder::new().name("journal".into());
                thread
                    .stack_size(256 * 1024)
                    .spawn(move || keeper.run(&queue))
            })
            .map_err(|error| Error {
                operation: "start",
                object: Object::Named("journal thread"),
                errno: error.into(),
            })?;
        Ok(Chronicle { messages, shared })
    }

    /// Takes an entry of the core; never waits.
    pub(crate) fn tell(&self, entry: Entry) {
        self.submit(Message::Entry(entry));
    }

    /// Takes what the daemon has to say of itself; never waits.
    pub(crate) fn say(&self, what: &Daemon) {
        self.submit(Message::Record(Box::new(keeper::now(what))));
    }

    fn submit(&self, message: Message) {
        if self.shared.waiting.fetch_add(1, Ordering::Relaxed) < QUEUE {
            // The keeper lives as long as its handles.
            let _ = self.messages.send(message);
        } else {
            self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Other settings are in force.
    pub(crate) fn settle(&self, settings: Settings) {
        let _ = self.messages.send(Message::Settings(settings));
    }

    /// The run has ended in good order. Waits for the disk, with a bound.
    pub(crate) fn close(&self) {
        let (done, closed) = sync_channel(1);
        if self.messages.send(Message::Close(done)).is_ok() {
            let _ = closed.recv_timeout(CLOSE);
        }
    }

    /// A part of the journal. Recent records come from memory; older ones block for the disk, so the VRRP loop must not ask.
    pub fn page(&self, query: &Query) -> io::Result<Page> {
        let mut query = query.clone();
        let part = self.shared.part(&mut query);
        let older = match self.shared.older(&part, &query) {
            Some((directory, older)) => segments::page(&directory, &older, part.from)?,
            None => Page::default(),
        };
        Ok(self.shared.joined(older, part, query.limit))
    }

    /// The same where memory holds all of it; never blocks.
    pub fn remembered(&self, query: &Query) -> Option<Page> {
        let mut query = query.clone();
        let part = self.shared.part(&mut query);
        match self.shared.older(&part, &query) {
            Some(_) => None,
            None => Some(self.shared.joined(Page::default(), part, query.limit)),
        }
    }

    /// How much it holds.
    pub fn holds(&self) -> Journal {
        let recent = self.shared.recent();
        let (newest, first) = (recent.newest, recent.first());
        drop(recent);
        let oldest = self.shared.oldest(first);
        Journal {
            entries: newest.saturating_add(1).saturating_sub(oldest),
            bytes: self.shared.bytes.load(Ordering::Relaxed),
            lost: self.shared.lost_ever.load(Ordering::Relaxed),
        }
    }

    /// Waits for what comes after a number, or after what there is now.
    pub fn follow(&self, after: Option<u64>) -> Follower {
        Follower::new(self.clone(), after)
    }
}

impl Shared {
    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What memory holds of an answer; a number that this journal has not given yet means all of this run.
    fn part(&self, query: &mut Query) -> Part {
        let recent = self.recent();
        if query.after.is_some_and(|after| after > recent.newest) {
            query.after = Some(recent.run.saturating_sub(1));
        }
        recent.page(query)
    }

    /// Where to look for what memory does not hold of an answer, and what to look for there.
    fn older(&self, part: &Part, query: &Query) -> Option<(PathBuf, Query)> {
        let wants_older = match query.is_newest() {
            true => part.records.len() < query.limit,
            false => query
                .after
                .is_none_or(|after| after.saturating_add(1) < part.from),
        };
        let has_older = self.oldest(part.from) < part.from;
        let directory = self.directory().filter(|_| wants_older && has_older)?;
        let mut older = query.clone();
        if query.is_newest() {
            older.limit = query.limit.saturating_sub(part.records.len());
        }
        Some((directory, older))
    }

    /// What was in the files, and after that what is in memory.
    fn joined(&self, mut page: Page, part: Part, limit: usize) -> Page {
        page.oldest = self.oldest(part.from);
        let room = limit.saturating_sub(page.records.len());
        page.more |= part.more || part.records.len() > room;
        let records = part.records.iter().take(room);
        page.records
            .extend(records.map(|record| Record::clone(record)));
        page
    }

    fn directory(&self) -> Option<PathBuf> {
        let directory = self.directory.lock();
        directory.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_directory(&self, place: Option<PathBuf>) {
        let directory = self.directory.lock();
        *directory.unwrap_or_else(PoisonError::into_inner) = place;
    }

    fn measure(&self, store: &Store) {
        self.oldest.store(store.oldest(), Ordering::Relaxed);
        self.bytes.store(store.bytes(), Ordering::Relaxed);
    }

    /// The number of the oldest record, on disk or in memory.
    fn oldest(&self, in_memory: u64) -> u64 {
        match self.oldest.load(Ordering::Relaxed) {
            0 => in_memory,
            on_disk => on_disk.min(in_memory),
        }
    }
}

/// A part of a journal that nobody writes just now, such as that of a daemon that does not run. Blocks for the disk.
pub fn read(directory: &Path, query: &Query) -> io::Result<Page> {
    segments::page(directory, query, u64::MAX)
}
