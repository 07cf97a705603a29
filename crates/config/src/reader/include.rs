//! Opening files: the ones on the command line and the `include` family.

use std::path::{Path, PathBuf};

use super::glob::{self, Matches};
use super::{Frame, Line, MAX_FILES, MAX_INCLUDE_DEPTH, MAX_TOTAL_BYTES, Reader, is_blank};
use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::source::FileKind;
use crate::span::{SourceFile, Span};

/// keepalived's exit code when a file that must be there is not.
const EXIT_NO_CONFIGURATION: u8 = 6;

/// What must hold for an include, by its last letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IncludeChecks {
    /// Files that match must be readable.
    pub readable: bool,
    /// A path without wildcards must exist.
    pub exists: bool,
    /// A wildcard must match something.
    pub wildcard: bool,
    /// Every brace alternative must exist.
    pub braces: bool,
}

impl IncludeChecks {
    /// All of them: `includea`, and `keepalived --all-config`.
    pub const ALL: Self = Self {
        readable: true,
        exists: true,
        wildcard: true,
        braces: true,
    };

    /// The checks of that keyword; `None` where it is not of the family.
    fn of(keyword: &[u8]) -> Option<Self> {
        let none = Self::default();
        Some(match keyword {
            b"include" => none,
            b"includer" => Self {
                readable: true,
                ..none
            },
            b"includem" => Self {
                readable: true,
                exists: true,
                ..none
            },
            b"includew" => Self {
                readable: true,
                exists: true,
                wildcard: true,
                ..none
            },
            b"includeb" => Self {
                readable: true,
                braces: true,
                ..none
            },
            b"includea" => Self::ALL,
            _ => return None,
        })
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self {
            readable: self.readable || other.readable,
            exists: self.exists || other.exists,
            wildcard: self.wildcard || other.wildcard,
            braces: self.braces || other.braces,
        }
    }
}

/// Whether the line is an include, which is taken as a whole.
pub(crate) fn is_include(line: &[u8]) -> bool {
    let word = line.split(|byte| is_blank(*byte)).next();
    word.is_some_and(|word| IncludeChecks::of(word).is_some())
}

