//! The typed configuration: what the text means, with every default applied.

mod address;
mod global;
mod instance;
mod script;

pub use address::{Broadcast, IpNetwork, Scope, VirtualAddress};
pub use global::{Accepted, GlobalDefs, GroupDefs, ProcessSettings, RootSettings, RxBuffers};
pub use instance::{
    Authentication, AuthenticationKind, Family, Garp, Given, Handover, InitialState, Notify,
    Password, SyncGroup, TrackedInterface, TrackedObject, TrackedScript, Unicast, UnicastPeer,
    Version, Vmac, VrrpInstance,
};
pub use script::{Command, Identity, Script, ScriptGiven, VrrpScript, Weight};

/// A whole configuration, as the daemon acts on it.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Keywords that stand outside any block.
    pub root: RootSettings,
    /// The `global_defs` block, or its defaults.
    pub global: GlobalDefs,
    /// Every usable `vrrp_script`, also untracked ones, in the order of the text.
    pub scripts: Vec<VrrpScript>,
    /// Every usable `vrrp_instance`, in the order of the text; one that keepalived would refuse is left out.
    pub instances: Vec<VrrpInstance>,
    /// Every `vrrp_sync_group` with at least one member that exists.
    pub sync_groups: Vec<SyncGroup>,
    /// Keywords that were understood but have no typed field yet, in the order of the text.
    pub accepted: Vec<Accepted>,
}

impl Config {
    /// The script of that name.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&VrrpScript> {
        self.scripts.iter().find(|script| script.name.value == name)
    }

    /// The instance of that name.
    #[must_use]
    pub fn instance(&self, name: &str) -> Option<&VrrpInstance> {
        self.instances
            .iter()
            .find(|instance| instance.name.value == name)
    }
}
