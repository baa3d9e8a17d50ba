//! Instruments: what a contract is, and what a price and a size of it are worth.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

use crate::units::divide;
use crate::{Amount, AssetCode, At, Decimal, IndexPrice, Lots, Rounding, Ticks};

/// Decimals of an index price.
const INDEX_DECIMALS: u8 = 8;
const _: () = assert!(IndexPrice::SCALE == 100_000_000);

/// The specification of an instrument, as a `ListInstrument` command gives it.
///
/// Its name is not stored: [`Instrument::name`] derives it, so that a name cannot disagree with the
/// contract that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instrument {
    /// Perpetual, future or option.
    pub kind: Kind,
    /// Inverse (sized in quote, settled in base) or linear (sized in base, settled in quote).
    pub style: Style,
    /// What is priced.
    pub base: AssetCode,
    /// What the index prices it in.
    pub quote: AssetCode,
    /// Smallest price step, in the unit of the price.
    pub tick: Decimal,
    /// Coarser steps for higher prices, ascending; empty if the tick holds everywhere.
    pub tick_steps: Vec<TickStep>,
    /// Smallest size step, in the unit of the size.
    pub lot: Decimal,
    /// Size of one contract, in the unit of the size.
    pub contract_size: Decimal,
    /// Smallest order.
    pub size_min: Lots,
    /// Largest order, and largest position together with open orders.
    pub size_max: Lots,
    /// How often it settles.
    pub settlement_period: SettlementPeriod,
    /// What a trade costs.
    pub fees: Fees,
    /// What a position needs.
    pub margin: MarginRates,
    /// Widest distance of an order's price from the mark, in millionths of the mark.
    pub band_ppm: u32,
}

/// What the contract delivers and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Never expires.
    Perpetual,
    /// Settles at the index once.
    Future {
        /// 08:00 UTC of its day.
        expiry: At,
    },
    /// European, settled in cash.
    Option {
        /// 08:00 UTC of its day.
        expiry: At,
        /// In units of the index.
        strike: Decimal,
        /// Call or put.
        right: OptionRight,
    },
}

/// Which way an option pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionRight {
    /// Pays above the strike.
    Call,
    /// Pays below the strike.
    Put,
}

/// What a contract is sized and settled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Futures sized in quote, options in base; both settled in base.
    Inverse,
    /// Sized in base, settled in quote.
    Linear,
}

/// How often an instrument settles, as the dialect names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettlementPeriod {
    /// Perpetual.
    Perpetual,
    /// Expires within days.
    Day,
    /// Expires on a Friday of a week.
    Week,
    /// Expires on the last Friday of a month.
    Month,
}

/// From a price on, prices are multiples of a coarser step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickStep {
    /// The step is in force for prices above this one.
    pub above: Ticks,
    /// The step, in ticks.
    pub multiple: u32,
}

/// Fees, in millionths of the value traded (futures) or of the underlying (options, where the fee
/// is at most 12.5 % of the premium: venue.md, Deribit fees). Below zero is a rebate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Of the order that rested.
    pub maker_ppm: i32,
    /// Of the order that took.
    pub taker_ppm: i32,
}

/// Margin rates, in millionths of the position's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarginRates {
    /// To open.
    pub initial_ppm: u32,
    /// To stay.
    pub maintenance_ppm: u32,
}

impl Kind {
    /// When the contract ends; `None` for perpetuals.
    pub fn expiry(&self) -> Option<At> {
        match *self {
            Kind::Perpetual => None,
            Kind::Future { expiry } | Kind::Option { expiry, .. } => Some(expiry),
        }
    }

    /// True for calls and puts.
    pub fn is_option(&self) -> bool {
        matches!(self, Kind::Option { .. })
    }
}

impl Instrument {
    /// The asset of margin, profit and fees.
    pub fn settlement(&self) -> AssetCode {
        match self.style {
            Style::Inverse => self.base,
            Style::Linear => self.quote,
        }
    }

