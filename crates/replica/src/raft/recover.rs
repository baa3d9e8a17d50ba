//! After a majority is lost for good: what a survivor has, and a new cluster that begins with it.
//!
//! ```text
//!   survivor's directory ─▶ snapshot ─▶ its log, to the end ─▶ state, and where it was
//!                                          └─ behind what it knew to be committed: unproven
//!   state ─▶ a new directory: a snapshot with new members, an empty log, no vote of before
//! ```
//! The directory of the survivor is not changed. Whether the end of its log was ever committed it
//! cannot know: a quorum that is gone may have had more, or may never have had the last of it. Both
//! are said, and neither is guessed.
//!
//! The new cluster has another number, so nodes of the old one cannot speak to it: its epoch is
//! fenced off.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use engine::Engine;
use journal::snapshot::{self, Fallback, Snapshot};
use journal::{Journal, Kind, Reader};
use openraft::Membership;
use openraft::entry::EntryPayload;
use types::{AssetCode, At, Seq};

use super::ballot::{Ballot, BallotFile};
use super::log::Assembly;
use super::machine::{meta_of, position};
use super::node::RaftFailure;
use super::types::{LogId, Member, SnapshotMeta, StoredMembership, Vote};
use crate::Committed;
use crate::batch::{self, Entries};
use crate::beside;
use crate::feed::Feed;
use crate::restore;

/// What a survivor has of a domain.
pub struct Survivor {
    /// The state after the last entry of its log.
    pub engine: Engine,
    /// The log's time of its last batch.
    pub at: At,
    /// Term and index of the last entry of its replicated log.
    pub last: Option<(u64, u64)>,
    /// Entries of the replicated log that it knew to be committed: those of lower index.
    pub committed: u64,
    /// The last seq that was committed for certain.
    pub committed_seq: Seq,
    /// Who the members were, as its log last said.
    pub members: BTreeMap<u64, Member>,
    /// Who of them voted.
    pub voters: BTreeSet<u64>,
}

/// Reads all that a survivor has; `sink` gets it as a start would.
pub fn survey(
    dir: &Path,
    (asset, decimals): (AssetCode, u8),
    sink: &mut dyn FnMut(Feed),
) -> Result<Survivor, RaftFailure> {
    let loaded =
        snapshot::load_newest(dir, Fallback::Older).map_err(restore::RestoreError::from)?;
    let unreadable = |error: String| RaftFailure::Consensus(asset, error);
    let (engine, meta) = match loaded.snapshot {
        None => {
            sink(Feed::Restored { seq: Seq(0), projections: Vec::new() });
            let last_membership = StoredMembership::default();
            (Engine::new(asset, decimals), SnapshotMeta { last_log_id: None, last_membership })
        }
        Some(found) => {
            let engine = restore::revive(dir, (asset, decimals), &found)?;
            let meta = meta_of(&found.position).map_err(|error| unreadable(error.to_string()))?;
            sink(Feed::Restored { seq: found.seq, projections: found.projections });
            (engine, meta)
        }
    };
    let mut reading = Reading {
        committed: meta.last_log_id.map_or(0, |last| last.index + 1),
        committed_seq: engine.seq(),
        seqs: Vec::new(),
        at: engine.at(),
        engine,
        meta,
    };
    reading.run(dir, sink).map_err(unreadable)?;
    Ok(reading.survivor())
}

struct Reading {
    engine: Engine,
    at: At,
    meta: SnapshotMeta,
    committed: u64,
    committed_seq: Seq,
    /// The seq after each entry that was read, to find the committed one.
    seqs: Vec<(u64, Seq)>,
}

