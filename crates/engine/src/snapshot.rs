//! The engine as bytes, and back. Derived state (open lots, margins, lists) is computed on the way
//! back; whether the bytes were those of the log's state, the root says.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use book::Books;
use ledger::{Chain, Ledger};
use types::codec::{Codec, DecodeError, Reader, encode_count};
use types::planted::{self, Bug};
use types::{
    AccountId, Amount, AssetCode, At, ClientOrderId, IndexId, IndexPrice, Instrument, InstrumentId,
    Kind, Label, Lots, MarketState, OrderId, PortfolioTerms, PostOnly, RiskTerms, Seq, SessionId,
    SignedLots, Ticks, Version,
};

use crate::account::Account;
use crate::engine::Engine;
use crate::holding::Holding;
use crate::liquidation::{Backstop, Liquidation};
use crate::market::{Crowding, Index, Market};
use crate::mmp::{Freeze, Protection};
use crate::orders::{Extra, NONE, Order, Orders};
use crate::prices::{FuturePrices, Reporter};
use crate::root::Digested;
use crate::table::Table;
use crate::versions::VERSION_MAX;

/// Format of these bytes while the domain goes by the first version of the rules.
const FORMAT_OF_FIRST: u16 = 4;
/// Format since, with the version behind it. A newer build must not write it before the upgrade:
/// an older one may have to read it.
const FORMAT: u16 = 5;

impl Codec for Engine {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_version(self.version, out);
        self.asset.encode(out);
        self.decimals.encode(out);
        self.seq.encode(out);
        self.at.encode(out);
        self.chain.encode(out);
        self.n_trades.encode(out);
        self.n_priorities.encode(out);
        self.n_placed.encode(out);
        encode_table(&self.indices, out);
        encode_table(&self.markets, out);
        encode_table(&self.accounts, out);
        encode_table(&self.holdings, out);
        self.ledger.encode(out);
        self.encode_orders(out);
        self.encode_client_order_ids(out);
        self.encode_reporters(out);
        self.risk_terms.encode(out);
        self.fillable.encode(out);
        encode_map(&self.backstops, out);
        encode_map(&self.liquidations, out);
        encode_map(&self.models, out);
        self.encode_portfolios(out);
        self.halts.encode(out);
        self.notices.encode(out);
        self.encode_triggers(out);
        let no_fences = BTreeMap::new();
        let is_lost = planted::is(Bug::FencesLostBySnapshot);
        encode_map(if is_lost { &no_fences } else { &self.fences }, out);
        self.books.encode(out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = decode_version(reader)?;
        let (asset, decimals) = (AssetCode::decode(reader)?, u8::decode(reader)?);
        if 12 < decimals {
            return Err(reader.refuse("decimals"));
        }
        let mut engine = Engine::new(asset, decimals);
        engine.version = version;
        engine.seq = Seq::decode(reader)?;
        engine.at = At::decode(reader)?;
        engine.chain = Chain::decode(reader)?;
        engine.n_trades = u64::decode(reader)?;
        engine.n_priorities = u64::decode(reader)?;
        engine.n_placed = u64::decode(reader)?;
        engine.indices = decode_table(reader)?;
        engine.decode_markets(reader)?;
        engine.accounts = decode_table(reader)?;
        engine.join_families(reader)?;
        engine.decode_holdings(reader)?;
        engine.ledger = Ledger::decode(reader)?;
        engine.decode_orders(reader)?;
        engine.decode_client_order_ids(reader)?;
        engine.decode_reporters(reader)?;
        engine.risk_terms = RiskTerms::decode(reader)?;
        engine.fillable = Option::decode(reader)?;
        engine.backstops = decode_map(reader, &engine)?;
        engine.liquidations = decode_map(reader, &engine)?;
        let due = engine.liquidations.iter().map(|(account, of)| (of.due, *account));
        engine.rounds_due = due.collect();
        engine.models = decode_map(reader, &engine)?;
        engine.decode_portfolios(reader)?;
        engine.decode_halts(reader)?;
        engine.notices = Codec::decode(reader)?;
        engine.decode_triggers(reader)?;
        engine.fences = decode_map(reader, &engine)?;
        engine.books = Books::decode(reader)?;
        engine.check_books(reader)?;
        if risk::liquidation::check_terms(&engine.risk_terms).is_err() {
            return Err(reader.refuse("RiskTerms"));
        }
        let is_fillable = |terms| risk::liquidation::check_fillable(terms).is_ok();
        if !engine.fillable.as_ref().is_none_or(is_fillable) {
            return Err(reader.refuse("FillableTerms"));
        }
        engine.remake_option_marks();
        for account in (1..engine.accounts.len()).map(AccountId) {
            engine.take_model(account);
            engine.note_waiting(account);
        }
        engine.digest_anew();
        Ok(engine)
    }
}

