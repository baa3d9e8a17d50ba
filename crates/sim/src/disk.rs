//! A disk that forgets what was not synced, tears what was being written, and fails when told to.
//!
//! ```text
//!   write ─▶ content, pending ──sync──▶ content          what a process sees
//!              │ power cut: each pending write is kept, lost or torn, sector by sector
//!              ▼
//!            files in a real directory, where the journal's own code reads them at the next start
//! ```
//! The journal writes through [`journal::Disk`] and reads with the system's files: so the names are
//! real all the time, and the content is put there when somebody is about to read it.
//!
//! What a disk promises: a sync that returned is kept. [`Disk::rot`] breaks that promise,
//! and then a node may only be right or stop.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::rng::Rng;

/// What is written at once or not at all.
const SECTOR: usize = 512;

/// The disk of one node; its clones are the same disk.
#[derive(Clone, Debug)]
pub struct Disk(Rc<RefCell<Platter>>);

/// An open file.
#[derive(Debug)]
pub struct OpenFile(Rc<RefCell<Content>>);

#[derive(Debug)]
struct Platter {
    rng: Rng,
    files: BTreeMap<PathBuf, Rc<RefCell<Content>>>,
    /// Names that are not durable, in the order in which they came about.
    names: Vec<Name>,
    /// Operations until the power goes, in the middle of one.
    cut_in: Option<u64>,
    /// The power is gone: nothing works.
    is_dead: bool,
    failing: Option<Failing>,
}

/// How a disk fails while it has power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// Writes.
    Write,
    /// Writes, for want of space.
    Full,
    /// Syncs: what was written may be gone, whatever a second sync says, unless it is written anew.
    Sync,
}

#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    pending: Vec<Pending>,
    /// Sectors that a failed sync has left behind, with what is on the disk in their place: the
    /// system takes them for written, and no later sync writes them (Rebello et al., ATC 2020).
    left: BTreeMap<usize, Vec<u8>>,
    /// The real file has other bytes.
    is_stale: bool,
}

/// A change that is not durable.
#[derive(Debug)]
enum Pending {
    Write { offset: usize, before: Vec<u8>, after: Vec<u8>, length: usize },
    Length { before: Vec<u8>, from: usize, to: usize },
}

#[derive(Debug)]
enum Name {
    Created(PathBuf),
    Renamed { from: PathBuf, to: PathBuf, replaced: Option<Rc<RefCell<Content>>> },
    Removed(PathBuf, Rc<RefCell<Content>>),
}

impl Disk {
    /// An empty disk.
    pub fn new(rng: Rng) -> Disk {
        Disk(Rc::new(RefCell::new(Platter {
            rng,
            files: BTreeMap::new(),
            names: Vec::new(),
            cut_in: None,
            is_dead: false,
            failing: None,
        })))
    }

    /// From now on it fails, or does not.
    pub fn fail(&self, failing: Option<Failing>) {
        self.0.borrow_mut().failing = failing;
    }

    /// The power goes in the middle of the n-th operation from now.
    pub fn cut_power_in(&self, operations: u64) {
        self.0.borrow_mut().cut_in = Some(operations);
    }

    /// Whether it has no power.
    pub fn is_dead(&self) -> bool {
        self.0.borrow().is_dead
    }

    /// The power goes now.
    pub fn cut_power(&self) {
        self.0.borrow_mut().is_dead = true;
    }

    /// A process has ended: if the power went, what was not synced is in doubt. Afterwards the disk
    /// works, and the real files are what is on it.
    pub fn settle(&self) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        if platter.is_dead {
            platter.forget()?;
        }
        platter.cut_in = None;
        platter.is_dead = false;
        platter.flush()
    }

    /// Makes the real files what a process sees.
    pub fn show(&self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }

    /// Everything on it is gone.
    pub fn wipe(&self) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        platter.names.clear();
        for path in std::mem::take(&mut platter.files).into_keys() {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// Changes a bit of what is on it. Returns where; `None` if there is nothing.
    pub fn rot(&self) -> Option<(PathBuf, usize)> {
        let mut platter = self.0.borrow_mut();
        let Platter { rng, files, .. } = &mut *platter;
        let full: Vec<_> =
            files.iter().filter(|(_, file)| !file.borrow().bytes.is_empty()).collect();
        if full.is_empty() {
            return None;
        }
        let nth = rng.index(full.len());
        let (path, file) = full.into_iter().nth(nth)?;
        let mut file = file.borrow_mut();
        let at = rng.index(file.bytes.len());
        file.bytes[at] ^= 1 << rng.below(8);
        file.is_stale = true;
        Some((path.clone(), at))
    }

    /// Removes a name and what it names, durably: snapshots that are not needed any more.
    pub fn forget_file(&self, path: &Path) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        if platter.files.remove(path).is_some() {
            fs::remove_file(path)?;
        }
        platter.names.retain(|name| !matches!(name, Name::Created(made) if made == path));
        Ok(())
    }
}

