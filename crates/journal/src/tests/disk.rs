//! A disk that fails: the second implementer of [`Disk`].
//!
//! Files are real files, which stand for the page cache. Beside them it keeps what is durable: what
//! was written and then synced. A crash decides for each sector whether the durable or the cached
//! content survives, and for each name that was not synced whether it survives. A sync that fails
//! forgets what was to be written, as kernels do: a later sync does not make it durable. One write
//! can be lost although its sync returns, and one read can fail.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::{Disk, OsDisk, Source};

/// What happens at one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The machine stops; a write may have begun.
    Crash,
    /// The operation fails and does nothing.
    Error,
    /// A write fails for want of space after half of its bytes.
    Full,
}

#[derive(Debug, Default)]
struct World {
    operations: usize,
    /// Bytes that were asked to be written.
    written: usize,
    fault: Option<(usize, Fault)>,
    dead: bool,
    durable: HashMap<PathBuf, Vec<u8>>,
    /// Written since the last sync, as ranges of the file.
    dirty: HashMap<PathBuf, Vec<Range<usize>>>,
    unnamed: Vec<PathBuf>,
    writes: usize,
    /// The write of this number does not come to the disk, nor does what shares a sector with it.
    lost: Option<usize>,
    /// It was written, and is about to be synced.
    losing: HashMap<PathBuf, Range<usize>>,
    reads: usize,
    /// The read of this number fails.
    unread: Option<usize>,
}

/// What a disk writes at once, where a write is lost.
pub(crate) const SECTOR: usize = 64;

#[derive(Clone, Debug, Default)]
pub(crate) struct FaultDisk(Arc<Mutex<World>>);

#[derive(Debug)]
pub(crate) struct FaultFile {
    path: PathBuf,
    file: File,
}

impl FaultDisk {
    /// Fails at the operation of this number, counted from 0.
    pub(crate) fn failing_at(operation: usize, fault: Fault) -> FaultDisk {
        let disk = FaultDisk::default();
        disk.world(|world| world.fault = Some((operation, fault)));
        disk
    }

    /// Loses the write of this number, counted from 0, and then the machine stops.
    pub(crate) fn losing(write: usize, crash: usize) -> FaultDisk {
        let disk = FaultDisk::failing_at(crash, Fault::Crash);
        disk.world(|world| world.lost = Some(write));
        disk
    }

    /// Fails at the read of this number, counted from 0.
    pub(crate) fn not_reading(read: usize) -> FaultDisk {
        let disk = FaultDisk::default();
        disk.world(|world| world.unread = Some(read));
        disk
    }

    pub(crate) fn reads(&self) -> usize {
        self.world(|world| world.reads)
    }

    pub(crate) fn writes(&self) -> usize {
        self.world(|world| world.writes)
    }

    fn may_read(&self) -> io::Result<()> {
        self.world(|world| {
            world.reads += 1;
            match world.unread {
                Some(read) if read + 1 == world.reads => Err(io::Error::from_raw_os_error(5)),
                _ => Ok(()),
            }
        })
    }

    /// The next process on the same machine finds a disk that works.
    pub(crate) fn heal(&self) {
        self.world(|world| (world.fault, world.dead) = (None, false));
    }

    pub(crate) fn operations(&self) -> usize {
        self.world(|world| world.operations)
    }

    pub(crate) fn written(&self) -> usize {
        self.world(|world| world.written)
    }

    fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.0.lock().expect("no test panics while it holds the world"))
    }

    /// The fault of the operation that begins now.
    fn begin(&self) -> io::Result<Option<Fault>> {
        self.world(|world| {
            if world.dead {
                return Err(io::Error::other("the machine has stopped"));
            }
            let now = world.operations;
            world.operations += 1;
            let fault = world.fault.filter(|(at, _)| *at == now).map(|(_, fault)| fault);
            world.dead |= fault == Some(Fault::Crash);
            Ok(fault)
        })
    }

    fn plain(&self) -> io::Result<()> {
        match self.begin()? {
            None => Ok(()),
            Some(Fault::Full) => Err(io::ErrorKind::StorageFull.into()),
            Some(fault) => Err(io::Error::other(format!("{fault:?}"))),
        }
    }

    /// Bytes that were written and not synced.
    pub(crate) fn unsynced(&self) -> usize {
        self.world(|world| world.dirty.values().flatten().map(std::ops::Range::len).sum())
    }

    /// Power is lost: `coin` says for each sector and each name whether the newer one survives.
    pub(crate) fn lose_power(&self, sector: usize, mut coin: impl FnMut() -> bool) {
        self.world(|world| {
            for (path, durable) in &world.durable {
                let cached = fs::read(path).expect("a file that was written");
                let survivors = survivors(durable, &cached, sector, &mut coin);
                let mut file = OsDisk.open(path).expect("opens");
                OsDisk.write_at(&mut file, &survivors, 0).expect("writes");
                OsDisk.set_len(&mut file, survivors.len() as u64).expect("cuts");
            }
            for path in &world.unnamed {
                if coin() {
                    fs::remove_file(path).expect("a file that was made");
                }
            }
        });
    }
}

