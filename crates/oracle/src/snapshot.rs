//! A feed as bytes, and back. What follows from the terms is not written.
//!
//! ```text
//!   terms · one cell for each seat · price · confidence · health · reason · since
//!   count of the barrier · trail · start of the hour
//! ```
//! Bytes that no feed could have written are refused: whatever is read is a feed that goes on
//! without a panic, and has these very bytes.

use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader};
use types::{At, FeedTerms, Health, HealthReason, IndexPrice};

use crate::barrier::Count;
use crate::feed::Feed;
use crate::reward::stretches;
use crate::seat::{Cell, REMEMBERED_MAX, Said};
use crate::terms::check_terms;
use crate::trail::{QUARTERS, Range, Trail};
use crate::until::Until;

impl Codec for Feed {
    fn encode(&self, out: &mut Vec<u8>) {
        self.terms.encode(out);
        self.cells.iter().for_each(|cell| encode_cell(cell, out));
        self.price.encode(out);
        self.confidence.encode(out);
        self.health.encode(out);
        self.reason.encode(out);
        self.since.encode(out);
        self.count.reports.encode(out);
        self.count.seats.encode(out);
        self.trail.encode(out);
        self.hour_from.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let terms = FeedTerms::decode(reader)?;
        check_terms(&terms).map_err(|_| reader.refuse("terms of a feed"))?;
        let mut cells = Cell::all(&terms);
        for cell in &mut cells {
            decode_cell(cell, stretches(&terms), reader)?;
        }
        let feed = Feed {
            until: Until::of(&cells, &terms),
            terms,
            cells,
            price: decode_price(reader)?,
            confidence: IndexPrice::decode(reader)?,
            health: Health::decode(reader)?,
            reason: HealthReason::decode(reader)?,
            since: At::decode(reader)?,
            count: Count { reports: u16::decode(reader)?, seats: u64::decode(reader)? },
            trail: Option::decode(reader)?,
            hour_from: At::decode(reader)?,
        };
        if feed.is_sound() { Ok(feed) } else { Err(reader.refuse("Feed")) }
    }
}

impl Feed {
    /// What always holds between the parts.
    fn is_sound(&self) -> bool {
        let is_priced = self.price.is_some() || self.health == Health::Frozen;
        let n_counted = u32::from(self.count.reports);
        let n_seats = u32::try_from(self.cells.len()).unwrap_or(u32::MAX);
        let is_counted = self.count.seats.checked_shr(n_seats).unwrap_or_default() == 0;
        self.health != Health::Manual
            && is_priced
            && is_counted
            && self.count.seats.count_ones() <= n_counted
            && (self.count.reports == 0 || self.health != Health::Healthy)
    }
}

fn decode_price(reader: &mut Reader<'_>) -> Result<Option<IndexPrice>, DecodeError> {
    let price: Option<IndexPrice> = Option::decode(reader)?;
    if price.is_some_and(|price| !is_price(price)) {
        return Err(reader.refuse("IndexPrice"));
    }
    Ok(price)
}

fn is_price(price: IndexPrice) -> bool {
    0 < price.0 && price <= IndexPrice::MAX
}

fn encode_cell(cell: &Cell, out: &mut Vec<u8>) {
    cell.suspended.encode(out);
    cell.said.encode(out);
    cell.came_at.encode(out);
    cell.score.encode(out);
    cell.far_for_ms.encode(out);
    cell.points.encode(out);
    cell.next_stretch.encode(out);
}

fn decode_cell(
    cell: &mut Cell,
    stretches: u32,
    reader: &mut Reader<'_>,
) -> Result<(), DecodeError> {
    cell.suspended = bool::decode(reader)?;
    cell.said = Vec::decode(reader)?;
    cell.came_at = Option::decode(reader)?;
    cell.score = Codec::decode(reader)?;
    cell.far_for_ms = Option::decode(reader)?;
    cell.points = u32::decode(reader)?;
    cell.next_stretch = u32::decode(reader)?;
    let rises = cell.said.windows(2).all(|pair| match pair {
        [old, new] => old.nonce < new.nonce,
        _ => true,
    });
    let is_sound = rises
        && cell.said.len() <= REMEMBERED_MAX
        && (cell.came_at.is_none() || !cell.said.is_empty())
        && cell.score.0 <= cell.score.1
        && cell.points <= cell.next_stretch
        && cell.next_stretch <= stretches;
    if is_sound { Ok(()) } else { Err(reader.refuse("seat of a feed")) }
}

impl Codec for Said {
    fn encode(&self, out: &mut Vec<u8>) {
        self.nonce.encode(out);
        self.price.encode(out);
        self.confidence.encode(out);
        self.source_at.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let said = Said {
            nonce: u64::decode(reader)?,
            price: IndexPrice::decode(reader)?,
            confidence: IndexPrice::decode(reader)?,
            source_at: At::decode(reader)?,
        };
        // A confidence is at most its price: no terms allow more than a million millionths.
        let is_sound = is_price(said.price) && said.confidence <= said.price;
        if is_sound { Ok(said) } else { Err(reader.refuse("report of a seat")) }
    }
}

impl Codec for Trail {
    fn encode(&self, out: &mut Vec<u8>) {
        self.quarter.encode(out);
        self.last.encode(out);
        for range in &self.ranges {
            range.low.encode(out);
            range.high.encode(out);
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (quarter, last) = (u64::decode(reader)?, IndexPrice::decode(reader)?);
        let mut ranges = [Range { low: last, high: last }; QUARTERS];
        let mut is_sound = is_price(last);
        for range in &mut ranges {
            (range.low, range.high) = (IndexPrice::decode(reader)?, IndexPrice::decode(reader)?);
            is_sound &= is_price(range.low) && is_price(range.high) && range.low <= range.high;
        }
        if is_sound { Ok(Trail { quarter, last, ranges }) } else { Err(reader.refuse("Trail")) }
    }
}
