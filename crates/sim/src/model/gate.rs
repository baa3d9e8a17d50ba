//! `GATE-FRESH`: nothing is done by a price that is not good enough for it (ORA-10, ORA-11, ORA-17,
//! ORA-20, ORA-30, LIQ-2, DESIGN invariant 14), judged from the reports that were taken.
//!
//! ```text
//!   liquidation · opening more · money out of an account with positions · the end of an auction
//!     need: told healthy, the healthy quorum live now, and the barrier passed since the last start
//!   placing what opens nothing   needs: not told frozen, the degraded quorum live now
//! ```
//! A feed is told to be healthy only when enough fresh reports, of enough reporters and sources,
//! came since it was frozen or the venue started; after a start it is not healthy any more.
//!
//! It does not see jumps, spreads and cross-checks that should have frozen a feed, nor volatilities
//! that are too old, nor what a mass quote opens.

use types::{
    AccountId, At, Command, Entry, FeedTerms, Health, IndexId, IndexPrice, Label, OrderPlaced,
    ReporterFault, Seat, Seq, TriggerSource,
};

use super::state::{State, at};
use super::{Check, hold};

pub(crate) const MEDIAN: &str = "INDEX-MEDIAN";
pub(crate) const FRESH: &str = "GATE-FRESH";

/// Every feed, by index.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    feeds: Vec<Option<Feed>>,
}

/// What a feed heard.
#[derive(Debug)]
struct Feed {
    terms: Box<FeedTerms>,
    seats: Vec<Chair>,
    health: Health,
    /// Reports that count since the barrier went up.
    n_fresh: u32,
}

/// One seat.
#[derive(Clone, Debug)]
struct Chair {
    seat: Seat,
    weight: u32,
    source: Label,
    said_at: Option<At>,
    price: u64,
    nonce: u64,
    /// The entry that brought its newest report.
    taken: Seq,
    is_fresh: bool,
    is_suspended: bool,
}

impl Feed {
    fn is_live(&self, chair: &Chair, now: At) -> bool {
        let stale_ms = u64::from(self.terms.stale_ms);
        !chair.is_suspended && chair.said_at.is_some_and(|said_at| now.ms_since(said_at) < stale_ms)
    }

    /// Distinct reporters and sources of seats that count, are live, and, if asked, are fresh.
    fn live(&self, now: At, fresh: bool) -> (usize, usize) {
        let counts = |chair: &&Chair| {
            0 < chair.weight && self.is_live(chair, now) && (!fresh || chair.is_fresh)
        };
        let mut reporters = [AccountId(0); 64];
        let (mut n_reporters, mut sources) = (0, 0_u32);
        for chair in self.seats.iter().filter(counts) {
            sources |= 1_u32.checked_shl(chair.seat.source.0.into()).unwrap_or(0);
            let reporter = chair.seat.reporter;
            if n_reporters < 64 && !reporters[..n_reporters].contains(&reporter) {
                reporters[n_reporters] = reporter;
                n_reporters += 1;
            }
        }
        (n_reporters, at(sources.count_ones()))
    }

    fn has(&self, quorum: types::Quorum, now: At, fresh: bool) -> bool {
        let (reporters, sources) = self.live(now, fresh);
        usize::from(quorum.reporters) <= reporters && usize::from(quorum.sources) <= sources
    }

    fn is_healthy(&self, now: At) -> bool {
        let cross = self.terms.cross_check.map(|check| check.source);
        let is_crossed = |source| {
            let mut chairs = self.seats.iter();
            chairs.any(|chair| chair.seat.source == source && self.is_live(chair, now))
        };
        self.health == Health::Healthy
            && self.has(self.terms.healthy, now, false)
            && cross.is_none_or(is_crossed)
    }

    fn is_known(&self, now: At) -> bool {
        self.health != Health::Frozen && self.has(self.terms.degraded, now, false)
    }

    fn raise_barrier(&mut self) {
        self.n_fresh = 0;
        self.seats.iter_mut().for_each(|chair| chair.is_fresh = false);
    }
}

fn chairs(terms: &FeedTerms) -> Vec<Chair> {
    let chair = |seat: &Seat| {
        let source = terms.sources.get(usize::from(seat.source.0));
        Chair {
            seat: *seat,
            weight: source.map_or(0, |source| source.weight),
            source: source.map_or_else(Label::default, |source| source.name.clone()),
            said_at: None,
            price: 0,
            nonce: 0,
            taken: Seq(0),
            is_fresh: false,
            is_suspended: false,
        }
    };
    terms.seats.iter().map(chair).collect()
}

impl Gate {
    fn feed(&self, index: usize) -> Option<&Feed> {
        self.feeds.get(index)?.as_ref()
    }

    fn feed_mut(&mut self, index: IndexId) -> Result<&mut Feed, crate::Violation> {
        let found = self.feeds.get_mut(at(u32::from(index.0))).and_then(Option::as_mut);
        let words = || format!("something is told of the feed of index {index}, which has none");
        found.ok_or_else(|| crate::Violation::new(FRESH, words()))
    }

