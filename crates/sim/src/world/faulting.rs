//! Faults in the world: which may begin, what each does, how it ends.

use super::{Happening, RESTART, World};
use crate::Violation;
use crate::disk::{Failing, Lie, Lying};
use crate::faults::{Fault, Kind};
use crate::raft::NodeId;
use crate::scenario::Act;
use crate::setup::SECOND;
use crate::story::Told;

impl World {
    pub(super) fn break_something(&mut self) -> Result<(), Violation> {
        if self.is_quiet || self.setup.faults.is_empty() {
            return Ok(());
        }
        let wait = self.breaking.wait(self.setup.fault_every * 2 / 3).max(SECOND / 10);
        self.plan(wait, Happening::Break);
        if !self.opening.is_empty() || u64::from(self.setup.faults_max) <= self.n_faults {
            return Ok(());
        }
        let kind = *self.breaking.pick(&self.setup.faults);
        let nodes: Vec<NodeId> = self.hosts.keys().copied().collect();
        // Half of the time at the leader, where most can go wrong.
        let leads =
            |node: &&NodeId| self.hosts[*node].life.as_ref().is_some_and(|life| life.raft.leads());
        let leader = nodes.iter().find(leads).copied();
        let drawn = *self.breaking.pick(&nodes);
        let victim = match leader.filter(|_| self.breaking.chance(500_000)) {
            Some(leader) => leader,
            None => drawn,
        };
        let others: Vec<NodeId> = nodes.iter().copied().filter(|node| *node != victim).collect();
        let other = if others.is_empty() { victim } else { *self.breaking.pick(&others) };
        let fault = kind.drawn(&mut self.breaking, self.now, (victim, other));
        if self.may_begin(&fault) { self.let_begin(fault) } else { Ok(()) }
    }

    /// A line of the script; its faults begin whether or not a quorum can spare their victims.
    pub(super) fn play(&mut self, line: usize) -> Result<(), Violation> {
        let (second, act) = self.setup.script[line];
        match act {
            Act::Price(ppm, seconds) => self.drift = (ppm, second + seconds),
            Act::Habit(reporter, habit) => self.reporters[reporter].0.change(habit),
            Act::Rush(factor) => self.rush = factor.max(1),
            Act::Break(kind, victim, seconds) => {
                let leads = |node: &NodeId| {
                    self.hosts[node].life.as_ref().is_some_and(|life| life.raft.leads())
                };
                let leader = self.hosts.keys().copied().find(leads).unwrap_or(1);
                let victim = if victim == 0 { leader } else { victim };
                let other = victim % self.setup.nodes + 1;
                let mut fault = kind.drawn(&mut self.breaking, self.now, (victim, other));
                fault.ends = self.now + seconds * SECOND;
                return self.let_begin(fault);
            }
        }
        Ok(())
    }

    fn let_begin(&mut self, fault: Fault) -> Result<(), Violation> {
        let (kind, victim) = (fault.kind, fault.victim);
        self.n_faults += 1;
        self.report.fault(kind);
        self.story.tell(self.now, Told::Broke { kind, node: victim });
        let id = self.n_faults;
        self.plan(fault.ends - self.now, Happening::Mend { fault: id });
        self.faults.insert(id, fault.clone());
        if kind == Kind::Flapping {
            self.flap(id);
            return Ok(());
        }
        self.begin_fault(&fault)
    }

    /// Never more than a quorum can spare; what takes all is alone; one fault a node.
    fn may_begin(&self, fault: &Fault) -> bool {
        let n = self.hosts.len();
        if n == 1 && fault.kind.needs_others() {
            return false;
        }
        let hard: Vec<&Fault> = self.faults.values().filter(|one| one.kind.is_hard()).collect();
        if fault.kind == Kind::PowerCutAll {
            return self.faults.is_empty() && self.all_there();
        }
        if hard.iter().any(|one| one.kind == Kind::PowerCutAll) {
            return false;
        }
        if !fault.kind.is_hard() {
            let same = |one: &Fault| one.kind == fault.kind;
            return !self.faults.values().any(same);
        }
        let broken = self.broken();
        let n_others = broken.iter().filter(|node| **node != fault.victim).count();
        let spare = ((n - 1) / 2).max(usize::from(n == 1));
        // What loses a disk waits until everybody else is well.
        let loses = fault.kind.loses();
        let fits = if loses { broken.is_empty() } else { n_others < spare };
        let no_loss = !hard.iter().any(|one| one.kind.loses());
        let is_free = !broken.contains(&fault.victim) || self.is_spoiled(fault.victim);
        is_free && fits && (no_loss || !loses)
    }

