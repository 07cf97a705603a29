//! The examples of a page, loaded as the page means them.

use standfast_config::nodes::{Node, compare};
use standfast_config::{Diagnostic, Example, Loaded, MemorySource, SourceMap};

use crate::common::read_at;

/// What was found, and the files that its places are in.
pub struct Findings {
    pub diagnostics: Vec<Diagnostic>,
    #[allow(dead_code, reason = "only snapshots show places")]
    pub sources: SourceMap,
}

/// What comes of each configuration among the files of an example: a name with a `/` is a file that others include.
pub fn load_all(files: &[Example]) -> Vec<Loaded> {
    let is_included = |file: &&Example| file.name.contains('/');
    let load = |root: &Example| {
        let name = match root.name {
            "" => "keepalived.conf",
            name => name,
        };
        let path = format!("/etc/keepalived/{name}");
        let mut source = MemorySource::with(&path, root.text);
        for file in files.iter().filter(is_included) {
            source.add(format!("/etc/keepalived/{}", file.name), file.text);
        }
        read_at(&path, &source)
    };
    let roots = files.iter().filter(|file| !is_included(file));
    roots.map(load).collect()
}

/// Everything that an example draws: each configuration for itself, and where they are several nodes, these compared.
pub fn findings(files: &[Example]) -> Vec<Findings> {
    let loaded = load_all(files);
    let roots = files.iter().filter(|file| !file.name.contains('/'));
    let nodes: Vec<Node<'_>> = roots
        .zip(&loaded)
        .map(|(file, loaded)| Node {
            name: file.name.trim_end_matches(".conf"),
            loaded,
        })
        .collect();
    let compared = (nodes.len() > 1).then(|| compare(&nodes));
    let compared = compared.map(|compared| Findings {
        diagnostics: compared.diagnostics,
        sources: compared.sources,
    });
    let each = loaded.into_iter().map(|loaded| Findings {
        diagnostics: loaded.diagnostics,
        sources: loaded.sources,
    });
    each.chain(compared).collect()
}
