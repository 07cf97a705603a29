//! `/v1/stream`: what happens, as server-sent events.
//!
//! Each follower reads the journal at its own pace, so that a slow one costs nothing and misses nothing but what the journal
//! has forgotten meanwhile, which it is told. Of the status it gets the latest; all share its bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hyper::body::Bytes;
use serde::Serialize;
use standfast_api::event::{Page, Query, Record};
use standfast_api::status::Status;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::limits;
use super::reply::write_json;
use super::view::{Sight, View};
use crate::chronicle::{Ended, Next};

fn entry(record: &Record) -> Bytes {
    let id = format!("id: {}\n", record.seq);
    frame("journal", &id, record)
}

/// `more`: lines that come with it.
fn frame<T: Serialize>(name: &str, more: &str, data: &T) -> Bytes {
    let mut text = format!("{more}event: {name}\ndata: ").into_bytes();
    // JSON has no line ends but in strings, where they are escaped.
    if !write_json(&mut text, data) {
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

/// The followers, and what shows them the status while there are any.
#[derive(Default)]
pub(super) struct Pulse {
    whole: Arc<Beat>,
    guarded: Arc<Beat>,
    followers: Arc<AtomicUsize>,
}

/// The latest status, as one sight shows it.
struct Beat {
    latest: watch::Sender<Bytes>,
    goes_on: AtomicBool,
}

impl Default for Beat {
    fn default() -> Self {
        Beat {
            latest: watch::Sender::new(Bytes::new()),
            goes_on: AtomicBool::new(false),
        }
    }
}

/// A follower's place.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pulse {
    /// How many follow.
    pub(super) fn followers(&self) -> usize {
        self.followers.load(Ordering::Relaxed)
    }

    fn take_place(&self, remote: bool) -> Option<Place> {
        let most = match remote {
            true => limits::REMOTE_FOLLOWERS,
            false => limits::FOLLOWERS,
        };
        let place = Place(Arc::clone(&self.followers));
        let before = self.followers.fetch_add(1, Ordering::Relaxed);
        (before < most).then_some(place)
    }

    fn statuses(&self, view: &View) -> watch::Receiver<Bytes> {
        let beat = match view.sight() {
            Sight::Whole => &self.whole,
            Sight::Guarded => &self.guarded,
        };
        let statuses = beat.latest.subscribe();
        if !beat.goes_on.swap(true, Ordering::Relaxed) {
            tokio::spawn(Arc::clone(beat).run(view.clone()));
        }
        statuses
    }
}

/// Begins to follow; the events, or nothing if there are too many followers.
pub(super) fn follow(
    pulse: &Pulse,
    view: View,
    interest: Interest,
) -> Option<mpsc::Receiver<Bytes>> {
    let place = pulse.take_place(view.is_remote())?;
    let (events, written) = mpsc::channel(limits::WAITING_EVENTS);
    let statuses = interest.status.then(|| pulse.statuses(&view));
    let follower = Follower {
        view,
        events,
        last: interest.after,
    };
    tokio::spawn(async move {
        let _place = place;
        follower.run(statuses, interest).await;
    });
    Some(written)
}

impl Beat {
    /// Looks at the node as long as somebody wants to see it.
    async fn run(self: Arc<Self>, view: View) {
        let mut shown: Option<(Status, Instant)> = None;
        while self.latest.receiver_count() > 0 {
            let next = Instant::now() + limits::PULSE;
            if let Ok(seen) = view.seen().await {
                let steady = steady(&seen.status);
                let known = shown.as_ref().is_some_and(|(known, at)| {
                    *known == steady && at.elapsed() < limits::PULSE_ANYWAY
                });
                if !known {
                    let bytes = frame("status", "", &*seen.status);
                    self.latest.send_replace(bytes);
                    shown = Some((steady, Instant::now()));
                }
            }
            sleep_until(next).await;
        }
        self.latest.send_replace(Bytes::new());
        self.goes_on.store(false, Ordering::Relaxed);
    }
}

struct Follower {
    view: View,
    events: mpsc::Sender<Bytes>,
    /// The last entry that was told.
    last: Option<u64>,
}

/// The other end is gone.
struct Gone;

impl Follower {
    async fn run(mut self, mut statuses: Option<watch::Receiver<Bytes>>, interest: Interest) {
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
        let mut entries = self.view.follow(self.last);
        if let Some(statuses) = &mut statuses {
            statuses.mark_changed();
        }
        loop {
            let heartbeat = Instant::now() + limits::HEARTBEAT;
            let told = tokio::select! {
                next = entries.next(), if interest.journal => match next {
                    Ok(Next::Records(page)) => self.tell(&page).await,
                    // It is far behind. The look is not given up when something else comes.
                    Ok(Next::OnDisk { after }) => {
                        self.last = Some(after);
                        let read = self.catch_up().await;
                        entries.reached(self.last.unwrap_or(after));
                        read
                    }
                    Err(Ended) => Err(Gone),
                },
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

    async fn tell(&mut self, page: &Page) -> Result<(), Gone> {
        if let (Some(after), Some(first)) = (self.last, page.records.first())
            && first.seq > after.saturating_add(1)
        {
            let next = first.seq;
            self.send(frame("gap", "", &Gap { after, next })).await?;
        }
        for record in &page.records {
            self.last = Some(record.seq);
            self.send(entry(record)).await?;
        }
        Ok(())
    }

    /// Tells what the journal has after the last entry that was told; its disk may hang.
    async fn catch_up(&mut self) -> Result<(), Gone> {
        loop {
            let after = self.last.unwrap_or(0);
            let wanted = Query::after(after, limits::LARGEST_PAGE);
            let Some(page) = self.view.page(wanted).await else {
                return Err(Gone);
            };
            self.tell(&page).await?;
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

/// What does not change all the time. Moments are made from two clocks that are read one after the other, so they differ by some
/// microseconds each time; what happened at them shows in what stays.
fn steady(status: &Status) -> Status {
    let mut status = status.clone();
    status.node.now_us = 0;
    status.timing = Default::default();
    status.peer_drops.clear();
    for instance in &mut status.instances {
        instance.counters = Default::default();
        (instance.since_us, instance.next, instance.takes_over_us) = (0, None, None);
        // That they end is seen in what follows from it.
        (instance.preempts_us, instance.not_before_us) = (None, None);
        if let Some(master) = &mut instance.master {
            master.heard_us = 0;
        }
        for node in &mut instance.nodes {
            (node.since_us, node.heard_us) = (0, 0);
        }
        for speaker in &mut instance.speakers {
            (speaker.first_us, speaker.heard_us) = (0, 0);
            (speaker.taken, speaker.dropped) = (0, 0);
        }
        for holder in &mut instance.holders {
            (holder.first_us, holder.seen_us, holder.times) = (0, 0, 0);
        }
        if let Some(stall) = &mut instance.stall {
            stall.at_us = 0;
        }
        if let Some(deleted) = &mut instance.deleted {
            deleted.at_us = 0;
        }
        if let Some(refused) = &mut instance.refused {
            refused.at_us = 0;
        }
    }
    for check in &mut status.checks {
        (check.ended_us, check.took_us, check.next_us) = (None, None, None);
        (check.passes, check.failures, check.running) = (0, 0, false);
        check.durations_us.clear();
        if let Some(pause) = &mut check.paused {
            pause.since_us = 0;
            // A pause that ends by itself is another one than one that does not.
            pause.until_us = pause.until_us.map(|_| 0);
        }
    }
    for peer in &mut status.peers {
        (peer.since_us, peer.heard_us) = (0, 0);
        peer.round_trip_us = None;
    }
    for stranger in &mut status.strangers {
        (stranger.first_us, stranger.heard_us) = (0, 0);
        stranger.times = 0;
    }
    status
}

#[cfg(test)]
mod tests {
    use standfast_api::status::{Instance, State};

    use super::*;

    fn seen(moment_us: u64, state: State) -> Status {
        let mut status = Status::default();
        status.node.now_us = moment_us;
        status.instances.push(Instance {
            state,
            since_us: moment_us,
            takes_over_us: Some(moment_us),
            ..Instance::default()
        });
        status
    }

    #[test]
    fn whoever_comes_over_tcp_leaves_places_for_the_host() {
        let pulse = Pulse::default();
        let mut places: Vec<Place> = std::iter::from_fn(|| pulse.take_place(true)).collect();
        assert_eq!(places.len(), limits::REMOTE_FOLLOWERS);
        places.extend(std::iter::from_fn(|| pulse.take_place(false)));
        assert_eq!(pulse.followers(), limits::FOLLOWERS);
        drop(places);
        assert_eq!(pulse.followers(), 0);
    }

    #[test]
    fn what_only_the_clocks_change_is_not_told_again() {
        let before = steady(&seen(1_000, State::Backup));
        assert_eq!(before, steady(&seen(1_001, State::Backup)));
        assert_ne!(before, steady(&seen(1_001, State::Master)));
    }
}
