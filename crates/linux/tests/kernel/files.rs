//! Script security, pid files and the system log.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use standfast_linux::pidfile::{NotAcquired, PidFile};
use standfast_linux::script_security::{Unusable, find_in_path, inspect};
use standfast_linux::syslog::{Facility, Severity, Syslog};
use standfast_linux::user::Identity;

use crate::world::{Directory, privileged};

fn root() -> Identity {
    Identity {
        uid: 0,
        gid: 0,
        groups: Vec::new(),
    }
}

fn somebody() -> Identity {
    Identity {
        uid: 12_345,
        gid: 23_456,
        groups: vec![34_567],
    }
}

/// A script in a tree that only root can change.
fn script(directory: &Directory, mode: u32, uid: u32, gid: u32) -> PathBuf {
    let path = directory.path().join("script");
    fs::write(&path, "#!/bin/sh\n").unwrap();
    chown(&path, Some(uid), Some(gid)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn who_could_change_a_script_of_root_is_named() {
    if !privileged() {
        return;
    }
    let directory = Directory::new();
    // Mode, owner, group: refused?
    let cases = [
        (0o755, 0, 0, false),
        (0o775, 0, 0, false),
        (0o755, 0, 7, false),
        (0o775, 0, 7, true),
        (0o757, 0, 0, true),
        (0o755, 7, 0, true),
        (0o555, 7, 0, true),
    ];
    for (mode, owner, group, refused) in cases {
        let component = script(&directory, mode, owner, group);
        let expected = match refused {
            true => Err(Unusable::WritableByOthers {
                component: component.clone(),
                owner,
                mode,
            }),
            false => Ok(()),
        };
        assert_eq!(
            inspect(&component, &root()),
            expected,
            "{mode:o} {owner} {group}"
        );
    }
    // Another identity's own script is its own affair.
    let own = script(&directory, 0o755, 12_345, 0);
    assert_eq!(inspect(&own, &somebody()), Ok(()));
}

#[test]
fn every_component_counts_through_symbolic_links() {
    if !privileged() {
        return;
    }
    let directory = Directory::new();
    let open = directory.path().join("open");
    let safe = directory.path().join("safe");
    fs::create_dir(&open).unwrap();
    fs::create_dir(&safe).unwrap();
    let target = script(&directory, 0o755, 0, 0);
    symlink(&target, open.join("link")).unwrap();
    symlink("../open/link", safe.join("link")).unwrap();
    for path in [
        open.join("link"),
        safe.join("link"),
        safe.join("../script"),
        safe.join(".//../script"),
    ] {
        assert_eq!(inspect(&path, &root()), Ok(()), "{}", path.display());
    }
    let set_mode = |mode| fs::set_permissions(&open, Permissions::from_mode(mode)).unwrap();
    set_mode(0o777);
    let error = inspect(&safe.join("link"), &root()).unwrap_err();
    assert_eq!(
        error,
        Unusable::WritableByOthers {
            component: open.clone(),
            owner: 0,
            mode: 0o777
        }
    );
    let text = format!(
        "{} (mode 0777, owner 0) is writable by others than root",
        open.display()
    );
    assert_eq!(error.to_string(), text);
    // Sticky: nobody can replace root's link, as in /tmp.
    set_mode(0o1777);
    assert_eq!(inspect(&safe.join("link"), &root()), Ok(()));
}

#[test]
fn what_cannot_be_run_is_told_with_the_component() {
    if !privileged() {
        return;
    }
    let directory = Directory::new();
    let base = directory.path();
    let path = script(&directory, 0o644, 7, 0);
    let (mode, owner) = (0o644, 7);
    let expected = Unusable::NotExecutable {
        path: path.clone(),
        mode,
        owner,
    };
    assert_eq!(
        inspect(&path, &root()),
        Err(expected),
        "told before who could change it"
    );

    let missing = base.join("no").join("script");
    assert_eq!(
        inspect(&missing, &root()),
        Err(Unusable::Missing {
            component: base.join("no")
        })
    );
    let below_a_file = path.join("script");
    assert_eq!(
        inspect(&below_a_file, &root()),
        Err(Unusable::Missing { component: path })
    );
    assert_eq!(
        inspect(base, &root()),
        Err(Unusable::NotRegular { path: base.into() })
    );
    assert_eq!(
        inspect(Path::new("/"), &root()),
        Err(Unusable::NotRegular { path: "/".into() })
    );
    assert_eq!(
        inspect(Path::new("script"), &root()),
        Err(Unusable::NotAbsolute)
    );
    symlink("loop", base.join("loop")).unwrap();
    assert_eq!(
        inspect(&base.join("loop"), &root()),
        Err(Unusable::SymlinkLoop)
    );
    symlink("/", base.join("top")).unwrap();
    assert_eq!(
        inspect(&base.join("top"), &root()),
        Err(Unusable::NotRegular { path: "/".into() })
    );
}

#[test]
fn permission_is_judged_for_the_identity() {
    if !privileged() {
        return;
    }
    let directory = Directory::new();
    let cases = [
        (0o700, 0, 0, false),
        (0o700, 12_345, 0, true),
        (0o070, 12_345, 23_456, false),
        (0o070, 0, 23_456, true),
        (0o070, 0, 34_567, true),
        (0o070, 0, 1, false),
        (0o001, 0, 0, true),
    ];
    for (mode, owner, group, usable) in cases {
        let path = script(&directory, mode, owner, group);
        assert_eq!(
            inspect(&path, &somebody()).is_ok(),
            usable,
            "{mode:o} {owner} {group}"
        );
    }
    let path = script(&directory, 0o755, 0, 0);
    fs::set_permissions(directory.path(), Permissions::from_mode(0o750)).unwrap();
    let component = directory.path().to_path_buf();
    let expected = Unusable::NotSearchable {
        component,
        mode: 0o750,
        owner: 0,
    };
    assert_eq!(inspect(&path, &somebody()), Err(expected));
}

#[test]
fn a_bare_name_is_found_where_it_can_be_run() {
    if !privileged() {
        return;
    }
    let (first, second) = (Directory::new(), Directory::new());
    script(&first, 0o644, 0, 0);
    let usable = script(&second, 0o755, 0, 0);
    let variable =
        std::env::join_paths([Path::new("relative"), first.path(), second.path()]).unwrap();
    assert_eq!(
        find_in_path(OsStr::new("script"), &variable, &root()),
        Some(usable)
    );
    assert_eq!(
        find_in_path(OsStr::new("nothing"), &variable, &root()),
        None
    );
}

#[test]
fn a_pid_file_is_held_by_one_and_removed_by_it() {
    let directory = Directory::new();
    let path = directory.path().join("run").join("vrrp.pid");
    let held = PidFile::acquire(&path).unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("{}\n", std::process::id())
    );
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o644
    );
    let pid = Some(std::process::id());
    assert_eq!(
        PidFile::acquire(&path).unwrap_err(),
        NotAcquired::Held { pid }
    );
    drop(held);
    assert!(!path.exists());
}

