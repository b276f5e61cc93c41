//! A server's process: where it says it listens, and what the kernel says it has used.

use std::fs::read_to_string;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

/// The clock of `/proc/*/stat`, the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// How long a server may take to start, or to stop: it gives itself ten seconds for requests and five for its queue.
const PATIENCE: Duration = Duration::from_secs(180);

/// How a process ended. One that does not end is ended, and the test with it.
#[track_caller]
pub fn ended(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it did not end by itself");
        }
        sleep(Duration::from_millis(2));
    }
}

/// What a process that ends by itself said.
#[track_caller]
pub fn output_of(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    ended(&mut child);
    child.wait_with_output().unwrap()
}

/// Sends a process a signal by its name.
pub fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
}

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
    let lines = lines_of(child);
    said.map(|said| {
        let line = lines.recv_timeout(PATIENCE).expect("the server did not start");
        let (before, port) = line.rsplit_once(':').unwrap();
        assert_eq!(before, format!("{said} http://127.0.0.1"));
        port.parse().unwrap()
    })
}

/// What a process says, line by line, for a reader who does not wait for ever.
pub fn lines_of(child: &mut Child) -> mpsc::Receiver<String> {
    let (said, lines) = mpsc::channel();
    let output = child.stdout.take().unwrap();
    spawn(move || BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
    lines
}
