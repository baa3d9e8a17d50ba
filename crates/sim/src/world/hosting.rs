//! Nodes in the world: they start, hear, sync, apply and end.

use std::rc::Rc;

use journal::Snapshot;
use types::Command;

use super::{BEAT, Happening, RESTART, World};
use crate::Violation;
use crate::edge::is_of_gateway;
use crate::log::LogId;
use crate::margin::Margin;
use crate::node::{Life, NoStart};
use crate::raft::{Effect, Message, NodeId, Us};
use crate::setup::SECOND;
use crate::story::Told;
use crate::truth::{CHAINED, Op};

/// Between two batches of a leader at least: what comes meanwhile shares a sync.
const TURN: Us = 200;

impl World {
    pub(super) fn start(&mut self, node: NodeId) -> Result<(), Violation> {
        let now = self.now;
        let host = self.hosts.get_mut(&node).expect("a host");
        if host.life.is_some() {
            return Ok(());
        }
        host.n_lives += 1;
        let life = host.n_lives;
        (host.has_turn, host.busy_until, host.next_until) = (false, now, now);
        host.owed.clear();
        let rng = host.rng.clone();
        host.rng.next();
        match Life::start(&host.plan, &host.disk, (now, life), rng) {
            Ok(started) => {
                let state = (started.engine.seq(), started.engine.chain());
                let (index, last) = (started.applied.index, started.raft.log.last());
                let had = host.kept;
                host.life = Some(started);
                self.story.tell(now, Told::Started { node });
                self.look_at_disk(node);
                self.truth.kept(node, had, last)?;
                self.truth.restored(node, index, state)?;
                self.plan(0, Happening::Beat { node, life });
                self.apply(node)
            }
            Err(NoStart::Damaged(words)) => self.damaged(node, words),
            // It is not the disk of today that does not read: it is the sector.
            Err(NoStart::Disk(words)) if host.disk.is_unreadable() => self.damaged(node, words),
            Err(NoStart::Disk(_)) => {
                self.plan(RESTART, Happening::Start { node });
                Ok(())
            }
        }
    }

    /// What was spoiled may have been written over since.
    pub(super) fn look_at_disk(&mut self, node: NodeId) {
        if self.hosts[&node].disk.is_whole() && self.report.rotten.remove(&node) {
            self.report.mark("disk healed");
        }
    }

    /// A node that finds damage where there is a reason for it is replaced; where there is none
    /// it is wrong. One that is alone has nobody who could bring it back: what is damaged is put
    /// in place from a backup. That it has changed nothing else is seen when it starts.
    fn damaged(&mut self, node: NodeId, words: String) -> Result<(), Violation> {
        if !self.report.rotten.contains(&node) {
            let words = format!("node {node} does not start: {words}");
            return Err(Violation::new("DURABLE", words));
        }
        self.report.mark("disk refused");
        if self.hosts.len() == 1 {
            self.report.n_repaired += 1;
            self.story.tell(self.now, Told::Repaired { node });
            self.hosts[&node].disk.repair();
            // If it refuses once more, it is wrong.
            if self.hosts[&node].disk.is_whole() {
                self.report.rotten.remove(&node);
            }
            self.plan(RESTART, Happening::Start { node });
            return Ok(());
        }
        self.report.n_replaced += 1;
        self.story.tell(self.now, Told::Replaced { node });
        self.replace(node);
        Ok(())
    }

    /// The node comes back with an empty disk, and does not vote before it has what is committed.
    pub(super) fn replace(&mut self, node: NodeId) {
        self.report.rotten.remove(&node);
        let committed = self.truth.last_index();
        let host = self.hosts.get_mut(&node).expect("a host");
        host.disk.wipe().expect("scratch files can be removed");
        host.kept = LogId::default();
        host.probation = Some(committed);
        host.buried = host.n_lives;
        self.streams.retain(|(from, _), _| *from != node);
        let voters = host.plan.nodes.iter().copied().filter(|voter| *voter != node);
        host.plan.voters = voters.collect();
        let lives = self.hosts.values_mut().filter_map(|host| host.life.as_mut());
        lives.for_each(|life| life.raft.forget(node));
        self.plan(RESTART, Happening::Start { node });
    }

