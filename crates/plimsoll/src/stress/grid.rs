//! Steps of price and size that fit a price, and the contract that is traded in them.

use anyhow::{Context, bail};
use types::{
    AssetCode, Contract, Decimal, Fees, Instrument, Kind, Lots, MarginRates, Rounding,
    SettlementPeriod, Side, Style, Ticks,
};

/// Decimals of USDC.
pub const DECIMALS: u8 = 6;
/// Atoms of one USDC.
pub const ONE: f64 = 1e6;
/// Ticks of the highest price are at most so many: half of what the engine's ladder has.
const TICKS_MAX: f64 = 8e6;
/// Lots of one atom a tick that can be counted at the highest tick.
const SIZE_MAX: f64 = (1_u64 << 36) as f64;
/// An index has eight decimals.
const TICK_POWER_MIN: i32 = -8;
/// Worth of a lot at the beginning is at least one and below ten dollars, where prices allow.
const LOT_MAX: f64 = 10.0;

/// The contract, and how its steps translate.
#[derive(Clone, Debug)]
pub struct Grid {
    /// As it is listed.
    pub spec: Instrument,
    contract: Contract,
    tick: f64,
    lot: f64,
}

impl Grid {
    /// For a price that begins at `first` and goes up to `high`.
    pub fn new(base: AssetCode, first: f64, high: f64) -> anyhow::Result<Grid> {
        let tick_power = ((high / TICKS_MAX).log10().ceil() as i32).max(TICK_POWER_MIN);
        // Their product is a whole number of atoms.
        let lot_power = ((LOT_MAX / first).log10().floor() as i32).max(-6 - tick_power);
        if !(TICK_POWER_MIN..=6).contains(&tick_power) || !(-8..=8).contains(&lot_power) {
            bail!("prices from {first} up to {high} are none that a contract can be listed for");
        }
        let (tick, lot) = (power_of_ten(tick_power), power_of_ten(lot_power));
        let mut spec = perpetual(base, tick, lot);
        let unit = 10_f64.powi(i32::from(DECIMALS) + tick_power + lot_power);
        spec.size_max = Lots((SIZE_MAX / unit) as u32).min(spec.size_max);
        let contract =
            Contract::of(&spec, DECIMALS).context("the contract's steps are too wide")?;
        let (tick, lot) = (10_f64.powi(tick_power), 10_f64.powi(lot_power));
        Ok(Grid { spec, contract, tick, lot })
    }

    /// The nearest price on the grid away from the other side: bids down, asks up.
    pub fn passive(&self, price: f64, side: Side) -> Ticks {
        let ticks = price / self.tick;
        let whole = if side == Side::Bid { ticks.floor() } else { ticks.ceil() };
        Ticks((whole as u32).clamp(1, Ticks::MAX.0))
    }

    /// A price in dollars.
    pub fn price(&self, ticks: Ticks) -> f64 {
        f64::from(ticks.0) * self.tick
    }

    /// Lots worth so many dollars, down.
    pub fn lots(&self, usd: f64, price: f64) -> u32 {
        (usd / price / self.lot) as u32
    }

    /// What lots are worth at a price, in dollars.
    pub fn usd(&self, lots: i64, price: f64) -> f64 {
        lots as f64 * self.lot * price
    }

    /// What lots are worth at a price, in atoms.
    pub fn value(&self, ticks: Ticks, lots: u64) -> i64 {
        self.contract.value(ticks, lots, Rounding::Down).0
    }
}

/// Terms of a large venue's linear perpetual: 50 times leverage, half of it to stay, takers pay.
fn perpetual(base: AssetCode, tick: Decimal, lot: Decimal) -> Instrument {
    Instrument {
        kind: Kind::Perpetual,
        style: Style::Linear,
        base,
        quote: AssetCode::new("USDC").expect("four letters are a code"),
        tick,
        tick_steps: Vec::new(),
        lot,
        contract_size: lot,
        size_min: Lots(1),
        size_max: Lots(1_000_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: 0, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    }
}

fn power_of_ten(power: i32) -> Decimal {
    let places = u8::try_from(power.unsigned_abs()).unwrap_or(0);
    match power {
        0.. => Decimal::whole(10_i64.pow(places.into())),
        _ => Decimal::new(1, places).unwrap_or_default(),
    }
}
