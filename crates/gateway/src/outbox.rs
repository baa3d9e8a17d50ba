//! The way out to one client: a bounded queue of texts.
//!
//! ```text
//!   replies, notifications ─▶ send ─▶ [ text | text | … ] ─▶ next_batch ─▶ the socket's writer
//!                                       messages and bytes bounded: over it, the queue is
//!                                       dropped and the connection closed, `connection_too_slow`
//! ```
//!
//! Invariants: `send` never waits; texts leave in the order they came; after `close` or an overflow
//! nothing is queued any more. It does not write to sockets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The sending end of one connection's queue. Cheap to clone. When the queue is full the connection
/// is closed with a reason, and whatever is sent afterwards is dropped.
#[derive(Clone, Debug)]
pub struct Outbox {
    shared: Arc<Shared>,
}

/// Bounds of one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Texts that may wait.
    pub messages_max: usize,
    /// Bytes that may wait before the last text: one text alone may be larger.
    pub bytes_max: usize,
}

/// Why a socket is closed: the code and the reason of the close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Code of RFC 6455 §7.4.1.
    pub code: u16,
    /// Why, in one word.
    pub reason: &'static str,
}

impl Closing {
    /// The client asked for it, or there is nothing to say.
    pub const NORMAL: Closing = Closing { code: 1000, reason: "" };
    /// The client does not read what it asked for.
    pub const TOO_SLOW: Closing = Closing { code: 1008, reason: "connection_too_slow" };
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    limits: OutboxLimits,
    /// Wakes the writer.
    filled: Notify,
    /// Wakes whoever waits for the end, the writer in the middle of a write included.
    overflowed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    texts: VecDeque<Arc<str>>,
    bytes: usize,
    closing: Option<Closing>,
    overflowed: bool,
}

impl Outbox {
    /// An empty queue.
    pub fn new(limits: OutboxLimits) -> Outbox {
        let shared = Shared {
            queue: Mutex::default(),
            limits,
            filled: Notify::new(),
            overflowed: Notify::new(),
        };
        Outbox { shared: Arc::new(shared) }
    }

    /// Queues `text`; false if the connection is closed or was closed for being too slow.
    pub fn send(&self, text: Arc<str>) -> bool {
        let mut queue = self.queue();
        if queue.closing.is_some() {
            return false;
        }
        let limits = &self.shared.limits;
        if limits.messages_max <= queue.texts.len() || limits.bytes_max < queue.bytes {
            *queue =
                Queue { closing: Some(Closing::TOO_SLOW), overflowed: true, ..Queue::default() };
            drop(queue);
            self.shared.filled.notify_one();
            self.shared.overflowed.notify_one();
            return false;
        }
        queue.bytes += text.len();
        queue.texts.push_back(text);
        drop(queue);
        self.shared.filled.notify_one();
        true
    }

    /// Ends the queue: what is in it still leaves, then the socket closes. The first reason stays.
    pub fn close(&self, closing: Closing) {
        self.queue().closing.get_or_insert(closing);
        self.shared.filled.notify_one();
    }

    /// True once nothing more can be sent.
    pub fn is_closed(&self) -> bool {
        self.queue().closing.is_some()
    }

    /// Takes all texts that wait into `batch`. `None`: nothing waits now; an error when the queue
    /// has ended and is empty.
    pub fn take(&self, batch: &mut VecDeque<Arc<str>>) -> Option<Result<(), Closing>> {
        let mut queue = self.queue();
        if !queue.texts.is_empty() {
            std::mem::swap(&mut queue.texts, batch);
            queue.bytes = 0;
            return Some(Ok(()));
        }
        queue.closing.map(Err)
    }

    /// Waits for texts and takes all of them into `batch`; an error when the queue has ended and is
    /// empty.
    pub(crate) async fn next_batch(&self, batch: &mut VecDeque<Arc<str>>) -> Result<(), Closing> {
        loop {
            if let Some(taken) = self.take(batch) {
                return taken;
            }
            self.shared.filled.notified().await;
            // The replies to one batch of the log are made by tasks that are ready together: they
            // go first, and one write takes what they queue.
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the client was found too slow. For one waiter.
    pub(crate) async fn overflowed(&self) {
        while !self.queue().overflowed {
            self.shared.overflowed.notified().await;
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
