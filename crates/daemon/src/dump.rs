//! The files that keepalived's users read after a signal: `keepalived.data` (SIGUSR1) and
//! `keepalived.stats` (SIGUSR2), in keepalived's layout.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use standfast_config::Config;
use standfast_core::journal::{DropCause, Fault};
use standfast_core::router::{Counters, Router, State};
use standfast_core::spec::Tracked;
use standfast_core::{Instant, Node};
use standfast_linux::calendar::date_time;
use standfast_linux::clock::{Micros, realtime};
use standfast_wire::vrrp::{Authentication, Version};

/// Writes `keepalived.data`.
pub(crate) fn write_data(node: &Node, config: &Config, now: Instant) -> io::Result<PathBuf> {
    replace("keepalived.data", &data(node, config, now))
}

/// Writes `keepalived.stats`.
pub(crate) fn write_statistics(node: &mut Node, clear: bool) -> io::Result<PathBuf> {
    let mut text = String::new();
    for router in node.routers() {
        statistics(&mut text, &router.spec().name, router.counters());
    }
    if clear {
        node.clear_counters();
    }
    replace("keepalived.stats", &text)
}

/// The file is always whole, readable for root alone, and a link that somebody put in its place is
/// replaced and not followed.
fn replace(name: &str, text: &str) -> io::Result<PathBuf> {
    let directory = std::env::var_os("TMPDIR").unwrap_or_else(|| "/tmp".into());
    let path = PathBuf::from(directory).join(name);
    let fresh = path.with_extension(format!("new.{}", std::process::id()));
    let _ = fs::remove_file(&fresh);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&fresh, &path)?;
    Ok(path)
}

fn data(node: &Node, config: &Config, now: Instant) -> String {
    let mut text = String::from("------< Global definitions >------\n");
    if let Some(router_id) = &config.global.router_id {
        line(&mut text, format_args!(" Router ID = {}", router_id.value));
    }
    text.push_str("------< VRRP Topology >------\n");
    for router in node.routers() {
        instance(&mut text, router, now);
    }
    text.push_str("------< VRRP Scripts >------\n");
    for check in node.checks() {
        line(
            &mut text,
            format_args!(" VRRP Script = {}", check.spec.name),
        );
        line(
            &mut text,
            format_args!("   Command = {}", check.spec.definition),
        );
        line(
            &mut text,
            format_args!("   Interval = {}", check.spec.interval),
        );
        line(
            &mut text,
            format_args!("   Timeout = {}", check.spec.timeout),
        );
        line(&mut text, format_args!("   Rise = {}", check.spec.rise));
        line(&mut text, format_args!("   Fall = {}", check.spec.fall));
        line(&mut text, format_args!("   Status = {:?}", check.state));
        if let Some(why) = &check.spec.unusable {
            line(&mut text, format_args!("   Disabled = {why}"));
        }
    }
    text
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = text.write_fmt(arguments);
    text.push('\n');
}

fn instance(text: &mut String, router: &Router, now: Instant) {
    let spec = router.spec();
    let since = realtime().0.saturating_sub(now.since(router.since()).0);
    line(text, format_args!(" VRRP Instance = {}", spec.name));
    let version = match spec.version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    line(text, format_args!("   VRRP Version = {version}"));
    line(
        text,
        format_args!("   State = {}", router.state().keepalived_name()),
    );
    if let Some(followed) = router
        .followed()
        .filter(|_| router.state() == State::Backup)
    {
        line(
            text,
            format_args!("   Master router = {}", followed.address),
        );
        line(
            text,
            format_args!("   Master priority = {}", followed.priority),
        );
    }
    line(
        text,
        format_args!(
            "   Last transition = {}.{:06} ({})",
            since / 1_000_000,
            since % 1_000_000,
            date_time(Micros(since))
        ),
    );
    interface(text, router);
    if let Some(source) = router.source() {
        line(text, format_args!("   Using src_ip = {source}"));
    }
    line(text, format_args!("   Virtual Router ID = {}", spec.vrid));
    line(text, format_args!("   Priority = {}", spec.priority));
    line(
        text,
        format_args!("   Effective priority = {}", router.effective_priority()),
    );
    line(
        text,
        format_args!("   Advert interval = {}", spec.advert_interval),
    );
    line(
        text,
        format_args!("   Master down timer = {} usecs", router.down_interval().0),
    );
    line(text, format_args!("   Accept = {}", switch(spec.accept)));
    line(text, format_args!("   Preempt = {}", switch(spec.preempt)));
    if let Authentication::Password(_) = spec.authentication {
        text.push_str("   Authentication type = SIMPLE_PASSWORD\n   Password = ********\n");
    }
    tracked(text, router);
    addresses(text, router);
}

