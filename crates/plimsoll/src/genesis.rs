//! What a venue begins with when its log is empty: instruments, and who says their prices.
//!
//! Either a built-in list of instruments around two reference prices, or a file that names them,
//! their feeds and their reporters. A name says what the contract is ([`name`]); [`terms`] has the
//! usual steps, fees and margins of each kind; a file may change them one by one ([`mod@file`]).
//!
//! It makes commands and proposes nothing: `serve` does.

mod feeds;
mod file;
mod name;
mod pricing;
mod row;
mod terms;

#[cfg(test)]
mod tests;

use engine::VERSION_MAX;
use types::{
    AccountId, Amount, AssetCode, At, Command, FeedTerms, Instrument, InstrumentId, PricingTerms,
    PublicKey, Version,
};

pub use file::{read, read_feed};
pub use name::{Named, date, parse_name};
pub use terms::{instrument, usual_terms};

/// What a venue begins with.
#[derive(Clone, Debug, Default)]
pub struct Genesis {
    /// The contracts, in the order in which they are listed.
    pub instruments: Vec<Instrument>,
    /// Who reports.
    pub reporters: Vec<GenesisReporter>,
    /// How indexes are made.
    pub feeds: Vec<GenesisFeed>,
    /// How futures are priced, where it is not the usual way.
    pub pricing: Vec<GenesisPricing>,
}

/// A reporter.
#[derive(Clone, Debug)]
pub struct GenesisReporter {
    /// Its account.
    pub account: AccountId,
    /// The key that it signs with.
    pub key: PublicKey,
    /// What it stakes in which domain.
    pub stakes: Vec<(AssetCode, Amount)>,
}

/// A feed, and the domain that it belongs to.
#[derive(Clone, Debug)]
pub struct GenesisFeed {
    /// Settlement asset of that domain.
    pub domain: AssetCode,
    /// How it is made.
    pub terms: FeedTerms,
}

/// How one future is priced.
#[derive(Clone, Debug)]
pub struct GenesisPricing {
    /// Its name.
    pub instrument: String,
    /// How.
    pub terms: PricingTerms,
}

impl Genesis {
    /// Instruments alone.
    pub fn of_instruments(instruments: Vec<Instrument>) -> Genesis {
        Genesis { instruments, ..Genesis::default() }
    }

    /// What a domain begins with, as commands in their order: each needs what is before it.
    pub fn commands(&self, domain: AssetCode) -> Vec<Command> {
        let mine = |spec: &&Instrument| spec.settlement() == domain;
        let instruments: Vec<&Instrument> = self.instruments.iter().filter(mine).collect();
        let mut commands = Vec::new();
        let list = |spec: &&Instrument| Command::ListInstrument(Box::new(Instrument::clone(spec)));
        commands.extend(instruments.iter().map(list));
        let highest = self.reporters.iter().map(|reporter| reporter.account.0).max();
        let accounts = (1..=highest.unwrap_or_default()).map(AccountId);
        commands.extend(accounts.map(|account| Command::OpenAccount { account, parent: None }));
        self.reporters.iter().for_each(|reporter| self.register(reporter, domain, &mut commands));
        let feeds = self.feeds.iter().filter(|feed| feed.domain == domain);
        commands.extend(feeds.map(|feed| Command::SetFeed(Box::new(feed.terms.clone()))));
        let ids = (0..).map(InstrumentId);
        for (instrument, spec) in ids.zip(&instruments) {
            let name = spec.name();
            let priced = self.pricing.iter().filter(|pricing| pricing.instrument == name);
            let set =
                |pricing: &GenesisPricing| Command::SetPricing { instrument, terms: pricing.terms };
            commands.extend(priced.map(set));
        }
        commands
    }

