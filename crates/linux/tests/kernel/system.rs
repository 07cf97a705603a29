//! Namespaces by name and scheduling.

use std::fs;
use std::mem::MaybeUninit;

use standfast_linux::Errno;
use standfast_linux::capability::{Capability, Effective};
use standfast_linux::namespace::{Namespace, enter_network_namespace};
use standfast_linux::scheduling::{
    RealTimePriority, set_affinity, set_nice, set_round_robin, set_timer_slack,
};

use crate::world::{ip, isolated, privileged};

/// Runs in a thread of its own, whose scheduling nobody else shares.
fn in_thread<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    match std::thread::spawn(run).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// A named namespace, removed with the test.
struct Named(String);

impl Drop for Named {
    fn drop(&mut self) {
        let _ = std::process::Command::new("ip")
            .args(["netns", "delete", &self.0])
            .status();
    }
}

#[test]
fn a_named_namespace_is_entered() {
    if !privileged() {
        return;
    }
    let named = Named(format!("standfast-{}", std::process::id()));
    ip(&format!("netns add {}", named.0));
    ip(&format!("-n {} link set lo mtu 1234", named.0));
    let name = named.0.clone();
    let mtu = in_thread(move || {
        enter_network_namespace(&name).unwrap();
        fs::read_to_string("/proc/thread-self/net/dev").unwrap();
        ip("link show lo")
    });
    assert!(mtu.contains("mtu 1234"), "{mtu}");
    let missing = enter_network_namespace("no-such-namespace").unwrap_err();
    assert_eq!(
        missing.to_string(),
        "open /run/netns/no-such-namespace: No such file or directory"
    );
    for name in ["", "..", "a/b", "/proc/self/ns/net"] {
        assert_eq!(
            enter_network_namespace(name).unwrap_err().errno,
            Errno(libc::EINVAL),
            "{name:?}"
        );
    }
}

#[test]
fn a_thread_returns_to_the_namespace_it_kept() {
    isolated(|| {
        ip("link add eth0 type veth peer name eth1");
        let home = Namespace::current().unwrap();
        Namespace::create().unwrap();
        assert!(!ip("link").contains("eth0"));
        home.enter().unwrap();
        assert!(ip("link").contains("eth0"));
    });
}

#[test]
fn scheduling_is_the_threads_own() {
    if !privileged() {
        return;
    }
    in_thread(|| {
        set_affinity(&[0]).unwrap();
        assert_eq!(
            set_affinity(&[100_000]).unwrap_err().errno,
            Errno(libc::EINVAL)
        );
        // SAFETY: the set is plain bits that the call fills; id 0 is this thread.
        let set = unsafe {
            let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
            libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), set.as_mut_ptr());
            set.assume_init()
        };
        // SAFETY: the numbers are within the set.
        assert!(unsafe { libc::CPU_ISSET(0, &set) && libc::CPU_COUNT(&set) == 1 });
        set_nice(7).unwrap();
        // SAFETY: the calls take plain numbers; id 0 is this thread.
        assert_eq!(unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) }, 7);
        set_timer_slack(1_000).unwrap();
        // SAFETY: as above.
        assert_eq!(unsafe { libc::prctl(libc::PR_GET_TIMERSLACK) }, 1_000);
        set_round_robin(RealTimePriority::clamped(1_000)).unwrap();
        // SAFETY: as above.
        let policy = unsafe { libc::sched_getscheduler(0) };
        assert_eq!(policy, libc::SCHED_RR | libc::SCHED_RESET_ON_FORK);
    });
    // SAFETY: as above.
    assert_eq!(unsafe { libc::sched_getscheduler(0) }, libc::SCHED_OTHER);
}

#[test]
fn a_thread_that_gave_up_its_rights_lacks_capabilities() {
    if !privileged() {
        return;
    }
    let needed = [Capability::NetAdmin, Capability::NetRaw];
    let missing = in_thread(move || {
        // SAFETY: the system call changes this thread only and takes plain numbers.
        let result = unsafe { libc::syscall(libc::SYS_setresuid, 12_345, 12_345, 12_345) };
        assert_eq!(result, 0);
        let effective = Effective::of_this_thread().unwrap();
        effective
            .missing(&needed)
            .map(|capability| capability.to_string())
            .collect::<Vec<_>>()
    });
    assert_eq!(missing, ["CAP_NET_ADMIN", "CAP_NET_RAW"]);
    assert_eq!(
        Effective::of_this_thread()
            .unwrap()
            .missing(&needed)
            .count(),
        0
    );
}
