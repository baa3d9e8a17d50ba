//! Mark prices of futures: the index, and how far from it the book has stood lately.
//!
//! ```text
//!   index ──────────────────────────────┐
//!   book ─▶ fair ─▶ distance ─▶ clamp ─▶ average ─▶ index + average ─▶ clamp ─▶ mark
//!                     once a second                 at any moment
//! ```
//! An average moves once in each second of log time, by what stood before the entry that brought
//! the new second: an order cannot be in the sample that it causes. Between two samples the mark
//! follows the index at once.
//!
//! The averages are exponential with a ratio of whole numbers for their weight, so they are integer
//! arithmetic. They are held in trillionths of a hundred-millionth, and each step rounds toward
//! where it started, so they stop short of their goal by less than a hundredth of a billionth.
//!
//! This module does not read the book and does not know the surface of options.

use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader};
use types::{At, IndexPrice, MarkMethod, PricingTerms, Ticks};

/// One hundred-millionth, in what averages are held in.
const SCALE: i128 = 1_000_000_000_000;
/// Steps that one sample stands for at most: a longer silence counts as ten minutes.
const STEPS_MAX: u64 = 600;

/// Weight of a sample in an average, as a ratio.
#[derive(Clone, Copy)]
struct Weight {
    of: i128,
    over: i128,
}

/// `2 / (30 + 1)` (venue.md §2.3.1).
const IMPACT: Weight = Weight { of: 2, over: 31 };
/// `2 / (2 τ + 1)`, which is `1 − e^(−1/τ)` within 4 parts in a million, for τ = 150 s
/// (venue.md §2.3.2).
const MIDDLE_BASIS: Weight = Weight { of: 2, over: 301 };
/// The same within 1 part in ten thousand, for τ = 30 s.
const MIDDLE: Weight = Weight { of: 2, over: 61 };

/// What the mark of one future remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkState {
    /// The second of the last sample.
    second: Option<u64>,
    /// Average distance from the index, in hundred-millionths times [`SCALE`].
    basis: i128,
    /// Median of bid, ask and last price at the last sample; `None`: no two-sided book.
    middle: Option<IndexPrice>,
    /// Average of `middle`, in hundred-millionths times [`SCALE`].
    middle_average: Option<i128>,
}

/// Index and book at one moment, in hundred-millionths of the quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The index.
    pub index: IndexPrice,
    /// Best bid.
    pub best_bid: Option<IndexPrice>,
    /// Best ask.
    pub best_ask: Option<IndexPrice>,
    /// Middle of the average prices of the impact size on both sides; `None`: too little depth.
    pub fair: Option<IndexPrice>,
    /// Price of the last trade.
    pub last: Option<IndexPrice>,
}

impl MarkState {
    /// Without a sample: the mark is the index.
    pub fn new() -> MarkState {
        MarkState::default()
    }

    /// Moves the averages once for each second of log time that began since the last sample, at
    /// most [`STEPS_MAX`] times; the first sample only starts the clock. Costs O(seconds).
    pub fn sample(&mut self, terms: &PricingTerms, sample: &Sample, at: At) {
        let second = at.0 / 1_000;
        let steps = self.second.map_or(0, |last| second.saturating_sub(last));
        if self.second.is_some() && steps == 0 {
            return;
        }
        self.second = Some(second);
        let steps = steps.min(STEPS_MAX);
        match terms.mark {
            MarkMethod::ImpactBasis => self.sample_basis(terms, sample, steps),
            MarkMethod::MedianOfThree => self.sample_median(terms, sample, steps),
        }
    }

    fn sample_basis(&mut self, terms: &PricingTerms, sample: &Sample, steps: u64) {
        let distance = distance(sample.bounded_fair(), sample.index, terms.clamp_ppm);
        self.basis = averaged(self.basis, distance, IMPACT, steps);
    }

    fn sample_median(&mut self, terms: &PricingTerms, sample: &Sample, steps: u64) {
        let basis = distance(sample.mid(), sample.index, terms.clamp_ppm);
        self.basis = averaged(self.basis, basis, MIDDLE_BASIS, steps);
        self.middle = sample.middle();
        let middle =
            wide(clamped(wide(self.middle.unwrap_or(sample.index)), sample.index, terms.clamp_ppm));
        let before = self.middle_average.unwrap_or(middle * SCALE);
        self.middle_average = Some(averaged(before, middle * SCALE, MIDDLE, steps));
    }

