//! One file: as processes see it, and what the platter has otherwise.
//!
//! ```text
//!   bytes      what is read                    ── a process has written it, or the platter has it
//!   pending    what no sync has made durable   ── a power cut keeps, loses or tears it
//!   lies       sectors that the platter has otherwise, and nobody knows
//!                 ── read once the cache is gone: when a process ends, or the power
//!   scars      sectors of which that has come out, with what they should be
//! ```
//! A sector is written whole, with what the cache has of it: a later write nearby heals it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::rng::Rng;

/// What is written at once or not at all.
pub const SECTOR: usize = 512;

/// A file's content.
#[derive(Debug, Default)]
pub struct Content {
    bytes: Vec<u8>,
    pending: Vec<Pending>,
    lies: BTreeMap<usize, Lie>,
    scars: BTreeMap<usize, Vec<u8>>,
    /// Sectors that cannot be read, until they are written.
    unreadable: BTreeSet<usize>,
}

/// A change that is not durable.
#[derive(Debug)]
enum Pending {
    Write { offset: usize, before: Vec<u8>, after: Vec<u8>, length: usize },
    Length { before: Vec<u8>, from: usize, to: usize },
}

/// A sector of which the platter has something else than the cache.
#[derive(Debug)]
struct Lie {
    on_platter: Vec<u8>,
    kind: Untrue,
}

/// Why the platter has something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Untrue {
    /// A failed sync has left it behind: the system takes it for written, and no later sync writes
    /// it (Rebello et al., ATC 2020). Whether it has come to the platter is drawn.
    Left,
    /// The disk said that it had written it. `vouched`: it has said the same of something later in
    /// this file, so that the hole is not at the end.
    Lost { vouched: bool },
    /// The disk has written something here that was for another place.
    Strange,
}

/// What becomes of a change when the power goes, sector by sector.
enum Kept {
    Nothing,
    All,
    Some(BTreeSet<usize>),
}

impl Content {
    /// How long it is.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// All of it; `None` if a sector cannot be read.
    pub fn read(&self) -> Option<&[u8]> {
        self.read_at(0..self.bytes.len())
    }

    /// A part; `None` if a sector of it cannot be read, or it is not there.
    pub fn read_at(&self, part: Range<usize>) -> Option<&[u8]> {
        let touched = sectors(part.start, part.len());
        match self.unreadable.range(touched).next() {
            Some(_) => None,
            None => self.bytes.get(part),
        }
    }

    /// Whether something was written that no sync has made durable.
    pub fn is_dirty(&self) -> bool {
        self.pending.iter().any(|change| !change.sectors().is_empty())
    }

    /// Writes, for those who read. It is not durable.
    pub fn write(&mut self, offset: usize, after: &[u8]) {
        let (length, end) = (self.bytes.len(), offset + after.len());
        let before = self.bytes.get(offset..end.min(length)).unwrap_or_default().to_vec();
        self.bytes.resize(length.max(end), 0);
        self.bytes[offset..end].copy_from_slice(after);
        for sector in sectors(offset, after.len()) {
            self.unreadable.remove(&sector);
            self.write_over_scar(sector, offset, after);
        }
        self.pending.push(Pending::Write { offset, before, after: after.to_vec(), length });
    }

    /// What should be there changes with what is.
    fn write_over_scar(&mut self, sector: usize, offset: usize, after: &[u8]) {
        let (begin, own) = (sector * SECTOR, self.span(sector));
        let Some(truth) = self.scars.get_mut(&sector) else { return };
        truth.resize(own.len(), 0);
        let from = offset.max(begin);
        let end = (offset + after.len()).min(own.end);
        truth[from - begin..end - begin].copy_from_slice(&after[from - offset..end - offset]);
        if *truth == self.bytes[own] {
            self.scars.remove(&sector);
        }
    }

    /// Cuts it, or fills it with zeros.
    pub fn set_len(&mut self, to: usize) {
        let from = self.bytes.len();
        let before = self.bytes.get(to..).unwrap_or_default().to_vec();
        self.bytes.resize(to, 0);
        let end = to.div_ceil(SECTOR);
        self.lies.retain(|sector, _| *sector < end);
        self.scars.retain(|sector, _| *sector < end);
        self.unreadable.retain(|sector| *sector < end);
        // What stood behind a hole may be gone with the cut.
        self.vouch(false);
        self.pending.push(Pending::Length { before, from, to });
    }