    /// A reporter is known where it has a stake or a seat. What it stakes is credited first.
    fn register(&self, reporter: &GenesisReporter, domain: AssetCode, commands: &mut Vec<Command>) {
        let GenesisReporter { account, key, stakes } = reporter;
        let (account, key) = (*account, *key);
        let staked = stakes.iter().find(|(asset, _)| *asset == domain).map(|(_, stake)| *stake);
        let mut feeds = self.feeds.iter().filter(|feed| feed.domain == domain);
        let has_seat =
            feeds.any(|feed| feed.terms.seats.iter().any(|seat| seat.reporter == account));
        if staked.is_none() && !has_seat {
            return;
        }
        let stake = staked.unwrap_or_default();
        if stake != Amount::ZERO {
            commands.push(Command::Deposit { account, amount: stake });
        }
        commands.push(Command::RegisterReporter { account, key, stake });
    }
}

/// A domain begins by the newest rules that this build knows (VER-4).
pub fn newest_rules() -> impl Iterator<Item = Command> {
    let versions = Version::FIRST.next().0..=VERSION_MAX.0;
    versions.map(|to| Command::Upgrade { to: Version(to) })
}

/// Whole quote units that option strikes of the built-in list stand around.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// Base asset.
    pub base: &'static str,
    /// Price of one.
    pub price: i64,
    /// Distance of two strikes.
    pub strike_step: i64,
}

/// What the built-in list is written on.
pub const REFERENCES: [Reference; 2] = [
    Reference { base: "BTC", price: 97_000, strike_step: 5_000 },
    Reference { base: "ETH", price: 3_400, strike_step: 200 },
];

/// Strikes on each side of the middle one, of inverse options.
const STRIKES_EACH_SIDE: i64 = 4;
/// Strikes on each side of the middle one, of linear options.
const LINEAR_STRIKES_EACH_SIDE: i64 = 2;

/// The built-in list: perpetuals, futures of four Fridays, option chains of two.
pub fn built_in(now: At) -> Vec<Instrument> {
    let fridays = fridays(now);
    let mut instruments = Vec::new();
    for reference in REFERENCES {
        let linear = format!("{}_USDC", reference.base);
        for underlying in [reference.base, &linear] {
            instruments.push(listed(&format!("{underlying}-PERPETUAL")));
        }
        for &expiry in &fridays {
            instruments.push(listed(&format!("{}-{}", reference.base, name::date(expiry))));
        }
        instruments.push(listed(&format!("{linear}-{}", name::date(fridays[1]))));
        for expiry in [fridays[0], fridays[2]] {
            push_chain(&mut instruments, reference.base, expiry, reference, STRIKES_EACH_SIDE);
        }
        push_chain(&mut instruments, &linear, fridays[0], reference, LINEAR_STRIKES_EACH_SIDE);
    }
    instruments
}

fn push_chain(
    instruments: &mut Vec<Instrument>,
    underlying: &str,
    expiry: At,
    reference: Reference,
    each_side: i64,
) {
    let Reference { price, strike_step, .. } = reference;
    let middle = (price + strike_step / 2) / strike_step * strike_step;
    for step in -each_side..=each_side {
        let strike = middle + step * strike_step;
        for right in ["C", "P"] {
            let date = name::date(expiry);
            instruments.push(listed(&format!("{underlying}-{date}-{strike}-{right}")));
        }
    }
}

fn listed(name: &str) -> Instrument {
    instrument(name).expect("the built-in list has names of contracts")
}

/// The Friday at least a day away, the one after, and the last Fridays of a month and of a quarter
/// beyond; all at 08:00 UTC.
fn fridays(now: At) -> [At; 4] {
    const WEEK: u64 = 7 * At::DAY;
    const EIGHT: u64 = 8 * 3_600_000;
    let mut first = now.0 - now.0 % At::DAY + EIGHT;
    while !is_friday(At(first)) || first < now.0 + At::DAY {
        first += At::DAY;
    }
    let month_of = |at: u64| At(at).date().1;
    let is_last = |at: u64| month_of(at) != month_of(at + WEEK);
    let mut month = first + 2 * WEEK;
    while !is_last(month) {
        month += WEEK;
    }
    let mut quarter = month + WEEK;
    while !is_last(quarter) || month_of(quarter) % 3 != 0 {
        quarter += WEEK;
    }
    [At(first), At(first + WEEK), At(month), At(quarter)]
}

/// 1 January 1970 was a Thursday.
fn is_friday(at: At) -> bool {
    (at.0 / At::DAY + 4) % 7 == 5
}
