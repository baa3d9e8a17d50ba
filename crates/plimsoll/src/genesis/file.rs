//! A file of instruments: each by its name, and whatever differs from the usual terms.
//!
//! ```toml
//! [[instrument]]
//! name = "BTC-PERPETUAL"
//!
//! [[instrument]]
//! name = "BTC_USDC-PERPETUAL"
//! tick = "0.5"                 # price step, in the unit of the price
//! lot = "0.0001"               # size step
//! contract_size = "0.0001"
//! size_min_lots = 1
//! size_max_lots = 1000000
//! maker_fee_ppm = -100         # millionths; below zero is a rebate
//! taker_fee_ppm = 500
//! initial_margin_ppm = 20000
//! maintenance_margin_ppm = 10000
//! band_ppm = 50000
//! ```

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use toml::{Table, Value};
use types::{Decimal, Instrument, Lots};

use super::instrument;

/// Reads a file; every instrument that is wrong is named.
pub fn read(path: &Path) -> anyhow::Result<Vec<Instrument>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    parse(&text).with_context(|| format!("the instruments of {}", path.display()))
}

pub(super) fn parse(text: &str) -> anyhow::Result<Vec<Instrument>> {
    let mut table: Table = text.parse()?;
    let list = match table.remove("instrument") {
        Some(Value::Array(list)) => list,
        _ => bail!("there is no [[instrument]]: write one for each contract"),
    };
    if let Some(key) = table.keys().next() {
        bail!("{key} is a key that does not exist: write [[instrument]] only");
    }
    let read: Vec<_> = list.into_iter().map(read_instrument).collect();
    let problems: Vec<String> = read
        .iter()
        .filter_map(|read| read.as_ref().err().map(|error| format!("{error:#}")))
        .collect();
    if !problems.is_empty() {
        bail!("{}", problems.join("\n  "));
    }
    read.into_iter().collect()
}

fn read_instrument(value: Value) -> anyhow::Result<Instrument> {
    let Value::Table(mut table) = value else { bail!("an instrument is a table") };
    let Some(Value::String(name)) = table.remove("name") else {
        bail!("an instrument has no name: write name = \"BTC-PERPETUAL\"");
    };
    let mut found = instrument(&name)?;
    for (key, value) in table {
        set(&mut found, &key, &value).with_context(|| name.clone())?;
    }
    Ok(found)
}

fn set(instrument: &mut Instrument, key: &str, value: &Value) -> anyhow::Result<()> {
    match key {
        "tick" => instrument.tick = decimal(key, value)?,
        "lot" => instrument.lot = decimal(key, value)?,
        "contract_size" => instrument.contract_size = decimal(key, value)?,
        "size_min_lots" => instrument.size_min = Lots(number(key, value)?),
        "size_max_lots" => instrument.size_max = Lots(number(key, value)?),
        "maker_fee_ppm" => instrument.fees.maker_ppm = number(key, value)?,
        "taker_fee_ppm" => instrument.fees.taker_ppm = number(key, value)?,
        "initial_margin_ppm" => instrument.margin.initial_ppm = number(key, value)?,
        "maintenance_margin_ppm" => instrument.margin.maintenance_ppm = number(key, value)?,
        "band_ppm" => instrument.band_ppm = number(key, value)?,
        _ => bail!("{key} is a key that does not exist"),
    }
    Ok(())
}

fn decimal(key: &str, value: &Value) -> anyhow::Result<Decimal> {
    let text = value.as_str().ok_or_else(|| anyhow!("{key} is {value}: write it in quotes"))?;
    let number = Decimal::parse(text).map_err(|error| anyhow!("{key}: {text} {error}"))?;
    if number.mantissa() <= 0 {
        bail!("{key} is {text}: a step is above zero");
    }
    Ok(number)
}

fn number<T: TryFrom<i64>>(key: &str, value: &Value) -> anyhow::Result<T> {
    let number = value.as_integer().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| anyhow!("{key} is {value}: write a whole number that fits"))
}
