//! Prices of the demo: an index that wanders, and option values on it.
//!
//! Floats are fine here: the demo plays the part of the outside world, and what it says reaches the
//! venue as decimal numbers on the grid, through the public API. The core has none of this.

use std::f64::consts::PI;

use types::{At, Kind, OptionRight};

/// Volatility of the index and of the options, a year.
const VOLATILITY: f64 = 0.55;
/// How much higher the volatility of far strikes is, per squared standard deviation.
const SMILE: f64 = 0.03;
/// Drift of futures over the index, a year.
const BASIS: f64 = 0.06;
/// Milliseconds of a year.
const YEAR_MS: f64 = 365.25 * 86_400_000.0;

/// Seeded random numbers: SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom
/// number generators", 2014), which passes the usual tests and fits in five lines.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
    /// Another stream of the same seed.
    pub fn fork(&self, stream: u64) -> Rng {
        let mut rng = Rng(self.0 ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        Rng(rng.next())
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly between 0 and 1, never 0.
    pub fn unit(&mut self) -> f64 {
        // 53 bits are what an f64 holds.
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Evenly below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Standard normal (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (2.0 * PI * self.unit()).cos()
    }
}

/// A price that wanders: geometric Brownian motion, pulled gently back to where it began, so that a
/// demo of many days stays near its strikes.
#[derive(Clone, Debug)]
pub struct Walk {
    rng: Rng,
    begin: f64,
    price: f64,
}

impl Walk {
    /// Begins at `price`.
    pub fn new(rng: Rng, price: f64) -> Walk {
        Walk { rng, begin: price, price }
    }

    /// The price `ms` later.
    pub fn step(&mut self, ms: f64) -> f64 {
        let years = ms / YEAR_MS;
        let pull = (self.begin / self.price).ln() * 20.0 * years;
        let shock = VOLATILITY * years.sqrt() * self.rng.normal();
        self.price *= (pull + shock - VOLATILITY * VOLATILITY * years / 2.0).exp();
        self.price
    }
}

/// Fair value of a contract, in units of its index (an inverse option's in units of base).
pub fn fair(kind: &Kind, is_inverse: bool, index: f64, now: At) -> f64 {
    let years = kind.expiry().map_or(0.0, |expiry| expiry.ms_since(now) as f64 / YEAR_MS);
    let forward = index * (BASIS * years).exp();
    match kind {
        Kind::Perpetual => index,
        Kind::Future { .. } => forward,
        Kind::Option { strike, right, .. } => {
            let strike = strike.mantissa() as f64 / 10_f64.powi(i32::from(strike.scale()));
            let value = black_76(forward, strike, smile(forward, strike, years), years, *right);
            if is_inverse { value / index } else { value }
        }
    }
}

/// Volatility of a strike: higher away from the forward.
fn smile(forward: f64, strike: f64, years: f64) -> f64 {
    let deviations = (strike / forward).ln() / (VOLATILITY * years.max(1e-4).sqrt());
    VOLATILITY * (1.0 + SMILE * deviations * deviations).min(2.0)
}

/// Undiscounted value of a European option on a forward (F. Black, "The pricing of commodity
/// contracts", 1976, eq. 16 without the discount).
pub fn black_76(forward: f64, strike: f64, volatility: f64, years: f64, right: OptionRight) -> f64 {
    let deviation = volatility * years.max(0.0).sqrt();
    let sign = if right == OptionRight::Call { 1.0 } else { -1.0 };
    if deviation < 1e-9 {
        return (sign * (forward - strike)).max(0.0);
    }
    let d1 = (forward / strike).ln() / deviation + deviation / 2.0;
    let d2 = d1 - deviation;
    sign * (forward * normal_cdf(sign * d1) - strike * normal_cdf(sign * d2))
}

/// Standard normal distribution, within 7.5e-8 (Abramowitz and Stegun, 26.2.17).
fn normal_cdf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let series = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_530];
    let polynomial = series.iter().fold(0.0, |sum, term| (sum + term) * t);
    let tail = (-x * x / 2.0).exp() / (2.0 * PI).sqrt() * polynomial;
    if x < 0.0 { tail } else { 1.0 - tail }
}
