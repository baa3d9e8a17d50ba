//! The live reports of a feed and their weights.
//!
//! A source's weight is split evenly among its live seats, and then no reporter has more than its
//! share of what is left: the level L above which reporters are cut solves L = share · Σ min(W, L).
//! Cutting once and dropping the excess would not do: of weights 60 and 40 and a share of 40 %,
//! 40 and 40 would be left, and the one that was cut would have half, which is a lower median.
//!
//! Weights are exact until a reporter is cut: they are scaled by the least common multiple of the
//! numbers of live seats. Numbers that sum to 64 have one of at most 2 042 040 (Landau's function),
//! so 32 weights of 32 bits stay below 2^58 together. They are shifted up to just below 2^62, and
//! prices are below 2^60: sums of products fit in 128 bits.

use alloc::vec::Vec;

use types::{At, FeedTerms, Quorum, limits};

use crate::ppm::WHOLE;
use crate::seat::Cell;

/// A live report that counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vote {
    pub price: u64,
    pub confidence: u64,
    pub weight: u64,
    /// Place of its seat.
    pub place: usize,
}

/// The live reports that count, by rising price.
#[derive(Clone, Debug)]
pub(crate) struct Votes {
    pub sorted: Vec<Vote>,
    /// Sum of their weights; zero when there are none.
    pub total: u64,
    /// Distinct reporters and sources among them.
    pub live: Quorum,
}

impl Votes {
    pub fn of(cells: &[Cell], terms: &FeedTerms, at: At) -> Votes {
        let seats = Tally::of(cells, terms, at);
        let mut sorted = Vec::with_capacity(cells.len());
        for (place, cell) in cells.iter().enumerate() {
            let live = cell.live(at, terms.stale_ms).filter(|_| 0 < cell.weight);
            let Some(said) = live else { continue };
            let weight = seats.weight(cell);
            let (price, confidence) = (said.price.0, said.confidence.0);
            sorted.push(Vote { price, confidence, weight, place });
        }
        let live = seats.live();
        cut(&mut sorted, cells, &seats, terms.reporter_cap_ppm);
        sorted.sort_unstable_by_key(|vote| (vote.price, vote.place));
        let total = sorted.iter().map(|vote| vote.weight).sum();
        Votes { sorted, total, live }
    }
}

/// Who and what is live.
struct Tally {
    /// Live seats of each source.
    seats: [u64; limits::SOURCES_MAX],
    /// Weight of each reporter, by its number in the feed.
    reporters: [u64; limits::SEATS_MAX],
    /// Every weight is a multiple of one over this; and then shifted left by this.
    multiple: u64,
    shift: u32,
}

impl Tally {
    fn of(cells: &[Cell], terms: &FeedTerms, at: At) -> Tally {
        let mut tally = Tally {
            seats: [0; limits::SOURCES_MAX],
            reporters: [0; limits::SEATS_MAX],
            multiple: 1,
            shift: 0,
        };
        let counts = |cell: &&Cell| 0 < cell.weight && cell.live(at, terms.stale_ms).is_some();
        let live = cells.iter().filter(counts);
        for cell in live.clone() {
            if let Some(count) = tally.seats.get_mut(usize::from(cell.seat.source.0)) {
                *count += 1;
            }
        }
        for count in tally.seats.iter().filter(|count| 1 < **count) {
            tally.multiple *= count / gcd(tally.multiple, *count);
        }
        let total: u64 = live.clone().map(|cell| tally.weight(cell)).sum();
        // What a cut loses to rounding is then below one part in 2^40.
        tally.shift = total.leading_zeros().saturating_sub(2) % u64::BITS;
        for cell in live {
            let weight = tally.weight(cell);
            if let Some(sum) = tally.reporters.get_mut(cell.reporter) {
                *sum += weight;
            }
        }
        tally
    }

    fn weight(&self, cell: &Cell) -> u64 {
        let seats = self.seats.get(usize::from(cell.seat.source.0)).copied().unwrap_or_default();
        (u64::from(cell.weight) * (self.multiple / seats.max(1))) << self.shift
    }

    fn live(&self) -> Quorum {
        let count = |counts: &[u64]| {
            u8::try_from(counts.iter().filter(|count| 0 < **count).count()).unwrap_or(u8::MAX)
        };
        Quorum { reporters: count(&self.reporters), sources: count(&self.seats) }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Cuts the seats of the reporters that have more than the level, in proportion, rounded down.
fn cut(votes: &mut [Vote], cells: &[Cell], tally: &Tally, share_ppm: u32) {
    let Some(level) = level(&tally.reporters, share_ppm) else { return };
    for vote in votes {
        let reporter = cells.get(vote.place).map(|cell| cell.reporter);
        let sum = reporter.and_then(|reporter| tally.reporters.get(reporter));
        let Some(sum) = sum.copied().filter(|sum| level < *sum) else { continue };
        let cut = u128::from(vote.weight) * u128::from(level) / u128::from(sum);
        vote.weight = u64::try_from(cut).unwrap_or(vote.weight);
    }
}

/// The most weight that a reporter may have; `None` without reporters. With fewer of them than the
/// share needs, all get as much as the lightest: shares cannot be smaller.
fn level(reporters: &[u64], share_ppm: u32) -> Option<u64> {
    let mut heaviest: Vec<u64> = reporters.iter().copied().filter(|sum| 0 < *sum).collect();
    heaviest.sort_unstable_by(|a, b| b.cmp(a));
    let mut rest_weight: u64 = heaviest.iter().sum();
    let mut rest_ppm = WHOLE;
    for sum in &heaviest {
        if rest_ppm == 0 {
            break;
        }
        let level = u128::from(share_ppm) * u128::from(rest_weight) / u128::from(rest_ppm);
        if u128::from(*sum) <= level {
            return u64::try_from(level).ok();
        }
        rest_weight -= sum;
        rest_ppm = rest_ppm.saturating_sub(share_ppm);
    }
    heaviest.last().copied()
}
