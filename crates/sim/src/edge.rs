//! The gateway of a node in one life: production's code, driven by hand in the time of the world.
//!
//! ```text
//!   bytes of a call ─▶ Visitor ─▶ Gateway, Market ─▶ port ─▶ the node's queue, or its leader
//!   what was applied ─▶ Market ─▶ Waiting ─▶ outbox ─▶ bytes of a reply
//! ```
//! It plays the part of `gateway::server` and `gateway::ws`: it opens visitors, polls what waits,
//! ends connections. There is no socket, no task, no clock and no chance in it: moments are
//! arguments, keys are those of the setup, and tokens are numbers that rise.

mod port;
pub mod terms;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use gateway::venue::DomainId;
use gateway::{Gateway, Heard, KeyStore, Leaving, Limits, Market, Moment, Terms, Visitor, Waiting};
use market_data::View;
use replica::queue::Queue;
use types::codec::Codec;
use types::{AccountId, Applied, AssetCode, SessionId};

use crate::raft::NodeId;
pub use port::{Port, Sent, Standing, is_of_gateway};

/// The one domain of a world.
const DOMAIN: DomainId = DomainId(0);
/// How long a node waits for an outcome, as `plimsoll serve` has it.
const PATIENCE: Duration = Duration::from_secs(3);
/// Sessions: six bits of node as in production, twelve of its life, and what a life counts.
const NODE_SHIFT: u32 = 26;
const LIFE_SHIFT: u32 = 14;

/// One connection of somebody: a person has one for each of its accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// Whose: an index among the people.
    pub person: usize,
    /// Who logs in.
    pub account: AccountId,
    /// It asks for its orders to be cancelled when it drops.
    pub cancels: bool,
}

/// What all gateways of a world have in common.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Every limit.
    pub limits: Limits,
    /// Who may log in.
    pub keys: Arc<KeyStore>,
}

/// What clients of a node look at.
pub enum Front {
    /// In a world without gateways.
    Bare(Box<View>),
    /// As its gateway has it.
    Edge(Box<Edge>),
}

/// A call whose outcome is not known.
struct Open {
    call: u64,
    line: Line,
    session: SessionId,
    waiting: Waiting,
}

/// A client that is connected.
struct Guest {
    visitor: Visitor,
    /// It was told that its orders will be cancelled when it drops.
    cancels: bool,
}

/// A gateway.
pub struct Edge {
    gateway: Arc<Gateway>,
    market: Arc<Market>,
    port: Arc<Port>,
    request_bytes_max: usize,
    guests: BTreeMap<Line, Guest>,
    open: Vec<Open>,
    leaving: BTreeMap<SessionId, Leaving>,
}

/// What a visitor is told at once.
pub struct Said {
    /// The connection that it came through.
    pub session: SessionId,
    /// Whether orders that come through it go with it.
    pub cancels: bool,
    /// The reply, if it is there.
    pub reply: Option<Arc<str>>,
    /// The gateway hangs up.
    pub hangs_up: bool,
}

impl Front {
    /// Empty.
    pub fn new(
        plan: Option<&Plan>,
        domain: (AssetCode, u8),
        whose: (NodeId, u32),
        queue: &Arc<Queue>,
    ) -> Front {
        match plan {
            None => Front::Bare(Box::new(View::new(domain.0, domain.1))),
            Some(plan) => Front::Edge(Box::new(Edge::new(plan, domain, whose, queue.clone()))),
        }
    }

    /// Looks at what clients see.
    pub fn see<T>(&self, see: impl FnOnce(&View) -> T) -> T {
        match self {
            Front::Bare(view) => see(view),
            Front::Edge(edge) => edge.market.see(DOMAIN, see),
        }
    }

    /// Puts what a snapshot has in the place of everything.
    pub fn restore(&mut self, projections: &[u8]) -> Result<(), String> {
        match self {
            Front::Bare(view) => {
                **view = View::from_bytes(projections).map_err(|error| error.to_string())?;
                Ok(())
            }
            Front::Edge(edge) => {
                edge.market.restore(DOMAIN, projections).map_err(|error| error.to_string())
            }
        }
    }

    /// What a snapshot has of it.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Front::Bare(view) => view.to_bytes(),
            Front::Edge(edge) => edge.market.snapshot(DOMAIN),
        }
    }

    /// Takes in a batch.
    pub fn publish(&mut self, applied: &Applied) {
        match self {
            Front::Bare(view) => view.apply_batch(applied),
            Front::Edge(edge) => edge.market.publish(DOMAIN, applied),
        }
    }

    /// The gateway, if there is one.
    pub fn edge(&mut self) -> Option<&mut Edge> {
        match self {
            Front::Bare(_) => None,
            Front::Edge(edge) => Some(edge),
        }
    }

    /// By which tag whoever waits here knows what has this one in the log.
    pub fn own_tag(&self, tag: u64) -> u64 {
        match self {
            Front::Bare(_) => tag,
            Front::Edge(edge) => edge.port.own(tag),
        }
    }
}

