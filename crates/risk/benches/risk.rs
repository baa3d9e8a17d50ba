//! What prices, margin, liquidation and auto-deleveraging cost: nanoseconds of one core for each
//! call, or for each of the winners that a call ranks.
//!
//! Every call sees another price (a walk of xorshift, seed 42). The kinds of work take turns, seven
//! rounds; medians are printed, and a checksum, so that nothing is left out.
//!
//! `cargo bench -p risk`
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use risk::adl::{Winner, deleverage};
use risk::bankruptcy::{Backed, price_at_rate};
use risk::calendar::wanted_strikes;
use risk::delivery::Delivery;
use risk::funding::{Accrual, FundingState, owed};
use risk::liquidation::{lots_to_close, round_lots};
use risk::mark::{MarkState, Sample};
use risk::standard::{future, otm_value, short_option};
use types::{
    AccountId, AdlPolicy, Amount, AssetCode, At, Contract, Decimal, Fees, FundingSchedule,
    FundingTerms, IndexPrice, Instrument, Kind, Lots, MarginRates, MarginTerms, MarkMethod,
    OptionRight, PricingTerms, RiskTerms, Rounding, SettlementPeriod, SignedLots, Style,
};

/// Calls of a round: of what is cheap, and of what is dear.
const MANY: usize = 4_000_000;
const FEW: usize = 100_000;
const ROUNDS: usize = 7;
/// Winners that one call ranks: 19 337 accounts were deleveraged on 10 October 2025
/// (consequence.md §5.3).
const WINNERS: usize = 20_000;

type Work = (&'static str, usize, fn(&[IndexPrice]) -> u64);

fn main() {
    let prices = walk();
    let work: [Work; 14] = [
        ("look at a book and mark, impact basis", MANY, by_impact_basis),
        ("look at a book and mark, median of three", MANY, by_median_of_three),
        ("the same after ten silent minutes, impact basis", FEW, after_silences),
        ("accrue a second of funding", MANY, accruals),
        ("what one holder owes", MANY, debts),
        ("delivery sample and expected price", MANY, samples),
        ("strikes of an expiry", FEW, strikes),
        ("margin of a future", MANY, futures),
        ("margin of a short option", MANY, short_options),
        ("lots of a round of liquidation", MANY, rounds),
        ("liquidation price", MANY, liquidation_prices),
        ("one of 20 000 winners, queue", 10 * WINNERS, by_queue),
        ("one of 20 000 winners, pro rata", 10 * WINNERS, by_pro_rata),
        ("one of 20 000 winners, water filling", 10 * WINNERS, by_water_filling),
    ];
    let mut times = vec![Vec::new(); work.len()];
    for _ in 0..ROUNDS {
        for ((_, calls, run), times) in work.iter().zip(&mut times) {
            let started = core_nanoseconds();
            let sum = run(&prices[..*calls]);
            times.push((core_nanoseconds() - started, sum));
        }
    }
    for ((name, calls, _), mut times) in work.into_iter().zip(times) {
        times.sort_unstable();
        let each = |place: usize| u128::from(times[place].0) * 10 / calls as u128;
        let tenths = |ns: u128| format!("{}.{}", ns / 10, ns % 10);
        let [low, median, high] = [0, ROUNDS / 2, ROUNDS - 1].map(|place| tenths(each(place)));
        let sum = times[ROUNDS / 2].1;
        println!("{name}: {median} ns (median of {ROUNDS}; {low} to {high}), checksum {sum}");
    }
}

/// Time that this thread has had a core for: other work on a shared machine does not count.
fn core_nanoseconds() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    stat.split(' ').next().and_then(|word| word.parse().ok()).expect("a number")
}

/// Around 60 000 units, by up to a unit a step.
fn walk() -> Vec<IndexPrice> {
    let (mut state, mut price) = (42_u64, 60_000 * IndexPrice::SCALE);
    let step = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        price = price + state % IndexPrice::SCALE - IndexPrice::SCALE / 2;
        IndexPrice(price)
    };
    (0..MANY).map(step).collect()
}

fn terms(mark: MarkMethod) -> PricingTerms {
    PricingTerms { mark, impact: Lots(1), clamp_ppm: 5_000, funding: None }
}

fn book(index: IndexPrice) -> Sample {
    let at = |more: u64| Some(IndexPrice(index.0 + more * IndexPrice::SCALE));
    Sample { index, best_bid: at(20), best_ask: at(30), fair: at(25), last: at(21) }
}

