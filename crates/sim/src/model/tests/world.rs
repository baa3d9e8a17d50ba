//! A real engine and the model beside it, with reporters who make prices.

use engine::Engine;
use rand_core::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use types::{
    AccountId, Amount, At, BackstopTerms, Command, Entry, Event, IndexPrice, InstrumentId,
    KindFilter, Lots, MmpConfig, MmpGroup, OrderId, PriceReport, PublicKey, Seq, Signature,
    SignedReport, SignedSurface, SourceId, SurfaceReport, Ticks,
};

use super::listings::{
    EXPIRY, N_REPORTERS, asset, breakers, feed, instruments, portfolio, pricing, reopening, smile,
};
use crate::model::Model;

pub const N_TRADERS: u32 = 9;

/// A log with what it did, and where it goes on.
pub struct World {
    pub engine: Engine,
    pub model: Model,
    /// Version to upgrade to.
    pub rules: u32,
    pub draws: Xoshiro256PlusPlus,
    pub at: At,
    pub is_linear: bool,
    pub is_crossed: bool,
    /// The truth, in hundredths of the quote.
    pub cents: u64,
    /// Which way it goes for now.
    rises: bool,
    /// Reporters who say nothing for now, a bit each.
    silent: u64,
    is_silent: bool,
    pub orders: Vec<OrderId>,
    pub log: Vec<(Entry, Vec<Event>)>,
    pub keeps_log: bool,
    pub n_refused: u64,
    pub model_time: std::time::Duration,
    /// How often each kind of event came.
    pub kinds: std::collections::BTreeMap<String, u64>,
    ticked_at: At,
    nonce: u64,
}

impl World {
    /// One seed in three goes by the rules before the newest.
    pub fn new(seed: u64, keeps_log: bool) -> World {
        World::by_rules(engine::VERSION_MAX.0 - u32::from(seed % 3 == 2), seed, keeps_log)
    }

    /// By the first version of the rules, or by this one.
    pub fn by_rules(rules: u32, seed: u64, keeps_log: bool) -> World {
        let is_linear = seed % 2 == 1;
        let (code, decimals) = if is_linear { ("USDC", 6) } else { ("BTC", 8) };
        let mut world = World {
            engine: Engine::new(asset(code), decimals),
            model: Model::new(asset(code), decimals),
            rules,
            draws: Xoshiro256PlusPlus::seed_from_u64(seed),
            at: At(EXPIRY.0 - 33 * 60_000 + seed % 7 * 120_000),
            is_linear,
            is_crossed: seed % 5 == 2,
            cents: 6_000_000,
            rises: seed.is_multiple_of(3),
            silent: 0,
            is_silent: seed % 4 == 3 || seed % 5 == 2,
            orders: Vec::new(),
            log: Vec::new(),
            keeps_log,
            n_refused: 0,
            model_time: std::time::Duration::ZERO,
            kinds: std::collections::BTreeMap::new(),
            ticked_at: At(0),
            nonce: 0,
        };
        world.open();
        world
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.draws.next_u64() % n.max(1)
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn quote(&self) -> &'static str {
        if self.is_linear { "USDC" } else { "USD" }
    }

    pub fn pair(&self) -> (types::AssetCode, types::AssetCode) {
        (asset("BTC"), asset(self.quote()))
    }

    /// Money of the domain, in hundredths of a bitcoin's worth.
    pub fn money(&self, hundredths: u64) -> Amount {
        let one = if self.is_linear { 600_000_000 } else { 1_000_000 };
        Amount(i64::try_from(hundredths * one).expect("small"))
    }

    pub fn trader(&mut self) -> AccountId {
        AccountId(N_REPORTERS + 1 + u32::try_from(self.below(N_TRADERS.into())).expect("small"))
    }

    pub fn n_instruments(&self) -> u64 {
        if self.is_linear { 5 } else { 4 }
    }

    /// Applies a command and lets the model follow.
    pub fn apply(&mut self, command: Command) -> Vec<Event> {
        let entry = Entry { seq: Seq(self.engine.seq().0 + 1), at: self.at, command };
        let mut events = Vec::new();
        self.engine.apply(&entry, &mut events);
        let began = std::time::Instant::now();
        let followed = self.model.follow(&entry, &events);
        self.model_time += began.elapsed();
        if let Err(violation) = followed {
            panic!("{violation}\n{entry:?}\n{events:?}");
        }
        self.n_refused += u64::from(matches!(events.as_slice(), [Event::Refused(_)]));
        self.note(&events);
        if self.keeps_log {
            self.log.push((entry, events.clone()));
        }
        events
    }

