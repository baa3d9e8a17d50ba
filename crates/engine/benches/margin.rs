//! What margin costs: the check before an order, a price update with many accounts, all accounts
//! under portfolio margin, and a hundred thousand liquidations at once. One core.
//!
//! `cargo bench -p engine --bench margin -- [check|updates|scenarios|liquidations] [accounts]`
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod world;

use std::hint::black_box;
use std::time::Instant;

use types::{
    AccountId, Amount, CancelScope, Command, Entry, Event, IndexPrice, InstrumentId, Lots,
    MarginModel, OrderKind, PlaceOrder, PortfolioTerms, Seq, Side, Tail, Ticks,
};
use world::{REPORTERS, World, asset, order, world};

const MAKER: AccountId = AccountId(REPORTERS + 1);
const FUTURES: u32 = 1 + 8;
const RUNS: usize = 5;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let accounts = words.iter().find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let all = words.iter().all(|word| word.parse::<u32>().is_ok());
    let wants = |name: &str| all || words.iter().any(|word| word == name);
    if wants("check") {
        check();
    }
    if wants("updates") {
        updates(accounts);
    }
    if wants("scenarios") {
        scenarios(accounts);
    }
    if wants("liquidations") {
        liquidations(accounts);
    }
}

/// Deribit's grid with six tails: 33 scenarios.
fn terms() -> PortfolioTerms {
    let tails = [
        (-660_000, 240_000),
        (-330_000, 480_000),
        (500_000, 320_000),
        (1_000_000, 160_000),
        (2_000_000, 80_000),
        (5_000_000, 32_000),
    ];
    PortfolioTerms {
        range_ppm: 160_000,
        steps: 4,
        vol_up_ppm: 500_000,
        vol_down_ppm: 250_000,
        near_power_ppm: 300_000,
        far_power_ppm: 130_000,
        tails: tails.map(|(move_ppm, weight_ppm)| Tail { move_ppm, weight_ppm }).to_vec(),
        maintenance_ppm: 800_000,
        future_initial_ppm: 10_000,
        future_maintenance_ppm: 6_000,
        short_initial_ppm: 5_000,
        short_maintenance_ppm: 3_000,
    }
}

/// The maker sells to the account, or buys from it, at the mark.
fn give(world: &mut World, account: AccountId, instrument: u32, lots: u32, is_long: bool) {
    let instrument = InstrumentId(instrument);
    let (_, mark) = world.engine.instrument(instrument).expect("listed");
    let maker = if is_long { Side::Ask } else { Side::Bid };
    for (who, side) in [(MAKER, maker), (account, maker.opposite())] {
        let order = PlaceOrder { size: Lots(lots), ..order(who, instrument, side, mark) };
        world.apply(Command::PlaceOrder(order.into()));
    }
}

fn withdraw_to(world: &mut World, account: AccountId, left: Amount) {
    let free = world.engine.account(account).expect("opened").free;
    let amount = free.minus(left);
    world.apply(Command::Withdraw { account, amount });
}

/// The check of one order of an account with 50 positions, prices not having moved.
fn check() {
    let mut world = world(3);
    let (base, quote) = (asset("BTC"), asset("USD"));
    world.apply(Command::SetPortfolio { base, quote, terms: terms().into() });
    let [standard, portfolio] = [AccountId(REPORTERS + 2), AccountId(REPORTERS + 3)];
    for account in [standard, portfolio] {
        for nth in 0..50 {
            give(&mut world, account, FUTURES + nth * 13, 1, nth % 2 == 0);
        }
    }
    world.apply(Command::SetMarginModel { account: portfolio, model: MarginModel::Portfolio });
    let mut medians = [Vec::new(), Vec::new()];
    for _ in 0..RUNS {
        for (account, medians) in [standard, portfolio].into_iter().zip(&mut medians) {
            let calls = 200_000;
            let started = Instant::now();
            for n in 0..calls {
                let instrument = InstrumentId(n % FUTURES);
                let order = (Lots(n % 100 + 1), Ticks(120_000 + n % 64));
                black_box(world.engine.order_needs(account, instrument, order));
            }
            // Both sides are asked for each time.
            medians.push(started.elapsed().as_nanos() / u128::from(2 * calls));
        }
    }
    let [standard, portfolio] = medians.map(median);
    println!(
        "check before an order, 50 positions: standard {standard} ns, portfolio margin {portfolio} \
         ns with 33 scenarios (medians of {RUNS} interleaved runs)"
    );
}

