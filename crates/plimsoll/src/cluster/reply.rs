//! What a node says of its cluster: the answer of `public/get_cluster` (docs/operating/cluster.md).
//!
//! What a node does not know is null or left out: only a leader knows how far the others are.

use serde::{Deserialize, Serialize};

/// The answer of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReply {
    /// Which node.
    pub node: u64,
    /// Name of the cluster.
    pub cluster: String,
    /// What fails together with the node.
    pub zone: String,
    /// Each margin domain.
    pub domains: Vec<DomainReply>,
    /// Left on the disk of its log.
    #[serde(default)]
    pub disk_free_bytes: Option<u64>,
    /// How far its clock is before that of the leader: whoever asks measures it.
    #[serde(default)]
    pub clock_offset_ms: Option<i64>,
    /// The newest version of the rules that its build knows; one that does not say knows the first.
    #[serde(default = "first")]
    pub version_max: u32,
}

/// What a node is in a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It orders.
    Leader,
    /// It votes, and does what a leader orders.
    Follower,
    /// It stands for election.
    Candidate,
    /// It gets the log, and has no vote.
    Learner,
    /// It has stopped.
    Stopped,
    /// There is no cluster.
    Solo,
}

impl Role {
    /// As it is said.
    pub fn word(self) -> &'static str {
        match self {
            Role::Leader => "leader",
            Role::Follower => "follower",
            Role::Candidate => "candidate",
            Role::Learner => "learner",
            Role::Stopped => "stopped",
            Role::Solo => "solo",
        }
    }

    /// Whether it orders.
    pub fn leads(self) -> bool {
        matches!(self, Role::Leader | Role::Solo)
    }
}

/// One domain, as one node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainReply {
    /// Settlement asset.
    pub currency: String,
    /// What the node is.
    pub role: Role,
    /// Who leads, as far as it knows.
    #[serde(default)]
    pub leader: Option<u64>,
    /// The term that it knows.
    #[serde(default)]
    pub term: u64,
    /// Last entry of its replicated log.
    #[serde(default)]
    pub last_index: Option<u64>,
    /// Last entry that a quorum has, as far as it knows.
    #[serde(default)]
    pub committed_index: Option<u64>,
    /// Last entry that its engine has carried out.
    #[serde(default)]
    pub applied_index: Option<u64>,
    /// The same as a place in the log of commands.
    #[serde(default)]
    pub applied_seq: u64,
    /// By which version of the rules its engine carries out the next one.
    #[serde(default = "first")]
    pub version: u32,
    /// State root, hexadecimal, after entry `root_seq`.
    #[serde(default)]
    pub root: String,
    /// Which entry that is.
    #[serde(default)]
    pub root_seq: u64,
    /// Who votes.
    #[serde(default)]
    pub voters: Vec<u64>,
    /// Who gets the log without a vote.
    #[serde(default)]
    pub learners: Vec<u64>,
    /// How long ago it last heard of a leader; of a leader, of a quorum.
    #[serde(default)]
    pub lag_ms: Option<u64>,
    /// Every member.
    #[serde(default)]
    pub members: Vec<MemberReply>,
}

fn first() -> u32 {
    types::Version::FIRST.0
}

/// A member, as a node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberReply {
    /// Which.
    pub node: u64,
    /// Host and port where other nodes reach it.
    #[serde(default)]
    pub address: String,
    /// What fails together with it.
    #[serde(default)]
    pub zone: String,
    /// Host and port of its API.
    #[serde(default)]
    pub api: String,
    /// The last entry that it surely has; known to the leader.
    #[serde(default)]
    pub matched_index: Option<u64>,
    /// Entries that it lacks; known to the leader.
    #[serde(default)]
    pub lag_entries: Option<u64>,
}
