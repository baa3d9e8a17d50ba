//! A disk that forgets what was not synced, tears what was being written, fails when told to, and
//! at times does not tell the truth.
//!
//! ```text
//!   write ─▶ cache, pending ──sync──▶ cache              what a process sees
//!              │ power cut: each pending write is kept, lost or torn, sector by sector
//!              ▼
//!            platter ── what a sync was said to have written may be missing here, or stand
//!                       elsewhere; a sector may not be readable; a bit may have changed
//! ```
//! Everything is in memory, and is written and read through [`journal::Disk`] and
//! [`journal::Source`]. Names are real, because the system lists them.
//!
//! What a disk promises: a sync that returned is kept, where it was meant to be, and can be read.
//! [`Disk::lie`], [`Disk::lose_sector`] and [`Disk::rot`] break that promise, and then a node may
//! only be right or stop.

mod content;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use self::content::Content;
use crate::rng::Rng;

/// What the system says of a sector that cannot be read.
const EIO: i32 = 5;

/// The disk of one node; its clones are the same disk.
#[derive(Clone, Debug)]
pub struct Disk(Rc<RefCell<Platter>>);

/// An open file.
#[derive(Debug)]
pub struct OpenFile {
    content: Rc<RefCell<Content>>,
    is_snapshot: bool,
}

#[derive(Debug)]
struct Platter {
    rng: Rng,
    /// By path, as bytes: to compare those by their parts takes longer than to find a file.
    files: BTreeMap<OsString, Rc<RefCell<Content>>>,
    /// Names that are not durable, in the order in which they came about.
    names: Vec<Name>,
    /// Operations until the power goes, in the middle of one.
    cut_in: Option<u64>,
    /// The power is gone: nothing works.
    is_dead: bool,
    failing: Option<Failing>,
    lying: Option<Lie>,
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
    /// Reads, at times.
    Read,
}

/// A lie that a disk is about to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lie {
    /// How.
    pub how: Lying,
    /// After so many more syncs of something written.
    pub after: u64,
    /// Of snapshots only, which are few.
    pub of_snapshot: bool,
}

/// What a disk does with what it says it has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lying {
    /// It does not write it.
    Loses,
    /// It writes it somewhere else.
    Misplaces,
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
            lying: None,
        })))
    }

    /// From now on it fails, or does not.
    pub fn fail(&self, failing: Option<Failing>) {
        self.0.borrow_mut().failing = failing;
    }

    /// It will lie once; or it will not, if it has not yet.
    pub fn lie(&self, lying: Option<Lie>) {
        self.0.borrow_mut().lying = lying;
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
    /// works, and what is read is what is on it.
    pub fn settle(&self) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        if platter.is_dead {
            platter.forget()?;
        }
        platter.files.values().for_each(|file| file.borrow_mut().drop_cache());
        platter.cut_in = None;
        platter.is_dead = false;
        Ok(())
    }

    /// Everything on it is gone, and the next one tells the truth.
    pub fn wipe(&self) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        platter.names.clear();
        platter.lying = None;
        for path in std::mem::take(&mut platter.files).into_keys() {
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// Changes a bit of what is on it.
    pub fn rot(&self) {
        self.spoil(Content::rot);
    }

    /// A sector of it cannot be read any more, until it is written.
    pub fn lose_sector(&self) {
        self.spoil(Content::lose_sector);
    }

    /// Does something to a file that has something.
    fn spoil(&self, how: impl FnOnce(&mut Content, &mut Rng)) {
        let mut platter = self.0.borrow_mut();
        let Platter { rng, files, .. } = &mut *platter;
        let full: Vec<_> = files.values().filter(|file| 0 < file.borrow().len()).collect();
        if !full.is_empty() {
            how(&mut rng.pick(&full).borrow_mut(), rng);
        }
    }

    /// Whether all of it is, and will be, what was written.
    pub fn is_whole(&self) -> bool {
        let platter = self.0.borrow();
        platter.lying.is_none() && platter.files.values().all(|file| file.borrow().is_whole())
    }

    /// Whether there is a sector that cannot be read.
    pub fn is_unreadable(&self) -> bool {
        self.0.borrow().files.values().any(|file| file.borrow().is_unreadable())
    }

    /// Somebody has put in place, from a backup, what was written and does not read so.
    pub fn repair(&self) {
        self.0.borrow().files.values().for_each(|file| file.borrow_mut().repair());
    }

    /// Removes a name and what it names, durably: snapshots that are not needed any more.
    pub fn forget_file(&self, path: &Path) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        if platter.files.remove(path.as_os_str()).is_some() {
            fs::remove_file(path)?;
        }
        platter.names.retain(|name| !matches!(name, Name::Created(made) if made == path));
        Ok(())
    }
}

