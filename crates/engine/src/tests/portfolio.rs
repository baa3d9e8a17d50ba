//! Portfolio margin: hedges count, orders count as they would hurt most, and the model changes only
//! for who can carry it. [`World::apply`] compares with a full sweep after every entry.

use std::boxed::Box;
use std::vec::Vec;

use types::codec::Codec;
use types::{
    AccountId, Amount, BackstopTerms, Command, Event, InstrumentId, MarginModel, OrderKind,
    PlaceOrder, PortfolioTerms, Reject, RiskFault, Side, Tail, Ticks, Version,
};

use super::priced::{ANN, BOB, CALL, CAT, FUTURE, PERPETUAL, PUT, Priced, REPORTERS, smile};
use super::world::asset;
use crate::Engine;

/// Deribit's grid with Paradex' weights (venue.md §2.9.2).
pub fn usual() -> PortfolioTerms {
    let tails = [
        (-660_000, 240_000),
        (-330_000, 480_000),
        (500_000, 320_000),
        (1_000_000, 160_000),
        (2_000_000, 80_000),
        (3_000_000, 53_300),
        (4_000_000, 40_000),
        (5_000_000, 32_000),
    ];
    let tail = |(move_ppm, weight_ppm)| Tail { move_ppm, weight_ppm };
    PortfolioTerms {
        range_ppm: 160_000,
        steps: 4,
        vol_up_ppm: 500_000,
        vol_down_ppm: 250_000,
        near_power_ppm: 300_000,
        far_power_ppm: 130_000,
        tails: tails.map(tail).to_vec(),
        maintenance_ppm: 800_000,
        future_initial_ppm: 10_000,
        future_maintenance_ppm: 6_000,
        short_initial_ppm: 5_000,
        short_maintenance_ppm: 3_000,
    }
}

impl Priced {
    /// Surfaces, the usual scenarios, and a grid.
    pub fn scenarios(&mut self) {
        self.surfaces(smile());
        let (base, quote) = (asset(self.base), asset(self.quote));
        self.world.must(Command::SetPortfolio { base, quote, terms: usual().into() });
        self.seconds(1, &[60_000; 5]);
    }

    pub fn model(&mut self, account: AccountId, model: MarginModel) -> Vec<Event> {
        self.world.apply(Command::SetMarginModel { account, model })
    }

    fn needs(&self, account: AccountId) -> (i64, i64) {
        let margin = self.world.engine.margin_of(account);
        (margin.initial.0, margin.maintenance.0)
    }

    /// Goes by these rules from here on.
    fn rules(&mut self, version: u32) {
        let first = self.world.engine.version().0 + 1;
        (first..=version).for_each(|to| self.world.must(Command::Upgrade { to: Version(to) }));
    }

    fn free(&self, account: AccountId) -> i64 {
        let margin = self.world.engine.margin_of(account);
        margin.equity.0 - margin.initial.0
    }

    /// An order at a price; was it taken?
    fn asks(
        &mut self,
        account: AccountId,
        instrument: InstrumentId,
        (side, lots, price): (Side, u32, u32),
        reduce_only: bool,
    ) -> bool {
        let kind = OrderKind::Limit { price: Ticks(price) };
        let order = Priced::order(account, instrument, side, lots);
        let order = PlaceOrder { kind, reduce_only, ..order };
        let events = self.world.apply(Command::PlaceOrder(order.into()));
        match events.as_slice() {
            [Event::Refused(reject)] => {
                assert!(matches!(**reject, Reject::MarginInsufficient { .. }), "{reject}");
                false
            }
            _ => true,
        }
    }

