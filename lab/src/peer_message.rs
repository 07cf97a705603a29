//! Messages of the peer channel as they are on the wire (docs/peer-channel.md).

use crate::frame::MacAddress;
use crate::moment::Moment;

const ETHERNET_BYTES: usize = 14;
const IPV6_BYTES: usize = 40;
const UDP_BYTES: usize = 8;
const MAGIC: &[u8] = b"SFpc";

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerMessageKind {
    /// Who is there.
    Hello,
    /// Addresses were, or will be, let go.
    Leaving,
    /// A request to take over.
    Take,
    /// Its answer.
    Taken,
    /// A sign of life.
    Alive,
}

/// A message, with its whole frame, so that it can be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerMessage {
    /// When the kernel got it.
    pub time: Moment,
    /// Who sent it.
    pub source_mac: MacAddress,
    /// What it is.
    pub kind: PeerMessageKind,
    /// How many virtual routers it is about.
    pub entries: u8,
    /// From the Ethernet header on.
    pub frame: Vec<u8>,
}

impl PeerMessage {
    /// Reads a frame; `None` if it is no such message.
    pub(crate) fn parse(time: Moment, frame: Vec<u8>) -> Option<Self> {
        let first = *frame.get(ETHERNET_BYTES)?;
        let header = match first >> 4 {
            4 => usize::from(first & 0x0f) * 4,
            6 => IPV6_BYTES,
            _ => return None,
        };
        let message = frame.get(ETHERNET_BYTES + header + UDP_BYTES..)?;
        if !message.starts_with(MAGIC) {
            return None;
        }
        let kind = match message.get(5)? {
            1 => PeerMessageKind::Hello,
            2 => PeerMessageKind::Leaving,
            3 => PeerMessageKind::Take,
            4 => PeerMessageKind::Taken,
            5 => PeerMessageKind::Alive,
            _ => return None,
        };
        let source_mac = MacAddress(*frame.get(6..)?.first_chunk()?);
        let entries = *message.get(7)?;
        Some(Self {
            time,
            source_mac,
            kind,
            entries,
            frame,
        })
    }
}
