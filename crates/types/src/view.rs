//! What the engine answers when it is asked about an account: numbers of one moment.

use alloc::vec::Vec;

use crate::{
    AccountId, Amount, IndexPrice, InstrumentId, MarginModel, MmpConfig, SelfTradeMode, SignedLots,
    Ticks,
};

/// An account at one moment. All money in atoms of the domain's asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// Which.
    pub account: AccountId,
    /// Its main account, if it is a subaccount.
    pub parent: Option<AccountId>,
    /// Cash: posted money and what was realised.
    pub collateral: Amount,
    /// What open futures would win or lose at the mark.
    pub unrealised: Amount,
    /// What open options are worth at the mark, below zero if short.
    pub options_value: Amount,
    /// Needed to open: positions and open orders at their worse side.
    pub initial_margin: Amount,
    /// Needed to stay.
    pub maintenance_margin: Amount,
    /// What may be used: collateral + unrealised - initial margin.
    pub free: Amount,
    /// Positions that are not flat, by instrument.
    pub positions: Vec<PositionView>,
    /// What happens when its own orders meet.
    pub self_trade: SelfTradeMode,
    /// Its market-maker protections.
    pub mmp: Vec<MmpConfig>,
    /// It is being liquidated: it may cancel, and nothing else.
    pub liquidating: bool,
    /// How its margin is made.
    pub model: MarginModel,
}

/// A position at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PositionView {
    /// Where.
    pub instrument: InstrumentId,
    /// How much.
    pub size: SignedLots,
    /// What it cost, signed as in `docs/rules/money.md`.
    pub cost: Amount,
    /// The mark price.
    pub mark: Ticks,
    /// What it would win or lose at the mark.
    pub unrealised: Amount,
    /// What was realised since it was opened.
    pub realised: Amount,
    /// Needed to open, open orders included.
    pub initial_margin: Amount,
    /// Needed to stay.
    pub maintenance_margin: Amount,
    /// Part of the initial margin that open orders need.
    pub open_orders_margin: Amount,
    /// Of a future in standard margin: the mark at which the account falls below its maintenance
    /// margin, if nothing else moves. `None`: there is no such price.
    pub liquidation_price: Option<IndexPrice>,
}

/// The place of a position in the ranking of auto-deleveraging, if its side were closed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdlPlace {
    /// Where.
    pub instrument: InstrumentId,
    /// From 1, who is closed first.
    pub rank: u32,
    /// How many hold this side.
    pub of: u32,
    /// Its score in the ranking, millionths.
    pub score: i64,
}

impl AdlPlace {
    /// Lights as exchanges show them: 5 for the fifth that is closed first, 1 for the last.
    pub fn lights(&self) -> u8 {
        let before = u64::from(self.rank.saturating_sub(1)) * 5 / u64::from(self.of.max(1));
        u8::try_from(5_u64.saturating_sub(before).max(1)).unwrap_or(1)
    }
}

/// What one more order would need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderNeeds {
    /// By itself, in standard margin: initial margin and what the order holds.
    pub alone: Amount,
    /// How much more initial margin the account would need by its model, below zero if less.
    /// `None`: it could reach more than the largest size.
    pub more: Option<Amount>,
}