    /// The venue's name of the contract: `BTC-PERPETUAL`, `BTC_USDC-25DEC26-100000-C` (api.md §5).
    pub fn name(&self) -> String {
        let mut name = String::from(self.base.as_str());
        if self.style == Style::Linear {
            name.push('_');
            name.push_str(self.quote.as_str());
        }
        name.push('-');
        match self.kind {
            Kind::Perpetual => name.push_str("PERPETUAL"),
            Kind::Future { expiry } => push_date(&mut name, expiry),
            Kind::Option { expiry, strike, right } => {
                push_date(&mut name, expiry);
                push_strike(&mut name, strike, right);
            }
        }
        name
    }

    /// The step in force at `price`, in ticks: the last one whose `above` is below the price.
    pub fn tick_at(&self, price: Ticks) -> u32 {
        let steps = self.tick_steps.iter().rev();
        steps.into_iter().find(|step| step.above < price).map_or(1, |step| step.multiple)
    }

    /// One tick in hundred-millionths of the unit of the price; `None` if that is not whole.
    pub fn tick_price(&self) -> Option<u64> {
        let price = u64::try_from(self.tick.times_ten_to(INDEX_DECIMALS)?).ok()?;
        (0 < price).then_some(price)
    }
}

fn push_strike(name: &mut String, strike: Decimal, right: OptionRight) {
    let digits = alloc::format!("{strike}").replace('.', "d");
    let letter = match right {
        OptionRight::Call => 'C',
        OptionRight::Put => 'P',
    };
    let _ = write!(name, "-{digits}-{letter}");
}

fn push_date(name: &mut String, at: At) {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let (year, month, day) = at.date();
    let month = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index));
    let _ = write!(name, "{day}{}{:02}", month.unwrap_or(&""), year % 100);
}

/// What price and size of one instrument are worth, in atoms of its settlement asset.
///
/// | style | value of `l` lots at `t` ticks | exact |
/// |---|---|---|
/// | linear, and every option | `l · t · unit` | yes |
/// | inverse future or perpetual | `l · unit / t` | rounded as said |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contract {
    shape: Shape,
    unit: u64,
    /// Underlying of one lot in atoms of the settlement asset: of itself where that is the base,
    /// else of one unit of the index.
    lot_atoms: LotAtoms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Product,
    Quotient,
}

/// `numerator / denominator` atoms of underlying in a lot, times the index price where `indexed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LotAtoms {
    numerator: u64,
    denominator: u64,
    indexed: bool,
}

impl Contract {
    /// The worth of an instrument whose settlement asset has `decimals` decimals; `None` if a value
    /// would not be whole atoms or could exceed [`Amount::MAX`].
    pub fn of(instrument: &Instrument, decimals: u8) -> Option<Contract> {
        let one = 10_i64.checked_pow(u32::from(decimals))?;
        let shape = match (instrument.style, instrument.kind.is_option()) {
            (Style::Inverse, false) => Shape::Quotient,
            (Style::Inverse, true) | (Style::Linear, _) => Shape::Product,
        };
        let unit = match shape {
            Shape::Product => product_unit(instrument.tick, instrument.lot, decimals)?,
            Shape::Quotient => {
                let ratio = instrument.lot.whole_ratio(instrument.tick)?;
                ratio.checked_mul(u64::try_from(one).ok()?)?
            }
        };
        let lot_atoms = lot_atoms(instrument, decimals)?;
        let contract = Contract { shape, unit, lot_atoms };
        contract.fits(instrument.size_max).then_some(contract)
    }

    /// True if no value of up to `size_max` lots exceeds [`Amount::MAX`].
    fn fits(&self, size_max: Lots) -> bool {
        let price = match self.shape {
            Shape::Product => Ticks::MAX.0,
            Shape::Quotient => 1,
        };
        let most = u128::from(size_max.0) * u128::from(self.unit) * u128::from(price);
        0 < self.unit && most <= u128::from(Amount::MAX.0.unsigned_abs())
    }

