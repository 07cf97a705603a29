//! `keepalived.json`: names, order and types of keepalived's members, on which monitoring relies.

use serde::Serialize;
use standfast_config::{AuthenticationKind, Script, VrrpInstance};
use standfast_core::journal::DropCause;
use standfast_core::router::{Counters, Router, State};
use standfast_core::spec::Tracked;
use standfast_core::time::Micros;
use standfast_wire::vrrp::Version;

use super::peers::{self, Peer};
use super::statistics::{count, failures};
use super::{Picture, address, quoted, state_number};

/// One line, slashes escaped, as keepalived's writer does; `None` without instances, where keepalived
/// writes nothing.
pub(crate) fn json(picture: &Picture<'_>) -> Option<String> {
    let instances: Vec<Instance<'_>> = picture
        .node
        .routers()
        .map(|router| Instance {
            data: data(picture, router),
            stats: statistics(router.counters()),
            peers: peers::of_router(picture, router),
        })
        .collect();
    if instances.is_empty() {
        return None;
    }
    let text = match picture.config.global.files.json_version {
        2 => serde_json::to_string(&Version2 { vrrp: instances }),
        _ => serde_json::to_string(&instances),
    };
    // Slashes occur in strings alone.
    Some(text.ok()?.replace('/', "\\/") + "\n")
}

/// `json_version 2`
#[derive(Serialize)]
struct Version2<'a> {
    vrrp: Vec<Instance<'a>>,
}

#[derive(Serialize)]
struct Instance<'a> {
    data: Data<'a>,
    stats: Statistics,
    /// keepalived knows of none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    peers: Vec<Peer<'a>>,
}

/// The order and the mixture of numbers and booleans are keepalived's.
#[derive(Serialize)]
struct Data<'a> {
    iname: &'a str,
    dont_track_primary: u8,
    skip_check_adv_addr: u8,
    strict_mode: u8,
    vmac_ifname: &'a str,
    ifp_ifname: &'a str,
    master_priority: u8,
    last_transition: serde_json::Number,
    garp_delay: u64,
    garp_refresh: u64,
    garp_rep: u16,
    garp_refresh_rep: u16,
    garp_lower_prio_delay: u64,
    garp_lower_prio_rep: u16,
    lower_prio_no_advert: u8,
    higher_prio_send_advert: u8,
    vrid: u8,
    base_priority: u8,
    effective_priority: u8,
    vipset: bool,
    promote_secondaries: bool,
    adver_int: serde_json::Number,
    master_adver_int: serde_json::Number,
    accept: u8,
    nopreempt: bool,
    preempt_delay: u64,
    state: u8,
    wantstate: u8,
    version: u8,
    smtp_alert: bool,
    notify_deleted: bool,
    #[serde(flatten)]
    scripts: Scripts,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vips: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evips: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    track_ifp: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    track_script: Vec<String>,
    auth_type: u8,
    /// Masked: keepalived 2.2 shows the password to everybody who may read the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_data: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Scripts {
    #[serde(skip_serializing_if = "Option::is_none")]
    script_backup: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script_master: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script_fault: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script_stop: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script_deleted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    script_master_rx_lower_pri: Option<String>,
}

#[derive(Serialize)]
struct Statistics {
    advert_rcvd: u64,
    advert_sent: u64,
    become_master: u64,
    release_master: u64,
    packet_len_err: u64,
    advert_interval_err: u64,
    ip_ttl_err: u64,
    invalid_type_rcvd: u64,
    addr_list_err: u64,
    invalid_authtype: u64,
    authtype_mismatch: u64,
    auth_failure: u64,
    pri_zero_rcvd: u64,
    pri_zero_sent: u64,
}

