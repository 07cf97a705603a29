//! Files and standard input, read in the same way.

use std::cell::OnceCell;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use standfast_config::{Entry, FileKind, FileSource, MAX_FILE_BYTES, Source};

/// What standard input is called in messages.
const STDIN: &str = "<stdin>";

/// Where files are read from; standard input is read once, however often it is asked for.
#[derive(Default)]
pub(crate) struct Input {
    standard: OnceCell<Rc<[u8]>>,
}

impl Input {
    /// The name to read the configuration by, and what to read it from; `-` is standard input.
    pub(crate) fn open(&self, file: &Path) -> io::Result<(PathBuf, Box<dyn Source>)> {
        if file != Path::new("-") {
            return Ok((file.to_path_buf(), Box::new(FileSource)));
        }
        let bytes = match self.standard.get() {
            Some(bytes) => Rc::clone(bytes),
            None => {
                let bytes: Rc<[u8]> = read_all()?.into();
                Rc::clone(self.standard.get_or_init(|| bytes))
            }
        };
        Ok((STDIN.into(), Box::new(StandardInput { bytes })))
    }
}

fn read_all() -> io::Result<Vec<u8>> {
    let limit = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    io::stdin().take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Standard input under its name, and the real files that it includes.
struct StandardInput {
    bytes: Rc<[u8]>,
}

fn is_stdin(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == STDIN)
}

impl Source for StandardInput {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if is_stdin(path) {
            return Ok(self.bytes.to_vec());
        }
        FileSource.read(path)
    }

    fn kind(&self, path: &Path) -> io::Result<FileKind> {
        if is_stdin(path) {
            return Ok(FileKind::Regular);
        }
        FileSource.kind(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        FileSource.list(directory)
    }
}