    /// A feed is there, or has other terms (ORA-18).
    pub fn set(&mut self, index: IndexId, terms: &FeedTerms) {
        let nth = at(u32::from(index.0));
        if self.feeds.len() <= nth {
            self.feeds.resize_with(nth + 1, || None);
        }
        let old = self.feeds[nth].take();
        let mut feed = Feed {
            seats: chairs(terms),
            terms: Box::new(terms.clone()),
            health: Health::Frozen,
            n_fresh: 0,
        };
        if let Some(old) = old {
            feed.health = old.health;
            for chair in &mut feed.seats {
                let known = old.seats.iter().find(|known| known.seat == chair.seat);
                chair.nonce = known.map_or(0, |known| known.nonce);
                let known = known.filter(|known| known.source == chair.source);
                chair.said_at = known.and_then(|known| known.said_at);
                chair.price = known.map_or(0, |known| known.price);
                let reporter = chair.seat.reporter;
                let mut olds = old.seats.iter();
                chair.is_suspended =
                    olds.any(|old| old.seat.reporter == reporter && old.is_suspended);
            }
        }
        self.feeds[nth] = Some(feed);
    }

    /// A report was taken: it is the newest of its seat (ORA-7, ORA-8).
    pub fn reported(&mut self, entry: &Entry, index: IndexId, seat: Seat, source_at: At) -> Check {
        let feed = self.feed_mut(index)?;
        let chair = feed.seats.iter_mut().find(|chair| chair.seat == seat);
        hold!(chair.is_some(), FRESH, "{seat:?} reported index {index}, and has no seat there");
        if let Some(chair) = chair {
            hold!(!chair.is_suspended, FRESH, "{seat:?} reported, and is suspended");
            if let Command::ReportPrice(signed) = &entry.command {
                let (nonce, last) = (signed.report.nonce, chair.nonce);
                hold!(last < nonce, FRESH, "report {nonce} of {seat:?} is taken after {last}");
                (chair.nonce, chair.price) = (nonce, signed.report.price.0);
            }
            (chair.said_at, chair.taken) = (Some(source_at), entry.seq);
            if 0 < chair.weight {
                chair.is_fresh = true;
                feed.n_fresh += 1;
            }
        }
        Ok(())
    }

    /// ORA-1, ORA-2: an index is within the cap of the lower median of what is live, if
    /// all that counts has one weight, and no reporter or source more than one seat.
    /// Whom a report proves to lie is told of after the index that is made without it: then nothing
    /// is looked at.
    pub fn check_index(&self, entry: &Entry, index: IndexId, price: IndexPrice, now: At) -> Check {
        let Some(feed) = self.feed(at(u32::from(index.0))) else {
            return Ok(());
        };
        let is_taken = match &entry.command {
            Command::ReportPrice(_) => feed.seats.iter().any(|chair| chair.taken == entry.seq),
            command => *command == Command::Tick,
        };
        if !is_taken {
            return Ok(());
        }
        let counts = |chair: &&Chair| 0 < chair.weight && feed.is_live(chair, now);
        let mut prices: Vec<u64> = Vec::with_capacity(feed.seats.len());
        let mut weights = feed.seats.iter().filter(counts).map(|chair| chair.weight);
        let first = weights.next();
        let is_even = weights.all(|weight| Some(weight) == first);
        prices.extend(feed.seats.iter().filter(counts).map(|chair| chair.price));
        if !is_even || feed.live(now, false) != (prices.len(), prices.len()) || prices.is_empty() {
            return Ok(());
        }
        prices.sort_unstable();
        let median = prices[(prices.len() - 1) / 2];
        let most = u128::from(median) * u128::from(feed.terms.cap_ppm) / 1_000_000;
        let apart = u128::from(price.0.abs_diff(median));
        hold!(
            apart <= most,
            MEDIAN,
            "index {index} is {price}, {apart} from the median {median}: {most} is the most"
        );
        Ok(())
    }

    pub fn faulted(&mut self, account: AccountId, fault: &ReporterFault) {
        if matches!(fault, ReporterFault::Far { .. }) {
            return;
        }
        let chairs = self.feeds.iter_mut().flatten().flat_map(|feed| &mut feed.seats);
        for chair in chairs.filter(|chair| chair.seat.reporter == account) {
            chair.is_suspended = true;
        }
    }

    /// The health of a feed is told.
    pub fn turned(&mut self, index: IndexId, (from, to): (Health, Health), now: At) -> Check {
        let feed = self.feed_mut(index)?;
        let was = feed.health;
        hold!(from == was, FRESH, "index {index} goes from {from:?} to {to:?}, it was {was:?}");
        feed.health = to;
        let quorum = match to {
            Health::Frozen => {
                feed.raise_barrier();
                return Ok(());
            }
            Health::Healthy => feed.terms.healthy,
            Health::Degraded if from == Health::Frozen => feed.terms.degraded,
            Health::Degraded | Health::Manual => {
                feed.raise_barrier();
                return Ok(());
            }
        };
        let barrier = feed.terms.barrier;
        let (reporters, sources) = feed.live(now, true);
        let passes = u32::from(barrier.reports) <= feed.n_fresh
            && usize::from(barrier.sources.max(quorum.sources)) <= sources
            && usize::from(quorum.reporters) <= reporters;
        hold!(
            passes,
            FRESH,
            "index {index} became {to:?} with {} fresh reports of {reporters} reporters and \
             {sources} sources: {barrier:?} and {quorum:?} are needed",
            feed.n_fresh
        );
        Ok(())
    }

