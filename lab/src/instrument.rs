//! Measuring programs of the lab: parts of the agent in a host's network, read line by line.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::channel::lock;
use crate::error::{LabError, io_error};
use crate::lab::end_instrument;
use crate::moment::Moment;

/// A running instrument and what has been made of its lines.
pub(crate) struct Instrument<T> {
    child: Child,
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    reading: Mutex<Reading<T>>,
    changed: Condvar,
}

struct Reading<T> {
    value: T,
    ended: bool,
}

impl<T: Default + Send + 'static> Instrument<T> {
    /// Starts a command; `take_in` gets every line it prints.
    pub(crate) fn start(mut command: Command, take_in: fn(&mut T, &str)) -> Result<Self, LabError> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(io_error("start an instrument"))?;
        let shared = Arc::new(Shared {
            reading: Mutex::new(Reading {
                value: T::default(),
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let reader = Arc::clone(&shared);
        let output = child.stdout.take();
        thread::spawn(move || {
            for line in output
                .into_iter()
                .flat_map(|output| BufReader::new(output).lines())
                .map_while(Result::ok)
            {
                take_in(&mut lock(&reader.reading).value, &line);
                reader.changed.notify_all();
            }
            lock(&reader.reading).ended = true;
            reader.changed.notify_all();
        });
        Ok(Self { child, shared })
    }

    /// Looks at what has been read so far.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&lock(&self.shared.reading).value)
    }

    /// Waits until `look` finds something.
    pub(crate) fn wait_for<R>(
        &mut self,
        awaited: &str,
        limit: Duration,
        mut look: impl FnMut(&T) -> Option<R>,
    ) -> Result<R, LabError> {
        let end = Moment::now() + limit;
        let mut reading = lock(&self.shared.reading);
        loop {
            if let Some(found) = look(&reading.value) {
                return Ok(found);
            }
            if reading.ended {
                drop(reading);
                return Err(self.died());
            }
            let left = end.since(Moment::now());
            if left.is_zero() {
                return Err(LabError::TimedOut {
                    awaited: awaited.to_owned(),
                    limit,
                });
            }
            reading = self
                .shared
                .changed
                .wait_timeout(reading, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn died(&mut self) -> LabError {
        let mut said = String::new();
        // What cannot be read is left out of the message.
        let _ = self
            .child
            .stderr
            .take()
            .map(|mut errors| errors.read_to_string(&mut said));
        LabError::Refused {
            host: "lab".to_owned(),
            request: "measure".to_owned(),
            said: said.trim().to_owned(),
        }
    }
}

impl<T> Drop for Instrument<T> {
    fn drop(&mut self) {
        end_instrument(&mut self.child);
    }
}
