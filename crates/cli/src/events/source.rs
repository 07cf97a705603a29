//! Where events come from.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use standfast_api::event::{Level, Page, Query};
use standfast_api::path;
use standfast_api::status::Status;
use standfast_config::printable;
use standfast_config::registry::nearest_of;
use standfast_daemon::chronicle;

use crate::client::{Client, ClientError, Place, encoded};
use crate::output::listed;

/// Names that an error lists.
const NAMES_SHOWN: usize = 8;

/// Where events come from.
#[derive(Debug)]
pub(super) enum Source {
    /// The running daemon.
    Daemon(Client),
    /// The files of one that does not run.
    Files(PathBuf),
}

/// Why there are none.
#[derive(Debug)]
pub(super) enum Failure {
    /// The daemon does not answer.
    Client(ClientError),
    /// Nothing is called so; what there is.
    Unknown(String, Vec<String>),
    /// The files cannot be read.
    Files(PathBuf, io::Error),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Failure::Client(error)
    }
}

impl Failure {
    /// Says it on standard error.
    pub(super) fn report(&self) -> ExitCode {
        match self {
            Failure::Client(error) => error.report(),
            Failure::Unknown(name, names) => {
                eprintln!("standfast: {}", unknown(name, names));
                ExitCode::from(2)
            }
            Failure::Files(path, error) => {
                eprintln!(
                    "standfast: cannot read the journal in {}: {error}",
                    path.display()
                );
                ExitCode::FAILURE
            }
        }
    }
}

impl Source {
    /// The daemon that is meant; where none runs, the files of the only one of this host.
    pub(super) fn find(place: &Place) -> Result<Self, Failure> {
        match Client::find(place) {
            Ok(client) => Ok(Source::Daemon(client)),
            Err(error @ (ClientError::NotRunning(_) | ClientError::Stale(_))) => {
                let directory = chronicle::default_directory();
                if *place == Place::default() && directory.is_dir() {
                    return Ok(Source::Files(directory));
                }
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A part of the journal.
    pub(super) fn page(&self, query: &Query) -> Result<Page, Failure> {
        match self {
            Source::Daemon(client) => Ok(client.get(&events_path(query))?),
            Source::Files(directory) => chronicle::read(directory, query)
                .map_err(|error| Failure::Files(directory.clone(), error)),
        }
    }

    /// Whether something is called so, or was.
    pub(super) fn knows(&self, name: Option<&str>) -> Result<(), Failure> {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Ok(());
        };
        let mut query = Query::newest(1);
        query.subject = Some(name.to_owned());
        if !self.page(&query)?.records.is_empty() {
            return Ok(());
        }
        let names = match self {
            Source::Daemon(client) => names(client.get(path::STATUS)?),
            Source::Files(_) => Vec::new(),
        };
        match names.iter().any(|one| one == name) {
            true => Ok(()),
            false => Err(Failure::Unknown(name.to_owned(), names)),
        }
    }

    /// The number of the newest entry, whatever it is about.
    pub(super) fn newest(&self) -> Result<Option<u64>, Failure> {
        let page = self.page(&Query::newest(1))?;
        Ok(page.records.last().map(|record| record.seq))
    }
}

/// What an event may be about.
fn names(status: Status) -> Vec<String> {
    let instances = status.instances.into_iter().map(|one| one.name);
    let groups = status.groups.into_iter().map(|one| one.name);
    let checks = status.checks.into_iter().map(|one| one.name);
    let tracked = status.tracked.into_iter().map(|one| one.name);
    let interfaces = status.interfaces.into_iter().map(|one| one.name);
    let all = instances.chain(groups).chain(checks);
    all.chain(tracked).chain(interfaces).collect()
}

fn unknown(name: &str, names: &[String]) -> String {
    let near = nearest_of(names.iter().map(String::as_str), name);
    let guess = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let there = match names {
        [] => String::new(),
        names => {
            let names = listed(names.iter().map(String::as_str), NAMES_SHOWN);
            format!(" (there are: {names}; `node` for the whole node)")
        }
    };
    printable(&format!("no event is about `{name}`{guess}{there}"))
}

/// The path of a part of the journal.
fn events_path(query: &Query) -> String {
    let mut path = format!("{}?limit={}", path::EVENTS, query.limit);
    // A string takes everything.
    if let Some(after) = query.after {
        let _ = write!(path, "&after={after}");
    }
    if let Some(since) = query.since_us {
        let _ = write!(path, "&since_us={since}");
    }
    if let Some(name) = &query.subject {
        let _ = write!(path, "&subject={}", encoded(name));
    }
    if let Some(level) = query.level {
        let word = match level {
            Level::Detail => "detail",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let _ = write!(path, "&level={word}");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_a_path() {
        let query = Query {
            since_us: Some(7),
            subject: Some("a b&c".into()),
            level: Some(Level::Warning),
            ..Query::after(3, 9)
        };
        assert_eq!(
            events_path(&query),
            "/v1/events?limit=9&after=3&since_us=7&subject=a%20b%26c&level=warning"
        );
        assert_eq!(events_path(&Query::newest(1)), "/v1/events?limit=1");
    }
}
