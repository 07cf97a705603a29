//! The control interface: who can reach it, and settings that do nothing.

use super::Lints;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::ControlSocket;
use crate::span::Span;

/// What everybody needs to connect to a socket (unix(7)).
const EVERYBODY: u32 = 0o002;

impl Lints<'_> {
    pub(super) fn control(&mut self) {
        let control = &self.config.global.control;
        let outside = control
            .listen
            .iter()
            .find(|address| !address.value.ip().is_loopback());
        let (token, tls) = (control.token_file.is_some(), control.tls.is_some());
        match outside {
            Some(address) if !token => {
                let text = format!(
                    "whoever reaches {} sees addresses, priorities and events of this host",
                    address.value
                );
                let help = "set `http_token_file`, with `http_tls`, or listen on 127.0.0.1 and let a proxy ask for passwords";
                self.warn(Code::HttpUnprotected, address.span, text, help);
            }
            Some(address) if !tls => {
                let text = format!(
                    "the token goes over the network in clear text at {}",
                    address.value
                );
                let help = "set `http_tls`, or listen on 127.0.0.1 behind a proxy with TLS";
                self.warn(Code::HttpTokenInClear, address.span, text, help);
            }
            Some(_) | None => {}
        }
        self.control_without_effect();
        let mode = control.mode.filter(|mode| mode.value & EVERYBODY != 0);
        if let Some(mode) = mode {
            let text = "every user of this host may look at status and events".to_owned();
            let help = "0660 and `control_group` let a group in";
            self.note(Code::ControlOpen, mode.span, text, help);
        }
    }

    fn control_without_effect(&mut self) {
        let control = &self.config.global.control;
        let nowhere = control.listen.is_empty();
        let off = control
            .socket
            .as_ref()
            .is_some_and(|socket| socket.value == ControlSocket::Off);
        let tls = control.tls.as_ref().map(|tls| tls.span);
        let token = control.token_file.as_ref().map(|file| file.span);
        let group = control.group.as_ref().map(|group| group.span);
        let mode = control.mode.map(|mode| mode.span);
        let found: Vec<(&str, Span)> = [
            ("http_tls", tls.filter(|_| nowhere)),
            ("http_token_file", token.filter(|_| nowhere)),
            ("control_group", group.filter(|_| off)),
            ("control_mode", mode.filter(|_| off)),
        ]
        .into_iter()
        .filter_map(|(keyword, span)| Some((keyword, span?)))
        .collect();
        for (keyword, span) in found {
            let why = match keyword.starts_with("http") {
                true => "there is no `http_listen`",
                false => "`control_socket` is off",
            };
            let text = format!("`{keyword}` has no effect: {why}");
            self.say(Diagnostic::warning(Code::WithoutEffect, span, text).help("remove it"));
        }
    }
}
