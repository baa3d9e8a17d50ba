//! A small world: a perpetual (inverse), a linear perpetual in its own domain, two options.

use std::vec::Vec;

use types::{
    AccountId, Amount, AssetCode, At, Command, Decimal, Entry, Event, Fees, IndexPrice, Instrument,
    InstrumentId, Kind, Lots, MarginRates, OptionRight, Seq, SettlementPeriod, Style, TickStep,
    Ticks,
};

use crate::Engine;

pub const EXPIRY: At = At(1_798_185_600_000);
pub const START: At = At(1_790_000_000_000);
pub const PERP: InstrumentId = InstrumentId(0);
pub const CALL: InstrumentId = InstrumentId(1);

pub fn asset(code: &str) -> AssetCode {
    AssetCode::new(code).expect("a code")
}

pub fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("a decimal")
}

/// BTC-PERPETUAL: tick 0.5 USD, lot and contract 10 USD.
pub fn perpetual() -> Instrument {
    Instrument {
        kind: Kind::Perpetual,
        style: Style::Inverse,
        base: asset("BTC"),
        quote: asset("USD"),
        tick: decimal("0.5"),
        tick_steps: Vec::new(),
        lot: decimal("10"),
        contract_size: decimal("10"),
        size_min: Lots(1),
        size_max: Lots(1_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: 0, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    }
}

/// A call on BTC at 60 000: tick 0.0001 BTC, 0.0005 above 0.005, lot 0.1 BTC.
pub fn call() -> Instrument {
    Instrument {
        kind: Kind::Option { expiry: EXPIRY, strike: decimal("60000"), right: OptionRight::Call },
        tick: decimal("0.0001"),
        tick_steps: std::vec![TickStep { above: Ticks(50), multiple: 5 }],
        lot: decimal("0.1"),
        contract_size: decimal("1"),
        size_max: Lots(100_000),
        settlement_period: SettlementPeriod::Month,
        fees: Fees { maker_ppm: 300, taker_ppm: 300 },
        margin: MarginRates { initial_ppm: 150_000, maintenance_ppm: 75_000 },
        band_ppm: 1_000_000,
        ..perpetual()
    }
}

/// BTC_USDC-PERPETUAL: tick 0.5 USDC, lot 0.001 BTC.
pub fn linear() -> Instrument {
    Instrument {
        style: Style::Linear,
        quote: asset("USDC"),
        lot: decimal("0.001"),
        contract_size: decimal("0.001"),
        ..perpetual()
    }
}

/// An engine with its clock.
#[derive(Clone)]
pub struct World {
    pub engine: Engine,
    pub at: At,
}

impl World {
    /// BTC domain: perpetual and call listed, priced at 60 000 and 0.05; no accounts.
    pub fn btc() -> World {
        let mut world = World { engine: Engine::new(asset("BTC"), 8), at: START };
        world.must(Command::ListInstrument(perpetual().into()));
        world.must(Command::ListInstrument(call().into()));
        world.price("BTC", "USD", 60_000, &[(PERP, 120_000), (CALL, 500)]);
        world
    }

    /// USDC domain: the linear perpetual, priced at 60 000.
    pub fn usdc() -> World {
        let mut world = World { engine: Engine::new(asset("USDC"), 6), at: START };
        world.must(Command::ListInstrument(linear().into()));
        world.price("BTC", "USDC", 60_000, &[(PERP, 120_000)]);
        world
    }

    pub fn price(&mut self, base: &str, quote: &str, index: u64, marks: &[(InstrumentId, u32)]) {
        let price = IndexPrice(index * IndexPrice::SCALE);
        self.must(Command::ReportIndex { base: asset(base), quote: asset(quote), price });
        let marks = marks.iter().map(|(id, mark)| (*id, Ticks(*mark))).collect();
        self.must(Command::ReportMarks(marks));
    }

    /// Opens the next account with this much.
    pub fn fund(&mut self, amount: i64) -> AccountId {
        let account = AccountId(self.engine.n_accounts() + 1);
        self.must(Command::OpenAccount { account, parent: None });
        self.must(Command::Deposit { account, amount: Amount(amount) });
        account
    }

    /// Applies a command, checks every invariant, and that a refusal changed nothing.
    pub fn apply(&mut self, command: Command) -> Vec<Event> {
        let root = self.engine.root();
        let seq = Seq(self.engine.seq().0 + 1);
        let mut events = Vec::new();
        self.engine.apply(&Entry { seq, at: self.at, command }, &mut events);
        self.engine.check();
        if matches!(events.as_slice(), [Event::Refused(_)]) {
            assert!(self.engine.root() == root, "a refused command changed the root: {events:?}");
        }
        events
    }

    pub fn must(&mut self, command: Command) {
        let events = self.apply(command);
        assert!(!matches!(events.as_slice(), [Event::Refused(_)]), "refused: {events:?}");
    }
}
