//! The real engine of one domain with one perpetual and its feed, and what actors see of it.

use std::collections::BTreeSet;

use anyhow::bail;
use engine::Engine;
use types::{
    AccountId, Amount, AssetCode, At, BackstopTerms, Barrier, Command, Entry, Event, FeedTerms,
    Incentives, IndexMethod, IndexPrice, InstrumentId, Label, LedgerAccount, Lots, OrderKind,
    PlaceOrder, PostOnly, PriceReport, PublicKey, Quorum, RiskTerms, Seat, Seq, Side, Signature,
    SignedReport, Source, SourceId, Ticks, TimeInForce,
};

use super::grid::{DECIMALS, Grid};
use super::tally::Tally;
use crate::report::said::nearest_price;
use crate::serve::safety;

/// The one contract.
pub const PERPETUAL: InstrumentId = InstrumentId(0);
/// Accounts 1 to 5 report.
pub const REPORTERS: u32 = 5;
/// What each of them stakes.
const STAKE: Amount = Amount(10_000_000_000);
/// How far reporters are from each other.
const STRAY: f64 = 1e-4;
/// Entries with rounds of liquidation that one second has at most, beside its tick.
const LIQUIDATES_MAX: usize = 16;

/// An engine, its clock, and what it said.
pub struct Stage {
    engine: Engine,
    /// Steps of price and size.
    pub grid: Grid,
    /// What it said.
    pub tally: Tally,
    at: At,
    index: IndexPrice,
    events: Vec<Event>,
}

impl Stage {
    /// A domain in USDC with the contract, five reporters with stakes, and their feed.
    pub fn open(grid: Grid, terms: RiskTerms, at: At) -> anyhow::Result<Stage> {
        let quote = grid.spec.quote;
        let mut stage = Stage {
            engine: Engine::new(quote, DECIMALS),
            tally: Tally::default(),
            at,
            index: IndexPrice(0),
            events: Vec::new(),
            grid,
        };
        stage.must(Command::ListInstrument(Box::new(stage.grid.spec.clone())))?;
        stage.must(Command::SetRisk(terms))?;
        for _ in 0..REPORTERS {
            let account = stage.fund(STAKE.0)?;
            // Nobody verifies here, so any point of the curve will do.
            let key = PublicKey([1; 32]);
            stage.must(Command::RegisterReporter { account, key, stake: STAKE })?;
        }
        stage.must(Command::SetFeed(Box::new(feed_terms(stage.grid.spec.base, quote))))?;
        Ok(stage)
    }

    /// Opens the next account with so many atoms.
    pub fn fund(&mut self, atoms: i64) -> anyhow::Result<AccountId> {
        let account = AccountId(self.engine.n_accounts() + 1);
        self.must(Command::OpenAccount { account, parent: None })?;
        self.must(Command::Deposit { account, amount: Amount(atoms.max(1)) })?;
        Ok(account)
    }

    /// An account that takes over positions whose maintenance margin is at most `capacity`.
    pub fn back(&mut self, account: AccountId, capacity: i64) -> anyhow::Result<()> {
        let terms = BackstopTerms { capacity: Amount(capacity), share_ppm: 100_000 };
        self.must(Command::OfferBackstop { account, terms })
    }

    /// The breakers that a served venue begins with.
    pub fn guard(&mut self) -> anyhow::Result<()> {
        let pair = (self.grid.spec.base, self.grid.spec.quote);
        safety::commands(&BTreeSet::from([pair]), safety::SERVED)
            .into_iter()
            .try_for_each(|command| self.must(command))
    }

    /// A command that setting up depends on.
    pub fn must(&mut self, command: Command) -> anyhow::Result<()> {
        self.apply(command);
        match self.events.as_slice() {
            [Event::Refused(reject)] => bail!("setting up the market: {reject}"),
            _ => Ok(()),
        }
    }

    /// One entry of the log. False if it was refused.
    pub fn apply(&mut self, command: Command) -> bool {
        self.events.clear();
        let seq = Seq(self.engine.seq().0 + 1);
        self.engine.apply(&Entry { seq, at: self.at, command }, &mut self.events);
        self.tally.take(&self.events, &self.grid, self.at);
        for event in &self.events {
            if let Event::IndexChanged { price, .. } = event {
                self.index = *price;
            }
        }
        !matches!(self.events.as_slice(), [Event::Refused(_)])
    }

    /// A second begins: reporters say what they see outside, then the clock ticks, and rounds that
    /// one entry does not carry out are asked for again.
    pub fn second(&mut self, at: At, outside: Option<f64>) {
        self.at = at;
        for reporter in (1..=REPORTERS).filter(|_| outside.is_some()).map(AccountId) {
            // Each is off by its own hundredth of a percent.
            let seen = 1.0 + STRAY * (f64::from(reporter.0) - 3.0);
            if let Some(price) = nearest_price(outside.unwrap_or(0.0) * seen) {
                self.report(reporter, price);
            }
        }
        self.apply(Command::Tick);
        for _ in 0..LIQUIDATES_MAX {
            if !self.engine.is_liquidating() || !self.liquidate() {
                break;
            }
        }
    }

    /// Whether it did anything.
    fn liquidate(&mut self) -> bool {
        self.apply(Command::Liquidate);
        !self.events.is_empty()
    }

