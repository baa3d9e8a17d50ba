//! A script of commands for the engine: nothing panics, a refusal leaves the root as it was, and
//! the invariants of `Engine::check` hold after every entry.
//!
//! Most of the script is commands that make sense (few accounts, prices near the mark), because
//! those reach deep; some is decoded from raw bytes, because those are what a stranger sends.
#![no_main]

use engine::Engine;
use libfuzzer_sys::fuzz_target;
use types::codec::Codec;
use types::{
    AccountId, AmendOrder, AmendTrigger, Amount, AssetCode, At, CancelScope, ClientOrderId,
    Command, Decimal, Entry, Event, Fees, FillableTerms, IndexPrice, Instrument, InstrumentId,
    Kind, KindFilter, Label, Lots, MarginRates, MarketState, MassQuote, MmpConfig, MmpGroup,
    OpenInterestBand, OptionRight, OrderFamily, OrderId, OrderKind, PlaceOrder, PlaceTrigger,
    PostOnly, Quote, Scope, SelfTradeMode, SessionId, SettlementPeriod, Side, Style, TickStep,
    Ticks, TimeInForce, TriggerKind, TriggerLevel,
};

const ACCOUNTS: u32 = 4;
const MARK: u32 = 100_000;
const EIGHT_UTC: u64 = 8 * 3_600_000;

fuzz_target!(|script: &[u8]| {
    let mut world = World::new();
    let mut script = Script { bytes: script };
    while let Some(command) = script.command(&world.orders) {
        world.apply(command);
    }
    world.restore();
});

/// An engine with what has happened in it.
struct World {
    engine: Engine,
    orders: Vec<OrderId>,
    events: Vec<Event>,
}

impl World {
    fn new() -> World {
        let engine = Engine::new(asset("BTC"), 8);
        let mut world = World { engine, orders: Vec::new(), events: Vec::new() };
        for kind in [Kind::Perpetual, future(), option(OptionRight::Call), option(OptionRight::Put)]
        {
            world.apply(Command::ListInstrument(instrument(kind).into()));
            assert!(!world.was_refused(), "the terms are sound: {:?}", world.events);
        }
        for account in 1..=ACCOUNTS {
            let parent = (account == ACCOUNTS).then_some(AccountId(1));
            world.apply(Command::OpenAccount { account: AccountId(account), parent });
            let amount = Amount(10_000_000_000 / i64::from(account * account));
            world.apply(Command::Deposit { account: AccountId(account), amount });
        }
        let (base, quote) = (asset("BTC"), asset("USD"));
        let price = IndexPrice(u64::from(MARK / 2) * IndexPrice::SCALE);
        world.apply(Command::ReportIndex { base, quote, price });
        world.apply(Command::ReportMarks(
            (0..4).map(|id| (InstrumentId(id), Ticks(if id < 2 { MARK } else { 500 }))).collect(),
        ));
        assert!(!world.was_refused(), "the prices are sound: {:?}", world.events);
        world
    }

    fn was_refused(&self) -> bool {
        matches!(self.events.last(), Some(Event::Refused(_)))
    }

    fn apply(&mut self, command: Command) {
        let before = self.engine.root();
        let seq = self.engine.seq().next();
        // Three hours an entry, so that a script crosses days and the expiry.
        let at = At(seq.0 * EIGHT_UTC * 3 / 8);
        self.events.clear();
        self.engine.apply(&Entry { seq, at, command }, &mut self.events);
        if self.was_refused() {
            assert_eq!(self.engine.root(), before, "refused, and yet changed");
        }
        self.engine.check();
        self.orders.extend(self.events.iter().filter_map(|event| match event {
            Event::OrderPlaced(placed) => Some(placed.order),
            Event::TriggerPlaced(placed) => Some(OrderId::of_trigger(placed.trigger)),
            _ => None,
        }));
    }

    /// A snapshot restores to the same root.
    fn restore(&mut self) {
        let bytes = self.engine.to_bytes();
        let mut restored = Engine::from_bytes(&bytes).expect("our own snapshot restores");
        restored.check();
        assert_eq!(restored.root(), self.engine.root(), "a snapshot is the state");
        assert_eq!(restored.to_bytes(), bytes, "and it has one form");
    }
}

