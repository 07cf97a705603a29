//! What happens from now on, also across restarts of the daemon.

use std::fs::File;
use std::os::fd::AsFd;
use std::thread::{self, sleep};
use std::time::Duration;

use standfast_api::event::Record;
use standfast_api::path;
use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;
use tokio::runtime::Builder;

use super::source::{Failure, Source};
use super::{Closed, Shown, Wanted};
use crate::client::{Client, ClientError, Place};

/// How often a daemon that is gone is looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Shows what is there, then what comes; ends when nobody reads it any more.
pub(super) fn run(wanted: &Wanted, place: &Place) -> Result<Shown, Failure> {
    end_with_reader();
    let mut last = match Source::find(place).and_then(|source| wanted.show(&source)) {
        Ok(Shown::UpTo(last)) => last,
        Ok(Shown::Closed) => return Ok(Shown::Closed),
        Err(Failure::Client(error)) if error.may_pass() => None,
        Err(error) => return Err(error),
    };
    let mut told = false;
    loop {
        match follow(wanted, place, &mut last, &mut told) {
            Ok(Closed) => return Ok(Shown::Closed),
            Err(error) if error.may_pass() => {
                if !std::mem::replace(&mut told, true) {
                    eprintln!("standfast: {error}; waiting for it");
                }
                sleep(LOOK_AGAIN);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Ends the program when nobody reads its output any more: the next event may be hours away.
fn end_with_reader() {
    thread::spawn(|| {
        if reader_is_gone() {
            std::process::exit(0);
        }
    });
}

/// Waits until the pipe that is the standard output has lost its reader; a file has none.
fn reader_is_gone() -> bool {
    let runtime = Builder::new_current_thread().enable_io().build();
    let (Ok(runtime), Ok(output)) = (runtime, std::io::stdout().as_fd().try_clone_to_owned())
    else {
        return false;
    };
    runtime.block_on(async {
        // Nothing is written through it, so that it need not be made non-blocking, which would last.
        match Sender::from_file_unchecked(File::from(output)) {
            Ok(output) => output.ready(Interest::ERROR).await.is_ok(),
            Err(_) => false,
        }
    })
}

/// One connection.
fn follow(
    wanted: &Wanted,
    place: &Place,
    last: &mut Option<u64>,
    told: &mut bool,
) -> Result<Closed, ClientError> {
    let client = Client::find(place)?;
    // A daemon that has started meanwhile has entries before the connection: all of them are new to us.
    let after = last.unwrap_or(0);
    let stream = format!("{}?only=journal", path::STREAM);
    for event in client.stream(&stream, Some(after))? {
        let event = event?;
        *told = false;
        if event.kind != "journal" {
            continue;
        }
        // A kind of entry that we do not understand is none of ours.
        let Ok(record) = serde_json::from_str::<Record>(&event.data) else {
            continue;
        };
        *last = Some(record.seq);
        if wanted.query.matches(&record) && wanted.print(&[record]).is_err() {
            return Ok(Closed);
        }
    }
    Err(ClientError::Ended)
}
