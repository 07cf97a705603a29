//! What checkers inherit from their real server.

use crate::model::{
    BfdCheck, CheckSchedule, Checker, Connection, DnsCheck, FileCheck, HttpCheck, MiscCheck,
    PingCheck, RealServer, Regex, SmtpCheck, StatusCodes, TcpCheck, UdpCheck, Url,
};
use crate::parse::{CheckerDraft, HttpDraft, KindDraft, UrlDraft};
use crate::span::{Span, Spanned};
use crate::units::Micros;

/// What a kind of checker does where nobody says how failures are repeated.
struct Repeat {
    retry: u32,
    delay: Micros,
}

/// The checker of that server; `None` for one that lacks what it needs, which was reported.
pub(super) fn resolve(draft: CheckerDraft, server: &RealServer, log_all: bool) -> Option<Checker> {
    let schedule = schedule(&draft, server, log_all);
    let connection = connection(&draft, server);
    let span = draft.span;
    Some(match draft.kind {
        KindDraft::Tcp => Checker::Tcp(TcpCheck {
            schedule,
            connection,
            span,
        }),
        KindDraft::Ping => Checker::Ping(PingCheck {
            schedule,
            connection,
            span,
        }),
        KindDraft::Http(draft) => {
            let check = http(draft, server, schedule, connection, span);
            Checker::Http(Box::new(check))
        }
        KindDraft::Smtp(helo_name) => Checker::Smtp(SmtpCheck {
            schedule,
            connection,
            helo_name,
            span,
        }),
        KindDraft::Dns(record, name) => Checker::Dns(DnsCheck {
            schedule,
            connection,
            record,
            name,
            span,
        }),
        KindDraft::Misc(misc) => {
            let mut script = misc.script?;
            script.identity = misc.identity;
            Checker::Misc(MiscCheck {
                timeout: misc.timeout.unwrap_or(schedule.delay_loop.value),
                schedule,
                script,
                dynamic: misc.dynamic,
                span,
            })
        }
        KindDraft::Udp(udp) => Checker::Udp(UdpCheck {
            schedule,
            connection,
            payload: udp.payload,
            reply: udp.reply,
            min_reply_length: udp.min_reply_length,
            max_reply_length: udp.max_reply_length,
            span,
        }),
        KindDraft::File(track_file, weight) => Checker::File(FileCheck {
            track_file: track_file?,
            weight,
            span,
        }),
        KindDraft::Bfd(instance) => Checker::Bfd(BfdCheck {
            instance: instance?,
            alpha: schedule.alpha,
            span,
        }),
    })
}

fn http(
    draft: HttpDraft,
    server: &RealServer,
    schedule: CheckSchedule,
    connection: Connection,
    span: Span,
) -> HttpCheck {
    let virtualhost = draft.virtualhost.or_else(|| server.virtualhost.clone());
    let urls = draft.urls.into_iter();
    let urls = urls
        .filter_map(|one| url(one, virtualhost.as_ref(), draft.tls_compliant))
        .collect();
    HttpCheck {
        schedule,
        connection,
        tls: draft.tls,
        protocol: draft.protocol,
        virtualhost,
        enable_sni: draft.enable_sni,
        sni_name: draft.sni_name,
        fast_recovery: draft.fast_recovery,
        urls,
        span,
    }
}

fn schedule(draft: &CheckerDraft, server: &RealServer, log_all: bool) -> CheckSchedule {
    let (given, inherited) = (&draft.checks, &server.checks);
    let delay_loop = given.delay_loop.unwrap_or(inherited.delay_loop);
    let repeat = repeat(&draft.kind, delay_loop.value);
    let retry = inherited.retry.map_or(repeat.retry, std::num::NonZero::get);
    CheckSchedule {
        delay_loop,
        retry: given.retry.unwrap_or(Spanned::new(retry, draft.span)),
        delay_before_retry: given
            .delay_before_retry
            .or(inherited.delay_before_retry)
            .unwrap_or(repeat.delay),
        warmup: given
            .warmup
            .or(inherited.warmup)
            .unwrap_or(delay_loop.value),
        alpha: draft.alpha.unwrap_or(server.alpha),
        log_all_failures: draft.log_all_failures.unwrap_or(log_all),
    }
}

fn repeat(kind: &KindDraft, delay_loop: Micros) -> Repeat {
    let (retry, delay) = match kind {
        KindDraft::Http(_) => (1, Micros::from_secs(3)),
        KindDraft::Dns(..) => (3, delay_loop),
        KindDraft::Misc(_) => (0, Micros::from_secs(1)),
        KindDraft::Tcp
        | KindDraft::Ping
        | KindDraft::Smtp(_)
        | KindDraft::Udp(_)
        | KindDraft::File(..)
        | KindDraft::Bfd(_) => (1, Micros::from_secs(1)),
    };
    Repeat { retry, delay }
}

fn connection(draft: &CheckerDraft, server: &RealServer) -> Connection {
    let own = server.address.value;
    Connection {
        address: draft.connect_ip.unwrap_or(own.address),
        port: draft.connect_port.or(own.port),
        bind_address: draft.bindto,
        bind_port: draft.bind_port,
        bind_interface: draft.bind_if.clone(),
        timeout: draft
            .checks
            .connect_timeout
            .unwrap_or(server.checks.connect_timeout),
        mark: draft.mark,
    }
}

fn url(draft: UrlDraft, host: Option<&Spanned<String>>, tls_compliant: bool) -> Option<Url> {
    let span: Span = draft.span;
    let regex = draft.pattern.map(|pattern| Regex {
        pattern,
        no_match: draft.no_match,
        options: draft.options,
        min_offset: draft.min_offset,
        max_offset: draft.max_offset,
        stack: draft.stack,
    });
    let status = if draft.status.is_empty() {
        StatusCodes::default()
    } else {
        StatusCodes(draft.status)
    };
    Some(Url {
        path: draft.path?,
        digest: draft.digest,
        status,
        virtualhost: draft.virtualhost.or_else(|| host.cloned()),
        regex,
        tls_compliant: draft.tls_compliant || tls_compliant,
        span,
    })
}