fn encode_version(version: Version, out: &mut Vec<u8>) {
    if version == Version::FIRST {
        return FORMAT_OF_FIRST.encode(out);
    }
    FORMAT.encode(out);
    version.encode(out);
}

fn decode_version(reader: &mut Reader<'_>) -> Result<Version, DecodeError> {
    match u16::decode(reader)? {
        FORMAT_OF_FIRST => Ok(Version::FIRST),
        FORMAT => match Version::decode(reader)? {
            known if Version::FIRST < known && known <= VERSION_MAX => Ok(known),
            _ => Err(reader.refuse("version of the rules")),
        },
        _ => Err(reader.refuse("format version of the engine")),
    }
}

impl Engine {
    fn encode_orders(&self, out: &mut Vec<u8>) {
        let mut orders: Vec<&Order> = self.orders.iter().collect();
        orders.sort_unstable_by_key(|order| order.id);
        encode_count(orders.len(), out);
        for order in orders {
            order.holding.encode(out);
            order.encode(out);
        }
    }

    /// Orders come by rising id, which is the order of each holding's list.
    fn decode_orders(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.orders = Orders::default();
        let mut last = OrderId(0);
        for _ in 0..reader.count()? {
            let holding = u32::decode(reader)?;
            let mut order = Order::decode(reader)?;
            order.holding = holding;
            let slot = order.id.slot();
            let is_next = last < order.id && self.orders.find(slot).is_none();
            if !is_next || self.holdings.get(holding).is_none() || order.open() == Lots::ZERO {
                return Err(reader.refuse("Order"));
            }
            last = order.id;
            self.count_decoded(order);
        }
        Ok(())
    }

    fn count_decoded(&mut self, order: Order) {
        let (slot, counted) = (order.id.slot(), order.counted());
        let held = self.holdings.at_mut(order.holding);
        self.orders.insert(order);
        held.count(&counted);
        self.orders.link(held, slot);
        self.accounts.at_mut(held.account.0).n_orders += 1;
    }

    /// A subaccount comes after its main account, which is none itself.
    fn join_families(&mut self, reader: &Reader<'_>) -> Result<(), DecodeError> {
        for id in 1..self.accounts.len() {
            let Some(parent) = self.accounts.at(id).parent else {
                continue;
            };
            let is_main = parent.0 != 0 && parent.0 < id && self.family(parent) == parent;
            if !is_main {
                return Err(reader.refuse("Account"));
            }
            self.accounts.at_mut(parent.0).subaccounts.push(AccountId(id));
        }
        Ok(())
    }

    fn decode_markets(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.markets = Table::default();
        for _ in 0..reader.count()? {
            let spec = Instrument::decode(reader)?;
            let contract = types::Contract::of(&spec, self.decimals);
            let contract = contract.ok_or_else(|| reader.refuse("Instrument"))?;
            let (index, listed_at) = (IndexId::decode(reader)?, At::decode(reader)?);
            let mut market = Market::new(spec, (contract, self.decimals), index, listed_at);
            market.is_closing_exact = self.is_closing_exact();
            market.mark = Ticks::decode(reader)?;
            market.last = Ticks::decode(reader)?;
            market.trade_seq = u64::decode(reader)?;
            market.prices = Option::decode(reader)?;
            market.margin = Option::decode(reader)?;
            market.crowding = Option::decode(reader)?;
            market.grid = Option::decode(reader)?;
            market.delivered = Option::decode(reader)?;
            market.state = MarketState::decode(reader)?;
            market.watch = Option::decode(reader)?;
            let is_margin = |terms| risk::standard::check_terms(terms).is_ok();
            if !market.margin.as_ref().is_none_or(is_margin) {
                return Err(reader.refuse("MarginTerms"));
            }
            let is_band = |crowding: Crowding| {
                risk::standard::check_band(&crowding.band).is_ok() && !market.spec.kind.is_option()
            };
            if !market.crowding.is_none_or(is_band) {
                return Err(reader.refuse("Crowding"));
            }
            if !self.fits(&market) {
                return Err(reader.refuse("Market"));
            }
            let is_live = market.delivered.is_none();
            let id = InstrumentId(self.markets.push(market));
            if is_live {
                self.make_live(id);
            }
        }
        Ok(())
    }

