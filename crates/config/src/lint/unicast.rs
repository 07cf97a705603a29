//! Unicast peers, source addresses, and what strict mode makes of them.

use std::collections::BTreeSet;

use super::{Lints, name};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Version, VrrpInstance};
use crate::reader::MAX_LINE_BYTES;
use crate::source::Existence;
use crate::span::Span;
use crate::units::Priority;

impl Lints<'_> {
    pub(super) fn unicast(&mut self, instance: &VrrpInstance) {
        self.peers(instance);
        self.source(instance);
        self.strict(instance);
    }

    fn peers(&mut self, instance: &VrrpInstance) {
        let Some(unicast) = &instance.unicast else {
            return;
        };
        let mut seen = BTreeSet::new();
        let own = instance.source_address.map(|source| source.value);
        for peer in &unicast.peers {
            let address = peer.address.value;
            let span = peer.address.span;
            let local = self.environment.address(address) == Existence::Present;
            if own == Some(address) || local {
                let text = format!("{address} is this node itself, not a peer of it");
                self.warn(Code::PeerIsSelf, span, text, "list the other nodes only");
            } else if !seen.insert(address) {
                let text = format!("{address} is listed twice and gets every advertisement twice");
                let found = Diagnostic::warning(Code::DuplicatePeer, span, text);
                self.say(if self.is_alone(span) {
                    found.fix("remove the line", span, "")
                } else {
                    found.help("remove one of the two")
                });
            }
        }
        if let Some(span) = instance.given.mcast_src_ip {
            let text = "`mcast_src_ip` together with `unicast_peer`: nothing is sent by multicast"
                .to_owned();
            self.warn(
                Code::MulticastWithUnicast,
                span,
                text,
                "the keyword for unicast is `unicast_src_ip`",
            );
        }
    }

    /// Whether nothing else stands on the line, neither options nor a condition; a comment may.
    fn is_alone(&self, span: Span) -> bool {
        let Some(file) = self.sources.file(span.file) else {
            return false;
        };
        let line = file.line_around(span.start(), MAX_LINE_BYTES);
        let piece = |range: std::ops::Range<usize>| {
            file.bytes().get(range).unwrap_or_default().trim_ascii()
        };
        let after = piece(span.end()..line.end.max(span.end()));
        piece(line.start..span.start()).is_empty()
            && (after.is_empty() || after.starts_with(b"#") || after.starts_with(b"!"))
    }

    fn source(&mut self, instance: &VrrpInstance) {
        let Some(source) = instance.source_address else {
            return;
        };
        // With `track_src_ip` it is awaited.
        if !instance.track_source_address
            && self.environment.address(source.value) == Existence::Missing
        {
            let text = format!(
                "no interface of this host has the source address {}",
                source.value
            );
            let help = if instance.unicast.is_some() {
                "peers that check their `unicast_peer` list will not believe its advertisements, and replies go elsewhere"
            } else {
                "advertisements can't be sent from an address that the host does not have"
            };
            self.warn(Code::SourceNotOnHost, source.span, text, help);
        }
    }

    /// Strict mode drops packets to the addresses, and knows no unicast.
    fn strict(&mut self, instance: &VrrpInstance) {
        if !instance.strict {
            return;
        }
        let span = instance
            .given
            .strict_mode
            .or(self.config.global.strict_span);
        let span = span.unwrap_or(instance.name.span);
        if instance.unicast.is_some() {
            let text = format!(
                "strict mode together with `unicast_peer` in `{}`: RFC 9568 knows multicast only",
                name(instance)
            );
            let help = "current keepalived refuses to start with it; remove `vrrp_strict`";
            self.warn(Code::StrictUnicast, span, text, help);
        }
        if !instance.accept
            && instance.priority != Priority::OWNER
            && !instance.addresses.is_empty()
        {
            let text = format!(
                "under strict mode `{}` drops all packets to its addresses: they answer neither pings nor services",
                name(instance)
            );
            let help = match instance.version {
                Version::V2 => "remove `vrrp_strict` (the sample configuration has it)",
                Version::V3 => {
                    "remove `vrrp_strict` (the sample configuration has it), or add `accept` to the instance"
                }
            };
            self.warn(Code::StrictDropsPackets, span, text, help);
        }
    }
}
