//! A venue with everything that hangs on one index: one perpetual, eight futures, eight hundred
//! options, five reporters who agree, and traders with money.
#![expect(unreachable_pub, reason = "each benchmark is a crate of its own")]

use engine::Engine;
use types::{
    AccountId, Amount, AssetCode, At, Barrier, Command, Decimal, Entry, Event, FeedTerms, Fees,
    Incentives, IndexMethod, IndexPrice, Instrument, InstrumentId, Kind, Label, Lots, MarginRates,
    OptionRight, OrderKind, PlaceOrder, PriceReport, PublicKey, Quorum, Seat, Seq,
    SettlementPeriod, Side, Signature, SignedReport, SignedSurface, Source, SourceId, Style,
    SurfaceReport, Svi, Ticks,
};

pub const REPORTERS: u32 = 5;
pub const EXPIRIES: u64 = 8;
const STRIKES: i64 = 50;
const START: At = At(1_790_006_400_000);

pub struct World {
    pub engine: Engine,
    pub at: At,
    nonce: u64,
    pub events: Vec<Event>,
}

impl World {
    pub fn apply(&mut self, command: Command) {
        let entry = Entry { seq: Seq(self.engine.seq().0 + 1), at: self.at, command };
        self.events.clear();
        self.engine.apply(&entry, &mut self.events);
        let refused = matches!(self.events.first(), Some(Event::Refused(_)));
        assert!(!refused, "refused: {:?}", self.events);
    }

    pub fn report(&mut self, reporter: u32, price: u64) -> Command {
        self.nonce += 1;
        let report = PriceReport {
            base: asset("BTC"),
            quote: asset("USD"),
            reporter: AccountId(reporter + 1),
            source: SourceId(u8::try_from(reporter).expect("few")),
            price: IndexPrice(price),
            confidence: IndexPrice(price / 100_000),
            source_at: self.at,
            nonce: self.nonce,
        };
        Command::ReportPrice(SignedReport { report, signature: Signature([0; 64]) }.into())
    }
}

/// Accounts from `REPORTERS + 1` on are traders.
pub fn world(traders: u32) -> World {
    let engine = Engine::new(asset("BTC"), 8);
    let mut world = World { engine, at: START, nonce: 0, events: Vec::new() };
    for spec in instruments() {
        world.apply(Command::ListInstrument(spec.into()));
    }
    for account in (1..=REPORTERS + traders).map(AccountId) {
        world.apply(Command::OpenAccount { account, parent: None });
        world.apply(Command::Deposit { account, amount: Amount(10_000_000_000) });
    }
    for account in (1..=REPORTERS).map(AccountId) {
        let (key, stake) = (PublicKey([1; 32]), Amount(1));
        world.apply(Command::RegisterReporter { account, key, stake });
    }
    world.apply(Command::SetFeed(feed().into()));
    for n in 0..40 {
        world.at = world.at.plus_ms(200);
        let command = world.report(n % REPORTERS, 60_000 * IndexPrice::SCALE);
        world.apply(command);
    }
    for nth in 1..=EXPIRIES {
        for reporter in 1..=REPORTERS {
            let command = surface(&mut world, AccountId(reporter), nth);
            world.apply(command);
        }
    }
    world.apply(Command::Tick);
    world
}

/// One lot.
pub fn order(account: AccountId, instrument: InstrumentId, side: Side, price: Ticks) -> PlaceOrder {
    PlaceOrder::new(account, instrument, side, OrderKind::Limit { price }, Lots(1))
}

fn feed() -> FeedTerms {
    let name = |nth: u8| Label::new(&format!("source {nth}")).expect("short");
    let seat = |nth: u8| Seat { reporter: AccountId(u32::from(nth) + 1), source: SourceId(nth) };
    let quorum = Quorum { reporters: 3, sources: 3 };
    FeedTerms {
        base: asset("BTC"),
        quote: asset("USD"),
        method: IndexMethod::CappedMedian,
        sources: (0..5).map(|nth| Source { name: name(nth), weight: 1 }).collect(),
        seats: (0..5).map(seat).collect(),
        healthy: quorum,
        degraded: quorum,
        barrier: Barrier { reports: 5, sources: 3 },
        stale_ms: 10_000,
        ahead_ms: 1_000,
        cap_ppm: 5_000,
        spread_ppm: 50_000,
        confidence_ppm: 10_000,
        jump_ppm: 100_000,
        reporter_cap_ppm: 400_000,
        cross_check: None,
        incentives: Incentives {
            reward_per_hour: Amount(0),
            far_ppm: 25_000,
            far_ms: 60_000,
            far_slash_ppm: 50_000,
        },
    }
}

fn expiry(nth: u64) -> At {
    At(START.next_eight_utc().0 + (nth * 14 - 1) * At::DAY)
}

/// 60 % at the money, a smile.
fn surface(world: &mut World, reporter: AccountId, nth: u64) -> Command {
    world.nonce += 1;
    let days = i64::try_from(expiry(nth).ms_since(world.at) / At::DAY).expect("few");
    let variance = 360_000_000 * days / 365;
    let svi =
        Svi { a: variance * 6 / 10, b: variance * 2, rho: -200_000_000, m: 0, sigma: 200_000_000 };
    let report = SurfaceReport {
        base: asset("BTC"),
        quote: asset("USD"),
        reporter,
        expiry: expiry(nth),
        svi,
        source_at: world.at,
        nonce: world.nonce,
    };
    Command::ReportSurface(SignedSurface { report, signature: Signature([0; 64]) }.into())
}

pub fn asset(code: &str) -> AssetCode {
    AssetCode::new(code).expect("a code")
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("a decimal")
}

fn instruments() -> Vec<Instrument> {
    let perpetual = Instrument {
        kind: Kind::Perpetual,
        style: Style::Inverse,
        base: asset("BTC"),
        quote: asset("USD"),
        tick: decimal("0.5"),
        tick_steps: Vec::new(),
        lot: decimal("10"),
        contract_size: decimal("10"),
        size_min: Lots(1),
        size_max: Lots(1_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: 0, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    };
    let future = |nth| Instrument {
        kind: Kind::Future { expiry: expiry(nth) },
        settlement_period: SettlementPeriod::Month,
        ..perpetual.clone()
    };
    let option = |nth, strike, right| Instrument {
        kind: Kind::Option { expiry: expiry(nth), strike: Decimal::whole(strike), right },
        tick: decimal("0.0001"),
        lot: decimal("0.1"),
        contract_size: decimal("1"),
        size_max: Lots(100_000),
        margin: MarginRates { initial_ppm: 150_000, maintenance_ppm: 75_000 },
        band_ppm: 1_000_000,
        ..future(nth)
    };
    let mut all = vec![perpetual.clone()];
    all.extend((1..=EXPIRIES).map(future));
    for nth in 1..=EXPIRIES {
        for strike in (0..STRIKES).map(|step| 35_000 + step * 1_000) {
            all.push(option(nth, strike, OptionRight::Call));
            all.push(option(nth, strike, OptionRight::Put));
        }
    }
    all
}
