//! Marks of the demo's options over hours of its own market, as the engine makes them: at no tick
//! could anybody profit from one against the others.
//!
//! ```text
//!   sim::price, sim::surface ─▶ five reporters ──▶┐
//!   pricing::fair ─▶ a maker's quotes on futures ─▶├ Engine ─▶ marks ─▶ chains ─▶ arbitrage?
//!                                          a Tick ─▶┘
//! ```
//! Three hours around 08:00 UTC: the nearest expiry is averaged into its delivery, ends, and others
//! are listed.

use pricing::{Expiry, ExpiryTerms, StrikeTerms, years};
use types::{At, Decimal, IndexPrice, Instrument, Kind, OptionRight, Style, Ticks};

use super::super::LISTING;
use super::super::keys::REPORTERS;
use super::chain::{Chain, Pair as CallAndPut, Worth};
use super::hours::{Fitted, Hours, Pair, value};

/// Friday, 27 November 2026, 06:00 UTC: two hours before an expiry that ends a week.
const BEGIN: At = At(1_795_759_200_000);
const HOURS: u64 = 3;
/// Reporters say prices each two seconds: four times as rarely as in the demo, for speed.
const PRICE_S: u64 = 2;
/// Reporters say volatilities each ten seconds, and not together.
const SURFACE_S: u64 = 10;
/// Second of the day's listing, 08:01 UTC.
const LISTED_S: u64 = 2 * 3_600 + 60;
/// Total variances are compared at forwards times these.
/// Hundredths.
const MONEYNESS: [i64; 9] = [50, 70, 85, 95, 100, 105, 115, 140, 200];

/// How much was looked at.
#[derive(Debug, Default)]
struct Looked {
    n_chains: u64,
    n_calendars: u64,
}

#[test]
fn no_tick_of_the_demo_allows_arbitrage_in_options_on_bitcoin() {
    play("BTC", 8);
}

#[test]
fn no_tick_of_the_demo_allows_arbitrage_in_options_on_ether() {
    play("ETH", 8);
}

#[test]
fn no_tick_of_the_demo_allows_arbitrage_in_linear_options() {
    play("USDC", 6);
}

fn play(asset: &str, decimals: u8) {
    let mut hours = Hours::begin(asset, decimals, BEGIN);
    let mut looked = Looked::default();
    let first = hours.expiries();
    for second in 0..HOURS * 3_600 {
        play_second(&mut hours, second, &mut looked);
    }
    let last = hours.expiries();
    assert!(first.iter().any(|expiry| !last.contains(expiry)), "one has ended");
    assert!(last.iter().any(|expiry| !first.contains(expiry)), "one was listed");
    // Two to three reports of prices a second, and the tick, but for the first few seconds.
    let (n_pairs, n_expiries) = (hours.pairs.len() as u64, LISTING.option_expiries_max as u64);
    let n_seconds = (HOURS * 3_600 - 70) * n_pairs;
    assert!(n_seconds * 3 * (n_expiries - 1) < looked.n_chains, "{looked:?}");
    assert!(n_seconds * (n_expiries - 2) < looked.n_calendars, "{looked:?}");
}

fn play_second(hours: &mut Hours, second: u64, looked: &mut Looked) {
    let begin = BEGIN.plus_ms(second * 1_000);
    for (nth, reporter) in (1..).zip(REPORTERS) {
        hours.at = begin.plus_ms(nth * 150);
        if (second + nth).is_multiple_of(PRICE_S) {
            hours.report_prices(reporter);
            look(hours, looked);
        }
        if (second + 2 * nth).is_multiple_of(SURFACE_S) && 5 < second {
            hours.report_surfaces(reporter);
            look(hours, looked);
        }
    }
    hours.at = begin.plus_ms(1_000);
    match second {
        LISTED_S => hours.list_missing(),
        _ if second % 60 == 5 => hours.quote_futures(),
        _ => (),
    }
    hours.tick();
    look(hours, looked);
    look_on(hours, looked);
}

/// At every chain.
fn look(hours: &Hours, looked: &mut Looked) {
    for (pair, expiry) in hours.expiries() {
        let Some(chain) = chain(hours, pair, expiry) else { continue };
        looked.n_chains += 1;
        if let Some(fault) = chain.arbitrage() {
            panic!("{} of {} at {}: {fault}", expiry.0, pair.0, hours.at.0);
        }
    }
}

fn of_expiry(hours: &Hours, pair: Pair, expiry: At) -> impl Iterator<Item = (&Instrument, Ticks)> {
    let of_expiry = move |spec: &&Instrument| {
        (spec.base, spec.quote) == pair && spec.kind.expiry() == Some(expiry)
    };
    let specs = (0..).zip(&hours.specs).filter(move |(_, spec)| of_expiry(spec));
    specs.filter_map(|(id, spec)| Some((spec, *hours.marks.get(&id)?)))
}

