//! Feeds, marks, funding and deliveries, from events that were written by hand.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;
use types::codec::Codec;
use types::{
    AccountId, Amount, At, Barrier, DeliveryCount, Event, FeedTerms, Health, HealthReason,
    Incentives, IndexId, IndexMethod, IndexPrice, InstrumentId, Kind, Label, LedgerAccount, Mark,
    OptionMark, PublicKey, Quorum, ReporterFault, Seat, SignedLots, Source, SourceId, Ticks,
    TransferReason,
};

use super::{BUYER, CALL, EXPIRY, FUTURE, PERPETUAL, SELLER, Script, asset};
use crate::limits::{FUNDING_HOURS_MAX, FUNDING_MINUTES_MAX, MARKS_MAX};
use crate::{Funding, InstrumentView, Life, View, Window};

const INDEX: IndexId = IndexId(0);
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;

fn terms() -> FeedTerms {
    FeedTerms {
        base: asset("BTC"),
        quote: asset("USD"),
        method: IndexMethod::CappedMedian,
        sources: vec![Source { name: Label::new("north").expect("short"), weight: 1 }],
        seats: vec![Seat { reporter: SELLER, source: SourceId(0) }],
        healthy: Quorum { reporters: 1, sources: 1 },
        degraded: Quorum { reporters: 1, sources: 1 },
        barrier: Barrier { reports: 3, sources: 1 },
        stale_ms: 10_000,
        ahead_ms: 1_000,
        cap_ppm: 5_000,
        spread_ppm: 20_000,
        confidence_ppm: 10_000,
        jump_ppm: 100_000,
        reporter_cap_ppm: 1_000_000,
        cross_check: None,
        incentives: Incentives {
            reward_per_hour: Amount(0),
            far_ppm: 25_000,
            far_ms: 60_000,
            far_slash_ppm: 50_000,
        },
    }
}

fn feed_set() -> Event {
    Event::FeedSet { index: INDEX, terms: Box::new(terms()) }
}

fn turned(to: Health, at: At) -> Event {
    let reason = HealthReason::BarrierPassed { reports: 3, sources: 1 };
    let price = IndexPrice(5);
    Event::FeedHealthChanged { index: INDEX, from: Health::Frozen, to, reason, price, at }
}

fn index_price(price: u64) -> Event {
    let (base, quote) = (asset("BTC"), asset("USD"));
    Event::IndexChanged { index: INDEX, base, quote, price: IndexPrice(price) }
}

fn moved(from: LedgerAccount, to: LedgerAccount, amount: i64, reason: TransferReason) -> Event {
    Event::Transferred { from, to, amount: Amount(amount), reason }
}

fn held(account: AccountId, instrument: InstrumentId, size: i64) -> Event {
    let (size, cost) = (SignedLots(size), Amount(0));
    Event::PositionChanged { account, instrument, size, cost }
}

fn priced(price: u64) -> Event {
    let samples = DeliveryCount { good: 450, due: 450 };
    let price = IndexPrice(price);
    Event::DeliveryPriced { index: INDEX, expiry: EXPIRY, price, samples, at: EXPIRY }
}

fn market(script: &Script, id: InstrumentId) -> &InstrumentView {
    script.view.instrument(id).expect("listed")
}

#[test]
fn a_feed_begins_frozen_and_turns_as_it_is_told() {
    let mut script = Script::new();
    assert_eq!(script.view.indexes()[0].health(), Health::Manual);
    script.push(feed_set());
    script.end_entry();
    let feed = script.view.indexes()[0].feed().expect("it was set");
    assert_eq!((feed.health, feed.reason), (Health::Frozen, HealthReason::Begun));
    assert_eq!(feed.since, At(2_000));
    script.push(turned(Health::Healthy, At(7)));
    script.push(feed_set());
    script.end_entry();
    let feed = script.view.indexes()[0].feed().expect("it was set");
    assert_eq!((feed.health, feed.since), (Health::Healthy, At(7)), "new terms change neither");
}

