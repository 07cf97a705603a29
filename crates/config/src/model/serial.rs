//! How values look as JSON: durations in seconds, networks as text, secrets not at all.

use serde::{Serialize, Serializer};

use super::{IpNetwork, Password, Secret};
use crate::span::Spanned;
use crate::units::{Micros, Priority, Vrid};

/// What stands in place of a secret.
const HIDDEN: &str = "(hidden)";

impl<T: Serialize> Serialize for Spanned<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl Serialize for Micros {
    /// Seconds: a whole number where there is nothing after the point.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (whole, rest) = (self.get() / 1_000_000, self.get() % 1_000_000);
        if rest == 0 {
            return serializer.serialize_u64(whole);
        }
        let text = format!("{whole}.{rest:06}");
        serializer.serialize_f64(text.parse().unwrap_or(f64::NAN))
    }
}

impl Serialize for Priority {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.get())
    }
}

impl Serialize for Vrid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.get())
    }
}

impl Serialize for IpNetwork {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}/{}", self.address, self.prefix))
    }
}

impl Serialize for Password {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}
