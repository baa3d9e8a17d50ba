//! What the gateway needs of the venue behind it. `plimsoll` provides it, and the simulator will.

use std::future::Future;
use std::pin::Pin;

use types::{
    AccountId, AccountView, AdlPlace, AssetCode, FeedView, InstrumentId, Lots, OrderNeeds,
    Proposal, PublicKey, Seq, Signature, Ticks, Version, WaterfallView,
};

/// One margin domain, by its place in [`Venue::domains`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainId(pub u8);

/// A margin domain: its settlement asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The asset of its margin, profit and fees.
    pub asset: AssetCode,
    /// Decimals of that asset: one is `10^decimals` atoms.
    pub decimals: u8,
}

/// How a proposal is queued. Load is shed from the back of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Cancels, reduce-only orders, and reports of prices: they have a reserve of their own. A
    /// venue that sheds its prices first cannot trade when that matters most.
    Cancel,
    /// Everything else.
    Order,
}

/// The queue is full, or the venue is not there yet, or no more. The command was not proposed and
/// never will be: sending it again is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: send it again in a moment", busy_words(*queued))]
pub struct Busy {
    /// How many wait; 0 while the venue starts or stops.
    pub queued: usize,
}

fn busy_words(queued: usize) -> String {
    match queued {
        0 => "no commands are taken while the venue starts or stops".to_owned(),
        queued => format!("{queued} commands are queued"),
    }
}

/// How this node and its cluster stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterView {
    /// This node; 1 on a venue of one machine.
    pub node: u64,
    /// Name of the cluster; `solo` on a venue of one machine.
    pub cluster: String,
    /// What fails together with this node.
    pub zone: String,
    /// Its domains, in their order.
    pub domains: Vec<DomainStanding>,
    /// Bytes that are free where the data lies, if that is known.
    pub disk_free_bytes: Option<u64>,
    /// The newest version of the rules that its build knows.
    pub version_max: Version,
}

/// How a domain stands on this node. Indexes are those of the replicated log; seqs are entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainStanding {
    /// Which domain.
    pub asset: AssetCode,
    /// `leader`, `follower`, `candidate`, `learner`, `stopped` or `solo`.
    pub role: &'static str,
    /// Who leads, as this node knows it.
    pub leader: Option<u64>,
    /// The term that it knows of.
    pub term: u64,
    /// The last index of its log.
    pub last_index: Option<u64>,
    /// The last index that it knows to be committed.
    pub committed_index: Option<u64>,
    /// The last index that it has applied.
    pub applied_index: Option<u64>,
    /// The last seq that it has applied.
    pub applied: Seq,
    /// By which version of the rules it applies the next one.
    pub version: Version,
    /// Its newest root that was compared with the others', and after which seq.
    pub root: Option<(Seq, [u8; 32])>,
    /// Who votes.
    pub voters: Vec<u64>,
    /// Who follows without a vote.
    pub learners: Vec<u64>,
    /// How old what it shows may be, in milliseconds; 0 for a leader.
    pub lag_ms: u64,
    /// Everybody.
    pub members: Vec<MemberStanding>,
}

/// A member of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStanding {
    /// Its id.
    pub node: u64,
    /// Where the other nodes reach it.
    pub address: String,
    /// What fails together with it.
    pub zone: String,
    /// Where its API is.
    pub api: String,
    /// The last index that it has, if this node leads and knows.
    pub matched_index: Option<u64>,
    /// How many entries it is behind, if this node leads and knows.
    pub lag_entries: Option<u64>,
}

/// A change of the members of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// A node follows, without a vote.
    AddLearner {
        /// Its id, never used before.
        node: u64,
        /// Where the other nodes reach it.
        address: String,
        /// What fails together with it.
        zone: String,
        /// Where its API is.
        api: String,
    },
    /// A learner that has caught up gets a vote.
    Promote {
        /// Which.
        node: u64,
        /// Though one zone would hold a quorum.
        force: bool,
    },
    /// A node is taken out.
    Remove {
        /// Which.
        node: u64,
        /// Though too few would be near the end of the log.
        force: bool,
    },
    /// Another node leads.
    Transfer {
        /// Which.
        node: u64,
    },
}

/// A future that can be kept in a box.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The venue behind a gateway.
///
/// Outcomes do not come back from here: whoever implements this hands each applied batch of a
/// domain to that domain's publisher, which knows each proposal by its tag.
///
/// A question has no answer at a venue that does not give one.
pub trait Venue: Send + Sync + 'static {
    /// The domains, in an order that never changes while the process runs.
    fn domains(&self) -> &[Domain];
    /// Proposes a command. Never blocks.
    fn propose(&self, domain: DomainId, class: Class, proposal: Proposal) -> Result<(), Busy>;
    /// The numbers of an account after some applied batch; `None` if there is no such account.
    fn account(&self, _: DomainId, _: AccountId) -> Later<Option<AccountView>> {
        Box::pin(async { None })
    }
    /// The feed of a pair after some applied batch; `None` if the domain has no such index.
    fn feed(&self, _: DomainId, _: AssetCode, _: AssetCode) -> Later<Option<FeedView>> {
        Box::pin(async { None })
    }
    /// Where an account's positions stand in the ranking of auto-deleveraging; `None`: no answer.
    fn adl_places(&self, _: DomainId, _: AccountId) -> Later<Option<Vec<AdlPlace>>> {
        Box::pin(async { None })
    }
    /// What an order of an account to buy, and one to sell, would need; `None` if there is no such
    /// account or no mark.
    fn order_needs(
        &self,
        _: DomainId,
        _: AccountId,
        _: (InstrumentId, Lots, Ticks),
    ) -> Later<Option<[OrderNeeds; 2]>> {
        Box::pin(async { None })
    }
    /// The insurance fund and what stands behind it; `None`: no answer.
    fn waterfall(&self, _: DomainId) -> Later<Option<WaterfallView>> {
        Box::pin(async { None })
    }
    /// How this node and its cluster stand.
    fn cluster(&self) -> Later<ClusterView> {
        Box::pin(async { ClusterView::default() })
    }
    /// Changes the members of a domain that this node leads; an error says, in words, why not.
    fn change_members(&self, _: DomainId, _: MemberChange) -> Later<Result<(), String>> {
        Box::pin(async { Err("this venue runs on one machine".to_owned()) })
    }
    /// Whether a domain that this node leads may go on by another version of the rules: every
    /// member's build must know it. An error says, in words, whose does not.
    fn check_upgrade(&self, domain: DomainId, to: Version) -> Later<Result<(), String>>;
    /// How old what this node shows may be, if it follows another.
    fn lag_ms(&self) -> Option<u64> {
        None
    }
    /// Signs a message with the venue's notice key; `None`: there is none here.
    fn sign_notice(&self, _: &[u8]) -> Option<(PublicKey, Signature)> {
        None
    }
}
