//! What the kernel says a process has used.

use std::fs::read_to_string;

/// The clock of `/proc/*/stat`, the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of processor time, the kernel's work for it included.
pub fn cpu_seconds(process: u32) -> f64 {
    let stat = read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The second field is a name in parentheses; user and system time are the 14th and 15th.
    let fields = stat.rsplit(") ").next().unwrap().split(' ').skip(11).take(2);
    fields.map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / TICKS_PER_SECOND
}

/// The most memory it ever had, in bytes.
pub fn most_memory(process: u32) -> u64 {
    let status = read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}
