//! A feed at one moment, for people and screens.

use types::{At, FeedView, Health, IndexPrice, SeatReport, SeatView};

use crate::feed::Feed;
use crate::ppm::WHOLE;
use crate::seat::Cell;
use crate::votes::Votes;

impl Feed {
    /// All that there is to see of it at `at`.
    pub fn view(&self, at: At) -> FeedView {
        let votes = Votes::of(&self.cells, &self.terms, at);
        let seats = self.cells.iter().enumerate();
        let seats = seats.map(|(place, cell)| self.view_seat(place, cell, &votes, at)).collect();
        FeedView {
            terms: Some(self.terms.clone()),
            pair: (self.terms.base, self.terms.quote),
            price: self.price.unwrap_or_default(),
            confidence: self.confidence,
            health: self.health,
            reason: Some(self.reason),
            since: self.since,
            barrier: (self.health != Health::Healthy).then(|| self.count.told(&self.cells)),
            seats,
            at,
        }
    }

    fn view_seat(&self, place: usize, cell: &Cell, votes: &Votes, at: At) -> SeatView {
        let vote = votes.sorted.iter().find(|vote| vote.place == place);
        let weight = vote.map_or(0, |vote| u128::from(vote.weight) * u128::from(WHOLE));
        let share = weight.checked_div(u128::from(votes.total)).unwrap_or_default();
        let last = cell.last().zip(cell.came_at).map(|(said, came_at)| SeatReport {
            price: said.price,
            confidence: said.confidence,
            source_at: said.source_at,
            at: came_at,
            deviation_ppm: self.price.map_or(0, |index| deviation_ppm(said.price, index)),
        });
        SeatView {
            seat: cell.seat,
            standing: cell.standing(at, self.terms.stale_ms),
            weight_ppm: u32::try_from(share).unwrap_or(WHOLE),
            last,
            score: cell.score,
        }
    }
}

/// Signed distance in millionths of the index, rounded toward zero.
fn deviation_ppm(price: IndexPrice, index: IndexPrice) -> i64 {
    let apart = i128::from(price.0) - i128::from(index.0);
    let scaled = apart * i128::from(WHOLE) / i128::from(index.0.max(1));
    i64::try_from(scaled).unwrap_or(i64::MAX)
}
