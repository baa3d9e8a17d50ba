//! Commands of the operator: ours, not of the dialect.

use serde_json::{Map, Value};

use types::{
    AccountId, At, Command, Decimal, Fees, Instrument, Kind, MarginRates, OptionRight,
    SettlementPeriod, Style, TickStep, Ticks,
};

use super::trading::{grounded, one};
use super::{domain, domain_of, params, place_of, wallet};
use crate::call::{Answer, Answered, Call, Intent, Reply};
use crate::errors::wrong;
use crate::params::{Params, decimal_of};
use crate::publish::Market;
use crate::rpc::{Json, RpcError};
use crate::venue::{Class, DomainId};

/// Credits money that arrived from outside.
pub(crate) fn deposit(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let domain = domain(market, params)?;
    let account = params.needed("account", params.whole("account")?)?;
    let account = u32::try_from(account).map(AccountId).unwrap_or_default();
    let amount = wallet::money(market, params, domain)?;
    one(domain, Class::Order, Command::Deposit { account, amount }, Reply::Ok)
}

/// Sets an index in every domain that has instruments on it.
pub(crate) fn report_index(market: &Market, call: &Call) -> Answered {
    let params = params(call);
    let (base, quote) = (params.asset("base")?, params.asset("quote")?);
    let price = super::reports::price(params, "price")?;
    let has_index = |domain: &DomainId| {
        market.look(*domain, |look| {
            look.view.indexes().iter().any(|index| (index.base(), index.quote()) == (base, quote))
        })
    };
    let intents: Vec<Intent> = market
        .domain_ids()
        .filter(has_index)
        .map(|domain| Intent {
            domain,
            class: Class::Order,
            command: Command::ReportIndex { base, quote, price },
        })
        .collect();
    if intents.is_empty() {
        return Err(wrong("base", format!("no instrument is priced by {base} in {quote}")));
    }
    Ok(Answer::After(intents, Reply::Ok))
}

/// Sets mark prices: `marks` is a list of `[instrument_name, price]`. Prices go down to a tick.
pub(crate) fn report_marks(market: &Market, call: &Call) -> Answered {
    let Some(Value::Array(rows)) = params(call).get("marks") else {
        return Err(wrong("marks", "send a list of [instrument_name, price]"));
    };
    let mut marks: Vec<Vec<_>> = market.domain_ids().map(|_| Vec::new()).collect();
    for row in rows {
        let Some([Value::String(name), price]) = row.as_array().map(Vec::as_slice) else {
            return Err(wrong("marks", "send a list of [instrument_name, price]"));
        };
        let place = place_of(market, name)?;
        let price = decimal_of("marks", price)?;
        let mark = grounded(market, place, |ground| match ground.instrument {
            Some(instrument) => nearest(price, instrument.spec().tick),
            None => Err(wrong("marks", "has no instrument")),
        })?;
        if let Some(marks) = marks.get_mut(usize::from(place.domain.0)) {
            marks.push((place.instrument, mark));
        }
    }
    let intents = market.domain_ids().zip(marks).filter(|(_, marks)| !marks.is_empty());
    let intents = intents.map(|(domain, marks)| Intent {
        domain,
        class: Class::Order,
        command: Command::ReportMarks(marks),
    });
    Ok(Answer::After(intents.collect(), Reply::Ok))
}

/// The tick at or below a mark, at least one.
fn nearest(price: Decimal, tick: Decimal) -> Result<Ticks, RpcError> {
    let ticks = match price.on_grid(tick) {
        types::Grid::On(ticks) | types::Grid::Between(ticks) => u32::try_from(ticks.max(1)).ok(),
        types::Grid::Outside => None,
    };
    ticks.map(Ticks).ok_or_else(|| wrong("marks", format!("{price} is out of range")))
}

/// Ends the good-til-day orders whose day is over.
pub(crate) fn end_day(market: &Market, _: &Call) -> Answered {
    let intents = market.domain_ids().map(|domain| Intent {
        domain,
        class: Class::Order,
        command: Command::EndDay,
    });
    Ok(Answer::After(intents.collect(), Reply::Ok))
}

/// Lists an instrument; its parameters are fields of [`types::Instrument`], decimals as numbers.
pub(crate) fn list_instrument(market: &Market, call: &Call) -> Answered {
    let spec = read_instrument(&call.params)?;
    let Some(domain) = domain_of(market, spec.settlement().as_str()) else {
        return Err(wrong("base", format!("no domain settles in {}", spec.settlement())));
    };
    one(domain, Class::Order, Command::ListInstrument(Box::new(spec)), Reply::Ok)
}

