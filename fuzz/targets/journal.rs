//! A segment that was written, then damaged: what is read back is a prefix of what was written.
//!
//! The input is a script: first the records of the segment, then cuts and changes of its bytes. A
//! plain decoder of random bytes would stop at the first checksum and learn nothing.
#![no_main]

use journal::record::{self, Head, Kind, Place};
use journal::segment::{self, Header, Link};
use journal::snapshot;
use libfuzzer_sys::fuzz_target;
use types::Seq;

const FIRST: Seq = Seq(7);

fuzz_target!(|script: &[u8]| {
    // Raw bytes must not panic either.
    let _ = segment::scan(script, FIRST, |_| {});
    let _ = snapshot::decode(script, FIRST);

    let mut script = script.iter().copied();
    let (mut bytes, written) = write(&mut script);
    damage(&mut bytes, &mut script);
    let mut read = Vec::new();
    let _ = segment::scan(&bytes, FIRST, |record| read.push(record.body.to_vec()));
    assert!(written.starts_with(&read), "read what was never written");
});

/// A segment with up to sixteen batches, and their bodies.
fn write(script: &mut impl Iterator<Item = u8>) -> (Vec<u8>, Vec<Vec<u8>>) {
    let previous = Link { first: Seq(0), length: 0, crc: 0 };
    let mut bytes = Header { first: FIRST, previous }.encode().to_vec();
    let mut written = Vec::new();
    let mut seq = FIRST;
    let n_records = script.next().unwrap_or(0) % 16;
    for _ in 0..n_records {
        let length = usize::from(script.next().unwrap_or(0));
        let body: Vec<u8> = (0..length).map(|_| script.next().unwrap_or(0)).collect();
        let place = Place { segment: FIRST, offset: bytes.len() };
        let durable = bytes.len();
        let head = Head { kind: Kind::Batch, length: 0, count: 1, seq, durable, crc: 0 };
        record::encode(&mut bytes, place, head, &body);
        written.push(body);
        seq = seq.next();
    }
    bytes.extend(std::iter::repeat_n(0, usize::from(script.next().unwrap_or(0)) * 8));
    (bytes, written)
}

fn damage(bytes: &mut Vec<u8>, script: &mut impl Iterator<Item = u8>) {
    while let Some(what) = script.next() {
        let [high, low] = [0; 2].map(|_: u8| usize::from(script.next().unwrap_or(0)));
        let place = (high << 8 | low) % bytes.len();
        match what % 4 {
            0 => bytes.truncate(place.max(1)),
            1 => bytes[place] ^= 1 << (what >> 5),
            2 => bytes[place] = script.next().unwrap_or(0),
            _ => bytes.insert(place, what),
        }
    }
}
