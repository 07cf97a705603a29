//! Starting a program without copying this process: until exec the child lives in our memory, on a stack of its own.
//!
//! A fork copies the page tables of a daemon with many threads, which costs as much as a small script. The child that
//! is made here shares everything instead, so it may do nothing but system calls on what was prepared for it. We wait
//! for it as vfork(2) does, but with a bound: the user whose rights it has taken could stop it before exec, and vfork
//! would then never return.

use std::env;
use std::ffi::{CString, OsStr, OsString, c_void};
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};
use std::sync::{Mutex, OnceLock};

use libc::{c_char, c_int, c_ulong};

use crate::process::{Process, die_with_parent, set_umask};
use crate::sys::{check, own};
use crate::user::Identity;
use crate::{Errno, scheduling, signals};

/// How long a program may take to be loaded; one that takes longer is killed.
const LOAD_PATIENCE: libc::timespec = libc::timespec {
    tv_sec: 5,
    tv_nsec: 0,
};
/// How long a killed child may take to let go of our memory; after that the memory is given up.
const KILL_PATIENCE: libc::timespec = libc::timespec {
    tv_sec: 1,
    tv_nsec: 0,
};
/// Bytes of the child's stack, of which it touches two pages.
const STACK_BYTES: usize = 64 * 1024;
/// Bytes below the stack that nobody may touch; whole pages on every architecture.
const GUARD_BYTES: usize = 64 * 1024;
/// Where programs are looked up without a PATH, as in execvp(3).
const DEFAULT_PATH: &str = "/bin:/usr/bin";
/// Signals of rt_sigaction(2): 1 to this.
const LAST_SIGNAL: c_int = 64;
/// Variables that change what a shell or the dynamic linker does, or that are meant for us alone.
const REMOVED_VARIABLES: [&str; 6] = [
    "IFS",
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
];

// The C library's functions tell all threads, and the child would tell ours.
#[cfg(any(target_arch = "x86", target_arch = "arm"))]
mod number {
    pub(super) use libc::{
        SYS_setgid32 as SETGID, SYS_setgroups32 as SETGROUPS, SYS_setuid32 as SETUID,
    };
}
#[cfg(not(any(target_arch = "x86", target_arch = "arm")))]
mod number {
    pub(super) use libc::{SYS_setgid as SETGID, SYS_setgroups as SETGROUPS, SYS_setuid as SETUID};
}

/// What a child is made from.
pub(crate) struct Plan<'a> {
    /// Program and arguments.
    pub(crate) argv: &'a [OsString],
    /// Variables beside our own.
    pub(crate) environment: &'a [(OsString, OsString)],
    pub(crate) identity: Option<&'a Identity>,
    pub(crate) umask: Option<u32>,
    /// Where it writes; closed when the child has it.
    pub(crate) output: OwnedFd,
}

/// Starts the program and waits until it is loaded; exec's errno where it cannot be, ETIMEDOUT after five seconds.
pub(crate) fn launch(plan: Plan<'_>) -> Result<Process, Errno> {
    let block = Block::new(&plan)?;
    // The child must run no handler of ours in our memory; it starts with what is blocked here.
    let blocked = signals::block_all()?;
    let restore = Restore(plan.identity.is_some().then(dumpable));
    let started = block.start();
    signals::restore(&blocked);
    let process = started?;
    let outcome = block.wait(&process);
    drop(restore);
    match outcome {
        // What the child has not let go of stays valid for ever.
        Err(errno) if block.is_in_use() => {
            std::mem::forget(block);
            Err(errno)
        }
        outcome => outcome.and_then(|()| block.verdict()).map(|()| process),
    }
}

/// Everything that the child reads and writes before exec, at fixed places.
struct Block {
    /// Paths to try, with a null pointer at the end.
    candidates: Words,
    /// One free place, then program and arguments: the place is for a shell that runs a script without `#!`.
    arguments: Words,
    environment: Words,
    identity: Option<Identity>,
    umask: Option<u32>,
    parent: u32,
    input: RawFd,
    output: RawFd,
    stack: Option<Stack>,
    /// 1 while the child uses this memory; the kernel writes 0 when it does no longer, and tells.
    busy: Box<AtomicI32>,
    /// Why the child gave up; 0 if it did not.
    failure: AtomicI32,
}

/// C strings and the array of pointers to them.
struct Words {
    pointers: Box<[AtomicPtr<c_char>]>,
    _strings: Vec<CString>,
}

