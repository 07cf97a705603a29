//! `bfd_instance`.

use std::net::IpAddr;

use super::super::{Entry, Parsed};
use super::draft::BfdDraft;
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{BfdInstance, Family, MaxHops, Weight};
use crate::registry::{Block, Value};
use crate::span::{Span, Spanned};
use crate::units::Micros;
use crate::words::Word;

/// Longest name of a session in bytes.
const MAX_NAME: usize = 31;
/// Weights of sessions reach from -253 to 253.
const MAX_WEIGHT: i64 = 253;

impl Parsed<'_> {
    pub(super) fn enter_bfd(&mut self, span: Span, words: &[Word]) -> bool {
        let Some(name) = words.first().map(Word::spanned) else {
            return false;
        };
        if name.value.len() > MAX_NAME {
            let text = format!("names of sessions have at most {MAX_NAME} bytes; it is ignored");
            self.complain(Code::NameTooLong, name.span, text);
            return false;
        }
        if !self
            .objects
            .insert((Block::BfdInstance, name.value.clone()))
        {
            let text = format!("`{}` is defined twice; the first one is used", name.value);
            self.complain(Code::DuplicateName, name.span, text);
            return false;
        }
        self.service.bfd = Some(BfdDraft::new(name, span));
        true
    }

    pub(super) fn apply_bfd(&mut self, entry: Entry) {
        if entry.keyword.name == "weight" {
            return self.bfd_weight(&entry.arguments);
        }
        let Some(draft) = &mut self.service.bfd else {
            return;
        };
        let span = entry.value_span();
        let number = match entry.value {
            Value::Integer(number) => Some(number),
            _ => None,
        };
        let byte = number.and_then(|number| u8::try_from(number).ok());
        let address = match entry.value {
            Value::Address(address) => Some(Spanned::new(address, span)),
            _ => None,
        };
        match (entry.keyword.name, &entry.value) {
            ("neighbor_ip" | "neighbour_ip", _) => {
                draft.broken |= address.is_none();
                draft.neighbor = address;
            }
            ("source_ip", Value::Address(_)) => draft.source = address,
            ("min_rx", Value::Decimal(time)) => draft.min_rx = Some(interval(*time, span)),
            ("min_tx", Value::Decimal(time)) => draft.min_tx = Some(interval(*time, span)),
            ("idle_tx", Value::Decimal(time)) => draft.idle_tx = Some(interval(*time, span)),
            ("multiplier", Value::Integer(_)) => {
                draft.multiplier = byte.map(|number| Spanned::new(number, span));
            }
            ("passive", _) => draft.passive = true,
            ("ttl" | "hoplimit", Value::Integer(_)) => draft.ttl = byte,
            ("max_hops", Value::Integer(_)) => draft.max_hops = number,
            ("multihop", Value::Bool(on)) => draft.multihop = *on,
            ("vrrp", _) => draft.vrrp = true,
            ("checker", _) => draft.checker = true,
            (_, Value::Invalid) => {}
            _ => self.accept(entry),
        }
    }

    fn bfd_weight(&mut self, words: &[Word]) {
        let Some(word) = words.first() else { return };
        let Some(value) = self.integer("weight", word, -MAX_WEIGHT, MAX_WEIGHT) else {
            return;
        };
        let reverse = match words.get(1) {
            Some(word) if word.text == "reverse" => true,
            Some(word) => {
                let text = format!("only `reverse` stands after a weight, not `{}`", word.text);
                self.complain(Code::InvalidValue, word.span, text);
                false
            }
            None => false,
        };
        if let (Ok(value), Some(draft)) = (i16::try_from(value), &mut self.service.bfd) {
            draft.weight = Weight { value, reverse };
        }
    }

    /// Takes the session in, unless it can't be one.
    pub(super) fn leave_bfd(&mut self, end: Span) {
        let Some(draft) = self.service.bfd.take().filter(|draft| !draft.broken) else {
            return;
        };
        let Some(neighbor) = draft.neighbor else {
            let text = format!(
                "session `{}` has no `neighbor_ip`; it is ignored",
                draft.name.value
            );
            self.bfd_error(end, &draft, text);
            return;
        };
        let family = Family::of(neighbor.value);
        if draft
            .source
            .is_some_and(|source| Family::of(source.value) != family)
        {
            let text =
                "`source_ip` and `neighbor_ip` are not of one family; the session is ignored";
            self.bfd_error(end, &draft, text.to_owned());
            return;
        }
        if let Some(other) = self.service.neighbors.get(&neighbor.value) {
            let text = format!(
                "session `{}` has the neighbour {} already; this one is ignored",
                other.value, neighbor.value
            );
            self.bfd_error(end, &draft, text);
            return;
        }
        self.service
            .neighbors
            .insert(neighbor.value, draft.name.clone());
        let ttl = draft.ttl.unwrap_or(default_ttl(neighbor.value));
        let hops = match draft.max_hops.unwrap_or(0) {
            -1 => u8::MAX,
            hops => u8::try_from(hops).unwrap_or(u8::MAX),
        };
        if hops > ttl {
            let text = format!("`max_hops` exceeds the TTL of {ttl}; {ttl} is taken");
            self.bfd_error(end, &draft, text);
        }
        let max_hops = match hops.min(ttl) {
            u8::MAX => MaxHops::Any,
            hops => MaxHops::Limit(hops),
        };
        self.service
            .bfds
            .push(draft.finish(neighbor, ttl, max_hops));
    }

    fn bfd_error(&mut self, end: Span, draft: &BfdDraft, text: String) {
        let diagnostic = Diagnostic::error(Code::InvalidValue, end, text)
            .label(draft.name.span, "this session")
            .class(KeepalivedClass::General);
        self.reader.sink.push(diagnostic);
    }
}

impl BfdDraft {
    fn finish(self, neighbor: Spanned<IpAddr>, ttl: u8, max_hops: MaxHops) -> BfdInstance {
        let span = self.span;
        let interval = |given: Option<Spanned<Micros>>, default_ms| {
            given.unwrap_or(Spanned::new(Micros::from_millis(default_ms), span))
        };
        let all = !self.vrrp && !self.checker;
        BfdInstance {
            name: self.name,
            neighbor,
            source: self.source,
            min_rx: interval(self.min_rx, 10),
            min_tx: interval(self.min_tx, 10),
            idle_tx: interval(self.idle_tx, 1000),
            multiplier: self.multiplier.unwrap_or(Spanned::new(5, span)),
            passive: self.passive,
            ttl,
            max_hops,
            multihop: self.multihop,
            weight: self.weight,
            vrrp: self.vrrp || all,
            checker: self.checker || all,
            span,
        }
    }
}

/// Millionths of a millisecond, in microseconds.
fn interval(millionths: Micros, span: Span) -> Spanned<Micros> {
    Spanned::new(Micros(millionths.get() / 1000), span)
}

/// The TTL where none is given.
fn default_ttl(neighbor: IpAddr) -> u8 {
    match neighbor {
        IpAddr::V4(_) => 255,
        IpAddr::V6(_) => 64,
    }
}