impl Edge {
    fn new(
        plan: &Plan,
        domain: (AssetCode, u8),
        (node, life): (NodeId, u32),
        queue: Arc<Queue>,
    ) -> Edge {
        let port = Arc::new(Port::new(domain, (node, life), queue));
        let market = Arc::new(Market::new(port.clone()));
        market.give_up_after(PATIENCE);
        let first_session = node << NODE_SHIFT | life << LIFE_SHIFT | 1;
        let drawn = AtomicU64::new(0);
        let random = move |bytes: &mut [u8]| {
            let number = drawn.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            bytes.iter_mut().zip(number).for_each(|(byte, digit)| *byte = digit);
            Ok(())
        };
        let (limits, random) = (plan.limits.clone(), Box::new(random));
        let terms = Terms { testnet: true, limits, first_session, random };
        let gateway = Gateway::new(terms, port.clone(), market.clone(), plan.keys.clone());
        Edge {
            gateway: Arc::new(gateway),
            market,
            port,
            request_bytes_max: plan.limits.request_bytes_max,
            guests: BTreeMap::new(),
            open: Vec::new(),
            leaving: BTreeMap::new(),
        }
    }

    /// Where what it proposes goes.
    pub fn port(&self) -> &Port {
        &self.port
    }

    /// A call comes in. Somebody who is not connected connects first.
    pub fn hear(&mut self, (call, line): (u64, Line), bytes: &[u8], at: Moment) -> Said {
        self.connect(line, at);
        let Guest { visitor, cancels } = self.guests.get_mut(&line).expect("it is connected");
        let (session, cancels) = (visitor.session(), *cancels);
        let heard = match self.request_bytes_max < bytes.len() {
            true => Heard::Closing(visitor.refuse_too_large(at)),
            false => visitor.hear(bytes, at),
        };
        let reply = next_text(visitor);
        let hangs_up = matches!(heard, Heard::Closing(_));
        if let Heard::Waiting(waiting) = heard {
            self.open.push(Open { call, line, session, waiting });
        }
        Said { session, cancels, reply, hangs_up }
    }

    /// Somebody connects who is not, and asks for what its connection is to do until that is done:
    /// there may be no credits for it at first.
    fn connect(&mut self, line: Line, at: Moment) {
        if !self.guests.contains_key(&line) {
            let [.., high, low] = line.account.0.to_be_bytes();
            let address = IpAddr::V4(Ipv4Addr::new(10, 0, high, low));
            let visitor = Visitor::new(self.gateway.clone(), address);
            self.guests.insert(line, Guest { visitor, cancels: false });
            self.log_in(line, at);
        }
        if line.cancels && !self.guests[&line].cancels {
            let reply = self.control(line, terms::CANCEL_ON_DISCONNECT, at);
            let is_done = reply.is_some_and(|text| text.contains(r#""result":"ok""#));
            self.guests.get_mut(&line).expect("it is connected").cancels = is_done;
        }
    }

    /// Shows its key, for the first time or because its token has expired.
    pub fn log_in(&mut self, line: Line, at: Moment) {
        self.control(line, &terms::log_in(line.account), at);
    }

    /// A request about the connection itself, which is answered at once.
    fn control(&mut self, line: Line, request: &str, at: Moment) -> Option<Arc<str>> {
        let Guest { visitor, .. } = self.guests.get_mut(&line)?;
        visitor.hear(request.as_bytes(), at);
        next_text(visitor)
    }

    /// Calls whose outcome has come, with their replies; without one if the client is gone.
    pub fn poll(&mut self, at: Moment) -> Vec<(u64, Option<Arc<str>>)> {
        let mut context = Context::from_waker(Waker::noop());
        let mut told = Vec::new();
        let guests = &self.guests;
        self.open.retain_mut(|open| {
            if open.waiting.poll(&mut context, || at).is_pending() {
                return true;
            }
            let guest = guests.get(&open.line);
            let same = guest.filter(|guest| guest.visitor.session() == open.session);
            told.push((open.call, same.and_then(|guest| next_text(&guest.visitor))));
            false
        });
        told
    }

    /// Time passes: what was waited for long enough is given up.
    pub fn tick(&self, at: Moment) {
        self.market.tick(at);
    }

    /// These were not proposed and never will be.
    pub fn refuse(&self, tag: u64) {
        self.market.refuse(DOMAIN, &[self.port.own(tag)], "this node does not lead any more");
    }

    /// The connections of somebody.
    pub fn lines_of(&self, person: usize) -> Vec<Line> {
        self.guests.keys().copied().filter(|line| line.person == person).collect()
    }

    /// The session of a connection, if it is there.
    pub fn session_of(&self, line: Line) -> Option<SessionId> {
        self.guests.get(&line).map(|guest| guest.visitor.session())
    }

    /// Calls of an account that wait for their outcomes.
    pub fn open_of(&self, account: AccountId) -> impl Iterator<Item = u64> {
        self.open.iter().filter(move |open| open.line.account == account).map(|open| open.call)
    }

    /// A connection drops. Its session, if its orders go with it.
    pub fn hang_up(&mut self, line: Line) -> Option<SessionId> {
        let Guest { mut visitor, .. } = self.guests.remove(&line)?;
        let leaving = visitor.leave()?;
        self.leaving.insert(visitor.session(), leaving);
        Some(visitor.session())
    }

    /// Goes on with the end of a session; `None`: it is done.
    pub fn step(&mut self, session: SessionId) -> Option<Duration> {
        let pause = self.leaving.get_mut(&session)?.step();
        if pause.is_none() {
            self.leaving.remove(&session);
        }
        pause
    }
}

/// The next reply to a visitor. Each is taken when it is made, so there is one at most.
fn next_text(visitor: &Visitor) -> Option<Arc<str>> {
    let mut texts = VecDeque::new();
    let taken = visitor.outbox().take(&mut texts);
    taken.and_then(Result::ok)?;
    assert!(texts.len() <= 1, "a request has two replies: {texts:?}");
    texts.pop_front()
}
