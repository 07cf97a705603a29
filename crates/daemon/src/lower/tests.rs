//! Every real configuration becomes a plan.

use std::path::{Path, PathBuf};

use standfast_config::{FileSource, LoadOptions, NoEnvironment, load};

/// Real configurations that somebody has put there (`STANDFAST_CORPUS`); without them there is nothing to try.
fn corpus() -> Vec<PathBuf> {
    let Some(folder) = std::env::var_os("STANDFAST_CORPUS") else {
        return Vec::new();
    };
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("conf") => files.push(path),
                _ if path.is_dir() => folders.push(path),
                _ => {}
            }
        }
    }
    files
}

fn routers(path: &Path) -> (usize, usize) {
    let options = LoadOptions::default();
    let loaded = load(&[path.to_owned()], &FileSource, &NoEnvironment, &options);
    let plan = super::plan(&loaded.config);
    (loaded.config.instances.len(), plan.spec.routers.len())
}

#[test]
fn every_instance_of_a_real_configuration_becomes_a_router() {
    let files = corpus();
    for path in &files {
        let (configured, planned) = routers(path);
        assert_eq!(configured, planned, "{}", path.display());
    }
    println!("{} files", files.len());
}
