//! A status made by hand, in which everything occurs, and a reader of OpenMetrics text that takes nothing but the format.

#![allow(clippy::unwrap_used)]

pub mod openmetrics;

use std::collections::BTreeMap;

use standfast_api::metrics::{Extra, Journal};
use standfast_api::status::Status;

/// Two instances, checks, peers, strangers, and a drain.
pub fn status() -> Status {
    serde_json::from_str(include_str!("status.json")).unwrap()
}

/// What goes with it.
pub fn extra() -> Extra {
    Extra {
        requests: BTreeMap::from([("/metrics", 12), ("/v1/status", 3)]),
        refusals: BTreeMap::from([("too-large", 1)]),
        followers: 2,
        journal: Journal {
            entries: 40,
            bytes: 8_192,
            lost: 1,
        },
    }
}
