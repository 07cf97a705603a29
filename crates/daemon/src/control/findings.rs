//! What the loop does not know and whoever asks for an explanation wants to: what this host's firewall drops, and which
//! hardware addresses the senders have. Looked at when somebody asks, outside the loop, and at most every few seconds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use standfast_api::event::{Level, Query, Record};
use standfast_api::explain::{Explanation, explain};
use standfast_api::observe::name_neighbours;
use standfast_api::status::{HostFinding, Instance, State, Status};
use standfast_linux::neighbours;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout};

use super::limits;
use super::view::View;
use crate::host::firewall;

/// What was found is believed for so long: to look starts programs.
const KEPT: Duration = Duration::from_secs(5);
/// The kernel's table of neighbours of IPv4 (proc_pid_net(5)).
const TABLE: &str = "/proc/self/net/arp";
/// Bytes of it that are read.
const TABLE_BYTES: u64 = 1024 * 1024;
/// Senders whose hardware address is asked for at once.
const MOST_ASKED: usize = 16;
/// A neighbour answers within this, or not at all.
const ANSWER_TIME: Duration = Duration::from_millis(100);
/// Whoever was heard longer ago is not asked, in microseconds.
const RECENT_US: u64 = 60_000_000;

/// What was found last.
pub(super) struct Findings {
    kept: Arc<Mutex<Option<Found>>>,
    look: fn(&Status) -> Found,
}

impl Default for Findings {
    fn default() -> Self {
        Findings {
            kept: Arc::default(),
            look,
        }
    }
}

struct Found {
    at: Instant,
    host: Vec<HostFinding>,
    neighbours: BTreeMap<IpAddr, String>,
    /// The status that it was last added to, and what came of that.
    added: Option<(Arc<Status>, Arc<Status>)>,
}

impl Findings {
    /// The status with what was found. Who hangs up does not end the look, and who asks anew waits for it.
    pub(super) async fn complete(&self, status: &Arc<Status>) -> Arc<Status> {
        let mut kept = Arc::clone(&self.kept).lock_owned().await;
        if kept.as_ref().is_none_or(|found| found.at.elapsed() > KEPT) {
            let seen = Arc::clone(status);
            match tokio::spawn(look_anew(kept, self.look, seen)).await {
                Ok(looked) => kept = looked,
                Err(_) => return Arc::clone(status),
            }
        }
        match kept.as_mut() {
            Some(found) => found.add_to(status),
            None => Arc::clone(status),
        }
    }
}

/// It holds the lock, so there is only one.
async fn look_anew(
    mut kept: OwnedMutexGuard<Option<Found>>,
    look: fn(&Status) -> Found,
    seen: Arc<Status>,
) -> OwnedMutexGuard<Option<Found>> {
    let look = tokio::task::spawn_blocking(move || look(&seen));
    // What cannot be found in time is left out, and not looked for at once again.
    let found = timeout(limits::LOOP_TIME, look).await;
    let found = found.ok().and_then(Result::ok);
    *kept = Some(found.unwrap_or_else(Found::nothing));
    kept
}

impl Found {
    fn nothing() -> Self {
        Found {
            at: Instant::now(),
            host: Vec::new(),
            neighbours: BTreeMap::new(),
            added: None,
        }
    }

    fn add_to(&mut self, status: &Arc<Status>) -> Arc<Status> {
        if let Some((before, after)) = &self.added
            && Arc::ptr_eq(before, status)
        {
            return Arc::clone(after);
        }
        let mut whole = Status::clone(status);
        whole.host.clone_from(&self.host);
        name_neighbours(&mut whole, &self.neighbours);
        let whole = Arc::new(whole);
        self.added = Some((Arc::clone(status), Arc::clone(&whole)));
        whole
    }
}

/// Why an instance is what it is, with what was found.
pub(super) async fn explanation(
    findings: &Findings,
    view: &View,
    status: &Arc<Status>,
    name: &str,
) -> Option<Explanation> {
    if !status.instances.iter().any(|it| it.name == name) {
        return None;
    }
    let whole = findings.complete(status).await;
    let records = records(view, name).await;
    explain(&whole, name, &records)
}

/// The newest entries, and the newest about the instance: where there are many, the others have pushed them out.
async fn records(view: &View, name: &str) -> Vec<Record> {
    let newest = Query {
        level: Some(Level::Info),
        ..Query::newest(limits::EXPLAINED)
    };
    let own = Query {
        subject: Some(name.to_owned()),
        ..newest.clone()
    };
    let mut all: BTreeMap<u64, Record> = BTreeMap::new();
    for wanted in [newest, own] {
        let page = view.page(wanted).await.unwrap_or_default();
        all.extend(page.records.into_iter().map(|it| (it.seq, it)));
    }
    all.into_values().collect()
}

