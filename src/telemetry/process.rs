//! What the system says of this process, under the names that Prometheus' own libraries give it.
//! Asked anew at each look; what `/proc` does not tell is left out.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// This process.
#[derive(Debug)]
pub struct Process;

/// Ticks of a second in `/proc`, on every system that Rust's standard library runs on.
const TICKS: f64 = 100.0;

/// Words of `/proc/self/stat` behind the name of the program, counted from 0.
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;
const START_TICKS: usize = 19;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name: &str, help: &str, value: Option<f64>| {
            let Some(value) = value else { return Ok(()) };
            let metric = ConstGauge::new(value);
            let described = encoder.encode_descriptor(name, help, None, metric.metric_type())?;
            metric.encode(described)
        };
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let system = fs::read_to_string("/proc/stat").unwrap_or_default();
        gauge("process_start_time_seconds", "When it began, since 1970", start(&stat, &system))?;
        gauge("process_resident_memory_bytes", "Memory in use", kilobytes(&status, "VmRSS:"))?;
        gauge("process_virtual_memory_bytes", "Memory reserved", kilobytes(&status, "VmSize:"))?;
        let open = fs::read_dir("/proc/self/fd").ok();
        // One of them is this look's.
        let open = open.map(|files| files.count().saturating_sub(1) as f64);
        gauge("process_open_fds", "Files and connections that are open", open)?;
        gauge("process_max_fds", "How many there may be", files_max(&limits))?;
        let Some(used) = used(&stat) else { return Ok(()) };
        let metric = ConstCounter::new(used);
        let help = "Time of processors used, by itself and for it";
        let kind = metric.metric_type();
        metric.encode(encoder.encode_descriptor("process_cpu_seconds", help, None, kind)?)
    }
}

/// Seconds since 1970, of the start of the system and ours behind it.
fn start(stat: &str, system: &str) -> Option<f64> {
    let booted = system.lines().find_map(|line| line.strip_prefix("btime "))?;
    Some(booted.trim().parse::<f64>().ok()? + number(stat, START_TICKS)? / TICKS)
}

fn used(stat: &str) -> Option<f64> {
    Some((number(stat, USER_TICKS)? + number(stat, SYSTEM_TICKS)?) / TICKS)
}

/// The program's name, in brackets, may hold blanks and brackets.
fn number(stat: &str, place: usize) -> Option<f64> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(place)?.parse().ok()
}

fn kilobytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024.0)
}

fn files_max(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_writes_is_read_whatever_the_program_is_called() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 9 0 1000 7 8";
        assert_eq!(used(stat), Some(3.0));
        assert_eq!(start(stat, "cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_010.0));
        assert_eq!(kilobytes("Name:\tx\nVmRSS:\t    2048 kB\n", "VmRSS:"), Some(2_097_152.0));
        let limits = "Max open files            1024                 524288               files\n";
        assert_eq!(files_max(limits), Some(1_024.0));
        assert_eq!(files_max("Max open files            unlimited  unlimited  files\n"), None);
        assert_eq!((used(""), start("", ""), kilobytes("", "VmRSS:")), (None, None, None));
    }
}
