//! Logs with reports in them that were signed, and that were not.

use ed25519_dalek::{Signer, SigningKey};
use types::{
    AccountId, Applied, AssetCode, At, EntryOutcome, Event, IndexPrice, PriceReport, PublicKey,
    Seq, Signature, Signed, SignedReport, SignedSurface, SourceId, SurfaceReport, Svi,
};

use super::checker::KEY_GRACE_MS;
use super::{Alarm, Checker, Testimony, Witness};

const REPORTER: AccountId = AccountId(6);
const BEGIN: At = At(1_795_568_400_000);

fn code(text: &str) -> AssetCode {
    AssetCode::new(text).expect("a code")
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn public(key: &SigningKey) -> PublicKey {
    PublicKey(key.verifying_key().to_bytes())
}

fn price(signer: &SigningKey, nonce: u64) -> Signed {
    let report = PriceReport {
        base: code("BTC"),
        quote: code("USD"),
        reporter: REPORTER,
        source: SourceId(0),
        price: IndexPrice(97_000 * IndexPrice::SCALE),
        confidence: IndexPrice(0),
        source_at: BEGIN,
        nonce,
    };
    let signature = Signature(signer.sign(&report.signed_bytes()).to_bytes());
    Signed::Price(Box::new(SignedReport { report, signature }))
}

fn surface(signer: &SigningKey) -> Signed {
    let svi = Svi { a: 1, b: 1, rho: 0, m: 0, sigma: 1 };
    let (base, quote, expiry) = (code("BTC"), code("USD"), BEGIN.next_eight_utc());
    let report =
        SurfaceReport { base, quote, reporter: REPORTER, expiry, svi, source_at: BEGIN, nonce: 1 };
    let signature = Signature(signer.sign(&report.signed_bytes()).to_bytes());
    Signed::Surface(Box::new(SignedSurface { report, signature }))
}

/// A batch of entries from `seq` on: keys that are registered, then what is signed.
fn batch(seq: u64, after_ms: u64, keys: &[PublicKey], signed: Vec<Signed>) -> Applied {
    let mut applied = Applied { at: BEGIN.plus_ms(after_ms), ..Applied::default() };
    for (nth, key) in (0..).zip(keys) {
        let stake = types::Amount::ZERO;
        let event = Event::ReporterRegistered { account: REPORTER, key: *key, stake };
        applied.events.push(event);
        let events = nth..nth + 1;
        let seq = Seq(seq + u64::try_from(nth).expect("few"));
        applied.entries.push(EntryOutcome { seq, tag: 0, events });
    }
    let from = seq + u64::try_from(keys.len()).expect("few");
    applied.signed = (from..).map(Seq).zip(signed).collect();
    applied
}

/// The entry of the first report that is forged.
fn forged(keys: Option<&SigningKey>, batches: Vec<Applied>) -> Option<Seq> {
    let mut checker = Checker::default();
    if let Some(key) = keys {
        checker.take(Testimony::restored(vec![(REPORTER, public(key))]));
    }
    batches.into_iter().filter_map(Testimony::of).for_each(|testimony| checker.take(testimony));
    checker.verify().err().map(|forged| forged.seq)
}

#[test]
fn reports_that_were_signed_pass_and_the_first_that_was_not_is_named() {
    let (one, other) = (key(1), key(2));
    let good = |nonce| price(&one, nonce);
    let all = (1..600).map(good).chain([surface(&one)]).collect();
    assert_eq!(forged(None, vec![batch(1, 0, &[public(&one)], all)]), None);
    let mut all: Vec<Signed> = (1..600).map(good).collect();
    all[400] = price(&other, 401);
    assert_eq!(forged(None, vec![batch(1, 0, &[public(&one)], all)]), Some(Seq(402)));
    let all = vec![surface(&other)];
    assert_eq!(forged(None, vec![batch(1, 0, &[public(&one)], all)]), Some(Seq(2)));
}

#[test]
fn another_report_under_a_good_signature_is_forged() {
    let one = key(1);
    let Signed::Price(mut signed) = price(&one, 1) else { panic!("a price") };
    signed.report.price = IndexPrice(9_700 * IndexPrice::SCALE);
    let all = vec![Signed::Price(signed)];
    assert_eq!(forged(None, vec![batch(1, 0, &[public(&one)], all)]), Some(Seq(2)));
}

#[test]
fn a_report_of_nobody_who_is_registered_says_nothing() {
    assert_eq!(forged(None, vec![batch(1, 0, &[], vec![price(&key(1), 1)])]), None);
}

#[test]
fn a_key_holds_a_while_after_it_was_replaced() {
    let (old, new) = (key(1), key(2));
    let begin = || batch(1, 0, &[public(&old)], vec![price(&old, 1)]);
    let replaced = || batch(3, 100, &[public(&new)], vec![price(&old, 2), price(&new, 3)]);
    let late = |after_ms| batch(6, after_ms, &[], vec![price(&old, 4)]);
    let in_time = 100 + KEY_GRACE_MS;
    assert_eq!(forged(None, vec![begin(), replaced(), late(in_time)]), None);
    assert_eq!(forged(None, vec![begin(), replaced(), late(in_time + 1)]), Some(Seq(6)));
    // More stake under the same key changes nothing.
    let again = batch(6, 200, &[public(&new)], vec![price(&old, 4)]);
    assert_eq!(forged(None, vec![begin(), replaced(), again]), None);
    // A third key was never anybody's.
    let third = batch(6, 200, &[], vec![price(&key(3), 4)]);
    assert_eq!(forged(None, vec![begin(), replaced(), third]), Some(Seq(6)));
}

#[test]
fn a_key_of_a_snapshot_may_have_a_predecessor_that_still_holds() {
    let (old, new) = (key(1), key(2));
    let early = || batch(10, 0, &[], vec![price(&old, 1), price(&new, 2)]);
    let late = |signer| batch(12, KEY_GRACE_MS + 1, &[], vec![price(signer, 3)]);
    assert_eq!(forged(Some(&new), vec![early(), late(&new)]), None);
    assert_eq!(forged(Some(&new), vec![early(), late(&old)]), Some(Seq(12)));
}

#[test]
fn the_alarm_is_raised_and_no_snapshot_is_written_after_a_forged_report() {
    let (one, other) = (key(1), key(2));
    let alarm = Alarm::new(None);
    let witness = Witness::start(code("BTC"), alarm.clone()).expect("a thread");
    witness.take(batch(1, 0, &[public(&one)], vec![price(&one, 1)]));
    assert!(witness.desk().is_through());
    assert_eq!(*alarm.borrow(), None);
    witness.take(batch(3, 0, &[], vec![price(&other, 2)]));
    assert!(!witness.desk().is_through());
    witness.take(batch(4, 0, &[], vec![price(&one, 3)]));
    assert!(!witness.desk().is_through(), "nothing makes it good again");
    let why = alarm.borrow().clone().unwrap_or_default();
    assert!(why.starts_with("BTC: entry 3 is a report of account 6"), "{why}");
}