    /// The mark with the index where it is now, in hundred-millionths of the quote. MRK-1 to MRK-5.
    pub fn mark(&self, terms: &PricingTerms, index: IndexPrice) -> IndexPrice {
        let with_basis = wide(index) + nearest(self.basis, SCALE);
        let price = match terms.mark {
            MarkMethod::ImpactBasis => with_basis,
            MarkMethod::MedianOfThree => {
                let middle = wide(self.middle.unwrap_or(index));
                let average = self.middle_average.map_or(wide(index), |it| nearest(it, SCALE));
                median(with_basis, middle, average)
            }
        };
        clamped(price, index, terms.clamp_ppm)
    }
}

impl Sample {
    /// The fair price within best bid and ask; without depth the index, which nothing bounds.
    fn bounded_fair(&self) -> IndexPrice {
        let Some(fair) = self.fair else { return self.index };
        let raised = self.best_bid.map_or(fair, |bid| fair.max(bid));
        self.best_ask.map_or(raised, |ask| raised.min(ask))
    }

    /// Half way between best bid and ask, down; without one of them the index.
    fn mid(&self) -> IndexPrice {
        match (self.best_bid, self.best_ask) {
            (Some(bid), Some(ask)) => IndexPrice(bid.0.midpoint(ask.0)),
            (None, _) | (_, None) => self.index,
        }
    }

    /// Median of best bid, best ask and last price; without a trade their middle.
    fn middle(&self) -> Option<IndexPrice> {
        let (bid, ask) = (self.best_bid?, self.best_ask?);
        let Some(last) = self.last else { return Some(self.mid()) };
        Some(last.max(bid).min(ask))
    }
}

/// `steps` times `average + weight · (goal − average)`, each rounded toward the average.
fn averaged(mut average: i128, goal: i128, weight: Weight, steps: u64) -> i128 {
    for _ in 0..steps {
        let step = (goal - average) * weight.of / weight.over;
        if step == 0 {
            break;
        }
        average += step;
    }
    average
}

/// Distance of a price from the index, the price first brought within the clamp, times [`SCALE`].
fn distance(price: IndexPrice, index: IndexPrice, clamp_ppm: u32) -> i128 {
    (wide(clamped(wide(price), index, clamp_ppm)) - wide(index)) * SCALE
}

/// Brings a price within the clamp around the index, which is rounded inward, and within what a
/// price can be.
fn clamped(price: i128, index: IndexPrice, clamp_ppm: u32) -> IndexPrice {
    let reach = wide(index) * i128::from(clamp_ppm) / 1_000_000;
    let near = price.max(wide(index) - reach).min(wide(index) + reach);
    let within = near.max(1).min(wide(IndexPrice::MAX));
    IndexPrice(u64::try_from(within).expect("between one and the highest index price"))
}

fn wide(price: IndexPrice) -> i128 {
    i128::from(price.0)
}

/// Nearest quotient, ties toward zero; the denominator is above zero.
fn nearest(numerator: i128, denominator: i128) -> i128 {
    let magnitude = (2 * numerator.abs() + denominator - 1) / (2 * denominator);
    if numerator < 0 { -magnitude } else { magnitude }
}

fn median(a: i128, b: i128, c: i128) -> i128 {
    a.min(b).max(a.max(b).min(c))
}

/// Nearest tick of a price, ties down, between one and [`Ticks::MAX`]; a tick is above zero.
pub fn to_ticks(price: IndexPrice, tick_price: u64) -> Ticks {
    let ticks = nearest(wide(price), i128::from(tick_price));
    let within = ticks.max(1).min(i128::from(Ticks::MAX.0));
    Ticks(u32::try_from(within).expect("between one and the highest price"))
}

impl Codec for MarkState {
    fn encode(&self, out: &mut Vec<u8>) {
        self.second.encode(out);
        self.basis.encode(out);
        self.middle.encode(out);
        self.middle_average.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let state = MarkState {
            second: Codec::decode(reader)?,
            basis: Codec::decode(reader)?,
            middle: Codec::decode(reader)?,
            middle_average: Codec::decode(reader)?,
        };
        let most = wide(IndexPrice::MAX) * SCALE;
        let average = state.middle_average.unwrap_or(0);
        let is_possible = state.basis.unsigned_abs() <= most.unsigned_abs()
            && (0..=most).contains(&average)
            && state.middle.unwrap_or_default() <= IndexPrice::MAX;
        if is_possible { Ok(state) } else { Err(reader.refuse("MarkState")) }
    }
}
