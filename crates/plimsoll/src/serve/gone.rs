//! Cancel on disconnect for those whose node is gone: it cannot cancel for them any more, so the
//! leader does (ORD-21).
//!
//! A node that does not answer its leader for [`GONE_AFTER`] is gone, with every connection that it
//! had. A node that comes back numbers its connections anew, and its clients place their orders
//! anew.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gateway::venue::{Class, Domain, DomainId};
use types::{Command, SessionId};

use super::site::Site;
use crate::output;

/// Longer than a fail-over and a restart take together.
const GONE_AFTER: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// A connection's number: 6 bits of node, 26 that its node counts.
const NODE_SHIFT: u32 = 26;

/// Every connection that a node can have.
pub fn sessions_of(node: u64) -> (SessionId, SessionId) {
    let node = u32::try_from(node % 64).unwrap_or(0) << NODE_SHIFT;
    (SessionId(node), SessionId(node | ((1 << NODE_SHIFT) - 1)))
}

/// Looks for them, whenever this node leads the domain.
pub async fn watch(site: Arc<Site>, id: DomainId, domain: Domain) {
    let standing = site.venue().standing(id).expect("a node of a cluster knows how it stands");
    let mut gone = BTreeSet::new();
    loop {
        tokio::time::sleep(LOOK).await;
        let silent = match site.venue().leads(id) {
            true => standing.silent(GONE_AFTER),
            false => Vec::new(),
        };
        gone.retain(|node| silent.contains(node));
        for node in silent {
            let (first, last) = sessions_of(node);
            let drop = Command::DropSessions { first, last };
            let is_known = drop.since() <= standing.status().version;
            if !is_known || gone.contains(&node) {
                continue;
            }
            let (asset, seconds) = (domain.asset, GONE_AFTER.as_secs());
            let said = match site.carry_out_as(id, Class::Cancel, vec![drop]).await {
                Ok(()) => {
                    gone.insert(node);
                    format!("node {node} is silent for {seconds} s: its clients' orders are gone")
                }
                Err(error) => format!("cancelling for the clients of node {node}: {error:#}"),
            };
            output::note(&format!("{asset}: {said}"));
        }
    }
}