impl Reading {
    fn run(&mut self, dir: &Path, sink: &mut dyn FnMut(Feed)) -> Result<(), String> {
        let segments = journal::segment::list(dir).map_err(|error| error.to_string())?;
        let Some((first, _)) = segments.first() else { return Ok(()) };
        let mut reader = Reader::open(dir, *first).map_err(|error| error.to_string())?;
        let mut assembly = Assembly::default();
        while let Some(record) = reader.next_record().map_err(|error| error.to_string())? {
            if record.kind == Kind::Root {
                continue;
            }
            assembly.take(record).map_err(|error| error.to_string())?;
            let Some((entry, committed)) = assembly.finish() else { continue };
            self.committed = self.committed.max(committed);
            if Some(entry.log_id) <= self.meta.last_log_id {
                continue;
            }
            self.meta.last_log_id = Some(entry.log_id);
            match entry.payload {
                EntryPayload::Blank => {}
                EntryPayload::Membership(members) => {
                    self.meta.last_membership =
                        StoredMembership::new(self.meta.last_log_id, members);
                }
                EntryPayload::Normal(batch) => self.apply(batch.count, &batch.body, sink)?,
            }
            self.seqs.push((entry.log_id.index, self.engine.seq()));
        }
        Ok(())
    }

    fn apply(&mut self, count: u32, body: &[u8], sink: &mut dyn FnMut(Feed)) -> Result<(), String> {
        self.at = batch::at(body);
        let entries = Entries::new(self.engine.seq().next(), count, body);
        let entries = entries.map_err(|error| error.to_string())?;
        let applied = batch::apply(&mut self.engine, self.at, entries, |_| 0);
        sink(Feed::Replayed(Committed::new(applied.map_err(|error| error.to_string())?)));
        Ok(())
    }

    fn survivor(self) -> Survivor {
        let committed = self.seqs.iter().filter(|(index, _)| *index < self.committed);
        let committed_seq =
            committed.map(|(_, seq)| *seq).next_back().unwrap_or(self.committed_seq);
        let membership = self.meta.last_membership.membership();
        Survivor {
            at: self.at,
            last: self.meta.last_log_id.map(|last| (last.leader_id.term, last.index)),
            committed: self.committed,
            committed_seq,
            members: membership.nodes().map(|(id, member)| (*id, member.clone())).collect(),
            voters: membership.voter_ids().collect(),
            engine: self.engine,
        }
    }
}

/// Makes a directory with which a new cluster of `members` begins: its state is the survivor's, its
/// log is empty. `dir` must not hold a log.
pub fn refound(
    dir: &Path,
    survivor: &mut Survivor,
    members: BTreeMap<u64, Member>,
    projections: Vec<u8>,
) -> Result<PathBuf, RaftFailure> {
    let (asset, _) = survivor.engine.asset();
    let disk = |error| RaftFailure::Disk(asset, error);
    fs::create_dir_all(dir).map_err(disk)?;
    if fs::read_dir(dir).map_err(disk)?.next().is_some() {
        return Err(RaftFailure::Consensus(
            asset,
            format!("{} is not empty: name a new data directory", dir.display()),
        ));
    }
    let (term, index) = survivor.last.unwrap_or((1, 0));
    let last = LogId { leader_id: term.into(), index };
    let voters: BTreeSet<u64> = members.keys().copied().collect();
    let membership = Membership::new(vec![voters], members);
    let membership =
        membership.map_err(|error| RaftFailure::Consensus(asset, error.to_string()))?;
    let last_membership = StoredMembership::new(Some(last), membership);
    let meta = SnapshotMeta { last_log_id: Some(last), last_membership };
    let engine = &mut survivor.engine;
    let seq = engine.seq();
    let snapshot = Snapshot { projections, ..beside::encode(engine, position(&meta)) };
    snapshot::store(dir, &snapshot).map_err(restore::RestoreError::from)?;
    let (mut ballot, _) = BallotFile::open(dir)?;
    // The next election has a higher term than any entry.
    let vote = Some(Vote::new(term, 0));
    ballot.write(&Ballot { vote, dropped: Some((last, seq)) })?;
    let (mut journal, _) = Journal::open(dir, journal::Options::default())?;
    journal.restart_at(seq.next())?;
    Ok(dir.join(snapshot::file_name(seq)))
}
