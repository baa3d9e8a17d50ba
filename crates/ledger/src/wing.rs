//! Half of a ledger: numbered balances and the Merkle tree over them.
//!
//! It does not know whose balance has which number, nor that sums are zero: the ledger does.

use alloc::vec::Vec;

use types::Amount;
use types::codec::{Codec, DecodeError, Reader};
use types::planted::{self, Bug};

use crate::{Hash, Proof, Tree, hash};

/// Balances by number, and what changed since the root was last asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wing {
    balances: Vec<Amount>,
    tree: Tree,
    changed: Vec<u32>,
    is_changed: Vec<bool>,
}

impl Wing {
    pub fn is_empty(&self) -> bool {
        self.balances.is_empty()
    }

    pub fn balance(&self, index: usize) -> Amount {
        self.balances.get(index).copied().unwrap_or_default()
    }

    pub fn sum(&self) -> i128 {
        self.balances.iter().map(|balance| i128::from(balance.0)).sum()
    }

    pub fn post(&mut self, index: usize, amount: Amount) {
        if self.balances.len() <= index {
            self.balances.resize(index + 1, Amount::ZERO);
            self.is_changed.resize(index + 1, false);
        }
        let balance = self.balances.get_mut(index).expect("it was just made long enough");
        *balance = balance.plus(amount);
        let is_empty = *balance == Amount::ZERO;
        if !(is_empty && planted::is(Bug::RootKeepsEmptiedBalance)) {
            self.note_change(index);
        }
    }

    fn note_change(&mut self, index: usize) {
        let noted = self.is_changed.get_mut(index).expect("as long as the balances");
        if !*noted {
            *noted = true;
            self.changed.push(u32::try_from(index).expect("fewer than 2^32 accounts"));
        }
    }

    /// The root of the tree. Costs O(changed · log accounts) since the last call.
    pub fn root(&mut self) -> Hash {
        for index in core::mem::take(&mut self.changed) {
            let at = usize::try_from(index).expect("an index of a vector");
            let balance = self.balance(at);
            self.tree.set(index, leaf_hash(index, balance));
            if let Some(noted) = self.is_changed.get_mut(at) {
                *noted = false;
            }
        }
        self.tree.root()
    }

    /// The proof of one balance against the root; call [`Wing::root`] first.
    pub fn prove(&self, index: u32) -> Proof {
        self.tree.prove(index)
    }
}

/// A balance of zero is no leaf: an account that never had money and one that has none left are the
/// same.
pub(crate) fn leaf_hash(index: u32, balance: Amount) -> Hash {
    if balance == Amount::ZERO {
        return Tree::EMPTY;
    }
    hash(&[b"plimsoll.balance.1", &index.to_le_bytes(), &balance.0.to_le_bytes()])
}

impl Codec for Wing {
    fn encode(&self, out: &mut Vec<u8>) {
        self.balances.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let balances: Vec<Amount> = Vec::decode(reader)?;
        let is_changed = alloc::vec![false; balances.len()];
        let mut wing = Wing { balances, is_changed, ..Wing::default() };
        (0..wing.balances.len()).for_each(|index| wing.note_change(index));
        Ok(wing)
    }
}
