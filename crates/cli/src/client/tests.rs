//! The client against a server of a few lines that says what it is told to.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;

use super::events::ServerEvent;
use super::*;

/// Folders of this process so far.
static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// Gives each connection the next answer, byte for byte, and keeps what it was asked.
struct Server {
    folder: PathBuf,
    thread: Option<JoinHandle<Vec<String>>>,
}

impl Server {
    fn new(answers: &[&str]) -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = format!("standfast-client-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir(&folder).unwrap();
        let listener = UnixListener::bind(folder.join("control.sock")).unwrap();
        let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let thread = std::thread::spawn(move || {
            answers
                .iter()
                .map(|answer| serve(&listener, answer))
                .collect()
        });
        Self {
            folder,
            thread: Some(thread),
        }
    }

    fn client(&self) -> Client {
        let place = Place {
            socket: Some(self.folder.join("control.sock")),
            namespace: None,
        };
        Client::find(&place).unwrap()
    }

    fn asked(mut self) -> Vec<String> {
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn serve(listener: &UnixListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let asked = asked(&mut stream);
    stream.write_all(answer.as_bytes()).unwrap();
    asked
}

/// A request, up to the end of its body.
fn asked(stream: &mut UnixStream) -> String {
    let mut text = String::new();
    let mut part = [0; 1024];
    loop {
        let read = stream.read(&mut part).unwrap();
        text.push_str(&String::from_utf8_lossy(&part[..read]));
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            assert_ne!(read, 0, "{text}");
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.parse().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            return text;
        }
    }
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_path_is_read_and_its_json_understood() {
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n";
    let server = Server::new(&[&answer("200 OK", "[7]"), chunked]);
    let client = server.client();
    assert_eq!(client.get::<Vec<u8>>("/v1/one").unwrap(), [7]);
    assert_eq!(client.get::<Vec<u8>>("/v1/two").unwrap(), [1, 2]);
    let asked = server.asked();
    assert!(
        asked[0].starts_with("GET /v1/one HTTP/1.1\r\n"),
        "{asked:?}"
    );
}

#[test]
fn a_command_is_posted_and_a_refusal_is_an_answer() {
    let done = r#"{"answer":"done","text":"resumed"}"#;
    let refused = r#"{"answer":"refused","text":"nobody is there"}"#;
    let server = Server::new(&[&answer("200 OK", done), &answer("409 Conflict", refused)]);
    let client = server.client();
    assert!(
        matches!(client.command(&Command::Resume), Ok(Answer::Done { text, .. }) if text == "resumed")
    );
    let answer = client.command(&Command::Reload { plan: true });
    assert!(matches!(answer, Ok(Answer::Refused { text, .. }) if text == "nobody is there"));
    let asked = server.asked();
    assert!(
        asked[0].starts_with("POST /v1/command HTTP/1.1\r\n"),
        "{asked:?}"
    );
    assert!(
        asked[1].ends_with(r#"{"do":"reload","plan":true}"#),
        "{asked:?}"
    );
}

#[test]
fn what_the_server_says_of_an_error_is_shown() {
    let words = r#"{"error":"only root may do this","help":"use sudo"}"#;
    let server = Server::new(&[
        &answer("403 Forbidden", words),
        &answer("404 Not Found", "no JSON"),
        &answer("200 OK", "\"a word\""),
        "SSH-2.0-OpenSSH_9.2\r\n",
    ]);
    let client = server.client();
    let error = client.command(&Command::Resume).unwrap_err();
    assert_eq!(error.to_string(), "only root may do this\n  use sudo");
    let error = client.get::<u8>("/v1/none").unwrap_err().to_string();
    assert!(error.contains("another version"), "{error}");
    let error = client.get::<u8>("/v1/word").unwrap_err().to_string();
    assert!(error.contains("does not understand"), "{error}");
    let error = client.get::<u8>("/v1/status").unwrap_err();
    assert!(matches!(error, ClientError::Broken(..)), "{error}");
}

#[test]
fn events_come_one_by_one_until_the_stream_ends() {
    let body = ": hello\n\nevent: journal\nid: 41\ndata: {\"a\":\ndata: 1}\n\nevent: status\r\ndata:{}\r\n\r\ndata: half";
    let server = Server::new(&[
        &answer("200 OK", body),
        &answer("503 Service Unavailable", ""),
    ]);
    let client = server.client();
    let mut events = client.stream(path::STREAM, Some(40)).unwrap();
    let event = |kind: &str, id, data: &str| ServerEvent {
        kind: kind.into(),
        id,
        data: data.into(),
    };
    assert_eq!(
        events.next().unwrap().unwrap(),
        event("journal", Some(41), "{\"a\":\n1}")
    );
    assert_eq!(events.next().unwrap().unwrap(), event("status", None, "{}"));
    let end = events.next().unwrap().unwrap_err();
    assert!(matches!(end, ClientError::Ended) && end.may_pass(), "{end}");
    assert!(events.next().is_none());
    let busy = client.stream(path::STREAM, None).err().unwrap();
    assert!(busy.may_pass(), "{busy}");
    let asked = server.asked();
    assert!(asked[0].contains("last-event-id: 40\r\n"), "{asked:?}");
    assert!(!asked[1].contains("last-event-id"), "{asked:?}");
}

#[test]
fn lines_that_come_in_pieces_are_the_same() {
    let text =
        "id: 5\nevent: journal\ndata: {\"text\":\"ä\"}\n\n: alive\n\nevent: gap\ndata: {}\n\n";
    let mut whole = events::Lines::default();
    whole.push(text.as_bytes());
    let mut pieces = events::Lines::default();
    for byte in text.bytes() {
        pieces.push(&[byte]);
    }
    for _ in 0..2 {
        let event = whole.event();
        assert!(event.is_some());
        assert_eq!(pieces.event(), event);
    }
    assert_eq!((whole.event(), pieces.event()), (None, None));
}

#[test]
fn sockets_that_cannot_be_used_say_why() {
    let server = Server::new(&[]);
    let client = server.client();
    let socket = client.socket.clone();
    let denied = ClientError::connecting(&socket, io::ErrorKind::PermissionDenied.into());
    assert!(
        denied.to_string().contains("is for root: use sudo"),
        "{denied}"
    );
    let denied = ClientError::Denied(socket.clone(), Some("operators".into())).to_string();
    assert!(
        denied.contains("root and the group `operators`"),
        "{denied}"
    );
    std::fs::remove_file(&socket).unwrap();
    let gone = client.get::<u8>(path::STATUS).unwrap_err();
    assert!(matches!(gone, ClientError::NoSocket(_)), "{gone}");
    assert!(gone.to_string().contains("systemctl status"), "{gone}");
    drop(UnixListener::bind(&socket).unwrap());
    let dead = client.get::<u8>(path::STATUS).unwrap_err();
    assert!(matches!(dead, ClientError::Stale(_)), "{dead}");
}

#[test]
fn names_become_parts_of_paths() {
    assert_eq!(encoded("VI_1"), "VI_1");
    assert_eq!(encoded("a b/ü?"), "a%20b%2F%C3%BC%3F");
}
