//! Network managers that take away what they did not add: systemd-networkd and NetworkManager.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use standfast_config::{Code, Config, Diagnostic, Span};
use standfast_linux::Interface;
use standfast_linux::files::read_regular;

/// Bytes of a manager's file that are read; the longest are some kilobytes.
const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Drop-in files that are read for one `.network` file.
const MAX_DROP_INS: usize = 64;
/// Where systemd looks for drop-ins, those that count last at the end (systemd.network(5)).
const NETWORKD_DIRECTORIES: [&str; 4] = [
    "lib/systemd/network",
    "usr/lib/systemd/network",
    "run/systemd/network",
    "etc/systemd/network",
];
/// Addresses of others stay under these values of `KeepConfiguration=`.
const KEEPING: [&str; 2] = ["static", "yes"];

pub(super) fn findings(config: &Config) -> Vec<Diagnostic> {
    let index = |name: &str| Some(Interface::find(name).ok()?.index);
    let interfaces = super::interfaces(config);
    let known = interfaces
        .into_iter()
        .filter_map(|(name, span)| Some((name, index(name)?, span)));
    judge(Path::new("/"), known)
}

/// What managers below that root do to interfaces (name, index, place in the text).
fn judge<'c>(
    root: &Path,
    interfaces: impl Iterator<Item = (&'c str, u32, Span)>,
) -> Vec<Diagnostic> {
    let networkd = is_active(root, "systemd-networkd");
    let network_manager = is_active(root, "NetworkManager");
    let mut found = Vec::new();
    for (name, index, span) in interfaces {
        if networkd && let Some(file) = networkd_file(root, index) {
            found.push(networkd_finding(name, &file, span));
        }
        if network_manager && network_manager_manages(root, index) {
            found.push(network_manager_finding(name, span));
        }
    }
    found
}

/// systemd keeps a link for each unit that runs.
fn is_active(root: &Path, unit: &str) -> bool {
    let link = root.join(format!("run/systemd/units/invocation:{unit}.service"));
    fs::symlink_metadata(link).is_ok()
}

/// The `.network` file by which networkd manages the interface, unless that file lets other addresses stay.
fn networkd_file(root: &Path, index: u32) -> Option<PathBuf> {
    let state = read(&root.join(format!("run/systemd/netif/links/{index}")))?;
    if value(&state, None, "ADMIN_STATE").as_deref() == Some("unmanaged") {
        return None;
    }
    let file = PathBuf::from(value(&state, None, "NETWORK_FILE")?);
    let own = read(&root.join(file.strip_prefix("/").ok()?))?;
    let mut texts = vec![own];
    texts.extend(drop_ins(root, &file));
    let keeps = texts
        .iter()
        .filter_map(|text| value(text, Some("Network"), "KeepConfiguration"))
        .next_back();
    let keeps = keeps.is_some_and(|word| KEEPING.contains(&word.as_str()) || is_true(&word));
    (!keeps).then_some(file)
}

fn is_true(word: &str) -> bool {
    matches!(word, "1" | "yes" | "y" | "true" | "t" | "on")
}

/// The texts of `FILE.d/*.conf`, in the order of their names wherever they are.
fn drop_ins(root: &Path, file: &Path) -> Vec<String> {
    let Some(name) = file.file_name() else {
        return Vec::new();
    };
    let folder = format!("{}.d", name.to_string_lossy());
    let mut all = BTreeSet::new();
    for (rank, directory) in NETWORKD_DIRECTORIES.iter().enumerate() {
        let entries = fs::read_dir(root.join(directory).join(&folder));
        for entry in entries.into_iter().flatten().take(MAX_DROP_INS).flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|end| end == "conf") {
                all.insert((entry.file_name(), rank, path));
            }
        }
    }
    all.iter().filter_map(|(_, _, path)| read(path)).collect()
}

/// `managed` of NetworkManager's own record of the device.
fn network_manager_manages(root: &Path, index: u32) -> bool {
    let record = read(&root.join(format!("run/NetworkManager/devices/{index}")));
    let managed = record.and_then(|text| value(&text, Some("device"), "managed"));
    managed.is_some_and(|word| is_true(&word))
}

