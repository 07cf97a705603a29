//! The IPv6 header around an advertisement (RFC 8200 §3), as a raw socket that writes its own headers takes it.

use core::net::Ipv6Addr;

use crate::BufferTooSmall;
use crate::reader::Writer;

/// Length in bytes of a header without extensions.
pub const HEADER_LENGTH: usize = 40;
/// Hop limit of what must come from the same link (RFC 9568 §5.1.2.3, RFC 4861 §7.1).
pub const HOP_LIMIT_ON_LINK: u8 = 255;
/// The first four bytes of a packet of class selector 6 (network control) without flow label, as keepalived sends it.
const NETWORK_CONTROL: [u8; 4] = [0x6c, 0, 0, 0];

/// The header of a packet that we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Hop limit; 255 for VRRP on a link.
    pub hop_limit: u8,
    /// Protocol of what follows.
    pub next_header: u8,
    /// Our address.
    pub source: Ipv6Addr,
    /// Group or peer.
    pub destination: Ipv6Addr,
}

impl Header {
    /// Writes the header in front of `payload_length` bytes (40 bytes written).
    pub fn emit(&self, payload_length: u16, buffer: &mut [u8]) -> Result<usize, BufferTooSmall> {
        let mut writer = Writer::new(buffer);
        writer
            .put(&NETWORK_CONTROL)
            .put(&payload_length.to_be_bytes())
            .put(&[self.next_header, self.hop_limit])
            .put(&self.source.octets())
            .put(&self.destination.octets());
        Ok(writer.finish()?.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_what_keepalived_puts_before_an_advertisement() {
        let header = Header {
            hop_limit: HOP_LIMIT_ON_LINK,
            next_header: crate::ipv4::PROTOCOL_VRRP,
            source: "fe80::1".parse().unwrap(),
            destination: crate::vrrp::GROUP_V6,
        };
        let mut buffer = [0; HEADER_LENGTH];
        assert_eq!(header.emit(24, &mut buffer), Ok(HEADER_LENGTH));
        assert_eq!(buffer[..8], [0x6c, 0, 0, 0, 0, 24, 112, 255]);
        assert_eq!(buffer[8..10], [0xfe, 0x80]);
        assert_eq!(buffer[24..26], [0xff, 0x02]);
        assert_eq!(buffer[39], 0x12);
        let small = header.emit(24, &mut [0; 39]).unwrap_err();
        assert_eq!((small.need, small.have), (40, 39));
    }
}
