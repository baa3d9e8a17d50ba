//! The few things that the journal asks of a disk.
//!
//! There are two implementers: [`OsDisk`], and the fault disk of the tests, which tears writes,
//! fails syncs and loses what was not synced. Reading is not behind this seam: faults that are
//! read are files with changed bytes.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Writes files so that a crash at any point leaves what was synced.
pub trait Disk {
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
