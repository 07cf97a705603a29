//! Whoever waits for what happens next.

use standfast_api::event::{Page, Query};
use tokio::sync::watch;

use super::Chronicle;

/// Records that a follower gets at once.
const BATCH: usize = 256;

/// Waits for records. It holds none, so a slow one costs nothing.
pub struct Follower {
    chronicle: Chronicle,
    newest: watch::Receiver<u64>,
    /// The number of the last record that it had.
    after: u64,
}

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// These, at least one.
    Records(Page),
    /// Records after this number that are in the files only: [`Chronicle::page`] has them, which blocks for the disk.
    OnDisk {
        /// The number of the last record that the follower had.
        after: u64,
    },
}

/// There will be no more records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended;

impl Follower {
    pub(super) fn new(chronicle: Chronicle, after: Option<u64>) -> Self {
        let mut newest = chronicle.shared.newest.subscribe();
        let present = *newest.borrow_and_update();
        Follower {
            chronicle,
            newest,
            after: after.unwrap_or(present),
        }
    }

    /// What comes next, as soon as there is anything. It never blocks, and who stops waiting misses nothing.
    pub async fn next(&mut self) -> Result<Next, Ended> {
        loop {
            // Marked as seen first: what comes during the look wakes again.
            self.newest.borrow_and_update();
            let after = self.after;
            let Some(page) = self.chronicle.remembered(&Query::after(after, BATCH)) else {
                return Ok(Next::OnDisk { after });
            };
            if let Some(last) = page.records.last() {
                self.after = last.seq;
                return Ok(Next::Records(page));
            }
            self.newest.changed().await.map_err(|_| Ended)?;
        }
    }

    /// Whoever follows has read the files up to that number. Where they had nothing, it goes on with what is in memory.
    pub fn reached(&mut self, number: u64) {
        self.after = match number > self.after {
            true => number,
            false => {
                let first = self.chronicle.shared.recent().first();
                self.after.max(first.saturating_sub(1))
            }
        };
    }
}
