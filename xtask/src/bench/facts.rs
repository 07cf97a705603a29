//! What one has to know of the machine to judge numbers.

use std::fs;

use nix::sys::utsname::uname;

use super::subject::Subject;
use super::usage::processors;

/// One line: kernel, processors, memory, load, programs.
#[must_use]
pub fn line(subjects: &[Subject]) -> String {
    // Its version; what a distributor adds says nothing about numbers.
    let kernel = uname().map(|names| {
        let release = names.release().to_string_lossy().into_owned();
        release.split('-').next().unwrap_or_default().to_owned()
    });
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown processor", |model| {
        model.trim_start_matches([' ', '\t', ':'])
    });
    let memory = read("/proc/meminfo");
    let kib = memory
        .lines()
        .next()
        .and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    let programs: Vec<&str> = subjects
        .iter()
        .map(|subject| subject.label.as_str())
        .collect();
    format!(
        "Linux {}, {} × {model}, {} GiB, load {load} at the start; {}",
        kernel.unwrap_or_default(),
        processors(),
        kib.unwrap_or_default() / (1024 * 1024),
        programs.join(", ")
    )
}
