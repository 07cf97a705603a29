//! What of the host beside addresses is changed while we run: interfaces of our own, settings of the network, tables
//! of nftables. It stands in a file, so that it is undone also after a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use standfast_linux::netlink::nft::{Family, Nft};
use standfast_linux::netlink::{LinkDescription, LinkKind, Links};
use standfast_linux::{Error, InterfaceName, sysctl};

use crate::record;

/// A setting's value before us, and the one that we wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Setting {
    before: i64,
    ours: i64,
}

/// The file, and what stands in it.
#[derive(Debug)]
pub(crate) struct HostRecord {
    path: PathBuf,
    links: BTreeSet<InterfaceName>,
    settings: BTreeMap<String, Setting>,
    tables: BTreeSet<String>,
}

impl HostRecord {
    /// Reads what an earlier run left.
    pub(crate) fn open(path: &Path) -> Self {
        let mut record = HostRecord {
            path: path.to_owned(),
            links: BTreeSet::new(),
            settings: BTreeMap::new(),
            tables: BTreeSet::new(),
        };
        for line in record::read_ours(path).lines() {
            record.take_line(line);
        }
        record
    }

    fn take_line(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["link", name] => self.links.extend(InterfaceName::new(name).ok()),
            ["table", name] => drop(self.tables.insert((*name).to_owned())),
            ["setting", path, before, ours] => {
                if let (Ok(before), Ok(ours)) = (before.parse(), ours.parse()) {
                    let setting = Setting { before, ours };
                    self.settings.insert((*path).to_owned(), setting);
                }
            }
            _ => {}
        }
    }

    fn save(&self) -> Result<(), std::io::Error> {
        let links = self.links.iter().map(|name| format!("link {name}\n"));
        let tables = self.tables.iter().map(|name| format!("table {name}\n"));
        let settings = self
            .settings
            .iter()
            .map(|(path, Setting { before, ours })| format!("setting {path} {before} {ours}\n"));
        let text: String = links.chain(tables).chain(settings).collect();
        record::replace(&self.path, &text)
    }

    /// Saved as well as can be: what cannot be written down is in force all the same, and harmless until a crash.
    fn note(&self) {
        let _ = self.save();
    }

    /// The interfaces that we have made, or an earlier run has.
    pub(crate) fn links(&self) -> impl Iterator<Item = InterfaceName> {
        self.links.iter().copied()
    }

    /// An interface is about to be made.
    pub(crate) fn add_link(&mut self, name: InterfaceName) {
        if self.links.insert(name) {
            self.note();
        }
    }

    /// An interface is gone.
    pub(crate) fn forget_link(&mut self, name: InterfaceName) {
        if self.links.remove(&name) {
            self.note();
        }
    }

    /// A table is about to be made.
    pub(crate) fn add_table(&mut self, name: &str) {
        if self.tables.insert(name.to_owned()) {
            self.note();
        }
    }

    /// Tables that earlier runs left, or that are there now.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &String> {
        self.tables.iter()
    }

    /// A table is gone.
    pub(crate) fn forget_table(&mut self, name: &str) {
        if self.tables.remove(name) {
            self.note();
        }
    }

    /// Writes a setting of the host, and remembers what it was before the first time.
    pub(crate) fn set(&mut self, path: &str, value: i64) -> Result<(), Error> {
        if self.remember(path, value)? {
            self.note();
            sysctl::write_path(path, value)?;
        }
        Ok(())
    }

    /// Gives many settings the same value, and writes the file once: a host may have thousands of interfaces. The
    /// failures of those that could not be set.
    pub(crate) fn set_all(&mut self, paths: &[String], value: i64) -> Vec<Error> {
        let mut failures = Vec::new();
        let mut changed = Vec::new();
        for path in paths {
            match self.remember(path, value) {
                Ok(true) => changed.push(path),
                Ok(false) => {}
                Err(error) => failures.push(error),
            }
        }
        if !changed.is_empty() {
            self.note();
        }
        let written = changed
            .into_iter()
            .map(|path| sysctl::write_path(path, value));
        failures.extend(written.filter_map(Result::err));
        failures
    }

    /// False if there is nothing to do.
    fn remember(&mut self, path: &str, value: i64) -> Result<bool, Error> {
        let now = sysctl::read_path(path)?;
        if now == value {
            return Ok(false);
        }
        let before = self.settings.get(path).map_or(now, |known| known.before);
        let setting = Setting {
            before,
            ours: value,
        };
        self.settings.insert(path.to_owned(), setting);
        Ok(true)
    }

    /// The settings that were changed.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &String> {
        self.settings.keys()
    }

    /// Puts settings back, unless somebody else has changed them since or their interface is gone.
    pub(crate) fn restore<'p>(&mut self, paths: impl IntoIterator<Item = &'p str>) {
        let mut changed = false;
        for path in paths {
            let Some(Setting { before, ours }) = self.settings.remove(path) else {
                continue;
            };
            changed = true;
            if sysctl::read_path(path).is_ok_and(|now| now == ours) {
                // It could be read a moment ago: only a setting that became read-only stays.
                let _ = sysctl::write_path(path, before);
            }
        }
        if changed {
            self.note();
        }
    }

    /// Puts everything back, as well as it goes.
    pub(crate) fn undo_all(&mut self) {
        if let Ok(mut links) = Links::open() {
            for name in std::mem::take(&mut self.links) {
                if let Ok(found) = links.find(name)
                    && may_be_ours(&found)
                {
                    let _ = links.delete(found.interface);
                }
            }
        }
        let settings: Vec<String> = self.settings.keys().cloned().collect();
        self.restore(settings.iter().map(String::as_str));
        for table in std::mem::take(&mut self.tables) {
            delete_table(&table);
        }
        self.note();
    }
}

