//! From the queue to the leader: the task that makes batches of what waits.
//!
//! ```text
//!   queue ─▶ turn ─┬─ this node leads   ─▶ stamp ─▶ openraft, at most IN_FLIGHT_MAX batches
//!                  ├─ another one leads ─▶ sent on, as single commands
//!                  └─ nobody does       ─▶ waited for, LEADERLESS_MAX at most, then refused
//! ```
//! While as many batches are on their way as may be, what comes waits and makes the next batch
//! larger: that is the group commit of a cluster.
//!
//! # What is promised
//! 1. `at` never goes back, across leaders too: a batch is proposed under the term in which it was
//!    stamped, or not at all, and a leader stamps no earlier than the last batch of its log.
//! 2. A new leader's first batch opens its term (`StartTerm`): no price of before is trusted, and
//!    markets come back by the rules of an outage.
//! 3. A command is refused only if it was not proposed, and then never is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::VERSION_MAX;
use openraft::Raft;
use openraft::errors::ClientWriteError;
use openraft::impls::ProgressResponder;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::yield_now;
use tokio::time::timeout;
use types::codec::Codec;
use types::limits::BATCH_COMMANDS_MAX;
use types::{AssetCode, At, Command, Proposal, Seq};

use super::dial::Caller;
use super::engine_thread::Work;
use super::forward::{Fate, Forwarded, Forwarder, NotForwarded, TellFate};
use super::log::Log;
use super::machine::Machine;
use super::reached::Reached;
use super::types::{Asked, Batch, Types};
use crate::batch::{self, BODY_BYTES};
use crate::queue::{Class, Queue, Turn};

/// Batches that a leader has on their way. More would only add latency (measured: consensus.md §2).
pub const IN_FLIGHT_MAX: usize = 4;
/// How long a command waits for a leader.
pub const LEADERLESS_MAX: Duration = Duration::from_millis(1_500);
/// Before a leader that could not open its term yet tries again.
const AGAIN: Duration = Duration::from_millis(5);
/// Commands that are sent on in one frame.
const FORWARDED_MAX: usize = 1_024;

/// Who leads, as this node knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leadership {
    /// The leader, and where the other nodes reach it.
    pub leader: Option<(u64, String)>,
    /// The term in which this node leads, if it does.
    pub leading: Option<u64>,
}

/// The task's state.
pub(crate) struct Proposer<C> {
    pub(crate) raft: Raft<Types, Machine>,
    pub(crate) log: Log,
    pub(crate) queue: Arc<Queue>,
    pub(crate) leadership: watch::Receiver<Leadership>,
    pub(crate) caller: Caller,
    pub(crate) domain: AssetCode,
    pub(crate) origin: u64,
    pub(crate) work: mpsc::Sender<Work>,
    pub(crate) reached: Reached,
    pub(crate) clock: C,
    pub(crate) state: State,
}

/// What changes from turn to turn.
pub(crate) struct State {
    in_flight: Arc<Semaphore>,
    forwarders: BTreeMap<(u64, String), Forwarder>,
    /// The term that was opened, and the time of the last batch in it.
    opened: Option<u64>,
    at: At,
}

impl Default for State {
    fn default() -> State {
        State {
            in_flight: Arc::new(Semaphore::new(IN_FLIGHT_MAX)),
            forwarders: BTreeMap::new(),
            opened: None,
            at: At(0),
        }
    }
}

/// What a batch is made of, until it is full.
#[derive(Default)]
struct Filling {
    count: u32,
    body: Vec<u8>,
    asked: Vec<Asked>,
}

impl<C: FnMut() -> At> Proposer<C> {
    /// Until the queue is closed and empty.
    pub(crate) async fn run(mut self) {
        let mut turn = Turn::default();
        loop {
            self.queue.turn(&mut turn, BATCH_COMMANDS_MAX).await;
            // Only there to wake this task.
            turn.inspections.clear();
            self.hold_back(&mut turn).await;
            self.take(&mut turn).await;
            if turn.last {
                return;
            }
            // A queue that is never empty must not keep the cluster's thread from everything else.
            yield_now().await;
        }
    }

