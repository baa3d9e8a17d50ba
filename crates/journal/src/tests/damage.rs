//! Changed bytes and cut files: every byte and every length of a small journal, one at a time.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

use expect_test::expect;
use types::Seq;

use super::disk::FaultDisk;
use super::{SMALL, append, body, copied, files, read, written};
use crate::record::{self, Malformed};
use crate::recovery::check;
use crate::segment::{self, Cursor, Flaw, HEADER_BYTES, Header, Link, Step};
use crate::{Journal, Kind, OpenError, Place, RECORD_BYTES_MAX};

/// Where each part of a segment begins, with its name.
fn parts(bytes: &[u8], first: Seq) -> Vec<(usize, &'static str)> {
    let mut parts = vec![(0, "header")];
    let mut cursor = Cursor::new(first);
    while let Ok(Step::Record(offset, head)) = cursor.step(bytes) {
        let name = match head.kind {
            Kind::Batch => "batch",
            Kind::Root => "root",
            Kind::Seal => "seal",
            Kind::Stamp => "stamp",
        };
        parts.push((offset, name));
    }
    parts.push((cursor.offset(), "reserve"));
    parts
}

/// In place: a file that is emptied and written anew is flushed by some file systems.
fn overwrite(path: &Path, at: usize, bytes: &[u8]) {
    let file = File::options().write(true).open(path).expect("opens");
    file.write_all_at(bytes, at as u64).expect("writes");
}

fn opened(dir: &Path) -> String {
    match check(dir) {
        Err(OpenError::Corrupt(found)) => format!("{} {}", found.segment, found.offset),
        Err(error) => panic!("{error}"),
        Ok(_) => "opens".into(),
    }
}