    /// Value of `lots` at `price`, never below zero. The price is above zero.
    pub fn value(&self, price: Ticks, lots: u64, rounding: Rounding) -> Amount {
        assert!(0 < price.0, "a contract is valued at a price above zero");
        let product = i128::from(lots) * i128::from(self.unit);
        match self.shape {
            Shape::Product => Amount::narrow(product * i128::from(price.0)),
            Shape::Quotient => Amount::narrow(divide(product, i128::from(price.0), rounding)),
        }
    }

    /// What a lot of an option gains by a change of its price: in the parts of an atom that the
    /// change is in of a tick, as far as an `i64` reaches.
    pub fn of_ticks(&self, change: i64) -> i64 {
        i64::try_from(self.unit).unwrap_or(i64::MAX).saturating_mul(change)
    }

    /// Value of what an option or future is written on, for `lots`, with the index at `index`.
    /// Atoms of the settlement asset, rounded up, at most [`Amount::MAX`].
    pub fn underlying(&self, index: IndexPrice, lots: u64) -> Amount {
        let LotAtoms { numerator, denominator, indexed } = self.lot_atoms;
        let atoms = i128::from(lots) * i128::from(numerator);
        if !indexed {
            return Amount::saturated(divide(atoms, i128::from(denominator), Rounding::Up));
        }
        let scaled = atoms.saturating_mul(i128::from(index.0));
        let one = i128::from(denominator) * i128::from(IndexPrice::SCALE);
        Amount::saturated(divide(scaled, one, Rounding::Up))
    }

    /// Value of `lots` of a future at an index price, which need not be whole ticks and is above
    /// zero. Atoms of the settlement asset, rounded as said, at most [`Amount::MAX`]
    /// (venue.md §2.7).
    pub fn value_at(&self, price: IndexPrice, lots: u64, rounding: Rounding) -> Amount {
        let LotAtoms { numerator, denominator, .. } = self.lot_atoms;
        let atoms = i128::from(lots).saturating_mul(i128::from(numerator));
        let (by, over) = self.per_unit(price);
        let one = i128::from(denominator).saturating_mul(over);
        Amount::saturated(quotient(atoms, by, one, rounding))
    }

    /// The price at which `lots` of a future, above zero, are worth a quotient of atoms, both parts
    /// of which are above zero and below 2^96: the other way round than [`Contract::value_at`].
    /// Rounded as said; `None` if that is zero, or above [`IndexPrice::MAX`].
    pub fn price_of(
        &self,
        (worth, over): (i128, i128),
        lots: u64,
        rounding: Rounding,
    ) -> Option<IndexPrice> {
        let LotAtoms { numerator, denominator, .. } = self.lot_atoms;
        let atoms = i128::from(lots).checked_mul(numerator.into())?.checked_mul(over)?;
        let worth = worth.checked_mul(denominator.into())?;
        let (top, bottom) = if self.is_quotient() { (atoms, worth) } else { (worth, atoms) };
        let most = i128::from(IndexPrice::MAX.0);
        let price = decimal_quotient(top, bottom, rounding).filter(|price| *price <= most)?;
        u64::try_from(price).ok().filter(|price| 0 < *price).map(IndexPrice)
    }

    /// Value of one lot of a future at an index price, which is above zero, in parts of an atom of
    /// which `scale` make one, down.
    pub fn lot_value(&self, price: IndexPrice, scale: i128) -> i128 {
        let LotAtoms { numerator, denominator, .. } = self.lot_atoms;
        let (by, over) = self.per_unit(price);
        let atoms = i128::from(numerator).saturating_mul(by);
        quotient(atoms, scale, i128::from(denominator).saturating_mul(over), Rounding::Down)
    }

    /// What a unit of the size of a future is worth in units of its settlement asset, as a
    /// quotient.
    fn per_unit(&self, price: IndexPrice) -> (i128, i128) {
        assert!(0 < price.0, "a contract is valued at a price above zero");
        let (price, one) = (i128::from(price.0), i128::from(IndexPrice::SCALE));
        if self.is_quotient() { (one, price) } else { (price, one) }
    }

