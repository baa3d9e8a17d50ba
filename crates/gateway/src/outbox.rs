//! The way out to one client: a bounded queue of texts.

use std::sync::Arc;

/// The sending end of one connection's queue. Cheap to clone. When the queue is full the connection
/// is closed with a reason, and whatever is sent afterwards is dropped.
#[derive(Clone, Debug)]
pub struct Outbox {
    sender: tokio::sync::mpsc::Sender<Arc<str>>,
}

impl Outbox {
    /// Queues `text`; false if the connection is closed or was closed for being too slow.
    pub fn send(&self, text: Arc<str>) -> bool {
        self.sender.try_send(text).is_ok()
    }
}
