//! Inheritance, defaults and corrections of virtual servers.

mod checker;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diagnostic::{Code, Diagnostic, KeepalivedClass};
use crate::model::{
    CheckDefaults, Family, Forwarding, GlobalDefs, Granularity, GroupEntry, GroupTarget,
    Persistence, Port, RealServer, Scheduler, ServerAddress, ServiceIdentity, ServiceProtocol,
    SorryServer, VirtualServer, VirtualServerGroup,
};
use crate::parse::{
    CheckDraft, DEFAULT_PERSISTENCE_S, Parsed, RealServerDraft, SorryDraft, VirtualServerDraft,
};
use crate::registry::nearest_of;
use crate::span::{Span, Spanned};
use crate::units::Micros;

/// `delay_loop` where nobody gives one.
const DEFAULT_DELAY_LOOP: Micros = Micros::from_secs(60);
/// `connect_timeout` where nobody gives one.
const DEFAULT_CONNECT_TIMEOUT: Micros = Micros::from_secs(5);
/// Names of groups that are compared with an unknown one: the search is for people, whose files have few.
const MAX_SUGGESTIONS: usize = 1000;

/// What `global_defs` says about load balancing.
#[derive(Clone, Copy)]
pub(super) struct ServiceGlobals {
    /// `smtp_alert_checker`, else `smtp_alert`.
    smtp_alert: Option<bool>,
    /// `checker_log_all_failures`.
    log_all_failures: bool,
}

/// What a group holds, as far as it matters for its virtual servers.
#[derive(Clone, Copy, Default)]
struct Contents {
    addresses: bool,
    marks: bool,
    /// The first mark is of IPv4: only then does keepalived complain about what marks can't have.
    v4_mark_first: bool,
    all_ports: bool,
}

/// A group, looked at once for all servers that use it.
struct GroupView<'a> {
    contents: Contents,
    /// The first two ports that differ, with their entries; `None` for all ports and for marks.
    ports: Vec<(Option<Port>, &'a GroupEntry)>,
}

type Groups<'a> = BTreeMap<&'a str, GroupView<'a>>;
/// Where each real server of a service stands.
type Taken = BTreeMap<(IpAddr, Option<u16>), Span>;