#[test]
fn a_reporter_has_its_last_key_and_what_is_left_of_its_stake() {
    let mut script = Script::new();
    for (byte, stake) in [(1, 100), (2, 250)] {
        let key = PublicKey([byte; 32]);
        script.push(Event::ReporterRegistered { account: SELLER, key, stake: Amount(stake) });
    }
    script.end_entry();
    let reporter = |script: &Script| *script.view.reporter(SELLER).expect("registered");
    assert_eq!(reporter(&script).key, PublicKey([2; 32]));
    for (fault, slashed, left, is_caught) in [
        (ReporterFault::Far { apart_ppm: 30_000, for_ms: 60_000 }, 50, 200, false),
        (ReporterFault::Equivocated { nonce: 4 }, 200, 0, true),
    ] {
        let slashed = Amount(slashed);
        script.push(Event::ReporterFaulted { account: SELLER, index: INDEX, fault, slashed });
        script.end_entry();
        let seen = reporter(&script);
        assert_eq!((seen.stake, seen.is_caught), (Amount(left), is_caught), "{fault:?}");
    }
    assert_eq!(script.view.reporter(BUYER), None);
}

#[test]
fn a_mark_comes_with_what_stands_behind_it_and_is_kept_once_a_minute() {
    let mut script = Script::new();
    let option = OptionMark { iv_ppm: 600_000, delta: 500_000_000, ..OptionMark::default() };
    for (mark, passed_ms) in [(300, 0), (310, 20_000), (320, 20_000), (330, 20_000)] {
        script.passed_ms += passed_ms;
        let option = Some(Box::new(option));
        let marks = vec![Mark { instrument: CALL, mark: Ticks(mark), option }];
        script.push(Event::MarksMade { index: INDEX, marks });
        script.end_entry();
    }
    let call = market(&script, CALL);
    assert_eq!((call.mark(), call.option()), (Some(Ticks(330)), Some(&option)));
    let all: Vec<_> = call.marks().over(At(0), At(u64::MAX)).collect();
    assert_eq!(all, [(At(0), Ticks(300)), (At(MINUTE_MS), Ticks(330))]);
    assert_eq!(call.marks().over(At(1), At(MINUTE_MS)).count(), 1);
    assert_eq!(call.marks().over(At(1), At(MINUTE_MS - 1)).count(), 0);

    script.push(Event::MarkChanged { instrument: CALL, mark: Ticks(7) });
    script.end_entry();
    let call = market(&script, CALL);
    assert_eq!((call.mark(), call.option()), (Some(Ticks(7)), None), "typed by the operator");

    for _ in 0..MARKS_MAX + 5 {
        script.passed_ms += MINUTE_MS;
        script.push(Event::MarkChanged { instrument: CALL, mark: Ticks(8) });
        script.end_entry();
    }
    assert_eq!(market(&script, CALL).marks().over(At(0), At(u64::MAX)).count(), MARKS_MAX);
}

fn accrued(funding: &mut Funding, at: u64, rate: i64, interest: i64) {
    funding.accrue(At(at), (rate, interest), IndexPrice(at));
}

#[test]
fn funding_adds_up_by_the_minute_and_by_the_hour() {
    let mut funding = Funding::default();
    let start = 100 * HOUR_MS;
    // Ten every minute, told a little after the minute is full, until 2 h 30 min.
    for minute in 1..=150 {
        accrued(&mut funding, start + minute * MINUTE_MS + 300, 80, 10);
    }
    let hours: Vec<_> = funding.hours().map(|hour| (hour.end.0, hour.interest_ppb)).collect();
    assert_eq!(hours, [(start + HOUR_MS, 600), (start + 2 * HOUR_MS, 600)]);
    assert_eq!(funding.hours().next().map(|hour| hour.index_price.0), Some(start + HOUR_MS + 300));
    assert_eq!(
        (funding.rate_ppb(), funding.total_ppb(), funding.this_hour_ppb()),
        (80, 1_500, 300)
    );
    let minute = |nth: u64| At(start + nth * MINUTE_MS);
    for (from, to, want) in
        [(0, 1, 10), (0, 60, 600), (1, 60, 590), (59, 61, 20), (0, 1_000, 1_500), (150, 151, 0)]
    {
        assert_eq!(funding.over_ppb(minute(from), minute(to)), want, "{from} to {to}");
    }
    assert_eq!(funding.over_8h_ppb(minute(150)), 1_500);
    assert_eq!(funding.over_8h_ppb(minute(540)), 900, "the first hour is more than 8 hours ago");
}

