//! How the instance leaves when it is stopped.

use super::{Lints, name};
use crate::diagnostic::Code;
use crate::model::VrrpInstance;

impl Lints<'_> {
    /// Scripts that act on roles make the handover exclusive: nobody answers while they run.
    pub(super) fn handover(&mut self, instance: &VrrpInstance) {
        if instance.handover.is_some() || instance.strict {
            return;
        }
        let notify = &instance.notify;
        let scripts = [&notify.master, &notify.backup, &notify.stop, &notify.any];
        let Some(script) = scripts.into_iter().flatten().next() else {
            return;
        };
        let text = format!(
            "because of this script `{}` lets go of its addresses before its successor takes them: clients see a gap on a planned stop",
            name(instance)
        );
        let help = "if the script may run on two nodes at once (a mail, a log line), `handover overlap` makes the move seamless; `handover exclusive` keeps it and ends this note";
        self.note(Code::ExclusiveHandover, script.span, text, help);
    }
}
