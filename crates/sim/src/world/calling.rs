//! Calls in the world: people ask gateways, are told, hang up.

use std::time::Duration;

use gateway::Moment;
use types::{Command, SessionId};

use super::trading::Outcome;
use super::{Happening, World};
use crate::Violation;
use crate::calls::{Asked, Call, Reply};
use crate::edge::{Edge, Line, Said, Standing};
use crate::people::dialect::{self, Garbage, Pays};
use crate::purse::Admission;
use crate::raft::{Message, NodeId, Us};
use crate::truth::Op;

/// How often what somebody sends is garbage, and how often its connection drops; of a million.
const GARBAGE: u64 = 20_000;
const DROPS: u64 = 4_000;
/// How soon after a request it drops.
const DROPS_WITHIN: Us = 400;

impl World {
    /// Asks through the person's gateway, if there are gateways and the dialect has the words.
    pub(super) fn call(&mut self, person: usize, command: &Command) -> bool {
        if !self.setup.gateway {
            return false;
        }
        if let Command::DropSession { .. } = command {
            let after = self.link_delay();
            self.plan(after, Happening::HangUp { person });
            return true;
        }
        let client = &self.people[person];
        let Some(life) = self.hosts[&client.gateway].life.as_ref() else { return false };
        let request = life.front.see(|view| {
            let instrument_of = |order: types::OrderId| match order.trigger() {
                Some(trigger) => Some(view.trigger(trigger)?.instrument()),
                None => Some(view.order(order)?.instrument),
            };
            dialect::request(command, &self.venue, instrument_of)
        });
        let Some(request) = request else { return false };
        let line = Line { person, account: request.account, cancels: client.cancels };
        let id = self.next_tag();
        let bytes = request.bytes(id);
        self.disturb(line, (&bytes, request.pays));
        let asked = Asked::Command(command.clone());
        self.send_call(id, line, (asked, request.pays), bytes);
        self.drop_after_request(person);
        self.people[person].waiting.insert(id, command.clone());
        self.report.n_asked += 1;
        self.plan(super::trading::PATIENCE, Happening::Tired { tag: id });
        true
    }

    /// At times there is garbage on the line before a request.
    fn disturb(&mut self, line: Line, usual: (&[u8], Pays)) {
        let next = self.n_ops + 1;
        let rng = &mut self.people[line.person].noise;
        if !rng.chance(GARBAGE) {
            return;
        }
        let garbage = dialect::garbage(rng, line.account, next, usual);
        let Garbage { bytes, pays, is_perhaps_one } = garbage;
        let id = self.next_tag();
        let asked = if is_perhaps_one { Asked::Garbled } else { Asked::Garbage };
        self.send_call(id, line, (asked, pays), bytes);
        self.report.n_garbage += 1;
    }

    /// At times a line drops while what came over it last is under way.
    fn drop_after_request(&mut self, person: usize) {
        let (now, client) = (self.now, &mut self.people[person]);
        if client.noise.chance(DROPS) {
            let after = client.arrives - now + client.noise.below(DROPS_WITHIN);
            self.plan(after, Happening::HangUp { person });
        }
    }

    fn send_call(&mut self, id: u64, line: Line, (asked, pays): (Asked, Pays), bytes: Vec<u8>) {
        let (now, after, delay) = (self.now, self.truth.told(), self.link_delay());
        let client = &mut self.people[line.person];
        client.arrives = (now + delay).max(client.arrives + 1);
        let (node, arrives) = (client.gateway, client.arrives);
        let gateway = (node, self.hosts[&node].n_lives);
        let call = Call::new((line, gateway), (asked, pays), bytes, (now, after));
        self.calls.begin(id, call);
        self.plan(arrives - now, Happening::Say { call: id });
    }

    fn link_delay(&mut self) -> Us {
        200 + self.links.wait(800)
    }

    /// The time of a node's gateway: its time of day, and a clock that nobody sets.
    fn moment(&self, node: NodeId) -> Moment {
        Moment { day_us: self.clock(node).0 * 1_000, run_us: self.now }
    }

    /// The gateway of a node, which knows how the node stands.
    fn edge(&mut self, node: NodeId) -> Option<&mut Edge> {
        let life = self.hosts.get_mut(&node)?.life.as_mut()?;
        let standing = match life.raft.leader {
            _ if life.raft.leads() => Standing::Leads,
            Some(leader) => Standing::Follows(leader),
            None => Standing::Alone,
        };
        let edge = life.front.edge()?;
        edge.port().stand(standing);
        Some(edge)
    }

