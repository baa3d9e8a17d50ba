//! A market that exists nowhere: its price is a function of a seed, a pair and a time, so that
//! processes that never speak to each other agree about it.
//!
//! ```text
//!   log-price
//!     │      ╭─╮        octave of 12 days    amplitude ∝ √period, periods halve
//!     │  ╭───╯ ╰──╮   + octave of 6 days     down to about a second: together they look like a
//!     │ ─╯        ╰─  + …                    random walk, but one can be asked about any moment
//!     └────────────▶
//! ```
//! Each octave is value noise: independent random heights at the multiples of its period, with a
//! smooth curve between. Slow octaves are bounded, so the price stays around where it began.
//!
//! Floats are fine here: this plays the part of the outside world. Two builds may differ in the
//! last bit of a price, which is less than reporters differ from each other.

use types::Svi;

use crate::genesis::REFERENCES;

/// Volatility of a year.
const VOLATILITY: f64 = 0.55;
/// Milliseconds of a year.
const YEAR_MS: f64 = 365.25 * 86_400_000.0;
/// The longest period: 2^30 ms, about twelve days, so that a demo of months stays near its strikes.
const LONGEST_BITS: u32 = 30;
/// The shortest: 2^10 ms.
const SHORTEST_BITS: u32 = 10;
/// Variance of an increment over a stretch `t`, over `c·t`, of a sum of octaves with squared
/// amplitudes `c·p` and heights of variance 1: `2·(26/35)` for each octave shorter than `t`, and
/// `2·(6/5)·(t/p)²` for each longer one. A test measures what comes of it.
const SPREAD: f64 = 5.4;
/// What one reporter's own view of the price strays by, at most.
const STRAY: f64 = 2e-4;
/// How fast it strays.
const STRAY_MS: u64 = 7_000;

/// A base asset that is simulated: where its price begins, and the stream of its noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    begin: f64,
    stream: u64,
}

impl Pair {
    /// Of an index such as `btc_usd`; the quote does not matter, a dollar is a dollar. `None` for a
    /// base that the built-in list does not have.
    pub fn named(index: &str) -> Option<Pair> {
        let (base, _) = index.split_once('_')?;
        let known = REFERENCES.iter().zip(1..);
        let (reference, stream) =
            known.into_iter().find(|(known, _)| known.base.eq_ignore_ascii_case(base))?;
        Some(Pair { begin: reference.price as f64, stream })
    }
}

/// The price of one unit, in dollars.
pub fn price(seed: u64, pair: Pair, at_ms: u64) -> f64 {
    let octaves = (SHORTEST_BITS..=LONGEST_BITS).map(|bits| {
        let years = (1_u64 << bits) as f64 / YEAR_MS;
        let amplitude = VOLATILITY * (years / SPREAD).sqrt();
        amplitude * noise(seed, [pair.stream, u64::from(bits)], 1 << bits, at_ms)
    });
    pair.begin * octaves.sum::<f64>().exp()
}

/// What one reporter sees of it: within two hundredths of a percent.
pub fn seen_by(reporter: u32, seed: u64, pair: Pair, at_ms: u64) -> f64 {
    price(seed, pair, at_ms) * (1.0 + stray(reporter, seed, pair, at_ms))
}

/// How far off one reporter is, as a part of the price: within two hundredths of a percent.
pub fn stray(reporter: u32, seed: u64, pair: Pair, at_ms: u64) -> f64 {
    // The heights of the noise are within ±√3.
    STRAY / 3_f64.sqrt() * noise(seed ^ !u64::from(reporter), [pair.stream, 0], STRAY_MS, at_ms)
}

/// Volatilities of an expiry, as raw SVI. `None` a minute before it and later.
///
/// It is a slice of a surface SVI (J. Gatheral, A. Jacquier, "Arbitrage-free SVI volatility
/// surfaces", 2014, eq. 4.1) with `φ(θ) = η/√(θ(1 + θ))`: free of butterflies while
/// `η·(1 + |ρ|) ≤ 2` (remark 4.4), and of calendar arbitrage because `θ` grows with time and all
/// expiries share `ρ` and `η` (theorem 4.1).
pub fn surface(seed: u64, pair: Pair, at_ms: u64, expiry_ms: u64) -> Option<Svi> {
    const ETA: f64 = 0.9;
    const ONE_MINUTE_MS: u64 = 60_000;
    let left_ms = expiry_ms.checked_sub(at_ms).filter(|left| ONE_MINUTE_MS < *left)?;
    let slow = |stream: u64| noise(seed, [pair.stream, 1_000 + stream], 1 << 27, at_ms);
    let volatility = VOLATILITY * (0.06 * slow(1)).exp();
    let rho = -0.12 + 0.05 * slow(2);
    let theta = volatility * volatility * left_ms as f64 / YEAR_MS;
    let phi = ETA / (theta * (1.0 + theta)).sqrt();
    let rest = 1.0 - rho * rho;
    let billionths = |number: f64| (number * 1e9).round() as i64;
    Some(Svi {
        a: billionths(theta / 2.0 * rest),
        b: billionths(theta * phi / 2.0),
        rho: billionths(rho),
        m: billionths(-rho / phi),
        sigma: billionths(rest.sqrt() / phi),
    })
}

/// Value noise: heights at the multiples of `period_ms`, evenly within ±√3 (variance 1), and a
/// curve `3u² − 2u³` between.
fn noise(seed: u64, stream: [u64; 2], period_ms: u64, at_ms: u64) -> f64 {
    let (place, within) = (at_ms / period_ms, at_ms % period_ms);
    let u = within as f64 / period_ms as f64;
    let height = |place: u64| {
        let bits = [stream[0], stream[1], place].into_iter().fold(seed, |bits, word| {
            mix(bits.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_add(mix(word)))
        });
        (bits as f64 / u64::MAX as f64 * 2.0 - 1.0) * 3_f64.sqrt()
    };
    let (left, right) = (height(place), height(place + 1));
    left + (right - left) * u * u * (3.0 - 2.0 * u)
}

/// The mixing of SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number
/// generators", 2014).
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
