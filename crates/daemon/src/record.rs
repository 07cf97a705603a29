//! The addresses that we have added, on disk: so that the next start, or `cleanup` after a crash,
//! knows them from the host's own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use standfast_linux::netlink::{Action, AddressChange, Commands, RoutingRequest};
use standfast_linux::{Interface, InterfaceName};

use crate::environment::own_identity;
use crate::host_record::HostRecord;
use crate::options::Options;
use crate::reading::read as read_configuration;

/// Bytes of a record that are read; more than any host has addresses.
const LONGEST_RECORD: u64 = 4 * 1024 * 1024;

/// Begins the line of a route or rule; no interface has a colon in its name.
const ROUTING: &str = "netlink: ";
/// Begins the line of the other end of an address.
const PEER: &str = "peer: ";

/// One address: interface name, address, prefix length.
pub(crate) type Held = (String, IpAddr, u8);

/// The file, and what stands in it.
#[derive(Debug)]
pub(crate) struct Record {
    path: PathBuf,
    contents: Contents,
}

/// What stands in a record.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Addresses that are ours.
    pub(crate) held: BTreeSet<Held>,
    /// The other ends of those that are point-to-point.
    pub(crate) peers: BTreeMap<Held, IpAddr>,
    /// What removes our routes and rules, in this order.
    pub(crate) removals: Vec<RoutingRequest>,
}

impl Record {
    /// Reads what an earlier run left.
    pub(crate) fn open(path: &Path) -> Self {
        let text = read_ours(path);
        Record {
            path: path.to_owned(),
            contents: Contents {
                held: text.lines().filter_map(parse_line).collect(),
                peers: text.lines().filter_map(parse_peer).collect(),
                removals: text.lines().filter_map(parse_removal).collect(),
            },
        }
    }

    pub(crate) fn contains(&self, interface: &str, address: IpAddr, prefix: u8) -> bool {
        self.contents
            .held
            .contains(&(interface.to_owned(), address, prefix))
    }

    /// What the file says.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Held> {
        self.contents.held.iter()
    }

    /// The removal of an address.
    pub(crate) fn removal(&self, held: &Held, interface: Interface) -> AddressChange {
        let (_, address, prefix) = held;
        let change = AddressChange::new(Action::Remove, interface, *address, *prefix);
        change.with_peer(self.contents.peers.get(held).copied())
    }

    /// What removes the routes and rules that the file tells of.
    pub(crate) fn removals(&self) -> impl Iterator<Item = &RoutingRequest> {
        self.contents.removals.iter()
    }

    /// Replaces the contents if they changed; the file is always whole.
    pub(crate) fn write(&mut self, contents: Contents) -> std::io::Result<()> {
        if contents == self.contents {
            return Ok(());
        }
        self.contents = contents;
        let mut text = String::new();
        for (interface, address, prefix) in &self.contents.held {
            text.push_str(&format!("{interface} {address}/{prefix}\n"));
        }
        for ((interface, address, prefix), peer) in &self.contents.peers {
            text.push_str(&format!("{PEER}{interface} {address}/{prefix} {peer}\n"));
        }
        for removal in &self.contents.removals {
            text.push_str(ROUTING);
            for byte in removal.to_bytes() {
                text.push_str(&format!("{byte:02x}"));
            }
            text.push('\n');
        }
        replace(&self.path, &text)
    }
}

/// Writes a file of ours anew, whole at any moment; without text there is none.
pub(crate) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    if text.is_empty() {
        return match fs::remove_file(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
    }
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    // Never through a link that somebody has put there, and for nobody else to change.
    let _ = fs::remove_file(&fresh);
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&fresh, path)
}

/// The text of a file of ours; empty where others could have written it.
pub(crate) fn read_ours(path: &Path) -> String {
    use std::io::Read;
    let mut text = String::new();
    // Whoever could write it could have us remove the host's own addresses.
    let trusted = fs::symlink_metadata(path).is_ok_and(|found| is_ours_alone(&found));
    if trusted && let Ok(file) = fs::File::open(path) {
        // An unreadable record is an empty one: addresses then count as the host's own.
        let _ = file.take(LONGEST_RECORD).read_to_string(&mut text);
    }
    text
}

/// What a record says; nothing where others could have written it.
pub(crate) fn read(path: &Path) -> BTreeSet<Held> {
    read_ours(path).lines().filter_map(parse_line).collect()
}

fn is_ours_alone(found: &fs::Metadata) -> bool {
    found.is_file() && found.uid() == own_identity().uid && found.mode() & 0o022 == 0
}

/// `peer: INTERFACE ADDRESS/PREFIX PEER`
fn parse_peer(line: &str) -> Option<(Held, IpAddr)> {
    let (held, peer) = line.strip_prefix(PEER)?.rsplit_once(' ')?;
    Some((parse_line(held)?, peer.parse().ok()?))
}

/// The bytes of a removal in hexadecimal.
fn parse_removal(line: &str) -> Option<RoutingRequest> {
    let digits = line.strip_prefix(ROUTING)?.as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    RoutingRequest::from_bytes(&bytes?)
}

fn parse_line(line: &str) -> Option<Held> {
    let (interface, network) = line.split_once(' ')?;
    let (address, prefix) = network.split_once('/')?;
    Some((
        interface.to_owned(),
        address.parse().ok()?,
        prefix.parse().ok()?,
    ))
}

/// What [`cleanup`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaned {
    /// A daemon of that name runs, and was left alone.
    Running,
    /// So many addresses were removed, with the routes, rules, interfaces and tables that stood beside them.
    Removed(usize),
}

