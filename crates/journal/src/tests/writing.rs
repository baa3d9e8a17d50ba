//! Appending, reopening, reading from the middle, and the lock.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use types::Seq;

use super::disk::{Fault, FaultDisk};
use super::{Held, SMALL, append, body, files, read, written};
use crate::record::{HEAD_BYTES, record_bytes};
use crate::recovery::check;
use crate::segment::{Cursor, HEADER_BYTES, Step};
use crate::{
    Journal, Kind, OpenError, Options, Place, RECORD_BYTES_MAX, Reader, WriteError, read_span,
};

#[test]
fn what_is_written_is_read_in_order_across_segments_and_reopenings() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut held: Vec<Held> = Vec::new();
    for life in 0..40_u64 {
        let (mut journal, opened) = Journal::open(dir.path(), SMALL).expect("opens");
        assert_eq!(opened.torn, None);
        for record in 0..life % 5 {
            let length = usize::try_from(life * 7 + record).expect("small");
            let batch = (Kind::Batch, journal.next(), 2, body(life, length));
            append(&mut journal, &batch);
            held.push(batch);
        }
        match life % 2 {
            0 => journal.sync().expect("syncs"),
            _ => journal.close().expect("closes"),
        };
        assert_eq!(read(dir.path(), Seq(1)).expect("reads"), (held.clone(), 0));
    }
    assert!(5 < files(dir.path()).len());
}

#[test]
fn a_reader_starts_at_the_batch_that_holds_an_entry() {
    let dir = tempfile::tempdir().expect("a directory");
    let held = written(dir.path(), 16);
    let next = check(dir.path()).expect("checks").next;
    for from in 1..=next.0 {
        let expected: Vec<_> = held
            .iter()
            .filter(|(kind, seq, count, _)| match kind {
                Kind::Batch => from < seq.0 + u64::from(*count),
                Kind::Root | Kind::Seal | Kind::Stamp => from <= seq.0,
            })
            .cloned()
            .collect();
        assert_eq!(read(dir.path(), Seq(from)).expect("reads").0, expected, "from {from}");
    }
    std::fs::remove_file(&files(dir.path())[0]).expect("removes");
    let error = Reader::open(dir.path(), Seq(1)).expect_err("it is missing").to_string();
    assert!(error.contains("entry 1 is asked for"), "{error}");
}

#[test]
fn one_process_writes() {
    let dir = tempfile::tempdir().expect("a directory");
    let (journal, _) = Journal::open(dir.path(), SMALL).expect("opens");
    let error = Journal::open(dir.path(), SMALL).expect_err("it is open");
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    check(dir.path()).expect("readers need no lock");
    drop(journal);
    Journal::open(dir.path(), SMALL).expect("opens after the first is gone");
}

#[test]
fn a_record_may_be_as_long_as_said_and_not_longer() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut journal, _) = Journal::open(dir.path(), Options::default()).expect("opens");
    let longest = body(1, RECORD_BYTES_MAX);
    journal.append(Kind::Batch, Seq(1), 1, &longest).expect("fits");
    let error = journal.append(Kind::Batch, Seq(2), 1, &body(1, RECORD_BYTES_MAX + 1));
    assert!(matches!(error, Err(WriteError::TooLong { .. })));
    assert_eq!(journal.close().expect("closes"), Seq(1));
    assert_eq!(read(dir.path(), Seq(1)).expect("reads").0, [(Kind::Batch, Seq(1), 1, longest)]);
}

#[test]
fn unsynced_records_are_not_acknowledged_and_a_killed_process_leaves_none() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut journal, _) = Journal::open(dir.path(), SMALL).expect("opens");
    append(&mut journal, &(Kind::Batch, Seq(1), 3, body(1, 10)));
    assert_eq!((journal.durable(), journal.next()), (Seq(0), Seq(4)));
    drop(journal);
    let (mut journal, _) = Journal::open(dir.path(), SMALL).expect("opens");
    append(&mut journal, &(Kind::Batch, Seq(1), 3, body(1, 10)));
    assert_eq!(journal.sync().expect("syncs"), Seq(3));
    assert_eq!(journal.durable(), Seq(3));
}

