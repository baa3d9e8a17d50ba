//! A world with a feed: five reporters, each with a source and a seat, and instruments that expire.

use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use types::{
    AccountId, Amount, At, Barrier, Command, Event, FeedTerms, Incentives, IndexMethod, IndexPrice,
    Instrument, InstrumentId, Kind, Label, LedgerAccount, Lots, OptionRight, OrderKind, PlaceOrder,
    PriceReport, PublicKey, Quorum, Seat, SettlementPeriod, Side, Signature, SignedReport,
    SignedSurface, Source, SourceId, Style, SurfaceReport, Svi, Ticks,
};

use super::world::{EXPIRY, World, asset, call, decimal, linear, perpetual};
use crate::Engine;

/// Accounts 1 to 5 report, 6 to 8 trade.
pub const REPORTERS: [AccountId; 5] =
    [AccountId(1), AccountId(2), AccountId(3), AccountId(4), AccountId(5)];
pub const ANN: AccountId = AccountId(6);
pub const BOB: AccountId = AccountId(7);
pub const CAT: AccountId = AccountId(8);

pub const PERPETUAL: InstrumentId = InstrumentId(0);
pub const FUTURE: InstrumentId = InstrumentId(1);
pub const CALL: InstrumentId = InstrumentId(2);
pub const PUT: InstrumentId = InstrumentId(3);

/// A world whose prices come from reporters.
#[derive(Clone)]
pub struct Priced {
    pub world: World,
    pub base: &'static str,
    pub quote: &'static str,
    nonce: u64,
}

/// Perpetual, future, call and put of one style, all of them at 60 000 where they have a price.
fn instruments(style: Style) -> [Instrument; 4] {
    let perpetual = if style == Style::Inverse { perpetual() } else { linear() };
    let future = Instrument {
        kind: Kind::Future { expiry: EXPIRY },
        settlement_period: SettlementPeriod::Month,
        ..perpetual.clone()
    };
    let option = |right| {
        let kind = Kind::Option { expiry: EXPIRY, strike: decimal("60000"), right };
        match style {
            Style::Inverse => Instrument { kind, ..call() },
            Style::Linear => Instrument {
                kind,
                style,
                quote: asset("USDC"),
                tick: decimal("5"),
                tick_steps: Vec::new(),
                lot: decimal("0.01"),
                contract_size: decimal("0.01"),
                ..call()
            },
        }
    };
    [perpetual, future, option(OptionRight::Call), option(OptionRight::Put)]
}