    /// By the rule of production its vote counts again, and then it must have what was committed
    /// when its disk was lost.
    fn end_probation(&mut self, node: NodeId) -> Result<(), Violation> {
        let host = self.hosts.get_mut(&node).expect("a host");
        let Some((life, goal)) = host.life.as_mut().zip(host.probation) else { return Ok(()) };
        if !life.raft.has_caught_up(life.applied) {
            return Ok(());
        }
        let applied = life.applied.index;
        if applied < goal {
            let words = format!("node {node} votes with {applied} entries, and had {goal}");
            return Err(Violation::new("BLANK", words));
        }
        match life.raft.admit(host.plan.nodes.clone()) {
            Ok(()) => {
                host.probation = None;
                host.plan.voters = host.plan.nodes.clone();
            }
            Err(_) => self.fails(node),
        }
        Ok(())
    }

    /// The process is gone.
    pub(super) fn end(&mut self, node: NodeId) {
        let host = self.hosts.get_mut(&node).expect("a host");
        if let Some(life) = host.life.take() {
            host.kept = life.raft.log.durable();
            host.owed.clear();
            self.lose_all(node);
            self.story.tell(self.now, Told::Ended { node });
        }
    }

    fn is_there(&self, (node, life): (NodeId, u32)) -> bool {
        let host = &self.hosts[&node];
        host.life.is_some() && host.n_lives == life
    }

    /// Until when a node stands still, if it does.
    pub(super) fn standstill(&self, node: NodeId) -> Option<Us> {
        let until = self.hosts[&node].paused_until;
        (self.now < until).then(|| until - self.now)
    }

    pub(super) fn leave(&mut self, who: (NodeId, u32), to: NodeId, message: Message) {
        if self.is_there(who) {
            self.send(who.0, to, message);
        }
    }

    /// A message is on its way, or lost.
    fn send(&mut self, from: NodeId, to: NodeId, message: Message) {
        let is_cut = self.cuts.get(&(from, to)).is_some_and(|faults| 0 < *faults);
        let loss = self.setup.loss_ppm + self.extra_loss;
        if is_cut || self.links.chance(loss) {
            self.report.n_lost += 1;
            return;
        }
        // A command is sent on over a stream, which does not double it.
        let is_command = matches!(message, Message::Forward { .. });
        let doubles = self.links.chance(self.setup.double_ppm) && !is_command;
        let copies = if doubles { 2 } else { 1 };
        let life = self.hosts[&from].n_lives;
        if is_command && self.setup.gateway {
            self.streams.entry((from, to)).or_default().push_back(message.clone());
        }
        for _ in 0..copies {
            let delay = self.setup.delay + self.links.wait(self.setup.jitter + self.extra_delay);
            self.plan(delay, Happening::Hear { to, from: (from, life), message: message.clone() });
        }
    }

    pub(super) fn hear(
        &mut self,
        to: NodeId,
        from: (NodeId, u32),
        message: Message,
    ) -> Result<(), Violation> {
        if from.1 <= self.hosts[&from.0].buried {
            return Ok(());
        }
        if let Some(later) = self.standstill(to) {
            self.plan(later, Happening::Hear { to, from, message });
            return Ok(());
        }
        let message = self.in_order(to, from.0, message);
        let now = self.now;
        let Some(life) = self.hosts.get_mut(&to).and_then(|host| host.life.as_mut()) else {
            return Ok(());
        };
        if let Message::Forward { tag, command } = message {
            if life.raft.leads() && life.submit(tag, *command) {
                self.want_turn(to);
            }
            return Ok(());
        }
        let heard = life.raft.hear(now, from.0, message);
        self.after(to, heard)
    }

    /// Commands that are sent on come over a stream: whichever arrives, it is the first that left.
    fn in_order(&mut self, to: NodeId, from: NodeId, message: Message) -> Message {
        let stream = self.streams.get_mut(&(from, to));
        match (&message, stream) {
            (Message::Forward { .. }, Some(stream)) => stream.pop_front().unwrap_or(message),
            _ => message,
        }
    }

    pub(super) fn synced(&mut self, who: (NodeId, u32), index: u64) -> Result<(), Violation> {
        if !self.is_there(who) {
            return Ok(());
        }
        let life = self.hosts.get_mut(&who.0).and_then(|host| host.life.as_mut()).expect("there");
        life.raft.note_synced(index);
        self.apply(who.0)
    }

    pub(super) fn beat(&mut self, who: (NodeId, u32)) -> Result<(), Violation> {
        let node = who.0;
        if !self.is_there(who) {
            return Ok(());
        }
        if let Some(later) = self.standstill(node) {
            self.plan(later, Happening::Beat { node, life: who.1 });
            return Ok(());
        }
        self.plan(BEAT, Happening::Beat { node, life: who.1 });
        let now = self.now;
        let life = self.hosts.get_mut(&node).and_then(|host| host.life.as_mut()).expect("there");
        let ticked = life.raft.tick(now);
        self.after(node, ticked)?;
        self.tick_gateway(node)?;
        self.end_probation(node)?;
        self.see_to_duties(node);
        Ok(())
    }

