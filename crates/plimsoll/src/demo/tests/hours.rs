//! The demo's market for one domain, without its processes: the same instruments, feeds, prices and
//! surfaces, and makers on the futures, into the engine.

use std::collections::BTreeMap;

use engine::Engine;
use types::{
    AccountId, Amount, AssetCode, At, Command, Entry, Event, IndexId, IndexPrice, Instrument,
    InstrumentId, Kind, Label, Lots, MassQuote, MmpConfig, MmpGroup, PriceReport, PublicKey, Quote,
    Seq, Side, Signature, SignedReport, SignedSurface, SurfaceReport, Svi, Ticks,
};

use super::super::keys::{ACCOUNTS, MAKERS, REPORTERS};
use super::super::pricing::fair;
use super::super::reporters::terms;
use super::super::{LISTING, PERPETUALS};
use crate::genesis::instrument;
use crate::report::sim;
use crate::serve::listing::missing;

pub const SEED: u64 = 7;
const FUNDS: Amount = Amount(1 << 48);
/// Half of a maker's spread on a future, as a part of its price.
const HALF_SPREAD: f64 = 0.002;
/// What the fair price of a future is made of, by the usual terms (MRK-6).
const IMPACT: Lots = Lots(1_000);

pub type Pair = (AssetCode, AssetCode);

/// A surface, and when it was fitted.
pub type Fitted = (Svi, At);

/// A domain, and what was said of it.
pub struct Hours {
    engine: Engine,
    pub at: At,
    nonce: u64,
    events: Vec<Event>,
    pub pairs: Vec<Pair>,
    pub specs: Vec<Instrument>,
    indexes: BTreeMap<IndexId, Pair>,
    /// By instrument.
    pub marks: BTreeMap<u32, Ticks>,
    said: BTreeMap<(Pair, At, AccountId), Fitted>,
    /// By index and expiry.
    pub standing: BTreeMap<(Pair, At), Fitted>,
}

impl Hours {
    /// A domain with everything that the demo sets up before its first second.
    pub fn begin(asset: &str, decimals: u8, at: At) -> Hours {
        let asset = AssetCode::new(asset).expect("it is a code");
        let engine = Engine::new(asset, decimals);
        let specs = PERPETUALS.map(|name| instrument(name).expect("it names a contract"));
        let specs = specs.into_iter().filter(|spec| spec.settlement() == asset);
        let specs: Vec<Instrument> = specs.collect();
        let mut hours = Hours {
            engine,
            at,
            nonce: 0,
            events: Vec::new(),
            pairs: specs.iter().map(|spec| (spec.base, spec.quote)).collect(),
            specs: Vec::new(),
            indexes: BTreeMap::new(),
            marks: BTreeMap::new(),
            said: BTreeMap::new(),
            standing: BTreeMap::new(),
        };
        specs.into_iter().for_each(|spec| hours.list(spec));
        for account in (1..=ACCOUNTS).map(AccountId) {
            hours.apply(Command::OpenAccount { account, parent: None });
            hours.apply(Command::Deposit { account, amount: FUNDS });
        }
        for account in REPORTERS {
            let (key, stake) = (PublicKey([1; 32]), Amount(1_000_000));
            hours.apply(Command::RegisterReporter { account, key, stake });
        }
        for pair in hours.pairs.clone() {
            hours.apply(Command::SetFeed(Box::new(terms(pair, Amount::ZERO))));
            hours.protect(pair);
        }
        hours.list_missing();
        hours
    }

    /// A maker quotes under a protection that never triggers.
    fn protect(&mut self, (base, quote): Pair) {
        let config = MmpConfig {
            base,
            quote,
            group: MmpGroup::default(),
            interval_ms: 1_000,
            frozen_ms: 1_000,
            quantity_limit_milli: Some(1_000_000_000),
            delta_limit_milli: None,
        };
        self.apply(Command::SetMmp { account: MAKERS[0], config });
    }

    fn list(&mut self, spec: Instrument) {
        self.apply(Command::ListInstrument(Box::new(spec.clone())));
        self.specs.push(spec);
    }

    /// What the demo lists by the calendar at each start, and each day.
    pub fn list_missing(&mut self) {
        let price =
            |base: AssetCode, quote: AssetCode| Some(seen((base, quote), REPORTERS[0], self.at));
        let found = missing(&self.specs, price, self.at, LISTING).instruments;
        found.into_iter().for_each(|spec| self.list(spec));
    }

