//! Worked examples of indices, as tables.

use std::format;
use std::string::String;
use std::vec::Vec;

use types::{AccountId, At, FeedTerms, IndexMethod, IndexPrice, Seat, SourceId};

use super::stage::{adjust, price, terms, told};
use crate::index::Index;
use crate::seat::{Cell, Said};
use crate::votes::Votes;

const NOW: At = At(1_632_096_000_000);

/// The index of `price±confidence×weight` words, one source and one reporter each.
fn index(method: IndexMethod, words: &str) -> Index {
    let mut sources = String::new();
    let mut said = Vec::new();
    for (number, word) in words.split_whitespace().enumerate() {
        let (word, weight) = word.split_once('×').unwrap_or((word, "1"));
        let (value, confidence) = word.split_once('±').unwrap_or((word, "0"));
        sources += &format!("s{number}:{weight} ");
        said.push((price(value), price(confidence)));
    }
    let terms = FeedTerms { method, ..terms(&sources) };
    index_of(&terms, &said)
}

fn index_of(terms: &FeedTerms, said: &[(IndexPrice, IndexPrice)]) -> Index {
    Index::of(&votes(terms, said), terms).expect("something is live")
}

fn votes(terms: &FeedTerms, said: &[(IndexPrice, IndexPrice)]) -> Votes {
    let mut cells = Cell::all(terms);
    for (cell, (price, confidence)) in cells.iter_mut().zip(said) {
        let said = Said { nonce: 1, price: *price, confidence: *confidence, source_at: NOW };
        cell.remember(said, NOW);
    }
    Votes::of(&cells, terms, NOW)
}

#[test]
fn ora_1_ora_2_ora_3_an_index_is_what_the_worked_examples_say() {
    use IndexMethod::{CappedMedian, DropExtremes, WeightedMedian};
    const HYPERLIQUID: &str = "60000×3 60010×2 59995×2 60030 60005 59900 66000";
    let table = [
        // venue.md §2.2.1: ORA-1.
        (CappedMedian, "100×25 101×50 120×25", "101.00"),
        (CappedMedian, "60010 59990 60020 60005 61500", "60067.01"),
        (CappedMedian, "60010 59990 60020 0.01 0.01", "59880.02"),
        // A bad majority takes the median itself; the jump limit and the cross-check are for that.
        (CappedMedian, "60010 59990 0.01 0.01 0.01", "0.01002"),
        (CappedMedian, "100", "100.00"),
        // The cap is rounded inward: 0.5 % of 101 units is none of them.
        (CappedMedian, "0.00000050 0.00000101 0.00000101", "0.00000101"),
        (CappedMedian, "0.00000101 0.00000101 0.00000200", "0.00000101"),
        (CappedMedian, "100 120", "100.25"),
        // venue.md §2.2.2: ORA-2.
        (DropExtremes, "60010 59990 60020 60005 61500", "60011.66666666"),
        (DropExtremes, "100×1 100.1×1 100.2×3 100.3×1", "100.175"),
        (DropExtremes, "100 110 120", "110.00"),
        (DropExtremes, "100 120", "100.00"),
        (DropExtremes, "100", "100.00"),
        // Two liars on one side: dropping one does not do, the cap does.
        (DropExtremes, "100 100 100 900 900", "100.50"),
        // venue.md §2.3.2 and §3.1: ORA-3.
        (WeightedMedian, HYPERLIQUID, "60000.00"),
        (WeightedMedian, "100×30 101×30 150×40", "101.00"),
        (WeightedMedian, "100×30 101×19 150×51", "150.00"),
        (WeightedMedian, "100 101 103 99 110", "101.00"),
        (WeightedMedian, "100 200", "100.00"),
    ];
    for (method, words, due) in table {
        assert_eq!(told(index(method, words).price), due, "{method:?} of {words}");
    }
}

#[test]
fn ora_4_the_confidence_is_the_distance_to_the_farther_quartile() {
    let table = [
        // venue.md §3.1: Pyth's example; Q1 is 100, Q3 is 105.
        ("100±1 101±1 103±2 99±1 110±1", "101.00", "4.00"),
        ("100 100 100", "100.00", "0.00"),
        // A quarter of the weight does not move a quartile, on either side; more does.
        ("100 100 100 900", "100.00", "0.00"),
        ("1 100 100 100", "100.00", "0.00"),
        ("1 100 100", "100.00", "99.00"),
        ("100 100 900", "100.00", "800.00"),
        // Two equal camps.
        ("100 100 120 120", "100.00", "20.00"),
        // One who is very unsure has no weight in it; if all are, the index is.
        ("100±2 101 101 101 101", "101.00", "0.00"),
        ("100±2 100±2 100±2", "100.00", "2.00"),
    ];
    for (words, price, confidence) in table {
        let index = index(IndexMethod::WeightedMedian, words);
        assert_eq!(told(index.price), price, "index of {words}");
        assert_eq!(told(index.confidence), confidence, "confidence of {words}");
    }
}

