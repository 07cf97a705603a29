//! Names of routing tables, protocols, scopes, realms, types of service and interface groups, as iproute2's files
//! give them (ip-route(8), FILES), and of IP protocols (protocols(5)).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use standfast_config::{Config, NameList, Spanned};
use standfast_linux::files::read_regular;

/// Where distributions and administrators keep them; the first that knows a name counts.
const DIRECTORIES: [&str; 3] = ["/etc/iproute2", "/usr/share/iproute2", "/usr/lib/iproute2"];
/// Largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Most files of a `.d` directory that are read.
const MAX_FILES: usize = 256;

/// The lists, each read when a name of it is asked for.
#[derive(Debug)]
pub(crate) struct Names {
    directories: Vec<PathBuf>,
    lists: RefCell<BTreeMap<NameList, BTreeMap<String, u32>>>,
}

impl Default for Names {
    fn default() -> Self {
        Self::in_directories(DIRECTORIES.map(PathBuf::from).into())
    }
}

impl Names {
    /// Whether the configuration says where iproute2's files are.
    pub(crate) fn are_elsewhere(config: &Config) -> bool {
        let files = &config.global.files;
        files.iproute_local.is_some() || files.iproute_distribution.is_some()
    }

    /// From where the configuration says: the administrator's files (`iproute_etc_dir`), then those of the distribution
    /// (`iproute_usr_dir`), each unless said otherwise where it usually is.
    pub(crate) fn of(config: &Config) -> Self {
        let files = &config.global.files;
        let [local, distribution @ ..] = DIRECTORIES.map(PathBuf::from);
        let given = |path: &Spanned<PathBuf>| path.value.clone();
        let local = files.iproute_local.as_ref().map_or(local, given);
        let distribution = match &files.iproute_distribution {
            Some(path) => vec![given(path)],
            None => distribution.into(),
        };
        Self::in_directories(std::iter::once(local).chain(distribution).collect())
    }

    fn in_directories(directories: Vec<PathBuf>) -> Self {
        Self {
            directories,
            lists: RefCell::default(),
        }
    }

    /// The number of that name.
    pub(crate) fn number(&self, list: NameList, name: &str) -> Option<u32> {
        let mut lists = self.lists.borrow_mut();
        let names = lists.entry(list).or_insert_with(|| self.read(list));
        names.get(name).copied()
    }

    fn read(&self, list: NameList) -> BTreeMap<String, u32> {
        let mut names = BTreeMap::new();
        let Some(file) = file_of(list) else {
            read_into(&mut names, Path::new("/etc/protocols"), parse_protocol);
            return names;
        };
        for directory in &self.directories {
            read_into(&mut names, &directory.join(file), parse_line);
            for path in parts(&directory.join(format!("{file}.d"))) {
                read_into(&mut names, &path, parse_line);
            }
        }
        names
    }
}

fn file_of(list: NameList) -> Option<&'static str> {
    Some(match list {
        NameList::Tables => "rt_tables",
        NameList::Protocols => "rt_protos",
        NameList::Scopes => "rt_scopes",
        NameList::Realms => "rt_realms",
        NameList::DsFields => "rt_dsfield",
        NameList::Groups => "group",
        NameList::IpProtocols => return None,
    })
}

/// The `*.conf` files of a directory, in order.
fn parts(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|it| it == "conf"))
        .take(MAX_FILES)
        .collect();
    paths.sort();
    paths
}

/// A file that is not there has no names; the first number of a name counts.
fn read_into(
    names: &mut BTreeMap<String, u32>,
    path: &Path,
    parse: fn(&str) -> Option<(&str, u32)>,
) {
    let bytes = read_regular(path, MAX_FILE_BYTES).unwrap_or_default();
    for line in String::from_utf8_lossy(&bytes).lines() {
        let text = line.split('#').next().unwrap_or_default();
        if let Some((name, number)) = parse(text) {
            names.entry(name.to_owned()).or_insert(number);
        }
    }
}

/// `NUMBER NAME`
fn parse_line(line: &str) -> Option<(&str, u32)> {
    let mut words = line.split_whitespace();
    let number = words.next()?;
    let number = match number.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    Some((words.next()?, number))
}

/// `NAME NUMBER [ALIAS]...`
fn parse_protocol(line: &str) -> Option<(&str, u32)> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    Some((name, words.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_administrators_files_come_first_and_parts_add_to_them() {
        let name = format!("standfast-names-{}", std::process::id());
        let base = std::env::temp_dir().join(name);
        let file = |path: &str, text: &str| {
            let path = base.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        file(
            "etc/rt_tables",
            "# local\n100 vpn # the tunnel\n0x65\thex\nnonsense\n",
        );
        file("etc/rt_tables.d/a.conf", "102 part\n");
        file("etc/rt_tables.d/b.txt", "103 other\n");
        file("usr/rt_tables", "200 vpn\n201 dist\n");
        let names = Names::in_directories(vec![base.join("etc"), base.join("usr")]);
        let number = |name| names.number(NameList::Tables, name);
        let found = ["vpn", "hex", "part", "other", "dist", "nonsense"].map(number);
        std::fs::remove_dir_all(&base).unwrap();
        assert_eq!(
            found,
            [Some(100), Some(101), Some(102), None, Some(201), None]
        );
        assert_eq!(names.number(NameList::Realms, "vpn"), None);
    }

    #[test]
    fn protocols_are_written_the_other_way_round() {
        assert_eq!(parse_protocol("tcp 6 TCP"), Some(("tcp", 6)));
        assert_eq!(parse_line("tcp 6"), None);
    }
}
