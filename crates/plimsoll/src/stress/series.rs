//! What is looked at while it is played: a row now and then, and the worst of every second.

use serde_json::{Value, json};
use types::{AccountId, At, Side};

use super::crowd::Crowd;
use super::grid::ONE;
use super::outside::Outside;
use super::stage::Stage;
use super::tally::Most;

/// Rows that are kept.
const ROWS: u64 = 480;
/// What counts as near.
const NEAR: f64 = 0.01;

/// The market at one moment; money in dollars.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When.
    pub at: At,
    /// Price outside.
    pub outside: f64,
    /// The index in force.
    pub index: f64,
    /// What positions are valued at.
    pub mark: f64,
    /// Bids within 1 % of the mark.
    pub bids: f64,
    /// Asks within 1 % of the mark.
    pub asks: f64,
    /// In parts of the middle; `None` while a side is empty.
    pub spread: Option<f64>,
    /// Makers that are not there.
    pub away: usize,
    /// Closed by force so far.
    pub forced: f64,
    /// What longs have.
    pub longs: f64,
    /// The insurance fund.
    pub fund: f64,
    /// Accounts in liquidation.
    pub queued: usize,
    /// Open interest at the mark.
    pub open_interest: f64,
}

/// Rows and extremes.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// In time.
    pub rows: Vec<Row>,
    /// Widest spread.
    pub widest: Most,
    /// Depth of bids at its lowest; `most` is the lowest.
    pub thinnest: Option<Most>,
    /// Distance of mark and index.
    pub basis: Most,
    /// What was passed on outside, whichever way.
    pub shift: Most,
    /// Seconds without a bid, without an ask.
    pub empty_s: [u64; 2],
    /// Seconds in which the index was not healthy.
    pub unhealthy_s: u64,
    /// All seconds.
    pub seconds: u64,
}

impl Series {
    /// Looks at a second that is over, and keeps a row if it is time for one.
    pub fn look(
        &mut self,
        stage: &Stage,
        (outside, crowd, n_away): (&Outside, &Crowd, usize),
        (at, seconds): (At, u64),
    ) {
        let (bid, ask) = stage.best();
        let spread = bid.zip(ask).map(|(bid, ask)| (ask - bid) / (ask + bid) * 2.0);
        let bids = stage.depth(Side::Bid, NEAR);
        let (index, mark) = (stage.index(), stage.mark());
        self.widest.raise(spread.unwrap_or(0.0), at);
        self.basis.raise((mark / index - 1.0).abs(), at);
        self.shift.raise(outside.shift().abs(), at);
        if self.thinnest.is_none_or(|thinnest| bids < thinnest.most) {
            self.thinnest = Some(Most { most: bids, at });
        }
        self.empty_s[0] += u64::from(bid.is_none());
        self.empty_s[1] += u64::from(ask.is_none());
        self.unhealthy_s += u64::from(stage.tally.health != Some(types::Health::Healthy));
        let is_time = self.seconds.is_multiple_of(seconds.div_ceil(ROWS));
        self.seconds += 1;
        if !is_time && self.seconds != seconds {
            return;
        }
        let longs: i64 = crowd.longs.clone().map(|id| stage.equity(AccountId(id))).sum();
        self.rows.push(Row {
            at,
            outside: outside.price(),
            index,
            mark,
            bids,
            asks: stage.depth(Side::Ask, NEAR),
            spread,
            away: n_away,
            forced: stage.tally.forced() as f64 / ONE,
            longs: longs as f64 / ONE,
            fund: stage.tally.fund() as f64 / ONE,
            queued: stage.tally.n_queued(),
            open_interest: stage.grid.usd(stage.tally.open_interest(), mark),
        });
    }

    /// For a program: columns, in the order of the rows.
    pub fn to_json(&self) -> Value {
        let column = |of: fn(&Row) -> Value| self.rows.iter().map(of).collect::<Vec<_>>();
        json!({
            "at": column(|row| json!(row.at.0)),
            "outside": column(|row| json!(row.outside)),
            "index": column(|row| json!(row.index)),
            "mark": column(|row| json!(row.mark)),
            "bids_1pct": column(|row| json!(row.bids.round())),
            "asks_1pct": column(|row| json!(row.asks.round())),
            "spread": column(|row| json!(row.spread)),
            "makers_away": column(|row| json!(row.away)),
            "forced": column(|row| json!(row.forced.round())),
            "longs_equity": column(|row| json!(row.longs.round())),
            "fund": column(|row| json!(row.fund)),
            "liquidating": column(|row| json!(row.queued)),
            "open_interest": column(|row| json!(row.open_interest.round())),
        })
    }
}