    fn rest(&mut self, account: AccountId, instrument: InstrumentId, side: Side, lots: u32) {
        let market = self.world.engine.markets.at(instrument.0);
        let mark = market.mark.0;
        let price = Ticks(if side == Side::Bid { mark - mark / 20 } else { mark + mark / 20 });
        let price = if side == Side::Bid { market.snap_down(price) } else { market.snap_up(price) };
        let kind = OrderKind::Limit { price };
        let order = PlaceOrder { kind, ..Priced::order(account, instrument, side, lots) };
        self.world.must(Command::PlaceOrder(order.into()));
    }
}

// 100 000 USD long of the perpetual and short of the future lose in no scenario: what is left is
// the share of both values, 1 % and 0.6 % of 2 × 1.6667 BTC.
#[test]
fn pm_5_a_hedge_needs_only_what_is_beside_the_scenarios() {
    let mut priced = Priced::inverse();
    priced.scenarios();
    priced.trade((ANN, BOB), PERPETUAL, (10_000, 120_000));
    priced.trade((BOB, ANN), FUTURE, (10_000, 120_000));
    let standard = priced.needs(ANN);
    priced.model(ANN, MarginModel::Portfolio);
    let beside = |ppm: i64| 2 * ((166_666_667 * ppm + 999_999) / 1_000_000);
    assert_eq!(priced.needs(ANN), (beside(10_000), beside(6_000)));
    assert!(priced.needs(ANN).0 * 2 <= standard.0, "standard margin adds both: {standard:?}");
}

// The worst for a long perpetual is -66 %, of which 24 % count: U (1/P' - 1/P) · 0.24. The core
// grid's -16 % is U (1/0.84 - 1) / P = 0.190 U/P, the tail's (1/0.34 - 1) · 0.24 = 0.466 U/P.
#[test]
fn pm_4_a_long_inverse_perpetual_needs_its_worst_scenario() {
    let mut priced = Priced::inverse();
    priced.scenarios();
    priced.trade((ANN, BOB), PERPETUAL, (600, 120_000));
    priced.model(ANN, MarginModel::Portfolio);
    let value = 10_000_000_i64;
    let worst = 4_658_823;
    let expected = (worst + value / 100, worst * 8 / 10 + value * 6 / 1_000);
    let (initial, maintenance) = priced.needs(ANN);
    assert!((initial - expected.0).abs() <= 2, "{initial} and {expected:?}");
    assert!((maintenance - expected.1).abs() <= 2, "{maintenance} and {expected:?}");
}

// A covered call: the future offsets the option, the option's value is equity, and closing needs
// nothing more.
#[test]
fn pm_4_orders_count_as_they_would_hurt_most() {
    let mut priced = Priced::linear();
    priced.scenarios();
    priced.trade((ANN, BOB), PERPETUAL, (1_000, 120_000));
    priced.model(ANN, MarginModel::Portfolio);
    let (alone, _) = priced.needs(ANN);
    priced.rest(ANN, FUTURE, Side::Ask, 500);
    let (hedging, _) = priced.needs(ANN);
    priced.rest(ANN, FUTURE, Side::Bid, 500);
    let (both, maintenance) = priced.needs(ANN);
    // A sale that hedges is never filled in the scenario that hurts: only its share is added.
    assert!(alone < hedging && hedging < alone + alone / 10, "{alone} then {hedging}");
    assert!(hedging + alone / 3 < both, "a purchase makes it worse: {both}");
    let again = priced.needs(ANN).1;
    assert_eq!(maintenance, again, "orders do not count for staying");
}

#[test]
fn pm_6_what_has_no_grid_needs_what_standard_margin_asks_for() {
    let mut priced = Priced::inverse();
    priced.surfaces(smile());
    priced.trade((ANN, BOB), CALL, (20, 20));
    priced.trade((CAT, BOB), PUT, (20, 20));
    priced.trade((ANN, BOB), PERPETUAL, (600, 120_000));
    for account in [ANN, BOB] {
        let engine = &priced.world.engine;
        let (standard, value) = (engine.margin_of(account), engine.sums(account).options_value);
        priced.model(account, MarginModel::Portfolio);
        let portfolio = priced.world.engine.margin_of(account);
        let spare = |margin: &types::MarginSnapshot| margin.equity.0 - margin.initial.0;
        assert_eq!(spare(&standard), spare(&portfolio), "{account}");
        assert_eq!(i128::from(portfolio.equity.0 - standard.equity.0), value);
    }
}

