//! The usual terms of each kind of contract.
//!
//! | kind | tick | lot | smallest | fees maker, taker | margin to open, to stay |
//! |---|---|---|---|---|---|
//! | BTC inverse future | 0.5 USD | 10 USD | 10 USD | 0, 0.05 % | 2 %, 1 % |
//! | ETH inverse future | 0.05 USD | 1 USD | 1 USD | 0, 0.05 % | 2 %, 1 % |
//! | linear future | 0.1 (ETH 0.01) | 0.001 | 0.001 | 0, 0.05 % | 2 %, 1 % |
//! | inverse option | 0.0001, above 0.005 0.0005 | 0.1 (ETH 1) | a lot | 0.03 % each | 15 %, 10 % |
//! | linear option | 5 (ETH 0.2) | 0.01 (ETH 0.1) | a lot | 0.03 % each | 15 %, 10 % |
//!
//! Steps and fees follow the dialect's venue (api.md §6); assets without a row have those of ETH.

use types::{
    Decimal, Fees, Instrument, Kind, Lots, MarginRates, SettlementPeriod, Style, TickStep, Ticks,
};

use super::name::{NameError, Named, parse_name};

/// The instrument of a name, with the usual terms.
pub fn instrument(name: &str) -> Result<Instrument, NameError> {
    parse_name(name).map(usual_terms)
}

/// The usual terms of what a name says.
pub fn usual_terms(named: Named) -> Instrument {
    let Named { kind, style, base, quote } = named;
    let is_bitcoin = base.as_str() == "BTC";
    let steps = Steps::of(style, kind.is_option(), is_bitcoin);
    let is_inverse_option = kind.is_option() && style == Style::Inverse;
    let coarse = TickStep { above: Ticks(50), multiple: 5 };
    Instrument {
        kind,
        style,
        base,
        quote,
        tick: steps.tick,
        tick_steps: if is_inverse_option { vec![coarse] } else { vec![] },
        lot: steps.lot,
        contract_size: steps.contract_size,
        size_min: Lots(1),
        size_max: Lots(100_000_000 / steps.coarseness),
        settlement_period: period(kind),
        fees: fees(kind),
        margin: margin(kind),
        // An option's mark may be a few ticks: any price up to twice that must be possible.
        band_ppm: if kind.is_option() { 1_000_000 } else { 100_000 },
    }
}

struct Steps {
    tick: Decimal,
    lot: Decimal,
    contract_size: Decimal,
    /// The value of the largest order must fit: coarser lots, fewer of them.
    coarseness: u32,
}

impl Steps {
    fn of(style: Style, is_option: bool, is_bitcoin: bool) -> Steps {
        let (tick, lot, contract_size, coarseness) = match (style, is_option, is_bitcoin) {
            (Style::Inverse, false, true) => ("0.5", "10", "10", 100),
            (Style::Inverse, false, false) => ("0.05", "1", "1", 100),
            (Style::Linear, false, true) => ("0.1", "0.001", "0.001", 1),
            (Style::Linear, false, false) => ("0.01", "0.001", "0.001", 1),
            (Style::Inverse, true, true) => ("0.0001", "0.1", "1", 1_000),
            (Style::Inverse, true, false) => ("0.0001", "1", "1", 1_000),
            (Style::Linear, true, true) => ("5", "0.01", "0.01", 100_000),
            (Style::Linear, true, false) => ("0.2", "0.1", "0.1", 100_000),
        };
        let [tick, lot, contract_size] = [tick, lot, contract_size]
            .map(|text| Decimal::parse(text).expect("the table has decimal numbers"));
        Steps { tick, lot, contract_size, coarseness }
    }
}

/// What the dialect calls the rhythm of settlement: short-dated contracts are weekly.
fn period(kind: Kind) -> SettlementPeriod {
    const WEEKS: u64 = 7 * 86_400_000;
    match kind.expiry() {
        None => SettlementPeriod::Perpetual,
        Some(expiry) if expiry.date().1 == expiry.plus_ms(WEEKS).date().1 => SettlementPeriod::Week,
        Some(_) => SettlementPeriod::Month,
    }
}

fn fees(kind: Kind) -> Fees {
    match kind {
        Kind::Option { .. } => Fees { maker_ppm: 300, taker_ppm: 300 },
        Kind::Perpetual | Kind::Future { .. } => Fees { maker_ppm: 0, taker_ppm: 500 },
    }
}

fn margin(kind: Kind) -> MarginRates {
    match kind {
        Kind::Option { .. } => MarginRates { initial_ppm: 150_000, maintenance_ppm: 100_000 },
        Kind::Perpetual | Kind::Future { .. } => {
            MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 }
        }
    }
}
