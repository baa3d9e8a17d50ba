//! Marks of one instrument over the last day, one a minute.

use alloc::collections::VecDeque;

use types::{At, Ticks};

use crate::limits::MARKS_MAX;

const MINUTE_MS: u64 = 60_000;

/// The first mark of each minute that had one, oldest first. A mark stands until the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    pub(crate) minutes: VecDeque<(At, Ticks)>,
}

impl Marks {
    /// The marks of the minutes that begin in `from..=to`, each with the start of its minute.
    pub fn over(&self, from: At, to: At) -> impl Iterator<Item = (At, Ticks)> {
        let begin = self.minutes.partition_point(|(start, _)| *start < from);
        self.minutes.range(begin..).copied().take_while(move |(start, _)| *start <= to)
    }

    pub(crate) fn note(&mut self, at: At, mark: Ticks) {
        let start = At(at.0 - at.0 % MINUTE_MS);
        if self.minutes.back().is_some_and(|(last, _)| start <= *last) {
            return;
        }
        if self.minutes.len() == MARKS_MAX {
            self.minutes.pop_front();
        }
        self.minutes.push_back((start, mark));
    }
}