impl Parsed<'_> {
    /// Every virtual server that keepalived would set up.
    pub(super) fn resolve_services(
        &mut self,
        groups: &[VirtualServerGroup],
        global: &GlobalDefs,
    ) -> Vec<VirtualServer> {
        let global = ServiceGlobals {
            smtp_alert: global.smtp_alert_checker,
            log_all_failures: global.lvs.log_all_failures,
        };
        let drafts = std::mem::take(&mut self.service.servers);
        let views = groups
            .iter()
            .map(|group| (group.name.value.as_str(), GroupView::of(group)));
        let views: Groups<'_> = views.collect();
        drafts
            .into_iter()
            .filter_map(|draft| self.resolve_service(draft, &views, global))
            .collect()
    }

    fn resolve_service(
        &mut self,
        mut draft: VirtualServerDraft,
        groups: &Groups<'_>,
        global: ServiceGlobals,
    ) -> Option<VirtualServer> {
        let group = self.group(&draft, groups)?;
        let contents = contents(&draft.identity.value, group);
        let span = draft.span;
        if draft.real_servers.is_empty() {
            let text = "this virtual server has no real server; it is ignored";
            self.complain(Code::ServiceIncomplete, span, text);
            return None;
        }
        let family = draft.family?;
        self.check_protocol(&mut draft, contents);
        let scheduler = draft.scheduler.unwrap_or_else(|| {
            self.default_taken(span, "no scheduler is given; `wlc` is taken");
            Spanned::new(Scheduler::WeightedLeastConnection, span)
        });
        let forwarding = self.service_forwarding(&draft);
        self.check_flags(&mut draft, contents);
        let persistence = self.persistence(&mut draft, family, contents);
        let checks = check_defaults(&draft.checks, None, span);
        let servers = std::mem::take(&mut draft.real_servers);
        let inherited = Inherited {
            service: &draft,
            forwarding,
            weight: draft.weight.unwrap_or(Spanned::new(1, span)),
            checks: &checks,
            global,
        };
        let mut real_servers: Vec<RealServer> = Vec::new();
        let mut taken = BTreeMap::new();
        for server in servers {
            let server = self.resolve_real_server(server, &inherited, group);
            if self.is_new_server(&server, &mut taken) {
                real_servers.push(server);
            }
        }
        let weight = inherited.weight;
        let sorry = draft.sorry.take();
        let sorry_server =
            sorry.map(|sorry| self.sorry_server(&sorry, &draft, forwarding, &real_servers));
        if let Some(sorry) = &sorry_server {
            self.check_group_ports(sorry.address, sorry.forwarding, group);
        }
        let quorum = draft.quorum.unwrap_or(Spanned::new(1, span));
        let hysteresis = draft.hysteresis.unwrap_or(Spanned::new(0, span));
        self.count_quorum(quorum.value, hysteresis.value, &real_servers);
        Some(VirtualServer {
            identity: draft.identity,
            family,
            protocol: draft.protocol.map(|protocol| protocol.value),
            scheduler,
            forwarding,
            persistence,
            flags: draft.flags,
            ha_suspend: draft.ha_suspend.is_some(),
            virtualhost: draft.virtualhost,
            alpha: draft.alpha,
            omega: draft.omega,
            quorum,
            hysteresis,
            quorum_up: draft.quorum_up,
            quorum_down: draft.quorum_down,
            weight,
            checks,
            inhibit_on_failure: draft.inhibit,
            smtp_alert: draft.smtp_alert.or(global.smtp_alert).unwrap_or(false),
            snmp_name: draft.snmp_name,
            sorry_server,
            real_servers,
            span,
        })
    }

    /// The group the server names, if it names one; `None`, reported, where that does not exist.
    fn group<'a, 'g>(
        &mut self,
        draft: &VirtualServerDraft,
        groups: &'a Groups<'g>,
    ) -> Option<Option<&'a GroupView<'g>>> {
        let ServiceIdentity::Group(name) = &draft.identity.value else {
            return Some(None);
        };
        let found = groups.get(name.as_str());
        if found.is_none() {
            let text = format!("there is no group `{name}`; this virtual server is ignored");
            let mut diagnostic = Diagnostic::warning(Code::GroupUnknown, draft.identity.span, text);
            // A suggestion that nobody would see is not looked for.
            if !self.reader.sink.is_full()
                && let Some(alike) = nearest_of(groups.keys().copied().take(MAX_SUGGESTIONS), name)
            {
                diagnostic = diagnostic.help(format!("did you mean `{alike}`?"));
            }
            self.reader.sink.push(diagnostic);
        }
        found.map(Some)
    }

    fn default_taken(&mut self, span: Span, text: &str) {
        self.keepalived_warns(Code::ServiceIncomplete, span, text);
    }

    fn keepalived_warns(&mut self, code: Code, span: Span, text: impl Into<String>) {
        let diagnostic = Diagnostic::warning(code, span, text);
        self.reader
            .sink
            .push(diagnostic.class(KeepalivedClass::Warning));
    }

    /// Marks have no protocol, addresses must have one.
    fn check_protocol(&mut self, draft: &mut VirtualServerDraft, contents: Contents) {
        match draft.protocol {
            Some(protocol) if !contents.addresses => {
                let text = "a mark stands for any protocol; this one is ignored";
                self.not_with_marks(protocol.span, text, contents);
                draft.protocol = None;
            }
            None if contents.addresses => {
                self.default_taken(draft.span, "no protocol is given; `UDP` is taken");
                draft.protocol = Some(Spanned::new(ServiceProtocol::Udp, draft.span));
            }
            _ => {}
        }
    }

    fn service_forwarding(&mut self, draft: &VirtualServerDraft) -> Spanned<Forwarding> {
        let span = draft.span;
        let given = draft.forwarding;
        let needed = draft
            .real_servers
            .iter()
            .any(|server| server.forwarding.is_none());
        given.unwrap_or_else(|| {
            if needed {
                let text = "no forwarding method is given; `NAT` is taken";
                self.default_taken(span, text);
            }
            Spanned::new(Forwarding::Nat, span)
        })
    }

    fn check_flags(&mut self, draft: &mut VirtualServerDraft, contents: Contents) {
        if let Some(span) = draft.ops {
            let protocol = draft.protocol.map(|protocol| protocol.value);
            draft.flags.one_packet = protocol.is_none_or(|one| one == ServiceProtocol::Udp);
            if !draft.flags.one_packet {
                let text = "`ops` is for UDP; it is ignored";
                self.keepalived_warns(Code::ServiceAdjusted, span, text);
            }
        }
        if let Some(span) = draft.ha_suspend.filter(|_| contents.marks) {
            let text = "a mark has no address that could be held; `ha_suspend` is ignored";
            self.not_with_marks(span, text, contents);
            draft.ha_suspend = None;
        }
    }

    fn not_with_marks(&mut self, span: Span, text: &str, contents: Contents) {
        let mut diagnostic = Diagnostic::warning(Code::ServiceAdjusted, span, text);
        if contents.v4_mark_first {
            diagnostic = diagnostic.class(KeepalivedClass::Warning);
        }
        self.reader.sink.push(diagnostic);
    }

    fn persistence(
        &mut self,
        draft: &mut VirtualServerDraft,
        family: Family,
        contents: Contents,
    ) -> Persistence {
        let mut timeout_s = draft.persistence_timeout;
        if contents.all_ports && timeout_s.is_none() {
            let span = draft.identity.span;
            let text = format!(
                "a service of all ports must be persistent; a `persistence_timeout` of {DEFAULT_PERSISTENCE_S} is taken"
            );
            self.keepalived_warns(Code::ServiceAdjusted, span, text);
            timeout_s = Some(Spanned::new(DEFAULT_PERSISTENCE_S, span));
        }
        Persistence {
            timeout_s,
            granularity: draft.granularity.unwrap_or(Granularity::single(family)),
            engine: draft.engine.take(),
        }
    }

    fn resolve_real_server(
        &mut self,
        draft: RealServerDraft,
        inherited: &Inherited<'_>,
        group: Option<&GroupView<'_>>,
    ) -> RealServer {
        let service = inherited.service;
        let forwarding = draft.forwarding.unwrap_or(inherited.forwarding);
        let mut address = draft.address;
        let ports = (&service.identity.value, forwarding.value);
        address.value.port = self.server_port(address, ports, "real server");
        self.check_group_ports(address, forwarding.value, group);
        let checks = check_defaults(&draft.checks, Some(inherited.checks), draft.span);
        let mut server = RealServer {
            address,
            weight: draft.weight.unwrap_or(inherited.weight),
            forwarding,
            upper_threshold: draft.upper_threshold,
            lower_threshold: draft.lower_threshold,
            inhibit_on_failure: draft.inhibit || service.inhibit,
            notify_up: draft.notify_up,
            notify_down: draft.notify_down,
            alpha: draft.alpha || service.alpha,
            checks,
            smtp_alert: draft
                .smtp_alert
                .or(inherited.global.smtp_alert)
                .unwrap_or(true),
            virtualhost: draft.virtualhost.or_else(|| service.virtualhost.clone()),
            snmp_name: draft.snmp_name,
            checkers: Vec::new(),
            span: draft.span,
        };
        let log_all = inherited.global.log_all_failures;
        server.checkers = draft
            .checkers
            .into_iter()
            .filter_map(|checker| checker::resolve(checker, &server, log_all))
            .collect();
        server
    }

    /// The port of a server behind that service: forwarding without translation can't change it.
    fn server_port(
        &mut self,
        server: Spanned<ServerAddress>,
        (service, forwarding): (&ServiceIdentity, Forwarding),
        what: &str,
    ) -> Option<Port> {
        let own = server.value.port;
        let translates = forwarding == Forwarding::Nat;
        match service {
            ServiceIdentity::Group(_) => own,
            ServiceIdentity::Address(service) if translates => own.or(service.port),
            ServiceIdentity::Mark(_) if translates => own,
            ServiceIdentity::Address(service) => {
                if own.is_some() && own != service.port {
                    let text = format!(
                        "only NAT changes ports; the {what} gets the virtual server's port"
                    );
                    self.keepalived_warns(Code::ServiceAdjusted, server.span, text);
                }
                service.port
            }
            ServiceIdentity::Mark(_) => {
                if own.is_some() {
                    let text = format!(
                        "only NAT changes ports; behind a mark the {what}'s port is dropped"
                    );
                    self.keepalived_warns(Code::ServiceAdjusted, server.span, text);
                }
                None
            }
        }
    }

    /// keepalived leaves these ports as they are.
    fn check_group_ports(
        &mut self,
        server: Spanned<ServerAddress>,
        forwarding: Forwarding,
        group: Option<&GroupView<'_>>,
    ) {
        let (Some(group), Some(port)) = (group, server.value.port) else {
            return;
        };
        if forwarding == Forwarding::Nat {
            return;
        }
        let other = group.other_port(port);
        if let Some(entry) = other {
            let text =
                format!("only NAT changes ports; port {port} is not that of the whole group");
            let diagnostic = Diagnostic::warning(Code::ServiceAdjusted, server.span, text)
                .label(entry.span, "this entry has another")
                .class(KeepalivedClass::Warning);
            self.reader.sink.push(diagnostic);
        }
    }

    fn is_new_server(&mut self, server: &RealServer, taken: &mut Taken) -> bool {
        let ServerAddress { address, port } = server.address.value;
        let Some(other) = taken.get(&(address, port.map(Port::get))).copied() else {
            taken.insert((address, port.map(Port::get)), server.address.span);
            return true;
        };
        let text = "this real server is there already; the second one is removed";
        let diagnostic = Diagnostic::error(Code::DuplicateServer, server.address.span, text)
            .label(other, "the first one")
            .help("for a greater share of the connections raise its `weight`")
            .class(KeepalivedClass::General);
        self.reader.sink.push(diagnostic);
        false
    }

    fn sorry_server(
        &mut self,
        sorry: &SorryDraft,
        service: &VirtualServerDraft,
        inherited: Spanned<Forwarding>,
        real_servers: &[RealServer],
    ) -> SorryServer {
        let forwarding = sorry.forwarding.unwrap_or(inherited.value);
        let mut address = sorry.address;
        let ports = (&service.identity.value, forwarding);
        let port_given = address.value.port.is_some();
        address.value.port = self.server_port(address, ports, "sorry server");
        let mut inhibit = sorry.inhibit;
        let twin = real_servers
            .iter()
            .find(|server| server.address.value == address.value);
        if let Some(twin) = twin.filter(|twin| twin.inhibit_on_failure != inhibit) {
            inhibit = twin.inhibit_on_failure;
            let text = "the sorry server is also a real server; it is inhibited as that one is";
            let diagnostic = Diagnostic::warning(Code::ServiceAdjusted, address.span, text)
                .label(twin.address.span, "the same server")
                .class(KeepalivedClass::Warning);
            self.reader.sink.push(diagnostic);
        }
        SorryServer {
            address,
            port_given,
            forwarding,
            inhibit,
        }
    }

    /// keepalived changes a quorum that can't be reached and a hysteresis that exceeds it; here both stay as written, and
    /// only its verdict is imitated.
    fn count_quorum(&mut self, quorum: u32, hysteresis: u32, servers: &[RealServer]) {
        let weights: u64 = servers
            .iter()
            .map(|server| u64::from(server.weight.value))
            .sum();
        let quorum = u64::from(quorum);
        if quorum > weights || u64::from(hysteresis) >= quorum {
            self.reader.sink.count(KeepalivedClass::Warning);
        }
    }
}

