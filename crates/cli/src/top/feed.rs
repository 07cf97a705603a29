//! What comes from the daemon, the keyboard and the kernel, each on a thread of its own.

use std::os::fd::AsFd;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use ratatui::crossterm::event;
use standfast_api::event::{Page, Record};
use standfast_api::path;
use standfast_linux::poller::{Interest, Poller, ReadyList, Wait};
use standfast_linux::signals::{Signal, Signals};

use super::keys;
use super::state::{RECORDS, Update};
use crate::client::{Client, ClientError, Place};

/// How often the status is asked for.
const STATUS_PERIOD: Duration = Duration::from_secs(1);
/// How often a journal that is gone is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The receiver is gone: there is nothing left to do.
struct Gone;

/// Starts the threads; they end with the process.
pub(super) fn start(place: &Place, signals: Signals, updates: &Sender<Update>) {
    let (place_of_status, to) = (place.clone(), updates.clone());
    thread::spawn(move || statuses(&place_of_status, &to));
    let (place_of_journal, to) = (place.clone(), updates.clone());
    thread::spawn(move || journal(&place_of_journal, &to));
    let to = updates.clone();
    thread::spawn(move || keyboard(&to));
    let to = updates.clone();
    thread::spawn(move || ends(&signals, &to));
}

fn statuses(place: &Place, updates: &Sender<Update>) {
    loop {
        thread::sleep(STATUS_PERIOD);
        let asked = Client::find(place).and_then(|client| client.get(path::STATUS));
        let update = match asked {
            Ok(status) => Update::Status(status),
            Err(error) => Update::Lost(error.to_string()),
        };
        if updates.send(update).is_err() {
            return;
        }
    }
}

/// Goes on after the last entry when the daemon is there again.
fn journal(place: &Place, updates: &Sender<Update>) {
    let mut last = None;
    loop {
        match follow(place, updates, &mut last) {
            Ok(Gone) => return,
            // The status says that it is gone.
            Err(_) => thread::sleep(LOOK_AGAIN),
        }
    }
}

fn follow(
    place: &Place,
    updates: &Sender<Update>,
    last: &mut Option<u64>,
) -> Result<Gone, ClientError> {
    let client = Client::find(place)?;
    if last.is_none() {
        let page: Page = client.get(&format!("{}?limit={RECORDS}", path::EVENTS))?;
        *last = page.records.last().map(|record| record.seq);
        if updates.send(Update::Records(page.records)).is_err() {
            return Ok(Gone);
        }
    }
    let stream = format!("{}?only=journal", path::STREAM);
    for event in client.stream(&stream, *last)? {
        let event = event?;
        // What we do not understand is for a later release.
        let Ok(record) = serde_json::from_str::<Record>(&event.data) else {
            continue;
        };
        *last = Some(record.seq);
        if updates.send(Update::Records(vec![record])).is_err() {
            return Ok(Gone);
        }
    }
    Err(ClientError::Ended)
}

fn keyboard(updates: &Sender<Update>) {
    // A terminal that is gone sends SIGHUP as well.
    while let Ok(event) = event::read() {
        if let Some(update) = keys::update(&event)
            && updates.send(update).is_err()
        {
            return;
        }
    }
    let _ = updates.send(Update::End);
}

/// SIGTERM, SIGINT and SIGHUP, so that the terminal is left as it was.
fn ends(signals: &Signals, updates: &Sender<Update>) {
    let Ok(poller) = Poller::new() else { return };
    if poller.add(signals.as_fd(), 0, Interest::Read).is_err() {
        return;
    }
    let mut ready = ReadyList::new();
    while poller.wait(&mut ready, Wait::Forever).is_ok() {
        while let Ok(Some(received)) = signals.read() {
            let ends = match received.signal {
                Signal::Terminate | Signal::Interrupt | Signal::Reload => true,
                Signal::Data | Signal::Stats | Signal::Json | Signal::StatsClear => false,
            };
            if ends && updates.send(Update::End).is_err() {
                return;
            }
        }
    }
}