#[test]
fn a_leftover_pid_file_does_no_harm_whatever_it_says() {
    let directory = Directory::new();
    let path = directory.path().join("vrrp.pid");
    let nonsense = "nonsense that is longer than any process id can be\n";
    for (leftover, previous) in [("1\n", Some(1)), (nonsense, None), ("", None)] {
        fs::write(&path, leftover).unwrap();
        let held = PidFile::acquire(&path).unwrap();
        assert_eq!(held.previous(), previous);
        assert_eq!(
            fs::read_to_string(held.path()).unwrap(),
            format!("{}\n", std::process::id())
        );
    }
    // A file that somebody else has put there meanwhile is not ours to remove.
    let held = PidFile::acquire(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "7\n").unwrap();
    drop(held);
    assert_eq!(fs::read_to_string(&path).unwrap(), "7\n");
}

#[test]
fn a_pid_file_that_cannot_be_made_says_why() {
    let directory = Directory::new();
    let target = directory.path().join("target");
    fs::write(&target, "precious").unwrap();
    let link = directory.path().join("vrrp.pid");
    symlink(&target, &link).unwrap();
    let error = PidFile::acquire(&link).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "create {}: Too many levels of symbolic links",
            link.display()
        )
    );
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
}

#[test]
fn the_log_survives_its_daemon() {
    let directory = Directory::new();
    let path = directory.path().join("log");
    let mut syslog = Syslog::at(&path, "Keepalived_vrrp", Facility::Local(2));
    syslog.write(Severity::Info, "nobody listens");
    assert_eq!(syslog.dropped(), 1);
    let mut buffer = [0; 16_384];
    for _ in 0..2 {
        let daemon = UnixDatagram::bind(&path).unwrap();
        syslog.write(Severity::Error, "(VI_1) lost");
        let length = daemon.recv(&mut buffer).unwrap();
        let line = std::str::from_utf8(&buffer[..length]).unwrap();
        // local2 is 18, error is 3.
        assert!(line.starts_with("<147>"), "{line}");
        let end = format!(" Keepalived_vrrp[{}]: (VI_1) lost", std::process::id());
        assert!(line.ends_with(&end), "{line}");
        assert_eq!(
            line.len(),
            "<147>".len() + "Nov  3 07:05:09".len() + end.len()
        );
        fs::remove_file(&path).unwrap();
    }
    let daemon = UnixDatagram::bind(&path).unwrap();
    syslog.write(Severity::Debug, &"é".repeat(10_000));
    assert_eq!(daemon.recv(&mut buffer).unwrap(), 8 * 1024);
    assert_eq!(syslog.dropped(), 1);
}

#[test]
fn a_full_log_does_not_block() {
    let directory = Directory::new();
    let path = directory.path().join("log");
    let daemon = UnixDatagram::bind(&path).unwrap();
    let mut syslog = Syslog::at(&path, "standfast", Facility::Daemon);
    for _ in 0..10_000 {
        syslog.write(Severity::Notice, "again");
    }
    daemon.set_nonblocking(true).unwrap();
    let mut buffer = [0; 256];
    let taken = std::iter::from_fn(|| daemon.recv(&mut buffer).ok()).count();
    assert!(taken > 0);
    assert_eq!(syslog.dropped() + u64::try_from(taken).unwrap(), 10_000);
    syslog.write(Severity::Notice, "room again");
    assert!(daemon.recv(&mut buffer).is_ok());
}
