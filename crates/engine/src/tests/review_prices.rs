//! Hostile look at prices: what a snapshot restores, what a price off the ladder does, what the
//! gate lets through by an amendment, and random streams with a snapshot after every entry.

use std::vec;
use std::vec::Vec;

use proptest::prelude::*;
use risk::delivery::Delivery;
use types::codec::Codec;
use types::{
    AccountId, AmendOrder, Amount, AssetCode, At, CancelScope, Command, Event, FundingSchedule,
    FundingTerms, IndexId, IndexPrice, Instrument, InstrumentId, Kind, Lots, MarginTerms,
    MarkMethod, OptionRight, OrderId, OrderKind, PlaceOrder, PricingTerms, PublicKey, Side,
    Signature, SignedSurface, Style, SurfaceReport, Svi, Ticks,
};

use super::priced::{ANN, BOB, CALL, CAT, FUTURE, PERPETUAL, PUT, Priced, smile, terms};
use super::world::{EXPIRY, World, asset, call, decimal, perpetual};
use crate::Engine;

/// What is restored from bytes is what stands now: the root, and all that is not hashed.
fn check_restores(engine: &mut Engine) {
    let bytes = engine.to_bytes();
    let mut restored = Engine::from_bytes(&bytes).expect("its own bytes");
    assert_eq!(restored.root(), engine.root(), "the root of a snapshot");
    for ((id, one), (_, other)) in engine.markets.iter().zip(restored.markets.iter()) {
        assert_eq!(one.mark, other.mark, "the mark of instrument {id}");
    }
    for id in 0..engine.holdings.len() {
        assert_eq!(engine.worth(id), restored.worth(id), "the worth of holding {id}");
    }
    let live = |engine: &Engine| -> Vec<Vec<u32>> {
        engine.indices.iter().map(|(_, index)| index.live.clone()).collect()
    };
    assert_eq!(live(engine), live(&restored));
    assert!(restored.to_bytes() == bytes, "its bytes");
}

fn code(events: &[Event]) -> Option<u16> {
    match events {
        [Event::Refused(reject)] => Some(reject.code()),
        _ => None,
    }
}

/// Everything else about an option under a surface follows from what a snapshot has.
fn with_options() -> Priced {
    let mut priced = Priced::inverse();
    priced.surfaces(smile());
    priced.seconds(1, &[60_000; 5]);
    priced
}

#[test]
fn a_feed_without_a_price_is_restored() {
    let mut world = World { engine: Engine::new(asset("BTC"), 8), at: At(EXPIRY.0 - 7_200_000) };
    world.must(Command::ListInstrument(perpetual().into()));
    for _ in 0..5 {
        world.fund(1_000);
    }
    world.must(Command::SetFeed(terms("BTC", "USD").into()));
    check_restores(&mut world.engine);
}

#[test]
fn a_surface_between_two_ticks_is_restored() {
    let mut priced = with_options();
    let svi = Svi { a: 4 * smile().a, ..smile() };
    priced.surfaces(svi);
    check_restores(&mut priced.world.engine);
}

#[test]
fn a_first_surface_is_restored() {
    let mut priced = Priced::inverse();
    priced.surface(AccountId(1), smile());
    check_restores(&mut priced.world.engine);
    priced.surfaces(smile());
    check_restores(&mut priced.world.engine);
}

#[test]
fn an_option_listed_between_two_ticks_is_restored() {
    let mut priced = with_options();
    let kind = Kind::Option { expiry: EXPIRY, strike: decimal("61000"), right: OptionRight::Put };
    priced.world.must(Command::ListInstrument(Instrument { kind, ..call() }.into()));
    check_restores(&mut priced.world.engine);
}

#[test]
fn a_future_listed_between_two_ticks_is_restored() {
    let mut priced = with_options();
    priced.world.must(Command::SetPricing { instrument: FUTURE, terms: loose(None) });
    bias_future(&mut priced);
    check_restores(&mut priced.world.engine);
    let kind = Kind::Future { expiry: EXPIRY.plus_ms(At::DAY) };
    priced.world.must(Command::ListInstrument(Instrument { kind, ..perpetual() }.into()));
    check_restores(&mut priced.world.engine);
}

