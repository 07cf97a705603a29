//! Who asks, and what they may do.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use hyper::header::{AUTHORIZATION, HOST, HeaderMap, ORIGIN, WWW_AUTHENTICATE};
use hyper::{Method, StatusCode};
use standfast_linux::procfs;
use standfast_linux::unix::Peer;

use super::reply::{Reply, problem, set};
use super::view::Sight;

/// Where a browser's request comes from: the same origin, the same site or another one.
const FETCH_SITE: &str = "sec-fetch-site";
/// What for.
const FETCH_MODE: &str = "sec-fetch-mode";
const FETCH_DEST: &str = "sec-fetch-dest";

/// What opens the doors of the TCP listeners; renewed by a reload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Gate {
    /// The token that everybody has to show, if there is one.
    pub(super) token: Option<String>,
    /// What this host is called, in lower case.
    pub(super) names: BTreeSet<String>,
}

impl Gate {
    /// Nothing if the gate opens. A page of another site has no token of ours to show: only where there is none the name counts
    /// by which it asks.
    fn refusal(&self, headers: &HeaderMap) -> Option<Reply> {
        match &self.token {
            Some(token) if shows(headers, token) => None,
            Some(_) => {
                let text = "a token is needed";
                let help = "send \"Authorization: Bearer TOKEN\" with what http_token_file holds";
                let mut reply = problem(StatusCode::UNAUTHORIZED, text, help);
                set(&mut reply, WWW_AUTHENTICATE, "Bearer");
                Some(reply)
            }
            None if is_own_host(headers, &self.names) => None,
            None => {
                let text = "the Host header names another host than this one";
                let help = "ask by address, as localhost or by this host's own name (hostname, /etc/hosts); any other needs a \
                            token (http_token_file), since a web page of another site could ask by it";
                Some(problem(StatusCode::FORBIDDEN, text, help))
            }
        }
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub(super) enum Caller {
    /// A process of this host, through the socket.
    Local(Peer),
    /// Somebody, over TCP.
    Remote {
        /// Our own address.
        at: SocketAddr,
        /// What they have to show.
        gate: Gate,
    },
}

impl Caller {
    /// Nothing if the request may be answered.
    pub(super) fn refusal(&self, method: &Method, headers: &HeaderMap, own: u32) -> Option<Reply> {
        let reads = [Method::GET, Method::HEAD].contains(method);
        if !reads && headers.contains_key(ORIGIN) {
            let text = "commands of web pages are not taken";
            let help = "browsers say so in the Origin header; use standfast or curl";
            return Some(problem(StatusCode::FORBIDDEN, text, help));
        }
        if is_embedded(headers) {
            let text = "a web page of another site may not ask";
            let help = "open the page itself, or use standfast or curl";
            return Some(problem(StatusCode::FORBIDDEN, text, help));
        }
        match self {
            // Somebody may have brought the socket to a port of another machine (`ssh -L`), and a browser to that.
            Caller::Local(_) if reads => names_a_site(headers).then(|| {
                let text = "the Host header names a web site";
                let help = "ask for http://localhost";
                problem(StatusCode::FORBIDDEN, text, help)
            }),
            Caller::Local(peer) if peer.uid == 0 || peer.uid == own => None,
            Caller::Local(peer) => Some(problem(
                StatusCode::FORBIDDEN,
                &format!("user {} may look but not change anything", peer.uid),
                "commands need root: try again with sudo",
            )),
            Caller::Remote { gate, .. } => {
                if let Some(refusal) = gate.refusal(headers) {
                    return Some(refusal);
                }
                let text = "over TCP nothing is changed";
                let help = "commands are taken on the Unix socket, from root";
                (!reads).then(|| problem(StatusCode::FORBIDDEN, text, help))
            }
        }
    }

    /// How much it is shown. Whoever may write to the socket is one of those whom the administrator lets look.
    pub(super) fn sight(&self) -> Sight {
        match self {
            Caller::Local(_) => Sight::Whole,
            Caller::Remote { gate, .. } => match gate.token {
                Some(_) => Sight::Whole,
                None => Sight::Guarded,
            },
        }
    }

    pub(super) fn is_remote(&self) -> bool {
        match self {
            Caller::Local(_) => false,
            Caller::Remote { .. } => true,
        }
    }

    /// As the journal names whoever has asked for something.
    pub(super) fn who(&self) -> String {
        match self {
            Caller::Local(peer) => {
                let name = match peer.uid {
                    0 => "root (uid 0".to_owned(),
                    uid => format!("user (uid {uid}"),
                };
                match peer.pid {
                    0 => format!("{name})"),
                    pid => format!("{name}, pid {pid}, {})", program(pid)),
                }
            }
            Caller::Remote { at, .. } => format!("somebody at {at}"),
        }
    }
}

/// The name of a process, which may be gone. Anybody can have any name: what could confuse a terminal is escaped.
fn program(pid: u32) -> String {
    let mut name = Vec::new();
    match procfs::name(pid, &mut name) {
        Some(()) => String::from_utf8_lossy(&name).escape_debug().to_string(),
        None => "gone".to_owned(),
    }
}

/// A page of another site, whose name was made to lead here, has that name in its requests (DNS rebinding).
fn is_own_host(headers: &HeaderMap, names: &BTreeSet<String>) -> bool {
    let Some(host) = headers.get(HOST) else {
        // No browser.
        return true;
    };
    let Ok(host) = host.to_str() else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(name, _)| name),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.parse::<IpAddr>().is_ok() || names.contains(&name)
}

/// As [`is_own_host`], for the socket: whoever asks there may call the host anything that nobody can register.
fn names_a_site(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).map_or(&b""[..], |host| host.as_bytes());
    host.contains(&b'.') && !is_own_host(headers, &BTreeSet::new())
}

