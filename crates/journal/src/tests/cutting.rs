//! Entries that a quorum never had are dropped, and nothing else is.

use types::Seq;

use super::disk::FaultDisk;
use super::{SMALL, files, read};
use crate::reader::read_span_on;
use crate::recovery::check;
use crate::{Journal, Kind, Place, ReadError, read_span};

/// Ten stamped batches of two entries; where each stamp stands, and what follows.
fn stamped(dir: &std::path::Path) -> (Journal, Vec<Place>) {
    let (mut journal, _) = Journal::open(dir, SMALL).expect("opens");
    let places = (0..10).map(|number: u8| {
        let place = journal.append_stamped(&[number; 20], 2, &[number; 100]).expect("appends");
        journal.sync().expect("syncs");
        place
    });
    let places = places.collect();
    (journal, places)
}

fn seqs(dir: &std::path::Path) -> Vec<(Kind, u64)> {
    let (held, torn) = read(dir, Seq(1)).expect("reads");
    assert_eq!(torn, 0);
    held.iter().map(|(kind, seq, ..)| (*kind, seq.0)).collect()
}

#[test]
fn a_cut_log_ends_with_what_stands_before_the_cut_and_goes_on() {
    for kept in 0..10_u64 {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut journal, places) = stamped(dir.path());
        assert!(2 < files(dir.path()).len(), "the cut may cross segments");
        let next = Seq(1 + kept * 2);
        journal.truncate(places[usize::try_from(kept).expect("small")], next).expect("cuts");
        let left: Vec<_> = (0..kept)
            .flat_map(|number| [(Kind::Stamp, number * 2), (Kind::Batch, 1 + number * 2)])
            .collect();
        assert_eq!(seqs(dir.path()), left);
        journal.append_stamped(b"new", 1, b"entry").expect("appends");
        journal.sync().expect("syncs");
        drop(journal);
        assert_eq!(check(dir.path()).expect("opens").next, Seq(next.0 + 1), "kept {kept}");
        let new = [(Kind::Stamp, next.0 - 1), (Kind::Batch, next.0)];
        assert_eq!(seqs(dir.path()), [left, new.to_vec()].concat());
    }
}

#[test]
fn a_log_that_a_snapshot_replaces_begins_behind_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let (mut journal, _) = stamped(dir.path());
    journal.restart_at(Seq(500)).expect("begins anew");
    journal.append_stamped(b"new", 3, b"entry").expect("appends");
    journal.sync().expect("syncs");
    drop(journal);
    let opened = check(dir.path()).expect("opens");
    assert_eq!((opened.first, opened.next), (Seq(500), Seq(503)));
    let (held, _) = read(dir.path(), Seq(500)).expect("reads");
    assert_eq!(held.len(), 2);
}

/// Power went after the old segments were gone and before the header of the new one was synced.
#[test]
fn a_log_that_a_snapshot_replaces_may_have_lost_its_header() {
    for left in [0, 1, 40] {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut journal, _) = stamped(dir.path());
        journal.restart_at(Seq(500)).expect("begins anew");
        drop(journal);
        let [file] = files(dir.path()).try_into().expect("one segment");
        std::fs::OpenOptions::new()
            .write(true)
            .open(&file)
            .and_then(|file| file.set_len(left))
            .expect("its header is torn");
        let (mut journal, opened) = Journal::open(dir.path(), SMALL).expect("opens");
        assert_eq!((opened.first, opened.next), (Seq(500), Seq(500)), "{left} bytes were left");
        journal.append_stamped(b"new", 3, b"entry").expect("appends");
        journal.sync().expect("syncs");
        drop(journal);
        assert_eq!(check(dir.path()).expect("opens").next, Seq(503));
    }
}

#[test]
fn a_span_is_read_from_its_place() {
    let dir = tempfile::tempdir().expect("a directory");
    let (_journal, places) = stamped(dir.path());
    for (number, place) in (0..).zip(&places) {
        let mut bodies = Vec::new();
        let end = place.offset + 56 + 136;
        read_span(dir.path(), *place, end, |record| bodies.push(record.body.to_vec()))
            .expect("reads");
        assert_eq!(bodies, [vec![number; 20], vec![number; 100]]);
    }
    let wrong = Place { offset: places[3].offset + 8, ..places[3] };
    let error = read_span(dir.path(), wrong, wrong.offset + 64, |_| {}).expect_err("no record");
    assert!(error.to_string().contains("is damaged at byte"), "{error}");
    let end = places[3].offset + 56 + 136;
    let unread = FaultDisk::not_reading(0);
    let error = read_span_on(&unread, dir.path(), (places[3], end), |_| panic!("it was not read"))
        .expect_err("does not read");
    assert!(matches!(error, ReadError::Disk { .. }), "{error}");
}

/// A segment of which all records were cut is empty, and takes one that is too long for a segment;
/// one that kept some is full for it.
#[test]
fn a_cut_log_takes_a_record_of_any_length() {
    for kept in 0..10_u64 {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut journal, places) = stamped(dir.path());
        let next = Seq(1 + kept * 2);
        let place = places[usize::try_from(kept).expect("small")];
        journal.truncate(place, next).expect("cuts");
        let mut n_segments = files(dir.path()).len();
        let mut is_empty = place.segment == next;
        for number in 0..2 {
            journal.append_stamped(b"new", 1, &[5; 700]).expect("appends");
            assert_eq!(journal.sync().expect("syncs"), Seq(next.0 + number));
            n_segments += usize::from(!is_empty);
            assert_eq!(files(dir.path()).len(), n_segments, "kept {kept}");
            is_empty = false;
        }
        drop(journal);
        assert_eq!(check(dir.path()).expect("opens").next, Seq(next.0 + 2), "kept {kept}");
        assert_eq!(seqs(dir.path()).len() as u64, 2 * kept + 4);
    }
}

/// A stamp belongs to the batch behind it.
#[test]
fn a_reader_begins_with_the_stamp_of_the_first_entry() {
    let dir = tempfile::tempdir().expect("a directory");
    let (_journal, _) = stamped(dir.path());
    for from in 1..=20_u64 {
        let (held, _) = read(dir.path(), Seq(from)).expect("reads");
        let batch = from - (from - 1) % 2;
        let first = match (from - 1) % 2 {
            0 => (Kind::Stamp, Seq(batch - 1)),
            _ => (Kind::Batch, Seq(batch)),
        };
        assert_eq!(held.first().map(|(kind, seq, ..)| (*kind, *seq)), Some(first), "from {from}");
        let (_, last, count, _) = held.last().expect("a batch");
        assert_eq!((*last, *count), (Seq(19), 2));
    }
}