fn survivors(
    durable: &[u8],
    cached: &[u8],
    sector: usize,
    coin: &mut impl FnMut() -> bool,
) -> Vec<u8> {
    let length = if coin() { durable.len() } else { cached.len() };
    let mut survivors = vec![0; length];
    for start in (0..length).step_by(sector) {
        let end = length.min(start + sector);
        let source = if coin() { durable } else { cached };
        let source = source.get(start..source.len().min(end)).unwrap_or_default();
        survivors[start..start + source.len()].copy_from_slice(source);
    }
    survivors
}

impl World {
    fn make_durable(&mut self, path: &Path, cached: &[u8]) {
        let dirty = self.dirty.remove(path).unwrap_or_default();
        let durable = self.durable.entry(path.to_path_buf()).or_default();
        durable.resize(cached.len(), 0);
        let lost = self.losing.remove(path);
        // Where nothing is lost, the rest of a sector is durable as it is.
        let round = if self.lost.is_some() { SECTOR } else { 1 };
        for range in dirty {
            for at in (range.start / round * round..range.end.min(cached.len())).step_by(round) {
                let sector = at..(at + round).min(cached.len());
                let is_lost = |lost: &Range<usize>| at + round > lost.start && at < lost.end;
                if !lost.as_ref().is_some_and(is_lost) {
                    durable[sector.clone()].copy_from_slice(&cached[sector]);
                }
            }
        }
    }
}

impl Source for FaultDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.may_read()?;
        OsDisk.read(path)
    }

    fn read_at(&self, path: &Path, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.may_read()?;
        OsDisk.read_at(path, bytes, offset)
    }
}

impl Disk for FaultDisk {
    type File = FaultFile;

    fn create(&mut self, path: &Path) -> io::Result<FaultFile> {
        self.plain()?;
        let file = OsDisk.create(path)?;
        self.world(|world| {
            world.durable.insert(path.to_path_buf(), Vec::new());
            world.unnamed.push(path.to_path_buf());
        });
        Ok(FaultFile { path: path.to_path_buf(), file })
    }

    fn open(&mut self, path: &Path) -> io::Result<FaultFile> {
        self.plain()?;
        let found = fs::read(path)?;
        self.world(|world| {
            world.durable.entry(path.to_path_buf()).or_insert(found);
        });
        Ok(FaultFile { path: path.to_path_buf(), file: OsDisk.open(path)? })
    }

    fn write_at(&mut self, file: &mut FaultFile, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.world(|world| world.written += bytes.len());
        let (written, result) = match self.begin()? {
            None => (bytes.len(), Ok(())),
            Some(Fault::Error) => (0, Err(io::ErrorKind::StorageFull.into())),
            Some(Fault::Crash | Fault::Full) => {
                (bytes.len() / 2, Err(io::ErrorKind::StorageFull.into()))
            }
        };
        OsDisk.write_at(&mut file.file, &bytes[..written], offset)?;
        let start = usize::try_from(offset).expect("small");
        let range = start..start + written;
        self.world(|world| {
            if world.lost == Some(world.writes) {
                world.losing.insert(file.path.clone(), range.clone());
            }
            world.writes += 1;
            world.dirty.entry(file.path.clone()).or_default().push(range);
        });
        result
    }

    fn set_len(&mut self, file: &mut FaultFile, bytes: u64) -> io::Result<()> {
        self.plain()?;
        OsDisk.set_len(&mut file.file, bytes)
    }

    fn sync(&mut self, file: &mut FaultFile) -> io::Result<()> {
        let synced = self.plain();
        let cached = fs::read(&file.path)?;
        self.world(|world| match synced {
            Ok(()) => world.make_durable(&file.path, &cached),
            Err(_) => drop(world.dirty.remove(&file.path)),
        });
        synced
    }

    fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        self.plain()?;
        self.world(|world| world.unnamed.retain(|path| path.parent() != Some(dir)));
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.plain()?;
        OsDisk.rename(from, to)?;
        self.world(|world| {
            world.unnamed.retain(|path| path != from);
            world.unnamed.push(to.to_path_buf());
            let durable = world.durable.remove(from).unwrap_or_default();
            world.durable.insert(to.to_path_buf(), durable);
        });
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.plain()?;
        self.world(|world| {
            world.durable.remove(path);
            world.unnamed.retain(|unnamed| unnamed != path);
        });
        OsDisk.remove(path)
    }
}

/// What the system refuses is not called done.
#[test]
fn the_systems_disk_says_what_the_system_says() {
    let (_reader, writer) = io::pipe().expect("a pipe");
    let mut pipe = File::from(std::os::fd::OwnedFd::from(writer));
    OsDisk.sync(&mut pipe).expect_err("a pipe cannot be synced");
    let dir = tempfile::tempdir().expect("a directory");
    let nowhere = dir.path().join("nowhere");
    OsDisk.sync_dir(dir.path()).expect("it is there");
    OsDisk.sync_dir(&nowhere).expect_err("it is not there");
    OsDisk.remove(&nowhere).expect_err("it is not there");
    OsDisk.rename(&nowhere, &dir.path().join("else")).expect_err("it is not there");
    OsDisk.open(&nowhere).expect_err("it is not there");
}
