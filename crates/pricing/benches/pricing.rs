//! Prices a second on one core: Black-76 with all Greeks, marks of a chain through the integer
//! door, implied volatilities.
//!
//! The options are drawn once (xorshift, seed 42): forward 60 000, strikes within ± 50 %,
//! volatility 30 to 150 %, one hour to two years. The kinds of work take turns, seven rounds;
//! medians are printed, and a checksum, so that nothing is left out.
//!
//! `cargo bench -p pricing`
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use pricing::{Black76, Expiry, ExpiryTerms, StrikeTerms, implied_volatility};
use types::{At, Decimal, IndexPrice, OptionRight, Style, Svi};

const OPTIONS: usize = 1_000;
const REPEATS: usize = 4_000;
const ROUNDS: usize = 7;

type Work = (&'static str, Box<dyn Fn() -> f64>);

fn main() {
    let work: [Work; 4] = [greeks(), marks(), implied(), implied_wide()];
    let mut times = vec![Vec::new(); work.len()];
    for _ in 0..ROUNDS {
        for ((_, run), times) in work.iter().zip(&mut times) {
            let started = core_seconds();
            let sum: f64 = (0..REPEATS).map(|_| run()).sum();
            times.push((core_seconds() - started, sum));
        }
    }
    for ((name, _), mut times) in work.into_iter().zip(times) {
        times.sort_by(|one, other| one.0.total_cmp(&other.0));
        let count = (OPTIONS * REPEATS) as f64;
        let rate = |place: usize| count / times[place].0 / 1e6;
        let (seconds, sum) = times[ROUNDS / 2];
        println!(
            "{name}: {:.1} million/s, {:.1} ns each (median of {ROUNDS}; {:.1} to {:.1} million/s), \
             checksum {sum:.6e}",
            rate(ROUNDS / 2),
            seconds / count * 1e9,
            rate(ROUNDS - 1),
            rate(0),
        );
    }
}

/// Time that this thread has had a core for: other work on a shared machine does not count.
fn core_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds: f64 =
        stat.split(' ').next().and_then(|word| word.parse().ok()).expect("a number");
    nanoseconds / 1e9
}

/// xorshift64*: enough for a workload, the same everywhere.
struct Dice(u64);

impl Dice {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11;
        low + (high - low) * (bits as f64 / (1_u64 << 53) as f64)
    }
}

fn right(number: usize) -> OptionRight {
    if number.is_multiple_of(2) { OptionRight::Call } else { OptionRight::Put }
}

fn options() -> Vec<(Black76, OptionRight)> {
    let mut dice = Dice(42);
    let mut option = |number| {
        let black = Black76 {
            forward: 60_000.0,
            strike: dice.between(30_000.0, 90_000.0),
            sigma: dice.between(0.3, 1.5),
            years: dice.between(1.0 / 8_760.0, 2.0),
        };
        (black, right(number))
    };
    (0..OPTIONS).map(&mut option).collect()
}

fn greeks() -> Work {
    let options = options();
    let run = move || {
        let greeks = options.iter().map(|(black, right)| black.greeks(*right));
        let sum = greeks.map(|it| it.price + it.delta + it.gamma + it.vega + it.theta + it.rho);
        sum.sum()
    };
    ("Black-76, price and five Greeks", Box::new(run))
}

fn marks() -> Work {
    let day = 86_400_000;
    let terms = ExpiryTerms {
        forward: IndexPrice(60_000 * IndexPrice::SCALE),
        expiry: At(30 * day),
        svi: Svi { a: 20_000_000, b: 80_000_000, rho: -300_000_000, m: 0, sigma: 150_000_000 },
        fitted_at: At(0),
        now: At(day / 24),
    };
    let tick = Decimal::new(1, 4).expect("a decimal");
    let mut dice = Dice(43);
    let strikes = (0..OPTIONS).map(|number| {
        let strike = Decimal::whole(dice.between(300.0, 900.0) as i64 * 100);
        StrikeTerms::new(strike, right(number), Style::Inverse, tick).expect("above zero")
    });
    let strikes: Vec<StrikeTerms> = strikes.collect();
    let run = move || {
        let expiry = Expiry::new(&terms);
        let marks = strikes.iter().map(|strike| expiry.mark(strike));
        let sum = marks.map(|(ticks, mark)| {
            i64::from(ticks.0) + mark.delta + mark.gamma + mark.vega + mark.theta + mark.rho
        });
        sum.sum::<i64>() as f64
    };
    ("marks of a chain, whole numbers in and out", Box::new(run))
}

/// Of the options above, those out of the money that are worth at least a hundredth of a quote.
fn implied() -> Work {
    let mut dice = Dice(44);
    let draw = || Black76 {
        forward: 60_000.0,
        strike: dice.between(30_000.0, 90_000.0),
        sigma: dice.between(0.3, 1.5),
        years: dice.between(1.0 / 8_760.0, 2.0),
    };
    implied_of("implied volatility, options as above", core::iter::repeat_with(draw), 1e-2)
}

/// Logarithm of the strike up to 5 from that of the forward, deviations of 0.001 to 6.
fn implied_wide() -> Work {
    let mut dice = Dice(45);
    let draw = || Black76 {
        forward: 1.0,
        strike: dice.between(-5.0, 5.0).exp(),
        sigma: dice.between(-6.9, 1.8).exp(),
        years: 1.0,
    };
    implied_of("implied volatility, wide", core::iter::repeat_with(draw), 1e-250)
}

fn implied_of(name: &'static str, draw: impl Iterator<Item = Black76>, least: f64) -> Work {
    let priced = draw.map(|black| {
        let call = black.forward < black.strike;
        let right = if call { OptionRight::Call } else { OptionRight::Put };
        (black, right, black.price(right))
    });
    let priced = priced.filter(|(black, _, price)| {
        least < *price && *price < 0.999 * black.forward.min(black.strike)
    });
    let options: Vec<_> = priced.take(OPTIONS).collect();
    let run = move || {
        let implied = options.iter().map(|(black, right, price)| {
            implied_volatility(*price, black.forward, black.strike, black.years, *right)
        });
        implied.map(|sigma| sigma.expect("a price of Black-76")).sum()
    };
    (name, Box::new(run))
}
