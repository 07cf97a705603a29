//! The interface without sockets and without a daemon behind it, for fuzzing and tests: the real parser, limits and routes on
//! bytes in memory, and a status that stays the same.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use standfast_api::command::{Answer, Command};
use standfast_api::status::Status;
use standfast_linux::poller::Waker;
use standfast_linux::unix::Peer;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{sleep, timeout};

use super::caller::{Caller, Gate};
use super::patience::Phase;
use super::route::Shared;
use super::{Built, Request, limits, serve};
use crate::chronicle::{Chronicle, Settings};
use crate::log::Logger;
use crate::options::LogTarget;

/// Bytes that wait between the two ends.
const PIPE: usize = 64 * 1024;
/// Bytes of answers that are kept; a stream has no end.
const LONGEST: usize = 4 * 1024 * 1024;
/// A connection is looked at no longer.
const WATCHED: Duration = Duration::from_secs(120);
/// The loop that there is not looks for requests this often.
const TURN: Duration = Duration::from_millis(20);

/// Who sends the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Root of this host, through the socket.
    Root,
    /// Another user of this host, through the socket.
    User,
    /// Somebody at 127.0.0.1, who has to show the token if there is one.
    Network(Option<String>),
}

/// Where time passes when everybody waits.
#[cfg(test)]
pub(super) fn virtual_time() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let built = builder.enable_all().start_paused(true).build();
    built.expect("a runtime needs nothing but descriptors")
}

/// The interface in memory. Its time is that of the runtime, which is best paused.
pub struct Rehearsal {
    pub(super) shared: Arc<Shared>,
    #[cfg(test)]
    pub(super) journal: Chronicle,
    requests: Mutex<Receiver<Request>>,
    status: Arc<Status>,
    commands: Mutex<Vec<(String, Command)>>,
}

impl Rehearsal {
    /// With that status and an empty journal in memory; nothing if the system refuses a thread.
    #[must_use]
    pub fn new(status: Status) -> Option<Self> {
        let logger = Logger::start(LogTarget::SILENT, "rehearsal").ok()?;
        let settings = Settings {
            directory: None,
            size: 0,
        };
        let journal = Chronicle::start(settings, logger).ok()?;
        let (questions, requests) = sync_channel(limits::REQUESTS);
        Some(Rehearsal {
            #[cfg(test)]
            journal: journal.clone(),
            shared: Shared::new(questions, Waker::new().ok()?, journal),
            requests: Mutex::new(requests),
            status: Arc::new(status),
            commands: Mutex::default(),
        })
    }

    /// What comes back for these bytes, sent at once on a fresh connection, until it is closed.
    pub async fn answer(&self, sent: &[u8], role: &Role) -> Vec<u8> {
        let (client, server) = duplex(PIPE);
        let (mut reader, mut writer) = tokio::io::split(client);
        let connection =
            serve::connection(server, caller(role), Phase::new(), Arc::clone(&self.shared));
        let write = async {
            // It may be closed before it has taken everything.
            let _ = writer.write_all(sent).await;
            std::future::pending::<()>().await;
        };
        let mut received = Vec::new();
        let read = async {
            let mut bytes = [0; 8192];
            while let Ok(count @ 1..) = reader.read(&mut bytes).await {
                received.extend_from_slice(bytes.get(..count).unwrap_or_default());
                if received.len() > LONGEST {
                    break;
                }
            }
        };
        let closed = async {
            tokio::join!(connection, read);
        };
        let watched = timeout(WATCHED, closed);
        tokio::select! {
            _ = watched => {}
            () = write => {}
            () = self.turn() => {}
        }
        received
    }

    /// The commands that were given since the last question, and by whom.
    pub fn take_commands(&self) -> Vec<(String, Command)> {
        let commands = self.commands.lock();
        let mut commands = commands.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *commands)
    }

    async fn turn(&self) {
        loop {
            while let Some(request) = self.next_request() {
                self.carry_out(request);
            }
            sleep(TURN).await;
        }
    }

    fn next_request(&self) -> Option<Request> {
        let requests = self.requests.lock();
        requests
            .unwrap_or_else(PoisonError::into_inner)
            .try_recv()
            .ok()
    }

    fn carry_out(&self, request: Request) {
        match request {
            Request::Status(answer) => {
                let status = Arc::clone(&self.status);
                let took = Duration::ZERO;
                let _ = answer.send(Built { status, took });
            }
            Request::Command {
                who,
                command,
                reply,
            } => {
                let answer = match command {
                    Command::Resume => Answer::Done {
                        text: "resumed".to_owned(),
                        moves: Vec::new(),
                        plan: None,
                    },
                    _ => Answer::Refused {
                        text: "nothing to do".to_owned(),
                        reasons: Vec::new(),
                    },
                };
                let commands = self.commands.lock();
                let mut commands = commands.unwrap_or_else(PoisonError::into_inner);
                commands.push((who, command));
                let _ = reply.send(answer);
            }
        }
    }
}

fn caller(role: &Role) -> Caller {
    let peer = |uid| Peer {
        pid: 0,
        uid,
        gid: uid,
    };
    match role {
        Role::Root => Caller::Local(peer(0)),
        Role::User => Caller::Local(peer(65_534)),
        Role::Network(token) => Caller::Remote {
            at: ([127, 0, 0, 1], 9650).into(),
            gate: Gate {
                token: token.clone(),
                ..Gate::default()
            },
        },
    }
}
