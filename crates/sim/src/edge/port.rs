//! What a gateway of a world finds behind it: the queue of its node, or the way to the leader.
//!
//! It is production's seam, `gateway::venue::Venue`. Questions to the engine have no answer here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway::venue::{Busy, Class, Domain, DomainId, Later, Venue};
use replica::queue::{self, Queue, Refused};
use types::{AssetCode, Command, Proposal, Version};

use crate::raft::NodeId;

/// A tag of the world: that it is of a gateway, node, life, and what the gateway calls it.
const OF_GATEWAY: u64 = 1 << 63;
const NODE_SHIFT: u32 = 56;
const LIFE_SHIFT: u32 = 40;
const OWN: u64 = (1 << LIFE_SHIFT) - 1;

/// Whether a tag is of a gateway's command.
pub fn is_of_gateway(tag: u64) -> bool {
    tag & OF_GATEWAY != 0
}

/// How the node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It leads.
    Leads,
    /// It follows this one.
    Follows(NodeId),
    /// It knows of no leader.
    Alone,
}

/// A command that the gateway has proposed.
#[derive(Debug)]
pub struct Sent {
    /// By which the world knows it.
    pub tag: u64,
    /// What.
    pub command: Command,
    /// To whom it is to be sent on; `None`: it is in the node's own queue.
    pub to: Option<NodeId>,
}

/// The venue of one gateway.
#[derive(Debug)]
pub struct Port {
    domains: [Domain; 1],
    base: u64,
    queue: Arc<Queue>,
    standing: Mutex<Standing>,
    sent: Mutex<Vec<Sent>>,
}

impl Port {
    /// Over the queue of a node in one life.
    pub fn new(domain: (AssetCode, u8), (node, life): (NodeId, u32), queue: Arc<Queue>) -> Port {
        let base = OF_GATEWAY | u64::from(node) << NODE_SHIFT | u64::from(life) << LIFE_SHIFT;
        Port {
            domains: [Domain { asset: domain.0, decimals: domain.1 }],
            base,
            queue,
            standing: Mutex::new(Standing::Alone),
            sent: Mutex::default(),
        }
    }

    /// How the node stands from here on.
    pub fn stand(&self, standing: Standing) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }

    fn standing(&self) -> Standing {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was proposed since this was asked last.
    pub fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.sent())
    }

    /// What the gateway of this port calls a tag of the world; zero if it is not of this gateway.
    pub fn own(&self, tag: u64) -> u64 {
        if tag & !OWN == self.base { tag & OWN } else { 0 }
    }

    /// The tag of the world for one of the gateway.
    pub fn of_world(&self, own: u64) -> u64 {
        self.base | own
    }

    fn sent(&self) -> MutexGuard<'_, Vec<Sent>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Venue for Port {
    fn domains(&self) -> &[Domain] {
        &self.domains
    }

    fn propose(&self, _: DomainId, class: Class, proposal: Proposal) -> Result<(), Busy> {
        let Proposal { tag, command } = proposal;
        let tag = self.of_world(tag);
        let to = match self.standing() {
            Standing::Alone => return Err(Busy { queued: 0 }),
            Standing::Follows(leader) => Some(leader),
            Standing::Leads => {
                let class = match class {
                    Class::Cancel => queue::Class::Cancel,
                    Class::Order => queue::Class::Order,
                };
                let proposal = Proposal { tag, command: command.clone() };
                self.queue.submit(class, proposal).map_err(|refused| match refused {
                    Refused::Busy { waiting } => Busy { queued: waiting },
                    Refused::Stopped => Busy { queued: 0 },
                })?;
                None
            }
        };
        self.sent().push(Sent { tag, command, to });
        Ok(())
    }

    fn check_upgrade(&self, _: DomainId, _: Version) -> Later<Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}
