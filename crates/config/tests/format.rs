//! Formatting changes no meaning: the typed configuration and the findings are those of the text before.

#![allow(clippy::expect_used, reason = "helpers of a test")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{read, read_from};
use standfast_config::registry::Block;
use standfast_config::{FormatError, Loaded, MemorySource, format};

/// Texts that mutations start from.
const SEEDS: [&str; 4] = [
    include_str!("tutorial.conf"),
    "$A=x\\\n y\n~SEQ(i, 1, 3) vrrp_instance V$i {\n@x z\n include a*\n}\nvirtual_server 1.2.3.4 80 {\nreal_server 1.2.3.4 80 {\nHTTP_GET {\nurl { path / }\n}\n}\n}\n",
    "vrrp_instance B\n{\ninterface  eth0 # x\nunicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.2 min_ttl 3 }\nadvert_int 0.5\nversion 3\ntrack_interface { eth1 weight -254 reverse }\nvirtual_ipaddress { fe80::1/64 dev eth0 scope link }\nnotify \"/x 'a   b'\" root\nnotify_stop /x 'a \"b  c\" d'   e\\  f\n}\nvrrp_sync_group G { group { B } }\n",
    "$V=51\n$I= \\\nvrrp_instance A { \\\n virtual_router_id   ${V} \\\n}\n$I\n@node1 vrrp_instance C {\n@^node1 vrrp_instance D {\n priority   $V\n virtual_ipaddress { 10.0.0.1 ; }\n@node1 }\n@^node1 }\n",
];
/// Mutated texts per run; the seed is fixed, so that a failure comes back.
const ROUNDS: usize = 4_000;
/// Pieces that mean something to the language.
const PIECES: [&[u8]; 30] = [
    b"{",
    b"}",
    b" { ",
    b" }\n",
    b"\"",
    b"'",
    b"\\",
    b"\\#",
    b"#",
    b" ! ",
    b"$",
    b"${V}",
    b"$V",
    b"~SEQ(a,1,2) ",
    b"~LST({a,b},{1,2})",
    b"@",
    b"@^",
    b"@node1 ",
    b"\n",
    b"\n\n\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\\\n",
    b"  \t ",
    b"$A=$A\n$A\n",
    b"\ninclude ",
    b"include x",
];

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
    let at = random.below(text.len() + 1);
    let to = (at + random.below(40)).min(text.len());
    match random.below(7) {
        0 => drop(text.drain(at..to)),
        1 => {
            let copy = text[at..to].to_vec();
            let goal = random.below(text.len() + 1);
            drop(text.splice(goal..goal, copy));
        }
        2 => drop(text.splice(at..at, random.pick(words).bytes())),
        3 if at < text.len() => text[at] = u8::try_from(random.below(256)).unwrap_or(0),
        4 if random.below(8) == 0 => {
            let long = b"x ".repeat(300 + random.below(300));
            drop(text.splice(at..at, long));
        }
        _ => drop(text.splice(at..at, random.pick(&PIECES).iter().copied())),
    }
}

/// What was read, without the places.
fn meaning(loaded: &Loaded) -> String {
    let debug = format!("{:?}", loaded.config);
    let mut parts = debug.split("Span { file: ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(part.split_once(" }").map_or(part, |(_, rest)| rest));
    }
    let codes = loaded.diagnostics.iter().map(|one| one.code.as_str());
    let mut codes: Vec<_> = codes.collect();
    // Findings about a whole file stand at its beginning, before or after those of its first line.
    codes.sort_unstable();
    let exit = loaded.keepalived_test_exit();
    format!("{text} {codes:?} {exit}")
}

/// Formats; where that is done, the meaning must be the same, and formatting again must change nothing.
#[track_caller]
fn assert_keeps_meaning(text: &[u8]) -> Result<Vec<u8>, FormatError> {
    let formatted = format(text)?;
    let shown = || {
        (
            String::from_utf8_lossy(text).into_owned(),
            String::from_utf8_lossy(&formatted).into_owned(),
        )
    };
    assert_eq!(
        meaning(&read(text)),
        meaning(&read(&formatted)),
        "{:#?}",
        shown()
    );
    assert_eq!(
        format(&formatted).as_ref(),
        Ok(&formatted),
        "{:#?}",
        shown()
    );
    Ok(formatted)
}

