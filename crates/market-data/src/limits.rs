//! How much history a view keeps.

/// Trades of one instrument.
pub const TRADES_PER_INSTRUMENT_MAX: usize = 5_000;
/// Trades of the domain, over all instruments.
pub const TRADES_MAX: usize = 20_000;
/// Trades of one account.
pub const TRADES_PER_ACCOUNT_MAX: usize = 5_000;
/// Sides of trades, over all accounts.
pub const USER_TRADES_MAX: usize = 1 << 19;
/// Closed orders of one account. At least as many as one account can have open, so that each order
/// that one command closes can still be shown afterwards.
pub const CLOSED_PER_ACCOUNT_MAX: usize = 10_000;
/// Closed orders of the domain.
pub const CLOSED_MAX: usize = 1 << 17;
/// Movements of money of one account.
pub const MOVEMENTS_PER_ACCOUNT_MAX: usize = 1_000;
/// Minutes with trades of one instrument: eight days of them.
pub const MINUTES_MAX: usize = 11_520;
/// Days with trades of one instrument.
pub const DAYS_MAX: usize = 732;
/// Hours of one index.
pub const INDEX_HOURS_MAX: usize = 744;
