//! `control_*` and `http_*`: values, defaults, what is refused, and what is said of them.

mod common;

use common::read;
use standfast_config::{Code, ControlDefs, ControlSocket, Loaded};

fn load(lines: &str) -> Loaded {
    read(format!(
        "global_defs {{\n{lines}\n}}\nvrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\npriority 150\n\
         virtual_ipaddress {{\n192.0.2.100/24\n}}\n}}\n"
    ))
}

fn control(lines: &str) -> ControlDefs {
    load(lines).config.global.control
}

fn codes(lines: &str) -> Vec<Code> {
    let loaded = load(lines);
    let codes = loaded.diagnostics.iter().map(|one| one.code);
    // Defaults, and whose keyword it is, are none of this test's business.
    let others = [Code::DefaultsTaken, Code::OwnKeyword];
    codes.filter(|code| !others.contains(code)).collect()
}

fn socket(lines: &str) -> Option<ControlSocket> {
    control(lines).socket.map(|socket| socket.value)
}

fn listeners(lines: &str) -> Vec<String> {
    let all = control(lines).listen;
    all.iter().map(|one| one.value.to_string()).collect()
}

#[test]
fn nothing_is_needed() {
    assert_eq!(control(""), ControlDefs::default());
    assert_eq!(control("").mode(), 0o660);
    assert_eq!(codes(""), []);
}

#[test]
fn a_socket_has_a_place_permissions_and_a_group() {
    let at = |path: &str| Some(ControlSocket::At(path.into()));
    assert_eq!(socket("control_socket /run/a.sock"), at("/run/a.sock"));
    assert_eq!(socket("control_socket off"), Some(ControlSocket::Off));
    assert_eq!(control("control_mode 0600").mode(), 0o600);
    assert_eq!(control("control_mode 640").mode(), 0o640);
    let group = control("control_group adm").group;
    assert_eq!(group.map(|group| group.value).as_deref(), Some("adm"));
    for wrong in ["rw", "0888", "01000", "-1", "+7"] {
        let line = format!("control_mode {wrong}");
        assert_eq!(codes(&line), [Code::InvalidValue], "{wrong}");
        assert_eq!(control(&line).mode(), 0o660, "{wrong}");
    }
    let long = format!("/{}", "x".repeat(100));
    for wrong in ["control.sock", "./a", &long] {
        let line = format!("control_socket {wrong}");
        assert_eq!(codes(&line), [Code::InvalidListener], "{wrong}");
        assert_eq!(socket(&line), None, "{wrong}");
    }
}

#[test]
fn http_listens_at_addresses() {
    assert_eq!(listeners("http_listen 127.0.0.1:9650"), ["127.0.0.1:9650"]);
    assert_eq!(listeners("http_listen localhost:9650"), ["127.0.0.1:9650"]);
    let both = "http_listen 127.0.0.1:9650\nhttp_listen [::1]:9650\nhttp_listen 127.0.0.1:9650";
    assert_eq!(listeners(both), ["127.0.0.1:9650", "[::1]:9650"]);
    let line = "http_listen 127.0.0.1:9650 [::1]:9650";
    assert_eq!(listeners(line), listeners(both));
    for wrong in ["9650", "127.0.0.1", "::1:9650", "lb1:9650", "127.0.0.1:0"] {
        let line = format!("http_listen {wrong}");
        assert_eq!(codes(&line), [Code::InvalidListener], "{wrong}");
        assert!(listeners(&line).is_empty(), "{wrong}");
    }
    let many: Vec<String> = (1..=9)
        .map(|port| format!("http_listen 127.0.0.1:{port}"))
        .collect();
    assert_eq!(listeners(&many.join("\n")).len(), 8);
    assert_eq!(codes(&many.join("\n")), [Code::InvalidListener]);
}

#[test]
fn certificates_come_with_their_key() {
    let lines = |words: &str| format!("http_listen 127.0.0.1:1\nhttp_tls {words}");
    let tls = control(&lines("/a.crt /a.key")).tls.map(|tls| tls.value);
    assert_eq!(tls, Some(("/a.crt".into(), "/a.key".into())));
    for wrong in ["/a.crt", "/a.crt a.key", "a.crt /a.key", "/a /b /c"] {
        assert_eq!(codes(&lines(wrong)), [Code::InvalidListener], "{wrong}");
        assert_eq!(control(&lines(wrong)).tls, None, "{wrong}");
    }
    let file = control("http_listen 127.0.0.1:1\nhttp_token_file /t").token_file;
    assert_eq!(file.map(|file| file.value), Some("/t".into()));
}

#[test]
fn what_others_can_reach_asks_for_a_token_and_hides_it() {
    let token = "http_token_file /t";
    let tls = "http_tls /a.crt /a.key";
    for outside in ["192.0.2.2:9650", "0.0.0.0:9650", "[::]:9650"] {
        let listen = format!("http_listen {outside}");
        assert_eq!(codes(&listen), [Code::HttpUnprotected], "{outside}");
        let with_tls = format!("{listen}\n{tls}");
        assert_eq!(codes(&with_tls), [Code::HttpUnprotected], "{outside}");
        let with_token = format!("{listen}\n{token}");
        assert_eq!(codes(&with_token), [Code::HttpTokenInClear], "{outside}");
        assert_eq!(codes(&format!("{listen}\n{token}\n{tls}")), []);
    }
    for inside in ["127.0.0.1:9650", "[::1]:9650", "127.3.2.1:9650"] {
        let listen = format!("http_listen {inside}");
        assert_eq!(codes(&listen), [], "{inside}");
        assert_eq!(codes(&format!("{listen}\n{token}")), [], "{inside}");
    }
}

#[test]
fn settings_of_what_is_not_there_are_named() {
    let nothing = [Code::WithoutEffect];
    assert_eq!(codes("http_tls /a.crt /a.key"), nothing);
    assert_eq!(codes("http_token_file /t"), nothing);
    assert_eq!(codes("control_socket off\ncontrol_mode 0600"), nothing);
    assert_eq!(codes("control_socket off\ncontrol_group adm"), nothing);
    assert_eq!(codes("control_mode 0666"), [Code::ControlOpen]);
    assert_eq!(codes("control_mode 0662"), [Code::ControlOpen]);
    assert_eq!(codes("control_mode 0664"), []);
}
