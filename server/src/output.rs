//! Lines on stdout, and the log on stderr. A line that cannot be written, because a disk is full or a pipe closed, is
//! lost without any other effect.

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