#[test]
fn what_a_silence_cost_stands_where_it_ended() {
    let mut funding = Funding::default();
    let start = 10 * HOUR_MS;
    accrued(&mut funding, start + MINUTE_MS, 80, 10);
    accrued(&mut funding, start + 3 * HOUR_MS + 90_000, -8, 1_000);
    let hours: Vec<_> =
        funding.hours().map(|hour| (hour.end.0 / HOUR_MS, hour.interest_ppb)).collect();
    assert_eq!(hours, [(11, 10)], "the hour of the second is not over");
    assert_eq!(funding.this_hour_ppb(), 1_000);
    // Funding that is paid by the hour is told at its end.
    accrued(&mut funding, start + 4 * HOUR_MS, -8, 1);
    assert_eq!(funding.hours().last().map(|hour| hour.interest_ppb), Some(1_001));
    assert_eq!(funding.this_hour_ppb(), 0);
}

#[test]
fn funding_keeps_a_day_of_minutes_and_a_month_of_hours() {
    let mut funding = Funding::default();
    for minute in 1..=60 * 800 {
        accrued(&mut funding, minute * MINUTE_MS, 1, 1);
        assert!(funding.minutes.len() <= FUNDING_MINUTES_MAX);
    }
    assert_eq!(funding.hours().count(), FUNDING_HOURS_MAX);
    assert_eq!(funding.total_ppb(), 48_000);
    let end = At(800 * HOUR_MS);
    assert_eq!(funding.over_ppb(At(0), end), 744 * 60, "nothing is counted twice or lost");
    assert_eq!(funding.over_ppb(At(end.0 - 90 * MINUTE_MS), end), 90);
    assert_eq!(funding.over_ppb(At(700 * HOUR_MS), At(710 * HOUR_MS)), 600);
}

