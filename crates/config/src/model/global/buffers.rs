//! Receive buffers.

/// One receive buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ReceiveBuffer {
    /// Its size; `None` for the system's default.
    pub bytes: Option<u32>,
    /// `…_force`: beyond the system's limit if need be (SO_RCVBUFFORCE).
    pub force: bool,
}

/// The receive buffers of netlink sockets (`*_rcv_bufs`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct NetlinkBuffers {
    /// `vrrp_netlink_cmd_rcv_bufs`.
    pub vrrp_command: ReceiveBuffer,
    /// `vrrp_netlink_monitor_rcv_bufs`.
    pub vrrp_monitor: ReceiveBuffer,
    /// `lvs_netlink_cmd_rcv_bufs`.
    pub lvs_command: ReceiveBuffer,
    /// `lvs_netlink_monitor_rcv_bufs`.
    pub lvs_monitor: ReceiveBuffer,
    /// `process_monitor_rcv_bufs`.
    pub process_monitor: ReceiveBuffer,
}