/// Ten positions each; one account in a hundred is within half a percent of its limit.
fn updates(accounts: u32) {
    let mut world = world(accounts + 1);
    fund_maker(&mut world);
    for nth in 0..accounts {
        let account = AccountId(MAKER.0 + 1 + nth);
        for instrument in 0..FUTURES {
            give(&mut world, account, instrument, 10, true);
        }
        give(&mut world, account, FUTURES + nth % 800, 1, false);
        let view = world.engine.account(account).expect("opened");
        let needed = view.initial_margin.0 - view.maintenance_margin.0;
        // 90 lots of 10 USD are worth 1 500 000 satoshi: a limit that is 0.1 % to 0.5 % away, or
        // 5 % to 50 %.
        let away = if nth % 100 == 0 {
            1_500 + i64::from(nth % 7) * 1_000
        } else {
            75_000 + i64::from(nth % 90) * 7_500
        };
        withdraw_to(&mut world, account, Amount((away - needed).max(0)));
    }
    let mut price = 60_000 * IndexPrice::SCALE;
    let mut swept = Vec::new();
    let mut nanoseconds = Vec::new();
    for n in 0..2_500_u64 {
        world.at = world.at.plus_ms(200);
        // Up to 5 dollars each way five times a second: 60 % a year.
        let step = n * 7_919 % 401 * 2_500_000;
        price = price + step - 200 * 2_500_000;
        let command = world.report(u32::try_from(n).expect("few") % REPORTERS, price);
        nanoseconds.push(timed(&mut world, command));
        if n % 500 == 499 {
            let started = Instant::now();
            for account in 1..=accounts {
                black_box(world.engine.account(AccountId(MAKER.0 + account)));
            }
            swept.push(started.elapsed().as_nanos());
        }
    }
    nanoseconds.sort_unstable();
    let mean = nanoseconds.iter().sum::<u128>() / 2_500_000;
    let (p50, p99) = (nanoseconds[1_250] / 1_000, nanoseconds[2_475] / 1_000);
    let sweep = median(swept) / 1_000;
    println!(
        "price update, {accounts} accounts with 10 positions, 1 % within half a percent of the \
         limit: mean {mean} us, median {p50} us, p99 {p99} us of 2 500; asking every account: {sweep} us, {} times as long",
        sweep / p50
    );
}

/// Every account is under portfolio margin and holds 50 options; a tick moves every grid.
fn scenarios(accounts: u32) {
    let mut world = world(accounts + 1);
    fund_maker(&mut world);
    let (base, quote) = (asset("BTC"), asset("USD"));
    world.apply(Command::SetPortfolio { base, quote, terms: terms().into() });
    for nth in 0..accounts {
        let account = AccountId(MAKER.0 + 1 + nth);
        for position in 0..50 {
            let instrument = FUTURES + (nth * 7 + position * 16) % 800;
            give(&mut world, account, instrument, 1 + position % 3, (nth + position) % 2 == 0);
        }
        world.apply(Command::SetMarginModel { account, model: MarginModel::Portfolio });
    }
    let mut taken = Vec::new();
    for _ in 0..RUNS {
        let started = Instant::now();
        // New terms value every account anew.
        world.apply(Command::SetPortfolio { base, quote, terms: terms().into() });
        taken.push(started.elapsed().as_nanos());
    }
    let mut ticks = Vec::new();
    for n in 0..20_u64 {
        world.at = world.at.plus_ms(1_000);
        for reporter in 0..REPORTERS {
            let command = world.report(reporter, (60_000 + n * 3) * IndexPrice::SCALE);
            world.apply(command);
        }
        ticks.push(timed(&mut world, Command::Tick));
    }
    let taken = median(taken);
    let products = u128::from(accounts) * 50 * 33;
    // Two sums of 16 bytes are read and written for each change of 8 bytes that is read.
    let bytes = products * (8 + 4 * 16);
    println!(
        "portfolio margin of all, {accounts} accounts x 50 options x 33 scenarios: {} ms, {} ps a \
         product, {} MB/s through the caches; copying memory here: {} MB/s; a tick with a new \
         grid values who is due in {} us",
        taken / 1_000_000,
        taken * 1_000 / products,
        bytes * 1_000 / taken,
        copy_speed(),
        median(ticks) / 1_000,
    );
}