#[test]
fn an_instrument_expires_waits_and_is_delivered() {
    let mut script = Script::new();
    script.push(feed_set());
    script.push(Event::MarkChanged { instrument: FUTURE, mark: Ticks(500) });
    for (account, size) in [(BUYER, 4), (SELLER, -4)] {
        script.push(held(account, FUTURE, size));
    }
    script.end_entry();
    assert_eq!(market(&script, FUTURE).life(script.view.at()), Life::Open);
    assert_eq!(script.view.expired(), []);
    script.passed_ms = EXPIRY.0;
    script.end_entry();
    assert_eq!(market(&script, FUTURE).life(script.view.at()), Life::Expired);
    assert_eq!(script.view.expired(), [FUTURE, CALL]);
    let samples = DeliveryCount { good: 3, due: 450 };
    script.push(Event::DeliveryDisputed { index: INDEX, expiry: EXPIRY, samples, at: EXPIRY });
    script.end_entry();
    assert_eq!(script.view.expired(), [], "that was the entry before");
    assert_eq!(script.view.indexes()[0].disputed(), [EXPIRY]);

    let clearing = LedgerAccount::Clearing(FUTURE);
    script.push(priced(77));
    script.push(moved(clearing, LedgerAccount::Collateral(BUYER), 9, TransferReason::Delivery));
    script.push(held(BUYER, FUTURE, 0));
    script.push(moved(LedgerAccount::Collateral(SELLER), clearing, 9, TransferReason::Delivery));
    script.push(held(SELLER, FUTURE, 0));
    for instrument in [FUTURE, CALL] {
        let (price, at) = (IndexPrice(77), EXPIRY);
        script.push(Event::InstrumentDelivered { instrument, price, at });
    }
    script.end_entry();

    let index = &script.view.indexes()[0];
    assert_eq!(index.delivery(EXPIRY).map(|it| (it.price.0, it.samples.good)), Some((77, 450)));
    assert_eq!(index.disputed(), []);
    let future = market(&script, FUTURE);
    assert_eq!(future.life(script.view.at()), Life::Delivered);
    assert_eq!(future.delivered(), Some((IndexPrice(77), EXPIRY)));
    let settled: Vec<_> =
        script.view.settled().map(|it| (it.instrument, it.open_interest, it.mark.0)).collect();
    assert_eq!(settled, [(FUTURE, 4, 500), (CALL, 0, 0)]);
    let seller = script.view.account(SELLER).expect("opened");
    assert_eq!((seller.balance(), seller.realised()), (Amount(-9), (Amount(-9), Amount(0))));
    let row = seller.settlements().next().expect("it was settled");
    assert_eq!(
        (row.instrument, row.position, row.index_price),
        (Some(FUTURE), SignedLots(-4), IndexPrice(77))
    );
    assert_eq!((row.amount, row.mark, row.balance), (Amount(-9), Ticks(500), Amount(-9)));
}

#[test]
fn what_expired_before_is_not_told_again() {
    let mut script = Script::new();
    let next = InstrumentId(3);
    let kind = Kind::Future { expiry: EXPIRY.plus_ms(At::DAY) };
    let spec = Box::new(types::Instrument { kind, ..super::perpetual() });
    let at = At(2_000);
    script.push(Event::InstrumentListed { instrument: next, index: INDEX, at, spec });
    script.end_entry();
    for (passed_ms, expired) in
        [(EXPIRY.0, [FUTURE, CALL].as_slice()), (0, &[]), (At::DAY, &[next]), (At::DAY, &[])]
    {
        script.passed_ms += passed_ms;
        script.end_entry();
        assert_eq!(script.view.expired(), expired);
    }
}

#[test]
fn funding_that_moves_is_the_positions_and_no_trades() {
    let mut script = Script::new();
    let nth = script.place(types::Side::Ask, 101, 5, None);
    script.rest(nth);
    script.take(0, 5);
    for (account, size) in [(BUYER, 5), (SELLER, -5)] {
        script.push(held(account, PERPETUAL, size));
    }
    script.push(moved(
        LedgerAccount::Collateral(BUYER),
        LedgerAccount::Fees,
        5,
        TransferReason::Fee,
    ));
    script.end_entry();
    let pool = LedgerAccount::Funding(PERPETUAL);
    script.push(moved(LedgerAccount::Collateral(BUYER), pool, 3, TransferReason::Funding));
    script.push(moved(pool, LedgerAccount::Collateral(SELLER), 2, TransferReason::Funding));
    script.push(moved(pool, LedgerAccount::Fees, 1, TransferReason::Residue));
    script.end_entry();
    let buyer = script.view.account(BUYER).expect("opened");
    assert_eq!(buyer.trades().next_back().map(|own| own.change), Some(Amount(-5)));
    assert_eq!(buyer.position(PERPETUAL).funding, Amount(-3));
    assert_eq!((buyer.balance(), buyer.realised().0), (Amount(-8), Amount(-3)));
    let row = buyer.settlements().next().expect("it was settled");
    assert_eq!((row.reason, row.position), (TransferReason::Funding, SignedLots(5)));
    let seller = script.view.account(SELLER).expect("opened");
    assert_eq!(seller.position(PERPETUAL).funding, Amount(2));
    assert_eq!(buyer.movements().count() + seller.movements().count(), 0);
}