    /// Whether a node is well but for what is on its disk, which it does not know.
    fn is_spoiled(&self, node: NodeId) -> bool {
        let hits = |one: &Fault| one.kind.is_hard() && one.victim == node;
        let host = &self.hosts[&node];
        let is_there = host.life.is_some() && host.probation.is_none();
        is_there && !self.faults.values().any(hits) && self.report.rotten.contains(&node)
    }

    /// Nodes that are not whole: broken now, away, or on probation.
    fn broken(&self) -> Vec<NodeId> {
        let hard = |node: NodeId| {
            let hits = |one: &Fault| one.kind.is_hard() && one.victim == node;
            self.faults.values().any(hits)
        };
        let whole = |node: NodeId| {
            let host = &self.hosts[&node];
            host.life.is_some() && host.probation.is_none() && !self.report.rotten.contains(&node)
        };
        self.hosts.keys().copied().filter(|node| hard(*node) || !whole(*node)).collect()
    }

    fn all_there(&self) -> bool {
        self.broken().into_iter().all(|node| self.is_spoiled(node))
    }

    fn begin_fault(&mut self, fault: &Fault) -> Result<(), Violation> {
        let victim = fault.victim;
        if fault.kind.spoils() {
            self.report.rotten.insert(victim);
        }
        match fault.kind {
            Kind::Kill => self.end(victim),
            Kind::PowerCut => self.hosts[&victim].disk.cut_power_in(fault.amount),
            Kind::PowerCutAll => {
                for node in 1..=self.setup.nodes {
                    self.hosts[&node].disk.cut_power();
                    self.end(node);
                }
            }
            Kind::Pause => {
                self.hosts.get_mut(&victim).expect("a host").paused_until = fault.ends;
            }
            Kind::Isolate | Kind::Deaf | Kind::Mute | Kind::Bridge => self.cut(fault, 1),
            Kind::Flapping => unreachable!("its links are cut by turns"),
            Kind::SlowLinks => self.extra_delay = fault.amount,
            Kind::LossyLinks => self.extra_loss = fault.amount,
            Kind::WriteFails => self.hosts[&victim].disk.fail(Some(Failing::Write)),
            Kind::SyncFails => self.hosts[&victim].disk.fail(Some(Failing::Sync)),
            Kind::DiskFull => self.hosts[&victim].disk.fail(Some(Failing::Full)),
            Kind::SlowDisk => self.hosts.get_mut(&victim).expect("a host").slow = fault.amount,
            Kind::FeedOutage => {}
            Kind::ClockJump => {
                let us = i64::try_from(fault.amount * 1_000).unwrap_or(0);
                let sign = if fault.other < victim { -1 } else { 1 };
                self.hosts.get_mut(&victim).expect("a host").skew += sign * us;
            }
            Kind::Rot => {
                self.end(victim);
                self.hosts[&victim].disk.rot();
            }
            Kind::LostWrite => self.hosts[&victim].disk.lie(Some(lie(Lying::Loses, fault))),
            Kind::MisdirectedWrite => {
                self.hosts[&victim].disk.lie(Some(lie(Lying::Misplaces, fault)));
            }
            Kind::BadSector => self.hosts[&victim].disk.lose_sector(),
            Kind::ReadFails => {
                self.hosts[&victim].disk.fail(Some(Failing::Read));
                if fault.amount == 0 {
                    self.end(victim);
                    self.plan(RESTART, Happening::Start { node: victim });
                }
            }
            Kind::Replace => {
                self.end(victim);
                self.replace(victim);
            }
        }
        Ok(())
    }

    /// Links that come and go: cut now if they were there, and the other way round.
    pub(super) fn flap(&mut self, id: u64) {
        let Some(fault) = self.faults.get_mut(&id) else { return };
        fault.amount = 1 - fault.amount;
        let (fault, by) = (fault.clone(), if fault.amount == 1 { 1 } else { -1 });
        self.cut(&fault, by);
        let wait = self.breaking.between(SECOND / 20, SECOND * 2 / 5);
        self.plan(wait, Happening::Flap { fault: id });
    }

