//! Liquidations on scripted logs, told in full: each text is what a trader would read.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};

use expect_test::{Expect, expect};
use replica::{Class, Config, Feed, Handle, Solo};
use tempfile::TempDir;
use types::{
    AccountId, Amount, Applied, AssetCode, At, BackstopTerms, Barrier, Command, Event, FeedTerms,
    Incentives, IndexMethod, IndexPrice, InstrumentId, Label, Lots, OrderKind, PlaceOrder,
    PostOnly, PriceReport, Proposal, PublicKey, Quorum, Seat, Seq, Side, Signature, SignedReport,
    Source, SourceId, Ticks, TimeInForce,
};

use super::{find, find_all, json, words};
use crate::cli::ExplainAccount;
use crate::{domains, genesis};

/// 25 November 2026, 09:00 UTC.
const NOW: u64 = 1_795_597_200_000;
const PERPETUAL: InstrumentId = InstrumentId(0);
/// Accounts 1 to 5 report, 6 to 9 trade.
const ANN: AccountId = AccountId(6);
const BOB: AccountId = AccountId(7);
const CAT: AccountId = AccountId(8);
const DAN: AccountId = AccountId(9);
const COIN: i64 = 100_000_000;

fn code(text: &str) -> AssetCode {
    AssetCode::new(text).expect("a code")
}

/// A replica that writes a log, and its clock.
struct Script {
    home: TempDir,
    clock: Arc<AtomicU64>,
    solo: Option<Solo>,
    replica: Handle,
    outcomes: Receiver<Applied>,
    nonce: u64,
}

impl Script {
    /// A perpetual of the built-in list, five reporters, four traders with a coin each; 60 000.
    fn new() -> Script {
        let home = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(AtomicU64::new(NOW));
        let (applied, outcomes) = channel();
        let sink = move |fed| {
            if let Feed::Applied(batch) = fed {
                applied.send(batch.into_inner()).expect("the test listens");
            }
        };
        let now = clock.clone();
        let now = move || At(now.load(Ordering::Relaxed));
        let config = Config::new(home.path().join("btc"), code("BTC"), 8);
        let (solo, _) = Solo::start(config, now, sink, &mut |_| ()).expect("an empty directory");
        let replica = solo.handle();
        let mut script = Script { home, clock, solo: Some(solo), replica, outcomes, nonce: 0 };
        let perpetual = genesis::instrument("BTC-PERPETUAL").expect("a name");
        script.must(Command::ListInstrument(perpetual.into()));
        for account in (1..=9).map(AccountId) {
            script.must(Command::OpenAccount { account, parent: None });
            script.must(Command::Deposit { account, amount: Amount(COIN) });
        }
        for account in (1..=5).map(AccountId) {
            let (key, stake) = (PublicKey(signer(account).verifying_key().to_bytes()), Amount(1));
            script.must(Command::RegisterReporter { account, key, stake });
        }
        script.must(Command::SetFeed(terms().into()));
        script.seconds(3, [60_000; 5]);
        script
    }

    fn apply(&mut self, command: Command) -> Vec<Event> {
        self.replica.submit(Class::Order, Proposal { tag: 1, command }).expect("there is room");
        self.outcomes.recv().expect("it is applied").events
    }

    fn must(&mut self, command: Command) {
        let events = self.apply(command);
        assert!(!matches!(events.as_slice(), [Event::Refused(_)]), "refused: {events:?}");
    }

    /// `n` seconds: each reporter with a price says it, then a tick.
    fn seconds(&mut self, n: u64, prices: [u64; 5]) {
        for _ in 0..n {
            let at = At(self.clock.fetch_add(1_000, Ordering::Relaxed) + 1_000);
            for (reporter, price) in (1..).map(AccountId).zip(prices).filter(|(_, one)| 0 < *one) {
                self.nonce += 1;
                let report = PriceReport {
                    base: code("BTC"),
                    quote: code("USD"),
                    reporter,
                    source: SourceId(u8::try_from(reporter.0 - 1).expect("five")),
                    price: IndexPrice(price * IndexPrice::SCALE),
                    confidence: IndexPrice(0),
                    source_at: at,
                    nonce: self.nonce,
                };
                let signature =
                    ed25519_dalek::Signer::sign(&signer(reporter), &report.signed_bytes());
                let signature = Signature(signature.to_bytes());
                self.must(Command::ReportPrice(SignedReport { report, signature }.into()));
            }
            self.must(Command::Tick);
        }
    }

