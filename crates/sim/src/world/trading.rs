//! People in the world: what they send, where it goes, what they are told.

use std::collections::BTreeMap;

use market_data::View;
use replica::batch::Entries;
use types::{AccountId, Applied, Command, OrderId, Seq};

use super::{Happening, World, order_of};
use crate::Violation;
use crate::edge::is_of_gateway;
use crate::faults::Kind;
use crate::log::LogEntry;
use crate::node::Life;
use crate::people::{Eyes, Person, Trade};
use crate::raft::{Message, NodeId, Us};
use crate::rng::Rng;
use crate::setup::{SECOND, Setup};
use crate::truth::{Op, refusal};

/// After so long without an answer somebody asks again, elsewhere.
pub(super) const PATIENCE: Us = 3 * SECOND;
/// Whose connection is gone asks again after so long.
const BACKOFF: Us = SECOND / 2;
/// Between two things that an operator does.
const OPERATES: Us = 20 * SECOND;
/// Entries between two comparisons of the model with an engine.
const COMPARE: u64 = 20_000;

/// Somebody and its connection.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) person: Person,
    pub(super) gateway: NodeId,
    /// Its connections ask for its orders to be cancelled when they drop.
    pub(super) cancels: bool,
    /// Garbage on its lines, and when they drop.
    pub(super) noise: Rng,
    /// Mean time between two commands.
    pace: Us,
    /// When its last command arrives: the next does not overtake it.
    pub(super) arrives: Us,
    /// What it has sent and heard nothing of.
    pub(super) waiting: BTreeMap<u64, Command>,
}

/// How a command ended, for who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log, and was done; an order has this id.
    Done(Seq, Option<OrderId>),
    /// It is in the log, and the engine refused it with this code.
    Refused(Seq, u32),
    /// It is not in the log and never will be.
    NotTaken,
    /// The connection is gone.
    Lost,
}

/// An answer that a gateway owes.
#[derive(Debug)]
pub(super) struct Owed {
    tag: u64,
    op: Op,
    outcome: Outcome,
}

impl Client {
    pub(super) fn new(person: Person, setup: &Setup) -> Client {
        let heads: usize = setup.trades.iter().map(|trade| trade.heads()).sum();
        let heads = u64::try_from(heads).unwrap_or(1).max(1);
        if person.trade == Trade::Operator {
            return Client::paced(person, setup, OPERATES);
        }
        let share = match person.trade {
            Trade::Runaway | Trade::Maker => 2,
            _ => 1,
        };
        let pace = (SECOND * heads / setup.orders_per_s / share).max(1);
        Client::paced(person, setup, pace)
    }

    fn paced(person: Person, setup: &Setup, pace: Us) -> Client {
        let gateway = person.account.0 % setup.nodes + 1;
        let mut noise = Rng::new(setup.seed, &format!("noise-{}", person.account));
        let needs = matches!(person.trade, Trade::Quoter | Trade::Tinkerer);
        let cancels = noise.chance(500_000) || needs;
        let waiting = BTreeMap::new();
        Client { person, gateway, cancels, noise, pace, arrives: 0, waiting }
    }
}

impl World {
    pub(super) fn next_tag(&mut self) -> u64 {
        self.n_ops += 1;
        self.n_ops
    }

    pub(super) fn act(&mut self, person: usize) {
        let wait = self.people[person].pace / self.rush;
        let wait = 1 + self.ties.wait(wait * 2 / 3);
        if self.is_quiet {
            return;
        }
        self.plan(wait, Happening::Act { person });
        if !self.opening.is_empty() {
            return;
        }
        let today = self.today();
        let client = &mut self.people[person];
        let Some(life) = self.hosts[&client.gateway].life.as_ref() else {
            client.gateway = client.gateway % self.setup.nodes + 1;
            return;
        };
        let (venue, price) = (&self.venue, self.price);
        let act = |view: &View| client.person.act(&Eyes { view, venue, today, price });
        for command in life.front.see(act) {
            self.ask(person, command);
        }
    }

