//! Every limit of the core, in one place. Meeting one is a refusal that names it.

use crate::Amount;

/// Open orders of one account.
pub const ORDERS_PER_ACCOUNT_MAX: u32 = 10_000;
/// Open orders of one account in one instrument.
pub const ORDERS_PER_INSTRUMENT_MAX: u32 = 2_000;
/// Triggers of one domain that wait.
pub const TRIGGERS_MAX: u32 = 1 << 20;
/// Waiting triggers of one account.
pub const TRIGGERS_PER_ACCOUNT_MAX: u32 = 200;
/// Waiting triggers of one account in one instrument.
pub const TRIGGERS_PER_INSTRUMENT_MAX: u32 = 50;
/// Triggers that fire with one entry: a cascade of stops is paced.
pub const TRIGGERS_FIRED_MAX: u32 = 64;
/// Accounts of one domain.
pub const ACCOUNTS_MAX: u32 = 1 << 20;
/// Instruments that one domain ever lists.
pub const INSTRUMENTS_MAX: u32 = 1 << 16;
/// Subaccounts of one account (api.md §3.3).
pub const SUBACCOUNTS_MAX: u32 = 20;
/// Quotes in one mass quote.
pub const QUOTES_MAX: usize = 100;
/// Market-maker protection groups of one account and index.
pub const MMP_GROUPS_MAX: u8 = 16;
/// Fills that one market-maker protection window remembers; the window triggers when it is full.
pub const MMP_FILLS_MAX: usize = 4_096;
/// Client order ids that one account may use within a day.
pub const CLIENT_ORDER_IDS_MAX: u32 = 100_000;
/// How long a client order id is remembered, in milliseconds of log time.
pub const CLIENT_ORDER_ID_MS: u64 = 86_400_000;
/// Deposits of one domain, in atoms: 45 million BTC at 8 decimals, 4.5 billion USDC at 6. With the
/// smallest initial margin rate, what all of it could lose stays within an `Amount`.
pub const DEPOSITS_MAX: Amount = Amount(1 << 52);
/// Smallest initial margin rate of an instrument, in millionths.
pub const INITIAL_PPM_MIN: u32 = 1_000;
/// Commands in one batch of the log.
pub const BATCH_COMMANDS_MAX: usize = 4_096;
/// Bytes of one encoded command.
pub const COMMAND_BYTES_MAX: usize = 16_384;
/// Tick steps of one instrument.
pub const TICK_STEPS_MAX: usize = 8;
/// Sources of one feed.
pub const SOURCES_MAX: usize = 32;
/// Seats of one feed.
pub const SEATS_MAX: usize = 64;
/// Indices of one domain: pairs that have an instrument or a feed.
pub const INDICES_MAX: u32 = 1_024;
/// Reporters of one domain.
pub const REPORTERS_MAX: usize = 256;
/// Open incidents of one domain.
pub const INCIDENTS_MAX: u32 = 64;
/// Backstops of one domain.
pub const BACKSTOPS_MAX: u32 = 64;
/// Far scenarios of the portfolio margin of one index.
pub const TAILS_MAX: usize = 16;
/// Expiries of one index that have a surface at one time.
pub const SURFACES_MAX: usize = 64;