#[test]
fn a_stamp_and_its_batch_may_be_as_long_as_said_and_not_longer() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut journal, _) = Journal::open(dir.path(), Options::default()).expect("opens");
    let (longest, longer) = (body(1, RECORD_BYTES_MAX), body(1, RECORD_BYTES_MAX + 1));
    for (stamp, batch) in [(&longer[..], &[1][..]), (&[1], &longer)] {
        let error = journal.append_stamped(stamp, 1, batch).expect_err("too long");
        assert!(matches!(error, WriteError::TooLong { .. }), "{error}");
    }
    journal.append_stamped(&longest, 1, &longest).expect("fits");
    assert_eq!(journal.close().expect("closes"), Seq(1));
    assert_eq!(read(dir.path(), Seq(1)).expect("reads").0.len(), 2);
}

#[test]
fn what_does_not_follow_stops_the_machine() {
    let cases = [
        (Kind::Batch, 4, 1, true),
        (Kind::Batch, 4, 0, false),
        (Kind::Batch, 3, 1, false),
        (Kind::Batch, 5, 1, false),
        (Kind::Root, 3, 0, true),
        (Kind::Root, 3, 1, false),
        (Kind::Root, 4, 0, false),
        (Kind::Root, 2, 0, false),
        (Kind::Seal, 3, 0, false),
        (Kind::Stamp, 3, 0, false),
    ];
    for (kind, seq, count, follows) in cases {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut journal, _) = Journal::open(dir.path(), SMALL).expect("opens");
        append(&mut journal, &(Kind::Batch, Seq(1), 3, body(1, 10)));
        let taken =
            catch_unwind(AssertUnwindSafe(|| journal.append(kind, Seq(seq), count, &[1]).is_ok()));
        assert_eq!(taken.is_ok(), follows, "{kind:?} of {count} at {seq}");
    }
}

#[test]
fn the_journal_says_where_it_stands() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut journal, _) = Journal::open(dir.path(), Options::default()).expect("opens");
    let begin = HEADER_BYTES + HEAD_BYTES;
    assert_eq!((journal.end(), journal.pending_bytes()), (begin, 0));
    let pair = record_bytes(20) + record_bytes(33);
    for nth in 0..3 {
        let place = journal.append_stamped(&[7; 20], 2, &[9; 33]).expect("appends");
        assert_eq!(place, Place { segment: Seq(1), offset: begin + nth * pair });
        assert_eq!(journal.end(), begin + (nth + 1) * pair);
        assert_eq!(journal.pending_bytes(), (nth + 1) * pair);
    }
    assert_eq!((journal.next(), journal.durable()), (Seq(7), Seq(0)));
    journal.sync().expect("syncs");
    assert_eq!((journal.end(), journal.pending_bytes()), (begin + 3 * pair + HEAD_BYTES, 0));
    let place = journal.append_stamped(&[7; 20], 2, &[9; 33]).expect("appends");
    assert_eq!(place.offset, begin + 3 * pair + HEAD_BYTES);
    journal.sync().expect("syncs");
    let mut lengths = Vec::new();
    read_span(dir.path(), place, place.offset + pair, |record| lengths.push(record.body.len()))
        .expect("reads");
    assert_eq!(lengths, [20, 33]);
}

/// How many segments there are after a first record and one of this length.
fn segments_with(first_is_synced: bool, is_stamped: bool, length: usize) -> usize {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut journal, _) = Journal::open(dir.path(), SMALL).expect("opens");
    append(&mut journal, &(Kind::Batch, Seq(1), 1, body(1, 100)));
    if first_is_synced {
        journal.sync().expect("syncs");
    }
    if is_stamped {
        journal.append_stamped(&[7; 20], 1, &body(2, length)).expect("appends");
    } else {
        append(&mut journal, &(Kind::Batch, Seq(2), 1, body(2, length)));
    }
    journal.close().expect("closes");
    assert_eq!(check(dir.path()).expect("opens").next, Seq(3));
    files(dir.path()).len()
}

