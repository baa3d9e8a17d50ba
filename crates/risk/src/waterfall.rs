//! Who pays a loss, in which order and in which proportion (venue.md §2.13).

use alloc::vec::Vec;

use types::Amount;

/// What each layer pays of a loss, the first layers first, and what is left over.
pub fn allocate(loss: Amount, layers: &[Amount]) -> (Vec<Amount>, Amount) {
    let mut left = loss;
    let paid = layers.iter().map(|layer| {
        let pays = left.min(*layer).max(Amount::ZERO);
        left = left.minus(pays);
        pays
    });
    (paid.collect(), left)
}

/// Shares of `total` in proportion to weights, none above its weight, that sum to it to the atom;
/// to all of the weights if the total is more. What rounding leaves goes to the first that have
/// room, an atom each.
pub fn pro_rata(total: Amount, weights: &[Amount]) -> Vec<Amount> {
    let sum: i128 = weights.iter().map(|weight| i128::from(weight.0.max(0))).sum();
    let total = i128::from(total.0).clamp(0, sum);
    if sum == 0 {
        return weights.iter().map(|_| Amount::ZERO).collect();
    }
    let share = |weight: &Amount| Amount::narrow(i128::from(weight.0.max(0)) * total / sum);
    let mut shares: Vec<Amount> = weights.iter().map(share).collect();
    let given: i128 = shares.iter().map(|share| i128::from(share.0)).sum();
    let mut left = total - given;
    for (share, weight) in shares.iter_mut().zip(weights) {
        if 0 < left && share.0 < weight.0 {
            share.0 += 1;
            left -= 1;
        }
    }
    shares
}
