//! What gateways are asked and what they say, held against the log.
//!
//! | id | promise |
//! |---|---|
//! | `AS-ASKED` | what a gateway proposes is what the bytes say, for whom it was asked |
//! | `ADMISSION-TRUE` | what was refused is not in the log, and never comes into it |
//! | `ANSWERED-ONCE` | a call has one reply, with what the log says, or that it is not known |
//! | `GARBAGE` | what is no request is refused, and proposes nothing |
//! | `COD` | once a gateway has ended a connection, none of its orders is open or comes |
//!
//! `purse` has two more, of how often somebody may ask.

use std::collections::{BTreeMap, BTreeSet};

use types::{CloseReason, Command, Event, OrderId, Seq, SessionId};

use crate::Violation;
use crate::edge::{Line, Said, Sent};
use crate::people::dialect::{self, Pays, order_text};
use crate::raft::{NodeId, Us};
use crate::venue::Venue;
use crate::world::Outcome;

/// "Unknown, ask again with this id".
const UNKNOWN: i64 = 11_031;
/// The token has expired.
pub const UNAUTHORIZED: i64 = 13_009;

/// What is asked.
#[derive(Clone, Debug)]
pub enum Asked {
    /// This.
    Command(Command),
    /// Nothing that can be done.
    Garbage,
    /// Bytes of a request with one of them changed.
    Garbled,
}

/// One call on its way.
#[derive(Clone, Debug)]
pub struct Call {
    /// Through which connection.
    pub line: Line,
    /// To which node, in which life.
    pub gateway: (NodeId, u32),
    /// What is asked.
    pub asked: Asked,
    /// As which bytes.
    pub bytes: Vec<u8>,
    /// By which credits it is paid for.
    pub pays: Pays,
    /// When it was sent.
    pub sent: Us,
    /// The highest seq that anybody had been told of then.
    pub after: Seq,
    /// The connection that it came in through, once it has.
    pub session: Option<SessionId>,
    /// Whether orders of that connection go with it.
    pub cancels: bool,
    /// What it has become.
    pub tag: Option<u64>,
    fate: Option<Fate>,
}