/// Whether an interface by a name of ours is of a kind that we make: somebody else may have the name by now.
pub(crate) fn may_be_ours(found: &LinkDescription) -> bool {
    matches!(found.kind, LinkKind::Macvlan | LinkKind::Ipvlan)
}

/// Removes a table of either family; one that is not there is as good.
pub(crate) fn delete_table(table: &str) {
    let Ok(mut nft) = Nft::open() else {
        return;
    };
    for family in [Family::Ip, Family::Ip6] {
        let mut batch = nft.batch();
        batch.delete_table(family, table);
        let _ = nft.commit(batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_run_knows_what_to_undo() {
        let name = format!("standfast-host-{}.host", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut record = HostRecord::open(&path);
        let link = InterfaceName::new("vrrp.51").unwrap();
        record.add_link(link);
        record.add_table("keepalived");
        record.settings.insert(
            "net/ipv4/conf/eth0/arp_ignore".into(),
            Setting { before: 0, ours: 1 },
        );
        record.save().unwrap();
        let mut later = HostRecord::open(&path);
        assert_eq!(later.links().collect::<Vec<_>>(), [link]);
        assert_eq!(later.tables, record.tables);
        assert_eq!(later.settings, record.settings);
        later.forget_link(link);
        later.forget_table("keepalived");
        later.settings.clear();
        later.save().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn settings_that_are_not_there_are_failures_and_are_not_remembered() {
        let mut record = HostRecord::open(Path::new("/nonexistent/standfast.host"));
        let paths = ["net/ipv4/conf/no such/rp_filter", "../../etc/passwd"].map(String::from);
        assert_eq!(record.set_all(&paths, 1).len(), 2);
        assert_eq!(record.settings().count(), 0);
    }

    #[test]
    fn nonsense_is_ignored() {
        let mut record = HostRecord::open(Path::new("/nonexistent/standfast.host"));
        for line in [
            "",
            "link",
            "link a/b",
            "setting x",
            "setting p 1 y",
            "what is this",
        ] {
            record.take_line(line);
        }
        assert!(record.links.is_empty() && record.settings.is_empty());
    }
}
