//! Names of sockets: who gets one, who keeps it, and what is left of it.

use super::*;
use std::os::unix::net::UnixStream;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("standfast-unix-{name}-{}", std::process::id());
        Folder(std::env::temp_dir().join(name))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_caller_is_known_and_the_name_goes_with_the_socket() {
    let folder = Folder::new("caller");
    let path = folder.0.join("control.sock");
    let (listener, name) = listen(&path, 0o640, None).unwrap();
    let mode = fs::metadata(&path).unwrap().mode() & 0o777;
    assert_eq!(mode, 0o640);
    let caller = UnixStream::connect(&path).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    let found = peer(accepted.as_fd()).unwrap();
    assert_eq!(found.pid, std::process::id());
    assert_eq!(found, peer(caller.as_fd()).unwrap());
    drop(name);
    assert!(!path.exists());
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn the_name_of_the_living_is_left_alone_and_that_of_the_dead_taken() {
    let folder = Folder::new("living");
    fs::create_dir(&folder.0).unwrap();
    let path = folder.0.join("control.sock");
    // Somebody who knows nothing of locks.
    let stranger = UnixListener::bind(&path).unwrap();
    assert_eq!(listen(&path, 0o600, None).err(), Some(NotListening::InUse));
    drop(stranger);
    let (_listener, name) = listen(&path, 0o600, None).unwrap();
    assert_eq!(listen(&path, 0o600, None).err(), Some(NotListening::InUse));
    // Also where somebody has removed the name.
    fs::remove_file(&path).unwrap();
    assert!(!name.is_there());
    assert_eq!(listen(&path, 0o600, None).err(), Some(NotListening::InUse));
    let _stranger = UnixListener::bind(&path).unwrap();
    drop(name);
    assert!(path.exists(), "the end of one is not that of another");
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[test]
fn another_socket_under_the_same_name_leaves_no_gap() {
    let folder = Folder::new("again");
    let path = folder.0.join("control.sock");
    let mut listening = listen(&path, 0o600, None).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let (listener, name) = std::thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let begin = std::time::Instant::now();
            // It ends also where the other thread has failed.
            while !stop.load(std::sync::atomic::Ordering::Relaxed) && begin.elapsed().as_secs() < 30
            {
                assert!(fs::symlink_metadata(&path).is_ok(), "there is none");
            }
        });
        for round in 0..200 {
            listening = listen_again(listening.1, 0o600 + round % 2, None).unwrap();
            assert_eq!(listen(&path, 0o600, None).err(), Some(NotListening::InUse));
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        looks.join().unwrap();
        listening
    });
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o601);
    assert!(name.is_there() && UnixStream::connect(&path).is_ok());
    drop((listener, name));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn a_link_in_place_of_the_lock_is_not_followed() {
    let folder = Folder::new("link");
    fs::create_dir(&folder.0).unwrap();
    let path = folder.0.join("control.sock");
    let victim = folder.0.join("victim");
    std::os::unix::fs::symlink(&victim, beside(&path, ".lock")).unwrap();
    let refused = listen(&path, 0o600, None).err();
    assert!(
        matches!(refused, Some(NotListening::Failed(_))),
        "{refused:?}"
    );
    assert!(!victim.exists());
}

/// As many as try at once.
const RIVALS: usize = 8;

#[test]
fn of_many_that_begin_at_once_one_has_the_name() {
    let folder = Folder::new("rivals");
    let path = folder.0.join("control.sock");
    for round in 0..200 {
        // Every other round finds the name of somebody dead.
        if round % 2 == 1 {
            drop(UnixListener::bind(&path).unwrap());
        }
        let start = std::sync::Barrier::new(RIVALS);
        let try_it = || {
            start.wait();
            let listening = listen(&path, 0o600, None);
            // Nobody gives it back before all have tried.
            start.wait();
            listening
        };
        let had: Vec<_> = std::thread::scope(|scope| {
            let rivals: Vec<_> = (0..RIVALS).map(|_| scope.spawn(try_it)).collect();
            let ended = rivals.into_iter().map(|rival| rival.join().unwrap());
            ended.collect()
        });
        let losers = had.iter().filter_map(|one| one.as_ref().err());
        assert!(
            losers.clone().all(|why| *why == NotListening::InUse),
            "{had:?}"
        );
        assert_eq!(losers.count(), RIVALS - 1, "round {round}");
        let winner = had.iter().find_map(|one| one.as_ref().ok());
        assert!(winner.unwrap().1.is_there(), "round {round}");
    }
}

/// Where a process that [`process`] has started is to listen.
const PLACE: &str = "STANDFAST_TEST_LISTENS_AT";

/// Another process that has tried to have the name, and goes on until it is killed.
struct Rival(std::process::Child);

impl Rival {
    fn start(path: &Path) -> Self {
        use std::process::{Command, Stdio};
        let own = std::env::current_exe().unwrap();
        let mut command = Command::new(own);
        command
            .args(["--exact", "unix::tests::this_process_is_a_rival"])
            .env(PLACE, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        Rival(command.spawn().unwrap())
    }

    /// Whether it has the name.
    fn listens(&mut self) -> bool {
        use std::io::BufRead as _;
        let said = io::BufReader::new(self.0.stdout.as_mut().unwrap());
        let lines = said.lines().map(Result::unwrap);
        let mut words = lines.filter_map(|line| match line.as_str() {
            "it listens" => Some(true),
            "in use" => Some(false),
            _ => None,
        });
        words.next().unwrap()
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        // SIGKILL, in the middle of everything.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The other end of [`Rival`]; nothing to do where nobody has started it.
#[test]
fn this_process_is_a_rival() {
    use std::io::{Read as _, Write as _};
    let Some(path) = std::env::var_os(PLACE) else {
        return;
    };
    let listening = listen(Path::new(&path), 0o600, None);
    let said: &[u8] = match &listening {
        Ok(_) => b"\nit listens\n",
        Err(NotListening::InUse) => b"\nin use\n",
        Err(_) => b"\nfailed\n",
    };
    io::stdout().write_all(said).unwrap();
    io::stdout().flush().unwrap();
    let _ = io::stdin().read(&mut [0]);
}

#[test]
fn a_process_that_is_killed_leaves_the_name_to_one_of_many() {
    let folder = Folder::new("killed");
    let path = folder.0.join("control.sock");
    for round in 0..8 {
        let mut rivals: Vec<Rival> = (0..RIVALS).map(|_| Rival::start(&path)).collect();
        let heard: Vec<bool> = rivals.iter_mut().map(Rival::listens).collect();
        let listening = heard.into_iter().filter(|it| *it).count();
        assert_eq!(listening, 1, "round {round}");
        assert!(UnixStream::connect(&path).is_ok(), "round {round}");
        drop(rivals);
        assert!(path.exists(), "round {round}: nobody was killed");
    }
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let folder = Folder::new("file");
    fs::create_dir(&folder.0).unwrap();
    let path = folder.0.join("control.sock");
    fs::write(&path, "mine").unwrap();
    let refused = listen(&path, 0o600, None).err();
    assert_eq!(refused, Some(NotListening::NotASocket));
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn names_have_an_end() {
    let path = Path::new("/tmp").join("x".repeat(120));
    let refused = listen(&path, 0o600, None).err();
    let errno = Errno(libc::ENAMETOOLONG);
    let expected = NotListening::Failed(errno.at("listen on", path.as_path()));
    assert_eq!(refused, Some(expected));
}
