//! The control interface: HTTP on a Unix socket and, read-only, on TCP.
//!
//! ```text
//!   clients ─▶ listen ─▶ serve (hyper) ─▶ route ─▶ view ─▶ snapshot ─ Request ─▶ VRRP loop (worker::control)
//!                                           │       ▲ └──▶ journal
//!                                           ├──▶ stream (server-sent events), findings (explanations)
//!                                           └──▶ web (the page)
//! ```
//!
//! Reading order: [`Request`] and [`Control`], the loop's side; `listen`, `serve` and `patience`, which decide who is served
//! and for how long; `caller` and `view`, who may do and see what; `route`; `limits`, the numbers.
//!
//! Architecture invariant: what is here sees nothing of the worker but through [`Request`], and the loop never waits for
//! any of it: requests are bounded, and those for a status are made one for however many ask.

mod caller;
mod findings;
mod limits;
mod listen;
mod own_names;
mod patience;
mod query;
pub mod rehearsal;
mod reply;
mod route;
mod serve;
mod snapshot;
mod stream;
mod tally;
mod tls;
mod view;
mod web;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use standfast_api::command::{Answer, Command};
use standfast_api::status::Status;
use standfast_core::journal::Level;
use standfast_linux::poller::Waker;
use standfast_linux::{Error, Object, scheduling};
use tokio::sync::oneshot;

use crate::chronicle::Chronicle;
use crate::log::Logger;

/// The name of the interface's thread, which never waits for a disk or a program.
pub(crate) const THREAD: &str = "control";

/// What is asked of the loop. Whoever asked may be gone.
pub(crate) enum Request {
    /// Everything that is to be seen.
    Status(oneshot::Sender<Built>),
    /// An operator wants something.
    Command {
        /// Who, for the journal.
        who: String,
        command: Command,
        reply: oneshot::Sender<Answer>,
    },
}

/// A status, and what it cost.
pub(crate) struct Built {
    pub(crate) status: Arc<Status>,
    /// What the loop took to make it.
    pub(crate) took: Duration,
}

/// Where to listen, and who may ask.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) socket: Option<SocketSettings>,
    /// Addresses on TCP.
    pub(crate) http: Vec<SocketAddr>,
    /// Files of the certificate chain and its key.
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    /// The file that holds the token.
    pub(crate) token: Option<PathBuf>,
}

/// The Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SocketSettings {
    pub(crate) path: PathBuf,
    /// Permission bits.
    pub(crate) mode: u32,
    /// The name of its group; none: the daemon's.
    pub(crate) group: Option<String>,
}

/// The handle of the VRRP loop; nothing here waits but [`Control::finish`].
pub(crate) struct Control {
    settings: tokio::sync::mpsc::Sender<Settings>,
    requests: mpsc::Receiver<Request>,
    ended: mpsc::Receiver<()>,
}

impl Control {
    /// Starts the thread, which does nothing until it is configured and ends with the handle; `waker` is woken when a request
    /// waits.
    pub(crate) fn start(logger: Logger, waker: Waker, journal: Chronicle) -> Result<Self, Error> {
        let (settings, wanted) = tokio::sync::mpsc::channel(limits::SETTINGS);
        let (questions, requests) = mpsc::sync_channel(limits::REQUESTS);
        let (end, ended) = mpsc::sync_channel(1);
        let shared = route::Shared::new(questions, waker, journal);
        thread::Builder::new()
            .name(THREAD.into())
            .stack_size(limits::STACK)
            .spawn(move || {
                run(wanted, shared, &logger);
                drop(end);
            })
            .map_err(|error| Error {
                operation: "start",
                object: Object::Named("control thread"),
                errno: error.into(),
            })?;
        Ok(Control {
            settings,
            requests,
            ended,
        })
    }

    /// The listeners become what the settings say; what has not changed stays as it is. False if earlier ones still wait.
    pub(crate) fn configure(&self, settings: Settings) -> bool {
        self.settings.try_send(settings).is_ok()
    }

    /// What waits for the loop; nothing of those who have gone meanwhile.
    pub(crate) fn next_request(&self) -> Option<Request> {
        loop {
            let request = self.requests.try_recv().ok()?;
            let gone = match &request {
                Request::Status(answer) => answer.is_closed(),
                // It is carried out all the same: whoever asked for it may only have lost the connection.
                Request::Command { .. } => false,
            };
            if !gone {
                return Some(request);
            }
        }
    }

    /// Ends the thread; its sockets are gone after that, unless it hangs.
    pub(crate) fn finish(self) {
        let Control {
            settings,
            requests,
            ended,
            ..
        } = self;
        drop((settings, requests));
        // It says nothing: it hangs up.
        let _ = ended.recv_timeout(limits::END_TIME);
    }
}

fn run(
    mut wanted: tokio::sync::mpsc::Receiver<Settings>,
    shared: Arc<route::Shared>,
    logger: &Logger,
) {
    let complain = |text: String| logger.log(Level::Warning, text);
    // Nothing is made before somebody may ask.
    let first = loop {
        match wanted.blocking_recv() {
            None => return,
            Some(settings) if settings == Settings::default() => {}
            Some(settings) => break settings,
        }
    };
    if let Err(error) = scheduling::set_nice(limits::NICE) {
        complain(format!("control interface: {error}"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(limits::HELPERS)
        .thread_name("control-files")
        .thread_stack_size(limits::STACK)
        .thread_keep_alive(limits::IDLE_TIME)
        .build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(listen::listen(first, &mut wanted, shared, logger));
            // A disk that hangs does not hold up the end.
            runtime.shutdown_background();
        }
        Err(error) => complain(format!("there is no control interface: {error}")),
    }
}