    fn note(&mut self, events: &[Event]) {
        for event in events {
            self.count(event);
            match event {
                Event::OrderRested { order, .. } => self.orders.push(*order),
                Event::TriggerPlaced(placed) if !placed.amended => {
                    self.orders.push(OrderId::of_trigger(placed.trigger));
                }
                _ => {}
            }
        }
        if 400 < self.orders.len() {
            self.orders.drain(..200);
        }
    }

    fn count(&mut self, event: &Event) {
        let told = match event {
            Event::LiquidationStepped(step) => format!("{:?}", step.action),
            Event::Transferred { reason, .. } => format!("{reason:?}"),
            Event::OrderClosed { reason, .. } => format!("{reason:?}"),
            Event::Refused(reject) => format!("refused-{}", reject.code()),
            Event::AuctionEnded { indication: Some(_), .. } => String::from("AuctionTraded"),
            other => format!("{other:?}"),
        };
        let kind = told.split([' ', '{']).next().unwrap_or_default();
        let kind = kind.split("(Order").next().unwrap_or_default();
        *self.kinds.entry(kind.chars().take(40).collect()).or_default() += 1;
    }

    pub fn must(&mut self, command: Command) {
        let events = self.apply(command);
        assert!(!matches!(events.as_slice(), [Event::Refused(_)]), "refused: {events:?}");
    }

    fn open(&mut self) {
        for instrument in instruments(self.is_linear) {
            self.must(Command::ListInstrument(instrument.into()));
        }
        for nth in 1..=N_REPORTERS + N_TRADERS {
            let account = AccountId(nth);
            // The last two are subaccounts of the first trader.
            let is_sub = N_REPORTERS + N_TRADERS - 2 < nth;
            let parent = is_sub.then_some(AccountId(N_REPORTERS + 1));
            self.must(Command::OpenAccount { account, parent });
            let amount = self.money(if nth % 4 == 1 { 5_000 } else { 15 });
            self.must(Command::Deposit { account, amount });
        }
        let amount = self.money(4);
        self.must(Command::FundInsurance { amount });
        for nth in 1..=N_REPORTERS {
            let (key, stake) = (PublicKey([9; 32]), self.money(5));
            self.must(Command::RegisterReporter { account: AccountId(nth), key, stake });
        }
        let terms = self.feed(10);
        self.must(Command::SetFeed(terms.into()));
        self.set_terms();
        self.second(true);
        for _ in 0..4 {
            self.second(true);
        }
        self.surfaces();
    }

    /// Terms of the feed: in some worlds with a cross-check and a reporter with two seats.
    pub fn feed(&self, reports: u16) -> types::FeedTerms {
        let mut terms = feed(self.quote(), reports);
        if self.is_crossed {
            terms.sources[4].weight = 0;
            let source = SourceId(4);
            terms.cross_check = Some(types::CrossCheck { source, apart_ppm: 10_000 });
            terms.healthy = types::Quorum { reporters: 4, sources: 4 };
            terms.seats.push(types::Seat { reporter: AccountId(1), source: SourceId(1) });
        }
        terms
    }

    fn set_terms(&mut self) {
        let (base, quote) = self.pair();
        if self.is_linear {
            let (base, quote) = (asset("ETH"), asset("USDC"));
            let price = IndexPrice(3_000 * IndexPrice::SCALE);
            self.must(Command::ReportIndex { base, quote, price });
            self.must(Command::ReportMarks(vec![(InstrumentId(4), Ticks(6_000))]));
        }
        if !self.one_in(4) {
            let terms = pricing(self.draws.next_u64().is_multiple_of(3));
            self.must(Command::SetPricing { instrument: InstrumentId(0), terms });
        }
        if self.one_in(3) {
            for kind in [KindFilter::Future, KindFilter::Option] {
                let terms = breakers().into();
                self.must(Command::SetBreakers { base, quote, kind, terms });
            }
        }
        self.must(Command::SetReopening(reopening().into()));
        if self.one_in(6) {
            let rate = types::OrderRate { orders_max: 40, window_ms: 2_000 };
            self.must(Command::SetOrderRate(Some(rate)));
        }
        if self.one_in(2) {
            for to in 2..=self.rules {
                self.must(Command::Upgrade { to: types::Version(to) });
            }
        }
        if self.one_in(2) {
            let terms = portfolio().into();
            self.must(Command::SetPortfolio { base, quote, terms });
        }
        if self.one_in(2) {
            let account = AccountId(N_REPORTERS + 4);
            let terms = BackstopTerms { capacity: self.money(100), share_ppm: 200_000 };
            self.must(Command::OfferBackstop { account, terms });
        }
        for account in [N_REPORTERS + 4, N_REPORTERS + 5] {
            let config = MmpConfig {
                base,
                quote,
                group: MmpGroup(0),
                interval_ms: 2_000,
                frozen_ms: if self.one_in(2) { 0 } else { 1_500 },
                quantity_limit_milli: Some(150),
                delta_limit_milli: None,
            };
            self.must(Command::SetMmp { account: AccountId(account), config });
        }
    }