#[test]
fn pm_7_a_model_is_taken_only_by_who_can_carry_it() {
    let mut priced = Priced::inverse();
    priced.scenarios();
    let poor = priced.world.fund(2_000_000);
    priced.trade((poor, BOB), PERPETUAL, (5_000, 120_000));
    let root = priced.world.engine.root();
    let refused = priced.model(poor, MarginModel::Portfolio);
    let [Event::Refused(reject)] = refused.as_slice() else {
        panic!("{refused:?}");
    };
    assert!(matches!(**reject, Reject::MarginInsufficient { .. }), "{reject}");
    assert_eq!(priced.world.engine.root(), root, "a refusal changes nothing");
    assert_eq!(priced.world.engine.model(poor), MarginModel::Standard);

    let taken = priced.model(ANN, MarginModel::Portfolio);
    assert!(matches!(taken.as_slice(), [Event::MarginModelSet { .. }]), "{taken:?}");
    assert_ne!(priced.world.engine.root(), root, "the root knows the model");
    priced.model(ANN, MarginModel::Standard);
    assert_eq!(priced.world.engine.root(), root, "and forgets it");

    // A frozen index: the model stays.
    priced.trade((ANN, BOB), PERPETUAL, (1, 120_000));
    priced.seconds(12, &[0; 5]);
    let refused = priced.model(ANN, MarginModel::Portfolio);
    assert!(matches!(refused.as_slice(), [Event::Refused(_)]), "{refused:?}");
}

#[test]
fn pm_1_scenarios_that_contradict_are_refused_and_unknown_pairs_too() {
    let mut priced = Priced::inverse();
    let (base, quote) = (asset("BTC"), asset("USD"));
    let terms = Box::new(PortfolioTerms { steps: 0, ..usual() });
    let refused = priced.world.apply(Command::SetPortfolio { base, quote, terms });
    let fault = RiskFault::Portfolio;
    assert_eq!(refused, [Event::Refused(Reject::RiskTermsContradict { fault }.into())]);
    let (quote, terms) = (asset("EUR"), Box::new(usual()));
    let refused = priced.world.apply(Command::SetPortfolio { base, quote, terms });
    assert_eq!(refused, [Event::Refused(Reject::IndexNotFound { base, quote }.into())]);
}

