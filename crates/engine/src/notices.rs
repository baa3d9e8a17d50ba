//! What the venue tells everybody: a chain of notices, and the incidents that are open
//! (docs/rules/notices.md).
//!
//! ```text
//!   head ← H("plimsoll.notice.1", head, bytes of the notice)      the first head: H("…", asset)
//! ```
//!
//! A halt opens its incident by itself, its end moves it on, and nobody has to remember to: an
//! automatic notice holds facts alone. Who signs the heads is the edge's affair; here it is only
//! known whose signature counts.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use ledger::Hash;
use types::codec::{Codec, DecodeError, Reader};
use types::{
    Cause, Event, Halt, Health, Incident, IndexId, MarketState, Notice, NoticeBody, NoticeFault,
    NoticeText, NoticeWords, OrderFate, PublicKey, Reject, Scope, Signature, Stage, limits,
};

use crate::engine::Engine;
use crate::root;

/// The chain so far, and what is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notices {
    pub n_told: u64,
    pub head: Hash,
    /// Whose signature counts.
    pub key: Option<PublicKey>,
    pub n_incidents: u32,
    pub open: BTreeMap<u32, Incident>,
}

impl Engine {
    pub(crate) fn publish_notice(
        &mut self,
        words: &NoticeWords,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        match words {
            NoticeWords::Announce { title, text } => {
                check_words(&[title, text])?;
                let (title, text) = (title.clone(), text.clone());
                self.tell(NoticeBody::Announcement { title, text }, events);
            }
            NoticeWords::Maintain { starts_at, ends_at, text } => {
                check_words(&[text])?;
                if *ends_at <= *starts_at || *ends_at <= self.at {
                    return refuse(NoticeFault::Times);
                }
                let (starts_at, ends_at, text) = (*starts_at, *ends_at, text.clone());
                self.tell(NoticeBody::Maintenance { starts_at, ends_at, text }, events);
            }
            NoticeWords::SetComponent { component, state, text } => {
                check_words(&[text])?;
                let (component, state, text) = (*component, *state, text.clone());
                self.tell(NoticeBody::ComponentChanged { component, state, text }, events);
            }
            NoticeWords::OpenIncident { scope, orders, text } => {
                return self.open_by_hand(*scope, *orders, text, events);
            }
            NoticeWords::UpdateIncident { incident, stage, orders, text } => {
                return self.update_by_hand(*incident, (*stage, *orders), text, events);
            }
            NoticeWords::RotateKey { key, signature } => {
                return self.rotate_key(*key, *signature, events);
            }
        }
        Ok(())
    }

    fn open_by_hand(
        &mut self,
        scope: Scope,
        orders: OrderFate,
        text: &NoticeText,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        self.check_scope(scope)?;
        check_words(&[text])?;
        if !self.has_room() {
            return Err(Reject::IncidentsTooMany { max: limits::INCIDENTS_MAX });
        }

        let state = self.strongest_in(scope);
        let found = Incident {
            stage: Stage::Investigating,
            orders,
            text: text.clone(),
            ..self.incident(scope, None, state)
        };
        self.follow(found, events);
        Ok(())
    }

    /// NTC-4, NTC-5: what a person adds never goes back, and nothing is over while it is unknown
    /// what became of orders.
    fn update_by_hand(
        &mut self,
        incident: u32,
        (stage, orders): (Stage, OrderFate),
        text: &NoticeText,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let known = self.notices.open.get(&incident);
        let known = known.ok_or(Reject::IncidentNotFound { incident })?;
        check_words(&[text])?;
        if stage < known.stage {
            return refuse(NoticeFault::Stage);
        }
        if Stage::Monitoring <= stage && orders == OrderFate::Unknown {
            return refuse(NoticeFault::Orders);
        }

        let state = self.strongest_in(known.scope);
        let text = text.clone();
        self.follow(Incident { stage, orders, text, state, ..known.clone() }, events);
        Ok(())
    }

    /// NTC-6: the key in force says which one follows.
    fn rotate_key(
        &mut self,
        key: PublicKey,
        signature: Signature,
        events: &mut Vec<Event>,
    ) -> Result<(), Reject> {
        let signer = self.notices.key.unwrap_or(key);
        let message = ledger::notice_key_message(self.asset, &key);
        if !ledger::is_key(&key) || !ledger::is_signed((&signer, &message, &signature)) {
            return refuse(NoticeFault::Key);
        }

        self.change_notices(|notices| notices.key = Some(key));
        self.tell(NoticeBody::KeyRotated { key, signature }, events);
        Ok(())
    }

    /// NTC-3: a halt opens its incident, or changes it.
    pub(crate) fn note_held(&mut self, halt: &Halt, events: &mut Vec<Event>) {
        let known = self.incident_of(halt.scope, Some(halt.cause));
        if known.is_none() && !self.has_room() {
            return;
        }
        let fresh = self.incident(halt.scope, Some(halt.cause), halt.state);
        let Halt { until, value, limit, state, .. } = *halt;
        let stage = Stage::Identified;
        let found = known.unwrap_or(fresh);
        self.follow(Incident { stage, state, until, value, limit, ..found }, events);
    }

    /// NTC-3: a halt is over. Where its markets collect orders it is watched, otherwise it is done.
    pub(crate) fn note_lifted(&mut self, (scope, cause): (Scope, Cause), events: &mut Vec<Event>) {
        let Some(known) = self.incident_of(scope, Some(cause)) else {
            return;
        };
        let is_collecting = self.is_collecting_in(scope);
        let stage = if is_collecting { Stage::Monitoring } else { Stage::Resolved };
        let state = self.strongest_in(scope);
        self.follow(Incident { stage, state, until: None, ..known }, events);
    }