#[test]
fn every_changed_byte_is_refused_where_it_is_or_costs_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let held = written(dir.path(), 16);
    let segments = segment::list(dir.path()).expect("lists");
    assert!(4 <= segments.len(), "the table needs several segments, has {}", segments.len());
    let mut harmless = BTreeSet::new();
    let mut refused = 0;
    for (index, (first, path)) in segments.iter().enumerate() {
        let bytes = fs::read(path).expect("reads");
        let parts = parts(&bytes, *first);
        for (at, byte) in bytes.iter().enumerate() {
            let part = parts.iter().rposition(|(start, _)| *start <= at).expect("a header");
            let (start, name) = parts[part];
            for mask in [0x01, 0x80, 0xff] {
                overwrite(path, at, &[byte ^ mask]);
                let found = opened(dir.path());
                if found == "opens" {
                    assert_eq!(index, segments.len() - 1, "byte {at} of {path:?}");
                    let behind = parts.len() - 1 - part;
                    harmless.insert(format!("{name}, {behind} from the end of the last segment"));
                    let (kept, torn) = read(dir.path(), Seq(1)).expect("reads");
                    assert_eq!((kept == held, 0 < torn), (true, true), "byte {at}");
                } else {
                    assert_eq!(found, format!("{} {start}", segment::file_name(*first)), "{at}");
                    read(dir.path(), Seq(1)).expect_err("a reader refuses what recovery refuses");
                    refused += 1;
                }
            }
            overwrite(path, at, &[*byte]);
        }
    }
    assert_eq!(opened(dir.path()), "opens");
    assert!(3 * 640 < refused);
    expect![[r#"
        {
            "reserve, 0 from the end of the last segment",
            "seal, 1 from the end of the last segment",
        }
    "#]]
    .assert_debug_eq(&harmless);
}

#[test]
fn a_file_cut_anywhere_opens_and_says_what_it_dropped() {
    let dir = tempfile::tempdir().expect("a directory");
    let held = written(dir.path(), 12);
    let (first, path) = segment::list(dir.path()).expect("lists").pop().expect("a segment");
    let bytes = fs::read(&path).expect("reads");
    let parts = parts(&bytes, first);
    let reserve = parts.last().expect("a part").0;
    for length in 0..bytes.len() {
        let copy = copied(dir.path());
        let cut = copy.path().join(path.file_name().expect("a name"));
        fs::write(&cut, &bytes[..length]).expect("writes");
        let (start, _) =
            *parts.iter().rfind(|(start, _)| *start <= length).expect("a header begins at 0");
        let dropped = if reserve <= length { 0 } else { length - start };
        let (journal, opened) =
            Journal::open_on(FaultDisk::default(), copy.path(), SMALL).expect("opens");
        let reported = opened.torn.as_ref().map_or(0, |torn| torn.bytes);
        assert_eq!(reported, dropped as u64, "cut at {length}");
        drop(journal);
        let (kept, torn) = read(copy.path(), Seq(1)).expect("reads");
        assert_eq!(torn, 0);
        assert_eq!(kept, held[..kept.len()], "cut at {length}");
        if reserve <= length {
            assert_eq!(kept, held);
        }
        // It goes on where it was cut.
        let (mut journal, _) =
            Journal::open_on(FaultDisk::default(), copy.path(), SMALL).expect("opens again");
        let more = (Kind::Batch, journal.next(), 1, body(99, 20));
        append(&mut journal, &more);
        journal.close().expect("closes");
        let (all, torn) = read(copy.path(), Seq(1)).expect("reads");
        assert_eq!((all.last(), all.len(), torn), (Some(&more), kept.len() + 1, 0));
    }
}

#[test]
fn a_closed_segment_that_is_cut_or_missing_or_exchanged_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    written(dir.path(), 16);
    let other = tempfile::tempdir().expect("a directory");
    written(other.path(), 15);
    let names = files(dir.path());
    let name = names[1].file_name().expect("a name");
    let bytes = fs::read(&names[1]).expect("reads");
    for length in 0..bytes.len() {
        fs::write(&names[1], &bytes[..length]).expect("writes");
        assert_ne!(opened(dir.path()), "opens", "cut at {length}");
        read(dir.path(), Seq(1)).expect_err("a reader refuses what recovery refuses");
    }
    fs::write(&names[1], [bytes.as_slice(), &[0; 8]].concat()).expect("writes");
    let error = check(dir.path()).expect_err("longer by eight zeros").to_string();
    assert!(error.contains("8 bytes follow the last whole record"), "{error}");
    let error = read(dir.path(), Seq(1)).expect_err("a reader refuses what recovery refuses");
    assert!(error.contains("8 bytes follow the last whole record"), "{error}");
    fs::remove_file(&names[1]).expect("removes");
    let error = check(dir.path()).expect_err("one is missing").to_string();
    let name = name.to_str().expect("ASCII");
    assert!(error.contains(&format!("{name} (")) && error.contains("is missing"), "{error}");
}

#[test]
fn the_message_names_file_and_offset_and_says_what_to_do() {
    let dir = tempfile::tempdir().expect("a directory");
    written(dir.path(), 8);
    let path = files(dir.path()).remove(0);
    let mut bytes = fs::read(&path).expect("reads");
    bytes[HEADER_BYTES + 32 + 40] ^= 1;
    fs::write(&path, bytes).expect("writes");
    let error = Journal::open(dir.path(), SMALL).expect_err("refuses");
    expect!["log-00000000000000000001.plim is damaged at byte 80: the checksum of the bytes is 0x5ee1f6d2, the record says 0x17dd8bf5. Nothing was changed. Restore this file from a backup or a peer; never edit or cut it"]
        .assert_eq(&error.to_string());
}

#[test]
fn any_bytes_are_read_without_a_panic() {
    use proptest::prelude::*;
    let dir = tempfile::tempdir().expect("a directory");
    written(dir.path(), 4);
    let good = fs::read(files(dir.path()).remove(0)).expect("reads");
    proptest!(|(changes in prop::collection::vec((0..good.len(), any::<u8>()), 0..40),
                cut in 0..=good.len(), first in 0..3_u64)| {
        let mut bytes = good.clone();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes.truncate(cut);
        let _ = segment::Header::decode(&bytes, Seq(first));
        let _ = segment::scan(&bytes, Seq(first), |record| assert!(record.body.len() < 4096));
    });
}

