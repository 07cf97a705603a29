//! Mail on changes of state (keepalived.conf(5): `smtp_alert`): a thread of its own looks up the server's name, speaks with
//! it and waits for it.

mod letter;
mod smtp;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use standfast_core::input::NotifyEvent;
use standfast_core::journal::Level;
use standfast_core::{Instant, Micros};
use standfast_linux::clock::{monotonic, realtime};
use standfast_linux::{Error, Object};

use crate::fifo::Subject;
use crate::log::Logger;
use letter::Letter;

/// Letters that may wait for a server; more are counted and lost.
const QUEUE: usize = 1024;
/// A letter that has waited so long behind others that a dead server kept is no news any more.
const STALE: Micros = Micros::from_secs(300);

/// To whom mail goes, and through whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailPlan {
    /// Name or address, and port.
    pub(crate) server: (String, u16),
    pub(crate) helo_name: String,
    /// For the connection, and for each step.
    pub(crate) timeout: Duration,
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
    pub(crate) router_id: String,
    /// None on faults.
    pub(crate) no_faults: bool,
    /// Who is there, and whether mail tells of it.
    pub(crate) instances: BTreeMap<String, bool>,
    pub(crate) groups: BTreeMap<String, bool>,
    /// Instances of the configuration before that are not in this one and are still told of.
    pub(crate) leaving: BTreeSet<String>,
}

impl MailPlan {
    /// Who was in the configuration before and is not in this one leaves, and is told of as before.
    pub(crate) fn keep_leaving(&mut self, before: &MailPlan) {
        let gone = before.instances.iter().filter(|(name, wants)| {
            let present = self.instances.contains_key(*name);
            **wants && !present
        });
        self.leaving = gone.map(|(name, _)| name.clone()).collect();
    }

    fn wants(&self, subject: Subject, name: &str, event: NotifyEvent) -> bool {
        let wanting = match subject {
            Subject::Instance => &self.instances,
            Subject::Group => &self.groups,
        };
        let leaving = || subject == Subject::Instance && self.leaving.contains(name);
        let wanted = wanting.get(name).copied().unwrap_or_else(leaving);
        wanted && !(self.no_faults && event == NotifyEvent::Fault)
    }
}

/// An address, with the name of who reads there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mailbox {
    pub(crate) name: Option<String>,
    pub(crate) address: String,
}

impl Mailbox {
    /// `a@b`, `<a@b>` or `Some Name <a@b>`; an address without a domain is one of this host. `None` for what no server
    /// would take.
    pub(crate) fn parse(text: &str, host: &str) -> Option<Self> {
        let text = text.trim();
        let (name, address) = match text
            .strip_suffix('>')
            .and_then(|text| text.rsplit_once('<'))
        {
            Some((name, address)) => (name.trim().trim_matches('"'), address),
            None => ("", text),
        };
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"');
        if address.is_empty() || address.contains(odd) || name.contains(char::is_control) {
            return None;
        }
        let address = match address.contains('@') {
            true => address.to_owned(),
            false => format!("{address}@{host}"),
        };
        let name = (!name.is_empty()).then(|| name.to_owned());
        Some(Mailbox { name, address })
    }
}

enum Job {
    Send(Box<Letter>, Arc<MailPlan>, Instant),
    Flush(SyncSender<()>),
}

/// Hands letters to the thread.
#[derive(Clone)]
pub(crate) struct Post {
    jobs: SyncSender<Job>,
    lost: Arc<AtomicU64>,
    logger: Logger,
}

impl Post {
    /// Starts the thread; it ends with the last handle.
    pub(crate) fn start(logger: Logger) -> Result<Self, Error> {
        let (jobs, queue) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let (reports, counter) = (logger.clone(), Arc::clone(&lost));
        thread::Builder::new()
            .name("mail".into())
            .stack_size(512 * 1024)
            .spawn(move || deliver_all(&queue, &reports, &counter))
            .map_err(|error| Error {
                operation: "start",
                object: Object::Named("mail thread"),
                errno: error.into(),
            })?;
        Ok(Post { jobs, lost, logger })
    }

    /// Never blocks.
    pub(crate) fn tell(
        &self,
        plan: &Arc<MailPlan>,
        subject: Subject,
        name: &str,
        event: NotifyEvent,
    ) {
        if !plan.wants(subject, name, event) {
            return;
        }
        let Some(letter) = Letter::new(plan, subject, name, event, realtime()) else {
            return;
        };
        let job = Job::Send(Box::new(letter), Arc::clone(plan), now());
        if let Err(TrySendError::Full(_)) = self.jobs.try_send(job)
            && self.lost.fetch_add(1, Ordering::Relaxed) == 0
        {
            let text = "too much mail waits for its server; some is lost";
            self.logger.log(Level::Warning, text.into());
        }
    }

    /// Waits until everything has been sent, at most `bound`.
    pub(crate) fn finish(&self, bound: Micros) {
        let (done, sent) = sync_channel(1);
        if self.jobs.try_send(Job::Flush(done)).is_ok() {
            // What is not sent then is lost with the process.
            let _ = sent.recv_timeout(Duration::from_micros(bound.0));
        }
    }
}

fn deliver_all(queue: &Receiver<Job>, logger: &Logger, lost: &AtomicU64) {
    for job in queue {
        match job {
            Job::Flush(done) => drop(done.try_send(())),
            Job::Send(_, _, since) if now().since(since) > STALE => {
                lost.fetch_add(1, Ordering::Relaxed);
            }
            Job::Send(letter, plan, _) => deliver(&letter, &plan, logger),
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let text = format!("{lost} mails were not sent: their server was too slow");
            logger.log(Level::Warning, text);
        }
    }
}

fn deliver(letter: &Letter, plan: &MailPlan, logger: &Logger) {
    match smtp::send(letter, plan) {
        Ok(()) => logger.log(Level::Info, "SMTP alert successfully sent.".into()),
        Err(error) => {
            let (host, port) = &plan.server;
            let subject = &letter.subject;
            let text = format!("mail \"{subject}\" to [{host}]:{port} failed: {error}");
            logger.log(Level::Warning, text);
        }
    }
}

fn now() -> Instant {
    Instant(monotonic().0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<(Option<String>, String)> {
        Mailbox::parse(text, "node1").map(|mailbox| (mailbox.name, mailbox.address))
    }

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let plain = |address: &str| Some((None, address.to_owned()));
        assert_eq!(parsed("ops@example.org"), plain("ops@example.org"));
        assert_eq!(parsed(" <ops@example.org>"), plain("ops@example.org"));
        assert_eq!(parsed("root"), plain("root@node1"));
        let named = Some((Some("Other Person".into()), "two@example.org".into()));
        assert_eq!(parsed("Other Person <two@example.org>"), named);
        assert_eq!(parsed("\"Other Person\" <two@example.org>"), named);
        for wrong in ["", "a b@example.org", "<>", "a@b>\r\nRCPT TO:<c@d"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
