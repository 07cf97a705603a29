//! What keepalived signs is authentic, byte for byte as we sign it; what is changed on the way is
//! not. Packets from daemons of 2.2.7 (AH) and 2.4.3 (`auth_hmac`), and the vectors.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

use std::net::IpAddr;

use serde_json::Value;
use standfast_wire::trailer::{self, Sequence};
use standfast_wire::vrrp::{Advertisement, AdvertisementError, Version};
use standfast_wire::{ah, ipv4};

/// From the IPv4 header on; the password is `secret`.
const AH: &str = "45c0004000010000ff3318b6c0000201e000001270040000c000020100000001fb7349510ce45508b4c2a1822103640102\
                  01b692c00002670000000000000000";
/// Version 3 over IPv4, from the IPv4 header on; the key is the bytes 0 to 31.
const SIGNED_V3: &str = "45c0003c00010000ff70187dc0000201e0000012311a64010064058bc0000264010100006b0381f18e9300006efbc7d1\
                         7e65329f1ed23a5f763a4247";
/// Version 2.
const SIGNED_V2: &str = "45c0004400010000ff701875c0000201e0000012211b64010001b87cc00002650000000000000000010100006b0381f1\
                         95ae00002c7b397a0d8ff995163bfa129caa3252";
/// Version 3 over IPv6, the payload alone.
const SIGNED_V6: &str = "311c64020064ad57fe80000000000000000000000000010020010db8000000000000000000000100010100006b0381f1\
                         957f00001fae65eaf0278eb2e0a2d5512a432880";

fn bytes(hex: &str) -> Vec<u8> {
    let hex: String = hex.split_whitespace().collect();
    (0..hex.len() / 2)
        .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
        .collect()
}

fn vector(name: &str) -> Vec<u8> {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("vectors/vrrp.json")).unwrap();
    let vector = vectors.into_iter().find(|v| v["name"] == name).unwrap();
    let offset = usize::try_from(vector["l3_offset"].as_u64().unwrap()).unwrap();
    bytes(vector["bytes_hex"].as_str().unwrap())[offset..].to_vec()
}

fn secret() -> ah::Key {
    ah::Key::new(*b"secret\0\0")
}

fn key(id: u8) -> trailer::Key {
    let bytes: Vec<u8> = (0..32).collect();
    trailer::Key::new(id, &bytes).unwrap()
}

#[test]
fn an_ah_packet_of_keepalived_is_authentic_and_is_ours_byte_for_byte() {
    let original = bytes(AH);
    let packet = ah::Packet::parse(&original).unwrap();
    assert!(packet.is_authentic(&secret()));
    assert_eq!((packet.spi, packet.sequence), (0xc000_0201, 1));
    let source = packet.ip.source.into();
    let advertisement =
        Advertisement::parse(packet.message, source, packet.ip.destination.into()).unwrap();
    assert_eq!(
        (advertisement.vrid.get(), advertisement.priority.0),
        (3, 100)
    );
    let mut ours = original.clone();
    ours[20..44].fill(0xaa);
    ah::seal(&mut ours, 1, &secret()).unwrap();
    assert_eq!(ours, original);
}

#[test]
fn ah_is_checked_in_keepalived_and_in_rfc_2402_form() {
    for name in [
        "v2-ah-keepalived",
        "v2-ah-rfc2402",
        "v2-ah-seq0",
        "v2-ah-auth0",
    ] {
        let original = vector(name);
        let packet = ah::Packet::parse(&original).unwrap();
        assert!(packet.is_authentic(&secret()), "{name}");
    }
    for name in ["v2-ah-bad-icv", "v2-ah-wrong-key", "v2-ah-spi-mismatch"] {
        let original = vector(name);
        let packet = ah::Packet::parse(&original).unwrap();
        assert!(!packet.is_authentic(&secret()), "{name}");
    }
    assert_eq!(
        ah::Packet::parse(&vector("v2-ah-nexthdr")),
        Err(ah::HeaderError::NextHeader(17))
    );
    assert_eq!(
        ah::Packet::parse(&vector("v2-noauth")),
        Err(ah::HeaderError::Protocol(ipv4::PROTOCOL_VRRP))
    );
}

#[test]
fn the_ttl_of_a_unicast_packet_may_change_and_nothing_else() {
    let mut packet = bytes(AH);
    packet[16..20].copy_from_slice(&[192, 0, 2, 2]);
    fix_header(&mut packet);
    ah::seal(&mut packet, 7, &secret()).unwrap();
    packet[8] = 64;
    fix_header(&mut packet);
    assert!(ah::Packet::parse(&packet).unwrap().is_authentic(&secret()));
    for at in (0..packet.len()).filter(|at| ![0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 20, 21].contains(at))
    {
        let mut changed = packet.clone();
        changed[at] ^= 1;
        fix_header(&mut changed);
        // The two reserved bytes are covered as well.
        let changed = ah::Packet::parse(&changed).unwrap();
        assert!(!changed.is_authentic(&secret()), "byte {at}");
    }
}

fn fix_header(packet: &mut [u8]) {
    packet[10..12].fill(0);
    let checksum = standfast_wire::internet_checksum(&packet[..20]);
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
}

#[test]
fn an_ah_packet_that_is_too_short_is_refused() {
    let original = bytes(AH);
    for length in 0..original.len() {
        let mut short = original[..length].to_vec();
        if length >= 20 {
            short[2..4].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
            fix_header(&mut short);
        }
        let authentic =
            ah::Packet::parse(&short).is_ok_and(|packet| packet.is_authentic(&secret()));
        assert!(!authentic, "{length}");
        assert!(length >= 44 || ah::seal(&mut short, 1, &secret()).is_none());
    }
}