impl Reader<'_> {
    /// Puts the files that match a `-f` pattern in line.
    pub(crate) fn add_root(&mut self, pattern: &Path) {
        let text = pattern.to_string_lossy();
        let matches = glob::find(self.source, Path::new(""), &text);
        let is_file = |path: &PathBuf| match self.source.kind(path) {
            Ok(FileKind::Regular) => true,
            Ok(FileKind::Executable | FileKind::Directory | FileKind::Special) | Err(_) => false,
        };
        if !matches.paths.iter().any(is_file) {
            let error = self.source.kind(pattern).err();
            let reason = error.map_or_else(
                || "no regular file without execute permission".to_owned(),
                |error| error.to_string(),
            );
            let message = format!("can't read {text}: {reason}");
            let diagnostic = Diagnostic::error(Code::FileUnreadable, Span::default(), message)
                .help("it must be a plain file that is not executable (chmod a-x FILE), or `-` for standard input");
            self.sink.refuse(EXIT_NO_CONFIGURATION, diagnostic);
        }
        if matches.paths.len() > 1 {
            let message = format!("{text} matches {} files; all are read", matches.paths.len());
            let diagnostic = Diagnostic::warning(Code::IncludeUnsuitable, Span::default(), message);
            self.sink
                .push(diagnostic.class(KeepalivedClass::MultipleFiles));
        }
        // A FIFO would be waited for, and a device read without end.
        let files = matches.paths.into_iter().filter(is_file).collect();
        self.frames.insert(0, Frame::Files(files, Span::default()));
    }

    /// The directory relative names start at.
    pub(super) fn directory(&self) -> PathBuf {
        let inner = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::File { directory, .. } => Some(directory.clone()),
            Frame::Files(..) | Frame::Lines(_) | Frame::Sequence(_) => None,
        });
        inner.unwrap_or_default()
    }

    /// Opens what the line includes, if it does.
    pub(super) fn take_include(&mut self, line: &Line) -> bool {
        let text = line.text();
        if !text.starts_with(b"include") {
            return false;
        }
        let length = text
            .iter()
            .position(|byte| is_blank(*byte))
            .unwrap_or(text.len());
        let Some(checks) = text.get(..length).and_then(IncludeChecks::of) else {
            return false;
        };
        let argument = line.slice(length..text.len()).trimmed();
        if argument.text().is_empty() {
            let message = "include names no file";
            let found = Diagnostic::error(Code::IncludeNotFound, line.whole(), message)
                .class(KeepalivedClass::UnknownKeyword);
            self.sink.push(found);
            return true;
        }
        let span = argument.whole();
        let pattern = String::from_utf8_lossy(argument.text());
        let pattern = pattern.trim_matches('"').to_owned();
        let checks = checks.with(self.include_checks);
        let directory = self.directory();
        let matches = glob::find(self.source, &directory, &pattern);
        self.check_include(&pattern, &matches, checks, span);
        let paths = self.suitable(matches.paths, checks, span);
        self.frames.push(Frame::Files(paths.into(), span));
        true
    }

    fn check_include(
        &mut self,
        pattern: &str,
        matches: &Matches,
        checks: IncludeChecks,
        span: Span,
    ) {
        if matches.unmatched.is_empty() {
            return;
        }
        let hard = (checks.braces && !matches.unmatched.is_empty())
            || (matches.paths.is_empty() && checks.exists && !matches.wildcard)
            || (matches.paths.is_empty() && checks.wildcard && matches.wildcard);
        let message = if matches.wildcard {
            format!("no file matches `{pattern}`")
        } else {
            format!("there is no file `{pattern}`")
        };
        if hard {
            self.refuse_include(Diagnostic::error(Code::IncludeNotFound, span, message));
        } else {
            let help = "keepalived goes on without it; `includem` makes it stop";
            self.sink
                .push(Diagnostic::warning(Code::IncludeNotFound, span, message).help(help));
        }
    }

    /// The paths that are plain files without execute bits.
    fn suitable(&mut self, paths: Vec<PathBuf>, checks: IncludeChecks, span: Span) -> Vec<PathBuf> {
        let mut suitable = Vec::new();
        for path in paths {
            let what = match self.source.kind(&path) {
                Ok(FileKind::Regular) => {
                    suitable.push(path);
                    continue;
                }
                Ok(FileKind::Executable) => "an executable file".to_owned(),
                Ok(FileKind::Directory) => "a directory".to_owned(),
                Ok(FileKind::Special) => "not a plain file".to_owned(),
                Err(error) => error.to_string(),
            };
            let message = format!("{} is skipped: {what}", path.display());
            let diagnostic = Diagnostic::error(Code::IncludeUnsuitable, span, message)
                .help("only plain files without execute bits are read");
            if checks.readable {
                self.refuse_include(diagnostic);
            } else {
                self.sink.push(diagnostic);
            }
        }
        suitable
    }

    fn refuse_include(&mut self, diagnostic: Diagnostic) {
        self.sink.stop_test(EXIT_NO_CONFIGURATION);
        self.sink.refuse(EXIT_NO_CONFIGURATION, diagnostic);
    }

    /// Begins to read a file; `span` is what names it.
    pub(super) fn open(&mut self, path: &Path, span: Span) {
        let depth = self
            .frames
            .iter()
            .filter(|frame| matches!(frame, Frame::File { .. }))
            .count();
        if depth >= MAX_INCLUDE_DEPTH
            || self.files >= MAX_FILES
            || self.total_bytes >= MAX_TOTAL_BYTES
        {
            if !self.sink.has(Code::IncludeLimit) {
                let message = format!("{} is not read: too many files", path.display());
                let help = format!(
                    "at most {MAX_FILES} files, {MAX_INCLUDE_DEPTH} within each other; does one include itself?"
                );
                self.sink
                    .push(Diagnostic::error(Code::IncludeLimit, span, message).help(help));
            }
            return;
        }
        self.files += 1;
        match self.source.read(path) {
            Ok(bytes) => {
                self.total_bytes = self.total_bytes.saturating_add(bytes.len());
                let has_mark = bytes.starts_with(b"\xef\xbb\xbf");
                let file = self.map.add(path.to_owned(), bytes);
                let bytes = self.map.file(file).map(SourceFile::shared);
                if has_mark {
                    self.byte_order_mark(Span::new(file, 0, 3));
                }
                let directory = path.parent().map(Path::to_owned).unwrap_or_default();
                self.frames.push(Frame::File {
                    file,
                    bytes: bytes.unwrap_or_default(),
                    offset: 0,
                    directory,
                    outer_checks: self.include_checks,
                });
            }
            Err(error) => {
                let message = format!("can't read {}: {error}", path.display());
                self.sink
                    .push(Diagnostic::error(Code::FileUnreadable, span, message));
            }
        }
    }

    fn byte_order_mark(&mut self, span: Span) {
        let message = "the file begins with a byte order mark, which spoils its first word";
        let help = "save the file as UTF-8 without BOM";
        self.sink
            .push(Diagnostic::warning(Code::ByteOrderMark, span, message).help(help));
    }
}
