//! What is asked for, and who answers.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};
use hyper::header::{ALLOW, HeaderMap};
use hyper::{Method, Request as Asked, StatusCode};
use standfast_api::command::{Answer, Command};
use standfast_api::event::{Level, Query};
use standfast_api::metrics::{self, Extra};
use standfast_api::path;
use standfast_linux::poller::Waker;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::caller::Caller;
use super::findings::{self, Findings};
use super::patience::Phase;
use super::reply::{self, Content, Reply, json, problem, reply, unavailable};
use super::snapshot::{Loop, Unanswered};
use super::stream::{self, Interest, Pulse};
use super::tally::Tally;
use super::view::{Sources, View};
use super::{Request, limits, query, web};
use crate::chronicle::Chronicle;
use crate::environment::own_identity;

/// The document of the interface, made by `cargo xtask docs`.
const OPENAPI: &str = include_str!("../../../../docs/openapi.json");

/// What all connections share.
pub(super) struct Shared {
    sources: Arc<Sources>,
    pub(super) pulse: Pulse,
    pub(super) tally: Tally,
    pub(super) findings: Findings,
    /// Whom the daemon belongs to.
    own_uid: u32,
}

impl Shared {
    pub(super) fn new(
        requests: SyncSender<Request>,
        waker: Waker,
        journal: Chronicle,
    ) -> Arc<Self> {
        Arc::new(Shared {
            sources: Arc::new(Sources::new(Loop::new(requests, waker), journal)),
            pulse: Pulse::default(),
            tally: Tally::default(),
            findings: Findings::default(),
            own_uid: own_identity().uid,
        })
    }

    /// What is wrong with the interface now, for the status.
    pub(super) fn tell_troubles(&self, troubles: Vec<String>) {
        self.sources.tell_troubles(troubles);
    }

    /// What that one is shown of the node and its journal.
    fn view(&self, caller: &Caller) -> View {
        View::new(&self.sources, caller.sight(), caller.is_remote())
    }
}

/// What a path stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Endpoint {
    Status,
    Explain(String),
    Events,
    Stream,
    Command,
    OpenApi,
    Metrics,
    Other(String),
}

impl Endpoint {
    fn of(path: &str) -> Self {
        match path {
            path::STATUS => Endpoint::Status,
            path::EVENTS => Endpoint::Events,
            path::STREAM => Endpoint::Stream,
            path::COMMAND => Endpoint::Command,
            path::OPENAPI => Endpoint::OpenApi,
            path::METRICS => Endpoint::Metrics,
            path => match path.strip_prefix(path::EXPLAIN).and_then(query::decode) {
                Some(name) if !name.is_empty() => Endpoint::Explain(name),
                _ => Endpoint::Other(path.to_owned()),
            },
        }
    }

    /// How it is counted.
    fn pattern(&self) -> &'static str {
        match self {
            Endpoint::Status => path::STATUS,
            Endpoint::Explain(_) => path::EXPLAIN,
            Endpoint::Events => path::EVENTS,
            Endpoint::Stream => path::STREAM,
            Endpoint::Command => path::COMMAND,
            Endpoint::OpenApi => path::OPENAPI,
            Endpoint::Metrics => path::METRICS,
            Endpoint::Other(_) => path::PAGE,
        }
    }

    /// A file of the web page.
    fn is_page(&self) -> bool {
        matches!(self, Endpoint::Other(path) if web::asset(path).is_some())
    }

    fn allowed(&self) -> &'static str {
        match self {
            Endpoint::Command => "POST",
            _ => "GET, HEAD",
        }
    }

    fn takes(&self, method: &Method) -> bool {
        self.allowed().split(", ").any(|one| one == method.as_str())
    }
}

/// Answers a request, whatever it is.
pub(super) async fn answer<B>(
    asked: Asked<B>,
    caller: &Caller,
    phase: &Phase,
    shared: &Arc<Shared>,
) -> Reply
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let endpoint = Endpoint::of(asked.uri().path());
    let pattern = endpoint.pattern();
    let reply = dispatch(endpoint, asked, caller, phase, shared).await;
    shared.tally.answered(pattern, reply.status());
    reply
}