    /// A call comes in.
    pub(super) fn say(&mut self, id: u64) -> Result<(), Violation> {
        let Some(call) = self.calls.get(id) else { return Ok(()) };
        let (node, life) = call.gateway;
        let (line, bytes) = (call.line, call.bytes.clone());
        if let Some(later) = self.standstill(node) {
            self.plan(later, Happening::Say { call: id });
            return Ok(());
        }
        let host = &self.hosts[&node];
        if host.n_lives != life || host.life.is_none() {
            self.lose(id);
            return Ok(());
        }
        let at = self.moment(node);
        let Some(edge) = self.edge(node) else { return Ok(()) };
        let said = edge.hear((id, line), &bytes, at);
        self.calls.arrived(id, &said);
        self.check_admission(id, &said)?;
        self.take_proposed(node, Some(id))?;
        if let Some(text) = &said.reply {
            self.told_by_gateway(id, text)?;
        } else if said.hangs_up {
            self.lose(id);
        }
        if said.hangs_up {
            self.hang_up(node, line)?;
        }
        Ok(())
    }

    fn check_admission(&mut self, id: u64, said: &Said) -> Result<(), Violation> {
        let Some(call) = self.calls.get(id) else { return Ok(()) };
        let text = said.reply.as_deref().unwrap_or_default();
        let refused = match Reply::read(text) {
            Some((_, Reply::Error(code, _))) => Some(code),
            _ => None,
        };
        let (gateway, account, pays) = (call.gateway, call.line.account, call.pays);
        let (line, now) = (call.line, self.now);
        let Some(edge) = self.edge(gateway.0) else { return Ok(()) };
        let open: Vec<u64> = edge.open_of(account).filter(|open| *open != id).collect();
        if refused == Some(crate::calls::UNAUTHORIZED) {
            let at = self.moment(gateway.0);
            self.edge(gateway.0).expect("it has just spoken").log_in(line, at);
        }
        let is_cancel = |open: &&u64| {
            // What nobody waits for any more may have been a cancel, too.
            self.calls.get(**open).is_none_or(|call| call.pays == Pays::Cancel)
        };
        let cancels_open = open.iter().filter(is_cancel).count();
        let admission = Admission { gateway, account, pays, now, refused, cancels_open };
        self.purses.check(&admission, text)
    }

    /// Takes up what a gateway has proposed: for a call, or to end a session.
    fn take_proposed(&mut self, node: NodeId, call: Option<u64>) -> Result<(), Violation> {
        let Some(edge) = self.edge(node) else { return Ok(()) };
        let sent = edge.port().take_sent();
        let gateway = (node, self.hosts[&node].n_lives);
        for sent in sent {
            let asked = call.and_then(|id| self.calls.get(id));
            let (person, after) =
                asked.map_or((usize::MAX, super::NOTHING), |call| (call.line.person, call.after));
            if let Some(id) = call {
                self.calls.proposed(id, &sent)?;
            }
            let (command, asked) = (sent.command.clone(), self.now);
            self.truth.ops.insert(sent.tag, Op { person, gateway, command, asked, after });
            match sent.to {
                None => {
                    let life = self.hosts.get_mut(&node).and_then(|host| host.life.as_mut());
                    life.expect("it has a gateway").waiting += 1;
                    self.want_turn(node);
                }
                Some(leader) => {
                    let message = Message::Forward { tag: sent.tag, command: sent.command.into() };
                    self.leave(gateway, leader, message);
                }
            }
        }
        Ok(())
    }

    /// A reply leaves: what it says is held against the log, and it is on its way.
    fn told_by_gateway(&mut self, id: u64, text: &str) -> Result<(), Violation> {
        let (call, outcome) = self.calls.answer(id, text, &self.venue)?;
        match outcome {
            Outcome::Done(seq, _) | Outcome::Refused(seq, _) => {
                let (person, gateway) = (call.line.person, call.gateway);
                let command = call.command().cloned().unwrap_or(Command::Tick);
                let (asked, after) = (call.sent, call.after);
                self.truth.tell(&Op { person, gateway, command, asked, after }, seq)?;
                self.report.answered(self.now - call.sent);
            }
            Outcome::NotTaken => {
                if let Some(tag) = call.tag {
                    self.truth.ops.remove(&tag);
                }
                self.report.n_barred += u64::from(call.command().is_some());
            }
            Outcome::Lost => {}
        }
        if call.command().is_some() {
            let (delay, person) = (self.link_delay(), call.line.person);
            self.plan(delay, Happening::Told { person, tag: id, outcome });
        }
        Ok(())
    }

    /// Whoever asked learns that its connection is gone.
    fn lose(&mut self, id: u64) {
        if let Some(call) = self.calls.forget(id)
            && call.command().is_some()
        {
            let (person, outcome) = (call.line.person, Outcome::Lost);
            self.plan(500, Happening::Told { person, tag: id, outcome });
        }
    }

    /// A process ends, and with it every connection.
    pub(super) fn lose_all(&mut self, node: NodeId) {
        for id in self.calls.of((node, self.hosts[&node].n_lives), None) {
            self.lose(id);
        }
    }

