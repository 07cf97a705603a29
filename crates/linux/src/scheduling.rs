//! How the calling thread is scheduled and whether its memory can be swapped out.

use std::mem::MaybeUninit;

use libc::{c_int, c_ulong};

use crate::clock::Micros;
use crate::sys::check;
use crate::{Errno, Error};

/// The kernel's default timer slack in nanoseconds.
const DEFAULT_TIMER_SLACK_NS: c_ulong = 50_000;

/// A real-time priority: 1 (least) to 99 (sched(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RealTimePriority(i32);

impl RealTimePriority {
    /// Brings the number into the range.
    pub fn clamped(priority: u32) -> Self {
        Self(i32::try_from(priority).unwrap_or(99).clamp(1, 99))
    }
}

/// Sets the nice value of the calling thread: -20 (first) to 19.
pub fn set_nice(nice: i32) -> Result<(), Error> {
    // SAFETY: the call takes plain numbers; id 0 is the calling thread.
    check(unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice) })
        .map_err(|errno| errno.at("set", "nice value"))?;
    Ok(())
}

/// Schedules the calling thread round-robin before all normal ones (`SCHED_RR`); threads and children it
/// starts are scheduled normally.
pub fn set_round_robin(priority: RealTimePriority) -> Result<(), Error> {
    set_scheduler(libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, priority.0)
        .map_err(|errno| errno.at("set", "real-time priority"))
}

/// What [`lock_memory`] keeps in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residency {
    /// Everything, at once: nothing ever waits for a disk, but whole thread stacks become resident.
    Everything,
    /// Every page from its first use on.
    Touched,
}

/// Keeps the process's memory, present and future, from being swapped out; not inherited by children.
pub fn lock_memory(residency: Residency) -> Result<(), Error> {
    let flags = libc::MCL_CURRENT | libc::MCL_FUTURE;
    let flags = match residency {
        Residency::Everything => flags,
        Residency::Touched => flags | c_int::try_from(libc::MCL_ONFAULT).unwrap_or(0),
    };
    // SAFETY: the call takes plain numbers.
    check(unsafe { libc::mlockall(flags) }).map_err(|errno| errno.at("lock", "memory"))?;
    Ok(())
}

/// Lets the calling thread run on these processors only, numbered from 0.
pub fn set_affinity(processors: &[usize]) -> Result<(), Error> {
    // SAFETY: the set is plain bits.
    let mut set: libc::cpu_set_t = unsafe { MaybeUninit::zeroed().assume_init() };
    for processor in processors
        .iter()
        .copied()
        .filter(|processor| *processor < capacity())
    {
        // SAFETY: the number is within the set.
        unsafe { libc::CPU_SET(processor, &mut set) };
    }
    // SAFETY: size and pointer describe the set; id 0 is the calling thread.
    check(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) })
        .map_err(|errno| errno.at("set", "processor affinity"))?;
    Ok(())
}

/// Has the kernel kill the process when a real-time thread runs so long without blocking (`RLIMIT_RTTIME`).
pub fn limit_real_time(limit: Micros) -> Result<(), Error> {
    let limit = libc::rlimit {
        rlim_cur: limit.0,
        rlim_max: limit.0,
    };
    // SAFETY: the pointer is to a limit that the kernel only reads.
    check(unsafe { libc::setrlimit(libc::RLIMIT_RTTIME, &raw const limit) })
        .map_err(|errno| errno.at("limit", "real-time run time"))?;
    Ok(())
}

/// How late the kernel may wake the calling thread to save energy, in nanoseconds from 1; real-time
/// threads have none.
pub fn set_timer_slack(nanos: u32) -> Result<(), Error> {
    timer_slack(c_ulong::from(nanos.max(1))).map_err(|errno| errno.at("set", "timer slack"))
}

/// Normal scheduling and slack for the calling thread. Failures leave it as it is, which is better
/// than no child. Async-signal-safe, for use between fork and exec.
pub fn reset_to_default() {
    let _ = set_scheduler(libc::SCHED_OTHER, 0);
    // SAFETY: the call takes plain numbers; id 0 is the calling thread.
    let _ = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 0) };
    let _ = timer_slack(DEFAULT_TIMER_SLACK_NS);
}

fn set_scheduler(policy: c_int, priority: c_int) -> Result<(), Errno> {
    let parameter = libc::sched_param {
        sched_priority: priority,
    };
    // SAFETY: the pointer is to a parameter that the kernel only reads; id 0 is the calling thread.
    check(unsafe { libc::sched_setscheduler(0, policy, &raw const parameter) })?;
    Ok(())
}

fn timer_slack(nanos: c_ulong) -> Result<(), Errno> {
    // SAFETY: the option takes a plain number.
    check(unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, nanos) })?;
    Ok(())
}

fn capacity() -> usize {
    size_of::<libc::cpu_set_t>() * 8
}