    fn place(&mut self, account: AccountId, side: Side, (lots, price): (u32, u32)) {
        self.must(Command::PlaceOrder(Box::new(PlaceOrder {
            account,
            instrument: PERPETUAL,
            side,
            // Half a dollar a tick.
            kind: OrderKind::Limit { price: Ticks(price * 2) },
            size: Lots(lots),
            display: None,
            time_in_force: TimeInForce::GoodTilCancelled,
            post_only: PostOnly::No,
            reduce_only: false,
            mmp: false,
            label: Label::default(),
            client_order_id: None,
            valid_until: None,
            session: None,
        })));
    }

    /// Ann keeps so many atoms and buys 40 000 USD from Bob at 60 000.
    fn lever(&mut self, atoms: i64) {
        self.must(Command::Withdraw { account: ANN, amount: Amount(COIN - atoms) });
        self.place(BOB, Side::Ask, (4_000, 60_000));
        self.place(ANN, Side::Bid, (4_000, 60_000));
    }

    /// Ends the log.
    fn end(mut self) -> TempDir {
        self.solo.take().expect("it runs").stop().expect("it stops cleanly");
        self.home
    }
}

fn signer(account: AccountId) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[u8::try_from(account.0).expect("five"); 32])
}

/// Healthy with four of five, frozen with fewer than three.
fn terms() -> FeedTerms {
    let names = ["alpha", "beta", "gamma", "delta", "epsilon"];
    let name = |name| Label::new(name).expect("short");
    let seats = (1..=5).map(AccountId).zip(0..);
    FeedTerms {
        base: code("BTC"),
        quote: code("USD"),
        method: IndexMethod::CappedMedian,
        sources: names.iter().map(|one| Source { name: name(one), weight: 1 }).collect(),
        seats: seats.map(|(reporter, nth)| Seat { reporter, source: SourceId(nth) }).collect(),
        healthy: Quorum { reporters: 4, sources: 4 },
        degraded: Quorum { reporters: 3, sources: 3 },
        barrier: Barrier { reports: 5, sources: 3 },
        stale_ms: 3_000,
        ahead_ms: 1_000,
        cap_ppm: 5_000,
        spread_ppm: 20_000,
        confidence_ppm: 10_000,
        jump_ppm: 100_000,
        reporter_cap_ppm: 300_000,
        cross_check: None,
        incentives: Incentives {
            reward_per_hour: Amount::ZERO,
            far_ppm: 25_000,
            far_ms: 60_000,
            far_slash_ppm: 50_000,
        },
    }
}

fn asked(home: &Path, account: AccountId, at: Option<u64>) -> ExplainAccount {
    ExplainAccount { account: account.0, data: home.to_owned(), domain: None, at, json: false }
}

/// What is told of an account, or why nothing is.
fn told(home: &TempDir, account: AccountId, at: Option<u64>) -> String {
    match find_all(&asked(home.path(), account, at)) {
        Ok(all) => all.iter().map(words::case).collect::<Vec<_>>().join("\n---\n"),
        Err(error) => format!("error: {error:#}"),
    }
}

fn check(home: &TempDir, account: AccountId, at: Option<u64>, expected: &Expect) {
    expected.assert_eq(&format!("{}\n", told(home, account, at)));
}

/// Orders go, the book takes what it can, a feed degrades meanwhile, and the account recovers.
fn through_the_book() -> TempDir {
    let mut script = Script::new();
    script.lever(2_200_000);
    script.place(CAT, Side::Bid, (6_000, 58_500));
    script.place(ANN, Side::Bid, (1, 55_000));
    script.seconds(3, [58_500; 5]);
    script.seconds(5, [58_500, 58_500, 58_500, 0, 0]);
    script.seconds(12, [58_500; 5]);
    script.end()
}

/// The price gaps through bankruptcy: the fund pays, then the one who won.
fn gap() -> TempDir {
    let mut script = Script::new();
    script.must(Command::FundInsurance { amount: Amount(1_000_000) });
    script.lever(2_200_000);
    script.seconds(3, [56_500; 5]);
    script.end()
}

/// Nobody buys: a backstop does.
fn no_book() -> TempDir {
    let mut script = Script::new();
    let terms = BackstopTerms { capacity: Amount(COIN), share_ppm: 100_000 };
    script.must(Command::OfferBackstop { account: DAN, terms });
    script.lever(2_200_000);
    script.seconds(8, [58_500; 5]);
    script.end()
}

