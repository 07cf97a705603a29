//! Which clients stay with their real server.

use std::net::Ipv4Addr;
use std::num::NonZeroU8;

use super::super::{Entry, Parsed};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Family, Granularity};
use crate::registry::Value;
use crate::span::Spanned;
use crate::words::Word;

/// `persistence_timeout` without a value, in seconds.
pub(crate) const DEFAULT_TIMEOUT_S: u32 = 360;
/// Longest name of a persistence engine in bytes (IP_VS_PENAME_MAXLEN - 1).
const MAX_ENGINE_NAME: usize = 15;

impl Parsed<'_> {
    pub(super) fn apply_persistence(&mut self, entry: &Entry) {
        match entry.keyword.name {
            "persistence_granularity" => self.granularity(entry),
            "persistence_engine" => self.engine(entry),
            _ => {
                let timeout_s = match entry.value {
                    Value::Flag => Some(DEFAULT_TIMEOUT_S),
                    _ => entry.unsigned(),
                };
                if let (Some(timeout_s), Some(draft)) = (timeout_s, self.service.servers.last_mut())
                {
                    draft.persistence_timeout = Some(Spanned::new(timeout_s, entry.value_span()));
                }
            }
        }
    }

    /// A mask of IPv4, or a prefix length of IPv6, which makes a family that is open so far.
    fn granularity(&mut self, entry: &Entry) {
        let Some(word) = entry.arguments.first() else {
            return;
        };
        let family = self
            .service
            .servers
            .last()
            .and_then(|draft| draft.family)
            .unwrap_or(if word.text.contains('.') {
                Family::V4
            } else {
                Family::V6
            });
        let granularity = match family {
            Family::V4 => self.mask(word).map(Granularity::Mask),
            Family::V6 => self
                .integer("persistence_granularity", word, 1, 128)
                .and_then(|length| u8::try_from(length).ok())
                .and_then(NonZeroU8::new)
                .map(Granularity::Prefix),
        };
        if let (Some(granularity), Some(draft)) = (granularity, self.service.servers.last_mut()) {
            draft.granularity = Some(granularity);
            draft.family.get_or_insert(family);
        }
    }

    fn mask(&mut self, word: &Word) -> Option<Ipv4Addr> {
        if let Ok(mask) = word.text.parse::<Ipv4Addr>() {
            let bits = mask.to_bits();
            if bits.leading_ones() + bits.trailing_zeros() < u32::BITS {
                let text = format!("{mask} is an odd mask: its ones are not all in front");
                let diagnostic = Diagnostic::warning(Code::InvalidAddress, word.span, text);
                self.reader.sink.push(diagnostic);
            }
            return Some(mask);
        }
        // keepalived takes a lone number for all 32 bits of the mask.
        let Ok(bits) = word.text.parse::<u32>() else {
            let text = format!("`{}` is no mask; it is ignored", word.text);
            let diagnostic = Diagnostic::error(Code::InvalidAddress, word.span, text)
                .help("write it as 255.255.255.0");
            self.reader
                .sink
                .push(diagnostic.class(crate::KeepalivedClass::General));
            return None;
        };
        let mask = Ipv4Addr::from_bits(bits);
        let text = format!(
            "as a mask, `{}` is {mask}, as keepalived reads it",
            word.text
        );
        let mut diagnostic = Diagnostic::warning(Code::InvalidAddress, word.span, text);
        if let Some(host) = u32::MAX.checked_shr(bits) {
            let meant = Ipv4Addr::from_bits(!host);
            diagnostic = diagnostic.help(format!("for a prefix of {bits} bits write {meant}"));
        }
        self.reader.sink.push(diagnostic);
        Some(mask)
    }

    fn engine(&mut self, entry: &Entry) {
        let Some(mut name) = entry.first() else {
            return;
        };
        if name.value.len() > MAX_ENGINE_NAME {
            let text = format!("names of engines have at most {MAX_ENGINE_NAME} bytes; it is cut");
            self.complain(Code::NameTooLong, name.span, text);
            let end = name.value.floor_char_boundary(MAX_ENGINE_NAME);
            name.value.truncate(end);
        }
        if let Some(draft) = self.service.servers.last_mut() {
            draft.engine = Some(name);
        }
    }
}