/// The last value of a key, in a section or in a file without sections.
fn value(text: &str, section: Option<&str>, key: &str) -> Option<String> {
    let mut current = None;
    let mut last = None;
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            current = Some(name);
        } else if let Some((name, value)) = line.split_once('=')
            && current == section
            && name.trim() == key
        {
            last = Some(value.trim().to_owned());
        }
    }
    last
}

fn read(path: &Path) -> Option<String> {
    let bytes = read_regular(path, MAX_FILE_BYTES).ok()?;
    String::from_utf8(bytes).ok()
}

fn networkd_finding(interface: &str, file: &Path, span: Span) -> Diagnostic {
    let text = format!(
        "systemd-networkd manages {interface} and removes addresses that it did not add, the virtual ones among them, when it starts or configures the interface anew"
    );
    let help = format!(
        "add to {}, or to a file in {}.d/: [Network] KeepConfiguration=static",
        file.display(),
        Path::new("/etc/systemd/network")
            .join(file.file_name().unwrap_or_default())
            .display()
    );
    Diagnostic::note(Code::NetworkdRemoves, span, text).help(help)
}

fn network_manager_finding(interface: &str, span: Span) -> Diagnostic {
    let text = format!(
        "NetworkManager manages {interface} and removes addresses that are not in its profile, the virtual ones among them, when the connection is activated or applied anew"
    );
    let help = format!(
        "where something else sets up {interface}, add to /etc/NetworkManager/conf.d/90-vrrp.conf: [keyfile] unmanaged-devices=interface-name:{interface}; otherwise avoid `nmcli connection up` and `nmcli device reapply` on a master"
    );
    Diagnostic::note(Code::NetworkManagerRemoves, span, text).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root directory that is removed with everything in it.
    struct Root(PathBuf);

    impl Root {
        fn new(name: &str) -> Self {
            let name = format!("standfast-managers-{name}-{}", std::process::id());
            let root = Self(std::env::temp_dir().join(name));
            fs::create_dir(&root.0).unwrap();
            root
        }

        fn file(&self, path: &str, text: &str) {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn runs(&self, unit: &str) {
            self.file(&format!("run/systemd/units/invocation:{unit}.service"), "");
        }

        fn codes(&self) -> Vec<Code> {
            let eth0 = [("eth0", 2, Span::default())];
            let found = judge(&self.0, eth0.into_iter());
            found.iter().map(|found| found.code).collect()
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const LINK: &str = "# This is private data.\nADMIN_STATE=configured\nOPER_STATE=routable\nNETWORK_FILE=/etc/systemd/network/10-lan.network\n";

    #[test]
    fn networkd_removes_addresses_unless_it_is_told_to_keep_them() {
        let root = Root::new("networkd");
        let network = "etc/systemd/network/10-lan.network";
        root.file("run/systemd/netif/links/2", LINK);
        root.file(network, "[Match]\nName=eth0\n[Network]\nDHCP=yes\n");
        assert_eq!(root.codes(), [], "it does not run");
        root.runs("systemd-networkd");
        assert_eq!(root.codes(), [Code::NetworkdRemoves]);
        root.file(
            network,
            "[Match]\nName=eth0\n[Network]\nKeepConfiguration=dhcp\n",
        );
        assert_eq!(root.codes(), [Code::NetworkdRemoves]);
        let keep = "[Network]\nKeepConfiguration = static\n";
        root.file("run/systemd/network/10-lan.network.d/20-vrrp.conf", keep);
        assert_eq!(root.codes(), []);
        let take_back = "[Network]\nKeepConfiguration=no\n";
        root.file("etc/systemd/network/10-lan.network.d/30-x.conf", take_back);
        assert_eq!(root.codes(), [Code::NetworkdRemoves]);
        root.file("run/systemd/netif/links/2", "ADMIN_STATE=unmanaged\n");
        assert_eq!(root.codes(), []);
    }

    #[test]
    fn network_manager_is_named_where_it_manages_the_interface() {
        let root = Root::new("nm");
        root.runs("NetworkManager");
        assert_eq!(root.codes(), []);
        root.file("run/NetworkManager/devices/2", "[device]\nmanaged=true\n");
        assert_eq!(root.codes(), [Code::NetworkManagerRemoves]);
        root.file("run/NetworkManager/devices/2", "[device]\nmanaged=false\n");
        assert_eq!(root.codes(), []);
    }
}
