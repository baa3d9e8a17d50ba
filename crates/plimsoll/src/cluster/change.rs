//! What a change of the members or of the rules comes to, before it is asked for: who votes then,
//! what the quorum is then, and whether it would obviously lose it.
//!
//! Each domain is a group of its own with a leader of its own, so a change is one call for each. A
//! domain in which it was done already is left out: a change that broke off in the middle is asked
//! for again. The leaders check it all once more; what is refused here would only be refused later.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ask::Answer;
use super::reply::MemberReply;
use super::verdict::{DomainState, Verdict};
use crate::config::{Peer, Problems, check_members, quorum};

/// Entries that a node may be behind that shall vote or lead.
const BEHIND_MAX: u64 = 1_000;

/// A change of the members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new node learns.
    Add(Peer),
    /// One that learns votes.
    Promote(u64),
    /// One goes.
    Remove(u64),
    /// One leads.
    Transfer(u64),
    /// Other rules: those of this version, or of the next one.
    Upgrade(Option<u32>),
}

/// What is called at whose leader, and what it comes to in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For a person.
    pub words: Vec<String>,
    /// One for each domain.
    pub calls: Vec<Call>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Who leads the domain.
    pub leader: u64,
    /// What is called there.
    pub method: &'static str,
    /// With what.
    pub params: Value,
}

/// A change as the nodes are now.
pub struct Situation<'a> {
    /// What they said.
    pub answers: &'a [Answer],
    /// What that comes to.
    pub verdict: &'a Verdict,
    /// Only this domain.
    pub currency: Option<&'a str>,
    /// Although it looks as if the quorum would be lost.
    pub force: bool,
}

impl Change {
    /// What it comes to, or why not.
    pub fn plan(&self, now: &Situation<'_>) -> Result<Plan, String> {
        let mut plan = Plan { words: Vec::new(), calls: Vec::new() };
        let is_meant =
            |domain: &&DomainState| now.currency.is_none_or(|only| only == domain.currency);
        let domains: Vec<&DomainState> = now.verdict.domains.iter().filter(is_meant).collect();
        if domains.is_empty() {
            return Err(match now.currency {
                Some(currency) => format!("no node that answers has a domain {currency}"),
                None => "no node answers: a change of the members needs a leader".to_owned(),
            });
        }
        let mut done = Vec::new();
        for domain in domains {
            let currency = &domain.currency;
            let named = |why| format!("{currency}: {why}");
            let Some(words) = self.step(domain, now).map_err(named)? else {
                done.push(currency.as_str());
                continue;
            };
            let leader = domain.leader.ok_or_else(|| {
                named("nobody leads, and only a leader changes the members".to_owned())
            })?;
            plan.words.push(named(words));
            plan.calls.push(self.call(domain, leader, now.force));
        }
        match plan.calls.is_empty() {
            true => Err(format!("it is so already in {}", done.join(", "))),
            false => Ok(plan),
        }
    }

    /// What it comes to in one domain; `None` if it is so already.
    fn step(&self, domain: &DomainState, now: &Situation<'_>) -> Result<Option<String>, String> {
        match self {
            Change::Add(peer) => add(domain, peer, now),
            Change::Promote(node) => promote(domain, *node, now),
            Change::Remove(node) => remove(domain, *node, now),
            Change::Transfer(node) => transfer(domain, *node),
            Change::Upgrade(to) => upgrade(domain, to.unwrap_or(domain.next_version()), now),
        }
    }

    fn call(&self, domain: &DomainState, leader: u64, force: bool) -> Call {
        let (method, mut params) = match self {
            Change::Add(Peer { node, address, zone, api }) => (
                "operator/cluster_add_learner",
                json!({"node": node, "address": address, "zone": zone, "api": api}),
            ),
            Change::Promote(node) => {
                ("operator/cluster_promote", json!({"node": node, "force": force}))
            }
            Change::Remove(node) => {
                ("operator/cluster_remove", json!({"node": node, "force": force}))
            }
            Change::Transfer(node) => ("operator/cluster_transfer", json!({"node": node})),
            Change::Upgrade(to) => {
                ("operator/upgrade", json!({"version": to.unwrap_or(domain.next_version())}))
            }
        };
        params["currency"] = json!(domain.currency);
        Call { leader, method, params }
    }
}

fn add(domain: &DomainState, peer: &Peer, now: &Situation<'_>) -> Result<Option<String>, String> {
    let node = peer.node;
    if domain.voters.contains(&node) {
        return Err(format!("node {node} votes already: a new machine gets a new number"));
    }
    if domain.learners.contains(&node) {
        return Ok(None);
    }
    let mut members = known_members(domain, now);
    members.push(peer.clone());
    // Where members would stand together is looked at when they get a vote.
    let problems = check_members(&members, true);
    if !problems.is_empty() {
        return Err(Problems(problems).to_string());
    }
    let (n_voters, needed) = (domain.voters.len(), domain.quorum());
    Ok(Some(format!(
        "node {node} gets the log and does not vote: {n_voters} voters, quorum {needed}, as before"
    )))
}

