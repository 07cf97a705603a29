//! The service whose address is kept up: nginx, or a small stand-in where it is not installed.

use crate::error::LabError;
use crate::host::Host;
use crate::protocol::{AGENT_SUBCOMMAND, Program};
use crate::requirements::require_program;

/// Configuration file of nginx.
const NGINX_CONFIGURATION: &str = "/etc/nginx/nginx.conf";

/// What every host is shown as `nginx` when the stand-in plays it.
const STAND_IN: &str = "/run/lab/bin/nginx";

/// Until none is left: a master that outlives its worker by a moment starts another one in it.
const KILL_NGINX: &str =
    "pidof nginx >/dev/null || exit 1; while p=$(pidof nginx); do kill -9 $p; done; true";

/// A web server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebServer {
    /// The installed nginx, with a configuration of a few lines.
    Nginx,
    /// The agent's own, under the name `nginx`: start scripts and `pidof nginx` work with it.
    StandIn,
}

impl WebServer {
    /// nginx where it is installed, else the stand-in.
    #[must_use]
    pub fn installed() -> Self {
        if require_program("nginx", "nginx-light").is_ok() {
            Self::Nginx
        } else {
            Self::StandIn
        }
    }

    /// What a host must be shown to run it; `agent` is the lab's agent.
    #[must_use]
    pub fn programs(self, agent: &std::path::Path) -> Vec<Program> {
        match self {
            Self::Nginx => Vec::new(),
            Self::StandIn => vec![Program {
                source: agent.to_string_lossy().into_owned(),
                name: "nginx".to_owned(),
                system_names: Vec::new(),
            }],
        }
    }

    /// Installs its configuration in a host and starts it. It answers on port 80 with the host's name.
    ///
    /// # Errors
    /// If it does not start.
    pub fn set_up(self, host: &Host) -> Result<(), LabError> {
        self.repair(host)?;
        self.start(host)
    }

    /// Starts it as a check script does, by the command `nginx`.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(self, host: &Host) -> Result<(), LabError> {
        host.run(&["nginx"]).map(drop)
    }

    /// Kills it, as a crash would.
    ///
    /// # Errors
    /// If it does not run.
    pub fn kill(self, host: &Host) -> Result<(), LabError> {
        host.run(&["sh", "-c", KILL_NGINX]).map(drop)
    }

    /// Makes it unable to start again, as a mistake in its configuration does.
    ///
    /// # Errors
    /// What the system said.
    pub fn spoil(self, host: &Host) -> Result<(), LabError> {
        match self {
            Self::Nginx => host.write_file(NGINX_CONFIGURATION, "a mistake;\n", 0o644),
            Self::StandIn => host.write_file(
                "/usr/sbin/nginx",
                "#!/bin/sh\necho a mistake >&2\nexit 1\n",
                0o755,
            ),
        }
    }

    /// Undoes [`WebServer::spoil`].
    ///
    /// # Errors
    /// What the system said.
    pub fn repair(self, host: &Host) -> Result<(), LabError> {
        let name = host.name();
        match self {
            Self::Nginx => host.write_file(NGINX_CONFIGURATION, &nginx_configuration(name), 0o644),
            Self::StandIn => {
                let script = format!(
                    "#!/bin/sh\nsetsid {STAND_IN} {AGENT_SUBCOMMAND} http-serve 80 200 {name} \
                     </dev/null >/dev/null 2>&1 &\n"
                );
                host.write_file("/usr/sbin/nginx", &script, 0o755)
            }
        }
    }
}

/// Without the machine's root, a worker of nginx cannot set its groups and would end: one process does all then.
fn master_process() -> &'static str {
    if nix::unistd::geteuid().is_root() {
        "on"
    } else {
        "off"
    }
}

/// Everything it writes is below /run, which every host has for itself.
fn nginx_configuration(name: &str) -> String {
    let temporary = |kind: &str| format!("    {kind}_temp_path /run/nginx-{kind};\n");
    let temporaries: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(temporary)
        .concat();
    let master = master_process();
    format!(
        "user root;\n\
         master_process {master};\n\
         worker_processes 1;\n\
         pid /run/nginx.pid;\n\
         error_log /run/nginx-error.log;\n\
         events {{\n    worker_connections 64;\n}}\n\
         http {{\n    access_log off;\n{temporaries}    server {{\n        listen 80;\n        \
         location / {{\n            return 200 \"{name}\\n\";\n        }}\n    }}\n}}\n"
    )
}
