//! Frames as the interface sees them, with the kernel's time stamps.

use std::io::{ErrorKind, IoSliceMut};
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::{AgentError, failed};
use crate::moment::Moment;

/// Every protocol (`<linux/if_ether.h>`, ETH_P_ALL): the socket also sees what the host itself sends.
const EVERY_PROTOCOL: u16 = 0x0003;

/// Room for bursts while the reader has to wait for a processor.
const RECEIVE_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// Longest frame that is read; longer ones are cut.
const FRAME_BYTES: usize = 2048;

/// A packet socket on every interface of the network namespace.
pub(super) struct PacketSocket {
    socket: Socket,
    frame: Vec<u8>,
    control: Vec<u8>,
}

impl PacketSocket {
    /// Opens a socket that gets the frames `filter` lets through.
    pub(super) fn open(filter: &[SockFilter]) -> Result<Self, AgentError> {
        let protocol = Protocol::from(i32::from(EVERY_PROTOCOL.to_be()));
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(protocol))
            .map_err(failed("open a packet socket"))?;
        socket
            .attach_filter(filter)
            .map_err(failed("attach a packet filter"))?;
        socket
            .set_recv_buffer_size(RECEIVE_BUFFER_BYTES)
            .map_err(failed("set the receive buffer"))?;
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)
            .map_err(failed("ask for time stamps"))?;
        Ok(Self {
            socket,
            frame: vec![0; FRAME_BYTES],
            control: nix::cmsg_space!(TimeSpec),
        })
    }

    /// Waits for the next frame: when the kernel got it, and its bytes.
    pub(super) fn receive(&mut self) -> Result<(Moment, &[u8]), AgentError> {
        let (moment, length) = loop {
            let mut parts = [IoSliceMut::new(&mut self.frame)];
            self.control.clear();
            let received = recvmsg::<LinkAddr>(
                self.socket.as_raw_fd(),
                &mut parts,
                Some(&mut self.control),
                MsgFlags::empty(),
            );
            match received {
                Ok(message) => {
                    let stamp = message
                        .cmsgs()
                        .ok()
                        .and_then(|mut all| all.find_map(stamp_of));
                    break (stamp.unwrap_or_else(Moment::now), message.bytes);
                }
                Err(Errno::EINTR | Errno::EAGAIN) => {}
                Err(error) if std::io::Error::from(error).kind() == ErrorKind::NetworkDown => {}
                Err(error) => return Err(failed("receive a frame")(error)),
            }
        };
        Ok((moment, self.frame.get(..length).unwrap_or_default()))
    }
}

fn stamp_of(control: ControlMessageOwned) -> Option<Moment> {
    let ControlMessageOwned::ScmTimestampns(stamp) = control else {
        return None;
    };
    let stamp = std::time::Duration::from(stamp);
    Some(Moment::from_realtime(u64::try_from(stamp.as_nanos()).ok()?))
}