/// A segment takes what fits with the seal behind it, to the byte.
#[test]
fn a_segment_is_begun_when_the_last_one_is_full() {
    for is_stamped in [false, true] {
        for first_is_synced in [false, true] {
            let seal = if first_is_synced { HEAD_BYTES } else { 0 };
            let stamp = if is_stamped { record_bytes(20) } else { 0 };
            let taken = HEADER_BYTES + HEAD_BYTES + record_bytes(100) + seal + stamp;
            let fits = SMALL.segment_bytes - taken - 2 * HEAD_BYTES;
            assert_eq!(segments_with(first_is_synced, is_stamped, fits), 1);
            assert_eq!(segments_with(first_is_synced, is_stamped, fits + 1), 2);
        }
    }
}

/// The file has zeros ahead, as many as make it a multiple of the reserve; while they last a sync
/// writes what was appended, and the seal.
#[test]
fn the_reserve_grows_when_it_is_used_up() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = Options { segment_bytes: 1 << 20, reserve_bytes: 256 };
    let disk = FaultDisk::default();
    let (mut journal, _) = Journal::open_on(disk.clone(), dir.path(), options).expect("opens");
    let mut reserved = 0;
    for length in [128, 192, 8, 8, 40, 200, 8, 104, 64, 192, 600, 1] {
        let (seq, before) = (journal.next(), disk.written());
        append(&mut journal, &(Kind::Batch, seq, 1, body(1, length)));
        journal.sync().expect("syncs");
        let bytes = fs::metadata(&files(dir.path())[0]).expect("a file").len();
        assert_eq!(bytes, journal.end().next_multiple_of(256) as u64, "at {}", journal.end());
        let group = record_bytes(length) + HEAD_BYTES;
        let is_used_up = reserved < bytes;
        assert_eq!(group < disk.written() - before, is_used_up, "at {}", journal.end());
        assert!(is_used_up || disk.written() - before == group);
        reserved = bytes;
    }
}

/// What stands before the last seal was synced, and is not written again.
#[test]
fn a_journal_that_is_opened_again_writes_its_last_seal_and_what_is_behind_it() {
    // create, header, sync, sync_dir, seal; then the group: write, sync, and its seal.
    for (fails_at, is_sealed) in [(7, false), (99, true)] {
        let dir = tempfile::tempdir().expect("a directory");
        let disk = FaultDisk::failing_at(fails_at, Fault::Error);
        let (mut journal, _) = Journal::open_on(disk.clone(), dir.path(), SMALL).expect("opens");
        append(&mut journal, &(Kind::Batch, Seq(1), 1, body(1, 100)));
        assert_eq!(journal.sync().is_ok(), is_sealed);
        drop(journal);
        disk.heal();
        let before = disk.written();
        drop(Journal::open_on(disk.clone(), dir.path(), SMALL).expect("opens again"));
        let again = if is_sealed { HEAD_BYTES } else { 2 * HEAD_BYTES + record_bytes(100) };
        assert_eq!(disk.written() - before, again, "the seals, and the group that has none");
        let mut cursor = Cursor::new(Seq(1));
        let bytes = fs::read(&files(dir.path())[0]).expect("reads");
        let mut kinds = Vec::new();
        while let Ok(Step::Record(_, head)) = cursor.step(&bytes) {
            kinds.push(head.kind);
        }
        assert_eq!(kinds, [Kind::Seal, Kind::Batch, Kind::Seal]);
    }
}

