//! Notification scripts: those of one router or sync group run event by event, in order.

use std::ffi::OsString;

use standfast_core::Input;
use standfast_core::input::{CheckOutcome, NotifyEvent, RouterId};
use standfast_core::journal::Level;
use standfast_linux::process::Command;
use standfast_wire::vrrp::Priority;

use super::{
    Event, GROUP_PRIORITY, JOURNAL_OUTPUT, ORDER_PATIENCE, Purpose, QUEUED_EVENTS, Teller, Worker,
    now, switch_to,
};
use crate::log::Logger;
use crate::lower::{Notifies, Program};

impl Worker {
    pub(super) fn enqueue_group(&mut self, group: String, event: NotifyEvent) {
        let teller = Teller::Group(self.group_number(&group));
        let event = Event {
            event,
            name: group,
            priority: GROUP_PRIORITY,
            wait: false,
        };
        self.enqueue(teller, event);
    }

    fn group_number(&mut self, group: &str) -> u32 {
        let next = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
        *self.groups.entry(group.to_owned()).or_insert(next)
    }

    pub(super) fn enqueue(&mut self, teller: Teller, event: Event) {
        let line = self.waiting.entry(teller).or_default();
        if line.queue.len() == QUEUED_EVENTS {
            line.queue.pop_front();
        }
        line.queue.push_back(event);
        self.advance(teller);
    }

    /// Starts the scripts of the next event unless those of the one before still run.
    pub(super) fn advance(&mut self, teller: Teller) {
        let now = now();
        while let Some(line) = self.waiting.get_mut(&teller) {
            let busy = line.running > 0 && now.since(line.since) < ORDER_PATIENCE;
            if busy {
                return;
            }
            let Some(event) = line.queue.pop_front() else {
                return;
            };
            line.since = now;
            line.running = 0;
            line.event += 1;
            line.wait = event.wait;
            line.name.clone_from(&event.name);
            line.farewell = event.event == NotifyEvent::Stop;
            let purpose = Purpose::Notify(teller, line.event);
            self.start_scripts(teller, purpose, &event);
        }
    }

    fn start_scripts(&mut self, teller: Teller, purpose: Purpose, event: &Event) {
        let all = match teller {
            Teller::Router(_) => &self.programs.notifies,
            Teller::Group(_) => &self.programs.groups,
        };
        let commands = all
            .get(&event.name)
            .map(|notifies| notifies.commands(event.event, event.priority))
            .unwrap_or_default();
        let mut started = 0;
        for command in commands {
            match self.spawn(&command, purpose, None) {
                Ok(()) => started += 1,
                Err(errno) => {
                    let text = format!(
                        "({}) notify script {:?} could not be started: {}",
                        event.name,
                        command.argv,
                        std::io::Error::from_raw_os_error(errno.0)
                    );
                    self.logger.log(Level::Error, text);
                }
            }
        }
        match self.waiting.get_mut(&teller) {
            Some(line) if started > 0 => line.running = started,
            _ => self.scripts_ended(teller),
        }
    }

    /// The scripts of the current event have ended, or there were none.
    fn scripts_ended(&mut self, teller: Teller) {
        let Some(line) = self.waiting.get_mut(&teller) else {
            return;
        };
        let (waits, farewell) = (std::mem::take(&mut line.wait), line.farewell);
        match teller {
            Teller::Router(router) if waits => match self.unfinished_group(router, farewell) {
                Some(group) => self.held.push((router, group)),
                None => self.send(Input::NotifyDone(router)),
            },
            Teller::Group(group) if farewell => {
                self.bid_farewell.insert(group);
                let held = std::mem::take(&mut self.held);
                for (router, of) in held {
                    match of == group {
                        true => self.send(Input::NotifyDone(router)),
                        false => self.held.push((router, of)),
                    }
                }
            }
            Teller::Router(_) | Teller::Group(_) => {}
        }
    }

    /// The group whose scripts have to end before that router lets its addresses go.
    fn unfinished_group(&mut self, router: RouterId, farewell: bool) -> Option<u32> {
        let line = self.waiting.get(&Teller::Router(router))?;
        let notifies = self.programs.notifies.get(&line.name)?;
        let group = notifies.group.clone().filter(|_| farewell)?;
        let tells = |scripts: &Notifies| scripts.stop.is_some() || scripts.any.is_some();
        if !self.programs.groups.get(&group).is_some_and(tells) {
            return None;
        }
        let number = self.group_number(&group);
        (!self.bid_farewell.contains(&number)).then_some(number)
    }

    pub(super) fn notify_ended(&mut self, teller: Teller, event: u64) {
        let Some(line) = self.waiting.get_mut(&teller) else {
            return;
        };
        if line.event != event {
            return;
        }
        line.running = line.running.saturating_sub(1);
        if line.running == 0 {
            self.scripts_ended(teller);
            self.advance(teller);
        }
    }
}

impl Notifies {
    /// First the script of the state, then the general one with its four words, as keepalived does.
    fn commands(&self, event: NotifyEvent, priority: Priority) -> Vec<Command> {
        let (own, word) = match event {
            NotifyEvent::Master => (&self.master, Some("MASTER")),
            NotifyEvent::Backup => (&self.backup, Some("BACKUP")),
            NotifyEvent::Fault => (&self.fault, Some("FAULT")),
            NotifyEvent::Stop => (&self.stop, Some("STOP")),
            NotifyEvent::Deleted => (&self.deleted, Some("DELETED")),
            NotifyEvent::MasterRxLowerPri => (&self.master_rx_lower_pri, None),
            // For FIFOs alone.
            NotifyEvent::MasterPriority | NotifyEvent::BackupPriority => return Vec::new(),
        };
        let own = own.as_ref().and_then(|program| command(program, &[]));
        let any = word.and_then(|word| {
            let words = [self.kind.word(), &self.name, word, &priority.to_string()];
            command(self.any.as_ref()?, &words)
        });
        own.into_iter().chain(any).collect()
    }
}

pub(super) fn command(program: &Program, words: &[&str]) -> Option<Command> {
    match program {
        Program::FileReadable(_) => None,
        Program::Run { argv, identity } => {
            let words = words.iter().map(OsString::from);
            Some(Command {
                identity: switch_to(identity),
                ..Command::new(argv.iter().cloned().chain(words))
            })
        }
    }
}

pub(super) fn report_failure(logger: &Logger, outcome: CheckOutcome, text: &str) {
    if outcome != CheckOutcome::Passed {
        let printed = text.chars().take(JOURNAL_OUTPUT).collect::<String>();
        let text = format!(
            "notify script failed: {outcome:?} {}",
            printed.escape_debug()
        );
        logger.log(Level::Warning, text);
    }
}
