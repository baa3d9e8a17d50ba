//! Who pays a loss: in an order, in proportion, or up to a common level (venue.md §2.13, §2.14,
//! docs/rules/liquidation.md).
//!
//! ```text
//!   deficit 30 of 10, 20, 30      in order    10  20   0
//!                                 pro rata     5  10  15
//!                                 level       10  10  10
//! ```
//!
//! It knows no accounts and moves no money: amounts in, amounts out. What is below zero counts as
//! nothing.
//!
//! # Invariants
//! 1. Shares sum, to the atom, to the smaller of what is asked for and what there is.
//! 2. Nobody is asked for more than it has, or for less than nothing.

use alloc::vec::Vec;
use core::cmp::Reverse;

use types::Amount;

/// What each layer pays of a loss, the first as far as it goes before the second pays anything, and
/// what no layer pays (venue.md §2.13).
pub fn allocate(loss: Amount, layers: &[Amount]) -> (Vec<Amount>, Amount) {
    let paid = in_order(atoms(loss), &all_atoms(layers));
    let left = atoms(loss) - paid.iter().sum::<u64>();
    (amounts(paid), amount(left))
}

/// Shares of `total` in proportion to weights, each within an atom of the exact one; all of the
/// weights if the total is more (venue.md §2.13). What rounding down leaves goes to the largest
/// remainders, an atom each, to the first of equals.
///
/// Where the total grows by an atom, one of the shares may fall by one: no way of staying within an
/// atom of the exact shares by their remainders avoids that.
pub fn pro_rata(total: Amount, weights: &[Amount]) -> Vec<Amount> {
    amounts(in_proportion(atoms(total), &all_atoms(weights)))
}

/// Shares of `total` that are equal, but for those who have less and give all they have: the level
/// of venue.md §2.14 (iv). What rounding down leaves goes to those who have most, an atom each, to
/// the first of equals.
pub fn level(total: Amount, most: &[Amount]) -> Vec<Amount> {
    amounts(to_level(atoms(total), &all_atoms(most)))
}

/// See [`allocate`].
pub(crate) fn in_order(total: u64, most: &[u64]) -> Vec<u64> {
    let mut left = total;
    let take = |most: &u64| {
        let share = left.min(*most);
        left -= share;
        share
    };
    most.iter().map(take).collect()
}

/// See [`pro_rata`].
pub(crate) fn in_proportion(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().copied().map(u128::from).sum();
    if sum == 0 {
        return weights.to_vec();
    }
    let total = u128::from(total).min(sum);
    let exact = || weights.iter().map(|weight| u128::from(*weight) * total);
    let mut shares: Vec<u64> = exact().map(|product| narrow(product / sum)).collect();
    let given: u128 = shares.iter().copied().map(u128::from).sum();
    let left = usize::try_from(total - given).expect("less than an atom of each is left");
    if left == 0 {
        return shares;
    }
    let remainders = exact().map(|product| Reverse(product % sum));
    let mut first: Vec<(Reverse<u128>, usize)> = remainders.zip(0..).collect();
    // The keys differ, so that these are the same whatever the order they are found in.
    first.select_nth_unstable(left);
    for (_, place) in first.into_iter().take(left) {
        if let Some(share) = shares.get_mut(place) {
            *share += 1;
        }
    }
    shares
}

/// See [`level`].
pub(crate) fn to_level(total: u64, most: &[u64]) -> Vec<u64> {
    let mut rising: Vec<(u64, Reverse<usize>)> =
        most.iter().copied().zip((0..).map(Reverse)).collect();
    rising.sort_unstable();
    let mut shares = most.to_vec();
    let mut left = total;
    for (nth, (most, Reverse(place))) in rising.iter().enumerate() {
        let others = u64::try_from(rising.len() - nth).expect("fewer than 2^64");
        let share = (left / others).min(*most);
        left -= share;
        if let Some(slot) = shares.get_mut(*place) {
            *slot = share;
        }
    }
    shares
}

/// Atoms of an amount; none of one below zero.
pub(crate) fn atoms(amount: Amount) -> u64 {
    u64::try_from(amount.0).unwrap_or(0)
}

/// The amount of what is no more than an amount was.
pub(crate) fn amount(atoms: u64) -> Amount {
    Amount(i64::try_from(atoms).expect("a share of an amount"))
}

fn all_atoms(amounts: &[Amount]) -> Vec<u64> {
    amounts.iter().copied().map(atoms).collect()
}

fn amounts(atoms: Vec<u64>) -> Vec<Amount> {
    atoms.into_iter().map(amount).collect()
}

fn narrow(share: u128) -> u64 {
    u64::try_from(share).expect("a share is within its weight")
}