    /// A market has an index, and prices of its own exactly if it is a future and that has a feed;
    /// a perpetual has funding, and nothing else has.
    fn fits(&self, market: &Market) -> bool {
        let Some(index) = self.indices.get(u32::from(market.index.0)) else {
            return false;
        };
        let is_future = !market.spec.kind.is_option();
        let has_prices = is_future && index.prices.is_some() && market.delivered.is_none();
        let has_funding = market.spec.kind == Kind::Perpetual;
        let fit = |prices: &FuturePrices| {
            prices.funding.is_some() == has_funding
                && risk::funding::check_terms(&market.spec.kind, &prices.terms).is_ok()
        };
        let is_priced = market.prices.as_deref().map_or(!has_prices, fit);
        let has_ticks = !is_future || 0 < market.tick_price;
        market.mark.max(market.last) <= Ticks::MAX && is_priced && has_ticks
    }

    fn encode_reporters(&self, out: &mut Vec<u8>) {
        encode_count(self.reporters.len(), out);
        for (account, reporter) in &self.reporters {
            account.encode(out);
            reporter.encode(out);
        }
    }

    fn decode_reporters(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.reporters = BTreeMap::new();
        for _ in 0..reader.count()? {
            let (account, reporter) = (AccountId::decode(reader)?, Reporter::decode(reader)?);
            self.check_account(account).map_err(|_| reader.refuse("Reporter"))?;
            self.reporters.insert(account, reporter);
        }
        Ok(())
    }

    fn decode_holdings(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.holdings = Table::default();
        for _ in 0..reader.count()? {
            let held = Holding::decode(reader)?;
            let (account, instrument) = (held.account, held.instrument);
            let is_new = self.check_account(account).is_ok()
                && self.markets.get(instrument.0).is_some()
                && self.accounts.at(account.0).holding(instrument).is_none();
            let fits = |market: &Market| held.size.size() <= u64::from(market.spec.size_max.0);
            if !is_new || !self.markets.get(instrument.0).is_some_and(fits) {
                return Err(reader.refuse("Holding"));
            }
            let holding = self.holdings.push(held);
            self.watch(account, self.markets.at(instrument.0).index);
            self.accounts.at_mut(account.0).add_holding(instrument, holding);
            self.markets.at_mut(instrument.0).holdings.push(holding);
            self.note_size(holding);
        }
        Ok(())
    }

    fn encode_portfolios(&self, out: &mut Vec<u8>) {
        encode_count(self.portfolios.len(), out);
        for (index, terms) in &self.portfolios {
            index.encode(out);
            terms.encode(out);
        }
    }

    /// Grids are of the scenarios that their terms say.
    fn decode_portfolios(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        for _ in 0..reader.count()? {
            let (index, terms) = (IndexId::decode(reader)?, PortfolioTerms::decode(reader)?);
            let is_known = self.indices.get(u32::from(index.0)).is_some();
            if !is_known || risk::portfolio::check_terms(&terms).is_err() {
                return Err(reader.refuse("PortfolioTerms"));
            }
            self.portfolios.insert(index, terms);
        }
        let n_scenarios = |index| {
            self.portfolios.get(&index).map_or(0, |terms| risk::portfolio::scenarios(terms).len())
        };
        let fits = |market: &Market| {
            market.grid.as_ref().is_none_or(|grid| grid.len() == n_scenarios(market.index))
        };
        let fit = self.markets.iter().all(|(_, market)| fits(market));
        if fit { Ok(()) } else { Err(reader.refuse("Grid")) }
    }

    /// Every order that is known rests on the books as it is known, and no other does.
    fn check_books(&self, reader: &Reader<'_>) -> Result<(), DecodeError> {
        let rests = |order: &Order| {
            let held = self.holdings.at(order.holding);
            let owner = self.owner(held.account);
            self.books.get(order.id).is_some_and(|resting| {
                (resting.book, resting.side, resting.price, resting.open, resting.displayed)
                    == (held.instrument, order.side, order.price, order.open(), order.displayed)
                    && resting.owner == owner
            })
        };
        let n_orders = usize::try_from(self.orders.len()).unwrap_or(usize::MAX);
        let is_same = self.books.n_resting() == n_orders && self.orders.iter().all(rests);
        let is_apart = |(id, market): (u32, &Market)| {
            MarketState::Auction <= market.state || !self.books.is_crossed(InstrumentId(id))
        };
        if is_same && self.markets.iter().all(is_apart) {
            Ok(())
        } else {
            Err(reader.refuse("Books"))
        }
    }

    fn encode_client_order_ids(&self, out: &mut Vec<u8>) {
        encode_count(self.client_order_ids_by_age.len(), out);
        for (at, account, client_order_id) in &self.client_order_ids_by_age {
            let key = (*account, client_order_id.clone());
            let known = self.client_order_ids.get(&key).filter(|(_, then)| then == at);
            at.encode(out);
            account.encode(out);
            client_order_id.encode(out);
            known.map(|(id, _)| *id).encode(out);
        }
    }

