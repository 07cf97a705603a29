//! The bodies of the fuzz targets: each takes any bytes and panics if a promise is broken.
//!
//! ```text
//! cargo install cargo-fuzz
//! RUSTC_BOOTSTRAP=1 cargo fuzz run core_packets -- -max_total_time=60        # with libFuzzer
//! cargo test --manifest-path fuzz/Cargo.toml --no-default-features            # seeded, any toolchain
//! ```
#![forbid(unsafe_code)]

mod control_http;
mod core_packets;
mod peer_messages;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use standfast_api::line;
use standfast_config::{
    FormatError, LoadOptions, Loaded, MemorySource, NoEnvironment, format, load,
};
use standfast_wire::arp::Arp;
use standfast_wire::ndp::NeighbourAdvertisement;
use standfast_wire::trailer::{self, Sequence};
use standfast_wire::vrrp::{Advertisement, AdvertisementRepr};
use standfast_wire::{ah, ipv4};

pub use control_http::control_http;
pub use core_packets::core_packets;

const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
const GROUP: IpAddr = IpAddr::V4(standfast_wire::vrrp::GROUP);
const SOURCE_6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2));
const GROUP_6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12));

/// Whatever has a trailer, or an authentication header, has a right one after we have made it.
fn authentication(bytes: &[u8]) {
    let key = trailer::Key::new(1, &[7; 32]).expect("32 bytes are a key");
    for (source, destination) in [(SOURCE, GROUP), (SOURCE_6, GROUP_6)] {
        let Ok((_, Some(_))) = Advertisement::parse_signed(bytes, source, destination) else {
            continue;
        };
        let mut payload = bytes.to_vec();
        trailer::sign(&mut payload, &key, Sequence(3), source, destination).expect("it has room");
        let read = Advertisement::parse_signed(&payload, source, destination);
        let (_, signed) = read.expect("what parsed parses when signed");
        assert!(signed.is_some_and(|signed| signed.is_authentic(source, &key)));
    }
    if ah::Packet::parse(bytes).is_ok() {
        let (mut packet, key) = (bytes.to_vec(), ah::Key::new([7; 8]));
        let total = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
        packet.truncate(total);
        ah::seal(&mut packet, 3, &key).expect("it has room");
        let read = ah::Packet::parse(&packet).expect("what parsed parses when sealed");
        assert!(read.is_authentic(&key));
    }
}

/// Any bytes are lines of a journal: together they are the whole file, and what is whole in it is written and read again
/// as the same.
pub fn journal_lines(bytes: &[u8]) {
    let mut at = 0;
    for found in line::Lines::new(bytes) {
        assert!(found.end > at, "no line is empty");
        at = found.end;
        let Some(record) = found.json.and_then(line::record) else {
            continue;
        };
        let mut written = Vec::new();
        line::encode(&record, &mut written);
        let again = line::Lines::new(&written).next();
        let again = again.and_then(|line| line.json).and_then(line::record);
        assert_eq!(again, Some(record));
    }
    assert_eq!(at, bytes.len());
}

/// Whatever parses as an advertisement is written and read again as the same.
pub fn wire_advertisement(bytes: &[u8]) {
    authentication(bytes);
    for (source, destination) in [(SOURCE, GROUP), (SOURCE_6, GROUP_6), (SOURCE, GROUP_6)] {
        let Ok(read) = Advertisement::parse(bytes, source, destination) else {
            continue;
        };
        let addresses: Vec<IpAddr> = read.addresses().collect();
        let repr = AdvertisementRepr {
            vrid: read.vrid,
            priority: read.priority,
            interval: read.interval,
            authentication: read.authentication,
            checksum: read.checksum,
            addresses: &addresses,
        };
        let mut buffer = [0; 5_000];
        let written = repr.emit(source, destination, &mut buffer);
        let length = written.expect("an advertisement fits into 5,000 bytes");
        let again = Advertisement::parse(&buffer[..length], source, destination);
        let again = again.expect("what we write we read");
        assert_eq!(again.priority, read.priority);
        assert_eq!(again.interval, read.interval);
        assert!(again.addresses().eq(read.addresses()));
        let short = &mut [0; 16][..bytes.len().min(7)];
        assert!(repr.emit(source, destination, short).is_err());
    }
}

/// A packet that parses lies within its bytes.
pub fn wire_ipv4(bytes: &[u8]) {
    if let Ok(packet) = ipv4::Packet::parse(bytes) {
        assert!(packet.payload.len() + ipv4::HEADER_LENGTH <= bytes.len());
        wire_advertisement(packet.payload);
        authentication(bytes);
    }
}

/// Whatever parses as ARP is written and read again as the same.
pub fn wire_arp(bytes: &[u8]) {
    if let Ok(arp) = Arp::parse(bytes) {
        assert_eq!(Arp::parse(&arp.emit()), Ok(arp));
    }
}

/// Whatever parses as a Neighbour Advertisement is written and read again as the same, but for options of others. The
/// checksum is made right before, or nothing would ever parse.
pub fn wire_ndp(bytes: &[u8]) {
    let mut frame = bytes.to_vec();
    if let Some(length) = frame.get(18..20) {
        let end = 54 + usize::from(u16::from_be_bytes([length[0], length[1]]));
        if (78..=frame.len()).contains(&end) {
            frame[56..58].fill(0);
            let covered = [&frame[22..54], &frame[18..20], &[0, 58], &frame[54..end]].concat();
            let checksum = standfast_wire::internet_checksum(&covered);
            frame[56..58].copy_from_slice(&checksum.to_be_bytes());
        }
    }
    let _ = NeighbourAdvertisement::parse(bytes);
    if let Ok(read) = NeighbourAdvertisement::parse(&frame) {
        let with_mac = NeighbourAdvertisement {
            mac: Some(read.claimed_mac()),
            ..read
        };
        assert_eq!(NeighbourAdvertisement::parse(&read.emit()), Ok(with_mac));
    }
}

/// What comes of that text on a host about which nothing is known.
fn read(bytes: &[u8]) -> Loaded {
    let source = MemorySource::with("/etc/keepalived/keepalived.conf", bytes);
    let paths = [PathBuf::from("/etc/keepalived/keepalived.conf")];
    load(&paths, &source, &NoEnvironment, &LoadOptions::default())
}

/// Any text is read to the end, and the same text means the same.
pub fn config(bytes: &[u8]) {
    let loaded = read(bytes);
    assert!(loaded.diagnostics.len() <= standfast_config::MAX_DIAGNOSTICS + 1);
    assert!(loaded.keepalived_test_exit() <= 6);
}

/// Whatever can be formatted means the same afterwards, and is not changed by formatting it again.
pub fn config_format(bytes: &[u8]) {
    let formatted = match format(bytes) {
        Ok(formatted) => formatted,
        Err(error) => {
            return assert_ne!(error, FormatError::WouldChange, "{}", bytes.escape_ascii());
        }
    };
    assert_eq!(format(&formatted).as_ref(), Ok(&formatted));
    assert_eq!(meaning(&read(bytes)), meaning(&read(&formatted)));
}

/// What was read, without the places.
fn meaning(loaded: &Loaded) -> String {
    let config = format!("{:?}", loaded.config);
    let mut parts = config.split("Span { file: ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once(" }").map_or(part, |(_, rest)| rest));
    }
    let codes = loaded.diagnostics.iter().map(|found| found.code.as_str());
    let mut codes: Vec<_> = codes.collect();
    // Findings about a whole file stand at its beginning, before or after those of its first line.
    codes.sort_unstable();
    text + &codes.concat()
}
