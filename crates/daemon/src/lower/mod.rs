//! From a configuration to what core decides on and what the runner runs.

mod anywhere;
mod authentication;
mod channel;
mod checks;
mod fifos;
mod mail;
mod routing;
mod stages;
#[cfg(test)]
mod tests;
mod tracks;
mod virtual_interface;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use standfast_config as config;
use standfast_core::spec::{
    AddressOptions, CheckKind, CheckSpec, Garp, Leave, Notify, OldChecksum, RouterSpec, Rules,
    Spec, Strangers, Tracked, Unicast, UnicastPeer, VirtualAddress, Wanted,
};
use standfast_core::time::Micros;
use standfast_linux::InterfaceName;
use standfast_linux::capability::{Capability, Effective};
use standfast_linux::clock::boottime;
use standfast_linux::script_security::{self, Unusable};
use standfast_linux::user::{Identity, User};
use standfast_wire::vrrp::{ChecksumForm, Priority, Version, Vrid};

pub(crate) use channel::node_name;
pub(crate) use routing::Entries;
pub(crate) use virtual_interface::{Host, VirtualInterface, VirtualInterfaces};

use crate::environment::{find_program, lookup_group, lookup_user, own_identity};
use crate::fifo::FifoPlan;
use crate::fifo::Subject;
use crate::mail::MailPlan;
use crate::stage::{Stage, StageScript};
use crate::track::{RequestTarget, Targets};
pub(crate) use stages::stage;

/// A configuration, ready to be acted on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) spec: Spec,
    /// What each check runs, by name.
    pub(crate) checks: BTreeMap<String, Program>,
    /// What each check asks, by name.
    pub(crate) requests: BTreeMap<String, RequestTarget>,
    /// What each check runs before its failure counts, by name.
    pub(crate) repairs: BTreeMap<String, Program>,
    /// What each router runs, by name.
    pub(crate) notifies: BTreeMap<String, Notifies>,
    /// What each sync group runs, by name.
    pub(crate) groups: BTreeMap<String, Notifies>,
    /// `shutdown_script`
    pub(crate) shutdown: Option<StageScript>,
    /// Who is written to.
    pub(crate) mail: Option<MailPlan>,
    /// Who listens to events.
    pub(crate) fifos: Vec<FifoPlan>,
    /// Files and processes that are looked at.
    pub(crate) targets: Targets,
    /// What its routes and rules are.
    pub(crate) entries: Entries,
    /// The interfaces that routers want of their own.
    pub(crate) virtual_interfaces: VirtualInterfaces,
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

/// The scripts of one router or sync group.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notifies {
    pub(crate) master: Option<Program>,
    pub(crate) backup: Option<Program>,
    pub(crate) fault: Option<Program>,
    pub(crate) stop: Option<Program>,
    pub(crate) deleted: Option<Program>,
    pub(crate) master_rx_lower_pri: Option<Program>,
    pub(crate) any: Option<Program>,
    /// What keepalived calls it.
    pub(crate) kind: Subject,
    pub(crate) name: String,
    /// The sync group of a router.
    pub(crate) group: Option<String>,
}

/// What the instances are lowered with.
struct Context {
    routing: routing::Lowering,
    host: Host,
}

/// As [`plan_beside`], where no interface of ours is there yet.
#[cfg(test)]
pub(crate) fn plan(config: &config::Config) -> Plan {
    plan_beside(config, &BTreeSet::new())
}

/// Lowers what this release acts on; instances that it cannot run are named in the complaints. `own_links` are
/// the virtual MAC interfaces that are ours already.
pub(crate) fn plan_beside(config: &config::Config, own_links: &BTreeSet<InterfaceName>) -> Plan {
    let mut plan = Plan::default();
    plan.spec.startup_delay = startup_delay(config);
    plan.spec.node.name = node_name(config);
    plan.spec.link_delays = tracks::link_delays(config);
    for script in &config.scripts {
        plan.lower_check(config, script);
    }
    for check in &config.checks {
        plan.lower_builtin(config, check);
    }
    let mut context = Context {
        routing: routing::Lowering::new(config),
        host: Host::look(own_links),
    };
    plan.spec.statics = context.routing.statics(config);
    for instance in &config.instances {
        plan.lower_instance(config, instance, &mut context);
    }
    let mut routing = context.routing;
    plan.entries = routing.entries;
    plan.complaints.append(&mut routing.complaints);
    routing::track_groups(config, &mut plan.spec.routers);
    plan.forget_untracked_checks();
    plan.lower_fifos(config);
    plan.lower_trackers(config);
    plan.lower_mail(config);
    plan.shutdown = stage(config, Stage::Shutdown, &mut plan.complaints);
    for group in &config.sync_groups {
        plan.lower_group(config, group);
    }
    plan
}

