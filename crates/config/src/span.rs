//! Where a byte of configuration stands: files, byte ranges, lines and columns.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes between two line-number checkpoints of a [`SourceFile`]: a position is found by scanning at most this much.
const CHECKPOINT_BYTES: usize = 32 * 1024;

/// A file of one [`SourceMap`], by its number in reading order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A half-open byte range within one file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file the bytes are in.
    pub file: FileId,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes `start..end` of `file`; a reversed range becomes empty at `start`.
    #[must_use]
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        Self {
            file,
            start,
            end: end.max(start),
        }
    }

    /// The same place in a map to which this one's files were appended from number `files` on.
    #[must_use]
    pub(crate) fn moved_by(self, files: u32) -> Self {
        let file = FileId(self.file.0.saturating_add(files));
        Self { file, ..self }
    }

    /// The smallest span that covers both, or `self` where `other` is in another file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file != other.file {
            return self;
        }
        Self {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A value with the place it was written at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written; for a default, the object it belongs to.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned {
            value: change(self.value),
            span: self.span,
        }
    }
}

/// A place as people count: 1-based line, 1-based column in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location<'a> {
    /// The file's path as it was opened.
    pub path: &'a Path,
    /// Line number from 1.
    pub line: usize,
    /// Column from 1, counted in characters of the lossily decoded line.
    pub column: usize,
}

/// One file that was read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: PathBuf,
    /// Shared with the lines that are being read.
    bytes: Arc<Vec<u8>>,
    /// Newlines before each multiple of [`CHECKPOINT_BYTES`].
    checkpoints: Vec<usize>,
}

impl SourceFile {
    fn new(path: PathBuf, bytes: Vec<u8>) -> Self {
        let mut newlines = 0;
        let mut checkpoints = Vec::new();
        for chunk in bytes.chunks(CHECKPOINT_BYTES) {
            checkpoints.push(newlines);
            newlines += count_newlines(chunk);
        }
        Self {
            path,
            bytes: Arc::new(bytes),
            checkpoints,
        }
    }

    /// The path the file was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's bytes, unchanged.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file's bytes, to be held on to.
    pub(crate) fn shared(&self) -> Arc<Vec<u8>> {
        Arc::clone(&self.bytes)
    }

    /// Line number (from 1) of the byte at `offset`.
    fn line_of(&self, offset: usize) -> usize {
        let offset = offset.min(self.bytes.len());
        let index = (offset / CHECKPOINT_BYTES).min(self.checkpoints.len().saturating_sub(1));
        let Some(before) = self.checkpoints.get(index) else {
            return 1;
        };
        let rest = self
            .bytes
            .get(index * CHECKPOINT_BYTES..offset)
            .unwrap_or_default();
        1 + before + count_newlines(rest)
    }

    /// Byte range of the line that holds `offset`, without its newline; at most `reach` bytes to either side.
    pub(crate) fn line_around(&self, offset: usize, reach: usize) -> std::ops::Range<usize> {
        let offset = offset.min(self.bytes.len());
        let floor = offset.saturating_sub(reach);
        let ceiling = offset.saturating_add(reach).min(self.bytes.len());
        let before = self.bytes.get(floor..offset).unwrap_or_default();
        let after = self.bytes.get(offset..ceiling).unwrap_or_default();
        let start = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(floor, |at| floor + at + 1);
        let end = after
            .iter()
            .position(|&byte| byte == b'\n')
            .map_or(ceiling, |at| offset + at);
        start..end
    }
}

fn count_newlines(bytes: &[u8]) -> usize {
    // A sum of bytes stays in vector registers; 255 of them fit into one.
    let count = |piece: &[u8]| {
        piece
            .iter()
            .map(|&byte| u8::from(byte == b'\n'))
            .sum::<u8>()
    };
    bytes
        .chunks(255)
        .map(|piece| usize::from(count(piece)))
        .sum()
}

/// Every file that was read for one configuration.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// Takes a file in and gives its number; past `u32::MAX` files the last number is shared.
    pub fn add(&mut self, path: PathBuf, bytes: Vec<u8>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile::new(path, bytes));
        id
    }

    /// Takes in all files of another map, and says from which number on they stand.
    pub(crate) fn append(&mut self, other: &Self) -> u32 {
        let first = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.extend(other.files.iter().cloned());
        first
    }

    /// The file with that number.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(usize::try_from(id.0).ok()?)
    }

    /// All files with their numbers, in reading order.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        (0u32..).map(FileId).zip(self.files.iter())
    }

    /// The bytes a span covers; empty for a span that is not of this map.
    #[must_use]
    pub fn text(&self, span: Span) -> &[u8] {
        self.file(span.file)
            .and_then(|file| file.bytes.get(span.start..span.end))
            .unwrap_or_default()
    }

    /// Path, line and column of the span's first byte; `None` for a span that is not of this map.
    #[must_use]
    pub fn locate(&self, span: Span) -> Option<Location<'_>> {
        const REACH: usize = 64 * 1024; // columns past this count from the cut, not from the line's start
        let file = self.file(span.file)?;
        let offset = span.start.min(file.bytes.len());
        let line_start = file.line_around(offset, REACH).start;
        let before = file.bytes.get(line_start..offset).unwrap_or_default();
        let column = 1 + String::from_utf8_lossy(before).chars().count();
        Some(Location {
            path: &file.path,
            line: file.line_of(offset),
            column,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let mut map = SourceMap::default();
        let id = map.add("a.conf".into(), "设 x\r\n\ty\n".as_bytes().to_vec());
        let at = |start| {
            let place = map.locate(Span::new(id, start, start)).unwrap();
            (place.line, place.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(4), (1, 3));
        assert_eq!(at(8), (2, 2));
        assert_eq!(at(99), (3, 1));
    }

    #[test]
    fn lines_are_right_past_a_checkpoint() {
        let mut map = SourceMap::default();
        let id = map.add("a.conf".into(), b"x\n".repeat(CHECKPOINT_BYTES));
        let place = map
            .locate(Span::new(
                id,
                CHECKPOINT_BYTES * 2 - 2,
                CHECKPOINT_BYTES * 2,
            ))
            .unwrap();
        assert_eq!((place.line, place.column), (CHECKPOINT_BYTES, 1));
    }
}