/// Weights of the seats in millionths, to the nearest, as text.
fn weights(sources: &str, lines: &str) -> String {
    let mut terms = terms(sources);
    adjust(&mut terms, lines);
    let said: Vec<_> = terms.seats.iter().map(|_| (price("100"), IndexPrice(0))).collect();
    let votes = votes(&terms, &said);
    let mut sorted = votes.sorted;
    sorted.sort_unstable_by_key(|vote| vote.place);
    let share = |weight: u64| {
        let half_ppm = u128::from(weight) * 2_000_000 / u128::from(votes.total);
        half_ppm.div_ceil(2)
    };
    let shares = sorted.iter().map(|vote| format!("{}", share(vote.weight)));
    shares.collect::<Vec<_>>().join(" ")
}

#[test]
fn ora_5_seats_of_a_source_share_its_weight_evenly() {
    assert_eq!(weights("a:1 b:1", ""), "500000 500000");
    assert_eq!(weights("a:1 b:1", "seats 1@a 2@a 3@b"), "250000 250000 500000");
    assert_eq!(weights("a:1 b:3", "seats 1@a 2@a 3@a 4@b"), "83333 83333 83333 750000");
    assert_eq!(weights("a:1 b:0 c:1", ""), "500000 500000", "weight zero does not count");
}

#[test]
fn ora_6_no_reporter_has_more_than_its_share() {
    let cut =
        |sources, share, seats| weights(sources, &format!("reporter_cap_ppm {share}; {seats}"));
    // Weights 60, 20, 20 and a share of 40 %: 40, 30, 30; not 40/80, which would be half.
    assert_eq!(cut("a:60 b:20 c:20", 400_000, ""), "400000 300000 300000");
    assert_eq!(cut("a:60 b:40", 400_000, ""), "500000 500000", "two cannot have less than half");
    assert_eq!(cut("a:98 b:1 c:1", 400_000, ""), "400000 300000 300000");
    assert_eq!(cut("a:50 b:48 c:1 d:1", 400_000, ""), "400000 400000 100000 100000");
    assert_eq!(cut("a:30 b:30 c:40", 400_000, ""), "300000 300000 400000", "nobody is above");
    // One reporter with four sources of five is one reporter.
    let seats = "seats 1@a 1@b 1@c 1@d 2@e 3@e";
    assert_eq!(cut("a b c d e", 400_000, seats), "100000 100000 100000 100000 300000 300000");
    assert_eq!(cut("a b", 500_000, "seats 1@a"), "1000000", "alone, it is all there is");
}

#[test]
fn a_median_is_exact_however_a_weight_is_split() {
    // Three seats share the weight of a, and together they are half: the lower median is theirs.
    let mut split = terms("a:1 b:1");
    split.seats = [(1, 0), (2, 0), (3, 0), (4, 1)]
        .map(|(reporter, source)| Seat { reporter: AccountId(reporter), source: SourceId(source) })
        .to_vec();
    split.method = IndexMethod::WeightedMedian;
    let said = ["100", "100", "100", "120"].map(|word| (price(word), IndexPrice(0)));
    assert_eq!(told(index_of(&split, &said).price), "100.00");
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    // 32 sources of the largest weight; numbers of seats whose common multiple is the largest.
    let counts = [5, 7, 8, 9, 11, 13];
    let mut most = terms("");
    adjust(&mut most, "reporter_cap_ppm 100000");
    let name = terms("a").sources[0].name.clone();
    for source in 0..types::limits::SOURCES_MAX {
        most.sources.push(types::Source { name: name.clone(), weight: u32::MAX });
        for _ in 0..counts.get(source).copied().unwrap_or_default() {
            let reporter = AccountId(most.seats.len() as u32 % 16);
            most.seats.push(Seat { reporter, source: SourceId(source as u8) });
        }
    }
    for method in
        [IndexMethod::CappedMedian, IndexMethod::DropExtremes, IndexMethod::WeightedMedian]
    {
        most.method = method;
        let said: Vec<_> = most.seats.iter().map(|_| (IndexPrice::MAX, IndexPrice::MAX)).collect();
        assert_eq!(index_of(&most, &said).price, IndexPrice::MAX, "{method:?}");
        let said: Vec<_> = most.seats.iter().map(|_| (IndexPrice(1), IndexPrice(1))).collect();
        assert_eq!(index_of(&most, &said).price, IndexPrice(1), "{method:?}");
    }
}