/// The bytes of a header with a number of another build, and the checksum that it would have.
fn header_of_version(version: u32) -> Vec<u8> {
    let mut bytes = Header { first: Seq(5), previous: Link::default() }.encode();
    bytes[8..12].copy_from_slice(&version.to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..12]), &bytes[16..]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    bytes.to_vec()
}

#[test]
fn a_header_says_what_it_is_of() {
    let none = Link::default();
    for (version, due) in [
        (0, Err(Flaw::Version { found: 0 })),
        (1, Ok(Header { first: Seq(5), previous: none })),
        (2, Ok(Header { first: Seq(5), previous: none })),
        (3, Err(Flaw::Version { found: 3 })),
    ] {
        assert_eq!(Header::decode(&header_of_version(version), Seq(5)), due);
    }
    let bytes = header_of_version(2);
    let name = Flaw::Name { found: Seq(5), named: Seq(6) };
    assert_eq!(Header::decode(&bytes, Seq(6)), Err(name));
    assert_eq!(Header::decode(&bytes[..HEADER_BYTES - 1], Seq(5)), Err(Flaw::Header));
    for at in [0, 12] {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        assert_eq!(Header::decode(&bytes, Seq(5)), Err(Flaw::Header), "byte {at}");
    }
}

#[test]
fn what_is_no_record_says_why() {
    let place = Place { segment: Seq(1), offset: 0 };
    let head =
        record::Head { kind: Kind::Batch, length: 0, count: 1, seq: Seq(1), durable: 0, crc: 0 };
    let mut bytes = Vec::new();
    record::encode(&mut bytes, place, head, &[7; 13]);
    let decoded = |bytes: &[u8]| record::decode(bytes, place).err();
    assert_eq!(decoded(&bytes), None);
    assert_eq!(decoded(&[]), Some(Malformed::Short { missing: 32 }));
    assert_eq!(decoded(&bytes[..31]), Some(Malformed::Short { missing: 1 }));
    assert_eq!(decoded(&bytes[..41]), Some(Malformed::Short { missing: 7 }));
    let length = RECORD_BYTES_MAX as u32;
    for (length, due) in [
        (length, Malformed::Short { missing: RECORD_BYTES_MAX + 32 - 48 }),
        (length + 1, Malformed::Length { length: length + 1 }),
    ] {
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        assert_eq!(decoded(&bytes), Some(due));
    }
}

/// A whole record that does not follow what is before it: its bytes are sound, its place is not.
#[test]
fn a_record_out_of_its_order_is_refused() {
    for (kind, count, found, expected) in [
        (Kind::Batch, 1, 6, 5),
        (Kind::Batch, 1, 4, 5),
        (Kind::Root, 0, 5, 4),
        (Kind::Seal, 0, 3, 4),
        (Kind::Stamp, 0, 5, 4),
    ] {
        for (seq, is_due) in [(found, false), (expected, true)] {
            let mut bytes = Header { first: Seq(5), previous: Link::default() }.encode().to_vec();
            let place = Place { segment: Seq(5), offset: bytes.len() };
            let (seq, durable, crc) = (Seq(seq), HEADER_BYTES, 0);
            let head = record::Head { kind, length: 0, count, seq, durable, crc };
            record::encode(&mut bytes, place, head, &[7; 13]);
            let flaw = segment::scan(&bytes, Seq(5), |_| {}).err();
            let order = Flaw::Order { found: seq, expected: Seq(expected) };
            assert_eq!(flaw, (!is_due).then_some((48, order)), "{kind:?} at {seq}");
        }
    }
}

/// Segments before the first one are missing, which a log that begins with entry 1 does not have.
#[test]
fn a_log_that_begins_with_its_first_entry_has_nothing_before_it() {
    let previous = Link { first: Seq(7), length: 96, crc: 0xab };
    for (first, is_whole) in [(1, false), (2, true)] {
        let dir = tempfile::tempdir().expect("a directory");
        let bytes = Header { first: Seq(first), previous }.encode();
        fs::write(dir.path().join(segment::file_name(Seq(first))), bytes).expect("writes");
        let said = check(dir.path()).err().map(|error| error.to_string());
        assert_eq!(said.is_none(), is_whole);
        if let Some(said) = said {
            let due = "the segment before must be log-00000000000000000007.plim (96 bytes, last \
                       checksum 0x000000ab), and is none";
            assert!(said.contains(due), "{said}");
        }
    }
}

