//! How much of anything the interface takes, waits for and gives. Whoever calls may be a program gone wild, or somebody who
//! only wants it to stop.

use std::time::Duration;

/// Connections of one listening socket that are served at once; at one more the one that has waited longest without a
/// request has to go.
pub(super) const CONNECTIONS: usize = 64;
/// A connection has so long for its request before it has to go for another one.
pub(super) const GRACE: Duration = Duration::from_millis(250);
/// Followers of the stream, all sockets together: there is always room for somebody who asks.
pub(super) const FOLLOWERS: usize = 56;
/// Those of them that came over TCP: nobody from elsewhere keeps this host's operators from following.
pub(super) const REMOTE_FOLLOWERS: usize = 40;
/// From a connection, or the first byte of another request on it, until all headers are there.
pub(super) const HEADER_TIME: Duration = Duration::from_secs(5);
/// A connection is kept so long for another request.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(30);
/// From the headers until the whole body is there.
pub(super) const BODY_TIME: Duration = Duration::from_secs(5);
/// Bytes of request line and headers.
pub(super) const HEADER_BYTES: usize = 16 * 1024;
/// Headers of a request.
pub(super) const HEADERS: usize = 64;
/// Bytes of a command.
pub(super) const BODY_BYTES: usize = 64 * 1024;
/// From a request until its answer begins; a command has [`COMMAND_TIME`].
pub(super) const REQUEST_TIME: Duration = Duration::from_secs(10);
/// From a command until it is answered; what it has begun goes on after that.
pub(super) const COMMAND_TIME: Duration = Duration::from_secs(900);
/// A client that has taken nothing of its answer for so long is cut off.
pub(super) const WRITE_TIME: Duration = Duration::from_secs(10);
/// From an answer until all of it has been taken, unless it is a stream.
pub(super) const ANSWER_TIME: Duration = Duration::from_secs(60);
/// What the VRRP loop has for an answer.
pub(super) const LOOP_TIME: Duration = Duration::from_secs(5);
/// Requests that may wait for the VRRP loop.
pub(super) const REQUESTS: usize = 32;
/// A status is given to all who ask within so long.
pub(super) const STATUS_KEPT: Duration = Duration::from_millis(50);
/// A status is kept so many times as long as the loop took to make it: 2 % of its time.
pub(super) const STATUS_SHARE: u32 = 50;
/// The loop is asked this often for the stream.
pub(super) const PULSE: Duration = Duration::from_millis(250);
/// A status goes to followers at least this often, for what changes all the time.
pub(super) const PULSE_ANYWAY: Duration = Duration::from_secs(5);
/// A follower hears something at least this often.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that wait to be written to one follower.
pub(super) const WAITING_EVENTS: usize = 4;
/// Entries of a page where the request names no limit.
pub(super) const PAGE: usize = 100;
/// Entries of a page at most.
pub(super) const LARGEST_PAGE: usize = 1_000;
/// Entries that an explanation looks at.
pub(super) const EXPLAINED: usize = 64;
/// What cannot listen yet tries again after so long.
pub(super) const RETRY: Duration = Duration::from_secs(5);
/// Bytes of a certificate chain, a key or a token.
pub(super) const SECRET_BYTES: u64 = 256 * 1024;
/// Settings that wait for the thread.
pub(super) const SETTINGS: usize = 4;
/// The thread's stack; what it calls is shallow.
pub(super) const STACK: usize = 512 * 1024;
/// The thread's nice value: the loop comes first.
pub(super) const NICE: i32 = 10;
/// The end of the daemon waits so long for the thread's.
pub(super) const END_TIME: Duration = Duration::from_secs(1);
/// Threads that wait for disks and programs, started when they are needed.
pub(super) const HELPERS: usize = 2;
/// Those that read the journal at once; one is left for everything else.
pub(super) const READERS: usize = 1;
