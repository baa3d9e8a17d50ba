//! What is hashed, part by part: a verifier in another language computes the same.

use std::vec;
use std::vec::Vec;

use types::codec::Codec;
use types::{
    AccountId, Amount, AssetCode, At, Component, ComponentState, InstrumentId, LedgerAccount,
    Notice, NoticeBody, NoticeText, PublicKey, Seq,
};

use crate::{Chain, Hash, Ledger, Proof, SetDigest, Tree, hash};

fn leaf(index: u32, balance: i64) -> (u32, Hash) {
    let (number, balance) = (index.to_le_bytes(), balance.to_le_bytes());
    (index, hash(&[b"plimsoll.balance.1", &number, &balance]))
}

fn tree(leaves: &[(u32, Hash)]) -> Hash {
    let mut tree = Tree::default();
    leaves.iter().for_each(|(index, leaf)| tree.set(*index, *leaf));
    tree.root()
}

#[test]
fn the_root_is_that_of_the_numbered_leaves_of_both_wings() {
    let (fees, account) = (LedgerAccount::Fees, LedgerAccount::Collateral(AccountId(2)));
    let mut ledger = Ledger::new();
    ledger.transfer(LedgerAccount::Outside, account, Amount(900));
    ledger.transfer(account, fees, Amount(7));
    ledger.transfer(LedgerAccount::Clearing(InstrumentId(4)), fees, Amount(50));
    let main = tree(&[leaf(0, -900), leaf(1, 57), leaf(7, 893), leaf(10, -50)]);
    assert_eq!(ledger.root(), main, "while nothing was ever posted to the side");

    ledger.transfer(fees, LedgerAccount::Insurance, Amount(30));
    ledger.transfer(fees, LedgerAccount::Funding(InstrumentId(3)), Amount(20));
    ledger.transfer(fees, LedgerAccount::Stake(AccountId(4)), Amount(5));
    let main = tree(&[leaf(0, -900), leaf(1, 2), leaf(7, 893), leaf(10, -50)]);
    let side = tree(&[leaf(1, 30), leaf(6, 20), leaf(9, 5)]);
    assert_eq!(ledger.root(), hash(&[b"plimsoll.money.1", &main, &side]));
}

#[test]
fn a_tree_of_three_leaves_is_hashed_from_below() {
    let leaves = [1, 2, 3].map(|seed: u8| hash(&[&[seed]]));
    let [one, two, three] = &leaves;
    let node = |left: &Hash, right: &Hash| hash(&[b"plimsoll.node.1", left, right]);
    let top = node(&node(one, two), &node(three, &Tree::EMPTY));
    let mut tree = Tree::default();
    (0..).zip(leaves).for_each(|(index, leaf)| tree.set(index, leaf));
    let root = tree.root();
    assert_eq!(root, hash(&[b"plimsoll.root.1", &[2], &top]));
    for (index, leaf) in (0..).zip(&leaves) {
        let proof = tree.prove(index);
        assert!(proof.verify(&root, index, leaf));
        assert!(!proof.verify(&root, index ^ 1, leaf), "another place");
        assert!(!proof.verify(&root, index + 4, leaf), "a place that the tree does not have");
        assert!(!proof.verify(&top, index, leaf), "another root");
    }
}

/// A tree over `u32` has 32 levels at most, and a leaf of a lower one a number below its width.
#[test]
fn a_proof_of_a_shape_that_no_tree_has_leads_nowhere() {
    let climb = |height, index| {
        let siblings = vec![Tree::EMPTY; height];
        Proof { siblings }.climb(index, &hash(&[b"leaf"]))
    };
    let cases = [
        (0, 0, true),
        (0, 1, false),
        (1, 1, true),
        (1, 2, false),
        (31, u32::MAX / 2, true),
        (31, u32::MAX / 2 + 1, false),
        (32, u32::MAX, true),
        (33, 0, false),
        (33, u32::MAX, false),
        (300, 0, false),
    ];
    for (height, index, leads) in cases {
        assert_eq!(climb(height, index).is_some(), leads, "{index} of a tree of {height} levels");
    }
}

/// A link is closed by the write that brings it to its length, whole writes at a time.
#[test]
fn a_chain_hashes_link_by_link() {
    let link = |head: &Hash, bytes: &[u8]| hash(&[b"plimsoll.chain.1", head, bytes]);
    for (first, is_closed) in [(1, false), (4_095, false), (4_096, true), (9_000, true)] {
        let mut chain = Chain::default();
        assert_eq!(chain.head(), [0; 32]);
        chain.extend(|out| out.resize(first, 7));
        assert_eq!(chain.head(), link(&[0; 32], &vec![7; first]));
        chain.extend(|out| out.push(9));
        let due = if is_closed {
            link(&link(&[0; 32], &vec![7; first]), &[9])
        } else {
            link(&[0; 32], &[vec![7; first], vec![9]].concat())
        };
        assert_eq!(chain.head(), due, "{first} bytes and one");
    }
}

/// Of one item the digest is its hash; of many the sum, modulo 2^256.
#[test]
fn a_set_digest_is_the_sum_of_hashes() {
    let items: Vec<[u8; 4]> = (0..200_u32).map(u32::to_le_bytes).collect();
    let mut digest = SetDigest::default();
    let mut sum = [0; 32];
    for item in &items {
        digest.add(item);
        let mut carry = 0;
        for (byte, more) in sum.iter_mut().zip(hash(&[item])) {
            let all = u16::from(*byte) + u16::from(more) + carry;
            carry = all >> 8;
            *byte = all.to_le_bytes()[0];
        }
        assert_eq!(digest.bytes(), sum);
        assert_eq!(SetDigest::from_bytes(&sum), Ok(digest), "its bytes are the digest");
        assert_eq!(digest.to_bytes(), sum);
    }
    items.iter().for_each(|item| digest.remove(item));
    assert_eq!(digest, SetDigest::default());
}

#[test]
fn a_notice_hangs_on_the_one_before_it() {
    let asset = AssetCode::new("BTC").expect("a code");
    let first = crate::first_notice_head(asset);
    assert_eq!(first, hash(&[b"plimsoll.notice.1", b"BTC\0\0\0\0\0"]));
    let body = NoticeBody::ComponentChanged {
        component: Component::Matching,
        state: ComponentState::PartialOutage,
        text: NoticeText::new("out").expect("short"),
    };
    let notice = Notice { number: 1, seq: Seq(5), at: At(6), body };
    let head = crate::notice_head(&first, &notice);
    assert_eq!(head, hash(&[b"plimsoll.notice.1", &first, &notice.to_bytes()]));
}

#[test]
fn what_the_key_of_notices_signs() {
    let asset = AssetCode::new("BTC").expect("a code");
    let message = crate::notice_head_message(asset, &[3; 32], ("title", "text"));
    let words = [b"plimsoll.notice.words.1".as_slice(), b"BTC\0\0\0\0\0", &5_u64.to_le_bytes()];
    let words = hash(&[&words.concat(), b"titletext"]);
    assert_eq!(message, [b"plimsoll.notice.head.1".as_slice(), &[3; 32], &words].concat());
    let message = crate::notice_key_message(asset, &PublicKey([4; 32]));
    let due = [b"plimsoll.notice.key.1".as_slice(), b"BTC\0\0\0\0\0", &[4; 32]].concat();
    assert_eq!(message, due);
}