#[test]
fn new_terms_of_a_future_between_two_ticks_are_restored() {
    let mut priced = with_options();
    priced.world.must(Command::SetPricing { instrument: FUTURE, terms: loose(None) });
    bias_future(&mut priced);
    let terms = PricingTerms { clamp_ppm: 1, ..loose(None) };
    priced.world.must(Command::SetPricing { instrument: FUTURE, terms });
    check_restores(&mut priced.world.engine);
}

#[test]
fn a_window_with_gaps_is_restored() {
    let mut priced = with_options();
    priced.until(At(EXPIRY.0 - 20 * 60_000), &[60_000; 5]);
    priced.surfaces(smile());
    priced.until(At(EXPIRY.0 - 10 * 60_000), &[63_000; 5]);
    for _ in 0..30 {
        priced.world.at.0 += 17_000;
        priced.world.apply(Command::Tick);
        check_restores(&mut priced.world.engine);
    }
}

/// The future's book stands above the index.
fn bias_future(priced: &mut Priced) {
    for (side, price) in [(Side::Bid, 122_000), (Side::Ask, 122_002)] {
        let kind = OrderKind::Limit { price: Ticks(price) };
        let order = PlaceOrder { kind, ..Priced::order(ANN, FUTURE, side, 1_000) };
        priced.world.apply(Command::PlaceOrder(order.into()));
    }
    priced.seconds(20, &[60_000; 5]);
}

fn loose(funding: Option<FundingTerms>) -> PricingTerms {
    PricingTerms { mark: MarkMethod::ImpactBasis, impact: Lots(1), clamp_ppm: 100_000, funding }
}

fn hourly(schedule: FundingSchedule) -> PricingTerms {
    let funding = FundingTerms { schedule, damper_ppb: 0, cap_ppb: 50_000_000, interest_ppb: 0 };
    loose(Some(funding))
}

#[test]
fn schedules_of_funding_that_change_are_restored() {
    let mut priced = Priced::inverse();
    let instrument = PERPETUAL;
    let turn = |priced: &mut Priced, schedule| {
        priced.world.must(Command::SetPricing { instrument, terms: hourly(schedule) });
    };
    priced.until(At(EXPIRY.0 + 4_000), &[60_000; 5]);
    turn(&mut priced, FundingSchedule::Hourly);
    priced.until(At(EXPIRY.0 + 59 * 60_000), &[60_000; 5]);
    turn(&mut priced, FundingSchedule::Continuous);
    priced.until(At(EXPIRY.0 + 61 * 60_000), &[60_000; 5]);
    turn(&mut priced, FundingSchedule::Hourly);
    priced.until(At(EXPIRY.0 + 110 * 60_000), &[60_000; 5]);
    check_restores(&mut priced.world.engine);
}

#[test]
fn an_order_that_may_only_reduce_stays_so_while_the_index_is_frozen() {
    let mut priced = Priced::inverse();
    priced.trade((BOB, ANN), PERPETUAL, (100, 120_000));
    priced.world.at.0 += 60_000;
    priced.world.apply(Command::Tick);
    let kind = OrderKind::Limit { price: Ticks(119_000) };
    let mut orders = vec![];
    for _ in 0..3 {
        let order =
            PlaceOrder { kind, reduce_only: true, ..Priced::order(ANN, PERPETUAL, Side::Bid, 100) };
        let events = priced.world.apply(Command::PlaceOrder(order.into()));
        let placed = events.iter().find_map(|event| match event {
            Event::OrderPlaced(placed) => Some(placed.order),
            _ => None,
        });
        orders.push(placed.expect("a reduce-only order is placed"));
    }
    for order in orders {
        let amend = AmendOrder { account: ANN, reduce_only: Some(false), ..unchanged(order) };
        let events = priced.world.apply(Command::AmendOrder(amend));
        assert_eq!(code(&events), Some(417), "it could open 200 lots now: {events:?}");
    }
}

fn unchanged(order: OrderId) -> AmendOrder {
    AmendOrder {
        account: AccountId(0),
        order,
        size: None,
        price: None,
        display: None,
        post_only: None,
        reduce_only: None,
        valid_until: None,
    }
}

