//! Keywords of `global_defs` about the control interface: all of them ours.

use super::{Keyword, Syntax, keyword};

pub(super) const CONTROL: &[Keyword] = &[
    keyword(
        "control_socket",
        Syntax::Word,
        "The Unix socket on which the daemon is asked and told (`standfast status`, `curl --unix-socket`); \
         `off` for none.",
    )
    .arguments("PATH|off")
    .ours()
    .default("/run/standfast/control.sock; `control_NAME.sock` for a daemon with an instance or pid file of its own")
    .example("/run/standfast/lb1.sock")
    .refused("control.sock")
    .acts(),
    keyword(
        "control_mode",
        Syntax::Word,
        "Permissions of the control socket in octal: whoever may write to it may look; only root changes anything.",
    )
    .arguments("MODE")
    .ours()
    .default("0660")
    .example("0600")
    .refused("0888")
    .acts(),
    keyword(
        "control_group",
        Syntax::Word,
        "The group of the control socket, whose members may look.",
    )
    .arguments("NAME")
    .ours()
    .default("the daemon's")
    .example("adm")
    .acts(),
    keyword(
        "http_listen",
        Syntax::Words,
        "Addresses and ports on which the daemon shows status, events, metrics and the web page over HTTP and \
         takes no commands; may stand several times.",
    )
    .arguments("ADDRESS:PORT [ADDRESS:PORT]...")
    .ours()
    .example("127.0.0.1:9650")
    .refused("9650")
    .acts(),
    keyword(
        "http_tls",
        Syntax::Words,
        "Certificate chain and key (PEM) for `http_listen`, which speaks TLS then; they are read again at a reload.",
    )
    .arguments("CERTIFICATE KEY")
    .ours()
    .example("/etc/standfast/http.crt /etc/standfast/http.key")
    .refused("/etc/standfast/http.crt")
    .acts(),
    keyword(
        "http_token_file",
        Syntax::Word,
        "A file with the word that whoever asks at `http_listen` has to show (`Authorization: Bearer`); it is read \
         again at a reload.",
    )
    .arguments("FILE")
    .ours()
    .example("/etc/standfast/http.token")
    .refused("http.token")
    .acts(),
];
