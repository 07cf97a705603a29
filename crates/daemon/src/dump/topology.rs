//! The instances, groups and interfaces of `keepalived.data`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use standfast_config::{AuthenticationKind, SyncGroup, VrrpInstance};
use standfast_core::input::InterfaceIndex;
use standfast_core::interface::Interface;
use standfast_core::journal::Fault;
use standfast_core::router::{Router, State};
use standfast_core::spec::{RouterSpec, Tracked};
use standfast_linux::calendar::date_time;
use standfast_linux::clock::Micros;
use standfast_wire::vrrp::Version;

use super::{Page, Picture, address, enabled, quoted, state_word, yes};

pub(super) fn write(page: &mut Page, picture: &Picture<'_>) {
    page.title("VRRP Topology");
    for router in picture.node.routers() {
        let instance = picture.instance(router);
        head(page, picture, router);
        times(page, picture, router);
        settings(page, router, instance);
        announcements(page, router);
        addresses(page, router);
        unicast(page, router.spec());
        tracked(page, router);
        if let Some(instance) = instance {
            notifies(page, instance);
        }
    }
    if !picture.config.sync_groups.is_empty() {
        page.title("VRRP Sync groups");
        for one in &picture.config.sync_groups {
            group(page, picture, one);
        }
    }
}

fn head(page: &mut Page, picture: &Picture<'_>, router: &Router) {
    let spec = router.spec();
    page.line(format_args!(" VRRP Instance = {}", spec.name));
    let version = match spec.version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    page.line(format_args!("   VRRP Version = {version}"));
    if let Some(group) = picture.groups.get(spec.name.as_str()) {
        page.line(format_args!("   Sync group = {group}"));
    }
    page.line(format_args!("   State = {}", state_word(router)));
    let followed = router.followed();
    if let Some(followed) = followed.filter(|_| router.state() == State::Backup) {
        page.line(format_args!("   Master router = {}", followed.address));
        page.line(format_args!("   Master priority = {}", followed.priority));
        if spec.version == Version::V3 {
            let centiseconds = router.active_interval().0 / 10_000;
            let (seconds, rest) = (centiseconds / 100, centiseconds % 100);
            page.line(format_args!(
                "   Master advert int = {seconds}.{rest:02} sec"
            ));
        }
    }
    page.line(format_args!("   Wantstate = {}", state_word(router)));
    let faults = router.faults().count();
    page.line(format_args!(
        "   Number of interface and track script faults = {faults}"
    ));
}

fn moment(at_us: u64) -> String {
    let (seconds, micros) = (at_us / 1_000_000, at_us % 1_000_000);
    let date = date_time(Micros(at_us));
    // ctime(3) with the fraction before the year.
    let (day, year) = date.rsplit_once(' ').unwrap_or((&date, ""));
    format!("{seconds}.{micros:06} ({day}.{micros:06} {year})")
}

fn times(page: &mut Page, picture: &Picture<'_>, router: &Router) {
    let transition = moment(picture.last_transition_us(router));
    page.line(format_args!("   Last transition = {transition}"));
    match router.next_wakeup() {
        Some((due, _)) => {
            let due = picture.realtime_us.saturating_add(due.since(picture.now).0);
            page.line(format_args!("   Read timeout = {}", moment(due)));
        }
        None => page.line(format_args!("   Read timeout = DISABLED")),
    }
    let down = router.down_interval().0;
    page.line(format_args!("   Master down timer = {down} usecs"));
    interface(page, router);
    if let Some(source) = router.source() {
        let configured = match router.spec().source {
            Some(_) => " (from configuration)",
            None => "",
        };
        page.line(format_args!("   Using src_ip = {source}{configured}"));
    }
}

fn interface(page: &mut Page, router: &Router) {
    let spec = router.spec();
    let Some(own) = &spec.virtual_interface else {
        if spec.has_interface() {
            page.line(format_args!("   Interface = {}", spec.interface));
        }
        return;
    };
    let (name, base) = (&own.name, own.transmit_base);
    let down =
        |fault: &Fault| matches!(fault, Fault::InterfaceDown(_) | Fault::InterfaceMissing(_));
    let up = !router.faults().any(down);
    let kind = if own.virtual_mac { "vmac" } else { "ipvlan" };
    if own.virtual_mac {
        page.line(format_args!(
            "   Use VMAC, i/f name {name}, is_up = {up}, xmit_base = {base}"
        ));
    }
    let transmits = if base { ", xmit base i/f" } else { "" };
    page.line(format_args!(
        "   Interface = {name}, {kind} on {}{transmits}",
        spec.interface
    ));
}

