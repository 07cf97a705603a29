//! What a lab needs of the machine.

use std::path::PathBuf;

use crate::error::LabError;

/// Where programs of the system administration live; often not in an ordinary user's PATH.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// Programs that every lab stands on, with their Debian packages.
const PROGRAMS: [(&str, &str); 5] = [
    ("unshare", "util-linux"),
    ("nsenter", "util-linux"),
    ("ip", "iproute2"),
    ("bridge", "iproute2"),
    ("cp", "coreutils"),
];

/// The file that runs when a shell is asked for `program`; the folders of system administration are searched as well.
#[must_use]
pub fn find_program(program: &str) -> Option<PathBuf> {
    search_path()
        .split(':')
        .map(|folder| PathBuf::from(folder).join(program))
        .find(|file| file.is_file())
}

/// PATH and the folders of system administration.
pub(crate) fn search_path() -> String {
    let mut path =
        std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    for folder in SYSTEM_FOLDERS {
        if !path.split(':').any(|known| known == folder) {
            path.push(':');
            path.push_str(folder);
        }
    }
    path
}

/// Checks that the programs a lab stands on are installed.
///
/// # Errors
/// [`LabError::ProgramMissing`] names the first that is not, and its Debian package.
pub fn check_programs() -> Result<(), LabError> {
    PROGRAMS
        .iter()
        .try_for_each(|(program, package)| require_program(program, package).map(drop))
}

/// Finds a program or names the Debian package that holds it.
///
/// # Errors
/// [`LabError::ProgramMissing`].
pub fn require_program(program: &'static str, package: &'static str) -> Result<PathBuf, LabError> {
    find_program(program).ok_or(LabError::ProgramMissing { program, package })
}
