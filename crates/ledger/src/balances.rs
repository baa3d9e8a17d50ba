//! Double entry: every transfer has two sides.

use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader};
use types::{AccountId, Amount, InstrumentId, LedgerAccount};

use crate::{Hash, Proof, Tree, hash};

/// Balances of one asset, in atoms, and the Merkle tree over them.
///
/// ```text
///   leaf 0        outside        leaf 2 + 2i   clearing of instrument i
///   leaf 1        fees           leaf 3 + 2a   collateral of account a
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    balances: Vec<Amount>,
    tree: Tree,
    changed: Vec<u32>,
    is_changed: Vec<bool>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new() -> Ledger {
        Ledger::default()
    }

    /// What `account` has; zero if it never took part in a transfer.
    pub fn balance(&self, account: LedgerAccount) -> Amount {
        self.balances.get(leaf(account)).copied().unwrap_or_default()
    }

    /// Moves `amount`, above zero. Whether `from` may fall below zero is for the caller to know.
    pub fn transfer(&mut self, from: LedgerAccount, to: LedgerAccount, amount: Amount) {
        assert!(Amount::ZERO < amount, "a transfer moves an amount above zero");
        assert!(from != to, "a transfer has two sides");
        self.post(from, amount.negated());
        self.post(to, amount);
    }

    fn post(&mut self, account: LedgerAccount, amount: Amount) {
        let index = leaf(account);
        if self.balances.len() <= index {
            self.balances.resize(index + 1, Amount::ZERO);
            self.is_changed.resize(index + 1, false);
        }
        let balance = self.balances.get_mut(index).expect("it was just made long enough");
        *balance = balance.plus(amount);
        self.note_change(index);
    }

    fn note_change(&mut self, index: usize) {
        let noted = self.is_changed.get_mut(index).expect("as long as the balances");
        if !*noted {
            *noted = true;
            self.changed.push(u32::try_from(index).expect("fewer than 2^32 accounts"));
        }
    }

    /// SUM-1: the sum over all accounts is zero.
    pub fn check(&self) {
        let sum: i128 = self.balances.iter().map(|balance| i128::from(balance.0)).sum();
        assert!(sum == 0, "SUM-1: balances sum to {sum} atoms, not to zero");
    }

    /// The root over all balances. Costs O(changed · log accounts) since the last call.
    pub fn root(&mut self) -> Hash {
        for index in core::mem::take(&mut self.changed) {
            let at = usize::try_from(index).expect("an index of a vector");
            let balance = self.balances.get(at).copied().unwrap_or_default();
            self.tree.set(index, Ledger::leaf_hash(index, balance));
            if let Some(noted) = self.is_changed.get_mut(at) {
                *noted = false;
            }
        }
        self.tree.root()
    }

    /// A proof of the balance of `account` against [`Ledger::root`].
    pub fn prove(&mut self, account: LedgerAccount) -> (Amount, Proof) {
        self.root();
        let index = u32::try_from(leaf(account)).expect("fewer than 2^32 accounts");
        (self.balance(account), self.tree.prove(index))
    }

    /// True if `proof` shows that `account` had `balance` when the root was `root`.
    pub fn verify(root: &Hash, account: LedgerAccount, balance: Amount, proof: &Proof) -> bool {
        let Ok(index) = u32::try_from(leaf(account)) else {
            return false;
        };
        proof.verify(root, index, &Ledger::leaf_hash(index, balance))
    }

    /// A balance of zero is no leaf: an account that never had money and one that has none left
    /// are the same.
    fn leaf_hash(index: u32, balance: Amount) -> Hash {
        if balance == Amount::ZERO {
            return Tree::EMPTY;
        }
        hash(&[b"plimsoll.balance.1", &index.to_le_bytes(), &balance.0.to_le_bytes()])
    }
}

impl Codec for Ledger {
    fn encode(&self, out: &mut Vec<u8>) {
        self.balances.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let balances: Vec<Amount> = Vec::decode(reader)?;
        let sum: i128 = balances.iter().map(|balance| i128::from(balance.0)).sum();
        if sum != 0 {
            return Err(reader.refuse("Ledger"));
        }
        let is_changed = alloc::vec![false; balances.len()];
        let mut ledger = Ledger { balances, is_changed, ..Ledger::default() };
        for index in 0..ledger.balances.len() {
            ledger.note_change(index);
        }
        Ok(ledger)
    }
}

fn leaf(account: LedgerAccount) -> usize {
    let (first, id) = match account {
        LedgerAccount::Outside => (0, 0),
        LedgerAccount::Fees => (1, 0),
        LedgerAccount::Clearing(InstrumentId(id)) => (2, id),
        LedgerAccount::Collateral(AccountId(id)) => (3, id),
    };
    first + 2 * usize::try_from(id).expect("an id fits an index")
}
