//! Keys and passwords, from the configuration and from files that only their owner may read.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use standfast_config as config;
use standfast_core::authentication::{AntiReplay, Hmac, HmacMode};
use standfast_wire::trailer::{MAX_KEY_LENGTH, MIN_KEY_LENGTH};
use standfast_wire::vrrp::Authentication;
use standfast_wire::{ah, trailer::Key};
use zeroize::Zeroizing;

use super::micros;

/// More than `hex:` and the digits of the longest key take.
const MAX_FILE_LENGTH: u64 = 256;
/// Read or write by group or others.
const OPEN_TO_OTHERS: u32 = 0o066;

/// Authentication in the message, or in a header.
pub(super) fn message(instance: &config::VrrpInstance) -> (Authentication, Option<ah::Key>) {
    // What keepalived sends as version 2 over IPv6 has no room for it.
    let v4 = instance.family == config::Family::V4;
    let Some(authentication) = instance.authentication.as_ref().filter(|_| v4) else {
        return (Authentication::None, None);
    };
    let password = authentication.password.reveal();
    match authentication.kind {
        config::AuthenticationKind::Pass => (Authentication::Password(password), None),
        config::AuthenticationKind::Ah => (Authentication::None, Some(ah::Key::new(password))),
    }
}

/// Why a key cannot be used.
#[derive(Debug)]
pub(super) enum KeyError {
    /// The file cannot be read.
    File(PathBuf, io::Error),
    /// It is no file.
    NotAFile(PathBuf),
    /// Others than its owner may read or write it.
    OpenToOthers(PathBuf),
    /// What is in it is no key.
    NotAKey(PathBuf),
    /// The key that is to sign is not there.
    NoActiveKey(u8),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::File(path, error) => {
                write!(f, "its key file {}: {error}", path.display())
            }
            KeyError::NotAFile(path) => write!(f, "its key file {} is no file", path.display()),
            KeyError::OpenToOthers(path) => write!(
                f,
                "SECURITY VIOLATION: its key file {} may be read or written by others than its owner (chmod 600)",
                path.display()
            ),
            KeyError::NotAKey(path) => write!(
                f,
                "its key file {} has no key of {MIN_KEY_LENGTH} to {MAX_KEY_LENGTH} bytes",
                path.display()
            ),
            KeyError::NoActiveKey(id) => write!(f, "its active_key {id} cannot be used"),
        }
    }
}

/// Signatures with all keys; one that cannot be used is an error and not an instance that believes
/// everybody.
pub(super) fn hmac(instance: &config::VrrpInstance) -> Result<Option<Hmac>, KeyError> {
    let Some(wanted) = &instance.hmac else {
        return Ok(None);
    };
    let keys = wanted.keys.iter().map(key).collect::<Result<_, _>>()?;
    let hmac = Hmac {
        keys,
        active: wanted.active_key,
        mode: match wanted.mode {
            config::HmacMode::Enforce => HmacMode::Enforce,
            config::HmacMode::Permissive => HmacMode::Permissive,
            config::HmacMode::ReceiveOnly => HmacMode::ReceiveOnly,
        },
        anti_replay: match wanted.anti_replay {
            config::AntiReplay::Time => AntiReplay::Time(micros(wanted.time_window)),
            config::AntiReplay::Monotonic => AntiReplay::Monotonic,
        },
    };
    match hmac.key(wanted.active_key) {
        Some(_) => Ok(Some(hmac)),
        None => Err(KeyError::NoActiveKey(wanted.active_key)),
    }
}

fn key(wanted: &config::HmacKey) -> Result<Key, KeyError> {
    match &wanted.material {
        config::KeyMaterial::Bytes(secret) => {
            // The configuration has seen to the length.
            Key::new(wanted.id, secret.reveal()).ok_or(KeyError::NoActiveKey(wanted.id))
        }
        config::KeyMaterial::File(path) => {
            let secret = read(path)?;
            let key = Key::new(wanted.id, secret.reveal());
            key.ok_or_else(|| KeyError::NotAKey(path.clone()))
        }
    }
}

/// The key in a file, without the end of its line.
fn read(path: &Path) -> Result<config::Secret, KeyError> {
    let failed = |error| KeyError::File(path.to_path_buf(), error);
    // What is no file might block.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(KeyError::NotAFile(path.to_path_buf()));
    }
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    if mode & OPEN_TO_OTHERS != 0 {
        return Err(KeyError::OpenToOthers(path.to_path_buf()));
    }
    let room = usize::try_from(MAX_FILE_LENGTH).unwrap_or(0);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_FILE_LENGTH)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    config::Secret::from_text(line).ok_or_else(|| KeyError::NotAKey(path.to_path_buf()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    struct KeyFile(PathBuf);

    impl KeyFile {
        fn new(text: &[u8], mode: u32) -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("standfast-key-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            KeyFile(path)
        }
    }

    impl Drop for KeyFile {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_key_file_has_one_line_and_no_other_reader() {
        let file = KeyFile::new(b"0123456789abcdef0123456789abcdef\n", 0o600);
        assert_eq!(read(&file.0).unwrap().reveal().len(), 32);
        let hex = KeyFile::new(&[b"hex:".as_slice(), &[b'a'; 128]].concat(), 0o400);
        assert_eq!(read(&hex.0).unwrap().reveal(), [0xaa; 64]);
        for mode in [0o640, 0o604, 0o620, 0o602] {
            let open = KeyFile::new(&[b'a'; 32], mode);
            assert!(
                matches!(read(&open.0), Err(KeyError::OpenToOthers(_))),
                "{mode:o}"
            );
        }
    }

    #[test]
    fn what_is_no_key_file_is_refused() {
        assert!(matches!(
            read(Path::new("/dev/zero")),
            Err(KeyError::NotAFile(_))
        ));
        assert!(matches!(
            read(Path::new("/nonexistent")),
            Err(KeyError::File(..))
        ));
        let odd = KeyFile::new(b"hex:abc", 0o600);
        assert!(matches!(read(&odd.0), Err(KeyError::NotAKey(_))));
        let wanted = config::HmacKey {
            id: 1,
            material: config::KeyMaterial::File(KeyFile::new(b"", 0o600).0.clone()),
            span: config::Span::default(),
        };
        assert!(key(&wanted).is_err());
    }
}