fn look(status: &Status) -> Found {
    Found {
        host: firewall::dropped(status),
        neighbours: hardware(status),
        ..Found::nothing()
    }
}

/// The table, after those have been asked for whose name an explanation needs. Whose packets are heard decides who that is, and
/// not whoever asks for the explanation; the source of a packet can be forged, so only neighbours are sent anything.
fn hardware(status: &Status) -> BTreeMap<IpAddr, String> {
    let known = table();
    let disputed = status.instances.iter().flat_map(|it| disputed(it, status));
    let strangers = status.strangers.iter();
    let strangers = strangers.filter(|it| is_recent(status, it.heard_us));
    let wanted = disputed.chain(strangers.filter_map(|it| version_4(it.address)));
    let unknown = wanted.filter(|it| !known.contains_key(&IpAddr::V4(*it)));
    let unknown: Vec<Ipv4Addr> = unknown.take(MOST_ASKED).collect();
    if unknown.is_empty() {
        return known;
    }
    if neighbours::find(&unknown).is_err() {
        return known;
    }
    thread::sleep(ANSWER_TIME);
    table()
}

/// Senders that are no ordinary peer: refused ones, and other masters.
fn disputed<'a>(
    instance: &'a Instance,
    status: &'a Status,
) -> impl Iterator<Item = Ipv4Addr> + use<'a> {
    let speakers = instance.speakers.iter().filter(move |it| {
        let other = it.refused.is_some() || instance.state == State::Master;
        other && is_recent(status, it.heard_us)
    });
    speakers.filter_map(|it| version_4(it.address))
}

fn is_recent(status: &Status, heard_us: u64) -> bool {
    status.node.now_us.saturating_sub(heard_us) < RECENT_US
}

fn version_4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

fn table() -> BTreeMap<IpAddr, String> {
    let mut text = String::new();
    let read = File::open(TABLE).map(|file| file.take(TABLE_BYTES).read_to_string(&mut text));
    match read {
        Ok(Ok(_)) => parse(&text),
        Ok(Err(_)) | Err(_) => BTreeMap::new(),
    }
}

/// Address, type, flags, hardware address, mask, device; an entry that is not complete has flags 0.
fn parse(text: &str) -> BTreeMap<IpAddr, String> {
    let lines = text.lines().skip(1);
    let entries = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next()?.parse().ok()?;
        let flags = words.nth(1)?;
        let mac = words.next()?;
        (flags != "0x0").then(|| (address, mac.to_owned()))
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::rehearsal::virtual_time;
    use super::*;

    #[test]
    fn the_table_of_neighbours_is_read_without_what_is_incomplete() {
        let text = "IP address       HW type     Flags       HW address            Mask     Device\n\
                    192.0.2.12       0x1         0x2         02:00:00:00:00:0c     *        eth0\n\
                    192.0.2.13       0x1         0x0         00:00:00:00:00:00     *        eth0\n\
                    nonsense\n";
        let table = parse(text);
        let expected = [(
            IpAddr::from([192, 0, 2, 12]),
            "02:00:00:00:00:0c".to_owned(),
        )];
        assert_eq!(table, BTreeMap::from(expected));
    }

    #[test]
    fn however_many_ask_it_is_looked_once_in_five_seconds() {
        static LOOKS: AtomicUsize = AtomicUsize::new(0);
        let runtime = virtual_time();
        let findings = Arc::new(Findings {
            look: |_| {
                LOOKS.fetch_add(1, Ordering::Relaxed);
                Found::nothing()
            },
            ..Findings::default()
        });
        runtime.block_on(async {
            for round in 1..=3 {
                let askers: Vec<_> = (0..50)
                    .map(|_| {
                        let findings = Arc::clone(&findings);
                        tokio::spawn(async move {
                            let status = Arc::new(Status::default());
                            findings.complete(&status).await;
                        })
                    })
                    .collect();
                for asker in askers {
                    asker.await.unwrap();
                }
                assert_eq!(LOOKS.load(Ordering::Relaxed), round);
                tokio::time::advance(KEPT / 2).await;
                findings.complete(&Arc::new(Status::default())).await;
                assert_eq!(LOOKS.load(Ordering::Relaxed), round);
                tokio::time::advance(KEPT).await;
            }
        });
    }
}
