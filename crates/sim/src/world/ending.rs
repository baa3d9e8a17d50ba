//! The end: faults stop, and then everything must be whole.
//!
//! | id | promise |
//! |---|---|
//! | `LIVENESS` | after faults stop every node takes a fresh command within five seconds |
//! | `INVARIANT` | what the engine says of itself holds |
//! | `PROJECTION` | what clients see is what the engine has |

use std::panic::{AssertUnwindSafe, catch_unwind};

use market_data::View;
use types::codec::Codec;
use types::{CancelScope, Command, InstrumentId, Side};

use super::{Happening, World};
use crate::Violation;
use crate::node::Life;
use crate::raft::NodeId;
use crate::setup::SECOND;
use crate::twin::Twin;

/// Between two looks at the invariants.
const LOOK: u64 = 10 * SECOND;
/// How often a look bears a twin, in a million.
const TWINS: u64 = 300_000;
/// After faults have stopped.
const HEALS_WITHIN: u64 = 15 * SECOND;
/// Until everybody has everything, once nothing new happens.
const SETTLES_WITHIN: u64 = 3 * SECOND;
/// Until a fresh command has its place, on a venue that is whole.
const TAKES_WITHIN: u64 = 5 * SECOND;

impl World {
    pub(super) fn wind_down(&mut self) -> Result<(), Violation> {
        self.is_quiet = true;
        // Faults have stopped: the links lose nothing any more, either.
        self.setup.loss_ppm = 0;
        self.mend_all()?;
        let end = self.now + HEALS_WITHIN;
        self.run_until(end)?;
        let (asked, told) = (self.report.n_answers, self.setup.nodes);
        for node in 1..=self.setup.nodes {
            self.probe(node);
        }
        let end = self.now + TAKES_WITHIN;
        self.run_until(end)?;
        let answered = self.report.n_answers - asked;
        if answered < u64::from(told) {
            let words = format!(
                "of {told} nodes {answered} took a fresh command after faults had stopped; {}",
                self.positions()
            );
            return Err(Violation::new("LIVENESS", words));
        }
        self.is_over = true;
        let end = self.now + SETTLES_WITHIN;
        self.run_until(end)?;
        self.check_calls()?;
        self.compare_all()
    }

    /// Gateways have told everybody, and ended what dropped.
    fn check_calls(&self) -> Result<(), Violation> {
        let there = self.hosts.iter().filter(|(_, host)| host.life.is_some());
        let lives: Vec<(NodeId, u32)> = there.map(|(node, host)| (*node, host.n_lives)).collect();
        self.calls.check_all_told(&lives)?;
        self.check_dropped()
    }

    /// Where each node is.
    fn positions(&self) -> String {
        let position = |(node, host): (&NodeId, &super::Host)| match &host.life {
            Some(life) => format!(
                "node {node} in term {} has applied {} of {}, {}",
                life.raft.term(),
                life.applied.index,
                life.raft.log.last().index,
                if life.raft.leads() { "leads" } else { "follows" }
            ),
            None => format!("node {node} is away"),
        };
        self.hosts.iter().map(position).collect::<Vec<_>>().join("; ")
    }

    /// A fresh command through a node.
    fn probe(&mut self, node: NodeId) {
        let Some(account) = self.probe_account() else { return };
        let command = Command::CancelOrders { account, scope: CancelScope::Quotes(None) };
        self.ask_through(node, command);
    }

    /// Looks at the invariants of one node, every few seconds.
    pub(super) fn look(&mut self) -> Result<(), Violation> {
        self.plan(LOOK, Happening::Look);
        let node = u32::try_from(self.looking.between(1, u64::from(self.setup.nodes))).unwrap_or(1);
        self.report.watch(self.price);
        if self.twin.is_none() && self.looking.chance(TWINS) {
            self.twin = self.newest().map(|life| Twin::of(&life.engine)).transpose()?;
        }
        match self.hosts[&node].life.as_ref() {
            Some(life) => check(node, life),
            None => Ok(()),
        }
    }

    fn compare_all(&mut self) -> Result<(), Violation> {
        let mut views: Vec<(NodeId, Vec<u8>, [u8; 32])> = Vec::new();
        for (node, host) in &mut self.hosts {
            let Some(life) = host.life.as_mut() else {
                let words = format!("node {node} is not there after faults had stopped");
                return Err(Violation::new("LIVENESS", words));
            };
            self.truth.complete(*node, life.applied.index)?;
            check(*node, life)?;
            check_copy(*node, life)?;
            self.model.compare(&life.engine)?;
            self.truth.compare_chain(life.engine.chain())?;
            views.push((*node, life.front.to_bytes(), life.engine.root()));
        }
        let first = &views[0];
        for (node, view, root) in &views[1..] {
            if *root != first.2 {
                let words = format!("nodes {} and {node} end with other roots", first.0);
                return Err(Violation::new("AGREEMENT", words));
            }
            if *view != first.1 {
                let words = format!("clients of nodes {} and {node} see other things", first.0);
                return Err(Violation::new("PROJECTION", words));
            }
        }
        self.report.end(self.now, self.truth.last_seq(), first.2);
        Ok(())
    }
}

/// What the engine says of itself, and whether its clients see the same book.
fn check(node: NodeId, life: &Life) -> Result<(), Violation> {
    let checked = catch_unwind(AssertUnwindSafe(|| life.engine.check()));
    checked.map_err(|panic| {
        let words = crate::run::panic_words(panic.as_ref());
        Violation::new("INVARIANT", format!("node {node}: {words}"))
    })?;
    for instrument in (0..4).map(InstrumentId) {
        for side in [Side::Bid, Side::Ask] {
            let best = |view: &View| {
                let seen = view.instrument(instrument)?;
                Some(seen.book().best(side).map(|(price, _)| price))
            };
            let Some(seen) = life.front.see(best) else { continue };
            let is = life.engine.books().best(instrument, side);
            if seen != is {
                let words = format!(
                    "node {node} shows {seen:?} as best {side:?} of {instrument}, it is {is:?}"
                );
                return Err(Violation::new("PROJECTION", words));
            }
        }
    }
    Ok(())
}

/// A snapshot gives the state that it was made of.
fn check_copy(node: NodeId, life: &mut Life) -> Result<(), Violation> {
    let mut bytes = Vec::new();
    life.engine.encode(&mut bytes);
    let copy = engine::Engine::from_bytes(&bytes);
    let mut copy =
        copy.map_err(|error| Violation::new("RESTORED", format!("node {node}: {error}")))?;
    let mut again = Vec::new();
    copy.encode(&mut again);
    if copy.root() != life.engine.root() || again != bytes {
        let words = format!("node {node}: a snapshot gives another state than it was made of");
        return Err(Violation::new("RESTORED", words));
    }
    Ok(())
}
