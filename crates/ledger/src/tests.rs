//! Balances sum to zero, roots depend on the state alone, proofs prove what is there.

mod hashes;
mod signed;

use std::vec::Vec;

use types::codec::Codec;
use types::{AccountId, Amount, InstrumentId, LedgerAccount};

use crate::{Chain, Ledger, SetDigest, Tree, hash};

fn account(id: u32) -> LedgerAccount {
    LedgerAccount::Collateral(AccountId(id))
}

fn sample() -> Ledger {
    let mut ledger = Ledger::new();
    for id in 1..=9 {
        ledger.transfer(LedgerAccount::Outside, account(id), Amount(i64::from(id) * 100));
    }
    ledger.transfer(account(3), LedgerAccount::Fees, Amount(7));
    ledger.transfer(LedgerAccount::Clearing(InstrumentId(4)), account(2), Amount(50));
    ledger
}

/// [`sample`], and balances of every kind of account on the side.
fn sided() -> Ledger {
    let mut ledger = sample();
    ledger.transfer(account(5), LedgerAccount::Insurance, Amount(33));
    ledger.transfer(account(5), LedgerAccount::Stake(AccountId(2)), Amount(21));
    ledger.transfer(LedgerAccount::Funding(InstrumentId(3)), account(6), Amount(11));
    ledger
}

fn all_kinds() -> [LedgerAccount; 7] {
    let (instrument, account) = (InstrumentId(3), AccountId(2));
    [
        LedgerAccount::Outside,
        LedgerAccount::Fees,
        LedgerAccount::Clearing(InstrumentId(4)),
        LedgerAccount::Collateral(account),
        LedgerAccount::Insurance,
        LedgerAccount::Funding(instrument),
        LedgerAccount::Stake(account),
    ]
}

#[test]
fn a_transfer_takes_from_one_what_it_gives_to_another() {
    let ledger = sample();
    assert_eq!(ledger.balance(account(3)), Amount(293));
    assert_eq!(ledger.balance(LedgerAccount::Fees), Amount(7));
    assert_eq!(ledger.balance(LedgerAccount::Clearing(InstrumentId(4))), Amount(-50));
    assert_eq!(ledger.balance(LedgerAccount::Outside), Amount(-4500));
    ledger.check();
}

/// SUM-1; consequence.md §5.5 V15: Bithumb, 6 February 2026, credited 620 000 BTC and held about
/// 46 000; 1 788 were sold within 35 minutes. Here what one account is credited another is short of
/// at once; and a balance that nobody paid for does not make a ledger.
#[test]
fn v15_bithumb_2026_a_credit_is_a_debit_of_somebody() {
    let btc = |whole: i64| Amount(whole * 100_000_000);
    let (reserve, customer) = (account(1), account(2));
    let mut ledger = Ledger::new();
    ledger.transfer(LedgerAccount::Outside, reserve, btc(46_000));
    let honest = ledger.to_bytes();
    ledger.transfer(reserve, customer, btc(620_000));
    ledger.check();
    assert_eq!(ledger.balance(reserve), btc(46_000 - 620_000), "who pays must be asked first");

    let held = btc(46_000).0.to_le_bytes();
    let place = honest.windows(8).position(|bytes| bytes == held).expect("the reserve");
    let mut forged = honest.clone();
    let credited = forged.get_mut(place..place + 8).expect("eight bytes");
    credited.copy_from_slice(&btc(46_000 + 620_000).0.to_le_bytes());
    assert!(Ledger::from_bytes(&honest).is_ok());
    assert!(Ledger::from_bytes(&forged).is_err(), "620 000 BTC come from nowhere");
}

#[test]
fn the_root_depends_on_the_balances_and_not_on_the_way_to_them() {
    let mut straight = sample();
    let mut detour = Ledger::new();
    for id in (1..=9).rev() {
        detour.transfer(LedgerAccount::Outside, account(id), Amount(i64::from(id) * 100));
        detour.root();
    }
    detour.transfer(LedgerAccount::Clearing(InstrumentId(4)), account(2), Amount(60));
    detour.root();
    detour.transfer(account(2), LedgerAccount::Clearing(InstrumentId(4)), Amount(10));
    detour.transfer(account(3), LedgerAccount::Fees, Amount(7));
    assert_eq!(straight.root(), detour.root());
    let mut other = sample();
    other.transfer(account(1), account(2), Amount(1));
    assert_ne!(straight.root(), other.root());
}