    /// Sends a command to the person's gateway: as a call, or where there is none, or the dialect
    /// has no words for it, as it is. Deposits are the operator's, on its request.
    pub(super) fn ask(&mut self, person: usize, command: Command) {
        if self.call(person, &command) {
            return;
        }
        let tag = self.next_tag();
        let (now, delay) = (self.now, 200 + self.links.wait(800));
        let client = &mut self.people[person];
        client.arrives = (now + delay).max(client.arrives + 1);
        let (gateway, arrives) = (client.gateway, client.arrives);
        client.waiting.insert(tag, command.clone());
        let (gateway, asked) = ((gateway, self.hosts[&gateway].n_lives), now);
        let after = self.truth.told();
        self.truth.ops.insert(tag, Op { person, gateway, command, asked, after });
        self.report.n_asked += 1;
        self.plan(arrives - now, Happening::Arrive { tag });
        self.plan(PATIENCE, Happening::Tired { tag });
    }

    pub(super) fn arrive(&mut self, tag: u64) {
        let Some(op) = self.truth.ops.get(&tag) else { return };
        let (node, life) = op.gateway;
        let command = op.command.clone();
        let host = self.hosts.get_mut(&node).expect("a host");
        if self.now < host.paused_until {
            let later = host.paused_until - self.now;
            return self.plan(later, Happening::Arrive { tag });
        }
        let same = host.n_lives == life;
        let Some(there) = host.life.as_mut().filter(|_| same) else {
            return self.answer_for(tag, Outcome::Lost);
        };
        if there.raft.leads() {
            match there.submit(tag, command) {
                true => self.want_turn(node),
                false => self.answer_for(tag, Outcome::NotTaken),
            }
        } else if let Some(leader) = there.raft.leader {
            let message = Message::Forward { tag, command: Box::new(command) };
            self.leave((node, life), leader, message);
        } else {
            self.answer_for(tag, Outcome::NotTaken);
        }
    }

    /// A command that is not in the log and never will be: nobody knows of it any more.
    fn answer_for(&mut self, tag: u64, outcome: Outcome) {
        if let Some(Op { person, .. }) = self.truth.ops.remove(&tag) {
            self.plan(500, Happening::Told { person, tag, outcome });
        }
    }

    /// What waited at a node that leads no more: its own clients are told.
    pub(super) fn refuse_waiting(&mut self, node: NodeId, tag: u64) {
        if self.truth.ops.get(&tag).is_some_and(|op| op.gateway.0 == node) {
            self.answer_for(tag, Outcome::NotTaken);
        }
    }

    pub(super) fn told(&mut self, person: usize, tag: u64, outcome: Outcome) {
        let Some(client) = self.people.get_mut(person) else { return };
        let command = client.waiting.remove(&tag);
        match outcome {
            Outcome::Done(_, order) => {
                self.report.n_done += 1;
                if let Some(order) = order {
                    client.person.note(order);
                }
            }
            Outcome::Refused(..) => self.report.n_refused += 1,
            Outcome::NotTaken => self.report.n_not_taken += 1,
            Outcome::Lost => self.again(person, command),
        }
    }

    pub(super) fn tired(&mut self, tag: u64) {
        let Some(person) = self.truth.ops.get(&tag).map(|op| op.person) else {
            // It has a place, or was refused; the answer may be lost with the gateway.
            let waits = |client: &Client| client.waiting.contains_key(&tag);
            if let Some(person) = self.people.iter().position(waits) {
                let command = self.people[person].waiting.remove(&tag);
                self.again(person, command);
            }
            return;
        };
        if let Some(client) = self.people.get_mut(person) {
            let command = client.waiting.remove(&tag);
            self.again(person, command);
        }
    }

    /// Asks again through another node, if it may: what has a client order id has one effect.
    fn again(&mut self, person: usize, command: Option<Command>) {
        self.report.n_unknown += 1;
        let nodes = self.setup.nodes;
        let client = &mut self.people[person];
        client.gateway = client.gateway % nodes + 1;
        let is_safe = |command: &Command| match command {
            Command::PlaceOrder(order) => order.client_order_id.is_some(),
            Command::PlaceTrigger(placed) => placed.order.client_order_id.is_some(),
            Command::CancelOrder { .. } | Command::CancelOrders { .. } => true,
            _ => false,
        };
        if let Some(command) = command.filter(is_safe).map(Box::new) {
            self.plan(BACKOFF, Happening::Again { person, command });
        }
    }