/// A crash came between the making of the last segment and the sync of its header: nothing was in
/// it. A segment that something was in, or that does not follow, is damaged.
#[test]
fn a_last_segment_without_a_header_held_nothing() {
    let next = |dir: &Path| check(dir).expect("opens").next;
    let garbage = vec![0xa5; HEADER_BYTES];
    for (behind, content, torn) in [
        (0, &[][..], Some(0)),
        (0, &garbage[..HEADER_BYTES - 1], Some(47)),
        (0, &garbage, Some(48)),
        (1, &[], None),
        (1, &garbage, None),
    ] {
        let dir = tempfile::tempdir().expect("a directory");
        let held = written(dir.path(), 16);
        // The last one is closed at its length, as it is when another one is begun.
        let (first, path) = segment::list(dir.path()).expect("lists").pop().expect("a segment");
        let bytes = fs::read(&path).expect("reads");
        let (cursor, _) = segment::scan(&bytes, first, |_| {}).expect("whole");
        fs::write(&path, &bytes[..cursor.offset()]).expect("writes");
        let name = segment::file_name(Seq(next(dir.path()).0 + behind));
        fs::write(dir.path().join(&name), content).expect("writes");
        match torn {
            None => {
                assert_eq!(opened(dir.path()), format!("{name} 0"));
                read(dir.path(), Seq(1)).expect_err("a reader refuses what recovery refuses");
            }
            Some(bytes) => {
                let found = check(dir.path()).expect("opens").torn.map_or(0, |torn| torn.bytes);
                assert_eq!(found, bytes);
                assert_eq!(read(dir.path(), Seq(1)).expect("reads"), (held, bytes));
            }
        }
    }
    // In the middle, and with a record behind it.
    let dir = tempfile::tempdir().expect("a directory");
    written(dir.path(), 16);
    let paths = files(dir.path());
    for path in [&paths[1], &paths[paths.len() - 1]] {
        let bytes = fs::read(path).expect("reads");
        overwrite(path, 0, &garbage);
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        assert_eq!(opened(dir.path()), format!("{name} 0"));
        read(dir.path(), Seq(1)).expect_err("a reader refuses what recovery refuses");
        overwrite(path, 0, &bytes);
    }
    assert_eq!(opened(dir.path()), "opens");
}

/// Beside a server that writes, what is wrong in the last segment may be half written: it is read
/// again. A closed segment is not written any more.
#[test]
fn what_is_wrong_in_the_last_segment_is_read_a_second_time() {
    let dir = tempfile::tempdir().expect("a directory");
    let held = written(dir.path(), 16);
    let segments = segment::list(dir.path()).expect("lists");
    for (index, (first, path)) in segments.iter().enumerate() {
        let is_last = index == segments.len() - 1;
        let bytes = fs::read(path).expect("reads");
        let parts = parts(&bytes, *first);
        let (batch, _) = *parts.iter().rfind(|(_, name)| *name == "batch").expect("a batch");
        overwrite(path, batch + 40, &[bytes[batch + 40] ^ 1]);
        let mut reader = crate::Reader::open(dir.path(), *first).expect("opens");
        // It holds the segment as it is now; then the server has written all of it.
        let found = match reader.next_record() {
            Ok(Some(_)) => {
                overwrite(path, batch + 40, &[bytes[batch + 40]]);
                loop {
                    match reader.next_record() {
                        Ok(None) => break true,
                        Ok(Some(_)) => {}
                        Err(_) => break false,
                    }
                }
            }
            // The flaw is in the first batch of the segment, and stays.
            _ => is_last,
        };
        assert_eq!(found, is_last, "{path:?}");
        overwrite(path, batch + 40, &[bytes[batch + 40]]);
    }
    assert_eq!(read(dir.path(), Seq(1)).expect("reads").0, held);
}
