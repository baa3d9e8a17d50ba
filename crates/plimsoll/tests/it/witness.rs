//! A log with a report in it that nobody signed, as a gateway that lies would have it ordered.

use std::path::Path;
use std::sync::mpsc::channel;

use ed25519_dalek::{Signer, SigningKey};
use replica::{Class, Config, Feed, Solo};
use types::{
    AccountId, Amount, AssetCode, At, Barrier, Command, FeedTerms, Incentives, IndexMethod,
    IndexPrice, Label, PriceReport, Proposal, PublicKey, Quorum, Seat, Signature, SignedReport,
    Source, SourceId,
};

use crate::process::{Server, run, text};

const NOW: At = At(1_795_568_400_000);
const REPORTER: AccountId = AccountId(1);

fn code(text: &str) -> AssetCode {
    AssetCode::new(text).expect("a code")
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn terms() -> FeedTerms {
    let (source, one) = (SourceId(0), Quorum { reporters: 1, sources: 1 });
    FeedTerms {
        base: code("BTC"),
        quote: code("USD"),
        method: IndexMethod::WeightedMedian,
        sources: vec![Source { name: Label::new("alpha").expect("a name"), weight: 1 }],
        seats: vec![Seat { reporter: REPORTER, source }],
        healthy: one,
        degraded: one,
        barrier: Barrier { reports: 1, sources: 1 },
        stale_ms: 5_000,
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

fn report(signer: &SigningKey, nonce: u64) -> Command {
    let report = PriceReport {
        base: code("BTC"),
        quote: code("USD"),
        reporter: REPORTER,
        source: SourceId(0),
        price: IndexPrice((97_000 + nonce) * IndexPrice::SCALE),
        confidence: IndexPrice(0),
        source_at: NOW,
        nonce,
    };
    let signature = Signature(signer.sign(&report.signed_bytes()).to_bytes());
    Command::ReportPrice(Box::new(SignedReport { report, signature }))
}

/// Orders commands past every gateway, each when the one before is applied, and is gone.
fn write_log(data: &Path, commands: Vec<Command>) {
    let (applied, outcomes) = channel();
    let sink = move |fed| {
        if let Feed::Applied(batch) = fed {
            applied.send(batch.into_inner()).expect("the test listens");
        }
    };
    let config = Config::new(data.join("btc"), code("BTC"), 8);
    let started = Solo::start(config, || NOW, sink, &mut |_| ());
    let (solo, _) = started.expect("an empty directory starts");
    for (tag, command) in (1..).zip(commands) {
        let proposal = Proposal { tag, command };
        solo.handle().submit(Class::Order, proposal).expect("it is let in");
        let applied = outcomes.recv().expect("it is applied");
        let refused = applied.events.iter().find(|event| matches!(event, types::Event::Refused(_)));
        assert_eq!(refused, None, "the engine takes it, whoever signed it");
    }
}

fn log_with(data: &Path, reports: Vec<Command>) {
    let key = PublicKey(key().verifying_key().to_bytes());
    let mut commands = vec![
        Command::OpenAccount { account: REPORTER, parent: None },
        Command::RegisterReporter { account: REPORTER, key, stake: Amount::ZERO },
        Command::SetFeed(Box::new(terms())),
    ];
    commands.extend(reports);
    write_log(data, commands);
}

#[test]
fn a_report_that_nobody_signed_halts_the_venue_and_is_found_by_verify() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let forger = SigningKey::from_bytes(&[8; 32]);
    log_with(home.path(), vec![report(&key(), 1), report(&forger, 2), report(&key(), 3)]);
    let data = home.path().display().to_string();
    let words = "BTC: entry 5 is a report of account 1 that account 1 did not sign: somebody \
                 ordered what nobody signed";

    let started = Server::start(&["serve", "--json", "--port", "0", "--data", &data]);
    let words_of_start = match started {
        // It was ready before the witness was through; then it halts by itself.
        Ok(server) => {
            let (status, words) = server.wait();
            assert_eq!(status.code(), Some(1), "{words}");
            words
        }
        Err(words) => words,
    };
    assert!(words_of_start.contains(words), "{words_of_start}");
    let snapshots = std::fs::read_dir(home.path().join("btc")).expect("the log is there");
    let snapshots = snapshots.filter(|file| {
        let name = file.as_ref().expect("it is readable").file_name();
        name.to_string_lossy().starts_with("snap-")
    });
    assert_eq!(snapshots.count(), 0, "no start begins after it");

    let verified = run(&["log", "verify", "--data", &data]);
    assert_eq!(verified.status.code(), Some(1));
    let said = text(&verified.stderr);
    assert!(said.contains("entry 5 is a report of account 1"), "{said}");
}

#[test]
fn reports_that_were_signed_are_counted_by_verify_and_nobody_is_disturbed() {
    let home = tempfile::tempdir().expect("a temporary directory");
    log_with(home.path(), (1..=20).map(|nonce| report(&key(), nonce)).collect());
    let data = home.path().display().to_string();
    let server = Server::start(&["serve", "--json", "--port", "0", "--data", &data]);
    let server = server.unwrap_or_else(|words| panic!("it did not start: {words}"));
    let (status, words) = server.terminate();
    assert!(status.success(), "{words}");
    let verified = run(&["log", "verify", "--data", &data]);
    let said = text(&verified.stdout);
    assert!(said.contains("reports 20, each signed by its reporter"), "{said}");
}