impl Words {
    fn new(strings: Vec<CString>) -> Self {
        let pointers = strings.iter().map(|text| text.as_ptr().cast_mut());
        let pointers = pointers
            .chain([ptr::null_mut()])
            .map(AtomicPtr::new)
            .collect();
        Words {
            pointers,
            _strings: strings,
        }
    }
}

impl Block {
    fn new(plan: &Plan<'_>) -> Result<Box<Self>, Errno> {
        let program = plan.argv.first().ok_or(Errno(libc::EINVAL))?;
        let words: Result<Vec<CString>, Errno> = plan.argv.iter().map(|word| text(word)).collect();
        let mut arguments = vec![c"/bin/sh".to_owned()];
        arguments.extend(words?);
        Ok(Box::new(Block {
            candidates: Words::new(candidates(program)?),
            arguments: Words::new(arguments),
            environment: Words::new(environment(plan.environment)?),
            identity: plan.identity.cloned(),
            umask: plan.umask,
            parent: std::process::id(),
            input: null_device()?.as_raw_fd(),
            output: plan.output.as_raw_fd(),
            stack: Some(Stack::take()?),
            busy: Box::new(AtomicI32::new(1)),
            failure: AtomicI32::new(0),
        }))
    }

    fn start(&self) -> Result<Process, Errno> {
        let top = self.stack.as_ref().map_or(ptr::null_mut(), Stack::top);
        let flags = libc::CLONE_VM | libc::CLONE_PIDFD | libc::CLONE_CHILD_CLEARTID | libc::SIGCHLD;
        let busy = self.busy.as_ptr();
        let mut descriptor: c_int = -1;
        let no_storage: *mut c_void = ptr::null_mut();
        let block: *const Block = self;
        // SAFETY: the stack is the child's alone, and the block outlives its use by the child, for which `wait` waits
        // or for which it is never freed. The child makes system calls only: the one thing that it shares with this
        // thread and writes is errno, and this thread makes no other call until the child is done or killed.
        let pid = check(unsafe {
            libc::clone(
                child,
                top,
                flags,
                block.cast_mut().cast(),
                &raw mut descriptor,
                no_storage,
                busy,
            )
        });
        let pid = pid.inspect_err(|_| self.busy.store(0, Ordering::Relaxed))?;
        // SAFETY: the call has opened the descriptor for us.
        let descriptor = unsafe { own(descriptor) }?;
        Ok(Process::new(u32::try_from(pid).unwrap_or(0), descriptor))
    }

    /// Until the child uses our memory no longer: it is another program now, or gone.
    fn wait(&self, process: &Process) -> Result<(), Errno> {
        self.wait_for(&LOAD_PATIENCE);
        if !self.is_in_use() {
            return Ok(());
        }
        // It may have ended in this moment.
        let _ = process.signal(libc::SIGKILL);
        self.wait_for(&KILL_PATIENCE);
        Err(Errno(libc::ETIMEDOUT))
    }

    fn wait_for(&self, limit: &libc::timespec) {
        let (word, limit): (*mut i32, *const libc::timespec) = (self.busy.as_ptr(), limit);
        // A kernel may wake us for no reason; so often it does not.
        for _ in 0..8 {
            if !self.is_in_use() {
                return;
            }
            // SAFETY: the pointers are to a word and a time that live through the call.
            let result =
                unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT, 1, limit) };
            if result == -1 && Errno::last() == Errno(libc::ETIMEDOUT) {
                return;
            }
        }
    }

    fn is_in_use(&self) -> bool {
        self.busy.load(Ordering::Acquire) != 0
    }

    fn verdict(&self) -> Result<(), Errno> {
        match self.failure.load(Ordering::Acquire) {
            0 => Ok(()),
            errno => Err(Errno(errno)),
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(stack) = self.stack.take() {
            stack.give_back();
        }
    }
}

/// The child. It has our memory and nobody's patience: system calls only, no allocation, no lock, no panic.
extern "C" fn child(block: *mut c_void) -> c_int {
    // SAFETY: `start` passes its block, which lives and is not changed by others as long as this runs.
    let block = unsafe { &*block.cast::<Block>() };
    let Err(errno) = prepare(block).and_then(|()| execute(block));
    block.failure.store(errno.0, Ordering::Release);
    127
}

enum Never {}