fn data<'a>(picture: &Picture<'a>, router: &'a Router) -> Data<'a> {
    let (spec, instance) = (router.spec(), picture.instance(router));
    let is = |wanted: fn(&VrrpInstance) -> bool| instance.is_some_and(wanted);
    let seconds = |micros: Micros| micros.0 / 1_000_000;
    let followed = router.followed();
    let lists = address::lists(router);
    let (auth_type, auth_data) = authentication(instance);
    Data {
        iname: &spec.name,
        dont_track_primary: u8::from(!spec.track_primary),
        skip_check_adv_addr: u8::from(spec.skip_check_adv_addr),
        strict_mode: u8::from(is(|one| one.strict)),
        vmac_ifname: "",
        ifp_ifname: &spec.interface,
        master_priority: followed
            .filter(|_| router.state() == State::Backup)
            .map_or(0, |followed| followed.priority.0),
        last_transition: number(picture.last_transition_us(router)),
        garp_delay: seconds(spec.garp.delay),
        garp_refresh: seconds(spec.garp.refresh),
        garp_rep: spec.garp.repeat,
        garp_refresh_rep: spec.garp.refresh_repeat,
        garp_lower_prio_delay: seconds(spec.garp.lower_prio_delay),
        garp_lower_prio_rep: spec.garp.lower_prio_repeat,
        lower_prio_no_advert: u8::from(spec.lower_prio_no_advert),
        higher_prio_send_advert: u8::from(spec.higher_prio_send_advert),
        vrid: spec.vrid.get(),
        base_priority: spec.priority.0,
        effective_priority: router.effective_priority().0,
        vipset: matches!(router.state(), State::Active | State::Leaving),
        promote_secondaries: is(|one| one.promote_secondaries),
        adver_int: number(spec.advert_interval.0),
        master_adver_int: number(router.active_interval().0),
        accept: u8::from(is(|one| one.accept)),
        nopreempt: !spec.preempt,
        preempt_delay: seconds(spec.preempt_delay),
        state: state_number(router),
        wantstate: state_number(router),
        version: match spec.version {
            Version::V2 => 2,
            Version::V3 => 3,
        },
        smtp_alert: is(|one| one.smtp_alert),
        notify_deleted: spec.notify.deleted,
        scripts: instance.map(scripts).unwrap_or_default(),
        vips: lists.advertised,
        evips: lists.excluded,
        track_ifp: tracked_interfaces(router),
        track_script: tracked_scripts(picture, router),
        auth_type,
        auth_data,
    }
}

fn authentication(instance: Option<&VrrpInstance>) -> (u8, Option<&'static str>) {
    let kind = instance
        .and_then(|instance| instance.authentication)
        .map(|authentication| authentication.kind);
    match kind {
        None => (0, None),
        Some(AuthenticationKind::Pass) => (1, Some("********")),
        Some(AuthenticationKind::Ah) => (2, Some("********")),
    }
}

fn scripts(instance: &VrrpInstance) -> Scripts {
    let text = |script: &Option<Box<Script>>| script.as_deref().map(quoted);
    let notify = &instance.notify;
    Scripts {
        script_backup: text(&notify.backup),
        script_master: text(&notify.master),
        script_fault: text(&notify.fault),
        script_stop: text(&notify.stop),
        script_deleted: text(&notify.deleted),
        script: text(&notify.any),
        script_master_rx_lower_pri: text(&notify.master_rx_lower_pri),
    }
}

fn tracked_interfaces(router: &Router) -> Vec<&str> {
    let tracks = router.spec().tracks.iter();
    let interfaces = tracks.filter_map(|track| match &track.object {
        Tracked::Interface(name) => Some(name.as_str()),
        Tracked::Check(_) | Tracked::File(_) | Tracked::Process(_) | Tracked::Bfd(_) => None,
    });
    interfaces.collect()
}

/// What they run, not what they are called.
fn tracked_scripts(picture: &Picture<'_>, router: &Router) -> Vec<String> {
    let tracks = router.spec().tracks.iter();
    let scripts = tracks.filter_map(|track| match &track.object {
        Tracked::Check(name) => {
            let script = picture.scripts.get(name.as_str())?;
            Some(quoted(&script.script))
        }
        Tracked::Interface(_) | Tracked::File(_) | Tracked::Process(_) | Tracked::Bfd(_) => None,
    });
    scripts.collect()
}

fn statistics(counters: &Counters) -> Statistics {
    Statistics {
        advert_rcvd: counters.received,
        advert_sent: counters.sent,
        become_master: counters.became_active,
        release_master: counters.released,
        packet_len_err: count(counters, DropCause::Length),
        advert_interval_err: count(counters, DropCause::Interval),
        ip_ttl_err: count(counters, DropCause::Ttl),
        invalid_type_rcvd: count(counters, DropCause::Type),
        addr_list_err: counters.address_lists,
        invalid_authtype: 0,
        authtype_mismatch: count(counters, DropCause::AuthenticationType),
        auth_failure: failures(counters),
        pri_zero_rcvd: counters.resigns_received,
        pri_zero_sent: counters.resigns_sent,
    }
}

/// Microseconds as seconds: a whole number where it is one, a fraction otherwise.
fn number(micros: u64) -> serde_json::Number {
    let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
    let fraction = || {
        let text = format!("{seconds}.{rest:06}");
        serde_json::Number::from_f64(text.parse().ok()?)
    };
    let whole = serde_json::Number::from(seconds);
    if rest == 0 {
        return whole;
    }
    fraction().unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_whole_or_have_a_fraction() {
        for (micros, text) in [
            (1_000_000, "1"),
            (200_000, "0.2"),
            (1_795_420_254_435_364, "1795420254.435364"),
        ] {
            assert_eq!(number(micros).to_string(), text);
        }
    }
}