/// Two against one, and the operator's finger slips.
fn disputed(priced: &mut Priced, instruments: &[InstrumentId]) {
    for instrument in instruments {
        let market = priced.world.engine.markets.at(instrument.0);
        let price = market.mark.0.max(1);
        let most = market.spec.size_max.0;
        let half = most / 2;
        for (one, other) in [(ANN, BOB), (CAT, BOB)] {
            for (account, side) in [(one, Side::Ask), (other, Side::Bid)] {
                let kind = OrderKind::Limit { price: Ticks(price) };
                let order = PlaceOrder { kind, ..Priced::order(account, *instrument, side, half) };
                priced.world.must(Command::PlaceOrder(order.into()));
            }
        }
    }
    while priced.world.at < EXPIRY.plus_ms(7_300_000) {
        priced.world.at.0 += 60_000;
        priced.world.apply(Command::Tick);
    }
}

fn rich(mut priced: Priced) -> Priced {
    for account in [ANN, BOB, CAT] {
        priced.world.must(Command::Deposit { account, amount: Amount(1 << 50) });
    }
    priced
}

#[test]
fn no_price_that_the_operator_types_stops_the_venue() {
    for price in [1, 10, 1_000, 1_000_000, 1 << 30, u64::MAX / 100, IndexPrice::MAX.0] {
        for style in [Priced::inverse, Priced::linear] {
            let mut priced = rich(style());
            priced.surfaces(smile());
            priced.seconds(1, &[60_000; 5]);
            disputed(&mut priced, &[FUTURE, CALL, PUT]);
            let (base, quote) = (asset(priced.base), asset(priced.quote));
            let price = IndexPrice(price.min(IndexPrice::MAX.0));
            priced.world.apply(Command::SettleDelivery { base, quote, expiry: EXPIRY, price });
            let price = IndexPrice(60_000 * IndexPrice::SCALE);
            priced.world.apply(Command::SettleDelivery { base, quote, expiry: EXPIRY, price });
            assert!(priced.world.engine.markets.at(FUTURE.0).delivered.is_some());
        }
    }
}

/// The first `n` reporters take the wrong unit. The feed freezes, and believes them after a while.
fn in_the_wrong_unit(priced: &mut Priced, n: usize, price: IndexPrice, until: At) {
    while priced.world.at < until {
        priced.world.at.0 += 4_000;
        for reporter in super::priced::REPORTERS.into_iter().take(n) {
            let mut report = priced.report_of(reporter, 1);
            (report.price, report.confidence) = (price, IndexPrice(0));
            priced.send(report);
        }
        priced.world.apply(Command::Tick);
    }
}

#[test]
fn no_price_that_all_reporters_say_stops_the_venue() {
    let styles = [Priced::inverse, Priced::linear];
    for (n, price) in [(3, IndexPrice(1)), (3, IndexPrice::MAX), (5, IndexPrice(1))] {
        for style in styles {
            let mut priced = rich(style());
            priced.surfaces(smile());
            let terms = hourly(FundingSchedule::Continuous);
            priced.world.must(Command::SetPricing { instrument: PERPETUAL, terms });
            priced.seconds(1, &[60_000; 5]);
            for instrument in [PERPETUAL, FUTURE, CALL, PUT] {
                let market = priced.world.engine.markets.at(instrument.0);
                let (price, most) = (market.mark.0, market.spec.size_max.0);
                priced.trade((BOB, ANN), instrument, (most / 2, price));
                priced.trade((BOB, CAT), instrument, (most / 2, price));
            }
            in_the_wrong_unit(&mut priced, n, price, EXPIRY.plus_ms(8_000));
            check_restores(&mut priced.world.engine);
            for hour in 1..26 {
                let from = EXPIRY.plus_ms(hour * 3_600_000);
                priced.world.at = from;
                in_the_wrong_unit(&mut priced, n, price, from.plus_ms(60_000));
            }
            check_restores(&mut priced.world.engine);
        }
    }
}

