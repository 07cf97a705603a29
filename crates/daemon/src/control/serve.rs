//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::caller::Caller;
use super::limits;
use super::patience::{Patient, Phase};
use super::route::{self, Shared};

/// Answers what comes until the other end has enough or is too slow. How it ends is nobody's business: clients come and go.
pub(super) async fn connection<S>(stream: S, caller: Caller, phase: Phase, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = TokioIo::new(Patient::new(stream, phase.clone()));
    let service = service_fn(|request| {
        let answering = phase.answer();
        let (caller, phase, shared) = (&caller, &phase, &shared);
        async move {
            let reply = route::answer(request, caller, phase, shared).await;
            Ok::<_, Infallible>(reply.map(|content| content.busy(answering)))
        }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        // `Patient` knows more of it.
        .header_read_timeout(None::<Duration>)
        .max_buf_size(limits::HEADER_BYTES)
        .max_headers(limits::HEADERS)
        .serve_connection(stream, service)
        .await;
}
