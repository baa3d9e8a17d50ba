//! How far the engine's thread has come, for looks from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use engine::Engine;
use types::{Seq, Version};

/// Cheap to clone; each look may be an instant old.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reached {
    seq: Arc<AtomicU64>,
    version: Arc<AtomicU32>,
}

impl Reached {
    /// Of an engine that is about to run.
    pub fn of(engine: &Engine) -> Reached {
        let reached = Reached::default();
        reached.note(engine);
        reached
    }

    /// The engine has come further.
    pub fn note(&self, engine: &Engine) {
        self.version.store(engine.version().0, Ordering::Release);
        self.seq.store(engine.seq().0, Ordering::Release);
    }

    /// The last seq that was applied.
    pub fn seq(&self) -> Seq {
        Seq(self.seq.load(Ordering::Acquire))
    }

    /// By which rules the next entry is applied.
    pub fn version(&self) -> Version {
        Version(self.version.load(Ordering::Acquire))
    }
}
