//! From a configuration to what core decides on and what the runner runs.

mod authentication;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use standfast_config as config;
use standfast_core::spec::{
    CheckSpec, Garp, Leave, RouterSpec, Rules, Spec, Strangers, Track, Tracked, Unicast,
    UnicastPeer, VirtualAddress, Wanted, Weight,
};
use standfast_core::time::Micros;
use standfast_linux::script_security::{self, Unusable};
use standfast_linux::user::Identity;
use standfast_wire::vrrp::{ChecksumForm, Priority, Version, Vrid};

use crate::environment::{find_program, lookup_group, lookup_user, own_identity};

/// A configuration, ready to be acted on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) spec: Spec,
    /// What each check runs, by name.
    pub(crate) checks: BTreeMap<String, Program>,
    /// What each router runs, by name.
    pub(crate) notifies: BTreeMap<String, Notifies>,
    /// What does not work, for the log.
    pub(crate) complaints: Vec<String>,
    /// Why this plan must not replace one that works: keys that cannot be used.
    pub(crate) refusals: Vec<String>,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// A command with the identity it runs under.
    Run {
        argv: Vec<OsString>,
        identity: Identity,
    },
    /// Succeeds while the file can be read.
    FileReadable(PathBuf),
}

/// The scripts of one router.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notifies {
    pub(crate) master: Option<Program>,
    pub(crate) backup: Option<Program>,
    pub(crate) fault: Option<Program>,
    pub(crate) stop: Option<Program>,
    pub(crate) master_rx_lower_pri: Option<Program>,
    pub(crate) any: Option<Program>,
    pub(crate) instance: String,
}

/// Lowers what this release acts on; instances that it cannot run are named in the complaints.
pub(crate) fn plan(config: &config::Config) -> Plan {
    let mut plan = Plan::default();
    plan.spec.startup_delay = micros(config.global.startup_delay);
    for script in &config.scripts {
        plan.lower_check(config, script);
    }
    for instance in &config.instances {
        match unsupported(instance) {
            None => plan.lower_instance(config, instance),
            Some(why) => plan.complaints.push(format!(
                "({}) is NOT run: {why} is not supported by this version",
                instance.name.value
            )),
        }
    }
    plan.forget_untracked_checks();
    for group in &config.sync_groups {
        plan.complaints.push(format!(
            "sync group {} is not acted on by this version: its instances move independently",
            group.name.value
        ));
    }
    plan
}

/// Instances that this version cannot run, with the reason for people.
pub fn not_run(config: &config::Config) -> Vec<(&config::VrrpInstance, &'static str)> {
    let all = config.instances.iter();
    all.filter_map(|instance| Some((instance, unsupported(instance)?)))
        .collect()
}

fn unsupported(instance: &config::VrrpInstance) -> Option<&'static str> {
    if instance.family == config::Family::V6 {
        Some("IPv6")
    } else if instance.interface.is_none() {
        Some("an instance without an interface")
    } else if instance.vmac.is_some() || instance.ipvlan.is_some() {
        Some("use_vmac")
    } else {
        None
    }
}

fn micros(duration: config::Micros) -> Micros {
    Micros(duration.get())
}

impl Plan {
    /// A script that nobody tracks is not run, as in keepalived; the configuration's check says so.
    fn forget_untracked_checks(&mut self) {
        let tracked: BTreeSet<&String> = self
            .spec
            .routers
            .iter()
            .flat_map(|router| &router.tracks)
            .filter_map(|track| match &track.object {
                Tracked::Check(name) => Some(name),
                Tracked::Interface(_) => None,
            })
            .collect();
        self.spec
            .checks
            .retain(|check| tracked.contains(&check.name));
    }

    fn lower_check(&mut self, config: &config::Config, script: &config::VrrpScript) {
        let name = script.name.value.clone();
        let program = program(config, &script.script, true);
        if let Ok((_, Some(warning))) = &program {
            self.complaints
                .push(format!("track script {name}: {warning}"));
        }
        let unusable = program.as_ref().err().cloned();
        self.spec.checks.push(CheckSpec {
            name: name.clone(),
            definition: definition(&script.script),
            interval: micros(script.interval),
            timeout: micros(script.timeout),
            rise: script.rise,
            fall: script.fall,
            init_fail: script.init_fail,
            unusable,
        });
        if let Ok((program, _)) = program {
            self.checks.insert(name, program);
        }
    }

