//! What one lot of each instrument gains or loses in each scenario of its index (PM-1 to PM-3;
//! docs/rules/portfolio.md), computed anew from what was told: terms, marks, surfaces and time.
//!
//! ```text
//!   tick ──▶ what stands then ──▶ the changes of one lot, once somebody asks
//!   future    ± (value at P (1 + x)) - (value at P)      of a tail a share, down
//!   option    Black-76 at F (1 + x), σ of its strike × (1 ± shock · (30 / days)^power)
//! ```
//! Nothing of `pricing` is used. The forward of an expiry is the mark of its future, which is told
//! in whole ticks: so each change of an option comes with how far off it may be. An expiry without
//! a future of its own is not followed.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use types::{
    AccountId, At, IndexPrice, InstrumentId, Kind, OptionRight, PortfolioTerms, Style,
    SurfaceReport, Svi, Ticks,
};

use super::state::{Market, State, at};
use super::worth::{Round, number, quotient};

const MILLION: i128 = 1_000_000;
const YEAR_MS: f64 = 365.0 * 86_400_000.0;
/// Days of which a shock is told.
const SHOCK_DAYS: f64 = 30.0;
/// By how much more than the forward what a lot changes by may be off: by the forward now, by that
/// of the scenario, by the value of the coin that an inverse option is paid in.
const FORWARD_OFF: f64 = 3.0;

/// Terms and surfaces as told, and what stood at the last tick.
#[derive(Debug, Default)]
pub(crate) struct Scenarios {
    /// By index.
    terms: Vec<Option<Rc<PortfolioTerms>>>,
    /// When the last report of a reporter was made, by index and expiry.
    reported: BTreeMap<(usize, At, AccountId), At>,
    surfaces: BTreeMap<(usize, At), Surface>,
    /// By instrument.
    grids: Vec<Option<Grid>>,
    /// A second has passed, and what stands now is not taken in.
    pub is_due: bool,
}

#[derive(Clone, Copy, Debug)]
struct Surface {
    svi: Svi,
    fitted_at: At,
}

/// One instrument in all scenarios.
#[derive(Debug)]
pub(crate) struct Grid {
    pub terms: Rc<PortfolioTerms>,
    priced: Priced,
    /// How far off the change of a lot may be, in thousandths of an atom.
    pub lot_off: i128,
    changes: OnceCell<Vec<i128>>,
}

/// What a scenario starts from.
#[derive(Clone, Copy, Debug)]
enum Priced {
    Future {
        price: u64,
    },
    Option {
        forward: f64,
        years: f64,
        fitted_years: f64,
        svi: Svi,
    },
    /// It is in the scenarios, and the model does not know how.
    Unknown,
}

/// One way that the market may go, in millionths.
#[derive(Clone, Copy)]
struct Scenario {
    moves: i64,
    /// Of volatility: up, not, down.
    shock: i64,
    weight: u32,
}

impl Scenarios {
    /// The terms of an index.
    pub fn set(&mut self, index: usize, terms: &PortfolioTerms) {
        if self.terms.len() <= index {
            self.terms.resize(index + 1, None);
        }
        self.terms[index] = Some(Rc::new(terms.clone()));
    }

    /// A report that was taken.
    pub fn reported(&mut self, index: usize, report: &SurfaceReport) {
        let key = (index, report.expiry, report.reporter);
        self.reported.insert(key, report.source_at);
    }

    /// The last report of somebody stands for an expiry.
    pub fn stands(&mut self, (index, expiry): (usize, At), reporter: AccountId, svi: Svi) {
        let made = self.reported.get(&(index, expiry, reporter)).copied();
        let fitted_at = made.unwrap_or(At(0));
        self.surfaces.insert((index, expiry), Surface { svi, fitted_at });
    }

    /// How an instrument is in the scenarios; `None`: it is not.
    pub fn grid(&self, instrument: InstrumentId) -> Option<&Grid> {
        self.grids.get(at(instrument.0))?.as_ref()
    }

    fn terms_of(&self, index: usize) -> Option<&Rc<PortfolioTerms>> {
        self.terms.get(index)?.as_ref()
    }
}

