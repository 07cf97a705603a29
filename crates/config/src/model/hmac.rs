//! `auth_hmac`: signed advertisements.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::span::Span;
use crate::units::Micros;

/// Bytes of a key that are never printed, and wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes in.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A key as it is written in a configuration or a key file: `hex:DIGITS` or the bytes themselves; `None` for what is
    /// no even number of hexadecimal digits.
    #[must_use]
    pub fn from_text(text: &[u8]) -> Option<Self> {
        let Some(digits) = text.strip_prefix(b"hex:") else {
            return Some(Self::new(text.to_vec()));
        };
        // Room from the start: what grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(digits.len().div_ceil(2)));
        for pair in digits.chunks(2) {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let [high, low] = pair else { return None };
            let byte = digit(*high)? * 16 + digit(*low)?;
            bytes.push(u8::try_from(byte).ok()?);
        }
        Some(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(hidden)")
    }
}

/// Where a key comes from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyMaterial {
    /// The text itself, or the bytes after `hex:`; 32 to 64.
    Bytes(Secret),
    /// `file:PATH`, to be read when the daemon starts; nobody but its owner may read it.
    File(PathBuf),
}

/// One `key`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct HmacKey {
    /// Its number on the wire, 1 to 255.
    pub id: u8,
    /// The key itself.
    pub material: KeyMaterial,
    /// The number in the text.
    #[serde(skip)]
    pub span: Span,
}

/// Whom to believe (`mode`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HmacMode {
    /// Signs, and takes signed advertisements only.
    #[default]
    Enforce,
    /// Signs, and takes unsigned advertisements as well.
    Permissive,
    /// Checks signatures that are there, and never signs.
    ReceiveOnly,
}

/// How repeated advertisements are found (`anti_replay`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AntiReplay {
    /// Their time must rise, and must be near ours.
    #[default]
    Time,
    /// Their sequence must rise.
    Monotonic,
}

/// An `auth_hmac` block that is in force.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Hmac {
    /// The keys, each number once.
    pub keys: Vec<HmacKey>,
    /// The number of the key that signs, which is one of them.
    pub active_key: u8,
    /// Whom to believe.
    pub mode: HmacMode,
    /// How repeats are found.
    pub anti_replay: AntiReplay,
    /// Difference of clocks that is accepted; three intervals, at least 5 s, where unset.
    pub time_window: Micros,
}
