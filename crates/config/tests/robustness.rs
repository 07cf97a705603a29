//! Any bytes at all: no panic, bounded findings, and a tree that prints back what it was made of.

mod common;

use common::read;
use standfast_config::registry::Block;
use standfast_config::tree::Tree;
use standfast_config::{MAX_DIAGNOSTICS, render};

/// Texts that mutations start from.
const SEEDS: [&str; 3] = [
    include_str!("tutorial.conf"),
    "$A=x\\\n y\n~SEQ(i, 1, 3) vrrp_instance V$i {\n@x z\n include a*\n}\nvirtual_server 1.2.3.4 80 {\nreal_server 1.2.3.4 80 {\nHTTP_GET {\nurl { path / }\n}\n}\n}\n",
    "vrrp_instance B {\ninterface eth0\nunicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.2 min_ttl 3\n}\nadvert_int 0.5\nversion 3\ntrack_interface { eth1 weight -254 reverse }\nvirtual_ipaddress { fe80::1/64 dev eth0 scope link }\nnotify \"/x 'a b'\" root\n}\nvrrp_sync_group G { group { B } }\n",
];
/// Mutated texts per run; the seed is fixed, so that a failure comes back.
const ROUNDS: usize = 2_000;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or(0) % bound.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn mutate(random: &mut Random, text: &mut Vec<u8>, words: &[&str]) {
    const PIECES: [&[u8]; 24] = [
        b"{",
        b"}",
        b"\"",
        b"'",
        b"\\",
        b"#",
        b"!",
        b"$",
        b"${",
        b"~SEQ(",
        b"~LST({a,b},{",
        b"@",
        b"@^",
        b"\n",
        b"\r\n",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"-1",
        b"99999999999999999999",
        b"0.0000001",
        b"$A=$A\n$A\n",
        b"/",
        b"\xe2\x80\x8b",
    ];
    let at = random.below(text.len() + 1);
    let to = (at + random.below(40)).min(text.len());
    match random.below(6) {
        0 => drop(text.drain(at..to)),
        1 => {
            let copy = text[at..to].to_vec();
            let goal = random.below(text.len() + 1);
            drop(text.splice(goal..goal, copy));
        }
        2 => drop(text.splice(at..at, random.pick(words).bytes())),
        3 if at < text.len() => text[at] = u8::try_from(random.below(256)).unwrap_or(0),
        _ => drop(text.splice(at..at, random.pick(&PIECES).iter().copied())),
    }
}

#[track_caller]
fn assert_robust(text: &[u8]) {
    let loaded = read(text);
    assert!(loaded.diagnostics.len() <= MAX_DIAGNOSTICS + 1);
    for one in loaded.diagnostics.iter().take(8) {
        assert!(!render(one, &loaded.sources, false).is_empty());
    }
    assert_eq!(Tree::parse(text).print(text), text);
}

#[test]
fn mutated_configurations_are_read() {
    let words: Vec<&str> = Block::ALL
        .iter()
        .flat_map(|block| block.keywords())
        .map(|keyword| keyword.name)
        .collect();
    let mut random = Random(1);
    for _ in 0..ROUNDS {
        let mut text = random.pick(&SEEDS).as_bytes().to_vec();
        for _ in 0..=random.below(12) {
            mutate(&mut random, &mut text, &words);
        }
        assert_robust(&text);
    }
}

#[test]
fn arbitrary_bytes_are_read() {
    let mut random = Random(2);
    for length in 0..400 {
        let text: Vec<u8> = (0..length * 5)
            .map(|_| u8::try_from(random.below(256)).unwrap_or(0))
            .collect();
        assert_robust(&text);
    }
}

#[test]
fn much_of_the_same_is_read() {
    for piece in [
        "{",
        "}",
        "{\n",
        "a {\n",
        "\"",
        "$A ",
        "$A=$A\n$A\n",
        "vrrp_instance x {\n",
        "~LST(a,",
        "\\",
    ] {
        assert_robust(piece.repeat(20_000).as_bytes());
    }
}

#[test]
fn findings_beyond_the_bound_are_counted() {
    let loaded = read("foo\n".repeat(MAX_DIAGNOSTICS + 10));
    assert_eq!(loaded.diagnostics.len(), MAX_DIAGNOSTICS + 1);
    assert_eq!(loaded.keepalived_test_exit(), 5);
}
