//! The market outside: the path, and what our book has passed on to it.
//!
//! ```text
//!   price = path × (1 + shift)                                                at each jolt
//!   shift ← shift × decay + echo × (middle of our book / price − 1)          each second
//! ```
//! Bars do not tell what happened within them, and a straight line is the kindest of all guesses:
//! prices of a crash come in jolts. So the price stands for some seconds (an exponential time) and
//! then is where the path is. A path that was recorded has the crash of its day in it, and the
//! shift is what this market adds to that one. It halves every ten minutes, as impact does, and is
//! bounded.

use std::collections::VecDeque;

use crate::demo::pricing::Rng;

/// Half-life of what was passed on, and bound on it and on a single distance.
const DECAY_S: f64 = 600.0;
const SHIFT_MAX: f64 = 0.2;
const DISTANCE_MAX: f64 = 0.02;
/// Volatility is that of moves within a minute, averaged with this half-life.
const MINUTE: usize = 60;
const MEMORY_S: f64 = 60.0;

/// Price and nervousness outside.
pub struct Outside {
    price: f64,
    shift: f64,
    calm: f64,
    minute: VecDeque<f64>,
    variance: f64,
    jolts: Jolts,
}

/// When the price moves next.
pub struct Jolts {
    /// Seconds between two of them on average; 0: the price moves each second.
    mean_s: f64,
    rng: Rng,
    stands_s: u64,
}

impl Jolts {
    /// Decided by `rng`, so many seconds apart on average.
    pub fn new(mean_s: f64, rng: Rng) -> Jolts {
        Jolts { mean_s, rng, stands_s: 0 }
    }

    /// Whether the price moves in this second.
    fn come(&mut self) -> bool {
        if 0 < self.stands_s {
            self.stands_s -= 1;
            return false;
        }
        self.stands_s = (-self.rng.unit().ln() * self.mean_s) as u64;
        true
    }
}

impl Outside {
    /// At a first price, which moves by `calm` in an ordinary minute.
    pub fn new(price: f64, calm: f64, jolts: Jolts) -> Outside {
        let (minute, variance) = (VecDeque::new(), calm * calm);
        Outside { price, shift: 0.0, calm, minute, variance, jolts }
    }

    /// A second later; where the path has no price the last one stands.
    pub fn move_on(&mut self, path: Option<f64>) {
        if let Some(path) = path.filter(|_| self.jolts.come()) {
            self.price = path * (1.0 + self.shift);
        }
        self.minute.push_back(self.price);
        if MINUTE < self.minute.len() {
            let before = self.minute.pop_front().unwrap_or(self.price);
            let moved = (self.price / before).ln();
            let keeps = 0.5_f64.powf(1.0 / MEMORY_S);
            self.variance = self.variance * keeps + moved * moved * (1.0 - keeps);
        }
    }

    /// Passes on how far the middle of the book is from here.
    pub fn hear(&mut self, middle: Option<f64>, echo: f64) {
        let distance = middle.map_or(0.0, |middle| middle / self.price - 1.0);
        let distance = distance.clamp(-DISTANCE_MAX, DISTANCE_MAX);
        let kept = self.shift * 0.5_f64.powf(1.0 / DECAY_S);
        self.shift = (kept + echo * distance).clamp(-SHIFT_MAX, SHIFT_MAX);
    }

    /// In dollars.
    pub fn price(&self) -> f64 {
        self.price
    }

    /// What was passed on, as a part of the price.
    pub fn shift(&self) -> f64 {
        self.shift
    }

    /// Volatility now in parts of that of an ordinary minute, one at least.
    pub fn nerves(&self) -> f64 {
        (self.variance.sqrt() / self.calm).max(1.0)
    }
}