/// A journal that was closed is as it was after it was opened and dropped; what was written to it
/// goes on in the same segment, or in the next one if that is full.
#[test]
fn a_journal_that_is_opened_again_goes_on_where_it_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let bytes = || files(dir.path()).iter().map(|path| fs::read(path).expect("reads")).collect();
    let (journal, _) = Journal::open(dir.path(), SMALL).expect("opens");
    journal.close().expect("closes");
    let before: Vec<_> = bytes();
    drop(Journal::open(dir.path(), SMALL).expect("opens"));
    assert_eq!(before, bytes());
    // No segment is closed without a record, however long the first one is.
    for (seq, length, n_segments) in [(1, 700, 1), (2, 8, 2), (3, 8, 2), (4, 600, 3)] {
        let (mut journal, opened) = Journal::open(dir.path(), SMALL).expect("opens");
        assert_eq!((opened.first, opened.next), (Seq(1), Seq(seq)));
        append(&mut journal, &(Kind::Batch, Seq(seq), 1, body(1, length)));
        journal.close().expect("closes");
        let opened = check(dir.path()).expect("opens");
        assert_eq!(opened.segments, n_segments);
        assert_eq!(files(dir.path()).len(), n_segments);
        let before: Vec<_> = bytes();
        drop(Journal::open(dir.path(), SMALL).expect("opens"));
        assert_eq!(before, bytes(), "it is sealed: nothing is written");
    }
}

/// Numbers beyond 32 bits.
#[test]
fn a_log_may_begin_at_any_seq() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = Seq((7 << 32) + 5);
    let (mut journal, _) = Journal::open(dir.path(), SMALL).expect("opens");
    journal.restart_at(first).expect("begins anew");
    append(&mut journal, &(Kind::Batch, first, 3, body(1, 10)));
    journal.close().expect("closes");
    let (journal, opened) = Journal::open(dir.path(), SMALL).expect("opens");
    assert_eq!((opened.first, opened.next, opened.torn), (first, Seq(first.0 + 3), None));
    assert_eq!((journal.next(), journal.durable()), (Seq(first.0 + 3), Seq(first.0 + 2)));
    assert_eq!(read(dir.path(), first).expect("reads").0, [(Kind::Batch, first, 3, body(1, 10))]);
}

#[test]
fn a_reader_says_where_it_is_and_how_much_is_left() {
    let dir = tempfile::tempdir().expect("a directory");
    let held = written(dir.path(), 16);
    let mut reader = Reader::open(dir.path(), Seq(1)).expect("opens");
    let segments = files(dir.path()).into_iter().map(|path| {
        let bytes = fs::metadata(&path).expect("a file").len();
        (path, bytes)
    });
    let segments: Vec<_> = segments.collect();
    assert_eq!(reader.bytes_total(), segments.iter().map(|(_, bytes)| bytes).sum::<u64>());
    let (mut done, mut next) = (0, Seq(1));
    for (kind, seq, count, body) in &held {
        let record = reader.next_record().expect("reads").expect("there is one");
        assert_eq!((record.kind, record.seq, record.body), (*kind, *seq, &body[..]));
        if *kind == Kind::Batch {
            next = Seq(seq.0 + u64::from(*count));
        }
        assert_eq!(reader.next(), next);
        let (place, end) = reader.record_place();
        assert_eq!(end, place.offset + record_bytes(body.len()));
        assert_eq!(reader.place(), (crate::segment::file_name(place.segment), end as u64));
        assert!(done < reader.bytes_done(), "it goes on");
        done = reader.bytes_done();
        let closed = segments.iter().take_while(|(path, _)| !path.ends_with(reader.place().0));
        let before: u64 = closed.map(|(_, bytes)| bytes).sum();
        assert_eq!(done, before + end as u64, "closed segments, and what was read of this one");
    }
    assert!(reader.next_record().expect("reads").is_none());
    let opened = check(dir.path()).expect("opens");
    assert_eq!(opened.segments, files(dir.path()).len());
    assert_eq!(opened.bytes, reader.bytes_done(), "the reserve is not counted");
}