    /// What `lots` of an option pay when the underlying is delivered at `price`, which is above
    /// zero (venue.md §2.6). Atoms of the settlement asset, rounded as said, at most
    /// [`Amount::MAX`].
    ///
    /// | style | call | put |
    /// |---|---|---|
    /// | linear, in quote | `max(S − K, 0)` | `max(K − S, 0)` |
    /// | inverse, in base | `max(1 − K/S, 0)` | `max(K/S − 1, 0)` |
    pub fn payoff(
        &self,
        strike: Decimal,
        right: OptionRight,
        price: IndexPrice,
        lots: u64,
        rounding: Rounding,
    ) -> Amount {
        assert!(0 < price.0, "a contract is valued at a price above zero");
        let decimals = strike.scale().max(INDEX_DECIMALS);
        let shifted = |scale: u8| 10_i128.pow(u32::from(decimals - scale));
        let spot = i128::from(price.0) * shifted(INDEX_DECIMALS);
        let strike = i128::from(strike.mantissa()) * shifted(strike.scale());
        let gain = match right {
            OptionRight::Call => spot - strike,
            OptionRight::Put => strike - spot,
        };
        let LotAtoms { numerator, denominator, indexed } = self.lot_atoms;
        let atoms = i128::from(lots).saturating_mul(i128::from(numerator));
        let over = if indexed { shifted(0) } else { spot };
        let one = i128::from(denominator).saturating_mul(over);
        Amount::saturated(quotient(atoms, gain.max(0), one, rounding))
    }

    /// True for inverse futures, whose value falls as the price rises.
    pub fn is_quotient(&self) -> bool {
        self.shape == Shape::Quotient
    }
}

/// `amount × by / over`, rounded as said: exact while `over × by` fits, and what does not fit is
/// the most.
fn quotient(amount: i128, by: i128, over: i128, rounding: Rounding) -> i128 {
    let (whole, rest) = (amount.div_euclid(over), amount.rem_euclid(over));
    let part = divide(rest.saturating_mul(by), over, rounding);
    whole.saturating_mul(by).saturating_add(part)
}

/// `top / bottom` with the decimals of an index price, digit by digit, so that nothing overflows on
/// the way; `None` if there is no room for them.
fn decimal_quotient(top: i128, bottom: i128, rounding: Rounding) -> Option<i128> {
    let (mut price, mut rest) = (top / bottom, top % bottom);
    for _ in 0..INDEX_DECIMALS {
        rest = rest.checked_mul(10)?;
        price = price.checked_mul(10)?.checked_add(rest / bottom)?;
        rest %= bottom;
    }
    Some(price + i128::from(rounding == Rounding::Up && rest != 0))
}

/// Atoms of `tick × lot`; `None` if not whole.
fn product_unit(tick: Decimal, lot: Decimal, decimals: u8) -> Option<u64> {
    let mantissa = tick.mantissa().checked_mul(lot.mantissa())?;
    let scale = tick.scale().checked_add(lot.scale())?;
    let product = Decimal::new(mantissa, scale)?;
    u64::try_from(product.times_ten_to(decimals)?).ok()
}

/// Underlying of one lot. Inverse options are sized in base, which is what they settle in; linear
/// contracts are sized in base and need the index. Inverse futures are sized in quote: their value
/// is used in place of this.
fn lot_atoms(instrument: &Instrument, decimals: u8) -> Option<LotAtoms> {
    let lot = instrument.lot;
    let numerator =
        u64::try_from(lot.mantissa()).ok()?.checked_mul(10_u64.checked_pow(decimals.into())?)?;
    let denominator = 10_u64.checked_pow(lot.scale().into())?;
    let indexed = instrument.style == Style::Linear;
    Some(LotAtoms { numerator, denominator, indexed })
}
