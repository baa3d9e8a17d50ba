//! A venue of real engines: what is proposed is applied and published at once.

use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Map, Value, json};

use ed25519_dalek::{Signer, SigningKey};
use engine::Engine;
use types::{
    AccountId, AccountView, AdlPlace, Applied, AssetCode, At, Command, Decimal, Entry,
    EntryOutcome, FeedView, Fees, IndexPrice, Instrument, InstrumentId, Kind, Lots, MarginRates,
    OptionRight, OrderNeeds, Proposal, PublicKey, SessionId, SettlementPeriod, Signature, Style,
    TickStep, Ticks, WaterfallView,
};

use crate::call::{Call, Identity};
use crate::clock::Moment;
use crate::method::{self, Run};
use crate::publish::Market;
use crate::rpc::RpcError;
use crate::venue::{Busy, Class, Domain, DomainId, Later, Venue};
use crate::{Outbox, OutboxLimits, Subscriber};

/// 25 December 2026, 08:00 UTC.
pub(crate) const EXPIRY: At = At(1_798_185_600_000);
/// When the first entry is applied: 22 November 2026.
pub(crate) const START_MS: u64 = 1_795_336_885_000;

pub(crate) const ALICE: AccountId = AccountId(1);
pub(crate) const BOB: AccountId = AccountId(2);
/// A subaccount of Alice.
pub(crate) const CAROL: AccountId = AccountId(3);

struct Engines {
    domains: Vec<Domain>,
    engines: Vec<Mutex<Engine>>,
    market: OnceLock<Market>,
    at: Mutex<At>,
    is_full: Mutex<bool>,
    loses_outcomes: Mutex<bool>,
}

/// A market over three domains, with funded accounts and some instruments.
pub(crate) struct World {
    pub(crate) market: Market,
    engines: Arc<Engines>,
    runtime: tokio::runtime::Runtime,
}

impl Engines {
    fn run(&self, domain: DomainId, tag: u64, command: Command) {
        let at = *self.at.lock().expect("no test panics here");
        let mut engine = self.engines[usize::from(domain.0)].lock().expect("no test panics here");
        let entry = Entry { seq: engine.seq().next(), at, command };
        let mut events = Vec::new();
        engine.apply(&entry, &mut events);
        let outcome = EntryOutcome { seq: entry.seq, tag, events: 0..events.len() };
        drop(engine);
        let applied = Applied { at, entries: vec![outcome], events, signed: Vec::new() };
        self.market.get().expect("it is set first").publish(domain, &applied);
    }
}

impl Venue for Engines {
    fn domains(&self) -> &[Domain] {
        &self.domains
    }

    fn propose(&self, domain: DomainId, _: Class, proposal: Proposal) -> Result<(), Busy> {
        if *self.is_full.lock().expect("no test panics here") {
            return Err(Busy { queued: 8 });
        }
        if *self.loses_outcomes.lock().expect("no test panics here") {
            // The venue stops with the proposal in its queue.
            self.market.get().expect("it is set first").stopped();
            return Ok(());
        }
        self.run(domain, proposal.tag, proposal.command);
        Ok(())
    }

    fn account(&self, domain: DomainId, account: AccountId) -> Later<Option<AccountView>> {
        let engine = self.engines[usize::from(domain.0)].lock().expect("no test panics here");
        let view = engine.account(account);
        Box::pin(async move { view })
    }

    fn feed(&self, domain: DomainId, base: AssetCode, quote: AssetCode) -> Later<Option<FeedView>> {
        let engine = self.engines[usize::from(domain.0)].lock().expect("no test panics here");
        let view = engine.feed(base, quote);
        Box::pin(async move { view })
    }

    fn adl_places(&self, domain: DomainId, account: AccountId) -> Later<Option<Vec<AdlPlace>>> {
        let engine = self.engines[usize::from(domain.0)].lock().expect("no test panics here");
        let places = engine.adl_places(account);
        Box::pin(async move { Some(places) })
    }

    fn order_needs(
        &self,
        domain: DomainId,
        account: AccountId,
        (instrument, lots, price): (InstrumentId, Lots, Ticks),
    ) -> Later<Option<[OrderNeeds; 2]>> {
        let engine = self.engines[usize::from(domain.0)].lock().expect("no test panics here");
        let needs = engine.order_needs(account, instrument, (lots, price));
        Box::pin(async move { needs })
    }

    fn check_upgrade(&self, _: DomainId, to: types::Version) -> Later<Result<(), String>> {
        Box::pin(async move {
            match to.0 {
                ..=2 => Ok(()),
                to => Err(format!("this build does not know version {to}")),
            }
        })
    }

    fn sign_notice(&self, message: &[u8]) -> Option<(PublicKey, Signature)> {
        let key = notice_key();
        Some((PublicKey(key.verifying_key().to_bytes()), Signature(key.sign(message).to_bytes())))
    }

