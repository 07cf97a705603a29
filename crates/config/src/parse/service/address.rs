//! Addresses with ports, and the lines of `virtual_server_group`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::{EXIT_CONFIG, Parsed};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    Family, FirewallMark, GroupEntry, GroupTarget, IpNetwork, Port, ServerAddress,
    VirtualServerGroup,
};
use crate::registry::Keyword;
use crate::span::{Span, Spanned};
use crate::words::Word;

impl Parsed<'_> {
    /// `IP [PORT]`; `None`, reported, where it is none.
    pub(super) fn server_address(&mut self, words: &[Word]) -> Option<Spanned<ServerAddress>> {
        let word = words.first()?;
        // keepalived reads up to these.
        let text = word.text.split(['/', '-']).next().unwrap_or_default();
        let Ok(address) = text.parse::<IpAddr>() else {
            self.no_address(word);
            return None;
        };
        if text.len() < word.text.len() {
            let text = format!("a single address stands here; {address} is taken");
            let diagnostic = Diagnostic::warning(Code::IgnoredWords, word.span, text)
                .help("ranges and networks go into a `virtual_server_group`");
            self.reader.sink.push(diagnostic);
        }
        let port = self.port(words.get(1))?;
        self.superfluous(words.get(2..).unwrap_or_default());
        let span = words
            .get(1)
            .map_or(word.span, |last| word.span.to(last.span));
        Some(Spanned::new(ServerAddress { address, port }, span))
    }

    fn no_address(&mut self, word: &Word) {
        let shown: String = word.text.chars().take(64).collect();
        let text = format!("`{shown}` is no IP address; it is skipped");
        let mut diagnostic = Diagnostic::error(Code::InvalidAddress, word.span, text);
        if shown
            .rsplit_once(':')
            .is_some_and(|(address, _)| address.parse::<Ipv4Addr>().is_ok())
        {
            diagnostic = diagnostic.help("write the port as a word of its own");
        }
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::General));
    }

    /// A port, or `None` within for nothing or 0; `None`, reported, for what is no port.
    fn port(&mut self, word: Option<&Word>) -> Option<Option<Port>> {
        let Some(word) = word else { return Some(None) };
        if word.text == "0" {
            return Some(None);
        }
        let number = self.integer("port", word, 1, 65_535)?;
        u16::try_from(number).ok().map(Port::new)
    }

    /// Words that keepalived passes over in silence.
    pub(super) fn superfluous(&mut self, words: &[Word]) {
        if let (Some(first), Some(last)) = (words.first(), words.last()) {
            let text = "words after the last one that has a meaning are ignored";
            let diagnostic =
                Diagnostic::warning(Code::IgnoredWords, first.span.to(last.span), text);
            self.reader.sink.push(diagnostic);
        }
    }

    /// The mark after `fwmark`; `None`, reported, where it is none.
    pub(super) fn mark(&mut self, keyword: &Word, word: Option<&Word>) -> Option<FirewallMark> {
        let Some(word) = word else {
            self.lacks_word(keyword.span, "fwmark");
            return None;
        };
        let number = self.integer("fwmark", word, 0, i64::from(u32::MAX))?;
        u32::try_from(number).ok().map(FirewallMark)
    }

    /// A word is missing, and keepalived does not survive that.
    pub(super) fn lacks_word(&mut self, span: Span, name: &str) {
        let text = format!("`{name}` lacks its value");
        let diagnostic = Diagnostic::error(Code::MissingParameter, span, text)
            .help("keepalived stops here and does not start")
            .class(KeepalivedClass::MissingParameter);
        self.reader.sink.stop_test(EXIT_CONFIG);
        self.reader.sink.refuse(EXIT_CONFIG, diagnostic);
    }

    /// The whole block `virtual_server_group NAME`.
    pub(crate) fn virtual_server_group(
        &mut self,
        keyword: &'static Keyword,
        span: Span,
        words: &[Word],
    ) {
        let Some(name) = words.first().map(Word::spanned) else {
            return;
        };
        if let Some(extra) = words.get(1) {
            self.lacks_word(extra.span, "virtual_server_group");
        }
        let (lines, end) = self.block_lines(keyword.name);
        if let Some(recorder) = &mut self.recorder {
            recorder.named_lines(keyword, words, &lines);
        }
        let entries: Vec<GroupEntry> = lines
            .iter()
            .filter_map(|line| self.group_entry(line))
            .collect();
        if entries.is_empty() {
            let text = format!("`{}` has no entries; the group is removed", name.value);
            let diagnostic = Diagnostic::error(Code::ServiceIncomplete, end.unwrap_or(span), text)
                .label(name.span, "this group")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
            return;
        }
        if let Some(other) = self.service.group_names.get(&name.value) {
            let text = format!("group `{}` is defined twice; the first counts", name.value);
            let diagnostic = Diagnostic::warning(Code::DuplicateName, name.span, text)
                .label(*other, "defined here");
            self.reader.sink.push(diagnostic);
            return;
        }
        self.service
            .group_names
            .insert(name.value.clone(), name.span);
        self.service
            .groups
            .push(VirtualServerGroup { name, entries });
    }

    fn group_entry(&mut self, words: &[Word]) -> Option<GroupEntry> {
        let (first, last) = (words.first()?, words.last()?);
        let span = first.span.to(last.span);
        if first.text == "fwmark" {
            let target = self.group_mark(words)?;
            return Some(GroupEntry { target, span });
        }
        self.superfluous(words.get(2..).unwrap_or_default());
        let target = if let Some((address, length)) = first.text.split_once('/') {
            let network = self.group_network(first, address, length)?;
            let port = self.port(words.get(1))?;
            GroupTarget::Network { network, port }
        } else if let Some((start, end)) = first.text.split_once('-') {
            let (start, end) = self.group_range(first, start, end)?;
            let port = self.port(words.get(1))?;
            GroupTarget::Range {
                first: start,
                last: end,
                port,
            }
        } else {
            let Ok(address) = first.text.parse() else {
                self.no_address(first);
                return None;
            };
            let port = self.port(words.get(1))?;
            GroupTarget::Address(ServerAddress { address, port })
        };
        Some(GroupEntry { target, span })
    }

    fn group_mark(&mut self, words: &[Word]) -> Option<GroupTarget> {
        let mark = self.mark(words.first()?, words.get(1))?;
        let family = match words.get(2) {
            None => Family::V4,
            Some(word) => match word.text.as_str() {
                "inet" => Family::V4,
                "inet6" => Family::V6,
                other => {
                    let text = format!("`{other}` is no address family; the line is skipped");
                    let diagnostic = Diagnostic::error(Code::InvalidChoice, word.span, text)
                        .help("the families are `inet` and `inet6`");
                    self.reader
                        .sink
                        .push(diagnostic.class(KeepalivedClass::General));
                    return None;
                }
            },
        };
        self.superfluous(words.get(3..).unwrap_or_default());
        Some(GroupTarget::Mark { mark, family })
    }

    fn group_network(&mut self, word: &Word, address: &str, length: &str) -> Option<IpNetwork> {
        let Ok(address) = address.split('-').next().unwrap_or_default().parse() else {
            self.no_address(word);
            return None;
        };
        let most = match address {
            IpAddr::V4(_) => 32,
            IpAddr::V6(_) => 128,
        };
        let prefix = length.parse::<u8>().ok();
        let prefix = prefix.filter(|prefix| (1..=most).contains(prefix));
        let Some(prefix) = prefix else {
            let text = format!("`{length}` is no prefix length of {address}; it is skipped");
            self.complain(Code::InvalidAddress, word.span, text);
            return None;
        };
        let base = network_address(address, prefix);
        if base != address {
            let text = format!("{address} has bits after its first {prefix}; it is skipped");
            let diagnostic = Diagnostic::error(Code::InvalidAddress, word.span, text)
                .help(format!("the network is {base}/{prefix}"))
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
            return None;
        }
        Some(IpNetwork { address, prefix })
    }

    fn group_range(&mut self, word: &Word, start: &str, end: &str) -> Option<(IpAddr, IpAddr)> {
        let Ok(start) = start.parse::<IpAddr>() else {
            self.no_address(word);
            return None;
        };
        // A single number replaces the last part of the start, and must be greater.
        let (last, least) = if end.contains(['.', ':']) {
            (end.parse().ok(), Some(start))
        } else {
            (with_last_part(start, end), next_address(start))
        };
        let fits = |last: &IpAddr| {
            last.is_ipv4() == start.is_ipv4() && least.is_some_and(|least| *last >= least)
        };
        let Some(last) = last.filter(fits) else {
            let text = format!("`{end}` is no end of a range from {start}; it is skipped");
            let help = match start {
                IpAddr::V4(_) => "the end is a greater address, or its last number",
                IpAddr::V6(_) => {
                    "the end is a greater address, or its last group in hexadecimal digits"
                }
            };
            let diagnostic = Diagnostic::error(Code::InvalidAddress, word.span, text).help(help);
            self.reader
                .sink
                .push(diagnostic.class(KeepalivedClass::General));
            return None;
        };
        Some((start, last))
    }
}

/// The address with everything after the prefix zero.
fn network_address(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(address) => {
            let host = u32::MAX.checked_shr(prefix).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & !host).into()
        }
        IpAddr::V6(address) => {
            let host = u128::MAX.checked_shr(prefix).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & !host).into()
        }
    }
}

/// The address with another last octet, or another last group.
fn with_last_part(address: IpAddr, text: &str) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            Some(Ipv4Addr::new(a, b, c, text.parse().ok()?).into())
        }
        IpAddr::V6(address) => {
            let last = u16::from_str_radix(text, 16).ok()?;
            let bits = address.to_bits() & !u128::from(u16::MAX);
            Some(Ipv6Addr::from_bits(bits | u128::from(last)).into())
        }
    }
}

fn next_address(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let next = address.to_bits().checked_add(1)?;
            Some(Ipv4Addr::from_bits(next).into())
        }
        IpAddr::V6(address) => {
            let next = address.to_bits().checked_add(1)?;
            Some(Ipv6Addr::from_bits(next).into())
        }
    }
}