fn by_impact_basis(prices: &[IndexPrice]) -> u64 {
    looks(prices, MarkMethod::ImpactBasis, 1_000)
}

fn by_median_of_three(prices: &[IndexPrice]) -> u64 {
    looks(prices, MarkMethod::MedianOfThree, 1_000)
}

fn after_silences(prices: &[IndexPrice]) -> u64 {
    looks(prices, MarkMethod::ImpactBasis, 600_000)
}

fn looks(prices: &[IndexPrice], method: MarkMethod, every_ms: u64) -> u64 {
    let (mut state, terms) = (MarkState::new(), terms(method));
    let mut sum = 0_u64;
    for (look, price) in (0..).zip(prices) {
        state.sample(&terms, &book(*price), At(look * every_ms));
        sum = sum.wrapping_add(state.mark(&terms, *price).0);
    }
    sum
}

fn funding(prices: &[IndexPrice], seconds: usize) -> FundingState {
    let terms = FundingTerms {
        schedule: FundingSchedule::Continuous,
        damper_ppb: 250_000,
        cap_ppb: 5_000_000,
        interest_ppb: 0,
    };
    let mut state = FundingState::new(At(0));
    for (second, price) in (1..).zip(prices.iter().take(seconds)) {
        let mark = IndexPrice(price.0 + 25 * IndexPrice::SCALE);
        let lot_value = i128::from(price.0) * FundingState::SCALE / 100_000;
        let accrual = Accrual { mark, index: *price, lot_value, allowed: true };
        state.accrue(&terms, &accrual, At(second * 1_000));
    }
    state
}

fn accruals(prices: &[IndexPrice]) -> u64 {
    let cumulative = funding(prices, prices.len()).cumulative();
    u64::try_from(cumulative / FundingState::SCALE).expect("longs owe")
}

fn debts(prices: &[IndexPrice]) -> u64 {
    let now = funding(prices, 100).cumulative();
    let debts = (1..).zip(prices).map(|(size, price)| {
        let debt = owed(SignedLots(size), i128::from(price.0), now);
        debt.0.unsigned_abs()
    });
    debts.fold(0, u64::wrapping_add)
}

fn samples(prices: &[IndexPrice]) -> u64 {
    let expiry = At(1_798_185_600_000);
    let opens = Delivery::opens_at(expiry);
    let mut sum = 0_u64;
    for window in prices.chunks(450) {
        let mut delivery = Delivery::new(expiry);
        for (slot, price) in (0..).zip(window) {
            delivery.sample(Some(*price), opens.plus_ms(slot * 4_000));
            sum = sum.wrapping_add(delivery.blended(*price).0);
        }
    }
    sum
}

fn strikes(prices: &[IndexPrice]) -> u64 {
    let counts = prices.iter().map(|price| wanted_strikes(*price, At::DAY).len());
    u64::try_from(counts.sum::<usize>()).expect("few")
}

