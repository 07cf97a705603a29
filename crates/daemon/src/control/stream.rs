//! `/v1/stream`: what happens, as server-sent events.
//!
//! Entries come from [`Feed`] as they are written; a follower that falls behind is told so and reads what it missed from the
//! journal. What waits for one follower is bounded, and all share the same bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hyper::body::Bytes;
use serde::Serialize;
use standfast_api::event::{Query, Record};
use standfast_api::status::Status;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::limits;
use super::route::Shared;

/// Where new entries of the journal go; clones are the same place.
#[derive(Clone)]
pub(crate) struct Feed(broadcast::Sender<Event>);

/// An entry as the stream shows it.
#[derive(Clone, Debug)]
struct Event {
    seq: u64,
    bytes: Bytes,
}

impl Feed {
    pub(super) fn new() -> Self {
        Feed(broadcast::Sender::new(limits::BEHIND))
    }

    /// Shows an entry that has just been written to whoever follows. Never blocks.
    pub(crate) fn publish(&self, record: &Record) {
        if self.0.receiver_count() > 0 {
            // Whoever was there may have gone meanwhile.
            let _ = self.0.send(event(record));
        }
    }
}

fn event(record: &Record) -> Event {
    let id = format!("id: {}\n", record.seq);
    Event {
        seq: record.seq,
        bytes: frame("journal", &id, record),
    }
}

/// `more`: lines that come with it.
fn frame<T: Serialize>(name: &str, more: &str, data: &T) -> Bytes {
    let mut text = format!("{more}event: {name}\ndata: ").into_bytes();
    // JSON has no line ends but in strings, where they are escaped.
    if serde_json::to_writer(&mut text, data).is_err() {
        return Bytes::new();
    }
    text.extend_from_slice(b"\n\n");
    Bytes::from(text)
}

/// Something was missed.
#[derive(Serialize)]
struct Gap {
    /// The last entry that was told.
    after: u64,
    /// The next one that is known.
    next: u64,
}

/// What a follower wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interest {
    /// It has all entries up to this one; none: only new ones are wanted.
    pub(super) after: Option<u64>,
    /// Entries are wanted.
    pub(super) journal: bool,
    /// Statuses are wanted.
    pub(super) status: bool,
}

/// Shows followers the status while there are any.
pub(super) struct Pulse {
    latest: watch::Sender<Bytes>,
    beats: AtomicBool,
    followers: Arc<AtomicUsize>,
}

/// A follower's place.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pulse {
    pub(super) fn new() -> Self {
        Pulse {
            latest: watch::Sender::new(Bytes::new()),
            beats: AtomicBool::new(false),
            followers: Arc::default(),
        }
    }

    /// How many follow.
    pub(super) fn followers(&self) -> usize {
        self.followers.load(Ordering::Relaxed)
    }

    fn take_place(&self) -> Option<Place> {
        let place = Place(Arc::clone(&self.followers));
        let before = self.followers.fetch_add(1, Ordering::Relaxed);
        (before < limits::FOLLOWERS).then_some(place)
    }
}

/// Begins to follow; the events, or nothing if there are too many followers.
pub(super) fn follow(shared: &Arc<Shared>, interest: Interest) -> Option<mpsc::Receiver<Bytes>> {
    let place = shared.pulse.take_place()?;
    let (events, written) = mpsc::channel(limits::WAITING_EVENTS);
    // Before the journal is read: nothing falls between.
    let entries = shared.feed.0.subscribe();
    let follower = Follower {
        shared: Arc::clone(shared),
        events,
        last: interest.after,
    };
    let statuses = interest.status.then(|| {
        let statuses = shared.pulse.latest.subscribe();
        if !shared.pulse.beats.swap(true, Ordering::Relaxed) {
            tokio::spawn(beat(Arc::clone(shared)));
        }
        statuses
    });
    tokio::spawn(async move {
        let _place = place;
        follower.run(entries, statuses, interest).await
    });
    Some(written)
}

/// Looks at the node as long as somebody wants to see it.
async fn beat(shared: Arc<Shared>) {
    let mut shown: Option<(Status, Instant)> = None;
    while shared.pulse.latest.receiver_count() > 0 {
        let next = Instant::now() + limits::PULSE;
        if let Ok(seen) = shared.way.seen().await {
            let steady = steady(&seen.status);
            let known = shown
                .as_ref()
                .is_some_and(|(known, at)| *known == steady && at.elapsed() < limits::PULSE_ANYWAY);
            if !known {
                let bytes = frame("status", "", &*seen.status);
                shared.pulse.latest.send_replace(bytes);
                shown = Some((steady, Instant::now()));
            }
        }
        sleep_until(next).await;
    }
    shared.pulse.latest.send_replace(Bytes::new());
    shared.pulse.beats.store(false, Ordering::Relaxed);
}

