//! Instrument and Currency.

use market_data::{InstrumentView, Life};
use types::{AssetCode, At, Kind, MarketState, Style};

use super::{Fixed, List, Look, Object, Scale, kind, right, settlement_period};

/// What the dialect writes as the expiry of what never expires: the year 3000.
const NEVER_MS: u64 = 32_503_708_800_000;

/// An instrument.
pub(crate) fn write_instrument(out: &mut String, look: Look<'_>, instrument: &InstrumentView) {
    let spec = instrument.spec();
    let style = match spec.style {
        Style::Inverse => "reversed",
        Style::Linear => "linear",
    };
    // Options of inverse style are priced in base: their quote currency is what the premium is in.
    let quote = if spec.kind.is_option() { spec.settlement() } else { spec.quote };
    let expiry = spec.kind.expiry();
    let mut object = Object::new(out);
    object
        .word("instrument_name", instrument.name())
        .number("instrument_id", look.instrument_number(instrument))
        .word("kind", kind(&spec.kind))
        .word("instrument_type", style)
        .word("base_currency", spec.base)
        .word("quote_currency", quote)
        .word("counter_currency", spec.quote)
        .word("settlement_currency", spec.settlement())
        .word("settlement_period", settlement_period(spec.settlement_period))
        .word("price_index", index_name(look, instrument))
        .number("tick_size", Fixed::steps(1, spec.tick))
        .number("contract_size", Fixed::steps(1, spec.contract_size))
        .number("min_trade_amount", instrument.amount(spec.size_min.0.into()))
        .number("maker_commission", Fixed::ppm(spec.fees.maker_ppm.into()))
        .number("taker_commission", Fixed::ppm(spec.fees.taker_ppm.into()))
        .number("block_trade_commission", Fixed::ppm(spec.fees.taker_ppm.into()))
        .number("block_trade_tick_size", Fixed::steps(1, spec.tick))
        .number("block_trade_min_trade_amount", instrument.amount(spec.size_min.0.into()))
        .number("creation_timestamp", instrument.listed_at())
        .number("expiration_timestamp", expiry.map_or(NEVER_MS, |at| at.0))
        .flag("is_active", is_open(instrument, look.view.at()))
        .word("state", state(instrument, look.view.at()));
    write_steps(object.key("tick_size_steps"), instrument);
    match spec.kind {
        Kind::Option { strike, right: way, .. } => {
            object.number("strike", strike).word("option_type", right(way));
        }
        Kind::Perpetual | Kind::Future { .. } => {
            object.word("future_type", style);
            object.number("max_leverage", leverage(instrument));
            object.number("max_liquidation_commission", 0);
        }
    }
    object.end();
}

fn write_steps(out: &mut String, instrument: &InstrumentView) {
    let mut steps = List::new(out);
    for step in &instrument.spec().tick_steps {
        let mut object = Object::new(steps.item());
        object.number("above_price", instrument.price(step.above));
        object.number("tick_size", instrument.price(types::Ticks(step.multiple)));
        object.end();
    }
    steps.end();
}

/// Whole multiples of its margin that a position may be worth.
pub(crate) fn leverage(instrument: &InstrumentView) -> u32 {
    1_000_000 / instrument.spec().margin.initial_ppm.max(1)
}

/// `btc_usd`.
pub(crate) fn index_name<'a>(look: Look<'a>, instrument: &InstrumentView) -> &'a str {
    look.view.index(instrument.index()).map_or("", |index| index.name())
}

pub(crate) fn is_open(instrument: &InstrumentView, now: At) -> bool {
    instrument.life(now) == Life::Open
}

/// `settlement`: it has expired and waits for its delivery price. Of what the dialect knows,
/// `locked` comes nearest to an auction, which takes orders and trades nothing yet.
pub(crate) fn state(instrument: &InstrumentView, now: At) -> &'static str {
    match instrument.life(now) {
        Life::Open if instrument.state() == MarketState::Auction => "locked",
        Life::Open if MarketState::Auction < instrument.state() => "halted",
        Life::Open => "open",
        Life::Expired => "settlement",
        Life::Delivered => "closed",
    }
}

/// A currency. Money comes and goes through the operator: there is no chain, and no chain's fee.
pub(crate) fn write_currency(out: &mut String, asset: AssetCode, decimals: u8) {
    let code = asset.as_str();
    let (long, coin) = match code {
        "BTC" => ("Bitcoin", "BITCOIN"),
        "ETH" => ("Ethereum", "ETHER"),
        "USDC" => ("USD Coin", "ETH"),
        _ => (code, code),
    };
    let mut object = Object::new(out);
    object
        .word("currency", code)
        .word("currency_long", long)
        .word("coin_type", coin)
        .number("decimals", decimals)
        .number("fee_precision", decimals)
        .number("min_confirmations", 0)
        .number("withdrawal_fee", 0)
        .number("min_withdrawal_fee", 0)
        .number("network_fee", 0)
        .word("network_currency", code)
        .flag("in_cross_collateral_pool", false);
    object.key("withdrawal_priorities").push_str("[]");
    object.end();
}
