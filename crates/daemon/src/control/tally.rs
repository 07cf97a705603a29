//! What was asked and refused, for the metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use hyper::StatusCode;

/// Counters by names that are ours: nobody can make more of them.
#[derive(Default)]
pub(super) struct Tally(Mutex<Counts>);

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Answers, by the path's pattern.
    pub(super) requests: BTreeMap<&'static str, u64>,
    /// What was not answered as asked for, by reason.
    pub(super) refusals: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// A request was answered so.
    pub(super) fn answered(&self, pattern: &'static str, status: StatusCode) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.requests.entry(pattern).or_default() += 1;
        if let Some(reason) = reason(status) {
            *counts.refusals.entry(reason).or_default() += 1;
        }
    }

    /// A connection was refused or cut off.
    pub(super) fn refused(&self, reason: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.refusals.entry(reason).or_default() += 1;
    }

    /// Everything so far.
    pub(super) fn counts(&self) -> Counts {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn reason(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some("forbidden"),
        StatusCode::NOT_FOUND => Some("not-found"),
        StatusCode::METHOD_NOT_ALLOWED => Some("method"),
        StatusCode::REQUEST_TIMEOUT => Some("slow"),
        StatusCode::CONFLICT => Some("command"),
        StatusCode::PAYLOAD_TOO_LARGE => Some("too-large"),
        StatusCode::SERVICE_UNAVAILABLE => Some("unavailable"),
        status if status.is_client_error() => Some("not-understood"),
        _ => None,
    }
}
