//! Where the interface listens. What cannot listen says so once and tries again; what a reload has not changed stays.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use standfast_core::journal::Level;
use standfast_linux::files::read_regular;
use standfast_linux::unix::{self, SocketName};
use standfast_linux::user::group_by_name;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::caller::{Caller, Gate};
use super::own_names::own_names;
use super::patience::Phase;
use super::route::Shared;
use super::{Settings, SocketSettings, limits, serve, tls};
use crate::log::Logger;

/// After a failure to accept, such as one for want of descriptors.
const REST: Duration = Duration::from_millis(100);
/// What is written to whoever finds no room.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Type: application/json\r\nContent-Length: 78\r\n\r\n\
    {\"error\":\"too many connections\",\"help\":\"try again when others have finished\"}\n";

/// Listens as the settings say until there will be no others.
pub(super) async fn listen(
    first: Settings,
    wanted: &mut mpsc::Receiver<Settings>,
    shared: Arc<Shared>,
    logger: &Logger,
) {
    let mut listeners = Listeners {
        settings: first,
        socket: None,
        door: None,
        stale: false,
        tcp: BTreeMap::new(),
        retired: Vec::new(),
        told: BTreeSet::new(),
        troubles: Vec::new(),
        shared,
        logger,
    };
    let mut complete = listeners.open(true);
    loop {
        let next = match complete {
            true => wanted.recv().await,
            false => match timeout(limits::RETRY, wanted.recv()).await {
                Ok(next) => next,
                Err(_) => {
                    complete = listeners.open(false);
                    continue;
                }
            },
        };
        let Some(settings) = next else {
            return;
        };
        listeners.told.clear();
        listeners.settings = settings;
        complete = listeners.open(true);
    }
}

/// A task that ends with this.
struct Task(JoinHandle<()>);

impl Drop for Open {
    fn drop(&mut self) {
        // The accepting task has another handle of them until it is dropped.
        self.connections.list().clear();
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What whoever comes over TCP has to pass.
#[derive(Clone, Default)]
struct Door {
    tls: Option<TlsAcceptor>,
    gate: Gate,
}

struct Socket {
    settings: SocketSettings,
    name: SocketName,
    open: Open,
}

/// A listener, and those who came to it.
struct Open {
    connections: Connections,
    _task: Task,
}

impl Open {
    fn new(listener: Listener, shared: &Arc<Shared>) -> Self {
        let connections = Connections::default();
        let accepting = accept(listener, connections.clone(), Arc::clone(shared));
        Open {
            connections,
            _task: Task(tokio::spawn(accepting)),
        }
    }
}

struct Listeners<'a> {
    settings: Settings,
    socket: Option<Socket>,
    /// Shared by all TCP listeners; of which files it was made.
    door: Option<(DoorFiles, watch::Sender<Door>)>,
    /// Its files were read before what is there now, which cannot be read.
    stale: bool,
    tcp: BTreeMap<SocketAddr, Open>,
    /// Those who wait for an answer from a socket that is no more: one of them may have asked for the reload.
    retired: Vec<Connection>,
    /// What was said already.
    told: BTreeSet<String>,
    /// What is wrong, as far as everything has been tried.
    troubles: Vec<String>,
    shared: Arc<Shared>,
    logger: &'a Logger,
}

type DoorFiles = (Option<(PathBuf, PathBuf)>, Option<PathBuf>);

impl Listeners<'_> {
    /// Whether everything listens that shall. `fresh`: files are read again.
    fn open(&mut self, fresh: bool) -> bool {
        let socket = self.open_socket();
        let door = match self.settings.http.is_empty() {
            true => {
                self.door = None;
                true
            }
            false => !fresh && self.door.is_some() && !self.stale || self.open_door(),
        };
        let complete = socket & door & self.open_tcp();
        self.shared
            .tell_troubles(std::mem::take(&mut self.troubles));
        complete
    }

    fn tell(&mut self, level: Level, text: String) {
        self.troubles.push(text.clone());
        if self.told.insert(text.clone()) {
            self.logger.log(level, text);
        }
    }

    fn open_socket(&mut self) -> bool {
        let wanted = self.settings.socket.clone();
        let has = self.socket.as_ref().filter(|socket| {
            // Somebody may have removed it.
            Some(&socket.settings) == wanted.as_ref() && socket.name.is_there()
        });
        if has.is_some() {
            return true;
        }
        self.retired.retain(Connection::is_answered);
        let before = self.socket.take().map(|socket| {
            self.retired.append(&mut socket.open.connections.answered());
            socket.name
        });
        let Some(settings) = wanted else {
            return true;
        };
        match bind(&settings, before) {
            Ok((listener, name)) => {
                self.socket = Some(Socket {
                    settings,
                    name,
                    open: Open::new(Listener::Unix(listener), &self.shared),
                });
                true
            }
            Err(text) => {
                let path = settings.path.display();
                self.tell(Level::Warning, format!("control_socket {path}: {text}"));
                false
            }
        }
    }

    /// Reads certificate and token. A certificate that was read before goes on where its files cannot be read now. A token does
    /// not: whoever has taken the file away may have wanted that.
    fn open_door(&mut self) -> bool {
        let files = (self.settings.tls.clone(), self.settings.token.clone());
        let known = self.door.as_ref().filter(|(of, _)| *of == files);
        let known = known.map(|(_, door)| door.borrow().tls.clone());
        let made = read_gate(files.1.as_deref()).and_then(|gate| {
            let tls = read_tls(files.0.as_ref());
            match (tls, known) {
                (Ok(tls), _) => Ok((Door { tls, gate }, None)),
                (Err(text), Some(tls)) => Ok((Door { tls, gate }, Some(text))),
                (Err(text), None) => Err(text),
            }
        });
        match made {
            Ok((door, trouble)) => {
                self.hang(files, door);
                self.stale = trouble.is_some();
                if let Some(text) = trouble {
                    self.tell(Level::Error, format!("{text}; the one before is shown"));
                }
                !self.stale
            }
            Err(text) => {
                self.door = None;
                self.tell(Level::Error, format!("{text}; nobody is let in without"));
                false
            }
        }
    }

    fn hang(&mut self, files: DoorFiles, door: Door) {
        match &mut self.door {
            Some((of, known)) => {
                let before = known.send_replace(door.clone());
                if *of != files || before.gate != door.gate {
                    // Whoever was let in by what does not open any more, or as there was no door yet, asks again.
                    let open = self.tcp.values();
                    open.for_each(|open| open.connections.list().clear());
                }
                *of = files;
            }
            None => self.door = Some((files, watch::Sender::new(door))),
        }
    }

    fn open_tcp(&mut self) -> bool {
        let Some((_, door)) = &self.door else {
            self.tcp.clear();
            return self.settings.http.is_empty();
        };
        let door = door.subscribe();
        let wanted: BTreeSet<SocketAddr> = self.settings.http.iter().copied().collect();
        self.tcp.retain(|address, _| wanted.contains(address));
        let mut complete = true;
        for address in wanted {
            if self.tcp.contains_key(&address) {
                continue;
            }
            match bind_tcp(address) {
                Ok(listener) => {
                    let listener = Listener::Tcp(listener, address, door.clone());
                    self.tcp.insert(address, Open::new(listener, &self.shared));
                }
                Err(error) => {
                    self.tell(Level::Warning, format!("http_listen {address}: {error}"));
                    complete = false;
                }
            }
        }
        complete
    }
}

/// `before`: the name of the socket before this one.
fn bind(
    settings: &SocketSettings,
    before: Option<SocketName>,
) -> Result<(UnixListener, SocketName), String> {
    let group = match &settings.group {
        None => None,
        Some(name) => match group_by_name(name) {
            Ok(Some(group)) => Some(group),
            Ok(None) => return Err(format!("there is no group {name}")),
            Err(error) => return Err(error.to_string()),
        },
    };
    let listening = match before.filter(|name| name.path() == settings.path) {
        Some(name) => unix::listen_again(name, settings.mode, group),
        None => unix::listen(&settings.path, settings.mode, group),
    };
    let (listener, name) = listening.map_err(|error| error.to_string())?;
    let listener = UnixListener::from_std(listener).map_err(|error| error.to_string())?;
    Ok((listener, name))
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
        SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
    };
    // A predecessor's connections may linger.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(u32::try_from(limits::CONNECTIONS).unwrap_or(u32::MAX))
}

