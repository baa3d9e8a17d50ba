//! Whether terms make a feed.

use alloc::vec::Vec;

use types::{Amount, At, FeedFault, FeedTerms, Quorum, Seat, SourceId, limits};

use crate::ppm::WHOLE;

const AHEAD_MS_MAX: u32 = 60_000;

/// Whether the terms make a feed: bounds of every number, quorums that the seats can reach, a
/// cross-check that can be made. A feed is only ever given terms that pass here.
pub fn check_terms(terms: &FeedTerms) -> Result<(), FeedFault> {
    check_sources(terms)?;
    check_seats(terms)?;
    let counting = counting_quorum(terms);
    check_quorums(terms, counting)?;
    check_times(terms)?;
    check_rates(terms, counting)?;
    check_cross(terms)?;
    let reward = terms.incentives.reward_per_hour;
    if reward < Amount::ZERO || Amount::MAX < reward {
        return Err(FeedFault::Reward);
    }
    Ok(())
}

/// The weight of a source; none for a source that is not in the terms.
pub(crate) fn weight_of(terms: &FeedTerms, source: SourceId) -> Option<u32> {
    terms.sources.get(usize::from(source.0)).map(|source| source.weight)
}

fn check_sources(terms: &FeedTerms) -> Result<(), FeedFault> {
    let n_sources = terms.sources.len();
    if n_sources == 0 || limits::SOURCES_MAX < n_sources {
        return Err(FeedFault::Sources { sources: saturated(n_sources) });
    }
    Ok(())
}

fn check_seats(terms: &FeedTerms) -> Result<(), FeedFault> {
    let n_seats = terms.seats.len();
    if n_seats == 0 || limits::SEATS_MAX < n_seats {
        return Err(FeedFault::Seats { seats: saturated(n_seats) });
    }
    let mut before: Vec<Seat> = Vec::with_capacity(n_seats);
    for seat in &terms.seats {
        if weight_of(terms, seat.source).is_none() || before.contains(seat) {
            return Err(FeedFault::Seat { account: seat.reporter, source_id: seat.source.0 });
        }
        before.push(*seat);
    }
    Ok(())
}

/// Reporters and sources that have a seat which counts.
fn counting_quorum(terms: &FeedTerms) -> Quorum {
    let counts = |seat: &&Seat| weight_of(terms, seat.source).is_some_and(|weight| 0 < weight);
    let seats = terms.seats.iter().filter(counts);
    let mut reporters: Vec<_> = seats.clone().map(|seat| seat.reporter).collect();
    let mut sources: Vec<_> = seats.map(|seat| seat.source).collect();
    reporters.sort_unstable();
    reporters.dedup();
    sources.sort_unstable();
    sources.dedup();
    let count = |len: usize| u8::try_from(len).unwrap_or(u8::MAX);
    Quorum { reporters: count(reporters.len()), sources: count(sources.len()) }
}

fn check_quorums(terms: &FeedTerms, counting: Quorum) -> Result<(), FeedFault> {
    let Quorum { reporters, sources } = counting;
    let (healthy, degraded) = (terms.healthy, terms.degraded);
    let rise = |low: u8, middle: u8, high: u8| 0 < low && low <= middle && middle <= high;
    let reporters_fit = rise(degraded.reporters, healthy.reporters, reporters);
    if !reporters_fit || !rise(degraded.sources, healthy.sources, sources) {
        return Err(FeedFault::Quorum { reporters, sources });
    }
    let barrier = terms.barrier;
    if barrier.reports == 0 || barrier.sources == 0 || sources < barrier.sources {
        return Err(FeedFault::Barrier);
    }
    Ok(())
}

fn check_times(terms: &FeedTerms) -> Result<(), FeedFault> {
    let within_a_day = |ms: u32| 0 < ms && u64::from(ms) <= At::DAY;
    let fits = within_a_day(terms.stale_ms)
        && terms.ahead_ms <= AHEAD_MS_MAX
        && within_a_day(terms.incentives.far_ms);
    if fits { Ok(()) } else { Err(FeedFault::Times) }
}

fn check_rates(terms: &FeedTerms, counting: Quorum) -> Result<(), FeedFault> {
    let incentives = terms.incentives;
    let rates = [
        terms.cap_ppm,
        terms.spread_ppm,
        terms.confidence_ppm,
        terms.jump_ppm,
        terms.reporter_cap_ppm,
        incentives.far_ppm,
        incentives.far_slash_ppm,
        terms.cross_check.map_or(WHOLE, |cross| cross.apart_ppm),
    ];
    let even = WHOLE.div_ceil(u32::from(counting.reporters));
    let fits = rates.iter().all(|rate| (1..=WHOLE).contains(rate))
        && terms.cap_ppm <= terms.spread_ppm
        && terms.cap_ppm <= incentives.far_ppm
        && even <= terms.reporter_cap_ppm;
    if fits { Ok(()) } else { Err(FeedFault::Rates) }
}

fn check_cross(terms: &FeedTerms) -> Result<(), FeedFault> {
    let Some(cross) = terms.cross_check else { return Ok(()) };
    let has_seat = terms.seats.iter().any(|seat| seat.source == cross.source);
    if weight_of(terms, cross.source) == Some(0) && has_seat {
        return Ok(());
    }
    Err(FeedFault::CrossCheck)
}

fn saturated(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