#[test]
fn a_price_of_the_feed_that_settles_nothing_is_the_operators() {
    let mut priced = rich(Priced::inverse());
    priced.trade((ANN, BOB), FUTURE, (500_000, 120_000));
    priced.trade((CAT, BOB), FUTURE, (500_000, 120_000));
    let mut delivery = Delivery::new(EXPIRY);
    for slot in 1..=450 {
        delivery.sample(Some(IndexPrice(1)), At(EXPIRY.0 - 1_800_000 + 4_000 * (slot - 1)));
    }
    let engine = &mut priced.world.engine;
    engine.touch_index(IndexId(0));
    let prices = engine.indices.at_mut(0).prices.as_mut();
    prices.expect("a feed").deliveries = vec![delivery];
    priced.world.at = EXPIRY;
    let events = priced.world.apply(Command::Tick);
    let is_disputed = |event: &Event| matches!(event, Event::DeliveryDisputed { .. });
    assert!(events.iter().any(is_disputed), "{events:?}");
    for (price, refused) in [(1, Some(303)), (60_000 * IndexPrice::SCALE, None)] {
        let (base, quote, price) = (asset("BTC"), asset("USD"), IndexPrice(price));
        let command = Command::SettleDelivery { base, quote, expiry: EXPIRY, price };
        assert_eq!(code(&priced.world.apply(command)), refused);
    }
}

#[test]
fn an_outage_costs_no_funding() {
    let mut priced = Priced::inverse();
    let terms = hourly(FundingSchedule::Continuous);
    priced.world.must(Command::SetPricing { instrument: PERPETUAL, terms });
    priced.trade((ANN, BOB), PERPETUAL, (1_000, 120_000));
    for (side, price) in [(Side::Bid, 121_000), (Side::Ask, 121_010)] {
        let kind = OrderKind::Limit { price: Ticks(price) };
        let order = PlaceOrder { kind, ..Priced::order(CAT, PERPETUAL, side, 100) };
        priced.world.must(Command::PlaceOrder(order.into()));
    }
    priced.until(At(EXPIRY.0 - 20 * 60_000), &[60_000; 5]);
    let before = priced.world.engine.markets.at(PERPETUAL.0).funded();
    priced.world.at.0 += 10 * 3_600_000;
    priced.world.must(Command::StartTerm);
    for _ in 0..4 {
        for reporter in super::priced::REPORTERS {
            let report = priced.report_of(reporter, 60_000);
            priced.send(report);
        }
    }
    assert_ne!(priced.world.engine.health(IndexId(0)), types::Health::Frozen);
    priced.world.must(Command::Tick);
    let after = priced.world.engine.markets.at(PERPETUAL.0).funded();
    assert_eq!(before, after, "nobody could trade, and the index was not good enough");
}

/// Beside the usual four: what expires a day later, and ether priced in bitcoin, which has no feed.
fn wild() -> Priced {
    let mut priced = Priced::inverse();
    let next_day = EXPIRY.plus_ms(At::DAY);
    let strike = decimal("61000");
    let put = Kind::Option { expiry: next_day, strike, right: OptionRight::Put };
    let ether = Instrument {
        base: asset("ETH"),
        quote: asset("BTC"),
        style: Style::Linear,
        tick: decimal("0.00001"),
        lot: decimal("0.01"),
        contract_size: decimal("0.01"),
        ..perpetual()
    };
    let strike = decimal("0.05");
    let ether_call = Instrument {
        kind: Kind::Option { expiry: EXPIRY, strike, right: OptionRight::Call },
        band_ppm: 1_000_000,
        size_max: Lots(100_000),
        ..ether.clone()
    };
    for instrument in [
        Instrument { kind: Kind::Future { expiry: next_day }, ..perpetual() },
        Instrument { kind: put, ..call() },
        ether.clone(),
        ether_call,
        Instrument { kind: Kind::Future { expiry: EXPIRY }, ..ether },
    ] {
        priced.world.must(Command::ListInstrument(instrument.into()));
    }
    let (base, quote, price) = (asset("ETH"), asset("BTC"), IndexPrice(5_000_000));
    priced.world.must(Command::ReportIndex { base, quote, price });
    let marks = [(6, 5_000), (7, 50), (8, 5_000)];
    let marks = marks.map(|(id, mark)| (InstrumentId(id), Ticks(mark)));
    priced.world.must(Command::ReportMarks(marks.to_vec()));
    priced
}

const N_INSTRUMENTS: u32 = 9;

fn pick<T: Copy>(of: &[T], by: u32) -> T {
    let place = usize::try_from(by).expect("small") % of.len();
    *of.get(place).expect("within")
}

/// What one draw is made into.
struct Draw {
    who: u32,
    a: u32,
    b: u32,
    trader: AccountId,
    instrument: InstrumentId,
    lots: Lots,
    /// Near the mark.
    near: Ticks,
    pair: (AssetCode, AssetCode),
    price: IndexPrice,
}

