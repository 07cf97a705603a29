//! `lvs_method` and its tunnels.

use super::super::Parsed;
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{Forwarding, Port, Tunnel, TunnelChecksum};
use crate::span::Spanned;
use crate::words::Word;

/// Options after the method, as they stand.
#[derive(Default)]
struct TunnelDraft {
    kind: Option<Spanned<String>>,
    port: Option<Port>,
    checksum: Option<TunnelChecksum>,
}

impl Parsed<'_> {
    /// `NAT|DR|TUN [OPTIONS]`; `None`, reported, where the method is none. Wrong options leave the method with a plain tunnel.
    pub(super) fn forwarding(&mut self, words: &[Word]) -> Option<Spanned<Forwarding>> {
        let (first, last) = (words.first()?, words.last()?);
        let span = first.span.to(last.span);
        let options = words.get(1..).unwrap_or_default();
        let method = match first.text.as_str() {
            "NAT" => Forwarding::Nat,
            "DR" => Forwarding::DirectRouting,
            "TUN" => Forwarding::Tunnel(Tunnel::IpIp),
            other => {
                let text = format!("`{other}` is no forwarding method; it is ignored");
                let diagnostic = Diagnostic::error(Code::InvalidChoice, first.span, text)
                    .help("the methods are NAT, DR and TUN, in capitals");
                self.reader
                    .sink
                    .push(diagnostic.class(KeepalivedClass::General));
                return None;
            }
        };
        let tunnel = self.tunnel_options(options);
        let tunnel = tunnel.and_then(|draft| self.tunnel(&draft, options));
        Some(match (method, tunnel) {
            (Forwarding::Tunnel(_), Some(tunnel)) => Spanned::new(Forwarding::Tunnel(tunnel), span),
            _ => Spanned::new(method, span),
        })
    }

    fn tunnel_options(&mut self, words: &[Word]) -> Option<TunnelDraft> {
        let mut draft = TunnelDraft::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            let text = word.text.as_str();
            if let Some(checksum) = TunnelChecksum::from_word(text) {
                draft.checksum = Some(checksum);
                continue;
            }
            if !matches!(text, "type" | "port") {
                let text = format!("`{text}` is no option of a tunnel");
                let diagnostic = Diagnostic::error(Code::InvalidTunnel, word.span, text)
                    .help("the options are `type`, `port`, `nocsum`, `csum` and `remcsum`");
                self.reader
                    .sink
                    .push(diagnostic.class(KeepalivedClass::General));
                return None;
            }
            let Some(value) = rest.next() else {
                let text = format!("`{text}` lacks its value");
                self.complain(Code::InvalidTunnel, word.span, text);
                return None;
            };
            match (text, value.text.as_str()) {
                ("port", _) => {
                    let number = self.integer("port", value, 1, 65_535)?;
                    draft.port = u16::try_from(number).ok().and_then(Port::new);
                }
                (_, "ipip" | "gue" | "gre") => draft.kind = Some(value.spanned()),
                (_, other) => {
                    let text = format!("`{other}` is no type of tunnel");
                    let diagnostic = Diagnostic::error(Code::InvalidTunnel, value.span, text)
                        .help("the types are `ipip`, `gue` and `gre`");
                    self.reader
                        .sink
                        .push(diagnostic.class(KeepalivedClass::General));
                    return None;
                }
            }
        }
        Some(draft)
    }

    /// Whether the options go together.
    fn tunnel(&mut self, draft: &TunnelDraft, words: &[Word]) -> Option<Tunnel> {
        let checksum = draft.checksum.unwrap_or(TunnelChecksum::None);
        let kind = draft.kind.as_ref().map_or("ipip", |kind| &kind.value);
        let wrong = match (kind, draft.port, checksum) {
            ("gue", Some(port), checksum) => return Some(Tunnel::Gue { port, checksum }),
            ("gue", None, _) => "a `gue` tunnel needs `port PORT`",
            (_, Some(_), _) => "only a `gue` tunnel has a port",
            ("gre", None, TunnelChecksum::Remote) => "a `gre` tunnel can't have `remcsum`",
            ("gre", None, checksum) => return Some(Tunnel::Gre { checksum }),
            (_, None, TunnelChecksum::None) => return Some(Tunnel::IpIp),
            (_, None, _) => "an `ipip` tunnel has no checksum",
        };
        let (first, last) = (words.first()?, words.last()?);
        self.complain(Code::InvalidTunnel, first.span.to(last.span), wrong);
        None
    }
}
