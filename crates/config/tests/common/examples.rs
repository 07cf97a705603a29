//! The examples of a page, loaded as the page means them.

use standfast_config::{Example, Loaded, MemorySource};

use crate::common::read_from;

/// What comes of each configuration among the files of an example: a name with a `/` is a file that others include.
pub fn load_all(files: &[Example]) -> Vec<Loaded> {
    let is_included = |file: &&Example| file.name.contains('/');
    let load = |root: &Example| {
        let mut source = MemorySource::with("/etc/keepalived/keepalived.conf", root.text);
        for file in files.iter().filter(is_included) {
            source.add(format!("/etc/keepalived/{}", file.name), file.text);
        }
        read_from(source)
    };
    let roots = files.iter().filter(|file| !is_included(file));
    roots.map(load).collect()
}