    /// All that was written is durable. With `lying`, a run of its sectors is not: returns where
    /// it begins, and what was for there.
    pub fn sync(&mut self, lying: Option<&mut Rng>) -> Option<(usize, Vec<Vec<u8>>)> {
        let lost = lying.and_then(|rng| self.drawn_run(rng)).unwrap_or(0..0);
        let on_disk = if lost.is_empty() { Vec::new() } else { self.on_disk() };
        let pending = std::mem::take(&mut self.pending);
        let written: BTreeSet<usize> = pending.iter().flat_map(Pending::sectors).collect();
        self.lies.retain(|sector, _| lost.contains(sector) || !written.contains(sector));
        if !written.is_empty() {
            self.vouch(true);
        }
        for sector in lost.clone() {
            let kind = Untrue::Lost { vouched: false };
            let lie = Lie { on_platter: cut(&on_disk, sector).to_vec(), kind };
            // What the platter has, it has since an earlier lie.
            self.lies.entry(sector).or_insert(lie).kind = kind;
        }
        let lost_bytes = lost.clone().map(|sector| cut(&self.bytes, sector).to_vec());
        (!lost.is_empty()).then(|| (lost.start, lost_bytes.collect()))
    }

    /// Some of the sectors that one of the writes is for.
    fn drawn_run(&self, rng: &mut Rng) -> Option<Range<usize>> {
        let writes: Vec<_> = self.pending.iter().map(Pending::sectors).collect();
        let writes: Vec<_> = writes.into_iter().filter(|sectors| !sectors.is_empty()).collect();
        if writes.is_empty() {
            return None;
        }
        let of = rng.pick(&writes).clone();
        // Half of the time all of it.
        if rng.below(2) == 0 {
            return Some(of);
        }
        let begin = of.start + rng.index(of.len());
        Some(begin..begin + 1 + rng.index(of.end - begin))
    }

    /// Something later in this file is durable, or may be gone.
    pub fn vouch(&mut self, is_vouched: bool) {
        for lie in self.lies.values_mut() {
            if let Untrue::Lost { vouched } = &mut lie.kind {
                *vouched = is_vouched;
            }
        }
    }

    /// What was for another place comes to the platter here.
    pub fn misplace(&mut self, sector: usize, strange: &[Vec<u8>]) {
        let last = self.bytes.len().div_ceil(SECTOR);
        for (sector, bytes) in (sector..last).zip(strange) {
            self.lies.insert(sector, Lie { on_platter: bytes.clone(), kind: Untrue::Strange });
        }
    }

    /// A sync has failed: what it was to write counts as written from here on, and is not.
    pub fn leave_behind(&mut self) {
        let on_disk = self.on_disk();
        for sector in std::mem::take(&mut self.pending).iter().flat_map(Pending::sectors) {
            self.lies.entry(sector).or_insert_with(|| Lie {
                on_platter: cut(&on_disk, sector).to_vec(),
                kind: Untrue::Left,
            });
        }
    }

    /// What would be there if nothing that is pending were.
    fn on_disk(&mut self) -> Vec<u8> {
        let now = self.bytes.clone();
        let pending = std::mem::take(&mut self.pending);
        pending.iter().rev().for_each(|change| self.undo(change));
        self.pending = pending;
        std::mem::replace(&mut self.bytes, now)
    }

    /// A bit changes on the platter, and in the cache.
    pub fn rot(&mut self, rng: &mut Rng) {
        let at = rng.index(self.bytes.len());
        let sector = at / SECTOR;
        let mut rotten = cut(&self.bytes, sector).to_vec();
        rotten[at % SECTOR] ^= 1 << rng.below(8);
        self.spoil(sector, &rotten);
    }

    /// A sector cannot be read any more.
    pub fn lose_sector(&mut self, rng: &mut Rng) {
        self.unreadable.insert(rng.index(self.bytes.len().div_ceil(SECTOR)));
    }

    /// Whether a sector cannot be read.
    pub fn is_unreadable(&self) -> bool {
        !self.unreadable.is_empty()
    }

    /// Whether it is, and will be, what was written.
    pub fn is_whole(&self) -> bool {
        self.lies.is_empty() && self.scars.is_empty() && self.unreadable.is_empty()
    }

    /// Somebody has put in place, from a backup, what was written.
    pub fn repair(&mut self) {
        self.unreadable.clear();
        for (sector, truth) in std::mem::take(&mut self.scars) {
            self.put(sector, &truth);
        }
    }

    /// The system forgets what it had read and written: what is not dirty is read anew.
    pub fn drop_cache(&mut self) {
        let dirty: BTreeSet<usize> = self.pending.iter().flat_map(Pending::sectors).collect();
        let comes_out = |sector: &usize, lie: &mut Lie| {
            let is_told = matches!(lie.kind, Untrue::Strange | Untrue::Lost { vouched: true });
            is_told && !dirty.contains(sector)
        };
        let out: Vec<_> = self.lies.extract_if(.., comes_out).collect();
        out.iter().for_each(|(sector, lie)| self.spoil(*sector, &lie.on_platter));
    }

