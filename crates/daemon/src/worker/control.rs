//! The loop's side of the control interface: what is asked is answered when nothing else is due.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use standfast_api::command::{Answer, Command};
use standfast_api::observe::{self, Host};
use standfast_api::record::Daemon;
use standfast_api::status::{ReloadRefusal, Status};
use standfast_config::{ControlDefs, ControlSocket};
use standfast_core::journal::Level;
use standfast_linux::clock::{realtime, thread_cpu};
use tokio::sync::oneshot;

use super::answers::refused;
use super::configuration::UNUSABLE;
use super::{Worker, now};
use crate::control::{Built, Request, Settings, SocketSettings};
use crate::lower;
use crate::options::Personality;

/// Operators who may wait for a reload at once.
const RELOADERS: usize = 64;

/// Operators who wait for the end of a reload.
#[derive(Default)]
pub(super) struct Reloaders {
    /// Of the one that goes on.
    current: Vec<oneshot::Sender<Answer>>,
    /// Of the one after that: the file may have been read before their last change.
    next: Vec<oneshot::Sender<Answer>>,
    /// Reloads that came into force.
    taken: u64,
    /// Those that did not.
    refused: u64,
    /// The last one, where it did not.
    refusal: Option<ReloadRefusal>,
}

impl Reloaders {
    /// The reload that goes on has ended so.
    pub(super) fn answer(&mut self, result: &Result<String, String>) {
        match result {
            Ok(_) => {
                self.taken += 1;
                self.refusal = None;
            }
            Err(text) => {
                self.refused += 1;
                self.refusal = Some(ReloadRefusal {
                    at_us: realtime().0,
                    text: text.strip_prefix(UNUSABLE).unwrap_or(text).to_owned(),
                });
            }
        }
        for reply in std::mem::replace(&mut self.current, std::mem::take(&mut self.next)) {
            // Whoever has gone does not care.
            let _ = reply.send(match result {
                Ok(text) => done(text.clone()),
                Err(text) => refused(text.clone()),
            });
        }
    }
}

fn done(text: String) -> Answer {
    Answer::Done {
        text,
        moves: Vec::new(),
        plan: None,
    }
}

fn settings(given: &ControlDefs, usual: &Path) -> Settings {
    let socket = given.socket.as_ref().map(|socket| &socket.value);
    let path = match socket {
        Some(ControlSocket::Off) => None,
        Some(ControlSocket::At(path)) => Some(path.as_path()),
        None => Some(usual),
    };
    Settings {
        socket: path.map(|path| SocketSettings {
            path: path.to_path_buf(),
            mode: given.mode(),
            group: given.group.as_ref().map(|group| group.value.clone()),
        }),
        http: given.listen.iter().map(|address| address.value).collect(),
        tls: given.tls.as_ref().map(|files| files.value.clone()),
        token: given.token_file.as_ref().map(|file| file.value.clone()),
    }
}

impl Worker {
    /// What the configuration in force says about the interface.
    pub(super) fn configure_control(&mut self) {
        self.node_name = lower::node_name(&self.config);
        let settings = settings(&self.config.global.control, &self.control_path);
        let control = self.control.as_ref();
        if control.is_some_and(|control| !control.configure(settings)) {
            let text = "the control interface is busy, its settings stay as they were";
            self.logger.log(Level::Warning, text.into());
        }
    }

    pub(super) fn finish_control(&mut self) {
        self.reloaders.answer(&Err("the daemon ends".into()));
        if let Some(control) = self.control.take() {
            control.finish();
        }
    }

    /// Answers those who have asked, one at a time, and not while there is anything else to do: who waits is woken again.
    pub(super) fn answer_requests(&mut self) {
        let due = self.node.next_wakeup().is_some_and(|(due, _)| due <= now());
        if due || self.effects.has_work() {
            return;
        }
        let request = self.control.as_ref().and_then(|it| it.next_request());
        match request {
            None => {}
            Some(Request::Status(answer)) => {
                // Not by the clock on the wall: on a busy host, where others run meanwhile, the answer would be kept for seconds.
                let began = thread_cpu();
                let status = Arc::new(self.observe_status());
                let took = Duration::from_micros(thread_cpu().saturating_sub(began).0);
                // Whoever has gone does not care.
                let _ = answer.send(Built { status, took });
                // There may be more of them.
                self.results.wake();
            }
            Some(Request::Command {
                who,
                command,
                reply,
            }) => {
                self.operator(&who, &command, reply);
                self.results.wake();
            }
        }
    }

    /// Does what an operator asks for.
    fn operator(&mut self, who: &str, command: &Command, reply: oneshot::Sender<Answer>) {
        match command {
            Command::Reload { plan: false } => self.reload_for(who, reply),
            Command::Reload { plan: true } => self.plan_reload(reply),
            Command::Switchover { .. }
            | Command::Drain { .. }
            | Command::Resume
            | Command::Pause { .. }
            | Command::Unpause { .. } => self.steer(who, command, reply),
        }
    }

    fn reload_for(&mut self, who: &str, reply: oneshot::Sender<Answer>) {
        let waiting = self.reloaders.current.len() + self.reloaders.next.len();
        if self.stop_level > 0 || waiting >= RELOADERS {
            let text = match self.stop_level {
                0 => "too many wait for a reload already",
                _ => "the daemon ends",
            };
            let answer = refused(text);
            self.tell_refusal(who, "reload", &answer);
            let _ = reply.send(answer);
            return;
        }
        let text = format!("{who} asks for a reload");
        self.logger.log(Level::Info, text);
        let who = who.to_owned();
        self.chronicle.say(&Daemon::ReloadAsked { who });
        match self.reloading {
            true => self.reloaders.next.push(reply),
            false => self.reloaders.current.push(reply),
        }
        self.reload();
    }

    /// What an operator hears of a reload.
    pub(super) fn reload_summary(&self) -> String {
        match self.facts.findings {
            0 => "the configuration was read again and is in force".to_owned(),
            1 => "the configuration was read again and is in force; there is 1 finding: see standfast check".to_owned(),
            many => format!(
                "the configuration was read again and is in force; there are {many} findings: see standfast check"
            ),
        }
    }

    /// Everything that is to be seen.
    fn observe_status(&self) -> Status {
        let host = Host {
            name: &self.node_name,
            version: env!("CARGO_PKG_VERSION"),
            as_keepalived: self.options.personality == Personality::Keepalived,
            pid: std::process::id(),
            started_us: self.started.0,
            configured_us: self.facts.read_at.0,
            files: &self.facts.files,
            findings: self.facts.findings,
            drain: self.drain().cloned(),
            handovers: self.handovers().clone(),
            reloads: self.reloaders.taken,
            reloads_refused: self.reloaders.refused,
            reload_refused: self.reloaders.refusal.clone(),
            timing: self.lateness.timing(),
        };
        observe::status(&self.node, &host, now(), realtime().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_known_until_a_reload_comes_into_force() {
        let mut reloaders = Reloaders::default();
        reloaders.answer(&Err(format!("{UNUSABLE}/k.conf does not exist")));
        let refusal = reloaders.refusal.as_ref().map(|it| it.text.as_str());
        assert_eq!(refusal, Some("/k.conf does not exist"));
        reloaders.answer(&Err("it has errors".into()));
        let refusal = reloaders.refusal.as_ref().map(|it| it.text.as_str());
        assert_eq!(refusal, Some("it has errors"));
        reloaders.answer(&Ok("in force".into()));
        assert_eq!((reloaders.refusal, reloaders.refused), (None, 2));
    }
}