    /// A leader lets time pass in the log, and carries out liquidations that are due.
    fn see_to_duties(&mut self, node: NodeId) {
        let second = self.now / SECOND;
        let host = self.hosts.get_mut(&node).expect("a host");
        let Some(life) = host.life.as_mut().filter(|life| life.raft.leads()) else { return };
        if life.opened != Some(life.raft.term()) {
            return self.want_turn(node);
        }
        let mut duties = Vec::new();
        if host.dutiful < second && !self.is_over {
            host.dutiful = second;
            duties.push(Command::Tick);
        }
        if life.engine.is_liquidation_due() {
            duties.push(Command::Liquidate);
        }
        if life.engine.seq() == life.raft.log.last_seq() && !self.opening.is_empty() {
            duties.extend(self.opening.pop_front());
        }
        for command in duties {
            self.submit_own(node, command);
        }
    }

    /// A command of the venue itself.
    pub(super) fn submit_own(&mut self, node: NodeId, command: Command) {
        let tag = self.next_tag();
        let host = self.hosts.get_mut(&node).expect("a host");
        let gateway = (node, host.n_lives);
        let Some(life) = host.life.as_mut() else { return };
        if life.submit(tag, command.clone()) {
            let (person, asked, after) = (usize::MAX, self.now, super::NOTHING);
            self.truth.ops.insert(tag, Op { person, gateway, command, asked, after });
            self.want_turn(node);
        }
    }

    /// A leader is to make a batch soon.
    pub(super) fn want_turn(&mut self, node: NodeId) {
        let host = self.hosts.get_mut(&node).expect("a host");
        if !std::mem::replace(&mut host.has_turn, true) {
            let (life, busy) = (host.n_lives, host.busy_until.saturating_sub(self.now));
            self.plan(TURN.max(busy), Happening::Turn { node, life });
        }
    }

    pub(super) fn turn(&mut self, who: (NodeId, u32)) -> Result<(), Violation> {
        let node = who.0;
        if !self.is_there(who) {
            return Ok(());
        }
        if let Some(later) = self.standstill(node) {
            self.plan(later, Happening::Turn { node, life: who.1 });
            return Ok(());
        }
        let (clock, now) = (self.clock(node), self.now);
        let host = self.hosts.get_mut(&node).expect("there");
        host.has_turn = false;
        let life = host.life.as_mut().expect("there");
        if !life.raft.leads() {
            return Ok(());
        }
        let opening = life.opened != Some(life.raft.term());
        let mut effects = Vec::new();
        match life.propose(clock) {
            Ok(Some(effect)) => {
                effects.push(effect);
                if let Err(error) = life.raft.spread(now, false, &mut effects) {
                    return self.after(node, Err(error));
                }
            }
            Ok(None) => {}
            Err(error) => return self.after(node, Err(error)),
        }
        let waits = 0 < life.waiting;
        self.after(node, Ok(effects))?;
        if opening && waits {
            self.want_turn(node);
        }
        Ok(())
    }

    /// Does what a step of consensus has come to; a disk that failed ends the process.
    fn after(
        &mut self,
        node: NodeId,
        effects: std::io::Result<Vec<Effect>>,
    ) -> Result<(), Violation> {
        let Ok(effects) = effects else {
            self.fails(node);
            return Ok(());
        };
        let done = self.disk_done(node, &effects);
        let life = self.hosts[&node].n_lives;
        for effect in effects {
            match effect {
                Effect::Send { to, message, after_disk: false } => self.send(node, to, message),
                Effect::Send { to, message, after_disk: true } => {
                    self.plan(done, Happening::Leave { from: node, life, to, message });
                }
                Effect::Synced { index } => {
                    self.plan(done, Happening::Synced { node, life, index });
                }
                Effect::SendSnapshot { to, term, id } => self.send_snapshot(node, (to, term, id)),
                Effect::Install { from, id, state } => {
                    self.install(node, (from, id, state))?;
                }
                Effect::Leads => {
                    self.report.n_elections += 1;
                    self.story.tell(self.now, Told::Leads { node });
                    self.want_turn(node);
                }
                Effect::Steps => self.step_down(node)?,
            }
        }
        self.apply(node)
    }

    /// The newest snapshot goes to another node, as it is on the disk. One that does not read, or
    /// is damaged, goes nowhere; whoever runs the node is told so, and starts it anew.
    fn send_snapshot(&mut self, node: NodeId, (to, term, id): (NodeId, u64, LogId)) {
        let Some(life) = self.hosts[&node].life.as_ref() else { return };
        match life.stored_snapshot() {
            Ok(state) => self.send(node, to, Message::Snapshot { term, id, state }),
            Err(_) => self.fails(node),
        }
    }

