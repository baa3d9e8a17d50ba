//! Bugs on purpose, for the drills to catch: a check that cannot fail is none.
//!
//! They exist only in a build with the feature `planted`, which no released build has, and then
//! only where `PLIMSOLL_PLANTED` names one. Without the feature [`is`] is the constant `false`.

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
}

/// Whether this process has the bug.
#[cfg(feature = "planted")]
pub(crate) fn is(bug: Bug) -> bool {
    let name = match bug {
        Bug::AcknowledgeEarly => "acknowledge-early",
        Bug::ForgetVote => "forget-vote",
        Bug::ApplyTwice => "apply-twice",
    };
    std::env::var("PLIMSOLL_PLANTED").is_ok_and(|planted| planted == name)
}

/// Whether this process has the bug: never.
#[cfg(not(feature = "planted"))]
pub(crate) const fn is(_: Bug) -> bool {
    false
}