/// What a real server gets from its virtual server.
struct Inherited<'a> {
    service: &'a VirtualServerDraft,
    forwarding: Spanned<Forwarding>,
    weight: Spanned<u32>,
    checks: &'a CheckDefaults,
    global: ServiceGlobals,
}

fn contents(identity: &ServiceIdentity, group: Option<&GroupView<'_>>) -> Contents {
    match identity {
        ServiceIdentity::Address(address) => Contents {
            addresses: true,
            all_ports: address.port.is_none(),
            ..Contents::default()
        },
        ServiceIdentity::Mark(_) => Contents {
            marks: true,
            v4_mark_first: true,
            ..Contents::default()
        },
        ServiceIdentity::Group(_) => group.map(|group| group.contents).unwrap_or_default(),
    }
}

impl<'a> GroupView<'a> {
    fn of(group: &'a VirtualServerGroup) -> Self {
        let mut view = Self {
            contents: Contents::default(),
            ports: Vec::new(),
        };
        for entry in &group.entries {
            view.contents.add(entry.target);
            // keepalived does not look at other marks.
            let counts = !matches!(
                entry.target,
                GroupTarget::Mark {
                    family: Family::V6,
                    ..
                }
            );
            let new = |(port, _): &(Option<Port>, _)| *port != entry.target.port().flatten();
            if counts && view.ports.len() < 2 && view.ports.iter().all(new) {
                view.ports.push((entry.target.port().flatten(), entry));
            }
        }
        view
    }

