//! Double entry: every transfer has two sides.

use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader};
use types::{AccountId, Amount, InstrumentId, LedgerAccount};

use crate::wing::{Wing, leaf_hash};
use crate::{Hash, Proof, hash};

/// Balances of one asset, in atoms, and the Merkle trees over them.
///
/// ```text
///   main wing  leaf 0   outside        leaf 2 + 2i   clearing of instrument i
///              leaf 1   fees           leaf 3 + 2a   collateral of account a
///   side wing  leaf 1   insurance fund (there is no account 0)
///              leaf 2i  funding of instrument i      leaf 1 + 2a   stake of account a
///
///   root = root of the main wing                     while nothing was ever posted to the side
///   root = H("money", main root, side root)          from then on
/// ```
/// Accounts of the side are few and far apart: with a tree of their own they cost what they are.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    main: Wing,
    side: Wing,
}

/// What shows that an account had a balance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BalanceProof {
    /// Up to the root of the account's wing.
    pub in_wing: Proof,
    /// The root of the other wing, once both are there.
    pub other_wing: Option<Hash>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaf {
    Main(usize),
    Side(usize),
}

impl Ledger {
    /// An empty ledger.
    pub fn new() -> Ledger {
        Ledger::default()
    }

    /// What `account` has; zero if it never took part in a transfer.
    pub fn balance(&self, account: LedgerAccount) -> Amount {
        match leaf(account) {
            Leaf::Main(index) => self.main.balance(index),
            Leaf::Side(index) => self.side.balance(index),
        }
    }

    /// Moves `amount`, above zero. Whether `from` may fall below zero is for the caller to know.
    pub fn transfer(&mut self, from: LedgerAccount, to: LedgerAccount, amount: Amount) {
        assert!(Amount::ZERO < amount, "a transfer moves an amount above zero");
        assert!(from != to, "a transfer has two sides");
        self.post(from, amount.negated());
        self.post(to, amount);
    }

    fn post(&mut self, account: LedgerAccount, amount: Amount) {
        match leaf(account) {
            Leaf::Main(index) => self.main.post(index, amount),
            Leaf::Side(index) => self.side.post(index, amount),
        }
    }

    /// SUM-1: the sum over all accounts is zero.
    pub fn check(&self) {
        let sum = self.sum();
        assert!(sum == 0, "SUM-1: balances sum to {sum} atoms, not to zero");
    }

    fn sum(&self) -> i128 {
        self.main.sum() + self.side.sum()
    }

    /// With money that nobody paid.
    #[cfg(test)]
    pub(crate) fn forged(account: LedgerAccount, amount: Amount) -> Ledger {
        let mut ledger = Ledger::new();
        ledger.post(account, amount);
        ledger
    }

    /// The root over all balances. Costs O(changed · log accounts) since the last call.
    pub fn root(&mut self) -> Hash {
        let main = self.main.root();
        if self.side.is_empty() { main } else { joined(&main, &self.side.root()) }
    }

    /// A proof of the balance of `account` against [`Ledger::root`].
    pub fn prove(&mut self, account: LedgerAccount) -> (Amount, BalanceProof) {
        let (main, side) = (self.main.root(), self.side.root());
        let (wing, index, other) = match leaf(account) {
            Leaf::Main(index) => (&self.main, index, side),
            Leaf::Side(index) => (&self.side, index, main),
        };
        let index = u32::try_from(index).expect("fewer than 2^32 accounts");
        let other_wing = (!self.side.is_empty()).then_some(other);
        (self.balance(account), BalanceProof { in_wing: wing.prove(index), other_wing })
    }

    /// True if `proof` shows that `account` had `balance` when the root was `root`.
    pub fn verify(
        root: &Hash,
        account: LedgerAccount,
        balance: Amount,
        proof: &BalanceProof,
    ) -> bool {
        let (index, is_main) = match leaf(account) {
            Leaf::Main(index) => (index, true),
            Leaf::Side(index) => (index, false),
        };
        let Ok(index) = u32::try_from(index) else {
            return false;
        };
        let wing = proof.in_wing.climb(index, &leaf_hash(index, balance));
        match (wing, &proof.other_wing) {
            (Some(wing), None) => is_main && wing == *root,
            (Some(wing), Some(other)) if is_main => joined(&wing, other) == *root,
            (Some(wing), Some(other)) => joined(other, &wing) == *root,
            (None, _) => false,
        }
    }
}

fn joined(main: &Hash, side: &Hash) -> Hash {
    hash(&[b"plimsoll.money.1", main, side])
}

impl Codec for Ledger {
    fn encode(&self, out: &mut Vec<u8>) {
        self.main.encode(out);
        self.side.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let ledger = Ledger { main: Wing::decode(reader)?, side: Wing::decode(reader)? };
        if ledger.sum() != 0 {
            return Err(reader.refuse("Ledger"));
        }
        Ok(ledger)
    }
}

fn leaf(account: LedgerAccount) -> Leaf {
    let place =
        |first: usize, id: u32| first + 2 * usize::try_from(id).expect("an id fits an index");
    match account {
        LedgerAccount::Outside => Leaf::Main(0),
        LedgerAccount::Fees => Leaf::Main(1),
        LedgerAccount::Clearing(InstrumentId(id)) => Leaf::Main(place(2, id)),
        LedgerAccount::Collateral(AccountId(id)) => Leaf::Main(place(3, id)),
        LedgerAccount::Funding(InstrumentId(id)) => Leaf::Side(place(0, id)),
        LedgerAccount::Insurance => Leaf::Side(1),
        LedgerAccount::Stake(AccountId(id)) => Leaf::Side(place(1, id)),
    }
}