impl Draw {
    fn new(engine: &Engine, (who, a, b): (u32, u32, u32)) -> Draw {
        let instrument = InstrumentId(a % N_INSTRUMENTS);
        let market = engine.markets.at(instrument.0);
        let step = if market.spec.kind.is_option() && 52 < market.mark.0 { 5 } else { 1 };
        let near = market.mark.0 / step + (b >> 1) % 5;
        let is_ether = who.is_multiple_of(3);
        let ether = [5_000_000, 5_010_000, 4_000_000, 1].map(IndexPrice);
        let units = [60_000, 60_100, 59_000, 40_000].map(|it| IndexPrice(it * IndexPrice::SCALE));
        Draw {
            who,
            a,
            b,
            trader: AccountId(ANN.0 + who % 3),
            instrument,
            lots: Lots(pick(&[1, 7, 90, 3_000, 50_000, 400_000], b >> 9)),
            near: Ticks(step * near.saturating_sub(2).max(1)),
            pair: match is_ether {
                true => (asset("ETH"), asset("BTC")),
                false => (asset("BTC"), asset("USD")),
            },
            price: if is_ether { pick(&ether, a) } else { pick(&units, a) },
        }
    }

    fn expiry(&self) -> At {
        pick(&[EXPIRY, EXPIRY.plus_ms(At::DAY)], self.b)
    }

    fn order(&self) -> Command {
        let side = if self.b.is_multiple_of(2) { Side::Bid } else { Side::Ask };
        let order = PlaceOrder {
            kind: OrderKind::Limit { price: self.near },
            reduce_only: (self.b >> 12).is_multiple_of(5),
            ..Priced::order(self.trader, self.instrument, side, self.lots.0)
        };
        Command::PlaceOrder(order.into())
    }

    fn amend(&self, engine: &Engine) -> Option<Command> {
        let open: Vec<_> = engine.orders.iter().collect();
        let order = open.get(usize::try_from(self.a).ok()?.checked_rem(open.len())?)?;
        Some(Command::AmendOrder(AmendOrder {
            account: engine.holdings.at(order.holding).account,
            size: self.b.is_multiple_of(3).then_some(self.lots),
            price: (self.b % 5 < 2).then_some(self.near),
            reduce_only: (self.b % 7 < 3).then_some(self.b.is_multiple_of(2)),
            ..unchanged(order.id)
        }))
    }

    fn surface(&self, nth: u32, at: At) -> Command {
        let svi = match self.b % 11 {
            0 => Svi { a: i64::from(self.a), b: i64::from(self.b), ..smile() },
            1 => Svi { a: i64::MIN, b: i64::MAX, rho: i64::MIN, m: i64::MIN, sigma: i64::MAX },
            _ => Svi { a: i64::from(self.a % 400_000), ..smile() },
        };
        let report = SurfaceReport {
            base: self.pair.0,
            quote: self.pair.1,
            reporter: AccountId(1 + (self.who + nth) % 5),
            expiry: self.expiry(),
            svi,
            source_at: at,
            nonce: u64::from(self.a) + at.0,
        };
        Command::ReportSurface(SignedSurface { report, signature: Signature([0; 64]) }.into())
    }

    /// One to five reporters agree, four times over.
    fn report(&self, priced: &mut Priced) {
        for reporter in super::priced::REPORTERS.into_iter().take(pick(&[1, 3, 5, 5], self.b)) {
            for _ in 0..4 {
                let mut report = priced.report_of(reporter, 1);
                (report.base, report.quote) = self.pair;
                report.price = self.price;
                report.confidence = IndexPrice(u64::from(self.b % 3) * self.price.0 / 200);
                priced.send(report);
            }
        }
    }

    fn feed(&self) -> Command {
        let (base, quote) = self.pair;
        let mut terms = terms("BTC", "USD");
        (terms.base, terms.quote) = (base, quote);
        terms.incentives.reward_per_hour = Amount(i64::from(self.b % 1_000_000));
        terms.seats.truncate(pick(&[3, 4, 5], self.b));
        terms.healthy = terms.degraded;
        Command::SetFeed(terms.into())
    }