    fn report(&mut self, reporter: AccountId, price: IndexPrice) {
        let report = PriceReport {
            base: self.grid.spec.base,
            quote: self.grid.spec.quote,
            reporter,
            source: SourceId(u8::try_from(reporter.0 - 1).unwrap_or(u8::MAX)),
            price,
            confidence: IndexPrice(price.0 / 10_000),
            source_at: self.at,
            nonce: self.at.0,
        };
        let signature = Signature([0; 64]);
        self.apply(Command::ReportPrice(Box::new(SignedReport { report, signature })));
    }

    /// Places an order; one that is not to rest ends at once.
    pub fn order(&mut self, account: AccountId, order: Ask) -> bool {
        let Ask { side, price, lots, rests, reduces } = order;
        if lots == 0 {
            return false;
        }
        let order = PlaceOrder {
            time_in_force: match rests {
                true => TimeInForce::GoodTilCancelled,
                false => TimeInForce::ImmediateOrCancel,
            },
            post_only: if rests { PostOnly::Slide } else { PostOnly::No },
            reduce_only: reduces,
            ..PlaceOrder::new(account, PERPETUAL, side, OrderKind::Limit { price }, Lots(lots))
        };
        self.apply(Command::PlaceOrder(Box::new(order)))
    }

    /// Takes from the book, as far as `reach` from the mark (a part of it).
    pub fn take(&mut self, account: AccountId, side: Side, lots: u32, reach: f64, reduces: bool) {
        let way = if side == Side::Bid { reach } else { -reach };
        let price = self.grid.passive(self.mark() * (1.0 + way), side);
        self.order(account, Ask { side, price, lots, rests: false, reduces });
    }

    /// Price at which positions are valued, in dollars; zero before the first.
    pub fn mark(&self) -> f64 {
        let mark = self.engine.instrument(PERPETUAL).map_or(Ticks(0), |(_, mark)| mark);
        self.grid.price(mark)
    }

    /// The index in force, in dollars.
    pub fn index(&self) -> f64 {
        self.index.0 as f64 / IndexPrice::SCALE as f64
    }

    /// Best bid and best ask, in dollars.
    pub fn best(&self) -> (Option<f64>, Option<f64>) {
        let best = |side| self.engine.books().best(PERPETUAL, side);
        let price = |ticks: Ticks| self.grid.price(ticks);
        (best(Side::Bid).map(price), best(Side::Ask).map(price))
    }

    /// What one side shows within `reach` of the mark, in dollars.
    pub fn depth(&self, side: Side, reach: f64) -> f64 {
        let mark = self.mark();
        let levels = self.engine.books().levels(PERPETUAL, side);
        let near = levels.map(|(ticks, lots)| (self.grid.price(ticks), lots));
        let near = near.take_while(|(price, _)| (price / mark - 1.0).abs() <= reach);
        let worth = |(price, lots)| self.grid.usd(i64::try_from(lots).unwrap_or(0), price);
        near.map(worth).fold(0.0, |all, usd| all + usd)
    }

    /// What an account has with all it holds valued at the mark, in atoms.
    pub fn equity(&self, account: AccountId) -> i64 {
        let view = self.engine.account(account);
        view.map_or(0, |view| view.collateral.0 + view.unrealised.0)
    }

    /// How many accounts there are.
    pub fn n_accounts(&self) -> u32 {
        self.engine.n_accounts()
    }

    /// Entries so far.
    pub fn n_entries(&self) -> u64 {
        self.engine.seq().0
    }

    /// The hash of the state.
    pub fn root(&mut self) -> ledger::Hash {
        self.engine.root()
    }

    /// What the books are off by, in atoms: equity of all and what the venue holds, against all
    /// that came in. The engine checks its own invariants first, and panics if one does not hold.
    pub fn imbalance(&self) -> i64 {
        self.engine.check();
        let equity: i64 = (1..=self.n_accounts()).map(|id| self.equity(AccountId(id))).sum();
        equity + self.tally.held() - self.tally.deposited()
    }

    /// What the venue has of its own, in atoms.
    pub fn fees(&self) -> i64 {
        self.tally.balance(LedgerAccount::Fees)
    }
}

/// An order that an actor wants.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// Which way.
    pub side: Side,
    /// At worst.
    pub price: Ticks,
    /// How much.
    pub lots: u32,
    /// Whether it waits on the book, and takes nothing.
    pub rests: bool,
    /// Whether it only closes.
    pub reduces: bool,
}

/// Five sources of equal weight, one reporter each; limits as venues have them (venue.md §2.2.3).
fn feed_terms(base: AssetCode, quote: AssetCode) -> FeedTerms {
    let names = ["alpha", "beta", "gamma", "delta", "epsilon"];
    let source = |name| Source { name: Label::new(name).expect("a name is short"), weight: 1 };
    let seats = (1..=REPORTERS)
        .zip(0..)
        .map(|(account, place)| Seat { reporter: AccountId(account), source: SourceId(place) });
    FeedTerms {
        base,
        quote,
        method: IndexMethod::CappedMedian,
        sources: names.map(source).to_vec(),
        seats: seats.collect(),
        healthy: Quorum { reporters: 4, sources: 4 },
        degraded: Quorum { reporters: 3, sources: 3 },
        barrier: Barrier { reports: 10, sources: 3 },
        stale_ms: 10_000,
        ahead_ms: 1_000,
        cap_ppm: 5_000,
        spread_ppm: 20_000,
        confidence_ppm: 10_000,
        jump_ppm: 100_000,
        reporter_cap_ppm: 300_000,
        cross_check: None,
        incentives: Incentives {
            reward_per_hour: Amount(0),
            far_ppm: 25_000,
            far_ms: 60_000,
            far_slash_ppm: 50_000,
        },
    }
}