fn promote(domain: &DomainState, node: u64, now: &Situation<'_>) -> Result<Option<String>, String> {
    if domain.voters.contains(&node) {
        return Ok(None);
    }
    if !domain.learners.contains(&node) {
        return Err(format!("node {node} does not learn: plimsoll cluster add comes first"));
    }
    keeps_up(domain, node)?;
    let (n_before, n_after) = (domain.voters.len(), domain.voters.len() + 1);
    let n_there = domain.there.len() + 1;
    if n_there < quorum(n_after) && !now.force {
        return Err(format!(
            "{n_there} of then {n_after} voters would answer, and {} would be a quorum: bring a \
             node back first",
            quorum(n_after)
        ));
    }
    let members = known_members(domain, now);
    let votes = |peer: &Peer| peer.node == node || domain.voters.contains(&peer.node);
    let voters: Vec<Peer> = members.into_iter().filter(votes).collect();
    let problems = check_members(&voters, false);
    if voters.len() == n_after && !problems.is_empty() && !now.force {
        return Err(Problems(problems).to_string());
    }
    Ok(Some(format!(
        "node {node} gets a vote: {n_before} voters become {n_after}, quorum {} becomes {}, and \
         {n_there} answer{}",
        domain.quorum(),
        quorum(n_after),
        even(n_after)
    )))
}

fn remove(domain: &DomainState, node: u64, now: &Situation<'_>) -> Result<Option<String>, String> {
    if domain.learners.contains(&node) && !domain.voters.contains(&node) {
        return Ok(Some(format!("node {node} no longer gets the log; it has no vote")));
    }
    if !domain.voters.contains(&node) {
        return Ok(None);
    }
    let (n_before, n_after) = (domain.voters.len(), domain.voters.len() - 1);
    if n_after == 0 {
        return Err(format!("node {node} is the last voter: stop it instead"));
    }
    let n_there = domain.there.iter().filter(|voter| **voter != node).count();
    if n_there < quorum(n_after) && !now.force {
        return Err(format!(
            "{n_there} of then {n_after} voters would answer, and {} would be a quorum: bring a \
             node back, or add one and promote it, first",
            quorum(n_after)
        ));
    }
    if domain.leader == Some(node) && !now.force {
        return Err(format!("node {node} leads: plimsoll cluster transfer to another one first"));
    }
    Ok(Some(format!(
        "node {node} loses its vote, for good: {n_before} voters become {n_after}, quorum {} \
         becomes {}, and {n_there} answer{}",
        domain.quorum(),
        quorum(n_after),
        even(n_after)
    )))
}

fn transfer(domain: &DomainState, node: u64) -> Result<Option<String>, String> {
    if !domain.voters.contains(&node) {
        return Err(format!("node {node} has no vote, so it cannot lead"));
    }
    if domain.leader == Some(node) {
        return Ok(None);
    }
    keeps_up(domain, node)?;
    let from = domain.leader.map_or("nobody".to_owned(), |leader| format!("node {leader}"));
    let (n_voters, needed) = (domain.voters.len(), domain.quorum());
    Ok(Some(format!(
        "node {node} leads instead of {from}, orders wait for a moment: {n_voters} voters, quorum \
         {needed}, as before"
    )))
}

fn upgrade(domain: &DomainState, to: u32, now: &Situation<'_>) -> Result<Option<String>, String> {
    let version = domain.version;
    if to <= version {
        return Ok(None);
    }
    let next = domain.next_version();
    if to != next {
        return Err(format!("it goes by version {version} of the rules: upgrade to {next} first"));
    }
    let replies = now.answers.iter().filter_map(|answer| answer.said.as_ref().ok());
    let known: BTreeMap<u64, u32> = replies.map(|reply| (reply.node, reply.version_max)).collect();
    let members = domain.voters.iter().chain(&domain.learners);
    let faults = members.clone().filter_map(|node| match known.get(node) {
        None => Some(format!("node {node} does not answer")),
        Some(known) if *known < to => Some(format!("node {node} knows versions up to {known}")),
        Some(_) => None,
    });
    let faults: Vec<String> = faults.collect();
    if !faults.is_empty() {
        return Err(format!(
            "every node must know version {to} of the rules first: {}. Start a build there that \
             knows it",
            faults.join("; ")
        ));
    }
    Ok(Some(format!(
        "goes on by version {to} of the rules, not {version}, at all {} nodes from one entry on; \
         there is no way back",
        members.count()
    )))
}

/// A node that lacks much would hold everybody up.
fn keeps_up(domain: &DomainState, node: u64) -> Result<(), String> {
    match domain.behind(node) {
        None => Err(format!("node {node} does not answer: start it first")),
        Some(behind) if BEHIND_MAX < behind => Err(format!(
            "node {node} is {behind} entries behind: wait until it is less than {BEHIND_MAX}"
        )),
        Some(_) => Ok(()),
    }
}

/// An even number of voters costs a machine and survives no more.
fn even(n_voters: usize) -> String {
    let survives = n_voters - quorum(n_voters);
    match n_voters.is_multiple_of(2) {
        true => format!(" ({n_voters} survive the loss of {survives}, as {} do)", n_voters - 1),
        false => format!(" ({n_voters} survive the loss of {survives})"),
    }
}

/// The members as the leader of a domain has them; none if it does not say where they are.
fn known_members(domain: &DomainState, now: &Situation<'_>) -> Vec<Peer> {
    let replies = now.answers.iter().filter_map(|answer| answer.said.as_ref().ok());
    let leader = replies.into_iter().find(|reply| Some(reply.node) == domain.leader);
    let views = leader.into_iter().flat_map(|reply| &reply.domains);
    let members: Vec<&MemberReply> = views
        .filter(|view| view.currency == domain.currency)
        .flat_map(|view| &view.members)
        .collect();
    if members.iter().any(|member| member.address.is_empty() || member.api.is_empty()) {
        return Vec::new();
    }
    let peers = members.into_iter().map(|member| Peer {
        node: member.node,
        address: member.address.clone(),
        zone: member.zone.clone(),
        api: member.api.clone(),
    });
    peers.collect()
}
