//! What a node says of its cluster, and how an operator changes the members.
//!
//! ```text
//!   public/get_cluster                    every node: how it stands, domain by domain
//!   operator/upgrade                      the leader: the rules of the domain change at one entry
//!   operator/cluster_add_learner, _promote,
//!   _remove, _transfer                    the leader of the domain: carried out here
//! ```
//! A venue on one machine is a node that leads, and refuses to have its members changed.

use serde_json::{Value, json};

use types::{Command, Version};

use crate::call::{Answer, Answered, Call, Intent, Reply};
use crate::errors::error;
use crate::params::Params;
use crate::publish::Market;
use crate::rpc::{self, RpcError};
use crate::venue::{Class, ClusterView, DomainId, DomainStanding, MemberChange, MemberStanding};

/// `public/get_cluster`.
pub(crate) fn get_cluster(market: &Market, _: &Call) -> Answered {
    let later = market.venue().cluster();
    Ok(Answer::Later(Box::pin(async move { Ok(rpc::json(&view(&later.await))) })))
}

/// `operator/cluster_add_learner`.
pub(crate) fn add_learner(market: &Market, call: &Call) -> Answered {
    let params = Params(&call.params);
    let text = |name| {
        let text = params.needed(name, params.text(name)?)?;
        match text.len() {
            1..=256 => Ok(text.to_owned()),
            _ => Err(crate::refusals::param(name, "send 1 to 256 bytes")),
        }
    };
    let (address, zone, api) = (text("address")?, text("zone")?, text("api")?);
    change(market, call, MemberChange::AddLearner { node: node(params)?, address, zone, api })
}

/// `operator/cluster_promote`.
pub(crate) fn promote(market: &Market, call: &Call) -> Answered {
    let params = Params(&call.params);
    let force = params.flag("force")?.unwrap_or(false);
    change(market, call, MemberChange::Promote { node: node(params)?, force })
}

/// `operator/cluster_remove`.
pub(crate) fn remove(market: &Market, call: &Call) -> Answered {
    let params = Params(&call.params);
    let force = params.flag("force")?.unwrap_or(false);
    change(market, call, MemberChange::Remove { node: node(params)?, force })
}

/// `operator/cluster_transfer`.
pub(crate) fn transfer(market: &Market, call: &Call) -> Answered {
    change(market, call, MemberChange::Transfer { node: node(Params(&call.params))? })
}

/// `operator/upgrade`: asks every member's build, then orders it, and answers when it is applied.
pub(crate) fn upgrade(market: &Market, call: &Call) -> Answered {
    let params = Params(&call.params);
    let (domain, to) = (domain_of(market, params)?, Version(params.small::<u32>("version")?));
    let (market, checked) = (Market::clone(market), market.venue().check_upgrade(domain, to));
    Ok(Answer::Later(Box::pin(async move {
        let known = checked.await;
        known.map_err(|reason| error(11030, "other_reject version_not_known", reason))?;
        let command = Command::Upgrade { to };
        let intent = Intent { domain, class: Class::Order, command };
        market.finish(Answer::After(vec![intent], Reply::Ok)).await
    })))
}

fn node(params: Params<'_>) -> Result<u64, RpcError> {
    match params.small::<u64>("node")? {
        node if (1..=64).contains(&node) => Ok(node),
        _ => Err(crate::refusals::param("node", "send 1 to 64")),
    }
}

/// In the domain of `currency`: each has a leader of its own.
fn change(market: &Market, call: &Call, change: MemberChange) -> Answered {
    let domain = domain_of(market, Params(&call.params))?;
    let later = market.venue().change_members(domain, change);
    Ok(Answer::Later(Box::pin(async move {
        let changed = later.await;
        changed.map_err(|reason| error(11030, "other_reject members_not_changed", reason))?;
        Ok(rpc::json(&"ok"))
    })))
}

fn domain_of(market: &Market, params: Params<'_>) -> Result<DomainId, RpcError> {
    let asset = params.asset("currency")?;
    let domains = (0..).map(DomainId).zip(market.domains());
    let found = domains.into_iter().find(|(_, domain)| domain.asset == asset).map(|(id, _)| id);
    found.ok_or_else(|| crate::refusals::param("currency", "send the currency of a domain"))
}

fn view(cluster: &ClusterView) -> Value {
    json!({
        "node": cluster.node,
        "cluster": cluster.cluster,
        "zone": cluster.zone,
        "domains": cluster.domains.iter().map(domain).collect::<Vec<_>>(),
        "disk_free_bytes": cluster.disk_free_bytes,
        "version_max": cluster.version_max.0,
    })
}

fn domain(standing: &DomainStanding) -> Value {
    json!({
        "currency": standing.asset.as_str(),
        "role": standing.role,
        "leader": standing.leader,
        "term": standing.term,
        "last_index": standing.last_index,
        "committed_index": standing.committed_index,
        "applied_index": standing.applied_index,
        "applied_seq": standing.applied.0,
        "version": standing.version.0,
        "root": standing.root.map_or(String::new(), |(_, root)| crate::objects::hex(&root)),
        "root_seq": standing.root.map_or(0, |(seq, _)| seq.0),
        "voters": standing.voters,
        "learners": standing.learners,
        "lag_ms": standing.lag_ms,
        "members": standing.members.iter().map(member).collect::<Vec<_>>(),
    })
}

fn member(member: &MemberStanding) -> Value {
    json!({
        "node": member.node,
        "address": member.address,
        "zone": member.zone,
        "api": member.api,
        "matched_index": member.matched_index,
        "lag_entries": member.lag_entries,
    })
}
