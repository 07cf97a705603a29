//! Whoever waits for what happens next.

use std::io;

use standfast_api::event::{Page, Query};
use tokio::sync::watch;

use super::Chronicle;

/// Records that a follower gets at once.
const BATCH: usize = 256;

/// Waits for records. It holds none, so a slow one costs nothing; one that is far behind reads from the disk.
pub struct Follower {
    chronicle: Chronicle,
    newest: watch::Receiver<u64>,
    /// The number of the last record that it had.
    after: u64,
}

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

    /// The next records, at least one, as soon as there are any. Blocks for the disk where it is far behind.
    pub async fn next(&mut self) -> io::Result<Page> {
        loop {
            // Marked as seen first: what comes during the look wakes again.
            self.newest.borrow_and_update();
            let page = self.chronicle.page(&Query::after(self.after, BATCH))?;
            if let Some(last) = page.records.last() {
                self.after = last.seq;
                return Ok(page);
            }
            if self.newest.changed().await.is_err() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
    }
}
