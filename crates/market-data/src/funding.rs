//! Funding of one perpetual: the rate, and what accrued by the minute and by the hour.
//!
//! ```text
//!   FundingAccrued ─▶ the minute that it ends ─▶ the hour that this minute is in
//! ```
//! What accrued is told at each full minute or hour (FND-9). It counts where it ended: what a
//! silence cost stands in the minute in which the silence was over. Minutes are kept for a day,
//! always whole hours of them; before that there are the hours.

use alloc::collections::VecDeque;

use types::{At, IndexPrice};

use crate::limits::{FUNDING_HOURS_MAX, FUNDING_MINUTES_MAX};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;
/// Full hours of minutes that are kept beside the one that runs.
const MINUTES_MS: u64 = 24 * HOUR_MS;

/// The funding of one perpetual. Interest is in billionths of a position's value; above zero the
/// longs pay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funding {
    pub(crate) rate_ppb: i64,
    /// The last full minute or hour that was told.
    pub(crate) told: At,
    /// All that accrued since the beginning.
    pub(crate) total_ppb: i64,
    pub(crate) minutes: VecDeque<(At, i64)>,
    pub(crate) hours: VecDeque<FundingHour>,
}

/// What accrued in an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundingHour {
    /// Its end, a full hour.
    pub end: At,
    /// What accrued in it.
    pub interest_ppb: i64,
    /// The index when it ended.
    pub index_price: IndexPrice,
}

impl Funding {
    /// The 8-hour rate that was told last.
    pub fn rate_ppb(&self) -> i64 {
        self.rate_ppb
    }

    /// All that accrued since the beginning.
    pub fn total_ppb(&self) -> i64 {
        self.total_ppb
    }

    /// What accrued in the hour that runs.
    pub fn this_hour_ppb(&self) -> i64 {
        let runs = self.hours.back().filter(|hour| self.told < hour.end);
        runs.map_or(0, |hour| hour.interest_ppb)
    }

    /// The hours that are over, oldest first.
    pub fn hours(&self) -> impl DoubleEndedIterator<Item = &FundingHour> {
        let told = self.told;
        self.hours.iter().filter(move |hour| hour.end <= told)
    }

    /// What accrued after `from` and until `to`: in the minutes that ended then, and before the
    /// first minute that is kept, in the hours.
    pub fn over_ppb(&self, from: At, to: At) -> i64 {
        let cut = self.minutes.front().map_or(At(u64::MAX), |(end, _)| hour_start(*end));
        let hours = self.hours.partition_point(|hour| hour.end <= from);
        let hours = self.hours.range(hours..).take_while(|hour| hour.end <= cut.min(to));
        let minutes = self.minutes.partition_point(|(end, _)| *end <= from);
        let minutes = self.minutes.range(minutes..).take_while(|(end, _)| *end <= to);
        let hours: i64 = hours.fold(0, |sum, hour| sum.saturating_add(hour.interest_ppb));
        minutes.fold(hours, |sum, (_, interest)| sum.saturating_add(*interest))
    }

    /// What accrued in the 8 hours until `to`.
    pub fn over_8h_ppb(&self, to: At) -> i64 {
        self.over_ppb(At(to.0.saturating_sub(8 * HOUR_MS)), to)
    }

    /// Takes in what was told at `at`.
    pub(crate) fn accrue(&mut self, at: At, (rate, interest): (i64, i64), index: IndexPrice) {
        let end = At(at.0 - at.0 % MINUTE_MS).max(self.told);
        self.rate_ppb = rate;
        self.told = end;
        self.total_ppb = self.total_ppb.saturating_add(interest);
        self.add_to_minute(end, interest);
        self.add_to_hour(hour_end(end), interest, index);
    }

    fn add_to_minute(&mut self, end: At, interest: i64) {
        match self.minutes.back_mut().filter(|(last, _)| *last == end) {
            Some((_, sum)) => *sum = sum.saturating_add(interest),
            None => self.minutes.push_back((end, interest)),
        }
        let oldest = hour_start(end).0.saturating_sub(MINUTES_MS);
        while self.minutes.front().is_some_and(|(first, _)| hour_start(*first).0 < oldest) {
            self.minutes.pop_front();
        }
        debug_assert!(self.minutes.len() <= FUNDING_MINUTES_MAX, "25 hours have 1 500 minutes");
    }

    fn add_to_hour(&mut self, end: At, interest: i64, index_price: IndexPrice) {
        if let Some(last) = self.hours.back_mut().filter(|last| last.end == end) {
            last.interest_ppb = last.interest_ppb.saturating_add(interest);
            last.index_price = index_price;
            return;
        }
        if self.hours.len() == FUNDING_HOURS_MAX {
            self.hours.pop_front();
        }
        self.hours.push_back(FundingHour { end, interest_ppb: interest, index_price });
    }
}

/// The end of the hour in which a minute ends.
fn hour_end(minute_end: At) -> At {
    At(minute_end.0.div_ceil(HOUR_MS).saturating_mul(HOUR_MS))
}

fn hour_start(minute_end: At) -> At {
    At(hour_end(minute_end).0.saturating_sub(HOUR_MS))
}