async fn dispatch<B>(
    endpoint: Endpoint,
    asked: Asked<B>,
    caller: &Caller,
    phase: &Phase,
    shared: &Arc<Shared>,
) -> Reply
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if let Some(refusal) = caller.refusal(asked.method(), asked.headers(), shared.own_uid) {
        // A browser cannot show a token before it has the page, which asks for it and tells nothing of the node.
        let needs_token = refusal.status() == StatusCode::UNAUTHORIZED;
        if !(needs_token && endpoint.is_page() && endpoint.takes(asked.method())) {
            return refusal;
        }
    }
    if !endpoint.takes(asked.method()) {
        let text = format!("{} is not for {}", asked.method(), asked.uri().path());
        let mut reply = problem(
            StatusCode::METHOD_NOT_ALLOWED,
            &text,
            "see the Allow header",
        );
        reply::set(&mut reply, ALLOW, endpoint.allowed());
        return reply;
    }
    match endpoint {
        Endpoint::Command => command(asked, caller, phase, shared).await,
        Endpoint::Stream => follow(&asked, caller, phase, shared),
        endpoint => {
            let view = shared.view(caller);
            let query = asked.uri().query().unwrap_or_default();
            let read = read(endpoint, query, &view, shared);
            let late = || unavailable("it takes too long", "the host is very busy: try again");
            timeout(limits::REQUEST_TIME, read)
                .await
                .unwrap_or_else(|_| late())
        }
    }
}

async fn read(endpoint: Endpoint, query: &str, view: &View, shared: &Shared) -> Reply {
    match endpoint {
        Endpoint::Status => match view.seen().await {
            Ok(seen) => reply(StatusCode::OK, reply::JSON, seen.json().into()),
            Err(why) => unanswered(why),
        },
        Endpoint::Explain(name) => explained(&name, view, shared).await,
        Endpoint::Events => events(query, view).await,
        Endpoint::OpenApi => {
            let text = Bytes::from_static(OPENAPI.as_bytes());
            reply(StatusCode::OK, reply::JSON, text.into())
        }
        Endpoint::Metrics => metrics(view, shared).await,
        Endpoint::Other(path) => match web::asset(&path) {
            Some(asset) => reply(
                StatusCode::OK,
                asset.kind,
                Bytes::from_static(asset.bytes).into(),
            ),
            None => nothing_there(&path),
        },
        Endpoint::Stream | Endpoint::Command => nothing_there(path::COMMAND),
    }
}

async fn explained(name: &str, view: &View, shared: &Shared) -> Reply {
    let seen = match view.seen().await {
        Ok(seen) => seen,
        Err(why) => return unanswered(why),
    };
    match findings::explanation(&shared.findings, view, &seen.status, name).await {
        Some(explanation) => json(StatusCode::OK, &explanation),
        None => {
            let shown: String = name.chars().take(80).collect();
            let text = format!("there is no instance {shown}");
            problem(
                StatusCode::NOT_FOUND,
                &text,
                "/v1/status names the instances",
            )
        }
    }
}

fn nothing_there(path: &str) -> Reply {
    let shown: String = path.chars().take(80).collect();
    let text = format!("there is nothing at {shown}");
    problem(
        StatusCode::NOT_FOUND,
        &text,
        "what there is stands in /v1/openapi.json",
    )
}

fn unanswered(why: Unanswered) -> Reply {
    match why {
        Unanswered::Busy => unavailable("the daemon is busy", "try again in a moment"),
        Unanswered::Ending => unavailable("the daemon ends", "it may be started again"),
    }
}

async fn metrics(view: &View, shared: &Shared) -> Reply {
    let seen = match view.seen().await {
        Ok(seen) => seen,
        Err(why) => return unanswered(why),
    };
    let text = seen.metrics(|status| {
        let counts = shared.tally.counts();
        let extra = Extra {
            requests: counts.requests,
            refusals: counts.refusals,
            followers: u64::try_from(shared.pulse.followers()).unwrap_or(u64::MAX),
            journal: view.holds(),
        };
        metrics::render(status, &extra)
    });
    reply(StatusCode::OK, metrics::CONTENT_TYPE, text.into())
}

/// A parameter that is none of those that there are, or has a value that it cannot have; its name.
struct Misunderstood(String);

impl Misunderstood {
    fn reply(&self, help: &str) -> Reply {
        let shown: String = self.0.chars().take(80).collect();
        let text = format!("{shown} is not understood");
        problem(StatusCode::BAD_REQUEST, &text, help)
    }
}

