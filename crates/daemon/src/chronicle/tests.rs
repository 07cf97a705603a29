//! The journal on a disk that fills, tears and comes back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use standfast_api::event::Level;
use standfast_core::journal::{Event, Subject};

use super::*;
use crate::log::Logger;
use crate::options::LogTarget;

const SIZE: u64 = 4 << 20;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("standfast-chronicle-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Folder(path)
    }

    fn files(&self) -> Vec<PathBuf> {
        let found = segments::list(&self.0).unwrap();
        found.into_iter().map(|segment| segment.path).collect()
    }

    fn bytes(&self) -> u64 {
        let sizes = self.files().into_iter();
        sizes.map(|path| fs::metadata(path).unwrap().len()).sum()
    }

    fn read(&self) -> Vec<Record> {
        read(&self.0, &Query::after(0, usize::MAX)).unwrap().records
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn logger() -> Logger {
    Logger::start(LogTarget::SILENT, "test").unwrap()
}

fn start_at(directory: Option<PathBuf>, size: u64) -> Chronicle {
    let often = Retry {
        failed: Duration::from_millis(50),
        taken: Duration::from_millis(20),
    };
    Chronicle::start_with(Settings { directory, size }, often, logger()).unwrap()
}

fn start(folder: &Folder) -> Chronicle {
    start_at(Some(folder.0.clone()), SIZE)
}

fn entry(name: &str) -> Entry {
    Entry {
        at: standfast_core::Instant(standfast_linux::clock::monotonic().0),
        subject: Subject::Router(name.into()),
        event: Event::SentResign,
    }
}

/// Waits until the newest record fits.
fn wait(chronicle: &Chronicle, fits: impl Fn(&Record) -> bool) -> Record {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let page = chronicle.page(&Query::newest(RECENT)).unwrap();
        if let Some(record) = page.records.into_iter().rev().find(|record| fits(record)) {
            return record;
        }
        assert!(Instant::now() < end, "nothing of the kind came");
        thread::sleep(Duration::from_millis(2));
    }
}

fn named(name: &str) -> impl Fn(&Record) -> bool {
    move |record| record.subject.name == name
}

fn kinds(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| &*record.kind).collect()
}

