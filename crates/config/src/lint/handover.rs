//! How the instance leaves when it is stopped.

use super::{Lints, name};
use crate::diagnostic::Code;
use crate::model::{Config, Notify, Script, VrrpInstance};
use crate::span::Span;

/// What ends the note.
const SCRIPT_HELP: &str = "if the script may run on two nodes at once (a mail, a log line), `handover overlap` makes the move seamless; `handover exclusive` keeps it and ends this note";
const FIFO_HELP: &str = "if the reader only watches, `handover overlap` in the instances makes the move seamless; `handover exclusive` keeps it and ends this note";

impl Lints<'_> {
    /// Scripts that act on roles make the handover exclusive: nobody answers while they run.
    pub(super) fn handover(&mut self, instance: &VrrpInstance) {
        if has_decided(instance) {
            return;
        }
        let Some(script) = acting_script(self.config, instance) else {
            return;
        };
        let text = format!(
            "because of this script `{}` lets go of its addresses before its successor takes them: clients see a gap on a planned stop",
            name(instance)
        );
        self.note(Code::ExclusiveHandover, script.span, text, SCRIPT_HELP);
    }

    /// So does the reader of a FIFO, for every instance at once: one note for those without scripts of their own.
    pub(super) fn fifo_handover(&mut self) {
        let Some(span) = fifo(self.config) else {
            return;
        };
        let mut concerned = self.config.instances.iter().filter(|instance| {
            !has_decided(instance) && acting_script(self.config, instance).is_none()
        });
        let (Some(first), others) = (concerned.next(), concerned.count()) else {
            return;
        };
        let who = match others {
            0 => format!("`{}` lets go of its addresses", name(first)),
            _ => format!(
                "`{}` and {others} more let go of their addresses",
                name(first)
            ),
        };
        let text = format!(
            "because whoever reads this FIFO may act on roles, {who} before a successor takes them: clients see a gap on a planned stop"
        );
        self.note(Code::ExclusiveHandover, span, text, FIFO_HELP);
    }
}

fn has_decided(instance: &VrrpInstance) -> bool {
    instance.handover.is_some() || instance.strict
}

/// A script of the instance or of its sync group that may start or stop something by role.
fn acting_script<'c>(config: &'c Config, instance: &'c VrrpInstance) -> Option<&'c Script> {
    let is_member = |member: &&str| *member == name(instance);
    let mut groups = config.sync_groups.iter();
    let group = groups.find(|group| {
        let mut members = group.members.iter().map(|member| member.value.as_str());
        members.any(|member| is_member(&member))
    });
    let notifies = std::iter::once(&instance.notify).chain(group.map(|group| &group.notify));
    notifies.flat_map(acting).next()
}

fn acting(notify: &Notify) -> impl Iterator<Item = &Script> {
    let scripts = [&notify.master, &notify.backup, &notify.stop, &notify.any];
    scripts.into_iter().flatten().map(|script| &**script)
}

fn fifo(config: &Config) -> Option<Span> {
    let fifos = &config.global.fifos;
    let path = fifos.all.path.as_ref().or(fifos.vrrp.path.as_ref());
    path.map(|path| path.span)
}
