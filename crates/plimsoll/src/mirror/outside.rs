//! Mirroring into a server that runs already, through its API alone.
//!
//! The operator's key lists the instrument if it is missing, opens an account and reports prices;
//! the account's own key places, amends and cancels, several requests in flight. A request that
//! exceeds the account's credits is sent again after a pause, as the dialect allows.

use anyhow::{Context, bail};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use types::{Decimal, Lots, OrderId, Side, Ticks, limits};

use super::desk::{Desk, TopSide};
use super::own::OwnBook;
use super::plan::Action;
use super::published;
use super::spec::Spec;
use crate::client::{Client, Notifications, decimal, number};
use crate::operator::instrument_json;

/// Requests in flight: fewer than an account may have waiting.
const IN_FLIGHT: usize = 8;
/// The mirror's money in atoms: a quarter of what a domain can count.
const FUNDS: i64 = limits::DEPOSITS_MAX.0 / 4;

/// A running server.
pub struct Outside {
    operator: Client,
    client: Client,
    notifications: Notifications,
    spec: Spec,
    /// What stands before the digits of order ids, such as `USDC-`.
    prefix: String,
}

impl Outside {
    /// Connects, lists the instrument, opens and funds an account.
    pub async fn open(url: &str, id: &str, secret: &str, spec: Spec) -> anyhow::Result<Outside> {
        let (operator, _) = Client::login(url, id, secret).await?;
        list(&operator, &spec).await?;
        let account = operator.call("operator/open_account", json!({})).await?;
        let currency = spec.domain.asset.as_str();
        let funds = Decimal::new(FUNDS, spec.domain.decimals).context("an amount of money")?;
        let deposit = json!({
            "account": account["account"], "currency": currency, "amount": number(funds),
        });
        operator.call("operator/deposit", deposit).await?;
        let text = |field: &str| account[field].as_str().unwrap_or_default().to_owned();
        let (client, notifications) =
            Client::login(url, &text("client_id"), &text("client_secret")).await?;
        let channel = format!("user.orders.{}.raw", spec.name());
        client.call("private/subscribe", json!({"channels": [channel]})).await?;
        Ok(Outside { operator, client, notifications, spec, prefix: String::new() })
    }

    fn request(&self, action: &Action) -> (&'static str, Value) {
        let id = |order: OrderId| format!("{}{order}", self.prefix);
        match *action {
            Action::Cancel { order, .. } => ("private/cancel", json!({"order_id": id(order)})),
            Action::Amend { order, size, price, .. } => {
                let (price, amount) = (number(self.spec.price(price.0)), self.amount(size));
                ("private/edit", json!({"order_id": id(order), "amount": amount, "price": price}))
            }
            Action::Place { side, price, size } => {
                let method = if side == Side::Bid { "private/buy" } else { "private/sell" };
                let price = number(self.spec.price(price.0));
                let (name, amount) = (self.spec.name(), self.amount(size));
                (method, json!({"instrument_name": name, "amount": amount, "price": price}))
            }
        }
    }

    fn amount(&self, size: Lots) -> Value {
        number(self.spec.size(size))
    }

    /// Takes in an order of ours as a reply shows it.
    fn learn(&mut self, order: &Value, own: &mut OwnBook) -> anyhow::Result<()> {
        let read = self.read(order);
        let Order { id, prefix, side, price, size, filled } =
            read.with_context(|| format!("an order that cannot be read: {order}"))?;
        self.prefix = prefix;
        match order["order_state"].as_str() {
            Some("open") => {
                own.stands(id, side, price, size, Lots(size.0.saturating_sub(filled.0)));
            }
            _ => own.gone(id),
        }
        Ok(())
    }

    fn read(&self, order: &Value) -> Option<Order> {
        let text = order["order_id"].as_str()?;
        let (prefix, digits) = text.split_at(text.rfind('-').map_or(0, |at| at + 1));
        let steps = |field: &str, step: Decimal| {
            u32::try_from(decimal(&order[field])?.whole_ratio(step)?).ok()
        };
        Some(Order {
            id: OrderId(digits.parse().ok()?),
            prefix: prefix.to_owned(),
            side: if order["direction"] == "buy" { Side::Bid } else { Side::Ask },
            price: Ticks(steps("price", self.spec.instrument.tick)?),
            size: Lots(steps("amount", self.spec.instrument.lot)?),
            filled: Lots(steps("filled_amount", self.spec.instrument.lot)?),
        })
    }