struct Follower {
    shared: Arc<Shared>,
    events: mpsc::Sender<Bytes>,
    /// The last entry that was told.
    last: Option<u64>,
}

/// The other end is gone.
struct Gone;

impl Follower {
    async fn run(
        mut self,
        mut entries: broadcast::Receiver<Event>,
        mut statuses: Option<watch::Receiver<Bytes>>,
        interest: Interest,
    ) {
        // So that proxies and clients see that it is there.
        if self
            .send(Bytes::from_static(b": standfast\n\n"))
            .await
            .is_err()
        {
            return;
        }
        if interest.journal && self.last.is_some() && self.catch_up().await.is_err() {
            return;
        }
        if let Some(statuses) = &mut statuses {
            statuses.mark_changed();
        }
        loop {
            let heartbeat = Instant::now() + limits::HEARTBEAT;
            let told = tokio::select! {
                entry = entries.recv(), if interest.journal => self.entry(entry).await,
                bytes = changed(&mut statuses) => self.send(bytes).await,
                () = sleep_until(heartbeat) => self.send(Bytes::from_static(b":\n\n")).await,
                () = self.events.closed() => Err(Gone),
            };
            if told.is_err() {
                return;
            }
        }
    }

    /// Waits until there is room.
    async fn send(&self, bytes: Bytes) -> Result<(), Gone> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.events.send(bytes).await.map_err(|_| Gone)
    }

    async fn entry(&mut self, entry: Result<Event, RecvError>) -> Result<(), Gone> {
        match entry {
            Ok(event) if self.last.is_some_and(|last| event.seq <= last) => Ok(()),
            Ok(event) => {
                self.last = Some(event.seq);
                self.send(event.bytes).await
            }
            // It was too slow.
            Err(RecvError::Lagged(_)) => match self.last {
                Some(_) => self.catch_up().await,
                None => Ok(()),
            },
            Err(RecvError::Closed) => Err(Gone),
        }
    }

    /// Tells what the journal has after the last entry that was told.
    async fn catch_up(&mut self) -> Result<(), Gone> {
        loop {
            let wanted = Query {
                after: self.last,
                ..Query::newest(limits::LARGEST_PAGE)
            };
            let Some(page) = self.shared.page(wanted).await else {
                return Ok(());
            };
            let after = self.last.unwrap_or(0);
            if page.oldest > after.saturating_add(1) {
                let next = page.oldest;
                self.send(frame("gap", "", &Gap { after, next })).await?;
            }
            for record in &page.records {
                self.last = Some(record.seq);
                self.send(event(record).bytes).await?;
            }
            if !page.more || page.records.is_empty() {
                return Ok(());
            }
        }
    }
}

/// The next status that is not the one before; never, where none is wanted.
async fn changed(statuses: &mut Option<watch::Receiver<Bytes>>) -> Bytes {
    if let Some(statuses) = statuses
        && statuses.changed().await.is_ok()
    {
        return statuses.borrow_and_update().clone();
    }
    std::future::pending().await
}

/// What does not change all the time.
fn steady(status: &Status) -> Status {
    let mut status = status.clone();
    status.node.now_us = 0;
    status.timing = Default::default();
    status.peer_drops.clear();
    for instance in &mut status.instances {
        instance.counters = Default::default();
        instance.next = None;
        if let Some(master) = &mut instance.master {
            master.heard_us = 0;
        }
        for node in &mut instance.nodes {
            node.heard_us = 0;
        }
        for speaker in &mut instance.speakers {
            (speaker.heard_us, speaker.taken, speaker.dropped) = (0, 0, 0);
        }
        for holder in &mut instance.holders {
            (holder.seen_us, holder.times) = (0, 0);
        }
    }
    for check in &mut status.checks {
        (check.ended_us, check.took_us, check.next_us) = (None, None, None);
        (check.passes, check.failures, check.running) = (0, 0, false);
        check.durations_us.clear();
    }
    for peer in &mut status.peers {
        (peer.heard_us, peer.round_trip_us) = (0, None);
    }
    for stranger in &mut status.strangers {
        (stranger.heard_us, stranger.times) = (0, 0);
    }
    status
}