/// Everybody is long and falls below its maintenance margin in one entry.
fn liquidations(accounts: u32) {
    let mut world = world(accounts + 2);
    fund_maker(&mut world);
    for nth in 0..accounts {
        let account = AccountId(MAKER.0 + 2 + nth);
        give(&mut world, account, 0, (500_000 / accounts).max(1), true);
        withdraw_to(&mut world, account, Amount(0));
    }
    // The book: the maker buys all the way down.
    for step in 0..40 {
        let price = Ticks(110_000 - step * 100);
        let bid = order(MAKER, InstrumentId(0), Side::Bid, price);
        let bid = PlaceOrder { size: Lots(10_000), kind: OrderKind::Limit { price }, ..bid };
        world.apply(Command::PlaceOrder(bid.into()));
    }
    for second in 1..=10 {
        for reporter in 0..REPORTERS {
            world.at = world.at.plus_ms(100);
            let command = world.report(reporter, (60_000 - second * 350) * IndexPrice::SCALE);
            world.apply(command);
        }
    }
    let (mut entries, mut rounds, mut longest, mut cancels) = (0_u64, 0_u64, 0, Vec::new());
    let started = Instant::now();
    while world.engine.is_liquidating() && entries < 1_000_000 {
        world.at = world.at.plus_ms(1);
        if entries % 1_000 == 0 {
            for reporter in 0..REPORTERS {
                let command = world.report(reporter, 56_500 * IndexPrice::SCALE);
                world.apply(command);
            }
            world.apply(Command::Tick);
        }
        longest = longest.max(timed(&mut world, Command::Liquidate));
        let is_step = |event: &&Event| matches!(event, Event::LiquidationStepped(_));
        rounds += u64::try_from(world.events.iter().filter(is_step).count()).expect("few");
        let account = AccountId(MAKER.0 + 1);
        cancels.push(timed(&mut world, Command::CancelOrders { account, scope: CancelScope::All }));
        entries += 1;
    }
    let taken = started.elapsed().as_millis();
    println!(
        "liquidations, {accounts} accounts at once: {taken} ms of the engine, {entries} entries, \
         {rounds} steps; a cancel waits for one entry: {} us at most; cancelling takes {} ns",
        longest / 1_000,
        median(cancels),
    );
}

fn fund_maker(world: &mut World) {
    world.apply(Command::Deposit { account: MAKER, amount: Amount(1_000_000_000_000_000) });
}

/// Nanoseconds of one entry.
fn timed(world: &mut World, command: Command) -> u128 {
    let entry = Entry { seq: Seq(world.engine.seq().0 + 1), at: world.at, command };
    world.events.clear();
    let started = Instant::now();
    world.engine.apply(&entry, &mut world.events);
    started.elapsed().as_nanos()
}

fn median(mut numbers: Vec<u128>) -> u128 {
    numbers.sort_unstable();
    numbers[numbers.len() / 2]
}

/// MB/s, read and written, of copying 256 MB.
fn copy_speed() -> u128 {
    let from = vec![1_u8; 256 << 20];
    let mut to = vec![0_u8; 256 << 20];
    let mut best = u128::MAX;
    for _ in 0..RUNS {
        let started = Instant::now();
        to.copy_from_slice(black_box(&from));
        black_box(&to);
        best = best.min(started.elapsed().as_nanos());
    }
    2 * (256 << 20) * 1_000 / best
}
