//! Halts and auctions.

use market_data::{Auction, InstrumentView};
use types::{Cause, Halt, MarketState, Scope};

use super::{Fixed, Look, Object, Scale, scope_name};

/// A halt with its scope by name. What was found and what is allowed are prices, sizes or
/// milliseconds, by the cause.
pub(crate) fn write_halt(out: &mut String, look: Look<'_>, halt: &Halt) {
    let mut object = Object::new(out);
    object.word("currency", look.asset());
    let name = scope_name(look, halt.scope);
    match halt.scope {
        Scope::Instrument(_) => object.word("scope", "instrument").word("instrument_name", name),
        Scope::Index { .. } => object.word("scope", "index").word("index_name", name),
        Scope::Domain => object.word("scope", "domain"),
    };
    object
        .word("state", state_word(halt.state))
        .word("cause", cause_word(halt.cause))
        .number("since", halt.since)
        .number_or_null("until", halt.until);
    if halt.limit != 0 {
        let (value, limit) = found(look, (halt.scope, Some(halt.cause)), (halt.value, halt.limit));
        object.number("value", value).number("limit", limit);
    }
    object.end();
}

/// What was found and what is allowed, in the units of the instrument where the cause has some.
pub(crate) fn found(
    look: Look<'_>,
    (scope, cause): (Scope, Option<Cause>),
    (value, limit): (u64, u64),
) -> (Fixed, Fixed) {
    let plain = |number: u64| Fixed::new(number.into(), 0);
    let instrument = match scope {
        Scope::Instrument(id) => look.view.instrument(id),
        Scope::Index { .. } | Scope::Domain => None,
    };
    let in_units = |number: u64| match (cause, instrument) {
        (Some(Cause::LimitState | Cause::Velocity | Cause::Range), Some(instrument)) => {
            let ticks = types::Ticks(u32::try_from(number).unwrap_or(u32::MAX));
            instrument.price(ticks)
        }
        (Some(Cause::BookVanished | Cause::LiquidationRate), Some(instrument)) => {
            instrument.amount(number.into())
        }
        _ => plain(number),
    };
    (in_units(value), in_units(limit))
}

/// An auction that runs.
pub(crate) fn write_auction(out: &mut String, instrument: &InstrumentView, auction: &Auction) {
    let mut object = Object::new(out);
    object
        .word("instrument_name", instrument.name())
        .number("reference_price", instrument.price(auction.reference))
        .number("ends_at", auction.ends_at);
    write_indication(&mut object, instrument, auction);
    object.end();
}

/// The notification of `auction.*`: the state of the market, and the auction if one runs.
pub(crate) fn write_auction_news(out: &mut String, instrument: &InstrumentView) {
    let mut object = Object::new(out);
    object.word("instrument_name", instrument.name()).word("state", state_word(instrument.state()));
    if let Some(auction) = instrument.auction() {
        object.number("ends_at", auction.ends_at);
        write_indication(&mut object, instrument, auction);
    }
    object.end();
}

/// What it would give: without a price, nothing.
pub(crate) fn write_indication(
    object: &mut Object<'_>,
    instrument: &InstrumentView,
    auction: &Auction,
) {
    let found = auction.indication;
    object
        .number_or_null("indicative_price", found.map(|found| instrument.price(found.price)))
        .number(
            "indicative_amount",
            instrument.amount(found.map_or(0, |found| found.volume.into())),
        )
        .number("imbalance", instrument.amount(found.map_or(0, |found| found.surplus.into())));
}

/// Our word for a state (docs/rules/states.md).
pub fn state_word(state: MarketState) -> &'static str {
    match state {
        MarketState::Open => "open",
        MarketState::PostOnly => "post_only",
        MarketState::ReduceOnly => "reduce_only",
        MarketState::Auction => "auction",
        MarketState::CancelOnly => "cancel_only",
        MarketState::Halted => "halted",
        MarketState::Delivering => "delivering",
        MarketState::Closed => "closed",
    }
}

fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::Operator => "operator",
        Cause::Outage => "outage",
        Cause::FeedFrozen => "feed_frozen",
        Cause::LimitState => "limit_state",
        Cause::Velocity => "velocity",
        Cause::Range => "range",
        Cause::BookVanished => "book_vanished",
        Cause::LiquidationRate => "liquidation_rate",
    }
}