fn switch(on: bool) -> &'static str {
    if on { "enabled" } else { "disabled" }
}

fn interface(text: &mut String, router: &Router) {
    let spec = router.spec();
    let Some(own) = &spec.virtual_interface else {
        return line(text, format_args!("   Interface = {}", spec.interface));
    };
    let (name, base) = (&own.name, own.transmit_base);
    let down =
        |fault: &Fault| matches!(fault, Fault::InterfaceDown(_) | Fault::InterfaceMissing(_));
    let up = !router.faults().any(down);
    let kind = if own.virtual_mac { "vmac" } else { "ipvlan" };
    if own.virtual_mac {
        line(
            text,
            format_args!("   Use VMAC, i/f name {name}, is_up = {up}, xmit_base = {base}"),
        );
    }
    let transmits = if base { ", xmit base i/f" } else { "" };
    line(
        text,
        format_args!(
            "   Interface = {name}, {kind} on {}{transmits}",
            spec.interface
        ),
    );
}

fn tracked(text: &mut String, router: &Router) {
    for track in &router.spec().tracks {
        let (kind, name) = match &track.object {
            Tracked::Check(name) => ("script", name),
            Tracked::Interface(name) => ("interface", name),
        };
        let reverse = if track.weight.reverse { " reverse" } else { "" };
        let weight = track.weight.value;
        line(
            text,
            format_args!("   Tracked {kind} = {name} weight {weight}{reverse}"),
        );
    }
    for fault in router.faults() {
        line(text, format_args!("   Fault = {fault}"));
    }
}

fn addresses(text: &mut String, router: &Router) {
    let count = router.spec().addresses.len();
    line(text, format_args!("   Virtual IP ({count}):"));
    for (position, (address, held)) in router.addresses().enumerate() {
        if position == count {
            let excluded = router.spec().excluded.len();
            line(text, format_args!("   Virtual IP Excluded ({excluded}):"));
        }
        let device = address
            .interface
            .as_ref()
            .unwrap_or(&router.spec().interface);
        let set = if held { " set" } else { "" };
        let (ip, prefix) = (address.address, address.prefix);
        line(
            text,
            format_args!("     {ip}/{prefix} dev {device} scope global{set}"),
        );
    }
}

fn statistics(text: &mut String, name: &str, counters: &Counters) {
    let dropped = |cause: DropCause| counters.dropped.get(&cause).copied().unwrap_or(0);
    line(text, format_args!("VRRP Instance: {name}"));
    line(text, format_args!("  Advertisements:"));
    line(text, format_args!("    Received: {}", counters.received));
    line(text, format_args!("    Sent: {}", counters.sent));
    line(
        text,
        format_args!("  Became master: {}", counters.became_active),
    );
    line(
        text,
        format_args!("  Released master: {}", counters.released),
    );
    line(text, format_args!("  Packet Errors:"));
    line(
        text,
        format_args!("    Length: {}", dropped(DropCause::Length)),
    );
    line(text, format_args!("    TTL: {}", dropped(DropCause::Ttl)));
    line(
        text,
        format_args!("    Invalid Type: {}", dropped(DropCause::Type)),
    );
    let interval = dropped(DropCause::Interval);
    line(text, format_args!("    Advertisement Interval: {interval}"));
    line(
        text,
        format_args!("    Address List: {}", counters.address_lists),
    );
    line(text, format_args!("  Authentication Errors:"));
    line(text, format_args!("    Invalid Type: 0"));
    let mismatch = dropped(DropCause::AuthenticationType);
    line(text, format_args!("    Type Mismatch: {mismatch}"));
    line(
        text,
        format_args!("    Failure: {}", dropped(DropCause::Authentication)),
    );
    line(text, format_args!("  Priority Zero:"));
    line(
        text,
        format_args!("    Received: {}", counters.resigns_received),
    );
    line(text, format_args!("    Sent: {}", counters.resigns_sent));
}