/// A browser asks for a part of another site's page (Fetch Metadata): nobody would see the answer, but connections would be
/// held. To follow a link is no such thing.
fn is_embedded(headers: &HeaderMap) -> bool {
    let says = |name, word: &str| headers.get(name).is_some_and(|value| value == word);
    let elsewhere = says(FETCH_SITE, "cross-site") || says(FETCH_SITE, "same-site");
    // A frame navigates as well.
    let framed = headers.contains_key(FETCH_DEST) && !says(FETCH_DEST, "document");
    elsewhere && (framed || !says(FETCH_MODE, "navigate"))
}

fn shows(headers: &HeaderMap, token: &str) -> bool {
    let given = headers
        .get(AUTHORIZATION)
        .and_then(|given| given.to_str().ok())
        .and_then(|given| given.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    given.is_some_and(|(_, given)| is_same(given.trim().as_bytes(), token.as_bytes()))
}

/// How long it takes says only how long the given one is.
fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    let mut differs = u8::from(given.len() != wanted.len());
    let wanted = wanted.iter().chain(std::iter::repeat(&0));
    for (one, other) in given.iter().zip(wanted) {
        differs = std::hint::black_box(differs | (one ^ other));
    }
    std::hint::black_box(differs) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn with_host(host: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(host));
        headers
    }

    #[test]
    fn only_addresses_and_own_names_are_this_host() {
        let names = BTreeSet::from(["lb1", "lb1.example.org"].map(str::to_owned));
        for own in [
            "127.0.0.1:9650",
            "192.0.2.7:9650",
            "localhost",
            "LocalHost:1",
            "[::1]:9650",
            "[::1]",
            "LB1",
            "lb1.example.org:9650",
            "lb1.example.org.:9650",
        ] {
            assert!(is_own_host(&with_host(own), &names), "{own}");
        }
        for other in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:9650",
            "lb1.evil.example",
            "evil.lb1.example.org",
            "lb2",
            "",
            ".",
            "[x",
        ] {
            assert!(!is_own_host(&with_host(other), &names), "{other}");
        }
        assert!(is_own_host(&HeaderMap::new(), &names));
    }

    #[test]
    fn without_a_token_a_foreign_name_opens_nothing_at_any_address() {
        let asks = |at: [u8; 4], token: Option<&str>, headers: &HeaderMap| {
            let gate = Gate {
                token: token.map(str::to_owned),
                names: BTreeSet::from(["lb1".to_owned()]),
            };
            let at = (at, 9650).into();
            let caller = Caller::Remote { at, gate };
            caller
                .refusal(&Method::GET, headers, 0)
                .map(|it| it.status())
        };
        for at in [[127, 0, 0, 1], [192, 0, 2, 7], [0, 0, 0, 0]] {
            let evil = asks(at, None, &with_host("evil.example:9650"));
            assert_eq!(evil, Some(StatusCode::FORBIDDEN), "{at:?}");
            assert_eq!(asks(at, None, &with_host("lb1:9650")), None, "{at:?}");
            assert_eq!(asks(at, None, &with_host("192.0.2.7:9650")), None);
            // With a token the name does not matter: what lies behind a proxy may have any.
            let mut proxied = with_host("status.example.org");
            let without = asks(at, Some("abc"), &proxied);
            assert_eq!(without, Some(StatusCode::UNAUTHORIZED), "{at:?}");
            proxied.insert(AUTHORIZATION, HeaderValue::from_static("Bearer abc"));
            assert_eq!(asks(at, Some("abc"), &proxied), None, "{at:?}");
        }
    }

    #[test]
    fn a_web_page_of_another_site_gets_nothing_from_the_socket() {
        let root = Caller::Local(Peer {
            pid: 1,
            uid: 0,
            gid: 0,
        });
        let status = |method: &Method, headers: &HeaderMap| {
            root.refusal(method, headers, 0).map(|it| it.status())
        };
        for known in ["localhost", "x", "127.0.0.1:9650", "[fe80::1]"] {
            assert_eq!(status(&Method::GET, &with_host(known)), None, "{known}");
        }
        let evil = status(&Method::GET, &with_host("evil.example:9650"));
        assert_eq!(evil, Some(StatusCode::FORBIDDEN));
        let mut sent = with_host("localhost:9650");
        assert_eq!(status(&Method::POST, &sent), None);
        sent.insert(ORIGIN, HeaderValue::from_static("http://localhost:9650"));
        assert_eq!(status(&Method::POST, &sent), Some(StatusCode::FORBIDDEN));
    }

    #[test]
    fn a_page_of_another_site_holds_no_connection() {
        let peer = Peer {
            pid: 1,
            uid: 0,
            gid: 0,
        };
        let local = Caller::Local(peer);
        let remote = Caller::Remote {
            at: ([127, 0, 0, 1], 9650).into(),
            gate: Gate::default(),
        };
        for (site, mode, dest, refused) in [
            ("cross-site", "no-cors", "image", true),
            ("cross-site", "cors", "empty", true),
            ("same-site", "no-cors", "script", true),
            ("cross-site", "navigate", "iframe", true),
            ("cross-site", "navigate", "document", false),
            ("same-origin", "cors", "empty", false),
            ("none", "navigate", "document", false),
        ] {
            let mut headers = with_host("127.0.0.1:9650");
            headers.insert(FETCH_SITE, HeaderValue::from_static(site));
            headers.insert(FETCH_MODE, HeaderValue::from_static(mode));
            headers.insert(FETCH_DEST, HeaderValue::from_static(dest));
            for caller in [&local, &remote] {
                let refusal = caller.refusal(&Method::GET, &headers, 0);
                let code = refusal.map(|it| it.status());
                let expected = refused.then_some(StatusCode::FORBIDDEN);
                assert_eq!(code, expected, "{site} {mode} {dest}");
            }
        }
    }

    #[test]
    fn tokens_are_the_same_or_not() {
        for (given, same) in [
            ("abc", true),
            ("abd", false),
            ("ab", false),
            ("abcd", false),
            ("", false),
        ] {
            assert_eq!(is_same(given.as_bytes(), b"abc"), same, "{given}");
        }
        let mut headers = HeaderMap::new();
        assert!(!shows(&headers, "abc"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("bearer  abc"));
        assert!(shows(&headers, "abc"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Basic abc"));
        assert!(!shows(&headers, "abc"));
    }

    #[test]
    fn only_root_and_the_daemon_s_own_user_change_anything() {
        let headers = HeaderMap::new();
        let refusal = |uid, method: Method| {
            let caller = Caller::Local(Peer {
                pid: 0,
                uid,
                gid: 7,
            });
            caller
                .refusal(&method, &headers, 33)
                .map(|reply| reply.status())
        };
        assert_eq!(refusal(0, Method::POST), None);
        assert_eq!(refusal(33, Method::POST), None);
        assert_eq!(refusal(34, Method::GET), None);
        assert_eq!(refusal(34, Method::POST), Some(StatusCode::FORBIDDEN));
        assert_eq!(refusal(34, Method::DELETE), Some(StatusCode::FORBIDDEN));
    }
}
