//! In which entry a node makes its snapshots: each in its turn.
//!
//! ```text
//!   entries     0         e/3       2e/3        e
//!   node 1      ├──────────────────────────────●──────   the first of three
//!   node 2      ├───────────────────●─────────────────
//!   node 3      ├─────────●───────────────────────────
//! ```
//! To make a snapshot costs a second engine, and a disk that is busy. If all nodes made theirs
//! after the same entry, all would be slow at once, and with them the quorum.
//!
//! When the members change, so do the turns. A snapshot also serves for a turn that comes soon
//! after it: else nodes would be busy with another one just when a node joins.
//!
//! It does not promise that two never meet: a node that was stopped makes up for its turn.

use ::types::Seq;

/// The turn of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// Entries between two snapshots of a node.
    every: u64,
    /// By which its turn comes before that of the first.
    ahead: u64,
}

impl Turn {
    /// Of a node among the members of the group, itself perhaps not one yet.
    pub(super) fn of(node: u64, members: impl Iterator<Item = u64>, every: u64) -> Turn {
        let (mut before, mut n_members) = (0, 0);
        for member in members {
            n_members += 1;
            before += u64::from(member < node);
        }
        let every = every.max(1);
        Turn { every, ahead: every / n_members.max(1) * before }
    }

    /// Whether one has come, up to entry `applied`, for which the snapshot after entry `last` does
    /// not serve.
    pub(super) fn has_come(self, last: Seq, applied: Seq) -> bool {
        let turns = |seq: u64| seq.saturating_add(self.ahead) / self.every;
        turns(last.0.saturating_add(self.every / 4)) < turns(applied.0)
    }
}

#[cfg(test)]
mod tests;
