//! What to do about a finding: a command where there is one, and words.

use serde::Serialize;

/// Programs that a help may begin with. What begins with another word is for people alone.
const PROGRAMS: [&str; 12] = [
    "sysctl",
    "nft",
    "iptables",
    "ip6tables",
    "ufw",
    "firewall-cmd",
    "ip",
    "nmcli",
    "systemctl",
    "prlimit",
    "standfast",
    "sudo",
];
/// Where the command of a help ends and its words begin, which are what follows the mark.
const ENDS: [&str; 5] = [", and ", ", or ", ", before ", ", which ", "; "];
/// Length of a mark.
const MARK: usize = 2;

/// What to do about a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Remedy {
    /// For a shell, as root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) command: Option<String>,
    /// What the command does not do, or everything where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

impl Remedy {
    /// A help of a finding, with its command apart.
    pub(super) fn of_help(help: &str) -> Self {
        let first = help.split(' ').next().unwrap_or_default();
        // To look at something mends nothing.
        let looks = help.starts_with("standfast check");
        if looks || !PROGRAMS.contains(&first) || help.contains("ADDRESS/LENGTH") {
            return Self::advice(help);
        }
        let ends = ENDS.iter().filter_map(|end| help.find(end));
        let (command, rest) = match ends.min() {
            Some(at) => (help.get(..at), help.get(at + MARK..)),
            None => (Some(help), None),
        };
        Remedy {
            command: command.map(quoted),
            advice: rest.map(str::to_owned),
        }
    }

    /// Words alone.
    pub(super) fn advice(text: &str) -> Self {
        Remedy {
            command: None,
            advice: Some(text.to_owned()),
        }
    }
}

/// nft reads one expression, in which a shell would take out the quotes.
fn quoted(command: &str) -> String {
    match command.strip_prefix("nft ") {
        Some(expression) if expression.contains('"') && !expression.contains('\'') => {
            format!("nft '{expression}'")
        }
        _ => command.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn split(help: &str, command: Option<&str>, advice: Option<&str>) {
        let expected = Remedy {
            command: command.map(str::to_owned),
            advice: advice.map(str::to_owned),
        };
        assert_eq!(expected, Remedy::of_help(help));
    }

    #[test]
    fn a_help_that_begins_with_a_command_has_one() {
        split(
            "sysctl net.ipv4.conf.eth0.arp_ignore=0, and the same in /etc/sysctl.d/",
            Some("sysctl net.ipv4.conf.eth0.arp_ignore=0"),
            Some("and the same in /etc/sysctl.d/"),
        );
        split(
            "nft insert rule inet f i iifname \"eth0\" udp dport 9112 accept, and the same in the file; or `peer_channel off`",
            Some("nft 'insert rule inet f i iifname \"eth0\" udp dport 9112 accept'"),
            Some("and the same in the file; or `peer_channel off`"),
        );
        split("ip link set eth0 up", Some("ip link set eth0 up"), None);
    }

    #[test]
    fn words_are_no_command() {
        for help in [
            "look at the cable, the switch, or the other end",
            "stop and disable all but one: both would take the addresses",
            "ip address add ADDRESS/LENGTH dev eth0",
            "standfast check, or name the file: `--file`",
        ] {
            split(help, None, Some(help));
        }
    }
}