/// As `assert_keeps_meaning`, for a text that the formatter must not give up on.
#[track_caller]
fn assert_formats(text: &[u8]) -> bool {
    let result = assert_keeps_meaning(text);
    assert_ne!(
        result,
        Err(FormatError::WouldChange),
        "{}",
        String::from_utf8_lossy(text)
    );
    result.is_ok()
}

#[test]
fn the_seeds_are_formatted() {
    for seed in SEEDS {
        assert!(assert_formats(seed.as_bytes()), "{seed}");
    }
}

#[test]
fn mutated_configurations_keep_their_meaning() {
    let words: Vec<&str> = Block::ALL
        .iter()
        .flat_map(|block| block.keywords())
        .map(|keyword| keyword.name)
        .collect();
    let mut random = Random(7);
    let mut formatted = 0;
    for _ in 0..ROUNDS {
        let mut text = random.pick(&SEEDS).as_bytes().to_vec();
        for _ in 0..=random.below(8) {
            mutate(&mut random, &mut text, &words);
        }
        formatted += usize::from(assert_formats(&text));
    }
    assert!(
        formatted > ROUNDS / 4,
        "only {formatted} had matching braces"
    );
}

#[test]
fn arbitrary_bytes_keep_their_meaning() {
    let mut random = Random(8);
    for length in 0..400 {
        let text: Vec<u8> = (0..length * 5)
            .map(|_| *random.pick(b"ab {}\n\n\"'\\#$@~=\t \r\0"))
            .collect();
        assert_formats(&text);
    }
}

#[test]
fn much_of_the_same_is_formatted_in_linear_time() {
    for piece in ["{}", "a {\n", "a {}\n", "\"", "$A ", "@a {\n", "\n", "#x\n"] {
        let text = piece.repeat(20_000);
        assert_formats(text.as_bytes());
    }
}

#[test]
fn lines_near_the_limit_stay_within_it() {
    for length in [700, 750, 760, 1000, 1020, 1021, 1022, 1023, 1024, 1100] {
        let value = "x".repeat(length - 2);
        let block =
            "a{ ".repeat(20) + "\n" + &format!("q {value}#c\nq {value}\n{{\n}}\nq {value}{{}}\n");
        assert_formats((block + &"}".repeat(20)).as_bytes());
    }
}

#[test]
fn definitions_of_an_included_file_are_not_needed() {
    let text = "include x.conf\n$BLOCK   a\nb   ${Q}  c  ${Q}\n$BLOCK\nvrrp_instance V {\n  interface   $NIC\n}\n";
    let included = "$Q=\"\n$NIC=eth0\n$BLOCK= \\\n virtual_server_group X { \\\n } \\\n\n";
    let formatted = format(text.as_bytes()).expect("its braces match");
    let loaded = |text: &[u8]| {
        let mut source = MemorySource::with("/etc/keepalived/keepalived.conf", text);
        source.add("/etc/keepalived/x.conf", included);
        meaning(&read_from(source))
    };
    assert_eq!(loaded(text.as_bytes()), loaded(&formatted));
    assert_ne!(text.as_bytes(), formatted);
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory").flatten();
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            found.append(&mut files(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "conf")
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_examples_keep_their_meaning() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let files = files(&root);
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read(&file).expect("an example");
        assert!(assert_formats(&text), "{}", file.display());
    }
}

#[test]
fn real_configurations_keep_their_meaning() {
    let Some(directory) = std::env::var_os("STANDFAST_CORPUS").map(PathBuf::from) else {
        println!("skipped: STANDFAST_CORPUS does not name a directory");
        return;
    };
    let (mut changed, mut same, mut refused) = (0, 0, 0);
    for file in files(&directory) {
        let text = fs::read(&file).expect("a file of the corpus");
        match assert_keeps_meaning(&text) {
            Ok(formatted) if formatted == text => same += 1,
            Ok(_) => changed += 1,
            Err(error) => {
                assert_ne!(error, FormatError::WouldChange, "{}", file.display());
                refused += 1;
            }
        }
    }
    println!("{changed} files changed, {same} stay, {refused} have braces that don't match");
}
