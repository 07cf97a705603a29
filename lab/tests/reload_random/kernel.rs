//! What the host's kernel holds of ours.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use standfast_lab::Host;

/// Beside what a host has without us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Interface and network.
    pub addresses: BTreeSet<String>,
    /// Destination and interface, of protocol 18.
    pub routes: BTreeSet<String>,
    /// Priority and source.
    pub rules: BTreeSet<String>,
    /// Interfaces of ours.
    pub links: BTreeSet<String>,
    /// Addresses that accept nothing.
    pub dropped: BTreeSet<String>,
    /// Whether there is a table.
    pub table: bool,
}

fn run(host: &Host, command: &str) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    host.run(&words).unwrap().output
}

impl Holdings {
    pub fn of(host: &Host) -> Self {
        // One program each: the host is asked a hundred times.
        let ruleset = run(host, "nft list ruleset");
        Holdings {
            addresses: addresses(&run(host, "ip -o address show")),
            routes: routes(&run(host, "ip -4 route show table all proto 18"))
                .chain(routes(&run(host, "ip -6 route show table all proto 18")))
                .collect(),
            rules: rules(&run(host, "ip -4 rule show"))
                .chain(rules(&run(host, "ip -6 rule show")))
                .collect(),
            links: links(&run(host, "ip -o link show type macvlan")),
            dropped: dropped(&ruleset),
            table: ruleset.contains("table "),
        }
    }

    /// What is too much, and what is missing.
    pub fn against(&self, wanted: &Self) -> String {
        let mut text = String::new();
        let mut compare = |what: &str, held: &BTreeSet<String>, wanted: &BTreeSet<String>| {
            for one in held.difference(wanted) {
                let _ = writeln!(text, "{what} too much: {one}");
            }
            for one in wanted.difference(held) {
                let _ = writeln!(text, "{what} missing: {one}");
            }
        };
        compare("address", &self.addresses, &wanted.addresses);
        compare("route", &self.routes, &wanted.routes);
        compare("rule", &self.rules, &wanted.rules);
        compare("link", &self.links, &wanted.links);
        compare("dropped", &self.dropped, &wanted.dropped);
        if self.table != wanted.table {
            let _ = writeln!(text, "table: {}, not {}", self.table, wanted.table);
        }
        text
    }
}

fn addresses(shown: &str) -> BTreeSet<String> {
    let line = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let (interface, _, network) = (words.next()?, words.next()?, words.next()?);
        // Link-local addresses that are not of our form are the interfaces' own.
        let own = interface == "lo"
            || network.starts_with("192.168.1.11/")
            || network.starts_with("10.202.")
            || (network.starts_with("fe80:") && !network.starts_with("fe80::a:"));
        (!own).then(|| format!("{interface} {network}"))
    };
    shown.lines().filter_map(line).collect()
}

fn routes(shown: &str) -> impl Iterator<Item = String> {
    shown.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1).copied()
        };
        let source = after("src").map_or(String::new(), |source| format!(" src {source}"));
        Some(format!("{} {}{source}", words.first()?, after("dev")?))
    })
}

/// Those of the kernel itself have the priorities 0 and from 32766.
fn rules(shown: &str) -> impl Iterator<Item = String> {
    shown.lines().filter_map(|line| {
        let (priority, rest) = line.split_once(':')?;
        let number: u32 = priority.parse().ok()?;
        let source = rest.split_whitespace().nth(1)?;
        (1..32_000)
            .contains(&number)
            .then(|| format!("{priority} {source}"))
    })
}

fn links(shown: &str) -> BTreeSet<String> {
    let name = |line: &str| {
        let name = line.split_whitespace().nth(1)?;
        Some(name.split(['@', ':']).next()?.to_owned())
    };
    shown.lines().filter_map(name).collect()
}

/// The elements of all sets of addresses.
fn dropped(ruleset: &str) -> BTreeSet<String> {
    let words = ruleset.split(|c: char| c.is_whitespace() || c == ',' || c == '"');
    let is_address = |word: &&str| word.parse::<std::net::IpAddr>().is_ok();
    words.filter(is_address).map(str::to_owned).collect()
}