    fn waterfall(&self, domain: DomainId) -> Later<Option<WaterfallView>> {
        let engine = self.engines[usize::from(domain.0)].lock().expect("no test panics here");
        let view = engine.waterfall();
        Box::pin(async move { Some(view) })
    }
}

/// What notices of the world are signed with.
pub(crate) fn notice_key() -> SigningKey {
    SigningKey::from_bytes(&[77; 32])
}

impl World {
    pub(crate) fn new() -> World {
        let domains = [("BTC", 8), ("ETH", 8), ("USDC", 6)];
        let domains = domains.map(|(code, decimals)| Domain { asset: asset(code), decimals });
        let engines = domains.iter().map(|one| Mutex::new(Engine::new(one.asset, one.decimals)));
        let engines = Arc::new(Engines {
            engines: engines.collect(),
            domains: domains.to_vec(),
            market: OnceLock::new(),
            at: Mutex::new(At(START_MS)),
            is_full: Mutex::new(false),
            loses_outcomes: Mutex::new(false),
        });
        let market = Market::new(engines.clone());
        assert!(engines.market.set(market.clone()).is_ok());
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime without drivers needs nothing");
        let world = World { market, engines, runtime };
        world.open_accounts();
        world.list();
        world.report();
        world
    }

    fn open_accounts(&self) {
        for domain in 0..3 {
            let atoms = if domain == 2 { 10_000_000_000_000 } else { 100_000_000_000 };
            for (account, parent) in [(ALICE, None), (BOB, None), (CAROL, Some(ALICE))] {
                self.run(domain, Command::OpenAccount { account, parent });
                self.run(domain, Command::Deposit { account, amount: types::Amount(atoms) });
            }
        }
    }

    fn list(&self) {
        let eth = Instrument {
            base: asset("ETH"),
            lot: decimal("1"),
            contract_size: decimal("1"),
            ..perpetual()
        };
        let listed = [(0, perpetual()), (0, future()), (0, option()), (1, eth), (2, linear())];
        for (domain, spec) in listed {
            self.run(domain, Command::ListInstrument(Box::new(spec)));
        }
    }

    fn report(&self) {
        let prices =
            [(0, "BTC", "USD", 100_000), (1, "ETH", "USD", 4_000), (2, "BTC", "USDC", 100_000)];
        for (domain, base, quote, price) in prices {
            let (base, quote) = (asset(base), asset(quote));
            let price = IndexPrice(price * IndexPrice::SCALE);
            self.run(domain, Command::ReportIndex { base, quote, price });
        }
        let marks: [(u8, &[u32]); 3] =
            [(0, &[200_000, 202_000, 300]), (1, &[8_000]), (2, &[1_000_000])];
        for (domain, marks) in marks {
            let marks = marks.iter().zip(0..).map(|(mark, id)| (InstrumentId(id), Ticks(*mark)));
            self.run(domain, Command::ReportMarks(marks.collect()));
        }
    }

    pub(crate) fn run(&self, domain: u8, command: Command) {
        self.engines.run(DomainId(domain), 0, command);
    }

    /// The log's time.
    pub(crate) fn at(&self) -> At {
        *self.engines.at.lock().expect("no test panics here")
    }

    /// Lets the log's time pass.
    pub(crate) fn pass_ms(&self, ms: u64) {
        let mut at = self.engines.at.lock().expect("no test panics here");
        *at = at.plus_ms(ms);
    }

    pub(crate) fn tick(&self) {
        let at = *self.engines.at.lock().expect("no test panics here");
        self.runtime.block_on(async {
            self.market.tick(Moment { day_us: at.0 * 1_000, run_us: at.0 * 1_000 });
            // The questions that the tick has asked run as tasks of their own.
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
        });
    }

    /// The queue of the venue is full from now on.
    pub(crate) fn fill_queue(&self) {
        *self.engines.is_full.lock().expect("no test panics here") = true;
    }

    /// The venue takes what is proposed and stops before it says what became of it.
    pub(crate) fn lose_outcomes(&self) {
        *self.engines.loses_outcomes.lock().expect("no test panics here") = true;
    }

    /// Calls a method as the transport does.
    pub(crate) fn try_call(
        &self,
        account: Option<AccountId>,
        name: &str,
        sent: Value,
    ) -> Result<Value, RpcError> {
        let method = method::find(name).unwrap_or_else(|| panic!("{name} is not in the table"));
        let Value::Object(mut params) = sent else { panic!("parameters are an object") };
        params.retain(|_, value| !value.is_null());
        method.check_params(&mut params)?;
        let identity = account.map(|account| Identity { account });
        let call = Call { method: method.name, params, identity, session: Some(SessionId(1)) };
        let Run::Market(handler) = method.run else { panic!("{name} is the transport's") };
        let answer = handler(&self.market, &call)?;
        let json = self.runtime.block_on(self.market.finish(answer))?;
        Ok(serde_json::from_str(json.get()).expect("a result is JSON"))
    }

