//! A host's own view of the folders that programs write to.

use std::fs::{self, File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::mount::{MsFlags, mount};

use super::{AgentResult, failed};
use crate::protocol::{PROGRAM_FOLDER, Program};

/// Folders that start empty in every host, with their modes. `/var/run` is a link to `/run` on the systems meant here.
const EMPTY_FOLDERS: [(&str, u32); 5] = [
    ("/run", 0o755),
    ("/tmp", 0o1777),
    ("/opt", 0o755),
    ("/var/log", 0o755),
    ("/var/lib", 0o755),
];

/// Folders below [`EMPTY_FOLDERS`] that programs expect to find.
const EXPECTED_FOLDERS: [&str; 5] = [
    "/run/lock",
    "/run/keepalived",
    "/var/log/nginx",
    "/var/lib/nginx",
    PROGRAM_FOLDER,
];

/// Folders of /etc that tests write to. Their upper layers are made in advance: in a user namespace, files of the
/// machine's root belong to nobody, and only an upper folder of our own makes the merged one writable.
const WRITABLE_ETC_FOLDERS: [&str; 4] = ["keepalived", "nginx", "init.d", "default"];

/// Gives this mount namespace its own /run, /tmp, /opt, /var/log, /var/lib, /etc and /usr/sbin.
pub(super) fn make_private(programs: &[Program]) -> AgentResult {
    // Opened before /tmp, /opt and /run are covered: that is where the program itself may live.
    let mut sources = Vec::new();
    for program in programs {
        sources.push(File::open(&program.source).map_err(failed("open a program for the host"))?);
    }
    for (folder, mode) in EMPTY_FOLDERS {
        mount_tmpfs(folder, mode)?;
    }
    for folder in EXPECTED_FOLDERS {
        fs::create_dir_all(folder).map_err(failed("make a folder of the host"))?;
    }
    // Best effort: interface counters of the host's own network; nothing in the lab depends on it.
    let _ = mount(
        Some("sysfs"),
        "/sys",
        Some("sysfs"),
        MsFlags::MS_RDONLY,
        None::<&str>,
    );
    overlay("/etc", &WRITABLE_ETC_FOLDERS)?;
    overlay("/usr/sbin", &[])?;
    for (program, source) in programs.iter().zip(&sources) {
        show_program(program, source)?;
    }
    link_system_names(programs)
}

fn mount_tmpfs(folder: &str, mode: u32) -> AgentResult {
    let options = format!("mode={mode:o},size=64m");
    mount(
        Some("lab"),
        folder,
        Some("tmpfs"),
        MsFlags::empty(),
        Some(options.as_str()),
    )
    .map_err(failed("mount a tmpfs"))
}

fn overlay(folder: &str, writable: &[&str]) -> AgentResult {
    let layers = format!("/run/lab/overlay{folder}");
    let (upper, work) = (format!("{layers}/upper"), format!("{layers}/work"));
    fs::create_dir_all(&work).map_err(failed("make an overlay folder"))?;
    fs::create_dir_all(&upper).map_err(failed("make an overlay folder"))?;
    for name in writable {
        fs::create_dir(format!("{upper}/{name}")).map_err(failed("make an overlay folder"))?;
    }
    let layers = format!("lowerdir={folder},upperdir={upper},workdir={work}");
    // Without the machine's root, overlayfs keeps its marks in user.* attributes.
    let unprivileged = format!("{layers},userxattr");
    [layers.as_str(), unprivileged.as_str()]
        .iter()
        .map(|options| {
            mount(
                Some("lab"),
                folder,
                Some("overlay"),
                MsFlags::empty(),
                Some(*options),
            )
        })
        .find(Result::is_ok)
        .map_or_else(|| copy_over(folder, &upper), |_| Ok(()))
}

/// Without overlayfs: the folder's copy, bound over it.
fn copy_over(folder: &str, copy: &str) -> AgentResult {
    // Unreadable files (shadow, keys) stay behind; a host that misses them works all the same.
    std::process::Command::new("cp")
        .args(["-a", "--", &format!("{folder}/."), copy])
        .stderr(std::process::Stdio::null())
        .status()
        .map_err(failed("copy a folder"))?;
    mount(
        Some(copy),
        folder,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .map_err(failed("bind a copied folder"))
}

fn show_program(program: &Program, source: &File) -> AgentResult {
    let target = Path::new(PROGRAM_FOLDER).join(&program.name);
    let file = File::create(&target).map_err(failed("make a mount point"))?;
    file.set_permissions(Permissions::from_mode(0o755))
        .map_err(failed("make a mount point"))?;
    let opened = format!("/proc/self/fd/{}", source.as_raw_fd());
    mount(
        Some(opened.as_str()),
        &target,
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .map_err(failed("bind a program"))
}

fn link_system_names(programs: &[Program]) -> AgentResult {
    if programs
        .iter()
        .all(|program| program.system_names.is_empty())
    {
        return Ok(());
    }
    overlay("/usr/sbin", &[])?;
    for program in programs {
        for name in &program.system_names {
            let link = Path::new("/usr/sbin").join(name);
            // Absent is as good as removed.
            let _ = fs::remove_file(&link);
            symlink(Path::new(PROGRAM_FOLDER).join(&program.name), &link)
                .map_err(failed("link a program"))?;
        }
    }
    Ok(())
}