    /// Fills by others come unasked. A notification may be older than a reply, so it counts only
    /// where it says that more was filled.
    fn learn_fills(&mut self, own: &mut OwnBook) {
        while let Ok(mut notification) = self.notifications.try_recv() {
            let data = notification["data"].take();
            let orders = if data.is_array() { data } else { json!([data]) };
            for order in orders.as_array().into_iter().flatten() {
                let Some(read) = self.read(order) else { continue };
                let standing = own.standing(read.id);
                if standing.is_some_and(|own| own.filled < read.filled) {
                    let open = Lots(read.size.0.saturating_sub(read.filled.0));
                    match open {
                        Lots::ZERO => own.gone(read.id),
                        open => own.stands(read.id, read.side, read.price, read.size, open),
                    }
                }
            }
        }
    }
}

struct Order {
    id: OrderId,
    prefix: String,
    side: Side,
    price: Ticks,
    size: Lots,
    filled: Lots,
}

impl Desk for Outside {
    async fn report_price(&mut self, mid: Ticks) -> anyhow::Result<()> {
        let price = number(self.spec.price(mid.0));
        let (base, quote) = (self.spec.instrument.base, self.spec.instrument.quote);
        let index = json!({"base": base.as_str(), "quote": quote.as_str(), "price": price});
        self.operator.call_patiently("operator/report_index", index).await?;
        let marks = json!({"marks": [[self.spec.name(), price]]});
        self.operator.call_patiently("operator/report_marks", marks).await?;
        Ok(())
    }

    async fn carry_out(&mut self, actions: &[Action], own: &mut OwnBook) -> anyhow::Result<u64> {
        self.learn_fills(own);
        // Cancels come first in a plan, and what follows them may not overtake them.
        let is_cancel = |action: &Action| matches!(action, Action::Cancel { .. });
        let n_cancels = actions.iter().take_while(|action| is_cancel(action)).count();
        let (cancels, others) = actions.split_at(n_cancels);
        let mut n_refused = 0;
        for part in [cancels, others] {
            let calls = part.iter().map(|action| {
                let (method, params) = self.request(action);
                let client = self.client.clone();
                let order = match *action {
                    Action::Cancel { order, .. } | Action::Amend { order, .. } => Some(order),
                    Action::Place { .. } => None,
                };
                async move { (order, client.call_patiently(method, params).await) }
            });
            let calls: Vec<_> = calls.collect();
            let replies: Vec<_> = stream::iter(calls).buffered(IN_FLIGHT).collect().await;
            for (order, reply) in replies {
                match reply {
                    Ok(reply) if reply["order"].is_object() => self.learn(&reply["order"], own)?,
                    Ok(order) => self.learn(&order, own)?,
                    Err(error) if error.code().is_some() => {
                        n_refused += 1;
                        // An order that cannot be changed any more is gone.
                        order.into_iter().for_each(|order| own.gone(order));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(n_refused)
    }

    async fn top(&mut self) -> anyhow::Result<(TopSide, TopSide)> {
        published::top(&self.client, &self.spec).await
    }
}

/// Lists the instrument if it is not; if it is, its grid must be the capture's.
async fn list(operator: &Client, spec: &Spec) -> anyhow::Result<()> {
    let name = spec.name();
    let found = operator.call("public/get_instrument", json!({"instrument_name": name})).await;
    let Ok(found) = found else {
        operator.call("operator/list_instrument", instrument_json(&spec.instrument)).await?;
        return Ok(());
    };
    let grid = [&found["tick_size"], &found["min_trade_amount"]].map(decimal);
    if grid != [Some(spec.instrument.tick), Some(spec.instrument.lot)] {
        bail!(
            "{name} is listed there with other steps: the capture has a tick of {} and a lot of {}",
            spec.instrument.tick,
            spec.instrument.lot
        );
    }
    Ok(())
}
