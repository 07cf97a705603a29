//! Scripts: all that run, by whatever keyword.

use std::collections::BTreeSet;

use super::Lints;
use crate::model::{Checker, Notify, Script, VirtualServer};

impl Lints<'_> {
    pub(super) fn scripts(&mut self) {
        let config = self.config;
        for script in &config.scripts {
            self.script_timing(script);
            self.check_command(script);
        }
        for check in &config.checks {
            self.check_timing(check);
        }
        let mut seen = BTreeSet::new();
        let repairs = config
            .checks
            .iter()
            .filter_map(|check| check.repair.as_ref());
        let repairs = repairs.map(|repair| &repair.script);
        let notifies = config.instances.iter().map(|instance| &instance.notify);
        let notifies = notifies.chain(config.sync_groups.iter().map(|group| &group.notify));
        for script in notifies
            .flat_map(all)
            .chain(config.virtual_servers.iter().flat_map(of_service))
            .chain(repairs)
        {
            // Many instances run the same script.
            if seen.insert(&script.command) {
                self.notify_command(script);
            }
        }
    }
}

/// What a virtual server and its real servers run.
fn of_service(service: &VirtualServer) -> impl Iterator<Item = &Script> {
    let quorum = service.quorum_up.iter().chain(&service.quorum_down);
    let servers = service.real_servers.iter().flat_map(|server| {
        let checks = server.checkers.iter().filter_map(|checker| match checker {
            Checker::Misc(check) => Some(&check.script),
            _ => None,
        });
        server
            .notify_up
            .iter()
            .chain(&server.notify_down)
            .chain(checks)
    });
    quorum.chain(servers)
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
    scripts.into_iter().filter_map(|script| script.as_deref())
}