    pub fn report(&mut self, reporter: u32, cents: u64) -> PriceReport {
        self.nonce += 1;
        let (base, quote) = self.pair();
        let price = IndexPrice(cents * IndexPrice::SCALE / 100);
        PriceReport {
            base,
            quote,
            reporter: AccountId(reporter),
            source: SourceId(u8::try_from(reporter - 1).expect("five")),
            price,
            confidence: IndexPrice(price.0 / 10_000),
            source_at: self.at,
            nonce: self.nonce,
        }
    }

    pub fn send(&mut self, report: PriceReport) -> Vec<Event> {
        let signature = Signature([0; 64]);
        self.apply(Command::ReportPrice(SignedReport { report, signature }.into()))
    }

    /// A second passes: reporters say what they see, most of the time, and the venue ticks.
    pub fn second(&mut self, is_calm: bool) {
        self.at = At(self.at.0.max(self.ticked_at.0 + 1_000));
        self.ticked_at = self.at;
        if self.is_silent && self.one_in(25) {
            self.silent = self.below(32) & self.below(32);
        } else if is_calm || self.one_in(10) {
            self.silent = 0;
        }
        for reporter in 1..=N_REPORTERS {
            if !is_calm && (self.one_in(12) || self.silent >> reporter & 1 == 1) {
                continue;
            }
            let off = self.below(40);
            let cents = self.cents + off * 100 - 2_000;
            let report = self.report(reporter, cents);
            self.send(report);
        }
        if self.is_crossed {
            let mut report = self.report(1, self.cents);
            report.source = SourceId(1);
            self.send(report);
        }
        self.apply(Command::Tick);
    }

    /// The truth moves: a little, or for a while a lot.
    pub fn walk(&mut self) {
        let step = match self.below(60) {
            0..4 => 30_000,
            4..9 => 8_000,
            _ => 700,
        };
        let by = self.cents * self.below(step) / 1_000_000;
        if self.one_in(12) {
            self.rises = self.one_in(2);
        }
        let is_up = self.rises || self.cents < 4_500_000;
        self.cents =
            if is_up && self.cents < 8_000_000 { self.cents + by } else { self.cents - by };
    }

    /// A quorum of reporters says volatilities.
    pub fn surfaces(&mut self) {
        if EXPIRY <= self.at {
            return;
        }
        for reporter in 1..=3 {
            self.nonce += 1;
            let (base, quote) = self.pair();
            let report = SurfaceReport {
                base,
                quote,
                reporter: AccountId(reporter),
                expiry: EXPIRY,
                svi: smile(),
                source_at: self.at,
                nonce: self.nonce,
            };
            let signature = Signature([0; 64]);
            self.apply(Command::ReportSurface(SignedSurface { report, signature }.into()));
        }
    }

    pub fn compare(&self) {
        if let Err(violation) = self.model.compare(&self.engine) {
            panic!("{violation}");
        }
    }

    /// Where an instrument trades now, in ticks.
    pub fn near(&mut self, instrument: InstrumentId) -> Ticks {
        let mark = self.engine.instrument(instrument).map_or(0, |(_, mark)| mark.0);
        Ticks(mark.max(1))
    }

    /// Lots that somebody would trade.
    pub fn lots(&mut self, instrument: InstrumentId) -> Lots {
        let most = match (self.is_linear, instrument.0) {
            (false, 0 | 1) => 12_000,
            (true, 0 | 1 | 4) => 2_000,
            (false, _) => 12,
            (true, _) => 120,
        };
        let most = if self.one_in(9) { most * 4 } else { most / 8 + 1 };
        let lots = 1 + self.below(most);
        Lots(u32::try_from(lots).expect("small"))
    }
}

impl World {
    /// The account of an open order or waiting trigger, as the model knows it.
    pub fn owner(&self, order: OrderId) -> Option<AccountId> {
        match order.trigger() {
            Some(trigger) => self.model.triggers.get(trigger).map(|trigger| trigger.account),
            None => self.model.state.orders.get(order).map(|order| order.account),
        }
    }

    /// Where an order is open.
    pub fn instrument_of(&self, order: OrderId) -> Option<InstrumentId> {
        self.model.state.orders.get(order).map(|order| order.instrument)
    }
}