/// `vrrp_startup_delay` from now, or `vrrp_delay_after_boot` from the start of the host, whichever ends later.
fn startup_delay(config: &config::Config) -> Micros {
    let after_boot = micros(config.global.delay_after_boot).0;
    let left = after_boot.saturating_sub(boottime().0);
    micros(config.global.startup_delay).max(Micros(left))
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
                Tracked::Interface(_)
                | Tracked::File(_)
                | Tracked::Process(_)
                | Tracked::Bfd(_) => None,
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
            kind: CheckKind::Script,
            repair: None,
        });
        if let Ok((program, _)) = program {
            self.checks.insert(name, program);
        }
    }

    fn lower_instance(
        &mut self,
        config: &config::Config,
        instance: &config::VrrpInstance,
        Context { routing, host }: &mut Context,
    ) {
        let name = &instance.name.value;
        let hmac = match authentication::hmac(instance) {
            Ok(hmac) => hmac,
            Err(why) => {
                self.refusals.push(format!("({name}) {why}"));
                self.complaints.push(format!("({name}) is NOT run: {why}"));
                return;
            }
        };
        let group = group_of(config, name);
        let notifies = Notifies {
            group: group.map(|group| group.name.value.clone()),
            ..self.lower_notifies(config, &instance.notify, Subject::Instance, name)
        };
        let Some(plain) = router(config, instance, group) else {
            return;
        };
        let mut spec = RouterSpec {
            hmac,
            fixtures: routing.fixtures(&format!("({name})"), &instance.routes, &instance.rules),
            ..plain
        };
        let own = &mut self.virtual_interfaces;
        if let Err(why) = own.lower(&config.global, instance, &mut spec, host) {
            self.complaints
                .push(format!("({}) is NOT run: {why}", spec.name));
            return;
        }
        self.notifies.insert(spec.name.clone(), notifies);
        self.spec.routers.push(anywhere::placed(spec, config));
    }

    /// Members and trackers are lowered with the instances.
    fn lower_group(&mut self, config: &config::Config, group: &config::SyncGroup) {
        let name = &group.name.value;
        let notifies = self.lower_notifies(config, &group.notify, Subject::Group, name);
        self.groups.insert(name.clone(), notifies);
    }

    fn lower_notifies(
        &mut self,
        config: &config::Config,
        notify: &config::Notify,
        kind: Subject,
        name: &str,
    ) -> Notifies {
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
        Notifies {
            master: lower("notify_master", &notify.master),
            backup: lower("notify_backup", &notify.backup),
            fault: lower("notify_fault", &notify.fault),
            stop: lower("notify_stop", &notify.stop),
            deleted: lower("notify_deleted", &notify.deleted),
            master_rx_lower_pri: lower("notify_master_rx_lower_pri", &notify.master_rx_lower_pri),
            any: lower("notify", &notify.any),
            kind,
            name: name.to_owned(),
            group: None,
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

fn old_checksum(given: config::OldChecksum) -> OldChecksum {
    match given {
        config::OldChecksum::Detect => OldChecksum::Detect,
        config::OldChecksum::Always => OldChecksum::Always,
        config::OldChecksum::Never => OldChecksum::Never,
    }
}

fn address(address: &config::VirtualAddress) -> VirtualAddress {
    let (ip, prefix) = (address.network.address, address.network.prefix);
    let broadcast = match (ip, address.broadcast) {
        (IpAddr::V4(ip), Some(broadcast)) => Some(broadcast.address(ip, prefix).into()),
        _ => None,
    };
    let peer = routing::peer(address);
    // With a peer the address stands alone, and the peer's length counts.
    let prefix = peer.map_or(prefix, |(_, prefix)| prefix);
    let preferred = routing::preferred_lifetime(address, prefix);
    VirtualAddress {
        address: ip,
        prefix,
        interface: address.device.clone(),
        broadcast,
        peer,
        scope: address.scope.0,
        label: address.label.clone(),
        no_track: address.no_track,
        options: AddressOptions {
            home: address.home,
            duplicate_detection: address.duplicate_detection,
            manage_temporary: address.manage_temporary,
            no_prefix_route: address.no_prefix_route,
            auto_join: address.auto_join,
            preferred_lifetime_s: preferred,
        },
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

/// What the instance's own lines say; signatures, routes and an interface of its own come later.
fn router(
    config: &config::Config,
    instance: &config::VrrpInstance,
    group: Option<&config::SyncGroup>,
) -> Option<RouterSpec> {
    let vrid = Vrid::new(instance.vrid.value.get())?;
    let (authentication, header_key) = authentication::message(instance);
    Some(RouterSpec {
        name: instance.name.value.clone(),
        interface: instance
            .interface
            .as_ref()
            .map_or_else(String::new, |name| name.value.clone()),
        vrid,
        version: version(instance.version),
        priority: Priority(instance.priority.get()),
        advert_interval: micros(instance.advert_int),
        authentication,
        header_key,
        hmac: None,
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
        old_checksum: old_checksum(instance.old_checksum),
        addresses: instance.addresses.iter().map(address).collect(),
        excluded: instance.excluded_addresses.iter().map(address).collect(),
        fixtures: Vec::new(),
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
        track_source: instance.track_source_address,
        stalled_backup: instance.timer_expired_backup.map(Priority),
        tracks: tracks::of_member(config, instance, group),
        sync_group: group.map(|group| group.name.value.clone()),
        rules: rules(config, instance, group),
        notify: Notify {
            deleted: instance.tells_deletion,
            priority_changes: instance.notify_priority_changes
                || group.is_some_and(|group| group.notify_priority_changes),
        },
        virtual_interface: None,
        accept: instance.accept,
        channel: channel::channel(instance),
    })
}

fn group_of<'c>(config: &'c config::Config, member: &str) -> Option<&'c config::SyncGroup> {
    let is_in = |group: &&config::SyncGroup| group.members.iter().any(|one| one.value == member);
    config.sync_groups.iter().find(is_in)
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

/// Where scripts or readers of a FIFO act on the role, two nodes must never both have it: such an instance leaves
/// exclusively, all others overlap with their successor. Strict mode does nothing of all this.
fn rules(
    config: &config::Config,
    instance: &config::VrrpInstance,
    group: Option<&config::SyncGroup>,
) -> Rules {
    let acts = |notify: &config::Notify| {
        let acting = [&notify.master, &notify.backup, &notify.stop, &notify.any];
        acting.iter().any(|script| script.is_some())
    };
    // Members of a group go together: scripts of one that act make all of them wait.
    let together = |group: &config::SyncGroup| {
        let acting = config.instances.iter().filter(|other| acts(&other.notify));
        let names: BTreeSet<&str> = acting.map(|other| other.name.value.as_str()).collect();
        let mut members = group.members.iter();
        acts(&group.notify) || members.any(|member| names.contains(member.value.as_str()))
    };
    let scripts = acts(&instance.notify) || group.is_some_and(together);
    let fifos = &config.global.fifos;
    let fifo = [&fifos.all, &fifos.vrrp]
        .iter()
        .any(|fifo| fifo.path.is_some());
    if instance.strict {
        return Rules::PROTOCOL;
    }
    let leave = match instance.handover {
        Some(config::Handover::Overlap) => Leave::Overlap,
        Some(config::Handover::Exclusive) => Leave::Exclusive,
        Some(config::Handover::Immediate) => Leave::Immediate,
        None if fifo || scripts => Leave::Exclusive,
        None => Leave::Overlap,
    };
    Rules {
        leave,
        start_probe: instance.start_probe,
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
    let (identity, other) = possible(identity(config, script)?);
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
    let warning = warning.or(other);
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
                groups: groups(config, &user, user.gid),
            },
            None => own_identity(),
        });
    };
    system_identity(config, wanted)
}