    /// What the domain's rules do not know yet is refused before it is in the log: a node whose
    /// build is older could not read it there.
    async fn hold_back(&mut self, turn: &mut Turn) {
        let version = self.reached.version();
        let is_known = |proposal: &Proposal| proposal.command.since() <= version;
        if version == VERSION_MAX || turn.proposals.iter().all(is_known) {
            return;
        }
        let (mut proposals, mut origins, mut tags) = (Vec::new(), Vec::new(), Vec::new());
        for (proposal, origin) in turn.proposals.drain(..).zip(turn.origins.drain(..)) {
            if is_known(&proposal) {
                proposals.push(proposal);
                origins.push(origin);
            } else if origin == 0 && proposal.tag != 0 {
                tags.push(proposal.tag);
            }
        }
        (turn.proposals, turn.origins) = (proposals, origins);
        let why = format!("the domain goes by version {version} of the rules: upgrade it first");
        self.say(Work::Refused { tags, why }).await;
    }

    async fn take(&mut self, turn: &mut Turn) {
        let begin = Instant::now();
        loop {
            let leadership = self.leadership.borrow_and_update().clone();
            if leadership.leading.is_none() {
                // A leader that was cut off and comes back opens its term once more.
                self.state.opened = None;
            }
            // A new leader's lease begins with the first answer of a quorum: it looks again soon.
            let patience = match leadership {
                Leadership { leading: Some(term), .. } if self.open(term).await => {
                    return self.propose(term, turn).await;
                }
                Leadership { leading: Some(_), .. } => AGAIN,
                _ if turn.proposals.is_empty() => return,
                Leadership { leader: Some(leader), .. } => {
                    return self.send_on(leader, turn).await;
                }
                Leadership { leader: None, .. } => LEADERLESS_MAX,
            };
            let left = LEADERLESS_MAX.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return self.refuse(turn, "the cluster has no leader: send it again later").await;
            }
            let changed = timeout(left.min(patience), self.leadership.changed()).await;
            if matches!(changed, Ok(Err(_))) {
                return self.refuse(turn, "the node is stopping: send it to another one").await;
            }
        }
    }

    /// Makes batches of the turn, and proposes them under the term.
    async fn propose(&mut self, term: u64, turn: &mut Turn) {
        let mut filling = Filling::default();
        let (proposals, origins) = (turn.proposals.drain(..), turn.origins.iter());
        let mut turn: Vec<(u64, Proposal)> = origins.copied().zip(proposals).collect();
        let mut left = turn.drain(..);
        loop {
            let next = left.next();
            let is_full = BODY_BYTES <= filling.body.len();
            if filling.count != 0 && (is_full || next.is_none()) {
                self.write(term, std::mem::take(&mut filling)).await;
            }
            let Some((origin, proposal)) = next else { return };
            let origin = if origin == 0 { self.origin } else { origin };
            filling.push(origin, &proposal);
        }
    }

    /// Orders what a term begins with, before anything else; false if that is not ordered yet.
    ///
    /// A log begins with nothing: there is no outage to come back from, and all that is waited for
    /// is that a quorum answers this leader.
    async fn open(&mut self, term: u64) -> bool {
        if self.state.opened == Some(term) {
            return true;
        }
        self.state.at = self.log.at();
        let is_open = match self.log.last_seq() {
            Seq(0) => self.raft.write_blank().await.is_ok(),
            _ => {
                let mut filling = Filling::default();
                for command in [Command::StartTerm, Command::EndDay] {
                    filling.push(self.origin, &Proposal { tag: 0, command });
                }
                let batch = self.stamp(filling);
                order(&self.raft, term, batch).await
            }
        };
        self.state.opened = is_open.then_some(term);
        is_open
    }

    fn stamp(&mut self, filling: Filling) -> Batch {
        let Filling { count, mut body, asked } = filling;
        let before = self.state.at.max(self.log.at());
        self.state.at = batch::time((self.clock)(), before);
        body[..8].copy_from_slice(&self.state.at.0.to_le_bytes());
        Batch { count, body: body.into(), asked: asked.into() }
    }

    /// Stamps a batch, and hands it to openraft.
    async fn write(&mut self, term: u64, filling: Filling) {
        let batch = self.stamp(filling);
        let permit = self.state.in_flight.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let (responder, answered) = ProgressResponder::complete_only();
        let written = self.raft.write(batch.clone()).with_leader(term).responder(responder).await;
        let (work, origin) = (self.work.clone(), self.origin);
        tokio::spawn(async move {
            let outcome = answered.await;
            drop(permit);
            match outcome {
                // Not ordered, for certain. It is not tried again: what came after it may be on its
                // way, and a client's commands keep their order.
                Ok(Err(ClientWriteError::ForwardToLeader(_))) => {
                    let why = "the leader changed before it was ordered: send it again".to_owned();
                    let _ = work.send(Work::Refused { tags: own_tags(&batch, origin), why }).await;
                }
                Ok(Ok(_)) => {}
                // It may be in the log of a node that comes to lead.
                Ok(Err(_)) | Err(_) => {
                    let tags = own_tags(&batch, origin);
                    let _ = work.send(Work::Unknown { tags }).await;
                }
            }
        });
        if written.is_err() {
            // openraft has stopped: the task above tells whoever waits.
            self.queue.abandon();
        }
    }

    async fn send_on(&mut self, leader: (u64, String), turn: &mut Turn) {
        let forwarded = own(turn).into_iter().map(|Proposal { tag, command }| Forwarded {
            cancel_class: Class::of(&command) == Class::Cancel,
            asked: Asked { origin: self.origin, tag },
            command: command.to_bytes(),
        });
        let mut waiting: Vec<Forwarded> = forwarded.collect();
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(FORWARDED_MAX));
            let sent = self.forwarder(&leader).send(waiting);
            if let Err(error) = sent {
                let why = error.to_string();
                let (NotForwarded::Full(back)
                | NotForwarded::TooMany(back)
                | NotForwarded::Stopped(back)) = error;
                let tags = back.iter().map(|command| command.asked.tag).collect();
                self.say(Work::Refused { tags, why }).await;
            }
            waiting = rest;
        }
    }

    fn forwarder(&mut self, leader: &(u64, String)) -> &Forwarder {
        let (caller, work) = (&self.caller, &self.work);
        let domain = self.domain;
        self.state.forwarders.entry(leader.clone()).or_insert_with(|| {
            let (node, address) = leader.clone();
            Forwarder::start(caller.clone(), node, address, domain, tell(work))
        })
    }

    async fn refuse(&mut self, turn: &mut Turn, why: &str) {
        let tags = own(turn).iter().map(|proposal| proposal.tag).collect();
        self.say(Work::Refused { tags, why: why.to_owned() }).await;
    }

    async fn say(&mut self, work: Work) {
        // An engine's thread that has stopped has told everybody.
        let _ = self.work.send(work).await;
    }
}

