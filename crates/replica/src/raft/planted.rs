//! Bugs on purpose, for the drills to catch: a check that cannot fail is none.
//!
//! They exist only in a build with the feature `planted`, which no released build has, and then
//! only where `PLIMSOLL_PLANTED` names one. Without the feature [`is`] is the constant `false`.

use types::{Command, Entry};

/// What can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Entries are said to be on disk when they are not: a leader acknowledges what a quorum may
    /// still lose.
    AcknowledgeEarly,
    /// A node forgets whom it voted for when it starts.
    ForgetVote,
    /// A node that comes to lead applies the last batch again.
    ApplyTwice,
    /// From entry `PLIMSOLL_PLANTED_FROM` on a node takes each order for one lot more.
    Diverge,
}

/// Whether this process has the bug.
#[cfg(feature = "planted")]
pub(crate) fn is(bug: Bug) -> bool {
    let name = match bug {
        Bug::AcknowledgeEarly => "acknowledge-early",
        Bug::ForgetVote => "forget-vote",
        Bug::ApplyTwice => "apply-twice",
        Bug::Diverge => "diverge",
    };
    std::env::var("PLIMSOLL_PLANTED").is_ok_and(|planted| planted == name)
}

/// Whether this process has the bug: never.
#[cfg(not(feature = "planted"))]
pub(crate) const fn is(_: Bug) -> bool {
    false
}

/// An entry as a node with [`Bug::Diverge`] applies it; everywhere else as it stands in the log.
pub(crate) fn diverged(mut entry: Entry) -> Entry {
    if is(Bug::Diverge)
        && let Command::PlaceOrder(order) = &mut entry.command
        && std::env::var("PLIMSOLL_PLANTED_FROM")
            .is_ok_and(|from| from.parse().is_ok_and(|from: u64| from <= entry.seq.0))
    {
        order.size.0 += 1;
    }
    entry
}