fn read_tls(files: Option<&(PathBuf, PathBuf)>) -> Result<Option<TlsAcceptor>, String> {
    files
        .map(|(chain, key)| tls::acceptor(chain, key))
        .transpose()
}

fn read_gate(token: Option<&Path>) -> Result<Gate, String> {
    Ok(Gate {
        token: token.map(read_token).transpose()?,
        names: own_names(),
    })
}

fn read_token(path: &Path) -> Result<String, String> {
    let wrong = |why: &str| format!("http_token_file {}: {why}", path.display());
    let bytes = read_regular(path, limits::SECRET_BYTES);
    let bytes = bytes.map_err(|error| wrong(&error.to_string()))?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    let token = text.trim();
    let fits = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    match fits {
        true => Ok(token.to_owned()),
        false => Err(wrong(
            "it holds no token, which is one word of visible ASCII",
        )),
    }
}

enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener, SocketAddr, watch::Receiver<Door>),
}

/// A connection that is served.
struct Connection {
    phase: Phase,
    task: Task,
}

/// The connections of one listener.
#[derive(Clone, Default)]
struct Connections(Arc<Mutex<Vec<Connection>>>);

/// Whether another connection can be served.
enum Room {
    /// It can.
    Yes,
    /// Then, when somebody has had the time for a request.
    At(Instant),
    /// All are answered.
    No,
}