impl Filling {
    fn push(&mut self, origin: u64, proposal: &Proposal) {
        if self.count == 0 {
            // The time is filled in when the batch is stamped.
            At(0).encode(&mut self.body);
        }
        proposal.command.encode(&mut self.body);
        self.asked.push(Asked { origin, tag: proposal.tag });
        self.count += 1;
    }
}

/// Orders a batch and waits until it is; false if it was not, or if that is not known.
async fn order(raft: &Raft<Types, Machine>, term: u64, batch: Batch) -> bool {
    let (responder, answered) = ProgressResponder::complete_only();
    if raft.write(batch).with_leader(term).responder(responder).await.is_err() {
        return false;
    }
    matches!(answered.await, Ok(Ok(_)))
}

/// What this node's own clients asked; what others sent here they ask the log about.
fn own(turn: &mut Turn) -> Vec<Proposal> {
    let proposals = turn.origins.iter().zip(turn.proposals.drain(..));
    proposals.filter(|(origin, _)| **origin == 0).map(|(_, proposal)| proposal).collect()
}

fn tell(work: &mpsc::Sender<Work>) -> TellFate {
    let (work, runtime) = (work.clone(), Handle::current());
    Arc::new(move |asked: Asked, fate| {
        let tags = vec![asked.tag];
        let said = match fate {
            Fate::Refused(why) => Work::Refused { tags, why },
            Fate::Unknown => Work::Unknown { tags },
        };
        let work = work.clone();
        runtime.spawn(async move { work.send(said).await });
    })
}

fn own_tags(batch: &Batch, origin: u64) -> Vec<u64> {
    let own = batch.asked.iter().filter(|asked| asked.origin == origin && asked.tag != 0);
    own.map(|asked| asked.tag).collect()
}
