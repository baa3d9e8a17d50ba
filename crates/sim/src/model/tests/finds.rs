//! What the model found that the engine did against `docs/rules`, each in its smallest case.

use engine::Engine;
use types::{
    Amount, At, Command, Entry, Event, InstrumentId, LedgerAccount, Lots, OrderKind, PlaceOrder,
    PriceReport, Seq, Side, Signature, SignedReport, Ticks, TransferReason,
};

use super::listings::{N_REPORTERS, pricing};
use super::world::World;

const PERPETUAL: InstrumentId = InstrumentId(0);

/// An engine whose time is said with each command.
struct Bare(Engine);

impl Bare {
    fn apply(&mut self, at: At, command: Command) -> Vec<Event> {
        let entry = Entry { seq: Seq(self.0.seq().0 + 1), at, command };
        let mut events = Vec::new();
        self.0.apply(&entry, &mut events);
        assert!(!matches!(events.as_slice(), [Event::Refused(_)]), "{events:?}");
        events
    }

    fn report(&mut self, at: At, report: &PriceReport) {
        let report = PriceReport { source_at: at, ..*report };
        let signature = Signature([0; 64]);
        self.apply(at, Command::ReportPrice(SignedReport { report, signature }.into()));
    }
}

fn limit(account: u32, side: Side, price: u32, lots: u32) -> Command {
    let kind = OrderKind::Limit { price: Ticks(price) };
    let account = types::AccountId(account);
    Command::PlaceOrder(PlaceOrder::new(account, PERPETUAL, side, kind, Lots(lots)).into())
}

/// A perpetual that stands above its index, with a position of five bitcoin.
fn world(rules: u32) -> World {
    let mut world = World::by_rules(rules, 1, false);
    world.must(Command::SetPricing { instrument: PERPETUAL, terms: pricing(false) });
    world.must(limit(13, Side::Ask, 120_000, 5_000));
    world.must(limit(9, Side::Bid, 120_000, 5_000));
    world.must(limit(13, Side::Ask, 120_600, 50));
    world.must(limit(9, Side::Bid, 120_500, 50));
    for _ in 0..60 {
        world.second(true);
    }
    world
}

/// What the long pays until a second in which the index rises by 1 % ten milliseconds before its
/// end, with ticks in it at these moments, by these rules.
fn paid(rules: u32, ticks: &[u64]) -> Amount {
    let mut world = world(rules);
    let began = world.at;
    let cents = world.cents * 101 / 100;
    let reports: Vec<PriceReport> =
        (1..=N_REPORTERS).map(|reporter| world.report(reporter, cents)).collect();
    let mut bare = Bare(world.engine);
    for at in ticks.iter().map(|ms| began.plus_ms(*ms)) {
        bare.apply(at, Command::Tick);
    }
    let late = began.plus_ms(990);
    reports.iter().for_each(|report| bare.report(late, report));
    let end = began.plus_ms(1_000);
    bare.apply(end, Command::Tick);
    bare.apply(end, limit(6, Side::Bid, 120_600, 1));
    let events = bare.apply(end, limit(9, Side::Bid, 120_600, 1));
    let told = events.iter().find_map(|event| match event {
        Event::Transferred { from, amount, reason: TransferReason::Funding, .. } => {
            let is_payer = *from == LedgerAccount::Collateral(types::AccountId(9));
            is_payer.then_some(*amount)
        }
        _ => None,
    });
    told.expect("the long pays")
}

/// FND-5: what stood during an interval decides, however often one looked in between. Before
/// version 3 a report moved index and mark without accruing what stood until then, so that the next
/// tick charged the whole time since the last one by what stood at its end.
#[test]
fn fnd_5_funding_of_a_second_does_not_depend_on_how_often_one_looked() {
    assert_eq!(paid(3, &[]), paid(3, &[989]));
    assert_eq!(paid(3, &[]), paid(3, &[1, 500, 989]));
    let (once, twice) = (paid(2, &[]), paid(2, &[989]));
    assert!(twice < once, "an old log keeps its meaning: {once} with one look, {twice} with two");
}