fn asset(code: &str) -> AssetCode {
    AssetCode::new(code).expect("a code of capitals")
}

fn future() -> Kind {
    Kind::Future { expiry: At(30 * At::DAY + EIGHT_UTC) }
}

fn option(right: OptionRight) -> Kind {
    Kind::Option { expiry: At(30 * At::DAY + EIGHT_UTC), strike: Decimal::whole(50_000), right }
}

fn instrument(kind: Kind) -> Instrument {
    let is_option = kind.is_option();
    let step = |text: &str| Decimal::parse(text).expect("a decimal");
    let coarse = TickStep { above: Ticks(50), multiple: 5 };
    Instrument {
        kind,
        style: Style::Inverse,
        base: asset("BTC"),
        quote: asset("USD"),
        tick: step(if is_option { "0.0001" } else { "0.5" }),
        tick_steps: if is_option { vec![coarse] } else { Vec::new() },
        lot: step(if is_option { "0.1" } else { "10" }),
        contract_size: step(if is_option { "1" } else { "10" }),
        size_min: Lots(1),
        size_max: Lots(if is_option { 2_000 } else { 1_000_000 }),
        settlement_period: SettlementPeriod::Month,
        fees: Fees { maker_ppm: -100, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 200_000,
    }
}

/// The rest of the input, read as commands.
struct Script<'a> {
    bytes: &'a [u8],
}