    fn decode_client_order_ids(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.client_order_ids = BTreeMap::new();
        self.client_order_ids_by_age = VecDeque::new();
        for _ in 0..reader.count()? {
            let (at, account) = (At::decode(reader)?, AccountId::decode(reader)?);
            let client_order_id = ClientOrderId::decode(reader)?;
            let known: Option<OrderId> = Option::decode(reader)?;
            self.check_account(account).map_err(|_| reader.refuse("ClientOrderId"))?;
            if let Some(id) = known.filter(|_| !planted::is(Bug::ClientIdsLostBySnapshot)) {
                self.client_order_ids.insert((account, client_order_id.clone()), (id, at));
            }
            self.client_order_ids_by_age.push_back((at, account, client_order_id));
        }
        Ok(())
    }
}

fn encode_table<T: Encoded>(table: &Table<T>, out: &mut Vec<u8>) {
    table.len().encode(out);
    table.iter().for_each(|(_, thing)| thing.write(out));
}

fn decode_table<T: Codec>(reader: &mut Reader<'_>) -> Result<Table<T>, DecodeError> {
    let mut table = Table::default();
    for _ in 0..reader.count()? {
        table.push(T::decode(reader)?);
    }
    Ok(table)
}

/// What a table of the snapshot holds.
trait Encoded {
    fn write(&self, out: &mut Vec<u8>);
}

impl<T: Codec> Encoded for T {
    fn write(&self, out: &mut Vec<u8>) {
        self.encode(out);
    }
}

impl Encoded for Market {
    fn write(&self, out: &mut Vec<u8>) {
        self.spec.encode(out);
        self.index.encode(out);
        self.listed_at.encode(out);
        self.mark.encode(out);
        self.last.encode(out);
        self.trade_seq.encode(out);
        self.prices.encode(out);
        self.margin.encode(out);
        self.crowding.encode(out);
        self.grid.encode(out);
        self.delivered.encode(out);
        self.state.encode(out);
        self.watch.encode(out);
    }
}

pub(crate) fn encode_map<T: Codec>(map: &BTreeMap<AccountId, T>, out: &mut Vec<u8>) {
    encode_count(map.len(), out);
    for (account, thing) in map {
        account.encode(out);
        thing.encode(out);
    }
}

pub(crate) fn decode_map<T: Codec>(
    reader: &mut Reader<'_>,
    engine: &Engine,
) -> Result<BTreeMap<AccountId, T>, DecodeError> {
    let mut map = BTreeMap::new();
    for _ in 0..reader.count()? {
        let (account, thing) = (AccountId::decode(reader)?, T::decode(reader)?);
        engine.check_account(account).map_err(|_| reader.refuse("AccountId"))?;
        map.insert(account, thing);
    }
    Ok(map)
}

impl Codec for Crowding {
    fn encode(&self, out: &mut Vec<u8>) {
        self.band.encode(out);
        self.way_ppb.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let crowding = Crowding { band: Codec::decode(reader)?, way_ppb: Codec::decode(reader)? };
        match crowding.way_ppb {
            0..=1_000_000_000 => Ok(crowding),
            _ => Err(reader.refuse("Crowding")),
        }
    }
}

impl Codec for Backstop {
    fn encode(&self, out: &mut Vec<u8>) {
        self.terms.encode(out);
        self.taken.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let backstop = Backstop { terms: Codec::decode(reader)?, taken: Codec::decode(reader)? };
        let amounts = [backstop.terms.capacity, backstop.taken];
        let fits = amounts.iter().all(|amount| (0..=Amount::MAX.0).contains(&amount.0))
            && backstop.terms.share_ppm <= 1_000_000;
        if fits { Ok(backstop) } else { Err(reader.refuse("Backstop")) }
    }
}

impl Codec for Liquidation {
    fn encode(&self, out: &mut Vec<u8>) {
        self.due.encode(out);
        self.idle.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Liquidation { due: Codec::decode(reader)?, idle: Codec::decode(reader)? })
    }
}

impl Codec for Reporter {
    fn encode(&self, out: &mut Vec<u8>) {
        self.key.encode(out);
        self.suspended.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Reporter { key: Codec::decode(reader)?, suspended: Codec::decode(reader)? })
    }
}

