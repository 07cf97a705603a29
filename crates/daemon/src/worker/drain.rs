//! A drain outlives the daemon: a file remembers it, written by the clerk, since a disk may hang.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError};

use serde::{Deserialize, Serialize};
use standfast_api::status;
use standfast_core::Micros;
use standfast_core::journal::Level;
use standfast_core::steering::{Drain, Hold, Instruction};
use standfast_linux::clock::realtime;
use standfast_linux::files::read_regular;

use super::steering::What;
use super::{Worker, now};
use crate::clerk;

/// Permissions of the file that remembers a drain.
const DRAIN_MODE: u32 = 0o640;
/// A file of more bytes is none that remembers a drain.
const LONGEST_DRAIN: u64 = 64 * 1024;

/// Whether the disk knows what the daemon does: that there is a drain, or none.
#[derive(Debug, Default)]
pub(super) enum Kept {
    #[default]
    Yes,
    /// It will be told how it went.
    Awaited(Receiver<io::Result<()>>),
    /// It does not, for this reason.
    No(String),
}

impl Kept {
    /// Takes what has come from the clerk; never waits.
    pub(super) fn look(&mut self) {
        let Kept::Awaited(ended) = self else {
            return;
        };
        *self = match ended.try_recv() {
            Ok(Ok(())) => Kept::Yes,
            Ok(Err(error)) => Kept::No(error.to_string()),
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => {
                Kept::No("too many files wait to be written".to_owned())
            }
        };
    }

    pub(super) fn is_awaited(&self) -> bool {
        matches!(self, Kept::Awaited(_))
    }
}

/// A drain as it stands on disk.
#[derive(Serialize, Deserialize)]
struct Remembered {
    since_us: u64,
    until_us: Option<u64>,
    hard: bool,
    who: String,
}

impl Remembered {
    /// What is left of it, in microseconds; none: it has no end. The clock may have been set back meanwhile, or may not be
    /// set yet: it is never more than the whole of it.
    fn left_us(&self, now_us: u64) -> Option<u64> {
        let until_us = self.until_us?;
        let left = until_us.saturating_sub(now_us);
        Some(match until_us.checked_sub(self.since_us) {
            Some(whole) => left.min(whole),
            None => left,
        })
    }

    fn hold(&self) -> Hold {
        match self.hard {
            true => Hold::Hard,
            false => Hold::Soft,
        }
    }
}

impl Worker {
    fn drain_file(&self) -> PathBuf {
        self.journal_place.state_file("drain")
    }

    pub(super) fn remember_drain(&mut self, drain: Option<Drain>) {
        let realtime_us = realtime().0;
        let since_us = self.steering.drain.as_ref().map(|drain| drain.since_us);
        self.steering.drain = drain.map(|drain| status::Drain {
            since_us: since_us.unwrap_or(realtime_us),
            until_us: drain
                .until
                .map(|until| realtime_us.saturating_add(until.since(now()).0)),
            hard: drain.hold == Hold::Hard,
            who: self.steering.asking.clone(),
        });
        let path = self.drain_file();
        let job = match &self.steering.drain {
            Some(drain) => {
                let remembered = Remembered {
                    since_us: drain.since_us,
                    until_us: drain.until_us,
                    hard: drain.hard,
                    who: drain.who.clone(),
                };
                clerk::Job::Keep {
                    path,
                    text: serde_json::to_string(&remembered).unwrap_or_default(),
                    mode: DRAIN_MODE,
                    what: "the drain",
                }
            }
            None => clerk::Job::Forget(path),
        };
        let ended = self.clerk.submit_told(job, self.results.clone());
        self.steering.kept = Kept::Awaited(ended);
    }

    /// What an operator has to know of the disk; nothing where it has taken what he wanted.
    pub(super) fn unkept(&self) -> String {
        let path = self.drain_file();
        let path = path.display();
        match (&self.steering.kept, self.steering.drain.is_some()) {
            (Kept::Yes, _) => String::new(),
            (Kept::No(why), true) => {
                format!(
                    "; it holds until the daemon ends and not longer: it cannot be written to {path}: {why}"
                )
            }
            (Kept::Awaited(_), true) => format!(
                "; it holds until the daemon ends, and whether longer is open: it is not on the disk yet ({path}; is the disk busy \
                 or broken?)"
            ),
            (Kept::No(why), false) => {
                format!(
                    "; but {path} cannot be removed ({why}): remove it, or the next start is drained again"
                )
            }
            (Kept::Awaited(_), false) => {
                format!(
                    "; but {path} is not removed yet: while it is there, the next start is drained again"
                )
            }
        }
    }

    /// A drain that the run before was in goes on. Before the first specification.
    pub(super) fn resume_drain(&mut self) {
        let path = self.drain_file();
        let text = match read_regular(&path, LONGEST_DRAIN) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return,
            Err(error) => {
                let text = format!(
                    "{}: {error}: this node is not drained any more",
                    path.display()
                );
                return self.logger.log(Level::Warning, text);
            }
        };
        let Ok(remembered) = serde_json::from_slice::<Remembered>(&text) else {
            let text = format!(
                "{} is damaged: this node is not drained any more",
                path.display()
            );
            self.logger.log(Level::Warning, text);
            self.clerk.submit(clerk::Job::Forget(path));
            return;
        };
        let left = remembered.left_us(realtime().0);
        if left == Some(0) {
            self.clerk.submit(clerk::Job::Forget(path));
            return;
        }
        let drain = Drain {
            until: left.map(|left| now() + Micros(left)),
            hold: remembered.hold(),
        };
        let hold = drain.hold;
        self.steering.drain = Some(status::Drain {
            since_us: remembered.since_us,
            until_us: remembered.until_us,
            hard: remembered.hard,
            who: remembered.who.clone(),
        });
        let who = format!(
            "{}, before the restart",
            remembered.who.trim_end_matches(", before the restart")
        );
        self.give_order(&who, What::Drain(hold), Instruction::Drain(drain), None);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn what_is_left_of_a_drain_is_never_more_than_the_whole_of_it() {
        let drain = |since_us, until_us| Remembered {
            since_us,
            until_us,
            hard: false,
            who: String::new(),
        };
        assert_eq!(drain(1_000, None).left_us(5_000), None);
        assert_eq!(drain(1_000, Some(9_000)).left_us(5_000), Some(4_000));
        assert_eq!(drain(1_000, Some(9_000)).left_us(9_000), Some(0));
        // A clock that is not set yet, or was set back.
        assert_eq!(drain(1_000, Some(9_000)).left_us(0), Some(8_000));
        // It was given anew after the clock was set back.
        assert_eq!(drain(9_000, Some(2_000)).left_us(1_500), Some(500));
        assert_eq!(drain(0, Some(u64::MAX)).left_us(0), Some(u64::MAX));
    }

    #[test]
    fn what_the_clerk_says_is_taken_and_his_silence_is_a_failure() {
        let (told, awaited) = sync_channel(1);
        let mut kept = Kept::Awaited(awaited);
        told.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
        kept.look();
        assert!(matches!(&kept, Kept::No(why) if why.contains("no storage space")));
        kept.look();
        assert!(!kept.is_awaited());
        let (told, awaited) = sync_channel(1);
        drop(told);
        let mut kept = Kept::Awaited(awaited);
        kept.look();
        assert!(matches!(&kept, Kept::No(why) if why.contains("too many")));
    }
}
