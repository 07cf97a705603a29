//! A connection's patience: what it waits for, and until when.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::limits;

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Waits for another request.
    Idle,
    /// Reads a request.
    Head,
    /// Is answered.
    Answer,
    /// Has its answer; the other end has to take it.
    Taking,
    /// Waits for the end of a command: that takes as long as it takes.
    Command,
    /// Follows the stream.
    Stream,
}

/// The stage of a connection, and since when; whoever serves it and whoever looks for room know the same.
#[derive(Clone, Debug)]
pub(super) struct Phase(Arc<Mutex<(Stage, Instant)>>);

impl Phase {
    /// A fresh connection has to say what it wants.
    pub(super) fn new() -> Self {
        Phase(Arc::new(Mutex::new((Stage::Head, Instant::now()))))
    }

    fn look(&self) -> (Stage, Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, stage: Stage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (stage, Instant::now());
    }

    /// Since when it has waited for the other end, if it does.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        let (stage, since) = self.look();
        match stage {
            Stage::Idle | Stage::Head | Stage::Taking => Some(since),
            Stage::Answer | Stage::Command | Stage::Stream => None,
        }
    }

    /// Whether it has asked for something that it is still to get.
    pub(super) fn is_answered(&self) -> bool {
        match self.look().0 {
            Stage::Answer | Stage::Taking | Stage::Command => true,
            Stage::Idle | Stage::Head | Stage::Stream => false,
        }
    }

    /// A request is answered until that value goes.
    pub(super) fn answer(&self) -> Answering {
        self.enter(Stage::Answer);
        Answering(self.clone())
    }

    /// The answer is a stream.
    pub(super) fn follows(&self) {
        self.enter(Stage::Stream);
    }

    /// A command is carried out.
    pub(super) fn commands(&self) {
        self.enter(Stage::Command);
    }

    fn bytes_came(&self) {
        if self.look().0 == Stage::Idle {
            self.enter(Stage::Head);
        }
    }

    /// Nothing waits to be written any more.
    fn is_flushed(&self) {
        if self.look().0 == Stage::Taking {
            self.enter(Stage::Idle);
        }
    }

    fn reads_until(&self) -> Option<Instant> {
        let (stage, since) = self.look();
        match stage {
            Stage::Idle => Some(since + limits::IDLE_TIME),
            Stage::Head => Some(since + limits::HEADER_TIME),
            Stage::Answer | Stage::Taking | Stage::Command | Stage::Stream => None,
        }
    }

    fn writes_until(&self) -> Option<Instant> {
        let (stage, since) = self.look();
        (stage == Stage::Taking).then(|| since + limits::ANSWER_TIME)
    }
}

/// A request is being answered.
pub(super) struct Answering(Phase);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.enter(Stage::Taking);
    }
}

/// A stream that fails with `TimedOut` when the other end is too slow.
pub(super) struct Patient<S> {
    stream: S,
    phase: Phase,
    reading: Option<Pin<Box<Sleep>>>,
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, phase: Phase) -> Self {
        Patient {
            stream,
            phase,
            reading: None,
            writing: None,
        }
    }

    /// Nothing comes: ready when that has gone on for too long.
    fn wait_to_read(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(until) = self.phase.reads_until() else {
            self.reading = None;
            return Poll::Pending;
        };
        let timer = self
            .reading
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        timer.as_mut().poll(context)
    }

    /// Nothing goes: until when?
    fn wait_to_write<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        let timer = self.writing.get_or_insert_with(|| {
            let soon = Instant::now() + limits::WRITE_TIME;
            let whole = self.phase.writes_until();
            Box::pin(sleep_until(whole.map_or(soon, |whole| whole.min(soon))))
        });
        timer.as_mut().poll(context).map(|()| Err(too_slow()))
    }

    /// Something goes, or failed.
    fn went<T>(
        &mut self,
        done: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        match done {
            Poll::Pending => self.wait_to_write(context),
            Poll::Ready(done) => {
                self.writing = None;
                let over = self.phase.writes_until();
                match over.is_some_and(|until| until <= Instant::now()) {
                    true => Poll::Ready(Err(too_slow())),
                    false => Poll::Ready(done),
                }
            }
        }
    }
}

fn too_slow() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.reading = None;
            self.phase.bytes_came();
            return read;
        }
        self.wait_to_read(context).map(|()| Err(too_slow()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.went(done, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.went(done, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_flush(context);
        match done {
            Poll::Pending => self.wait_to_write(context),
            // Nothing may have had to go: that is no progress.
            Poll::Ready(done) => {
                self.phase.is_flushed();
                // Nobody reads again before something wakes the task: without bytes only this does.
                let _ = self.wait_to_read(context);
                Poll::Ready(done)
            }
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.stream).poll_shutdown(context);
        self.went(done, context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::net::UnixStream;
    use tokio::time::timeout;

    use super::super::rehearsal::virtual_time;
    use super::*;

    /// As a server does it that looks for bytes, answers meanwhile, and looks again when it is woken: a socket whose other end
    /// is silent wakes nobody.
    #[test]
    fn whoever_has_its_answer_and_is_silent_is_cut_off() {
        let runtime = virtual_time();
        runtime.block_on(async {
            let (stream, _silent) = UnixStream::pair().unwrap();
            let phase = Phase::new();
            let mut answering = Some(phase.answer());
            let mut patient = Patient::new(stream, phase);
            let mut bytes = [0; 1];
            let ends = poll_fn(|context| {
                let mut buffer = ReadBuf::new(&mut bytes);
                let read = Pin::new(&mut patient).poll_read(context, &mut buffer);
                if answering.take().is_some() {
                    assert!(Pin::new(&mut patient).poll_flush(context).is_ready());
                }
                read
            });
            let begin = Instant::now();
            let ended = timeout(limits::IDLE_TIME * 2, ends).await;
            assert_eq!(ended.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
            let late = begin.elapsed().abs_diff(limits::IDLE_TIME);
            assert!(late < Duration::from_secs(1), "late by {late:?}");
        });
    }
}
