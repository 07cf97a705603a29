//! FIFOs that hear of every change.

use std::path::PathBuf;

use crate::model::script::{Identity, Script};
use crate::span::Spanned;

/// One FIFO with its reader.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Fifo {
    /// `…notify_fifo`: where it is.
    pub path: Option<Spanned<PathBuf>>,
    /// Who owns it; `None` for the daemon's own user.
    pub owner: Option<Identity>,
    /// `…notify_fifo_script`: a program that the daemon starts; it gets the path as its last word.
    pub script: Option<Script>,
}

/// All FIFOs.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Fifos {
    /// `notify_fifo`: every event.
    pub all: Fifo,
    /// `vrrp_notify_fifo`: events of instances and groups.
    pub vrrp: Fifo,
    /// `lvs_notify_fifo`: events of servers.
    pub lvs: Fifo,
    /// `fifo_write_vrrp_states_on_reload`.
    pub states_on_reload: bool,
}
