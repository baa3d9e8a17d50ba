//! The JSON objects of the dialect (api.md §7.1), written from the view of a domain.
//!
//! Every object is written straight into a text: prices and amounts are exact decimals from whole
//! ticks, lots and atoms, never a float. Averages are quotients, rounded to ten decimals.
//!
//! No number is invented. `mark_iv` and `greeks` of an option, and its `delta` in a position, are
//! there when the engine has priced it; `bid_iv`, `ask_iv` and the `iv` of a trade are left out,
//! for they would have to be solved for, and nothing here prices options.

mod accounts;
mod feeds;
mod halts;
mod instruments;
mod json;
mod liquidations;
mod notices;
mod number;
mod orders;
mod positions;
mod prices;
mod settlements;
mod stream;
mod tickers;
mod trades;
mod triggers;
mod wallets;
mod words;

pub(crate) use accounts::{Summary, write_portfolio, write_summary, write_user};
pub(crate) use feeds::{METHODS as INDEX_METHODS, change_of_health, health, write_feed};
pub use halts::state_word;
pub(crate) use halts::{write_auction, write_auction_news, write_halt};
pub(crate) use instruments::{is_open, write_currency, write_instrument};
pub(crate) use json::{List, Object, write_text};
pub(crate) use liquidations::{
    ADL_POLICIES, Part, write_ended, write_started, write_stepped, write_waterfall,
};
pub(crate) use notices::{
    Worded, body, hex, rfc3339, scope_name, spaced, title, write_announcement, write_notice,
};
pub use notices::{component_state_word, component_word, fate_word, notice_word, stage_word};
pub(crate) use number::{Fixed, Scale};
pub(crate) use orders::write_order;
pub(crate) use positions::{write_flat_position, write_position, write_ranked_position};
pub(crate) use prices::{
    last_8h, rate, share, write_expiration, write_funding_hours, write_option_marks,
    write_perpetual, write_platform,
};
pub(crate) use settlements::{settlement_type, write_own_settlement, write_settled};
pub(crate) use stream::write_record;
pub(crate) use tickers::{
    volume_and_cost, write_book, write_book_summary, write_chart_candle, write_index, write_level,
    write_quote_fields, write_state, write_ticker,
};
pub(crate) use trades::{Labels, write_trade, write_user_trade};
pub(crate) use triggers::{
    belongs_to, level_number, order_text, source, write_any_order, write_birth, write_trigger,
    write_trigger_row,
};
pub(crate) use wallets::{LogRow, write_deposit, write_log_row, write_transfer, write_withdrawal};
pub(crate) use words::*;

use market_data::{InstrumentView, View};
use types::{IndexPrice, OrderId, TradeId};

use crate::venue::DomainId;

/// The view of one domain and which domain it is: what names and numbers are made of.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) domain: DomainId,
    pub(crate) view: &'a View,
}

/// Instrument ids of the dialect are unique over the venue.
const INSTRUMENTS_PER_DOMAIN: u64 = 1_000_000;

impl<'a> Look<'a> {
    /// Digits for BTC, `ETH-` and `USDC-` before them elsewhere; of a trigger with a mark.
    pub(crate) fn order_id(&self, id: OrderId) -> Prefixed<'a> {
        match id.trigger() {
            Some(trigger) => {
                Prefixed { asset: self.asset(), mark: TRIGGER_MARK, number: trigger.0 }
            }
            None => Prefixed { asset: self.asset(), mark: "", number: id.0 },
        }
    }

    /// As orders.
    pub(crate) fn trade_id(&self, id: TradeId) -> Prefixed<'a> {
        Prefixed { asset: self.asset(), mark: "", number: id.0 }
    }

    /// `BTC`.
    pub(crate) fn asset(&self) -> AssetText<'a> {
        AssetText { view: self.view }
    }

    /// Unique over the venue.
    pub(crate) fn instrument_number(&self, instrument: &InstrumentView) -> u64 {
        u64::from(self.domain.0) * INSTRUMENTS_PER_DOMAIN + u64::from(instrument.id().0)
    }

    /// Money of the domain's asset.
    pub(crate) fn money(&self, amount: types::Amount) -> Fixed {
        Fixed::new(i128::from(amount.0), self.view.decimals().into())
    }

    /// The price of an instrument's index; `None` before the first report.
    pub(crate) fn index_price(&self, instrument: &InstrumentView) -> Option<IndexPrice> {
        self.view.index(instrument.index())?.price()
    }
}

/// The asset of a view, as text.
#[derive(Clone, Copy)]
pub(crate) struct AssetText<'a> {
    view: &'a View,
}

impl std::fmt::Display for AssetText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.view.asset().fmt(f)
    }
}

/// An id with the prefix of its domain.
#[derive(Clone, Copy)]
pub(crate) struct Prefixed<'a> {
    asset: AssetText<'a>,
    mark: &'static str,
    number: u64,
}

impl std::fmt::Display for Prefixed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.asset.view.asset().as_str() != UNPREFIXED_ASSET {
            write!(f, "{}-", self.asset)?;
        }
        write!(f, "{}{}", self.mark, self.number)
    }
}

/// What stands before the number of a trigger.
pub(crate) const TRIGGER_MARK: &str = "TRG-";

/// The asset whose order and trade ids are plain digits (api.md §7.1 Order).
pub(crate) const UNPREFIXED_ASSET: &str = "BTC";
