//! The few things that the journal asks of a disk.
//!
//! There are three implementers: [`OsDisk`], the fault disk of the tests, and that of the simulated
//! world, which tears, loses and misplaces writes, fails syncs and cannot read what it has. Reading
//! is a trait of its own, [`Source`]: whoever only reads gets something that cannot write.
//!
//! Names are not behind this seam: the files of a directory are listed by the system.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Reads files, and can do nothing else.
///
/// A read that fails says nothing of what is there, least of all that there is nothing: whoever
/// gets an error passes it on.
pub trait Source {
    /// All bytes of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Fills `bytes` with what stands at `offset`; an error if the file ends before that.
    fn read_at(&self, path: &Path, bytes: &mut [u8], offset: u64) -> io::Result<()>;
}

/// Writes files so that a crash at any point leaves what was synced.
pub trait Disk: Source {
    /// An open file.
    type File;

    /// Creates an empty file, or empties the one that is there.
    fn create(&mut self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file that exists.
    fn open(&mut self, path: &Path) -> io::Result<Self::File>;
    /// Writes all of `bytes` at `offset`.
    fn write_at(&mut self, file: &mut Self::File, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Sets the length of the file: cut, or filled with zeros.
    fn set_len(&mut self, file: &mut Self::File, bytes: u64) -> io::Result<()>;
    /// Returns when the content and the length of the file are durable.
    fn sync(&mut self, file: &mut Self::File) -> io::Result<()>;
    /// Returns when the names in the directory are durable.
    fn sync_dir(&mut self, dir: &Path) -> io::Result<()>;
    /// Gives a file another name, in place of what had it.
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&mut self, path: &Path) -> io::Result<()>;
}

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDisk;

impl<S: Source> Source for &S {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        (**self).read(path)
    }

    fn read_at(&self, path: &Path, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_at(path, bytes, offset)
    }
}

impl Source for OsDisk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn read_at(&self, path: &Path, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        File::open(path)?.read_exact_at(bytes, offset)
    }
}

impl Disk for OsDisk {
    type File = File;

    fn create(&mut self, path: &Path) -> io::Result<File> {
        File::create(path)
    }

    fn open(&mut self, path: &Path) -> io::Result<File> {
        File::options().write(true).open(path)
    }

    fn write_at(&mut self, file: &mut File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn set_len(&mut self, file: &mut File, bytes: u64) -> io::Result<()> {
        file.set_len(bytes)
    }

    fn sync(&mut self, file: &mut File) -> io::Result<()> {
        // fdatasync: it includes the length and the blocks, and leaves out the times.
        file.sync_data()
    }

    fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}
