//! Families of metrics, one call each.

use std::fmt::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet, EncodeLabelValue,
    LabelSetEncoder, LabelValueEncoder, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use crate::status::{Address, Class, Instance, State};

/// Writes families of metrics.
pub(super) struct Families<'a>(DescriptorEncoder<'a>);

impl<'a> Families<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Families(encoder)
    }

    /// A gauge without labels.
    pub(super) fn gauge<V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        value: V,
    ) -> fmt::Result {
        let kind = MetricType::Gauge;
        self.0
            .encode_descriptor(name, help, None, kind)?
            .encode_gauge(&value)
    }

    /// A counter without labels; `_total` is added to its name.
    pub(super) fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let kind = MetricType::Counter;
        self.0
            .encode_descriptor(name, help, None, kind)?
            .encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    /// A gauge with labels.
    pub(super) fn gauges<S: EncodeLabelSet, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl Iterator<Item = (S, V)>,
    ) -> fmt::Result {
        let family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        all_gauges(family, samples)
    }

    /// Durations or moments in seconds, without labels; `_seconds` is added to the name.
    pub(super) fn second(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let kind = MetricType::Gauge;
        self.0
            .encode_descriptor(name, help, Some(&Unit::Seconds), kind)?
            .encode_gauge(&value)
    }

    /// Durations or moments in seconds, with labels; `_seconds` is added to the name.
    pub(super) fn seconds<S: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl Iterator<Item = (S, f64)>,
    ) -> fmt::Result {
        let kind = MetricType::Gauge;
        let family = self
            .0
            .encode_descriptor(name, help, Some(&Unit::Seconds), kind)?;
        all_gauges(family, samples)
    }

    /// A counter with labels; `_total` is added to its name.
    pub(super) fn counters<S: EncodeLabelSet, V: EncodeCounterValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl Iterator<Item = (S, V)>,
    ) -> fmt::Result {
        let kind = MetricType::Counter;
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in samples {
            family
                .encode_family(&labels)?
                .encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        Ok(())
    }

    /// A histogram of durations, without labels; `_seconds` is added to the name.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        classes: &[Class],
        sum_us: u64,
    ) -> fmt::Result {
        let bound = |class: &Class| class.below_us.map_or(f64::INFINITY, in_seconds);
        let mut buckets: Vec<(f64, u64)> = classes.iter().map(|c| (bound(c), c.count)).collect();
        // A histogram without a last class is none.
        if classes.last().is_none_or(|class| class.below_us.is_some()) {
            buckets.push((f64::INFINITY, 0));
        }
        let count = classes.iter().map(|class| class.count).sum();
        self.0
            .encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(in_seconds(sum_us), count, &buckets, None)
    }

    /// One line whose labels say what does not change while the process lives; `_info` is added to the name.
    pub(super) fn info<S: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        labels: &S,
    ) -> fmt::Result {
        self.0
            .encode_descriptor(name, help, None, MetricType::Info)?
            .encode_info(labels)
    }
}

fn all_gauges<S: EncodeLabelSet, V: EncodeGaugeValue>(
    mut family: MetricEncoder<'_>,
    samples: impl Iterator<Item = (S, V)>,
) -> fmt::Result {
    for (labels, value) in samples {
        family.encode_family(&labels)?.encode_gauge(&value)?;
    }
    Ok(())
}

/// Microseconds in seconds.
pub(super) fn in_seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).div_duration_f64(Duration::from_secs(1))
}

/// From a moment until now, in seconds.
pub(super) fn age(now_us: u64, then_us: u64) -> f64 {
    in_seconds(now_us.saturating_sub(then_us))
}

/// A truth as Prometheus has it.
pub(super) fn number(truth: bool) -> u32 {
    u32::from(truth)
}

/// Labels of an instance, with the exporter's names: `iname`, `intf`, `vrid`. (`instance` is the scraped target's.)
#[derive(Debug)]
pub(super) struct Of<'a> {
    iname: &'a str,
    intf: &'a str,
    vrid: u8,
}

impl<'a> Of<'a> {
    pub(super) fn instance(instance: &'a Instance) -> Self {
        Of::on(instance, &instance.interface)
    }

    /// For what lies on another interface than the advertisements.
    pub(super) fn on(instance: &'a Instance, intf: &'a str) -> Self {
        let (iname, vrid) = (instance.name.as_str(), instance.vrid);
        Of { iname, intf, vrid }
    }
}

impl EncodeLabelSet for Of<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder) -> fmt::Result {
        [("iname", self.iname), ("intf", self.intf)].encode(encoder)?;
        [("vrid", self.vrid)].encode(encoder)
    }
}

/// An address as keepalived shows it: with its prefix length, unless that is a single host's.
#[derive(Debug)]
pub(super) struct Shown(Option<(IpAddr, u8)>);

impl Shown {
    /// For an instance without addresses.
    pub(super) const NONE: Shown = Shown(None);

    pub(super) fn of(address: &Address) -> Shown {
        Shown(Some((address.address, address.prefix)))
    }
}

impl EncodeLabelValue for Shown {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        let Some((address, prefix)) = self.0 else {
            return Ok(());
        };
        let host = if address.is_ipv4() { 32 } else { 128 };
        if prefix == host {
            write!(encoder, "{address}")
        } else {
            write!(encoder, "{address}/{prefix}")
        }
    }
}

/// The states and their words, in the order of keepalived's numbers.
pub(super) const STATES: [(State, &str); 5] = [
    (State::Initialize, "initialize"),
    (State::Backup, "backup"),
    (State::Master, "master"),
    (State::Fault, "fault"),
    (State::Leaving, "leaving"),
];