impl OpenFile {
    fn new(path: &Path, content: Rc<RefCell<Content>>) -> OpenFile {
        let name = path.file_name().and_then(|name| name.to_str());
        let is_snapshot = name.is_some_and(|name| name.starts_with("snap-"));
        OpenFile { content, is_snapshot }
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
        self.files
            .get(path.as_os_str())
            .cloned()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// A file that somebody is about to read.
    fn readable(&mut self, path: &Path) -> io::Result<Rc<RefCell<Content>>> {
        if self.is_dead {
            return Err(io::Error::other("no power"));
        }
        if self.failing == Some(Failing::Read) && self.rng.below(8) == 0 {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        self.file(path)
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
                self.files.remove(path.as_os_str());
                fs::remove_file(path)?;
            }
            Name::Renamed { from, to, replaced } => {
                fs::rename(&to, &from)?;
                let moved = self.files.remove(to.as_os_str()).unwrap_or_default();
                self.files.insert(from.into(), moved);
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
        self.files.insert(path.into(), content);
        Ok(())
    }

    /// Whether it lies about the sync that begins now, and how.
    fn lies_now(&mut self, file: &OpenFile) -> Option<Lying> {
        let lie = self.lying.as_mut()?;
        if !file.content.borrow().is_dirty() || (lie.of_snapshot && !file.is_snapshot) {
            return None;
        }
        if 0 < lie.after {
            lie.after -= 1;
            return None;
        }
        self.lying.take().map(|lie| lie.how)
    }

    /// What was for the sectors from `from` on comes to the platter somewhere else.
    fn misplace(&mut self, of: &OpenFile, (from, bytes): (usize, Vec<Vec<u8>>)) {
        let Platter { rng, files, .. } = self;
        let full: Vec<_> = files.values().filter(|file| 0 < file.borrow().len()).collect();
        if full.is_empty() {
            return;
        }
        let file = *rng.pick(&full);
        let sector = rng.index(file.borrow().len().div_ceil(content::SECTOR));
        // Where it was meant to be is no other place.
        if !(Rc::ptr_eq(file, &of.content) && sector == from) {
            file.borrow_mut().misplace(sector, &bytes);
        }
    }
}

impl journal::Source for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let file = self.0.borrow_mut().readable(path)?;
        let content = file.borrow();
        content.read().map(<[u8]>::to_vec).ok_or_else(|| io::Error::from_raw_os_error(EIO))
    }

    fn read_at(&self, path: &Path, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let file = self.0.borrow_mut().readable(path)?;
        let content = file.borrow();
        let from = usize::try_from(offset).expect("a file fits into memory");
        let end = from + bytes.len();
        if content.len() < end {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        let read = content.read_at(from..end).ok_or_else(|| io::Error::from_raw_os_error(EIO))?;
        bytes.copy_from_slice(read);
        Ok(())
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
        platter.files.insert(path.into(), content.clone());
        platter.names.push(Name::Created(path.to_path_buf()));
        Ok(OpenFile::new(path, content))
    }

    fn open(&mut self, path: &Path) -> io::Result<OpenFile> {
        let mut platter = self.0.borrow_mut();
        platter.power()?;
        platter.file(path).map(|content| OpenFile::new(path, content))
    }

    fn write_at(&mut self, file: &mut OpenFile, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        match platter.failing {
            Some(Failing::Write) => return Err(io::Error::other("a write failed")),
            Some(Failing::Full) => return Err(io::Error::from(io::ErrorKind::StorageFull)),
            Some(Failing::Sync | Failing::Read) | None => {}
        }
        let power = platter.power();
        if power.is_err() && platter.cut_in.is_none() {
            return power;
        }
        let offset = usize::try_from(offset).expect("a file fits into memory");
        file.content.borrow_mut().write(offset, bytes);
        power
    }

    fn set_len(&mut self, file: &mut OpenFile, bytes: u64) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        platter.power()?;
        file.content.borrow_mut().set_len(usize::try_from(bytes).expect("a file fits"));
        Ok(())
    }

    fn sync(&mut self, file: &mut OpenFile) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        platter.power()?;
        if platter.failing == Some(Failing::Sync) {
            file.content.borrow_mut().leave_behind();
            return Err(io::Error::other("a sync failed"));
        }
        let lying = platter.lies_now(file);
        let lost = file.content.borrow_mut().sync(lying.map(|_| &mut platter.rng));
        if let (Some(Lying::Misplaces), Some(lost)) = (lying, lost) {
            platter.misplace(file, lost);
        }
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
        let moved = platter.files.remove(from.as_os_str());
        let moved = moved.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        fs::rename(from, to)?;
        // A name is given to what is whole: what is missing of it is seen.
        moved.borrow_mut().vouch(true);
        let replaced = platter.files.insert(to.into(), moved);
        let (from, to) = (from.to_path_buf(), to.to_path_buf());
        platter.names.push(Name::Renamed { from, to, replaced });
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        let mut platter = self.0.borrow_mut();
        platter.power()?;
        let removed = platter.files.remove(path.as_os_str());
        let removed = removed.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        fs::remove_file(path)?;
        platter.names.push(Name::Removed(path.to_path_buf(), removed));
        Ok(())
    }
}
