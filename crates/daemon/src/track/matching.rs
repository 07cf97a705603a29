//! Which processes a `vrrp_track_process` block means. keepalived 2.2.7 decides it this way, seen
//! with processes of many shapes.

use standfast_config::ParameterMatch;

/// What a process must look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    program: Vec<u8>,
    /// The parameters, each followed by a zero byte as in /proc/PID/cmdline; `None` where any will do.
    parameters: Option<Vec<u8>>,
    how: ParameterMatch,
    full_command: bool,
}

impl Pattern {
    pub(crate) fn new(process: &standfast_config::TrackProcess) -> Self {
        let parameters = process.parameters.as_deref();
        Pattern {
            program: process.program.value.clone().into_bytes(),
            parameters: parameters.map(terminated),
            how: process.parameter_match,
            full_command: process.full_command,
        }
    }

    /// What the `process` of a check means.
    pub(crate) fn of_check(process: &standfast_config::ProcessProbe) -> Self {
        let parameters = process.parameters.as_deref();
        Pattern {
            program: process.program.clone().into_bytes(),
            parameters: parameters.map(terminated),
            how: ParameterMatch::Exact,
            full_command: process.full_command(),
        }
    }

    /// Whether the command line is looked at, and not the name that the kernel keeps.
    pub(super) fn wants_command_line(&self) -> bool {
        self.full_command || self.parameters.is_some()
    }

    /// Why no process can ever look so, for people.
    pub(crate) fn impossible(&self) -> Option<&'static str> {
        if self.wants_command_line() {
            None
        } else if self.program.contains(&b'/') {
            Some(
                "a path is never the name that the kernel keeps of a process: add full_command, or \
                 give the name alone",
            )
        } else if self.program.len() > standfast_linux::procfs::NAME_BYTES {
            Some(
                "the kernel keeps 15 bytes of a process's name, so that a longer one is never found: \
                 add full_command, or give its first 15 bytes",
            )
        } else {
            None
        }
    }

    /// Whether a process with that name is meant.
    pub(super) fn is_name(&self, name: &[u8]) -> bool {
        self.program == name
    }

    /// Whether a process with that command line is meant: its words, each followed by a zero byte.
    pub(super) fn is_command_line(&self, line: &[u8]) -> bool {
        let mut halves = line.splitn(2, |byte| *byte == 0);
        let (program, rest) = (halves.next(), halves.next().unwrap_or_default());
        if program != Some(self.program.as_slice()) {
            return false;
        }
        let Some(parameters) = self.parameters.as_deref() else {
            return true;
        };
        match self.how {
            ParameterMatch::Exact => rest == parameters,
            ParameterMatch::Partial => rest.starts_with(parameters),
            ParameterMatch::Initial => {
                rest.starts_with(parameters.strip_suffix(&[0]).unwrap_or(parameters))
            }
        }
    }
}

fn terminated(words: &[String]) -> Vec<u8> {
    let bytes = words.iter().flat_map(|word| word.bytes().chain([0]));
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(program: &str, parameters: Option<&str>, how: ParameterMatch) -> Pattern {
        let words = parameters.map(|words| {
            let words = words.split_whitespace();
            words.flat_map(|word| word.bytes().chain([0])).collect()
        });
        Pattern {
            program: program.into(),
            parameters: words,
            how,
            full_command: true,
        }
    }

    /// What keepalived 2.2.7 finds of `/run/zz 1000 2000`.
    #[test]
    fn parameters_are_compared_as_keepalived_does() {
        use ParameterMatch::{Exact, Initial, Partial};
        for (program, parameters, how, expected) in [
            ("/run/zz", Some("1000 2000"), Exact, true),
            ("/run/zz", Some("1000"), Exact, false),
            ("/run/zz", Some("1000"), Partial, true),
            ("/run/zz", Some("1000"), Initial, true),
            ("/run/zz", Some("1000 20"), Partial, false),
            ("/run/zz", Some("1000 20"), Initial, true),
            ("/run/zz", Some(""), Exact, false),
            ("/run/zz", Some(""), Initial, true),
            ("/run/zz", None, Exact, true),
            ("zz", None, Exact, false),
            ("zz", Some("1000 2000"), Exact, false),
            ("/run/z", None, Exact, false),
        ] {
            let pattern = pattern(program, parameters, how);
            let found = pattern.is_command_line(b"/run/zz\x001000\x002000\x00");
            assert_eq!(found, expected, "{program} {parameters:?} {how:?}");
        }
    }

    #[test]
    fn a_kernel_thread_has_no_command_line() {
        assert!(!pattern("kthreadd", None, ParameterMatch::Exact).is_command_line(b""));
    }

    #[test]
    fn what_can_never_be_found_is_named() {
        let by_name = |program: &str| Pattern {
            full_command: false,
            ..pattern(program, None, ParameterMatch::Exact)
        };
        assert_eq!(by_name("nginx").impossible(), None);
        assert!(by_name("/usr/sbin/nginx").impossible().is_some());
        assert!(by_name("a-name-of-16-byt").impossible().is_some());
        assert_eq!(
            pattern("/usr/sbin/nginx", None, ParameterMatch::Exact).impossible(),
            None
        );
    }
}
