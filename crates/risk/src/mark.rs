//! Mark prices of futures: the index, and how far from it the book has stood lately.
//!
//! ```text
//!   book ─▶ fair price ─▶ distance from the index ─▶ clamp ─▶ average      once a second
//!   index + average ─▶ clamp ─▶ mark                                       at any moment
//! ```
//! An average moves once in each second of log time. Seconds in which nobody looked count as what
//! was seen last: an order that comes after a silence moves the mark no faster than one that comes
//! without. Between two looks the mark follows the index at once.
//!
//! The averages are exponential with a ratio of whole numbers for their weight, so they are integer
//! arithmetic. They are held in trillionths of a hundred-millionth, and each step rounds toward
//! where it started: they stop short of their goal by less than a billionth of a hundred-millionth.
//!
//! This module does not read the book, and marks of options are made in `pricing`.

use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader};
use types::planted::{self, Bug};
use types::{At, IndexPrice, MarkMethod, PricingTerms, Ticks};

/// One hundred-millionth, in what averages are held in.
const SCALE: i128 = 1_000_000_000_000;
/// Steps that a silence stands for at most: a longer one counts as ten minutes.
const STEPS_MAX: u64 = 600;

/// Weight of one look in an average, as a ratio.
#[derive(Clone, Copy)]
struct Weight {
    of: i128,
    over: i128,
}

/// `2 / (30 + 1)` (venue.md §2.3.1).
const IMPACT: Weight = Weight { of: 2, over: 31 };
/// `2 / (2 τ + 1)` for τ = 150 s, which is `1 − e^(−1/τ)` within 4 parts in a million (venue.md
/// §2.1, §2.3.2).
const MIDDLE_BASIS: Weight = Weight { of: 2, over: 301 };
/// The same for τ = 30 s, within 1 part in ten thousand.
const MIDDLE: Weight = Weight { of: 2, over: 61 };

/// What the mark of one future remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkState {
    /// The second of the last look.
    second: Option<u64>,
    /// Distance of the book from the index at the last look, in hundred-millionths times
    /// [`SCALE`].
    seen: i128,
    /// Average of `seen`.
    basis: i128,
    /// Median of bid, ask and last price at the last look; `None`: no two-sided book.
    middle: Option<IndexPrice>,
    /// Average of `middle`, in hundred-millionths times [`SCALE`].
    middle_average: Option<i128>,
}

/// Index and book at one moment, in hundred-millionths of the quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The index, above zero.
    pub index: IndexPrice,
    /// Best bid.
    pub best_bid: Option<IndexPrice>,
    /// Best ask, above the best bid.
    pub best_ask: Option<IndexPrice>,
    /// Half way between the average prices of the impact size on both sides; `None`: too little
    /// depth.
    pub fair: Option<IndexPrice>,
    /// Price of the last trade.
    pub last: Option<IndexPrice>,
}

impl MarkState {
    /// Before the first look: the mark is the index.
    pub fn new() -> MarkState {
        MarkState::default()
    }

    /// Looks at the book. The averages move once for each second of log time that began since the
    /// last look, at most `STEPS_MAX` times: by `sample` for the last of them, by what was seen
    /// before for the others. Later looks of a second change nothing. Costs O(seconds).
    pub fn sample(&mut self, terms: &PricingTerms, sample: &Sample, at: At) {
        let second = at.0 / 1_000;
        let passed = self.second.map_or(1, |last| second.saturating_sub(last));
        let Some(silent) = passed.min(STEPS_MAX).checked_sub(1) else {
            return;
        };
        self.second = Some(second);
        match terms.mark {
            MarkMethod::ImpactBasis => self.look_at_depth(terms, sample, silent),
            MarkMethod::MedianOfThree => self.look_at_top(terms, sample, silent),
        }
    }

    fn look_at_depth(&mut self, terms: &PricingTerms, sample: &Sample, silent: u64) {
        let seen = distance(sample.fair(), sample.index, terms.clamp_ppm);
        self.basis = moved(self.basis, IMPACT, (self.seen, silent), seen);
        self.seen = seen;
        (self.middle, self.middle_average) = (None, None);
    }

    fn look_at_top(&mut self, terms: &PricingTerms, sample: &Sample, silent: u64) {
        let index = sample.index;
        let seen = distance(sample.mid(), index, terms.clamp_ppm);
        self.basis = moved(self.basis, MIDDLE_BASIS, (self.seen, silent), seen);
        self.seen = seen;

        let middle = sample.middle().map(|price| clamped(wide(price), index, terms.clamp_ppm));
        let goal = |middle: Option<IndexPrice>| wide(middle.unwrap_or(index)) * SCALE;
        let average = self.middle_average.unwrap_or(goal(None));
        let average = moved(average, MIDDLE, (goal(self.middle), silent), goal(middle));
        (self.middle, self.middle_average) = (middle, Some(average));
    }

    /// The mark with the index where it is now, in hundred-millionths of the quote: within the
    /// clamp around the index, and between one and [`IndexPrice::MAX`].
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
        let is_clamped = !planted::is(Bug::MarkNotClamped);
        clamped(price, index, if is_clamped { terms.clamp_ppm } else { 1_000_000 })
    }
}

impl Sample {
    /// The fair price within best bid and ask; without depth the index, which nothing bounds.
    fn fair(&self) -> IndexPrice {
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

    /// Median of best bid, best ask and last price; without a trade half way between the two.
    fn middle(&self) -> Option<IndexPrice> {
        let (bid, ask) = (self.best_bid?, self.best_ask?);
        let Some(last) = self.last else { return Some(self.mid()) };
        Some(last.max(bid).min(ask))
    }
}

/// An average after some seconds at what was seen before, and one at what is seen now.
fn moved(average: i128, weight: Weight, (before, seconds): (i128, u64), now: i128) -> i128 {
    let average = (0..seconds).fold(average, |average, _| stepped(average, weight, before));
    stepped(average, weight, now)
}

/// `average + weight · (goal − average)`, rounded toward the average.
fn stepped(average: i128, weight: Weight, goal: i128) -> i128 {
    average + (goal - average) * weight.of / weight.over
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

/// Nearest tick of a price, ties down, between one and [`Ticks::MAX`]; `tick_price` is one tick in
/// hundred-millionths of the quote, above zero ([`types::Instrument::tick_price`]).
pub fn to_ticks(price: IndexPrice, tick_price: u64) -> Ticks {
    let ticks = nearest(wide(price), i128::from(tick_price));
    let within = ticks.max(1).min(i128::from(Ticks::MAX.0));
    Ticks(u32::try_from(within).expect("between one and the highest price"))
}

impl Codec for MarkState {
    fn encode(&self, out: &mut Vec<u8>) {
        self.second.encode(out);
        self.seen.encode(out);
        let is_kept = !planted::is(Bug::MarkBasisLostBySnapshot);
        (if is_kept { self.basis } else { 0 }).encode(out);
        self.middle.encode(out);
        self.middle_average.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let state = MarkState {
            second: Codec::decode(reader)?,
            seen: Codec::decode(reader)?,
            basis: Codec::decode(reader)?,
            middle: Codec::decode(reader)?,
            middle_average: Codec::decode(reader)?,
        };
        let most = wide(IndexPrice::MAX) * SCALE;
        let is_possible = (-most..=most).contains(&state.seen)
            && (-most..=most).contains(&state.basis)
            && (0..=most).contains(&state.middle_average.unwrap_or(0))
            && state.middle.unwrap_or_default() <= IndexPrice::MAX;
        if is_possible { Ok(state) } else { Err(reader.refuse("MarkState")) }
    }
}
