//! The journal's files, as their one writer keeps them.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use standfast_api::event::Record;
use standfast_api::line::{self, Lines};
use standfast_linux::files::append_regular;

use super::RECENT;
use super::segments::{self, LARGEST_NUMBER, SEGMENTS, Segment};

/// Permissions of a file: what checks print is not for everybody.
const FILE_MODE: u32 = 0o640;
/// Permissions of the folder, where it is made.
const DIRECTORY_MODE: u32 = 0o750;

/// The files of one folder, which nobody else writes.
#[derive(Debug)]
pub(super) struct Store {
    directory: PathBuf,
    /// Bytes of a file, after which the next one begins.
    segment_size: u64,
    /// Oldest first, without the one that is written.
    closed: Vec<Segment>,
    /// Bytes of those.
    closed_bytes: u64,
    current: Option<Current>,
    /// Locked as long as it is open.
    _lock: File,
}

#[derive(Debug)]
struct Current {
    segment: Segment,
    file: Arc<File>,
    length: u64,
}

/// What was found when a folder was opened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The last records, oldest first, at most [`RECENT`].
    pub(super) recent: Vec<Record>,
    /// The largest number that was given; 0: none.
    pub(super) last: u64,
    /// Bytes that were cut off.
    pub(super) cut: u64,
    /// Damaged lines in the last file.
    pub(super) damaged: u64,
}

/// Why a folder cannot be used.
#[derive(Debug)]
pub(super) enum NotOpened {
    /// Another daemon writes there.
    Taken,
    Io(io::Error),
}

impl From<io::Error> for NotOpened {
    fn from(error: io::Error) -> Self {
        NotOpened::Io(error)
    }
}

impl std::fmt::Display for NotOpened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotOpened::Taken => {
                f.write_str("another daemon writes there (journal PATH keeps them apart)")
            }
            NotOpened::Io(error) => write!(f, "{error}"),
        }
    }
}

impl Store {
    /// Opens a folder, which is made if it is missing; its size is in bytes. Cuts off a torn tail. Blocks for the disk.
    pub(super) fn open(directory: &Path, size: u64) -> Result<(Self, Found), NotOpened> {
        let mut builder = DirBuilder::new();
        builder
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(directory)?;
        let lock = File::open(directory)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => NotOpened::Taken,
            TryLockError::Error(error) => NotOpened::Io(error),
        })?;
        let mut closed = segments::list(directory)?;
        let last = closed.pop();
        let mut found = Found::default();
        let current = match last {
            Some(segment) => Some(Current::open(segment, &mut found)?),
            None => None,
        };
        found.add_older(&closed)?;
        let directory = directory.to_path_buf();
        let mut store = Store {
            directory,
            segment_size: size / SEGMENTS,
            closed,
            closed_bytes: 0,
            current,
            _lock: lock,
        };
        store.forget()?;
        Ok((store, found))
    }

    /// Appends records, which are whole in the files when this returns, though not yet on the disk. Blocks.
    pub(super) fn append(&mut self, records: &[Arc<Record>]) -> io::Result<()> {
        let mut lines = Vec::new();
        let mut room = self.room()?;
        for record in records {
            let before = lines.len();
            line::encode(record, &mut lines);
            if length(&lines) > room {
                let next = lines.split_off(before);
                self.write(&lines)?;
                lines = next;
                self.rotate(record.seq)?;
                room = self.segment_size;
            }
        }
        self.write(&lines)
    }

    /// Bytes that fit into the present file; an error where somebody has removed it.
    fn room(&self) -> io::Result<u64> {
        let Some(current) = &self.current else {
            return Ok(0);
        };
        if current.file.metadata()?.nlink() == 0 {
            return Err(io::Error::other("somebody has removed its file"));
        }
        Ok(self.segment_size.saturating_sub(current.length))
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let Some(current) = self.current.as_mut().filter(|_| !lines.is_empty()) else {
            return Ok(());
        };
        (&*current.file).write_all(lines)?;
        current.length += length(lines);
        Ok(())
    }

    /// Begins a file with the record of this number; what goes for it is the oldest one.
    fn rotate(&mut self, first: u64) -> io::Result<()> {
        if let Some(current) = self.current.take() {
            let synced = current.file.sync_data();
            self.closed.push(current.segment);
            synced?;
        }
        let path = self.directory.join(segments::name(first));
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&path)?;
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        self.current = Some(Current {
            segment: Segment { first, path },
            file: Arc::new(file),
            length: 0,
        });
        File::open(&self.directory)?.sync_all()?;
        self.forget()
    }

    /// Removes the oldest files.
    fn forget(&mut self) -> io::Result<()> {
        let room = usize::try_from(SEGMENTS - 1).unwrap_or(1);
        let excess = self.closed.len().saturating_sub(room);
        for old in self.closed.drain(..excess) {
            match fs::remove_file(&old.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let sizes = self.closed.iter().map(|old| fs::metadata(&old.path));
        self.closed_bytes = sizes.flatten().map(|file| file.len()).sum();
        Ok(())
    }

    /// Bytes of all files.
    pub(super) fn bytes(&self) -> u64 {
        let current = self.current.as_ref().map_or(0, |current| current.length);
        self.closed_bytes + current
    }

    /// The number of the oldest record; 0: none.
    pub(super) fn oldest(&self) -> u64 {
        let current = self.current.as_ref().map(|current| &current.segment);
        let mut all = self.closed.iter().chain(current);
        all.next().map_or(0, |segment| segment.first)
    }

    /// The file that is written, for whoever brings it to the disk.
    pub(super) fn file(&self) -> Option<Arc<File>> {
        self.current
            .as_ref()
            .map(|current| Arc::clone(&current.file))
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Current {
    /// Opens the last file and cuts off its torn tail.
    fn open(segment: Segment, found: &mut Found) -> io::Result<Self> {
        // What is found there is cut: it has to be ours.
        let file = append_regular(&segment.path)?;
        let bytes = segment.read()?;
        let (mut end, mut damaged_since) = (0, 0);
        for line in Lines::new(&bytes) {
            let Some(json) = line.json else {
                damaged_since += 1;
                continue;
            };
            end = line.end;
            found.damaged += std::mem::take(&mut damaged_since);
            let number = line::number(json).unwrap_or(0);
            if number > LARGEST_NUMBER {
                continue;
            }
            found.last = found.last.max(number);
            // What a later release has written and we do not understand stays, though it is not shown.
            found.recent.extend(line::record(json));
        }
        found.last = found.last.max(segment.first.saturating_sub(1));
        let kept = bytes.get(..end).unwrap_or_default();
        found.cut = length(&bytes) - length(kept);
        if found.cut > 0 {
            file.set_len(length(kept))?;
        }
        let mut length = length(kept);
        // Its last record is whole, but for the line feed.
        if kept.last().is_some_and(|byte| *byte != b'\n') {
            (&file).write_all(b"\n")?;
            length += 1;
        }
        let file = Arc::new(file);
        Ok(Current {
            segment,
            file,
            length,
        })
    }
}

impl Found {
    /// Older records, as far as they are held in memory.
    fn add_older(&mut self, closed: &[Segment]) -> io::Result<()> {
        for segment in closed.iter().rev() {
            if self.recent.len() >= RECENT {
                break;
            }
            let bytes = segment.read()?;
            let whole = Lines::new(&bytes).filter_map(|line| line.json.and_then(line::record));
            let mut older: Vec<Record> = whole.collect();
            older.append(&mut self.recent);
            self.recent = older;
        }
        let excess = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..excess);
        Ok(())
    }
}
