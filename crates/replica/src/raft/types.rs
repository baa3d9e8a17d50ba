//! What is replicated, and between whom.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use openraft::alias::{EntryOf, LogIdOf, SnapshotMetaOf, StoredMembershipOf, VoteOf};
use types::Seq;

openraft::declare_raft_types!(
    /// The types that our clusters use.
    pub Types:
        D = Batch,
        R = (),
        NodeId = u64,
        Node = Member,
        LeaderId = openraft::impls::leader_id_std::LeaderId<u64, u64>,
);

/// A place in the replicated log.
pub type LogId = LogIdOf<Types>;
/// A vote.
pub type Vote = VoteOf<Types>;
/// An entry of the replicated log.
pub type Entry = EntryOf<Types>;
/// Who the members are, as of which entry.
pub type StoredMembership = StoredMembershipOf<Types>;
/// What a snapshot says of its place.
pub type SnapshotMeta = SnapshotMetaOf<Types>;

/// Commands that are ordered together: one entry of the replicated log.
#[derive(Clone, PartialEq, Eq)]
pub struct Batch {
    /// How many commands; at least one.
    pub count: u32,
    /// `at` and the commands, as `crate::batch` has them.
    pub body: Arc<[u8]>,
    /// Who waits for which command, in their order; empty when the batch was read from a disk: then
    /// nobody does.
    pub asked: Arc<[Asked]>,
}

/// Who waits for the outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// One life of one node, by a random number.
    pub origin: u64,
    /// The command's tag there.
    pub tag: u64,
}

/// A node of a cluster, as the log knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Host and port where the other nodes reach it.
    pub address: String,
    /// What fails together: a building, a rack. A zone must not hold a quorum.
    pub zone: String,
    /// Host and port of its API, for clients that are sent on.
    pub api: String,
}

/// A snapshot in a file of its own: `journal::snapshot::file_name(seq)` in `dir`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFile {
    /// Where.
    pub dir: PathBuf,
    /// The last entry that it includes.
    pub seq: Seq,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} commands in {} bytes", self.count, self.body.len())
    }
}