fn signed_packets() -> Vec<(IpAddr, IpAddr, Vec<u8>)> {
    let group = IpAddr::from([224, 0, 0, 18]);
    let source = IpAddr::from([192, 0, 2, 1]);
    vec![
        (source, group, bytes(SIGNED_V3)[20..].to_vec()),
        (source, group, bytes(SIGNED_V2)[20..].to_vec()),
        (
            "fe80::1".parse().unwrap(),
            "ff02::12".parse().unwrap(),
            bytes(SIGNED_V6),
        ),
    ]
}

#[test]
fn a_trailer_of_keepalived_is_authentic_and_is_ours_byte_for_byte() {
    for (source, destination, payload) in signed_packets() {
        let (advertisement, signed) =
            Advertisement::parse_signed(&payload, source, destination).unwrap();
        let signed = signed.unwrap();
        assert!(signed.well_formed && signed.key == 1);
        assert!(signed.is_authentic(source, &key(1)), "{source}");
        assert_eq!(advertisement.priority.0, 100);
        let sequence = signed.sequence;
        let mut ours = payload.clone();
        let at = ours.len() - trailer::LENGTH;
        ours[at..].fill(0xaa);
        trailer::sign(&mut ours, &key(1), sequence, source, destination).unwrap();
        assert_eq!(ours, payload, "{source}");
    }
}

#[test]
fn one_changed_bit_or_another_sender_breaks_a_trailer() {
    for (source, destination, payload) in signed_packets() {
        for bit in 0..payload.len() * 8 {
            let mut changed = payload.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let taken = Advertisement::parse_signed(&changed, source, destination);
            // The checksum finds most of it; the HMAC everything.
            let authentic = taken.is_ok_and(|(_, signed)| {
                signed.is_some_and(|signed| {
                    signed.well_formed && signed.is_authentic(source, &key(1))
                })
            });
            assert!(!authentic, "bit {bit}");
        }
        let (_, signed) = Advertisement::parse_signed(&payload, source, destination).unwrap();
        let other = IpAddr::from([192, 0, 2, 2]);
        assert!(!signed.unwrap().is_authentic(other, &key(1)));
        let wrong = trailer::Key::new(1, &[7; 64]).unwrap();
        assert!(!signed.unwrap().is_authentic(source, &wrong));
    }
}

#[test]
fn vectors_with_a_trailer_are_told_apart() {
    let open = |name: &str| {
        let packet = vector(name);
        let packet = ipv4::Packet::parse(&packet).unwrap();
        let (source, destination) = (packet.source.into(), packet.destination.into());
        Advertisement::parse_signed(packet.payload, source, destination).map(|(_, signed)| {
            signed.map(|signed| {
                (
                    signed.well_formed,
                    signed.key,
                    signed.is_authentic(source, &key(1)),
                )
            })
        })
    };
    assert_eq!(open("v3-ipv4-hmac"), Ok(Some((true, 1, true))));
    assert_eq!(open("v3-hmac-missing"), Ok(None));
    assert_eq!(open("v3-hmac-bad"), Ok(Some((true, 1, false))));
    assert!(matches!(
        open("v3-hmac-unknown-key"),
        Ok(Some((true, 9, _)))
    ));
    assert!(matches!(open("v3-hmac-type2"), Ok(Some((false, 1, _)))));
    assert_eq!(open("v3-hmac-source-moved"), Ok(Some((true, 1, false))));
    let truncated = AdvertisementError::Length { need: 12, have: 39 };
    assert_eq!(open("v3-hmac-truncated"), Err(truncated));
}

#[test]
fn whoever_knows_no_trailer_refuses_the_length() {
    let payload = bytes(SIGNED_V3)[20..].to_vec();
    let (source, group) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([224, 0, 0, 18]));
    let error = Advertisement::parse(&payload, source, group).unwrap_err();
    assert_eq!(error, AdvertisementError::Length { need: 12, have: 40 });
    let unsigned = &payload[..12];
    let (advertisement, signed) = Advertisement::parse_signed(unsigned, source, group).unwrap();
    assert_eq!((advertisement.version, signed), (Version::V3, None));
}

#[test]
fn sequences_rise_with_time_and_around_the_end_of_the_number() {
    let at = |seconds: u64, micros: u64| Sequence::at(seconds * 1_000_000 + micros);
    assert_eq!(at(1, 500_000).0, 1 << 32 | 0x8000_0000);
    assert!(at(2, 0).is_after(at(1, 999_999)));
    assert!(at(1, 0).next().is_after(at(1, 0)));
    assert!(!at(1, 0).is_after(at(1, 0)));
    assert!(Sequence(3).is_after(Sequence(u64::MAX)));
    assert_eq!(at(7, 0).distance(at(9, 0)), 2 * Sequence::SECOND);
    assert_eq!(at(9, 0).distance(at(7, 0)), 2 * Sequence::SECOND);
}

#[test]
fn keys_have_32_to_64_bytes_and_are_never_printed() {
    assert_eq!(trailer::Key::new(1, &[65; 31]), None);
    assert_eq!(trailer::Key::new(1, &[65; 65]), None);
    assert_eq!(trailer::Key::new(0, &[65; 32]), None);
    let key = trailer::Key::new(3, &[65; 64]).unwrap();
    assert_eq!(format!("{key:?}"), "Key(3, ********)");
    assert_eq!(format!("{:?}", secret()), "Key(********)");
}