impl Platter {
    /// Counts an operation; an error if there is no power, or none from here on.
    fn power(&mut self) -> io::Result<()> {
        if self.is_dead {
            return Err(io::Error::other("no power"));
        }
        match &mut self.cut_in {
            Some(0) => {
                self.is_dead = true;
                Err(io::Error::other("the power went"))
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn file(&self, path: &Path) -> io::Result<Rc<RefCell<Content>>> {
        self.files.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// What was not synced: each of it is kept, lost, or torn.
    fn forget(&mut self) -> io::Result<()> {
        let Platter { rng, files, .. } = self;
        for file in files.values() {
            file.borrow_mut().forget(rng);
        }
        // A directory forgets from the end: names become durable in the order of their making.
        let kept = self.rng.index(self.names.len() + 1);
        for name in self.names.split_off(kept).into_iter().rev() {
            self.undo(name)?;
        }
        self.names.clear();
        Ok(())
    }

    fn undo(&mut self, name: Name) -> io::Result<()> {
        match name {
            Name::Created(path) => {
                self.files.remove(&path);
                fs::remove_file(path)?;
            }
            Name::Renamed { from, to, replaced } => {
                fs::rename(&to, &from)?;
                let moved = self.files.remove(&to).unwrap_or_default();
                self.files.insert(from, moved);
                if let Some(content) = replaced {
                    self.put(to, content)?;
                }
            }
            Name::Removed(path, content) => self.put(path, content)?,
        }
        Ok(())
    }

    fn put(&mut self, path: PathBuf, content: Rc<RefCell<Content>>) -> io::Result<()> {
        fs::File::create(&path)?;
        content.borrow_mut().is_stale = true;
        self.files.insert(path, content);
        Ok(())
    }

    /// Makes the real files those on the disk.
    fn flush(&mut self) -> io::Result<()> {
        for (path, file) in &self.files {
            let mut file = file.borrow_mut();
            if std::mem::take(&mut file.is_stale) {
                fs::write(path, &file.bytes)?;
            }
        }
        Ok(())
    }
}

impl Content {
    fn forget(&mut self, rng: &mut Rng) {
        let pending = std::mem::take(&mut self.pending);
        let left = std::mem::take(&mut self.left);
        if pending.is_empty() && left.is_empty() {
            return;
        }
        self.is_stale = true;
        pending.iter().rev().for_each(|change| self.undo(change));
        for (sector, before) in left {
            if rng.below(2) == 0 {
                self.put_back(sector, &before);
            }
        }
        for change in pending {
            match rng.below(3) {
                0 => {}
                1 => self.redo(&change, |_| true),
                _ => self.redo(&change, |_| rng.below(2) == 0),
            }
        }
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

    /// A sector as it is on the disk; the length of the file is durable without it.
    fn put_back(&mut self, sector: usize, before: &[u8]) {
        let from = (sector * SECTOR).min(self.bytes.len());
        let end = (from + SECTOR).min(self.bytes.len());
        let known = before.len().min(end - from);
        self.bytes[from..from + known].copy_from_slice(&before[..known]);
        self.bytes[from + known..end].fill(0);
    }

    /// A sync has failed: what it was to write counts as written from here on, and is not.
    fn leave_behind(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let now = self.bytes.clone();
        pending.iter().rev().for_each(|change| self.undo(change));
        let on_disk = std::mem::replace(&mut self.bytes, now);
        for change in pending {
            let Pending::Write { offset, after, .. } = change else { continue };
            for sector in sectors(offset, after.len()) {
                let from = (sector * SECTOR).min(on_disk.len());
                let end = (from + SECTOR).min(on_disk.len());
                self.left.entry(sector).or_insert_with(|| on_disk[from..end].to_vec());
            }
        }
    }

    /// Does a change again, as far as its sectors are kept.
    fn redo(&mut self, change: &Pending, mut is_kept: impl FnMut(usize) -> bool) {
        match change {
            Pending::Write { offset, after, .. } => {
                let mut at = *offset;
                while at < offset + after.len() {
                    let end = ((at / SECTOR + 1) * SECTOR).min(offset + after.len());
                    if is_kept(at) {
                        self.bytes.resize(self.bytes.len().max(end), 0);
                        self.bytes[at..end].copy_from_slice(&after[at - offset..end - offset]);
                    }
                    at = end;
                }
            }
            Pending::Length { to, .. } => {
                if is_kept(0) {
                    self.bytes.resize(*to, 0);
                }
            }
        }
    }
}

impl journal::Disk for Disk {
    type File = OpenFile;

    fn create(&mut self, path: &Path) -> io::Result<OpenFile> {
        let mut platter = self.0.borrow_mut();
        platter.power()?;
        if platter.failing == Some(Failing::Full) {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        fs::File::create(path)?;
        let content = Rc::new(RefCell::new(Content::default()));
        platter.files.insert(path.to_path_buf(), content.clone());
        platter.names.push(Name::Created(path.to_path_buf()));
        Ok(OpenFile(content))
    }

    fn open(&mut self, path: &Path) -> io::Result<OpenFile> {
        let mut platter = self.0.borrow_mut();
        platter.power()?;
        platter.file(path).map(OpenFile)
    }

    fn write_at(&mut self, file: &mut OpenFile, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        match platter.failing {
            Some(Failing::Write) => return Err(io::Error::other("a write failed")),
            Some(Failing::Full) => return Err(io::Error::from(io::ErrorKind::StorageFull)),
            Some(Failing::Sync) | None => {}
        }
        let power = platter.power();
        if power.is_err() && platter.cut_in.is_none() {
            return power;
        }
        let mut content = file.0.borrow_mut();
        let offset = usize::try_from(offset).expect("a file fits into memory");
        let (length, end) = (content.bytes.len(), offset + bytes.len());
        let before = content.bytes.get(offset..end.min(length)).unwrap_or_default().to_vec();
        content.bytes.resize(length.max(end), 0);
        content.bytes[offset..end].copy_from_slice(bytes);
        // What is written anew is written as a whole sector.
        sectors(offset, bytes.len()).for_each(|sector| drop(content.left.remove(&sector)));
        content.is_stale = true;
        content.pending.push(Pending::Write { offset, before, after: bytes.to_vec(), length });
        power
    }

    fn set_len(&mut self, file: &mut OpenFile, bytes: u64) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        platter.power()?;
        let mut content = file.0.borrow_mut();
        let (from, to) = (content.bytes.len(), usize::try_from(bytes).expect("a file fits"));
        let before = content.bytes.get(to..).unwrap_or_default().to_vec();
        content.bytes.resize(to, 0);
        content.is_stale = true;
        content.pending.push(Pending::Length { before, from, to });
        Ok(())
    }

    fn sync(&mut self, file: &mut OpenFile) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        platter.power()?;
        let fails = platter.failing == Some(Failing::Sync);
        let mut content = file.0.borrow_mut();
        if fails {
            content.leave_behind();
            return Err(io::Error::other("a sync failed"));
        }
        content.pending.clear();
        Ok(())
    }

    fn sync_dir(&mut self, _: &Path) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        platter.power()?;
        platter.names.clear();
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        platter.power()?;
        let moved = platter.files.remove(from);
        let moved = moved.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        fs::rename(from, to)?;
        let replaced = platter.files.insert(to.to_path_buf(), moved);
        let (from, to) = (from.to_path_buf(), to.to_path_buf());
        platter.names.push(Name::Renamed { from, to, replaced });
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        platter.power()?;
        let removed = platter.files.remove(path);
        let removed = removed.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        fs::remove_file(path)?;
        platter.names.push(Name::Removed(path.to_path_buf(), removed));
        Ok(())
    }
}

/// The sectors that a range of bytes touches.
fn sectors(offset: usize, length: usize) -> std::ops::Range<usize> {
    offset / SECTOR..(offset + length).div_ceil(SECTOR)
}
