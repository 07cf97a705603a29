//! Scripts: all that run, by whatever keyword.

use std::collections::BTreeSet;

use super::Lints;
use crate::model::{Notify, Script};

impl Lints<'_> {
    pub(super) fn scripts(&mut self) {
        let config = self.config;
        for script in &config.scripts {
            self.script_timing(script);
            self.check_command(script);
        }
        let mut seen = BTreeSet::new();
        let notifies = config.instances.iter().map(|instance| &instance.notify);
        let notifies = notifies.chain(config.sync_groups.iter().map(|group| &group.notify));
        for script in notifies.flat_map(all) {
            // Many instances run the same script.
            if seen.insert(&script.command) {
                self.notify_command(script);
            }
        }
    }
}

fn all(notify: &Notify) -> impl Iterator<Item = &Script> {
    let scripts = [
        &notify.master,
        &notify.backup,
        &notify.fault,
        &notify.stop,
        &notify.deleted,
        &notify.any,
        &notify.master_rx_lower_pri,
    ];
    scripts.into_iter().flatten()
}