    fn lower_instance(&mut self, config: &config::Config, instance: &config::VrrpInstance) {
        let (Some(vrid), Some(interface)) = (
            Vrid::new(instance.vrid.value.get()),
            instance.interface.as_ref(),
        ) else {
            return;
        };
        let hmac = match authentication::hmac(instance) {
            Ok(hmac) => hmac,
            Err(why) => {
                let name = &instance.name.value;
                self.refusals.push(format!("({name}) {why}"));
                self.complaints.push(format!("({name}) is NOT run: {why}"));
                return;
            }
        };
        let (authentication, header_key) = authentication::message(instance);
        let notifies = self.lower_notifies(config, instance);
        let spec = RouterSpec {
            name: instance.name.value.clone(),
            interface: interface.value.clone(),
            vrid,
            version: version(instance.version),
            priority: Priority(instance.priority.get()),
            advert_interval: micros(instance.advert_int),
            authentication,
            header_key,
            hmac,
            group: instance.multicast_group,
            unicast: instance
                .unicast
                .as_ref()
                .map(|given| unicast(given, instance.strict)),
            source: instance.source_address.as_ref().map(|source| source.value),
            checksum: if instance.v3_checksum_as_v2 {
                ChecksumForm::Plain
            } else {
                ChecksumForm::PseudoHeader
            },
            addresses: instance.addresses.iter().map(address).collect(),
            excluded: instance.excluded_addresses.iter().map(address).collect(),
            wanted: match instance.state {
                config::InitialState::Master => Wanted::Master,
                config::InitialState::Backup => Wanted::Backup,
            },
            preempt: instance.preempt,
            preempt_delay: micros(instance.preempt_delay),
            down_timer_adverts: instance.down_timer_adverts,
            skip_check_adv_addr: instance.skip_check_adv_addr,
            lower_prio_no_advert: instance.lower_prio_no_advert,
            higher_prio_send_advert: instance.higher_prio_send_advert,
            owner_ignore_adverts: instance.owner_ignore_adverts,
            garp: garp(instance),
            track_primary: !instance.dont_track_primary,
            tracks: tracks(instance),
            rules: rules(instance),
        };
        self.notifies.insert(spec.name.clone(), notifies);
        self.spec.routers.push(spec);
    }

    fn lower_notifies(
        &mut self,
        config: &config::Config,
        instance: &config::VrrpInstance,
    ) -> Notifies {
        let name = &instance.name.value;
        let mut lower = |keyword: &str, script: &Option<Box<config::Script>>| {
            let script = script.as_ref()?;
            match program(config, script, false) {
                Ok((program, warning)) => {
                    let warnings = warning.map(|text| format!("({name}) {keyword}: {text}"));
                    self.complaints.extend(warnings);
                    Some(program)
                }
                Err(why) => {
                    self.complaints
                        .push(format!("({name}) {keyword} is disabled: {why}"));
                    None
                }
            }
        };
        let notify = &instance.notify;
        Notifies {
            master: lower("notify_master", &notify.master),
            backup: lower("notify_backup", &notify.backup),
            fault: lower("notify_fault", &notify.fault),
            stop: lower("notify_stop", &notify.stop),
            master_rx_lower_pri: lower("notify_master_rx_lower_pri", &notify.master_rx_lower_pri),
            any: lower("notify", &notify.any),
            instance: name.clone(),
        }
    }
}

/// The command line and the user, as people write them.
fn definition(script: &config::Script) -> String {
    let command = match &script.command {
        config::Command::Argv(argv) => {
            let quoted = argv.iter().map(|word| {
                if word.is_empty() || word.contains(char::is_whitespace) {
                    format!("'{word}'")
                } else {
                    word.clone()
                }
            });
            quoted.collect::<Vec<String>>().join(" ")
        }
        config::Command::FileReadable(path) => format!("<{}", path.display()),
    };
    match &script.identity {
        Some(identity) => match &identity.group {
            Some(group) => format!("{command} (as {}:{group})", identity.user),
            None => format!("{command} (as {})", identity.user),
        },
        None => command,
    }
}

fn version(version: config::Version) -> Version {
    match version {
        config::Version::V2 => Version::V2,
        config::Version::V3 => Version::V3,
    }
}

fn address(address: &config::VirtualAddress) -> VirtualAddress {
    let (ip, prefix) = (address.network.address, address.network.prefix);
    let broadcast = match (ip, address.broadcast) {
        (IpAddr::V4(ip), Some(broadcast)) => Some(broadcast.address(ip, prefix).into()),
        _ => None,
    };
    VirtualAddress {
        address: ip,
        prefix,
        interface: address.device.clone(),
        broadcast,
        peer: address.peer.map(|peer| (peer.address, peer.prefix)),
        scope: address.scope.0,
        label: address.label.clone(),
        no_track: address.no_track,
    }
}

/// `garp_extra_if` without `all` is for virtual MAC interfaces, which hold addresses elsewhere only with
/// `use_vmac_addr`.
fn extra_garp(instance: &config::VrrpInstance) -> Micros {
    let extra = instance.extra_garp;
    let extra = extra.filter(|extra| extra.all || instance.vmac_addresses);
    extra.map_or(Micros::ZERO, |extra| micros(extra.interval))
}