/// Removes what a daemon that was killed has left behind (for `ExecStopPost`). A daemon that runs is left alone.
/// The configuration says under which name it ran.
pub fn cleanup(options: &Options) -> Result<Cleaned, standfast_linux::Error> {
    let root = read_configuration(options).config.root;
    let mut options = options.clone();
    let namespace = root.net_namespace.map(|name| name.value);
    options.namespace = options.namespace.or(namespace);
    let instance = root.instance.map(|name| name.value);
    let files = options.run_files(instance.as_deref(), root.use_pid_dir);
    if crate::running::acquire(&files.supervisor).is_err() {
        return Ok(Cleaned::Running);
    }
    if let Some(namespace) = &options.namespace {
        standfast_linux::namespace::enter_network_namespace(namespace)?;
    }
    let removed = remove_recorded(&files.record)?;
    HostRecord::open(&files.host).undo_all();
    Ok(Cleaned::Removed(removed))
}

/// Removes every address, route and rule that stands in a record, and the record; returns how many addresses were
/// there.
pub(crate) fn remove_recorded(path: &Path) -> Result<usize, standfast_linux::Error> {
    let mut record = Record::open(path);
    let changes: Vec<AddressChange> = record
        .held()
        .filter_map(|held| {
            let interface = Interface::by_name(InterfaceName::new(&held.0).ok()?).ok()?;
            Some(record.removal(held, interface))
        })
        .collect();
    let mut results = Vec::new();
    let mut commands = Commands::open()?;
    commands.apply_routing(&record.contents.removals, &mut Vec::new());
    commands.apply(&changes, &mut results);
    let removed = results.iter().filter(|result| result.is_ok()).count();
    // What could not be removed is not there any more.
    let _ = record.write(Contents::default());
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(held: BTreeSet<Held>) -> Contents {
        Contents {
            held,
            ..Contents::default()
        }
    }

    #[test]
    fn the_other_end_of_an_address_survives_a_restart() {
        let name = format!("standfast-peers-{}.addresses", std::process::id());
        let path = std::env::temp_dir().join(name);
        let held: Held = ("eth0".into(), "192.0.2.1".parse().unwrap(), 32);
        let peer = "192.0.2.2".parse().unwrap();
        let contents = Contents {
            peers: [(held.clone(), peer)].into(),
            ..addresses([held.clone()].into())
        };
        Record::open(&path).write(contents).unwrap();
        let read = Record::open(&path);
        fs::remove_file(&path).unwrap();
        assert_eq!(read.contents.peers, [(held.clone(), peer)].into());
        assert!(read.held().eq([&held]));
    }

    #[test]
    fn survives_a_restart_and_vanishes_when_empty() {
        let name = format!("standfast-record-{}.addresses", std::process::id());
        let path = std::env::temp_dir().join(name);
        let held: Held = ("eth0".into(), "192.0.2.1".parse().unwrap(), 24);
        Record::open(&path)
            .write(addresses([held.clone()].into()))
            .unwrap();
        let mut record = Record::open(&path);
        assert!(record.contains("eth0", held.1, 24));
        assert!(!record.contains("eth1", held.1, 24));
        record.write(Contents::default()).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_record_that_others_can_write_and_a_link_are_not_believed_nor_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let name = format!("standfast-untrusted-{}.addresses", std::process::id());
        let path = std::env::temp_dir().join(name);
        let victim = path.with_extension("victim");
        fs::write(&victim, "eth0 192.0.2.1/24\n").unwrap();
        symlink(&victim, &path).unwrap();
        assert_eq!(Record::open(&path).held().count(), 0);
        let fresh = path.with_extension("addresses.new");
        symlink(&victim, &fresh).unwrap();
        let held: Held = ("eth1".into(), "192.0.2.2".parse().unwrap(), 24);
        Record::open(&path).write(addresses([held].into())).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "eth0 192.0.2.1/24\n");
        assert_eq!(Record::open(&path).held().count(), 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(Record::open(&path).held().count(), 0);
        fs::remove_file(&path).unwrap();
        fs::remove_file(&victim).unwrap();
    }

    #[test]
    fn removals_of_routes_and_rules_survive_a_restart() {
        let rule = |preference| standfast_linux::netlink::Rule {
            ipv6: false,
            inverted: false,
            from: None,
            to: None,
            action: standfast_linux::netlink::RuleAction::Nop,
            preference,
            tos: 0,
            mark: None,
            input: None,
            output: None,
            realms: None,
            suppress_prefix_length: None,
            suppress_group: None,
            tunnel_id: None,
            users: None,
            ip_protocol: None,
            source_ports: None,
            destination_ports: None,
            protocol: 18,
        };
        let removal = |preference| {
            let entry = standfast_linux::netlink::RoutingEntry::Rule(Box::new(rule(preference)));
            entry.removal(&|_| None).unwrap()
        };
        let name = format!("standfast-removals-{}.addresses", std::process::id());
        let path = std::env::temp_dir().join(name);
        let all = vec![removal(7), removal(5)];
        Record::open(&path)
            .write(Contents {
                removals: all.clone(),
                ..Contents::default()
            })
            .unwrap();
        let mut record = Record::open(&path);
        assert!(record.removals().eq(&all), "in their order");
        assert_eq!(record.held().count(), 0);
        record.write(Contents::default()).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn nonsense_is_ignored() {
        assert_eq!(parse_removal("netlink: 2"), None);
        assert_eq!(parse_removal("netlink: zz"), None);
        assert_eq!(parse_line("eth0 10.0.0.1"), None);
        assert_eq!(parse_line("eth0 nonsense/24"), None);
        assert_eq!(parse_line(""), None);
    }
}
