//! Whatever reporters say and traders do, through funding and an expiry: money is conserved, every
//! invariant holds after every entry, a refusal changes nothing, and a snapshot goes on the same.

use proptest::prelude::*;
use types::codec::Codec;
use types::{
    AccountId, Amount, At, Command, Entry, FundingSchedule, FundingTerms, IndexPrice, InstrumentId,
    Lots, MarkMethod, OrderKind, PlaceOrder, PricingTerms, Seq, Side, Svi, Ticks, Version,
};

use super::priced::{ANN, PERPETUAL, Priced, smile, terms};
use super::world::{EXPIRY, asset};
use crate::{Engine, VERSION_MAX};

type Raw = (u8, u32, u32, u32);

fn act(priced: &mut Priced, (choice, who, a, b): Raw) {
    let reporter = AccountId(1 + who % 5);
    let trader = AccountId(ANN.0 + who % 3);
    let wild = [1, 6_000, 59_000, 60_500, 61_000, 66_000, 90_000_000];
    let near = u64::from(59_950 + b % 100);
    match choice {
        0..=59 | 215..=255 => {
            let instrument = InstrumentId(a % 4);
            let side = if b.is_multiple_of(2) { Side::Bid } else { Side::Ask };
            let price = match instrument.0 {
                0 | 1 => 119_900 + (b >> 1) % 200,
                _ => 5 * ((b >> 1) % 9 + 1),
            };
            let kind = OrderKind::Limit { price: Ticks(price) };
            let lots = (b >> 9) % 90 + 1;
            let order = PlaceOrder { kind, ..Priced::order(trader, instrument, side, lots) };
            priced.world.apply(Command::PlaceOrder(order.into()));
        }
        60..=119 => {
            let at = At(priced.world.at.0 + u64::from(a % 240) * 1_000);
            priced.until(at, &[near; 5]);
        }
        120..=149 => {
            let report = priced.report_of(reporter, near);
            priced.send(report);
        }
        150..=161 => {
            let price = wild.into_iter().cycle().nth(usize::try_from(a % 7).unwrap_or(0));
            let report = priced.report_of(reporter, price.unwrap_or(1));
            priced.send(report);
        }
        162..=163 => {
            let mut report = priced.report_of(reporter, near);
            priced.send(report);
            report.price = IndexPrice(u64::from(a));
            priced.send(report);
        }
        164..=184 => {
            let svi = Svi { a: i64::from(a % 60_000), b: i64::from(b % 900_000), ..smile() };
            match (who >> 8) % 3 {
                0 => priced.surface(reporter, svi),
                _ => priced.surfaces(svi),
            };
        }
        185..=194 => {
            priced.world.at.0 += u64::from(a % 60_000);
            priced.world.apply(Command::Tick);
        }
        195..=198 => drop(priced.world.apply(Command::StartTerm)),
        199..=209 => {
            let amount = Amount(i64::from(b % 100_000_000));
            priced.world.apply(Command::Withdraw { account: trader, amount });
        }
        210..=211 => {
            let mut terms = terms(priced.base, priced.quote);
            terms.cap_ppm = a % 30_000;
            terms.seats.truncate(usize::try_from(b % 6).unwrap_or(5));
            priced.world.apply(Command::SetFeed(terms.into()));
        }
        212..=214 => {
            let (base, quote) = (asset(priced.base), asset(priced.quote));
            let price = IndexPrice(u64::from(a) * 1_000_000);
            priced.world.apply(Command::SettleDelivery { base, quote, expiry: EXPIRY, price });
        }
    }
}

/// Every premium costs something.
fn quick_pricing() -> PricingTerms {
    PricingTerms {
        mark: MarkMethod::MedianOfThree,
        impact: Lots(1),
        clamp_ppm: 5_000,
        funding: Some(FundingTerms {
            schedule: FundingSchedule::Continuous,
            damper_ppb: 0,
            cap_ppb: 50_000_000,
            interest_ppb: 0,
        }),
    }
}

fn check_goes_on(priced: &mut Priced) {
    let mut restored = Engine::from_bytes(&priced.world.engine.to_bytes()).expect("its own bytes");
    restored.check();
    assert_eq!(restored.root(), priced.world.engine.root(), "the root of a snapshot");
    let entry = Entry {
        seq: Seq(restored.seq().0 + 1),
        at: At(priced.world.at.0 + 700),
        command: Command::Tick,
    };
    let (mut events, mut again) = (std::vec::Vec::new(), std::vec::Vec::new());
    priced.world.engine.apply(&entry, &mut events);
    restored.apply(&entry, &mut again);
    assert_eq!(events, again, "a snapshot goes on the same");
    assert_eq!(restored.root(), priced.world.engine.root());
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..Default::default()
    })]

    // SUM-1 to SUM-3, FND-6 in `Engine::check`, SUM-5 in `World::apply`.
    #[test]
    fn money_is_conserved_through_funding_and_delivery(
        is_linear in any::<bool>(),
        raws in proptest::collection::vec(
            (any::<u8>(), any::<u32>(), any::<u32>(), any::<u32>()), 1..80),
        expires in any::<bool>(),
        rules in 1..=VERSION_MAX.0,
    ) {
        let mut priced = if is_linear { Priced::linear() } else { Priced::inverse() };
        for to in 2..=rules {
            priced.world.must(Command::Upgrade { to: Version(to) });
        }
        let terms = quick_pricing();
        priced.world.must(Command::SetPricing { instrument: PERPETUAL, terms });
        for raw in raws {
            act(&mut priced, raw);
        }
        check_goes_on(&mut priced);
        if expires {
            priced.until(At(EXPIRY.0 + 8_000), &[60_010; 5]);
            check_goes_on(&mut priced);
        }
    }
}