fn garp(instance: &config::VrrpInstance) -> Garp {
    let garp = instance.garp;
    let count = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
    Garp {
        repeat: count(garp.master_repeat),
        delay: micros(garp.master_delay),
        refresh: micros(garp.master_refresh),
        refresh_repeat: count(garp.master_refresh_repeat),
        lower_prio_repeat: count(garp.lower_prio_repeat),
        lower_prio_delay: micros(garp.lower_prio_delay),
        extra: extra_garp(instance),
    }
}

fn tracks(instance: &config::VrrpInstance) -> Vec<Track> {
    let weight = |weight: config::Weight| Weight {
        value: weight.value,
        reverse: weight.reverse,
    };
    let scripts = instance.track_scripts.iter().map(|track| Track {
        object: Tracked::Check(track.name.value.clone()),
        weight: weight(track.weight),
    });
    let interfaces = instance.track_interfaces.iter().map(|track| Track {
        object: Tracked::Interface(track.name.value.clone()),
        weight: weight(track.weight),
    });
    scripts.chain(interfaces).collect()
}

/// Strict mode knows no rules of ours: anybody is believed, as in keepalived, unless the configuration says otherwise.
fn unicast(given: &config::Unicast, strict: bool) -> Unicast {
    let peers = given.peers.iter().map(|peer| UnicastPeer {
        address: peer.address.value,
        min_ttl: peer.min_ttl,
        max_ttl: peer.max_ttl,
    });
    Unicast {
        peers: peers.collect(),
        ttl: given.ttl,
        strangers: match given.check_source {
            Some(true) => Strangers::Ignored,
            Some(false) => Strangers::Believed,
            None if strict => Strangers::Believed,
            None => Strangers::UntilPeerHeard,
        },
    }
}

/// Where scripts act on the role, two nodes must never both have it: such an instance leaves
/// exclusively, all others overlap with their successor. Strict mode does nothing of all this.
fn rules(instance: &config::VrrpInstance) -> Rules {
    let notify = &instance.notify;
    let acting = [&notify.master, &notify.backup, &notify.stop, &notify.any];
    if instance.strict {
        return Rules::PROTOCOL;
    }
    let leave = match instance.handover {
        Some(config::Handover::Overlap) => Leave::Overlap,
        Some(config::Handover::Exclusive) => Leave::Exclusive,
        Some(config::Handover::Immediate) => Leave::Immediate,
        None if acting.iter().any(|script| script.is_some()) => Leave::Exclusive,
        None => Leave::Overlap,
    };
    Rules {
        leave,
        ..Rules::OVERLAP
    }
}

/// What a script runs and as whom, with a warning if it is unsafe; or why it cannot run.
fn program(
    config: &config::Config,
    script: &config::Script,
    is_check: bool,
) -> Result<(Program, Option<String>), String> {
    let argv = match &script.command {
        config::Command::FileReadable(path) if is_check => {
            return Ok((Program::FileReadable(path.clone()), None));
        }
        config::Command::FileReadable(path) => {
            return Err(format!(
                "{} is a file to test, not a command",
                path.display()
            ));
        }
        config::Command::Argv(argv) => argv,
    };
    let identity = identity(config, script)?;
    let command = argv.first().ok_or("the command is empty")?;
    let path = find_program(command, &identity)
        .ok_or_else(|| format!("there is no command {command} in PATH that its user may run"))?;
    let warning = match script_security::inspect(&path, &identity) {
        Ok(()) => None,
        Err(unsafe_path @ Unusable::WritableByOthers { .. }) => {
            let text = format!("{} is unsafe: {unsafe_path}", path.display());
            if config.global.script_security {
                return Err(text);
            }
            Some(format!(
                "SECURITY VIOLATION: {text}; scripts run while enable_script_security is not set"
            ))
        }
        Err(unusable) => return Err(format!("{}: {unusable}", path.display())),
    };
    let words = argv.iter().skip(1).map(OsString::from);
    let argv = std::iter::once(path.into_os_string())
        .chain(words)
        .collect();
    Ok((Program::Run { argv, identity }, warning))
}

/// The script's own user, else `script_user`, else keepalived_script if it exists, else root.
fn identity(config: &config::Config, script: &config::Script) -> Result<Identity, String> {
    let global = config.global.script_user.as_ref().map(|user| &user.value);
    let Some(wanted) = script.identity.as_ref().or(global) else {
        return Ok(match lookup_user("keepalived_script") {
            Some(user) => Identity {
                uid: user.uid,
                gid: user.gid,
                groups: vec![user.gid],
            },
            None => own_identity(),
        });
    };
    let user = lookup_user(&wanted.user)
        .ok_or_else(|| format!("its user {} does not exist", wanted.user))?;
    let gid = match &wanted.group {
        None => user.gid,
        Some(group) => {
            lookup_group(group).ok_or_else(|| format!("its group {group} does not exist"))?
        }
    };
    Ok(Identity {
        uid: user.uid,
        gid,
        groups: vec![gid],
    })
}
