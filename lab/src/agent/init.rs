//! The first process of a host: prepares it, starts and reaps its processes, moves its files.
//!
//! When it ends, the kernel kills everything else in the host's PID namespace; and it ends when its standard input
//! does, thus also when the lab was killed.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, sethostname};

use super::{AgentError, AgentResult, failed, mounts};
use crate::protocol::{
    ExitState, Message, ReplyBody, Request, RequestBody, Setup, SpawnRequest, Stream,
};

/// How much of a stream is forwarded in one message.
const PRINT_CHUNK_BYTES: usize = 16 * 1024;

/// Starting and reaping exclude each other, so that a process cannot be reported as ended before it was reported as
/// started, and the standard library always finds the child it waits for when a start fails.
type Children = Arc<Mutex<()>>;

/// `init SETUP`: SETUP is [`Setup`] in JSON.
pub(super) fn run(arguments: &[String]) -> AgentResult {
    let [setup] = arguments else {
        return Err(AgentError::Usage);
    };
    let setup: Setup = serde_json::from_str(setup).map_err(failed("read the set-up"))?;
    let mut chld = SigSet::empty();
    chld.add(Signal::SIGCHLD);
    chld.thread_block().map_err(failed("block SIGCHLD"))?;
    match prepare(&setup) {
        Ok(()) => say(&Message::Ready),
        Err(AgentError::Usage) => return Err(AgentError::Usage),
        Err(AgentError::System { doing, said }) => {
            say(&Message::Unready {
                doing: doing.to_owned(),
                said,
            });
            return Ok(());
        }
    }
    let children = Children::default();
    let reaper = Arc::clone(&children);
    thread::spawn(move || reap_for_ever(&reaper, chld));
    for line in io::stdin().lock().lines() {
        let line = line.map_err(failed("read a request"))?;
        let request: Request = serde_json::from_str(&line).map_err(failed("read a request"))?;
        answer(request, &children);
    }
    Ok(())
}

fn prepare(setup: &Setup) -> AgentResult {
    sethostname(&setup.name).map_err(failed("set the host name"))?;
    if setup.private_folders {
        mounts::make_private(&setup.programs)?;
    }
    Ok(())
}

fn say(message: &Message) {
    let Ok(mut line) = serde_json::to_vec(message) else {
        return;
    };
    line.push(b'\n');
    // If the lab no longer listens, standard input ends as well and this process with it.
    let _ = io::stdout().lock().write_all(&line);
}

fn reap_for_ever(children: &Children, chld: SigSet) {
    loop {
        if chld.wait().is_err() {
            return;
        }
        let _exclusive = children.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((pid, state)) = reap_one() {
            say(&Message::Exited { pid, state });
        }
    }
}

fn reap_one() -> Option<(i32, ExitState)> {
    loop {
        match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => {
                return Some((pid.as_raw(), ExitState::Code(code)));
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) => {
                return Some((pid.as_raw(), ExitState::Signal(signal_number(signal))));
            }
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return None,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}

fn signal_number(signal: Signal) -> i32 {
    // The enumeration's values are the system's signal numbers.
    signal as i32
}

fn answer(request: Request, children: &Children) {
    let number = request.number;
    let reply = match request.body {
        RequestBody::Spawn(spawn) => return start(number, &spawn, children),
        RequestBody::Signal { pid, signal } => send_signal(pid, signal),
        RequestBody::Write { path, text, mode } => write_file(Path::new(&path), &text, mode),
        RequestBody::Read { path } => fs::read(path).map(|bytes| ReplyBody::Text {
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }),
    };
    let body = reply.unwrap_or_else(|error| ReplyBody::Failed {
        said: error.to_string(),
    });
    say(&Message::Reply { number, body });
}

fn send_signal(pid: Option<i32>, signal: i32) -> io::Result<ReplyBody> {
    let signal = Signal::try_from(signal)?;
    match kill(Pid::from_raw(pid.unwrap_or(-1)), signal) {
        // Nobody to signal is what "every process" may well mean.
        Err(Errno::ESRCH) if pid.is_none() => Ok(ReplyBody::Done),
        result => Ok(result.map(|()| ReplyBody::Done)?),
    }
}

fn write_file(path: &Path, text: &str, mode: u32) -> io::Result<ReplyBody> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let open = || {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(path)
    };
    let mut file = match open() {
        // In a user namespace a file of the machine's root can be replaced in a folder of ours, but not opened.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            fs::remove_file(path)?;
            open()?
        }
        result => result?,
    };
    file.write_all(text.as_bytes())?;
    // The mode above counts only for a new file and is subject to the umask.
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(ReplyBody::Done)
}

fn start(number: u64, request: &SpawnRequest, children: &Children) {
    let _exclusive = children.lock().unwrap_or_else(PoisonError::into_inner);
    let [program, rest @ ..] = request.argv.as_slice() else {
        say(&Message::Reply {
            number,
            body: ReplyBody::Failed {
                said: "empty command".to_owned(),
            },
        });
        return;
    };
    let stdin = if request.standard_input.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    };
    let spawned = Command::new(program)
        .args(rest)
        .envs(&request.environment)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            say(&Message::Reply {
                number,
                body: ReplyBody::Failed {
                    said: error.to_string(),
                },
            });
            return;
        }
    };
    let pid = i32::try_from(child.id()).unwrap_or(i32::MAX);
    say(&Message::Reply {
        number,
        body: ReplyBody::Spawned { pid },
    });
    if let (Some(mut stdin), Some(text)) = (child.stdin.take(), request.standard_input.clone()) {
        // A program that does not read its input is the lab's test subject, not our failure.
        thread::spawn(move || drop(stdin.write_all(text.as_bytes())));
    }
    if let Some(output) = child.stdout.take() {
        thread::spawn(move || forward(pid, Stream::Output, output));
    }
    if let Some(error) = child.stderr.take() {
        thread::spawn(move || forward(pid, Stream::Error, error));
    }
}

fn forward(pid: i32, stream: Stream, source: impl Read) {
    let mut source = BufReader::with_capacity(PRINT_CHUNK_BYTES, source);
    loop {
        let text = match source.fill_buf() {
            Ok([]) | Err(_) => break,
            Ok(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        };
        let length = source.buffer().len();
        source.consume(length);
        say(&Message::Printed { pid, stream, text });
    }
    say(&Message::Closed { pid, stream });
}