    /// The venue was started: reports from before do not count.
    pub fn start_term(&mut self) {
        self.feeds.iter_mut().flatten().for_each(Feed::raise_barrier);
    }

    /// ORA-17, after the entry of a start.
    pub fn check_started(&self) -> Check {
        let is_healthy = |feed: &&Feed| feed.health == Health::Healthy;
        let healthy = self.feeds.iter().flatten().find(is_healthy).map(|feed| feed.terms.base);
        hold!(healthy.is_none(), FRESH, "the feed of {healthy:?} is healthy after a start");
        Ok(())
    }

    pub fn is_fed(&self, index: usize) -> bool {
        self.feed(index).is_some()
    }

    /// ORA-12, after a tick, which looks at every feed: what is told of its health has its quorum.
    pub fn check_ticked(&self, now: At) -> Check {
        for feed in self.feeds.iter().flatten() {
            let quorum = match feed.health {
                Health::Healthy => feed.terms.healthy,
                Health::Degraded => feed.terms.degraded,
                Health::Frozen | Health::Manual => continue,
            };
            hold!(
                feed.has(quorum, now, false),
                FRESH,
                "the feed of {} is told to be {:?} with {:?} live: {quorum:?} is needed",
                feed.terms.base,
                feed.health,
                feed.live(now, false)
            );
        }
        Ok(())
    }

    /// Whether funding may move.
    pub fn may_fund(&self, index: usize, now: At) -> bool {
        self.feed(index).is_some_and(|feed| feed.is_known(now))
    }

    /// Whether an index is good enough to open, to pay out and, with a feed, to liquidate by.
    pub fn is_good(&self, index: usize, now: At, may_be_typed: bool) -> bool {
        self.feed(index).map_or(may_be_typed, |feed| feed.is_healthy(now))
    }

    /// LIQ-2: an account is about to be liquidated, or was one step further.
    pub fn check_liquidates(&self, state: &State, account: AccountId) -> Check {
        for (instrument, held) in &state.account(account)?.holdings {
            if held.size == 0 {
                continue;
            }
            let market = state.market(*instrument)?;
            let is_good = self.is_good(market.index, state.at, false);
            hold!(
                is_good && !market.is_expired(state.at),
                FRESH,
                "account {account} is liquidated with {} lots of {instrument}, whose index is {:?}",
                held.size,
                self.feed(market.index).map(|feed| (feed.health, feed.live(state.at, false)))
            );
        }
        Ok(())
    }

    /// ORA-20: money leaves an account.
    pub fn check_pays_out(&self, state: &State, account: AccountId) -> Check {
        for (instrument, held) in &state.account(account)?.holdings {
            let is_used = held.size != 0 || held.n_orders != 0;
            let index = state.market(*instrument)?.index;
            let is_good = !is_used || self.is_good(index, state.at, true);
            hold!(is_good, FRESH, "money leaves {account}, which has something in {instrument}");
        }
        Ok(())
    }

    /// AUC-11: an auction is about to end.
    pub fn check_opens(&self, state: &State, instrument: types::InstrumentId) -> Check {
        let index = state.market(instrument)?.index;
        let is_good = self.is_good(index, state.at, true);
        hold!(is_good, FRESH, "the auction of {instrument} ends by an index that is not good");
        Ok(())
    }

    /// TRG-7: a trigger fires.
    pub fn check_fires(
        &self,
        state: &State,
        instrument: types::InstrumentId,
        source: TriggerSource,
    ) -> Check {
        let index = state.market(instrument)?.index;
        let is_known = self.feed(index).is_none_or(|feed| feed.is_known(state.at));
        hold!(
            is_known || source == TriggerSource::Last,
            FRESH,
            "a trigger of {instrument} fires by an index that is frozen"
        );
        Ok(())
    }

    /// ORA-20: an order is about to be known; `order` is what it will be.
    pub fn check_places(&self, state: &State, entry: &Entry, placed: &OrderPlaced) -> Check {
        let market = state.market(placed.instrument)?;
        let Some(feed) = self.feed(market.index).filter(|_| !placed.reduce_only) else {
            return Ok(());
        };
        let is_healthy = feed.is_healthy(state.at);
        if is_healthy {
            return Ok(());
        }
        let held = state.holding(placed.account, placed.instrument);
        let mut with = held;
        with.count((placed.side, false), placed.size, true);
        let is_set = matches!(entry.command, types::Command::MassQuote(_));
        let increases = !is_set && held.reach() < with.reach();
        hold!(
            feed.is_known(state.at) && !increases,
            FRESH,
            "order {} is placed by an index that is {:?} with {:?} live, opens more: {increases}",
            placed.order,
            feed.health,
            feed.live(state.at, false)
        );
        Ok(())
    }
}