#[test]
fn two_runs_number_on_and_the_first_record_says_the_version() {
    let folder = Folder::new("runs");
    for _ in 0..2 {
        let chronicle = start(&folder);
        chronicle.tell(entry("VI_1"));
        chronicle.close();
    }
    let records = folder.read();
    let once = ["started", "sent-resign", "stopped"];
    assert_eq!(kinds(&records), [once, once].concat());
    assert!(
        records
            .iter()
            .zip(1..)
            .all(|(record, seq)| record.seq == seq)
    );
    assert!(records[0].text.contains(env!("CARGO_PKG_VERSION")));
    let [file] = folder.files().try_into().unwrap();
    assert_eq!(
        fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn a_run_that_was_killed_is_told_of_by_the_next() {
    let folder = Folder::new("killed");
    let chronicle = start(&folder);
    chronicle.tell(entry("VI_1"));
    wait(&chronicle, named("VI_1"));
    // Its thread still has the folder: as after a kill, that ends first.
    drop(chronicle);
    let chronicle = start(&folder);
    wait(&chronicle, |record| record.kind == "ended-badly");
    let newest = chronicle.page(&Query::newest(9)).unwrap().records;
    assert_eq!(newest.first().unwrap().seq, 1);
}

#[test]
fn times_are_those_of_the_wall_clock() {
    let chronicle = start_at(None, SIZE);
    let before = standfast_linux::clock::realtime().0;
    let mut old = entry("old");
    old.at = standfast_core::Instant(old.at.0 - 1_000_000);
    chronicle.tell(old);
    let old = wait(&chronicle, named("old"));
    let age = before.abs_diff(old.at_us);
    assert!((900_000..1_100_000).contains(&age), "{age}");
}

/// A file with some records, and where each ends.
fn sample(folder: &Folder) -> (PathBuf, Vec<u8>, Vec<usize>) {
    let chronicle = start(folder);
    for name in ["a", "b", "c"] {
        chronicle.tell(entry(name));
    }
    chronicle.close();
    drop(chronicle);
    let [file] = folder.files().try_into().unwrap();
    let bytes = fs::read(&file).unwrap();
    let ends = standfast_api::line::Lines::new(&bytes).map(|line| line.end);
    let ends = ends.collect();
    (file, bytes, ends)
}

#[test]
fn a_file_cut_at_any_length_loses_its_last_record_at_most_and_can_be_written() {
    let folder = Folder::new("cut");
    let (file, bytes, ends) = sample(&folder);
    for length in 0..=bytes.len() {
        fs::write(&file, &bytes[..length]).unwrap();
        let (mut store, found) = open_store(&folder);
        let whole = ends.iter().filter(|end| **end <= length).count();
        let last = u64::try_from(whole + usize::from(ends.contains(&(length + 1)))).unwrap();
        assert_eq!(found.last, last, "cut at {length}");
        let mut next = keeper::now(&Daemon::Stopped);
        next.seq = last + 1;
        store.append(&[Arc::new(next)]).unwrap();
        let numbers: Vec<u64> = folder.read().iter().map(|record| record.seq).collect();
        assert!(numbers.iter().copied().eq(1..=last + 1), "cut at {length}");
    }
}

fn open_store(folder: &Folder) -> (Store, store::Found) {
    Store::open(&folder.0, SIZE).unwrap()
}

#[test]
fn a_flipped_bit_costs_the_line_that_it_hits_and_no_other() {
    let folder = Folder::new("flip");
    let (file, bytes, ends) = sample(&folder);
    for place in (0..bytes.len()).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1 << (place % 8);
        fs::write(&file, &damaged).unwrap();
        let hit = ends.iter().filter(|end| **end <= place).count() + 1;
        let found = open_store(&folder).1;
        let numbers: Vec<u64> = found.recent.iter().map(|record| record.seq).collect();
        let others = (1..=ends.len()).filter(|number| *number != hit);
        for other in others {
            let other = u64::try_from(other).unwrap();
            assert!(numbers.contains(&other), "byte {place} lost {other}");
        }
    }
}

#[test]
fn what_was_cut_and_what_is_damaged_is_said() {
    let folder = Folder::new("said");
    let (file, mut bytes, ends) = sample(&folder);
    bytes[ends[1] + 20] ^= 1;
    bytes.truncate(ends[4] - 7);
    fs::write(&file, &bytes).unwrap();
    let chronicle = start(&folder);
    wait(&chronicle, |record| record.kind == "ended-badly");
    let found = folder.read();
    let told = ["journal-cut", "journal-damaged", "ended-badly"];
    for kind in told {
        assert!(found.iter().any(|record| record.kind == kind), "{kind}");
    }
}

#[test]
fn the_oldest_files_go_and_the_bound_holds() {
    let folder = Folder::new("rotate");
    let size = 64 << 10;
    let chronicle = start_at(Some(folder.0.clone()), size);
    for round in 0..80 {
        for number in 0..50 {
            chronicle.tell(entry(&format!("router-{round}-{number}")));
        }
        wait(&chronicle, named(&format!("router-{round}-49")));
        assert!(folder.bytes() <= size);
    }
    assert_eq!(folder.files().len(), 4);
    let held = chronicle.holds();
    assert_eq!(held.bytes, folder.bytes());
    assert_eq!((held.entries, held.lost), (2048, 0));
    chronicle.close();
    let records = folder.read();
    assert_eq!(records.last().unwrap().seq, 4002);
    let first = records[0].seq;
    assert!(
        first > 1
            && records
                .iter()
                .zip(first..)
                .all(|(record, seq)| record.seq == seq)
    );
    // Memory goes back further than so small a journal.
    let page = chronicle.page(&Query::after(0, 1)).unwrap();
    assert!(page.more && page.oldest < first);
    assert_eq!(page.records[0].seq, page.oldest);
}

#[test]
fn pages_go_from_disk_to_memory_without_a_seam() {
    let folder = Folder::new("pages");
    let chronicle = start(&folder);
    let count = RECENT + 500;
    for number in 0..count {
        chronicle.tell(entry(&format!("{number}")));
    }
    wait(&chronicle, named(&format!("{}", count - 1)));
    let (mut after, mut seen) = (0, 0);
    loop {
        let page = chronicle.page(&Query::after(after, 300)).unwrap();
        for record in &page.records {
            assert_eq!(record.seq, after + 1);
            (after, seen) = (record.seq, seen + 1);
        }
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, count + 1);
    let newest = chronicle.page(&Query::newest(2300)).unwrap();
    assert_eq!(newest.records.len(), 2300);
    assert_eq!(newest.records.last().unwrap().seq, after);
    assert!(!newest.more);
    let one = Query {
        subject: Some("3".into()),
        ..Query::newest(5)
    };
    assert_eq!(chronicle.page(&one).unwrap().records.len(), 1);
    let none = Query {
        level: Some(Level::Error),
        ..Query::after(0, 5)
    };
    assert!(chronicle.page(&none).unwrap().records.is_empty());
}

#[test]
fn a_number_that_is_yet_to_come_means_all_of_this_run() {
    let folder = Folder::new("future");
    let first = start(&folder);
    first.close();
    drop(first);
    let chronicle = start(&folder);
    wait(&chronicle, |record| record.seq == 3);
    let page = chronicle.page(&Query::after(1_000_000, 9)).unwrap();
    assert_eq!(kinds(&page.records), ["started"]);
}

#[test]
fn a_folder_that_another_daemon_has_is_left_alone() {
    let folder = Folder::new("taken");
    let first = start(&folder);
    wait(&first, |record| record.kind == "started");
    let second = start(&folder);
    let told = wait(&second, |record| record.kind == "journal-memory-only");
    assert!(told.text.contains("another daemon"), "{}", told.text);
    assert_eq!(kinds(&folder.read()), ["started"]);
}

#[test]
fn what_came_while_the_disk_could_not_be_written_is_written_later() {
    let folder = Folder::new("later");
    // A file where the folder should be.
    fs::write(&folder.0, "").unwrap();
    let chronicle = start(&folder);
    chronicle.tell(entry("early"));
    wait(&chronicle, |record| record.kind == "journal-memory-only");
    wait(&chronicle, named("early"));
    fs::remove_file(&folder.0).unwrap();
    wait(&chronicle, |record| record.kind == "journal-on-disk");
    let records = folder.read();
    assert!(records.iter().any(named("early")));
    let memory_only = records
        .iter()
        .filter(|record| record.kind == "journal-memory-only");
    assert_eq!(memory_only.count(), 1);
}

#[test]
fn removed_files_are_made_again() {
    let folder = Folder::new("removed");
    let chronicle = start(&folder);
    wait(&chronicle, |record| record.kind == "started");
    folder
        .files()
        .iter()
        .for_each(|file| fs::remove_file(file).unwrap());
    chronicle.tell(entry("after"));
    wait(&chronicle, |record| record.kind == "journal-on-disk");
    let records = folder.read();
    assert!(records.iter().any(named("after")) && records[0].seq == 1);
}

#[test]
fn other_settings_move_the_journal() {
    let (first, second) = (Folder::new("here"), Folder::new("there"));
    let chronicle = start(&first);
    chronicle.tell(entry("one"));
    let settings = |folder: &Folder| Settings {
        directory: Some(folder.0.clone()),
        size: SIZE,
    };
    chronicle.settle(settings(&second));
    chronicle.tell(entry("two"));
    chronicle.close();
    assert!(first.read().iter().any(named("one")));
    let records = second.read();
    assert!(records.iter().any(named("two")));
    assert!(
        records
            .iter()
            .zip(records[0].seq..)
            .all(|(record, seq)| record.seq == seq)
    );
}

#[test]
fn entries_that_come_too_fast_are_counted() {
    let folder = Folder::new("flood");
    let chronicle = start_at(Some(folder.0.clone()), 4 * SIZE);
    wait(&chronicle, |record| record.kind == "started");
    // The keeper cannot go on after its first batch.
    let held = chronicle.shared.recent();
    let sent = QUEUE + 1000;
    (0..sent).for_each(|_| chronicle.tell(entry("flood")));
    drop(held);
    chronicle.close();
    wait(&chronicle, |record| record.kind == "stopped");
    let records = folder.read();
    let kept = records.iter().filter(|record| named("flood")(record));
    let told = records
        .iter()
        .filter(|record| record.kind == "entries-lost");
    let lost: usize = told
        .map(|record| record.text.split(' ').next().unwrap())
        .map(|number| number.parse::<usize>().unwrap())
        .sum();
    assert!((1000 - keeper::BATCH..=1000).contains(&lost), "{lost}");
    assert_eq!(kept.count() + lost, sent);
    assert_eq!(chronicle.holds().lost, u64::try_from(lost).unwrap());
}

#[test]
fn a_follower_gets_everything_once_and_in_order() {
    let folder = Folder::new("follow");
    let chronicle = start(&folder);
    wait(&chronicle, |record| record.kind == "started");
    let mut follower = chronicle.follow(Some(0));
    let writer = thread::spawn(move || {
        for number in 0..1000 {
            chronicle.tell(entry(&format!("{number}")));
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let numbers = runtime.block_on(async {
        let mut numbers = Vec::new();
        while numbers.len() < 1001 {
            let Next::Records(page) = follower.next().await.unwrap() else {
                panic!("memory holds all of them");
            };
            numbers.extend(page.records.iter().map(|record| record.seq));
        }
        numbers
    });
    writer.join().unwrap();
    assert!(numbers.into_iter().eq(1..=1001));
}

#[test]
fn a_link_in_the_folder_is_not_written_and_not_cut() {
    let folder = Folder::new("link");
    fs::create_dir(&folder.0).unwrap();
    let victim = folder.0.join("victim");
    fs::write(&victim, "mine").unwrap();
    let link = folder.0.join(segments::name(1));
    std::os::unix::fs::symlink(&victim, &link).unwrap();
    let chronicle = start(&folder);
    chronicle.tell(entry("VI_1"));
    chronicle.close();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    // In memory it goes on.
    let page = chronicle.page(&Query::newest(10)).unwrap();
    let names: Vec<&str> = page.records.iter().map(|it| &*it.subject.name).collect();
    assert!(names.contains(&"VI_1"), "{names:?}");
}

#[test]
fn the_largest_number_of_a_file_leaves_numbers_for_more() {
    let folder = Folder::new("largest");
    fs::create_dir(&folder.0).unwrap();
    fs::write(folder.0.join(segments::name(u64::MAX)), "").unwrap();
    let mut record = keeper::now(&Daemon::Stopped);
    record.seq = u64::MAX;
    let mut line = Vec::new();
    standfast_api::line::encode(&record, &mut line);
    fs::write(folder.0.join(segments::name(7)), line).unwrap();
    let chronicle = start(&folder);
    chronicle.tell(entry("VI_1"));
    chronicle.close();
    let page = chronicle.page(&Query::newest(10)).unwrap();
    let numbers: Vec<u64> = page.records.iter().map(|it| it.seq).collect();
    assert_eq!(numbers, [7, 8, 9]);
}

#[test]
fn what_an_earlier_run_wrote_is_in_memory() {
    let folder = Folder::new("memory");
    let chronicle = start(&folder);
    chronicle.tell(entry("VI_1"));
    chronicle.close();
    let chronicle = start(&folder);
    chronicle.tell(entry("VI_2"));
    chronicle.close();
    let part = chronicle.shared.part(&mut Query::newest(10));
    assert_eq!(part.from, 1, "{:?}", part.records);
}