impl Connections {
    fn list(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, phase: Phase, task: JoinHandle<()>) {
        let task = Task(task);
        self.list().push(Connection { phase, task });
    }

    /// Those that are answered; the others end here.
    fn answered(&self) -> Vec<Connection> {
        let all = std::mem::take(&mut *self.list());
        let answered = all.into_iter().filter(Connection::is_answered);
        answered.collect()
    }

    /// Where all places are taken, the one that has waited longest for its other end makes room.
    fn room(&self, shared: &Shared) -> Room {
        let mut all = self.list();
        all.retain(|one| !one.task.0.is_finished());
        if all.len() < limits::CONNECTIONS {
            return Room::Yes;
        }
        let waiting = all.iter().enumerate();
        let waiting = waiting.filter_map(|(place, one)| Some((one.phase.waiting_since()?, place)));
        let Some((since, place)) = waiting.min() else {
            shared.tally.refused("too-many");
            return Room::No;
        };
        if since.elapsed() < limits::GRACE {
            return Room::At(since + limits::GRACE);
        }
        shared.tally.refused("cut-off");
        all.swap_remove(place);
        Room::Yes
    }

    /// Waits until there is room; false if there will be none.
    async fn make_room(&self, shared: &Shared) -> bool {
        loop {
            match self.room(shared) {
                Room::Yes => return true,
                Room::No => return false,
                Room::At(then) => sleep_until(then).await,
            }
        }
    }
}

impl Connection {
    fn is_answered(&self) -> bool {
        !self.task.0.is_finished() && self.phase.is_answered()
    }
}

/// Serves whoever comes.
async fn accept(listener: Listener, connections: Connections, shared: Arc<Shared>) {
    loop {
        let accepted = match &listener {
            Listener::Unix(listener) => {
                let accepted = listener.accept().await;
                accepted.map(|(stream, _)| Accepted::Local(stream))
            }
            Listener::Tcp(listener, ..) => {
                let accepted = listener.accept().await;
                accepted.map(|(stream, _)| Accepted::Remote(stream))
            }
        };
        let Ok(accepted) = accepted else {
            sleep(REST).await;
            continue;
        };
        if !connections.make_room(&shared).await {
            accepted.refuse();
            continue;
        }
        let phase = Phase::new();
        let (its, shared) = (phase.clone(), Arc::clone(&shared));
        let task = match (accepted, &listener) {
            (Accepted::Local(stream), _) => tokio::spawn(serve_local(stream, its, shared)),
            (Accepted::Remote(stream), Listener::Tcp(_, at, door)) => {
                let door = door.borrow().clone();
                tokio::spawn(serve_remote(stream, *at, door, its, shared))
            }
            (Accepted::Remote(_), Listener::Unix(_)) => continue,
        };
        connections.add(phase, task);
        // Whoever has just come has its turn before the next one.
        yield_now().await;
    }
}

enum Accepted {
    Local(UnixStream),
    Remote(TcpStream),
}

impl Accepted {
    /// Says so as far as that needs no waiting.
    fn refuse(self) {
        let _ = match self {
            Accepted::Local(stream) => stream.try_write(NO_ROOM),
            Accepted::Remote(stream) => stream.try_write(NO_ROOM),
        };
    }
}

async fn serve_local(stream: UnixStream, phase: Phase, shared: Arc<Shared>) {
    // Whoever cannot be identified is nobody.
    if let Ok(peer) = unix::peer(stream.as_fd()) {
        serve::connection(stream, Caller::Local(peer), phase, shared).await;
    }
}

async fn serve_remote(
    stream: TcpStream,
    at: SocketAddr,
    door: Door,
    phase: Phase,
    shared: Arc<Shared>,
) {
    // It is only quicker so.
    let _ = stream.set_nodelay(true);
    let gate = door.gate;
    let caller = Caller::Remote { at, gate };
    match door.tls {
        None => serve::connection(stream, caller, phase, shared).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(limits::HEADER_TIME, tls.accept(stream)).await {
                serve::connection(stream, caller, phase, shared).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_finds_no_room_is_told_as_much_as_is_announced() {
        let text = std::str::from_utf8(NO_ROOM).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = format!("Content-Length: {}", body.len());
        assert!(head.lines().any(|line| line == length), "{head}");
    }
}