#[test]
fn a_decoded_ledger_has_the_root_of_the_encoded_one() {
    let mut ledger = sample();
    let mut copy = Ledger::from_bytes(&ledger.to_bytes()).expect("its own bytes");
    assert_eq!(ledger.root(), copy.root());
}

#[test]
fn a_proof_proves_one_balance_of_one_account_under_one_root() {
    let mut ledger = sample();
    let root = ledger.root();
    for id in 1..=9 {
        let (balance, proof) = ledger.prove(account(id));
        assert!(Ledger::verify(&root, account(id), balance, &proof), "account {id}");
        assert!(!Ledger::verify(&root, account(id), Amount(balance.0 + 1), &proof));
        assert!(!Ledger::verify(&root, account(id + 1), balance, &proof));
        assert!(!Ledger::verify(&hash(&[b"another root"]), account(id), balance, &proof));
    }
}

#[test]
fn a_proof_of_one_wing_proves_nothing_of_the_other() {
    let mut ledger = sided();
    let root = ledger.root();
    for account in all_kinds() {
        let (balance, proof) = ledger.prove(account);
        assert_ne!(balance, Amount::ZERO, "{account:?}");
        for claimed in all_kinds() {
            let is_proved = Ledger::verify(&root, claimed, balance, &proof);
            assert_eq!(is_proved, claimed == account, "{claimed:?} by the proof of {account:?}");
        }
        assert!(!Ledger::verify(&hash(&[b"another root"]), account, balance, &proof));
    }
    // Insurance stands on the side where fees stand on the main wing.
    let mut ledger = sample();
    let root = ledger.root();
    let (balance, proof) = ledger.prove(LedgerAccount::Fees);
    assert!(Ledger::verify(&root, LedgerAccount::Fees, balance, &proof));
    assert!(!Ledger::verify(&root, LedgerAccount::Insurance, balance, &proof));
}

/// SUM-1.
#[test]
fn a_ledger_with_money_that_nobody_paid_does_not_pass_its_check() {
    sided().check();
    for account in all_kinds() {
        let forged = Ledger::forged(account, Amount(1));
        let said = std::panic::catch_unwind(|| forged.check()).expect_err("it does not balance");
        let said = said.downcast_ref::<std::string::String>().expect("a message");
        assert_eq!(said, "SUM-1: balances sum to 1 atoms, not to zero");
        assert!(Ledger::from_bytes(&forged.to_bytes()).is_err(), "{account:?}");
    }
    assert!(Ledger::from_bytes(&sided().to_bytes()).is_ok());
}

#[test]
fn a_tree_grows_without_forgetting_what_is_unchanged() {
    let leaf = |index: u32| hash(&[&index.to_le_bytes()]);
    let mut grown = Tree::default();
    for index in 0..100 {
        grown.set(index, leaf(index));
        grown.root();
    }
    let mut at_once = Tree::default();
    (0..100).for_each(|index| at_once.set(index, leaf(index)));
    assert_eq!(grown.root(), at_once.root());
}

#[test]
fn a_set_digest_forgets_order_and_detours_and_nothing_else() {
    let items: Vec<[u8; 4]> = (0..50_u32).map(u32::to_le_bytes).collect();
    let mut forward = SetDigest::default();
    items.iter().for_each(|item| forward.add(item));
    let mut backward = SetDigest::default();
    backward.add(b"detour");
    items.iter().rev().for_each(|item| backward.add(item));
    assert_ne!(forward, backward);
    backward.remove(b"detour");
    assert_eq!(forward, backward);
}

#[test]
fn a_chain_does_not_depend_on_where_it_was_saved_and_restored() {
    let mut whole = Chain::default();
    let mut restored = Chain::default();
    for index in 0..5_000_u32 {
        whole.extend(|out| out.extend_from_slice(&index.to_le_bytes()));
        restored.extend(|out| out.extend_from_slice(&index.to_le_bytes()));
        if index % 777 == 0 {
            restored = Chain::from_bytes(&restored.to_bytes()).expect("its own bytes");
        }
        assert_eq!(whole.head(), restored.head());
    }
}
