//! Three nodes of etcd, as `clients/drills/etcd.py` runs them.
//!
//! A program of its own, because the load on etcd is h2load and not ours; it is asked for one round
//! at a time. Nothing is installed for it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A cluster that waits for load.
pub struct Etcd {
    driver: Child,
    asks: Option<ChildStdin>,
    hears: BufReader<ChildStdout>,
}

impl Etcd {
    /// With its data in `dir`; or why it cannot run here.
    pub fn start(dir: &Path) -> Result<Etcd, String> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../clients/drills/etcd.py");
        let mut process = Command::new("python3");
        process.arg(script).arg("--asked").arg("--dir").arg(dir);
        let driver = process.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut driver = driver.map_err(|error| format!("python3: {error}"))?;
        let asks = driver.stdin.take();
        let hears = BufReader::new(driver.stdout.take().expect("piped"));
        let mut etcd = Etcd { driver, asks, hears };
        let line = etcd.line();
        if line == "ready" { Ok(etcd) } else { Err(line) }
    }

    /// Puts a second, p50 and p99 in µs, with so many clients, each with so many in flight.
    pub fn measure(&mut self, n_clients: usize, in_flight: usize) -> [f64; 3] {
        let asks = self.asks.as_mut().expect("until it ends");
        writeln!(asks, "{n_clients} {in_flight} 2").expect("asks");
        let line = self.line();
        let figures: Vec<f64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
        figures.try_into().unwrap_or_else(|_| panic!("etcd's driver says: {line:?}"))
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.hears.read_line(&mut line).expect("answers");
        line.trim_end().to_owned()
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        // It stops its nodes when nobody can ask any more.
        drop(self.asks.take());
        self.driver.wait().expect("ends");
    }
}
