//! Liquidations of a venue that runs: rounds follow each other, and others get in between.

use std::time::{Duration, Instant};

use engine::Engine;
use journal::{Kind, Reader};
use replica::batch::Entries;
use types::{
    AccountId, Amount, AssetCode, Barrier, CancelScope, Event, FeedTerms, Incentives, IndexMethod,
    IndexPrice, InstrumentId, Label, Lots, OrderKind, PlaceOrder, PriceReport, Quorum, Seat, Seq,
    Side, SignedReport, Source, SourceId, Ticks,
};

use super::super::site::Site;
use super::super::{Plan, local_plan};
use super::*;
use crate::genesis::{Genesis, instrument};
use crate::key_file::KeyFile;
use crate::{clock, domains};

const BTC: DomainId = DomainId(0);
const REPORTER: AccountId = AccountId(1);
const WINNER: AccountId = AccountId(2);
/// Accounts 3 and on lose.
const LOSERS: u32 = 200;
/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

fn code(text: &str) -> AssetCode {
    AssetCode::new(text).expect("a code")
}

/// One reporter is enough.
fn terms() -> FeedTerms {
    let (source, one) = (SourceId(0), Quorum { reporters: 1, sources: 1 });
    FeedTerms {
        base: code("BTC"),
        quote: code("USD"),
        method: IndexMethod::WeightedMedian,
        sources: vec![Source { name: Label::new("alpha").expect("short"), weight: 1 }],
        seats: vec![Seat { reporter: REPORTER, source }],
        healthy: one,
        degraded: one,
        barrier: Barrier { reports: 1, sources: 1 },
        stale_ms: 60_000,
        ahead_ms: 1_000,
        cap_ppm: 5_000,
        spread_ppm: 20_000,
        confidence_ppm: 20_000,
        jump_ppm: 100_000,
        reporter_cap_ppm: 1_000_000,
        cross_check: None,
        incentives: Incentives {
            reward_per_hour: Amount::ZERO,
            far_ppm: 25_000,
            far_ms: 60_000,
            far_slash_ppm: 50_000,
        },
    }
}

fn report(key: &KeyFile, price: u64, nonce: u64) -> Command {
    let report = PriceReport {
        base: code("BTC"),
        quote: code("USD"),
        reporter: REPORTER,
        source: SourceId(0),
        price: IndexPrice(price * IndexPrice::SCALE),
        confidence: IndexPrice(0),
        source_at: clock::log_time(),
        nonce,
    };
    let signature = key.sign(&report.signed_bytes());
    Command::ReportPrice(SignedReport { report, signature }.into())
}

fn order(account: AccountId, side: Side, lots: u32) -> Command {
    Command::PlaceOrder(Box::new(PlaceOrder::new(
        account,
        InstrumentId(0),
        side,
        OrderKind::Limit { price: Ticks(120_000) },
        Lots(lots),
    )))
}

/// Everybody is long 4 000 USD on little money, against one.
fn opening(key: &KeyFile) -> Vec<Command> {
    let losers = || (3..3 + LOSERS).map(AccountId);
    let mut commands = Vec::new();
    for account in [REPORTER, WINNER].into_iter().chain(losers()) {
        commands.push(Command::OpenAccount { account, parent: None });
        let atoms = if account.0 < 3 { 100_000_000_000 } else { 225_000 };
        commands.push(Command::Deposit { account, amount: Amount(atoms) });
    }
    let (key_of, stake) = (key.public(), Amount(1));
    commands.push(Command::RegisterReporter { account: REPORTER, key: key_of, stake });
    commands.push(Command::SetFeed(terms().into()));
    commands.push(report(key, 60_000, 1));
    commands.push(Command::Tick);
    for account in losers() {
        commands.push(order(WINNER, Side::Ask, 400));
        commands.push(order(account, Side::Bid, 400));
    }
    commands
}

/// What stands in the log: the commands of each batch, and how many liquidations each began.
fn batches(home: &std::path::Path) -> Vec<Vec<(Command, usize)>> {
    let domain = domains::domain("BTC").expect("it is served");
    let mut reader = Reader::open(&domains::directory(home, &domain), Seq(1)).expect("a log");
    let mut engine = Engine::new(domain.asset, domain.decimals);
    let mut batches = Vec::new();
    while let Some(record) = reader.next_record().expect("a whole log") {
        if record.kind != Kind::Batch {
            continue;
        }
        let mut batch = Vec::new();
        for entry in Entries::new(record.seq, record.count, record.body).expect("entries") {
            let entry = entry.expect("an entry");
            let mut events = Vec::new();
            engine.apply(&entry, &mut events);
            let begun = |event: &&Event| matches!(event, Event::LiquidationStarted { .. });
            batch.push((entry.command, events.iter().filter(begun).count()));
        }
        batches.push(batch);
    }
    batches
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn liq_9_rounds_that_are_due_follow_at_once_and_never_two_in_a_batch() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("reporter.pem");
    KeyFile::make(&file).expect("a key");
    let key = KeyFile::open(&file).expect("its key");
    let domains = vec![domains::domain("BTC").expect("it is served")];
    let plan = local_plan(home.path().to_owned(), 0).expect("defaults");
    let site = Site::open(Plan { domains, ..plan }).await.expect("it opens");
    let perpetual = instrument("BTC-PERPETUAL").expect("a name");
    site.begin(&Genesis::of_instruments(vec![perpetual])).await.expect("it is listed");
    for command in opening(&key) {
        site.carry_out(BTC, vec![command]).await.expect("not refused");
    }
    let upkeep = site.keep_up(None);
    site.carry_out(BTC, vec![report(&key, 58_500, 2)]).await.expect("not refused");
    let since = Instant::now();
    let liquidating = || async {
        let replica = site.venue().replica(BTC).expect("it runs");
        replica.inspect(|engine| engine.waterfall().liquidating).expect("it answers")
    };
    while liquidating().await < LOSERS {
        assert!(since.elapsed() < PATIENCE, "{} are being liquidated", liquidating().await);
        let cancel = Command::CancelOrders { account: WINNER, scope: CancelScope::All };
        site.carry_out(BTC, vec![cancel]).await.expect("a cancel gets in");
    }
    drop(upkeep);
    site.stop().await.expect("it stops cleanly");
    let batches = batches(home.path());
    let rounds = |batch: &Vec<(Command, usize)>| {
        batch.iter().filter(|(command, _)| *command == Command::Liquidate).count()
    };
    assert!(batches.iter().all(|batch| rounds(batch) <= 1), "one at a time");
    let begun: Vec<usize> =
        batches.iter().flatten().map(|(_, begun)| *begun).filter(|begun| 0 < *begun).collect();
    assert_eq!(begun, [64, 64, 64, 8], "as many an entry as one may");
    let ticks = |batch: &Vec<(Command, usize)>| {
        batch.iter().filter(|(command, begun)| *command == Command::Tick && 0 < *begun).count()
    };
    assert_eq!(batches.iter().map(ticks).sum::<usize>(), 1, "the rest does not wait for a tick");
}