    /// How long a disk takes for what a step wrote.
    fn disk_done(&mut self, node: NodeId, effects: &[Effect]) -> Us {
        let waits = |effect: &Effect| {
            matches!(effect, Effect::Synced { .. } | Effect::Send { after_disk: true, .. })
        };
        if !effects.iter().any(waits) {
            return 0;
        }
        let sync = self.setup.sync;
        let host = self.hosts.get_mut(&node).expect("a host");
        let took = sync + host.rng.wait(sync / 4) + host.slow;
        host.sync(self.now, took) - self.now
    }

    fn install(
        &mut self,
        node: NodeId,
        (from, id, state): (NodeId, LogId, Rc<Snapshot>),
    ) -> Result<(), Violation> {
        let host = self.hosts.get_mut(&node).expect("a host");
        let Some(life) = host.life.as_mut() else { return Ok(()) };
        match life.install(id, &state) {
            Ok(()) => {
                let state = (life.engine.seq(), life.engine.chain());
                let term = life.raft.term();
                self.report.n_installed += 1;
                self.truth.restored(node, id.index, state)?;
                let message = Message::AppendReply { term, taken: true, index: id.index };
                let life = self.hosts[&node].n_lives;
                self.plan(
                    self.setup.sync,
                    Happening::Leave { from: node, life, to: from, message },
                );
                Ok(())
            }
            Err(NoStart::Disk(_)) => {
                self.fails(node);
                Ok(())
            }
            Err(NoStart::Damaged(words)) => {
                Err(Violation::new("DURABLE", format!("the snapshot of node {from}: {words}")))
            }
        }
    }

    /// A disk has failed under a node: it ends, and whoever runs it starts it again.
    fn fails(&mut self, node: NodeId) {
        self.end(node);
        self.plan(RESTART, Happening::Start { node });
    }

    /// What waits at a leader that leads no more was never proposed, and its clients are told so.
    fn step_down(&mut self, node: NodeId) -> Result<(), Violation> {
        let Some(life) = self.hosts.get_mut(&node).and_then(|host| host.life.as_mut()) else {
            return Ok(());
        };
        let tags = life.forget_waiting();
        self.story.tell(self.now, Told::Steps { node });
        let (of_gateways, others): (Vec<u64>, Vec<u64>) =
            tags.into_iter().partition(|tag| is_of_gateway(*tag));
        for tag in others {
            self.refuse_waiting(node, tag);
        }
        self.refuse_at_gateway(node, &of_gateways)
    }

    /// Applies what is committed and not applied, and looks at each entry of it.
    pub(super) fn apply(&mut self, node: NodeId) -> Result<(), Violation> {
        loop {
            let life = self.hosts.get_mut(&node).and_then(|host| host.life.as_mut());
            let margin = life.as_ref().and_then(|life| Margin::before(life));
            let Some((entry, applied)) = life.and_then(Life::apply_next) else { break };
            let life =
                self.hosts.get_mut(&node).and_then(|host| host.life.as_mut()).expect("applied");
            let index = entry.id.index;
            let chain = (index % CHAINED == 0).then(|| life.engine.chain());
            let seq = life.engine.seq();
            if let Some(margin) = margin {
                margin.after(life, &applied)?;
            }
            if life.alone.is_some_and(|(last, chain)| last == index && chain != life.engine.chain())
            {
                let words = format!("node {node} starts with another state than restoring gives");
                return Err(Violation::new("RESTORED", words));
            }
            let stored = life.store_snapshot_if_due();
            let is_first = self.truth.applied(node, &entry, &applied, (seq, chain))?;
            chain.into_iter().for_each(|chain| self.report.chain(chain));
            if is_first {
                self.judge(&entry, &applied, chain)?;
            }
            if index % 512 == 0 {
                self.root(node, index)?;
            }
            self.pay(node, index)?;
            self.collect_applied(node, &applied)?;
            match stored {
                Ok(stored) => self.report.n_snapshots += u64::from(stored),
                Err(_) => {
                    self.fails(node);
                    break;
                }
            }
        }
        Ok(())
    }

    fn root(&mut self, node: NodeId, index: u64) -> Result<(), Violation> {
        let life = self.hosts.get_mut(&node).and_then(|host| host.life.as_mut()).expect("applied");
        let root = life.engine.root();
        self.truth.root(node, index, root)
    }
}
