//! Where dumps go.

use std::path::{Path, PathBuf};

use standfast_config::Config;

/// Where keepalived writes unless told otherwise.
const DEFAULT_DIRECTORY: &str = "/tmp";

/// One of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dump {
    /// `keepalived.data`
    Data,
    /// `keepalived_parent.data`
    ParentData,
    /// `keepalived.stats`
    Statistics,
    /// `keepalived.json`
    Json,
}

/// What distinguishes this daemon from others of the host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scope<'a> {
    pub(crate) namespace: Option<&'a str>,
    pub(crate) instance: Option<&'a str>,
}

/// The file of a dump: `state_dump_file`, `stats_dump_file` and `json_dump_file` may name a folder (with a slash at its
/// end), a file in the default folder, or a file with its path. The default folder is $TMPDIR.
pub(crate) fn path(dump: Dump, config: &Config, scope: Scope<'_>) -> PathBuf {
    let directory = std::env::var_os("TMPDIR").filter(|directory| !directory.is_empty());
    let directory = directory.map_or_else(|| DEFAULT_DIRECTORY.into(), PathBuf::from);
    path_in(&directory, dump, config, scope)
}

fn path_in(directory: &Path, dump: Dump, config: &Config, scope: Scope<'_>) -> PathBuf {
    let files = &config.global.files;
    let (name, configured) = match dump {
        Dump::Data | Dump::ParentData => ("keepalived.data", &files.state_dump),
        Dump::Statistics => ("keepalived.stats", &files.statistics_dump),
        Dump::Json => ("keepalived.json", &files.json_dump),
    };
    let is_default = *configured == Path::new(DEFAULT_DIRECTORY).join(name);
    let text = configured.to_string_lossy();
    let path = if is_default || text.is_empty() {
        directory.join(name)
    } else if text.ends_with('/') {
        configured.join(name)
    } else {
        directory.join(configured)
    };
    let mut infix = String::new();
    if dump == Dump::ParentData {
        infix.push_str("_parent");
    }
    let named = files.dumps_name_instance && matches!(dump, Dump::Data | Dump::ParentData);
    let words: Vec<&str> = [scope.namespace, scope.instance]
        .into_iter()
        .flatten()
        .collect();
    if named && !words.is_empty() {
        infix.push('.');
        infix.push_str(&words.join("_"));
    }
    with_infix(path, &infix)
}

/// `/tmp/keepalived.data` becomes `/tmp/keepalived_parent.data`.
fn with_infix(path: PathBuf, infix: &str) -> PathBuf {
    let (Some(stem), false) = (path.file_stem(), infix.is_empty()) else {
        return path;
    };
    let mut name = stem.to_os_string();
    name.push(infix);
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_go_where_the_configuration_says_and_their_names_tell_whose_they_are() {
        let mut config = Config::default();
        let scope = Scope {
            namespace: Some("blue"),
            instance: Some("one"),
        };
        let place = |dump, config: &Config| path_in(Path::new("/t"), dump, config, scope);
        let data = |config: &Config| place(Dump::Data, config).display().to_string();
        assert_eq!(data(&config), "/t/keepalived.data");
        config.global.files.state_dump = "/var/lib/dumps/".into();
        assert_eq!(data(&config), "/var/lib/dumps/keepalived.data");
        config.global.files.state_dump = "mine.txt".into();
        assert_eq!(data(&config), "/t/mine.txt");
        let parent = place(Dump::ParentData, &config);
        assert_eq!(parent, Path::new("/t/mine_parent.txt"));
        config.global.files.state_dump = "/var/mine".into();
        config.global.files.dumps_name_instance = true;
        assert_eq!(data(&config), "/var/mine.blue_one");
        let parent = place(Dump::ParentData, &config);
        assert_eq!(parent, Path::new("/var/mine_parent.blue_one"));
        assert_eq!(place(Dump::Json, &config), Path::new("/t/keepalived.json"));
    }
}
