//! What this host is called, by itself and by nobody else: no name server is asked, since whoever owns a name decides what
//! a name server says of it.

use std::collections::BTreeSet;
use std::path::Path;

use standfast_config::Environment as _;
use standfast_linux::files::read_regular;

use crate::environment::HostEnvironment;

/// Where a host's names stand beside its addresses (hosts(5)).
const TABLE: &str = "/etc/hosts";
/// Bytes of a table that is believed.
const TABLE_BYTES: u64 = 1024 * 1024;
/// Names that are known at most.
const MOST: usize = 64;

/// The host's names in lower case: its own one (hostname(7)), the first part of that, and those that stand beside it in
/// hosts(5), where distributions put the one with the domain. Blocks for the file system.
pub(super) fn own_names() -> BTreeSet<String> {
    let name = HostEnvironment::default().host_name().unwrap_or_default();
    let table = read_regular(Path::new(TABLE), TABLE_BYTES).unwrap_or_default();
    of(&name, &String::from_utf8_lossy(&table))
}

fn of(name: &str, table: &str) -> BTreeSet<String> {
    let name = name.to_ascii_lowercase();
    let short = name.split('.').next().unwrap_or_default();
    let mut names: BTreeSet<String> = [name.as_str(), short].map(str::to_owned).into();
    for line in table.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let beside = line.split_whitespace().skip(1).map(str::to_ascii_lowercase);
        let beside: Vec<String> = beside.take(MOST).collect();
        if beside.iter().any(|one| *one == name || *one == short) {
            let room = MOST.saturating_sub(names.len());
            names.extend(beside.into_iter().take(room));
        }
    }
    names.remove("");
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_its_name_and_those_beside_it() {
        let table = "127.0.0.1 localhost\n127.0.1.1\tLB1.example.org lb1 # lb9.example\n192.0.2.9 other.example other\n\
                     # 192.0.2.1 lb1 old.example\n";
        let names = |name| of(name, table).into_iter().collect::<Vec<_>>();
        assert_eq!(names("lb1"), ["lb1", "lb1.example.org"]);
        assert_eq!(names("LB1.example.org"), ["lb1", "lb1.example.org"]);
        assert_eq!(names("lb2"), ["lb2"]);
        assert_eq!(names(""), Vec::<String>::new());
    }

    #[test]
    fn a_table_without_end_gives_no_names_without_end() {
        let table: String = (0..1000)
            .map(|number| format!("192.0.2.1 lb1 name-{number}\n"))
            .collect();
        assert!(of("lb1", &table).len() <= MOST);
    }
}
