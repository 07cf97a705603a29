//! Packets of real peers and of the RFCs: 144 VRRP frames whose verdicts were checked against
//! tshark, scapy and two releases of keepalived. What depends on a configuration (password,
//! interval, TTL, VRID) is tested in core on the same file.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

use std::net::IpAddr;

use serde_json::Value;
use standfast_wire::ipv4::{self, PacketError};
use standfast_wire::vrrp::{
    Advertisement, AdvertisementError, AdvertisementRepr, ChecksumForm, Interval, MAX_LENGTH,
    Version, checksum_field,
};

struct Vector(Value);

fn vectors() -> Vec<Vector> {
    let text = include_str!("vectors/vrrp.json");
    let vectors: Vec<Value> = serde_json::from_str(text).unwrap();
    assert_eq!(vectors.len(), 144);
    vectors.into_iter().map(Vector).collect()
}

impl Vector {
    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    fn verdict(&self) -> &str {
        self.0["verdict"].as_str().unwrap()
    }

    fn is_plain_vrrp(&self) -> bool {
        let context = &self.0["context"];
        let special = ["ah", "hmac"];
        !special.iter().any(|kind| self.name().contains(kind))
            && context["auth"]["type"] != "ah"
            && self.name() != "v3-unicast-old-checksum"
    }

    fn packet(&self) -> Vec<u8> {
        let hex = self.0["bytes_hex"].as_str().unwrap();
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
            .collect();
        let offset = self.0["l3_offset"].as_u64().unwrap();
        bytes[usize::try_from(offset).unwrap()..].to_vec()
    }
}

/// Source, destination and VRRP message of a packet of either family.
fn open(packet: &[u8]) -> Result<(IpAddr, IpAddr, Vec<u8>), PacketError> {
    if packet[0] >> 4 == 4 {
        let packet = ipv4::Packet::parse(packet)?;
        return Ok((
            packet.source.into(),
            packet.destination.into(),
            packet.payload.to_vec(),
        ));
    }
    let address = |at: usize| IpAddr::from(<[u8; 16]>::try_from(&packet[at..at + 16]).unwrap());
    let length = usize::from(u16::from_be_bytes([packet[4], packet[5]]));
    let payload = packet.get(40..40 + length).ok_or(PacketError::Truncated)?;
    Ok((address(8), address(24), payload.to_vec()))
}

#[test]
fn every_valid_advertisement_parses_to_its_fields_and_is_rebuilt_byte_for_byte() {
    let mut checked = 0;
    for vector in vectors() {
        if vector.verdict() != "accept" || !vector.is_plain_vrrp() {
            continue;
        }
        let name = vector.name();
        let (source, destination, message) = open(&vector.packet()).unwrap();
        let advertisement = Advertisement::parse(&message, source, destination)
            .unwrap_or_else(|error| panic!("{name}: {error:?}"));
        check_fields(&vector, &advertisement);
        if !name.contains("nonzero") {
            rebuild(name, &advertisement, source, destination, &message);
        }
        checked += 1;
    }
    assert!(checked >= 45, "{checked}");
}

fn check_fields(vector: &Vector, advertisement: &Advertisement<'_>) {
    let (name, expected) = (vector.name(), &vector.0["vrrp"]);
    assert_eq!(
        advertisement.version.number(),
        expected["version"],
        "{name}"
    );
    assert_eq!(advertisement.vrid.get(), expected["vrid"], "{name}");
    assert_eq!(advertisement.priority.0, expected["priority"], "{name}");
    let addresses: Vec<String> = advertisement.addresses().map(|a| a.to_string()).collect();
    assert_eq!(Value::from(addresses), expected["addresses"], "{name}");
    match advertisement.interval {
        Interval::Seconds(seconds) => assert_eq!(seconds, expected["adver_int_s"], "{name}"),
        Interval::Centiseconds(centiseconds) => {
            assert_eq!(centiseconds, expected["max_advert_interval_cs"], "{name}");
        }
    }
}

fn rebuild(
    name: &str,
    advertisement: &Advertisement<'_>,
    source: IpAddr,
    destination: IpAddr,
    message: &[u8],
) {
    let addresses: Vec<IpAddr> = advertisement.addresses().collect();
    let repr = AdvertisementRepr {
        vrid: advertisement.vrid,
        priority: advertisement.priority,
        interval: advertisement.interval,
        authentication: advertisement.authentication,
        checksum: advertisement.checksum,
        addresses: &addresses,
    };
    let mut buffer = [0xaa; MAX_LENGTH];
    let length = repr.emit(source, destination, &mut buffer).unwrap();
    // 0x0000 and 0xffff are the same one's complement sum; we send the one that comes out.
    if checksum_field(message) != Some(0xffff) {
        assert_eq!(&buffer[..length], message, "{name}");
    }
}