    pub(super) fn speak(&mut self, reporter: usize) {
        let wait = SECOND * 4 / 5 + self.ties.below(SECOND * 2 / 5);
        self.plan(wait, Happening::Speak { reporter });
        let is_silent = self.faults.values().any(|fault| fault.kind == Kind::FeedOutage);
        if !self.opening.is_empty() || self.is_over || is_silent {
            return;
        }
        let (today, price, nodes) = (self.today(), self.price, self.setup.nodes);
        let (one, gateway) = &mut self.reporters[reporter];
        if self.hosts[gateway].life.is_none() {
            *gateway = *gateway % nodes + 1;
            return;
        }
        let gateway = *gateway;
        for command in one.speak(&self.venue, today, price) {
            let tag = self.next_tag();
            let (person, asked) = (usize::MAX, self.now);
            let (after, gateway) = (self.truth.told(), (gateway, self.hosts[&gateway].n_lives));
            self.truth.ops.insert(tag, Op { person, gateway, command, asked, after });
            let delay = 500 + self.links.wait(1_000);
            self.plan(delay, Happening::Arrive { tag });
        }
    }

    pub(super) fn move_price(&mut self) {
        self.plan(SECOND, Happening::Move);
        let second = self.seconds();
        let falls = self.setup.crash.filter(|crash| {
            (crash.begin..crash.begin + crash.seconds).contains(&second) && !self.is_quiet
        });
        let drift = falls.map_or(0, |crash| -i64::try_from(crash.fall_ppm).unwrap_or(0));
        let drift = drift + if second < self.drift.1 { self.drift.0 } else { 0 };
        let moved = self.market.bell(self.setup.move_ppm) + drift;
        let factor = u64::try_from(1_000_000 + moved.clamp(-40_000, 40_000)).unwrap_or(1_000_000);
        let price = u128::from(self.price) * u128::from(factor) / 1_000_000;
        let lowest = types::IndexPrice::SCALE * 1_000;
        self.price = u64::try_from(price).unwrap_or(self.price).clamp(lowest, lowest * 1_000);
    }

    /// What is true of the log goes on by an entry that was applied first now.
    pub(super) fn judge(
        &mut self,
        entry: &LogEntry,
        applied: &Applied,
        chain: Option<[u8; 32]>,
    ) -> Result<(), Violation> {
        if entry.count == 0 {
            return Ok(());
        }
        let first = applied.entries.first().map_or(Seq(1), |outcome| outcome.seq);
        let entries = Entries::new(first, entry.count, &entry.body).expect("it was applied");
        let entries: Vec<types::Entry> = entries.map(|one| one.expect("it was applied")).collect();
        let tags = self.tags_of(entry);
        for (one, tag) in entries.iter().zip(&tags) {
            self.calls.check_admitted(*tag, &one.command)?;
        }
        for (one, outcome) in entries.iter().zip(&applied.entries) {
            let events = applied.events_of(outcome);
            self.report.count(&one.command, events);
            self.story.note(self.now, events);
            self.model.follow(one, events)?;
            if let Some(mark) = self.model.mark(one, events) {
                self.report.mark(mark);
            }
            self.truth.chain(one, events);
        }
        if let Some(twin) = &mut self.twin
            && !twin.follow(&entries, chain)?
        {
            self.twin = None;
        }
        for settled in self.truth.settle(&entries, &tags, applied)? {
            let events = applied.events.get(settled.events.clone()).unwrap_or_default();
            let outcome = match refusal(events) {
                Some(reject) => Outcome::Refused(settled.seq, u32::from(reject.code())),
                None => Outcome::Done(settled.seq, order_of(events)),
            };
            if let (Some(reject), false) = (refusal(events), self.opening.is_empty()) {
                let command = &settled.op.command;
                assert!(!is_opening(command), "the opening is refused: {reject}: {command:?}");
            }
            self.note_call(settled.tag, outcome, events)?;
            if is_of_gateway(settled.tag) {
                continue;
            }
            let (node, life) = settled.op.gateway;
            let host = self.hosts.get_mut(&node).expect("a host");
            if host.life.is_some() && host.n_lives == life && settled.op.person != usize::MAX {
                let owed = Owed { tag: settled.tag, op: settled.op, outcome };
                host.owed.entry(entry.id.index).or_default().push(owed);
            }
        }
        self.compare(u64::from(entry.count))
    }

