//! Lines that are cut, damaged and whole.

use super::*;
use crate::record::Daemon;

fn sample(seq: u64) -> Record {
    let mut record = Daemon::EntriesLost(seq).record();
    record.seq = seq;
    record.output = Some("quoted \"{\"seq\":7\" ü\n {\"seq\":8".repeat(usize::from(seq == 2)));
    record
}

fn file(count: u64) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = Vec::new();
    let mut ends = Vec::new();
    for seq in 1..=count {
        encode(&sample(seq), &mut bytes);
        ends.push(bytes.len());
    }
    (bytes, ends)
}

fn numbers(bytes: &[u8]) -> Vec<u64> {
    let found = Lines::new(bytes).filter_map(|line| line.json.and_then(record));
    found.map(|record| record.seq).collect()
}

#[test]
fn what_is_written_is_read() {
    let (bytes, ends) = file(4);
    let lines: Vec<Line<'_>> = Lines::new(&bytes).collect();
    assert_eq!(lines.iter().map(|line| line.end).collect::<Vec<_>>(), ends);
    for (line, seq) in lines.iter().zip(1..) {
        let json = line.json.unwrap();
        assert_eq!(number(json), Some(seq));
        assert_eq!(record(json), Some(sample(seq)));
    }
}

#[test]
fn a_file_cut_anywhere_loses_only_the_line_that_was_cut() {
    let (bytes, ends) = file(5);
    for length in 0..=bytes.len() {
        let whole = ends.iter().filter(|end| **end <= length).count();
        let found = numbers(&bytes[..length]);
        // The last line is whole without its line feed too.
        let expected = whole + usize::from(ends.contains(&(length + 1)));
        assert_eq!(found.len(), expected, "cut at {length}");
        assert!(found.iter().zip(1..).all(|(found, seq)| *found == seq));
    }
}

#[test]
fn a_flipped_bit_loses_only_the_line_that_it_hits() {
    let (bytes, ends) = file(4);
    for place in 0..bytes.len() {
        let hit = ends.iter().filter(|end| **end <= place).count() + 1;
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << bit;
            let found = numbers(&damaged);
            let others = (1..=4).filter(|seq| usize::try_from(*seq) != Ok(hit));
            for seq in others {
                assert!(found.contains(&seq), "bit {bit} of byte {place} lost {seq}");
            }
        }
    }
}

#[test]
fn noise_is_no_record() {
    let noise: [&[u8]; 6] = [
        b"",
        b"\n\n\n",
        b"00000000 ",
        b"00000000 \n",
        b"zzzzzzzz {\"seq\":1}\n",
        b"12345678 {\"seq\":12345678 {\"seq\":\n",
    ];
    for bytes in noise {
        assert_eq!(numbers(bytes), Vec::<u64>::new());
    }
    assert_eq!(number(b"{\"seq\":99999999999999999999999,"), None);
}
