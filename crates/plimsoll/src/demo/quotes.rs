//! What a market maker of the demo quotes: what it is worth, half a spread each way, on the grid.
//!
//! It knows instruments as any client does: from `public/get_instruments`.

use serde_json::{Value, json};
use types::{At, Decimal, Kind, Style};

use super::prices::Prices;
use super::pricing::fair;
use crate::client::{CallError, Client, decimal, number};
use crate::genesis::parse_name;

/// An instrument as the public API describes it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Name.
    pub name: String,
    /// Perpetual, future or option.
    pub kind: Kind,
    /// Priced in USD or base, settled in base.
    pub is_inverse: bool,
    /// What is priced, such as `BTC`.
    pub base: String,
    /// By which index, such as `btc_usd`.
    pub index: String,
    /// What it settles in: mass quotes are for one such currency at a time.
    pub currency: String,
    /// Steps of the price: the step in force above each price, ascending; the first is above 0.
    steps: Vec<(f64, Decimal)>,
    /// Step of the size.
    lot: Decimal,
}

/// One market maker's way of quoting.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Half of its spread, as a part of a future's price.
    pub half_spread: f64,
    /// Its usual size, in USD of underlying.
    pub size_usd: f64,
}

/// Both sides of one instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoSided {
    /// Where to buy; `None` if the value is too low to bid for.
    pub bid: Option<Decimal>,
    /// Where to sell.
    pub ask: Decimal,
    /// How much on each side.
    pub amount: Decimal,
}

impl Listed {
    /// Reads an element of `public/get_instruments`; `None` if it is not one that we can value.
    pub fn read(value: &Value) -> Option<Listed> {
        let name = value["instrument_name"].as_str()?.to_owned();
        let named = parse_name(&name).ok()?;
        let mut steps = vec![(0.0, decimal(&value["tick_size"])?)];
        for step in value["tick_size_steps"].as_array().into_iter().flatten() {
            steps.push((step["above_price"].as_f64()?, decimal(&step["tick_size"])?));
        }
        Some(Listed {
            name,
            kind: named.kind,
            is_inverse: named.style == Style::Inverse,
            base: named.base.as_str().into(),
            index: format!("{}_{}", named.base, named.quote).to_lowercase(),
            currency: value["settlement_currency"].as_str()?.into(),
            steps,
            lot: decimal(&value["min_trade_amount"])?,
        })
    }

    /// True if nothing can be traded any more.
    pub fn is_over(&self, now: At) -> bool {
        self.kind.expiry().is_some_and(|expiry| expiry <= now)
    }

    /// What it is worth, in the unit of its price: a future by its index, an option by its mark.
    pub fn worth(&self, prices: &Prices, now: At) -> Option<f64> {
        match self.kind.is_option() {
            true => prices.mark(&self.name),
            false => prices.index(&self.index).map(|index| fair(&self.kind, index, now)),
        }
    }

    /// Whether anybody has said what it is worth.
    pub fn is_priced(&self, prices: &Prices) -> bool {
        self.worth(prices, At(0)).is_some()
    }

    /// Both sides around what it is worth.
    pub fn quote(&self, manner: Manner, prices: &Prices, now: At) -> Option<TwoSided> {
        let (worth, index) = (self.worth(prices, now)?, prices.index(&self.index)?);
        let tick = self.tick_at(worth);
        // Options are quoted wider, and never tighter than two ticks.
        let half = match self.kind.is_option() {
            true => (worth * 0.03 * (1.0 + manner.half_spread * 1_000.0)).max(2.0 * tick),
            false => (worth * manner.half_spread).max(tick),
        };
        let ask = self.on_grid(worth + half, f64::ceil)?;
        let bid = self.on_grid(worth - half, f64::floor);
        Some(TwoSided { bid, ask, amount: self.amount(manner.size_usd, index)? })
    }

    /// About so many USD of underlying, in the unit of the size.
    pub fn amount(&self, usd: f64, index: f64) -> Option<Decimal> {
        let is_sized_in_usd = self.is_inverse && !self.kind.is_option();
        let amount = if is_sized_in_usd { usd } else { usd / index };
        Decimal::multiple((amount / value(self.lot)).round().max(1.0) as i64, self.lot)
    }

    fn tick_at(&self, price: f64) -> f64 {
        value(self.step_at(price))
    }

    fn step_at(&self, price: f64) -> Decimal {
        let in_force = self.steps.iter().rev().find(|(above, _)| *above < price);
        in_force.unwrap_or(&self.steps[0]).1
    }

    /// A price on the grid in force there; `None` if it would not be above zero.
    fn on_grid(&self, price: f64, round: fn(f64) -> f64) -> Option<Decimal> {
        let step = self.step_at(price);
        // A quotient that is whole but for the last bit of an f64 is whole.
        let steps = price / value(step);
        let steps = if (steps - steps.round()).abs() < 1e-6 { steps.round() } else { round(steps) };
        (1.0 <= steps).then(|| Decimal::multiple(steps as i64, step)).flatten()
    }
}

impl TwoSided {
    /// As an element of `private/mass_quote`. A bid that stood and has no place any more is taken
    /// away: an amount of zero does that.
    pub fn to_json(&self, name: &str, last_bid: Option<Decimal>) -> Value {
        let amount = number(self.amount);
        let mut quote = json!({
            "instrument_name": name,
            "ask": {"price": number(self.ask), "amount": amount},
        });
        match (self.bid, last_bid) {
            (Some(bid), _) => quote["bid"] = json!({"price": number(bid), "amount": amount}),
            (None, Some(last)) => quote["bid"] = json!({"price": number(last), "amount": 0}),
            (None, None) => (),
        }
        quote
    }
}

/// The nearest float.
fn value(decimal: Decimal) -> f64 {
    decimal.mantissa() as f64 / 10_f64.powi(i32::from(decimal.scale()))
}

/// Every instrument that is listed now.
pub async fn listed(client: &Client) -> Result<Vec<Listed>, CallError> {
    let all = json!({"currency": "any", "expired": false});
    let reply = client.call("public/get_instruments", all).await?;
    Ok(reply.as_array().into_iter().flatten().filter_map(Listed::read).collect())
}
