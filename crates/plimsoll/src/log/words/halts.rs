//! Halts, auctions, rules and what operators say of them, in words.

use types::{Cause, Command, Event, Halt, Indication, InstrumentId, Notice, NoticeBody, Scope};

use super::Words;

impl Words {
    /// A command about halts; `None`: it is about something else.
    pub(super) fn halt_command(&self, command: &Command) -> Option<String> {
        Some(match command {
            Command::Halt { scope, state, until } => {
                let until = until.map_or_else(|| "resumed".into(), |until| until.to_string());
                format!("hold {} in {state:?} until {until}", self.scope_of(*scope))
            }
            Command::Resume { scope } => format!("resume {}", self.scope_of(*scope)),
            Command::SetBreakers { base, quote, kind, .. } => {
                format!("set the breakers of {base}/{quote}, {kind:?}")
            }
            Command::SetReopening(_) => "set how markets reopen".into(),
            Command::SetOrderRate(_) => "set the order rate of accounts".into(),
            Command::SetKillSwitch { account, on: true } => format!("stop account {account}"),
            Command::SetKillSwitch { account, on: false } => {
                format!("let account {account} go on")
            }
            Command::PublishNotice(_) => "tell everybody something".into(),
            Command::Upgrade { to } => format!("go by version {to} of the rules"),
            Command::DropSessions { first, last } => {
                format!("cancel what came through connections {first} to {last}")
            }
            _ => return None,
        })
    }

    /// An event about halts; `None`: it is about something else.
    pub(super) fn halt_event(&self, event: &Event) -> Option<String> {
        Some(match event {
            Event::Halted(halt) => self.halted(halt),
            Event::Resumed { scope, cause, .. } => {
                format!("{} is no longer held by {}", self.scope_of(*scope), cause_of(*cause))
            }
            Event::StateChanged { instrument, from, to, .. } => {
                format!("{} was {from:?}, is {to:?}", self.name(*instrument))
            }
            Event::AuctionStarted { instrument, reference, ends_at } => {
                let (name, price) = (self.name(*instrument), self.price(*instrument, *reference));
                format!("auction of {name} until {ends_at}, with the mark at {price}")
            }
            Event::AuctionIndicated { instrument, indication, .. } => {
                let name = self.name(*instrument);
                format!("auction of {name} would give {}", self.indication(*instrument, indication))
            }
            Event::AuctionExtended { instrument, reason, ends_at } => {
                format!(
                    "auction of {} goes on until {ends_at} ({reason:?})",
                    self.name(*instrument)
                )
            }
            Event::AuctionEnded { instrument, indication, .. } => {
                let name = self.name(*instrument);
                format!("auction of {name} ends with {}", self.indication(*instrument, indication))
            }
            Event::Upgraded { to } => format!("from here on by version {to} of the rules"),
            Event::BreakersSet { kind, .. } => format!("breakers of an index are set, {kind:?}"),
            Event::ReopeningSet(_) => "how markets reopen is set".into(),
            Event::OrderRateSet(_) => "the order rate of accounts is set".into(),
            Event::KillSwitchSet { account, on: true, .. } => {
                format!("account {account} is stopped")
            }
            Event::KillSwitchSet { account, on: false, .. } => {
                format!("account {account} may go on")
            }
            Event::NoticePublished { notice, .. } => told(notice),
            _ => return None,
        })
    }

    fn halted(&self, halt: &Halt) -> String {
        let Halt { scope, cause, state, until, value, limit, .. } = halt;
        let until = until.map_or_else(|| "resumed".into(), |until| until.to_string());
        let found = if *limit == 0 { String::new() } else { format!(", {value} against {limit}") };
        let (scope, cause) = (self.scope_of(*scope), cause_of(*cause));
        format!("{scope} is {state:?} by {cause} until {until}{found}")
    }

    fn indication(&self, instrument: InstrumentId, indication: &Option<Indication>) -> String {
        indication.map_or_else(
            || "no trade".into(),
            |Indication { price, volume, surplus }| {
                let price = self.price(instrument, price);
                format!("{volume} lots at {price}, {surplus} lots left over")
            },
        )
    }

    fn scope_of(&self, scope: Scope) -> String {
        match scope {
            Scope::Instrument(instrument) => self.name(instrument),
            Scope::Index { base, quote } => format!("everything of {base}/{quote}"),
            Scope::Domain => "everything".into(),
        }
    }
}

fn cause_of(cause: Cause) -> &'static str {
    match cause {
        Cause::Operator => "the operator",
        Cause::Outage => "an outage",
        Cause::FeedFrozen => "its frozen index",
        Cause::LimitState => "the limit state",
        Cause::Velocity => "the velocity of trades",
        Cause::Range => "the range of trades",
        Cause::BookVanished => "its vanished book",
        Cause::LiquidationRate => "the rate of liquidations",
    }
}

fn told(notice: &Notice) -> String {
    let number = notice.number;
    match &notice.body {
        NoticeBody::Incident(incident) => {
            format!("notice {number}: incident {} is {:?}", incident.incident, incident.stage)
        }
        NoticeBody::Maintenance { text, .. } => {
            format!("notice {number}, maintenance: {}", text.as_str())
        }
        NoticeBody::Announcement { title, .. } => format!("notice {number}: {}", title.as_str()),
        NoticeBody::ComponentChanged { component, state, .. } => {
            format!("notice {number}: {component:?} is in {state:?}")
        }
        NoticeBody::KeyRotated { .. } => format!("notice {number}: another key signs from here on"),
    }
}
