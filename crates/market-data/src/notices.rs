//! What the venue told everybody, the newest last.

use alloc::collections::{BTreeMap, VecDeque};

use types::{Component, ComponentState, Event, Incident, Notice, NoticeBody, PublicKey, Stage};

use crate::limits::NOTICES_MAX;

/// The notices that are kept, and what follows from all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notices {
    /// The last ones, the oldest first.
    pub(crate) told: VecDeque<Told>,
    /// Incidents that are open, by number.
    pub(crate) open: BTreeMap<u32, Incident>,
    /// Whose signature counts.
    pub(crate) key: Option<PublicKey>,
    /// What was told last of parts of the venue.
    pub(crate) components: BTreeMap<Component, ComponentState>,
}

/// A notice with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What was told.
    pub notice: Notice,
    /// Head of the chain before it.
    pub previous: [u8; 32],
    /// Head with it.
    pub head: [u8; 32],
}

impl Notices {
    pub(crate) fn tell(&mut self, event: &Event) {
        let Event::NoticePublished { notice, previous, head } = event else {
            return;
        };
        match &notice.body {
            NoticeBody::Incident(incident) if incident.stage == Stage::Resolved => {
                self.open.remove(&incident.incident);
            }
            NoticeBody::Incident(incident) => {
                self.open.insert(incident.incident, incident.clone());
            }
            NoticeBody::KeyRotated { key, .. } => self.key = Some(*key),
            NoticeBody::ComponentChanged { component, state, .. } => {
                self.components.insert(*component, *state);
            }
            NoticeBody::Maintenance { .. } | NoticeBody::Announcement { .. } => {}
        }
        if self.told.len() == NOTICES_MAX {
            self.told.pop_front();
        }
        let notice = Notice::clone(notice);
        self.told.push_back(Told { notice, previous: *previous, head: *head });
    }

    /// The last ones, the newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Told> {
        self.told.iter().rev()
    }

    /// The first one with this number or a later one.
    pub fn from(&self, number: u64) -> Option<&Told> {
        let place = self.told.partition_point(|told| told.notice.number < number);
        self.told.get(place)
    }

    /// Incidents that are open.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        self.open.values()
    }

    /// How well a part of the venue works, as it was told last.
    pub fn component(&self, component: Component) -> ComponentState {
        self.components.get(&component).copied().unwrap_or_default()
    }

    /// Whose signature counts; `None` before the first key.
    pub fn key(&self) -> Option<PublicKey> {
        self.key
    }
}