fn read_instrument(map: &Map<String, Value>) -> Result<Instrument, RpcError> {
    let params = Params(map);
    let style =
        params.choice("style", &[("inverse", Style::Inverse), ("linear", Style::Linear)])?;
    let periods = [
        ("perpetual", SettlementPeriod::Perpetual),
        ("day", SettlementPeriod::Day),
        ("week", SettlementPeriod::Week),
        ("month", SettlementPeriod::Month),
    ];
    let period = params.choice("settlement_period", &periods)?;
    let step =
        |name: &str| params.needed(name, params.decimal(name)?).and_then(|one| positive(name, one));
    let ppm = |name: &str| -> Result<u32, RpcError> {
        let value = params.needed(name, params.whole(name)?)?;
        u32::try_from(value).map_err(|_| wrong(name, "is too large"))
    };
    let lots = |name: &str| ppm(name).map(types::Lots);
    Ok(Instrument {
        kind: read_kind(params)?,
        style: params.needed("style", style)?,
        base: params.asset("base")?,
        quote: params.asset("quote")?,
        tick: step("tick")?,
        tick_steps: read_steps(params)?,
        lot: step("lot")?,
        contract_size: step("contract_size")?,
        size_min: lots("size_min_lots")?,
        size_max: lots("size_max_lots")?,
        settlement_period: params.needed("settlement_period", period)?,
        fees: Fees {
            maker_ppm: params.signed("maker_ppm")?,
            taker_ppm: params.signed("taker_ppm")?,
        },
        margin: MarginRates {
            initial_ppm: ppm("initial_ppm")?,
            maintenance_ppm: ppm("maintenance_ppm")?,
        },
        band_ppm: ppm("band_ppm")?,
    })
}

fn positive(name: &str, number: Decimal) -> Result<Decimal, RpcError> {
    if 0 < number.mantissa() { Ok(number) } else { Err(wrong(name, "send a number above 0")) }
}

fn read_kind(params: Params<'_>) -> Result<Kind, RpcError> {
    let expiry = || params.needed("expiry", params.whole("expiry")?).map(At);
    match params.needed("kind", params.text("kind")?)? {
        "perpetual" => Ok(Kind::Perpetual),
        "future" => Ok(Kind::Future { expiry: expiry()? }),
        "option" => {
            let rights = [("call", OptionRight::Call), ("put", OptionRight::Put)];
            let right = params.needed("right", params.choice("right", &rights)?)?;
            let strike = params.needed("strike", params.decimal("strike")?)?;
            Ok(Kind::Option { expiry: expiry()?, strike, right })
        }
        _ => Err(wrong("kind", "send one of perpetual, future, option")),
    }
}

/// `tick_steps` is a list of `[above_ticks, multiple]`.
fn read_steps(params: Params<'_>) -> Result<Vec<TickStep>, RpcError> {
    let form = || wrong("tick_steps", "send a list of [above_ticks, multiple]");
    let rows = match params.get("tick_steps") {
        None => return Ok(Vec::new()),
        Some(Value::Array(rows)) => rows,
        Some(_) => return Err(form()),
    };
    let number = |value: &Value| value.as_u64().and_then(|number| u32::try_from(number).ok());
    let steps = rows.iter().map(|row| match row.as_array().map(Vec::as_slice) {
        Some([above, multiple]) => {
            Some(TickStep { above: Ticks(number(above)?), multiple: number(multiple)? })
        }
        _ => None,
    });
    steps.collect::<Option<Vec<_>>>().ok_or_else(form)
}

/// Opening accounts is a conversation: the next id is known only by looking.
impl Market {
    /// Opens the next account in every domain, as a subaccount of `parent` if that is given.
    /// Calls must not overlap: whoever calls second may be told that the id is taken.
    pub async fn open_account(&self, parent: Option<AccountId>) -> Result<AccountId, RpcError> {
        let accounts = self.look(DomainId(0), |look| look.view.accounts().len());
        let account = AccountId(u32::try_from(accounts + 1).unwrap_or(u32::MAX));
        let intents = self.domain_ids().map(|domain| Intent {
            domain,
            class: Class::Order,
            command: Command::OpenAccount { account, parent },
        });
        let _: Json = self.finish(Answer::After(intents.collect(), Reply::Ok)).await?;
        Ok(account)
    }
}