#[test]
fn stakes_and_rewards_are_told_apart_from_deposits() {
    let mut script = Script::new();
    let own = LedgerAccount::Collateral(SELLER);
    script.push(moved(LedgerAccount::Outside, own, 100, TransferReason::Deposit));
    script.push(moved(own, LedgerAccount::Stake(SELLER), 60, TransferReason::Stake));
    script.push(moved(LedgerAccount::Fees, own, 7, TransferReason::Reward));
    script.end_entry();
    let seller = script.view.account(SELLER).expect("opened");
    let rows: Vec<_> =
        seller.settlements().map(|it| (it.reason, it.amount.0, it.balance.0)).collect();
    assert_eq!(rows, [(TransferReason::Stake, -60, 40), (TransferReason::Reward, 7, 47)]);
    assert_eq!(seller.movements().count(), 1);
}

#[test]
fn the_expected_delivery_price_is_the_samples_and_the_rest_at_the_index() {
    let mut window = Window::new(EXPIRY);
    let opens = Window::opens_at(EXPIRY);
    assert_eq!(window.expected(IndexPrice(60_500)), IndexPrice(60_500));
    // DLV-6: twenty minutes at 60 100, then 60 500.
    for slot in 0..300 {
        let at = opens.plus_ms(4_000 * slot);
        window.sample(Some(IndexPrice(6_010_000)), at);
        window.sample(Some(IndexPrice(1)), at.plus_ms(3_999));
    }
    assert_eq!(window.expected(IndexPrice(6_050_000)), IndexPrice(6_023_333));
    assert_eq!(window.slots(), (150, 450));
    // A slot without a good price is due and does not count.
    window.sample(None, opens.plus_ms(4_000 * 300));
    assert_eq!((window.slots().0, window.good), (149, 300));
    for slot in 301..3_000 {
        window.sample(Some(IndexPrice(6_010_000)), opens.plus_ms(4_000 * slot));
    }
    assert_eq!(window.good, 449, "at expiry there were enough");
    assert_eq!(window.expected(IndexPrice(9)), IndexPrice(6_010_000));
}

#[test]
fn windows_open_for_indexes_with_feeds_and_close_with_the_price() {
    let mut script = Script::new();
    script.push(index_price(100));
    script.passed_ms = EXPIRY.0 - 20 * MINUTE_MS;
    script.end_entry();
    assert_eq!(script.view.indexes()[0].window(EXPIRY), None, "the operator types this one");
    script.push(feed_set());
    script.push(turned(Health::Healthy, At(1)));
    script.passed_ms += 4_000;
    script.end_entry();
    script.push(turned(Health::Degraded, At(2)));
    script.push(index_price(900));
    script.passed_ms += 4_000;
    script.end_entry();
    let index = &script.view.indexes()[0];
    let window = *index.window(EXPIRY).expect("it is within half an hour");
    assert_eq!((window.expiry(), window.good, window.sum), (EXPIRY, 1, 100));
    assert_eq!(index.expected(EXPIRY), Some(window.expected(IndexPrice(900))));
    assert_eq!(index.expected(At(5)), Some(IndexPrice(900)), "no such expiry: the index");
    script.push(priced(77));
    script.end_entry();
    assert_eq!(script.view.indexes()[0].window(EXPIRY), None);
}

