//! What is answered to whom, byte for byte through the real parser; in virtual time.

use standfast_api::observe::{Host, status};
use standfast_api::status::Status;
use standfast_core::{Instant, Node};

use super::limits;
use super::rehearsal::{Rehearsal, Role, virtual_time};

/// A node without instances.
fn nothing() -> Status {
    let host = Host {
        name: "lb1",
        version: "0",
        ..Host::default()
    };
    status(&Node::new(), &host, Instant(0), 1_000_000)
}

/// An answer, taken apart.
struct Got {
    code: u16,
    head: String,
    body: String,
}

fn raw(sent: &[u8], role: &Role) -> String {
    let rehearsal = Rehearsal::new(nothing()).unwrap();
    let received = virtual_time().block_on(rehearsal.answer(sent, role));
    String::from_utf8(received).unwrap()
}

fn parse(text: &str) -> Got {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    Got {
        code: code.unwrap_or_else(|| panic!("no status in {text:?}")),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}

fn ask(line: &str, headers: &str, body: &str, role: &Role) -> Got {
    let length = body.len();
    let length = match body {
        "" => String::new(),
        _ => format!("Content-Length: {length}\r\n"),
    };
    let sent = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n{body}");
    parse(&raw(sent.as_bytes(), role))
}

fn get(path: &str) -> Got {
    ask(&format!("GET {path}"), "", "", &Role::User)
}

#[test]
fn everything_that_is_read_is_found_under_its_path() {
    for (path, kind, begins) in [
        (
            "/v1/status",
            "application/json",
            "{\"node\":{\"name\":\"lb1\"",
        ),
        ("/v1/events", "application/json", "{\"records\":["),
        (
            "/v1/events?limit=5&subject=VI%5F1&level=info",
            "application/json",
            "{",
        ),
        ("/v1/openapi.json", "application/json", "{"),
        ("/metrics", "application/openmetrics-text", "# HELP"),
    ] {
        let got = get(path);
        assert_eq!(got.code, 200, "{path}: {}", got.body);
        let kind = format!("content-type: {kind}");
        assert!(got.head.contains(&kind), "{path}: {}", got.head);
        assert!(got.body.starts_with(begins), "{path}: {}", got.body);
        for header in [
            "x-content-type-options: nosniff",
            "cache-control: no-store",
            "default-src 'none'",
        ] {
            assert!(got.head.contains(header), "{path}: {header}");
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_code_and_what_helps() {
    let user = Role::User;
    for (line, code) in [
        ("GET /v2/status", 404),
        ("GET /v1/explain/", 404),
        ("GET /v1/explain/%zz", 404),
        ("GET /v1/explain/VI_9", 404),
        ("GET /..%2f..%2fetc/passwd", 404),
        ("GET /v1/events?limit=many", 400),
        ("GET /v1/events?after=-1", 400),
        ("GET /v1/events?colour=red", 400),
        ("GET /v1/events?subject=%ff", 400),
        ("GET /v1/stream?only=nothing", 400),
        ("GET /v1/command", 405),
        ("POST /v1/status", 403),
        ("DELETE /v1/status", 403),
    ] {
        let got = ask(line, "", "", &user);
        assert_eq!(got.code, code, "{line}: {}", got.body);
        let said: serde_json::Value = serde_json::from_str(&got.body).unwrap();
        for member in ["error", "help"] {
            let text = said[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{line}: {}", got.body);
        }
    }
    let got = ask("POST /v1/status", "", "", &Role::Root);
    assert_eq!(got.code, 405);
    assert!(got.head.contains("allow: get, head"), "{}", got.head);
    let got = ask("GET /v1/command", "", "", &Role::Root);
    assert!(got.head.contains("allow: post"), "{}", got.head);
}

#[test]
fn head_has_the_length_and_no_body() {
    let whole = get("/v1/status").body;
    let got = ask("HEAD /v1/status", "", "", &Role::User);
    assert_eq!((got.code, &*got.body), (200, ""));
    let length = format!("content-length: {}", whole.len());
    assert!(got.head.contains(&length), "{}", got.head);
}

#[test]
fn commands_are_root_s_and_name_who_gave_them() {
    let rehearsal = Rehearsal::new(nothing()).unwrap();
    let runtime = virtual_time();
    let post = |body: &str, role: &Role| {
        let sent = format!(
            "POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let received = runtime.block_on(rehearsal.answer(sent.as_bytes(), role));
        parse(&String::from_utf8(received).unwrap())
    };
    assert_eq!(post(r#"{"do":"resume"}"#, &Role::User).code, 403);
    let network = Role::Network(None);
    assert_eq!(post(r#"{"do":"resume"}"#, &network).code, 403);
    let got = post(r#"{"do":"resume"}"#, &Role::Root);
    assert_eq!((got.code, got.body.contains("\"done\"")), (200, true));
    let got = post(r#"{"do":"reload"}"#, &Role::Root);
    assert_eq!((got.code, got.body.contains("\"refused\"")), (409, true));
    for wrong in [
        "",
        "{",
        "[]",
        "{\"do\":\"explode\"}",
        "{\"do\":\"drain\",\"x\":1}",
        "\u{0}",
    ] {
        let got = post(wrong, &Role::Root);
        assert_eq!(got.code, 400, "{wrong:?}: {}", got.body);
    }
    let given: Vec<String> = rehearsal
        .take_commands()
        .into_iter()
        .map(|(who, _)| who)
        .collect();
    assert_eq!(given, ["root (uid 0)", "root (uid 0)"]);
}

#[test]
fn over_tcp_a_token_is_asked_for_and_nothing_is_changed() {
    let open = Role::Network(None);
    let closed = Role::Network(Some("secret".to_owned()));
    assert_eq!(ask("GET /v1/status", "", "", &open).code, 200);
    let got = ask("GET /v1/status", "", "", &closed);
    assert_eq!(got.code, 401);
    assert!(
        got.head.contains("www-authenticate: bearer"),
        "{}",
        got.head
    );
    let wrong = "Authorization: Bearer secret1\r\n";
    assert_eq!(ask("GET /v1/status", wrong, "", &closed).code, 401);
    let right = "Authorization: Bearer secret\r\n";
    assert_eq!(ask("GET /v1/status", right, "", &closed).code, 200);
    let got = ask("POST /v1/command", right, r#"{"do":"resume"}"#, &closed);
    assert_eq!(got.code, 403);
    let sent = b"GET /v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    assert_eq!(parse(&raw(sent, &open)).code, 403);
}

#[test]
fn what_is_too_large_is_refused() {
    let long = format!("X-Long: {}\r\n", "x".repeat(20_000));
    assert_eq!(ask("GET /v1/status", &long, "", &Role::User).code, 431);
    let many = "X-Many: x\r\n".repeat(100);
    assert_eq!(ask("GET /v1/status", &many, "", &Role::User).code, 431);
    let body = "x".repeat(65 * 1024);
    assert_eq!(ask("POST /v1/command", "", &body, &Role::Root).code, 413);
    let chunked = "POST /v1/command HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", body.len(), body);
    let sent = format!("{chunked}{chunk}0\r\n\r\n");
    assert_eq!(parse(&raw(sent.as_bytes(), &Role::Root)).code, 413);
}

#[test]
fn what_is_a_body_for_one_reader_is_no_request_for_another() {
    let inner = "GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
    let length = inner.len();
    // One answer each, then an end: nothing of what came inside is a request.
    for head in [
        format!("GET /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"),
        format!("POST /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"),
        format!(
            "POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        format!(
            "POST /v1/command HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{length:x}\r\n"
        ),
        "POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n".to_owned(),
        "POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\n".to_owned(),
        "POST /v1/command HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n".to_owned(),
        "POST /v1/command HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "POST /v1/command HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff0\r\n".to_owned(),
        "GET /v1/status HTTP/1.1\r\nHost: x\r\nX: y\r\n Content-Length: 9\r\n\r\n".to_owned(),
    ] {
        for role in [Role::Root, Role::User, Role::Network(None)] {
            let got = raw(format!("{head}{inner}").as_bytes(), &role);
            assert!(!got.contains("\"openapi\":"), "{role:?} {head:?}: {got}");
            assert!(got.matches("HTTP/1.1 ").count() <= 1, "{head:?}: {got}");
        }
    }
}

#[test]
fn deep_nesting_is_refused_on_the_stack_that_the_interface_has() {
    let deep = [
        "[".repeat(60_000),
        "{\"do\":".repeat(9_000),
        format!(
            "{{\"do\":\"switchover\",\"target\":{}",
            "{\"named\":".repeat(5_000)
        ),
        format!(
            "{{\"x\":{}{},\"do\":\"resume\"}}",
            "[".repeat(30_000),
            "]".repeat(30_000)
        ),
    ];
    let ask_all = move || {
        for body in &deep {
            let got = ask("POST /v1/command", "", body, &Role::Root);
            assert_eq!(got.code, 400, "{}", got.body);
            assert!(got.body.len() < 1000, "{}", got.body);
        }
    };
    let thread = std::thread::Builder::new().stack_size(limits::STACK);
    thread.spawn(ask_all).unwrap().join().unwrap();
}

#[test]
fn what_was_sent_comes_back_as_text_and_short() {
    for path in [
        "/%1b%5b2J",
        "/<script>alert(1)</script>",
        "/v1/explain/%3Cscript%3E%0d%0aSet-Cookie:%20x",
        "/v1/events?%0d%0aX-Evil:%20x=1",
        "/v1/stream?only=%0d%0aX-Evil:%20x",
        &format!("/{}", "x".repeat(8_000)),
    ] {
        let got = get(path);
        assert!((400..500).contains(&got.code), "{path}: {}", got.code);
        // The parser's own answer has nothing at all.
        let json = got.head.contains("content-type: application/json");
        assert!(json || got.body.is_empty(), "{path}: {}", got.body);
        let odd = |header: &str| header.starts_with("x-evil") || header.starts_with("set-cookie");
        assert!(!got.head.lines().any(odd), "{path}: {}", got.head);
        assert!(!got.body.contains('\u{1b}'), "{path}: {}", got.body);
        assert!(got.body.len() < 500, "{path}: {}", got.body);
    }
}

#[test]
fn whoever_does_not_go_on_is_cut_off() {
    // No byte, a part of a head, a part of a body, and nothing after an answer: all end by themselves.
    let unfinished = "POST /v1/command HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{";
    for (sent, expected) in [
        ("", ""),
        ("GET /v1/sta", ""),
        (unfinished, "HTTP/1.1 408"),
        ("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200"),
    ] {
        let before = std::time::Instant::now();
        let rehearsal = Rehearsal::new(nothing()).unwrap();
        let (got, took) = virtual_time().block_on(async {
            let begin = tokio::time::Instant::now();
            let got = rehearsal.answer(sent.as_bytes(), &Role::Root).await;
            (String::from_utf8(got).unwrap(), begin.elapsed())
        });
        assert!(got.starts_with(expected), "{sent}: {got}");
        assert!(before.elapsed().as_secs() < 5, "that was real time");
        let most = limits::IDLE_TIME + limits::HEADER_TIME;
        assert!(took <= most, "{sent}: it is closed after {took:?}");
    }
}

#[test]
fn one_connection_takes_several_requests() {
    let one = "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";
    let got = raw(one.repeat(3).as_bytes(), &Role::User);
    assert_eq!(got.matches("HTTP/1.1 200").count(), 3, "{got}");
}

#[test]
fn the_stream_begins_with_the_status_and_lives() {
    let got = get("/v1/stream");
    assert_eq!(got.code, 200);
    assert!(got.head.contains("content-type: text/event-stream"));
    assert!(got.head.contains("x-accel-buffering: no"));
    assert!(
        got.body.contains("event: status\ndata: {\"node\""),
        "{}",
        got.body
    );
    // In the two minutes that are looked at: nothing changes, and it is told every five seconds all the same.
    let statuses = got.body.matches("event: status").count();
    assert!((20..=30).contains(&statuses), "{statuses}");
    let quiet = get("/v1/stream?only=journal").body;
    assert!(!quiet.contains("event: status"), "{quiet}");
    let beats = quiet.matches("\n:\n").count();
    assert!((7..=8).contains(&beats), "{beats}: {quiet}");
}
