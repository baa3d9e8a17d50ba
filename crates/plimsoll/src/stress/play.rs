//! One play: the market is set up, the price moves, everybody acts, second after second.

use anyhow::{Context, ensure};
use types::{AccountId, Amount, At, Command};

use super::crowd::Crowd;
use super::grid::{Grid, ONE};
use super::makers::Makers;
use super::movers::{Backstops, Momentum};
use super::outside::{Jolts, Outside};
use super::path::Path;
use super::progress::Progress;
use super::series::Series;
use super::stage::Stage;
use super::tally::Tally;
use super::terms::Terms;
use crate::demo::pricing::Rng;
use crate::output::hex;

/// Seconds before the path begins, at its first price: the feed passes its barrier.
const WARM_S: u64 = 10;

/// What came of it.
pub struct Outcome {
    /// What the engine said.
    pub tally: Tally,
    /// What was looked at.
    pub series: Series,
    /// Whose money: name, accounts, atoms at the beginning and at the end.
    pub groups: Vec<Group>,
    /// First price, highest and lowest of the path.
    pub range: (f64, f64, f64),
    /// Hash of the state at the end.
    pub root: String,
    /// What the books are off by at the end, in atoms.
    pub imbalance: i64,
    /// Accounts in all.
    pub n_accounts: u32,
    /// Entries that were applied.
    pub n_entries: u64,
    /// Dollars of open interest at the beginning.
    pub open_interest: f64,
}

/// Money of one kind of account, in atoms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Of whom.
    pub name: &'static str,
    /// How many; none: it is the venue's.
    pub accounts: usize,
    /// With all that it holds valued at the mark.
    pub begin: i64,
    /// The same at the end.
    pub end: i64,
}

/// Everybody.
struct Cast {
    backstops: Backstops,
    makers: Makers,
    momentum: Momentum,
    crowd: Crowd,
}

/// Plays a path in a market.
pub fn play(terms: &Terms, path: &Path, progress: &mut Progress) -> anyhow::Result<Outcome> {
    let range = path.range().context("there is no price at all on this path")?;
    let (first, high, _) = range;
    // The market may add to the path.
    let grid = Grid::new(path.base, first, high * 1.2)?;
    let begin = At(path.from.0.saturating_sub(WARM_S * 1_000));
    let mut stage = Stage::open(grid, terms.risk, begin)?;
    let mut cast = Cast::enter(&mut stage, terms, first, begin)?;
    let mut outside =
        Outside::new(first, path.calm(), Jolts::new(terms.jolt_s, Rng(terms.seed).fork(3)));
    let mut groups = cast.groups(&stage);
    let mut series = Series::default();
    let open_interest = stage.grid.usd(stage.tally.open_interest(), first);
    let seconds = path.to.ms_since(path.from) / 1_000;
    for second in 0..seconds {
        let at = path.from.plus_ms(second * 1_000);
        let path_price = path.price(at);
        outside.move_on(path_price);
        stage.second(at, path_price.map(|_| outside.price()));
        cast.act(&mut stage, &outside, terms, at);
        let (bid, ask) = stage.best();
        outside.hear(bid.zip(ask).map(|(bid, ask)| f64::midpoint(bid, ask)), terms.echo);
        series.look(&stage, (&outside, &cast.crowd, cast.makers.n_away()), (at, seconds));
        progress.report(second + 1, &stage.tally);
    }
    let ends = cast.groups(&stage);
    for (group, end) in groups.iter_mut().zip(ends) {
        group.end = end.begin;
    }
    let imbalance = stage.imbalance();
    // Funding is rounded toward its pool, by less than an atom a payment and a holder.
    let dust = stage.tally.fundings + u64::from(stage.n_accounts());
    let is_dust = imbalance <= 0 && imbalance.unsigned_abs() <= dust;
    ensure!(is_dust, "the books are off by {imbalance} atoms: rounding makes 0 to -{dust}");
    Ok(Outcome {
        series,
        groups,
        range,
        root: hex(stage.root().as_ref()),
        imbalance,
        n_accounts: stage.n_accounts(),
        n_entries: stage.n_entries(),
        open_interest,
        tally: stage.tally,
    })
}

impl Cast {
    /// Everybody comes with their money; once the index is healthy, longs and shorts meet.
    fn enter(stage: &mut Stage, terms: &Terms, price: f64, begin: At) -> anyhow::Result<Cast> {
        let rng = Rng(terms.seed);
        let fund = (terms.fund * ONE) as i64;
        if 0 < fund {
            stage.must(Command::FundInsurance { amount: Amount(fund) })?;
        }
        let backstops = Backstops::enter(stage, terms)?;
        let makers = Makers::enter(stage, terms, price)?;
        let momentum = Momentum::enter(stage, terms, price, &mut rng.fork(1))?;
        for second in 0..WARM_S {
            stage.second(begin.plus_ms(second * 1_000), Some(price));
        }
        let crowd = Crowd::enter(stage, terms, &mut rng.fork(2))?;
        if terms.has_breakers {
            stage.guard()?;
        }
        Ok(Cast { backstops, makers, momentum, crowd })
    }

    fn act(&mut self, stage: &mut Stage, outside: &Outside, terms: &Terms, at: At) {
        let price = outside.price();
        self.makers.act(stage, outside, terms.depth, at);
        self.crowd.act(stage, price, at);
        self.momentum.act(stage, price, at);
        self.backstops.act(stage, at);
    }

    /// Everybody's money now.
    fn groups(&self, stage: &Stage) -> Vec<Group> {
        let of = |name, accounts: Vec<u32>| {
            let begin = accounts.iter().map(|id| stage.equity(AccountId(*id))).sum();
            Group { name, accounts: accounts.len(), begin, end: 0 }
        };
        let venue = |name, begin| Group { name, accounts: 0, begin, end: 0 };
        vec![
            of("longs", self.crowd.longs.clone().collect()),
            of("shorts", self.crowd.shorts.clone().collect()),
            of("makers", self.makers.accounts().collect()),
            of("momentum", self.momentum.accounts().collect()),
            of("backstops", self.backstops.accounts().collect()),
            venue("insurance fund", stage.tally.fund()),
            venue("venue's fees", stage.fees()),
        ]
    }
}
