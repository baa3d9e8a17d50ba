//! What the rest of the process has of a running replica, of whatever sequencer.

use std::sync::{Arc, mpsc};

use engine::Engine;
use types::{Proposal, Seq};

use crate::queue::{Class, Inspection, Queue, Refused};
use crate::raft::Engines;

/// Proposes to a running replica, from any thread or task, and looks at its engine.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) queue: Arc<Queue>,
    pub(crate) looks: Looks,
}

/// Which thread has the engine.
#[derive(Clone, Debug)]
pub(crate) enum Looks {
    /// The one that takes the proposals.
    SameThread,
    /// One of its own.
    Apart(Engines),
}

impl Handle {
    /// Hands a command over, without waiting. [`Class::of`] says the class that it has by itself.
    pub fn submit(&self, class: Class, proposal: Proposal) -> Result<(), Refused> {
        self.queue.submit(class, proposal)
    }

    /// Runs `look` on the engine's thread between two batches, and waits for what it returns.
    pub fn inspect<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Engine) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.inspect_then(look, move |found| answer.send(found).unwrap_or_default())?;
        answered.recv().map_err(|_| Refused::Stopped)
    }

    /// Runs `look` on the engine's thread between two batches, and `then` on what it returns, on
    /// the same thread: `then` should only pass it on. If the replica stops before, neither runs,
    /// and both are dropped.
    pub fn inspect_then<T>(
        &self,
        look: impl FnOnce(&Engine) -> T + Send + 'static,
        then: impl FnOnce(T) + Send + 'static,
    ) -> Result<(), Refused> {
        self.look(Box::new(move |engine| then(look(engine))))
    }

    /// The root of the state between two batches, after which entry, and the chain.
    pub fn root(&self) -> Result<(Seq, [u8; 32], [u8; 32]), Refused> {
        let (answer, answered) = mpsc::sync_channel(1);
        self.look(Box::new(move |engine| {
            let found = (engine.seq(), engine.root(), engine.chain());
            answer.send(found).unwrap_or_default();
        }))?;
        answered.recv().map_err(|_| Refused::Stopped)
    }

    /// False once the replica takes nothing more.
    pub fn is_running(&self) -> bool {
        !self.queue.is_closed()
    }

    fn look(&self, look: Inspection) -> Result<(), Refused> {
        match &self.looks {
            Looks::SameThread => self.queue.inspect(look),
            Looks::Apart(engines) => engines.inspect(look),
        }
    }
}
