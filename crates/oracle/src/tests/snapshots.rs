//! A feed is restored exactly, and hostile bytes are refused or are a feed that goes on.

use std::vec::Vec;

use types::At;
use types::codec::Codec;

use super::dice::{Dice, report};
use super::stage::{price, terms};
use crate::seat::Said;
use crate::trail::Trail;
use crate::{Feed, Taken};

const NOW: At = At(1_632_096_000_000);

fn fed() -> Feed {
    let terms = terms("a b c bench:0");
    let mut feed = Feed::new(terms.clone(), NOW);
    for nonce in 1..4 {
        for seat in &terms.seats {
            let at = NOW.plus_ms(nonce * 1_000);
            let report = report(&terms, *seat, price("41000"), at, nonce);
            feed.take(&report, Taken::Price, at);
        }
    }
    feed
}

#[test]
fn ora_22_a_new_feed_has_these_bytes_after_its_terms() {
    let terms = terms("a");
    let mut one = terms.clone();
    (one.healthy, one.degraded) = (quorum(1), quorum(1));
    one.barrier.sources = 1;
    let mut due = one.to_bytes();
    due.push(0); // suspended
    due.extend([0; 4]); // what the seat said
    due.push(0); // when the last came
    due.extend([0; 16]); // score
    due.push(0); // far for
    due.extend([0; 8]); // points, next stretch
    due.push(0); // price
    due.extend([0; 8]); // confidence
    due.push(3); // frozen
    due.push(0); // begun
    due.extend(NOW.to_bytes()); // since
    due.extend([0; 10]); // what came since the barrier
    due.push(0); // trail
    due.extend(NOW.to_bytes()); // the hour
    assert_eq!(Feed::new(one, NOW).to_bytes(), due);
}

fn quorum(count: u8) -> types::Quorum {
    types::Quorum { reporters: count, sources: count }
}

#[test]
fn ora_22_cut_or_changed_bytes_are_refused_or_are_a_feed_that_goes_on() {
    let feed = fed();
    let bytes = feed.to_bytes();
    assert_eq!(Feed::from_bytes(&bytes), Ok(feed));
    for len in 0..bytes.len() {
        assert!(Feed::from_bytes(&bytes[..len]).is_err(), "{len} bytes are too few");
    }
    let mut dice = Dice(7);
    let (mut n_read, mut n_refused) = (0, 0);
    for index in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0xff, dice.roll(256) as u8] {
            let mut changed = bytes.clone();
            changed[index] = value;
            match goes_on(&changed) {
                true => n_read += 1,
                false => n_refused += 1,
            }
        }
    }
    assert!(0 < n_read && 0 < n_refused, "{n_read} read, {n_refused} refused");
}

/// Whether the bytes are read; then the feed has these very bytes and goes on without a panic.
fn goes_on(bytes: &[u8]) -> bool {
    let Ok(mut feed) = Feed::from_bytes(bytes) else { return false };
    assert_eq!(feed.to_bytes(), bytes);
    let terms = feed.terms().clone();
    for at in [NOW, NOW.plus_ms(4_000), NOW.plus_ms(8_000_000), At(u64::MAX)] {
        feed.tick(at);
        for seat in &terms.seats {
            let report = report(&terms, *seat, price("41001"), at, at.0);
            if let Ok(taken) = feed.check(&report, at) {
                feed.take(&report, taken, at);
            }
        }
        feed.view(at);
        let written = feed.to_bytes();
        assert_eq!(Feed::from_bytes(&written).as_ref(), Ok(&feed), "what goes on can be written");
    }
    feed.start_term(At(u64::MAX));
    feed.suspend(terms.seats[0].reporter, At(u64::MAX));
    feed.set_terms(terms, At(u64::MAX));
    true
}

fn trail(feed: &mut Feed) -> &mut Trail {
    feed.trail.as_mut().expect("a feed with an index has a trail")
}

#[test]
fn ora_22_what_no_feed_is_is_refused() {
    let good = fed();
    type Change = fn(&mut Feed);
    let changes: [(&str, Change); 19] = [
        ("terms that make no feed", |feed| feed.terms.stale_ms = 0),
        ("a manual feed", |feed| feed.health = types::Health::Manual),
        ("healthy without a price", |feed| feed.price = None),
        ("a price of zero", |feed| feed.price = Some(types::IndexPrice(0))),
        ("healthy behind a barrier", |feed| feed.count.reports = 1),
        ("a seat that there is not", |feed| {
            feed.health = types::Health::Frozen;
            (feed.count.reports, feed.count.seats) = (1, 16);
        }),
        ("more seats than reports", |feed| {
            feed.health = types::Health::Frozen;
            (feed.count.reports, feed.count.seats) = (1, 3);
        }),
        ("nonces that fall", |feed| feed.cells[0].said.reverse()),
        ("a report of zero", |feed| feed.cells[0].said[0].price.0 = 0),
        ("a confidence above the price", |feed| feed.cells[0].said[0].confidence.0 = u64::MAX),
        ("more good reports than reports", |feed| feed.cells[0].score = (4, 3)),
        ("more points than stretches", |feed| feed.cells[0].points = 61),
        ("points of a stretch to come", |feed| feed.cells[0].next_stretch = 61),
        ("a report that is none", |feed| feed.cells[0].said.clear()),
        ("seventeen reports", |feed| {
            let last = feed.cells[0].said[2];
            feed.cells[0].said = (0..17).map(|nonce| Said { nonce, ..last }).collect();
        }),
        ("a trail at zero", |feed| trail(feed).last.0 = 0),
        ("a range from zero", |feed| trail(feed).ranges[4].low.0 = 0),
        ("a range above the highest", |feed| trail(feed).ranges[0].high.0 = u64::MAX),
        ("a range upside down", |feed| trail(feed).ranges[2].low.0 += 1),
    ];
    for (what, change) in changes {
        let mut feed = good.clone();
        change(&mut feed);
        let bytes: Vec<u8> = feed.to_bytes();
        assert!(Feed::from_bytes(&bytes).is_err(), "{what}");
    }
}