/// Takes in what stands now: of one index, or of all.
pub(crate) fn take_in(state: &mut State, only: Option<usize>) {
    let mut scenarios = std::mem::take(&mut state.scenarios);
    scenarios.grids.resize_with(state.markets.len(), || None);
    for (nth, market) in state.markets.iter().enumerate() {
        let is_other = only.is_some_and(|index| index != market.index);
        let Some(terms) = scenarios.terms_of(market.index).cloned() else { continue };
        if is_other || market.is_delivered || state.index_price(market) == IndexPrice(0) {
            continue;
        }
        let grid = match priced(state, &scenarios, market) {
            Some((priced, lot_off)) => {
                Some(Grid { terms, priced, lot_off, changes: OnceCell::new() })
            }
            // What cannot be priced now keeps what it had.
            None => scenarios.grids[nth].take().filter(|kept| count(&kept.terms) == count(&terms)),
        };
        scenarios.grids[nth] = grid;
    }
    state.scenarios = scenarios;
}

/// What an instrument's scenarios start from, and how far off a lot may be.
fn priced(state: &State, scenarios: &Scenarios, market: &Market) -> Option<(Priced, i128)> {
    let Kind::Option { expiry, .. } = market.spec.kind else {
        let price = price_of(market)?;
        return Some((Priced::Future { price }, 0));
    };
    let surface = scenarios.surfaces.get(&(market.index, expiry))?;
    if expiry <= state.at {
        return None;
    }
    let is_own =
        |other: &&Market| other.index == market.index && other.spec.kind == Kind::Future { expiry };
    let own = state.markets.iter().find(is_own);
    let Some((price, tick)) = own.and_then(|own| Some((price_of(own)?, own.spec.tick_price()?)))
    else {
        return Some((Priced::Unknown, 0));
    };
    let Surface { svi, fitted_at } = *surface;
    let forward = price as f64 / IndexPrice::SCALE as f64;
    let (years, fitted_years) = (years(state.at, expiry), years(fitted_at.min(state.at), expiry));
    let underlying = market.worth.underlying(state.index_price(market), 1) as f64;
    let of_forward = underlying * 1_000.0 * (0.5 * tick as f64 / price as f64) * FORWARD_OFF;
    // Half a thousandth of a tick is rounded, too.
    let lot_off = (of_forward + 0.5 * market.worth.tick_of_lot()) as i128 + 1;
    Some((Priced::Option { forward, years, fitted_years, svi }, lot_off))
}

fn price_of(market: &Market) -> Option<u64> {
    let tick = market.spec.tick_price()?;
    (market.mark != Ticks(0)).then(|| u64::from(market.mark.0).saturating_mul(tick))
}

fn years(from: At, to: At) -> f64 {
    to.0.saturating_sub(from.0) as f64 / YEAR_MS
}

impl Grid {
    /// What a lot changes by in each scenario, in thousandths of an atom; `None`: not known.
    pub fn changes(&self, market: &Market) -> Option<&[i128]> {
        if matches!(self.priced, Priced::Unknown) {
            return None;
        }
        Some(self.changes.get_or_init(|| {
            let all = scenarios(&self.terms);
            all.map(|scenario| self.change(market, &scenario)).collect()
        }))
    }

    fn change(&self, market: &Market, scenario: &Scenario) -> i128 {
        match self.priced {
            Priced::Future { price } => future_change(market, price, scenario),
            Priced::Option { forward, years, fitted_years, svi } => {
                let sigma = volatility(&svi, market, forward, fitted_years);
                let shock = scenario.shock as f64 / 1e6 * growth(years, &self.terms);
                let moved = forward * (1.0 + scenario.moves as f64 / 1e6);
                let then = option_ticks(market, moved, sigma * (1.0 + shock).max(0.0), years);
                let now = option_ticks(market, forward, sigma, years);
                let weight = f64::from(scenario.weight) / 1e6;
                ((then - now) * weight * market.worth.tick_of_lot() * 1_000.0).round() as i128
            }
            Priced::Unknown => 0,
        }
    }
}

/// PM-1: the core grid, and the tails.
fn scenarios(terms: &PortfolioTerms) -> impl Iterator<Item = Scenario> {
    let (steps, range) = (i64::from(terms.steps), i64::from(terms.range_ppm));
    let shocks = [i64::from(terms.vol_up_ppm), 0, -i64::from(terms.vol_down_ppm)];
    let core = (-steps..=steps).flat_map(move |step| {
        let moves = range * step / steps;
        shocks.map(|shock| Scenario { moves, shock, weight: 1_000_000 })
    });
    let tails = terms.tails.iter().map(move |tail| Scenario {
        moves: tail.move_ppm.into(),
        shock: shocks[0],
        weight: tail.weight_ppm,
    });
    core.chain(tails)
}

fn count(terms: &PortfolioTerms) -> usize {
    scenarios(terms).count()
}

