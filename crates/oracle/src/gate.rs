//! What may be done by a price of which health: the one table (venue.md §2.24).
//!
//! Two things are always possible: to cancel, and to trade a position away. Money is taken by a
//! price (liquidation, delivery) only while the feed is healthy: a price that an operator typed is
//! good enough to trade by in tests and mirrors, and never to take money by.

use types::{Action, Health};

/// One row: who may do it at which health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What.
    pub action: Action,
    /// By a price that the operator typed.
    pub manual: bool,
    /// By a healthy feed.
    pub healthy: bool,
    /// By a degraded feed.
    pub degraded: bool,
    /// By the last good price of a frozen feed.
    pub frozen: bool,
}

/// Every action.
#[rustfmt::skip]
pub const TABLE: [Row; 8] = [
    row(Action::Cancel,    true,  true,  true,  true),
    row(Action::Reduce,    true,  true,  true,  true),
    row(Action::Place,     true,  true,  true,  false),
    row(Action::Increase,  true,  true,  false, false),
    row(Action::Withdraw,  true,  true,  false, false),
    row(Action::Fund,      false, true,  true,  false),
    row(Action::Deliver,   false, true,  false, false),
    row(Action::Liquidate, false, true,  false, false),
];

/// Whether the table allows it. What has no row is not allowed.
pub fn allows(action: Action, health: Health) -> bool {
    let row = TABLE.iter().find(|row| row.action == action);
    row.is_some_and(|row| match health {
        Health::Manual => row.manual,
        Health::Healthy => row.healthy,
        Health::Degraded => row.degraded,
        Health::Frozen => row.frozen,
    })
}

const fn row(action: Action, manual: bool, healthy: bool, degraded: bool, frozen: bool) -> Row {
    Row { action, manual, healthy, degraded, frozen }
}