/// Healthy with four of five, frozen with fewer than three.
pub fn terms(base: &str, quote: &str) -> FeedTerms {
    let name = |nth: usize| Label::new(&format!("source {nth}")).expect("short");
    let seat = |(nth, reporter): (u8, AccountId)| Seat { reporter, source: SourceId(nth) };
    FeedTerms {
        base: asset(base),
        quote: asset(quote),
        method: IndexMethod::CappedMedian,
        sources: (0..5).map(|nth| Source { name: name(nth), weight: 1 }).collect(),
        seats: (0..).zip(REPORTERS).map(seat).collect(),
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

impl Priced {
    /// Forty minutes before the expiry, healthy at 60 000.
    pub fn inverse() -> Priced {
        Priced::new(Engine::new(asset("BTC"), 8), Style::Inverse, ("BTC", "USD"), 1_000_000_000)
    }

    /// The same in USDC.
    pub fn linear() -> Priced {
        let funds = 1_000_000_000_000;
        Priced::new(Engine::new(asset("USDC"), 6), Style::Linear, ("BTC", "USDC"), funds)
    }

    fn new(
        engine: Engine,
        style: Style,
        (base, quote): (&'static str, &'static str),
        funds: i64,
    ) -> Priced {
        let world = World { engine, at: At(EXPIRY.0 - 40 * 60_000) };
        let mut priced = Priced { world, base, quote, nonce: 0 };
        for instrument in instruments(style) {
            priced.world.must(Command::ListInstrument(instrument.into()));
        }
        for _ in 0..8 {
            priced.world.fund(funds);
        }
        for account in REPORTERS {
            let (key, stake) = (PublicKey([9; 32]), Amount(funds / 10));
            priced.world.must(Command::RegisterReporter { account, key, stake });
        }
        priced.world.must(Command::SetFeed(terms(base, quote).into()));
        priced.seconds(4, &[60_000; 5]);
        priced
    }

    /// A report of one reporter, in whole units.
    pub fn report_of(&mut self, reporter: AccountId, price: u64) -> PriceReport {
        self.nonce += 1;
        PriceReport {
            base: asset(self.base),
            quote: asset(self.quote),
            reporter,
            source: SourceId(u8::try_from(reporter.0 - 1).expect("five reporters")),
            price: IndexPrice(price * IndexPrice::SCALE),
            confidence: IndexPrice(price * IndexPrice::SCALE / 10_000),
            source_at: self.world.at,
            nonce: self.nonce,
        }
    }

    pub fn send(&mut self, report: PriceReport) -> Vec<Event> {
        let signature = Signature([0; 64]);
        self.world.apply(Command::ReportPrice(SignedReport { report, signature }.into()))
    }

    /// `n` seconds: each reporter with a price above zero says it, then a tick.
    pub fn seconds(&mut self, n: u64, prices: &[u64; 5]) -> Vec<Event> {
        let mut all = Vec::new();
        for _ in 0..n {
            self.world.at.0 += 1_000;
            for (reporter, price) in REPORTERS.into_iter().zip(prices) {
                if 0 < *price {
                    let report = self.report_of(reporter, *price);
                    all.append(&mut self.send(report));
                }
            }
            all.append(&mut self.world.apply(Command::Tick));
        }
        all
    }

    /// Passes time until `at`, four seconds a step.
    pub fn until(&mut self, at: At, prices: &[u64; 5]) -> Vec<Event> {
        let mut all = Vec::new();
        while self.world.at < at {
            self.world.at.0 += 3_000;
            all.append(&mut self.seconds(1, prices));
        }
        all
    }

    /// `reporter` says what volatilities are.
    pub fn surface(&mut self, reporter: AccountId, svi: Svi) -> Vec<Event> {
        self.surface_of(reporter, EXPIRY, svi)
    }

    pub fn surface_of(&mut self, reporter: AccountId, expiry: At, svi: Svi) -> Vec<Event> {
        self.nonce += 1;
        let report = SurfaceReport {
            base: asset(self.base),
            quote: asset(self.quote),
            reporter,
            expiry,
            svi,
            source_at: self.world.at,
            nonce: self.nonce,
        };
        let signature = Signature([0; 64]);
        self.world.apply(Command::ReportSurface(SignedSurface { report, signature }.into()))
    }

    /// Three reporters, which is a quorum, say the same of volatility.
    pub fn surfaces(&mut self, svi: Svi) -> Vec<Event> {
        let reporters = REPORTERS.into_iter().take(3);
        reporters.flat_map(|reporter| self.surface(reporter, svi)).collect()
    }

    pub fn order(
        account: AccountId,
        instrument: InstrumentId,
        side: Side,
        lots: u32,
    ) -> PlaceOrder {
        PlaceOrder::new(account, instrument, side, OrderKind::Limit { price: Ticks(1) }, Lots(lots))
    }

    /// `buyer` and `seller` trade.
    pub fn trade(
        &mut self,
        (buyer, seller): (AccountId, AccountId),
        instrument: InstrumentId,
        (lots, price): (u32, u32),
    ) {
        for (account, side) in [(seller, Side::Ask), (buyer, Side::Bid)] {
            let kind = OrderKind::Limit { price: Ticks(price) };
            let order = PlaceOrder { kind, ..Priced::order(account, instrument, side, lots) };
            self.world.must(Command::PlaceOrder(order.into()));
        }
    }

    pub fn collateral(&self, account: AccountId) -> i64 {
        self.world.engine.collateral(account).0
    }

    pub fn balance(&self, account: LedgerAccount) -> i64 {
        self.world.engine.ledger.balance(account).0
    }
}

/// 60 % at the money for the forty minutes that are left, a gentle smile.
pub fn smile() -> Svi {
    let variance = 360_000_000 * 40 / (365 * 24 * 60);
    Svi { a: variance / 2, b: 400_000, rho: -200_000_000, m: 0, sigma: 35_000_000 }
}

/// Events about prices, one a line; marks, reports and samples left out.
pub fn told(events: &[Event]) -> String {
    let mut lines = vec![];
    for event in events {
        match event {
            Event::FeedHealthChanged { from, to, reason, .. } => {
                lines.push(format!("{from:?} -> {to:?}: {reason}"));
            }
            Event::Refused(reject) => lines.push(format!("refused {}: {reject}", reject.code())),
            Event::ReporterFaulted { account, fault, slashed, .. } => {
                lines.push(format!("reporter {account} {fault:?}, slashed {slashed}"));
            }
            Event::Transferred { from, to, amount, reason } => {
                lines.push(format!("{amount} from {from:?} to {to:?} ({reason:?})"));
            }
            Event::DeliveryPriced { price, samples, .. } => {
                lines.push(format!("delivery price {price}, {} good", samples.good));
            }
            Event::DeliveryDisputed { samples, .. } => {
                lines.push(format!("delivery disputed, {} good", samples.good));
            }
            Event::InstrumentDelivered { instrument, .. } => {
                lines.push(format!("instrument {instrument} delivered"));
            }
            Event::SurfaceChanged { reporter, .. } => {
                lines.push(format!("surface of reporter {reporter}"));
            }
            Event::OrderClosed { reason, .. } => lines.push(format!("an order closed: {reason:?}")),
            _ => {}
        }
    }
    lines.join("\n")
}