/// One event of each kind, with numbers that vary.
fn event(kind: u8, n: u64) -> Event {
    let signed = i64::try_from(n).expect("small");
    let (health, fault) = match n % 3 {
        0 => (Health::Healthy, ReporterFault::Equivocated { nonce: n }),
        1 => (Health::Degraded, ReporterFault::Far { apart_ppm: 1, for_ms: n }),
        _ => (Health::Frozen, ReporterFault::Far { apart_ppm: 2, for_ms: n }),
    };
    let (buyer, seller) = (LedgerAccount::Collateral(BUYER), LedgerAccount::Collateral(SELLER));
    let (mark, option) = (Ticks(7), OptionMark { iv_ppm: 9, theta: -signed, ..Default::default() });
    let instrument = if n.is_multiple_of(2) { FUTURE } else { CALL };
    let samples = DeliveryCount { good: 3, due: 4 };
    match kind {
        0 => feed_set(),
        1 => turned(health, At(n)),
        2 => index_price(1 + n),
        3 => {
            let (key, stake) = (PublicKey([9; 32]), Amount(signed));
            Event::ReporterRegistered { account: SELLER, key, stake }
        }
        4 => {
            let slashed = Amount(signed % 7);
            Event::ReporterFaulted { account: SELLER, index: INDEX, fault, slashed }
        }
        5 => {
            let option = (instrument == CALL).then(|| Box::new(option));
            Event::MarksMade { index: INDEX, marks: vec![Mark { instrument, mark, option }] }
        }
        6 => Event::FundingAccrued {
            instrument: PERPETUAL,
            rate_ppb: signed,
            interest_ppb: signed - 50,
            index_price: IndexPrice(n),
            at: At(n * MINUTE_MS),
        },
        7 => moved(buyer, LedgerAccount::Funding(PERPETUAL), 1 + signed, TransferReason::Funding),
        8 => moved(LedgerAccount::Clearing(CALL), seller, 1 + signed, TransferReason::Delivery),
        9 => Event::DeliveryDisputed { index: INDEX, expiry: EXPIRY, samples, at: At(n) },
        10 => priced(1 + n),
        11 => {
            let price = IndexPrice(1 + n);
            Event::InstrumentDelivered { instrument, price, at: At(n) }
        }
        _ => held(BUYER, PERPETUAL, signed),
    }
}

fn play(view: &mut View, steps: &[(u8, u64, bool)], start: u64) {
    let mut at = At(start);
    for (kind, n, is_long) in steps {
        at = at.plus_ms(if *is_long { EXPIRY.0 / 8 } else { 1_500 });
        view.apply(view.seq().next(), at, &[event(*kind, *n)]);
    }
}

proptest! {
    #[test]
    fn a_view_of_prices_from_its_bytes_goes_on_as_it_would(
        steps in proptest::collection::vec((0..13_u8, 0..100_u64, any::<bool>()), 1..40),
        more in proptest::collection::vec((0..13_u8, 0..100_u64, any::<bool>()), 1..20),
    ) {
        let mut view = Script::new().view;
        view.apply(types::Seq(2), At(2_000), &[feed_set()]);
        play(&mut view, &steps, 2_000);
        let bytes = view.to_bytes();
        let mut restored = View::from_bytes(&bytes).expect("what was encoded is decoded");
        prop_assert!(restored.to_bytes() == bytes, "the same bytes");
        let now = view.at().0;
        play(&mut view, &more, now);
        play(&mut restored, &more, now);
        prop_assert_eq!(view.expired(), restored.expired());
        prop_assert!(restored.to_bytes() == view.to_bytes(), "the same view");
    }

    #[test]
    fn damaged_bytes_of_prices_are_refused_or_are_a_view_that_can_be_asked(
        steps in proptest::collection::vec((0..13_u8, 0..100_u64, any::<bool>()), 1..20),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut view = Script::new().view;
        view.apply(types::Seq(2), At(2_000), &[feed_set()]);
        play(&mut view, &steps, 2_000);
        let mut bytes = view.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(view) = View::from_bytes(&bytes) {
            let now = view.at();
            let lives = view.instruments().iter().filter(|one| one.life(now) == Life::Open);
            let funding = view.instruments().iter().filter_map(InstrumentView::funding);
            let sums: i64 = funding.fold(0, |sum, it| sum.saturating_add(it.over_8h_ppb(now)));
            let expected = view.indexes().iter().filter_map(|index| index.expected(EXPIRY));
            prop_assert!(lives.count() + expected.count() <= 8, "{}", sums);
        }
    }
}
