//! What webhooks keep on disk: how far each receiver is, and what was given up.
//!
//! ```text
//!   DATA/webhooks/<hash of the address>.json     {"url": …, "delivered": {"BTC": 17, …}}
//!   DATA/webhooks/dead-letters.jsonl             one line a notice: to whom, when, why, and itself
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock;
use crate::output::hex;

/// Where webhooks of a data directory are kept.
pub fn directory(data: &Path) -> PathBuf {
    data.join("webhooks")
}

/// Where dead letters are.
pub fn dead_letters(dir: &Path) -> PathBuf {
    dir.join("dead-letters.jsonl")
}

/// How far a receiver is in each domain.
#[derive(Debug)]
pub struct Cursor {
    path: PathBuf,
    kept: Kept,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    url: String,
    delivered: BTreeMap<String, u64>,
}

impl Cursor {
    /// The cursor of a receiver; one that is new begins at `begin`.
    pub fn open(dir: &Path, url: &str, begin: BTreeMap<String, u64>) -> io::Result<Cursor> {
        fs::create_dir_all(dir)?;
        let name = hex(&ledger::hash(&[b"plimsoll.webhook.1", url.as_bytes()])[..8]);
        let path = dir.join(format!("{name}.json"));
        let mut kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice::<Kept>(&bytes).map_err(io::Error::other)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Kept { url: url.into(), delivered: BTreeMap::new() }
            }
            Err(error) => return Err(error),
        };
        for (asset, newest) in begin {
            kept.delivered.entry(asset).or_insert(newest);
        }
        let cursor = Cursor { path, kept };
        cursor.store()?;
        Ok(cursor)
    }

    /// The last notice of a domain that was delivered or given up.
    pub fn last(&self, asset: &str) -> u64 {
        self.kept.delivered.get(asset).copied().unwrap_or(0)
    }

    /// Moves on.
    pub fn advance(&mut self, asset: &str, number: u64) -> io::Result<()> {
        self.kept.delivered.insert(asset.to_owned(), number);
        self.store()
    }

    /// Whole or not at all.
    fn store(&self) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        let mut file = File::create(&fresh)?;
        file.write_all(&serde_json::to_vec(&self.kept)?)?;
        file.sync_all()?;
        fs::rename(fresh, &self.path)
    }
}

/// A notice that was given up.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// To whom.
    pub url: String,
    /// When it was given up, in milliseconds since 1970 UTC.
    pub at: u64,
    /// How often it was sent.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub fault: String,
    /// As it was sent.
    pub notice: Box<RawValue>,
}

impl DeadLetter {
    /// Given up now.
    pub fn new(url: &str, attempts: u32, fault: String, notice: &str) -> DeadLetter {
        let notice = RawValue::from_string(notice.to_owned());
        let notice = notice.expect("what we send is JSON");
        DeadLetter { url: url.into(), at: clock::log_time().0, attempts, fault, notice }
    }
}

/// Adds a line.
pub fn append(dir: &Path, letter: &DeadLetter) -> io::Result<()> {
    let mut line = serde_json::to_vec(letter)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().create(true).append(true).open(dead_letters(dir))?;
    file.write_all(&line)?;
    file.sync_all()
}

/// Every line of a file; none if there is no file.
pub fn read(path: &Path) -> io::Result<Vec<DeadLetter>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let letters = text.lines().map(serde_json::from_str::<DeadLetter>);
    letters.collect::<Result<_, _>>().map_err(io::Error::other)
}