    /// The power went: what was not synced is kept, lost, or torn.
    pub fn forget(&mut self, rng: &mut Rng) {
        let pending = std::mem::take(&mut self.pending);
        let kept: Vec<Kept> = pending.iter().map(|change| Kept::drawn(rng, change)).collect();
        pending.iter().rev().for_each(|change| self.undo(change));
        let is_written = |sector: usize| {
            let writes = |(change, kept): (&Pending, &Kept)| {
                change.sectors().contains(&sector) && kept.has(sector)
            };
            pending.iter().zip(&kept).any(writes)
        };
        for (sector, lie) in std::mem::take(&mut self.lies) {
            match lie.kind {
                _ if is_written(sector) => {}
                Untrue::Left if rng.below(2) == 0 => self.put(sector, &lie.on_platter),
                // Without anything behind it, it would be a torn write to whoever reads it, and
                // nobody could say that it was acknowledged: the disk had it after all.
                Untrue::Left | Untrue::Lost { vouched: false } => {}
                Untrue::Lost { vouched: true } | Untrue::Strange => {
                    self.spoil(sector, &lie.on_platter);
                }
            }
        }
        pending.iter().zip(&kept).for_each(|(change, kept)| self.redo(change, kept));
    }

    /// A sector turns out to be something else than was written.
    fn spoil(&mut self, sector: usize, found: &[u8]) {
        let truth = cut(&self.bytes, sector).to_vec();
        self.put(sector, found);
        if cut(&self.bytes, sector) != truth {
            self.scars.entry(sector).or_insert(truth);
        }
    }

    /// Where a sector is, as far as the file goes.
    fn span(&self, sector: usize) -> Range<usize> {
        let from = (sector * SECTOR).min(self.bytes.len());
        from..(from + SECTOR).min(self.bytes.len())
    }

    fn put(&mut self, sector: usize, bytes: &[u8]) {
        let span = self.span(sector);
        let known = bytes.len().min(span.len());
        self.bytes[span.start..span.start + known].copy_from_slice(&bytes[..known]);
        self.bytes[span.start + known..span.end].fill(0);
    }

    fn undo(&mut self, change: &Pending) {
        match change {
            Pending::Write { offset, before, length, .. } => {
                self.bytes[*offset..*offset + before.len()].copy_from_slice(before);
                self.bytes.truncate(*length);
            }
            Pending::Length { before, from, .. } => {
                self.bytes.resize(*from, 0);
                let at = from - before.len();
                self.bytes[at..].copy_from_slice(before);
            }
        }
    }

    /// Does a change again, as far as its sectors are kept.
    fn redo(&mut self, change: &Pending, kept: &Kept) {
        match change {
            Pending::Write { offset, after, .. } => {
                for sector in change.sectors().filter(|sector| kept.has(*sector)) {
                    let at = (sector * SECTOR).max(*offset);
                    let end = ((sector + 1) * SECTOR).min(offset + after.len());
                    self.bytes.resize(self.bytes.len().max(end), 0);
                    self.bytes[at..end].copy_from_slice(&after[at - offset..end - offset]);
                }
            }
            Pending::Length { to, .. } if kept.has(0) => self.bytes.resize(*to, 0),
            Pending::Length { .. } => {}
        }
    }
}

impl Pending {
    /// The sectors that it writes.
    fn sectors(&self) -> Range<usize> {
        match self {
            Pending::Write { offset, after, .. } => sectors(*offset, after.len()),
            Pending::Length { .. } => 0..0,
        }
    }
}

impl Kept {
    fn drawn(rng: &mut Rng, change: &Pending) -> Kept {
        match (rng.below(3), change) {
            (0, _) => Kept::Nothing,
            (1, _) => Kept::All,
            (_, Pending::Length { .. }) if rng.below(2) == 0 => Kept::All,
            (_, Pending::Length { .. }) => Kept::Nothing,
            (_, Pending::Write { .. }) => {
                Kept::Some(change.sectors().filter(|_| rng.below(2) == 0).collect())
            }
        }
    }

    fn has(&self, sector: usize) -> bool {
        match self {
            Kept::Nothing => false,
            Kept::All => true,
            Kept::Some(sectors) => sectors.contains(&sector),
        }
    }
}

/// The sectors that a range of bytes touches.
fn sectors(offset: usize, length: usize) -> Range<usize> {
    if length == 0 { 0..0 } else { offset / SECTOR..(offset + length).div_ceil(SECTOR) }
}

/// What bytes have of a sector.
fn cut(bytes: &[u8], sector: usize) -> &[u8] {
    let from = (sector * SECTOR).min(bytes.len());
    &bytes[from..(from + SECTOR).min(bytes.len())]
}
