//! `startup_script` and `shutdown_script`.

use standfast_config as config;

use super::{Program, program};
use crate::stage::{Stage, StageScript};

/// What a stage runs; complaints go to the list.
pub(crate) fn stage(
    config: &config::Config,
    stage: Stage,
    complaints: &mut Vec<String>,
) -> Option<StageScript> {
    let global = &config.global;
    let (script, timeout) = match stage {
        Stage::Startup => (&global.startup_script, global.startup_script_timeout),
        Stage::Shutdown => (&global.shutdown_script, global.shutdown_script_timeout),
    };
    let name = stage.name();
    match program(config, script.as_ref()?, false) {
        Ok((Program::Run { argv, identity }, warning)) => {
            complaints.extend(warning.map(|text| format!("{name}_script: {text}")));
            Some(StageScript {
                argv,
                uid: identity.uid,
                gid: identity.gid,
                groups: identity.groups,
                timeout_us: timeout.get(),
            })
        }
        Ok((Program::FileReadable(_), _)) => None,
        Err(why) => {
            complaints.push(format!("{name}_script is disabled: {why}"));
            None
        }
    }
}