// Long puts beside a perpetual that is long: they are the hedge, so the perpetual goes first, and
// the account ends above its maintenance margin, without debts.
#[test]
fn pm_8_a_liquidation_frees_margin_and_keeps_the_hedge() {
    let mut priced = Priced::inverse();
    priced.scenarios();
    let poor = priced.world.fund(5_100_000);
    priced.trade((poor, BOB), PERPETUAL, (1_200, 120_000));
    priced.trade((poor, BOB), PUT, (1, 20));
    priced.model(poor, MarginModel::Portfolio);
    priced.rest(BOB, PERPETUAL, Side::Bid, 50_000);
    let events = priced.seconds(30, &[54_500; 5]);
    let reduced: Vec<InstrumentId> = events
        .iter()
        .filter_map(|event| match event {
            Event::LiquidationStepped(step) if step.account == poor => match step.action {
                types::LiquidationAction::Reduced { instrument, .. } => Some(instrument),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(reduced.first(), Some(&PERPETUAL), "{events:?}");
    let margin = priced.world.engine.margin_of(poor);
    assert!(margin.maintenance <= margin.equity && Amount::ZERO <= margin.equity, "{margin:?}");
}

/// Long the perpetual and short the future, by as much: no price loses it anything, so that closing
/// one of them frees nothing. It has 12 000 USDC, and what is needed beside the scenarios comes to
/// be 12 % of 2 × 60 000.
fn hedged(rules: u32) -> (Priced, AccountId) {
    let mut priced = Priced::linear();
    priced.scenarios();
    priced.rules(rules);
    let poor = priced.world.fund(12_000_000_000);
    priced.model(poor, MarginModel::Portfolio);
    priced.trade((poor, BOB), PERPETUAL, (1_000, 120_000));
    priced.trade((BOB, poor), FUTURE, (1_000, 120_000));
    let (base, quote) = (asset(priced.base), asset(priced.quote));
    let (future_initial_ppm, future_maintenance_ppm) = (150_000, 120_000);
    let terms = PortfolioTerms { future_initial_ppm, future_maintenance_ppm, ..usual() };
    priced.world.must(Command::SetPortfolio { base, quote, terms: terms.into() });
    (priced, poor)
}

fn sizes(priced: &Priced, account: AccountId) -> [i64; 2] {
    let of = |instrument| {
        let holding = priced.world.engine.accounts.at(account.0).holding(instrument);
        holding.map_or(0, |holding| priced.world.engine.holdings.at(holding).size.0)
    };
    [of(PERPETUAL), of(FUTURE)]
}

// Through the book, at the same share of each, so that they hedge each other all the while.
#[test]
fn pm_8_positions_that_hedge_each_other_are_reduced_together() {
    let (mut priced, poor) = hedged(4);
    assert_eq!(sizes(&priced, poor), [1_000, -1_000]);
    let mark = |priced: &Priced, of: InstrumentId| priced.world.engine.markets.at(of.0).mark.0;
    let (bid, ask) = (mark(&priced, PERPETUAL) - 20, mark(&priced, FUTURE) + 20);
    assert!(priced.asks(CAT, PERPETUAL, (Side::Bid, 5_000, bid), false));
    assert!(priced.asks(CAT, FUTURE, (Side::Ask, 200, ask), false));
    let events = priced.seconds(2, &[60_000; 5]);
    let [long, short] = sizes(&priced, poor);
    assert_eq!((long, short), (850, -850), "half of what the future's book shows: {events:?}");
    assert!(priced.asks(CAT, FUTURE, (Side::Ask, 5_000, ask), false));
    priced.seconds(5, &[60_000; 5]);
    let [long, short] = sizes(&priced, poor);
    let margin = priced.world.engine.margin_of(poor);
    assert!(long == -short && 0 < long && long < 850, "{long} and {short}");
    assert!(margin.maintenance <= margin.equity, "{margin:?}");
    assert!(!priced.world.engine.is_liquidating());
}

// Where there is no book, at the mark; by older rules nothing was found to close.
#[test]
fn pm_8_without_a_book_positions_that_hedge_each_other_are_closed_at_the_mark() {
    let (mut priced, poor) = hedged(4);
    priced.seconds(10, &[60_000; 5]);
    let [long, short] = sizes(&priced, poor);
    assert!(long == -short && 500 < long && long < 700, "{long} and {short}");
    assert!(!priced.world.engine.is_liquidating());

    let (mut old, poor) = hedged(3);
    old.seconds(10, &[60_000; 5]);
    assert_eq!(sizes(&old, poor), [1_000, -1_000]);
    assert!(old.world.engine.is_liquidating());
}

#[test]
fn pm_2_a_snapshot_has_the_grid_and_goes_on_the_same() {
    let mut priced = Priced::linear();
    priced.scenarios();
    priced.trade((ANN, BOB), CALL, (30, 30));
    priced.trade((BOB, ANN), PERPETUAL, (100, 120_000));
    priced.model(ANN, MarginModel::Portfolio);
    priced.seconds(2, &[60_300; 5]);
    let report = priced.report_of(REPORTERS[0], 60_400);
    priced.send(report);
    let engine = &mut priced.world.engine;
    let mut restored = Engine::from_bytes(&engine.to_bytes()).expect("its own bytes");
    restored.check();
    assert_eq!(restored.root(), engine.root());
    assert_eq!(restored.margin_of(ANN), engine.margin_of(ANN));
    assert_eq!(restored.model(ANN), MarginModel::Portfolio);
}

// Ten long calls worth 1 250 USDC beside a short perpetual: sold for 50 they would leave less than
// the perpetual needs alone. Until version 3 they could be.
#[test]
fn pm_9_a_sale_of_an_option_holds_what_it_loses_of_its_value() {
    for (rules, is_taken) in [(3, true), (4, false)] {
        let mut priced = Priced::linear();
        priced.scenarios();
        priced.rules(rules);
        let poor = priced.world.fund(10_700_000_000);
        priced.trade((poor, BOB), CALL, (1_000, 25));
        priced.trade((BOB, poor), PERPETUAL, (1_000, 120_000));
        priced.model(poor, MarginModel::Portfolio);
        assert!(0 < priced.free(poor), "{rules}");
        assert!(priced.asks(CAT, CALL, (Side::Bid, 1_000, 1), false));
        assert_eq!(priced.asks(poor, CALL, (Side::Ask, 1_000, 1), false), is_taken, "{rules}");
        assert_eq!(priced.free(poor) < 0, is_taken, "version {rules}");
        if !is_taken {
            assert!(priced.asks(poor, CALL, (Side::Ask, 1_000, 24), false), "near the mark");
            assert!(0 <= priced.free(poor));
        }
    }
}

// Long a bitcoin of the perpetual, an open sale of as much, and one that only reduces, 1.5 % below
// the mark: what closing costs is what the open sale needs then (MAR-5).
#[test]
fn pm_9_what_pays_for_a_closing_is_needed_beside_other_orders() {
    for (rules, is_taken) in [(3, true), (4, false)] {
        let mut priced = Priced::linear();
        priced.scenarios();
        priced.rules(rules);
        let poor = priced.world.fund(10_290_000_000);
        priced.trade((poor, BOB), PERPETUAL, (1_000, 120_000));
        priced.model(poor, MarginModel::Portfolio);
        assert!(priced.asks(poor, PERPETUAL, (Side::Ask, 1_000, 126_000), false));
        assert!(priced.asks(CAT, PERPETUAL, (Side::Bid, 1_000, 118_200), false));
        let sale = (Side::Ask, 1_000, 118_200);
        assert_eq!(priced.asks(poor, PERPETUAL, sale, true), is_taken, "version {rules}");
        assert_eq!(priced.free(poor) < 0, is_taken, "version {rules}");
    }
}

// Whoever is short of money can close near the mark, also by the newest rules.
#[test]
fn pm_9_near_the_mark_a_closing_needs_nothing() {
    let mut priced = Priced::linear();
    priced.scenarios();
    priced.rules(4);
    let poor = priced.world.fund(10_300_000_000);
    priced.trade((poor, BOB), PERPETUAL, (1_000, 120_000));
    priced.model(poor, MarginModel::Portfolio);
    priced.seconds(2, &[59_000; 5]);
    let short = priced.free(poor);
    assert!(short < 0, "{short}");
    let mark = priced.world.engine.markets.at(PERPETUAL.0).mark.0;
    assert!(priced.asks(CAT, PERPETUAL, (Side::Bid, 1_000, mark - 600), false));
    assert!(priced.asks(poor, PERPETUAL, (Side::Ask, 1_000, mark - 600), true));
    assert!(short < priced.free(poor), "{}", priced.free(poor));
}

// What open orders hold is that of the model and the rules that are in force.
#[test]
fn pm_9_open_orders_hold_anew_with_the_model_and_with_the_rules() {
    let with_order = |rules| {
        let mut priced = Priced::linear();
        priced.scenarios();
        priced.rules(rules);
        priced.trade((ANN, BOB), PERPETUAL, (1_000, 120_000));
        assert!(priced.asks(ANN, PERPETUAL, (Side::Ask, 1_000, 118_200), true));
        priced
    };
    let mut old = with_order(3);
    let standard = old.needs(ANN).0;
    old.model(ANN, MarginModel::Portfolio);
    let before = old.needs(ANN).0;
    old.rules(4);
    let mut new = with_order(4);
    new.model(ANN, MarginModel::Portfolio);
    assert_eq!(new.needs(ANN), old.needs(ANN), "by the upgrade as by the change of the model");
    // 900 of loss and 30 of fee, less 1 % of 60 000.
    let held = new.needs(ANN).0 - before;
    assert!((held - 330_000_000).abs() <= 10, "{held}");
    new.model(ANN, MarginModel::Standard);
    assert_eq!(new.needs(ANN).0, standard, "and back");
}

// Short calls on 10 BTC, deep in the money: about 60 000 to buy back. A backstop is paid that, and
// counts the value of options as equity: it has no more by it.
#[test]
fn pm_9_a_backstop_takes_over_what_it_can_carry() {
    let offered = |rules, funds| {
        let mut priced = Priced::linear();
        priced.scenarios();
        priced.rules(rules);
        let (poor, backstop) = (priced.world.fund(92_000_000_000), priced.world.fund(funds));
        priced.model(backstop, MarginModel::Portfolio);
        let terms = BackstopTerms { capacity: Amount(i64::MAX / 4), share_ppm: 0 };
        priced.world.must(Command::OfferBackstop { account: backstop, terms });
        priced.trade((BOB, poor), CALL, (1_000, 25));
        let mut events = priced.seconds(4, &[63_000; 5]);
        events.extend(priced.seconds(12, &[66_000; 5]));
        let took = |event: &Event| match event {
            Event::LiquidationStepped(step) => {
                matches!(step.action, types::LiquidationAction::TakenOver { .. })
            }
            _ => false,
        };
        (events.iter().any(took), priced.free(backstop))
    };
    let ladder = || (10_000..=200_000).step_by(10_000).map(|funds| funds * 1_000_000);
    let exact: Vec<(bool, i64)> = ladder().map(|funds| offered(4, funds)).collect();
    assert!(exact.iter().all(|(took, free)| !took || 0 <= *free), "{exact:?}");
    let ends = [exact.first(), exact.last()].map(|one| one.expect("some").0);
    assert_eq!(ends, [false, true], "{exact:?}");
    let twice: Vec<(bool, i64)> = ladder().map(|funds| offered(3, funds)).collect();
    assert!(twice.iter().any(|(took, free)| *took && *free < 0), "by older rules: {twice:?}");
}

// 400 lots of reduce-only orders for 300: what they may close grows with the position, and what
// pays for that was needed before. Found by the simulator, seed 71392.
#[test]
fn pm_9_a_position_that_grew_needs_no_more_than_its_orders_did() {
    let mut priced = Priced::linear();
    priced.scenarios();
    priced.rules(4);
    priced.trade((BOB, ANN), PERPETUAL, (300, 120_000));
    priced.model(ANN, MarginModel::Portfolio);
    for _ in 0..2 {
        assert!(priced.asks(ANN, PERPETUAL, (Side::Bid, 200, 119_000), true));
    }
    assert!(priced.asks(ANN, PERPETUAL, (Side::Bid, 500, 118_000), false));
    assert!(priced.asks(ANN, PERPETUAL, (Side::Ask, 40, 120_000), false));
    let before = priced.needs(ANN).0;
    assert!(priced.asks(BOB, PERPETUAL, (Side::Bid, 40, 120_000), false));
    assert!(priced.needs(ANN).0 <= before, "{} after {before}", priced.needs(ANN).0);
}