fn settings(page: &mut Page, router: &Router, instance: Option<&VrrpInstance>) {
    let spec = router.spec();
    page.line(format_args!("   Virtual Router ID = {}", spec.vrid));
    page.line(format_args!("   Priority = {}", spec.priority));
    let effective = router.effective_priority();
    page.line(format_args!("   Effective priority = {effective}"));
    page.line(format_args!("   Total priority = {effective}"));
    let interval = spec.advert_interval.0;
    match spec.version {
        Version::V2 => page.line(format_args!(
            "   Advert interval = {} sec",
            interval / 1_000_000
        )),
        Version::V3 => {
            page.line(format_args!(
                "   Advert interval = {} milli-sec",
                interval / 1_000
            ));
        }
    }
    if spec.version == Version::V3 && router.state() == State::Backup {
        let theirs = router.active_interval().0 / 1_000;
        page.line(format_args!(
            "   Master advert interval = {theirs} milli-sec"
        ));
    }
    if let Some(instance) = instance {
        page.line(format_args!("   Accept = {}", enabled(instance.accept)));
    }
    page.line(format_args!("   Preempt = {}", enabled(spec.preempt)));
    if spec.preempt_delay.0 > 0 {
        let seconds = spec.preempt_delay.0 / 1_000_000;
        page.line(format_args!("   Preempt delay = {seconds} secs"));
    }
    let Some(instance) = instance else {
        return;
    };
    let promote = enabled(instance.promote_secondaries);
    page.line(format_args!("   Promote_secondaries = {promote}"));
    match instance
        .authentication
        .map(|authentication| authentication.kind)
    {
        Some(kind) => {
            let kind = match kind {
                AuthenticationKind::Pass => "SIMPLE_PASSWORD",
                AuthenticationKind::Ah => "IPSEC_AH",
            };
            page.line(format_args!("   Authentication type = {kind}"));
            page.line(format_args!("   Password = ********"));
        }
        None if spec.version == Version::V2 => {
            page.line(format_args!("   Authentication type = none"));
        }
        None => {}
    }
    if let Some(hmac) = &spec.hmac {
        page.line(format_args!("   Authentication type = HMAC"));
        page.line(format_args!("   Mode = {:?}", hmac.mode));
        page.line(format_args!("   Active key = {}", hmac.active));
        let keys: Vec<String> = hmac.keys.iter().map(|key| key.id().to_string()).collect();
        page.line(format_args!("   Keys = {}", keys.join(", ")));
    }
}

fn announcements(page: &mut Page, router: &Router) {
    let spec = router.spec();
    let (garp, seconds) = (spec.garp, |micros: u64| micros / 1_000_000);
    page.line(format_args!(
        "   Gratuitous ARP delay = {}",
        seconds(garp.delay.0)
    ));
    page.line(format_args!("   Gratuitous ARP repeat = {}", garp.repeat));
    page.line(format_args!(
        "   Gratuitous ARP refresh = {}",
        seconds(garp.refresh.0)
    ));
    page.line(format_args!(
        "   Gratuitous ARP refresh repeat = {}",
        garp.refresh_repeat
    ));
    let delay = seconds(garp.lower_prio_delay.0);
    page.line(format_args!(
        "   Gratuitous ARP lower priority delay = {delay}"
    ));
    let repeat = garp.lower_prio_repeat;
    page.line(format_args!(
        "   Gratuitous ARP lower priority repeat = {repeat}"
    ));
    page.line(format_args!(
        "   Down timer adverts = {}",
        spec.down_timer_adverts
    ));
    let answer = !spec.lower_prio_no_advert;
    page.line(format_args!(
        "   Send advert after receive lower priority advert = {answer}"
    ));
    let send = spec.higher_prio_send_advert;
    page.line(format_args!(
        "   Send advert after receive higher priority advert = {send}"
    ));
    for fault in router.faults() {
        page.line(format_args!("   Fault = {fault}"));
    }
    if spec.unicast.is_none() {
        page.line(format_args!("   Multicast address {}", spec.group));
    }
}

fn addresses(page: &mut Page, router: &Router) {
    let lists = address::lists(router);
    page.line(format_args!("   Virtual IP ({}):", lists.advertised.len()));
    for text in &lists.advertised {
        page.line(format_args!("     {text}"));
    }
    if !lists.excluded.is_empty() {
        page.line(format_args!("   Virtual IP Excluded :"));
        for text in &lists.excluded {
            page.line(format_args!("     {text}"));
        }
    }
}

fn unicast(page: &mut Page, spec: &RouterSpec) {
    let Some(unicast) = &spec.unicast else {
        return;
    };
    page.line(format_args!("   Unicast TTL = {}", unicast.ttl));
    page.line(format_args!("   Unicast Peer :"));
    for peer in &unicast.peers {
        let (address, min, max) = (peer.address, peer.min_ttl, peer.max_ttl);
        page.line(format_args!("     {address} min_ttl {min} max_ttl {max}"));
    }
}