    /// Tags are not in the journal: a node that has read an entry there knows them from the others.
    fn tags_of(&mut self, entry: &LogEntry) -> Vec<u64> {
        if !entry.tags.is_empty() {
            return entry.tags.to_vec();
        }
        let from_others =
            self.hosts.values().filter_map(|host| host.life.as_ref()).find_map(|life| {
                let same = life.raft.log.entry(entry.id.index)?;
                (same.id == entry.id && !same.tags.is_empty()).then(|| same.tags.to_vec())
            });
        from_others.unwrap_or_else(|| self.tags_by_body(entry))
    }

    /// Everybody who knew has been away: each command is looked for among those that were sent.
    fn tags_by_body(&self, entry: &LogEntry) -> Vec<u64> {
        let mut used = Vec::new();
        let entries = Entries::new(Seq(1), entry.count, &entry.body).expect("it was applied");
        for one in entries.flatten() {
            let same = |(tag, op): &(&u64, &Op)| op.command == one.command && !used.contains(*tag);
            let tag = self.truth.ops.iter().find(same).map_or(0, |(tag, _)| *tag);
            used.push(tag);
        }
        used
    }

    fn compare(&mut self, more: u64) -> Result<(), Violation> {
        self.since_compared += more;
        if self.since_compared < COMPARE {
            return Ok(());
        }
        self.since_compared = 0;
        let Some(life) = self.newest() else { return Ok(()) };
        self.model.compare(&life.engine)?;
        self.truth.compare_chain(life.engine.chain())
    }

    /// A node that has applied all that anybody has.
    pub(super) fn newest(&self) -> Option<&Life> {
        let goal = self.truth.last_seq();
        let mut lives = self.hosts.values().filter_map(|host| host.life.as_ref());
        lives.find(|life| life.engine.seq() == goal)
    }

    /// A gateway has applied an entry: it tells its clients.
    pub(super) fn pay(&mut self, node: NodeId, index: u64) -> Result<(), Violation> {
        let host = self.hosts.get_mut(&node).expect("a host");
        let Some(owed) = host.owed.remove(&index) else { return Ok(()) };
        for Owed { tag, op, outcome } in owed {
            let (Outcome::Done(seq, _) | Outcome::Refused(seq, _)) = outcome else { continue };
            self.truth.tell(&op, seq)?;
            self.report.answered(self.now - op.asked);
            let delay = 200 + self.links.wait(800);
            self.plan(delay, Happening::Told { person: op.person, tag, outcome });
        }
        Ok(())
    }

    /// The account that fresh orders are tried with at the end.
    pub(super) fn probe_account(&self) -> Option<AccountId> {
        self.people.first().map(|client| client.person.account)
    }

    /// A command of nobody in particular, whose answer is counted.
    pub(super) fn ask_through(&mut self, node: NodeId, command: Command) {
        let (tag, asked, after) = (self.next_tag(), self.now, self.truth.told());
        let gateway = (node, self.hosts[&node].n_lives);
        let person = usize::MAX - 1;
        self.truth.ops.insert(tag, Op { person, gateway, command, asked, after });
        self.plan(500, Happening::Arrive { tag });
    }
}

/// What only an operator sends.
fn is_opening(command: &Command) -> bool {
    matches!(
        command,
        Command::ListInstrument(_)
            | Command::OpenAccount { .. }
            | Command::RegisterReporter { .. }
            | Command::SetFeed(_)
            | Command::SetPricing { .. }
            | Command::SetBreakers { .. }
            | Command::FundInsurance { .. }
            | Command::SetPortfolio { .. }
            | Command::SetRisk(_)
            | Command::Upgrade { .. }
    )
}
