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
/// Triggers of one account that are gone. At least as many as can wait (TRG-4), so that each that
/// one command closes can still be shown afterwards.
pub const GONE_TRIGGERS_PER_ACCOUNT_MAX: usize = 1_000;
/// Triggers of the domain that are gone.
pub const GONE_TRIGGERS_MAX: usize = 1 << 16;
/// Movements of money of one account.
pub const MOVEMENTS_PER_ACCOUNT_MAX: usize = 1_000;
/// Minutes with trades of one instrument: eight days of them.
pub const MINUTES_MAX: usize = 11_520;
/// Days with trades of one instrument.
pub const DAYS_MAX: usize = 732;
/// Hours of one index.
pub const INDEX_HOURS_MAX: usize = 744;
/// Delivery prices of one index.
pub const DELIVERIES_PER_INDEX_MAX: usize = 1_000;
/// Instruments that were delivered, over all indexes: what is told of their end.
pub const SETTLED_MAX: usize = 10_000;
/// Marks of one instrument, one a minute: a day of them.
pub const MARKS_MAX: usize = 1_440;
/// Minutes of one perpetual's funding: 25 hours, so that a day is always there.
pub const FUNDING_MINUTES_MAX: usize = 1_500;
/// Hours of one perpetual's funding (api.md §7.2).
pub const FUNDING_HOURS_MAX: usize = 744;
/// Funding, deliveries, stakes and rewards of one account.
pub const SETTLEMENTS_PER_ACCOUNT_MAX: usize = 1_000;
/// Records of the stream of one account: entries that touched it.
pub const STREAM_RECORDS_PER_ACCOUNT_MAX: usize = 1_000;
/// Bytes of the stream of one account. An entry that cancels 10 000 orders makes 1.6 million of
/// them, more if their labels are long: it does not end the window.
pub const STREAM_BYTES_PER_ACCOUNT_MAX: usize = 1 << 22;
/// Bytes of the streams of all accounts: about 400 000 records, of 160 bytes each.
pub const STREAM_BYTES_MAX: usize = 1 << 26;
/// Notices of one domain.
pub const NOTICES_MAX: usize = 1_000;