fn prepare(block: &Block) -> Result<(), Errno> {
    for (from, to) in [(block.input, 0), (block.output, 1), (block.output, 2)] {
        // SAFETY: the call takes plain numbers; the descriptors are the child's own copies.
        check(unsafe { libc::dup2(from, to) })?;
    }
    // Descriptors of ours that are not closed on exec by mistake.
    let flags = c_int::try_from(libc::CLOSE_RANGE_CLOEXEC).unwrap_or(0);
    // SAFETY: no descriptor is closed before exec.
    unsafe { libc::close_range(3, u32::MAX, flags) };
    // SAFETY: the call takes plain numbers: this process, a group of its own.
    check(unsafe { libc::setpgid(0, 0) })?;
    // SAFETY: the path is a C string.
    check(unsafe { libc::chdir(c"/".as_ptr()) })?;
    scheduling::reset_to_default();
    if let Some(identity) = &block.identity {
        change_identity(identity)?;
    }
    if let Some(umask) = block.umask {
        set_umask(umask);
    }
    // After the change of user, which would clear it.
    die_with_parent(libc::SIGTERM, block.parent)?;
    reset_signals()
}

/// Groups first: without the user's rights they could not be changed.
fn change_identity(identity: &Identity) -> Result<(), Errno> {
    // Between users that are not root a daemon's capabilities would go along; an old kernel has none of this kind.
    let clear = c_ulong::try_from(libc::PR_CAP_AMBIENT_CLEAR_ALL).unwrap_or(0);
    let none: c_ulong = 0;
    // SAFETY: the option takes plain numbers.
    unsafe { libc::prctl(libc::PR_CAP_AMBIENT, clear, none, none, none) };
    let (count, groups) = (identity.groups.len(), identity.groups.as_ptr());
    // SAFETY: pointer and length describe the groups; the call changes the child alone.
    let result = done(unsafe { libc::syscall(number::SETGROUPS, count, groups) });
    // SAFETY: the calls have no arguments.
    let present = unsafe { (libc::geteuid(), libc::getegid()) };
    match result {
        // A daemon without privilege that runs a script as itself.
        Err(Errno(libc::EPERM)) if present == (identity.uid, identity.gid) => return Ok(()),
        other => other?,
    }
    // SAFETY: the call takes a plain number and changes the child alone.
    done(unsafe { libc::syscall(number::SETGID, identity.gid) })?;
    // SAFETY: as above.
    done(unsafe { libc::syscall(number::SETUID, identity.uid) })
}

/// What a program expects at its start: every signal at its default action, none blocked.
fn reset_signals() -> Result<(), Errno> {
    // The kernel's structure, all of it zero: the default action. The C library's functions may take locks.
    let default = [0_u64; 8];
    for signal in 1..=LAST_SIGNAL {
        let none: *mut c_void = ptr::null_mut();
        // SAFETY: the structure is longer than the kernel's; SIGKILL and SIGSTOP just fail.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                none,
                8_usize,
            )
        };
    }
    signals::unblock_all()
}

/// As execvp(3): what is missing is looked for in the next place, and one that may not be run is remembered.
fn execute(block: &Block) -> Result<Never, Errno> {
    let [place, arguments @ ..] = &*block.arguments.pointers else {
        return Err(Errno(libc::EINVAL));
    };
    let mut reason = Errno(libc::ENOENT);
    for candidate in &block.candidates.pointers {
        let candidate = candidate.load(Ordering::Relaxed);
        if candidate.is_null() {
            break;
        }
        match replace(candidate, arguments, block) {
            Errno(libc::ENOEXEC) => {
                // `/bin/sh SCRIPT ARGUMENTS`.
                let shell = place.load(Ordering::Relaxed);
                if let [script, ..] = arguments {
                    script.store(candidate, Ordering::Relaxed);
                }
                return Err(replace(shell, &block.arguments.pointers, block));
            }
            Errno(libc::EACCES) => reason = Errno(libc::EACCES),
            Errno(libc::ENOENT | libc::ENOTDIR | libc::ESTALE | libc::ENODEV) => {}
            other => return Err(other),
        }
    }
    Err(reason)
}

fn replace(program: *const c_char, arguments: &[AtomicPtr<c_char>], block: &Block) -> Errno {
    let environment = block.environment.pointers.as_ptr().cast();
    // SAFETY: the pointers are to a C string and to arrays of such that end with a null pointer.
    unsafe { libc::execve(program, arguments.as_ptr().cast(), environment) };
    Errno::last()
}

