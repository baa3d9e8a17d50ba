//! `plimsoll operator`: calls a running server with the operator's key.

mod prices;

#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::{Context, bail};
use gateway::{Key, KeyStore};
use serde_json::{Value, json};
use types::{AccountId, Decimal, Instrument, Kind, OptionRight, SettlementPeriod, Style};

pub use prices::feed_json;

use crate::cli::{Login, Operator, OperatorCall, OperatorKey};
use crate::client::{Client, number};
use crate::{genesis, output};

/// Runs the command.
pub async fn operator(args: Operator) -> anyhow::Result<()> {
    let (method, params) = request(&args.call)?;
    let client = connect(&args.login).await?;
    let result = client.call(method, params).await?;
    match args.json {
        true => output::say_json(&result)?,
        false => output::say(&format!("{result:#}"))?,
    };
    Ok(())
}

/// A connection with the operator's key.
pub async fn connect(login: &Login) -> anyhow::Result<Client> {
    connect_at(&login.url, &login.key).await
}

/// The same, at an address.
pub async fn connect_at(url: &str, key: &OperatorKey) -> anyhow::Result<Client> {
    let (id, secret) = credentials(key)?;
    let (client, _) = Client::login(url, &id, &secret).await?;
    Ok(client)
}

fn credentials(args: &OperatorKey) -> anyhow::Result<(String, String)> {
    if let Some((id, secret)) = args.client_id.as_ref().zip(args.client_secret.as_ref()) {
        return Ok((id.clone(), secret.clone()));
    }
    let Some(data) = &args.data else {
        bail!("an operator's key is needed: give --data, or --client-id and --client-secret");
    };
    let key = stored_key(data)?;
    Ok((key.client_id, key.client_secret))
}

/// The operator's key of a data directory.
fn stored_key(data: &Path) -> anyhow::Result<Key> {
    let keys = KeyStore::open(&data.join("keys.json"))?;
    let key = keys.of_account(AccountId(0)).into_iter().next();
    let key = key.with_context(|| format!("{} has no operator's key", data.display()))?;
    Ok(Key::clone(&key))
}

fn request(call: &OperatorCall) -> anyhow::Result<(&'static str, Value)> {
    Ok(match call {
        OperatorCall::OpenAccount => ("operator/open_account", json!({})),
        OperatorCall::Deposit { account, currency, amount } => {
            let amount = read_number("--amount", amount)?;
            let params = json!({"account": account, "currency": currency, "amount": amount});
            ("operator/deposit", params)
        }
        OperatorCall::ListInstrument { name } => {
            ("operator/list_instrument", instrument_json(&genesis::instrument(name)?))
        }
        OperatorCall::Prices(call) => prices::request(call)?,
        OperatorCall::ReportIndex { base, quote, price } => {
            let price = read_number("--price", price)?;
            ("operator/report_index", json!({"base": base, "quote": quote, "price": price}))
        }
    })
}

fn read_number(flag: &str, text: &str) -> anyhow::Result<Value> {
    let number_read = Decimal::parse(text).with_context(|| format!("{flag} {text}"))?;
    Ok(number(number_read))
}

/// The terms of an instrument as `operator/list_instrument` takes them.
pub fn instrument_json(spec: &Instrument) -> Value {
    let (kind, strike, right) = match spec.kind {
        Kind::Perpetual => ("perpetual", None, None),
        Kind::Future { .. } => ("future", None, None),
        Kind::Option { strike, right: OptionRight::Call, .. } => {
            ("option", Some(strike), Some("call"))
        }
        Kind::Option { strike, right: OptionRight::Put, .. } => {
            ("option", Some(strike), Some("put"))
        }
    };
    let steps = spec.tick_steps.iter().map(|step| json!([step.above.0, step.multiple]));
    let mut terms = json!({
        "kind": kind,
        "style": match spec.style { Style::Inverse => "inverse", Style::Linear => "linear" },
        "base": spec.base.as_str(),
        "quote": spec.quote.as_str(),
        "tick": number(spec.tick),
        "tick_steps": steps.collect::<Vec<_>>(),
        "lot": number(spec.lot),
        "contract_size": number(spec.contract_size),
        "size_min_lots": spec.size_min.0,
        "size_max_lots": spec.size_max.0,
        "settlement_period": match spec.settlement_period {
            SettlementPeriod::Perpetual => "perpetual",
            SettlementPeriod::Day => "day",
            SettlementPeriod::Week => "week",
            SettlementPeriod::Month => "month",
        },
        "maker_ppm": spec.fees.maker_ppm,
        "taker_ppm": spec.fees.taker_ppm,
        "initial_ppm": spec.margin.initial_ppm,
        "maintenance_ppm": spec.margin.maintenance_ppm,
        "band_ppm": spec.band_ppm,
    });
    if let Some(expiry) = spec.kind.expiry() {
        terms["expiry"] = json!(expiry.0);
    }
    if let Some((strike, right)) = strike.zip(right) {
        terms["strike"] = number(strike);
        terms["right"] = json!(right);
    }
    terms
}
