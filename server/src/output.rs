//! What the process says on its output and in its log. A disk may be full, or a pipe closed: then the line
//! is lost, and nothing else with it.

use std::fmt::Display;
use std::io::{self, Write};

/// Says a line on the output.
pub fn say(line: impl Display) {
    let _lost = writeln!(io::stdout(), "{line}");
}

/// Says on stderr why the process ends.
pub fn complain(why: impl Display) {
    let _lost = writeln!(io::stderr(), "{why}");
}

/// The log, on stderr. It never fails: what wants to tell of a failure there would panic.
pub struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _lost = io::stderr().write_all(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