fn tracked(page: &mut Page, router: &Router) {
    let [
        mut interfaces,
        mut scripts,
        mut files,
        mut processes,
        mut sessions,
    ] = [const { Vec::new() }; 5];
    for track in &router.spec().tracks {
        let (list, name) = match &track.object {
            Tracked::Interface(name) => (&mut interfaces, name),
            Tracked::Check(name) => (&mut scripts, name),
            Tracked::File(name) => (&mut files, name),
            Tracked::Process(name) => (&mut processes, name),
            Tracked::Bfd(name) => (&mut sessions, name),
        };
        let reverse = if track.weight.reverse { " reverse" } else { "" };
        list.push(format!(
            "     {name} weight {}{reverse}",
            track.weight.value
        ));
    }
    for (title, list) in [
        ("interfaces", interfaces),
        ("scripts", scripts),
        ("files", files),
        ("processes", processes),
        ("BFDs", sessions),
    ] {
        if !list.is_empty() {
            page.line(format_args!("   Tracked {title} :"));
            list.iter()
                .for_each(|text| page.line(format_args!("{text}")));
        }
    }
}

fn notifies(page: &mut Page, instance: &VrrpInstance) {
    page.line(format_args!(
        "   Using smtp notification = {}",
        yes(instance.smtp_alert)
    ));
    let deleted = if instance.tells_deletion {
        "Deleted"
    } else {
        "Fault"
    };
    page.line(format_args!("   Notify deleted = {deleted}"));
    let notify = &instance.notify;
    for (label, script) in [
        ("Backup", &notify.backup),
        ("Master", &notify.master),
        ("Fault", &notify.fault),
        ("Stop", &notify.stop),
        ("Deleted", &notify.deleted),
        ("Generic", &notify.any),
        ("Master rx lower pri", &notify.master_rx_lower_pri),
    ] {
        if let Some(script) = script {
            let command = quoted(script);
            page.line(format_args!(
                "   {label} state transition script = {command}"
            ));
        }
    }
    let changes = instance.notify_priority_changes;
    page.line(format_args!("   Notify priority changes = {changes}"));
}

/// A group is at fault with one member, and master with all of them.
fn group(page: &mut Page, picture: &Picture<'_>, group: &SyncGroup) {
    let routers = group.members.iter();
    let members: Vec<State> = routers
        .filter_map(|member| picture.routers.get(member.value.as_str()))
        .map(|router| router.state())
        .collect();
    let state = if members.contains(&State::Fault) {
        "FAULT"
    } else if !members.is_empty() && members.iter().all(|state| *state == State::Active) {
        "MASTER"
    } else {
        "BACKUP"
    };
    page.line(format_args!(
        " VRRP Sync Group = {}, {state}",
        group.name.value
    ));
    page.line(format_args!("   VRRP member instances :"));
    for member in &group.members {
        page.line(format_args!("     {}", member.value));
    }
    page.line(format_args!(
        "   Using smtp notification = {}",
        yes(group.smtp_alert)
    ));
}

pub(super) fn write_interfaces(page: &mut Page, picture: &Picture<'_>) {
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for router in picture.node.routers() {
        let (interface, name) = (&router.spec().interface, &router.spec().name);
        users.entry(interface).or_default().push(name);
    }
    page.title("Interfaces");
    for (index, interface) in picture.node.interfaces().iter() {
        let users = users.get(interface.name.as_str()).map(Vec::as_slice);
        one_interface(page, index, interface, users.unwrap_or_default());
    }
}

fn one_interface(page: &mut Page, index: InterfaceIndex, one: &Interface, users: &[&str]) {
    page.line(format_args!(" Name = {}", one.name));
    page.line(format_args!("   index = {}", index.0));
    let first = |wanted: fn(&IpAddr) -> bool| {
        let mut addresses = one.addresses().iter().map(|held| held.address);
        let found = addresses.find(wanted).map(|address| address.to_string());
        found.unwrap_or_else(|| "(none)".into())
    };
    page.line(format_args!("   IPv4 address = {}", first(IpAddr::is_ipv4)));
    page.line(format_args!("   IPv6 address = {}", first(IpAddr::is_ipv6)));
    page.line(format_args!("   MAC = {}", one.mac));
    let state = if one.up {
        "UP, RUNNING"
    } else {
        "not UP or not RUNNING"
    };
    page.line(format_args!("   State = {state}"));
    if !users.is_empty() {
        page.line(format_args!("   Tracking VRRP instances :"));
        users
            .iter()
            .for_each(|name| page.line(format_args!("     {name}, weight 0")));
    }
}