/// `?since_us=`, `?after=`, `?limit=`, `?subject=`, `?level=`.
fn wanted(query: &str) -> Result<Query, Misunderstood> {
    let mut wanted = Query::newest(limits::PAGE);
    for part in query::parts(query) {
        let (name, value) = part.map_err(Misunderstood)?;
        let wrong = || Misunderstood(name.clone());
        let number = || value.parse::<u64>().map_err(|_| wrong());
        match name.as_str() {
            "since_us" => wanted.since_us = Some(number()?),
            "after" => wanted.after = Some(number()?),
            "limit" => {
                let limit = usize::try_from(number()?).unwrap_or(usize::MAX);
                wanted.limit = limit.clamp(1, limits::LARGEST_PAGE);
            }
            "subject" => wanted.subject = Some(value),
            "level" => wanted.level = Some(level(&value).ok_or_else(wrong)?),
            _ => return Err(wrong()),
        }
    }
    Ok(wanted)
}

fn level(name: &str) -> Option<Level> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

fn no_journal() -> Reply {
    unavailable(
        "the journal cannot be read",
        "is its disk full or broken? the log says more",
    )
}

async fn events(query: &str, view: &View) -> Reply {
    let help = "parameters are since_us, after and limit, which are numbers, subject, and level, which is detail, info, \
        warning or error";
    match wanted(query) {
        Err(wrong) => wrong.reply(help),
        Ok(wanted) => match view.page(wanted).await {
            Some(page) => json(StatusCode::OK, &page),
            None => no_journal(),
        },
    }
}

/// `?only=journal` or `?only=status`; `?after=` or the header `Last-Event-ID`.
fn interest(query: &str, headers: &HeaderMap) -> Result<Interest, Misunderstood> {
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let mut interest = Interest {
        // Browsers send back what they were told; another one is nobody's.
        after: last.and_then(|id| id.trim().parse().ok()),
        journal: true,
        status: true,
    };
    for part in query::parts(query) {
        let (name, value) = part.map_err(Misunderstood)?;
        match (name.as_str(), value.as_str()) {
            ("after", number) => {
                let number = number.parse().map_err(|_| Misunderstood(name.clone()))?;
                // After a break the header is newer than the address.
                interest.after = interest.after.or(Some(number));
            }
            ("only", "journal") => interest.status = false,
            ("only", "status") => interest.journal = false,
            _ => return Err(Misunderstood(name)),
        }
    }
    Ok(interest)
}

fn follow<B>(asked: &Asked<B>, caller: &Caller, phase: &Phase, shared: &Arc<Shared>) -> Reply {
    let query = asked.uri().query().unwrap_or_default();
    let interest = match interest(query, asked.headers()) {
        Ok(interest) => interest,
        Err(wrong) => {
            let help =
                "parameters are after, which is a number, and only, which is journal or status";
            return wrong.reply(help);
        }
    };
    match stream::follow(&shared.pulse, shared.view(caller), interest) {
        Some(events) => {
            phase.follows();
            reply::stream(Content::stream(events))
        }
        None => unavailable(
            "too many follow already",
            "end one of the others, or try again later",
        ),
    }
}

async fn command<B>(asked: Asked<B>, caller: &Caller, phase: &Phase, shared: &Shared) -> Reply
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let body = Limited::new(asked.into_body(), limits::BODY_BYTES);
    let body = match timeout(limits::BODY_TIME, body.collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let text = format!("a command has at most {} bytes", limits::BODY_BYTES);
            return problem(StatusCode::PAYLOAD_TOO_LARGE, &text, "send one command");
        }
        Ok(Err(_)) => {
            let help = "the connection broke, or its framing is wrong";
            return Misunderstood("the body".to_owned()).reply(help);
        }
        Err(_) => {
            let help = "send all of it at once";
            return problem(StatusCode::REQUEST_TIMEOUT, "the body did not come", help);
        }
    };
    let command: Command = match serde_json::from_slice(&body) {
        Ok(command) => command,
        Err(error) => {
            let text = format!("that is no command: {error}");
            let help = "for example {\"do\":\"resume\"}; all of them stand in /v1/openapi.json";
            return problem(StatusCode::BAD_REQUEST, &text, help);
        }
    };
    phase.commands();
    let (answer, answered) = oneshot::channel();
    let who = caller.who();
    let request = Request::Command {
        who,
        command,
        reply: answer,
    };
    if let Err(why) = shared.sources.send(request) {
        return unanswered(why);
    }
    let answered = timeout(limits::COMMAND_TIME, answered).await;
    shared.sources.forget().await;
    match answered {
        Ok(Ok(answer @ Answer::Done { .. })) => json(StatusCode::OK, &answer),
        Ok(Ok(answer @ Answer::Refused { .. })) => json(StatusCode::CONFLICT, &answer),
        Ok(Err(_)) => unanswered(Unanswered::Ending),
        Err(_) => unavailable("it is not done yet", "it goes on: look at /v1/events"),
    }
}
