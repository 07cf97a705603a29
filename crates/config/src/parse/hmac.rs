//! `auth_hmac`.

use std::path::PathBuf;

use super::{Entry, Parsed};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{AntiReplay, HmacKey, HmacMode, KeyMaterial, Secret};
use crate::registry::Value;
use crate::span::{Span, Spanned};
use crate::units::Micros;
use crate::words::Word;

/// Bytes that a key has.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 32..=64;

/// The block while it is read.
#[derive(Clone, Debug)]
pub(crate) struct HmacDraft {
    /// The block's keyword.
    pub(crate) span: Span,
    pub(crate) keys: Vec<HmacKey>,
    pub(crate) active: Option<Spanned<u8>>,
    pub(crate) mode: HmacMode,
    pub(crate) anti_replay: AntiReplay,
    pub(crate) time_window: Option<Micros>,
}

impl HmacDraft {
    pub(crate) fn new(span: Span) -> Self {
        Self {
            span,
            keys: Vec::new(),
            active: None,
            mode: HmacMode::Enforce,
            anti_replay: AntiReplay::Time,
            time_window: None,
        }
    }
}

impl Parsed<'_> {
    pub(super) fn enter_hmac(&mut self, span: Span) {
        if let Some(draft) = self.instances.last_mut() {
            draft.hmac.get_or_insert_with(|| HmacDraft::new(span));
        }
    }

    pub(super) fn apply_hmac(&mut self, entry: Entry) {
        if entry.keyword.name == "key" {
            self.apply_key(&entry.arguments);
            return;
        }
        let draft = self.instances.last_mut();
        let Some(hmac) = draft.and_then(|draft| draft.hmac.as_mut()) else {
            return;
        };
        match (entry.keyword.name, &entry.value) {
            ("active_key", Value::Integer(number)) => {
                let id = u8::try_from(*number).ok();
                hmac.active = id.map(|id| Spanned::new(id, entry.value_span()));
            }
            ("mode", Value::Word(mode)) => {
                hmac.mode = match mode.as_str() {
                    "permissive" => HmacMode::Permissive,
                    "receive-only" => HmacMode::ReceiveOnly,
                    _ => HmacMode::Enforce,
                };
            }
            ("anti_replay", Value::Word(way)) => {
                hmac.anti_replay = match way.as_str() {
                    "monotonic" => AntiReplay::Monotonic,
                    _ => AntiReplay::Time,
                };
            }
            ("time_window", Value::Integer(seconds)) => {
                hmac.time_window = Some(super::number::seconds(*seconds));
            }
            (_, Value::Invalid) => {}
            _ => self.accept(entry),
        }
    }

    /// `NUMBER VALUE`; messages never show the value.
    fn apply_key(&mut self, words: &[Word]) {
        let Some(first) = words.first() else { return };
        let id = self.integer("key", first, 1, 255);
        let Some(id) = id.and_then(|id| u8::try_from(id).ok()) else {
            return;
        };
        let Some(value) = words.get(1) else {
            self.complain(Code::InvalidKey, first.span, "this key has no value");
            return;
        };
        let Some(material) = self.key_material(first.span, &value.text) else {
            return;
        };
        let draft = self.instances.last_mut();
        let Some(hmac) = draft.and_then(|draft| draft.hmac.as_mut()) else {
            return;
        };
        if let Some(other) = hmac.keys.iter().find(|key| key.id == id) {
            let text = format!("there is a key {id} already; this one is ignored");
            let diagnostic = Diagnostic::error(Code::AlreadySpecified, first.span, text)
                .label(other.span, "the first one")
                .class(KeepalivedClass::General);
            self.reader.sink.push(diagnostic);
            return;
        }
        let span = first.span;
        hmac.keys.push(HmacKey { id, material, span });
    }

    /// `file:PATH`, `hex:DIGITS` or the key itself.
    fn key_material(&mut self, place: Span, text: &str) -> Option<KeyMaterial> {
        if let Some(path) = text.strip_prefix("file:") {
            if !path.starts_with('/') {
                self.complain(
                    Code::InvalidKey,
                    place,
                    "a key's file needs an absolute path",
                );
                return None;
            }
            return Some(KeyMaterial::File(PathBuf::from(path)));
        }
        let Some(secret) = Secret::from_text(text.as_bytes()) else {
            let text = "this key is no even number of hexadecimal digits";
            self.complain(Code::InvalidKey, place, text);
            return None;
        };
        if !KEY_BYTES.contains(&secret.reveal().len()) {
            let (least, most) = (KEY_BYTES.start(), KEY_BYTES.end());
            let text = format!(
                "this key has {} bytes, not {least} to {most}",
                secret.reveal().len()
            );
            self.complain(Code::InvalidKey, place, text);
            return None;
        }
        Some(KeyMaterial::Bytes(secret))
    }
}
