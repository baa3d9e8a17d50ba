//! By which rules the domain goes.
//!
//! ```text
//!   log      …  41   42 Upgrade(2)   43  …
//!   version      1            1       2         the same at every entry, whatever build applies it
//! ```
//!
//! | version | what it brought |
//! |---|---|
//! | 1 | everything before |
//! | 2 | `DropSessions`: the leader cancels for the clients of a node that is gone |
//! | 3 | funding accrues before an index, its health or terms change, not at ticks alone (FND-5);
//! |   | what pays for the closing of a position is needed beside what other orders need (MAR-5) |
//! | 4 | under portfolio margin orders hold what they may lose of the value of options, and what |
//! |   | pays for a closing is needed beside what other orders need (PM-9); positions that hedge |
//! |   | each other are liquidated together (PM-8) |
//!
//! Whoever orders an `Upgrade` makes sure first that every node's build knows what it leads to. An
//! old build that meets one all the same stops: what follows is not for it to guess.

use alloc::vec::Vec;

use types::{AccountId, Command, Event, IndexId, Reject, Version};

use crate::engine::Engine;

/// The newest version that this build knows.
pub const VERSION_MAX: Version = Version(4);
/// From here on what stood until a price changed decides what it costs.
const FUNDING_BEFORE_CHANGES: Version = Version(3);
/// From here on what a position releases is there for its closing alone.
const CLOSING_EXACT: Version = Version(3);
/// The same under portfolio margin, and what orders may lose of the value of options is held.
const NETTED_EXACT: Version = Version(4);
/// From here on positions that hedge each other are liquidated together.
const HEDGES_CLOSED: Version = Version(4);

impl Engine {
    /// The version of the rules by which the next entry is applied.
    pub fn version(&self) -> Version {
        self.version
    }

    /// FND-5.
    pub(crate) fn accrues_before_changes(&self) -> bool {
        FUNDING_BEFORE_CHANGES <= self.version
    }

    /// MAR-5.
    pub(crate) fn is_closing_exact(&self) -> bool {
        CLOSING_EXACT <= self.version
    }

    /// PM-9.
    pub(crate) fn is_netted_exact(&self) -> bool {
        NETTED_EXACT <= self.version
    }

    /// PM-8.
    pub(crate) fn closes_hedges(&self) -> bool {
        HEDGES_CLOSED <= self.version
    }

    /// PM-9: every account under portfolio margin goes by it from the entry on that brings it, and
    /// so do its open orders.
    fn net_exactly(&mut self) {
        let netted: Vec<AccountId> = self.models.keys().copied().collect();
        for account in netted {
            self.hold_anew(account);
            self.value(account);
        }
    }

    /// MAR-5: every market goes by it from the entry on that brings it. What accounts need may be
    /// another sum then.
    fn close_exactly(&mut self) {
        for instrument in 0..self.markets.len() {
            let market = self.markets.at_mut(instrument);
            market.is_closing_exact = true;
            market.grid_step = market.grid_step.max(1);
        }
        for index in 0..self.indices.len() {
            let live = self.indices.at(index).live.clone();
            self.note_moves(IndexId(u16::try_from(index).expect("few indices")), &live);
        }
    }

    /// VER-3.
    pub(crate) fn check_version(&self, command: &Command) -> Result<(), Reject> {
        let (needed, version) = (command.since(), self.version);
        if version < needed {
            return Err(Reject::VersionTooLow { needed, version });
        }
        Ok(())
    }

    /// VER-1, VER-2.
    ///
    /// # Panics
    /// If this build does not know the next version.
    pub(crate) fn upgrade(&mut self, to: Version, events: &mut Vec<Event>) -> Result<(), Reject> {
        let version = self.version;
        if to != version.next() {
            return Err(Reject::VersionNotNext { to, version });
        }
        assert!(
            to <= VERSION_MAX,
            "the log goes on by version {to} of the rules, this build knows them up to \
             {VERSION_MAX}: start a newer build"
        );

        self.digests.replace_version(version, to);
        self.version = to;
        if to == CLOSING_EXACT {
            self.close_exactly();
        }
        if to == NETTED_EXACT {
            self.net_exactly();
        }
        events.push(Event::Upgraded { to });
        Ok(())
    }
}
