//! Latencies: all of them are kept, and percentiles are exact.

use std::time::Duration;

/// Latencies of one kind of request.
#[derive(Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    pub fn push(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// To be called before the first look.
    pub fn sort(&mut self) {
        self.0.sort_unstable();
    }

    /// The latency that this share of the requests does not exceed; 0 without requests.
    pub fn at(&self, share: f64) -> Duration {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

/// In the unit that has at least one digit before the point.
pub fn micros(latency: Duration) -> String {
    match latency.as_micros() {
        us @ 0..1_000 => format!("{us} µs"),
        us @ 1_000..10_000 => format!("{:.1} ms", us as f64 / 1e3),
        us => format!("{:.0} ms", us as f64 / 1e3),
    }
}
