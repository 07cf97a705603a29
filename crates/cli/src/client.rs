//! A client of the daemon's control socket: blocking, one request at a time, bounded in size and time.
//!
//! [`Place`] says which daemon; without a word about it the only one that runs is found ([`find`]). [`Client`] asks it,
//! [`Events`] follows it.

mod error;
mod events;
mod find;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use standfast_api::command::{Answer, Command};
use standfast_api::path;
use tokio::net::UnixStream;
use tokio::runtime::{Builder, Runtime};

pub(crate) use self::error::ClientError;
pub(crate) use self::events::Events;

/// Time in which the daemon takes a connection; it takes them at once unless the host is in distress.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// Time in which the daemon answers what is only read.
const READ_WAIT: Duration = Duration::from_secs(20);
/// Time in which the daemon has carried out a command: a switchover waits for a successor, and intervals have up to 255 s.
const COMMAND_WAIT: Duration = Duration::from_secs(20 * 60);
/// Longest answer: the status of a thousand instances with all their addresses is some megabytes.
const LONGEST_ANSWER: usize = 64 << 20;

/// Which daemon is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct Place {
    /// Control socket of the daemon [default: that of the only one that runs].
    #[arg(long, value_name = "PATH", help_heading = "Which daemon")]
    pub(crate) socket: Option<PathBuf>,
    /// The daemon that runs in this named network namespace.
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "socket",
        help_heading = "Which daemon"
    )]
    pub(crate) namespace: Option<String>,
}

/// A daemon that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    socket: PathBuf,
}

impl Client {
    /// The daemon that is meant, if it runs.
    pub(crate) fn find(place: &Place) -> Result<Self, ClientError> {
        let socket = find::socket(place)?;
        Ok(Self { socket })
    }

    /// What lies at a path of [`standfast_api::path`].
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let (status, body) = self.ask(Method::GET, path, Vec::new(), READ_WAIT)?;
        if status != hyper::StatusCode::OK {
            return Err(refused(status.as_u16(), &body));
        }
        serde_json::from_slice(&body).map_err(|error| self.not_understood(error))
    }

    /// Asks for something to be done, and waits until it is done or refused.
    pub(crate) fn command(&self, command: &Command) -> Result<Answer, ClientError> {
        let body = serde_json::to_vec(command).map_err(|error| self.not_understood(error))?;
        let (status, body) = self.ask(Method::POST, path::COMMAND, body, COMMAND_WAIT)?;
        // A refusal is an answer too, with whatever status.
        serde_json::from_slice(&body).map_err(|error| match status {
            hyper::StatusCode::OK => self.not_understood(error),
            _ => refused(status.as_u16(), &body),
        })
    }

    /// What happens from now on, or after the entry of the journal with this number. Each step waits for the next event;
    /// the daemon sends a sign of life at least every 15 s.
    pub(crate) fn stream(&self, path: &str, last_id: Option<u64>) -> Result<Events, ClientError> {
        let runtime = self.runtime()?;
        let request = request(Method::GET, path, Vec::new(), last_id);
        let response = runtime.block_on(within(&self.socket, READ_WAIT, self.send(request)))?;
        if response.status() != hyper::StatusCode::OK {
            let status = response.status().as_u16();
            let body = runtime.block_on(within(&self.socket, READ_WAIT, self.whole(response)))?;
            return Err(refused(status, &body));
        }
        Ok(Events::new(self.socket.clone(), runtime, response))
    }

    fn ask(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        wait: Duration,
    ) -> Result<(hyper::StatusCode, Bytes), ClientError> {
        let request = request(method, path, body, None);
        let asked = async {
            let response = self.send(request).await?;
            Ok((response.status(), self.whole(response).await?))
        };
        self.runtime()?.block_on(within(&self.socket, wait, asked))
    }

    fn runtime(&self) -> Result<Runtime, ClientError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| self.io(error))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, ClientError> {
        let connect = async {
            let stream = UnixStream::connect(&self.socket).await;
            stream.map_err(|error| self.io(error))
        };
        let stream = within(&self.socket, CONNECT_WAIT, connect).await?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.map_err(|error| self.http(error))?;
        // It ends with the runtime, or when the daemon closes; what goes wrong in it is told by the answer's reader.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        let response = sender.send_request(request).await;
        response.map_err(|error| self.http(error))
    }

    async fn whole(&self, response: Response<Incoming>) -> Result<Bytes, ClientError> {
        let body = Limited::new(response.into_body(), LONGEST_ANSWER).collect();
        match body.await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) => match error.downcast::<hyper::Error>() {
                Ok(error) => Err(self.http(*error)),
                Err(_) => Err(ClientError::TooLong(LONGEST_ANSWER)),
            },
        }
    }

    fn io(&self, error: io::Error) -> ClientError {
        ClientError::connecting(&self.socket, error)
    }

    fn http(&self, error: hyper::Error) -> ClientError {
        ClientError::Broken(self.socket.clone(), error)
    }

    fn not_understood(&self, error: serde_json::Error) -> ClientError {
        ClientError::NotUnderstood(self.socket.clone(), error)
    }
}

fn request(
    method: Method,
    path: &str,
    body: Vec<u8>,
    last_id: Option<u64>,
) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(Bytes::from(body)));
    // A path that is none becomes `/`, which answers with something that is not understood.
    *request.uri_mut() = path.parse().unwrap_or_default();
    let headers = request.headers_mut();
    let fixed = hyper::header::HeaderValue::from_static;
    headers.insert(hyper::header::HOST, fixed("localhost"));
    if method == Method::POST {
        headers.insert(hyper::header::CONTENT_TYPE, fixed("application/json"));
    }
    if let Some(id) = last_id {
        headers.insert("last-event-id", id.into());
    }
    *request.method_mut() = method;
    request
}

async fn within<T>(
    socket: &Path,
    wait: Duration,
    asked: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    let result = tokio::time::timeout(wait, asked).await;
    result.unwrap_or_else(|_| Err(ClientError::TimedOut(socket.to_owned(), wait)))
}

/// What the daemon says where it does not do what it is asked for.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    help: Option<String>,
}

fn refused(status: u16, body: &[u8]) -> ClientError {
    let refusal = serde_json::from_slice::<Refusal>(body).ok();
    let (error, help) = refusal.map_or((None, None), |refusal| (Some(refusal.error), refusal.help));
    ClientError::Refused {
        status,
        error,
        help,
    }
}

/// A name as a part of a path: every byte that may mean something else there becomes `%XX`.
pub(crate) fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let parts = name.bytes().map(|byte| {
        if plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    parts.collect()
}

#[cfg(test)]
mod tests;
