//! The device alone: what one durable write costs without a venue.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

const FILE_BYTES: usize = 1 << 20;
const WRITE_BYTES: usize = 128;

/// A file of zeros, as a log is.
pub struct Device {
    file: File,
    at: u64,
}

impl Device {
    pub fn new(path: &Path) -> Device {
        let file = File::create(path).expect("a file");
        file.write_all_at(&vec![0; FILE_BYTES], 0).expect("zeros are written");
        file.sync_all().expect("the file syncs");
        Device { file, at: 0 }
    }

    /// How long one write takes to be durable.
    pub fn sync(&mut self) -> Duration {
        let start = Instant::now();
        self.file.write_all_at(&[1; WRITE_BYTES], self.at).expect("the write fits the file");
        self.file.sync_data().expect("the file syncs");
        self.at = (self.at + WRITE_BYTES as u64) % FILE_BYTES as u64;
        start.elapsed()
    }
}
