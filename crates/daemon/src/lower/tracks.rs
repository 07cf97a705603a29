//! Tracked objects: of an instance, of a group, and what is looked at for them.

use std::collections::BTreeSet;

use standfast_config as config;
use standfast_core::spec::{LinkDelay, Quorum, Track, Tracked, TrackerKind, TrackerSpec, Weight};

use super::{Plan, micros};
use crate::track::{FileTarget, InitialNumber, Pattern, ProcessTarget};

/// The tracking lists of an instance or of a group.
#[derive(Clone, Copy)]
pub(super) struct Lists<'a> {
    pub(super) scripts: &'a [config::TrackedScript],
    pub(super) checks: &'a [config::TrackedScript],
    pub(super) interfaces: &'a [config::TrackedInterface],
    pub(super) files: &'a [config::TrackedObject],
    pub(super) processes: &'a [config::TrackedObject],
    pub(super) bfds: &'a [config::TrackedBfd],
}

impl<'a> From<&'a config::VrrpInstance> for Lists<'a> {
    fn from(instance: &'a config::VrrpInstance) -> Self {
        Lists {
            scripts: &instance.track_scripts,
            checks: &instance.track_checks,
            interfaces: &instance.track_interfaces,
            files: &instance.track_files,
            processes: &instance.track_processes,
            bfds: &instance.track_bfds,
        }
    }
}

impl<'a> From<&'a config::SyncGroup> for Lists<'a> {
    fn from(group: &'a config::SyncGroup) -> Self {
        Lists {
            scripts: &group.track_scripts,
            checks: &group.track_checks,
            interfaces: &group.track_interfaces,
            files: &group.track_files,
            processes: &group.track_processes,
            bfds: &group.track_bfds,
        }
    }
}

/// What the group tracks every member tracks; where both track the same the group's weight counts.
pub(super) fn of_member(
    config: &config::Config,
    instance: &config::VrrpInstance,
    group: Option<&config::SyncGroup>,
) -> Vec<Track> {
    let mut all = group.map_or_else(Vec::new, |group| tracks(config, group.into()));
    for own in tracks(config, instance.into()) {
        if !all.iter().any(|known| known.object == own.object) {
            all.push(own);
        }
    }
    all
}

/// What a router tracks that these lists are for.
fn tracks(config: &config::Config, lists: Lists<'_>) -> Vec<Track> {
    let scripts = lists.scripts.iter().chain(lists.checks);
    let scripts = scripts.map(|track| Track {
        object: Tracked::Check(track.name.value.clone()),
        weight: weight(track.weight),
    });
    let interfaces = lists.interfaces.iter().map(|track| Track {
        object: Tracked::Interface(track.name.value.clone()),
        weight: weight(track.weight),
    });
    let files = lists.files.iter().map(|track| Track {
        object: Tracked::File(track.name.value.clone()),
        weight: weight(track.weight),
    });
    let processes = lists.processes.iter().map(|track| Track {
        object: Tracked::Process(track.name.value.clone()),
        weight: weight(track.weight),
    });
    let bfds = lists.bfds.iter().map(|track| Track {
        object: Tracked::Bfd(track.name.value.clone()),
        weight: weight(track.weight.unwrap_or_else(|| own_weight(config, track))),
    });
    scripts
        .chain(interfaces)
        .chain(files)
        .chain(processes)
        .chain(bfds)
        .collect()
}

fn weight(weight: config::Weight) -> Weight {
    Weight {
        value: weight.value,
        reverse: weight.reverse,
    }
}

/// Where the tracking line gives none the session's block does.
fn own_weight(config: &config::Config, track: &config::TrackedBfd) -> config::Weight {
    let mut all = config.bfd_instances.iter();
    let session = all.find(|session| session.name.value == track.name.value);
    session.map_or(config::Weight::default(), |session| session.weight)
}

impl Plan {
    /// What is looked at: whatever a router tracks.
    pub(super) fn lower_trackers(&mut self, config: &config::Config) {
        let routers = self.spec.routers.iter();
        let tracked: BTreeSet<Tracked> = routers
            .flat_map(|router| &router.tracks)
            .map(|track| track.object.clone())
            .collect();
        for file in &config.track_files {
            if tracked.contains(&Tracked::File(file.name.value.clone())) {
                self.lower_file(file);
            }
        }
        for process in &config.track_processes {
            if tracked.contains(&Tracked::Process(process.name.value.clone())) {
                self.lower_process(process);
            }
        }
        for check in &config.checks {
            let object = Tracked::Check(check.name.value.clone());
            if let (config::Probe::Process(process), true) =
                (&check.probe, tracked.contains(&object))
            {
                self.targets.processes.push(ProcessTarget {
                    object,
                    pattern: Pattern::of_check(process),
                    least: 1,
                    most: None,
                });
            }
        }
        for object in tracked {
            if let Tracked::Bfd(name) = &object {
                self.complaints.push(format!(
                    "BFD session {name} is not available in this version: it counts as down"
                ));
                self.spec.trackers.push(TrackerSpec {
                    object,
                    definition: String::new(),
                    kind: TrackerKind::Session,
                });
            }
        }
    }

    fn lower_file(&mut self, file: &config::TrackFile) {
        let name = file.name.value.clone();
        self.spec.trackers.push(TrackerSpec {
            object: Tracked::File(name.clone()),
            definition: file.path.value.display().to_string(),
            kind: TrackerKind::Number,
        });
        self.targets.files.push(FileTarget {
            name,
            path: file.path.value.clone(),
            initial: file.initial.map(|initial| InitialNumber {
                value: initial.value,
                overwrite: initial.overwrite,
            }),
        });
    }

    fn lower_process(&mut self, process: &config::TrackProcess) {
        let name = process.name.value.clone();
        let pattern = Pattern::new(process);
        if let Some(why) = pattern.impossible() {
            let text = format!("tracked process {name} is never found: {why}");
            self.complaints.push(text);
        }
        let quorum = Quorum {
            least: u32::from(process.quorum),
            most: process.quorum_max.map(u32::from),
            gain_delay: micros(process.fork_delay),
            loss_delay: micros(process.terminate_delay),
        };
        self.spec.trackers.push(TrackerSpec {
            object: Tracked::Process(name.clone()),
            definition: format!("{pattern:?}"),
            kind: TrackerKind::Quorum(quorum),
        });
        self.targets.processes.push(ProcessTarget {
            object: Tracked::Process(name),
            pattern,
            least: quorum.least,
            most: quorum.most,
        });
    }
}

/// `interface_up_down_delays`
pub(super) fn link_delays(config: &config::Config) -> Vec<LinkDelay> {
    let delays = config.interface_delays.iter().map(|delay| LinkDelay {
        interface: delay.name.value.clone(),
        down: micros(delay.down),
        up: micros(delay.up),
    });
    delays.collect()
}

#[cfg(test)]
mod tests;
