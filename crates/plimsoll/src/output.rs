//! What is said to a person or a program: results on stdout, everything else on stderr.
//!
//! A reader that has gone away (`plimsoll log inspect | head`) is not a failure: writing stops.

use std::io::{self, ErrorKind, Write};

use serde_json::Value;

/// Writes one line to stdout and flushes it. False if nobody reads any more.
pub fn say(line: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes one line of JSON to stdout.
pub fn say_json(value: &Value) -> io::Result<bool> {
    say(&value.to_string())
}

/// Writes one line to stderr. Nobody there to read it is not worth failing for.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
