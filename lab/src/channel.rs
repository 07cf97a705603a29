//! The lab's side of the conversation with the agent of one host.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::error::{LabError, io_error};
use crate::moment::Moment;
use crate::protocol::{ExitState, Message, ReplyBody, Request, RequestBody, Stream};

/// How long an agent may take to prepare its host or to answer: generous, for a loaded machine.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// How much of what a process printed is kept; the older half is dropped beyond.
const KEPT_OUTPUT_BYTES: usize = 1024 * 1024;

/// An agent that runs, and all that it has said.
pub(crate) struct Channel {
    host: String,
    starter: Mutex<Child>,
    requests: Mutex<Option<ChildStdin>>,
    state: Mutex<State>,
    changed: Condvar,
    reader: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct State {
    /// `None` until the agent has prepared its host.
    prepared: Option<Result<(), (String, String)>>,
    gone: bool,
    next_number: u64,
    replies: BTreeMap<u64, ReplyBody>,
    processes: BTreeMap<i32, ProcessRecord>,
}

/// What is known of a process.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProcessRecord {
    pub output: String,
    pub error: String,
    /// Both streams, in the order in which they arrived.
    pub log: String,
    pub closed_streams: u8,
    pub ended: Option<(ExitState, Moment)>,
}

impl Channel {
    /// Takes over a started agent and waits until its host is prepared.
    pub(crate) fn open(host: &str, mut starter: Child) -> Result<Arc<Self>, LabError> {
        let output = starter.stdout.take();
        let channel = Arc::new(Self {
            host: host.to_owned(),
            requests: Mutex::new(starter.stdin.take()),
            starter: Mutex::new(starter),
            state: Mutex::default(),
            changed: Condvar::new(),
            reader: Mutex::default(),
        });
        if let Some(output) = output {
            let listener = Arc::clone(&channel);
            let reader = thread::spawn(move || listener.listen(output));
            *lock(&channel.reader) = Some(reader);
        }
        let prepared = channel.wait_for("the agent's start", ANSWER_LIMIT, |state| {
            state.prepared.clone()
        })?;
        match prepared {
            Ok(()) => Ok(channel),
            Err((request, said)) => Err(LabError::Refused {
                host: host.to_owned(),
                request,
                said,
            }),
        }
    }

    /// Name of the host.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Asks the agent and waits for its answer; a refusal is an error that names `request`.
    pub(crate) fn ask(&self, request: &str, body: RequestBody) -> Result<ReplyBody, LabError> {
        let number = {
            let mut state = lock(&self.state);
            state.next_number += 1;
            state.next_number
        };
        self.send(&Request { number, body })?;
        match self.wait_for(request, ANSWER_LIMIT, |state| state.replies.remove(&number))? {
            ReplyBody::Failed { said } => Err(LabError::Refused {
                host: self.host.clone(),
                request: request.to_owned(),
                said,
            }),
            reply @ (ReplyBody::Done | ReplyBody::Spawned { .. } | ReplyBody::Text { .. }) => {
                Ok(reply)
            }
        }
    }

    /// Waits until `look` finds something in the record of a process.
    pub(crate) fn watch<T>(
        &self,
        pid: i32,
        awaited: &str,
        limit: Duration,
        mut look: impl FnMut(&ProcessRecord) -> Option<T>,
    ) -> Result<T, LabError> {
        self.wait_for(awaited, limit, |state| {
            state.processes.get(&pid).and_then(&mut look)
        })
    }

    /// The record of a process as it is now.
    pub(crate) fn record(&self, pid: i32) -> ProcessRecord {
        lock(&self.state)
            .processes
            .get(&pid)
            .cloned()
            .unwrap_or_default()
    }

    fn send(&self, request: &Request) -> Result<(), LabError> {
        let mut line =
            serde_json::to_vec(request).map_err(|_| LabError::Unreadable { what: "a request" })?;
        line.push(b'\n');
        let mut requests = lock(&self.requests);
        let Some(agent) = requests.as_mut() else {
            return Err(LabError::AgentLost {
                host: self.host.clone(),
            });
        };
        agent.write_all(&line).map_err(io_error("ask the agent"))
    }

    fn wait_for<T>(
        &self,
        awaited: &str,
        limit: Duration,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<T, LabError> {
        let end = Moment::now() + limit;
        let mut state = lock(&self.state);
        loop {
            if let Some(found) = look(&mut state) {
                return Ok(found);
            }
            if state.gone {
                return Err(LabError::AgentLost {
                    host: self.host.clone(),
                });
            }
            let left = end.since(Moment::now());
            if left.is_zero() {
                return Err(LabError::TimedOut {
                    awaited: format!("{}: {awaited}", self.host),
                    limit,
                });
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn listen(&self, output: ChildStdout) {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Ok(message) = serde_json::from_str(&line) {
                lock(&self.state).take_in(message);
                self.changed.notify_all();
            }
        }
        lock(&self.state).gone = true;
        self.changed.notify_all();
    }

    /// Ends the agent, and with it every process of the host, and waits until all are gone.
    pub(crate) fn close(&self) {
        drop(lock(&self.requests).take());
        let mut starter = lock(&self.starter);
        // The starter ends with its child; the signal is for one that hangs before it has one.
        if self
            .wait_for("the agent's end", Duration::from_secs(2), |state| {
                state.gone.then_some(())
            })
            .is_err()
        {
            let _ = starter.kill();
        }
        let _ = starter.wait();
        drop(starter);
        if let Some(reader) = lock(&self.reader).take() {
            let _ = reader.join();
        }
    }
}

impl State {
    fn take_in(&mut self, message: Message) {
        match message {
            Message::Ready => self.prepared = Some(Ok(())),
            Message::Unready { doing, said } => self.prepared = Some(Err((doing, said))),
            Message::Reply { number, body } => {
                // Entered here, in the agent's order, so that nothing the process prints gets lost.
                if let ReplyBody::Spawned { pid } = body {
                    self.processes.insert(pid, ProcessRecord::default());
                }
                self.replies.insert(number, body);
            }
            Message::Printed { pid, stream, text } => {
                self.process(pid, |record| record.print(stream, &text));
            }
            Message::Closed { pid, stream: _ } => {
                self.process(pid, |record| record.closed_streams += 1);
            }
            Message::Exited { pid, state } => {
                self.process(pid, |record| record.ended = Some((state, Moment::now())));
            }
        }
    }

    /// Processes that the lab did not start itself have no record and need none.
    fn process(&mut self, pid: i32, change: impl FnOnce(&mut ProcessRecord)) {
        if let Some(record) = self.processes.get_mut(&pid) {
            change(record);
        }
    }
}

impl ProcessRecord {
    fn print(&mut self, stream: Stream, text: &str) {
        append_bounded(&mut self.log, text);
        append_bounded(
            match stream {
                Stream::Output => &mut self.output,
                Stream::Error => &mut self.error,
            },
            text,
        );
    }
}

fn append_bounded(kept: &mut String, text: &str) {
    kept.push_str(text);
    if kept.len() > KEPT_OUTPUT_BYTES {
        let middle = kept.ceil_char_boundary(kept.len() / 2);
        kept.drain(..middle);
    }
}

/// A thread that panicked while it held a lock of the lab left nothing half done that matters.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
