//! A server's process: where it says it listens, and what the kernel says it has used.

use std::fs::read_to_string;
use std::io::{BufRead, BufReader};
use std::process::Child;

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

/// The server says where it listens when it does.
pub fn port_of(child: &mut Child) -> u16 {
    let [port] = ports_of(child, ["listening on"]);
    port
}

/// The same of several ports, by what is said of each.
pub fn ports_of<const N: usize>(child: &mut Child, said: [&str; N]) -> [u16; N] {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    said.map(|said| {
        let line = lines.next().expect("the server did not start").unwrap();
        let (before, port) = line.rsplit_once(':').unwrap();
        assert_eq!(before, format!("{said} http://127.0.0.1"));
        port.parse().unwrap()
    })
}
