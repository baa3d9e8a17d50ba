//! The instrument that a capture is mirrored into.
//!
//! | capture | instrument | settles in |
//! |---|---|---|
//! | USD-margined, spot `BTCUSDT` | `BTC_USDC-PERPETUAL` | USDC; USDT if steps are too fine |
//! | coin-margined `BTCUSD_PERP` | `BTC-PERPETUAL`, lots of 100 (BTC) or 10 USD | the coin |
//!
//! Steps of price and size are the capture's. USDC has six decimals, USDT eight: a tick of a lot
//! must be whole atoms. Levels may be far from the mark, so the band is wide.

use anyhow::{Context, bail};
use gateway::venue::Domain;
use types::{Contract, Decimal, Instrument, Lots};

use super::message::Market;
use super::survey::Survey;
use crate::{domains, genesis};

/// An instrument and the domain that it settles in.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its terms.
    pub instrument: Instrument,
    /// Where it settles.
    pub domain: Domain,
}

impl Spec {
    /// What mirrors a capture.
    pub fn of(survey: &Survey) -> anyhow::Result<Spec> {
        match survey.market {
            Market::UsdMargined | Market::Spot => linear(survey),
            Market::CoinMargined => inverse(survey),
        }
    }

    /// The instrument's name.
    pub fn name(&self) -> String {
        self.instrument.name()
    }

    /// So many ticks as a price.
    pub fn price(&self, ticks: u32) -> Decimal {
        Decimal::multiple(ticks.into(), self.instrument.tick).unwrap_or_default()
    }

    /// So many lots as a size.
    pub fn size(&self, lots: Lots) -> Decimal {
        Decimal::multiple(lots.0.into(), self.instrument.lot).unwrap_or_default()
    }
}

fn linear(survey: &Survey) -> anyhow::Result<Spec> {
    let symbol = &survey.symbol;
    let quotes = ["USDT", "USDC", "FDUSD"];
    let base = quotes.iter().find_map(|quote| symbol.strip_suffix(quote));
    let base = base.with_context(|| format!("{symbol} is not quoted in {}", quotes.join(", ")))?;
    for asset in ["USDC", "USDT"] {
        let mut instrument = genesis::instrument(&format!("{base}_{asset}-PERPETUAL"))?;
        instrument.tick = survey.steps.tick;
        instrument.lot = survey.steps.lot;
        instrument.contract_size = survey.steps.lot;
        if let Some(spec) = fit(instrument, asset) {
            return Ok(spec);
        }
    }
    let (tick, lot) = (survey.steps.tick, survey.steps.lot);
    bail!("a tick of {tick} times a lot of {lot} is less than an atom of any asset here")
}

fn inverse(survey: &Survey) -> anyhow::Result<Spec> {
    let symbol = &survey.symbol;
    let base = symbol.strip_suffix("USD_PERP");
    let base = base.with_context(|| format!("{symbol} is not a coin-margined perpetual"))?;
    let contract = Decimal::whole(if base == "BTC" { 100 } else { 10 });
    let mut instrument = genesis::instrument(&format!("{base}-PERPETUAL"))?;
    instrument.tick = survey.steps.tick;
    instrument.lot = contract;
    instrument.contract_size = contract;
    let lot = survey.steps.lot;
    if lot != Decimal::whole(1) {
        bail!(
            "sizes are multiples of {lot}, contracts are whole: this is not a coin-margined capture"
        );
    }
    fit(instrument, base).with_context(|| format!("{base} is no settlement asset here"))
}

/// The terms with the largest size that can be valued; `None` if no size can.
fn fit(mut instrument: Instrument, asset: &str) -> Option<Spec> {
    let domain = domains::domain(asset)?;
    instrument.band_ppm = 1_000_000;
    instrument.size_max = Lots::MAX;
    while Contract::of(&instrument, domain.decimals).is_none() {
        instrument.size_max = Lots(instrument.size_max.0 / 2);
        // Fewer lots than this and no recorded level would fit.
        if instrument.size_max < Lots(1_000) {
            return None;
        }
    }
    Some(Spec { instrument, domain })
}