fn done(result: libc::c_long) -> Result<(), Errno> {
    if result == -1 {
        Err(Errno::last())
    } else {
        Ok(())
    }
}

fn text(word: &OsStr) -> Result<CString, Errno> {
    CString::new(word.as_bytes()).map_err(|_| Errno(libc::EINVAL))
}

/// Where the program may be.
fn candidates(program: &OsStr) -> Result<Vec<CString>, Errno> {
    if program.as_bytes().contains(&b'/') || program.is_empty() {
        return Ok(vec![text(program)?]);
    }
    let path = env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into());
    let places = env::split_paths(&path);
    places
        .map(|place| text(place.join(program).as_os_str()))
        .collect()
}

/// Our variables without those that nobody shall inherit, read once: nobody changes them while threads run.
fn environment(more: &[(OsString, OsString)]) -> Result<Vec<CString>, Errno> {
    static INHERITED: OnceLock<Vec<(OsString, CString)>> = OnceLock::new();
    let inherited = INHERITED.get_or_init(|| {
        let ours = env::vars_os()
            .filter(|(name, _)| !REMOVED_VARIABLES.iter().any(|removed| name == removed));
        ours.filter_map(|(name, value)| Some((name.clone(), assignment(&name, &value).ok()?)))
            .collect()
    });
    let replaced = |name: &OsString| more.iter().any(|(other, _)| other == name);
    let kept = inherited
        .iter()
        .filter(|(name, _)| !replaced(name))
        .map(|(_, text)| Ok(text.clone()));
    kept.chain(more.iter().map(|(name, value)| assignment(name, value)))
        .collect()
}

fn assignment(name: &OsStr, value: &OsStr) -> Result<CString, Errno> {
    let bytes = [name.as_bytes(), b"=", value.as_bytes()].concat();
    CString::new(bytes).map_err(|_| Errno(libc::EINVAL))
}

/// What children read: nothing.
fn null_device() -> Result<&'static File, Errno> {
    static NULL: OnceLock<File> = OnceLock::new();
    if let Some(file) = NULL.get() {
        return Ok(file);
    }
    let file = File::open("/dev/null").map_err(Errno::from)?;
    Ok(NULL.get_or_init(|| file))
}

/// Whether others of our user may look into this process (prctl(2), `PR_GET_DUMPABLE`).
fn dumpable() -> c_int {
    // SAFETY: the option has no arguments.
    unsafe { libc::prctl(libc::PR_GET_DUMPABLE) }
}

/// A child that changes its user makes the memory that it shares with us unreadable for that user, and it must be
/// while it does so. Afterwards it is as it was.
struct Restore(Option<c_int>);

impl Drop for Restore {
    fn drop(&mut self) {
        if self.0 == Some(1) {
            let readable: c_ulong = 1;
            // SAFETY: the option takes a plain number.
            unsafe { libc::prctl(libc::PR_SET_DUMPABLE, readable) };
        }
    }
}

/// Memory for a child to run on, with a gap below it.
struct Stack(*mut u8);

// SAFETY: it is a mapping of its own, which any thread may use and unmap.
unsafe impl Send for Stack {}

/// One stack is kept for the next start.
static SPARE: Mutex<Option<Stack>> = Mutex::new(None);

impl Stack {
    fn take() -> Result<Self, Errno> {
        let spare = SPARE.lock().ok().and_then(|mut spare| spare.take());
        spare.map_or_else(Self::map, Ok)
    }

    fn map() -> Result<Self, Errno> {
        let (length, flags) = (
            GUARD_BYTES + STACK_BYTES,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK | libc::MAP_NORESERVE,
        );
        // SAFETY: a new mapping touches no memory that exists.
        let start = unsafe { libc::mmap(ptr::null_mut(), length, libc::PROT_NONE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        let stack = Stack(start.cast());
        let usable = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the range is the upper part of the mapping.
        check(unsafe { libc::mprotect(start.byte_add(GUARD_BYTES), STACK_BYTES, usable) })?;
        Ok(stack)
    }

    fn top(&self) -> *mut c_void {
        // SAFETY: the mapping has this length.
        unsafe { self.0.add(GUARD_BYTES + STACK_BYTES).cast() }
    }

    fn give_back(self) {
        if let Ok(mut spare) = SPARE.lock()
            && spare.is_none()
        {
            *spare = Some(self);
        }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours and nobody runs on it.
        unsafe { libc::munmap(self.0.cast(), GUARD_BYTES + STACK_BYTES) };
    }
}