    /// Applies one entry, and learns from its events.
    fn apply(&mut self, command: Command) {
        self.events.clear();
        let seq = Seq(self.engine.seq().0 + 1);
        self.engine.apply(&Entry { seq, at: self.at, command }, &mut self.events);
        for event in std::mem::take(&mut self.events) {
            match event {
                Event::Refused(reject) => panic!("at {}: {reject}", self.at.0),
                Event::IndexChanged { index, base, quote, .. } => {
                    self.indexes.insert(index, (base, quote));
                }
                Event::SurfaceChanged { index, expiry, reporter, .. } => {
                    let pair = self.indexes[&index];
                    self.standing.insert((pair, expiry), self.said[&(pair, expiry, reporter)]);
                }
                Event::MarksMade { marks, .. } => {
                    self.marks.extend(marks.iter().map(|mark| (mark.instrument.0, mark.mark)));
                }
                _ => (),
            }
        }
    }

    /// One reporter says every price that it has a seat for.
    pub fn report_prices(&mut self, reporter: AccountId) {
        for pair in self.pairs.clone() {
            let source = terms(pair, Amount::ZERO).seats.into_iter();
            let mut source =
                source.filter(|seat| seat.reporter == reporter).map(|seat| seat.source);
            self.nonce += 1;
            let report = PriceReport {
                base: pair.0,
                quote: pair.1,
                reporter,
                source: source.next().expect("it has a seat"),
                price: seen(pair, reporter, self.at),
                confidence: IndexPrice(0),
                source_at: self.at,
                nonce: self.nonce,
            };
            let signature = Signature([0; 64]);
            self.apply(Command::ReportPrice(Box::new(SignedReport { report, signature })));
        }
    }

    /// One reporter says the volatilities of every expiry that is listed.
    pub fn report_surfaces(&mut self, reporter: AccountId) {
        for (pair, expiry) in self.expiries() {
            let market = market(pair);
            let Some(svi) = sim::surface(SEED, market, self.at.0, expiry.0) else { continue };
            self.said.insert((pair, expiry, reporter), (svi, self.at));
            self.nonce += 1;
            let report = SurfaceReport {
                base: pair.0,
                quote: pair.1,
                reporter,
                expiry,
                svi,
                source_at: self.at,
                nonce: self.nonce,
            };
            let signature = Signature([0; 64]);
            self.apply(Command::ReportSurface(Box::new(SignedSurface { report, signature })));
        }
    }

    /// A maker quotes every dated future at what it is worth to the demo's makers.
    pub fn quote_futures(&mut self) {
        let mut quotes = Vec::new();
        for (id, spec) in (0..).zip(&self.specs) {
            let Kind::Future { expiry } = spec.kind else { continue };
            let index = sim::price(SEED, market((spec.base, spec.quote)), self.at.0);
            let worth = fair(&spec.kind, index, self.at) / value(spec.tick);
            if expiry <= self.at {
                continue;
            }
            for (side, away) in [(Side::Bid, -HALF_SPREAD), (Side::Ask, HALF_SPREAD)] {
                let price = Ticks((worth * (1.0 + away)) as u32);
                quotes.push(Quote { instrument: InstrumentId(id), side, price, size: IMPACT });
            }
        }
        // A set of quotes has a bound.
        for quotes in quotes.chunks(40) {
            self.apply(Command::MassQuote(Box::new(MassQuote {
                account: MAKERS[0],
                group: MmpGroup::default(),
                quotes: quotes.to_vec(),
                label: Label::default(),
                valid_until: None,
                session: None,
            })));
        }
    }

    /// A second is over.
    pub fn tick(&mut self) {
        self.apply(Command::Tick);
    }

    /// Live expiries of options, by index.
    pub fn expiries(&self) -> Vec<(Pair, At)> {
        let options = self.specs.iter().filter(|spec| spec.kind.is_option());
        let expiries = options.filter_map(|spec| {
            let expiry = spec.kind.expiry().filter(|expiry| self.at < *expiry)?;
            Some(((spec.base, spec.quote), expiry))
        });
        let mut expiries: Vec<(Pair, At)> = expiries.collect();
        expiries.sort_unstable();
        expiries.dedup();
        expiries
    }
}

fn market((base, quote): Pair) -> sim::Pair {
    let name = format!("{base}_{quote}").to_lowercase();
    sim::Pair::named(&name).expect("it is simulated")
}

/// What a reporter says of a price.
fn seen(pair: Pair, reporter: AccountId, at: At) -> IndexPrice {
    let price = sim::seen_by(reporter.0, SEED, market(pair), at.0);
    IndexPrice((price * IndexPrice::SCALE as f64) as u64)
}

/// The nearest float.
pub fn value(decimal: types::Decimal) -> f64 {
    decimal.mantissa() as f64 / 10_f64.powi(i32::from(decimal.scale()))
}