/// A daemon that may not change its user runs scripts as itself, with a warning.
fn possible(wanted: Identity) -> (Identity, Option<String>) {
    let own = own_identity();
    let needed = [Capability::SetUid, Capability::SetGid];
    let may = Effective::of_this_thread().is_ok_and(|has| has.missing(&needed).next().is_none());
    if may || (wanted.uid, wanted.gid) == (own.uid, own.gid) {
        return (wanted, None);
    }
    let text = format!(
        "it runs as user {} like this daemon, which may not become user {} (CAP_SETUID and CAP_SETGID)",
        own.uid, wanted.uid
    );
    // Without the groups it is another identity than the daemon's own: the daemon's capabilities are not passed on.
    let bare = Identity {
        groups: Vec::new(),
        ..own
    };
    (bare, Some(text))
}

/// That user and group of the system.
fn system_identity(config: &config::Config, wanted: &config::Identity) -> Result<Identity, String> {
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
        groups: groups(config, &user, gid),
    })
}

/// The one group, or with `set_supplementary_groups` all groups of the user. A directory service that does not answer
/// costs the further ones.
fn groups(config: &config::Config, user: &User, gid: u32) -> Vec<u32> {
    let all = config.global.supplementary_groups;
    let all = all.then(|| user.groups(gid).ok()).flatten();
    all.unwrap_or_else(|| vec![gid])
}
