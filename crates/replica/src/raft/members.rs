//! Who the members of a group are, and what must hold before that is changed.
//!
//! A change is refused, with the numbers, where it would leave fewer than a quorum near the end of
//! the log, or give one zone a quorum; the last two can be forced. openraft does the rest: a joint
//! membership while it changes, and one change at a time.

use std::collections::{BTreeMap, BTreeSet};

use openraft::ChangeMembers;

use super::status::{Role, Standing, Status};
use super::types::Member;

/// Why the members were not changed. Nothing was proposed.
#[derive(Debug, thiserror::Error)]
pub enum MembersError {
    /// This node does not lead.
    #[error(
        "node {node} does not lead: ask the leader, at {}",
        at.as_deref().unwrap_or("no known address")
    )]
    NotLeader {
        /// This node.
        node: u64,
        /// Where the leader's API is, if it is known.
        at: Option<String>,
    },
    /// The change would leave too few.
    #[error("{0}")]
    Unsafe(String),
    /// openraft refused.
    #[error("the members were not changed: {0}")]
    Refused(String),
}

impl Standing {
    pub(super) fn check_leads(&self) -> Result<(), MembersError> {
        let status = self.status();
        if status.role == Role::Leader {
            return Ok(());
        }
        let leader = status.members.iter().find(|member| Some(member.node) == status.leader);
        let at = leader.map(|leader| leader.member.api.clone());
        Err(MembersError::NotLeader { node: self.node, at })
    }

    /// Adds a node that follows without a vote; returns when the log says so, which is before the
    /// node has caught up.
    pub async fn add_learner(&self, node: u64, member: Member) -> Result<(), MembersError> {
        self.check_leads()?;
        let added = self.raft.add_learner(node, member, false).await;
        added.map(|_| ()).map_err(|error| MembersError::Refused(error.to_string()))
    }

    /// Gives a node that has caught up its vote.
    pub async fn promote(&self, node: u64, force: bool) -> Result<(), MembersError> {
        self.check_leads()?;
        let status = self.status();
        check_promote(&status, node, force).map_err(MembersError::Unsafe)?;
        let change = ChangeMembers::AddVoterIds(BTreeSet::from([node]));
        self.change(change).await
    }

    /// Takes a node out.
    pub async fn remove(&self, node: u64, force: bool) -> Result<(), MembersError> {
        self.check_leads()?;
        let status = self.status();
        check_remove(&status, node, force).map_err(MembersError::Unsafe)?;
        if status.voters.contains(&node) {
            self.change(ChangeMembers::RemoveVoters(BTreeSet::from([node]))).await?;
        }
        if status.learners.contains(&node) {
            self.change(ChangeMembers::RemoveNodes(BTreeSet::from([node]))).await?;
        }
        Ok(())
    }

    /// Hands the lead to another voter.
    pub async fn transfer(&self, node: u64) -> Result<(), MembersError> {
        self.check_leads()?;
        let asked = self.raft.trigger().transfer_leader(node).await;
        asked.map_err(|error| MembersError::Refused(error.to_string()))
    }

    async fn change(&self, change: ChangeMembers<u64, Member>) -> Result<(), MembersError> {
        let changed = self.raft.change_membership(change, false).await;
        changed.map(|_| ()).map_err(|error| MembersError::Refused(error.to_string()))
    }
}

/// Entries that a node may lag and still be given a vote.
pub const PROMOTE_LAG_MAX: u64 = 1_000;

fn check_promote(status: &Status, node: u64, force: bool) -> Result<(), String> {
    let Some(found) = status.members.iter().find(|member| member.node == node) else {
        return Err(format!("node {node} is no member: add it as a learner first"));
    };
    let last = status.last_index.unwrap_or(0);
    let lag = last.saturating_sub(found.matched_index.unwrap_or(0));
    if PROMOTE_LAG_MAX < lag {
        return Err(format!(
            "node {node} lags {lag} entries behind, at most {PROMOTE_LAG_MAX} may be missing: wait \
             until it has caught up"
        ));
    }
    let voters: BTreeSet<u64> = status.voters.iter().copied().chain([node]).collect();
    check_zones(status, &voters, force)
}

fn check_remove(status: &Status, node: u64, force: bool) -> Result<(), String> {
    if !status.members.iter().any(|member| member.node == node) {
        return Err(format!("node {node} is no member"));
    }
    let left: BTreeSet<u64> = status.voters.iter().copied().filter(|id| *id != node).collect();
    if left.is_empty() {
        return Err(format!("node {node} is the last one that votes"));
    }
    let last = status.last_index.unwrap_or(0);
    let is_near = |id: &&u64| {
        let member = status.members.iter().find(|member| member.node == **id);
        let matched = member.and_then(|member| member.matched_index);
        Some(**id) == status.leader
            || matched.is_some_and(|matched| last.saturating_sub(matched) <= PROMOTE_LAG_MAX)
    };
    let (near, quorum) = (left.iter().filter(is_near).count(), left.len() / 2 + 1);
    if near < quorum && !force {
        return Err(format!(
            "without node {node} {} nodes vote and {quorum} of them make a quorum, but only {near} \
             are up and near the end of the log: bring the others back first, or force it",
            left.len()
        ));
    }
    check_zones(status, &left, force)
}

/// One zone that fails must leave a quorum.
fn check_zones(status: &Status, voters: &BTreeSet<u64>, force: bool) -> Result<(), String> {
    let mut zones: BTreeMap<&str, usize> = BTreeMap::new();
    let counted = status.members.iter().filter(|member| voters.contains(&member.node));
    counted.for_each(|member| *zones.entry(&member.member.zone).or_default() += 1);
    let quorum = voters.len() / 2 + 1;
    let worst = zones.into_iter().max_by_key(|(_, count)| *count);
    match worst {
        Some((zone, count)) if quorum <= count && 1 < voters.len() && !force => Err(format!(
            "zone {zone} would hold {count} of {} votes, and {quorum} make a quorum: if it fails, \
             so does the venue. Put a node into another zone, or force it",
            voters.len()
        )),
        _ => Ok(()),
    }
}