    /// Replies that are there now, of a node's gateway.
    pub(super) fn collect(&mut self, node: NodeId) -> Result<(), Violation> {
        let at = self.moment(node);
        let Some(edge) = self.edge(node) else { return Ok(()) };
        for (id, text) in edge.poll(at) {
            match text {
                Some(text) => self.told_by_gateway(id, &text)?,
                None => self.lose(id),
            }
        }
        Ok(())
    }

    /// A gateway has applied an entry: whoever waited for it is told now.
    pub(super) fn collect_applied(
        &mut self,
        node: NodeId,
        applied: &types::Applied,
    ) -> Result<(), Violation> {
        let Some(edge) = self.edge(node) else { return Ok(()) };
        let own = applied.entries.iter().map(|outcome| outcome.tag).filter(|tag| *tag != 0);
        let tags: Vec<u64> = own.map(|tag| edge.port().of_world(tag)).collect();
        if tags.is_empty() {
            return Ok(());
        }
        self.collect(node)?;
        self.calls.check_told(tags.into_iter())
    }

    /// A command of anybody has come into the log.
    pub(super) fn note_call(
        &mut self,
        tag: u64,
        outcome: Outcome,
        events: &[types::Event],
    ) -> Result<(), Violation> {
        self.calls.settle(tag, outcome, events);
        self.calls.check_sessions(events)
    }

    /// Time passes at a gateway.
    pub(super) fn tick_gateway(&mut self, node: NodeId) -> Result<(), Violation> {
        let at = self.moment(node);
        let Some(edge) = self.edge(node) else { return Ok(()) };
        edge.tick(at);
        self.collect(node)
    }

    /// What waited at a node that leads no more was never proposed.
    pub(super) fn refuse_at_gateway(
        &mut self,
        node: NodeId,
        tags: &[u64],
    ) -> Result<(), Violation> {
        let Some(edge) = self.edge(node) else { return Ok(()) };
        tags.iter().for_each(|tag| edge.refuse(*tag));
        self.collect(node)
    }

    /// Somebody's connections to its gateway drop.
    pub(super) fn drop_lines(&mut self, person: usize) -> Result<(), Violation> {
        let node = self.people[person].gateway;
        let Some(edge) = self.edge(node) else { return Ok(()) };
        for line in edge.lines_of(person) {
            self.hang_up(node, line)?;
        }
        Ok(())
    }

    fn hang_up(&mut self, node: NodeId, line: Line) -> Result<(), Violation> {
        let Some(edge) = self.edge(node) else { return Ok(()) };
        let Some(session) = edge.session_of(line) else { return Ok(()) };
        let ends = edge.hang_up(line).is_some();
        self.report.n_hung_up += 1;
        let gateway = (node, self.hosts[&node].n_lives);
        for id in self.calls.of(gateway, Some(session)) {
            self.lose(id);
        }
        if !ends {
            return self.session_ended(session);
        }
        self.dropped.insert(session, gateway);
        self.end_session(gateway, session)
    }

    /// Goes on with the end of a session, until its last cancel is in the log.
    pub(super) fn end_session(
        &mut self,
        gateway: (NodeId, u32),
        session: SessionId,
    ) -> Result<(), Violation> {
        let (node, life) = gateway;
        if self.hosts[&node].n_lives != life {
            return Ok(());
        }
        let later = Happening::EndSession { node, life, session };
        if let Some(wait) = self.standstill(node) {
            self.plan(wait, later);
            return Ok(());
        }
        let Some(edge) = self.edge(node) else { return Ok(()) };
        let pause = edge.step(session);
        self.take_proposed(node, None)?;
        match pause {
            Some(pause) => self.plan(micros(pause), later),
            None => self.session_ended(session)?,
        }
        Ok(())
    }

    /// `COD`: a gateway says that nothing is left of a session.
    fn session_ended(&mut self, session: SessionId) -> Result<(), Violation> {
        self.calls.end(session);
        match self.model.left_of(session) {
            None => Ok(()),
            Some(order) => {
                let words = format!("session {session} is said to be over, and {order} is open");
                Err(Violation::new("COD", words))
            }
        }
    }

    /// `COD`: at the end every session is over whose connection dropped while its node stayed.
    pub(super) fn check_dropped(&self) -> Result<(), Violation> {
        for (session, (node, life)) in &self.dropped {
            let host = &self.hosts[node];
            if host.n_lives == *life && host.life.is_some() && !self.calls.has_ended(*session) {
                let words = format!("session {session} of node {node} dropped, and never ended");
                return Err(Violation::new("COD", words));
            }
        }
        Ok(())
    }
}

fn micros(pause: Duration) -> Us {
    u64::try_from(pause.as_micros()).unwrap_or(u64::MAX).max(1)
}
