//! The first section of `keepalived.data`: what `global_defs` says.

use standfast_config::{Config, Fifo, GlobalDefs, Mail, ReloadFile, Script, Version};

use super::{Page, quoted, yes};

/// `parent`: as the parent process writes it, with what it runs itself.
pub(super) fn write(page: &mut Page, config: &Config, parent: bool) {
    let global = &config.global;
    page.title("Global definitions");
    let namespace = config.root.net_namespace.as_ref();
    let namespace = namespace.map_or("(default)", |name| name.value.as_str());
    page.line(format_args!(" Network namespace = {namespace}"));
    if let Some(instance) = &config.root.instance {
        page.line(format_args!(" Instance name = {}", instance.value));
    }
    if let Some(router_id) = &global.router_id {
        page.line(format_args!(" Router ID = {}", router_id.value));
    }
    mail(page, &global.mail);
    let alert = |value: Option<bool>| match value {
        None => "unset",
        Some(true) => "on",
        Some(false) => "off",
    };
    let wanted = alert(global.smtp_alert_vrrp);
    page.line(format_args!(" Default smtp_alert_vrrp = {wanted}"));
    reload(page, global);
    if parent {
        let (startup, shutdown) = (&global.startup_script, &global.shutdown_script);
        script(
            page,
            "Startup",
            startup.as_ref(),
            global.startup_script_timeout.get(),
        );
        script(
            page,
            "Shutdown",
            shutdown.as_ref(),
            global.shutdown_script_timeout.get(),
        );
    }
    fifo(page, "Global", &global.fifos.all);
    fifo(page, "VRRP", &global.fifos.vrrp);
    let states = global.fifos.states_on_reload;
    page.line(format_args!(" FIFO write vrrp states on reload = {states}"));
    let changes = global.notify_priority_changes;
    page.line(format_args!(" VRRP notify priority changes = {changes}"));
    defaults(page, global);
    let security = if global.script_security {
        "enabled"
    } else {
        "disabled"
    };
    page.line(format_args!(" Script security {security}"));
    page.line(format_args!(" umask = 0{:o}", global.files.umask));
}

fn mail(page: &mut Page, mail: &Mail) {
    if let Some(server) = &mail.server {
        page.line(format_args!(" Smtp server = {}", server.value.host));
        page.line(format_args!(" Smtp server port = {}", server.value.port));
    }
    if let Some(name) = &mail.helo_name {
        page.line(format_args!(" Smtp HELO name = {}", name.value));
    }
    if mail.server.is_some() {
        let seconds = mail.timeout.get() / 1_000_000;
        page.line(format_args!(" Smtp server connection timeout = {seconds}"));
    }
    if let Some(from) = &mail.from {
        page.line(format_args!(" Email notification from = {}", from.value));
    }
    if !mail.recipients.is_empty() {
        page.line(format_args!(" Email notification to:"));
        for recipient in &mail.recipients {
            page.line(format_args!("   {}", recipient.value));
        }
    }
}

fn reload(page: &mut Page, global: &GlobalDefs) {
    let reload = &global.reload;
    match (reload.check, &reload.check_log) {
        (false, _) => page.line(format_args!(" No test config before reload")),
        (true, None) => page.line(format_args!(" Test config before reload")),
        (true, Some(log)) => {
            let log = log.value.display();
            page.line(format_args!(" Test config before reload, log to {log}"));
        }
    }
    if let Some(path) = &reload.time_file {
        let repeat = if reload.repeat { " (repeat)" } else { "" };
        page.line(format_args!(
            " Reload time file = {}{repeat}",
            path.value.display()
        ));
    }
    match &reload.file {
        None => {}
        Some(ReloadFile::Default) => page.line(format_args!(" Reload_file = (default)")),
        Some(ReloadFile::Path(path)) => {
            page.line(format_args!(" Reload_file = {}", path.display()));
        }
    }
}

fn script(page: &mut Page, label: &str, script: Option<&Script>, timeout_us: u64) {
    if let Some(script) = script {
        let (command, seconds) = (quoted(script), timeout_us / 1_000_000);
        page.line(format_args!(
            " {label} script = {command}, timeout {seconds}"
        ));
    }
}

fn fifo(page: &mut Page, label: &str, fifo: &Fifo) {
    let Some(path) = &fifo.path else {
        return;
    };
    let path = path.value.display();
    page.line(format_args!(" {label} notify fifo = {path}"));
    if let Some(script) = &fifo.script {
        let command = quoted(script);
        page.line(format_args!(
            " {label} notify fifo script = {command} '{path}'"
        ));
    }
}

fn defaults(page: &mut Page, global: &GlobalDefs) {
    let (garp, groups) = (&global.garp, &global.multicast);
    let seconds = |micros: u64| micros / 1_000_000;
    page.line(format_args!(" VRRP IPv4 mcast group = {}", groups.v4));
    page.line(format_args!(" VRRP IPv6 mcast group = {}", groups.v6));
    let delay = seconds(garp.master_delay.get());
    page.line(format_args!(" Gratuitous ARP delay = {delay}"));
    page.line(format_args!(
        " Gratuitous ARP repeat = {}",
        garp.master_repeat
    ));
    let refresh = seconds(garp.master_refresh.get());
    page.line(format_args!(" Gratuitous ARP refresh timer = {refresh}"));
    let repeat = garp.master_refresh_repeat;
    page.line(format_args!(" Gratuitous ARP refresh repeat = {repeat}"));
    page.line(format_args!(
        " Num adverts before down = {}",
        global.down_timer_adverts
    ));
    let answer = !global.lower_prio_no_advert;
    page.line(format_args!(
        " Send advert after receive lower priority advert = {answer}"
    ));
    let send = global.higher_prio_send_advert;
    page.line(format_args!(
        " Send advert after receive higher priority advert = {send}"
    ));
    let version = match global.version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    page.line(format_args!(" VRRP default protocol version = {version}"));
    page.line(format_args!(
        " VRRP check unicast_src = {}",
        global.check_unicast_src
    ));
    let skip = global.skip_check_adv_addr;
    page.line(format_args!(" VRRP skip check advert addresses = {skip}"));
    page.line(format_args!(" VRRP strict mode = {}", global.strict));
    page.line(format_args!(
        " Dynamic interfaces = {}",
        yes(global.dynamic_interfaces)
    ));
}