    pub(crate) fn call(&self, account: AccountId, name: &str, sent: Value) -> Value {
        let result = self.try_call(Some(account), name, sent);
        result.unwrap_or_else(|error| panic!("{name}: {}", told(&error)))
    }

    pub(crate) fn public(&self, name: &str, sent: Value) -> Value {
        let result = self.try_call(None, name, sent);
        result.unwrap_or_else(|error| panic!("{name}: {}", told(&error)))
    }

    /// `code word {data}` of a refusal.
    pub(crate) fn refusal(&self, account: AccountId, name: &str, sent: Value) -> String {
        match self.try_call(Some(account), name, sent) {
            Ok(result) => format!("accepted: {result}"),
            Err(error) => told(&error),
        }
    }

    /// Places a limit order of `(side, price, amount)`; its id.
    pub(crate) fn limit(
        &self,
        account: AccountId,
        name: &str,
        (side, price, amount): (&str, &str, &str),
    ) -> String {
        let sent = json!({ "instrument_name": name, "price": price, "amount": amount });
        let placed = self.call(account, &format!("private/{side}"), sent);
        placed["order"]["order_id"].as_str().expect("an id").to_owned()
    }

    /// A listener of a channel.
    pub(crate) fn listen(
        &self,
        connection: u64,
        account: Option<AccountId>,
        channel: &str,
    ) -> Listener {
        let outbox = Outbox::new(OutboxLimits { messages_max: 1 << 16, bytes_max: 1 << 28 });
        let by = Subscriber { connection, account, outbox: outbox.clone(), label: None };
        let accepted = self.market.subscribe(channel, by).expect("not refused");
        assert_eq!(accepted.as_deref(), Some(channel), "{channel}");
        Listener { outbox }
    }
}

/// Who listens to a channel.
pub(crate) struct Listener {
    outbox: Outbox,
}

impl Listener {
    /// What came since the last call: `params.data` of each notification.
    pub(crate) fn heard(&self) -> Vec<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.expect("a runtime without drivers needs nothing");
        let outbox = self.outbox.clone();
        let texts = runtime.block_on(async move {
            let mut batch = std::collections::VecDeque::new();
            tokio::select! {
                biased;
                _ = outbox.next_batch(&mut batch) => {}
                () = std::future::ready(()) => {}
            }
            batch
        });
        let read = |text: &Arc<str>| -> Value {
            let text: Value = serde_json::from_str(text).expect("a notification is JSON");
            text["params"]["data"].clone()
        };
        texts.iter().map(read).collect()
    }
}

pub(crate) fn told(error: &RpcError) -> String {
    let data = error.data.clone().unwrap_or(Value::Object(Map::new()));
    format!("{} {} {data}", error.code, error.message)
}

pub(crate) fn asset(code: &str) -> AssetCode {
    AssetCode::new(code).expect("a code in a test")
}

pub(crate) fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("a number in a test")
}

/// Inverse, USD 10 a contract, tick 0.5.
pub(crate) fn perpetual() -> Instrument {
    Instrument {
        kind: Kind::Perpetual,
        style: Style::Inverse,
        base: asset("BTC"),
        quote: asset("USD"),
        tick: decimal("0.5"),
        tick_steps: vec![],
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

fn future() -> Instrument {
    let kind = Kind::Future { expiry: EXPIRY };
    Instrument { kind, settlement_period: SettlementPeriod::Month, ..perpetual() }
}

/// Tick 0.0001, above 0.005 steps of 0.0005; lots of 0.1.
pub(crate) fn option() -> Instrument {
    Instrument {
        kind: Kind::Option { expiry: EXPIRY, strike: decimal("100000"), right: OptionRight::Call },
        tick: decimal("0.0001"),
        tick_steps: vec![TickStep { above: Ticks(50), multiple: 5 }],
        lot: decimal("0.1"),
        contract_size: decimal("1"),
        fees: Fees { maker_ppm: 300, taker_ppm: 300 },
        margin: MarginRates { initial_ppm: 150_000, maintenance_ppm: 75_000 },
        band_ppm: 900_000,
        settlement_period: SettlementPeriod::Month,
        ..perpetual()
    }
}

/// Lots of 0.001 BTC, contracts of 0.001, tick 0.1.
pub(crate) fn linear() -> Instrument {
    Instrument {
        style: Style::Linear,
        quote: asset("USDC"),
        tick: decimal("0.1"),
        lot: decimal("0.001"),
        contract_size: decimal("0.001"),
        ..perpetual()
    }
}
