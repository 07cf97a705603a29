//! The keys of a last will, as they travel: whoever resigns for a dead worker must sign, and must
//! know a successor by its signature.

use std::fmt;

use serde::{Deserialize, Serialize};
use standfast_core::Micros;
use standfast_core::authentication::{AntiReplay, Hmac, HmacMode};
use standfast_core::estate::Estate;
use standfast_wire::ah;
use standfast_wire::trailer::Key;
use zeroize::Zeroizing;

/// Wiped when dropped, never printed.
#[derive(Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct WillKeys {
    header: Option<Zeroizing<[u8; 8]>>,
    trailers: Vec<(u8, Zeroizing<String>)>,
    active: u8,
    mode: u8,
    /// `None`: numbers alone.
    window_us: Option<u64>,
    /// Where numbers begin after the worker's death.
    pub(crate) floor: u64,
}

impl fmt::Debug for WillKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WillKeys(********, floor {})", self.floor)
    }
}

impl WillKeys {
    pub(crate) fn of(estate: &Estate) -> Self {
        let header = estate.header_key.as_ref();
        let mut keys = WillKeys {
            header: header.map(|key| Zeroizing::new(key.reveal())),
            floor: estate.sequence_floor,
            ..WillKeys::default()
        };
        if let Some(hmac) = &estate.hmac {
            keys.trailers = hmac.keys.iter().map(|key| (key.id(), hex(key))).collect();
            keys.active = hmac.active;
            keys.mode = match hmac.mode {
                HmacMode::Enforce => 0,
                HmacMode::Permissive => 1,
                HmacMode::ReceiveOnly => 2,
            };
            keys.window_us = match hmac.anti_replay {
                AntiReplay::Time(window) => Some(window.0),
                AntiReplay::Monotonic => None,
            };
        }
        keys
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.header.is_none() && self.trailers.is_empty()
    }

    pub(crate) fn header(&self) -> Option<ah::Key> {
        self.header.as_ref().map(|key| ah::Key::new(**key))
    }

    /// The outer `None` is none of ours.
    #[allow(clippy::option_option, reason = "broken, or unsigned, or signed")]
    pub(crate) fn hmac(&self) -> Option<Option<Hmac>> {
        if self.trailers.is_empty() {
            return Some(None);
        }
        let key = |(id, digits): &(u8, Zeroizing<String>)| {
            let text = Zeroizing::new(format!("hex:{}", digits.as_str()));
            let secret = standfast_config::Secret::from_text(text.as_bytes())?;
            Key::new(*id, secret.reveal())
        };
        Some(Some(Hmac {
            keys: self.trailers.iter().map(key).collect::<Option<_>>()?,
            active: self.active,
            mode: match self.mode {
                0 => HmacMode::Enforce,
                1 => HmacMode::Permissive,
                2 => HmacMode::ReceiveOnly,
                _ => return None,
            },
            anti_replay: match self.window_us {
                Some(window) => AntiReplay::Time(Micros(window)),
                None => AntiReplay::Monotonic,
            },
        }))
    }
}

fn hex(key: &Key) -> Zeroizing<String> {
    let mut digits = Zeroizing::new(String::with_capacity(key.reveal().len() * 2));
    for byte in key.reveal() {
        for nibble in [byte >> 4, byte & 15] {
            digits.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_travel_and_are_not_printed() {
        let keys = WillKeys {
            header: Some(Zeroizing::new(*b"password")),
            trailers: vec![(7, hex(&Key::new(7, &[0xa5; 40]).unwrap()))],
            active: 7,
            mode: 1,
            window_us: Some(5_000_000),
            floor: 9,
        };
        let sent = crate::message::encode(&keys);
        let taken: WillKeys = crate::message::decode(&sent).unwrap();
        assert_eq!(taken, keys);
        let hmac = taken.hmac().unwrap().unwrap();
        assert_eq!(hmac.keys, [Key::new(7, &[0xa5; 40]).unwrap()]);
        assert_eq!(hmac.mode, HmacMode::Permissive);
        assert_eq!(hmac.anti_replay, AntiReplay::Time(Micros(5_000_000)));
        assert_eq!(taken.header(), Some(ah::Key::new(*b"password")));
        let printed = format!("{keys:?}");
        assert!(!printed.contains("a5") && !printed.contains("112"));
    }

    #[test]
    fn all_keys_that_there_can_be_fit_into_a_message() {
        let keys = WillKeys {
            trailers: (1..=255)
                .map(|id| (id, hex(&Key::new(id, &[255; 64]).unwrap())))
                .collect(),
            ..WillKeys::default()
        };
        let bytes = crate::message::encode(&keys);
        assert!(bytes.len() + 100 <= standfast_linux::supervise::LONGEST_MESSAGE);
    }
}
