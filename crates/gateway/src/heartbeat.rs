//! Proof of life on a socket (api.md §3.4), as a machine without a clock.
//!
//! ```text
//!   every interval: `heartbeat`; after a silent one, `test_request` too
//!   after `test_request`: `public/test` within max(interval, interval_min), or it is closed
//! ```

/// Heartbeats of one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    interval_ms: u64,
    grace_ms: u64,
    next_ms: u64,
    is_heard: bool,
    answer_by_ms: Option<u64>,
}

/// What is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beat {
    Nothing,
    Heartbeat,
    TestRequest,
    /// The client did not answer: close.
    Dead,
}

impl Heartbeat {
    /// Heartbeats every `interval_ms` from `now_ms` on.
    pub(crate) fn new(interval_ms: u64, interval_min_ms: u64, now_ms: u64) -> Heartbeat {
        Heartbeat {
            interval_ms,
            grace_ms: interval_ms.max(interval_min_ms),
            next_ms: now_ms + interval_ms,
            is_heard: true,
            answer_by_ms: None,
        }
    }

    /// The client sent something.
    pub(crate) fn hear(&mut self) {
        self.is_heard = true;
    }

    /// The client called `public/test`.
    pub(crate) fn answer(&mut self) {
        self.answer_by_ms = None;
    }

    /// When there is something to do next.
    pub(crate) fn due_ms(&self) -> u64 {
        self.answer_by_ms.map_or(self.next_ms, |answer_by_ms| answer_by_ms.min(self.next_ms))
    }

    /// What is to be done now.
    pub(crate) fn beat(&mut self, now_ms: u64) -> Beat {
        if self.answer_by_ms.is_some_and(|answer_by_ms| answer_by_ms <= now_ms) {
            return Beat::Dead;
        }
        if now_ms < self.next_ms {
            return Beat::Nothing;
        }
        self.next_ms = now_ms + self.interval_ms;
        let was_heard = std::mem::take(&mut self.is_heard);
        if was_heard || self.answer_by_ms.is_some() {
            return Beat::Heartbeat;
        }
        self.answer_by_ms = Some(now_ms + self.grace_ms);
        Beat::TestRequest
    }
}

#[cfg(test)]
mod tests;
