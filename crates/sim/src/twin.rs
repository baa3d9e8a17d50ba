//! A second engine, from a snapshot of the first: for a while it applies the same log, and must
//! come to the same chain. What a snapshot leaves out shows as soon as it matters, also where the
//! root does not have it either (`RESTORED`).

use engine::Engine;
use types::Entry;
use types::codec::Codec;

use crate::Violation;

/// Entries that a twin lives for.
const LIFE: u32 = 3_000;

/// The copy, and how long it still lives.
pub struct Twin {
    engine: Engine,
    left: u32,
}

impl Twin {
    /// What a snapshot of an engine gives now.
    pub fn of(engine: &Engine) -> Result<Twin, Violation> {
        let copy = Engine::from_bytes(&engine.to_bytes())
            .map_err(|error| Violation::new("RESTORED", error.to_string()))?;
        Ok(Twin { engine: copy, left: LIFE })
    }

    /// Applies what the first engine has applied; false: it has lived.
    pub fn follow(
        &mut self,
        entries: &[Entry],
        chain: Option<[u8; 32]>,
    ) -> Result<bool, Violation> {
        let mut events = Vec::new();
        for entry in entries {
            self.engine.apply(entry, &mut events);
        }
        if chain.is_some_and(|chain| self.engine.chain() != chain) {
            let words = format!(
                "what a snapshot gave {} entries ago does other things at {}",
                LIFE - self.left,
                self.engine.seq()
            );
            return Err(Violation::new("RESTORED", words));
        }
        self.left = self.left.saturating_sub(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        Ok(0 < self.left)
    }
}