#[test]
fn a_liquidation_through_the_book_is_told_in_full() {
    let home = through_the_book();
    check(
        &home,
        ANN,
        None,
        &expect![[r#"
        Account 6 was liquidated from entry 60, 2026-11-25 09:00:05.000 UTC to entry 110, 2026-11-25 09:00:15.000 UTC.

        Why
          Its equity of 0.00457264 BTC was below its maintenance margin of 0.00683761 BTC, by 0.00226497 BTC (LIQ-1).
          Equity is 0.02166666 BTC of cash and 0.01709402 BTC that its futures had lost at the mark.

        What it held
          BTC-PERPETUAL: long 40000, bought for 60000 on average; the mark was 58500, the index 58500
            profit at the mark -0.01709402 BTC, maintenance margin by itself 0.00683761 BTC
            so since entry 46, 2026-11-25 09:00:03.000 UTC, when the mark was 60000

        By which prices
          btc_usd was healthy at 58500, 5 of 5 seats live (LIQ-2); so since 2026-11-25 09:00:05.000 UTC: 5 fresh reports from 5 sources passed the barrier

        What was done
          1. entry 60, 2026-11-25 09:00:05.000 UTC
             Open orders go first: 1 cancelled (LIQ-3).
             Equity 0.00457264 BTC -> 0.00457264 BTC, maintenance margin 0.00683761 BTC -> 0.00683761 BTC.
          2. entry 60, 2026-11-25 09:00:05.000 UTC
             BTC-PERPETUAL needed most margin (LIQ-5).
             To have maintenance margin and 25 % again it had to sell 40000 (LIQ-6). A round closes at most 25 % of the position and 50 % of what the book shows down to 57330, which is 2 % from the mark of 58500; the index was 58500.
             The book showed 60000; sold 10000: 10000 at 58500.
             Fee of 0.5 % to the insurance fund: 0.00085471 BTC (LIQ-7).
             Equity 0.00457264 BTC -> 0.00363244 BTC, maintenance margin 0.00683761 BTC -> 0.00512821 BTC.
          3. entry 66, 2026-11-25 09:00:06.000 UTC
             BTC-PERPETUAL needed most margin (LIQ-5).
             To have maintenance margin and 25 % again it had to sell 30000 (LIQ-6). A round closes at most 25 % of the position and 50 % of what the book shows down to 57330, which is 2 % from the mark of 58500; the index was 58500.
             The book showed 50000; sold 7500: 7500 at 58500.
             Fee of 0.5 % to the insurance fund: 0.00064103 BTC (LIQ-7).
             Equity 0.00363244 BTC -> 0.0029273 BTC, maintenance margin 0.00512821 BTC -> 0.00384616 BTC.
          4. entry 70, 2026-11-25 09:00:07.000 UTC
             BTC-PERPETUAL needed most margin (LIQ-5).
             To have maintenance margin and 25 % again it had to sell 22500 (LIQ-6). A round closes at most 25 % of the position and 50 % of what the book shows down to 57330, which is 2 % from the mark of 58500; the index was 58500.
             The book showed 42500; sold 5620: 5620 at 58500.
             Fee of 0.5 % to the insurance fund: 0.00048035 BTC (LIQ-7).
             Equity 0.0029273 BTC -> 0.00239891 BTC, maintenance margin 0.00384616 BTC -> 0.00288548 BTC.
          5. entry 74, 2026-11-25 09:00:08.000 UTC
             BTC-PERPETUAL needed most margin (LIQ-5).
             To have maintenance margin and 25 % again it had to sell 16880 (LIQ-6). A round closes at most 25 % of the position and 50 % of what the book shows down to 57330, which is 2 % from the mark of 58500; the index was 58500.
             The book showed 36880; sold 4220: 4220 at 58500.
             Fee of 0.5 % to the insurance fund: 0.00036069 BTC (LIQ-7).
             Equity 0.00239891 BTC -> 0.00200214 BTC, maintenance margin 0.00288548 BTC -> 0.00216411 BTC.
          6. entry 75, 2026-11-25 09:00:09.000 UTC
             btc_usd went from healthy to degraded: 3 reporters and 3 sources are live: 4 and 4 are needed.
             Only a healthy price liquidates (LIQ-2).
          7. entry 95, 2026-11-25 09:00:13.000 UTC
             btc_usd went from degraded to healthy: 5 fresh reports from 5 sources passed the barrier.
             Only a healthy price liquidates (LIQ-2).
          8. entry 98, 2026-11-25 09:00:13.000 UTC
             BTC-PERPETUAL needed most margin (LIQ-5).
             To have maintenance margin and 25 % again it had to sell 12660 (LIQ-6). A round closes at most 25 % of the position and 50 % of what the book shows down to 57330, which is 2 % from the mark of 58500; the index was 58500.
             The book showed 32660; sold 3160: 3160 at 58500.
             Fee of 0.5 % to the insurance fund: 0.00027009 BTC (LIQ-7).
             Equity 0.00200214 BTC -> 0.00170503 BTC, maintenance margin 0.00216411 BTC -> 0.00162394 BTC.
          9. entry 104, 2026-11-25 09:00:14.000 UTC
             BTC-PERPETUAL needed most margin (LIQ-5).
             To have maintenance margin and 25 % again it had to sell 9500 (LIQ-6). A round closes at most 25 % of the position and 50 % of what the book shows down to 57330, which is 2 % from the mark of 58500; the index was 58500.
             The book showed 29500; sold 2370: 2370 at 58500.
             Fee of 0.5 % to the insurance fund: 0.00020257 BTC (LIQ-7).
             Equity 0.00170503 BTC -> 0.00148219 BTC, maintenance margin 0.00162394 BTC -> 0.00121881 BTC.
          10. entry 110, 2026-11-25 09:00:15.000 UTC
             BTC-PERPETUAL needed most margin (LIQ-5).
             To have maintenance margin and 25 % again it had to sell 7130 (LIQ-6). A round closes at most 25 % of the position and 50 % of what the book shows down to 57330, which is 2 % from the mark of 58500; the index was 58500.
             The book showed 27130; sold 1780: 1780 at 58500.
             Fee of 0.5 % to the insurance fund: 0.00015214 BTC (LIQ-7).
             Equity 0.00148219 BTC -> 0.00131482 BTC, maintenance margin 0.00121881 BTC -> 0.00091453 BTC.

        How it ended
          With entry 110, 2026-11-25 09:00:15.000 UTC equity of 0.00131482 BTC was above maintenance margin of 0.00091453 BTC by 25 % of it: it may trade again (LIQ-8).
          In all: 0.00296158 BTC of fees to the insurance fund, 0 BTC paid by the fund, 0 BTC given by others.

        Read up to entry 158; rules: docs/rules.
    "#]],
    );
}

#[test]
fn a_gap_through_bankruptcy_tells_who_paid_and_why() {
    let home = gap();
    check(
        &home,
        ANN,
        None,
        &expect![[r#"
            Account 6 was liquidated with entry 59, 2026-11-25 09:00:05.000 UTC.

            Why
              Its equity of -0.01963128 BTC was below its maintenance margin of 0.00707965 BTC, by 0.02671093 BTC (LIQ-1).
              Equity is 0.02166666 BTC of cash and 0.04129794 BTC that its futures had lost at the mark.

            What it held
              BTC-PERPETUAL: long 40000, bought for 60000 on average; the mark was 56500, the index 56500
                profit at the mark -0.04129794 BTC, maintenance margin by itself 0.00707965 BTC
                so since entry 47, 2026-11-25 09:00:03.000 UTC, when the mark was 60000

            By which prices
              btc_usd was healthy at 56500, 5 of 5 seats live (LIQ-2); so since 2026-11-25 09:00:05.000 UTC: 5 fresh reports from 5 sources passed the barrier

            What was done
              1. entry 59, 2026-11-25 09:00:05.000 UTC
                 More was lost than the account had: the insurance fund paid 0.01 BTC (INS-3).
                 Equity -0.01963128 BTC -> -0.00963128 BTC, maintenance margin 0.00707965 BTC -> 0.00707965 BTC.
              2. entry 59, 2026-11-25 09:00:05.000 UTC
                 The book was given up and no backstop took it (INS-2): long 40000 of BTC-PERPETUAL closed at the mark of 56500 against account 7.
                 That account was number 1 of its side by profit times leverage, with a score of 0.042116 (ADL-2).
                 It gave 0.00963128 BTC of its profit, which is what was lacking or its share of it (ADL-1).
                 Equity -0.00963128 BTC -> 0 BTC, maintenance margin 0.00707965 BTC -> 0 BTC.

            How it ended
              With entry 59, 2026-11-25 09:00:05.000 UTC nothing was left to liquidate; the account keeps 0 BTC and owes nothing (LIQ-8, INS-5).
              In all: 0 BTC of fees to the insurance fund, 0.01 BTC paid by the fund, 0.00963128 BTC given by others.

            Read up to entry 65; rules: docs/rules.
        "#]],
    );
    let all = find_all(&asked(home.path(), ANN, None)).expect("it was liquidated");
    let told = serde_json::to_string_pretty(&json::case(&all[0])).expect("it is JSON");
    expect![[r#"
        {
          "account": 6,
          "begun": {
            "at": 1795597205000,
            "seq": 59
          },
          "domain": "BTC",
          "end": {
            "at": 1795597205000,
            "how": "flat",
            "margin": {
              "collateral": "0",
              "equity": "0",
              "initial": "0",
              "maintenance": "0"
            },
            "seq": 59
          },
          "feeds": [
            {
              "health": "healthy",
              "index": "btc_usd",
              "live": 5,
              "price": "56500",
              "reason": "5 fresh reports from 5 sources passed the barrier",
              "seats": 5,
              "since": 1795597205000
            }
          ],
          "margin": {
            "collateral": "0.02166666",
            "equity": "-0.01963128",
            "initial": "0.0141593",
            "maintenance": "0.00707965"
          },
          "positions": [
            {
              "average_price": "60000",
              "changed": {
                "at": 1795597203000,
                "mark": "60000",
                "seq": 47
              },
              "index": "56500",
              "instrument": "BTC-PERPETUAL",
              "maintenance": "0.00707965",
              "mark": "56500",
              "profit": "-0.04129794",
              "size": "40000"
            }
          ],
          "read_up_to": 65,
          "steps": [
            {
              "after": {
                "collateral": "0.03166666",
                "equity": "-0.00963128",
                "initial": "0.0141593",
                "maintenance": "0.00707965"
              },
              "amount": "0.01",
              "at": 1795597205000,
              "before": {
                "collateral": "0.02166666",
                "equity": "-0.01963128",
                "initial": "0.0141593",
                "maintenance": "0.00707965"
              },
              "rules": [
                "INS-3"
              ],
              "seq": 59,
              "text": "More was lost than the account had: the insurance fund paid 0.01 BTC (INS-3).",
              "what": "insured"
            },
            {
              "after": {
                "collateral": "0",
                "equity": "0",
                "initial": "0",
                "maintenance": "0"
              },
              "at": 1795597205000,
              "before": {
                "collateral": "0.03166666",
                "equity": "-0.00963128",
                "initial": "0.0141593",
                "maintenance": "0.00707965"
              },
              "counterparty": 7,
              "haircut": "0.00963128",
              "instrument": "BTC-PERPETUAL",
              "mark": "56500",
              "rank": 1,
              "rules": [
                "ADL-1",
                "ADL-2"
              ],
              "score_ppm": 42116,
              "seq": 59,
              "size": "40000",
              "text": "The book was given up and no backstop took it (INS-2): long 40000 of BTC-PERPETUAL closed at the mark of 56500 against account 7. That account was number 1 of its side by profit times leverage, with a score of 0.042116 (ADL-2). It gave 0.00963128 BTC of its profit, which is what was lacking or its share of it (ADL-1).",
              "what": "deleveraged"
            }
          ]
        }"#]].assert_eq(&told);
}

#[test]
fn a_takeover_tells_who_took_it() {
    check(
        &no_book(),
        ANN,
        None,
        &expect![[r#"
            Account 6 was liquidated from entry 59, 2026-11-25 09:00:05.000 UTC to entry 89, 2026-11-25 09:00:10.000 UTC.

            Why
              Its equity of 0.00457264 BTC was below its maintenance margin of 0.00683761 BTC, by 0.00226497 BTC (LIQ-1).
              Equity is 0.02166666 BTC of cash and 0.01709402 BTC that its futures had lost at the mark.

            What it held
              BTC-PERPETUAL: long 40000, bought for 60000 on average; the mark was 58500, the index 58500
                profit at the mark -0.01709402 BTC, maintenance margin by itself 0.00683761 BTC
                so since entry 47, 2026-11-25 09:00:03.000 UTC, when the mark was 60000

            By which prices
              btc_usd was healthy at 58500, 5 of 5 seats live (LIQ-2); so since 2026-11-25 09:00:05.000 UTC: 5 fresh reports from 5 sources passed the barrier

            What was done
              1. entry 59, 2026-11-25 09:00:05.000 UTC
                 BTC-PERPETUAL needed most margin (LIQ-5).
                 To have maintenance margin and 25 % again it had to sell 40000 (LIQ-6). A round closes at most 25 % of the position and 50 % of what the book shows down to 57330, which is 2 % from the mark of 58500; the index was 58500.
                 The book showed 0: nothing was sold. After 5 such rounds in a row the book is given up (INS-2).
                 Equity 0.00457264 BTC -> 0.00457264 BTC, maintenance margin 0.00683761 BTC -> 0.00683761 BTC.
              2. entry 65, 2026-11-25 09:00:06.000 UTC: the same, and again nothing.
              3. entry 71, 2026-11-25 09:00:07.000 UTC: the same, and again nothing.
              4. entry 77, 2026-11-25 09:00:08.000 UTC: the same, and again nothing.
              5. entry 83, 2026-11-25 09:00:09.000 UTC: the same, and again nothing.
              6. entry 89, 2026-11-25 09:00:10.000 UTC
                 The book did not help, or the account was too far below its margin (INS-2).
                 Account 9, a backstop, took long 40000 of BTC-PERPETUAL over at the mark of 58500.
                 With it went 0.00457264 BTC of equity that belonged to it.
                 Equity 0.00457264 BTC -> 0 BTC, maintenance margin 0.00683761 BTC -> 0 BTC.

            How it ended
              With entry 89, 2026-11-25 09:00:10.000 UTC nothing was left to liquidate; the account keeps 0 BTC and owes nothing (LIQ-8, INS-5).
              In all: 0 BTC of fees to the insurance fund, 0 BTC paid by the fund, 0 BTC given by others.

            Read up to entry 95; rules: docs/rules.
        "#]],
    );
}

#[test]
fn a_liquidation_that_is_under_way_is_told_as_far_as_it_has_come() {
    let home = through_the_book();
    let dir = home.path().join("btc");
    let domain = domains::domain("BTC").expect("it is served");
    let whole = find(&dir, domain, ANN, None).expect("a log").expect("it was liquidated");
    let begun = whole.case.begun.seq;
    let early = find(&dir, domain, ANN, Some(begun)).expect("a log").expect("it has begun");
    assert!(early.case.end.is_none() && early.upto == begun);
    let text = words::case(&early);
    assert!(text.starts_with("Account 6 is being liquidated since entry "), "{text}");
    assert!(text.contains("It was still under way after entry"), "{text}");
    let before = find(&dir, domain, ANN, Some(Seq(begun.0 - 1))).expect("a log");
    let miss = before.err().map(|miss| miss.to_string());
    let expected = format!("account 6 was not liquidated up to entry {}", begun.0 - 1);
    assert_eq!(miss, Some(expected));
}

#[test]
fn what_cannot_be_told_says_why() {
    let home = gap();
    std::fs::create_dir(home.path().join("eth")).expect("a directory");
    let both = told(&home, ANN, Some(5));
    std::fs::remove_dir(home.path().join("eth")).expect("it is empty");
    let mut said = vec![both];
    said.push(told(&home, AccountId(0), None));
    said.push(told(&home, AccountId(99), None));
    said.push(told(&home, CAT, None));
    said.push(told(&home, BOB, None));
    said.push(told(&home, ANN, Some(5)));
    said.push(told(&home, ANN, Some(100_000)));
    said.push(told(&tempfile::tempdir().expect("a directory"), ANN, None));
    expect![[r#"
        error: each domain counts its own entries: say which with --domain, BTC, ETH
        error: BTC: there is no account 0: 9 are open, numbered from 1
        error: BTC: there is no account 99: 9 are open, numbered from 1
        error: BTC: account 8 was not liquidated up to entry 65
        error: BTC: account 7 was not liquidated up to entry 65; entry 59 took its part in the liquidation of account 6: plimsoll explain account 6 --at 59 tells that one
        error: BTC: there is no account 6: 2 are open, numbered from 1
        error: the log of BTC: --at 100000 is beyond its last entry, which is 65"#]].assert_eq(&said[..7].join("\n"));
    assert!(said[7].contains("has no log in it"), "{}", said[7]);
}
