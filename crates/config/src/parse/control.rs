//! `control_socket`, `control_mode`, `control_group`, `http_listen`, `http_tls` and `http_token_file`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::{Entry, Parsed, endpoint};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{ControlSocket, MAX_LISTENERS};
use crate::span::Spanned;
use crate::words::Word;

/// Bytes of a socket's name, and of the ending that it has while it is made (unix(7)).
const LONGEST_SOCKET: usize = 107 - ".4194304".len();
/// Permission bits.
const MODES: std::ops::RangeInclusive<u32> = 0..=0o777;

impl Parsed<'_> {
    /// Whether the keyword was one of the control interface's.
    pub(super) fn apply_control(&mut self, entry: &Entry) -> bool {
        let Some(word) = entry.arguments.first() else {
            return false;
        };
        match entry.keyword.name {
            "control_socket" => self.apply_socket(word),
            "control_mode" => self.apply_mode(word),
            "control_group" => self.global.defs.control.group = Some(word.spanned()),
            "http_listen" => entry
                .arguments
                .iter()
                .for_each(|word| self.apply_listener(word)),
            "http_tls" => self.apply_certificate(&entry.arguments),
            "http_token_file" => {
                if let Some(path) = self.file_of(word, "http_token_file") {
                    self.global.defs.control.token_file = Some(Spanned::new(path, word.span));
                }
            }
            _ => return false,
        }
        true
    }

    fn apply_socket(&mut self, word: &Word) {
        let socket = match word.text.as_str() {
            "off" | "no" | "false" => ControlSocket::Off,
            path if path.len() > LONGEST_SOCKET => {
                let text = format!(
                    "the name of a socket has {LONGEST_SOCKET} bytes at most; `control_socket` is ignored"
                );
                return self.no_listener(word, text, "choose a shorter path");
            }
            _ => match self.file_of(word, "control_socket") {
                Some(path) => ControlSocket::At(path),
                None => return,
            },
        };
        self.global.defs.control.socket = Some(Spanned::new(socket, word.span));
    }

    fn apply_mode(&mut self, word: &Word) {
        let digits = word.text.bytes().all(|byte| byte.is_ascii_digit());
        let mode = u32::from_str_radix(&word.text, 8).ok();
        match mode.filter(|mode| digits && MODES.contains(mode)) {
            Some(mode) => self.global.defs.control.mode = Some(Spanned::new(mode, word.span)),
            None => {
                let text = format!(
                    "`{}` are no permissions; `control_mode` is ignored",
                    shown(word)
                );
                let help =
                    "write an octal number such as 0660 (owner and group) or 0600 (owner alone)";
                let found = Diagnostic::error(Code::InvalidValue, word.span, text).help(help);
                self.reader.sink.push(found);
            }
        }
    }

    fn apply_listener(&mut self, word: &Word) {
        let address: SocketAddr = match endpoint::tcp(&word.text) {
            Ok(address) => address,
            Err(error) => {
                let text = format!(
                    "`{}` {}; `http_listen` is ignored",
                    shown(word),
                    error.what()
                );
                return self.no_listener(
                    word,
                    text,
                    "write it as `127.0.0.1:9650` or `[::1]:9650`",
                );
            }
        };
        let listen = &mut self.global.defs.control.listen;
        if listen.iter().any(|known| known.value == address) {
            return;
        }
        if listen.len() < MAX_LISTENERS {
            listen.push(Spanned::new(address, word.span));
        } else {
            let text =
                format!("`http_listen` is for {MAX_LISTENERS} addresses; this one is ignored");
            self.no_listener(
                word,
                text,
                "an unspecified address (`0.0.0.0`, `[::]`) stands for all",
            );
        }
    }

    fn apply_certificate(&mut self, words: &[Word]) {
        let (chain, key) = match words {
            [chain, key] => (chain, key),
            [first, ..] => {
                let text =
                    "`http_tls` needs a certificate and its key, and nothing else; it is ignored";
                return self.no_listener(
                    first,
                    text.to_owned(),
                    "write `http_tls /path/to/chain.pem /path/to/key.pem`",
                );
            }
            [] => return,
        };
        let span = chain.span.to(key.span);
        let files = (
            self.file_of(chain, "http_tls"),
            self.file_of(key, "http_tls"),
        );
        if let (Some(chain), Some(key)) = files {
            self.global.defs.control.tls = Some(Spanned::new((chain, key), span));
        }
    }

    /// The daemon's working directory is nobody's business.
    fn file_of(&mut self, word: &Word, keyword: &str) -> Option<PathBuf> {
        let path = Path::new(&word.text);
        if path.is_absolute() {
            return Some(path.to_path_buf());
        }
        let text = format!(
            "`{}` is no absolute path; `{keyword}` is ignored",
            shown(word)
        );
        self.no_listener(word, text, "write the path from `/` on");
        None
    }

    /// keepalived does not know the keyword, and finds no fault with its value.
    fn no_listener(&mut self, word: &Word, text: String, help: &str) {
        let found = Diagnostic::error(Code::InvalidListener, word.span, text).help(help);
        self.reader.sink.push(found);
    }
}

fn shown(word: &Word) -> String {
    word.text.chars().take(60).collect()
}