impl Codec for Index {
    fn encode(&self, out: &mut Vec<u8>) {
        self.base.encode(out);
        self.quote.encode(out);
        self.price.encode(out);
        self.prices.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut index = Index::new(AssetCode::decode(reader)?, AssetCode::decode(reader)?);
        index.price = IndexPrice::decode(reader)?;
        index.prices = Option::decode(reader)?;
        Ok(index)
    }
}

impl Codec for Account {
    fn encode(&self, out: &mut Vec<u8>) {
        self.parent.encode(out);
        self.self_trade.encode(out);
        self.with_subaccounts.encode(out);
        self.protections.encode(out);
        self.n_client_order_ids.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Account {
            parent: Codec::decode(reader)?,
            self_trade: Codec::decode(reader)?,
            with_subaccounts: Codec::decode(reader)?,
            protections: Codec::decode(reader)?,
            n_client_order_ids: Codec::decode(reader)?,
            ..Account::default()
        })
    }
}

impl Codec for Freeze {
    fn encode(&self, out: &mut Vec<u8>) {
        self.until.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Freeze { until: Codec::decode(reader)? })
    }
}

impl Codec for Protection {
    fn encode(&self, out: &mut Vec<u8>) {
        self.config.encode(out);
        self.frozen.encode(out);
        let is_kept = |_: &_| !planted::is(Bug::MmpFillsLostBySnapshot);
        self.fills.iter().copied().filter(is_kept).collect::<Vec<_>>().encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (config, frozen) = (Codec::decode(reader)?, Codec::decode(reader)?);
        let fills: Vec<(At, u64)> = Codec::decode(reader)?;
        let sum = fills.iter().fold(0_u64, |sum, (_, micro)| sum.saturating_add(*micro));
        Ok(Protection { config, frozen, fills: fills.into(), sum })
    }
}

impl Holding {
    /// What the root is over, beside funding.
    pub(crate) fn encode_position(&self, out: &mut Vec<u8>) {
        self.account.encode(out);
        self.instrument.encode(out);
        self.size.encode(out);
        self.cost.encode(out);
        self.realised.encode(out);
    }
}

impl Codec for Holding {
    fn encode(&self, out: &mut Vec<u8>) {
        self.encode_position(out);
        self.funding_since.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (account, instrument) = (AccountId::decode(reader)?, InstrumentId::decode(reader)?);
        let mut holding = Holding::new(account, instrument);
        holding.size = SignedLots::decode(reader)?;
        holding.cost = Amount::decode(reader)?;
        holding.realised = Amount::decode(reader)?;
        holding.funding_since = i128::decode(reader)?;
        let is_bounded = holding.cost.0.unsigned_abs() <= Amount::MAX.0.unsigned_abs() * 2;
        if is_bounded { Ok(holding) } else { Err(reader.refuse("Holding")) }
    }
}

impl Codec for Order {
    fn encode(&self, out: &mut Vec<u8>) {
        self.id.encode(out);
        self.price.encode(out);
        self.size.encode(out);
        self.filled.encode(out);
        self.displayed.encode(out);
        self.hold.encode(out);
        self.priority.encode(out);
        self.extra.encode(out);
        self.display.encode(out);
        self.side.encode(out);
        self.time_in_force.encode(out);
        self.post_only.encode(out);
        self.reduce_only.encode(out);
        self.mmp.encode(out);
        self.quote_group.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let order = Order {
            id: Codec::decode(reader)?,
            holding: NONE,
            price: Codec::decode(reader)?,
            size: Codec::decode(reader)?,
            filled: Codec::decode(reader)?,
            displayed: Codec::decode(reader)?,
            hold: Codec::decode(reader)?,
            priority: Codec::decode(reader)?,
            next: NONE,
            previous: NONE,
            extra: Codec::decode(reader)?,
            display: Codec::decode(reader)?,
            side: Codec::decode(reader)?,
            time_in_force: Codec::decode(reader)?,
            post_only: PostOnly::decode(reader)?,
            reduce_only: Codec::decode(reader)?,
            mmp: Codec::decode(reader)?,
            quote_group: Codec::decode(reader)?,
            digested: Digested::New,
        };
        let fits = order.filled <= order.size
            && order.size <= Lots::MAX
            && (0..=2 * Amount::MAX.0).contains(&order.hold.0);
        if fits { Ok(order) } else { Err(reader.refuse("Order")) }
    }
}

impl Codec for Extra {
    fn encode(&self, out: &mut Vec<u8>) {
        self.label.encode(out);
        self.session.filter(|_| !planted::is(Bug::SessionsLostBySnapshot)).encode(out);
        self.ends_at.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let label = Label::decode(reader)?;
        let session: Option<SessionId> = Option::decode(reader)?;
        Ok(Extra { label, session, ends_at: Option::decode(reader)? })
    }
}
