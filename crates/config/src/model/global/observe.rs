//! SNMP, D-Bus and files that others read.

use std::path::PathBuf;

use crate::span::Spanned;

/// SNMP by way of an AgentX master.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Snmp {
    /// `snmp_socket`: where the master listens.
    pub socket: String,
    /// `enable_traps`.
    pub traps: bool,
    /// `enable_snmp_vrrp`: keepalived's own MIB of VRRP.
    pub vrrp: bool,
    /// `enable_snmp_checker`: keepalived's own MIB of IPVS.
    pub checker: bool,
    /// `enable_snmp_rfcv2`: the MIB of RFC 2787.
    pub rfc_v2: bool,
    /// `enable_snmp_rfcv3`: the MIB of RFC 6527.
    pub rfc_v3: bool,
}

impl Default for Snmp {
    fn default() -> Self {
        Self {
            socket: "unix:/var/agentx/master".to_owned(),
            traps: false,
            vrrp: false,
            checker: false,
            rfc_v2: false,
            rfc_v3: false,
        }
    }
}

/// D-Bus.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DBus {
    /// `enable_dbus`.
    pub enabled: bool,
    /// `dbus_service_name`.
    pub service_name: String,
    /// `dbus_no_interface_name`: path element of instances without interface; keepalived's is `none`.
    pub no_interface_name: String,
}

impl Default for DBus {
    fn default() -> Self {
        Self {
            enabled: false,
            service_name: "org.keepalived.Vrrp1".to_owned(),
            no_interface_name: "none".to_owned(),
        }
    }
}

/// Files of the daemon.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Files {
    /// `state_dump_file`.
    pub state_dump: PathBuf,
    /// `stats_dump_file`.
    pub statistics_dump: PathBuf,
    /// `json_dump_file`.
    pub json_dump: PathBuf,
    /// `json_version`, 1 or 2.
    pub json_version: u8,
    /// `data_use_instance`: names of dumps tell the instance and namespace.
    pub dumps_name_instance: bool,
    /// `config_save_dir`: copies of each configuration go there.
    pub configuration_copies: Option<Spanned<PathBuf>>,
    /// `tmp_config_directory`: the working copy lies there; unset, in memory.
    pub working_copy: Option<Spanned<PathBuf>>,
    /// `iproute_usr_dir`: iproute2's own tables; unset, wherever they are.
    pub iproute_distribution: Option<Spanned<PathBuf>>,
    /// `iproute_etc_dir`: iproute2's local tables; unset, wherever they are.
    pub iproute_local: Option<Spanned<PathBuf>>,
    /// `umask`: the permissions that created files lack.
    pub umask: u32,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            state_dump: "/tmp/keepalived.data".into(),
            statistics_dump: "/tmp/keepalived.stats".into(),
            json_dump: "/tmp/keepalived.json".into(),
            json_version: 1,
            dumps_name_instance: false,
            configuration_copies: None,
            working_copy: None,
            iproute_distribution: None,
            iproute_local: None,
            umask: 0o177,
        }
    }
}

/// `reload_file`: a file that exists while the configuration is read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReloadFile {
    /// `keepalived.reload` beside the pid file.
    Default,
    /// That file.
    Path(PathBuf),
}

/// How reloads go.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Reload {
    /// `reload_check_config`: a configuration with errors is not taken in.
    pub check: bool,
    /// The file after `reload_check_config`: what is wrong is written there.
    pub check_log: Option<Spanned<PathBuf>>,
    /// `reload_time_file`: holds the time of the next reload.
    pub time_file: Option<Spanned<PathBuf>>,
    /// `reload_repeat`: the file stays, for a reload every day.
    pub repeat: bool,
    /// `reload_file`.
    pub file: Option<ReloadFile>,
}
