//! FIFOs and their readers.

use standfast_config as config;
use standfast_linux::user::Identity;

use super::{Plan, Program, program, system_identity};
use crate::environment::own_identity;
use crate::fifo::{FifoPlan, Kind};

/// Permissions of a FIFO before the configured umask, as keepalived's.
const FIFO_MODE: u32 = 0o644;

impl Plan {
    pub(super) fn lower_fifos(&mut self, config: &config::Config) {
        let fifos = &config.global.fifos;
        for (kind, keyword, fifo) in [
            (Kind::All, "notify_fifo", &fifos.all),
            (Kind::Vrrp, "vrrp_notify_fifo", &fifos.vrrp),
        ] {
            let Some(path) = &fifo.path else {
                continue;
            };
            if self.fifos.iter().any(|known| known.path == path.value) {
                self.complaints
                    .push(format!("{keyword} is the other FIFO too and opened once"));
                continue;
            }
            let owner = match &fifo.owner {
                None => Ok(own_identity()),
                Some(owner) => system_identity(config, owner),
            };
            match owner {
                Ok(Identity { uid, gid, .. }) => {
                    let reader = self.lower_reader(config, fifo, keyword);
                    self.fifos.push(FifoPlan {
                        kind,
                        path: path.value.clone(),
                        owner: (uid, gid),
                        mode: FIFO_MODE & !config.global.files.umask,
                        reader,
                    });
                }
                Err(why) => self.complaints.push(format!("no {keyword}: {why}")),
            }
        }
    }

    fn lower_reader(
        &mut self,
        config: &config::Config,
        fifo: &config::Fifo,
        keyword: &str,
    ) -> Option<Program> {
        let (script, path) = (fifo.script.as_ref()?, fifo.path.as_ref()?);
        match program(config, script, false) {
            Ok((Program::Run { mut argv, identity }, warning)) => {
                let warnings = warning.map(|text| format!("{keyword}_script: {text}"));
                self.complaints.extend(warnings);
                argv.push(path.value.clone().into_os_string());
                Some(Program::Run { argv, identity })
            }
            Ok((Program::FileReadable(_), _)) => None,
            Err(why) => {
                self.complaints
                    .push(format!("{keyword}_script is disabled: {why}"));
                None
            }
        }
    }
}