    /// Cuts the links that a fault means, or gives them back.
    fn cut(&mut self, fault: &Fault, by: i32) {
        let victim = fault.victim;
        let others = self.hosts.keys().copied().filter(|node| *node != victim);
        let links: Vec<(NodeId, NodeId)> = match fault.kind {
            Kind::Bridge => vec![(victim, fault.other), (fault.other, victim)],
            Kind::Deaf => others.map(|other| (other, victim)).collect(),
            Kind::Mute => others.map(|other| (victim, other)).collect(),
            _ => others.flat_map(|other| [(victim, other), (other, victim)]).collect(),
        };
        for link in links {
            let faults = self.cuts.entry(link).or_insert(0);
            *faults = faults.saturating_add_signed(by);
        }
    }

    pub(super) fn mend(&mut self, id: u64) -> Result<(), Violation> {
        let Some(fault) = self.faults.remove(&id) else { return Ok(()) };
        let victim = fault.victim;
        self.story.tell(self.now, Told::Mended { kind: fault.kind, node: victim });
        let host = self.hosts.get_mut(&victim).expect("a host");
        match fault.kind {
            Kind::Pause => host.paused_until = 0,
            Kind::Isolate | Kind::Deaf | Kind::Mute | Kind::Bridge => self.cut(&fault, -1),
            // It may be at a moment at which the links are there.
            Kind::Flapping if fault.amount == 0 => {}
            Kind::Flapping => self.cut(&fault, -1),
            Kind::SlowLinks => self.extra_delay = 0,
            Kind::LossyLinks => self.extra_loss = 0,
            Kind::WriteFails | Kind::SyncFails | Kind::DiskFull | Kind::ReadFails => {
                host.disk.fail(None);
            }
            Kind::LostWrite | Kind::MisdirectedWrite | Kind::BadSector => {
                host.disk.lie(None);
                // The process ends, or the power; or all goes on, and it comes out later.
                match fault.amount % 3 {
                    0 => {}
                    1 => self.end(victim),
                    _ => {
                        host.disk.cut_power();
                        self.end(victim);
                    }
                }
                self.look_at_disk(victim);
            }
            Kind::SlowDisk => host.slow = 0,
            Kind::ClockJump => host.skew = host.rng.bell(20_000),
            Kind::PowerCut => {
                if !host.disk.is_dead() {
                    host.disk.cut_power();
                }
                self.end(victim);
            }
            Kind::Kill if fault.amount == 0 => self.relapse(&fault)?,
            Kind::Kill | Kind::PowerCutAll | Kind::Rot | Kind::Replace | Kind::FeedOutage => {}
        }
        if fault.kind == Kind::PowerCutAll {
            for node in 1..=self.setup.nodes {
                let spread = self.breaking.below(RESTART);
                self.plan(spread, Happening::Start { node });
            }
        } else if fault.kind.ends_process() {
            self.plan(RESTART, Happening::Start { node: victim });
        }
        Ok(())
    }

    /// Before it is well, its victim breaks once more.
    fn relapse(&mut self, fault: &Fault) -> Result<(), Violation> {
        let is_over = self.is_quiet || u64::from(self.setup.faults_max) <= self.n_faults;
        if is_over || !self.setup.faults.contains(&Kind::PowerCut) {
            return Ok(());
        }
        let ends = (fault.victim, fault.other);
        let begins = self.now + RESTART;
        let again = Kind::PowerCut.drawn(&mut self.breaking, begins, ends);
        self.let_begin(again)
    }

    /// Everything that is broken is put right.
    pub(super) fn mend_all(&mut self) -> Result<(), Violation> {
        let ids: Vec<u64> = self.faults.keys().copied().collect();
        for id in ids {
            self.mend(id)?;
        }
        for node in 1..=self.setup.nodes {
            self.plan(RESTART, Happening::Start { node });
        }
        Ok(())
    }
}

/// The lie of a fault: half of the time of a snapshot, if one is stored while it lasts.
fn lie(how: Lying, fault: &Fault) -> Lie {
    match fault.amount / 3 % 2 {
        0 => Lie { how, after: fault.amount, of_snapshot: false },
        _ => Lie { how, after: fault.amount / 6 % 2, of_snapshot: true },
    }
}
