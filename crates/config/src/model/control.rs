//! Where the daemon is asked and told (Standfast's own keywords `control_*` and `http_*`).

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::span::Spanned;

/// Permissions of the socket where nothing is configured: its owner and its group.
pub const CONTROL_MODE: u32 = 0o660;
/// Addresses that `http_listen` may name.
pub const MAX_LISTENERS: usize = 8;

/// `control_socket`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub enum ControlSocket {
    /// `off`.
    Off,
    /// There.
    At(PathBuf),
}

/// The settings in `global_defs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ControlDefs {
    /// `control_socket`; unset, it lies where the daemon's kind and name say.
    pub socket: Option<Spanned<ControlSocket>>,
    /// `control_mode`.
    pub mode: Option<Spanned<u32>>,
    /// `control_group`.
    pub group: Option<Spanned<String>>,
    /// `http_listen`, each once.
    pub listen: Vec<Spanned<SocketAddr>>,
    /// `http_tls`: certificate chain and key.
    pub tls: Option<Spanned<(PathBuf, PathBuf)>>,
    /// `http_token_file`.
    pub token_file: Option<Spanned<PathBuf>>,
}

impl ControlDefs {
    /// Permission bits of the socket.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.mode.map_or(CONTROL_MODE, |mode| mode.value)
    }
}