/// `None` before the expiry has a surface.
fn chain(hours: &Hours, pair: Pair, expiry: At) -> Option<Chain> {
    hours.standing.get(&(pair, expiry))?;
    let mut forward = None;
    let (mut calls, mut puts) = (Vec::new(), Vec::new());
    let mut style = Style::Linear;
    for (spec, mark) in of_expiry(hours, pair, expiry) {
        let worth = Worth::of(mark, value(spec.tick));
        style = spec.style;
        match spec.kind {
            Kind::Future { .. } => forward = Some(worth),
            Kind::Option { strike, right: OptionRight::Call, .. } => {
                calls.push((value(strike), worth));
            }
            Kind::Option { strike, right: OptionRight::Put, .. } => {
                puts.push((value(strike), worth));
            }
            Kind::Perpetual => (),
        }
    }
    calls.sort_by(|one, other| one.0.total_cmp(&other.0));
    puts.sort_by(|one, other| one.0.total_cmp(&other.0));
    let pairs = calls.into_iter().zip(puts).map(|((strike, call), (other, put))| {
        assert!(strike == other, "each strike has both");
        CallAndPut { strike, call, put }
    });
    Some(Chain { style, forward: forward?, pairs: pairs.collect() })
}

/// At the surfaces: the marks of a tick are theirs, and they rise with time.
fn look_on(hours: &Hours, looked: &mut Looked) {
    let mut nearer: Option<(Pair, At, Fitted, f64)> = None;
    for (pair, expiry) in hours.expiries() {
        let Some(fitted) = hours.standing.get(&(pair, expiry)) else { continue };
        let Some(forward) = chain(hours, pair, expiry).map(|chain| chain.forward) else { continue };
        marks_are_of_the_surface(hours, (pair, expiry), *fitted, forward);
        if let Some((_, near, near_fitted, forward)) = nearer.filter(|near| near.0 == pair) {
            looked.n_calendars += 1;
            let [near, far] = [(near, near_fitted), (expiry, *fitted)].map(|(expiry, fitted)| {
                (priced(hours.at, expiry, fitted, forward), years(hours.at, expiry))
            });
            variance_rises(near, far, forward);
        }
        nearer = Some((pair, expiry, *fitted, forward.most));
    }
}

fn priced(now: At, expiry: At, (svi, fitted_at): Fitted, forward: f64) -> Expiry {
    let forward = IndexPrice((forward * IndexPrice::SCALE as f64).round() as u64);
    Expiry::new(&ExpiryTerms { forward, expiry, svi, fitted_at, now })
}

/// Between those that the two ends of the forward would give.
fn marks_are_of_the_surface(
    hours: &Hours,
    (pair, expiry): (Pair, At),
    fitted: Fitted,
    forward: Worth,
) {
    let [low, high] =
        [forward.least, forward.most].map(|forward| priced(hours.at, expiry, fitted, forward));
    for (spec, mark) in of_expiry(hours, pair, expiry) {
        let Some(terms) = StrikeTerms::of(spec) else { continue };
        let (one, other) = (low.mark(&terms).0, high.mark(&terms).0);
        let (least, most) = (one.min(other), one.max(other));
        let name = spec.name();
        assert!(least <= mark && mark <= most, "{name}: {mark:?}, not {least:?} to {most:?}");
    }
}

/// With one forward for both expiries: what is in the money by as much has more variance later,
/// and is worth more.
fn variance_rises(
    (near, near_years): (Expiry, f64),
    (far, far_years): (Expiry, f64),
    forward: f64,
) {
    for moneyness in MONEYNESS {
        let strike = Decimal::new(forward as i64 * moneyness, 2).expect("a price has few digits");
        for right in [OptionRight::Call, OptionRight::Put] {
            let terms = StrikeTerms::new(strike, right, Style::Linear, Decimal::whole(1));
            let terms = terms.expect("they are above zero");
            let ((sooner, near), (later, far)) = (near.mark(&terms), far.mark(&terms));
            assert!(sooner <= later, "{strike} {right:?}: {sooner:?} then {later:?}");
            // A volatility is the nearest millionth.
            let variance = |iv_ppm: f64, years: f64| iv_ppm * iv_ppm * years;
            let least = variance(f64::from(near.iv_ppm) - 0.5, near_years);
            let most = variance(f64::from(far.iv_ppm) + 0.5, far_years);
            assert!(least <= most, "{strike}: {} ppm then {} ppm", near.iv_ppm, far.iv_ppm);
        }
    }
}
