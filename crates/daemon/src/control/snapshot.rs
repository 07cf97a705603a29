//! What the loop shows: asked for once however many ask, and not again while it is fresh.

use std::sync::mpsc::SyncSender;
use std::sync::{Arc, OnceLock, PoisonError};

use hyper::body::Bytes;
use standfast_api::explain::add_problems;
use standfast_api::status::Status;
use standfast_linux::poller::Waker;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::{Instant, timeout};

use super::view::Sight;
use super::{Built, Request, limits, reply};

/// A status, as each sight shows it.
pub(super) struct Seen {
    whole: Arc<Shown>,
    guarded: OnceLock<Arc<Shown>>,
    fresh_until: Instant,
}

impl Seen {
    fn new(status: Arc<Status>, fresh_until: Instant) -> Self {
        Seen {
            whole: Arc::new(Shown::new(status)),
            guarded: OnceLock::new(),
            fresh_until,
        }
    }

    pub(super) fn shown(&self, sight: Sight) -> Arc<Shown> {
        let make = || Arc::new(Shown::new(sight.status(&self.whole.status)));
        Arc::clone(match sight {
            Sight::Whole => &self.whole,
            Sight::Guarded => self.guarded.get_or_init(make),
        })
    }
}

/// A status that is shown, and the texts that are made of it, each once.
pub(super) struct Shown {
    pub(super) status: Arc<Status>,
    json: OnceLock<Bytes>,
    metrics: OnceLock<Bytes>,
}

impl Shown {
    fn new(status: Arc<Status>) -> Self {
        Shown {
            status,
            json: OnceLock::new(),
            metrics: OnceLock::new(),
        }
    }

    pub(super) fn json(&self) -> Bytes {
        let make = || reply::to_json(&*self.status);
        self.json.get_or_init(make).clone()
    }

    pub(super) fn metrics(&self, render: impl FnOnce(&Status) -> String) -> Bytes {
        let make = || Bytes::from(render(&self.status));
        self.metrics.get_or_init(make).clone()
    }
}

/// Why the loop does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// Too much waits for it, or it has something else to do.
    Busy,
    /// The daemon ends.
    Ending,
}

/// The way to the loop.
pub(super) struct Loop {
    requests: SyncSender<Request>,
    waker: Waker,
    kept: Arc<Mutex<Option<Arc<Seen>>>>,
    /// What is wrong with the interface: the loop does not know.
    troubles: Arc<std::sync::Mutex<Vec<String>>>,
}

impl Loop {
    pub(super) fn new(requests: SyncSender<Request>, waker: Waker) -> Self {
        Loop {
            requests,
            waker,
            kept: Arc::default(),
            troubles: Arc::default(),
        }
    }

    /// What is to be seen now, or was a moment ago. Whoever comes while the loop is asked waits for the same answer. It is
    /// kept also where nobody waits any more: who hangs up and asks anew does not have the loop make another one.
    pub(super) async fn seen(&self) -> Result<Arc<Seen>, Unanswered> {
        let kept = Arc::clone(&self.kept).lock_owned().await;
        if let Some(seen) = kept
            .as_ref()
            .filter(|seen| seen.fresh_until > Instant::now())
        {
            return Ok(Arc::clone(seen));
        }
        let (answer, answered) = oneshot::channel();
        self.send(Request::Status(answer))?;
        // It holds the lock, so there is only one.
        let asked = tokio::spawn(keep_answer(kept, answered, Arc::clone(&self.troubles)));
        asked.await.unwrap_or(Err(Unanswered::Ending))
    }

    /// What is wrong with the interface now.
    pub(super) fn tell_troubles(&self, troubles: Vec<String>) {
        *self.troubles.lock().unwrap_or_else(PoisonError::into_inner) = troubles;
    }

    /// What was seen is not what is any more.
    pub(super) async fn forget(&self) {
        *self.kept.lock().await = None;
    }

    /// Never blocks.
    pub(super) fn send(&self, request: Request) -> Result<(), Unanswered> {
        use std::sync::mpsc::TrySendError;
        self.requests
            .try_send(request)
            .map_err(|error| match error {
                TrySendError::Full(_) => Unanswered::Busy,
                TrySendError::Disconnected(_) => Unanswered::Ending,
            })?;
        self.waker.wake();
        Ok(())
    }
}

async fn keep_answer(
    mut kept: OwnedMutexGuard<Option<Arc<Seen>>>,
    answered: oneshot::Receiver<Built>,
    troubles: Arc<std::sync::Mutex<Vec<String>>>,
) -> Result<Arc<Seen>, Unanswered> {
    let built = timeout(limits::LOOP_TIME, answered)
        .await
        .map_err(|_| Unanswered::Busy)?
        .map_err(|_| Unanswered::Ending)?;
    let keep = limits::STATUS_KEPT.max(built.took.saturating_mul(limits::STATUS_SHARE));
    let mut status = built.status;
    // Here, for the loop has better things to do; nobody else has this status yet, so that it is not copied.
    let own = Arc::make_mut(&mut status);
    let troubles = troubles.lock().unwrap_or_else(PoisonError::into_inner);
    own.node.control_troubles.clone_from(&troubles);
    drop(troubles);
    add_problems(own);
    let seen = Arc::new(Seen::new(status, Instant::now() + keep));
    *kept = Some(Arc::clone(&seen));
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::sync::mpsc::sync_channel;
    use std::task::{Context, Waker as TaskWaker};

    use super::super::rehearsal::virtual_time;
    use super::*;
    use standfast_api::status::Status;

    #[test]
    fn who_hangs_up_and_asks_anew_costs_the_loop_one_status() {
        let (questions, requests) = sync_channel(limits::REQUESTS);
        let way = Loop::new(questions, Waker::new().unwrap());
        let runtime = virtual_time();
        runtime.block_on(async {
            {
                let mut asked = pin!(way.seen());
                let mut context = Context::from_waker(TaskWaker::noop());
                assert!(asked.as_mut().poll(&mut context).is_pending());
                // The client is gone.
            }
            let Ok(Request::Status(answer)) = requests.try_recv() else {
                panic!("nothing was asked");
            };
            let status = Arc::new(Status::default());
            let took = std::time::Duration::ZERO;
            assert!(!answer.is_closed(), "what the loop makes is lost");
            let _ = answer.send(Built { status, took });
            assert!(way.seen().await.is_ok());
            assert!(requests.try_recv().is_err(), "it is asked once more");
        });
    }
}