/// PM-3: a future moves with its mark.
fn future_change(market: &Market, price: u64, scenario: &Scenario) -> i128 {
    let factor = MILLION + i128::from(scenario.moves);
    let moved = (i128::from(price) * factor / MILLION).clamp(1, IndexPrice::MAX.0.into());
    let moved = u64::try_from(moved).unwrap_or(1);
    let value = |price| market.worth.value_at(IndexPrice(price), 1_000, Round::Down);
    let gained = value(moved) - value(price);
    let gained = if market.worth.is_inverse { -gained } else { gained };
    quotient(gained * i128::from(scenario.weight), MILLION, Round::Down)
}

/// PM-3: by what a shock of thirty days grows or shrinks.
fn growth(years: f64, terms: &PortfolioTerms) -> f64 {
    let days = (years * 365.0).max(1.0);
    let power = if days <= SHOCK_DAYS { terms.near_power_ppm } else { terms.far_power_ppm };
    (SHOCK_DAYS / days).powf(f64::from(power) / 1e6)
}

/// Of a year, at the strike: `√(w(k) / T)` with `w` of Gatheral's SVI, in billionths. It is flat
/// beyond six deviations: beyond `k² = 36 (level + slope |k|)`, which is above `36 w(k)`.
fn volatility(svi: &Svi, market: &Market, forward: f64, fitted_years: f64) -> f64 {
    let Kind::Option { strike, .. } = market.spec.kind else { return 0.0 };
    if fitted_years <= 0.0 {
        return 0.0;
    }
    let of = |billionths: i64| billionths as f64 / 1e9;
    let slope = of(svi.b) * (1.0 + of(svi.rho).abs());
    let level = of(svi.a) + of(svi.b) * of(svi.sigma) + slope * of(svi.m).abs();
    let reach = (18.0 * slope + ((18.0 * slope).powi(2) + 36.0 * level).max(0.0).sqrt()).min(20.0);
    let x = (number(strike) / forward).ln().clamp(-reach, reach) - of(svi.m);
    let root = (x * x + of(svi.sigma) * of(svi.sigma)).sqrt();
    let variance = of(svi.a) + of(svi.b) * (of(svi.rho) * x + root);
    (variance / fitted_years).sqrt()
}

/// What an option is worth by Black-76, in ticks; of an inverse one in coin.
fn option_ticks(market: &Market, forward: f64, sigma: f64, years: f64) -> f64 {
    let Kind::Option { strike, right, .. } = market.spec.kind else { return 0.0 };
    let value = black(right, (forward, number(strike)), sigma * years.sqrt());
    let tick = number(market.spec.tick);
    match market.spec.style {
        Style::Linear => value / tick,
        Style::Inverse => value / (tick * forward),
    }
}

/// Black (1976), of a total deviation.
pub(crate) fn black(right: OptionRight, (forward, strike): (f64, f64), deviation: f64) -> f64 {
    let sign = if right == OptionRight::Call { 1.0 } else { -1.0 };
    if deviation <= 0.0 {
        return (sign * (forward - strike)).max(0.0);
    }
    let d1 = (forward / strike).ln() / deviation + deviation / 2.0;
    let d2 = d1 - deviation;
    sign * (forward * normal(sign * d1) - strike * normal(sign * d2))
}

/// The normal distribution, to fifteen digits (West, "Better approximations to cumulative normal
/// functions", 2005, after Hart).
pub(crate) fn normal(x: f64) -> f64 {
    const ABOVE: [f64; 7] = [
        3.526_249_659_989_11e-2,
        0.700_383_064_443_688,
        6.373_962_203_531_65,
        33.912_866_078_383,
        112.079_291_497_871,
        221.213_596_169_931,
        220.206_867_912_376,
    ];
    const BELOW: [f64; 8] = [
        8.838_834_764_831_84e-2,
        1.755_667_163_182_64,
        16.064_177_579_207,
        86.780_732_202_946_1,
        296.564_248_779_674,
        637.333_633_378_831,
        793.826_512_519_948,
        440.413_735_824_752,
    ];
    let z = x.abs();
    let density = (-z * z / 2.0).exp();
    let polynomial = |of: &[f64]| of.iter().fold(0.0, |sum, part| sum * z + part);
    let tail = if z < 7.071_067_811_865_47 {
        density * polynomial(&ABOVE) / polynomial(&BELOW)
    } else {
        let fraction = [0.65, 4.0, 3.0, 2.0, 1.0];
        let fraction = fraction.iter().fold(1.0, |below, part| z + part / below);
        density / fraction / (2.0 * std::f64::consts::PI).sqrt()
    };
    if 0.0 < x { 1.0 - tail } else { tail }
}
