//! A log in which much happens: a feed, trades, a liquidation, sessions, an upgrade.

use types::{
    AccountId, Amount, AssetCode, At, Barrier, Command, Decimal, FeedTerms, Fees, Incentives,
    IndexMethod, IndexPrice, Instrument, InstrumentId, Kind, Label, Lots, MarginRates, OrderKind,
    PlaceOrder, PriceReport, PublicKey, Quorum, Seat, SessionId, SettlementPeriod, Side, Signature,
    SignedReport, Source, SourceId, Style, Ticks, Version,
};

/// Accounts 1 to 5 report.
const REPORTERS: std::ops::RangeInclusive<u32> = 1..=5;
const ANN: AccountId = AccountId(6);
const BOB: AccountId = AccountId(7);
const CAT: AccountId = AccountId(8);

fn asset(code: &str) -> AssetCode {
    AssetCode::new(code).expect("a code")
}

/// What is asked, and when.
pub fn entries() -> Vec<(At, Command)> {
    let mut story = Story { at: At(1_790_000_000_000), nonce: 0, entries: Vec::new() };
    story.open();
    story.seconds(4, 60_000);
    // Ann is long 4 BTC on little money.
    story.order(BOB, Side::Ask, (4_000, 120_000), None);
    story.order(ANN, Side::Bid, (4_000, 120_000), None);
    for n in 0..20 {
        let session = Some(SessionId(5 + n % 4));
        story.order(CAT, Side::Bid, (100 + n, 118_000 + n % 3), session);
        story.order(BOB, Side::Ask, (7, 121_000 - n), session);
    }
    story.add(Command::DropSession { session: Some(SessionId(5)) });
    story.seconds(4, 59_300);
    story.order(CAT, Side::Bid, (2_500, 118_100), None);
    story.add(Command::Upgrade { to: Version(2) });
    story.seconds(12, 59_300);
    story.add(Command::DropSessions { first: SessionId(6), last: SessionId(7) });
    story.order(BOB, Side::Bid, (3, 121_000), None);
    story.add(Command::EndDay);
    story.seconds(4, 59_900);
    story.entries
}

struct Story {
    at: At,
    nonce: u64,
    entries: Vec<(At, Command)>,
}

impl Story {
    fn add(&mut self, command: Command) {
        self.entries.push((self.at, command));
    }

    fn open(&mut self) {
        self.add(Command::ListInstrument(perpetual().into()));
        for account in (1..=8).map(AccountId) {
            self.add(Command::OpenAccount { account, parent: None });
            let amount = Amount(if account == ANN { 5_000_000_000 } else { 1_000_000_000_000 });
            self.add(Command::Deposit { account, amount });
        }
        for account in REPORTERS.map(AccountId) {
            let (key, stake) = (PublicKey([9; 32]), Amount(100_000_000_000));
            self.add(Command::RegisterReporter { account, key, stake });
        }
        self.add(Command::SetFeed(feed().into()));
    }

    fn order(
        &mut self,
        account: AccountId,
        side: Side,
        (lots, price): (u32, u32),
        session: Option<SessionId>,
    ) {
        let kind = OrderKind::Limit { price: Ticks(price) };
        let order = PlaceOrder::new(account, InstrumentId(0), side, kind, Lots(lots));
        self.add(Command::PlaceOrder(PlaceOrder { session, ..order }.into()));
    }

    /// In each of `n` seconds all reporters say the price, then comes a tick.
    fn seconds(&mut self, n: u64, price: u64) {
        for _ in 0..n {
            self.at.0 += 1_000;
            for (source, reporter) in (0..).zip(REPORTERS.map(AccountId)) {
                self.report(reporter, SourceId(source), price);
            }
            self.add(Command::Tick);
        }
    }

    fn report(&mut self, reporter: AccountId, source: SourceId, price: u64) {
        self.nonce += 1;
        let report = PriceReport {
            base: asset("BTC"),
            quote: asset("USDC"),
            reporter,
            source,
            price: IndexPrice(price * IndexPrice::SCALE),
            confidence: IndexPrice(price * IndexPrice::SCALE / 10_000),
            source_at: self.at,
            nonce: self.nonce,
        };
        let signature = Signature([0; 64]);
        self.add(Command::ReportPrice(SignedReport { report, signature }.into()));
    }
}

fn perpetual() -> Instrument {
    let decimal = |text| Decimal::parse(text).expect("a decimal");
    Instrument {
        kind: Kind::Perpetual,
        style: Style::Linear,
        base: asset("BTC"),
        quote: asset("USDC"),
        tick: decimal("0.5"),
        tick_steps: Vec::new(),
        lot: decimal("0.001"),
        contract_size: decimal("0.001"),
        size_min: Lots(1),
        size_max: Lots(1_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: 0, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    }
}

fn feed() -> FeedTerms {
    let name = |nth: u32| Label::new(&format!("source {nth}")).expect("short");
    let seat =
        |(nth, reporter): (u8, u32)| Seat { reporter: AccountId(reporter), source: SourceId(nth) };
    FeedTerms {
        base: asset("BTC"),
        quote: asset("USDC"),
        method: IndexMethod::CappedMedian,
        sources: REPORTERS.map(|nth| Source { name: name(nth), weight: 1 }).collect(),
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
