//! Portfolio margin: the scenarios by which a whole account is margined, and who is.

use alloc::vec::Vec;

/// How what an account needs is made (docs/rules/portfolio.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarginModel {
    /// Each position by itself.
    #[default]
    Standard,
    /// All positions and open orders of an index together, by scenarios.
    Portfolio,
}

/// The scenarios of one index, and what is added to them (venue.md §2.9). Rates are millionths.
///
/// The core grid is every price move `-range, …, 0, …, +range` in `steps` equal steps each way,
/// with volatility up, as it is, and down; a tail is one far move with volatility up, of whose
/// result a share counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortfolioTerms {
    /// The largest price move of the core grid.
    pub range_ppm: u32,
    /// Moves between no move and the largest, each way.
    pub steps: u8,
    /// What volatility rises by, of itself, 30 days before an expiry.
    pub vol_up_ppm: u32,
    /// What it falls by.
    pub vol_down_ppm: u32,
    /// Within 30 days both shocks grow by `(30 / days)` to this power; a day at least counts.
    pub near_power_ppm: u32,
    /// The power for longer times, by which they shrink.
    pub far_power_ppm: u32,
    /// Far moves.
    pub tails: Vec<Tail>,
    /// Share of the worst result that is needed to stay; to open, all of it.
    pub maintenance_ppm: u32,
    /// Beside the scenarios: of the value of each future, to open.
    pub future_initial_ppm: u32,
    /// To stay.
    pub future_maintenance_ppm: u32,
    /// Beside the scenarios: of the underlying of each short option, to open.
    pub short_initial_ppm: u32,
    /// To stay.
    pub short_maintenance_ppm: u32,
}

/// A far price move, of whose result a share counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Above -100 %.
    pub move_ppm: i32,
    /// The share.
    pub weight_ppm: u32,
}

/// One way that the market may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Of every price of the index.
    pub move_ppm: i32,
    /// Of volatility.
    pub vol: VolMove,
    /// Share of the result that counts.
    pub weight_ppm: u32,
}

/// Where volatility goes in a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolMove {
    /// By the shock upward.
    Up,
    /// Nowhere.
    Same,
    /// By the shock downward.
    Down,
}