/// Satoshi for lots of 0.1 BTC of an option, millionths of a USDC for lots of 0.001 BTC else.
fn contract(kind: Kind) -> Contract {
    let code = |code| AssetCode::new(code).expect("a code");
    let (style, quote, decimals) =
        if kind.is_option() { (Style::Inverse, "USD", 8) } else { (Style::Linear, "USDC", 6) };
    let tick = Decimal::new(1, if kind.is_option() { 4 } else { 1 }).expect("a tick");
    let lot = Decimal::new(1, if kind.is_option() { 1 } else { 3 }).expect("a lot");
    let instrument = Instrument {
        kind,
        style,
        base: code("BTC"),
        quote: code(quote),
        tick,
        tick_steps: Vec::new(),
        lot,
        contract_size: lot,
        size_min: Lots(1),
        size_max: Lots(10_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: 0, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    };
    Contract::of(&instrument, decimals).expect("values are whole atoms")
}

/// Deribit's linear perpetuals, and its options (venue.md §2.8).
const FUTURE: MarginTerms =
    MarginTerms { initial_ppm: 20_000, maintenance_ppm: 10_000, slope_ppb: 50, floor_ppm: 0 };
const OPTION: MarginTerms =
    MarginTerms { initial_ppm: 150_000, maintenance_ppm: 75_000, slope_ppb: 0, floor_ppm: 100_000 };
const LIQUIDATION: RiskTerms = RiskTerms {
    buffer_ppm: 250_000,
    round_ppm: 250_000,
    round_ms: 1_000,
    depth_ppm: 500_000,
    slippage_ppm: 2_000,
    fee_ppm: 5_000,
    takeover_ppm: 500_000,
    idle_rounds: 5,
    adl: AdlPolicy::Queue,
};

/// From 0.001 to 4 000 BTC.
fn futures(prices: &[IndexPrice]) -> u64 {
    let contract = contract(Kind::Perpetual);
    let needs = (1..).zip(prices).map(|(lots, price)| {
        let needs = future(&FUTURE, contract.value_at(*price, lots, Rounding::Up), lots);
        needs.initial.0.wrapping_add(needs.maintenance.0).unsigned_abs()
    });
    needs.fold(0, u64::wrapping_add)
}

fn short_options(prices: &[IndexPrice]) -> u64 {
    let (strike, right) = (Decimal::whole(65_000), OptionRight::Call);
    let contract = contract(Kind::Option { expiry: At(1), strike, right });
    let needs = (1..).zip(prices).map(|(lots, price)| {
        let underlying = Amount(i64::try_from(lots * 10_000_000).expect("few"));
        let mark = underlying.times(37_300, 1_000_000, Rounding::Up);
        let otm = otm_value(&contract, strike, right, *price, lots);
        let needs = short_option(&OPTION, right, mark, underlying, otm);
        needs.initial.0.wrapping_add(needs.maintenance.0).unsigned_abs()
    });
    needs.fold(0, u64::wrapping_add)
}

fn rounds(prices: &[IndexPrice]) -> u64 {
    let parts = (1..).zip(prices).map(|(size, price)| {
        let value = Amount(i64::try_from(price.0 / 1_000).expect("below 2^63"));
        let share = |ppm| value.times(ppm, 1_000_000, Rounding::Up);
        let (deficit, cost) = (i128::from(share(5_000).0), share(7_000));
        let wanted = lots_to_close(deficit, share(10_000), size, cost, LIQUIDATION.buffer_ppm);
        round_lots(&LIQUIDATION, wanted, size, price.0 % 1_000)
    });
    parts.fold(0, u64::wrapping_add)
}

fn liquidation_prices(prices: &[IndexPrice]) -> u64 {
    let contract = contract(Kind::Perpetual);
    let found = (1..).zip(prices).map(|(lots, price)| {
        let cost = contract.value_at(*price, lots, Rounding::Up);
        let margin = cost.times(50_000, 1_000_000, Rounding::Down);
        let size = SignedLots(i64::try_from(lots).expect("few"));
        let backed = Backed { size, cost, margin };
        price_at_rate(&contract, &backed, 12_500_000).map_or(0, |price| price.0)
    });
    found.fold(0, u64::wrapping_add)
}

fn by_queue(prices: &[IndexPrice]) -> u64 {
    cuts(prices, AdlPolicy::Queue)
}

fn by_pro_rata(prices: &[IndexPrice]) -> u64 {
    cuts(prices, AdlPolicy::ProRata)
}

fn by_water_filling(prices: &[IndexPrice]) -> u64 {
    cuts(prices, AdlPolicy::WaterFilling)
}

/// Shorts from prices around 60 000, half of whose lots are closed at 59 999, and who give a third
/// of what they have won.
fn cuts(prices: &[IndexPrice], policy: AdlPolicy) -> u64 {
    let mut sum = 0_u64;
    for chunk in prices.chunks(WINNERS) {
        let winners: Vec<Winner> = (0..).map(AccountId).zip(chunk).map(winner).collect();
        let lots = winners.iter().map(|winner| winner.size.size()).sum::<u64>() / 2;
        let won: i64 = winners.iter().map(|winner| winner.gain.0.max(0)).sum();
        for cut in deleverage(policy, &winners, lots, Amount(won / 3)) {
            let score = cut.score.unsigned_abs();
            sum = sum.wrapping_add(cut.lots + cut.haircut.0.unsigned_abs()).wrapping_add(score);
        }
    }
    sum
}

fn winner((account, price): (AccountId, &IndexPrice)) -> Winner {
    let mark = i64::try_from(59_999 * IndexPrice::SCALE).expect("below 2^63");
    let entry = i64::try_from(price.0).expect("below 2^63");
    let lots = entry % 97 + 3;
    let [cost, value] = [entry / 100_000 * lots, mark / 100_000 * lots];
    Winner {
        account,
        size: SignedLots(-lots),
        cost: Amount(cost),
        gain: Amount(cost - value),
        value: Amount(value),
        equity: Amount(value / (entry % 40 + 1)),
    }
}