    fn pricing(&self) -> Command {
        let schedules = [FundingSchedule::Hourly, FundingSchedule::Continuous];
        let hourly = hourly(pick(&schedules, self.a >> 8));
        let terms = match self.b % 3 {
            0 => loose(None),
            1 => PricingTerms { mark: MarkMethod::MedianOfThree, ..hourly },
            _ => hourly,
        };
        Command::SetPricing { instrument: self.instrument, terms }
    }

    fn margin(&self) -> Command {
        let terms = MarginTerms {
            initial_ppm: 1_000 + self.b % 300_000,
            maintenance_ppm: 1_000,
            slope_ppb: self.b % 1_000,
            floor_ppm: self.b % 1_000,
        };
        Command::SetMargin { instrument: self.instrument, terms }
    }

    fn delivery(&self) -> Command {
        let prices = [1, 5_000_000, 60_000 * IndexPrice::SCALE, IndexPrice::MAX.0];
        let (base, quote) = self.pair;
        let price = IndexPrice(pick(&prices, self.a));
        Command::SettleDelivery { base, quote, expiry: self.expiry(), price }
    }

    fn listing(&self) -> Command {
        let strike = types::Decimal::new(i64::from(1 + self.a % 50) * 2_000, 0).expect("a strike");
        let kind = Kind::Option { expiry: self.expiry(), strike, right: OptionRight::Call };
        Command::ListInstrument(Instrument { kind, ..call() }.into())
    }

    fn command(&self, choice: u8, engine: &Engine) -> Option<Command> {
        let (account, amount) = (self.trader, Amount(i64::from(self.b)));
        let (base, quote) = self.pair;
        let mark = Ticks(pick(&[1, 50, 5_000, 120_000, 130_000], self.b));
        Some(match choice {
            0..=69 => self.order(),
            70..=84 => self.amend(engine)?,
            100 => Command::StartTerm,
            101..=110 => Command::Withdraw { account, amount },
            111..=114 => self.feed(),
            115..=124 => self.delivery(),
            125..=132 => self.pricing(),
            133..=138 => self.margin(),
            139..=142 => Command::FundInsurance { amount },
            143..=148 => {
                let (account, key) = (AccountId(1 + self.who % 8), PublicKey([9; 32]));
                Command::RegisterReporter { account, key, stake: amount }
            }
            149..=154 => Command::ReportIndex { base, quote, price: self.price },
            155..=160 => Command::ReportMarks(vec![(self.instrument, mark)]),
            161..=164 => self.listing(),
            165..=168 => {
                Command::ClosePosition { account, instrument: self.instrument, price: None }
            }
            169..=172 => Command::CancelOrders { account, scope: CancelScope::All },
            _ => Command::Tick,
        })
    }

    fn act(&self, choice: u8, priced: &mut Priced) {
        let pauses = [10, 10, 10, 900, 1_000, 3_000, 4_000, 61_000, 1_800_000, 9_000_000];
        let near = pick(&[60_000, 60_010, 59_990, 61_000, 59_000, 57_000], self.b);
        match choice {
            85..=99 => {
                let at = priced.world.at;
                for nth in 0..pick(&[1, 3, 5], self.b) {
                    priced.world.apply(self.surface(nth, at));
                }
            }
            0..=179 => {
                if let Some(command) = self.command(choice, &priced.world.engine) {
                    priced.world.apply(command);
                }
            }
            180..=199 => self.report(priced),
            200..=209 => {
                priced.world.at.0 += pick(&pauses, self.a);
                priced.world.apply(Command::Tick);
            }
            210..=255 => {
                let at = priced.world.at.plus_ms(u64::from(self.a % 40) * 1_000);
                priced.until(at, &[near; 5]);
            }
        }
        check_restores(&mut priced.world.engine);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..Default::default()
    })]

    // The root that is kept is the one that is made anew, and a snapshot has all there is.
    #[test]
    fn whatever_comes_a_snapshot_after_every_entry_is_the_state(
        raws in proptest::collection::vec(
            (any::<u8>(), any::<u32>(), any::<u32>(), any::<u32>()), 1..150),
    ) {
        let mut priced = wild();
        for (choice, who, a, b) in raws {
            Draw::new(&priced.world.engine, (who, a, b)).act(choice, &mut priced);
        }
    }
}
