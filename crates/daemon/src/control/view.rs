//! What an asker is shown of the node and of its journal.
//!
//! What a check printed may hold what is not for everybody: a password in an error message, a part of a page behind a login.
//! It is shown on the socket, whose permissions say who may look, and to whoever has a token; others get a sentence in its
//! place.
//!
//! Architecture invariant: nothing of node and journal comes into an answer but through a [`View`], and what an explanation is
//! made of is a view, too. So this file alone knows what is left out.

use std::sync::Arc;

use standfast_api::event::{Page, Query, Record};
use standfast_api::explain::add_problems;
use standfast_api::metrics::Journal;
use standfast_api::status::Status;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::snapshot::{Loop, Shown, Unanswered};
use super::{Request, limits};
use crate::chronicle::{Chronicle, Ended, Follower, Next};

/// What stands in the place of what a check printed.
pub(super) const WITHHELD: &str =
    "(shown on the control socket only, or with a token: http_token_file)";
/// What a sentence has before what a check printed, as `core::journal` writes it.
const MARKS: [&str; 2] = [", printed: ", ", the answer begins: "];

/// How much of it an asker may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Everything.
    Whole,
    /// Not what checks printed, nor what is wrong with the files of the interface.
    Guarded,
}

impl Sight {
    /// The status as it may be seen.
    pub(super) fn status(self, status: &Arc<Status>) -> Arc<Status> {
        if self == Sight::Whole {
            return Arc::clone(status);
        }
        let mut status = Status::clone(status);
        for output in status.checks.iter_mut().filter_map(|it| it.output.as_mut()) {
            WITHHELD.clone_into(output);
        }
        // They name files of this host.
        for trouble in &mut status.node.control_troubles {
            WITHHELD.clone_into(trouble);
        }
        // Problems say what a failed check printed: they are found anew, from what may be seen.
        add_problems(&mut status);
        Arc::new(status)
    }

    fn page(self, mut page: Page) -> Page {
        if self == Sight::Guarded {
            page.records.iter_mut().for_each(withhold);
        }
        page
    }
}

/// What was printed stands in the sentence, too.
fn withhold(record: &mut Record) {
    let Some(output) = &mut record.output else {
        return;
    };
    WITHHELD.clone_into(output);
    // A name could hold such words: then more is left out than need be.
    let ends = MARKS
        .iter()
        .filter_map(|mark| Some(record.text.find(mark)? + mark.len()));
    match ends.min() {
        Some(end) => record.text.truncate(end),
        // Of another release, perhaps: where it stands is not known.
        None => record.text = format!("{} {}: ", record.subject.name, record.kind),
    }
    record.text.push_str(WITHHELD);
}

/// The node and its journal.
pub(super) struct Sources {
    way: Loop,
    journal: Chronicle,
    /// Readers of the journal's files. Who hangs up leaves the queue, but not a look that has begun.
    readers: Arc<Semaphore>,
    /// Those of them that came over TCP: one at a time stands in the queue of all.
    strangers: Arc<Semaphore>,
}

impl Sources {
    pub(super) fn new(way: Loop, journal: Chronicle) -> Self {
        Sources {
            way,
            journal,
            readers: Arc::new(Semaphore::new(limits::READERS)),
            strangers: Arc::new(Semaphore::new(limits::READERS)),
        }
    }

    /// Asks the loop for something.
    pub(super) fn send(&self, request: Request) -> Result<(), Unanswered> {
        self.way.send(request)
    }

    /// What is wrong with the interface now.
    pub(super) fn tell_troubles(&self, troubles: Vec<String>) {
        self.way.tell_troubles(troubles);
    }

    /// What was seen is not what is any more.
    pub(super) async fn forget(&self) {
        self.way.forget().await;
    }
}

/// What one asker sees.
#[derive(Clone)]
pub(super) struct View {
    sources: Arc<Sources>,
    sight: Sight,
    /// It came over TCP.
    remote: bool,
}

impl View {
    pub(super) fn new(sources: &Arc<Sources>, sight: Sight, remote: bool) -> Self {
        View {
            sources: Arc::clone(sources),
            sight,
            remote,
        }
    }

    pub(super) fn sight(&self) -> Sight {
        self.sight
    }

    pub(super) fn is_remote(&self) -> bool {
        self.remote
    }

    /// What is to be seen now, or was a moment ago.
    pub(super) async fn seen(&self) -> Result<Arc<Shown>, Unanswered> {
        Ok(self.sources.way.seen().await?.shown(self.sight))
    }

    /// How much the journal holds.
    pub(super) fn holds(&self) -> Journal {
        self.sources.journal.holds()
    }

    /// A part of the journal; nothing where it cannot be read. Its disk may hang, which concerns nobody else.
    pub(super) async fn page(&self, wanted: Query) -> Option<Page> {
        if let Some(page) = self.sources.journal.remembered(&wanted) {
            return Some(self.sight.page(page));
        }
        let read = self.read(wanted);
        let page = timeout(limits::LOOP_TIME, read).await.ok()??;
        Some(self.sight.page(page))
    }

    async fn read(&self, wanted: Query) -> Option<Page> {
        let sources = &self.sources;
        let stranger = match self.remote {
            true => Some(Arc::clone(&sources.strangers).acquire_owned().await.ok()?),
            false => None,
        };
        let place = Arc::clone(&sources.readers).acquire_owned().await.ok()?;
        let journal = sources.journal.clone();
        let read = tokio::task::spawn_blocking(move || {
            let _places = (place, stranger);
            journal.page(&wanted)
        });
        read.await.ok()?.ok()
    }

    /// Waits for what comes after a number, or after what there is now.
    pub(super) fn follow(&self, after: Option<u64>) -> Entries {
        Entries {
            follower: self.sources.journal.follow(after),
            sight: self.sight,
        }
    }
}

/// What happens next.
pub(super) struct Entries {
    follower: Follower,
    sight: Sight,
}

impl Entries {
    /// As [`Follower::next`].
    pub(super) async fn next(&mut self) -> Result<Next, Ended> {
        Ok(match self.follower.next().await? {
            Next::Records(page) => Next::Records(self.sight.page(page)),
            Next::OnDisk { after } => Next::OnDisk { after },
        })
    }

    /// As [`Follower::reached`].
    pub(super) fn reached(&mut self, number: u64) {
        self.follower.reached(number);
    }
}

#[cfg(test)]
mod tests;