impl Script<'_> {
    fn next(&mut self) -> Option<u8> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(first)
    }

    /// The next byte, or zero behind the end.
    fn byte(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn account(&mut self) -> AccountId {
        AccountId(u32::from(self.byte()) % (ACCOUNTS + 2))
    }

    fn instrument(&mut self) -> InstrumentId {
        InstrumentId(u32::from(self.byte()) % 5)
    }

    fn side(&mut self) -> Side {
        if self.flag() { Side::Bid } else { Side::Ask }
    }

    /// Near the marks of futures or of options, mostly on the grid.
    fn price(&mut self) -> Ticks {
        let (near, offset) = (self.flag(), u32::from(self.byte()));
        Ticks(if near { MARK - 128 + offset } else { 5 * offset })
    }

    /// Small as a rule, now and then huge.
    fn size(&mut self) -> Lots {
        let (mantissa, shift) = (u32::from(self.byte()), self.byte() % 32);
        Lots(if shift < 24 { mantissa % 64 } else { mantissa << (shift - 12) })
    }

    fn display(&mut self) -> Option<Lots> {
        (self.byte() % 4 == 0).then(|| self.size())
    }

    fn post_only(&mut self) -> PostOnly {
        [PostOnly::No, PostOnly::No, PostOnly::Slide, PostOnly::Reject]
            [usize::from(self.byte() % 4)]
    }

    fn session(&mut self) -> Option<SessionId> {
        (self.byte() % 4 == 0).then(|| SessionId(u32::from(self.byte() % 3)))
    }

    fn valid_until(&mut self) -> Option<At> {
        (self.byte() % 16 == 0).then(|| At(u64::from(self.byte()) * EIGHT_UTC))
    }

    fn label(&mut self) -> Label {
        let text = ["", "a", "b"][usize::from(self.byte() % 3)];
        Label::new(text).expect("a short label")
    }

    /// An order that exists or existed; or any number.
    fn order(&mut self, known: &[OrderId]) -> OrderId {
        let back = usize::from(self.byte());
        let nearest = known.len().checked_sub(1 + back % known.len().max(1));
        nearest.and_then(|place| known.get(place)).copied().unwrap_or(OrderId(back as u64))
    }

    fn command(&mut self, orders: &[OrderId]) -> Option<Command> {
        let command = match self.next()? % 26 {
            0..=6 => Command::PlaceOrder(self.place().into()),
            7..=8 => self.amend(orders),
            9 => Command::CancelOrder { account: self.account(), order: self.order(orders) },
            10 => Command::CancelOrders { account: self.account(), scope: self.scope() },
            11 => self.close_position(),
            12..=13 => self.mass_quote(),
            14 => self.set_mmp(),
            15 => self.protect_or_choose(),
            16 => self.move_money(),
            17 => self.report(),
            18 => self.time_passes(),
            19..=20 => self.place_trigger(),
            21 => self.amend_trigger(orders),
            22..=23 => self.restrict(),
            24 => self.crowd(),
            _ => self.raw()?,
        };
        Some(command)
    }

    fn place(&mut self) -> PlaceOrder {
        let kind = match self.byte() % 6 {
            0 => OrderKind::Market,
            1 => OrderKind::MarketLimit,
            _ => OrderKind::Limit { price: self.price() },
        };
        let time_in_force = match self.byte() % 6 {
            0 => TimeInForce::ImmediateOrCancel,
            1 => TimeInForce::FillOrKill,
            2 => TimeInForce::GoodTilDay,
            _ => TimeInForce::GoodTilCancelled,
        };
        let flags = self.byte();
        let client_order_id = (flags & 12 == 12).then(|| {
            let text = ["x", "y", "z"][usize::from(self.byte() % 3)];
            ClientOrderId::new(text).expect("a short id")
        });
        PlaceOrder {
            account: self.account(),
            instrument: self.instrument(),
            side: self.side(),
            kind,
            size: self.size(),
            display: self.display(),
            time_in_force,
            post_only: self.post_only(),
            reduce_only: flags & 3 == 3,
            mmp: flags & 48 == 48,
            label: self.label(),
            client_order_id,
            valid_until: self.valid_until(),
            session: self.session(),
        }
    }

    fn level(&mut self) -> TriggerLevel {
        match self.byte() % 3 {
            0 => TriggerLevel::Index(IndexPrice(u64::from(self.price().0 / 2) * IndexPrice::SCALE)),
            1 => TriggerLevel::Mark(self.price()),
            _ => TriggerLevel::Last(self.price()),
        }
    }

    fn place_trigger(&mut self) -> Command {
        let kinds = [TriggerKind::Stop, TriggerKind::Take, TriggerKind::Trailing];
        let kind = kinds[usize::from(self.byte() % 3)];
        let (level, order) = (self.level(), self.place());
        Command::PlaceTrigger(PlaceTrigger { kind, level, order }.into())
    }

    fn amend_trigger(&mut self, orders: &[OrderId]) -> Command {
        let order = self.amendment(orders);
        let level = self.flag().then(|| self.level());
        Command::AmendTrigger(AmendTrigger { order, level }.into())
    }

    /// Halts, their ends, and accounts that are stopped.
    fn restrict(&mut self) -> Command {
        let (base, quote) = (asset("BTC"), asset("USD"));
        let scope = match self.byte() % 3 {
            0 => Scope::Instrument(self.instrument()),
            1 => Scope::Index { base, quote },
            _ => Scope::Domain,
        };
        let states = [
            MarketState::PostOnly,
            MarketState::ReduceOnly,
            MarketState::CancelOnly,
            MarketState::Halted,
        ];
        match self.byte() % 6 {
            0..=1 => {
                Command::Halt { scope, state: states[usize::from(self.byte() % 4)], until: None }
            }
            2..=3 => Command::Resume { scope },
            4 => Command::Tick,
            _ if self.flag() => {
                Command::FenceOrders { account: self.account(), up_to: u64::from(self.byte()) }
            }
            _ => Command::SetKillSwitch { account: self.account(), on: self.flag() },
        }
    }

    /// Rules of margin and of liquidation that hang on others, or none.
    fn crowd(&mut self) -> Command {
        if self.flag() {
            let adjustment_ppm = u32::from(self.byte()) * 10_000;
            let terms = FillableTerms { adjustment_ppm, spread_ppm: 1_500_000 };
            return Command::SetFillable(self.flag().then_some(terms));
        }
        let lower = Amount(i64::from(self.byte()) << 20);
        let band = OpenInterestBand { lower, upper: Amount(i64::from(self.byte()) << 24) };
        let instrument = self.instrument();
        Command::SetOpenInterestBand { instrument, band: self.flag().then_some(band) }
    }

    fn amend(&mut self, orders: &[OrderId]) -> Command {
        Command::AmendOrder(self.amendment(orders))
    }

    fn amendment(&mut self, orders: &[OrderId]) -> AmendOrder {
        let what = self.byte();
        AmendOrder {
            account: self.account(),
            order: self.order(orders),
            size: (what & 1 == 1).then(|| self.size()),
            price: (what & 2 == 2).then(|| self.price()),
            display: (what & 4 == 4).then(|| self.size()),
            post_only: (what & 8 == 8).then(|| self.post_only()),
            reduce_only: (what & 16 == 16).then(|| self.flag()),
            valid_until: self.valid_until(),
        }
    }

    fn scope(&mut self) -> CancelScope {
        match self.byte() % 7 {
            6 => {
                CancelScope::Only { family: OrderFamily::Triggers, within: CancelScope::All.into() }
            }
            0 => CancelScope::All,
            1 => CancelScope::Instrument(self.instrument()),
            2 => CancelScope::Kind(KindFilter::Future),
            3 => CancelScope::Kind(KindFilter::Option),
            4 => CancelScope::Label(self.label()),
            _ => CancelScope::Quotes(self.flag().then(|| MmpGroup(self.byte() % 3))),
        }
    }

    fn close_position(&mut self) -> Command {
        let (account, instrument) = (self.account(), self.instrument());
        let price = self.flag().then(|| self.price());
        Command::ClosePosition { account, instrument, price }
    }

    fn mass_quote(&mut self) -> Command {
        let n_quotes = self.byte() % 6;
        let quotes = (0..n_quotes)
            .map(|_| Quote {
                instrument: self.instrument(),
                side: self.side(),
                price: self.price(),
                size: self.size(),
            })
            .collect();
        let quotes = MassQuote {
            account: self.account(),
            group: MmpGroup(self.byte() % 3),
            quotes,
            label: self.label(),
            valid_until: self.valid_until(),
            session: self.session(),
        };
        Command::MassQuote(quotes.into())
    }

    fn set_mmp(&mut self) -> Command {
        let limit = |byte: u8| (byte % 3 != 0).then(|| u64::from(byte) * 20);
        let config = MmpConfig {
            base: asset("BTC"),
            quote: asset("USD"),
            group: MmpGroup(self.byte() % 3),
            interval_ms: u64::from(self.byte() % 4) * 20_000_000,
            frozen_ms: u64::from(self.byte() % 3) * 20_000_000,
            quantity_limit_milli: limit(self.byte()),
            delta_limit_milli: limit(self.byte()),
        };
        Command::SetMmp { account: self.account(), config }
    }

    fn protect_or_choose(&mut self) -> Command {
        let account = self.account();
        if self.flag() {
            let (base, quote) = (asset("BTC"), asset("USD"));
            return Command::ResetMmp { account, base, quote, group: MmpGroup(self.byte() % 3) };
        }
        let cancels = self.flag();
        let mode = if cancels { SelfTradeMode::CancelMaker } else { SelfTradeMode::RejectTaker };
        Command::SetSelfTrade { account, mode, with_subaccounts: self.flag() }
    }

    fn move_money(&mut self) -> Command {
        let (account, to) = (self.account(), self.account());
        let amount = Amount(i64::from(self.byte()) << (self.byte() % 56));
        match self.byte() % 3 {
            0 => Command::Deposit { account, amount },
            1 => Command::Withdraw { account, amount },
            _ => Command::Transfer { from: account, to, amount },
        }
    }

    fn report(&mut self) -> Command {
        if self.flag() {
            let price = IndexPrice(u64::from(self.byte()) * 500 * IndexPrice::SCALE);
            return Command::ReportIndex { base: asset("BTC"), quote: asset("USD"), price };
        }
        Command::ReportMarks(vec![(self.instrument(), self.price())])
    }

    fn time_passes(&mut self) -> Command {
        match self.byte() % 3 {
            0 => Command::EndDay,
            1 => Command::DropSession { session: None },
            _ => Command::DropSession { session: self.session() },
        }
    }

    /// A command that a stranger's bytes spell; none if they spell nothing.
    fn raw(&mut self) -> Option<Command> {
        let length = usize::from(self.byte()).min(self.bytes.len());
        let (raw, rest) = self.bytes.split_at(length);
        self.bytes = rest;
        let other = Command::EndDay;
        Some(Command::from_bytes(raw).unwrap_or(other))
    }
}