    /// An entry that is not of that port.
    fn other_port(&self, port: Port) -> Option<&'a GroupEntry> {
        let mut ports = self.ports.iter();
        let (_, entry) = ports.find(|(other, _)| *other != Some(port))?;
        Some(*entry)
    }
}

impl Contents {
    fn add(&mut self, target: GroupTarget) {
        match target {
            GroupTarget::Mark { family, .. } => {
                self.v4_mark_first |= !self.marks && family == Family::V4;
                self.marks = true;
            }
            GroupTarget::Address(ServerAddress { port, .. })
            | GroupTarget::Range { port, .. }
            | GroupTarget::Network { port, .. } => {
                self.addresses = true;
                self.all_ports |= port.is_none();
            }
        }
    }
}

/// The draft's own values, else the inherited ones, else the defaults.
fn check_defaults(
    draft: &CheckDraft,
    inherited: Option<&CheckDefaults>,
    span: Span,
) -> CheckDefaults {
    CheckDefaults {
        delay_loop: draft
            .delay_loop
            .or(inherited.map(|checks| checks.delay_loop))
            .unwrap_or(Spanned::new(DEFAULT_DELAY_LOOP, span)),
        connect_timeout: draft
            .connect_timeout
            .or(inherited.map(|checks| checks.connect_timeout))
            .unwrap_or(DEFAULT_CONNECT_TIMEOUT),
        retry: draft
            .server_retry()
            .or(inherited.and_then(|checks| checks.retry)),
        delay_before_retry: draft
            .delay_before_retry
            .or(inherited.and_then(|checks| checks.delay_before_retry)),
        warmup: draft.warmup.or(inherited.and_then(|checks| checks.warmup)),
    }
}
