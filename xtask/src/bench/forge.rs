//! VRRP packets that nobody should believe, and some that must be answered with measure.

use std::net::Ipv4Addr;

use standfast_lab::MacAddress;

use super::stage::VIP;

/// Where advertisements go, and the Ethernet address of that group.
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
const GROUP_MAC: MacAddress = MacAddress([0x01, 0x00, 0x5e, 0x00, 0x00, 0x12]);

/// Who attacks.
const STRANGER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 66);
const STRANGER_MAC: MacAddress = MacAddress([2, 0, 0, 0, 0, 0x66]);

const PROTOCOL_VRRP: u8 = 112;

/// Bytes that are no advertisement; any will do, as long as the first byte says version 2, type 1.
const NOISE: [u8; 28] = [
    0x21, 51, 0x9e, 0x37, 0x79, 0xb9, 0x7f, 0x4a, 0x7c, 0x15, 0xf3, 0x9c, 0xc0, 0x60, 0x5c, 0xed,
    0xc8, 0x34, 0x10, 0x82, 0x27, 0x6b, 0xf3, 0xa2, 0x72, 0x51, 0xf8, 0x6c,
];

/// A version 2 packet for virtual router 51, right unless something is changed.
#[derive(Clone, Copy, Debug)]
pub struct Packet {
    /// Ethernet and IPv4 destination.
    pub to: (MacAddress, Ipv4Addr),
    /// Time to live.
    pub ttl: u8,
    /// Version field.
    pub version: u8,
    /// Priority.
    pub priority: u8,
    /// Password (authentication type 1).
    pub password: Option<[u8; 8]>,
    /// Whether the checksum is right.
    pub checksum: bool,
    /// Bytes that are missing in the end.
    pub cut: usize,
}

impl Packet {
    /// A packet that would win the address.
    #[must_use]
    pub const fn tempting() -> Self {
        Self {
            to: (GROUP_MAC, GROUP),
            ttl: 255,
            version: 2,
            priority: 250,
            password: Some(*b"1111\0\0\0\0"),
            checksum: true,
            cut: 0,
        }
    }

    /// One of each kind that must be ignored.
    #[must_use]
    pub fn invalid() -> Vec<Vec<u8>> {
        let right = Self::tempting();
        let wrong = [
            Self {
                checksum: false,
                ..right
            },
            Self { ttl: 64, ..right },
            Self {
                password: Some(*b"2222\0\0\0\0"),
                ..right
            },
            Self {
                version: 4,
                ..right
            },
            Self { cut: 8, ..right },
        ];
        let mut frames: Vec<Vec<u8>> = wrong.iter().map(Self::frame).collect();
        frames.push(right.frame_of(NOISE.to_vec()));
        frames
    }

    /// The frame, as it goes on the wire.
    #[must_use]
    pub fn frame(&self) -> Vec<u8> {
        let authentication = u8::from(self.password.is_some());
        let mut vrrp = vec![
            self.version << 4 | 1,
            51,
            self.priority,
            1,
            authentication,
            1,
            0,
            0,
        ];
        vrrp.extend(VIP.octets());
        vrrp.extend(self.password.unwrap_or_default());
        let sum = checksum(&vrrp) ^ u16::from(!self.checksum);
        put(&mut vrrp, 6, sum);
        vrrp.truncate(vrrp.len().saturating_sub(self.cut));
        self.frame_of(vrrp)
    }

    fn frame_of(&self, vrrp: Vec<u8>) -> Vec<u8> {
        let (mac, address) = self.to;
        // A packet of ours has a few dozen bytes.
        let length = u16::try_from(vrrp.len().saturating_add(20)).unwrap_or(u16::MAX);
        let mut header = vec![0x45, 0xc0];
        header.extend(length.to_be_bytes());
        header.extend([0, 1, 0x40, 0, self.ttl, PROTOCOL_VRRP, 0, 0]);
        header.extend(STRANGER.octets());
        header.extend(address.octets());
        let sum = checksum(&header);
        put(&mut header, 10, sum);
        [&mac.0[..], &STRANGER_MAC.0, &[0x08, 0x00], &header, &vrrp].concat()
    }
}

fn put(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(field) = bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
        *field = value.to_be_bytes();
    }
}

/// The Internet checksum (RFC 1071) of an even number of bytes whose checksum field is zero.
fn checksum(bytes: &[u8]) -> u16 {
    let (pairs, _) = bytes.as_chunks::<2>();
    let sum = pairs.iter().fold(0_u16, |sum, pair| {
        let (sum, carry) = sum.overflowing_add(u16::from_be_bytes(*pair));
        sum.wrapping_add(u16::from(carry))
    });
    !sum
}
