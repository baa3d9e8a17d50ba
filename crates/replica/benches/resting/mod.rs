//! A large state at rest: accounts with money, and orders that nobody takes.
//!
//! The orders rest on both sides of the price at which [`load::order`](crate::load::order) trades,
//! in the market of that load, and belong to the accounts after those that trade.

use types::{
    AccountId, Amount, Command, InstrumentId, Lots, OrderKind, PlaceOrder, PostOnly, Side, Ticks,
};

use crate::load::SUBMITTERS;

/// Accounts that exist, with those that trade.
pub const ACCOUNTS: u32 = 100_000;
/// Orders that rest.
pub const ORDERS: u32 = 1_000_000;
const TRADERS: u32 = 2 * SUBMITTERS as u32;
const TRADED: u32 = 120_000;
/// Prices on a side.
const LEVELS: u32 = 5_000;
const GAP: u32 = 10;

/// Opens the n-th account and pays money in.
pub fn account(n: u32) -> [Command; 2] {
    let account = AccountId(TRADERS + 1 + n);
    // What all have together stays below the most that a domain takes.
    let amount = Amount(1 << 34);
    [Command::OpenAccount { account, parent: None }, Command::Deposit { account, amount }]
}

/// Accounts to open.
pub const fn n_accounts() -> u32 {
    ACCOUNTS - TRADERS
}

/// The n-th order.
pub fn order(n: u32) -> Command {
    let account = AccountId(TRADERS + 1 + n % n_accounts());
    let away = GAP + n.wrapping_mul(7_919) % LEVELS;
    let is_bid = (n / LEVELS).is_multiple_of(2);
    let (side, price) =
        if is_bid { (Side::Bid, TRADED - away) } else { (Side::Ask, TRADED + away) };
    let kind = OrderKind::Limit { price: Ticks(price) };
    let order = PlaceOrder::new(account, InstrumentId(0), side, kind, Lots(1));
    Command::PlaceOrder(Box::new(PlaceOrder { post_only: PostOnly::Reject, ..order }))
}
