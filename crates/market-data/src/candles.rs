//! Candles: one a minute and one a day with trades; wider ones are put together on demand.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use types::{Amount, At, Lots, Ticks};

use crate::limits::{DAYS_MAX, MINUTES_MAX};

const MINUTE_MS: u64 = 60_000;

/// What was traded in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candle {
    /// Its first moment, a multiple of its length.
    pub start: At,
    /// Price of the first trade.
    pub open: Ticks,
    /// Highest price.
    pub high: Ticks,
    /// Lowest price.
    pub low: Ticks,
    /// Price of the last trade.
    pub close: Ticks,
    /// Lots traded.
    pub lots: u64,
    /// Their value, in atoms of the settlement asset.
    pub value: i128,
}

/// The candles of one instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candles {
    pub(crate) minutes: VecDeque<Candle>,
    pub(crate) days: VecDeque<Candle>,
}

impl Candle {
    fn first(start: At, price: Ticks) -> Candle {
        Candle { start, open: price, high: price, low: price, close: price, lots: 0, value: 0 }
    }

    fn join(&mut self, later: &Candle) {
        self.high = self.high.max(later.high);
        self.low = self.low.min(later.low);
        self.close = later.close;
        self.lots += later.lots;
        self.value += later.value;
    }
}

impl Candles {
    /// Takes in a trade.
    pub(crate) fn add(&mut self, at: At, price: Ticks, (size, value): (Lots, Amount)) {
        let mut trade = Candle::first(at, price);
        trade.lots = u64::from(size.0);
        trade.value = i128::from(value.0);
        push(&mut self.minutes, MINUTE_MS, MINUTES_MAX, trade);
        push(&mut self.days, At::DAY, DAYS_MAX, trade);
    }

    /// Candles of `length_ms` (whole minutes, or a day) whose start lies in `from..=to`, gaps
    /// filled with the close before them, at most the last `max`. Nothing stands before the first
    /// trade.
    pub fn over(&self, length_ms: u64, (from, to): (At, At), max: usize) -> Vec<Candle> {
        let source = if length_ms == At::DAY { &self.days } else { &self.minutes };
        let span = u64::try_from(max).unwrap_or(u64::MAX).saturating_mul(length_ms);
        let earliest = floor(to, length_ms).0.saturating_sub(span.saturating_sub(length_ms));
        let from = floor(At(from.0.max(earliest).saturating_add(length_ms - 1)), length_ms);
        let begin = source.partition_point(|candle| candle.start < from);
        let mut close = begin.checked_sub(1).and_then(|at| source.get(at)).map(|c| c.close);
        let mut rest = source.range(begin..).peekable();
        let mut candles = Vec::new();
        let mut start = from;
        while start <= to && candles.len() < max {
            let end = start.plus_ms(length_ms);
            let mut candle: Option<Candle> = None;
            while let Some(next) = rest.next_if(|next| next.start < end) {
                match &mut candle {
                    None => candle = Some(Candle { start, ..*next }),
                    Some(candle) => candle.join(next),
                }
            }
            let filled = candle.or(close.map(|price| Candle::first(start, price)));
            candles.extend(filled);
            close = filled.map(|candle| candle.close);
            start = end;
        }
        candles
    }

    /// Everything of the last 24 hours, to the minute; `None` without a trade.
    pub fn last_day(&self, now: At) -> Option<Candle> {
        let since = At(now.0.saturating_sub(At::DAY));
        let begin = self.minutes.partition_point(|candle| candle.start < since);
        let mut minutes = self.minutes.range(begin..);
        let mut day = *minutes.next()?;
        minutes.for_each(|minute| day.join(minute));
        Some(day)
    }
}

fn floor(at: At, length_ms: u64) -> At {
    At(at.0 - at.0 % length_ms)
}

fn push(candles: &mut VecDeque<Candle>, length_ms: u64, max: usize, trade: Candle) {
    let start = floor(trade.start, length_ms);
    match candles.back_mut().filter(|last| start <= last.start) {
        Some(last) => last.join(&trade),
        None => {
            if candles.len() == max {
                candles.pop_front();
            }
            candles.push_back(Candle { start, ..trade });
        }
    }
}
