//! Appending, reopening, reading from the middle, and the lock.

use types::Seq;

use super::{Held, SMALL, append, body, files, read, written};
use crate::recovery::check;
use crate::{Journal, Kind, OpenError, Options, RECORD_BYTES_MAX, Reader, WriteError};

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
