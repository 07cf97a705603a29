//! Built-in checks: what core decides on, what is asked, and what repairs.

use standfast_config as config;
use standfast_core::spec::{CheckKind, CheckSpec, Repair};

use super::{Plan, definition, micros, program};
use crate::track::{Request, RequestTarget};

impl Plan {
    pub(super) fn lower_builtin(&mut self, config: &config::Config, check: &config::VrrpCheck) {
        let name = check.name.value.clone();
        let repair = check.repair.as_ref();
        let repair = repair.and_then(|repair| self.lower_repair(config, &name, repair));
        self.spec.checks.push(CheckSpec {
            name: name.clone(),
            definition: words(&check.probe),
            interval: micros(check.interval),
            timeout: micros(check.timeout),
            rise: check.rise,
            fall: check.fall,
            init_fail: check.init_fail,
            unusable: None,
            kind: match check.probe {
                config::Probe::Process(_) => CheckKind::Process,
                config::Probe::Tcp(_) | config::Probe::Http(_) => CheckKind::Request,
            },
            repair,
        });
        let request = match &check.probe {
            config::Probe::Process(_) => return,
            config::Probe::Tcp(address) => Request::Tcp(*address),
            config::Probe::Http(probe) => Request::Http(probe.clone()),
        };
        let timeout = micros(check.timeout);
        self.requests
            .insert(name, RequestTarget { request, timeout });
    }

    /// A repair that cannot run is none: the failure counts at once.
    fn lower_repair(
        &mut self,
        config: &config::Config,
        name: &str,
        repair: &config::Repair,
    ) -> Option<Repair> {
        match program(config, &repair.script, false) {
            Ok((program, warning)) => {
                let warning = warning.map(|text| format!("repair of check {name}: {text}"));
                self.complaints.extend(warning);
                self.repairs.insert(name.to_owned(), program);
            }
            Err(why) => {
                let text = format!("check {name} is NOT repaired before its failure counts: {why}");
                self.complaints.push(text);
                return None;
            }
        }
        Some(Repair {
            definition: definition(&repair.script),
            attempts: repair.attempts,
            wait: micros(repair.wait),
            timeout: micros(repair.timeout),
        })
    }
}

/// The probe as people write it.
fn words(probe: &config::Probe) -> String {
    match probe {
        config::Probe::Process(process) => {
            let mut words = vec!["process", process.program.as_str()];
            words.extend(process.parameters.iter().flatten().map(String::as_str));
            words.join(" ")
        }
        config::Probe::Tcp(address) => format!("tcp {address}"),
        config::Probe::Http(probe) => {
            let codes = probe.status.0.iter();
            let codes: Vec<String> = codes
                .map(|range| match (range.start(), range.end()) {
                    (first, last) if first == last => first.to_string(),
                    (first, last) => format!("{first}-{last}"),
                })
                .collect();
            let contains = probe.contains.as_ref();
            let contains = contains.map_or(String::new(), |text| format!(", contains \"{text}\""));
            let (url, host) = (&probe.url.value, &probe.host);
            let status = codes.join(" ");
            format!("http {url} (host {host}, status {status}{contains})")
        }
    }
}