    /// NTC-3: an index that cannot be made is an incident, whether or not it stops a market.
    pub(crate) fn note_health(
        &mut self,
        index: IndexId,
        (from, to): (Health, Health),
        events: &mut Vec<Event>,
    ) {
        let indexed = self.indices.at(u32::from(index.0));
        let scope = Scope::Index { base: indexed.base, quote: indexed.quote };
        let (cause, since) = (Cause::FeedFrozen, self.at);
        match (from == Health::Frozen, to == Health::Frozen) {
            (false, true) => {
                let state = self.strongest_in(scope);
                let halt = Halt { scope, cause, state, since, until: None, value: 0, limit: 0 };
                self.note_held(&halt, events);
            }
            (true, false) if !self.halts.standing.contains_key(&(scope, cause)) => {
                self.note_lifted((scope, cause), events);
            }
            _ => {}
        }
    }

    /// NTC-3: what was watched is done once none of its markets collects orders.
    pub(crate) fn note_reopened(&mut self, events: &mut Vec<Event>) {
        let watched = self
            .notices
            .open
            .values()
            .filter(|incident| incident.stage == Stage::Monitoring && incident.cause.is_some());
        let done: Vec<Incident> =
            watched.filter(|incident| !self.is_collecting_in(incident.scope)).cloned().collect();
        for incident in done {
            let (stage, state) = (Stage::Resolved, self.strongest_in(incident.scope));
            self.follow(Incident { stage, state, ..incident }, events);
        }
    }

    fn incident_of(&self, scope: Scope, cause: Option<Cause>) -> Option<Incident> {
        let mut open = self.notices.open.values();
        open.find(|incident| (incident.scope, incident.cause) == (scope, cause)).cloned()
    }

    fn has_room(&self) -> bool {
        self.notices.open.len() < usize::try_from(limits::INCIDENTS_MAX).unwrap_or(usize::MAX)
    }

    /// A new one, of now. Nothing of the log is lost, so orders are live.
    fn incident(&self, scope: Scope, cause: Option<Cause>, state: MarketState) -> Incident {
        Incident {
            incident: self.notices.n_incidents + 1,
            stage: Stage::Identified,
            scope,
            cause,
            state,
            until: None,
            value: 0,
            limit: 0,
            orders: OrderFate::Live,
            since: self.at,
            text: NoticeText::default(),
        }
    }

    /// Keeps how it stands, or forgets it when it is over, and tells.
    fn follow(&mut self, incident: Incident, events: &mut Vec<Event>) {
        self.change_notices(|notices| {
            notices.n_incidents = notices.n_incidents.max(incident.incident);
            match incident.stage {
                Stage::Resolved => notices.open.remove(&incident.incident),
                Stage::Investigating | Stage::Identified | Stage::Monitoring => {
                    notices.open.insert(incident.incident, incident.clone())
                }
            };
        });
        self.tell(NoticeBody::Incident(incident), events);
    }

    /// NTC-1: the next notice of the chain.
    fn tell(&mut self, body: NoticeBody, events: &mut Vec<Event>) {
        let number = self.notices.n_told + 1;
        let notice = Notice { number, seq: self.seq, at: self.at, body };
        let previous = match self.notices.n_told {
            0 => ledger::first_notice_head(self.asset),
            _ => self.notices.head,
        };
        let head = ledger::notice_head(&previous, &notice);
        self.change_notices(|notices| (notices.n_told, notices.head) = (number, head));
        events.push(Event::NoticePublished { notice: Box::new(notice), previous, head });
    }

    fn change_notices(&mut self, change: impl FnOnce(&mut Notices)) {
        let mut next = self.notices.clone();
        change(&mut next);
        let is_some = |notices: &Notices| *notices != Notices::default();
        let old = Some(&self.notices).filter(|old| is_some(old));
        let new = Some(&next).filter(|new| is_some(new));
        self.digests.replace(root::NOTICES, 0_u8, old, new);
        self.notices = next;
    }

    /// Whose signature counts for notices; `None` before the first key.
    pub fn notice_key(&self) -> Option<PublicKey> {
        self.notices.key
    }
}

fn refuse(fault: NoticeFault) -> Result<(), Reject> {
    Err(Reject::NoticeContradicts { fault })
}

fn check_words(texts: &[&NoticeText]) -> Result<(), Reject> {
    match texts.iter().any(|text| text.as_str().trim().is_empty()) {
        true => refuse(NoticeFault::Words),
        false => Ok(()),
    }
}

impl Codec for Notices {
    fn encode(&self, out: &mut Vec<u8>) {
        self.n_told.encode(out);
        self.head.encode(out);
        self.key.encode(out);
        self.n_incidents.encode(out);
        self.open.values().cloned().collect::<Vec<Incident>>().encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (n_told, head) = (u64::decode(reader)?, Hash::decode(reader)?);
        let (key, n_incidents) = (Option::decode(reader)?, u32::decode(reader)?);
        let open = Vec::<Incident>::decode(reader)?;
        let fits = open.iter().all(|incident| incident.incident <= n_incidents);
        if !fits {
            return Err(reader.refuse("Incident"));
        }
        let open = open.into_iter().map(|incident| (incident.incident, incident)).collect();
        Ok(Notices { n_told, head, key, n_incidents, open })
    }
}