#[test]
fn what_the_bytes_alone_show_to_be_wrong_is_refused_for_that_reason() {
    let mut checked = 0;
    for vector in vectors() {
        let name = vector.name();
        let expected: &[AdvertisementError] = match vector.0["reason"].as_str() {
            Some("checksum mismatch")
            | Some("v2 checksum never includes a pseudo-header")
            | Some("v2 checksum must cover Authentication Data")
            | Some("IPv6 checksum must include the pseudo-header")
            | Some("pseudo-header Next Header must be 112") => &[AdvertisementError::Checksum],
            Some("unsupported version") => &[
                AdvertisementError::Version(0),
                AdvertisementError::Version(1),
                AdvertisementError::Version(4),
            ],
            Some("unknown type") => &[
                AdvertisementError::Type(0),
                AdvertisementError::Type(2),
                AdvertisementError::Type(15),
            ],
            Some("RFC 9568 5.2.5: count 0 must be ignored") => &[AdvertisementError::NoAddresses],
            _ => continue,
        };
        let (source, destination, message) = open(&vector.packet()).unwrap();
        let error = Advertisement::parse(&message, source, destination).unwrap_err();
        assert!(expected.contains(&error), "{name}: {error:?}");
        checked += 1;
    }
    assert!(checked >= 16, "{checked}");
}

#[test]
fn incomplete_messages_are_refused() {
    let mut checked = 0;
    for vector in vectors() {
        let reason = vector.0["reason"].as_str().unwrap_or_default();
        let incomplete = ["shorter", "incomplete", "count exceeds", "length does not"];
        if !incomplete.iter().any(|word| reason.starts_with(word)) {
            continue;
        }
        let Ok((source, destination, message)) = open(&vector.packet()) else {
            checked += 1;
            continue;
        };
        let error = Advertisement::parse(&message, source, destination).unwrap_err();
        assert!(
            matches!(
                error,
                AdvertisementError::Truncated { .. } | AdvertisementError::Length { .. }
            ),
            "{}: {error:?}",
            vector.name()
        );
        checked += 1;
    }
    assert!(checked >= 12, "{checked}");
}

#[test]
fn packets_of_the_ip_layer_never_reach_the_parser() {
    let expected = [
        ("v2-ip-totlen-long", PacketError::Truncated),
        ("v2-ip-badcsum", PacketError::Checksum),
        ("v2-ihl4", PacketError::HeaderLength(4)),
        ("v2-frag-more", PacketError::Fragment),
        ("v2-frag-offset", PacketError::Fragment),
    ];
    for (name, error) in expected {
        let vector = vectors().into_iter().find(|v| v.name() == name).unwrap();
        let packet = vector.packet();
        assert_eq!(ipv4::Packet::parse(&packet), Err(error), "{name}");
    }
}

#[test]
fn our_packets_have_keepalived_header() {
    let vector = vectors().into_iter().find(|v| v.name() == "v2-noauth");
    let packet = vector.unwrap().packet();
    let parsed = ipv4::Packet::parse(&packet).unwrap();
    let mut header = [0; ipv4::HEADER_LENGTH];
    let length = ipv4::Header {
        identification: 1,
        ttl: parsed.ttl,
        protocol: parsed.protocol,
        source: parsed.source,
        destination: parsed.destination,
    }
    .emit(20, &mut header)
    .unwrap();
    assert_eq!(header[..length], packet[..ipv4::HEADER_LENGTH]);
}

#[test]
fn any_bytes_are_taken_without_a_panic() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()
    };
    let originals: Vec<Vec<u8>> = vectors().iter().map(Vector::packet).collect();
    let group = IpAddr::from([224, 0, 0, 18]);
    for round in 0..200_000_usize {
        let mut bytes = originals[round % originals.len()].clone();
        let [where_, value, cut, ..] = next();
        let at = usize::from(where_) % bytes.len();
        bytes[at] = value;
        if cut & 1 == 1 {
            bytes.truncate(usize::from(cut) % (bytes.len() + 1));
        }
        if let Ok(packet) = ipv4::Packet::parse(&bytes) {
            let _ = Advertisement::parse(packet.payload, packet.source.into(), group);
        }
        if let Ok(advertisement) = Advertisement::parse(&bytes, group, group) {
            assert!(advertisement.addresses().count() <= 255);
            assert!(matches!(advertisement.version, Version::V2 | Version::V3));
        }
        let _ = standfast_wire::arp::Arp::parse(&bytes);
    }
}

#[test]
fn both_checksum_forms_of_version_3_are_told_apart() {
    for (name, form) in [
        ("v3-ipv4-rfc9568", ChecksumForm::Plain),
        ("v3-ipv4-pseudo", ChecksumForm::PseudoHeader),
        ("v3-ipv6", ChecksumForm::PseudoHeader),
    ] {
        let vector = vectors().into_iter().find(|v| v.name() == name).unwrap();
        let (source, destination, message) = open(&vector.packet()).unwrap();
        let advertisement = Advertisement::parse(&message, source, destination).unwrap();
        assert_eq!(advertisement.checksum, form, "{name}");
    }
}