/// What the log says of a call.
#[derive(Clone, Debug)]
struct Fate {
    outcome: Outcome,
    /// The order that it is about, and what it is after the entry.
    order: Option<(OrderId, &'static str)>,
    cancelled: usize,
}

/// A reply as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// Done, with what follows.
    Result(&'a str),
    /// An error of this code, and all that follows.
    Error(i64, &'a str),
}

/// All calls that have no reply, and what must not happen any more.
#[derive(Debug, Default)]
pub struct Calls {
    open: BTreeMap<u64, Call>,
    by_tag: BTreeMap<u64, u64>,
    refused: BTreeSet<u64>,
    ended: BTreeSet<SessionId>,
}

impl Call {
    /// A call that leaves now, after an entry that somebody was told of.
    pub fn new(
        (line, gateway): (Line, (NodeId, u32)),
        (asked, pays): (Asked, Pays),
        bytes: Vec<u8>,
        (sent, after): (Us, Seq),
    ) -> Call {
        let (session, cancels, tag, fate) = (None, false, None, None);
        Call { line, gateway, asked, bytes, pays, sent, after, session, cancels, tag, fate }
    }

    /// The command that it means.
    pub fn command(&self) -> Option<&Command> {
        match &self.asked {
            Asked::Command(command) => Some(command),
            Asked::Garbage | Asked::Garbled => None,
        }
    }
}

impl<'a> Reply<'a> {
    /// Reads a reply, and of which call it is.
    pub fn read(text: &'a str) -> Option<(Option<u64>, Reply<'a>)> {
        let rest = text.strip_prefix(r#"{"jsonrpc":"2.0""#)?;
        let (id, rest) = match rest.strip_prefix(r#","id":"#) {
            Some(rest) => {
                let end = rest.find(',')?;
                (rest[..end].parse().ok(), &rest[end..])
            }
            None => (None, rest),
        };
        if let Some(result) = rest.strip_prefix(r#","result":"#) {
            return Some((id, Reply::Result(result)));
        }
        let error = rest.strip_prefix(r#","error":{"code":"#)?;
        let (code, rest) = error.split_at(error.find(',')?);
        Some((id, Reply::Error(code.parse().ok()?, rest)))
    }
}

impl Calls {
    /// A call leaves.
    pub fn begin(&mut self, id: u64, call: Call) {
        self.open.insert(id, call);
    }

    /// A call without a reply.
    pub fn get(&self, id: u64) -> Option<&Call> {
        self.open.get(&id)
    }

    /// It has come in through this connection.
    pub fn arrived(&mut self, id: u64, said: &Said) {
        if let Some(call) = self.open.get_mut(&id) {
            (call.session, call.cancels) = (Some(said.session), said.cancels);
        }
    }

    /// Nobody waits for its reply any more.
    pub fn forget(&mut self, id: u64) -> Option<Call> {
        let call = self.open.remove(&id)?;
        if let Some(tag) = call.tag {
            self.by_tag.remove(&tag);
        }
        Some(call)
    }

    /// Calls that wait on this connection, or on one of this life.
    pub fn of(&self, gateway: (NodeId, u32), session: Option<SessionId>) -> Vec<u64> {
        let is_it =
            |call: &Call| call.gateway == gateway && (session.is_none() || call.session == session);
        self.open.iter().filter(|(_, call)| is_it(call)).map(|(id, _)| *id).collect()
    }

    /// `AS-ASKED`, `GARBAGE`: a gateway has proposed something when it heard a call.
    pub fn proposed(&mut self, id: u64, sent: &Sent) -> Result<(), Violation> {
        let Some(call) = self.open.get_mut(&id) else { return Ok(()) };
        let session = call.session.filter(|_| call.cancels);
        match &call.asked {
            Asked::Garbled => {}
            Asked::Garbage => {
                let words = format!("{:?} became {:?}", text_of(&call.bytes), sent.command);
                return Err(Violation::new("GARBAGE", words));
            }
            Asked::Command(asked) if dialect::is_as_asked(asked, &sent.command, session) => {}
            Asked::Command(asked) => {
                let words = format!(
                    "{asked:?} was asked as {}, {:?} is proposed",
                    text_of(&call.bytes),
                    sent.command
                );
                return Err(Violation::new("AS-ASKED", words));
            }
        }
        if let Some(before) = call.tag.replace(sent.tag) {
            let words = format!("call {id} became two commands, {before} and {}", sent.tag);
            return Err(Violation::new("AS-ASKED", words));
        }
        self.by_tag.insert(sent.tag, id);
        Ok(())
    }

    /// `ADMISSION-TRUE`: a command has come into the log.
    pub fn check_admitted(&self, tag: u64, command: &Command) -> Result<(), Violation> {
        if self.refused.contains(&tag) {
            let words = format!("it was refused, and is in the log: {command:?}");
            return Err(Violation::new("ADMISSION-TRUE", words));
        }
        Ok(())
    }

    /// What came of a command.
    pub fn settle(&mut self, tag: u64, outcome: Outcome, events: &[Event]) {
        let Some(call) = self.by_tag.get(&tag).and_then(|id| self.open.get_mut(id)) else {
            return;
        };
        let order = call.command().and_then(|command| told_order(command, events));
        let cancelled = events.iter().filter(|event| is_cancel(event)).count();
        call.fate = Some(Fate { outcome, order, cancelled });
    }

    /// `ADMISSION-TRUE`, `ANSWERED-ONCE`, `GARBAGE`: a reply leaves. What it means for whoever
    /// asked, and what the call was.
    pub fn answer(
        &mut self,
        id: u64,
        text: &str,
        venue: &Venue,
    ) -> Result<(Call, Outcome), Violation> {
        let broken =
            |checker, words: String| Err(Violation::new(checker, format!("{words}: {text}")));
        let Some(call) = self.forget(id) else {
            return broken("ANSWERED-ONCE", format!("call {id} is not open, and has a reply"));
        };
        let Some((named, reply)) = Reply::read(text) else {
            return broken("ANSWERED-ONCE", format!("call {id} has a reply that cannot be read"));
        };
        if named != Some(id) && call.command().is_some() {
            return broken("ANSWERED-ONCE", format!("call {id} has the reply of {named:?}"));
        }
        let outcome = match (reply, &call.fate) {
            (Reply::Error(UNKNOWN, _), _) => Outcome::Lost,
            (Reply::Error(..), None) => {
                self.refused.extend(call.tag);
                Outcome::NotTaken
            }
            (Reply::Error(..), Some(Fate { outcome: Outcome::Done(seq, _), .. })) => {
                return broken("ADMISSION-TRUE", format!("call {id} was done with {seq}"));
            }
            (Reply::Error(..), Some(fate)) => fate.outcome,
            (Reply::Result(_), _) if matches!(call.asked, Asked::Garbage) => {
                return broken("GARBAGE", format!("{:?} is done", text_of(&call.bytes)));
            }
            (Reply::Result(_), None)
                if matches!(call.asked, Asked::Garbled) && call.tag.is_none() =>
            {
                Outcome::NotTaken
            }
            (Reply::Result(_), None) => {
                return broken("ANSWERED-ONCE", format!("call {id} is not in the log, and done"));
            }
            (Reply::Result(result), Some(fate)) => match says_so(&call, fate, result, venue) {
                Ok(()) => fate.outcome,
                Err(words) => return broken("ANSWERED-ONCE", format!("call {id}: {words}")),
            },
        };
        Ok((call, outcome))
    }

    /// `ANSWERED-ONCE`: a node has applied what these tags are of, and has told what it had to.
    pub fn check_told(&self, tags: impl Iterator<Item = u64>) -> Result<(), Violation> {
        for tag in tags {
            let open = self.by_tag.get(&tag).and_then(|id| self.open.get(id));
            if let Some(call) = open {
                let words = format!("applied, and without a reply: {}", text_of(&call.bytes));
                return Err(Violation::new("ANSWERED-ONCE", words));
            }
        }
        Ok(())
    }

    /// `ANSWERED-ONCE`: the world is over, and these lives are still there.
    pub fn check_all_told(&self, lives: &[(NodeId, u32)]) -> Result<(), Violation> {
        let arrived = |call: &&Call| call.session.is_some() && lives.contains(&call.gateway);
        match self.open.values().find(arrived) {
            None => Ok(()),
            Some(call) => {
                let words = format!("never answered: {}", text_of(&call.bytes));
                Err(Violation::new("ANSWERED-ONCE", words))
            }
        }
    }

    /// A gateway says that a session is over.
    pub fn end(&mut self, session: SessionId) {
        self.ended.insert(session);
    }

    /// `COD`: nothing comes of a session that is over.
    pub fn check_sessions(&self, events: &[Event]) -> Result<(), Violation> {
        for event in events {
            let Event::OrderPlaced(placed) = event else { continue };
            if let Some(session) = placed.session.filter(|session| self.ended.contains(session)) {
                let words = format!("session {session} is over, and {} comes", placed.order);
                return Err(Violation::new("COD", words));
            }
        }
        Ok(())
    }

    /// Whether a gateway has said that a session is over.
    pub fn has_ended(&self, session: SessionId) -> bool {
        self.ended.contains(&session)
    }
}

/// The order that a reply shows, and its state after the entry; triggers have no such state.
fn told_order(command: &Command, events: &[Event]) -> Option<(OrderId, &'static str)> {
    let order = match command {
        Command::PlaceOrder(_) => events.iter().find_map(|event| match event {
            Event::OrderPlaced(placed) => Some(placed.order),
            _ => None,
        })?,
        Command::AmendOrder(amend) if amend.order.trigger().is_none() => amend.order,
        Command::CancelOrder { order, .. } if order.trigger().is_none() => *order,
        _ => return None,
    };
    let end = events.iter().find_map(|event| match event {
        Event::OrderClosed { order: closed, reason } if *closed == order => Some(*reason),
        _ => None,
    });
    let state = match end {
        None => "open",
        Some(CloseReason::Filled) => "filled",
        Some(CloseReason::Cancelled(_)) => "cancelled",
    };
    Some((order, state))
}

fn is_cancel(event: &Event) -> bool {
    let cancelled = matches!(event, Event::OrderClosed { reason: CloseReason::Cancelled(_), .. });
    cancelled || matches!(event, Event::TriggerClosed { .. })
}

/// Whether a result is what the log says.
fn says_so(call: &Call, fate: &Fate, result: &str, venue: &Venue) -> Result<(), String> {
    let Outcome::Done(..) = fate.outcome else {
        return Err(format!("{:?}, and done", fate.outcome));
    };
    if let Some(Command::CancelOrders { .. }) = call.command() {
        let count = result.split(',').next().unwrap_or_default();
        let is_right = count.parse() == Ok(fate.cancelled);
        return if is_right { Ok(()) } else { Err(format!("{} were cancelled", fate.cancelled)) };
    }
    let Some((order, state)) = fate.order else { return Ok(()) };
    let id = format!(r#""order_id":"{}""#, order_text(order, venue));
    let state = format!(r#""order_state":"{state}""#);
    let is_right = [&id, &state].iter().all(|part| result.contains(part.as_str()));
    if is_right { Ok(()) } else { Err(format!("the log says {id}, {state}")) }
}

/// The first bytes of a request, to be read.
fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned()
}
